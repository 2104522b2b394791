//! How to read a history: its format, and the meaning of its columns, words and functions.

use super::Outcome;
use crate::closed_set::closed_set;
use crate::rules::Rules;

closed_set! {
    /// What a history is written in.
    pub enum Format: "format" {
        /// ticketsim's own JSON lines.
        Ticketsim = "ticketsim",
        /// Jepsen's operations, in EDN or JSON.
        Jepsen = "jepsen",
        /// Comma-separated values with a line of names, read by --columns.
        Csv = "csv",
        /// JSON lines, read by --columns.
        Jsonl = "jsonl",
        /// JMeter's results, as CSV.
        Jtl = "jtl",
        /// What `hey -o csv` prints.
        Hey = "hey",
        /// What `k6 run --out json=FILE` writes.
        K6 = "k6",
    }
}

closed_set! {
    /// What an operation does to the stock.
    pub enum Deed: "deed" {
        /// It buys.
        Purchase = "purchase",
        /// It gives back.
        Return = "return",
        /// It looks.
        Read = "read",
    }
}

closed_set! {
    /// What a column is.
    pub enum Column: "column" {
        /// Who buys; left out: somebody else in each row.
        Buyer = "buyer",
        /// When it was called.
        Start = "start",
        /// When it returned.
        End = "end",
        /// How long it took.
        Elapsed = "elapsed",
        /// What the rules ask by this name.
        Status = "status",
        /// Its outcome, in ticketsim's words.
        Outcome = "outcome",
        /// The stock that it was sold from.
        Stock = "stock",
        /// How many tickets it is about.
        Quantity = "quantity",
        /// What it is about.
        Item = "item",
        /// Which order it belongs to.
        Order = "order",
    }
}

closed_set! {
    /// The unit of times that are numbers.
    pub enum Unit: "unit" {
        /// Seconds.
        S = "s",
        /// Milliseconds.
        Ms = "ms",
        /// Microseconds.
        Us = "us",
        /// Nanoseconds.
        Ns = "ns",
    }
}

impl Unit {
    /// The unit in nanoseconds.
    #[must_use]
    pub const fn ns(self) -> u64 {
        match self {
            Unit::S => 1_000_000_000,
            Unit::Ms => 1_000_000,
            Unit::Us => 1_000,
            Unit::Ns => 1,
        }
    }
}

/// How to read a history.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its format; guessed if not given.
    pub format: Option<Format>,
    /// The meaning of columns or members.
    pub columns: Vec<(Column, String)>,
    /// The unit of times that are numbers.
    pub unit: Option<Unit>,
    /// The rules that decide a line's outcome.
    pub rules: Rules<Outcome>,
    /// The outcome of lines that no rule matches.
    pub otherwise: Option<Outcome>,
    /// What Jepsen's functions do, beside the well-known ones.
    pub deeds: Vec<(String, Deed)>,
}

impl Reading {
    /// What a function of an operation does; `None` if that is not known.
    pub(in crate::history) fn deed(&self, function: &str) -> Option<Deed> {
        let said = self.deeds.iter().find(|(name, _)| name == function).map(|(_, deed)| *deed);
        said.or(match function {
            "buy" | "purchase" | "acquire" | "take" => Some(Deed::Purchase),
            "return" | "cancel" | "refund" | "release" => Some(Deed::Return),
            "read" | "look" => Some(Deed::Read),
            _ => None,
        })
    }
}
