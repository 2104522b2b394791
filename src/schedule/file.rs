//! The file format of schedules: one JSON object with a version, the plan and the steps, small enough for an issue
//! tracker or a test's folder.

mod plan;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Schedule, ScheduleError};
use crate::history::write_whole;
use crate::streams::open_to_read;

use plan::PlanText;
pub use plan::{PlanMistake, ScheduleChoices, SchedulePlan};

/// The version of the format, in the member `schedule_version`.
pub const FORMAT_VERSION: u32 = 1;

/// The longest schedule file that is read, in bytes: some three million steps.
const MOST_BYTES: u64 = 16 << 20;

/// Why a schedule file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleFileError {
    /// It can't be read.
    #[error("{}: can't be read: {source}", path.display())]
    Unread {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It can't be written.
    #[error("{}: can't be written: {source}", path.display())]
    Unwritten {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is longer than any schedule file may be.
    #[error("{}: longer than 16 MiB: no schedule file is", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
    },
    /// Its text is not a valid schedule file.
    #[error("{}:{line}:{column}: {wrong}", path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, in bytes from 1.
        column: usize,
        /// What is wrong.
        wrong: FileMistake,
    },
    /// It has another version of the format.
    #[error(
        "{}: schedule_version {given}; this ticketsim reads version {FORMAT_VERSION}",
        path.display()
    )]
    Version {
        /// Which.
        path: PathBuf,
        /// Its version.
        given: u64,
    },
}

/// What is wrong with a schedule file's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileMistake {
    /// It is no such JSON: what the reader of JSON says.
    #[error("{0}")]
    Json(String),
    /// Its plan has a wrong member.
    #[error(transparent)]
    Plan(PlanMistake),
    /// Its steps are something else than a text.
    #[error("the steps are one string, like \"R1 R2 W1 W2\"")]
    StepsAreNoText,
    /// Its steps are no schedule.
    #[error("{error}{}", did_you_mean(.meant.as_ref()))]
    Steps {
        /// Which step is wrong.
        error: ScheduleError,
        /// The schedule that is probably meant.
        meant: Option<Schedule>,
    },
}

fn did_you_mean(meant: Option<&Schedule>) -> String {
    meant.map_or_else(String::new, |steps| format!("; did you mean {:?}?", steps.to_string()))
}

fn unreadable(path: &Path, source: std::io::Error) -> ScheduleFileError {
    ScheduleFileError::Unread { path: path.to_owned(), source }
}

/// A schedule with the plan that it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScheduleFile {
    schedule_version: u32,
    /// The plan.
    pub plan: SchedulePlan,
    /// The steps.
    pub steps: Schedule,
}

/// A schedule file whose steps are not parsed yet: their position in the text is needed for errors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "an object")]
struct Unparsed<'a> {
    schedule_version: u32,
    plan: PlanText,
    #[serde(borrow)]
    steps: &'a RawValue,
}

/// Only the plan, to find its position in the text.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct PlanAlone<'a> {
    #[serde(borrow)]
    plan: &'a RawValue,
}

/// Only the version, whatever else the file has.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Version {
    schedule_version: u64,
}

impl ScheduleFile {
    /// A schedule for this plan.
    #[must_use]
    pub fn new(plan: SchedulePlan, steps: Schedule) -> Self {
        Self { schedule_version: FORMAT_VERSION, plan, steps }
    }

    /// Reads a schedule file.
    ///
    /// # Errors
    /// When it can't be read, or is no schedule file: then with the line and column.
    pub fn read(path: &Path, interrupted: &AtomicBool) -> Result<Self, ScheduleFileError> {
        let unreadable = |source| unreadable(path, source);
        Self::read_from(open_to_read(path, interrupted).map_err(unreadable)?, path)
    }

