//! One buyer's session with a Redis server: its own connection, its scripts, its lease, and real time.
//!
//! A step is one round trip, and nobody waits in the server: a buyer that finds the lease taken asks again after a
//! while. An async task is woken by the answer, or after that time.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rand::RngExt as _;

use super::address::RedisAddress;
use super::asked::{Asked, Came, LONGEST_PAUSE, Script, fault_of, reply};
use super::error::RedisError;
use super::keys::{Keys, script};
use super::link::{enter, last_word, rejection};
use super::wire::{Answer, Broken, Wire};
use crate::buyer::Ending;
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::history::Recorder;
use crate::plan::Pace;
use crate::protocol::redis::{Fence, RedisChoices};
use crate::protocol::{Action, Reply, StepKind};
use crate::stock::Stock;
use crate::store::server::{Doing, Unexpected};
use crate::world::{Begun, Session, Timekeeper};

/// One buyer's session. It owns what it needs, so that a thread or a task can take it.
#[derive(Debug)]
pub struct RedisSession {
    time: Timekeeper,
    wire: Wire,
    keys: Keys,
    choices: RedisChoices,
    pub(super) scripts: Vec<Script>,
    /// The start of this buyer's lease values: the run and the buyer.
    owner: String,
    /// How many leases it was granted.
    granted: u32,
    /// The value of its last lease.
    lease: String,
    /// The token of that lease, if steps show it.
    pub(super) token: i64,
    /// Whether it watches the stock.
    watches: bool,
    /// How many answers to skip first.
    owed: u32,
    /// The step of an async task that is not over.
    under_way: Option<Asked>,
    /// How the connection ended.
    lost: Option<Fault>,
}

/// The start of a run's lease values.
pub(super) fn of_run(recorder: &Recorder) -> String {
    format!("{:016x}:", recorder.run_id())
}

/// The start of one buyer's lease values.
pub(super) fn of_buyer(recorder: &Recorder, buyer: u32) -> String {
    format!("{}{buyer}:", of_run(recorder))
}

impl RedisSession {
    /// The session of one buyer, counted from 1, on a connection of its own.
    pub(super) fn open(
        address: &RedisAddress,
        keys: Keys,
        choices: RedisChoices,
        recorder: &Recorder,
        pace: Pace,
        buyer: u32,
    ) -> Result<Self, RedisError> {
        let name = format!("ticketsim-{:016x}-buyer-{buyer}", recorder.run_id());
        let mut session = Self {
            time: Timekeeper::new(recorder, pace, buyer),
            wire: enter(address, &name)?,
            keys,
            choices,
            scripts: Vec::new(),
            owner: of_buyer(recorder, buyer),
            granted: 0,
            lease: String::new(),
            token: 0,
            watches: false,
            owed: 0,
            under_way: None,
            lost: None,
        };
        session.load(address)?;
        Ok(session)
    }

    /// Loads the scripts of the sale into the server.
    fn load(&mut self, address: &RedisAddress) -> Result<(), RedisError> {
        let steps = self.choices.protocol();
        for step in steps.steps() {
            let is_fenced = match step {
                StepKind::Lock => self.choices.fence != Fence::None,
                step => self.choices.fences(*step),
            };
            let Some(text) = script(*step, is_fenced) else { continue };
            let loaded = self.wire.ask(&[b"SCRIPT", b"LOAD", text.as_bytes()]);
            match loaded.map_err(|broken| broken.at(address))? {
                Answer::Text(name) => self.scripts.push(Script { step: *step, text, name }),
                Answer::Error(error) => return Err(rejection(address, Doing::LoadScript, &error)),
                other => {
                    let came = Unexpected::other(&format!("{other:?}"));
                    return Err(Broken::Strange(came).at(address));
                }
            }
        }
        Ok(())
    }

