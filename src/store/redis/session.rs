//! One buyer's session with a Redis server: its own connection, its scripts, its lease, and time that passes.
//!
//! A step is one round trip, and nobody waits in the server: who finds the lease taken asks again after a while.

use std::time::Duration;

use rand::RngExt as _;

use super::address::RedisAddress;
use super::error::RedisError;
use super::keys::{Keys, script};
use super::link::{enter, last_word, refusal};
use super::wire::{Answer, Broken, ServerError, Wire};
use crate::buyer::Ending;
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::history::Recorder;
use crate::plan::Pace;
use crate::protocol::redis::{Fence, RedisSale};
use crate::protocol::{Action, Reply, StepKind};
use crate::stock::Stock;
use crate::world::{Session, Timekeeper};

/// A script that the server knows by its name.
#[derive(Debug)]
pub(super) struct Script {
    step: StepKind,
    text: String,
    pub(super) name: Vec<u8>,
}

/// One buyer's session. It owns what it needs, so that a thread or a task can take it.
#[derive(Debug)]
pub struct RedisSession {
    time: Timekeeper,
    wire: Wire,
    keys: Keys,
    sale: RedisSale,
    pub(super) scripts: Vec<Script>,
    /// What tells this buyer's leases from all others': the run and the buyer.
    owner: String,
    /// How many leases it was granted.
    granted: u32,
    /// The value of the lease that it was granted last.
    lease: String,
    /// The token of that lease, where steps show it.
    pub(super) token: i64,
    /// Whether it watches the stock.
    watches: bool,
    /// How the connection ended.
    lost: Option<Fault>,
}

/// How long who finds the lease taken waits before it asks again, at first; each time longer.
const FIRST_PAUSE: Duration = Duration::from_micros(500);
/// And never longer than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// What a run's leases begin with.
pub(super) fn of_run(recorder: &Recorder) -> String {
    format!("{:016x}:", recorder.run_id())
}

/// What the leases of one buyer begin with.
pub(super) fn of_buyer(recorder: &Recorder, buyer: u32) -> String {
    format!("{}{buyer}:", of_run(recorder))
}

impl RedisSession {
    /// The session of one buyer, counted from 1, on a connection of its own.
    pub(super) fn open(
        address: &RedisAddress,
        keys: Keys,
        sale: RedisSale,
        recorder: &Recorder,
        pace: Pace,
        buyer: u32,
    ) -> Result<Self, RedisError> {
        let name = format!("ticketsim-{:016x}-buyer-{buyer}", recorder.run_id());
        let mut session = Self {
            time: Timekeeper::new(recorder, pace, buyer),
            wire: enter(address, &name)?,
            keys,
            sale,
            scripts: Vec::new(),
            owner: of_buyer(recorder, buyer),
            granted: 0,
            lease: String::new(),
            token: 0,
            watches: false,
            lost: None,
        };
        session.load(address)?;
        Ok(session)
    }

    /// Gives the server the scripts of the sale.
    fn load(&mut self, address: &RedisAddress) -> Result<(), RedisError> {
        let steps = self.sale.protocol();
        for step in steps.steps() {
            let is_fenced = match step {
                StepKind::Lock => self.sale.fence != Fence::None,
                step => self.sale.fences(*step),
            };
            let Some(text) = script(*step, is_fenced) else { continue };
            let loaded = self.wire.ask(&[b"SCRIPT", b"LOAD", text.as_bytes()]);
            match loaded.map_err(|broken| broken.at(address))? {
                Answer::Text(name) => self.scripts.push(Script { step: *step, text, name }),
                Answer::Error(error) => return Err(refusal(address, "loading a script", &error)),
                other => return Err(Broken::Strange(format!("{other:?}")).at(address)),
            }
        }
        Ok(())
    }

