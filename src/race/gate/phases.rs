//! The phases of a gated race: warm up, learn what runs in the background, explore, shorten, replay.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::conductor::{Conductor, Stage};
use super::gated::{Count, Gated, Judged};
use super::orders::{Chooser, Given, Random, Tree, shorter};
use super::plan::{Database, GatePlan, Orders};
use super::ran::Ran;
use super::statement::{Kind, Statement, Tables};
use super::watch::{Schema, Watcher};
use super::why::Why;
use crate::history::{Doubt, Outcome};
use crate::race::act::{Hands, Stop};
use crate::race::heat::{Ended, Judged as Answer};
use crate::race::http::HttpAnswer;
use crate::race::request::Request;
use crate::race::strange;
use crate::race::trial::Track;
use crate::race::{Raced, Trial, TrialError};
use crate::verdict::Ruling;

/// How long the shop is watched while nobody buys.
const IDLE: Duration = Duration::from_millis(700);
/// How often purchases are made before the first that counts, to fill pools and caches.
const WARM_UPS: u32 = 2;
/// How long to wait for a shop that we do not start.
const MOST_WAIT: Duration = Duration::from_secs(300);
/// The most candidates for a shorter order that are tried.
const MOST_CANDIDATES: usize = 60;
/// How often a run is repeated because of an unknown background statement.
const MOST_STRANGERS: u32 = 8;

/// What is reported on the way.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    /// The gate is open before this database, at this port.
    Open(&'a Database, u16),
    /// The orders so far, counted.
    Orders(&'a Count),
    /// The order was replayed this many times.
    Replayed(u32),
}

type Result<T> = std::result::Result<T, Why>;

/// How a walk through a tree of orders ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walked {
    /// All of it was walked.
    Whole,
    /// A request was parked: the tree has to be walked again without leaving anything out.
    Parked,
    /// Waiting makes a difference: the tree has to be walked again, and steps that wait are tried.
    Changed,
}

/// The phases under way.
pub struct Phases<'a, 'b> {
    pub(super) stage: Stage<'b>,
    pub(super) track: Track<'a>,
    pub(super) hands: Hands<'a>,
    pub(super) gate: &'a GatePlan,
    /// What the buyers send.
    pub(super) request: &'a Request,
    pub(super) number: u32,
    /// Whether any buyer has bought in any run.
    pub(super) any_bought: bool,
    pub(super) told: &'a mut dyn FnMut(&Told<'_>),
}

impl Phases<'_, '_> {
    /// Runs all phases.
    pub(super) fn run(&mut self, gated: &mut Gated) -> Result<()> {
        self.await_shop()?;
        self.warm_up()?;
        self.learn()?;
        self.read_schema()?;
        gated.background = self.stage.background.learned().map(ToOwned::to_owned).collect();
        if let Some(order) = self.gate.order.clone() {
            let judged = self.once(&mut Given::strictly(order))?;
            gated.count.add(&judged);
            gated.ruling = judged.trial.ruling;
            let unjudged = judged.trial.ruling == Ruling::Unknown;
            gated.shown = Some(judged);
            return if unjudged { Err(Why::Unjudged(1)) } else { Ok(()) };
        }
        self.compare_first_runs(gated)?;
        gated.background = self.stage.background.learned().map(ToOwned::to_owned).collect();
        let explored = self.explore(gated);
        let Some(found) = gated.shown.take_if(|shown| shown.trial.ruling == Ruling::Unsound) else {
            explored?;
            if gated.count.unknown > 0 {
                return Err(Why::Unjudged(gated.count.unknown));
            }
            gated.ruling = Ruling::Sound;
            return Ok(());
        };
        gated.ruling = Ruling::Unsound;
        let found = self.shorten(found, gated)?;
        let began = Instant::now();
        let replayed = self.replay(&found);
        gated.replay_time = began.elapsed();
        gated.shown = Some(found);
        gated.replayed = Some(replayed?);
        Ok(())
    }

    /// If we do not start the shop, waits until it listens. It needs its database to start.
    fn await_shop(&mut self) -> Result<()> {
        let origin = &self.request.url.origin;
        let hands = self.hands;
        if hands.plan.serve.is_some() {
            return Ok(());
        }
        let mut nothing = |_: &Statement, _: &[String]| {};
        let began = Instant::now();
        let waited = self.stage.proxy.while_open(&mut nothing, || {
            while !hands.net.listens(origin) {
                hands.sleep(Duration::from_millis(50))?;
                if began.elapsed() > MOST_WAIT {
                    let (command, origin, within) = (None, origin.clone(), MOST_WAIT);
                    return Err(Stop::from(TrialError::NotThere { command, origin, within }));
                }
            }
            Ok(())
        });
        waited.map_err(|error| Why::Wire(error.to_string()))??;
        Ok(())
    }

