//! The result of one run of an order.

use super::statement::Tables;
use super::step::{Choice, Step};
use super::why::Why;
use super::wire::postgres::Saw;
use crate::race::heat::Heat;

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct RanStep {
    /// The step, and what it touches.
    pub choice: Choice,
    /// Its text.
    pub text: String,
    /// Its answer.
    pub saw: Saw,
    /// The buyers that it waited for; 0 is another client.
    pub waited_for: Vec<u32>,
    /// The step, from 0, after which it went on, if it waited.
    pub woken_by: Option<usize>,
}

/// A run of an order.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The results of the purchases.
    pub heat: Heat,
    /// The steps, in their order.
    pub taken: Vec<RanStep>,
    /// The buyers that neither sent a statement nor answered for as long as the patience lasts.
    pub parked: Vec<u32>,
    /// In which system calls the shop's threads were then.
    pub evidence: Option<String>,
    /// Whether a statement came behind another buyer's on one connection.
    pub shared: bool,
    /// Whether it was left out: the chooser knows its end.
    pub known: bool,
    /// Whether that is because a statement waits.
    pub waits: bool,
    /// Why the order could not be run.
    pub why: Option<Why>,
    /// Background statements that were not known before.
    pub strangers: Vec<String>,
    /// The tables of which it was assumed that nobody adds, removes or renames rows.
    pub assumed: Tables,
    /// The tables of which a statement may have done so.
    pub changed: Tables,
}

impl Ran {
    /// Its order.
    #[must_use]
    pub fn order(&self) -> Vec<Step> {
        self.taken.iter().map(|taken| taken.choice.step.clone()).collect()
    }
}
