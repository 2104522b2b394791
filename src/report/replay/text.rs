//! The text of a replay: the steps that were taken, one in each line, and the result of each.

use std::fmt::Write as _;

use super::MOST_STEPS;
use crate::history::{History, Outcome};
use crate::lang::{Lang, replay as say};
use crate::plan::Plan;
use crate::protocol::{Action, Mishap, Reply};
use crate::replay::Difference;
use crate::report::text::{
    ASIDE, BAD, Detail, GOOD, LOUD, ODD, ledger_lines, ruling, styled, verdict_lines, why_unknown,
};
use crate::report::words::{self, grouped};
use crate::schedule::{Kept, Says, Schedule, Taken, Wait};
use crate::verdict::Verdict;
use crate::world::{Held, OwnState};

/// The plan of a replay in one line.
#[must_use]
pub fn plan_line(plan: &Plan, lang: Lang) -> String {
    let (lock, write) = words::choices(&plan.store, lang);
    let buyers = words::buyers(plan, lang);
    let tickets = lang.tickets(plan.tickets.unwrap_or(0));
    format!("{}\n", say::plan_line(lang, buyers, tickets, words::place(&plan.store), lock, write))
}

/// The result of a replay.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The steps that were taken.
    pub steps: &'a [Taken],
    /// How many of them the schedule asked for.
    pub asked: usize,
    /// Where reality and the model of the store differ.
    pub differences: &'a [Difference],
    /// The history.
    pub history: &'a History,
    /// Its verdict.
    pub verdict: &'a Verdict,
    /// How many times it was replayed, and which time differed from the first.
    pub times: (u32, Option<u32>),
    /// The command that replays it.
    pub command: &'a str,
}

/// The result of a replay: its steps, the ledger, the verdict with its evidence, and how to replay it.
#[must_use]
pub fn of_replay(shown: &Shown<'_>, lang: Lang, detail: Detail) -> String {
    let Shown { steps, asked, differences, history, verdict, times, command } = *shown;
    let mut text = String::new();
    if detail == Detail::Quiet {
        let _ = writeln!(text, "{}", ruling(verdict, lang));
        text.push_str(&why_unknown(history, verdict, lang));
    } else {
        let most = if detail == Detail::Verbose { usize::MAX } else { MOST_STEPS };
        let _ = writeln!(text, "\n{}", step_lines(steps, lang, most));
        if let Some(rest) = steps.get(asked..).filter(|rest| !rest.is_empty()) {
            let rest = Schedule(rest.iter().map(|taken| taken.step).collect());
            let _ = writeln!(text, "{}\n", say::finished(lang, rest));
        }
        for difference in differences {
            let _ = writeln!(text, "{}\n", styled(ODD, difference_words(difference, lang)));
        }
        ledger_lines(&mut text, history, &verdict.ledger, lang);
        let _ = write!(text, "\n{}", verdict_lines(history, verdict, lang));
    }
    match times {
        (_, Some(time)) => {
            let _ = writeln!(text, "\n{}", styled(BAD, say::differs(lang, time)));
        }
        (1, None) => {}
        (times, None) => {
            let _ = writeln!(text, "\n{}", styled(GOOD, say::agree(lang, grouped(u64::from(times)))));
        }
    }
    if detail != Detail::Quiet && (1..=MOST_STEPS).contains(&steps.len()) {
        let _ = writeln!(text, "\n{}", say::to_replay(lang, styled(LOUD, command)));
    }
    text
}

/// The steps, at most so many of them.
#[must_use]
pub fn step_lines(steps: &[Taken], lang: Lang, most: usize) -> String {
    let mut text = String::new();
    let place_width = steps.len().to_string().len();
    let name_width = steps.iter().map(|taken| taken.step.to_string().len()).max().unwrap_or(0);
    for (taken, place) in steps.iter().zip(1..).take(most) {
        let name = styled(LOUD, format!("{:<name_width$}", taken.step.to_string()));
        let _ = writeln!(text, "  {place:>place_width$}  {name}  {}", step_words(taken, lang));
        for answer in answers(steps, place, lang) {
            let _ = writeln!(text, "  {:place_width$}  {:name_width$}  {answer}", "", "");
        }
    }
    if steps.len() > most {
        let _ = writeln!(text, "  {}", styled(ASIDE, say::more_steps(lang, steps.len() - most)));
    }
    text
}