    /// Makes purchases without the gate, so that everything that is done only once is done.
    fn warm_up(&mut self) -> Result<()> {
        let came = Mutex::new(0_u64);
        let mut seen = |_: &Statement, texts: &[String]| {
            if let (Ok(mut came), false) = (came.lock(), texts.is_empty()) {
                *came += 1;
            }
        };
        for _ in 0..WARM_UPS {
            self.number += 1;
            let (track, number) = (&mut self.track, self.number);
            let heat = self.stage.proxy.while_open(&mut seen, || {
                let mut ready = track.prepare(number)?;
                track.race(&mut ready.buyers)
            });
            let heat = heat.map_err(|error| Why::Wire(error.to_string()))?;
            let heat = heat.map_err(|stop| self.or_died(stop.into()))?;
            if heat.interrupted {
                return Err(Why::Interrupted);
            }
            if let Some(shortfall) = heat.shortfall {
                return Err(Why::Target(shortfall.into()));
            }
            if let Some(died) = self.track.died() {
                return Err(Why::Target(died));
            }
        }
        if came.into_inner().unwrap_or(0) == 0 { Err(Why::NothingCame) } else { Ok(()) }
    }

    /// Statements that come while nobody buys belong to the background.
    fn learn(&mut self) -> Result<()> {
        let mut heard: Vec<Vec<String>> = Vec::new();
        let mut seen = |statement: &Statement, texts: &[String]| {
            if statement.kind == Kind::Work {
                heard.push(texts.to_vec());
            }
        };
        let hands = self.hands;
        let slept = self.stage.proxy.while_open(&mut seen, || hands.sleep(IDLE));
        slept.map_err(|error| Why::Wire(error.to_string()))??;
        for texts in heard {
            self.stage.background.learn(&texts);
        }
        Ok(())
    }

    /// Reads what the statements do not show, once the shop has made its tables.
    fn read_schema(&mut self) -> Result<()> {
        for watch in &mut self.stage.watches {
            if let Watcher::Postgres(watch) = watch {
                self.stage.schema = watch.schema().map_err(|error| Why::Wire(error.to_string()))?;
            }
        }
        Ok(())
    }

    /// The first run is thrown away. The two that follow take the same order, and must have the same end.
    fn compare_first_runs(&mut self, gated: &mut Gated) -> Result<()> {
        self.once(&mut Given::loosely(Vec::new()))?;
        let one = self.once(&mut Given::loosely(Vec::new()))?;
        let other = self.once(&mut Given::loosely(Vec::new()))?;
        let told = |judged: &Judged| {
            let steps = super::step::written(&judged.order());
            format!("{steps}: {}", judged.end())
        };
        if one.order() != other.order() || one.end() != other.end() {
            return Err(Why::Unsteady { one: told(&one), other: told(&other) });
        }
        if one.trial.unmatched > 0 {
            // No order could be judged.
            gated.count.add(&one);
            gated.shown = Some(one);
            return Err(Why::Unjudged(1));
        }
        Ok(())
    }

    /// Runs the purchases once in the chosen order, and judges them.
    fn once(&mut self, chooser: &mut dyn Chooser) -> Result<Judged> {
        for _ in 0..MOST_STRANGERS {
            let judged = self.try_once(chooser)?;
            match judged.ran.why {
                Some(why) => return Err(why),
                None if judged.ran.strangers.is_empty() => return Ok(judged),
                // Now it is known. It may have come between any two steps, so the run is repeated.
                None => chooser.again(),
            }
        }
        Err(Why::Strangers)
    }

