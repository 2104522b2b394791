//! Every order of steps at a Redis server, as it was measured on real connections with Redis 7.0.15: how many there
//! are, how they end, and which errors end purchases at which step. The same counts come from an enumeration with its
//! own server, which keeps a log instead of flags; also with three buyers.

use std::collections::BTreeSet;

use super::tables::{assert_row, ends};
use super::*;
use crate::protocol::redis::{Fence, RedisChoices};
use crate::protocol::{Allowed, Mishap, Mishaps};

const ONE: Allowed = Allowed::Most(1);
const ANY: Allowed = Allowed::Any;
const NEVER: Allowed = Allowed::Most(0);
const LOCKED: &str = "lock read write unlock";

/// A row of the table: the steps; how many leases may expire; the fence; how many schedules, and how they end.
type Row = (&'static str, Allowed, Fence, u32, &'static str);

const ROWS: &[Row] = &[
    ("read write", NEVER, Fence::None, 6, "2/0/0 ×4; 1/0/0 ×2"),
    ("watch read swap", NEVER, Fence::None, 20, "1/0/0 ×20"),
    ("decrement", NEVER, Fence::None, 2, "1/-1/0 ×2"),
    ("decrement give-back", NEVER, Fence::None, 2, "1/0/0 ×2"),
    ("read decrement", NEVER, Fence::None, 6, "2/-1/0 ×4; 1/0/0 ×2"),
    ("take", NEVER, Fence::None, 2, "1/0/0 ×2"),
    (LOCKED, NEVER, Fence::None, 2, "1/0/0 ×2"),
    (LOCKED, ANY, Fence::None, 370, "2/0/0 ×200; 1/0/0 ×170"),
    (LOCKED, ONE, Fence::None, 94, "2/0/0 ×48; 1/0/0 ×46"),
    (LOCKED, ONE, Fence::Write, 86, "1/0/0 ×46; 2/0/0 ×24; 1/0/1 ×16 {FENCED@W}"),
    (LOCKED, ONE, Fence::ReadWrite, 64, "1/0/0 ×40; 1/0/1 ×24 {FENCED@R, FENCED@W}"),
];

fn of(steps: &str, expire: Allowed, fence: Fence, buyers: u32, tickets: Stock) -> Setting {
    let usual = RedisChoices { fence, ..RedisChoices::new() };
    let choices = usual.of_steps(steps.parse().expect("steps")).expect("choices");
    let mishaps = Mishaps::default().with(Mishap::Expire, expire);
    Setting { mishaps, ..Setting::new(Choices::Redis(choices), buyers, tickets) }
}

#[test]
fn redis_ends_as_it_was_measured() {
    for (steps, expire, fence, schedules, expected) in ROWS {
        assert_row(&of(steps, *expire, *fence, 2, 1), *schedules, expected);
    }
}

/// A token that is checked only at the write is too late if the old holder writes before the server has seen the new
/// token. If reads show it, too, the old holder is fenced off.
#[test]
fn a_token_that_the_write_alone_shows_still_oversells() {
    let schedule: Schedule = "L1 R1 X1 L2 R2 W1 U1 W2 U2".parse().expect("a schedule");
    let end = |fence| rehearse(&of(LOCKED, ONE, fence, 2, 1), &schedule).map(|history| End::of(&history));
    let end_of_writes = end(Fence::Write).expect("followed");
    assert_eq!((end_of_writes.receipts, end_of_writes.remaining, end_of_writes.failed), (2, Some(0), 0));
    assert_eq!(end(Fence::None).expect("followed").receipts, 2);
    // W1 fails, and no U1 follows.
    let unfollowed = end(Fence::ReadWrite).expect_err("it goes otherwise");
    assert_eq!(unfollowed.to_string(), "step 7 (U1): buyer 1 has left");
    let found = census(&of(LOCKED, ANY, Fence::Write, 2, 1), u64::MAX).found;
    assert_eq!(found[0].end.anomalies[0], AnomalyKind::Oversold);
    for (buyers, tickets) in [(2, 1), (2, 2), (3, 1), (3, 2)] {
        let census = census(&of(LOCKED, ANY, Fence::ReadWrite, buyers, tickets), u64::MAX);
        assert!(census.found.iter().all(|found| found.end.receipts <= tickets as u64), "{buyers}, {tickets}");
    }
}

