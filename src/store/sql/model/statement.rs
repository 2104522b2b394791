//! The effect of a statement on the row of the stock, the same at every database.

use crate::protocol::{Action, Reply};
use crate::stock::Stock;

/// Whether a statement's WHERE matches the row with this stock.
pub(super) fn finds(action: Action, stock: Stock) -> bool {
    match action {
        Action::Swap(seen) => stock == seen,
        Action::Take => stock > 0,
        _ => true,
    }
}

/// The new stock and the reply of a statement that matches the row. `None` if it does not change the row.
pub(super) fn changed(action: Action, stock: Stock) -> Option<(Stock, Reply)> {
    match action {
        Action::Write(left) => Some((left, Reply::Sold(left + 1))),
        Action::Swap(seen) => Some((seen - 1, Reply::Sold(seen))),
        Action::Decrement | Action::Take => Some((stock - 1, Reply::Sold(stock))),
        Action::GiveBack => Some((stock + 1, Reply::Done)),
        _ => None,
    }
}
