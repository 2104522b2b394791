//! One run of an order: the requests of all buyers are under way, but only one of them runs at a time.
//!
//! What makes it deterministic:
//!
//! 1. One request runs at a time. A new statement belongs to the running request, on any connection; a connection
//!    inside a transaction keeps its owner.
//! 2. Answers are held, too: the answer of a released statement is delivered when the request that released it is
//!    quiet.
//! 3. There is one waiter for each lock: a statement that would queue behind a waiter is held back, unless nothing else
//!    can go on.
//! 4. The server is asked whether a statement waits; that is never guessed from a time-out.
//! 5. Background statements pass.
//! 6. Bytes are forwarded untouched.

mod arrivals;
mod choices;
mod holds;
mod idle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::background::Background;
use super::buyers::Buyer;
use super::link::{Happened, Link};
use super::orders::Chooser;
use super::proxy::{LinkId, Proxy};
use super::ran::{Ran, RanStep};
use super::statement::{Statement, Tables};
use super::step::Choice;
use super::watch::{Schema, Watcher};
use super::why::Why;
use super::wire::postgres::Saw;
use crate::race::act::Hands;
use crate::race::heat::{Clock, Heat, Judged};
use crate::race::http::HttpAnswer;
use crate::race::request::{Cookies, Request};
use crate::race::template::Variables;

/// How long to wait before looking for an interrupt.
const TICK: Duration = Duration::from_millis(20);
/// How long to wait for an answer before the server is asked whether the statement waits; the last one repeats.
const LOOK: [Duration; 4] =
    [Duration::from_millis(1), Duration::from_millis(1), Duration::from_millis(3), Duration::from_millis(5)];
/// The most statements of a run.
const MOST_STEPS: usize = 600;

/// The owner of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Buyer(usize),
    Background,
    /// Either the running buyer or a parked one.
    Open,
}

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
struct Note {
    owner: Option<Owner>,
    /// The tables that its transaction has written or locked.
    touched: Tables,
    /// Whether these tables are not certain.
    unknown: bool,
    /// Whether its transactions see one state throughout.
    snapshot: bool,
    /// Whether it may hold advisory locks.
    locks: bool,
}

/// A statement at the gate.
#[derive(Clone, Debug)]
struct Held {
    link: LinkId,
    buyer: usize,
    choice: Choice,
    text: String,
    /// Its text without what differs when it is sent again.
    pattern: String,
    statement: Statement,
    /// If it has the same effect after a wait as if it had come later: the tables for which that holds.
    later: Option<Tables>,
}

/// A statement that was sent to the server.
#[derive(Clone, Debug)]
struct Sent {
    link: LinkId,
    buyer: usize,
    place: usize,
    pattern: String,
    statement: Statement,
    /// The connections that it waits for.
    blockers: BTreeSet<i32>,
    answered: Option<Saw>,
}

/// What all runs of one shop share.
pub struct Stage<'a> {
    /// The gate.
    pub proxy: Proxy,
    /// The connections that bypass it, one for each of its doors.
    pub watches: Vec<Watcher<'a>>,
    /// What the statements do not show of the tables.
    pub schema: Schema,
    /// The statements that pass.
    pub background: Background,
    /// How long a request may neither send a statement nor answer.
    pub patience: Duration,
    /// The shop's process group, if we started it.
    pub group: Option<i32>,
}

/// One run.
pub struct Conductor<'a, 'b> {
    stage: &'a mut Stage<'b>,
    hands: Hands<'a>,
    judge: &'a mut dyn FnMut(u32, &HttpAnswer) -> Judged,
    clock: Clock,
    buyers: Vec<Buyer>,
    notes: BTreeMap<LinkId, Note>,
    held: Vec<Held>,
    sent: Vec<Sent>,
    /// Statements that came behind another on their connection, and their owners.
    behind: Vec<(LinkId, Option<Owner>)>,
    /// Statements of either the running buyer or a parked one, and when they came.
    open: Vec<(LinkId, Instant)>,
    running: Option<usize>,
    ran: Ran,
}

type Result<T> = std::result::Result<T, Why>;

