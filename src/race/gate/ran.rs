//! The result of one run of an order.

use super::statement::Tables;
use super::step::{Choice, Step};
use super::why::Why;
use super::wire::postgres::Saw;
use crate::race::heat::Heat;

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct RanStep {
    /// Which, and what it touches.
    pub choice: Choice,
    /// Its text.
    pub text: String,
    /// What it was answered.
    pub saw: Saw,
    /// The buyers that it waited for, 0 for somebody else.
    pub waited_for: Vec<u32>,
    /// The step, from 0, after which it went on, where it waited.
    pub woken_by: Option<usize>,
}

/// A run of an order.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What the purchases came to.
    pub heat: Heat,
    /// The steps, in their order.
    pub taken: Vec<RanStep>,
    /// Who neither asked nor answered for as long as the patience lasts.
    pub parked: Vec<u32>,
    /// In which system calls the shop's threads stood then.
    pub evidence: Option<String>,
    /// Whether a statement came behind another buyer's on one connection.
    pub shared: bool,
    /// Whether it was left out: the chooser knows what comes of it.
    pub known: bool,
    /// Whether that is since something waits.
    pub waits: bool,
    /// Why it is none.
    pub why: Option<Why>,
    /// Statements of the background that were not known before.
    pub strangers: Vec<String>,
    /// The tables of which it was taken for granted that nobody changes which rows there are.
    pub assumed: Tables,
    /// The tables of which somebody may have.
    pub changed: Tables,
}

impl Ran {
    /// Its order.
    #[must_use]
    pub fn order(&self) -> Vec<Step> {
        self.taken.iter().map(|taken| taken.choice.step.clone()).collect()
    }
}
