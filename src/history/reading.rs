//! How a history is to be read: in which format, and what its columns, words and functions mean.

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
    /// How many nanoseconds it has.
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

/// How a history is to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What it is written in; guessed where it is not said.
    pub format: Option<Format>,
    /// Which column, or member, is what.
    pub columns: Vec<(Column, String)>,
    /// The unit of times that are numbers.
    pub unit: Option<Unit>,
    /// What a line has to say to be of an outcome.
    pub rules: Rules<Outcome>,
    /// The outcome of what no rule matches.
    pub otherwise: Option<Outcome>,
    /// What the functions of operations do, beside those that everybody knows.
    pub deeds: Vec<(String, Deed)>,
}

impl Reading {
    /// What a function of an operation does; `None` if nobody has said it.
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
