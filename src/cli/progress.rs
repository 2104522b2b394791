//! Progress on stderr: a bar on a terminal, plain lines elsewhere; nothing on runs that are over before
//! anybody could read it.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::closed_set::closed_set;
use crate::explore;
use crate::history::Tally;
use crate::lang::{Lang, explore as say_explore, run as say_run};
use crate::plan::{PerBuyer, Plan};
use crate::report::words::grouped;
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

/// Runs shorter than this show no progress.
const WORTH_A_BAR: Duration = Duration::from_millis(500);
/// Counts that take no longer show no progress.
const WORTH_A_LINE: Duration = Duration::from_secs(1);
/// How often a plain line is printed.
const PLAIN_EVERY: Duration = Duration::from_secs(1);

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Plain { last: Instant },
}

/// The progress of one run.
pub(super) struct Progress {
    lang: Lang,
    began: Instant,
    shown: Shown,
    /// Purchases to be made, at most; unknown where buyers go on until they are refused.
    purchases: Option<u64>,
    /// The tickets on sale, once they are.
    pub(super) tickets: Rc<Cell<Option<Stock>>>,
}

impl Progress {
    pub(super) fn new(plan: &Plan, when: When, lang: Lang) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let began = Instant::now();
        let shown = match when {
            When::Auto if terminal => {
                Shown::Bar(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
            }
            When::Auto | When::Plain => Shown::Plain { last: began },
            When::Never => Shown::Nothing,
        };
        let purchases = match (plan.per_buyer, plan.tickets) {
            (PerBuyer::Count(count), _) => Some(u64::from(plan.buyers) * u64::from(count.get())),
            (PerBuyer::All, Some(tickets)) => {
                Some(tickets_between(tickets, 0).saturating_add(u64::from(plan.buyers)))
            }
            (PerBuyer::All, None) => None,
        };
        Self { lang, began, shown, purchases, tickets: Rc::new(Cell::new(plan.tickets)) }
    }

    /// Draws the counts so far. indicatif draws from here, without a thread of its own: the launcher
    /// has one thread.
    pub(super) fn draw(&mut self, tally: Tally) {
        if self.began.elapsed() < WORTH_A_BAR {
            return;
        }
        let Tally { bought, refused, failed } = tally;
        let left = self.tickets.get().map(|tickets| tickets_between(tickets, 0).saturating_sub(bought));
        let lang = self.lang;
        let message = left.map_or_else(
            || say_run::progress(lang, bought, refused),
            |left| say_run::progress_left(lang, bought, refused, left),
        );
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                if bar.is_hidden() {
                    *bar = visible_bar(self.purchases);
                }
                bar.set_position(bought + refused + failed);
                bar.set_message(message);
                bar.tick();
            }
            Shown::Plain { last } if last.elapsed() >= PLAIN_EVERY => {
                *last = Instant::now();
                let elapsed = format!("{:.0?}", self.began.elapsed());
                let line = say_run::progress_after(lang, elapsed, message) + "\n";
                write_if_ready(std::io::stderr(), line.as_bytes());
            }
            Shown::Plain { .. } => {}
        }
    }

    /// Takes the bar away, so that the result stands alone.
    pub(super) fn clear(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn visible_bar(purchases: Option<u64>) -> ProgressBar {
    let template = if purchases.is_some() { "{elapsed} {bar:30} {msg}" } else { "{elapsed} {spinner} {msg}" };
    let bar = ProgressBar::with_draw_target(purchases, ProgressDrawTarget::stderr());
    // The templates are ours and valid; without one there is indicatif's own.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// The progress of a count: from the first second on, one line on a terminal; nothing elsewhere, where nobody waits.
pub(super) struct Counted {
    lang: Lang,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Counted {
    pub(super) fn new(lang: Lang) -> Self {
        let hidden = || ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { lang, began: Instant::now(), bar: std::io::stderr().is_terminal().then(hidden) }
    }

    pub(super) fn show(&mut self, progress: explore::Progress) {
        let Some(bar) = self.bar.as_ref().filter(|_| self.began.elapsed() >= WORTH_A_LINE) else { return };
        if bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{elapsed} {msg}") {
                bar.set_style(style);
            }
        }
        let explore::Progress { states, steps, ended } = progress;
        let share = format!("{:.1} %", ended * 100.0);
        bar.set_message(say_explore::counting(self.lang, grouped(states), steps, share));
        bar.tick();
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
