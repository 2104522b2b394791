//! Statements that come to the gate, and their owners.

use std::time::Instant;

use super::{Conductor, Held, Owner, Result};
use crate::race::gate::link::{Link, Status};
use crate::race::gate::proxy::LinkId;
use crate::race::gate::statement::{Kind, Tables};
use crate::race::gate::step::{Choice, Footprint, Step};
use crate::race::gate::watch::Schema;
use crate::race::gate::why::Why;
use crate::race::gate::wire::postgres::Saw;

impl Conductor<'_, '_> {
    /// Finds the owners of statements that may belong to the running buyer or to a parked one.
    pub(super) fn settle_open(&mut self, running: usize) -> Result<()> {
        let Some((link, since)) = self.open.first().copied() else { return Ok(()) };
        let parked: Vec<usize> = self.parked().into_iter().filter(|buyer| *buyer != running).collect();
        let numbers = |buyers: &[usize]| buyers.iter().map(|buyer| self.buyers[*buyer].number).collect();
        let statement = self.stage.proxy.link(link).and_then(Link::batch).map(|batch| batch.texts.join("; "));
        let ambiguous = |buyers| Why::Ambiguous { statement: statement.unwrap_or_default(), buyers };
        if self.is_quiet(running) {
            // The running buyer has sent something else, or has answered.
            let [parked] = parked.as_slice() else { return Err(ambiguous(numbers(&parked))) };
            self.open.remove(0);
            return self.hold(link, *parked);
        }
        if self.open.len() > 1 {
            let both: Vec<usize> = std::iter::once(running).chain(parked).collect();
            return Err(ambiguous(numbers(&both)));
        }
        if since.elapsed() > self.stage.patience / 2 && self.is_idle(since)? {
            let is_open = self.open.first().is_some_and(|(open, _)| *open == link);
            if is_open && self.open.len() == 1 && !self.is_quiet(running) {
                // If it belonged to a parked buyer, the running one would have sent a statement or answered.
                self.open.remove(0);
                return self.hold(link, running);
            }
        }
        Ok(())
    }

    pub(super) fn answered(&mut self, link: LinkId, saw: Saw) {
        /// PostgreSQL's errors of waiting: a deadlock, a lock that was not free in time, a statement that took too long.
        const BY_WAITING: [&str; 3] = ["40P01", "55P03", "57014"];
        if saw.error.as_ref().is_some_and(|(code, _)| BY_WAITING.contains(&code.as_str())) {
            self.ran.changed.extend(Schema::everything());
        }
        match self.sent.iter_mut().find(|sent| sent.link == link) {
            Some(sent) => sent.answered = Some(saw),
            None => self.stage.proxy.deliver(link),
        }
    }

    pub(super) fn closed(&mut self, link: LinkId, held: Option<String>, by_server: bool) -> Result<()> {
        let why = |what: String| if by_server { Why::Lost(what) } else { Why::Closed(what) };
        self.may_let_go(link);
        self.notes.remove(&link);
        self.open.retain(|(open, _)| *open != link);
        self.behind.retain(|(behind, _)| *behind != link);
        let was_held = self.held.iter().any(|held| held.link == link);
        if let Some(held) = held.filter(|_| was_held) {
            return Err(why(held));
        }
        if self.sent.iter().any(|sent| sent.link == link) {
            return Err(why(self.said_of(link)));
        }
        Ok(())
    }