impl<'a, 'b> Conductor<'a, 'b> {
    /// A run that is about to begin.
    pub fn new(
        stage: &'a mut Stage<'b>,
        hands: Hands<'a>,
        judge: &'a mut dyn FnMut(u32, &HttpAnswer) -> Judged,
    ) -> Self {
        let snapshot = stage.schema.snapshot;
        let note = |link: &Link| Note { snapshot: snapshot || link.snapshot, ..Note::default() };
        let notes = stage.proxy.links().map(|(id, link)| (id, note(link))).collect();
        let ran = Ran {
            heat: Heat::default(),
            taken: Vec::new(),
            parked: Vec::new(),
            evidence: None,
            shared: false,
            known: false,
            waits: false,
            why: None,
            strangers: Vec::new(),
            assumed: Tables::new(),
            changed: Tables::new(),
        };
        let (buyers, held, sent, behind, open) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let clock = Clock::new();
        Self { stage, hands, judge, clock, buyers, notes, held, sent, behind, open, running: None, ran }
    }

    /// Runs the purchases in the order that the chooser chooses.
    ///
    /// # Errors
    /// When they can't be run to their end.
    pub fn run(
        mut self,
        request: &Request,
        values: &mut [(Variables, Cookies)],
        chooser: &mut dyn Chooser,
    ) -> Result<Ran> {
        for (values, number) in values.iter_mut().zip(1..) {
            let Hands { plan, net, .. } = self.hands;
            let buyer = Buyer::start(number, plan, request, net, values, self.clock);
            self.buyers.push(buyer.map_err(Why::Target)?);
            self.running = Some(self.buyers.len() - 1);
            self.run_to_quiet()?;
        }
        loop {
            self.wake()?;
            if (0..self.buyers.len()).all(|buyer| self.is_over(buyer)) {
                break;
            }
            let places = self.enabled();
            if places.is_empty() {
                self.await_anything()?;
                continue;
            }
            let place = self.choose(&places, chooser);
            self.release(place, chooser)?;
        }
        if self.ran.why.is_none() && !self.ran.known {
            self.ran.why = chooser.end().and_then(Why::of);
        }
        let heat = &mut self.ran.heat;
        heat.made = self.buyers.iter().map(Buyer::made).collect();
        heat.ended_ns = self.clock.now_ns();
        Ok(self.ran)
    }

    fn is_over(&self, buyer: usize) -> bool {
        let owns = |note: &Note| note.owner == Some(Owner::Buyer(buyer));
        self.buyers[buyer].ended.is_some()
            && !self.held.iter().any(|held| held.buyer == buyer)
            && !self.notes.iter().any(|(id, note)| {
                owns(note) && self.stage.proxy.link(*id).is_some_and(|link| !link.is_quiet())
            })
    }

    /// Lets a statement and its buyer go on.
    fn release(&mut self, place: usize, chooser: &mut dyn Chooser) -> Result<()> {
        if self.ran.taken.len() >= MOST_STEPS {
            return Err(Why::NoEnd(MOST_STEPS));
        }
        let held = self.held.remove(place);
        // This is certain only if its buyer holds nothing yet.
        let later = held.later.filter(|_| self.holds_nothing(held.buyer));
        self.note_asked(held.link, &held.statement);
        self.ran.taken.push(RanStep {
            choice: held.choice,
            text: held.text,
            saw: Saw::default(),
            waited_for: Vec::new(),
            woken_by: None,
        });
        self.stage.proxy.send(held.link);
        self.running = Some(held.buyer);
        self.sent.push(Sent {
            link: held.link,
            buyer: held.buyer,
            place: self.ran.taken.len() - 1,
            pattern: held.pattern,
            statement: held.statement,
            blockers: BTreeSet::new(),
            answered: None,
        });
        self.answer_or_wait(held.link)?;
        if self.is_answered(held.link) {
            self.deliver(held.link)?;
        } else {
            self.running = None;
            if let Some(tables) = later {
                self.tell_wait(held.link, &tables, chooser);
            }
        }
        Ok(())
    }

