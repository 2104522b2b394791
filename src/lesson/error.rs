//! Why a lesson could not be given.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Lesson;
use crate::replay::ReplayError;
use crate::run::RunError;
use crate::store::StoreError;
use crate::store::file::ticket::TicketFileError;
use crate::workers::ForkError;

/// Why a lesson could not be given.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// Processes can't be forked now.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// A process could not be started.
    #[error("{name} could not be started: fork: {why}; see ulimit -u")]
    Start {
        /// Which.
        name: String,
        /// Why.
        why: io::Error,
    },
    /// A child failed, and has said why.
    #[error("{name} ended with exit code {code}")]
    Child {
        /// Which.
        name: String,
        /// Its exit code.
        code: i32,
    },
    /// More children or clients than the lesson takes, or none.
    #[error("lesson {lesson} can't have {count} of them: it takes 1 to {most}")]
    Count {
        /// Which lesson.
        lesson: Lesson,
        /// How many were asked for.
        count: u32,
        /// How many it takes at most.
        most: u32,
    },
    /// The lesson does not let one choose how many there are.
    #[error("lesson {0} takes no count: only many and server do")]
    NoCount(Lesson),
    /// Tickets can't be sold where they are.
    #[error(transparent)]
    Store(StoreError),
    /// There is no room for a shared mapping.
    #[error("memory that processes share: {0}")]
    Memory(io::Error),
    /// Something that the lesson uses failed.
    #[error("{what}: {why}")]
    Io {
        /// What.
        what: Used,
        /// Why.
        why: io::Error,
    },
    /// The ticket file can't be sold from.
    #[error(transparent)]
    TicketFile(#[from] TicketFileError),
    /// The sale could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An order of steps could not be made to happen.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The lesson has no exercise.
    #[error("lesson {lesson} has no exercise: lesson lock has one")]
    NoExercise {
        /// Which lesson.
        lesson: Lesson,
    },
    /// The exercise's file exists already.
    #[error("{path} is there already, and nothing is overwritten: move it away, or go elsewhere", path = path.display())]
    ExerciseIsThere {
        /// Which file.
        path: PathBuf,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// What was said could not be written: the reader has closed the pipe, say.
    #[error("standard output: can't be written: {0}")]
    Output(io::Error),
}

/// What a lesson uses of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Used {
    /// A folder that goes with the lesson.
    Folder,
    /// The names of the files in it.
    Listing,
    /// A free port.
    AnyPort,
    /// This port.
    Port(u16),
    /// The counter of the lesson, which serves customers.
    Counter,
    /// A counter of another process, at this address.
    CounterAt(String),
    /// Standard input.
    Stdin,
    /// The file of an exercise.
    Exercise(PathBuf),
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Used::Folder => f.write_str("a temporary folder"),
            Used::Listing => f.write_str("the folder's listing"),
            Used::AnyPort => f.write_str("a port on 127.0.0.1"),
            Used::Port(port) => write!(f, "port {port} on 127.0.0.1"),
            Used::Counter => f.write_str("the ticket counter"),
            Used::CounterAt(address) => write!(f, "the counter at {address}"),
            Used::Stdin => f.write_str("standard input"),
            Used::Exercise(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The error of something that a lesson uses.
pub(super) fn failed(what: Used) -> impl FnOnce(io::Error) -> LessonError {
    move |why| LessonError::Io { what, why }
}

impl From<StoreError> for LessonError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Interrupted => LessonError::Interrupted,
            other => LessonError::Store(other),
        }
    }
}
