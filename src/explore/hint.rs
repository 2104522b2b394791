//! The shortest way from the buyers' present state to an oversell.

use std::collections::{HashMap, HashSet, VecDeque};

use super::shop::Shop;
use super::{Setting, with_model_of};
use crate::buyer::Buyer;
use crate::protocol::Mishap;
use crate::schedule::{Schedule, Step, Unfollowed, Why};
use crate::stock::tickets_between;
use crate::world::{Model, Turn};

/// The way to an oversell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// These steps lead there; fewer do not.
    Steps(Schedule),
    /// It has oversold already.
    Oversold,
    /// No order of the remaining steps leads there.
    Never,
    /// None was found within the bound on states.
    TooFar,
}

/// A state, and how it was reached: from which other state, by which step.
struct Met {
    from: usize,
    step: Option<Step>,
}

/// Numbers for the places of buyers: buyers at the same place have the same number.
struct Stands<M: Model>(HashMap<(Buyer, M::Seat), u32>);

impl<M: Model> Stands<M> {
    /// The number of each buyer's place.
    fn of(&mut self, shop: &Shop<M>) -> Vec<u32> {
        let mut number = |(buyer, seat): (&Buyer, &M::Seat)| {
            let next = self.0.len() as u32;
            *self.0.entry((buyer.clone(), seat.clone())).or_insert(next)
        };
        shop.buyers.iter().zip(&shop.seats).map(&mut number).collect()
    }
}

/// Searches the shortest way to an oversell for buyers that have taken these steps, through at most `max_states` states
/// of the model.
///
/// # Errors
/// When the buyers can't take these steps.
pub fn hint(setting: &Setting, taken: &Schedule, max_states: usize) -> Result<Hint, Unfollowed> {
    with_model_of!(setting, model => hint_on(model, setting, taken, max_states))
}

fn hint_on<M: Model>(
    model: M,
    setting: &Setting,
    taken: &Schedule,
    max_states: usize,
) -> Result<Hint, Unfollowed> {
    let mut shop = Shop::new(setting, model);
    for (step, place) in taken.0.iter().zip(1..) {
        let unfollowed = |why| Unfollowed::at(place, *step, why);
        let buyer = (step.buyer as usize)
            .checked_sub(1)
            .filter(|buyer| *buyer < shop.buyers.len())
            .ok_or_else(|| unfollowed(Why::NoSuchBuyer(setting.buyers)))?;
        match Mishap::of(step.letter) {
            // A pause adds nothing: schedules in which only others step are searched anyway.
            Some(Mishap::Pause | Mishap::GoOn) => continue,
            Some(mishap) if !shop.can_befall(buyer, mishap) => return Err(unfollowed(Why::NotNow(mishap))),
            Some(mishap) => shop.take(buyer, Turn::Mishap(mishap), |_| ()),
            None => shop.step(buyer, |_| ()),
        }
        .ok_or_else(|| unfollowed(Why::Left(step.buyer)))?;
    }
    if shop.past.receipts() > tickets_between(setting.tickets, 0) {
        return Ok(Hint::Oversold);
    }
    // Buyers at the same place are interchangeable: a state is the set of places without the buyers' numbers, and one
    // of several equal buyers steps for all of them.
    let mut stands = Stands::<M>(HashMap::new());
    let mut state = |shop: &Shop<M>| {
        let mut crowd = stands.of(shop);
        crowd.sort_unstable();
        (shop.model.clone(), crowd, shop.past.clone())
    };
    let mut seen = HashSet::from([state(&shop)]);
    let mut met = vec![Met { from: 0, step: None }];
    let mut queue = VecDeque::from([(0, shop)]);
    while let Some((from, shop)) = queue.pop_front() {
        let mut tried: HashSet<(&Buyer, &M::Seat, Turn)> = HashSet::new();
        let is_new =
            |(place, turn): &(usize, Turn)| tried.insert((&shop.buyers[*place], &shop.seats[*place], *turn));
        for (place, turn) in shop.turns().filter(is_new) {
            let mut next = shop.clone();
            let Some(letter) = next.take(place, turn, |_| ()) else { continue };
            let step = Some(Step { letter, buyer: place as u32 + 1 });
            if next.past.receipts() > tickets_between(setting.tickets, 0) {
                met.push(Met { from, step });
                return Ok(Hint::Steps(way(&met)));
            }
            if seen.insert(state(&next)) {
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
    use crate::protocol::Choices;
    use crate::protocol::file::{FileChoices, Lock, LockOn, Write};

    fn hint_after(lock: Lock, write: Write, tickets: i64, taken: &str) -> Hint {
        let choices = FileChoices { lock_on: LockOn::Ticket, ..FileChoices::new(lock, write) };
        let setting = Setting::new(Choices::File(choices), 2, tickets);
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
    fn buyers_that_stand_alike_are_one_case() {
        let hint_for = |buyers, tickets, lock| {
            let choices = FileChoices::new(lock, Write::Overwrite);
            let setting = Setting::new(Choices::File(choices), buyers, tickets);
            hint(&setting, &Schedule::default(), 100_000)
        };
        let Ok(Hint::Steps(steps)) = hint_for(7, 6, Lock::None) else { panic!("a way for seven buyers") };
        assert_eq!(steps.0.len(), 14, "seven purchases of two steps: {steps}");
        assert_eq!(hint_for(14, 1, Lock::Flock), Ok(Hint::Never));
    }

    #[test]
    fn it_says_when_the_bound_was_met_and_what_can_not_be() {
        let choices = FileChoices::new(Lock::None, Write::Overwrite);
        let setting = Setting::new(Choices::File(choices), 4, 3);
        assert_eq!(hint(&setting, &Schedule::default(), 5), Ok(Hint::TooFar));
        assert!(hint(&setting, &"R5".parse().expect("a schedule"), 5).is_err());
    }
}
