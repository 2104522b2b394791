//! The census compared with an enumeration that shares only the rules of the sale with it.

mod catalogue;
mod conventions;
mod enumeration;
mod kills;
mod leases;
mod requests;
mod tables;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use num_bigint::BigUint;
use num_rational::Ratio;
use num_traits::ToPrimitive;

use super::*;
use crate::protocol::file::{FileChoices, Lock, LockOn, Write};
use crate::stock::tickets_between;
use crate::verdict::Ruling;
use enumeration::{Enumeration, Key};

fn setting(buyers: u32, tickets: Stock, lock: Lock, write: Write) -> Setting {
    let choices = FileChoices::new(lock, write);
    Setting::new(Choices::File(choices), buyers, tickets)
}

/// The same with the lock on the ticket file.
fn on_ticket(setting: Setting) -> Setting {
    let Choices::File(choices) = setting.choices else { panic!("a sale from a file") };
    Setting { choices: Choices::File(FileChoices { lock_on: LockOn::Ticket, ..choices }), ..setting }
}

fn unlocked(buyers: u32, tickets: Stock) -> Setting {
    setting(buyers, tickets, Lock::None, Write::Overwrite)
}

fn several(setting: Setting, count: u32) -> Setting {
    Setting { per_buyer: PerBuyer::Count(NonZeroU32::new(count).expect("at least 1")), ..setting }
}

/// Enumerates a setting, and compares every schedule with the rehearsal and its verdict, and the sums with the census.
/// Returns the number of schedules.
fn compare(setting: &Setting) -> u64 {
    let mut ends: BTreeMap<Key, (u64, Ratio<u128>, usize)> = BTreeMap::new();
    let mut schedules = 0;
    Enumeration::new(setting).each(&mut |one| {
        schedules += 1;
        let text = one.steps.join(" ");
        let history = rehearse(setting, &text.parse().expect("a schedule")).expect("it can be followed");
        let end = End::of(&history);
        let key = one.key(setting.tickets);
        assert_eq!((end.receipts, end.failed, end.remaining, end.anomalies), key, "{text}");
        let sum = ends.entry(key).or_insert((0, Ratio::from_integer(0), usize::MAX));
        sum.0 += 1;
        sum.1 += one.chance;
        sum.2 = sum.2.min(one.steps.len());
    });
    let census = census(setting, u64::MAX);
    assert_eq!(census.partial, None);
    assert_eq!(census.schedules, BigUint::from(schedules));
    assert_eq!(census.found.len(), ends.len(), "{setting:?}");
    for found in census.found {
        let End { receipts, failed, remaining, anomalies } = found.end.clone();
        let (count, chance, length) = &ends[&(receipts, failed, remaining, anomalies)];
        assert_eq!(found.schedules, BigUint::from(*count), "{setting:?}");
        let (numer, denom) = (found.probability.numer().to_u128(), found.probability.denom().to_u128());
        assert_eq!((numer, denom), (Some(*chance.numer()), Some(*chance.denom())), "{setting:?}");
        assert_eq!(found.witness.0.len(), *length, "{setting:?}: not the shortest");
        assert_eq!(End::of(&rehearse(setting, &found.witness).expect("a witness")), found.end);
    }
    schedules
}

/// Buyers that take these steps.
fn steps(text: &str, buyers: u32, tickets: Stock) -> Setting {
    let choices = FileChoices::of_steps(text.parse().expect("steps"), None, None, None).expect("choices");
    Setting::new(Choices::File(choices), buyers, tickets)
}

#[test]
fn steps_in_any_order_give_the_same_counts_one_by_one() {
    let mut schedules = 0;
    for text in [
        "read lock write unlock",
        "read lock read write unlock",
        "lock read unlock write",
        "lock read unlock lock write unlock",
        "lock read unlock read write",
        "read think truncate lock fill unlock",
        "truncate lock read fill unlock",
        "lock read truncate unlock fill",
        "read read write",
        "think lock read write think unlock think",
    ] {
        for (buyers, tickets) in [(1, 1), (2, 0), (2, 1), (2, 2), (3, 1), (3, 2)] {
            schedules += compare(&steps(text, buyers, tickets));
        }
        schedules += compare(&several(steps(text, 2, 3), 2));
    }
    assert!(schedules > 10_000, "{schedules} schedules only");
}

/// Buyers that take these steps under a lock of this kind.
fn steps_under(lock: Lock, text: &str, buyers: u32, tickets: Stock) -> Setting {
    let choices =
        FileChoices::of_steps(text.parse().expect("steps"), Some(lock), None, None).expect("choices");
    Setting::new(Choices::File(choices), buyers, tickets)
}