    fn is_answered(&self, link: LinkId) -> bool {
        self.sent.iter().any(|sent| sent.link == link && sent.answered.is_some())
    }

    /// Waits until a statement is answered, or the server says that it waits.
    fn answer_or_wait(&mut self, link: LinkId) -> Result<()> {
        let until = Instant::now() + self.hands.plan.timeout;
        for look in 0.. {
            self.move_on(LOOK[LOOK.len().min(look + 1) - 1])?;
            if self.is_answered(link) || !self.sent.iter().any(|sent| sent.link == link) {
                return Ok(());
            }
            if self.look_who_waits(link)? {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(self.stuck());
            }
        }
        Ok(())
    }

    /// Asks the server whether a statement waits, and for which buyers.
    fn look_who_waits(&mut self, link: LinkId) -> Result<bool> {
        let Some((pid, door)) = self.stage.proxy.link(link).and_then(|link| Some((link.pid?, link.door)))
        else {
            return Ok(false);
        };
        let Some(watch) = self.stage.watches.get_mut(door) else { return Ok(false) };
        let Some(blockers) = watch.blockers(pid).map_err(Why::Wire)? else { return Ok(false) };
        let owner = |pid: &i32| {
            let of = |link: &Link| link.door == door && link.pid == Some(*pid);
            let link = self.stage.proxy.links().find(|(_, link)| of(link));
            match link.and_then(|(id, _)| self.notes.get(&id)).and_then(|note| note.owner) {
                Some(Owner::Buyer(buyer)) => self.buyers[buyer].number,
                _ => 0,
            }
        };
        let mut waits_for: BTreeSet<u32> = blockers.iter().map(owner).collect();
        if waits_for.is_empty() {
            waits_for.insert(0);
        }
        for sent in self.sent.iter_mut().filter(|sent| sent.link == link) {
            sent.blockers = blockers.iter().copied().collect();
            let taken = &mut self.ran.taken[sent.place];
            if taken.waited_for.is_empty() {
                taken.waited_for = waits_for.iter().copied().collect();
            }
        }
        Ok(true)
    }

    /// Finds out which waiting statements are done. Their buyers go on, one after the other.
    fn wake(&mut self) -> Result<()> {
        loop {
            let waiting: Vec<LinkId> = self.sent.iter().map(|sent| sent.link).collect();
            for link in waiting {
                if !self.is_answered(link) {
                    self.answer_or_wait(link)?;
                }
            }
            let woken = self.sent.iter().filter(|sent| sent.answered.is_some()).min_by_key(|sent| sent.buyer);
            let Some(woken) = woken else { return Ok(()) };
            let (link, place) = (woken.link, woken.place);
            self.ran.taken[place].woken_by = self.ran.taken.len().checked_sub(1);
            self.deliver(link)?;
        }
    }

    /// Delivers an answer, and lets its buyer run until it is quiet.
    fn deliver(&mut self, link: LinkId) -> Result<()> {
        let Some(at) = self.sent.iter().position(|sent| sent.link == link) else { return Ok(()) };
        let sent = self.sent.remove(at);
        if let Some(saw) = sent.answered {
            let taken = &mut self.ran.taken[sent.place];
            self.buyers[sent.buyer].saw(&sent.pattern, &saw);
            taken.saw = saw;
        }
        self.stage.proxy.deliver(link);
        self.running = Some(sent.buyer);
        self.run_to_quiet()
    }

    /// Lets the running buyer run until it sends a statement or answers, or does neither for too long.
    fn run_to_quiet(&mut self) -> Result<()> {
        let Some(running) = self.running else { return Ok(()) };
        let began = Instant::now();
        let mut until = began + self.stage.patience;
        loop {
            self.settle_open(running)?;
            if self.is_quiet(running) {
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                self.move_on(left.min(TICK))?;
            } else if self.is_idle(began)? {
                if !self.is_quiet(running) && self.open.is_empty() {
                    self.park(running);
                    break;
                }
            } else {
                until = Instant::now() + self.stage.patience / 4;
            }
        }
        self.running = None;
        Ok(())
    }