    /// Reads a schedule from a stream; errors call it `name`.
    ///
    /// # Errors
    /// As [`ScheduleFile::read`].
    pub fn read_from(stream: impl Read, name: &Path) -> Result<Self, ScheduleFileError> {
        let mut bytes = Vec::new();
        stream.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|source| unreadable(name, source))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(ScheduleFileError::TooLong { path: name.to_owned() });
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| unreadable(name, std::io::Error::new(std::io::ErrorKind::InvalidData, error)))?;
        Self::parse(&text, name)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ScheduleFileError> {
        let invalid = |error: serde_json::Error| {
            let message = error.to_string();
            ScheduleFileError::Invalid {
                path: path.to_owned(),
                line: error.line().max(1),
                column: error.column().max(1),
                wrong: FileMistake::Json(message.split(" at line ").next().unwrap_or_default().to_owned()),
            }
        };
        let given = serde_json::from_str::<Version>(text).map_err(invalid)?.schedule_version;
        if given != u64::from(FORMAT_VERSION) {
            return Err(ScheduleFileError::Version { path: path.to_owned(), given });
        }
        let Unparsed { schedule_version, plan, steps } = serde_json::from_str(text).map_err(invalid)?;
        let at = |member: &RawValue, offset: usize, wrong: FileMistake| {
            // A member borrows from `text`, so this is its position there.
            let start = member.get().as_ptr().addr() - text.as_ptr().addr();
            let before = &text[..(start + offset).min(text.len())];
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            let line = before.matches('\n').count() + 1;
            let column = before.len() - line_start + 1;
            ScheduleFileError::Invalid { path: path.to_owned(), line, column, wrong }
        };
        let plan = SchedulePlan::try_from(plan).map_err(|wrong| {
            let wrong = FileMistake::Plan(wrong);
            serde_json::from_str::<PlanAlone<'_>>(text)
                .map_or_else(invalid, |PlanAlone { plan }| at(plan, 0, wrong))
        })?;
        let given: String =
            serde_json::from_str(steps.get()).map_err(|_| at(steps, 0, FileMistake::StepsAreNoText))?;
        let mistaken = |error: ScheduleError| {
            let meant = Schedule::meant(&given).filter(|steps| steps.to_string().len() < 80);
            // Its first character comes after the quote.
            at(steps, error.character, FileMistake::Steps { error, meant })
        };
        let steps = given.parse().map_err(mistaken)?;
        Ok(Self { schedule_version, plan, steps })
    }

    /// Writes a schedule file, whole or not at all.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn write(&self, path: &Path, interrupted: &AtomicBool) -> Result<(), ScheduleFileError> {
        let content = |mut file: &mut dyn std::io::Write| {
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")
        };
        write_whole(path, interrupted, content)
            .map_err(|source| ScheduleFileError::Unwritten { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::file::{Lock, Write};

    fn parse(text: &str) -> Result<ScheduleFile, String> {
        ScheduleFile::parse(text, Path::new("s.json")).map_err(|error| error.to_string())
    }

    #[test]
    fn it_reads_what_it_wrote() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("race.json");
        let steps: Schedule = "R1 R2 W1 W2".parse().expect("a schedule");
        let given =
            parse(r#"{"schedule_version":1,"plan":{"tickets":1,"lock":"none"},"steps":"R1 R2 W1 W2"}"#)
                .expect("a schedule file");
        let plan = given.plan.plan(&steps, Path::new("t.json"));
        let choices = plan.file().expect("a ticket file").choices;
        assert_eq!((plan.buyers, choices.write, choices.lock), (2, Write::Overwrite, Lock::None));
        let whole = ScheduleFile::new(SchedulePlan::new(&plan), steps.clone());
        let calm = AtomicBool::new(false);
        whole.write(&path, &calm).expect("written");
        let again = ScheduleFile::read(&path, &calm).expect("read");
        assert_eq!(again, whole);
        assert_eq!(again.plan.plan(&steps, Path::new("t.json")), plan);
    }

    #[test]
    fn what_does_not_end_is_not_read_to_its_end() {
        let error = ScheduleFile::read_from(std::io::repeat(0), Path::new("zero")).expect_err("too long");
        assert_eq!(error.to_string(), "zero: longer than 16 MiB: no schedule file is");
    }

    #[test]
    fn it_says_where_a_mistake_is() {
        let error = |text: &str| parse(text).expect_err("a mistake");
        let wrong_step = "{\"schedule_version\": 1,\n \"plan\": {},\n \"steps\": \"R1 R2 M1\"}";
        assert_eq!(
            error(wrong_step),
            "s.json:3:18: step 3 (character 7) is \"M1\": a step is one of O L R W T F U H V E N I Y J A B S D Q C Z X K P G and a buyer's number, like R1"
        );
        assert!(
            error("{\"schedule_version\": 1,\n\"plan\": {\"lokc\": 1}, \"steps\": \"\"}")
                .starts_with("s.json:2:")
        );
        assert!(
            error("{\"schedule_version\": 1, \"plan\": {}, \"steps\": [1]}")
                .starts_with("s.json:1:46: the steps")
        );
        assert!(error("{").starts_with("s.json:1:1: "));
        assert!(error("{\"steps\": \"R1\"}").contains("schedule_version"));
        assert_eq!(
            error("{\"schedule_version\": 2, \"news\": 1}"),
            "s.json: schedule_version 2; this ticketsim reads version 1"
        );
    }
}
