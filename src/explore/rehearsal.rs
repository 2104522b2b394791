//! One schedule on the model, step by step, and its history.

use super::shop::Shop;
use super::{Setting, with_model_of};
use crate::fault::FaultKind;
use crate::history::{Header, History, Outcome, Purchase};
use crate::protocol::{Action, Mishap, Reply};
use crate::schedule::{Holder, Kept, Schedule, Sent, Step, Unfollowed, Why};
use crate::world::{Answer, Model, Turn};

/// A request that had to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// The request.
    pub step: Step,
    /// The buyer, from 1, for which it had to wait when it was sent.
    pub holder: u32,
    /// The step that brought its answer, counted from 1.
    pub until: Option<usize>,
    /// Whether that answer was an error.
    pub failed: bool,
}

/// What the buyers do when they take their steps in some order.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The history. A time in it is the number of a step, in nanoseconds.
    pub history: History,
    /// The requests that had to wait, in the order of sending.
    pub waited: Vec<Waited>,
}

/// The history of buyers that take their steps in this order. A time in it is the number of a step, in nanoseconds.
///
/// # Errors
/// When the buyers can't take their steps in this order, or the order ends too early.
pub fn rehearse(setting: &Setting, schedule: &Schedule) -> Result<History, Unfollowed> {
    Ok(rehearsal(setting, schedule)?.history)
}

/// The same, with the requests that had to wait.
///
/// # Errors
/// When the buyers can't take their steps in this order, or the order ends too early.
pub fn rehearsal(setting: &Setting, schedule: &Schedule) -> Result<Rehearsal, Unfollowed> {
    with_model_of!(setting, model => rehearse_on(model, setting, schedule))
}

fn rehearse_on<M: Model>(model: M, setting: &Setting, schedule: &Schedule) -> Result<Rehearsal, Unfollowed> {
    let mut shop = Shop::new(setting, model);
    let count = setting.buyers as usize;
    let (open, is_paused) = (vec![None; count], vec![false; count]);
    let mut script = Script { open, is_paused, purchases: Vec::new(), waits: Vec::new() };
    for (step, place) in schedule.0.iter().zip(1..) {
        let unfollowed = |why| Unfollowed::at(place, *step, why);
        check(setting, &shop, &script, *step).map_err(unfollowed)?;
        let who = step.buyer as usize - 1;
        if let Some(mishap) = Mishap::of(step.letter) {
            // The lease of a paused buyer may expire.
            script.is_paused[who] =
                mishap == Mishap::Pause || mishap == Mishap::Expire && script.is_paused[who];
            shop.take(who, Turn::Mishap(mishap), |answer| script.note(&answer, place as u64));
            continue;
        }
        script.send(step.buyer, place as u64);
        let mut is_answered = false;
        let action = shop.buyers[who].next();
        shop.step(who, |answer| {
            is_answered |= answer.buyer == who;
            script.note(&answer, place as u64);
        })
        .ok_or_else(|| unfollowed(Why::Left(step.buyer)))?;
        if !is_answered {
            let holder = shop.model.waits_for(&shop.seats, who, action).unwrap_or(who);
            script.wait(*step, holder as u32 + 1, place);
        }
    }
    let end = schedule.0.len() as u64 + 1;
    if shop.able().next().is_none() {
        // A buyer that waits for its first step has asked for it, too.
        let waits = |who: &usize| shop.buyers[*who].next_letter().is_some();
        (0..count).filter(waits).for_each(|who| script.send(who as u32 + 1, end));
    }
    shop.give_up(|answer| script.note(&answer, end));
    if let Some(place) = shop.buyers.iter().position(|buyer| !buyer.has_left()) {
        let why = Why::TooShort(place as u32 + 1);
        return Err(Unfollowed { place: schedule.0.len() + 1, step: None, why });
    }
    let (remaining, left_torn) = match shop.model.look() {
        Reply::Stock(stock) => (Some(stock), None),
        Reply::Torn(text) => (None, Some(String::from_utf8_lossy(text.bytes()).into_owned())),
        Reply::Done | Reply::Sold(_) | Reply::Missed | Reply::Failed(_) => (None, None),
    };
    let header =
        Header { initial: Some(setting.tickets), remaining, left_torn, ..Header::of_plan(setting.plan()) };
    let history = History { header, purchases: script.purchases };
    Ok(Rehearsal { history, waited: script.waits.into_iter().map(|(waited, _)| waited).collect() })
}