    /// Appends a step's request to what is to be sent.
    fn put(&mut self, asked: &mut Asked) {
        (asked.answers, asked.skipped, asked.error) = (1, std::mem::take(&mut self.owed), None);
        let Self { wire, keys, scripts, choices, lease, .. } = self;
        let script = scripts.iter().find(|script| script.step == asked.step);
        let mut put_script = |keys: &[&str], values: &[&str]| {
            if let Some(script) = script {
                script.put(wire, asked.whole, keys, values);
            }
        };
        match (asked.action, script) {
            (Action::Lock, _) => self.put_lock(asked.whole),
            (Action::Unlock, _) => put_script(&[&keys.lease], &[lease]),
            (action, Some(_)) if choices.fences(asked.step) => {
                let (mut token, mut left) = (itoa::Buffer::new(), itoa::Buffer::new());
                let token = token.format(self.token);
                match action {
                    Action::Write(stock) => {
                        put_script(&[&keys.stock, &keys.shown], &[token, left.format(stock)]);
                    }
                    _ => put_script(&[&keys.stock, &keys.shown], &[token]),
                }
            }
            (_, Some(_)) => put_script(&[&keys.stock], &[]),
            (Action::Swap(seen), None) => asked.answers = self.put_swap(seen),
            (action, None) => self.put_command(action),
        }
    }

    fn put_lock(&mut self, whole: bool) {
        let lease_ms = (self.choices.lease_ns / 1_000_000).max(1).to_string();
        let Self { wire, keys, scripts, owner, .. } = self;
        if let Some(script) = scripts.iter().find(|script| script.step == StepKind::Lock) {
            // The script appends the token.
            script.put(wire, whole, &[&keys.lease, &keys.token], &[owner, &lease_ms]);
            return;
        }
        let mine = format!("{owner}{}", self.granted + 1);
        wire.put(&[b"SET", keys.lease.as_bytes(), mine.as_bytes(), b"NX", b"PX", lease_ms.as_bytes()]);
    }

    fn put_command(&mut self, action: Action) {
        let key = self.keys.stock.as_bytes();
        match action {
            Action::Write(left) => {
                let mut number = itoa::Buffer::new();
                self.wire.put(&[b"SET", key, number.format(left).as_bytes()]);
            }
            Action::Decrement => self.wire.put(&[b"DECR", key]),
            Action::GiveBack => self.wire.put(&[b"INCR", key]),
            Action::Watch => {
                self.watches = true;
                self.wire.put(&[b"WATCH", key]);
            }
            // All remaining steps read.
            _ => self.wire.put(&[b"GET", key]),
        }
    }

    /// The end of a WATCH: three commands in one packet. Returns how many answers they have.
    fn put_swap(&mut self, seen: Stock) -> u32 {
        let mut number = itoa::Buffer::new();
        let left = number.format(seen - 1).as_bytes();
        self.wire.put(&[b"MULTI"]);
        self.wire.put(&[b"SET", self.keys.stock.as_bytes(), left]);
        self.wire.put(&[b"EXEC"]);
        self.watches = false;
        3
    }

    /// The result of a step, once all answers have come.
    fn conclude(&mut self, asked: &mut Asked) -> Came {
        if let Some(error) = asked.error.take() {
            // If the server does not know a script any more, its text is sent.
            if error.word == "NOSCRIPT" && !std::mem::replace(&mut asked.whole, true) {
                return Came::Again;
            }
            return Came::Over(Reply::Failed(fault_of(&error)));
        }
        let answer = std::mem::replace(&mut asked.last, Answer::Nil);
        match (asked.action, &answer) {
            (Action::Lock, Answer::Nil | Answer::Number(0)) => {
                // Random, so that the same two buyers do not meet again.
                let pause = asked.pause.mul_f64(rand::rng().random_range(0.5..1.0));
                asked.pause = (asked.pause * 2).min(LONGEST_PAUSE);
                Came::Later(pause)
            }
            (Action::Lock, Answer::Number(token)) => {
                (self.token, self.lease) = (*token, format!("{}{token}", self.owner));
                Came::Over(Reply::Done)
            }
            (Action::Lock, _) => {
                self.granted += 1;
                self.lease = format!("{}{}", self.owner, self.granted);
                Came::Over(Reply::Done)
            }
            // If the lease had expired, nothing was deleted, but the buyer does not notice.
            (Action::Unlock, _) => {
                self.lease.clear();
                Came::Over(Reply::Done)
            }
            (Action::Swap(seen), Answer::List(_)) => Came::Over(Reply::Sold(seen)),
            // The run is over, so a swap that missed is not tried again.
            (Action::Swap(_), _) if self.time.stopped() => Came::Over(Reply::stopped()),
            (Action::Swap(_), _) => Came::Over(Reply::Missed),
            (action, answer) => Came::Over(reply(action, asked.step, answer)),
        }
    }

