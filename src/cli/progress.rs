//! Progress on stderr: a bar on a terminal where it is known how much there is to do, else a line; plain lines
//! elsewhere; nothing for what is over before it could be read.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::closed_set::closed_set;
use crate::explore;
use crate::history::Tally;
use crate::lang::{Lang, Noun, explore as say_explore, progress as say, run as say_run};
use crate::plan::{Exclusion, PerBuyer, Plan};
use crate::report::words::{grouped, span};
use crate::stock::{Stock, tickets_between};
use crate::streams::write_if_ready;

closed_set! {
    /// How progress is shown.
    pub enum When: "way to show progress" {
        /// A bar on a terminal, plain lines elsewhere, nothing on short runs.
        Auto = "auto",
        /// Not at all.
        Never = "never",
        /// Plain lines.
        Plain = "plain",
    }
}

/// What takes no longer shows no progress.
const WORTH_A_BAR: Duration = Duration::from_millis(500);
/// Counts and judgements that take no longer show none.
const WORTH_A_LINE: Duration = Duration::from_secs(1);
/// How often a plain line is printed.
const PLAIN_EVERY: Duration = Duration::from_secs(1);
/// How often a bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(50);

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Plain,
}

/// How far something is. indicatif draws from where it is called, without a thread of its own: the launcher of process
/// buyers has one thread.
pub(super) struct Meter {
    lang: Lang,
    began: Instant,
    worth: Duration,
    shown: Shown,
    last: Option<Instant>,
}

impl Meter {
    /// A meter for a terminal, or for a user who asks for plain lines.
    pub(super) fn new(lang: Lang, when: When, worth: Duration) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let shown = match when {
            When::Auto if terminal => {
                Shown::Bar(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
            }
            When::Auto | When::Plain => Shown::Plain,
            When::Never => Shown::Nothing,
        };
        Self { lang, began: Instant::now(), worth, shown, last: None }
    }

    /// A meter for terminals only: elsewhere nobody waits.
    pub(super) fn on_a_terminal(lang: Lang) -> Self {
        let when = if std::io::stderr().is_terminal() { When::Auto } else { When::Never };
        Self::new(lang, when, WORTH_A_LINE)
    }

    /// What is measured began then.
    fn began(&mut self, began: Instant) {
        if self.began != began {
            self.began = began;
            if let Shown::Bar(bar) = &self.shown {
                bar.reset_elapsed();
            }
        }
    }

    /// Whether it is to be drawn by now.
    fn is_due(&self) -> bool {
        let every = match self.shown {
            Shown::Nothing => return false,
            Shown::Bar(_) => DRAW_EVERY,
            Shown::Plain => PLAIN_EVERY.max(self.worth),
        };
        let since = self.last.map_or_else(|| self.began.elapsed(), |last| last.elapsed());
        self.began.elapsed() >= self.worth && (self.last.is_none() || since >= every)
    }

