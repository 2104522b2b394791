//! What could not be judged or could not show: the reasons why a history is not called sound.

use super::lost::Lost;
use super::survey::Survey;
use super::{Anomaly, Ledger, Place, Rise};
use crate::fault::FaultKind;
use crate::history::{Doubt, History, Outcome, Purchase};

/// Why something could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// This many purchases were counted but not recorded.
    Unrecorded(u64),
    /// The initial stock is not known.
    NoInitial,
    /// The stock rose between our purchases, so another program wrote it. It is not known whether it put tickets on
    /// sale or wrote an older stock back, nor what was sold twice.
    Rose {
        /// How often it rose.
        times: u64,
        /// The first time.
        first: Rise,
    },
    /// The stock was higher than at the start, and it is not known when others wrote it.
    Restocked,
    /// The stock could not be read after the sale, for this reason.
    Unread(String),
    /// There was nothing to sell.
    NothingOnSale,
    /// No purchase bought anything, and none was refused.
    NothingAnswered,
    /// Buyers were killed in the middle of a purchase, and the books do not prove that this was harmless.
    Killed {
        /// How many had not begun to write.
        before_write: u64,
        /// How many had begun to write.
        writing: u64,
    },
    /// A host was lost in the middle of the sale, and what its buyers did afterwards is not known.
    HostLost {
        /// Its place among the header's hosts.
        host: u16,
        /// How many of its buyers may have gone on.
        buyers: u32,
    },
    /// The run was interrupted.
    Interrupted,
    /// Whether an order fits was left undecided, because of this many purchases.
    Order(u64),
    /// It is a race of foreign buyers that did not test this.
    Doubt(Doubt),
    /// A buyer's system call failed.
    SystemError {
        /// The purchase.
        place: Place,
        /// What was tried.
        kind: FaultKind,
        /// errno(3).
        errno: i32,
    },
}

impl Unjudged {
    /// Replaces the places of the purchases that it names.
    pub(super) fn map_places(&mut self, to: impl Fn(Place) -> Place) {
        match self {
            Self::Rose { first, .. } => {
                first.before.iter_mut().chain(&mut first.after).for_each(|place| *place = to(*place));
            }
            Self::SystemError { place, .. } => *place = to(*place),
            _ => {}
        }
    }
}

/// Why a history could show no race: nothing was on sale, or no purchase ended, or buyers were killed and the books
/// leave open what they did.
pub(super) fn not_shown(
    history: &History,
    survey: &Survey,
    ledger: &Ledger,
    anomalies: &[Anomaly],
) -> Vec<Unjudged> {
    let mut reasons = Vec::new();
    if !anomalies.is_empty() {
        return reasons;
    }
    if ledger.initial.is_some_and(|initial| initial <= 0) && ledger.receipts == 0 && ledger.restocked == 0 {
        reasons.push(Unjudged::NothingOnSale);
    } else if ledger.receipts == 0 && ledger.refused == 0 && ledger.returned == 0 && ledger.looks == 0 {
        reasons.push(Unjudged::NothingAnswered);
    }
    if !survey.faults {
        return reasons;
    }
    let killed = |outcome| {
        let by = |purchase: &&Purchase| {
            purchase.outcome == outcome && purchase.fault.is_some_and(|fault| fault.kind == FaultKind::Killed)
        };
        history.purchases.iter().filter(by).count() as u64
    };
    let (before_write, writing) = (killed(Outcome::Failed), killed(Outcome::Unknown));
    // The number of tickets gone equals the number of receipts, so the killed buyers took none.
    let balanced = ledger.initial.zip(ledger.remaining).is_some_and(|(initial, remaining)| {
        i128::from(initial) - i128::from(remaining)
            == i128::from(ledger.receipts) - i128::from(ledger.restocked)
    });
    if before_write + writing > 0 && !balanced {
        reasons.push(Unjudged::Killed { before_write, writing });
    }
    reasons
}

