//! Mishaps in a replay: buyers are really killed or paused.

use std::sync::atomic::AtomicBool;

use super::{Conductor, Difference, Got};
use crate::history::Befallen;
use crate::plan::Workers;
use crate::protocol::{Mishap, Reply};
use crate::replay::ReplayError;
use crate::replay::rest::Unrest;
use crate::schedule::{Step, Taken, Why};
use crate::world::Answer;

impl Conductor {
    /// Why this mishap can't befall a buyer, counted from 1, now; `None` if it can.
    pub(super) fn not_now(&self, buyer: u32, mishap: Mishap) -> Option<Why> {
        let who = buyer as usize - 1;
        let position = &self.buyers[who];
        if mishap.is_signal() && self.next_step(buyer).is_none() {
            return Some(Why::Left(buyer));
        }
        if mishap.is_signal() && self.plan.workers != Workers::Process {
            return Some(Why::NotAProcess);
        }
        let may = match mishap {
            Mishap::Pause => !position.is_paused && position.waits.is_none(),
            Mishap::GoOn => position.is_paused,
            Mishap::Kill | Mishap::Expire => self.beside.may_befall(who, mishap),
        };
        (!may).then_some(Why::NotNow(mishap))
    }

    /// Carries out a mishap on a buyer, counted from 1. Returns it as a step; `None` if it can't befall that buyer now.
    ///
    /// # Errors
    /// When the store does not answer, or another buyer is not at rest.
    pub fn befall(&mut self, buyer: u32, mishap: Mishap) -> Result<Option<Taken>, ReplayError> {
        if self.not_now(buyer, mishap).is_some() {
            return Ok(None);
        }
        self.suffer(buyer, mishap, &AtomicBool::new(false))?;
        Ok(self.taken.last().copied())
    }

    /// Carries out a mishap that is possible now on a buyer, counted from 1.
    ///
    /// # Errors
    /// As [`Conductor::befall`].
    pub(super) fn suffer(
        &mut self,
        buyer: u32,
        mishap: Mishap,
        interrupted: &AtomicBool,
    ) -> Result<(), ReplayError> {
        let who = buyer as usize - 1;
        let due = self.beside.due_with(who, mishap).into_iter().map(|who| who as u32 + 1).collect();
        self.asked.expect(due);
        let at_ns = self.recorder.now_ns();
        let (happened, real) = self.happen(buyer, mishap, interrupted).map_err(|unrest| self.lost(unrest))?;
        let place = self.taken.len() + 1;
        let step = Step { letter: mishap.letter(), buyer };
        self.taken.push(Taken { step, action: None, reply: None, ending: None, wait: None });
        self.note_mishap(step, mishap, at_ns);
        let got: Got = real.iter().map(|(buyer, reply)| (*buyer as usize - 1, *reply)).collect();
        let (heard, differs) = self.beside.befall(who, mishap, &got);
        for answer in &heard {
            if answer.buyer == who { self.note_death(answer, place) } else { self.hear(answer, place) }
        }
        self.note_holds(place);
        self.note_difference(place, differs, &real);
        if !happened {
            // It had already happened, without a step of ours.
            let model = Some(vec![(buyer, Reply::Done)]);
            self.differs.push(Difference { place, model, real: Vec::new() });
        }
        let beside = &self.beside;
        Ok(self.asked.await_ends(|dead| !beside.has_asked(dead as usize - 1))?)
    }

    /// Makes it happen. Returns whether it was possible, and the answers that result.
    fn happen(
        &mut self,
        buyer: u32,
        mishap: Mishap,
        interrupted: &AtomicBool,
    ) -> Result<(bool, Vec<(u32, Reply)>), Unrest> {
        match mishap {
            Mishap::Kill => {
                self.crew.kill(buyer);
                // A dead buyer's lease would expire anyway, if it had one.
                (self.befall)(&self.recorder, buyer, Mishap::Expire)?;
                return Ok((true, self.asked.killed(&mut self.crew, buyer, interrupted)?));
            }
            Mishap::Pause | Mishap::GoOn => {
                let is_to_stop = mishap == Mishap::Pause;
                self.crew.pause(buyer, is_to_stop);
                self.buyers[buyer as usize - 1].is_paused = is_to_stop;
            }
            Mishap::Expire => {
                return Ok(((self.befall)(&self.recorder, buyer, mishap)?, Vec::new()));
            }
        }
        Ok((true, Vec::new()))
    }

    /// Notes a mishap for the history; going on ends the pause.
    fn note_mishap(&mut self, step: Step, mishap: Mishap, at_ns: u64) {
        let buyer = u64::from(step.buyer);
        if mishap != Mishap::GoOn {
            let at = step.to_string();
            self.mishaps.push(Befallen { buyer, mishap, at, at_ns, until_ns: None });
            return;
        }
        let is_its = |one: &&mut Befallen| one.buyer == buyer && one.mishap == Mishap::Pause;
        if let Some(pause) = self.mishaps.iter_mut().rev().find(is_its) {
            pause.until_ns = Some(at_ns);
        }
    }

    /// Notes that a buyer was killed, and that its purchase, if any, is over.
    fn note_death(&mut self, answer: &Answer, place: usize) {
        let position = &mut self.buyers[answer.buyer];
        let was_in_one = std::mem::take(&mut position.begun);
        (position.waits, position.is_paused) = (None, false);
        if was_in_one {
            position.ending = answer.ending;
            self.taken[place - 1].ending = answer.ending;
        }
    }

    /// Lets all paused buyers go on, so that their purchases can be finished.
    pub(super) fn go_on(&mut self, interrupted: &AtomicBool) -> Result<(), ReplayError> {
        let is_paused = |buyer: &u32| self.buyers[*buyer as usize - 1].is_paused;
        for buyer in (1..=self.plan.buyers).filter(is_paused).collect::<Vec<_>>() {
            self.suffer(buyer, Mishap::GoOn, interrupted)?;
        }
        Ok(())
    }
}
