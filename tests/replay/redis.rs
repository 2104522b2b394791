//! Model and reality of Redis: every purchase, all orders of the steps of two buyers and of the leases that expire
//! among them, and random ones of three and four, on real connections. Step by step it is compared who is answered
//! what; and in the end how many receipts there are, what is left, what failed, and with which errors. That counts over
//! all orders as the model has them, which were measured, and stand in the tests of `explore`.
//!
//! By default every so-manieth of the orders; all of them with `--ignored` (or `--all`).

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ticketsim::buyer::{Buyer, Rules};
use ticketsim::explore::{Setting, census};
use ticketsim::plan::{Given, Pace, PerBuyer, Plan, RedisPlan, Workers};
use ticketsim::protocol::redis::{Fence, RedisChoices, RedisLock};
use ticketsim::protocol::{Allowed, Choices, Mishap, Mishaps, StepKind};
use ticketsim::replay::{Conductor, Went, repeat, replay};
use ticketsim::run::run;
use ticketsim::schedule::{Schedule, Step, followed};
use ticketsim::store::redis::{RedisModel, RedisStore};
use ticketsim::verdict::Ruling;
use ticketsim::workers::Watch;
use ticketsim::world::{Model, seated, take_turn, turns};

use crate::engines::{all_orders_of, conform, end};
use crate::random::Random;
use crate::{QUIET, assert_no_children, steps};

const LOCKED: &str = "lock read write unlock";
const ONE: Allowed = Allowed::Most(1);
const NEVER: Allowed = Allowed::Most(0);

