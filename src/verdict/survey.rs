//! One look at all purchases: which of the rules have anything to say at all. What most histories do not have
//! costs them no walk through a million purchases.

use crate::history::{History, Outcome};
use crate::stock::Stock;

/// What there is among the purchases of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// One is of several tickets.
    pub(super) several: bool,
    /// One may have raised the stock.
    pub(super) raises: bool,
    /// Somebody looked.
    pub(super) looks: bool,
    /// One belongs to an order.
    pub(super) orders: bool,
    /// One has a fault.
    pub(super) faults: bool,
    /// One met a torn text.
    pub(super) torn: bool,
    /// One was refused although it says that it met stock.
    pub(super) refused_from_stock: bool,
    /// The lowest stock that one saw, or left.
    pub(super) lowest: Option<Stock>,
    /// The highest stock that one saw, or was sold from.
    pub(super) highest: Option<Stock>,
}

impl Survey {
    /// Looks at all purchases.
    pub(super) fn of(history: &History) -> Self {
        let mut survey = Self::default();
        let (mut lowest, mut highest) = (Stock::MAX, Stock::MIN);
        for purchase in &history.purchases {
            survey.several |= purchase.quantity != 1;
            survey.raises |= purchase.may_raise();
            survey.looks |= purchase.outcome == Outcome::Read;
            survey.orders |= purchase.order != 0;
            survey.faults |= purchase.fault.is_some();
            survey.torn |= purchase.torn.is_some();
            if let Some(seen) = purchase.seen.get() {
                lowest = lowest.min(seen);
                highest = highest.max(seen);
            }
            if let Some(sold_from) = purchase.sold_from.get() {
                highest = highest.max(sold_from);
                match purchase.outcome {
                    Outcome::Bought => {
                        lowest = lowest.min(sold_from.saturating_sub(Stock::from(purchase.quantity)));
                    }
                    Outcome::Refused => survey.refused_from_stock |= sold_from > 0,
                    Outcome::Failed | Outcome::Unknown | Outcome::Returned | Outcome::Read => {}
                }
            }
        }
        survey.lowest = Some(lowest).filter(|_| highest > Stock::MIN);
        survey.highest = Some(highest).filter(|_| highest > Stock::MIN);
        survey
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Purchase;

    #[test]
    fn it_sees_what_there_is() {
        let of = |purchases| Survey::of(&History { purchases, ..History::default() });
        assert_eq!(of(Vec::new()), Survey::default());
        let bought = Purchase { quantity: 2, ..Purchase::new(1, Outcome::Bought, 1, Some(2)).from_stock(1) };
        let survey = of(vec![bought, Purchase::new(1, Outcome::Failed, 1, None)]);
        let expected = Survey { several: true, lowest: Some(-1), highest: Some(1), ..Survey::default() };
        assert_eq!(survey, expected);
        let early = Purchase::new(1, Outcome::Refused, 1, Some(2)).from_stock(3);
        let back = Purchase::new(1, Outcome::Returned, 1, Some(2));
        let survey = of(vec![early, back]);
        assert!(survey.refused_from_stock && survey.raises && !survey.looks);
    }
}
