//! One schedule on the model, step by step, and its history.

use super::Setting;
use super::shop::Shop;
use crate::history::{Header, History, Outcome, Purchase};
use crate::protocol::{Action, Reply};
use crate::schedule::{Schedule, Step};
use crate::world::{Model, Took};

/// Why a schedule can't be followed, and from which step on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {place}{}: {why}", step.map(|step| format!(" ({step})")).unwrap_or_default())]
pub struct Refusal {
    /// Which step, from 1.
    pub place: usize,
    /// The step; `None` where the schedule ends too early.
    pub step: Option<Step>,
    /// Why.
    pub why: Why,
}

/// Why a step can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// There are fewer buyers.
    #[error("the last buyer is buyer {0}")]
    NoSuchBuyer(u32),
    /// It is another step's turn.
    #[error("this buyer's next step is {0}")]
    OtherStep(Step),
    /// The buyer has no step left.
    #[error("this buyer has left")]
    Left,
    /// The lock is held.
    #[error("the lock refuses it: buyer {holder} has held it since step {since}")]
    Locked {
        /// By this buyer, from 1.
        holder: u32,
        /// Since this step, from 1.
        since: usize,
    },
    /// The schedule ends before all buyers have left.
    #[error("the schedule ends here, but buyer {0} has not left")]
    TooShort(u32),
}

/// The history of a schedule: what the buyers do when they take their steps in this order. A time in it
/// is the number of a step, in nanoseconds.
///
/// # Errors
/// When the buyers can't take their steps in this order, or the order ends too early.
pub fn rehearse(setting: &Setting, schedule: &Schedule) -> Result<History, Refusal> {
    let mut shop = Shop::new(setting, setting.model());
    let mut script = Script { open: vec![None; setting.buyers as usize], purchases: Vec::new() };
    for (step, place) in schedule.0.iter().zip(1..) {
        let refused = |why| Refusal { place, step: Some(*step), why };
        check(setting, &shop, &script, *step).map_err(refused)?;
        let taken = shop.step(step.buyer as usize - 1).ok_or_else(|| refused(Why::Left))?;
        script.note(step.buyer, &taken, place as u64);
    }
    let end = schedule.0.len() as u64 + 1;
    shop.give_up(|place, took| script.note(place as u32 + 1, took, end));
    if let Some(place) = shop.contenders.iter().position(|contender| contender.wants().is_some()) {
        let why = Why::TooShort(place as u32 + 1);
        return Err(Refusal { place: schedule.0.len() + 1, step: None, why });
    }
    let (remaining, left_torn) = match shop.model.look() {
        Reply::Stock(stock) => (Some(stock), None),
        Reply::Torn(text) => (None, Some(String::from_utf8_lossy(text.bytes()).into_owned())),
        Reply::Done | Reply::Sold(_) | Reply::Missed | Reply::Failed(_) => (None, None),
    };
    let header =
        Header { initial: Some(setting.tickets), remaining, left_torn, ..Header::of_plan(setting.plan()) };
    Ok(History { header, purchases: script.purchases })
}

fn check(setting: &Setting, shop: &Shop<impl Model>, script: &Script, step: Step) -> Result<(), Why> {
    let Some(contender) = (step.buyer as usize).checked_sub(1).and_then(|place| shop.contenders.get(place))
    else {
        return Err(Why::NoSuchBuyer(setting.buyers));
    };
    match contender.wants() {
        None => return Err(Why::Left),
        Some(letter) if letter != step.letter => return Err(Why::OtherStep(Step { letter, ..step })),
        Some(_) => {}
    }
    if contender.waits(&shop.model)
        && let Some(holder) = (0..shop.contenders.len()).find(|place| {
            *place + 1 != step.buyer as usize && shop.contenders[*place].keeps_out(&shop.model, contender)
        })
    {
        let locked_ns = script.open[holder].as_ref().and_then(|purchase| purchase.steps.locked_ns);
        return Err(Why::Locked { holder: holder as u32 + 1, since: locked_ns.unwrap_or(0) as usize });
    }
    Ok(())
}

/// The purchases, as they are made.
struct Script {
    /// The purchase that each buyer is in.
    open: Vec<Option<Purchase>>,
    purchases: Vec<Purchase>,
}

impl Script {
    fn note(&mut self, buyer: u32, taken: &Took, now_ns: u64) {
        let open = &mut self.open[buyer as usize - 1];
        let called = || Purchase::new(u64::from(buyer), Outcome::Unknown, now_ns, None);
        let purchase = open.get_or_insert_with(called);
        let steps = &mut purchase.steps;
        match taken.action {
            Action::Open | Action::Think | Action::Leave => {}
            Action::Begin | Action::Rollback | Action::GiveBack => {}
            Action::CloseOther | Action::Unlink | Action::ReopenCheck => {}
            // It never got it.
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
        match (taken.action, taken.reply) {
            (Action::Read, Reply::Stock(stock)) => {
                (purchase.seen, purchase.sold_from) = (Some(stock), Some(stock));
            }
            (Action::Read, Reply::Torn(text)) => purchase.torn = Some(text),
            _ => {}
        }
        if let Some(ending) = taken.ending
            && let Some(mut purchase) = open.take()
        {
            purchase.outcome = ending.outcome;
            purchase.fault = ending.fault;
            purchase.return_ns = Some(now_ns);
            self.purchases.push(purchase);
        }
    }
}
