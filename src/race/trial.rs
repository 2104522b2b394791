//! The trials of a race: put tickets on sale, log in, read the stock, race, read the stock again, judge.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::RaceError;
use super::act::{Hands, Stop};
use super::command::{self, CommandAnswer, Server};
use super::heat::{Ended, Heat, Judged};
use super::http::{self, Held, HttpAnswer, Net};
use super::plan::{RacePlan, Target};
use super::raced::{Raced, Shown, Trial, history_of};
use super::request::Cookies;
use super::setup::Scope;
use super::stock::StockSource;
use super::strange;
use super::template::Variables;
use super::trial_error::{Doing, TrialError};
use super::url::{Origin, masked};
use crate::history::{Doubt, Outcome};
use crate::stock::Stock;
use crate::verdict::{Ruling, judge};

/// A buyer's values and its cookies.
pub(super) type Buyer = (Variables, Cookies);

/// Runs all trials of a race, and reports each as soon as it is over.
///
/// # Errors
/// When there can be no race at all. Later trouble ends the race, and is noted in the trial.
pub fn run(
    plan: &RacePlan,
    interrupted: &AtomicBool,
    told: &mut dyn FnMut(&Trial),
) -> Result<Raced, RaceError> {
    allow_open_files(plan)?;
    let net = Net::new(plan, interrupted)?;
    let hands = Hands { plan, net: &net, interrupted };
    let mut track = Track::new(hands);
    for number in 1..=plan.trials {
        let (trial, shown) = track.trial(number);
        told(&trial);
        let over = trial.interrupted || trial.why.is_some() && plan.serve.is_none();
        let caught = trial.ruling == Ruling::Unsound && plan.until_caught;
        track.raced.interrupted |= trial.interrupted;
        track.raced.add(trial, shown);
        if over || caught || number < plan.trials && hands.sleep(plan.pause) == Err(Stop::Interrupted) {
            track.raced.interrupted |= interrupted.load(Ordering::Relaxed);
            break;
        }
    }
    Ok(track.raced)
}

/// A race under way.
pub(super) struct Track<'a> {
    hands: Hands<'a>,
    server: Option<Server>,
    /// The values of the set-up that is done once for all trials.
    once: Option<Buyer>,
    /// How much of a request is held back.
    held: Held,
    pub(super) raced: Raced,
}

/// A trial that can begin.
pub(super) struct Ready {
    /// What all buyers have in common.
    pub(super) shared: Variables,
    pub(super) buyers: Vec<Buyer>,
    pub(super) before: Option<Stock>,
}

impl<'a> Track<'a> {
    pub(super) fn new(hands: Hands<'a>) -> Self {
        Self { hands, server: None, once: None, held: Held::LastByte, raced: Raced::default() }
    }

    /// The process group of the target, if we started it.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "the gate asks for it"))]
    pub(super) fn group(&self) -> Option<i32> {
        self.server.as_ref().and_then(Server::group)
    }

    /// How the target died, if it has.
    pub(super) fn died(&mut self) -> Option<TrialError> {
        self.server.as_mut().and_then(Server::died).map(TrialError::Died)
    }

    fn trial(&mut self, number: u32) -> (Trial, Option<Shown>) {
        let mut trial = Trial::empty(number);
        let ready = match self.prepare(number) {
            Ok(ready) => ready,
            Err(stop) => return (trial.stopped(stop), None),
        };
        trial.before = ready.before;
        let Ready { shared, mut buyers, before } = ready;
        let heat = match self.race(&mut buyers) {
            Ok(heat) => heat,
            Err(stop) => return (trial.stopped(stop), None),
        };
        if let Some(shortfall) = heat.shortfall {
            return (trial.stopped(TrialError::from(shortfall).into()), None);
        }
        if heat.early > 0 {
            self.held = Held::Body;
        }
        if heat.interrupted && heat.made.is_empty() {
            return (trial.stopped(Stop::Interrupted), None);
        }
        let mut doubts = Vec::new();
        if let Some(source) = self.hands.plan.stock.as_ref().filter(|_| !heat.interrupted) {
            match self.hands.settled_stock(source, &shared) {
                Ok((after, at_rest)) => {
                    trial.after = Some(after);
                    doubts.extend((!at_rest).then_some(Doubt::Restless));
                }
                Err(Stop::Interrupted) => trial.interrupted = true,
                Err(Stop::Why(why)) => trial.why = Some(why),
            }
        }
        if let Some(why) = self.died() {
            trial.why = Some(why);
        }
        let initial = before.or(self.hands.plan.tickets);
        doubts.extend(self.doubts(&heat, initial));
        doubts.extend(trial.why.is_some().then_some(Doubt::Died));
        let stalled = doubts.contains(&Doubt::Stalled);
        let (mut trial, shown) = trial.judge(&heat, initial, doubts);
        if stalled {
            // A purchase that was never answered may still take effect, and must not do so in a further trial.
            trial.why.get_or_insert(TrialError::Unanswered(self.hands.plan.timeout));
            self.raced.restarts += u32::from(self.server.take().is_some());
        }
        (trial, shown)
    }

