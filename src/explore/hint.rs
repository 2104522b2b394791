//! The shortest way from where buyers stand now to an oversell.

use std::collections::{HashSet, VecDeque};

use super::contender::Shop;
use super::{Refusal, Setting, Why};
use crate::schedule::{Schedule, Step};

/// What can be said of the way to an oversell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// These steps lead there, and no fewer do.
    Steps(Schedule),
    /// It has oversold already.
    Oversold,
    /// No order of the steps that are left leads there.
    Never,
    /// None was found within the bound on states.
    TooFar,
}

/// A state that was met, and how: from which other, by which step.
struct Met {
    from: usize,
    step: Option<Step>,
}

/// Looks for the shortest way to an oversell for buyers that have taken these steps, through at most
/// `max_states` states of the model.
///
/// # Errors
/// When the buyers can't take these steps.
pub fn hint(setting: &Setting, taken: &Schedule, max_states: usize) -> Result<Hint, Refusal> {
    let mut shop = Shop::new(setting);
    for (step, place) in taken.0.iter().zip(1..) {
        let refused = |why| Refusal { place, step: Some(*step), why };
        let buyer = (step.buyer as usize)
            .checked_sub(1)
            .filter(|buyer| *buyer < shop.contenders.len())
            .ok_or_else(|| refused(Why::NoSuchBuyer(setting.buyers)))?;
        shop.step(buyer).ok_or_else(|| refused(Why::Left))?;
    }
    if shop.course.receipts() > setting.tickets {
        return Ok(Hint::Oversold);
    }
    let mut seen = HashSet::from([shop.state()]);
    let mut met = vec![Met { from: 0, step: None }];
    let mut queue = VecDeque::from([(0, shop)]);
    while let Some((from, shop)) = queue.pop_front() {
        for place in shop.able() {
            let mut next = shop.clone();
            let Some(taken) = next.step(place) else { continue };
            let step = Some(Step { kind: taken.kind, buyer: place as u32 + 1 });
            if next.course.receipts() > setting.tickets {
                met.push(Met { from, step });
                return Ok(Hint::Steps(way(&met)));
            }
            if seen.insert(next.state()) {
                if met.len() >= max_states {
                    return Ok(Hint::TooFar);
                }
                met.push(Met { from, step });
                queue.push_back((met.len() - 1, next));
            }
        }
    }
    Ok(Hint::Never)
}

/// The steps that led to the last state.
fn way(met: &[Met]) -> Schedule {
    let mut steps = Vec::new();
    let mut at = met.len() - 1;
    while let Some(Met { from, step: Some(step) }) = met.get(at) {
        steps.push(*step);
        at = *from;
    }
    steps.reverse();
    Schedule(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Lock, LockOn, PerBuyer, Sale, Write};

    fn hint_after(lock: Lock, write: Write, tickets: u64, taken: &str) -> Hint {
        let sale = Sale {
            lock,
            lock_on: LockOn::Ticket,
            write,
            fsync: false,
            lock_timeout_ns: None,
            break_stale: false,
        };
        let setting = Setting { buyers: 2, tickets, per_buyer: PerBuyer::ONE, sale };
        hint(&setting, &taken.parse().expect("a schedule"), 100_000).expect("steps that can be taken")
    }

    fn steps(text: &str) -> Hint {
        Hint::Steps(text.parse().expect("a schedule"))
    }

    #[test]
    fn it_finds_the_shortest_way_from_where_they_stand() {
        let free = |taken| hint_after(Lock::None, Write::Overwrite, 1, taken);
        assert_eq!(free(""), steps("R1 R2 W1 W2"));
        assert_eq!(free("R2"), steps("R1 W1 W2"));
        assert_eq!(free("R1 R2 W2"), steps("W1"));
        assert_eq!(free("R1 R2 W2 W1"), Hint::Oversold);
        assert_eq!(free("R1 W1"), Hint::Never);
        assert_eq!(hint_after(Lock::None, Write::Overwrite, 2, ""), Hint::Never, "two tickets for two");
        assert_eq!(hint_after(Lock::Flock, Write::Overwrite, 1, ""), Hint::Never, "under the lock");
        let trap = hint_after(Lock::Flock, Write::Rename, 1, "O1 L1 R1");
        assert_eq!(trap, Hint::Never, "who opens the new file reads what is in it");
    }

    #[test]
    fn it_says_when_the_bound_was_met_and_what_can_not_be() {
        let sale = Sale {
            lock: Lock::None,
            lock_on: LockOn::Ticket,
            write: Write::Overwrite,
            fsync: false,
            lock_timeout_ns: None,
            break_stale: false,
        };
        let setting = Setting { buyers: 4, tickets: 3, per_buyer: PerBuyer::ONE, sale };
        assert_eq!(hint(&setting, &Schedule::default(), 5), Ok(Hint::TooFar));
        assert!(hint(&setting, &"R5".parse().expect("a schedule"), 5).is_err());
    }
}