    /// A batch has come to the gate: it passes, or it is held for its buyer.
    pub(super) fn asked(&mut self, link: LinkId, was_behind: bool) -> Result<()> {
        let Some(at) = self.stage.proxy.link(link) else { return Ok(()) };
        let Some(batch) = at.batch() else { return Ok(()) };
        let texts = batch.texts.clone();
        let (status, snapshot) = (at.status, at.snapshot || self.stage.schema.snapshot);
        let Some(statement) = at.statement() else { return Ok(()) };
        if at.is_fresh() {
            // Its last owner has given it back to the pool.
            self.forget(link);
        }
        let first = self.behind.iter().position(|(other, _)| *other == link).filter(|_| was_behind);
        let told = first.map(|place| self.behind.remove(place).1);
        let known = self.stage.background.has(&texts) && statement.kind == Kind::Work;
        let note = self.notes.entry(link).or_default();
        note.snapshot |= snapshot || statement.snapshot;
        let harmless = match statement.kind {
            Kind::Chatter if statement.unlocks && note.locks => false,
            Kind::Chatter | Kind::Begin => true,
            Kind::End => status == Status::Failed || note.touched.is_empty() && !note.unknown,
            Kind::Work => false,
        };
        let owner = match note.owner {
            _ if known => Some(Owner::Background),
            Some(owner) => Some(owner),
            None if texts.is_empty() => None,
            None => told.unwrap_or_else(|| self.owner()),
        };
        self.notes.entry(link).or_default().owner = owner;
        match owner {
            _ if harmless => {
                if statement.kind == Kind::End {
                    self.may_let_go(link);
                }
                self.stage.proxy.pass(link);
            }
            Some(Owner::Background) => self.stage.proxy.pass(link),
            Some(Owner::Buyer(buyer)) => return self.hold(link, buyer),
            Some(Owner::Open) => self.open.push((link, Instant::now())),
            None if self.parked().len() > 1 => {
                let buyers = self.parked().iter().map(|buyer| self.buyers[*buyer].number).collect();
                return Err(Why::Ambiguous { statement: texts.join("; "), buyers });
            }
            None => {
                // No buyer is running or parked: it belongs to no purchase.
                self.notes.entry(link).or_default().owner = Some(Owner::Background);
                if self.stage.background.learn(&texts) {
                    self.ran.strangers.extend(texts);
                }
                self.stage.proxy.pass(link);
            }
        }
        Ok(())
    }

    /// A batch has come behind another on its connection, and has to wait for that one.
    pub(super) fn came_behind(&mut self, link: LinkId) {
        let in_transaction = self.stage.proxy.link(link).is_some_and(|link| link.status != Status::Idle);
        let note = self.notes.get(&link).and_then(|note| note.owner);
        let owner = note.filter(|_| in_transaction).or_else(|| self.owner());
        self.ran.shared |= note.is_some() && owner != note;
        self.behind.push((link, owner));
    }

    /// The owner of a statement on a connection without one.
    fn owner(&self) -> Option<Owner> {
        let parked = self.parked();
        match (self.running, parked.as_slice()) {
            (Some(running), []) => Some(Owner::Buyer(running)),
            (Some(running), [only]) if *only == running => Some(Owner::Buyer(running)),
            (Some(_), _) => Some(Owner::Open),
            (None, [only]) => Some(Owner::Buyer(*only)),
            (None, _) => None,
        }
    }

    /// Holds the statement of a connection for a buyer.
    pub(super) fn hold(&mut self, link: LinkId, buyer: usize) -> Result<()> {
        let Some(at) = self.stage.proxy.link(link) else { return Ok(()) };
        let Some(batch) = at.batch() else { return Ok(()) };
        let texts = batch.texts.clone();
        let in_transaction = at.status != Status::Idle;
        let pattern = (!batch.words.is_empty()).then_some(());
        let open_to_all = at.is_open_to_all();
        let Some(mut statement) = at.statement() else { return Ok(()) };
        let note = self.notes.entry(link).or_default();
        note.owner = Some(Owner::Buyer(buyer));
        if statement.unlocks && note.locks {
            statement.unknown = true;
            if statement.name.is_empty() {
                statement.name = "UNLOCK".to_owned();
            }
        }
        let schema = &self.stage.schema;
        let named: Tables = statement.reads.union(&statement.touches).cloned().collect();
        statement.unknown |= schema.is_opaque(&named);
        statement.touches = schema.beside(&statement.touches);
        let mut reads = statement.reads.clone();
        reads.extend(statement.touches.iter().cloned());
        let publishes = match statement.kind {
            Kind::End => note.touched.clone(),
            _ if in_transaction && !open_to_all => Tables::new(),
            _ => statement.touches.clone(),
        };
        let everything = statement.unknown || note.snapshot || statement.kind == Kind::End && note.unknown;
        let (touches, holds) = (statement.touches.clone(), note.touched.clone());
        let footprint = Footprint { reads, touches, holds, publishes, everything };
        let later = schema.alike(&statement).filter(|_| !note.snapshot);
        let own = &mut self.buyers[buyer];
        own.parked = false;
        let name = statement.name.clone();
        let turn = own.turn(&name);
        let text = texts.join("; ");
        let pattern = pattern.map_or_else(|| text.clone(), |()| name.clone());
        let step = Step { buyer: own.number, name, turn };
        let choice = Choice { step, footprint, later: later.is_some() };
        self.held.push(Held { link, buyer, choice, text, pattern, statement, later });
        Ok(())
    }
}
