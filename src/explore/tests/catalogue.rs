//! Every protocol of the catalogue keeps or breaks as the catalogue says, under each of its locks and at each of its
//! levels.

use super::*;
use crate::protocol::catalogue::{Case, Entry, Promise, Variant, all};
use crate::verdict::Ruling;

fn ruling(variant: &Variant, buyers: u32, tickets: Stock) -> Ruling {
    let setting = Setting { mishaps: variant.mishaps, ..Setting::new(variant.choices, buyers, tickets) };
    census(&setting, MAX_STATES).ruling()
}

fn each(mut check: impl FnMut(&Entry, &Case, &Variant)) {
    for entry in all() {
        for case in entry.cases {
            for variant in case.variants() {
                check(entry, case, &variant);
            }
        }
    }
}

#[test]
fn what_is_promised_is_so() {
    let (mut kept, mut broken) = (0, 0);
    each(|entry, case, variant| {
        let promised = match variant.promise {
            Promise::Keeps => Ruling::Sound,
            Promise::Breaks => Ruling::Unsound,
        };
        let found = ruling(variant, case.buyers, case.tickets);
        assert_eq!(found, promised, "{} at {} with {}", entry.name, case.store(), variant.name);
        kept += usize::from(found == Ruling::Sound);
        broken += usize::from(found == Ruling::Unsound);
    });
    assert!(kept > 20 && broken > 20, "both sides: {kept} keep, {broken} break");
}

/// A protocol that keeps in the smallest sale keeps with more buyers.
#[test]
fn what_keeps_does_so_with_three() {
    each(|entry, case, variant| {
        if variant.promise == Promise::Keeps {
            for tickets in [1, 2] {
                let found = ruling(variant, 3, tickets);
                assert_eq!(found, Ruling::Sound, "{} at {} with {}", entry.name, case.store(), variant.name);
            }
        }
    });
}
