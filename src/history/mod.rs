//! What happened: one [`Purchase`] a record, whoever made it.
//!
//! Live runs, explored schedules, replays and files all meet here: from here on there is one road to
//! the verdict. Times are nanoseconds on one monotonic clock, counted from an epoch that all buyers of
//! the history share; intervals are closed, so purchases that touch are concurrent.
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
//! The header is known by its member `history_version`, and is the first line. All its other members
//! are optional, as the fields of [`Header`] are, whose names they have. A purchase has
//!
//! | member | | meaning |
//! |---|---|---|
//! | `buyer` | required | a whole number below 2⁶³, or a text. Purchases of one buyer may overlap |
//! | `invoke_ns` | required | when it was called |
//! | `return_ns` | required unless failed or unknown | when it returned: not before `invoke_ns` |
//! | `outcome` | required | `bought`; `refused`: it was told that fewer were left than it wanted; `failed`: it had no effect; `unknown`: no answer ever came, and it may or may not have taken effect at any time after its call; `returned`: tickets were given back (cancelled, refunded, an expired hold, a restock); `read`: somebody looked at the stock. In small or capital letters |
//! | `quantity` | optional, 1 | how many tickets it is about, all or none. Also `qty`, `count`, `amount` |
//! | `item` | optional | what it is about: each has a counter of its own. Also `sku`, `product`, `event`, or `seat`, of which there is one each. Either all purchases say it, or none does |
//! | `order` | optional | a text or a number: a give-back of an order that was never bought, or of more than was left of it, is an anomaly |
//! | `gives_back` | optional | of an `unknown` one: it gave tickets back, or tried to, instead of buying |
//! | `seen` | optional | the stock that it read |
//! | `sold_from` | optional | the stock that its ticket was taken from: the last ticket is sold from 1. It differs from `seen` where the store itself counts down |
//! | `stock` | optional; required of a `read` | both of them, where they are equal; of a give-back, the stock that it met |
//! | `pid` | optional | the process that made it |
//! | `locked_ns`, `read_ns`, `truncated_ns`, `written_ns`, `unlocked_ns` | optional | when its inner steps ended, as in [`Steps`] |
//! | `fault`, `errno`, `holder_pid` | optional | why it failed or was not answered, as in [`Fault`] |
//! | `code` | optional | what the database said last against it, a text: an SQLSTATE, or a number where it has none |
//! | `tries`, `aborts` | optional, 1 and 0 | how often it was begun, and how often the database ended a try of it, as in [`Tries`] |
//! | `torn` | optional | what a torn read met, its first 31 bytes: a text, or a list of bytes where it is no UTF-8 |
//!
//! In the header, `initial` and `remaining` are a number, or an object with a number for each item. Where the
//! purchases were made on several machines, `hosts` has one object each, with the fields of [`Host`]: which buyers are
//! its own, and by how much its times may be wrong.
//!
//! Stocks are whole numbers, and may be negative: that is evidence. Times are whole numbers from 0. A
//! member that is `null` is as good as absent, members of other names are counted in [`Header::ignored`],
//! and blank lines are nothing. A line has at most [`MOST_LINE_BYTES`]. The last line may lack its
//! line feed; if it breaks off in the middle, its writer crashed: it is left out, and the header's
//! `cut_short` says so.
//!
//! Version 1 had `stock` alone, and no `wall_ns` in its header; it is read as version 2 is.
//!
//! # Jepsen's events
//!
//! Instead, each purchase may be a pair of events, in the order in which they came; they are known by
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
//! An `ok` is a receipt; its `value` is the stock that it was sold from, or null where that is not
//! known. A `fail` had no effect; it is a refusal if its `error` or `value` is `sold-out` or `refused`, or
//! a list that begins so. After an `info`, or without any answer, the outcome is unknown. `f` is `buy`, or
//! `cancel` for a give-back, or `read` for a look; an answer counts as what its call asked for. Where a time
//! is missing, or earlier than one before it, the order of the events counts. The
//! events of the process `nemesis` are ignored. The line of a purchase is that of its answer.

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
pub use hosts::{ChunkError, ClockReading, Host, HostClock, HostPart, Slack, join_hosts};
pub use items::Items;
pub use merge::{MergeError, merge};
pub use mistake::{MOST_LINE_BYTES, ReadError};
pub use names::Names;
pub use read::read;
pub use reading::{Column, Deed, Format, Reading, Unit};
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
        /// Somebody looked at the stock.
        Read = "read",
    }
}

/// Nothing is known of a purchase until something is said of it.
impl Default for Outcome {
    fn default() -> Self {
        Self::Unknown
    }
}

/// When the inner steps of a purchase ended, in nanoseconds since the history's epoch. Our own buyers
/// record them; a history from elsewhere need not have any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The lock was granted. `None` where there is no lock.
    pub locked_ns: Option<u64>,
    /// The stock had been read.
    pub read_ns: Option<u64>,
    /// The file had been emptied, and was yet to be filled (`--write truncate` only).
    pub truncated_ns: Option<u64>,
    /// The new stock had been written.
    pub written_ns: Option<u64>,
    /// The lock had been let go. A commit lets go of what its transaction has locked.
    pub unlocked_ns: Option<u64>,
}

