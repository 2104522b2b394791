//! What a lesson stands on: it says what happens while it happens, lets time pass at the lesson's pace,
//! starts processes, and gives parent and children numbers that they share.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::{self, Write as _};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::LessonError;
use crate::charset::ascii;
use crate::lang::{Lang, lesson as text};
use crate::report::text::ASIDE;
use crate::shared::SharedSlice;
use crate::streams::Patient;
use crate::wrapped::refilled;

/// How a lesson's words reach the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Not at all: only the facts count.
    Silent,
    /// As they are.
    Plain,
    /// With colours.
    Coloured,
}

/// How a lesson is given.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    /// The language of its words.
    pub lang: Lang,
    /// How they reach the terminal.
    pub voice: Voice,
    /// Whether pauses are cut to a quarter.
    pub fast: bool,
    /// Whether the terminal takes ASCII alone.
    pub is_ascii: bool,
    /// How many columns it has, where it is one.
    pub columns: Option<usize>,
    /// How many children, or clients, where the lesson lets one choose.
    pub count: Option<u32>,
    /// Set (by a signal handler, say) when the lesson is to end early.
    pub interrupted: &'a AtomicBool,
}

/// What `--fast` divides pauses by.
const FAST: u32 = 4;
/// How long a pause may go on before it looks for an interrupt.
const SLICE: Duration = Duration::from_millis(20);

/// Two halves of a line take so many columns.
const BOTH_HALVES: usize = 76;

pub(super) const USUAL: Style = Style::new();

