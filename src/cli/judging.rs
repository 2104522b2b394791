//! The options of all commands that judge a history: its initial stock, its clocks, its rules.

use std::time::Duration;

use clap::Args;

use super::duration::{duration, nanoseconds};
use super::number::{natural, tickets};
use super::wrong::ensure;
use crate::history::{History, Purchase};
use crate::lang::errors::together;
use crate::report::check::Note;
use crate::stock::Stock;
use crate::verdict::{InitialFrom, Ruling, Verdict, judge, judge_from};

/// What `check` and `report` take.
#[derive(Clone, Debug, Args)]
pub(super) struct JudgeArgs {
    /// The stock at the start [default: the header's, or else the highest that a purchase says]
    #[arg(short, long, value_name = "N", value_parser = tickets, allow_negative_numbers = true)]
    tickets: Option<Stock>,
    /// To what its times were cut: one that was cut to whole milliseconds lies from t to t + 1 ms
    /// [default: the header's, or the unit of a format that is coarse]
    #[arg(long, value_name = "DUR", value_parser = duration)]
    resolution: Option<Duration>,
    /// By how much its clocks may be wrong, either way [default: the header's]
    #[arg(long, value_name = "DUR", value_parser = duration)]
    clock_error: Option<Duration>,
    /// The most receipts that one buyer may hold: more are `over_limit`
    #[arg(long, value_name = "N", value_parser = natural)]
    limit_per_buyer: Option<u64>,
}

/// What is said of a history.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) initial_from: Option<InitialFrom>,
    pub(super) notes: Vec<Note>,
}

impl JudgeArgs {
    /// Judges a history with these options.
    ///
    /// # Errors
    /// When one stock is given for several items.
    pub(super) fn judge(&self, history: &mut History) -> anyhow::Result<Judged> {
        let header = &mut history.header;
        let items = &header.items;
        ensure(self.tickets.is_none() || items.len() < 2, |lang| {
            let first = items.name(0).unwrap_or_default();
            let header = format!("{{\"history_version\":2,\"initial\":{{{first:?}:1,…}}}}");
            together::one_number(lang, items.len(), header)
        })?;
        header.resolution_ns = self.resolution.map(nanoseconds).or(header.resolution_ns);
        header.clock_error_ns = self.clock_error.map(nanoseconds).or(header.clock_error_ns);
        header.limit_per_buyer = self.limit_per_buyer.or(header.limit_per_buyer);
        let (verdict, initial_from) = judge_from(history, self.tickets);
        let notes = coarse(history, &verdict).into_iter().collect();
        Ok(Judged { verdict, initial_from, notes })
    }
}

/// Whether all times of a history that says nothing of its clocks are round.
fn coarse(history: &mut History, verdict: &Verdict) -> Option<Note> {
    let header = &history.header;
    let said = header.resolution_ns.is_some() || header.clock_error_ns.is_some();
    if said || history.purchases.len() < 2 {
        return None;
    }
    let times = |purchase: &Purchase| [Some(purchase.invoke_ns), purchase.return_ns.get()];
    let all_are = |ns: u64| {
        let mut times = history.purchases.iter().flat_map(times).flatten();
        times.all(|time| time.is_multiple_of(ns))
    };
    if !all_are(1_000_000) || history.purchases.iter().flat_map(times).flatten().all(|time| time == 0) {
        return None;
    }
    let ns = if all_are(1_000_000_000) { 1_000_000_000 } else { 1_000_000 };
    let mut vanishes = false;
    if verdict.ruling == Ruling::Unsound {
        history.header.resolution_ns = Some(ns);
        vanishes = judge(history).ruling != Ruling::Unsound;
        history.header.resolution_ns = None;
    }
    Some(Note::Coarse { ns, vanishes })
}