#[test]
fn shared_closed_and_removed_locks_give_the_same_counts_one_by_one() {
    let mut schedules = 0;
    for text in [
        "lock-shared read think write unlock",
        "lock-shared read upgrade write unlock",
        "lock-shared upgrade read write unlock",
        "lock close-other read write unlock",
        "open lock read close-other write unlock",
        "open lock read write unlink unlock",
        "open lock reopen-check read write unlink unlock",
        "open lock reopen-check unlink read write unlock",
    ] {
        for lock in [Lock::Flock, Lock::Posix, Lock::Ofd] {
            for (buyers, tickets) in [(1, 1), (2, 0), (2, 1), (2, 2)] {
                schedules += compare(&steps_under(lock, text, buyers, tickets));
            }
        }
    }
    for lock in [Lock::Flock, Lock::Ofd] {
        schedules += compare(&steps_under(lock, "lock-shared read upgrade write unlock", 3, 1));
    }
    let unlinks = steps_under(Lock::Flock, "open lock read write unlink unlock", 2, 2);
    schedules += compare(&several(unlinks, 2));
    assert!(schedules > 2_000, "{schedules} schedules only");
}

/// flock(2), fcntl_locking(2): each beside its control.
#[test]
fn a_shared_lock_a_closed_descriptor_and_a_removed_file_break_what_their_controls_keep() {
    let kinds = [Lock::Flock, Lock::Posix, Lock::Ofd];
    let shared = "lock-shared read think write unlock";
    let upgrade = "lock-shared read think upgrade write unlock";
    let control = "lock read think write unlock";
    let closes = "lock close-other read think write unlock";
    let unlinks = "open lock read think write unlink unlock";
    let checks = "open lock reopen-check read think write unlink unlock";
    for (text, unsafe_under) in [
        (control, &[][..]),
        (shared, &kinds),
        (upgrade, &kinds),
        (closes, &[Lock::Posix]),
        (unlinks, &kinds),
        (checks, &[]),
    ] {
        for lock in kinds {
            // A removed file takes three buyers: one removes it, one waits for it, one comes later.
            let census = census(&steps_under(lock, text, 3, 2), MAX_STATES);
            assert_eq!(census.partial, None);
            assert_eq!(census.sound < census.schedules, unsafe_under.contains(&lock), "{text}, {lock}");
        }
    }
    let worst = |lock| census(&steps_under(lock, upgrade, 2, 1), MAX_STATES).found[0].clone();
    assert_eq!(worst(Lock::Flock).end.anomalies, [AnomalyKind::Oversold, AnomalyKind::LostUpdate]);
    for lock in [Lock::Posix, Lock::Ofd] {
        let stuck = worst(lock);
        assert_eq!((stuck.end.anomalies, stuck.end.failed), (vec![AnomalyKind::Stuck], 2));
        assert_eq!(stuck.witness.to_string(), "H1 H2 R1 R2");
    }
}

/// The figures that the README and the help text give.
#[test]
fn a_lock_that_is_taken_after_the_read_oversells_in_six_orders_of_ten() {
    let late = census(&steps("read lock write unlock", 2, 1), MAX_STATES);
    assert_eq!((late.schedules.clone(), late.sound), (BigUint::from(10_u32), BigUint::from(4_u32)));
    let oversold = &late.found[0];
    assert_eq!(oversold.end.anomalies[0], AnomalyKind::Oversold);
    assert_eq!(oversold.schedules, BigUint::from(6_u32));
    assert_eq!(oversold.probability, Ratio::new(3_u32.into(), 4_u32.into()));
    let checked = census(&steps("read lock read write unlock", 2, 1), MAX_STATES);
    assert_eq!((checked.schedules.clone(), checked.sound), (BigUint::from(12_u32), BigUint::from(12_u32)));
}

#[test]
fn every_order_one_by_one_gives_the_same_counts() {
    let mut schedules = 0;
    for write in Write::ALL {
        for (buyers, tickets) in [(1, 1), (2, 0), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3)] {
            schedules += compare(&setting(buyers, tickets, Lock::None, *write));
            schedules += compare(&setting(buyers, tickets, Lock::Flock, *write));
        }
        schedules += compare(&several(setting(2, 3, Lock::None, *write), 2));
        schedules += compare(&several(setting(2, 3, Lock::Flock, *write), 2));
        let all = Setting { per_buyer: PerBuyer::All, ..setting(2, 2, Lock::Flock, *write) };
        schedules += compare(&all);
    }
    schedules += compare(&unlocked(4, 2));
    schedules += compare(&several(unlocked(3, 2), 2));
    schedules += compare(&Setting { per_buyer: PerBuyer::All, ..unlocked(2, 2) });
    assert!(schedules > 10_000, "{schedules} schedules only");
}