/// The answers to waiting requests that the step with this number (from 1) brought, in words.
#[must_use]
pub fn answers(steps: &[Taken], place: usize, lang: Lang) -> Vec<String> {
    let answered = steps.iter().filter(|taken| taken.wait.is_some_and(|wait| wait.until == Some(place)));
    answered
        .filter_map(|taken| Some(say::goes_on(lang, taken.step, reply_words(taken, taken.reply?, lang))))
        .collect()
}

/// The immediate result of a step.
#[must_use]
pub fn step_words(taken: &Taken, lang: Lang) -> String {
    let buyer = taken.step.buyer;
    if let Some(mishap) = Mishap::of(taken.step.letter) {
        return mishap_words(taken, mishap, lang);
    }
    match (taken.wait, taken.reply) {
        (Some(Wait { holder: Some(holder), says: Says::Engine, .. }), _) => say::waits(lang, buyer, holder),
        (Some(Wait { holder: Some(holder), says: Says::Model, .. }), _) => {
            say::waits_by_model(lang, buyer, holder)
        }
        (Some(Wait { holder: None, says: Says::Engine, .. }), _) => say::waits_for_program(lang, buyer),
        (Some(Wait { holder: None, says: Says::Model, .. }), _) | (None, None) => {
            say::waits_somehow(lang, buyer)
        }
        (None, Some(reply)) => reply_words(taken, reply, lang),
    }
}

/// The mishap of a buyer, and what became of its purchase.
fn mishap_words(taken: &Taken, mishap: Mishap, lang: Lang) -> String {
    let buyer = taken.step.buyer;
    let ending = taken.ending.map(|ending| ending.outcome);
    let said = match mishap {
        Mishap::Expire => say::lease_expires(lang, buyer),
        Mishap::Kill if ending == Some(Outcome::Unknown) => say::killed_after_write(lang, buyer),
        Mishap::Kill if ending.is_some() => say::killed_before_write(lang, buyer),
        Mishap::Kill => say::killed_outside(lang, buyer),
        Mishap::Pause => say::paused(lang, buyer),
        Mishap::GoOn => say::went_on(lang, buyer),
    };
    styled(ODD, said)
}

/// How reality and the model of the store differ.
fn difference_words(difference: &Difference, lang: Lang) -> String {
    let Difference { place, model, real } = difference;
    let Some(model) = model else { return say::other_victim(lang, place) };
    let answers = |answers: &[(u32, Reply)]| {
        let each =
            answers.iter().map(|(buyer, reply)| say::answered(lang, buyer, reply_in_short(*reply, lang)));
        let all: Vec<String> = each.collect();
        if all.is_empty() {
            say::nobody_answered(lang)
        } else {
            all.join(if lang == Lang::Zh { "、" } else { ", " })
        }
    };
    say::other_answers(lang, place, answers(real), answers(model))
}

fn reply_in_short(reply: Reply, lang: Lang) -> String {
    match reply {
        Reply::Done => say::done(lang),
        Reply::Missed => say::nothing_taken(lang),
        Reply::Stock(stock) | Reply::Sold(stock) => stock.to_string(),
        Reply::Torn(text) => words::torn_text(&text, lang),
        Reply::Failed(fault) => fault.cause(),
    }
}

/// Why a request waits: for which buyer, and what that buyer holds since which step.
#[must_use]
pub fn kept(kept: &Kept, lang: Lang) -> String {
    let Some(buyer) = kept.by else { return say::kept_by_stranger(lang) };
    if kept.held.is_empty() {
        return say::kept_by(lang, buyer);
    }
    say::kept_by_holder(lang, buyer, holds(&kept.held, lang))
}

/// What a buyer holds, and since which step.
#[must_use]
pub fn holds(held: &[(Held, usize)], lang: Lang) -> String {
    let since = |(held, since): &(Held, usize)| say::held_since(lang, thing(*held, lang), since);
    held.iter().map(since).collect::<Vec<_>>().join(if lang == Lang::Zh { "和" } else { " and " })
}

/// What a buyer has of its own in a database: its transaction, its snapshot, what it wrote, what it holds.
#[must_use]
pub fn own_state(own: &OwnState, held: &[(Held, usize)], lang: Lang) -> String {
    let transaction = own.in_transaction.then(|| say::in_transaction(lang));
    let snapshot = own.snapshot.map(|stock| say::sees(lang, stock));
    let written = own.written.map(|stock| say::has_written(lang, stock));
    let held = (!held.is_empty()).then(|| say::has_held(lang, holds(held, lang)));
    let all: Vec<String> = [transaction, snapshot, written, held].into_iter().flatten().collect();
    all.join(if lang == Lang::Zh { "，" } else { ", " })
}