    /// Does everything that comes before the go.
    pub(super) fn prepare(&mut self, number: u32) -> Result<Ready, Stop> {
        let plan = self.hands.plan;
        self.serve()?;
        if self.once.is_none() {
            let mut once = Buyer::default();
            self.set_up(Scope::Once, &mut once)?;
            self.once = Some(once);
        }
        let mut shared = self.once.clone().unwrap_or_default();
        shared.0.insert("trial".to_owned(), number.to_string());
        if let Some(reset) = &plan.reset {
            self.hands.act(reset, Doing::Reset, &[], &mut shared.0, &mut shared.1)?;
        }
        self.set_up(Scope::Trial, &mut shared)?;
        let mut buyers: Vec<Buyer> = (0..plan.buyers).map(|place| self.buyer(&shared, place)).collect();
        for setup in plan.setup.iter().filter(|setup| setup.scope == Scope::Buyer) {
            self.hands.act_for_all(setup, &mut buyers)?;
        }
        let before = plan.stock.as_ref().map(|source| self.hands.stock(source, &shared.0)).transpose()?;
        if let (Some(before), Some(tickets)) = (before, plan.tickets)
            && before != tickets
        {
            return Err(TrialError::OtherStock { before, tickets }.into());
        }
        Ok(Ready { shared: shared.0, buyers, before })
    }

    fn set_up(&self, scope: Scope, (values, cookies): &mut Buyer) -> Result<(), Stop> {
        for setup in self.hands.plan.setup.iter().filter(|setup| setup.scope == scope) {
            self.hands.act(&setup.act, Doing::SetUp, &setup.takes, values, cookies)?;
        }
        Ok(())
    }

    fn buyer(&self, shared: &Buyer, place: u32) -> Buyer {
        let (mut values, cookies) = shared.clone();
        values.insert("buyer".to_owned(), (place + 1).to_string());
        let users = &self.hands.plan.users;
        if let Some(row) = users.rows.get(place as usize) {
            values.extend(users.columns.iter().cloned().zip(row.iter().cloned()));
        }
        (values, cookies)
    }

    /// Lets the buyers go.
    pub(super) fn race(&mut self, buyers: &mut [Buyer]) -> Result<Heat, Stop> {
        let Hands { plan, net, interrupted } = self.hands;
        let hidden = strange::secrets(plan, buyers);
        let strange = &mut self.raced.strange;
        match &plan.target {
            Target::Http(request) => {
                let mut judge = |buyer: u32, answer: &HttpAnswer| match plan.rules.outcome(answer) {
                    Some((outcome, _)) => Judged::Outcome(outcome),
                    None => {
                        strange::note(
                            strange,
                            strange::of_http(answer, &hidden[buyer as usize - 1], &plan.rules),
                        );
                        Judged::Unmatched
                    }
                };
                http::race(plan, request, net, self.held, buyers, &mut judge)
                    .map_err(|error| TrialError::from(error).into())
            }
            Target::Command(words) => {
                let mut judge = |buyer: u32, answer: &CommandAnswer| match plan.rules.outcome(answer) {
                    Some((outcome, _)) => Judged::Outcome(outcome),
                    None => {
                        if answer.exit.is_some() {
                            strange::note(
                                strange,
                                strange::of_command(answer, &hidden[buyer as usize - 1], &plan.rules),
                            );
                        }
                        Judged::Unmatched
                    }
                };
                Ok(command::race(plan, words, interrupted, buyers, &mut judge)?)
            }
        }
    }

    /// What this race could not have shown.
    pub(super) fn doubts(&self, heat: &Heat, initial: Option<Stock>) -> Vec<Doubt> {
        let plan = self.hands.plan;
        let count = |ended: &Ended| heat.made.iter().filter(|made| made.ended == *ended).count();
        let receipts = count(&Ended::Judged(Judged::Outcome(Outcome::Bought)));
        let on_sale = initial.unwrap_or(0).max(0).unsigned_abs();
        let few = plan.stock.is_none() && heat.made.len() as u64 <= on_sale;
        let found = [
            (heat.overlap().pairs == 0, Doubt::NothingOverlapped),
            (on_sale > 0 && receipts == 0, Doubt::NothingBought),
            (few, Doubt::TooFew),
            (count(&Ended::Judged(Judged::Unmatched)) > 0, Doubt::Unmatched),
            (count(&Ended::Stalled) > 0, Doubt::Stalled),
        ];
        found.into_iter().filter(|(holds, _)| *holds).map(|(_, doubt)| doubt).collect()
    }