    /// So much is done, of so much where that is known.
    pub(super) fn draw(&mut self, done: u64, total: Option<u64>, message: impl FnOnce() -> String) {
        if !self.is_due() {
            return;
        }
        self.last = Some(Instant::now());
        let elapsed = self.began.elapsed();
        let mut message = message();
        if let Some(left) = time_left(elapsed, done, total) {
            let comma = if self.lang == Lang::Zh { "，" } else { ", " };
            message = format!("{message}{comma}{}", say::to_go(self.lang, span(left)));
        }
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                if bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                // The templates are ours and valid; without one there is indicatif's own.
                let template =
                    if total.is_some() { "{elapsed} {bar:20} {wide_msg}" } else { "{elapsed} {wide_msg}" };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_length(total.unwrap_or(done));
                bar.set_position(done);
                bar.set_message(message);
                bar.tick();
            }
            Shown::Plain => {
                let elapsed = format!("{elapsed:.0?}");
                let line = say_run::progress_after(self.lang, elapsed, message) + "\n";
                write_if_ready(std::io::stderr(), line.as_bytes());
            }
        }
    }

    /// Takes it away, so that the result stands alone.
    pub(super) fn clear(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// How long the rest will take if it goes on as until now, in nanoseconds; nothing at the very start or end.
fn time_left(elapsed: Duration, done: u64, total: Option<u64>) -> Option<u64> {
    let rest = total?.checked_sub(done).filter(|rest| *rest > 0 && done > 0)?;
    let left_s = elapsed.as_secs_f64() * rest as f64 / done as f64;
    // Whole seconds: it is a guess.
    (elapsed >= WORTH_A_LINE).then_some(left_s.ceil() as u64 * 1_000_000_000)
}

/// The progress of one run.
pub(super) struct Progress {
    meter: Meter,
    per_buyer: PerBuyer,
    buyers: u64,
    /// Whether it is certain that no ticket is sold twice.
    excludes: bool,
    /// The tickets on sale, once they are.
    pub(super) tickets: Rc<Cell<Option<Stock>>>,
    /// When the sale began: before that, while hosts are waited for, nothing goes on.
    pub(super) begun: Rc<Cell<Option<Instant>>>,
}

impl Progress {
    pub(super) fn new(plan: &Plan, when: When, lang: Lang) -> Self {
        Self {
            meter: Meter::new(lang, when, WORTH_A_BAR),
            per_buyer: plan.per_buyer,
            buyers: plan.buyers.into(),
            excludes: matches!(plan.exclusion(), Exclusion::Excludes | Exclusion::InTurn) && !plan.restocks,
            tickets: Rc::new(Cell::new(plan.tickets)),
            begun: Rc::default(),
        }
    }

    /// How many purchases there are to be; unknown where buyers go on until they are refused, and may be sold the same
    /// ticket: without a lock that is as often as it happens.
    fn purchases(&self, bought: u64) -> Option<u64> {
        let tickets = self.tickets.get().map(|tickets| tickets_between(tickets, 0));
        let until_refused = tickets.filter(|tickets| self.excludes && bought <= *tickets);
        let until_refused = until_refused.map(|tickets| tickets.saturating_add(self.buyers));
        match self.per_buyer {
            PerBuyer::Count(count) => {
                let all = self.buyers * u64::from(count.get());
                Some(until_refused.map_or(all, |most| most.min(all)))
            }
            PerBuyer::All => until_refused,
        }
    }

    /// Draws the counts so far.
    pub(super) fn draw(&mut self, tally: Tally) {
        let Some(begun) = self.begun.get() else { return };
        self.meter.began(begun);
        let Tally { bought, refused, failed } = tally;
        let done = bought + refused + failed;
        let (lang, total, elapsed) = (self.meter.lang, self.purchases(bought), self.meter.began.elapsed());
        let left = self.tickets.get().filter(|_| self.excludes);
        self.meter.draw(done, total, || {
            let left = left.map(|tickets| tickets_between(tickets, 0).saturating_sub(bought));
            let rate = done as f64 / elapsed.as_secs_f64();
            let parts = [
                Some(say::sold(lang, grouped(bought), grouped(refused))),
                left.map(|left| say::left(lang, grouped(left))),
                Some(say::rate(lang, grouped(rate.round() as u64))),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            parts.join(if lang == Lang::Zh { "，" } else { ", " })
        });
    }

    /// Takes the bar away, so that the result stands alone.
    pub(super) fn clear(&self) {
        self.meter.clear();
    }
}

/// The progress of a count: from the first second on, one line on a terminal.
pub(super) struct Counted(Meter);

impl Counted {
    pub(super) fn new(lang: Lang) -> Self {
        Self(Meter::on_a_terminal(lang))
    }

    /// Of a census: how far it has to go is not known.
    pub(super) fn show(&mut self, progress: explore::Progress) {
        let lang = self.0.lang;
        self.0.draw(0, None, || {
            let explore::Progress { states, steps, ended } = progress;
            let share = format!("{:.1} %", ended * 100.0);
            say_explore::counting(lang, grouped(states), steps, share)
        });
    }

    /// Of a sample.
    pub(super) fn drawn(&mut self, draws: u64, all: u64) {
        let lang = self.0.lang;
        self.0.draw(draws, Some(all), || say::drawn(lang, grouped(draws), grouped(all)));
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.0.clear();
    }
}

/// The progress of a check: what is read of a history, then that it is judged.
pub(super) struct Checking(Meter);

impl Checking {
    pub(super) fn new(lang: Lang) -> Self {
        Self(Meter::on_a_terminal(lang))
    }

    /// So many bytes of it were read, of so many where that is known.
    pub(super) fn read(&mut self, name: &str, bytes: u64, of: Option<u64>) {
        let lang = self.0.lang;
        self.0.draw(bytes, of, || say::read(lang, grouped(bytes >> 20), crate::foreign::shown(name)));
    }

    /// It has so many purchases, and is being judged.
    pub(super) fn judge(&mut self, purchases: u64) {
        let lang = self.0.lang;
        self.0.draw(0, None, || say::judging(lang, lang.count(purchases, Noun::Purchase)));
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::protocol::file::{FileChoices, Lock, Write};

    /// How many purchases there are to be is known under a lock, and never claimed where a ticket may be sold twice.
    #[test]
    fn the_total_is_known_where_the_lock_keeps() {
        let plan = |lock, per_buyer| Plan {
            per_buyer,
            ..Plan::on_file(FileChoices::new(lock, Write::Overwrite), Path::new("t.json"), 10, Some(100))
        };
        let total = |lock, per_buyer, bought| {
            Progress::new(&plan(lock, per_buyer), When::Never, Lang::En).purchases(bought)
        };
        assert_eq!(total(Lock::Flock, PerBuyer::All, 50), Some(110));
        assert_eq!(total(Lock::None, PerBuyer::All, 50), None);
        assert_eq!(total(Lock::None, PerBuyer::ONE, 5), Some(10));
        assert_eq!(total(Lock::Flock, PerBuyer::All, 101), None, "it oversells, whatever was promised");
    }

    #[test]
    fn the_time_left_is_known_once_something_is_done() {
        let s = Duration::from_secs;
        assert_eq!(time_left(s(10), 25, Some(100)), Some(30_000_000_000));
        for nothing in [
            time_left(s(10), 0, Some(100)),
            time_left(s(10), 5, None),
            time_left(s(10), 100, Some(100)),
            time_left(s(10), 110, Some(100)),
            time_left(Duration::from_millis(600), 5, Some(100)),
        ] {
            assert_eq!(nothing, None);
        }
    }
}