#[test]
fn a_lease_expires_when_it_can_and_at_no_other_time() {
    let setting = of(LOCKED, NEVER, Fence::None, 2, 1);
    for (text, message) in [
        ("X1", "step 1 (X1): that can't befall this buyer now: a lease expires once, after its buyer's L"),
        ("L1 R1 W1 X1", "step 4 (X1): that can't befall"),
        ("L1 X1 X1", "step 3 (X1): that can't befall"),
        ("L1 R1 X1 L2 X1", "step 5 (X1): that can't befall"),
        ("L1 X3", "step 2 (X3): the last buyer is buyer 2"),
        ("L1 L2", "step 2 (L2): it has to wait: buyer 1 has held the lock since step 1"),
        ("L1 X1 L2 R1 W1 U1 L1", "step 7 (L1): buyer 1 has left"),
    ] {
        let unfollowed = rehearse(&setting, &text.parse().expect("a schedule")).expect_err(text).to_string();
        assert!(unfollowed.starts_with(message), "{text}: {unfollowed}");
    }
    // A schedule may have more mishaps than an exploration would count; a refused buyer may lose its lease before it
    // unlocks; and a buyer that has lost its lease does not release another's.
    for text in ["L1 R1 W1 U1 L2 R2 X2 U2", "L1 R1 X1 L2 R2 X2 W1 U1 W2 U2", "L1 X1 R1 W1 L2 U1 R2 U2"] {
        rehearse(&setting, &text.parse().expect("a schedule")).expect(text);
    }
    let kept = rehearse(&of(LOCKED, ANY, Fence::None, 3, 3), &"L1 X1 L2 R1 W1 U1 L3".parse().expect("steps"));
    let unfollowed = kept.expect_err("buyer 2 has it").to_string();
    assert!(unfollowed.contains("buyer 2 has held the lock since step 3"), "{unfollowed}");
}

/// EXEC checks whether the stock was touched since WATCH, so the read has to come after WATCH.
#[test]
fn a_watch_after_the_read_compares_with_what_was_never_read() {
    let right = census(&of("watch read swap", NEVER, Fence::None, 3, 2), u64::MAX);
    assert_eq!(right.sound, right.schedules);
    let wrong = census(&of("read watch swap", NEVER, Fence::None, 2, 1), u64::MAX);
    assert_eq!(wrong.found[0].end.anomalies, [AnomalyKind::Oversold, AnomalyKind::LostUpdate]);
    assert_eq!(wrong.found[0].witness.to_string(), "R1 R2 B1 S1 B2 S2");
}

#[test]
fn a_sample_meets_what_the_census_counts() {
    let setting = of(LOCKED, ONE, Fence::None, 2, 1);
    let counted = census(&setting, u64::MAX);
    let probability: f64 = counted.found.iter().filter(|found| !found.end.is_sound()).map(share).sum();
    let drawn = drawn(&setting, 5_000, Scheduler::Uniform);
    assert!((drawn.unsound as f64 / 5_000.0 - probability).abs() < 0.04, "{} {probability}", drawn.unsound);
    let by_priority = super::drawn(&setting, 2_000, Scheduler::Pct { depth: 3 });
    assert!(by_priority.unsound > 0);
    let witness = by_priority.drawn[0].witness.to_string();
    assert!(witness.contains('X'), "{witness}");
}

fn share(found: &Found) -> f64 {
    let part = |number: &BigUint| number.to_f64().expect("small");
    part(found.probability.numer()) / part(found.probability.denom())
}

/// One entry of the server's log.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    /// This buyer got the lease.
    Granted(usize),
    /// This buyer released the lease, or it expired.
    Over(usize),
    /// The stock was written.
    Stock(Stock),
    /// A token was shown: the number of its grant.
    Shown(usize),
}

#[derive(Clone, Default)]
struct Simple {
    at: usize,
    read: Stock,
    /// How long the log was when it watched.
    watched: usize,
    expired: bool,
    wrote: bool,
    refused: bool,
    over: bool,
}

#[derive(Clone)]
struct World {
    words: Vec<String>,
    fence: Fence,
    expire: Allowed,
    tickets: Stock,
    log: Vec<Told>,
    buyers: Vec<Simple>,
    receipts: u64,
    failed: u64,
    steps: Vec<String>,
}