fn check(setting: &Setting, shop: &Shop<impl Model>, script: &Script, step: Step) -> Result<(), Why> {
    let buyer = (step.buyer as usize).checked_sub(1).and_then(|place| shop.buyers.get(place));
    let Some(buyer) = buyer else { return Err(Why::NoSuchBuyer(setting.buyers)) };
    let who = step.buyer as usize - 1;
    if let Some(mishap) = Mishap::of(step.letter) {
        if buyer.has_left() && mishap.is_signal() {
            return Err(Why::Left(step.buyer));
        }
        let (is_paused, waits) = (script.is_paused[who], shop.model.has_asked(&shop.seats[who]));
        let may = match mishap {
            Mishap::Pause => !is_paused && !waits,
            Mishap::GoOn => is_paused,
            Mishap::Expire | Mishap::Kill => shop.can_befall(who, mishap),
        };
        return if may { Ok(()) } else { Err(Why::NotNow(mishap)) };
    }
    if script.is_paused[who] && !buyer.has_left() {
        return Err(Why::Paused(step.buyer));
    }
    if let Some((waited, since)) = script.waiting(step.buyer) {
        let holder = shop.model.waits_for(&shop.seats, who, buyer.next());
        let holder = holder.map_or(waited.holder, |holder| holder as u32 + 1);
        let sent = Sent { request: waited.step, place: *since };
        return Err(Why::Waits {
            sent,
            kept: Kept { by: Some(holder), held: Vec::new(), is_overtaken: false },
        });
    }
    match buyer.next_letter() {
        None => return Err(Why::Left(step.buyer)),
        Some(letter) if letter != step.letter => return Err(Why::OtherStep(Step { letter, ..step })),
        Some(_) => {}
    }
    if shop.wants(who).is_none()
        && let Some(holder) = shop.model.waits_for(&shop.seats, who, buyer.next())
    {
        let locked_ns = script.open[holder].as_ref().and_then(|purchase| purchase.steps.get().locked_ns);
        let (buyer, since) = (holder as u32 + 1, locked_ns.unwrap_or(0) as usize);
        return Err(Why::Locked(Holder { buyer, since }));
    }
    Ok(())
}

/// Writes down the purchases while they are made.
struct Script {
    /// Each buyer's open purchase.
    open: Vec<Option<Purchase>>,
    /// Which buyers are paused.
    is_paused: Vec<bool>,
    purchases: Vec<Purchase>,
    /// The requests that had to wait, each with the step that sent it, from 1.
    waits: Vec<(Waited, usize)>,
}

impl Script {
    /// A buyer sends a request: its purchase begins now, even if the answer comes later.
    fn send(&mut self, buyer: u32, now_ns: u64) {
        let called = || Purchase::new(u64::from(buyer), Outcome::Unknown, now_ns, None);
        self.open[buyer as usize - 1].get_or_insert_with(called);
    }

    /// A request has to wait.
    fn wait(&mut self, step: Step, holder: u32, place: usize) {
        self.waits.push((Waited { step, holder, until: None, failed: false }, place));
    }

    /// The request that a buyer waits for, and the step that sent it.
    fn waiting(&self, buyer: u32) -> Option<&(Waited, usize)> {
        self.waits.iter().find(|(waited, _)| waited.step.buyer == buyer && waited.until.is_none())
    }

    fn note(&mut self, taken: &Answer, now_ns: u64) {
        let is_its =
            |waited: &Waited| waited.step.buyer as usize == taken.buyer + 1 && waited.until.is_none();
        if let Some((waited, _)) = self.waits.iter_mut().find(|(waited, _)| is_its(waited)) {
            waited.until = Some(now_ns as usize);
            waited.failed = matches!(taken.reply, Reply::Failed(_));
        }
        let open = &mut self.open[taken.buyer];
        let Some(purchase) = open else { return };
        let mut steps = purchase.steps.get();
        match taken.action {
            Action::Open | Action::Think | Action::Leave => {}
            Action::Begin | Action::Rollback | Action::GiveBack | Action::Watch => {}
            Action::CloseOther | Action::Unlink | Action::ReopenCheck => {}
            Action::LookStale | Action::RemoveStale | Action::HelperUnlock => {}
            // It never got the lock.
            Action::Lock | Action::LockShared | Action::Upgrade
                if matches!(taken.reply, Reply::Failed(_)) => {}
            Action::Lock
            | Action::LockShared
            | Action::Upgrade
            | Action::LockUntilCommit
            | Action::BeginImmediate => steps.locked_ns = Some(now_ns),
            Action::Read | Action::ReadForUpdate | Action::ReadForShare | Action::Count => {
                steps.read_ns = Some(now_ns);
            }
            Action::Truncate => steps.truncated_ns = Some(now_ns),
            Action::Write(_)
            | Action::Fill(_)
            | Action::Insert
            | Action::Decrement
            | Action::Swap(_)
            | Action::Take => steps.written_ns = Some(now_ns),
            Action::Unlock | Action::Commit => steps.unlocked_ns = Some(now_ns),
        }
        purchase.steps = steps.into();
        match (taken.action, taken.reply) {
            (_, Reply::Stock(stock)) => {
                (purchase.seen, purchase.sold_from) = (stock.into(), stock.into());
            }
            (_, Reply::Sold(from)) => purchase.sold_from = from.into(),
            // Not sold from the stock that was seen: that had changed.
            (_, Reply::Missed) => purchase.sold_from = None.into(),
            (Action::Read, Reply::Torn(text)) => purchase.torn = Some(Box::new(text)),
            _ => {}
        }
        if let Some(ending) = taken.ending
            && let Some(mut purchase) = open.take()
        {
            purchase.outcome = ending.outcome;
            purchase.fault = ending.fault;
            // The purchase of a killed buyer has no return.
            let is_killed = ending.fault.is_some_and(|fault| fault.kind == FaultKind::Killed);
            purchase.return_ns = (!is_killed).then_some(now_ns).into();
            self.purchases.push(purchase);
        }
    }
}
