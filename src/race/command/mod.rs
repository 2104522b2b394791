//! Foreign programs: run as buyers, to put tickets on sale, to read the stock, or to serve.
//!
//! Each has its own process group and no standard input, and dies with the race. Its output is kept up to a limit.

mod copy;
mod go;
mod serve;

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::plan::RacePlan;
use super::template::{BadValue, Place, Template, Variables};
use crate::rules::{Answer, Question};
use copy::{Copy, HeldAt};
pub(super) use go::race;
pub(super) use serve::Server;

/// How long to wait before looking for an interrupt.
const TICK: Duration = Duration::from_millis(20);

/// How a command ended.
#[derive(Debug, Default)]
pub struct CommandAnswer {
    /// Its exit code; `None` if it was killed.
    pub exit: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// The start of what it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The start of what it wrote to standard error.
    pub stderr: Vec<u8>,
    /// Whether it wrote more than is kept.
    pub cut: bool,
    json: OnceCell<Option<Value>>,
}

impl Answer for CommandAnswer {
    fn any(&self, question: &Question, holds: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match question {
            Question::Exit => self.exit.is_some_and(|code| holds(code.to_string().as_bytes())),
            Question::Stdout => holds(&self.stdout),
            Question::Stderr => holds(&self.stderr),
            Question::Status | Question::Header(_) | Question::Body => false,
            Question::Json(_) | Question::Column(_) => false,
        }
    }

    fn json(&self) -> Option<&Value> {
        let parsed = || if self.cut { None } else { serde_json::from_slice(&self.stdout).ok() };
        self.json.get_or_init(parsed).as_ref()
    }
}

/// Why a command gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("{program}: {why}")]
    Start {
        /// What was to be started.
        program: String,
        /// Why not.
        why: String,
        /// The system's number for that error.
        errno: Option<i32>,
    },
    /// It did not end in time.
    #[error("{0}: did not end within {1:?}")]
    Late(String, Duration),
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// A value can't be put into its place.
    #[error(transparent)]
    Value(#[from] BadValue),
}

impl CommandError {
    /// This could not be started.
    fn start(program: &str, error: &std::io::Error) -> Self {
        let (program, why) = (program.to_owned(), error.to_string());
        Self::Start { program, why, errno: error.raw_os_error() }
    }
}

/// A program with its arguments, its environment and its folder.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) words: Vec<String>,
    env: Vec<(String, String)>,
    chdir: Option<PathBuf>,
}

impl Program {
    /// The program of a buyer.
    pub(super) fn new(plan: &RacePlan, words: &[Template], values: &Variables) -> Result<Self, BadValue> {
        let words = words.iter().map(|word| word.fill(values, Place::Plain)).collect::<Result<_, _>>()?;
        Self::with(plan, words, values)
    }

    /// A command of the shell.
    pub(super) fn shell(plan: &RacePlan, command: &Template, values: &Variables) -> Result<Self, BadValue> {
        let command = command.fill(values, Place::Shell)?;
        Self::with(plan, vec!["sh".to_owned(), "-c".to_owned(), command], values)
    }

    fn with(plan: &RacePlan, words: Vec<String>, values: &Variables) -> Result<Self, BadValue> {
        let variable = |name: &str| format!("TICKETSIM_{}", name.to_ascii_uppercase().replace('-', "_"));
        let nul = |value: &String| value.contains('\0');
        let mut env: Vec<(String, String)> = values
            .iter()
            .filter(|(_, value)| !nul(value))
            .map(|(name, value)| (variable(name), value.clone()))
            .collect();
        for (name, value) in &plan.env {
            env.push((name.clone(), value.fill(values, Place::Plain)?));
        }
        Ok(Self { words, env, chdir: plan.chdir.clone() })
    }

    /// The file that is run: the path, or the first file of that name in the folders of PATH.
    #[cfg(target_os = "linux")]
    fn file(&self) -> Option<PathBuf> {
        let name = self.words.first()?;
        if name.contains('/') {
            return Some(self.chdir.clone().unwrap_or_default().join(name));
        }
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it can't be started, or does not end in time.
    pub(super) fn run(
        &self,
        timeout: Duration,
        interrupted: &AtomicBool,
    ) -> Result<CommandAnswer, CommandError> {
        let name = || self.words.last().cloned().unwrap_or_default();
        let mut copy =
            Copy::start(self, HeldAt::Nothing).map_err(|error| CommandError::start(&name(), &error))?;
        let until = Instant::now() + timeout;
        loop {
            copy.read();
            if let Some(answer) = copy.ended() {
                return Ok(answer);
            }
            if interrupted.load(Ordering::Relaxed) {
                return Err(CommandError::Interrupted);
            }
            if Instant::now() >= until {
                return Err(CommandError::Late(name(), timeout));
            }
            copy::wait_for([&copy].into_iter(), None, Duration::from_millis(2));
        }
    }
}