impl World {
    fn new(setting: &Setting) -> Self {
        let Choices::Redis(choices) = setting.choices else { panic!("a Redis server") };
        Self {
            words: choices.protocol().to_string().split(' ').map(str::to_owned).collect(),
            fence: choices.fence,
            expire: setting.mishaps.of(Mishap::Expire),
            tickets: setting.tickets,
            log: Vec::new(),
            buyers: vec![Simple::default(); setting.buyers as usize],
            receipts: 0,
            failed: 0,
            steps: Vec::new(),
        }
    }

    fn stock(&self) -> Stock {
        let stock = |told: &Told| if let Told::Stock(stock) = told { Some(*stock) } else { None };
        self.log.iter().rev().find_map(stock).unwrap_or(self.tickets)
    }

    /// The buyer that has the lease.
    fn holder(&self) -> Option<usize> {
        match self.log.iter().rev().find(|told| matches!(told, Told::Granted(_) | Told::Over(_)))? {
            Told::Granted(who) => Some(*who),
            _ => None,
        }
    }

    /// The number of a buyer's grant.
    fn token(&self, who: usize) -> usize {
        let grants = self.log.iter().filter(|told| matches!(told, Told::Granted(_)));
        1 + grants.enumerate().find(|(_, told)| **told == Told::Granted(who)).expect("granted").0
    }

    fn word(&self, who: usize) -> &str {
        self.words.get(self.buyers[who].at).map_or("", String::as_str)
    }

    /// Ends purchases without further steps.
    fn settle(&mut self, who: usize) {
        loop {
            let buyer = &self.buyers[who];
            let is_step = match self.word(who) {
                "" => break,
                "unlock" => self.log.contains(&Told::Granted(who)),
                "give-back" => buyer.refused && self.words[buyer.at - 1] == "decrement",
                _ => !buyer.refused,
            };
            if is_step {
                return;
            }
            self.buyers[who].at += 1;
        }
        self.buyers[who].over = true;
        self.receipts += u64::from(!self.buyers[who].refused);
    }

    fn step(&mut self, who: usize) {
        let word = self.word(who).to_owned();
        let letter = match word.as_str() {
            "watch" => "B",
            "decrement" | "take" => "D",
            "give-back" => "Q",
            other => &other[..1].to_uppercase(),
        };
        self.steps.push(format!("{letter}{}", who + 1));
        let sells = matches!(word.as_str(), "write" | "swap" | "decrement" | "take");
        if self.fence == Fence::ReadWrite && word == "read" || self.fence != Fence::None && sells {
            let token = self.token(who);
            if self.log.iter().any(|told| matches!(told, Told::Shown(other) if *other > token)) {
                self.failed += 1;
                self.buyers[who].over = true;
                return;
            }
            self.log.push(Told::Shown(token));
        }
        let stock = self.stock();
        let buyer = &mut self.buyers[who];
        // A script that takes nothing writes nothing.
        buyer.wrote |= sells && !(word == "take" && stock <= 0);
        let mut next = 1;
        match word.as_str() {
            "lock" => self.log.push(Told::Granted(who)),
            "unlock" if buyer.expired => {}
            "unlock" => self.log.push(Told::Over(who)),
            "watch" => buyer.watched = self.log.len(),
            "read" => (buyer.read, buyer.refused) = (stock, stock <= 0),
            "write" => self.log.push(Told::Stock(buyer.read - 1)),
            "swap" if self.log[buyer.watched..].iter().any(|told| matches!(told, Told::Stock(_))) => {
                let from = |word: &str| self.words.iter().position(|other| other == word).expect("a word");
                buyer.at = from("watch").min(from("read"));
                next = 0;
            }
            "swap" => self.log.push(Told::Stock(buyer.read - 1)),
            "decrement" => {
                buyer.refused |= stock <= 0 && !self.words.contains(&"read".to_owned());
                self.log.push(Told::Stock(stock - 1));
            }
            "take" if stock <= 0 => buyer.refused = true,
            "take" => self.log.push(Told::Stock(stock - 1)),
            "give-back" => self.log.push(Told::Stock(stock + 1)),
            other => panic!("no such step: {other}"),
        }
        self.buyers[who].at += next;
        self.settle(who);
    }

    fn expire(&mut self, who: usize) {
        self.steps.push(format!("X{}", who + 1));
        self.log.push(Told::Over(who));
        self.buyers[who].expired = true;
    }