    /// Sends a request, and waits for its result.
    fn exchange(&mut self, asked: &mut Asked) -> Came {
        self.put(asked);
        if self.wire.send().is_err() {
            return Came::Over(self.lose());
        }
        while asked.waits() {
            let time = &self.time;
            match self.wire.receive(last_word(|| time.gives_up())) {
                Ok(answer) => asked.take(answer),
                Err(_) => return Came::Over(self.lose()),
            }
        }
        self.conclude(asked)
    }

    /// Carries out a step and returns the reply.
    fn execute(&mut self, action: Action, step: StepKind) -> Reply {
        if let Some(fault) = self.lost {
            return Reply::Failed(fault);
        }
        let mut asked = Asked::new(action, step);
        loop {
            match self.exchange(&mut asked) {
                Came::Over(reply) => return reply,
                Came::Again => {}
                Came::Later(_) if self.time.gives_up() => return self.time.given_up(),
                Came::Later(pause) => {
                    let slept = self.time.sleep(pause);
                    if slept != Reply::Done {
                        return slept;
                    }
                }
            }
        }
    }

    /// Continues a step as far as possible without waiting.
    fn go_on(&mut self, asked: &mut Asked) -> Begun {
        loop {
            if !asked.waits() {
                if asked.rested && self.time.gives_up() {
                    return Begun::Over(self.time.given_up());
                }
                self.put(asked);
                asked.since = Some(Instant::now());
                if self.wire.send().is_err() {
                    return Begun::Over(self.lose());
                }
            }
            while asked.waits() {
                match self.wire.look() {
                    Ok(Some(answer)) => asked.take(answer),
                    Ok(None) if asked.is_late(self.time.gives_up()) => return Begun::Over(self.lose()),
                    Ok(None) => return Begun::Asked,
                    Err(_) => return Begun::Over(self.lose()),
                }
            }
            match self.conclude(asked) {
                Came::Over(reply) => return Begun::Over(reply),
                Came::Again => {}
                Came::Later(pause) => {
                    asked.rested = true;
                    return Begun::Busy(pause);
                }
            }
        }
    }

    /// The connection is lost: the request may have been carried out.
    fn lose(&mut self) -> Reply {
        let fault = Fault::of_store(FaultKind::AnswerLost, StoreCode::of_word("CUT"));
        self.lost = Some(fault);
        Reply::Failed(fault)
    }
}

impl Session for RedisSession {
    fn perform(&mut self, action: Action) -> Reply {
        if let Some(reply) = self.time.begin() {
            return reply;
        }
        match (action, action.kind()) {
            (Action::Think, _) => self.time.think(),
            (_, None) => Reply::Done,
            (_, Some(step)) => self.execute(action, step),
        }
    }

    fn attempt(&mut self, action: Action) -> Option<Reply> {
        if action != Action::Lock {
            return Some(self.perform(action));
        }
        if let Some(fault) = self.lost {
            return Some(Reply::Failed(fault));
        }
        if let Some(reply) = self.time.attempt(|| None) {
            return Some(reply);
        }
        let mut asked = Asked::new(action, StepKind::Lock);
        let reply = loop {
            match self.exchange(&mut asked) {
                Came::Over(reply) => break reply,
                Came::Again => {}
                Came::Later(_) => return None,
            }
        };
        // The purchase has begun, and letting go is always carried out.
        let _ = self.time.begin();
        Some(reply)
    }

    fn begin(&mut self, action: Action) -> Begun {
        if let Some(reply) = self.time.begin() {
            return Begun::Over(reply);
        }
        let Some(step) = action.kind() else { return Begun::Over(Reply::Done) };
        if let Some(fault) = self.lost {
            return Begun::Over(Reply::Failed(fault));
        }
        if self.wire.never_wait().is_err() {
            return Begun::Over(self.lose());
        }
        self.under_way = Some(Asked::new(action, step));
        self.resume()
    }

    fn resume(&mut self) -> Begun {
        let Some(mut asked) = self.under_way.take() else { return Begun::Over(Reply::stopped()) };
        let begun = self.go_on(&mut asked);
        if !matches!(begun, Begun::Over(_)) {
            self.under_way = Some(asked);
        }
        begun
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.wire.descriptor())
    }

    fn think_time(&mut self) -> Duration {
        self.time.draw()
    }

    fn ended(&mut self, _ending: Ending) {
        self.time.ended();
        // A refused purchase still watches. UNWATCH is sent with the next request.
        if std::mem::take(&mut self.watches) && self.lost.is_none() {
            self.wire.put(&[b"UNWATCH"]);
            self.owed += 1;
        }
    }
}
