//! A lock that ends by itself: its holder is paused beyond its lease, another takes over, and the first one goes on as
//! if nothing had happened. A flock lasts until its holder unlocks it.

use serde::Serialize;

use super::stage::Stage;
use super::staged::{Happened, Orders, make, on_file};
use super::{Claim, Lecture, LessonError, Used, failed};
use crate::explore::Setting;
use crate::lang::lesson::leases as text;
use crate::paths::temporary_folder;
use crate::protocol::file::{FileChoices, Lock, Write};
use crate::protocol::{Allowed, Choices, Mishap, Mishaps};
use crate::report::replay::text::step_lines;
use crate::report::text::LOUD;
use crate::schedule::Schedule;
use crate::verdict::Ruling;

/// How long a lease lasts.
const LEASE_MS: u64 = 100;
/// The holder is paused, its lease runs out, another buys, and the first one goes on.
const PAUSED_AWAY: &str = "L1 R1 P1 X1 L2 R2 W2 U2 G1 W1 U1";
/// The same pause under a lock that does not end by itself.
const PAUSED: &str = "L1 R1 P1 G1 W1 U1 L2 R2 U2";

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    lease_ns: u64,
    lease: Tried,
    flock: Tried,
    /// From the second buyer's receipt until the first one wrote over it, in nanoseconds.
    wrote_after_ns: Option<u64>,
}

/// One lock.
#[derive(Clone, Debug, Serialize)]
struct Tried {
    /// Of all orders, in which a lease may end at any time.
    orders: Orders,
    happened: Happened,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang, LEASE_MS));
    let lease_ns = LEASE_MS * 1_000_000;
    let choices = FileChoices { lease_ns: Some(lease_ns), ..FileChoices::new(Lock::Lease, Write::Overwrite) };
    let (lease, steps, wrote_after_ns) = pause(stage, choices, PAUSED_AWAY)?;
    stage.line(&stage.painted(LOUD, &text::lease(lang, lease.orders.unsound, lease.orders.all)));
    stage.line(stage.in_voice(&steps).trim_end());
    let (flock, ..) = pause(stage, FileChoices::new(Lock::Flock, Write::Overwrite), PAUSED)?;
    let flock_words =
        text::flock(lang, flock.orders.unsound, flock.orders.all, PAUSED, flock.happened.receipts);
    stage.line(&stage.painted(LOUD, &flock_words));
    let claims = vec![
        Claim::new(
            "the_lease_sold_it_twice",
            lease.orders.unsound > 0
                && lease.happened.receipts == 2
                && lease.happened.verdict == Ruling::Unsound,
            text::sold_twice(lang),
        ),
        Claim::new("the_first_wrote_last", wrote_after_ns.is_some(), text::wrote_last(lang)),
        Claim::new(
            "flock_outlasts_a_pause",
            flock.orders.unsound == 0
                && flock.happened.receipts == 1
                && flock.happened.verdict == Ruling::Sound,
            text::outlasts(lang),
        ),
    ];
    Ok((Facts { lease_ns, lease, flock, wrote_after_ns }, claims, text::why(lang)))
}

/// What all orders come to, and this one; its steps in words; how long after the second buyer's the first one's write was.
fn pause(
    stage: &Stage<'_>,
    choices: FileChoices,
    schedule: &str,
) -> Result<(Tried, String, Option<u64>), LessonError> {
    let leases = if choices.lock == Lock::Lease { Allowed::Any } else { Allowed::default() };
    let mishaps = Mishaps::none().with(Mishap::Expire, leases);
    let (orders, _) = Orders::of(&Setting { mishaps, ..Setting::new(Choices::File(choices), 2, 1) });
    let folder = temporary_folder().map_err(failed(Used::Folder))?;
    // It is ours, and can be read.
    let schedule: Schedule = schedule.parse().unwrap_or_default();
    let (happened, replayed) = make(stage, &on_file(choices, folder.path()), &schedule)?;
    let steps = step_lines(&replayed.steps, stage.lang, usize::MAX);
    let of =
        |buyer: u64| replayed.sold.history.purchases.iter().find(move |purchase| purchase.buyer == buyer);
    let written_ns = of(1).and_then(|purchase| purchase.steps.get().written_ns);
    let returned_ns = of(2).and_then(|purchase| purchase.return_ns.get());
    let after_ns = written_ns.zip(returned_ns).and_then(|(written, returned)| written.checked_sub(returned));
    Ok((Tried { orders, happened }, steps, after_ns))
}