/// A lock on a file that each write replaces does not keep those who opened the old file apart from those who opened
/// the new one. The control is the sidecar.
#[test]
fn a_lock_that_is_renamed_away_is_unsound_and_on_a_sidecar_it_is_sound() {
    let sidecar = setting(3, 3, Lock::Flock, Write::Rename);
    let ticket = on_ticket(sidecar);
    assert!(compare(&ticket) > 1_000);
    let (trap, control) = (census(&ticket, u64::MAX), census(&sidecar, u64::MAX));
    assert!(trap.sound < trap.schedules);
    assert!(trap.found.iter().any(|found| found.end.anomalies.contains(&AnomalyKind::LostUpdate)));
    assert_eq!(control.sound, control.schedules);
}

/// A schedule at random, and its past.
fn random_schedule(setting: &Setting, rng: &mut impl rand::Rng) -> (JudgedPast, Schedule) {
    use rand::seq::IteratorRandom as _;
    with_model_of!(setting, model => {
        let mut shop = shop::Shop::new(setting, model);
        let mut steps = Vec::new();
        while let Some((place, turn)) = shop.turns().choose(rng) {
            let letter = shop.take(place, turn, |_| ()).expect("it can come");
            steps.push(crate::schedule::Step { letter, buyer: place as u32 + 1 });
        }
        (shop.ended(), Schedule(steps))
    })
}

/// In settings too large to enumerate: all schedules with the same past end alike, so it is enough to judge one of
/// them.
#[test]
fn schedules_of_one_course_are_judged_alike() {
    use rand::SeedableRng as _;
    let trap = setting(5, 8, Lock::Flock, Write::Rename);
    let trap = on_ticket(trap);
    let all = Setting { per_buyer: PerBuyer::All, ..unlocked(3, 12) };
    let truncated = several(setting(6, 12, Lock::None, Write::Truncate), 3);
    let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(1);
    for setting in [several(unlocked(7, 6), 2), all, truncated, several(trap, 3)] {
        let mut ends: HashMap<JudgedPast, End> = HashMap::new();
        for _ in 0..1_000 {
            let (past, schedule) = random_schedule(&setting, &mut rng);
            let history = rehearse(&setting, &schedule).expect("followed");
            let end = End::of(&history);
            assert_eq!(*ends.entry(past).or_insert(end.clone()), end, "{setting:?}");
        }
        assert!(ends.len() > 5, "{setting:?}");
    }
}

/// Worse than with flock: opening the new file to read it closes the old one, and closing any descriptor of a file
/// releases a POSIX lock on it. The control is flock, which is sound for two buyers with one purchase each.
#[test]
fn a_posix_lock_on_a_replaced_file_is_lost_by_reading() {
    for (lock, sound) in [(Lock::Posix, false), (Lock::Flock, true), (Lock::Ofd, true)] {
        let trap = setting(2, 2, lock, Write::Rename);
        let trap = on_ticket(trap);
        compare(&trap);
        compare(&several(trap, 2));
        let census = census(&trap, u64::MAX);
        assert_eq!(census.sound == census.schedules, sound, "{lock}");
    }
}

/// A lock that excludes processes is sound in the model; a lock that sits on no file can't be renamed away.
#[test]
fn every_kind_of_lock_is_modelled() {
    for lock in Lock::ALL.iter().filter(|lock| **lock != Lock::None) {
        for write in Write::ALL {
            let census = census(&setting(4, 2, *lock, *write), u64::MAX);
            assert_eq!((census.sound, census.schedules), (24_u32.into(), 24_u32.into()), "{lock}, {write}");
        }
    }
    for lock in [Lock::Lockfile, Lock::Semaphore] {
        let setting = setting(3, 3, lock, Write::Rename);
        let named = on_ticket(setting);
        let census = census(&named, u64::MAX);
        assert_eq!(census.sound, census.schedules, "{lock}");
    }
}

fn sum(census: &Census, of: impl Fn(&End) -> bool) -> (BigUint, Ratio<BigUint>) {
    let of: Vec<&Found> = census.found.iter().filter(|found| of(&found.end)).collect();
    (of.iter().map(|found| &found.schedules).sum(), of.iter().map(|found| found.probability.clone()).sum())
}

