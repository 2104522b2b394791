//! Purchases for tests.

use crate::history::{Outcome, Purchase, Steps};
use crate::stock::Stock;

/// A receipt without a lock: read a tenth into the purchase, written at its end.
pub(crate) fn bought(buyer: u64, stock: Stock, invoke_ns: u64, return_ns: u64) -> Purchase {
    let read_ns = invoke_ns + (return_ns - invoke_ns) / 10;
    Purchase {
        pid: (4000 + buyer as u32).into(),
        steps: Steps { read_ns: Some(read_ns), written_ns: Some(return_ns), ..Steps::default() }.into(),
        ..Purchase::new(buyer, Outcome::Bought, invoke_ns, Some(return_ns)).from_stock(stock)
    }
}

/// A refusal without a lock.
pub(crate) fn refused(buyer: u64, invoke_ns: u64, return_ns: u64) -> Purchase {
    Purchase {
        outcome: Outcome::Refused,
        steps: Steps { read_ns: Some(return_ns), ..Steps::default() }.into(),
        ..bought(buyer, 0, invoke_ns, return_ns)
    }
}