/// Steps, what presents the token, and how many leases expire.
pub(crate) type Row = (&'static str, Fence, Allowed);

pub(crate) const ROWS: &[Row] = &[
    ("read write", Fence::None, NEVER),
    ("read decrement", Fence::None, NEVER),
    ("decrement", Fence::None, NEVER),
    ("decrement give-back", Fence::None, NEVER),
    ("watch read swap", Fence::None, NEVER),
    // Right and wrong orders of steps.
    ("read watch swap", Fence::None, NEVER),
    ("read lock write unlock", Fence::None, NEVER),
    ("take", Fence::None, NEVER),
    (LOCKED, Fence::None, NEVER),
    (LOCKED, Fence::None, ONE),
    (LOCKED, Fence::Write, ONE),
    (LOCKED, Fence::ReadWrite, ONE),
    (LOCKED, Fence::None, Allowed::Any),
    (LOCKED, Fence::Write, Allowed::Any),
    (LOCKED, Fence::ReadWrite, Allowed::Any),
    ("lock take unlock", Fence::Write, ONE),
    ("lock read decrement unlock", Fence::ReadWrite, ONE),
];

/// A sale of a test's own, whose keys go with it.
pub(crate) struct Shop(RedisPlan);

impl Shop {
    /// At the server that is there; where none is, that is said.
    pub(crate) fn open() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("TICKETSIM_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
        let name = format!("replay_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let plan = RedisPlan { choices: RedisChoices::new(), url, given: Given::default(), name };
        match RedisStore::of(&plan).expect("a store").about() {
            Ok(_) => return Some(Self(plan)),
            Err(error) => println!("  skipped: {error}"),
        }
        assert!(std::env::var("CI").as_deref() != Ok("true"), "there is no Redis");
        None
    }

    fn store(&self) -> RedisStore {
        RedisStore::of(&self.0).expect("a store")
    }

    pub(crate) fn plan(&self, (text, fence, _): Row, buyers: u32, tickets: i64) -> Plan {
        let choices = RedisChoices { fence, ..RedisChoices::new() };
        let choices =
            choices.of_steps(text.parse().expect("steps")).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.plan_of(choices, buyers, tickets)
    }

    /// A plan for a replay of these purchases there.
    pub(crate) fn plan_of(&self, choices: RedisChoices, buyers: u32, tickets: i64) -> Plan {
        Plan {
            buyers,
            tickets: Some(tickets),
            workers: Workers::Process,
            store: self.0.with(choices).into(),
            per_buyer: PerBuyer::ONE,
            pace: Pace { think_ns: 0, jitter: 0.0, seed: 0 },
            restocks: false,
            mishaps: Vec::new(),
            hosts: 0,
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Err(error) = self.store().clear() {
            println!("  {error}");
        }
    }
}

fn setting(plan: &Plan, expire: Allowed) -> Setting {
    let mishaps = Mishaps::none().with(Mishap::Expire, expire);
    Setting { mishaps, ..Setting::of(plan, plan.tickets.expect("tickets")) }
}

pub(crate) fn model(plan: &Plan) -> RedisModel {
    let Choices::Redis(choices) = plan.store.choices() else { panic!("a sale at Redis") };
    RedisModel::new(&choices, plan.tickets.expect("tickets"))
}

/// All buyers in the model, and how many mishaps may still come.
#[derive(Clone)]
struct Party {
    model: RedisModel,
    buyers: Vec<Buyer>,
    seats: Vec<<RedisModel as Model>::Seat>,
    left: Mishaps,
}

impl Party {
    fn new(plan: &Plan, left: Mishaps) -> Self {
        let model = model(plan);
        let seated = |who: u32| seated(&model, Rules::of(plan, who + 1), who as usize);
        let (buyers, seats) = (0..plan.buyers).map(seated).unzip();
        Self { model, buyers, seats, left }
    }

    /// Everybody after each step that can come next.
    fn nexts(&self) -> Vec<(Step, Self)> {
        let mut nexts = Vec::new();
        for who in 0..self.buyers.len() {
            let turns: Vec<_> = turns(&self.model, &self.buyers[who], &self.seats[who], self.left).collect();
            for turn in turns {
                let mut next = self.clone();
                let Self { model, buyers, seats, left } = &mut next;
                let letter = take_turn(model, buyers, seats, who, turn, |_| ()).expect("it can come");
                *left = Mishap::of(letter).map_or(*left, |mishap| left.after(mishap));
                nexts.push((Step { letter, buyer: who as u32 + 1 }, next));
            }
        }
        nexts
    }

    fn all(&self, taken: &mut Vec<Step>, found: &mut Vec<Schedule>) {
        let nexts = self.nexts();
        if nexts.is_empty() {
            found.push(Schedule(taken.clone()));
        }
        for (step, next) in nexts {
            taken.push(step);
            next.all(taken, found);
            taken.pop();
        }
    }

    fn drawn(mut self, random: &mut Random) -> Schedule {
        let mut taken = Vec::new();
        loop {
            let mut nexts = self.nexts();
            if nexts.is_empty() {
                return Schedule(taken);
            }
            let (step, next) = nexts.swap_remove(random.below(nexts.len() as u64) as usize);
            taken.push(step);
            self = next;
        }
    }
}

pub(crate) fn conformance_of_redis(_: &Path) {
    let Some(shop) = Shop::open() else { return };
    let (mut replayed, mut whole) = (0, 0);
    for (number, row) in ROWS.iter().enumerate() {
        for tickets in [1, 2] {
            let plan = shop.plan(*row, 2, tickets);
            let setting = setting(&plan, row.2);
            let mut schedules = Vec::new();
            Party::new(&plan, setting.mishaps).all(&mut Vec::new(), &mut schedules);
            if crate::all() || schedules.len() <= 20 {
                assert_eq!(all_orders_of(&plan, &setting, &schedules), 0, "nobody waits for anybody");
                (replayed, whole) = (replayed + schedules.len(), whole + 1);
            } else {
                let share = schedules.len() / 12;
                for schedule in schedules.iter().skip(number % share).step_by(share) {
                    let (_, is_another_victim) = conform(&plan, schedule).expect("no circle");
                    assert!(!is_another_victim);
                    replayed += 1;
                }
            }
        }
    }
    println!("  {replayed} orders of {} sales, {whole} of them whole", 2 * ROWS.len());
    assert!(replayed > 200 && whole > 10, "{replayed} orders");
    assert_no_children();
}

/// Three and four buyers, of one to three tickets, which may buy more than once.
pub(crate) fn conformance_of_redis_at_random(_: &Path) {
    let Some(shop) = Shop::open() else { return };
    let mut random = Random::new(15);
    let rounds = if crate::all() { 3000 } else { 150 };
    let (mut expired, mut unsound) = (0, 0);
    for round in 0..rounds {
        let row = ROWS[round % ROWS.len()];
        let (buyers, tickets) = (3 + random.below(2) as u32, 1 + random.below(3) as i64);
        let mut plan = shop.plan(row, buyers, tickets);
        if random.below(4) == 0 {
            plan.per_buyer = PerBuyer::All;
        }
        let mishaps = setting(&plan, row.2).mishaps;
        let schedule = Party::new(&plan, mishaps).drawn(&mut random);
        let (real, _) = conform(&plan, &schedule).expect("no circle");
        expired += usize::from(schedule.0.iter().any(|step| Mishap::of(step.letter).is_some()));
        unsound += usize::from(!real.sold.verdict.anomalies.is_empty());
    }
    println!("  {rounds} orders, {expired} with leases that expire, {unsound} unsound");
    assert!(expired * 5 > rounds && unsound * 10 > rounds && unsound < rounds, "{expired}, {unsound}");
}

/// Every way to end of small sizes: its witness, on real connections, ends as it was explored.
pub(crate) fn every_witness_at_redis_ends_as_it_was_explored(_: &Path) {
    let Some(shop) = Shop::open() else { return };
    let sizes: &[(u32, i64)] =
        if crate::all() { &[(2, 1), (2, 2), (3, 1), (3, 2)] } else { &[(2, 1), (2, 2)] };
    let mut witnesses = 0;
    for row in ROWS {
        for (buyers, tickets) in sizes.iter().copied() {
            let plan = shop.plan(*row, buyers, tickets);
            let census = census(&setting(&plan, row.2), 1_000_000);
            assert!(census.partial.is_none(), "{row:?}");
            for found in &census.found {
                let (real, _) = conform(&plan, &found.witness).expect("no circle");
                assert_eq!(end(&real), found.end, "{} of {row:?}", found.witness);
                witnesses += 1;
            }
        }
    }
    println!("  {witnesses} witnesses");
    assert!(witnesses > 40, "{witnesses}");
}

/// A token that the write alone shows does not save a lease, and where the read shows it, too, it does: the same
/// order, for real, every time.
pub(crate) fn a_lease_that_expires_oversells_every_time(_: &Path) {
    let Some(shop) = Shop::open() else { return };
    let race = steps("L1 R1 X1 L2 R2 W1 U1 W2 U2");
    for fence in [Fence::None, Fence::Write] {
        let plan = shop.plan((LOCKED, fence, ONE), 2, 1);
        let times = if crate::all() { 1000 } else { 40 };
        let (repeated, cut) = repeat(&plan, &race, times, &QUIET).expect("replayed");
        assert!(cut.is_none() && repeated.differs.is_none(), "{cut:?} {:?}", repeated.differs);
        let sold = &repeated.first.sold;
        assert_eq!((sold.verdict.ruling, sold.verdict.ledger.oversold), (Ruling::Unsound, 1), "{fence}");
        assert!(repeated.first.differs.is_empty(), "{:?}", repeated.first.differs);
        assert_eq!(followed(&sold.history).as_ref(), Ok(&race));
    }
    let plan = shop.plan((LOCKED, Fence::ReadWrite, ONE), 2, 1);
    let replayed = replay(&plan, &steps("L1 R1 X1 L2 R2 W1 W2 U2"), &QUIET).expect("replayed");
    assert_eq!((replayed.sold.verdict.ruling, replayed.sold.verdict.ledger.receipts), (Ruling::Sound, 1));
    let fault = replayed.steps[5].ending.and_then(|ending| ending.fault).expect("W1 is refused");
    assert_eq!(fault.cause(), "FENCED");
    // The control: without the expiry buyer 2 has to wait.
    let error = replay(&plan, &steps("L1 R1 L2"), &QUIET).expect_err("buyer 1 has it");
    assert_eq!(error.to_string(), "step 3 (L2): it has to wait: buyer 1 has held the lock since step 1");
    for (text, said) in [
        ("X1 L1", "step 1 (X1): that can't befall this buyer now"),
        ("L1 R1 W1 X1", "step 4 (X1): that can't befall this buyer now"),
        ("L1 X3", "step 2 (X3): the last buyer is buyer 2"),
    ] {
        let error = replay(&plan, &steps(text), &QUIET).expect_err(text).to_string();
        assert!(error.starts_with(said), "{error}");
        assert_no_children();
    }
}

/// What another program does to the lease is seen, and said.
pub(crate) fn another_program_at_redis_is_noticed(_: &Path) {
    let Some(shop) = Shop::open() else { return };
    let plan = shop.plan((LOCKED, Fence::None, ONE), 2, 2);
    let url = shop.0.url.trim_start_matches("redis://").trim_end_matches('/').to_owned();
    let key = format!("ticketsim:lease:{}", shop.0.name);
    let tell = |words: &str| {
        use std::io::{Read as _, Write as _};
        let mut socket = std::net::TcpStream::connect(&url).expect("a connection");
        socket.write_all(format!("{words}\r\n").as_bytes()).expect("sent");
        let mut answer = [0; 64];
        let length = socket.read(&mut answer).expect("an answer");
        assert!(!answer[..length].starts_with(b"-"), "{words}");
    };
    // Another program has the lease: that is for real, whatever the model says.
    let mut session = Conductor::start(&plan, &QUIET).expect("started");
    tell(&format!("SET {key} theirs"));
    assert_eq!(session.step(1, &QUIET).expect("tried"), Went::MustWait(None));
    let error = session.follow(steps("L1").0[0], &QUIET).expect_err("it waits").to_string();
    assert!(error.contains(&format!("another program has the lease {key}")), "{error}");
    tell(&format!("DEL {key}"));
    assert!(matches!(session.step(1, &QUIET), Ok(Went::Took(_))));
    // Somebody else deletes it: buyer 2 gets what buyer 1 has.
    tell(&format!("DEL {key}"));
    assert!(matches!(session.step(2, &QUIET), Ok(Went::Took(_))));
    let replayed = session.finish(&QUIET).expect("finished");
    assert!(replayed.differs.iter().any(|differs| differs.place == 2), "{:?}", replayed.differs);
    assert!(replayed.sold.history.header.outsiders, "nobody says that nobody else was there");
    // The lease that is to expire has gone already.
    let mut session = Conductor::start(&plan, &QUIET).expect("started");
    assert!(matches!(session.step(1, &QUIET), Ok(Went::Took(_))));
    tell(&format!("DEL {key}"));
    assert!(session.befall(1, Mishap::Expire).expect("asked").is_some());
    assert_eq!(session.differences().len(), 1);
    session.finish(&QUIET).expect("finished");
    assert_no_children();
}

/// Runs without gates, on processes: the model explains them, leases that expired among them; and a replay of what it
/// says comes to the same.
pub(crate) fn a_race_that_was_caught_at_redis_is_replayed(_: &Path) {
    let Some(shop) = Shop::open() else { return };
    let (mut raced, mut expired) = (0, 0);
    for row in ROWS {
        for tickets in [1, 4] {
            let mut plan = shop.plan(*row, 5, tickets);
            let Choices::Redis(mut choices) = plan.store.choices() else { panic!("Redis") };
            let thinks = choices.protocol().to_string().replace("read ", "read think ");
            choices = choices.of_steps(thinks.parse().expect("steps")).expect("steps of Redis");
            if row.2 != NEVER && choices.lock == RedisLock::Lease {
                choices.lease_ns = 1_000_000;
            }
            plan.store = shop.0.with(choices).into();
            plan.pace.think_ns = 2_000_000;
            plan.pace.jitter = 0.5;
            let mut watch =
                Watch { interrupted: &QUIET, begin: &mut |_| {}, progress: &mut |_| {}, start: None };
            let sold = run(&plan, &mut watch).expect("a sale");
            let schedule = followed(&sold.history);
            let schedule = schedule.unwrap_or_else(|error| panic!("{row:?}: {error}: {:?}", sold.history));
            let (real, _) = conform(&plan, &schedule).expect("no circle");
            let of_all = |history: &ticketsim::history::History| {
                let mut all: Vec<_> =
                    history.purchases.iter().map(|p| (p.buyer, p.outcome, p.seen, p.fault)).collect();
                all.sort_by_key(|(buyer, ..)| *buyer);
                (all, history.header.remaining)
            };
            assert_eq!(of_all(&real.sold.history), of_all(&sold.history), "{schedule} of {row:?}");
            raced += usize::from(!sold.verdict.anomalies.is_empty());
            expired += usize::from(schedule.0.iter().any(|step| Mishap::of(step.letter).is_some()));
        }
    }
    println!("  {raced} raced, {expired} with leases that expired");
    assert!(raced > 5 && expired > 2, "{raced}, {expired}");
}

/// Whatever becomes of a replay, no lease is left behind that would keep the next buyers waiting.
pub(crate) fn a_replay_that_is_cut_off_leaves_no_lease(_: &Path) {
    let Some(shop) = Shop::open() else { return };
    let plan = shop.plan((LOCKED, Fence::None, NEVER), 2, 5);
    let mut session = Conductor::start(&plan, &QUIET).expect("started");
    for step in steps("L1 R1").0 {
        session.follow(step, &QUIET).expect("possible");
    }
    let interrupted = AtomicBool::new(true);
    let sold = session.finish(&interrupted).expect("what had begun is finished").sold;
    assert_eq!((sold.verdict.ledger.receipts, sold.verdict.ruling), (1, Ruling::Sound));
    assert_no_children();
    // Without --tickets nothing is cleared before the sale: a lease would show.
    let again = Plan { tickets: None, ..plan };
    let replayed = replay(&again, &steps("L2 R2 W2 U2"), &QUIET).expect("nobody has the lease");
    assert_eq!(replayed.sold.history.header.remaining, Some(3));
    assert!(again.protocol().has(StepKind::Lock) && shop.store().stock_left().expect("a stock") == 3);
}