/// How often a purchase was begun, where one that found the stock changed, or that the store aborted, is tried
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// How often it was begun.
    pub count: u32,
    /// How many tries the store aborted: a serialization failure, a deadlock, a busy database.
    pub aborted: u32,
    /// What the store said of the last of those, where that did not end the purchase: its [`Fault`] says it then.
    /// 0 for none.
    pub code: StoreCode,
}

impl Default for Tries {
    fn default() -> Self {
        Self { count: 1, aborted: 0, code: StoreCode(0) }
    }
}

/// The same, beside the purchase: few are tried again.
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

/// The same, in the room of the times: what a [`Purchase`] holds.
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

/// One purchase of one buyer. Nobody needs to write all of it out: [`Purchase::new`] makes one, and
/// `..Purchase::default()` is the rest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Whose it is; our own buyers count from 1.
    pub buyer: u64,
    /// The process that made it.
    pub pid: Noted<u32>,
    /// When it was called.
    pub invoke_ns: u64,
    /// When it returned; `None` where no answer ever came.
    pub return_ns: Noted<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Of one without an answer: whether it gave tickets back, or tried to, instead of buying.
    pub gives_back: bool,
    /// How many tickets it is about, all or none.
    pub quantity: u32,
    /// Which of the header's items; 0 where there is but one.
    pub item: u32,
    /// Which order it belongs to, by its number among the header's orders, from 1; 0 for none.
    pub order: u32,
    /// The stock that the buyer read.
    pub seen: Noted<Stock>,
    /// The stock that its ticket was taken from; of one that took none, the stock that it would have been
    /// taken from. Equal to what it saw where it writes down what it saw, less one. Where the store itself
    /// counts down, it is what the store had, whatever was seen before.
    pub sold_from: Noted<Stock>,
    /// When its inner steps ended.
    pub steps: NotedSteps,
    /// Why it failed, or never answered.
    pub fault: Option<Fault>,
    /// What a torn read met; beside it, since few meet any.
    pub torn: Option<Box<TornText>>,
    /// How often it was begun.
    pub tries: NotedTries,
    /// Its line in the file that it was read from, counted from 1; 0 where it comes from no file.
    pub line: u32,
    /// Which of the header's hosts made it, by its number among them, from 1; 0 where all were made on one.
    pub host: u16,
}

/// A file of a million purchases is held, and judged, in 150 MB.
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
    /// A purchase that was called and ended at these times.
    #[must_use]
    pub fn new(buyer: u64, outcome: Outcome, invoke_ns: u64, return_ns: Option<u64>) -> Self {
        Self { buyer, outcome, invoke_ns, return_ns: return_ns.into(), ..Self::default() }
    }

    /// The same, of one that saw this stock and was sold from it.
    #[must_use]
    pub fn from_stock(self, stock: Stock) -> Self {
        Self { seen: stock.into(), sold_from: stock.into(), ..self }
    }

    /// The stock that it left, if it took what it wanted.
    #[must_use]
    pub fn leaves(&self) -> Option<Stock> {
        Some(self.sold_from.get()?.saturating_sub(Stock::from(self.quantity)))
    }

    /// The stock that it left, as far as it says so: of a receipt, or of a give-back.
    #[must_use]
    pub fn left(&self) -> Option<Stock> {
        match self.outcome {
            Outcome::Bought => self.leaves(),
            Outcome::Returned => Some(self.sold_from.get()?.saturating_add(self.quantity.into())),
            Outcome::Refused | Outcome::Failed | Outcome::Unknown | Outcome::Read => None,
        }
    }

    /// Whether it may have raised the stock: it gave tickets back, or nobody knows whether it did.
    #[must_use]
    pub fn may_raise(&self) -> bool {
        self.outcome == Outcome::Returned || self.outcome == Outcome::Unknown && self.gives_back
    }

    /// Whether it may have lowered the stock.
    #[must_use]
    pub fn may_lower(&self) -> bool {
        self.outcome == Outcome::Bought || self.outcome == Outcome::Unknown && !self.gives_back
    }

    /// What the store said last against it, if it did.
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
pub struct Timing {
    /// From the first buyer's start until all were ready, in nanoseconds.
    pub launch_ns: u64,
    /// When all were let go, on the history's clock.
    pub go_ns: u64,
    /// From the go to the last purchase's end, in nanoseconds.
    pub elapsed_ns: u64,
    /// Of several hosts: how long after the first the last one let its buyers go, as far as their clocks are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_spread_ns: Option<u64>,
}

/// What one buyer came to: exact, also where there was no room to record its purchases.
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
    /// What it says of itself.
    pub header: Header,
    /// Its purchases.
    pub purchases: Vec<Purchase>,
}
