//! One pass over all purchases, to see which rules apply at all. So rules for rare cases cost most histories no pass
//! over a million purchases.

use super::Place;
use super::lost::{self, Lost};
use crate::history::{History, Outcome};
use crate::stock::Stock;

/// What occurs in the purchases of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// A purchase is of several tickets.
    pub(super) several: bool,
    /// A purchase may have raised the stock.
    pub(super) raises: bool,
    /// A purchase belongs to an order.
    pub(super) orders: bool,
    /// A purchase has a fault.
    pub(super) faults: bool,
    /// A purchase met a torn text.
    pub(super) torn: bool,
    /// A purchase was refused although it says that it saw stock.
    pub(super) refused_from_stock: bool,
    /// All purchases are receipts that say what they were sold from, or had no effect.
    pub(super) plain: bool,
    /// The lowest stock that a purchase saw or left.
    pub(super) lowest: Option<Stock>,
    /// The highest stock that a purchase saw or was sold from.
    pub(super) highest: Option<Stock>,
    /// The hosts that were lost during the sale.
    pub(super) lost: Vec<Lost>,
    /// For each outcome, in the order of [`Outcome::ALL`]: the number of purchases, and of their tickets.
    counts: [(u64, u64); Outcome::ALL.len()],
    /// The receipts that say what they were sold from, in the order of the history.
    pub(super) receipts: Vec<(Stock, Place)>,
}

impl Survey {
    /// Looks at all purchases.
    pub(super) fn of(history: &History) -> Self {
        let mut survey = Self { lost: lost::of(history), ..Self::default() };
        survey.receipts.reserve_exact(history.purchases.len());
        let (mut lowest, mut highest) = (Stock::MAX, Stock::MIN);
        for (purchase, place) in history.purchases.iter().zip(0..) {
            let quantity = purchase.quantity;
            let count = &mut survey.counts[purchase.outcome as usize];
            *count = (count.0 + 1, count.1.saturating_add(quantity.into()));
            survey.several |= quantity != 1;
            survey.raises |= purchase.may_raise();
            survey.orders |= purchase.order != 0;
            survey.faults |= purchase.fault.is_some();
            survey.torn |= purchase.torn.is_some();
            if let Some(seen) = purchase.seen.get() {
                lowest = lowest.min(seen);
                highest = highest.max(seen);
            }
            let Some(sold_from) = purchase.sold_from.get() else { continue };
            highest = highest.max(sold_from);
            match purchase.outcome {
                Outcome::Bought => {
                    lowest = lowest.min(sold_from.saturating_sub(quantity.into()));
                    survey.receipts.push((sold_from, place));
                }
                Outcome::Refused => survey.refused_from_stock |= sold_from > 0,
                Outcome::Failed | Outcome::Unknown | Outcome::Returned | Outcome::Read => {}
            }
        }
        let receipts = survey.receipts.len() as u64;
        let others = survey.count(Outcome::Refused) + survey.count(Outcome::Unknown);
        survey.plain = receipts == survey.count(Outcome::Bought) && others == 0;
        survey.lowest = Some(lowest).filter(|_| highest > Stock::MIN);
        survey.highest = Some(highest).filter(|_| highest > Stock::MIN);
        survey
    }

    /// How many purchases have this outcome.
    pub(super) fn count(&self, outcome: Outcome) -> u64 {
        self.counts[outcome as usize].0
    }

    /// How many tickets the purchases with this outcome are about.
    pub(super) fn tickets(&self, outcome: Outcome) -> u64 {
        self.counts[outcome as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Purchase;

    #[test]
    fn it_sees_what_there_is() {
        let of = |purchases| Survey::of(&History { purchases, ..History::default() });
        assert_eq!(of(Vec::new()), Survey { plain: true, ..Survey::default() });
        let bought = Purchase { quantity: 2, ..Purchase::new(1, Outcome::Bought, 1, Some(2)).from_stock(1) };
        let survey = of(vec![Purchase::new(1, Outcome::Failed, 1, None), bought]);
        assert!(survey.several && survey.plain && !survey.raises && !survey.refused_from_stock);
        assert_eq!((survey.lowest, survey.highest, &survey.receipts), (Some(-1), Some(1), &vec![(1, 1)]));
        assert_eq!((survey.count(Outcome::Bought), survey.tickets(Outcome::Bought)), (1, 2));
        let early = Purchase::new(1, Outcome::Refused, 1, Some(2)).from_stock(3);
        let back = Purchase::new(1, Outcome::Returned, 1, Some(2));
        let survey = of(vec![early, back]);
        assert!(survey.refused_from_stock && survey.raises && !survey.plain);
    }
}