/// Counts that are known independently.
#[test]
fn the_known_counts_come_out() {
    for (buyers, tickets, schedules, oversold, not_conserved, chance) in [
        (2, 1, 6_u32, 4_u32, 4_u32, Some((1_u32, 2_u32))),
        (3, 1, 66, 60, 60, Some((2, 3))),
        (3, 2, 90, 84, 84, Some((5, 6))),
        (4, 1, 1_176, 1_152, 1_152, Some((3, 4))),
        (2, 2, 6, 0, 4, None),
    ] {
        let census = census(&unlocked(buyers, tickets), u64::MAX);
        assert_eq!(census.schedules, BigUint::from(schedules), "{buyers} buyers, {tickets} tickets");
        let (count, _) = sum(&census, |end| end.receipts > tickets_between(tickets, 0));
        assert_eq!(count, BigUint::from(oversold), "{buyers} buyers, {tickets} tickets");
        let not = |end: &End| end.remaining.is_none_or(|left| left + end.receipts as Stock != tickets);
        let (count, probability) = sum(&census, not);
        assert_eq!(count, BigUint::from(not_conserved), "{buyers} buyers, {tickets} tickets");
        if let Some((numer, denom)) = chance {
            assert_eq!(probability, Ratio::new(numer.into(), denom.into()));
        }
    }
}

#[test]
fn the_textbook_race_is_found_with_its_shortest_schedule() {
    let census = census(&unlocked(2, 1), u64::MAX);
    assert_eq!(census.states, 7);
    let found: Vec<String> = census.found.iter().map(|found| found.witness.to_string()).collect();
    assert_eq!(found, ["R1 R2 W1 W2", "R1 W1 R2"]);
    assert_eq!(census.found[0].end.anomalies, [AnomalyKind::Oversold, AnomalyKind::LostUpdate]);
}

/// There would be (2·20)!/2^20 orders if all could write; buyers that read 0 do not, so there are fewer.
#[test]
fn twenty_buyers_are_few_states() {
    let census = census(&unlocked(20, 1), 100_000);
    assert_eq!(census.partial, None);
    assert_eq!(census.schedules.to_string().len(), 38);
    // The pattern of 2, 3 and 4 buyers: one in n is sound.
    let (_, sound) = sum(&census, End::is_sound);
    assert_eq!(sound, Ratio::new(1_u32.into(), 20_u32.into()));
    let (_, all) = sum(&census, |_| true);
    assert_eq!(all, Ratio::from_integer(1_u32.into()));
}

#[test]
fn under_a_lock_every_schedule_is_sound() {
    for write in Write::ALL {
        let census = census(&setting(20, 3, Lock::Flock, *write), u64::MAX);
        // 20! orders in which the lock can be granted.
        assert_eq!(census.schedules.to_string(), "2432902008176640000");
        assert_eq!(census.sound, census.schedules);
        assert_eq!(census.partial, None);
    }
}

#[test]
fn a_bound_ends_in_what_was_covered() {
    let partial = census(&unlocked(6, 3), 200);
    let coverage = partial.partial.expect("a bound was met");
    assert_eq!(partial.states, 200);
    assert!(coverage.steps > 3);
    assert!(coverage.probability < Ratio::from_integer(1_u32.into()));
    let whole = census(&unlocked(6, 3), u64::MAX);
    assert!(partial.schedules < whole.schedules);
    assert_eq!(whole.partial, None);
}

#[test]
fn truncating_is_torn_without_a_lock_and_sound_under_one() {
    let census = census(&setting(2, 1, Lock::None, Write::Truncate), u64::MAX);
    assert!(census.found.iter().any(|found| found.end.anomalies == [AnomalyKind::TornRead]));
    let locked = super::census(&setting(2, 1, Lock::Flock, Write::Truncate), u64::MAX);
    assert_eq!(locked.sound, locked.schedules);
}

/// If a buyer fills the file after another one has filled it with a longer text, the end of that text is left behind
/// it.
#[test]
fn a_file_can_be_left_torn_without_anybody_being_killed() {
    let setting = several(setting(2, 101, Lock::None, Write::Truncate), 92);
    let down_to_ten = "R2 T2 F2 ".repeat(91);
    let schedule = format!("R1 {down_to_ten} R2 T1 T2 F1 F2 R1");
    let schedule = schedule.parse().expect("a schedule");
    let history = rehearse(&setting, &schedule).expect("followed");
    assert_eq!(history.header.left_torn.as_deref(), Some("{\"ticket\": 9}\n}\n"));
    let end = End::of(&history);
    assert_eq!((end.receipts, end.remaining), (93, None));
    assert!(end.anomalies.contains(&AnomalyKind::TornRead));
}

