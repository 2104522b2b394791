//! What the user probably meant by a schedule that can't be read or followed: the most likely mistakes, and the command
//! without them.

use std::borrow::Cow;
use std::ffi::OsString;
use std::num::NonZeroU32;

use crate::explore::{Setting, rehearse};
use crate::plan::{PerBuyer, Plan};
use crate::protocol::Letter;
use crate::protocol::file::{FileChoices, Lock, Write};
use crate::schedule::Schedule;
use crate::shell::shell_quoted;
use crate::store::file::ticket;

/// The command line that was meant, where its first words are steps: `replay` is missing before them. `given` is
/// what follows the name of the program.
pub(super) fn replay_missing(given: &[OsString]) -> Option<String> {
    let given: Vec<Cow<'_, str>> = given.iter().map(|word| word.to_string_lossy()).collect();
    let named = given.iter().take_while(|word| Schedule::meant(word).is_some()).count();
    let steps = Schedule::meant(&given[..named].join(" "))?;
    let words = std::iter::once(steps.to_string()).chain(given[named..].iter().map(ToString::to_string));
    let words: Vec<String> = words.map(|word| shell_quoted(&word)).collect();
    Some(format!("ticketsim replay {}", words.join(" ")))
}

/// The plan that is nearest to this one among those under which these steps can be followed: this one, or one
/// with another lock, another write, more buyers, more purchases each. `None` where there is none.
pub(super) fn plan(plan: &Plan, steps: &Schedule) -> Option<Plan> {
    let given = plan.file()?.choices;
    let FileChoices { lock, write, .. } = given;
    let mut near: Vec<(usize, Plan)> = Vec::new();
    if given.steps.is_some() {
        let usual = changed(plan, given, steps, (lock, write), plan.per_buyer);
        near.push((1, usual.with_choices(|choices| *choices = given.under(lock))));
    }
    for per_buyer in [plan.per_buyer, purchases(steps)] {
        for way in with(write, [Write::Overwrite, Write::Truncate, Write::Rename]) {
            for kind in with(lock, [Lock::None, Lock::Flock]) {
                let other = changed(plan, given, steps, (kind, way), per_buyer);
                let changes = usize::from(kind != lock)
                    + usize::from(other.file().map(|file| file.choices.steps) != Some(given.steps))
                    + usize::from(way != write)
                    + usize::from(other.per_buyer != plan.per_buyer);
                near.push((changes, other));
            }
        }
    }
    // A stable sort: of equally near ones the first, another lock before another write.
    near.sort_by_key(|(changes, _)| *changes);
    near.into_iter().map(|(_, plan)| plan).find(|plan| can_follow(plan, steps))
}

/// The one that is given, and then the others.
fn with<T: Copy + PartialEq>(given: T, all: impl IntoIterator<Item = T>) -> Vec<T> {
    std::iter::once(given).chain(all.into_iter().filter(|one| *one != given)).collect()
}

fn changed(
    plan: &Plan,
    given: FileChoices,
    steps: &Schedule,
    (lock, write): (Lock, Write),
    per_buyer: PerBuyer,
) -> Plan {
    let same = (lock, write) == (given.lock, given.write);
    // The place for the lock and the order of the steps were meant for this lock and this write.
    let FileChoices { lock_on, steps: own, .. } = if same { given } else { FileChoices::new(lock, write) };
    let buyers = plan.buyers.max(steps.buyers());
    let plan = plan
        .clone()
        .with_choices(|choices| *choices = FileChoices { lock, lock_on, write, steps: own, ..given });
    Plan { per_buyer, buyers, ..plan }
}

/// So many purchases as the busiest buyer of these steps begins.
fn purchases(steps: &Schedule) -> PerBuyer {
    let reads = |buyer| steps.0.iter().filter(|step| step.letter == Letter::R && step.buyer == buyer).count();
    let most = steps.0.iter().map(|step| step.buyer).collect::<std::collections::BTreeSet<_>>();
    let most = most.into_iter().map(reads).max().unwrap_or(1);
    PerBuyer::Count(u32::try_from(most).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN))
}

/// Whether the steps can be followed, as far as they go.
fn can_follow(plan: &Plan, steps: &Schedule) -> bool {
    let tickets = plan.tickets.or_else(|| ticket::load(&plan.file()?.file).ok()).unwrap_or(1);
    plan.check().is_ok()
        && rehearse(&Setting::of(plan, tickets), steps)
            .err()
            .is_none_or(|unfollowed| unfollowed.is_too_short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::SchedulePlan;

    fn meant(options: &str, text: &str) -> Option<String> {
        let given: SchedulePlan = serde_json::from_str(options).expect("a plan");
        let steps: Schedule = text.parse().expect("steps");
        let given = given.plan(&steps, "no/such/file".as_ref());
        Some(plan(&given, &steps)?.replay_command(text, steps.buyers()))
    }

    #[test]
    fn the_nearest_plan_is_meant() {
        for (options, steps, meant_options) in [
            ("{}", "R1 R2 W1 W2", Some("--no-lock")),
            (r#"{"lock":"none"}"#, "L1 R1 W1 U1", Some("")),
            (r#"{"lock":"none"}"#, "R1 T1 R2 F1", Some("--no-lock --write truncate")),
            ("{}", "R1 T1 R2 F1", Some("--no-lock --write truncate")),
            (r#"{"write":"truncate"}"#, "R1 R2 W1 W2", Some("--no-lock")),
            (r#"{"lock":"none","tickets":2}"#, "R1 W1 R1", Some("--tickets 2 --no-lock --per-buyer 2")),
            (r#"{"lock":"none","buyers":1}"#, "R1 R2", Some("--no-lock")),
            // Steps of a plan's own, and the usual ones.
            (r#"{"steps":"read lock write unlock"}"#, "L1 R1 W1 U1", Some("")),
            (r#"{"steps":"read lock write unlock"}"#, "R1 R2 W1 W2", Some("--no-lock")),
            (
                r#"{"steps":"read lock write unlock"}"#,
                "R1 L1 W1 U1",
                Some("--steps 'read lock write unlock'"),
            ),
            // The control: what can be followed stays as it is.
            (r#"{"lock":"ofd"}"#, "L1 R1 W1", Some("--lock ofd")),
            // Nothing helps: a lock is a lock, and a read comes first.
            ("{}", "L1 L2", None),
            ("{}", "W1", None),
        ] {
            let command = |more: &str| {
                format!("ticketsim replay '{steps}' {more} --file no/such/file").replace("  ", " ")
            };
            assert_eq!(meant(options, steps), meant_options.map(command), "{options} {steps}");
        }
    }
}