    fn try_once(&mut self, chooser: &mut dyn Chooser) -> Result<Judged> {
        self.number += 1;
        let (track, number, hands) = (&mut self.track, self.number, self.hands);
        let mut nothing = |_: &Statement, _: &[String]| {};
        let ready = self.stage.proxy.while_open(&mut nothing, || track.prepare(number));
        let ready = ready.map_err(|error| Why::Wire(error.to_string()))?;
        let mut ready = ready.map_err(|stop| self.or_died(stop.into()))?;
        self.stage.group = self.track.group();
        let mut trial = Trial::empty(number);
        trial.before = ready.before;
        let hidden = strange::secrets(hands.plan, &ready.buyers);
        let noted = &mut self.track.raced.strange;
        let mut judge = |buyer: u32, answer: &HttpAnswer| match hands.plan.rules.outcome(answer) {
            Some((outcome, _)) => Answer::Outcome(outcome),
            None => {
                let hidden = &hidden[buyer as usize - 1];
                strange::note(noted, strange::of_http(answer, hidden, &hands.plan.rules));
                Answer::Unmatched
            }
        };
        let ran =
            Conductor::new(&mut self.stage, hands, &mut judge).run(self.request, &mut ready.buyers, chooser);
        let ran = ran.map_err(|why| self.or_died(why))?;
        if let Some(source) = hands.plan.stock.as_ref().filter(|_| ran.why.is_none()) {
            let after = self.stage.proxy.while_open(&mut nothing, || hands.stock(source, &ready.shared));
            trial.after = Some(after.map_err(|error| Why::Wire(error.to_string()))??);
        }
        self.judged(ran, trial)
    }