    fn is_quiet(&self, buyer: usize) -> bool {
        self.held.iter().any(|held| held.buyer == buyer)
            || self.behind.iter().any(|(_, owner)| *owner == Some(Owner::Buyer(buyer)))
            || self.is_over(buyer)
    }

    fn park(&mut self, buyer: usize) {
        let number = self.buyers[buyer].number;
        self.buyers[buyer].parked = true;
        if !self.ran.parked.contains(&number) {
            self.ran.parked.push(number);
            self.ran.evidence = self.ran.evidence.take().or_else(|| idle::stands_in(self.stage.group?));
        }
    }

    fn parked(&self) -> Vec<usize> {
        (0..self.buyers.len()).filter(|buyer| self.buyers[*buyer].parked).collect()
    }

    /// No held statement may go on: waits until something else happens.
    fn await_anything(&mut self) -> Result<()> {
        let until = Instant::now() + self.hands.plan.timeout;
        let state =
            |own: &Self| (own.held.len(), own.buyers.iter().filter(|buyer| buyer.ended.is_some()).count());
        let before = state(self);
        while state(self) == before && !self.sent.iter().any(|sent| sent.answered.is_some()) {
            self.move_on(TICK)?;
            if let (Some((link, _)), [parked]) = (self.open.first().copied(), self.parked().as_slice()) {
                self.open.remove(0);
                self.hold(link, *parked)?;
            }
            if Instant::now() > until {
                return Err(self.stuck());
            }
        }
        Ok(())
    }

    fn stuck(&mut self) -> Why {
        let asked = self.sent.iter().filter(|sent| sent.answered.is_none() && sent.blockers.is_empty());
        let links: Vec<LinkId> = asked.map(|sent| sent.link).collect();
        for link in links {
            let Some((pid, door)) = self.stage.proxy.link(link).and_then(|link| Some((link.pid?, link.door)))
            else {
                continue;
            };
            if self.stage.watches.get_mut(door).is_some_and(|watch| !watch.knows(pid)) {
                return Why::NoSession(self.said_of(link));
            }
        }
        Why::Stuck {
            waiting: self.sent.iter().map(|sent| self.said_of(sent.link)).collect(),
            parked: self.parked().into_iter().map(|buyer| self.buyers[buyer].number).collect(),
        }
    }

    fn said_of(&self, link: LinkId) -> String {
        let sent = self.sent.iter().find(|sent| sent.link == link);
        sent.map(|sent| self.ran.taken[sent.place].choice.step.to_string()).unwrap_or_default()
    }

    /// Moves everything on, for at most this long.
    fn move_on(&mut self, most: Duration) -> Result<()> {
        if self.hands.interrupted.load(Ordering::Relaxed) {
            return Err(Why::Interrupted);
        }
        let sockets: Vec<_> = self.buyers.iter().filter_map(Buyer::socket).collect();
        let happened = self.stage.proxy.poll(&sockets, most).map_err(|error| Why::Wire(error.to_string()))?;
        for (link, happened) in happened {
            match happened {
                Happened::Asks(was_behind) => self.asked(link, was_behind)?,
                Happened::Behind => self.came_behind(link),
                Happened::Answered(saw) => self.answered(link, saw),
                Happened::Closed(held, by_server) => self.closed(link, held, by_server)?,
            }
        }
        for buyer in &mut self.buyers {
            buyer.advance(self.clock, &mut *self.judge);
        }
        self.forget_quiet();
        Ok(())
    }

    /// Connections on which nothing is under way have no owner.
    fn forget_quiet(&mut self) {
        let quiet = |id: &LinkId| self.stage.proxy.link(*id).is_none_or(Link::is_quiet);
        let owned = self.notes.iter().filter(|(_, note)| note.owner.is_some()).map(|(id, _)| *id);
        let quiet: Vec<LinkId> = owned.filter(quiet).collect();
        for id in quiet {
            self.forget(id);
        }
    }

    fn forget(&mut self, link: LinkId) {
        if let Some(note) = self.notes.get_mut(&link) {
            note.owner = None;
            note.touched.clear();
            note.unknown = false;
        }
    }
}
