//! The order in which purchases held the lock, and whether the stock fits that order: what an exclusive lock proves.
//!
//! If no two purchases held the lock at the same time, they have an order, and each finds the stock that the one before
//! left. If it finds a lower stock, another program sold; if it finds a higher one, another program wrote it. That
//! program need not have put tickets on sale: one that reads outside the lock and writes inside it puts an old stock
//! back, and looks the same. So a rise is reported and its cause left open, unless it is declared that others put
//! tickets on sale under the lock.

use super::{Place, Rise};
use crate::fault::FaultKind;
use crate::history::{History, Outcome, Purchase};
use crate::stock::{Stock, tickets_between};

/// How the stock changed between holds of the lock.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Holds {
    /// The first rise.
    pub(super) first: Option<Rise>,
    /// How many rises there are.
    pub(super) rises: u64,
    /// By how many tickets the stock rose in all.
    pub(super) put_on_sale: u64,
    /// How many tickets disappeared between holds.
    pub(super) sold_by_others: u64,
    /// Unanswered purchases that may have taken a ticket that is gone.
    pub(super) suspects: Vec<Place>,
}

/// What is known of the stock after a hold.
#[derive(Clone, Copy)]
enum Left {
    Known(Stock),
    /// The purchase had begun to write this stock less one; whether it did is not known.
    Perhaps(Stock, Place),
    Unknown,
}

/// Whether no two purchases held the lock at the same time, by their recorded times; `None` if none says when it got
/// the lock. A buyer records the lock after it got it, and its write before it unlocks, so a lock that keeps buyers
/// apart never looks otherwise.
#[must_use]
pub fn kept_apart(history: &History) -> Option<bool> {
    let mut holds: Vec<(u64, u64)> = history.purchases.iter().filter_map(|p| held(p, true)).collect();
    holds.sort_unstable();
    let apart = holds.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    (!holds.is_empty()).then_some(apart)
}

/// Puts the holds into their order. `None` if they have none: the lock kept nobody out, or it is not known when it was
/// held.
pub(super) fn judge(history: &History) -> Option<Holds> {
    let header = &history.header;
    if !header.exclusive && !header.in_turn {
        return None;
    }
    let mut order: Vec<(u64, u64, Place)> = Vec::with_capacity(history.purchases.len());
    for (purchase, place) in history.purchases.iter().zip(0..) {
        match held(purchase, header.exclusive) {
            Some((from_ns, until_ns)) => order.push((from_ns, until_ns, place)),
            // It saw or may have changed the stock, but it is not known when.
            None if purchase.seen.get().is_some() || purchase.outcome == Outcome::Unknown => return None,
            None => {}
        }
    }
    order.sort_unstable();
    if order.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return None;
    }
    let mut holds = Holds::default();
    let mut left = header.initial.map_or(Left::Unknown, Left::Known);
    let mut before = None;
    for (.., place) in order {
        let purchase = &history.purchases[place as usize];
        holds.meets(left, purchase.seen.get(), before, Some(place));
        left = left_by(purchase, place);
        before = Some(place);
    }
    holds.meets(left, header.remaining, before, None);
    Some(holds)
}

impl Holds {
    /// Compares what a hold left with what the next one found.
    fn meets(&mut self, left: Left, met: Option<Stock>, before: Option<Place>, after: Option<Place>) {
        let Some(met) = met else { return };
        let left = match left {
            Left::Unknown => return,
            Left::Known(left) => left,
            Left::Perhaps(seen, suspect) if met < seen => {
                self.suspects.push(suspect);
                seen - 1
            }
            Left::Perhaps(seen, _) => seen,
        };
        self.sold_by_others = self.sold_by_others.saturating_add(tickets_between(left, met));
        let rose_by = tickets_between(met, left);
        if rose_by > 0 {
            self.rises += 1;
            self.put_on_sale = self.put_on_sale.saturating_add(rose_by);
            self.first = self.first.or(Some(Rise { before, after, from: left, to: met }));
        }
    }
}

/// The interval of the recorded steps in which a purchase held the lock. Without a lock, for buyers that come one after
/// the other, the whole purchase.
fn held(purchase: &Purchase, locks: bool) -> Option<(u64, u64)> {
    let steps = purchase.steps.get();
    let from_ns = if locks { steps.locked_ns? } else { purchase.invoke_ns };
    let until_ns = [steps.written_ns, steps.truncated_ns, steps.read_ns].into_iter().max().flatten();
    Some((from_ns, until_ns.unwrap_or(from_ns).max(from_ns)))
}