fn thing(held: Held, lang: Lang) -> String {
    match held {
        Held::Lock => say::held_lock(lang),
        Held::SharedLock => say::held_shared_lock(lang),
        Held::Row => say::held_row(lang),
        Held::SharedRow => say::held_shared_row(lang),
        Held::Writing => say::held_writing(lang),
        Held::Pending => say::held_pending(lang),
        Held::Reading => say::held_reading(lang),
    }
}

/// What an answer says.
fn reply_words(taken: &Taken, reply: Reply, lang: Lang) -> String {
    let buyer = taken.step.buyer;
    let did = taken.action.map_or_else(String::new, |action| did(buyer, action, reply, lang));
    match taken.ending {
        Some(ending) => {
            let colon = if lang == Lang::Zh { "：" } else { ": " };
            format!("{did}{colon}{}", outcome(ending.outcome, lang))
        }
        None => did,
    }
}

/// What a buyer did.
fn did(buyer: u32, action: Action, reply: Reply, lang: Lang) -> String {
    match (action, reply) {
        (_, Reply::Failed(fault)) => say::failed(lang, buyer, fault.cause()),
        (_, Reply::Stock(stock)) => say::read(lang, buyer, stock),
        (_, Reply::Torn(text)) => say::torn(lang, buyer, words::torn_text(&text, lang)),
        (Action::Open, Reply::Done) => say::opened(lang, buyer),
        (Action::Lock, Reply::Done) => say::locked(lang, buyer),
        (Action::Write(stock), Reply::Done) => say::wrote(lang, buyer, stock),
        (Action::Truncate, Reply::Done) => say::emptied(lang, buyer),
        (Action::Fill(stock), Reply::Done) => say::filled(lang, buyer, stock),
        (Action::Unlock, Reply::Done) => say::unlocked(lang, buyer),
        (Action::LockShared, Reply::Done) => say::shared(lang, buyer),
        (Action::Upgrade, Reply::Done) => say::upgraded(lang, buyer),
        (Action::CloseOther, Reply::Done) => say::closed_other(lang, buyer),
        (Action::Unlink, Reply::Done) => say::unlinked(lang, buyer),
        (Action::LookStale, Reply::Done) => say::looked_stale(lang, buyer),
        (Action::RemoveStale, Reply::Done) => say::removed_stale(lang, buyer),
        (Action::HelperUnlock, Reply::Done) => say::helper_unlocked(lang, buyer),
        (Action::ReopenCheck, Reply::Done) => say::is_current(lang, buyer),
        (Action::ReopenCheck, Reply::Missed) => say::is_replaced(lang, buyer),
        (_, Reply::Sold(from)) => say::sold(lang, buyer, from),
        (_, Reply::Missed) => say::missed(lang, buyer),
        (Action::Insert, Reply::Done) => say::inserted(lang, buyer),
        (Action::GiveBack, Reply::Done) => say::gave_back(lang, buyer),
        (Action::LockUntilCommit, Reply::Done) => say::locked(lang, buyer),
        (Action::BeginImmediate, Reply::Done) => say::began(lang, buyer),
        (Action::Commit, Reply::Done) => say::committed(lang, buyer),
        (Action::Rollback, Reply::Done) => say::rolled_back(lang, buyer),
        (Action::Watch, Reply::Done) => say::watches(lang, buyer),
        // These pass no gate, or are replied to otherwise.
        (
            Action::Read
            | Action::ReadForUpdate
            | Action::ReadForShare
            | Action::Count
            | Action::Decrement
            | Action::Swap(_)
            | Action::Take
            | Action::Begin
            | Action::Think
            | Action::Leave,
            Reply::Done,
        ) => String::new(),
    }
}

/// How a purchase ended, in a word.
#[must_use]
pub fn outcome(outcome: Outcome, lang: Lang) -> String {
    match outcome {
        Outcome::Bought => styled(GOOD, say::and_bought(lang)),
        Outcome::Refused => styled(BAD, say::and_refused(lang)),
        // Our buyers buy.
        Outcome::Failed | Outcome::Unknown | Outcome::Returned | Outcome::Read => {
            styled(ODD, say::and_failed(lang))
        }
    }
}
