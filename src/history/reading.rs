//! How to read a history: its format, and the meaning of its columns, words and functions; and what there is to remark
//! on how one was read.

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
        /// Comma-separated values with a line of names; say which column is what.
        Csv = "csv",
        /// JSON lines; say which member is what.
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
        /// Who buys. Without it each line has another buyer.
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

/// What there is to remark on how a history was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Its format was guessed.
    Guessed(Format),
    /// Columns, a unit or rules were given, for which this format has no use.
    NoTable(Format),
    /// The meaning of functions was given, and this format has none.
    NoFunctions(Format),
    /// Operations have no times, so their order counts.
    Untimed,
    /// The times contradict the order of the operations, so their order counts.
    Disordered,
    /// So many answers only repeat what was asked: that was not taken for a stock.
    Echoes(u64),
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
