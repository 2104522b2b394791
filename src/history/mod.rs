//! What happened: one [`Purchase`] for each record, from ticketsim or from other programs.
//!
//! Live runs, explored schedules, replays and files all become a history, and all histories are judged alike.
//! Times are nanoseconds on one monotonic clock, counted from an epoch that all buyers of the history share;
//! intervals are closed, so purchases that touch are concurrent.
//!
//! # The file format, version 2
//!
//! A file is JSON lines in UTF-8: an optional header, then one purchase a line, in any order.
//!
//! ```text
//! {"history_version":2,"initial":2}
//! {"buyer":"ann","invoke_ns":1000,"return_ns":5000,"outcome":"bought","stock":2}
//! {"buyer":"bob","invoke_ns":2000,"return_ns":9000,"outcome":"bought","stock":1}
//! {"buyer":"cy","invoke_ns":7000,"return_ns":9500,"outcome":"refused"}
//! {"buyer":"dan","invoke_ns":8000,"return_ns":12000,"outcome":"failed"}
//! {"buyer":"eve","invoke_ns":8500,"outcome":"unknown"}
//! ```
//!
//! The header is known by its member `history_version`, and is the first line. All its other members are
//! optional; they have the names of the fields of [`Header`]. A purchase has
//!
//! | member | | meaning |
//! |---|---|---|
//! | `buyer` | required | a whole number below 2⁶³, or a text. Purchases of one buyer may overlap |
//! | `invoke_ns` | required | when it was called |
//! | `return_ns` | required unless failed or unknown | when it returned: not before `invoke_ns` |
//! | `outcome` | required | `bought`; `refused`: fewer tickets were left than it wanted; `failed`: it had no effect; `unknown`: no answer ever came, and it may or may not have taken effect at any time after its call; `returned`: tickets were given back (cancelled, refunded, an expired hold, a restock); `read`: it only read the stock. In small or capital letters |
//! | `quantity` | optional, 1 | how many tickets it is about, all or none. Also `qty`, `count`, `amount` |
//! | `item` | optional | what it is about: each item has a stock of its own. Also `sku`, `product`, `event`, or `seat`, of which there is one each. Either all purchases have it, or none has |
//! | `order` | optional | a text or a number: to give back an order that was never bought, or more than is left of it, is an anomaly |
//! | `gives_back` | optional | only with `unknown`: it gave tickets back, or tried to, instead of buying |
//! | `seen` | optional | the stock that it read |
//! | `sold_from` | optional | the stock that its ticket was taken from: the last ticket is sold from 1. It may differ from `seen` if the store itself counts down |
//! | `stock` | optional; required of a `read` | both of them, if they are equal; for a give-back, the stock that it found |
//! | `pid` | optional | the process that made it |
//! | `locked_ns`, `read_ns`, `truncated_ns`, `written_ns`, `unlocked_ns` | optional | when its inner steps ended, as in [`Steps`] |
//! | `fault`, `errno`, `holder_pid` | optional | why it failed or was not answered, as in [`Fault`] |
//! | `code` | optional | the last error of the database, a text: an SQLSTATE, or a number if the database has none |
//! | `tries`, `aborts` | optional, 1 and 0 | how often it was begun, and how often the database aborted it, as in [`Tries`] |
//! | `torn` | optional | the first 31 bytes of what a torn read found: a text, or a list of bytes if it is no UTF-8 |
//!
//! In the header, `initial` and `remaining` are a number, or an object with a number for each item. If the
//! purchases were made on several machines, `hosts` has an object for each, with the fields of [`Host`]:
//! which buyers it has, and how far its times may be off.
//!
//! Stocks are whole numbers, and may be negative: that is evidence. Times are whole numbers from 0. A member
//! that is `null` counts as absent, members of other names are counted in [`Header::ignored`], and blank
//! lines are skipped. A line has at most [`MOST_LINE_BYTES`]. The last line may lack its line feed; if it
//! breaks off in the middle, its writer crashed: it is left out, and the header's `cut_short` has its number.
//!
//! Version 1 had only `stock`, and no `wall_ns` in its header; it is read like version 2.
//!
//! # Jepsen's events
//!
//! Instead, each purchase may be a pair of events, in the order in which they came. They are recognised by
//! their members `type` and `process`.
//!
//! ```text
//! {"process":0,"type":"invoke","f":"buy","value":null,"time":1000}
//! {"process":0,"type":"ok","f":"buy","value":2,"time":3000}
//! {"process":1,"type":"invoke","f":"buy","value":null,"time":4000}
//! {"process":1,"type":"fail","f":"buy","error":"sold-out","time":4800}
//! ```
//!
//! Other formats are read by [`read_as`].
//!
//! An `ok` is a receipt; its `value` is the stock that it was sold from, or null if that is not known. A `fail` had no
//! effect; it is a refusal if its `error` or `value` is `sold-out` or `refused`, or a list that begins so. After an
//! `info`, or without any answer, the outcome is unknown. `f` is `buy`, or `cancel` for a give-back, or `read`; an
//! answer has the `f` of its call. If a time is missing, or earlier than one before it, the order of the events counts.
//! The events of the process `nemesis` are ignored. The line of a purchase is that of its answer.

