//! Buyers that are killed and paused for real: what comes of it is what the model says, at files and at databases.

use std::path::Path;

use ticketsim::buyer::{Buyer, Rules};
use ticketsim::explore::{Setting, census};
use ticketsim::grade::Named;
use ticketsim::plan::{Plan, Workers};
use ticketsim::protocol::file::{FileChoices, Lock, Write};
use ticketsim::protocol::sql::Engine;
use ticketsim::protocol::{Allowed, Mishap, Mishaps};
use ticketsim::replay::{Replayed, repeat, replay};
use ticketsim::schedule::{Schedule, Step};
use ticketsim::store::file::FileModel;
use ticketsim::verdict::{AnomalyKind, Ruling};
use ticketsim::world::{Model, Turn, seated, take_turn, turns};

use crate::engines::{WithModel, conform, purchases, sale_of, shop, with_model};
use crate::model::assert_agreement;
use crate::random::Random;
use crate::{QUIET, assert_no_children, plan, redis, steps};

/// How many schedules of a protocol and a size are replayed by default, spread over all of them.
const SHARE: usize = 30;

/// So many kills, and leases that expire where they are short.
fn kills(plan: &Plan, most: u32) -> Mishaps {
    let is_short = plan.file().is_some_and(|file| file.choices.lock == Lock::Lease);
    let expiries = if is_short { Allowed::Any } else { Allowed::Most(0) };
    Mishaps::none().with(Mishap::Expire, expiries).with(Mishap::Kill, Allowed::Most(most))
}

type Party<M> = (M, Vec<Buyer>, Vec<<M as Model>::Seat>);

fn party<M: Model>(model: M, plan: &Plan) -> Party<M> {
    let seated = |who: usize| seated(&model, Rules::of(plan, who as u32 + 1), who);
    let (buyers, seats) = (0..plan.buyers as usize).map(seated).unzip();
    (model, buyers, seats)
}

fn comes<M: Model>((model, buyers, seats): &Party<M>, left: Mishaps) -> Vec<(usize, Turn)> {
    let of = |who: usize| turns(model, &buyers[who], &seats[who], left).map(move |turn| (who, turn));
    (0..buyers.len()).flat_map(of).collect()
}

/// All orders of steps with one pause in them, which ends when others have stepped meanwhile, or in the end.
fn with_a_pause(schedule: &Schedule) -> Vec<Schedule> {
    let mut found = Vec::new();
    for at in 0..schedule.0.len() {
        let buyer = schedule.0[at].buyer;
        // As early as it may be: right after the buyer's step before, or at the start.
        let from = schedule.0[..at].iter().rposition(|step| step.buyer == buyer).map_or(0, |place| place + 1);
        if from < at {
            let mut steps = schedule.0.clone();
            steps.insert(at, Step { letter: Mishap::GoOn.letter(), buyer });
            steps.insert(from, Step { letter: Mishap::Pause.letter(), buyer });
            found.push(Schedule(steps));
        }
    }
    found
}

/// All orders of steps and mishaps.
fn go_on<M: Model>(party: &Party<M>, left: Mishaps, taken: &mut Vec<Step>, found: &mut Vec<Schedule>) {
    let comes = comes(party, left);
    if comes.iter().all(|(_, turn)| *turn != Turn::Step) {
        found.push(Schedule(taken.clone()));
    }
    for (who, turn) in comes {
        let (mut model, mut buyers, mut seats) = party.clone();
        let letter = take_turn(&mut model, &mut buyers, &mut seats, who, turn, |_| ()).expect("it can come");
        let left = if let Turn::Mishap(mishap) = turn { left.after(mishap) } else { left };
        taken.push(Step { letter, buyer: who as u32 + 1 });
        go_on(&(model, buyers, seats), left, taken, found);
        taken.pop();
    }
}

struct All<'a>(&'a Plan, Mishaps);