    /// Tries to get the lease. `None` where somebody has it.
    fn try_lock(&mut self) -> Option<Reply> {
        let lease_ms = (self.sale.lease_ns / 1_000_000).max(1).to_string();
        let is_fenced = self.sale.fence != Fence::None;
        let mine = if is_fenced { self.owner.clone() } else { format!("{}{}", self.owner, self.granted + 1) };
        let answer = if is_fenced {
            let (lease, token) = (self.keys.lease.clone(), self.keys.token.clone());
            self.run(StepKind::Lock, &[&lease, &token], &[&mine, &lease_ms])
        } else {
            self.wire.put(&[
                b"SET",
                self.keys.lease.as_bytes(),
                mine.as_bytes(),
                b"NX",
                b"PX",
                lease_ms.as_bytes(),
            ]);
            self.answer()
        };
        match answer {
            Ok(Answer::Nil | Answer::Number(0)) => None,
            Ok(Answer::Number(token)) => {
                (self.token, self.lease) = (token, format!("{mine}{token}"));
                Some(Reply::Done)
            }
            Ok(_) => {
                self.granted += 1;
                self.lease = mine;
                Some(Reply::Done)
            }
            Err(reply) => Some(reply),
        }
    }

    /// Asks for the lease until it is granted.
    fn lock(&mut self) -> Reply {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(reply) = self.try_lock() {
                return reply;
            }
            if self.time.gives_up() {
                return self.time.given_up();
            }
            // Never as long as another's: else the same two would meet again.
            let slept = self.time.sleep(pause.mul_f64(rand::rng().random_range(0.5..1.0)));
            if slept != Reply::Done {
                return slept;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Has a step carried out and says what came of it, in the words of purchases.
    fn execute(&mut self, action: Action, step: StepKind) -> Reply {
        if let Some(fault) = self.lost {
            return Reply::Failed(fault);
        }
        let stock = self.keys.stock.clone();
        let answer = match action {
            Action::Lock => return self.lock(),
            Action::Unlock => {
                let (key, lease) = (self.keys.lease.clone(), std::mem::take(&mut self.lease));
                // That it deleted nothing, since the lease had expired, a buyer does not notice.
                self.run(step, &[&key], &[&lease])
            }
            _ if self.scripts.iter().any(|script| script.step == step) => {
                let (shown, token) = (self.keys.shown.clone(), self.token.to_string());
                let left = if let Action::Write(left) = action { left.to_string() } else { String::new() };
                match (self.sale.fences(step), left.is_empty()) {
                    (false, _) => self.run(step, &[&stock], &[]),
                    (true, true) => self.run(step, &[&stock, &shown], &[&token]),
                    (true, false) => self.run(step, &[&stock, &shown], &[&token, &left]),
                }
            }
            Action::Swap(seen) => return self.swap(seen),
            _ => {
                self.put_command(action, &stock);
                self.answer()
            }
        };
        match answer {
            Ok(answer) => self.reply(action, step, &answer),
            Err(reply) => reply,
        }
    }

    fn put_command(&mut self, action: Action, stock: &str) {
        let key = stock.as_bytes();
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
            // All else that is left reads.
            _ => self.wire.put(&[b"GET", key]),
        }
    }

    /// WATCH's other half: three commands, one packet there and one back.
    fn swap(&mut self, seen: Stock) -> Reply {
        let mut number = itoa::Buffer::new();
        let left = number.format(seen - 1).as_bytes();
        self.wire.put(&[b"MULTI"]);
        self.wire.put(&[b"SET", self.keys.stock.as_bytes(), left]);
        self.wire.put(&[b"EXEC"]);
        self.watches = false;
        let queued = self.answer().and_then(|_| self.next_answer());
        let answer = match (queued, self.next_answer()) {
            // The reason comes first; EXEC says then that there is one.
            (Err(reply), _) | (Ok(_), Err(reply)) => return reply,
            (Ok(_), Ok(answer)) => answer,
        };
        match answer {
            Answer::List(_) => Reply::Sold(seen),
            // Somebody was faster, again and again perhaps; but the run is over.
            _ if self.time.stopped() => Reply::stopped(),
            _ => Reply::Missed,
        }
    }

    fn reply(&self, action: Action, step: StepKind, answer: &Answer) -> Reply {
        let missing = Reply::Failed(Fault::of_store(FaultKind::Store, StoreCode::of_word("NOKEY")));
        match (action, answer) {
            (_, Answer::Text(text)) if step.reads() => {
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                number.map_or(missing, Reply::Stock)
            }
            // Nobody put tickets on sale, or the server has forgotten it.
            (Action::Read, _) => missing,
            // The server says OK, and the new stock is no news: it replaced what was seen.
            (Action::Write(left), _) => Reply::Sold(left + 1),
            (Action::Decrement | Action::Take, Answer::Number(left)) => Reply::Sold(left + 1),
            (Action::Take, Answer::Nil) => Reply::Missed,
            (Action::Decrement | Action::Take, _) => missing,
            _ => Reply::Done,
        }
    }

    /// Runs the script of a step. A server that does not know it any more is given its text.
    fn run(&mut self, step: StepKind, keys: &[&str], values: &[&str]) -> Result<Answer, Reply> {
        self.put_script(step, keys, values, false);
        let unknown = Reply::Failed(Fault::of_store(FaultKind::Store, StoreCode::of_word("NOSCRIPT")));
        match self.answer() {
            Err(reply) if reply == unknown => {
                self.put_script(step, keys, values, true);
                self.answer()
            }
            answer => answer,
        }
    }

    /// Puts the script of a step behind what is to be sent, by its name or with its text.
    fn put_script(&mut self, step: StepKind, keys: &[&str], values: &[&str], whole: bool) {
        let Self { scripts, wire, .. } = self;
        let Some(script) = scripts.iter().find(|script| script.step == step) else { return };
        let mut number = itoa::Buffer::new();
        let count = number.format(keys.len()).as_bytes();
        let head: [&[u8]; 3] = match whole {
            false => [b"EVALSHA", &script.name, count],
            true => [b"EVAL", script.text.as_bytes(), count],
        };
        let rest = keys.iter().chain(values).map(|word| word.as_bytes());
        wire.put(&head.into_iter().chain(rest).collect::<Vec<_>>());
    }

    /// Sends what was put, and waits for the first answer.
    fn answer(&mut self) -> Result<Answer, Reply> {
        match self.wire.send() {
            Ok(()) => self.next_answer(),
            Err(_) => Err(self.lose()),
        }
    }

    fn next_answer(&mut self) -> Result<Answer, Reply> {
        if let Some(fault) = self.lost {
            return Err(Reply::Failed(fault));
        }
        let time = &self.time;
        match self.wire.receive(last_word(|| time.gives_up())) {
            Ok(Answer::Error(error)) => Err(Reply::Failed(fault_of(&error))),
            Ok(answer) => Ok(answer),
            Err(_) => Err(self.lose()),
        }
    }

    /// The connection is gone: what was asked may have been done.
    fn lose(&mut self) -> Reply {
        let fault = Fault::of_store(FaultKind::AnswerLost, StoreCode::of_word("CUT"));
        self.lost = Some(fault);
        Reply::Failed(fault)
    }
}

fn fault_of(error: &ServerError) -> Fault {
    let code = error.store_code();
    let kind = if code == StoreCode::FENCED { FaultKind::Fenced } else { FaultKind::Store };
    Fault::of_store(kind, code)
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
        let tried = self.try_lock();
        self.time.attempt(|| tried)
    }

    fn think_time(&mut self) -> Duration {
        self.time.draw()
    }

    fn ended(&mut self, _ending: Ending) {
        self.time.ended();
        // A purchase that was refused has watched for nothing.
        if std::mem::take(&mut self.watches) && self.lost.is_none() {
            self.wire.put(&[b"UNWATCH"]);
            let _ = self.answer();
        }
    }
}
