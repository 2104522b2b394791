//! A step that is sent to a Redis server: its script, the state of its answers, and their meaning.

use std::time::{Duration, Instant};

use super::link::LAST_WORD;
use super::wire::{Answer, PATIENCE, ServerError, Wire};
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::protocol::{Action, Reply, StepKind};

/// How long a buyer that finds the lease taken waits before it asks again the first time; each further time longer.
const FIRST_PAUSE: Duration = Duration::from_micros(500);
/// The longest such wait.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// A script that the server knows by its name.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) step: StepKind,
    pub(super) text: String,
    pub(super) name: Vec<u8>,
}

impl Script {
    /// Appends it to what is to be sent, by its name or with its text.
    pub(super) fn put(&self, wire: &mut Wire, whole: bool, keys: &[&str], values: &[&str]) {
        /// The most words of a script's command.
        const MOST_WORDS: usize = 8;
        let mut number = itoa::Buffer::new();
        let head: [&[u8]; 3] = match whole {
            false => [b"EVALSHA", &self.name, number.format(keys.len()).as_bytes()],
            true => [b"EVAL", self.text.as_bytes(), number.format(keys.len()).as_bytes()],
        };
        let mut words: [&[u8]; MOST_WORDS] = [b""; MOST_WORDS];
        let rest = keys.iter().chain(values).map(|word| word.as_bytes());
        let mut count = 0;
        for (place, word) in words.iter_mut().zip(head.into_iter().chain(rest)) {
            *place = word;
            count += 1;
        }
        wire.put(&words[..count]);
    }
}

/// A step that is sent to the server, and the state of its answers.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) step: StepKind,
    /// How many answers are still to come, after some that are skipped.
    pub(super) answers: u32,
    pub(super) skipped: u32,
    /// The first error.
    pub(super) error: Option<ServerError>,
    /// The last answer, which counts.
    pub(super) last: Answer,
    /// Whether the text of the script is sent.
    pub(super) whole: bool,
    /// How long to wait before the next try if the lease is taken.
    pub(super) pause: Duration,
    /// Whether it has waited.
    pub(super) rested: bool,
    /// When it was sent; below, since when the run is to end.
    pub(super) since: Option<Instant>,
    over_since: Option<Instant>,
}

/// The result of a step that was sent to the server.
pub(super) enum Came {
    Over(Reply),
    /// It has to be sent again, in another form.
    Again,
    /// It has to be sent again after this time.
    Later(Duration),
}

impl Asked {
    pub(super) fn new(action: Action, step: StepKind) -> Self {
        Self {
            action,
            step,
            answers: 0,
            skipped: 0,
            error: None,
            last: Answer::Nil,
            whole: false,
            pause: FIRST_PAUSE,
            rested: false,
            since: None,
            over_since: None,
        }
    }

    /// Whether answers are still to come.
    pub(super) const fn waits(&self) -> bool {
        self.answers + self.skipped > 0
    }

    pub(super) fn take(&mut self, answer: Answer) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        self.answers -= 1;
        match answer {
            Answer::Error(error) => self.error = self.error.take().or(Some(error)),
            answer => self.last = answer,
        }
    }

    /// Whether the answer has taken too long, or is still missing although the run is over.
    pub(super) fn is_late(&mut self, is_over: bool) -> bool {
        self.since.is_some_and(|since| since.elapsed() > PATIENCE)
            || is_over && self.over_since.get_or_insert_with(Instant::now).elapsed() > LAST_WORD
    }
}

/// The meaning, for a purchase, of an answer that is no error.
pub(super) fn reply(action: Action, step: StepKind, answer: &Answer) -> Reply {
    let missing = Reply::Failed(Fault::of_store(FaultKind::Store, StoreCode::of_word("NOKEY")));
    match (action, answer) {
        (_, Answer::Text(text)) if step.reads() => {
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            number.map_or(missing, Reply::Stock)
        }
        // Nobody put tickets on sale, or the server has lost them.
        (Action::Read, _) => missing,
        // The server says only OK; the new stock is known.
        (Action::Write(left), _) => Reply::Sold(left + 1),
        (Action::Decrement | Action::Take, Answer::Number(left)) => Reply::Sold(left + 1),
        (Action::Take, Answer::Nil) => Reply::Missed,
        (Action::Decrement | Action::Take, _) => missing,
        _ => Reply::Done,
    }
}

pub(super) fn fault_of(error: &ServerError) -> Fault {
    let code = error.store_code();
    let kind = if code == StoreCode::FENCED { FaultKind::Fenced } else { FaultKind::Store };
    Fault::of_store(kind, code)
}