impl WithModel<Vec<Schedule>> for All<'_> {
    fn with<M: Model>(self, model: M) -> Vec<Schedule> {
        let mut found = Vec::new();
        go_on(&party(model, self.0), self.1, &mut Vec::new(), &mut found);
        found
    }
}

/// One order, drawn at random, in which buyers are paused, too, where they may be.
struct Drawn<'a>(&'a Plan, Mishaps, &'a mut Random);

impl WithModel<Schedule> for Drawn<'_> {
    fn with<M: Model>(self, model: M) -> Schedule {
        let Self(plan, mut left, random) = self;
        let mut party = party(model, plan);
        let mut is_paused = vec![false; plan.buyers as usize];
        let mut taken = Vec::new();
        loop {
            let mut comes = comes(&party, left);
            if comes.iter().all(|(_, turn)| *turn != Turn::Step) {
                // As the conductor does in the end.
                let goes_on = |who: &usize| is_paused[*who] && !party.1[*who].has_left();
                let letter = Mishap::GoOn.letter();
                let rest =
                    (0..is_paused.len()).filter(goes_on).map(|who| Step { letter, buyer: who as u32 + 1 });
                return Schedule(taken.into_iter().chain(rest).collect());
            }
            let can_step = |(who, turn): &(usize, Turn)| *turn != Turn::Step || !is_paused[*who];
            comes.retain(can_step);
            let (model, buyers, seats) = &mut party;
            for who in 0..buyers.len() {
                let may = !buyers[who].has_left() && !model.has_asked(&seats[who]);
                if is_paused[who] || may && random.below(8) == 0 {
                    comes
                        .push((who, Turn::Mishap(if is_paused[who] { Mishap::GoOn } else { Mishap::Pause })));
                }
            }
            let (who, turn) = comes[random.below(comes.len() as u64) as usize];
            if let Turn::Mishap(mishap) = turn {
                left = left.after(mishap);
                is_paused[who] = mishap == Mishap::Pause || mishap == Mishap::Expire && is_paused[who];
            }
            let letter = take_turn(model, buyers, seats, who, turn, |_| ()).expect("it can come");
            taken.push(Step { letter, buyer: who as u32 + 1 });
        }
    }
}

fn file_model(plan: &Plan) -> FileModel {
    let choices = plan.file().expect("a ticket file").choices;
    FileModel::new(&choices, Workers::Process, plan.tickets.expect("tickets"))
}

/// The schedule of the manual: the one that holds the lock is killed, and the other buys.
pub(crate) fn a_thousand_replays_of_a_kill_agree(folder: &Path) {
    let times = if crate::all() { 1000 } else { 100 };
    for (lock, text, ruling, kinds) in [
        (Lock::Flock, "L1 R1 K1 L2 R2 W2 U2", Ruling::Sound, &[][..]),
        (Lock::Flock, "L1 R1 W1 K1 L2 R2 U2", Ruling::Unsound, &[AnomalyKind::LostStock]),
        (Lock::Ofd, "L1 P1 K1 L2 P2 G2 R2 W2 U2", Ruling::Sound, &[]),
        (Lock::Lockfile, "L1 R1 K1", Ruling::Unsound, &[AnomalyKind::Stuck]),
        (Lock::Semaphore, "L1 R1 W1 K1", Ruling::Unsound, &[AnomalyKind::LostStock, AnomalyKind::Stuck]),
    ] {
        let plan = plan(folder, 2, 1, lock, Write::Overwrite);
        let (repeated, cut) = repeat(&plan, &steps(text), times, &QUIET).expect(text);
        assert!(cut.is_none() && repeated.differs.is_none(), "{text}: {cut:?} {:?}", repeated.differs);
        let verdict = &repeated.first.sold.verdict;
        let found: Vec<AnomalyKind> = verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect();
        assert_eq!((verdict.ruling, &*found), (ruling, kinds), "{lock}: {text}");
        assert_eq!(repeated.first.sold.buyers[0].killed_by, Some(9), "{text}");
        assert_agreement(&plan, &repeated.first);
        assert_no_children();
    }
}

