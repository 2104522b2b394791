//! What buyers hold. As long as a buyer releases nothing, the statements that wait for it go on waiting.

use super::{Conductor, Note, Owner, Sent};
use crate::race::gate::link::Status;
use crate::race::gate::orders::Chooser;
use crate::race::gate::proxy::LinkId;
use crate::race::gate::statement::{Kind, Statement, Tables};
use crate::race::gate::step::Hold;

impl Conductor<'_, '_> {
    /// The holds of all buyers that may hold something.
    pub(super) fn holds(&self) -> Vec<Hold> {
        let holding = |buyer: usize| {
            self.notes.iter().any(|(id, note)| {
                let open = || self.stage.proxy.link(*id).is_some_and(|link| link.status == Status::Open);
                note.owner == Some(Owner::Buyer(buyer)) && (note.locks || open())
            })
        };
        let buyers = self.buyers.iter().enumerate().filter(|(place, _)| holding(*place));
        buyers.map(|(_, buyer)| Hold { buyer: buyer.number, number: buyer.let_go }).collect()
    }

    /// Notes that the owner of this connection may release something.
    pub(super) fn may_let_go(&mut self, link: LinkId) {
        let owner = self.notes.get(&link).and_then(|note| note.owner);
        if let Some(Owner::Buyer(buyer)) = owner {
            self.buyers[buyer].let_go += 1;
        }
    }

    /// Notes a statement that a buyer sends now.
    pub(super) fn note_asked(&mut self, link: LinkId, statement: &Statement) {
        if statement.kind == Kind::End || statement.unknown {
            self.may_let_go(link);
        }
        let note = self.notes.entry(link).or_default();
        note.touched.extend(statement.touches.iter().cloned());
        note.unknown |= statement.unknown;
        note.locks |= statement.locks;
        self.ran.changed.extend(self.stage.schema.changed(statement));
    }

    /// Whether no statement can be waiting for this buyer: it holds nothing, and asks for nothing else.
    pub(super) fn holds_nothing(&self, buyer: usize) -> bool {
        let holds = |note: &Note| {
            note.owner == Some(Owner::Buyer(buyer))
                && (note.locks || note.unknown || !note.touched.is_empty())
        };
        !self.notes.values().any(holds)
            && !self.held.iter().any(|held| held.buyer == buyer)
            && !self.sent.iter().any(|sent| sent.buyer == buyer)
            && !self.behind.iter().any(|(_, owner)| *owner == Some(Owner::Buyer(buyer)))
    }

    /// A statement has to wait. If it has the same effect after the wait as if it had come later, the chooser may know
    /// how the rest ends.
    pub(super) fn tell_wait(&mut self, link: LinkId, tables: &Tables, chooser: &mut dyn Chooser) {
        if self.ran.known || self.ran.why.is_some() {
            return;
        }
        let Some(sent) = self.sent.iter().find(|sent| sent.link == link) else { return };
        let Some(on) = self.waits_for(sent) else { return };
        if chooser.waits(&on) {
            (self.ran.known, self.ran.waits) = (true, true);
            self.ran.assumed.extend(tables.iter().cloned());
        }
    }

    /// The holds that a statement waits for, if all of them are known.
    fn waits_for(&self, sent: &Sent) -> Option<Vec<Hold>> {
        let holds = self.holds();
        let whom = &self.ran.taken[sent.place].waited_for;
        let of = |buyer: &u32| holds.iter().find(|hold| hold.buyer == *buyer).copied();
        whom.iter().map(of).collect::<Option<Vec<Hold>>>().filter(|on| !on.is_empty())
    }
}