    /// Starts the target, or restarts it if it has died, and waits until it listens.
    fn serve(&mut self) -> Result<(), Stop> {
        let Hands { plan, net, .. } = self.hands;
        let Some(started) = &plan.serve else { return Ok(()) };
        let there = server_of(plan);
        if let Some(server) = &mut self.server {
            if server.died().is_none() {
                return Ok(());
            }
            self.raced.restarts += 1;
            self.server = None;
        }
        if let Some(origin) = there.filter(|origin| net.listens(origin)) {
            return Err(TrialError::Occupied(origin.clone()).into());
        }
        let command = || masked(started);
        let not_started =
            |error: std::io::Error| TrialError::NotStarted { command: command(), why: error.to_string() };
        let server = Server::start(plan, started).map_err(not_started)?;
        let server = self.server.insert(server);
        let until = Instant::now() + plan.timeout;
        loop {
            if let Some(why) = server.died() {
                return Err(TrialError::Died(format!("{}: {why}", command())).into());
            }
            match there {
                Some(origin) if net.listens(origin) => return Ok(()),
                // It is not known where it listens, so it gets a moment to start.
                None => return self.hands.sleep(Duration::from_millis(300)),
                Some(origin) if Instant::now() >= until => {
                    let (origin, within) = (origin.clone(), plan.timeout);
                    return Err(TrialError::NotThere { command: Some(command()), origin, within }.into());
                }
                Some(_) => self.hands.sleep(Duration::from_millis(20))?,
            }
        }
    }
}

/// The server that we start: the target of the race, or the source of the stock.
fn server_of(plan: &RacePlan) -> Option<&Origin> {
    match (&plan.target, &plan.stock) {
        (Target::Http(request), _) | (_, Some(StockSource::Url { request, .. })) => Some(&request.url.origin),
        _ => None,
    }
}

impl Trial {
    pub(super) fn empty(number: u32) -> Self {
        Self {
            number,
            before: None,
            after: None,
            receipts: 0,
            refused: 0,
            failed: 0,
            unknown: 0,
            unmatched: 0,
            broken: Vec::new(),
            buyers: 0,
            spread_ns: 0,
            overlap: Default::default(),
            early: 0,
            late: 0,
            ruling: Ruling::Unknown,
            anomalies: Vec::new(),
            doubts: Vec::new(),
            why: None,
            interrupted: false,
        }
    }

    fn stopped(mut self, stop: Stop) -> Self {
        match stop {
            Stop::Interrupted => self.interrupted = true,
            Stop::Why(why) => self.why = Some(why),
        }
        self
    }

    pub(super) fn judge(
        mut self,
        heat: &Heat,
        initial: Option<Stock>,
        doubts: Vec<Doubt>,
    ) -> (Self, Option<Shown>) {
        let mut history = history_of(heat, initial, self.after);
        history.header.interrupted |= self.interrupted;
        history.header.doubts.clone_from(&doubts);
        let verdict = judge(&history);
        let ledger = &verdict.ledger;
        self.receipts = ledger.receipts;
        self.refused = ledger.refused;
        self.failed = ledger.failed;
        self.unknown = ledger.unanswered;
        let unmatched = Ended::Judged(Judged::Unmatched);
        self.unmatched = heat.made.iter().filter(|made| made.ended == unmatched).count() as u64;
        self.broken = heat.broken();
        let mut buyers: Vec<u32> = heat.made.iter().map(|made| made.buyer).collect();
        buyers.sort_unstable();
        buyers.dedup();
        self.buyers = buyers.len() as u32;
        (self.spread_ns, self.overlap) = (heat.spread_ns, heat.overlap());
        (self.early, self.late) = (heat.early, heat.late);
        self.interrupted = history.header.interrupted;
        self.ruling = verdict.ruling;
        self.anomalies = verdict.anomalies.iter().map(|anomaly| (anomaly.kind, anomaly.count)).collect();
        self.doubts = doubts;
        let shown = Shown { trial: self.number, history, verdict };
        (self, Some(shown))
    }
}

/// Lets this process open as many files as its buyers need: raises the soft limit to the hard one.
fn allow_open_files(plan: &RacePlan) -> Result<(), RaceError> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let each = match plan.target {
        Target::Command(_) => 3,
        Target::Http(_) => 1,
    };
    let needed = u64::from(plan.buyers) * each + 64;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    if needed > hard {
        return Err(RaceError::OpenFiles { buyers: plan.buyers, needed, limit: hard });
    }
    if needed > soft {
        // If the system does not allow it, opening the files will fail and say so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
    Ok(())
}