/// A replay of a protocol's schedule, which went as its model says.
fn agreed(plan: &Plan, schedule: &Schedule, named: &Named) -> Replayed {
    let real = replay(plan, schedule, &QUIET)
        .unwrap_or_else(|error| panic!("{schedule} of {}: {error}", named.entry.name));
    assert_eq!(real.schedule(), *schedule, "{}", named.entry.name);
    assert_agreement(plan, &real);
    real
}

/// All schedules of two buyers with one kill, or a share of them.
pub(crate) fn every_protocol_with_a_kill_ends_as_in_its_model(folder: &Path) {
    let (mut replayed, mut killed) = (0, 0);
    let all = Named::all();
    for (named, offset) in all.iter().zip(0..) {
        for tickets in [1, 2] {
            let plan = plan(folder, 2, tickets, named.choices.lock, named.choices.write);
            let plan = plan.with_choices(|choices| *choices = named.choices);
            let schedules = All(&plan, kills(&plan, 1)).with(file_model(&plan));
            let every = if crate::all() { 1 } else { 1 + schedules.len() / SHARE };
            for schedule in schedules.iter().skip(offset % every).step_by(every) {
                let real = agreed(&plan, schedule, named);
                replayed += 1;
                killed += usize::from(real.sold.buyers.iter().any(|buyer| buyer.killed_by.is_some()));
            }
        }
    }
    println!("  {replayed} schedules of {} protocols, a buyer was killed in {killed}", all.len());
    assert!(killed * 2 > replayed, "{killed} of {replayed}");
}

/// All schedules of two buyers with one pause, or a share of them: it changes nothing but who steps meanwhile.
pub(crate) fn every_protocol_with_a_pause_ends_as_without(folder: &Path) {
    let mut replayed = 0;
    for (named, offset) in Named::all().iter().zip(0..) {
        for tickets in [1, 2] {
            let plan = plan(folder, 2, tickets, named.choices.lock, named.choices.write);
            let plan = plan.with_choices(|choices| *choices = named.choices);
            let spared = All(&plan, kills(&plan, 0)).with(file_model(&plan));
            let schedules: Vec<Schedule> = spared.iter().flat_map(with_a_pause).collect();
            let every = if crate::all() { 1 } else { 1 + schedules.len() / 10 };
            for schedule in schedules.iter().skip(offset % every).step_by(every) {
                agreed(&plan, schedule, named);
                replayed += 1;
            }
        }
    }
    println!("  {replayed} schedules");
    assert!(replayed > 200, "{replayed}");
}

/// Random ones of three and four buyers, which are killed and paused.
pub(crate) fn every_protocol_with_mishaps_agrees_at_random(folder: &Path) {
    let mut random = Random::new(18);
    let all = Named::all();
    let rounds = if crate::all() { 10_000 } else { 8 * all.len() };
    let (mut mishaps, mut unsound) = (0, 0);
    for round in 0..rounds {
        let named = &all[round % all.len()];
        let buyers = 3 + random.below(2) as u32;
        let plan = plan(folder, buyers, 1 + random.below(3) as i64, named.choices.lock, named.choices.write);
        let plan = plan.with_choices(|choices| *choices = named.choices);
        let schedule = Drawn(&plan, kills(&plan, 2), &mut random).with(file_model(&plan));
        let real = agreed(&plan, &schedule, named);
        mishaps += schedule.0.iter().filter(|step| Mishap::of(step.letter).is_some()).count();
        unsound += usize::from(!real.sold.verdict.anomalies.is_empty());
    }
    println!("  {rounds} random schedules with {mishaps} mishaps, {unsound} of them unsound");
    assert!(
        mishaps > rounds && unsound > rounds / 10 && unsound < rounds,
        "both sides of the matter were seen"
    );
}