/// What a purchase left in the store.
fn left_by(purchase: &Purchase, place: Place) -> Left {
    let Some(seen) = purchase.seen.get() else { return Left::Unknown };
    match purchase.outcome {
        Outcome::Bought => purchase.leaves().map_or(Left::Unknown, Left::Known),
        Outcome::Refused | Outcome::Read => Left::Known(seen),
        Outcome::Returned => Left::Known(seen.saturating_add(Stock::from(purchase.quantity))),
        // A failed write may have left anything.
        Outcome::Failed if purchase.fault.is_some_and(|fault| fault.kind == FaultKind::Write) => {
            Left::Unknown
        }
        Outcome::Failed => Left::Known(seen),
        Outcome::Unknown if purchase.gives_back || purchase.quantity != 1 => Left::Unknown,
        Outcome::Unknown => Left::Perhaps(seen, place),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::ChaCha8Rng;

    use crate::history::{Header, History, Outcome, Purchase, Steps};
    use crate::stock::Stock;
    use crate::verdict::{AnomalyKind, Ruling, Unjudged, judge};

    /// What others did between the purchases of a locked sale.
    struct Others {
        put_on_sale: u64,
        sold: u64,
    }

    /// Purchases under an exclusive lock, while others put tickets on sale and sell some under the same lock. Waiting
    /// for the lock overlaps with the holds of others.
    fn a_locked_sale(rng: &mut ChaCha8Rng, restocks: bool) -> (History, Others) {
        let initial: Stock = rng.random_range(1..6);
        let (mut stock, mut now_ns) = (initial, 100_u64);
        let mut others = Others { put_on_sale: 0, sold: 0 };
        let mut purchases = Vec::new();
        for buyer in 1..=rng.random_range(2..12_u64) {
            if rng.random_bool(0.3) {
                let put = rng.random_range(1..4_u64);
                stock += put as Stock;
                others.put_on_sale += put;
            }
            if stock > 0 && rng.random_bool(0.2) {
                stock -= 1;
                others.sold += 1;
            }
            let at = |step: u64| Some(now_ns + step);
            let outcome = if stock > 0 { Outcome::Bought } else { Outcome::Refused };
            let steps = Steps {
                locked_ns: at(0),
                read_ns: at(1),
                written_ns: at(2).filter(|_| stock > 0),
                // Recorded after the unlock: the next buyer may have the lock already.
                unlocked_ns: at(rng.random_range(3..6)),
                ..Steps::default()
            };
            let called_ns = now_ns - rng.random_range(0..50);
            let purchase = Purchase::new(buyer, outcome, called_ns, steps.unlocked_ns).from_stock(stock);
            purchases.push(Purchase { steps: steps.into(), ..purchase });
            stock = (stock - 1).max(0);
            now_ns += 4;
        }
        // In no particular order.
        purchases.sort_by_key(|purchase| purchase.invoke_ns);
        let header = Header {
            initial: Some(initial),
            remaining: Some(stock),
            outsiders: true,
            exclusive: true,
            restocks,
            ..Header::default()
        };
        (History { header, purchases }, others)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn restocks_under_the_lock_are_never_called_a_race(seed in any::<u64>()) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (history, others) = a_locked_sale(&mut rng, false);
            let verdict = judge(&history);
            prop_assert!(verdict.ruling != Ruling::Unsound, "{verdict:#?}\n{history:#?}");
            // If no stock rose, it is judged as usual; a rise that sales hide does not count.
            let rose = verdict.unjudged.iter().any(|reason| matches!(reason, Unjudged::Rose { .. }));
            prop_assert!(rose || verdict.ruling == Ruling::Sound);
            prop_assert!(others.put_on_sale > 0 || !rose);

            let mut declared = history;
            declared.header.restocks = true;
            let verdict = judge(&declared);
            prop_assert_eq!(verdict.ruling, Ruling::Sound, "{:#?}\n{:#?}", verdict, declared);
            // If one restocks while another sells, only the difference is seen.
            let ledger = verdict.ledger;
            let seen = ledger.restocked as i128 - ledger.outside_sales as i128;
            prop_assert_eq!(seen, others.put_on_sale as i128 - others.sold as i128);
        }

        /// The control: if the lock let two in, it proves nothing, and a ticket sold twice is a race even with declared
        /// restocks.
        #[test]
        fn a_lock_that_kept_nobody_out_proves_nothing(seed in any::<u64>(), restocks in any::<bool>()) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (mut history, _) = a_locked_sale(&mut rng, restocks);
            let receipt = |purchase: &Purchase| purchase.outcome == Outcome::Bought;
            let first = history.purchases.iter().find(|purchase| receipt(purchase));
            prop_assume!(first.is_some());
            let mut twice = first.expect("a receipt").clone();
            twice.buyer += 100;
            // It read before the other wrote.
            let mut steps = twice.steps.get();
            steps.locked_ns.iter_mut().chain(&mut steps.written_ns).for_each(|ns| *ns += 1);
            twice.steps = steps.into();
            history.purchases.push(twice);
            let verdict = judge(&history);
            prop_assert_eq!(verdict.ruling, Ruling::Unsound);
            prop_assert!(verdict.anomaly(AnomalyKind::LostUpdate).is_some());
        }
    }

    #[test]
    fn a_killed_buyer_s_ticket_is_missed_among_restocks() {
        let hold = |buyer: u64, at_ns: u64, outcome, stock: Stock| {
            let steps = Steps { locked_ns: Some(at_ns), read_ns: Some(at_ns + 1), ..Steps::default() };
            let return_ns = Some(at_ns + 2).filter(|_| outcome != Outcome::Unknown);
            Purchase {
                steps: steps.into(),
                ..Purchase::new(buyer, outcome, at_ns, return_ns).from_stock(stock)
            }
        };
        let header = Header {
            initial: Some(1),
            remaining: Some(2),
            outsiders: true,
            exclusive: true,
            restocks: true,
            ..Header::default()
        };
        let purchases = vec![
            hold(1, 10, Outcome::Bought, 1),
            hold(2, 20, Outcome::Unknown, 5),
            hold(3, 30, Outcome::Bought, 4),
            hold(4, 40, Outcome::Bought, 3),
        ];
        let verdict = judge(&History { header, purchases });
        let lost = verdict.anomaly(AnomalyKind::LostStock).expect("the ticket that is gone");
        assert_eq!((lost.count, verdict.ledger.restocked), (1, 5));
    }
}