/// What could not be judged.
pub(super) fn of(history: &History, survey: &Survey) -> Vec<Unjudged> {
    let mut reasons = Vec::new();
    let header = &history.header;
    let tally = header.unrecorded;
    if tally != Default::default() {
        let all = tally.bought.saturating_add(tally.refused).saturating_add(tally.failed);
        reasons.push(Unjudged::Unrecorded(all));
    }
    if header.initial.is_none() {
        reasons.push(Unjudged::NoInitial);
    }
    reasons.extend(header.unread.clone().map(Unjudged::Unread));
    let lost = survey.lost.iter();
    reasons.extend(lost.map(|Lost { host, buyers }| Unjudged::HostLost { host: *host, buyers: *buyers }));
    if header.interrupted {
        reasons.push(Unjudged::Interrupted);
    }
    reasons.extend(header.doubts.iter().map(|doubt| Unjudged::Doubt(*doubt)));
    let with_faults = history.purchases.iter().filter(|_| survey.faults);
    let system_error = with_faults.zip(0..).find_map(|(purchase, place)| {
        let fault = purchase.fault?;
        match fault.kind {
            FaultKind::Lock | FaultKind::Unlock | FaultKind::Read | FaultKind::Write => {
                Some(Unjudged::SystemError { place, kind: fault.kind, errno: fault.number })
            }
            FaultKind::Store => Some(Unjudged::SystemError { place, kind: fault.kind, errno: fault.number }),
            // These had no effect, as the database says, or their outcome is unknown anyway.
            FaultKind::Aborted | FaultKind::Constraint | FaultKind::Fenced | FaultKind::AnswerLost => None,
            FaultKind::LockTimeout
            | FaultKind::HolderGone
            | FaultKind::Deadlock
            | FaultKind::Torn
            | FaultKind::Stopped
            | FaultKind::Killed => None,
        }
    });
    reasons.extend(system_error);
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::history::Header;
    use crate::stock::Stock;
    use crate::verdict::{AnomalyKind, Ruling, Verdict, judge};

    fn killed(buyer: u64, outcome: Outcome, stock: Stock) -> Purchase {
        let fault = Some(Fault::plain(FaultKind::Killed));
        Purchase { fault, ..Purchase::new(buyer, outcome, 1, None).from_stock(stock) }
    }

    /// The verdict on a sale of 5 tickets that left `remaining`, in which buyer 1 bought ticket 5.
    fn with(killed: Purchase, remaining: Option<Stock>) -> Verdict {
        let bought = Purchase::new(1, Outcome::Bought, 1, Some(2)).from_stock(5);
        let header = Header { initial: Some(5), remaining, outsiders: true, ..Header::default() };
        judge(&History { header, purchases: vec![bought, killed] })
    }

    #[test]
    fn a_killed_buyer_is_harmless_if_the_books_say_so() {
        let in_thought = || killed(2, Outcome::Failed, 5);
        assert_eq!(with(in_thought(), Some(4)).ruling, Ruling::Sound);
        let expected = [Unjudged::Killed { before_write: 1, writing: 0 }];
        for remaining in [None, Some(3)] {
            let verdict = with(in_thought(), remaining);
            assert_eq!((verdict.ruling, verdict.unjudged.as_slice()), (Ruling::Unknown, expected.as_slice()));
        }
        // A buyer that had begun to write may have taken its ticket or not.
        let writing = || killed(2, Outcome::Unknown, 4);
        assert_eq!(with(writing(), Some(4)).ruling, Ruling::Sound);
        assert_eq!(with(writing(), None).unjudged, [Unjudged::Killed { before_write: 0, writing: 1 }]);
        let verdict = with(writing(), Some(3));
        assert!(verdict.anomaly(AnomalyKind::LostStock).is_some() && verdict.unjudged.is_empty());
    }

    #[test]
    fn where_nothing_could_be_shown_nothing_is_said_to_be_sound() {
        let header =
            |initial| Header { initial: Some(initial), remaining: Some(initial), ..Header::default() };
        let refused = Purchase::new(1, Outcome::Refused, 1, Some(2)).from_stock(0);
        let failed = Purchase::new(1, Outcome::Failed, 1, Some(2));
        let judged = |initial, purchases| judge(&History { header: header(initial), purchases });
        assert_eq!(judged(0, vec![refused.clone()]).unjudged, [Unjudged::NothingOnSale]);
        assert_eq!(judged(3, vec![failed.clone(), failed]).unjudged, [Unjudged::NothingAnswered]);
        assert_eq!(judged(3, Vec::new()).unjudged, [Unjudged::NothingAnswered]);
    }
}
