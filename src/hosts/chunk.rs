//! Purchases and counts as they are sent: fixed fields, then optional ones; a mask says which of these are there. The host
//! that sends them may be wrong in any way: what can't be is rejected.

use super::trouble::{Garbage, WireError};
use super::wire::{Fields, Kind, framed};
use crate::fault::{Fault, FaultKind, StoreCode, TornText};
use crate::history::{BuyerCount, Outcome, Purchase, Steps, Tally, Tries};

/// About how many purchases go into one chunk.
pub(super) const CHUNK: usize = 1024;
/// How many counts go into one frame.
pub(super) const COUNTS: usize = 4096;

const PID: u16 = 1;
const RETURN: u16 = 1 << 1;
const SEEN: u16 = 1 << 2;
const SOLD_FROM: u16 = 1 << 3;
const LOCKED: u16 = 1 << 4;
const READ: u16 = 1 << 5;
const TRUNCATED: u16 = 1 << 6;
const WRITTEN: u16 = 1 << 7;
const UNLOCKED: u16 = 1 << 8;
const TRIES: u16 = 1 << 9;
const FAULT: u16 = 1 << 10;
const TORN: u16 = 1 << 11;

/// A chunk of purchases.
pub(super) fn chunk(purchases: &[Purchase]) -> Vec<u8> {
    let mut body = Vec::with_capacity(purchases.len() * 64);
    for purchase in purchases {
        write(purchase, &mut body);
    }
    framed(Kind::Purchases, &body)
}