    /// Calls `ended` with every possible end.
    fn each(&self, ended: &mut impl FnMut(&World)) {
        let able =
            |who: &usize| !self.buyers[*who].over && (self.word(*who) != "lock" || self.holder().is_none());
        let able: Vec<usize> = (0..self.buyers.len()).filter(able).collect();
        if able.is_empty() {
            assert!(self.buyers.iter().all(|buyer| buyer.over), "{}: somebody waits", self.steps.join(" "));
            ended(self);
        }
        for who in able {
            let mut next = self.clone();
            next.step(who);
            next.each(ended);
        }
        let expired = self.buyers.iter().filter(|buyer| buyer.expired).count() as u32;
        let may = self.expire == Allowed::Any || matches!(self.expire, Allowed::Most(most) if expired < most);
        if let Some(who) = self.holder().filter(|who| may && !self.buyers[*who].wrote) {
            let mut next = self.clone();
            next.expire(who);
            next.each(ended);
        }
    }
}

/// Compares a setting's census with the enumeration. Returns the number of schedules.
fn compare(setting: &Setting) -> u64 {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut all: BTreeSet<String> = BTreeSet::new();
    World::new(setting).each(&mut |world| {
        let text = world.steps.join(" ");
        let history = rehearse(setting, &text.parse().expect("a schedule"));
        let end = End::of(&history.unwrap_or_else(|unfollowed| panic!("{setting:?}: {text}: {unfollowed}")));
        let told = (world.receipts, Some(world.stock()), world.failed);
        assert_eq!((end.receipts, end.remaining, end.failed), told, "{setting:?}: {text}");
        *counts.entry(format!("{}/{}/{}", world.receipts, world.stock(), world.failed)).or_default() += 1;
        assert!(all.insert(text), "each once");
    });
    let census = census(setting, u64::MAX);
    assert_eq!(census.schedules, BigUint::from(all.len()), "{setting:?}");
    let ours: BTreeSet<String> = counts.into_iter().map(|(end, count)| format!("{end} ×{count}")).collect();
    let theirs: BTreeSet<String> =
        ends(&census).iter().map(|end| end.split(" {").next().expect("an end").to_owned()).collect();
    assert_eq!(theirs, ours, "{setting:?}");
    all.len() as u64
}

#[test]
fn every_order_at_a_redis_server_one_by_one_gives_the_same_counts() {
    let mut schedules = 0;
    let mut all = |steps: &str, expire, fence, sizes: &[(u32, Stock)]| {
        for (buyers, tickets) in sizes {
            schedules += compare(&of(steps, expire, fence, *buyers, *tickets));
        }
    };
    let small = &[(2, 1), (2, 2)][..];
    let large = &[(2, 1), (2, 2), (3, 1), (3, 2)][..];
    for steps in ["read write", "read decrement", "decrement", "decrement give-back", "take", LOCKED] {
        all(steps, NEVER, Fence::None, large);
    }
    for steps in ["watch read swap", "read watch swap", "lock watch read swap unlock"] {
        all(steps, NEVER, Fence::None, small);
    }
    for steps in [LOCKED, "lock read decrement unlock", "lock take unlock", "lock decrement give-back unlock"]
    {
        all(steps, ANY, Fence::None, small);
        for fence in [Fence::None, Fence::Write, Fence::ReadWrite] {
            all(steps, ONE, fence, if steps == LOCKED { &[(2, 1), (2, 2), (3, 1)] } else { small });
        }
        all(steps, ANY, Fence::ReadWrite, small);
    }
    all("read lock write unlock", ANY, Fence::Write, small);
    assert!(schedules > 7_000, "{schedules} schedules only");
}

/// In settings too large to enumerate: all schedules with the same past end alike.
#[test]
fn schedules_of_one_course_at_a_redis_server_are_judged_alike() {
    use rand::SeedableRng as _;
    let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(1);
    for (steps, fence) in [
        (LOCKED, Fence::None),
        (LOCKED, Fence::Write),
        ("watch read swap", Fence::None),
        ("decrement give-back", Fence::None),
        ("read decrement", Fence::None),
    ] {
        let setting = several(of(steps, ANY, fence, 4, 5), 2);
        let mut ends: HashMap<JudgedPast, End> = HashMap::new();
        for _ in 0..500 {
            let (past, schedule) = random_schedule(&setting, &mut rng);
            let end = End::of(&rehearse(&setting, &schedule).expect("followed"));
            assert_eq!(*ends.entry(past).or_insert(end.clone()), end, "{setting:?}: {schedule}");
        }
    }
}
