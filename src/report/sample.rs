//! Purchases for tests.

use crate::history::{Outcome, Purchase, Steps};

/// A receipt without a lock: read a tenth into the purchase, written at its end.
pub(crate) fn bought(buyer: u64, stock: u64, invoke_ns: u64, return_ns: u64) -> Purchase {
    let read_ns = invoke_ns + (return_ns - invoke_ns) / 10;
    Purchase {
        buyer,
        pid: Some(4000 + buyer as u32),
        invoke_ns,
        return_ns: Some(return_ns),
        outcome: Outcome::Bought,
        stock: Some(stock),
        steps: Steps { read_ns: Some(read_ns), written_ns: Some(return_ns), ..Steps::default() },
        fault: None,
        torn: None,
        line: 0,
    }
}

/// A refusal without a lock.
pub(crate) fn refused(buyer: u64, invoke_ns: u64, return_ns: u64) -> Purchase {
    Purchase {
        outcome: Outcome::Refused,
        steps: Steps { read_ns: Some(return_ns), ..Steps::default() },
        ..bought(buyer, 0, invoke_ns, return_ns)
    }
}