fn write(purchase: &Purchase, body: &mut Vec<u8>) {
    let start = body.len();
    let mut mask = 0;
    body.extend([0, 0]);
    body.push(purchase.outcome as u8);
    // Our buyers are numbered from 1, and there are few.
    body.extend((purchase.buyer as u32).to_le_bytes());
    body.extend(purchase.invoke_ns.to_le_bytes());
    let mut put = |bit: u16, bytes: Option<&[u8]>| {
        if let Some(bytes) = bytes {
            mask |= bit;
            body.extend(bytes);
        }
    };
    let steps = purchase.steps.get();
    put(PID, purchase.pid.get().map(u32::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
    put(RETURN, purchase.return_ns.get().map(u64::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
    put(SEEN, purchase.seen.get().map(i64::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
    put(SOLD_FROM, purchase.sold_from.get().map(i64::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
    for (bit, ns) in [
        (LOCKED, steps.locked_ns),
        (READ, steps.read_ns),
        (TRUNCATED, steps.truncated_ns),
        (WRITTEN, steps.written_ns),
        (UNLOCKED, steps.unlocked_ns),
    ] {
        put(bit, ns.map(u64::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
    }
    let tries = purchase.tries.get();
    if tries != Tries::default() {
        put(TRIES, Some(&tries.count.to_le_bytes()));
        put(TRIES, Some(&tries.aborted.to_le_bytes()));
        put(TRIES, Some(&tries.code.0.to_le_bytes()));
    }
    if let Some(fault) = purchase.fault {
        put(FAULT, Some(&[fault.kind as u8]));
        put(FAULT, Some(&fault.number.to_le_bytes()));
    }
    if let Some(torn) = &purchase.torn {
        put(TORN, Some(&[torn.bytes().len() as u8]));
        put(TORN, Some(torn.bytes()));
    }
    body[start..start + 2].copy_from_slice(&mask.to_le_bytes());
}

/// The purchases of a chunk.
pub(super) fn purchases(body: &[u8]) -> Result<Vec<Purchase>, WireError> {
    let mut fields = Fields(body);
    let mut purchases = Vec::with_capacity(body.len() / 48);
    while !fields.0.is_empty() {
        purchases.push(read(&mut fields)?);
    }
    Ok(purchases)
}

fn read(fields: &mut Fields<'_>) -> Result<Purchase, WireError> {
    let mask = fields.u16()?;
    let outcome = *Outcome::ALL.get(usize::from(fields.u8()?)).ok_or(Garbage::Purchase)?;
    if matches!(outcome, Outcome::Returned | Outcome::Read) {
        return Err(Garbage::Purchase.into());
    }
    let buyer = fields.u32()?.into();
    let invoke_ns = fields.u64()?;
    let has = |bit: u16| mask & bit != 0;
    let pid = has(PID).then(|| fields.u32()).transpose()?;
    let mut long = |bit: u16| has(bit).then(|| fields.u64()).transpose();
    let return_ns = long(RETURN)?;
    let seen = long(SEEN)?.map(u64::cast_signed);
    let sold_from = long(SOLD_FROM)?.map(u64::cast_signed);
    let steps = Steps {
        locked_ns: long(LOCKED)?,
        read_ns: long(READ)?,
        truncated_ns: long(TRUNCATED)?,
        written_ns: long(WRITTEN)?,
        unlocked_ns: long(UNLOCKED)?,
    };
    let tries = if has(TRIES) {
        Tries { count: fields.u32()?, aborted: fields.u32()?, code: StoreCode(fields.i32()?) }
    } else {
        Tries::default()
    };
    let fault = if has(FAULT) {
        let kind = *FaultKind::ALL.get(usize::from(fields.u8()?)).ok_or(Garbage::Purchase)?;
        Some(Fault { kind, number: fields.i32()? })
    } else {
        None
    };
    let torn = if has(TORN) {
        let length = usize::from(fields.u8()?);
        let (text, rest) = fields.0.split_at_checked(length).ok_or(Garbage::Purchase)?;
        fields.0 = rest;
        Some(Box::new(TornText::new(text)))
    } else {
        None
    };
    if return_ns.is_none() && !matches!(outcome, Outcome::Failed | Outcome::Unknown) {
        return Err(Garbage::Purchase.into());
    }
    Ok(Purchase {
        buyer,
        pid: pid.into(),
        invoke_ns,
        return_ns: return_ns.into(),
        outcome,
        seen: seen.into(),
        sold_from: sold_from.into(),
        steps: steps.into(),
        tries: tries.into(),
        fault,
        torn,
        ..Purchase::default()
    })
}

/// Stands for a buyer that was not killed.
const LIVES: i32 = i32::MIN;

/// Counts of buyers.
pub(super) fn counts(buyers: &[BuyerCount]) -> Vec<u8> {
    let mut body = Vec::with_capacity(buyers.len() * 36);
    for BuyerCount { buyer, pid, tally, killed_by } in buyers {
        body.extend(buyer.to_le_bytes());
        body.extend(pid.to_le_bytes());
        body.extend([tally.bought, tally.refused, tally.failed].map(u64::to_le_bytes).concat());
        body.extend(killed_by.unwrap_or(LIVES).to_le_bytes());
    }
    framed(Kind::Counts, &body)
}

/// The counts of a frame.
pub(super) fn counted(body: &[u8]) -> Result<Vec<BuyerCount>, WireError> {
    let mut fields = Fields(body);
    let mut counts = Vec::with_capacity(body.len() / 36);
    while !fields.0.is_empty() {
        counts.push(BuyerCount {
            buyer: fields.u32()?,
            pid: fields.u32()?,
            tally: Tally { bought: fields.u64()?, refused: fields.u64()?, failed: fields.u64()? },
            killed_by: Some(fields.i32()?).filter(|signal| *signal != LIVES),
        });
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn a_purchase()(outcome in proptest::sample::select(&Outcome::ALL[..4]), buyer in 1_u64..30_000,
                        times in proptest::array::uniform7(proptest::option::of(0_u64..u64::MAX - 1)),
                        stocks in proptest::array::uniform2(proptest::option::of(i64::MIN + 2..)),
                        pid in proptest::option::of(0_u32..u32::MAX - 1), tries in any::<(u32, u32, i32)>(),
                        again in any::<bool>(), kind in proptest::option::of(proptest::sample::select(FaultKind::ALL)),
                        number in any::<i32>(), torn in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..32))) -> Purchase {
            let [invoke, back, locked_ns, read_ns, truncated_ns, written_ns, unlocked_ns] = times;
            let has_end = matches!(outcome, Outcome::Bought | Outcome::Refused);
            let steps = Steps { locked_ns, read_ns, truncated_ns, written_ns, unlocked_ns };
            let (count, aborted, code) = tries;
            let tries = if again { Tries { count, aborted, code: StoreCode(code) } } else { Tries::default() };
            Purchase {
                buyer,
                pid: pid.into(),
                invoke_ns: invoke.unwrap_or(0),
                return_ns: back.or(has_end.then_some(7)).into(),
                outcome,
                seen: stocks[0].into(),
                sold_from: stocks[1].into(),
                steps: steps.into(),
                tries: tries.into(),
                fault: kind.map(|kind| Fault { kind, number }),
                torn: torn.map(|text| Box::new(TornText::new(&text))),
                ..Purchase::default()
            }
        }
    }

    proptest! {
        #[test]
        fn purchases_arrive_as_they_were_sent(sent in proptest::collection::vec(a_purchase(), 0..20)) {
            prop_assert_eq!(purchases(&chunk(&sent)[5..]).expect("a chunk"), sent);
        }

        /// Any bytes are either a chunk or an error.
        #[test]
        fn garbage_is_an_error(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = purchases(&body);
            let _ = counted(&body);
        }
    }

    #[test]
    fn counts_arrive_as_they_were_sent() {
        let tally = Tally { bought: 1, refused: 2, failed: u64::MAX };
        let sent = [
            BuyerCount { buyer: 1, pid: 0, tally, killed_by: None },
            BuyerCount { buyer: 2, pid: 7, tally, killed_by: Some(9) },
        ];
        assert_eq!(counted(&counts(&sent)[5..]).expect("counts"), sent);
        assert!(counted(&counts(&sent)[5..40]).is_err());
    }
}
