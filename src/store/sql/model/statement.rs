//! What a statement does to the row of the stock, at whichever database.

use crate::protocol::{Action, Reply};
use crate::stock::Stock;

/// Whether a statement's WHERE finds the row while it holds this stock.
pub(super) fn finds(action: Action, stock: Stock) -> bool {
    match action {
        Action::Swap(seen) => stock == seen,
        Action::Take => stock > 0,
        _ => true,
    }
}

/// What a statement that finds the row makes of its stock, and answers. `None`: it leaves the row as it is.
pub(super) fn changed(action: Action, stock: Stock) -> Option<(Stock, Reply)> {
    match action {
        Action::Write(left) => Some((left, Reply::Sold(left + 1))),
        Action::Swap(seen) => Some((seen - 1, Reply::Sold(seen))),
        Action::Decrement | Action::Take => Some((stock - 1, Reply::Sold(stock))),
        Action::GiveBack => Some((stock + 1, Reply::Done)),
        _ => None,
    }
}
