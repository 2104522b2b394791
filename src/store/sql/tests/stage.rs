//! All orders of two buyers' requests, on real sessions: each buyer has its own thread and gets its next step from a
//! conductor, which learns from the server who waits, not from a clock.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::super::*;
use super::PACE;
use crate::buyer::{Buyer, Rules};
use crate::fault::Fault;
use crate::history::Outcome;
use crate::plan::PerBuyer;
use crate::world::{Session as _, complete};

/// What a buyer reports after a step: whether it goes on, and how its purchase ended, with the code of an error.
#[derive(Clone, Debug)]
struct Told {
    has_left: bool,
    ended: Option<(Outcome, String)>,
}

/// A buyer on its thread.
struct Actor {
    go: Sender<()>,
    told: Receiver<Told>,
    /// Whether it was sent a step that it has not answered.
    is_asked: bool,
    has_left: bool,
    ended: Option<(Outcome, String)>,
}

/// Whether the session of this name waits for another.
pub(super) type Waits<'a> = &'a mut dyn FnMut(&str) -> bool;

/// The outcomes of all schedules of a sale: `receipts/left/failed {codes}`, and how often each came.
pub(super) type Outcomes = BTreeMap<String, u32>;

/// Runs every order of the requests of this many buyers of this many tickets.
pub(super) fn all_schedules(store: &SqlStore, buyers: u32, tickets: Stock, waits: Waits<'_>) -> Outcomes {
    let mut outcomes = Outcomes::new();
    // The place in the list of those that could go, at each step.
    let mut choices: Vec<usize> = Vec::new();
    loop {
        let mut widths: Vec<usize> = Vec::new();
        let outcome = one_schedule(store, buyers, tickets, waits, |step, width| {
            widths.push(width);
            if step == choices.len() {
                choices.push(0);
            }
            assert!(step < choices.len() && choices[step] < width, "{choices:?} is no order: {widths:?}");
            choices[step]
        });
        assert!(choices.len() == widths.len(), "{choices:?} is no order: {widths:?}");
        *outcomes.entry(outcome).or_default() += 1;
        while choices.last().is_some_and(|last| last + 1 == widths[choices.len() - 1]) {
            choices.pop();
        }
        match choices.last_mut() {
            Some(last) => *last += 1,
            None => return outcomes,
        }
    }
}

/// Runs one order: `choose` says at each step which of those goes that can.
pub(super) fn one_schedule(
    store: &SqlStore,
    buyers: u32,
    tickets: Stock,
    waits: Waits<'_>,
    mut choose: impl FnMut(usize, usize) -> usize,
) -> String {
    store.put_on_sale(Some(tickets)).expect("tickets");
    let recorder = super::recorder(buyers);
    std::thread::scope(|scope| {
        let mut actors: Vec<Actor> = (1..=buyers)
            .map(|buyer| {
                let (go, gone) = channel();
                let (tell, told) = channel();
                let recorder = &recorder;
                scope.spawn(move || play(store, recorder, buyer, &gone, &tell));
                Actor { go, told, is_asked: true, has_left: false, ended: None }
            })
            .collect();
        for actor in &mut actors {
            actor.hear_it_out();
        }
        let mut step = 0;
        loop {
            let can = |actor: &&mut Actor| !actor.is_asked && !actor.has_left;
            let mut free: Vec<&mut Actor> = actors.iter_mut().filter(can).collect();
            if free.is_empty() {
                match actors.iter_mut().find(|actor| actor.is_asked) {
                    // All of them wait: a deadlock, which the engine ends.
                    Some(_) => hear_anybody(&mut actors),
                    None => break,
                }
                continue;
            }
            let chosen = choose(step, free.len());
            free[chosen].ask();
            step += 1;
            settle(&mut actors, &recorder, waits);
        }
        let outcome = outcome(&actors);
        drop(actors);
        outcome
    })
    .replace("LEFT", &store.stock_left().expect("a stock").to_string())
}

impl Actor {
    fn ask(&mut self) {
        self.is_asked = true;
        self.go.send(()).expect("a buyer that listens");
    }

    fn hear(&mut self, told: Told) {
        (self.is_asked, self.has_left) = (false, told.has_left);
        self.ended = told.ended.or(self.ended.take());
    }

    fn hear_it_out(&mut self) {
        let told = self.told.recv_timeout(Duration::from_secs(60)).expect("a buyer that answers");
        self.hear(told);
    }
}

/// Waits until every buyer has answered, or waits for another, as the engine says. An answer may have let another go that
/// was seen waiting before, so it looks again until nothing changes.
fn settle(actors: &mut [Actor], recorder: &Recorder, waits: Waits<'_>) {
    loop {
        let mut is_news = false;
        for (actor, buyer) in actors.iter_mut().zip(1..) {
            // A buyer that is seen waiting once may have been let go, and be slow to wake up: it is looked at twice.
            let mut seen = 0;
            while actor.is_asked && seen < 2 {
                match actor.told.recv_timeout(Duration::from_millis(1)) {
                    Ok(told) => {
                        actor.hear(told);
                        is_news = true;
                    }
                    Err(_) if waits(&format!("{}{buyer}", of_run(recorder))) => seen += 1,
                    Err(_) => seen = 0,
                }
            }
        }
        if !is_news {
            return;
        }
    }
}

fn hear_anybody(actors: &mut [Actor]) {
    for _ in 0..60_000 {
        for actor in actors.iter_mut().filter(|actor| actor.is_asked) {
            if let Ok(told) = actor.told.recv_timeout(Duration::from_millis(1)) {
                return actor.hear(told);
            }
        }
    }
    panic!("everybody waits, and nobody is answered");
}

/// The life of one buyer: one step, and what belongs to it, each time it is told to go.
fn play(store: &SqlStore, recorder: &Recorder, buyer: u32, gone: &Receiver<()>, tell: &Sender<Told>) {
    let mut session = store.open(recorder, PACE, buyer).expect("a session");
    let rules =
        Rules { protocol: store.choices.protocol(), per_buyer: PerBuyer::ONE, retry: store.choices.retry };
    let mut steps = Buyer::new(rules);
    let mut ended = None;
    let note = |ending: crate::buyer::Ending| {
        Some((ending.outcome, ending.fault.map(Fault::cause).unwrap_or_default()))
    };
    loop {
        complete(&mut steps, |action| session.perform(action), |ending| ended = note(ending));
        let told = Told { has_left: steps.has_left(), ended: ended.clone() };
        if tell.send(told).is_err() || steps.has_left() || gone.recv().is_err() {
            return;
        }
        let action = steps.next();
        let reply = session.perform(action);
        if let Some(ending) = steps.accept(reply) {
            ended = note(ending);
        }
    }
}

/// `receipts/left/failed {codes}`; the stock that is left is filled in once all sessions have ended.
fn outcome(actors: &[Actor]) -> String {
    let count = |wanted| {
        let is = |actor: &&Actor| actor.ended.as_ref().is_some_and(|(outcome, _)| *outcome == wanted);
        actors.iter().filter(is).count()
    };
    let mut codes: Vec<&str> = actors
        .iter()
        .filter_map(|actor| Some(actor.ended.as_ref()?.1.as_str()))
        .filter(|code| !code.is_empty())
        .collect();
    codes.sort_unstable();
    let codes = if codes.is_empty() { String::new() } else { format!(" {}", codes.join(" ")) };
    format!("{}/LEFT/{}{codes}", count(Outcome::Bought), count(Outcome::Failed))
}