mod befallen;
mod blocks;
mod doubt;
mod file;
mod formats;
mod header;
mod hosts;
mod items;
mod jepsen;
mod line;
mod line_error;
mod merge;
mod mistake;
mod names;
mod quick;
mod read;
mod reading;
mod recorder;

pub use befallen::Befallen;
pub use doubt::Doubt;
pub use file::{FORMAT_VERSION, write, write_to, write_whole};
pub use formats::{read_as, read_file, read_file_as};
pub use header::{Header, Part};
pub use hosts::{ChunkError, ClockReading, Host, HostClock, HostPart, MOST_HOSTS, Slack, join_hosts};
pub use items::Items;
pub use line_error::{EdnError, EventError, LineError, TableError};
pub use merge::{MergeError, merge};
pub use mistake::{MOST_LINE_BYTES, ReadError};
pub use names::Names;
pub use read::read;
pub use reading::{Column, Deed, Format, Reading, Remark, Unit};
pub use recorder::{Pen, Recorder, Swept, Tally};
pub(crate) use recorder::{monotonic_ns, wall_ns};

use serde::{Deserialize, Serialize};

use crate::closed_set::closed_set;
use crate::fault::{Fault, StoreCode, TornText};
use crate::noted::Noted;
use crate::stock::Stock;

closed_set! {
    /// How a purchase ended.
    pub enum Outcome: "outcome" {
        /// The buyer holds a receipt.
        Bought = "bought",
        /// Sold out: fewer tickets were left than the buyer wanted.
        Refused = "refused",
        /// It had no effect on the stock.
        Failed = "failed",
        /// No answer ever came: it may or may not have taken effect at any time after its call.
        Unknown = "unknown",
        /// Tickets were given back: cancelled, refunded, an expired hold, a restock.
        Returned = "returned",
        /// The stock was looked at.
        Read = "read",
    }
}

/// Until its outcome is set, nothing is known about a purchase.
impl Default for Outcome {
    fn default() -> Self {
        Self::Unknown
    }
}

/// When the inner steps of a purchase ended, in nanoseconds since the history's epoch. Our own buyers
/// record them; a history from elsewhere need not have any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The lock was granted. `None` if there is no lock.
    pub locked_ns: Option<u64>,
    /// The stock had been read.
    pub read_ns: Option<u64>,
    /// The file had been emptied, but not filled yet (`--write truncate` only).
    pub truncated_ns: Option<u64>,
    /// The new stock had been written.
    pub written_ns: Option<u64>,
    /// The buyer had unlocked. A commit releases the locks of its transaction.
    pub unlocked_ns: Option<u64>,
}

/// How often a purchase was begun: it is tried again if the stock had changed, or if the store aborted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// How often it was begun.
    pub count: u32,
    /// How many tries the store aborted: a serialization failure, a deadlock, a busy database.
    pub aborted: u32,
    /// The store's code for the last of those. 0 if there is none, or if that abort ended the purchase: then
    /// its [`Fault`] has the code.
    pub code: StoreCode,
}

impl Default for Tries {
    fn default() -> Self {
        Self { count: 1, aborted: 0, code: StoreCode(0) }
    }
}

/// The same, on the heap: few purchases are tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotedTries(Option<Box<Tries>>);

impl NotedTries {
    /// How often it was begun.
    #[must_use]
    #[inline]
    pub fn get(&self) -> Tries {
        self.0.as_deref().copied().unwrap_or_default()
    }
}

impl From<Tries> for NotedTries {
    #[inline]
    fn from(tries: Tries) -> Self {
        Self((tries != Tries::default()).then(|| Box::new(tries)))
    }
}

/// The same without the size of `Option`s: what a [`Purchase`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotedSteps([Noted<u64>; 5]);

impl NotedSteps {
    /// The times.
    #[must_use]
    #[inline]
    pub fn get(self) -> Steps {
        let [locked_ns, read_ns, truncated_ns, written_ns, unlocked_ns] = self.0.map(Noted::get);
        Steps { locked_ns, read_ns, truncated_ns, written_ns, unlocked_ns }
    }
}

impl From<Steps> for NotedSteps {
    #[inline]
    fn from(steps: Steps) -> Self {
        let Steps { locked_ns, read_ns, truncated_ns, written_ns, unlocked_ns } = steps;
        Self([locked_ns, read_ns, truncated_ns, written_ns, unlocked_ns].map(Noted::from))
    }
}