/// How often a join looks. Waiting without looking would be deaf to Ctrl-C: waitpid(2) goes on after
/// a signal whose handler says `SA_RESTART`.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// The stage of one lesson. Children inherit it, and each knows its own name.
pub(super) struct Stage<'a> {
    pub(super) lang: Lang,
    pub(super) count: Option<u32>,
    manner: Manner<'a>,
    began: Instant,
    name: RefCell<String>,
    is_child: Cell<bool>,
    /// Why the words did not reach the reader: a pipe that was closed, say.
    unheard: RefCell<Option<io::Error>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(manner: Manner<'a>) -> Self {
        Self {
            lang: manner.lang,
            count: manner.count,
            manner,
            began: Instant::now(),
            name: RefCell::new("parent".to_owned()),
            is_child: Cell::new(false),
            unheard: RefCell::new(None),
        }
    }

    /// Nanoseconds since the lesson began. All its processes read the same monotonic clock.
    pub(super) fn now_ns(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// Says what this process does: when, who, its process id and its parent's. Returns when.
    pub(super) fn say(&self, what: &str) -> u64 {
        self.say_in(USUAL, what)
    }

    /// Says it in a colour.
    pub(super) fn say_in(&self, style: Style, what: &str) -> u64 {
        let now_ns = self.now_ns();
        let name = text::shown_name(self.lang, &self.name.borrow());
        let (pid, parent) = (std::process::id(), nix::unistd::getppid());
        self.line(&self.row(style, &format_ms(now_ns), &name, &pid, &parent, what));
        now_ns
    }

    /// Says what will happen.
    pub(super) fn predict(&self, prediction: &str) {
        self.line(prediction);
        self.line("");
    }

    /// The heading above what is said.
    pub(super) fn columns(&self) {
        let [ms, who, pid, parent] = text::column_names(self.lang);
        self.line(&self.row(ASIDE, ms, who, &pid, &parent, ""));
    }

    /// Half a line on another process, and when it did what; `ends` says that it is the second half.
    pub(super) fn half(&self, when_ns: u64, who: &str, pid: u32, style: Style, what: &str, ends: bool) {
        let when = format_ms(when_ns);
        let who = text::shown_name(self.lang, who);
        let (when_gap, who_gap) = (padding(&when, 7), padding(&who, 8));
        let when = self.painted(ASIDE, &format!("{when_gap}{when}"));
        let has_room = self.manner.columns.is_none_or(|columns| columns >= BOTH_HALVES);
        let gap = if ends || !has_room { "\n".to_owned() } else { padding(what, 16) };
        self.part(&format!("{when} {who}{who_gap} {pid:>6} {}{gap}", self.painted(style, what)));
    }

    fn row(
        &self,
        style: Style,
        when: &str,
        who: &str,
        pid: &dyn Display,
        parent: &dyn Display,
        what: &str,
    ) -> String {
        let when = format!("{}{when}", padding(when, 7));
        let who = format!("{who}{}", padding(who, 9));
        let row = format!("{} {who} {pid:>6} {parent:>6}  ", self.painted(ASIDE, &when));
        format!("{row}{}", self.painted(style, what)).trim_end().to_owned()
    }

    /// A line of the lesson's own: a heading, a prediction, an explanation.
    pub(super) fn line(&self, line: &str) {
        let line = match self.manner.columns {
            Some(columns) => refilled(line, columns),
            None => line.into(),
        };
        // One write a line, so that the lines of several processes do not mix.
        self.part(&format!("{line}\n"));
    }

    /// A part of a line.
    pub(super) fn part(&self, part: &str) {
        if self.manner.voice == Voice::Silent || self.unheard.borrow().is_some() {
            return;
        }
        // Past the standard library's buffer: the next child would inherit what stays there.
        let part = if self.manner.is_ascii { ascii(part) } else { part.into() };
        let mut out = Patient::new(io::stdout().lock(), self.manner.interrupted);
        if let Err(error) = out.write_all(part.as_bytes()) {
            // Whether to go on without a reader is for the parent to say: a child plays its part.
            if !self.is_child.get() {
                *self.unheard.borrow_mut() = Some(error);
            }
        }
    }

    /// The text in this style, where colours are wanted.
    pub(super) fn painted(&self, style: Style, text: &str) -> String {
        if self.manner.voice == Voice::Coloured && !text.is_empty() && style != USUAL {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// A text that has its colours already, in this voice.
    pub(super) fn in_voice(&self, text: &str) -> String {
        if self.manner.voice == Voice::Coloured {
            text.to_owned()
        } else {
            anstream::adapter::strip_str(text).to_string()
        }
    }

    /// So many milliseconds at the lesson's pace.
    pub(super) fn time(&self, millis: u64) -> Duration {
        Duration::from_millis(millis) / if self.manner.fast { FAST } else { 1 }
    }

    /// Lets a child's time pass.
    pub(super) fn sleep(&self, millis: u64) {
        std::thread::sleep(self.time(millis));
    }

    /// Lets the parent's time pass. A child that sleeps is ended from outside; the parent ends itself.
    pub(super) fn pause(&self, millis: u64) -> Result<(), LessonError> {
        let until = Instant::now() + self.time(millis);
        loop {
            self.go_on()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(SLICE));
        }
    }

    /// Waits in the parent until something has come about in a child.
    pub(super) fn until(&self, mut is_so: impl FnMut() -> bool) -> Result<(), LessonError> {
        while !is_so() {
            self.go_on()?;
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Whether to go on: not when interrupted, nor when nobody listens any more.
    pub(super) fn go_on(&self) -> Result<(), LessonError> {
        if self.manner.interrupted.load(Ordering::Relaxed) {
            return Err(LessonError::Interrupted);
        }
        self.unheard.take().map_or(Ok(()), |error| Err(LessonError::Output(error)))
    }

    /// Makes the process that it is in a child of this name.
    pub(super) fn become_child(&self, name: &str) {
        name.clone_into(&mut self.name.borrow_mut());
        self.is_child.set(true);
    }

    /// The flag that an interrupt sets.
    pub(super) fn interrupted(&self) -> &'a AtomicBool {
        self.manner.interrupted
    }
}

/// Milliseconds with one decimal.
pub(super) fn format_ms(ns: u64) -> String {
    format!("{:.1}", ns as f64 / 1e6)
}

/// Seconds with two decimals, or three where there are few.
pub(super) fn format_s(ns: u64) -> String {
    let decimals = if ns < 100_000_000 { 3 } else { 2 };
    format!("{:.decimals$}", ns as f64 / 1e9)
}

/// What is missing to so many columns of a terminal, where a Chinese character takes two.
fn padding(text: &str, columns: usize) -> String {
    " ".repeat(columns.saturating_sub(text.width()))
}

/// A number that a process and its later children share; 0 at first.
#[derive(Clone)]
pub(super) struct SharedNumber {
    numbers: Rc<SharedSlice<AtomicU64>>,
    place: usize,
}

impl SharedNumber {
    pub(super) fn set(&self, number: u64) {
        self.numbers[self.place].store(number, Ordering::SeqCst);
    }

    pub(super) fn get(&self) -> u64 {
        self.numbers[self.place].load(Ordering::SeqCst)
    }

    /// Adds one, in one step that no other process can fall into.
    pub(super) fn count(&self) {
        self.numbers[self.place].fetch_add(1, Ordering::SeqCst);
    }
}

/// So many shared numbers.
pub(super) fn share<const N: usize>() -> Result<[SharedNumber; N], LessonError> {
    let numbers = Rc::new(SharedSlice::new(N).map_err(LessonError::Memory)?);
    Ok(std::array::from_fn(|place| SharedNumber { numbers: Rc::clone(&numbers), place }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_character_takes_two_columns() {
        assert_eq!(padding("parent", 9), "   ");
        assert_eq!(padding("父进程", 9), "   ");
        assert_eq!(padding("守护进程和别的", 9), "");
    }

    #[test]
    fn shared_numbers_do_not_share_a_place() {
        let [one, other] = share().expect("a mapping");
        one.set(7);
        other.count();
        assert_eq!((one.get(), other.get()), (7, 1));
    }

    #[test]
    fn short_times_keep_their_digits() {
        assert_eq!(format_s(25_000_000), "0.025");
        assert_eq!(format_s(100_000_000), "0.10");
        assert_eq!(format_s(2_004_000_000), "2.00");
    }
}
