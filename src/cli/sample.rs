//! Histories that come with the command, so that its documentation can be followed without its repository.

use crate::closed_set::closed_set;

closed_set! {
    /// A history that comes with the command.
    pub enum Sample: "sample" {
        /// Its numbers add up, and it can't have happened: a refusal that came too early.
        Unsound = "unsound",
        /// Sound, with a purchase that failed and one that never got an answer.
        Shop = "shop",
        /// Items with a counter each, two tickets at once, a refusal, a give-back, a look.
        BoxOffice = "box-office",
        /// Jepsen's operations: two buyers were sold a ticket from the same stock.
        Jepsen = "jepsen",
    }
}

impl Sample {
    /// What its file is called.
    pub(super) fn file_name(self) -> String {
        format!("{self}.jsonl")
    }

    /// What stands in it.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Sample::Unsound => include_str!("../../data/unsound.jsonl"),
            Sample::Shop => include_str!("../../data/shop.jsonl"),
            Sample::BoxOffice => include_str!("../../data/box-office.jsonl"),
            Sample::Jepsen => include_str!("../../data/jepsen.jsonl"),
        }
    }
}