/// Every way to end of a sale in which one may be killed: its witness replays.
pub(crate) fn every_witness_of_a_kill_ends_as_it_was_explored(folder: &Path) {
    let mut witnesses = 0;
    for lock in Lock::ALL.iter().copied() {
        for write in Write::ALL.iter().copied() {
            for (buyers, tickets) in [(2, 1), (3, 2)] {
                let choices = FileChoices::new(lock, write);
                let plan = plan(folder, buyers, tickets, lock, write).with_choices(|own| *own = choices);
                let setting = Setting { mishaps: kills(&plan, 1), ..Setting::of(&plan, tickets) };
                for found in &census(&setting, 1_000_000).found {
                    let real = replay(&plan, &found.witness, &QUIET);
                    let real =
                        real.unwrap_or_else(|error| panic!("{} of {choices:?}: {error}", found.witness));
                    let kinds: Vec<_> =
                        real.sold.verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect();
                    assert_eq!(kinds, found.end.anomalies, "{} of {choices:?}", found.witness);
                    assert_agreement(&plan, &real);
                    witnesses += 1;
                }
            }
        }
    }
    println!("  {witnesses} witnesses");
    assert!(witnesses > 100, "{witnesses}");
}

/// A killed buyer's lease runs out, and what it had written stays: all orders of two buyers with one kill, or a share of
/// them, and random ones of three.
pub(crate) fn kills_at_redis_end_as_in_their_model(_: &Path) {
    let Some(shop) = redis::Shop::open() else { return };
    let mut random = Random::new(20);
    let mut replayed = 0;
    for (number, row) in redis::ROWS.iter().enumerate() {
        for tickets in [1, 2] {
            let plan = shop.plan(*row, 2, tickets);
            let mishaps = kills(&plan, 1).with(Mishap::Expire, row.2);
            let schedules = All(&plan, mishaps).with(redis::model(&plan));
            let every = if crate::all() { 1 } else { 1 + schedules.len() / 8 };
            for schedule in schedules.iter().skip(number % every).step_by(every) {
                conform(&plan, schedule);
                replayed += 1;
            }
        }
        let plan = shop.plan(*row, 3, 2);
        let mishaps = kills(&plan, 2).with(Mishap::Expire, row.2);
        for _ in 0..if crate::all() { 100 } else { 4 } {
            let schedule = Drawn(&plan, mishaps, &mut random).with(redis::model(&plan));
            conform(&plan, &schedule);
        }
    }
    println!("  {replayed} orders of {} sales, and random ones", 2 * redis::ROWS.len());
    assert_no_children();
}

/// A killed buyer's session ends at the server: all orders of two buyers with one kill, or a share of them, and random
/// ones of three.
pub(crate) fn kills_at_databases_end_as_in_their_models(folder: &Path) {
    let mut random = Random::new(19);
    for engine in Engine::ALL.iter().copied() {
        let Some(shop) = shop(engine, folder) else { continue };
        let (mut replayed, mut rows) = (0, 0);
        let all = purchases(engine);
        for (text, choices) in &all {
            for tickets in [1, 2] {
                rows += 1;
                // MariaDB takes a while to see that a client is gone.
                if !crate::all() && rows % 3 != 0 {
                    continue;
                }
                let plan = shop.plan(text, |own| *own = *choices, 2, tickets);
                let schedules = with_model(&sale_of(&plan), tickets, All(&plan, kills(&plan, 1)));
                let every = if crate::all() { 1 } else { schedules.len() };
                for schedule in schedules.iter().skip(rows * 7 % every).step_by(every) {
                    conform(&plan, schedule);
                    replayed += 1;
                }
            }
        }
        let rounds = if crate::all() { 500 } else { 15 };
        for _ in 0..rounds {
            let (text, choices) = all[random.below(all.len() as u64) as usize];
            let plan = shop.plan(text, |own| *own = choices, 3, 2);
            let schedule = with_model(&sale_of(&plan), 2, Drawn(&plan, kills(&plan, 2), &mut random));
            conform(&plan, &schedule);
        }
        println!("  {engine}: {replayed} orders of {rows} sales, and {rounds} at random");
        assert_no_children();
    }
}