/// One purchase of one buyer. [`Purchase::new`] makes one; `..Purchase::default()` fills the other fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Its buyer; ticketsim's own buyers are counted from 1.
    pub buyer: u64,
    /// The process that made it.
    pub pid: Noted<u32>,
    /// When it was called.
    pub invoke_ns: u64,
    /// When it returned; `None` if no answer ever came.
    pub return_ns: Noted<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// If it has no answer: whether it gave tickets back, or tried to, instead of buying.
    pub gives_back: bool,
    /// How many tickets it is about, all or none.
    pub quantity: u32,
    /// Which of the header's items; 0 if there is only one.
    pub item: u32,
    /// Which order it belongs to, by its number among the header's orders, from 1; 0 for none.
    pub order: u32,
    /// The stock that the buyer read.
    pub seen: Noted<Stock>,
    /// The stock that its ticket was taken from; if it took none, the stock that it would have been taken
    /// from. It equals `seen` if the purchase writes what it saw less one. If the store itself counts down,
    /// it is what the store had, whatever was seen before.
    pub sold_from: Noted<Stock>,
    /// When its inner steps ended.
    pub steps: NotedSteps,
    /// Why it failed, or never answered.
    pub fault: Option<Fault>,
    /// The text of a torn read; on the heap, since torn reads are rare.
    pub torn: Option<Box<TornText>>,
    /// How often it was begun.
    pub tries: NotedTries,
    /// Its line in its file, counted from 1; 0 if it comes from no file.
    pub line: u32,
    /// Which of the header's hosts made it, by its number among them, from 1; 0 if there are no hosts.
    pub host: u16,
}

/// With this size, a file of a million purchases is held and judged in 150 MB.
const _: () = assert!(size_of::<Purchase>() <= 128);

impl Default for Purchase {
    fn default() -> Self {
        Self {
            buyer: 0,
            pid: Noted::NONE,
            invoke_ns: 0,
            return_ns: Noted::NONE,
            outcome: Outcome::default(),
            gives_back: false,
            quantity: 1,
            item: 0,
            order: 0,
            seen: Noted::NONE,
            sold_from: Noted::NONE,
            steps: NotedSteps::default(),
            fault: None,
            torn: None,
            tries: NotedTries::default(),
            line: 0,
            host: 0,
        }
    }
}

impl Purchase {
    /// A purchase with these times.
    #[must_use]
    pub fn new(buyer: u64, outcome: Outcome, invoke_ns: u64, return_ns: Option<u64>) -> Self {
        Self { buyer, outcome, invoke_ns, return_ns: return_ns.into(), ..Self::default() }
    }

    /// The same, where `seen` and `sold_from` are this stock.
    #[must_use]
    pub fn from_stock(self, stock: Stock) -> Self {
        Self { seen: stock.into(), sold_from: stock.into(), ..self }
    }

    /// The stock that it left, if it was sold.
    #[must_use]
    pub fn leaves(&self) -> Option<Stock> {
        Some(self.sold_from.get()?.saturating_sub(Stock::from(self.quantity)))
    }

    /// The stock that it left, if known: after a receipt or a give-back.
    #[must_use]
    pub fn left(&self) -> Option<Stock> {
        match self.outcome {
            Outcome::Bought => self.leaves(),
            Outcome::Returned => Some(self.sold_from.get()?.saturating_add(self.quantity.into())),
            Outcome::Refused | Outcome::Failed | Outcome::Unknown | Outcome::Read => None,
        }
    }

    /// Whether it may have raised the stock: it gave tickets back, or perhaps did.
    #[must_use]
    pub fn may_raise(&self) -> bool {
        self.outcome == Outcome::Returned || self.outcome == Outcome::Unknown && self.gives_back
    }

    /// Whether it may have lowered the stock.
    #[must_use]
    pub fn may_lower(&self) -> bool {
        self.outcome == Outcome::Bought || self.outcome == Outcome::Unknown && !self.gives_back
    }

    /// The last error code of the store, if there is one.
    #[must_use]
    pub fn store_code(&self) -> Option<StoreCode> {
        let ended = self.fault.filter(|fault| fault.is_of_store()).map(Fault::store_code);
        ended.or(Some(self.tries.get().code)).filter(|code| code.0 != 0)
    }

    /// When the stock was read and, for a receipt, rewritten: `None` unless both were recorded.
    #[must_use]
    pub fn read_and_write_ns(&self) -> Option<(u64, u64)> {
        let steps = self.steps.get();
        Some((steps.read_ns?, steps.written_ns?))
    }
}

/// How long a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Timing {
    /// From the first buyer's start until all were ready, in nanoseconds.
    pub launch_ns: u64,
    /// When all were released, on the history's clock.
    pub go_ns: u64,
    /// From the go to the last purchase's end, in nanoseconds.
    pub elapsed_ns: u64,
    /// With several hosts: how long after the first host the last one released its buyers, as far as their clocks tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_spread_ns: Option<u64>,
}

/// The counts of one buyer: exact, even if there was no room to record its purchases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuyerCount {
    /// Which buyer, from 1.
    pub buyer: u32,
    /// Its process; 0 if it has none of its own.
    pub pid: u32,
    /// Its purchases.
    pub tally: Tally,
    /// The signal that killed it.
    pub killed_by: Option<i32>,
}

/// A whole history. The purchases stand in no particular order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Everything but the purchases.
    pub header: Header,
    /// Its purchases.
    pub purchases: Vec<Purchase>,
}