#[test]
fn a_schedule_that_can_not_be_followed_says_where_and_why() {
    let locked = setting(2, 1, Lock::Flock, Write::Overwrite);
    for (setting, text, message) in [
        (locked, "L1 L2", "step 2 (L2): it has to wait: buyer 1 has held the lock since step 1"),
        (locked, "L1 W1", "step 2 (W1): buyer 1's next step is R1"),
        (locked, "L1 R1 W1 U1 L1", "step 5 (L1): buyer 1 has left"),
        (locked, "L3", "step 1 (L3): the last buyer is buyer 2"),
        (locked, "L1 R1", "step 3: the schedule ends here, but buyer 1 has not left"),
        (unlocked(2, 1), "R1 W1 U1", "step 3 (U1): buyer 1 has left"),
    ] {
        let error = rehearse(&setting, &text.parse().expect("a schedule")).expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_rehearsal_tells_what_happened_when() {
    let history = rehearse(&unlocked(2, 1), &"R1 R2 W1 W2".parse().expect("a schedule")).expect("followed");
    let verdict = judge(&history);
    assert_eq!(verdict.ruling, Ruling::Unsound);
    let times: Vec<_> = history.purchases.iter().map(crate::history::Purchase::read_and_write_ns).collect();
    assert_eq!(times, [Some((1, 3)), Some((2, 4))]);
}

fn drawn(setting: &Setting, draws: u64, scheduler: Scheduler) -> Sample {
    sample(setting, Sampling { draws, scheduler, seed: 7 })
}

/// Each share lies within five standard deviations of the census; the seed is fixed, so the test always has the same
/// result.
#[test]
fn an_even_sample_agrees_with_the_census() {
    for setting in [unlocked(3, 1), setting(3, 2, Lock::None, Write::Truncate), several(unlocked(2, 3), 2)] {
        let sample = drawn(&setting, 20_000, Scheduler::Uniform);
        for found in census(&setting, u64::MAX).found {
            let expected = found.probability.numer().to_f64().expect("small")
                / found.probability.denom().to_f64().expect("small");
            let of = sample.drawn.iter().find(|drawn| drawn.end == found.end);
            let share = of.map_or(0, |drawn| drawn.draws) as f64 / 20_000.0;
            let deviation = (expected * (1.0 - expected) / 20_000.0).sqrt();
            assert!((share - expected).abs() <= 5.0 * deviation, "{:?}: {share}, {expected}", found.end);
        }
    }
}

#[test]
fn a_sample_is_repeated_by_its_seed_and_its_witnesses_can_be_followed() {
    let setting = setting(4, 2, Lock::None, Write::Truncate);
    for scheduler in [Scheduler::Uniform, Scheduler::Pct { depth: 3 }] {
        let sample = drawn(&setting, 500, scheduler);
        assert_eq!(sample, drawn(&setting, 500, scheduler));
        assert!(sample.unsound > 0);
        for drawn in sample.drawn {
            assert_eq!(End::of(&rehearse(&setting, &drawn.witness).expect("followed")), drawn.end);
        }
    }
}

/// Without a change of priorities buyers buy one after the other, and nothing goes wrong. With one change, the race is
/// found at least as often as PCT promises: it takes two ordered steps.
#[test]
fn pct_meets_the_race_as_often_as_it_promises() {
    let setting = unlocked(10, 10);
    assert_eq!(drawn(&setting, 1_000, Scheduler::Pct { depth: 1 }).unsound, 0);
    let sample = drawn(&setting, 1_000, Scheduler::Pct { depth: 2 });
    assert_eq!(sample.steps, 20);
    assert!(sample.unsound * 10 * 20 >= 1_000, "{} of 1000", sample.unsound);
    assert!(sample.power(10).expect("PCT has one") > 0.99);
}

#[test]
fn no_find_in_a_sample_is_a_bound_and_no_proof() {
    let sample = drawn(&setting(3, 1, Lock::Flock, Write::Overwrite), 300, Scheduler::Uniform);
    assert_eq!((sample.unsound, sample.bounds()), (0, (0.0, 0.01)));
    let (low, high) = drawn(&unlocked(2, 1), 1_000, Scheduler::Uniform).bounds();
    assert!(low < 0.5 && 0.5 < high && high - low < 0.07);
}