    /// The reason, or that the shop has died: a process ends a moment after its connections.
    fn or_died(&mut self, why: Why) -> Why {
        let until = Instant::now() + Duration::from_secs(1);
        while matches!(why, Why::Closed(_) | Why::Target(_)) && Instant::now() < until {
            if let Some(died) = self.track.died() {
                return Why::Target(died);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        why
    }

    fn judged(&mut self, ran: Ran, mut trial: Trial) -> Result<Judged> {
        if let Some(why) = self.track.died() {
            return Err(Why::Target(why));
        }
        let initial = trial.before.or(self.hands.plan.tickets);
        let mut doubts = self.track.doubts(&ran.heat, initial);
        // All requests were under way from the beginning, since we choose the order. And if nobody bought in one order,
        // because the buyers stood in each other's way, that is no doubt if a buyer has bought in another order.
        let bought = |ended: &Ended| *ended == Ended::Judged(Answer::Outcome(Outcome::Bought));
        self.any_bought |= ran.heat.made.iter().any(|made| bought(&made.ended));
        doubts.retain(|doubt| {
            *doubt != Doubt::NothingOverlapped && !(*doubt == Doubt::NothingBought && self.any_bought)
        });
        trial.why = None;
        let (trial, shown) = trial.judge(&ran.heat, initial, doubts);
        Ok(Judged { ran, trial, shown })
    }

    /// Tries the orders that are asked for, and keeps the shortest unsound one, or else the first.
    fn explore(&mut self, gated: &mut Gated) -> Result<()> {
        let began = Instant::now();
        let result = match self.gate.orders {
            Orders::Random(count) => self.sample(gated, count, began),
            Orders::Depth(most) => self.walk(gated, Tree::few_switches(most), began).map(|_| ()),
            Orders::All => self.explore_all(gated, began),
        };
        gated.count.time = began.elapsed();
        result
    }

    fn explore_all(&mut self, gated: &mut Gated, began: Instant) -> Result<()> {
        for tree in [Tree::all(true), Tree::with_waits()] {
            gated.reduced = match self.walk(gated, tree, began)? {
                Walked::Changed => continue,
                Walked::Parked => false,
                Walked::Whole => self.check(gated, began)?,
            };
            break;
        }
        if !gated.reduced {
            // The steps depend on each other by more than their tables: no order is left out.
            self.walk(gated, Tree::all(false), began)?;
        }
        Ok(())
    }

    /// Draws random orders from all. True if their ends are known.
    fn check(&mut self, gated: &mut Gated, began: Instant) -> Result<bool> {
        if !gated.count.known_ends.iter().all(|end| gated.count.ends.contains_key(end)) {
            return Ok(false);
        }
        gated.checked = gated.count.known;
        let mut random = Random::new(self.gate.seed);
        for _ in 0..(gated.count.orders / 4).clamp(2, 50) {
            let judged = self.once(&mut random)?;
            gated.checked += 1;
            if !gated.count.ends.contains_key(&judged.end()) {
                return Ok(false);
            }
            self.budget(&gated.count, began)?;
        }
        Ok(true)
    }

    fn sample(&mut self, gated: &mut Gated, count: u32, began: Instant) -> Result<()> {
        let mut random = Random::new(self.gate.seed);
        for _ in 0..count {
            let judged = self.once(&mut random)?;
            self.take(gated, judged);
            self.budget(&gated.count, began)?;
        }
        Ok(())
    }

    /// Walks a tree to its end.
    fn walk(&mut self, gated: &mut Gated, mut tree: Tree, began: Instant) -> Result<Walked> {
        (gated.count, gated.shown, gated.checked) = (Count::default(), None, 0);
        let (mut assumed, mut changed) = (Tables::new(), Tables::new());
        loop {
            tree.begin();
            let judged = self.once(&mut tree)?;
            if tree.reduces() && !judged.ran.parked.is_empty() {
                return Ok(Walked::Parked);
            }
            assumed.extend(judged.ran.assumed.iter().cloned());
            changed.extend(judged.ran.changed.iter().cloned());
            self.take(gated, judged);
            if gated.count.waits && Schema::meets(&assumed, &changed) {
                return Ok(Walked::Changed);
            }
            if !tree.advance() {
                return Ok(Walked::Whole);
            }
            self.budget(&gated.count, began)?;
        }
    }

    fn take(&mut self, gated: &mut Gated, judged: Judged) {
        gated.count.add(&judged);
        if judged.ran.known {
            return;
        }
        let badness = |judged: &Judged| {
            let unsound = judged.trial.ruling == Ruling::Unsound;
            (unsound, if unsound { usize::MAX - judged.switches() } else { 0 })
        };
        if gated.shown.as_ref().is_none_or(|shown| badness(&judged) > badness(shown)) {
            gated.shown = Some(judged);
        }
        (self.told)(&Told::Orders(&gated.count));
    }

    fn budget(&self, count: &Count, began: Instant) -> Result<()> {
        let over =
            count.orders + count.known >= GatePlan::MOST_ORDERS || began.elapsed() > GatePlan::MOST_TIME;
        if over { Err(Why::Budget(count.orders)) } else { Ok(()) }
    }

    /// Looks for an unsound order with fewer switches.
    fn shorten(&mut self, mut found: Judged, gated: &mut Gated) -> Result<Judged> {
        let mut left = MOST_CANDIDATES;
        loop {
            let mut better = None;
            for candidate in shorter(&found.order()) {
                if left == 0 {
                    break;
                }
                left -= 1;
                match self.once(&mut Given::strictly(candidate)) {
                    Ok(judged) if judged.trial.ruling == Ruling::Unsound => {
                        better = Some(judged);
                        break;
                    }
                    // The order can't be followed, or is sound.
                    Ok(_) | Err(Why::Differs { .. }) => {}
                    Err(why) => {
                        gated.shown = Some(found);
                        return Err(why);
                    }
                }
            }
            match better {
                Some(better) => found = better,
                None => return Ok(found),
            }
        }
    }

    /// Replays an order again and again. Returns how often it had the same end.
    fn replay(&mut self, found: &Judged) -> Result<(u32, u32)> {
        let mut same = 0;
        for turn in 1..=self.gate.replays {
            match self.once(&mut Given::strictly(found.order())) {
                Ok(judged) if judged.end() == found.end() => same += 1,
                Ok(_) | Err(Why::Differs { .. }) => {}
                Err(why) => return Err(why),
            }
            (self.told)(&Told::Replayed(turn));
        }
        Ok((same, self.gate.replays))
    }
}

impl Count {
    fn add(&mut self, judged: &Judged) {
        if judged.ran.known {
            self.known += 1;
            self.waits |= judged.ran.waits;
            self.known_ends.insert(judged.end());
            return;
        }
        self.orders += 1;
        self.parked += u64::from(!judged.ran.parked.is_empty());
        self.shared |= judged.ran.shared;
        self.evidence = self.evidence.take().or_else(|| judged.ran.evidence.clone());
        match judged.trial.ruling {
            Ruling::Sound => {}
            Ruling::Unknown => self.unknown += 1,
            Ruling::Unsound => {
                self.unsound += 1;
                self.first_unsound.get_or_insert(self.orders);
            }
        }
        *self.ends.entry(judged.end()).or_default() += 1;
    }
}

impl From<Stop> for Why {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Interrupted => Why::Interrupted,
            Stop::Why(why) => Why::Target(why),
        }
    }
}

/// The parts of a result that are known before anything is run.
pub(super) fn nothing_yet(gate: &GatePlan, ports: Vec<u16>) -> Gated {
    Gated {
        ruling: Ruling::Unknown,
        why: None,
        orders: gate.orders,
        ports,
        background: Vec::new(),
        count: Count::default(),
        reduced: false,
        checked: 0,
        shown: None,
        replayed: None,
        replay_time: Duration::ZERO,
        strange: Raced::default().strange,
    }
}
