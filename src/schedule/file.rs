//! The file format of schedules: one JSON object with a version, the plan and the steps, small enough
//! to be put into an issue tracker or beside a test.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Schedule;
use crate::history::write_whole;
use crate::plan::{PerBuyer, Plan, Secret, SqlPlan, StorePlan, Workers};
use crate::protocol::Protocol;
use crate::protocol::file::{Lock, LockOn, Others, Sale, Trouble, Write};
use crate::protocol::sql::{Engine, Isolation, Journal, SqlSale, Switch};
use crate::stock::Stock;
use crate::streams::open_to_read;

/// The version of the format, as the member `schedule_version` says it.
pub const FORMAT_VERSION: u32 = 1;

/// The longest schedule file that is read, in bytes: some three million steps.
const MOST_BYTES: u64 = 16 << 20;

/// Why a schedule file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleFileError {
    /// It can't be read or written.
    #[error("{}: {doing}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It goes on and on.
    #[error("{}: longer than 16 MiB: no schedule file is", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
    },
    /// Its text is no schedule file.
    #[error("{}:{line}:{column}: {what}", path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, in bytes from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// It is of another version.
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

/// What a replay has to know of a plan: all but the ticket file and the think times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PlanText", into = "PlanText")]
pub struct SchedulePlan {
    /// How many buyers there are; `None`: as many as the schedule names.
    pub buyers: Option<u32>,
    /// How many tickets are on sale; `None`: the store's own stock.
    pub tickets: Option<Stock>,
    /// What one purchase does, and where, if that is a database.
    pub sale: ScheduleSale,
    /// How many purchases each buyer makes.
    pub per_buyer: PerBuyer,
    /// How buyers are run; one of [`Workers::IN_STEPS`].
    pub workers: Workers,
    /// The database and its version on which the schedule came about, where that is known.
    pub engine: Option<String>,
}

/// What one purchase of a schedule does.
#[derive(Clone, Debug, PartialEq)]
pub enum ScheduleSale {
    /// At a ticket file, which a schedule does not name.
    File(Sale),
    /// At a database.
    Sql(SqlPlan),
}

/// A [`SchedulePlan`] as a schedule file has it. Members that are left out have the command line's defaults; what
/// names a `store` is at a database.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PlanText {
    #[serde(skip_serializing_if = "Option::is_none")]
    buyers: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<Stock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<Engine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<Isolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Protocol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    write: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_on: Option<LockOn>,
    #[serde(skip_serializing_if = "is_not")]
    fsync: bool,
    #[serde(skip_serializing_if = "is_not")]
    break_stale: bool,
    #[serde(skip_serializing_if = "Others::is_empty")]
    other_locks: Others,
    #[serde(skip_serializing_if = "Option::is_none")]
    rogue: Option<u32>,
    #[serde(skip_serializing_if = "is_not")]
    inherit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_ns: Option<u64>,
    #[serde(skip_serializing_if = "is_not")]
    stale: bool,
    #[serde(skip_serializing_if = "is_not")]
    constraint: bool,
    #[serde(skip_serializing_if = "is_not")]
    retry: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<Journal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    busy_timeout_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_isolation: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    per_buyer: Option<PerBuyer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workers: Option<Workers>,
}

const fn is_not(is: &bool) -> bool {
    !*is
}

/// A member by its name.
fn member<T: std::str::FromStr<Err: std::fmt::Display>>(text: Option<&str>) -> Result<Option<T>, String> {
    text.map(str::parse).transpose().map_err(|error: T::Err| error.to_string())
}

impl TryFrom<PlanText> for SchedulePlan {
    type Error = String;

    fn try_from(text: PlanText) -> Result<Self, String> {
        let sale = match text.store {
            None => ScheduleSale::File(text.sale_of_file()?),
            Some(engine) => ScheduleSale::Sql(text.sale_of_database(engine)?),
        };
        let PlanText { buyers, tickets, engine, per_buyer, workers, .. } = text;
        let (per_buyer, workers) = (per_buyer.unwrap_or(PerBuyer::ONE), workers.unwrap_or(Workers::Process));
        Ok(Self { buyers, tickets, sale, per_buyer, workers: workers.in_steps(), engine })
    }
}

impl PlanText {
    fn sale_of_file(&self) -> Result<Sale, String> {
        let of_a_database = [
            ("isolation", self.isolation.is_some()),
            ("constraint", self.constraint),
            ("retry", self.retry),
            ("journal", self.journal.is_some()),
            ("busy_timeout_ns", self.busy_timeout_ns.is_some()),
            ("snapshot_isolation", self.snapshot_isolation.is_some()),
            ("url", self.url.is_some()),
            ("name", self.name.is_some()),
        ];
        if let Some((name, _)) = of_a_database.iter().find(|(_, is_given)| *is_given) {
            return Err(format!("\"{name}\" is of a database: the plan names no \"store\""));
        }
        let (lock, write) = (member::<Lock>(self.lock.as_deref())?, member::<Write>(self.write.as_deref())?);
        let sale = match self.steps {
            Some(steps) => {
                Sale::of_steps(steps, lock, self.lock_on, write).map_err(|error| error.to_string())?
            }
            None => {
                let usual = Sale::new(lock.unwrap_or(Lock::Flock), write.unwrap_or(Write::Overwrite));
                Sale { lock_on: self.lock_on.unwrap_or(usual.lock_on), ..usual }
            }
        };
        let Self { fsync, break_stale, other_locks, inherit, lease_ns, stale, .. } = *self;
        let trouble = Trouble { other_locks, rogue: self.rogue.unwrap_or(0), inherit, lease_ns, stale };
        trouble.onto(Sale { fsync, break_stale, ..sale }).map_err(|error| error.to_string())
    }

    fn sale_of_database(&self, engine: Engine) -> Result<SqlPlan, String> {
        if self.lock_on.is_some() || self.fsync || self.workers.is_some() {
            let what =
                "\"lock_on\", \"fsync\" and \"workers\" are of a ticket file: the plan names a \"store\"";
            return Err(what.to_owned());
        }
        let usual = SqlSale::new(engine);
        let choices = SqlSale {
            isolation: self.isolation.unwrap_or(usual.isolation),
            lock: member(self.lock.as_deref())?.unwrap_or(usual.lock),
            write: member(self.write.as_deref())?.unwrap_or(usual.write),
            constraint: self.constraint,
            retry: self.retry,
            journal: self.journal.unwrap_or(usual.journal),
            busy_timeout_ns: self.busy_timeout_ns.unwrap_or(usual.busy_timeout_ns),
            snapshot_isolation: self.snapshot_isolation,
            ..usual
        };
        let sale = self.steps.map_or_else(|| choices.checked(), |steps| choices.of_steps(steps));
        Ok(SqlPlan {
            sale: sale.map_err(|error| error.to_string())?,
            url: self.url.clone().unwrap_or_else(|| engine.usual_url().to_owned()),
            given: Secret::default(),
            name: self.name.clone().unwrap_or_else(|| Plan::DEFAULT_SALE.to_owned()),
        })
    }
}

impl From<SchedulePlan> for PlanText {
    fn from(plan: SchedulePlan) -> Self {
        let SchedulePlan { buyers, tickets, sale, per_buyer, workers, engine } = plan;
        let workers = Some(workers).filter(|workers| *workers != Workers::Process);
        let common = Self { buyers, tickets, engine, per_buyer: Some(per_buyer), workers, ..Self::default() };
        match sale {
            ScheduleSale::File(sale) => {
                let Trouble { other_locks, rogue, inherit, lease_ns, stale } = Trouble::of(&sale);
                Self {
                    steps: Some(sale.protocol()),
                    lock: Some(sale.lock.to_string()),
                    write: Some(sale.write.to_string()),
                    lock_on: (sale.lock_on != sale.write.default_lock_on()).then_some(sale.lock_on),
                    fsync: sale.fsync,
                    break_stale: sale.break_stale,
                    other_locks,
                    rogue: (rogue > 0).then_some(rogue),
                    inherit,
                    lease_ns,
                    stale,
                    ..common
                }
            }
            ScheduleSale::Sql(SqlPlan { sale, url, name, .. }) => {
                let only_here = sale.engine == Engine::Sqlite;
                Self {
                    store: Some(sale.engine),
                    isolation: Some(sale.isolation),
                    steps: Some(sale.protocol()),
                    lock: Some(sale.lock.to_string()),
                    write: Some(sale.write.to_string()),
                    constraint: sale.constraint,
                    retry: sale.retry,
                    journal: only_here.then_some(sale.journal),
                    busy_timeout_ns: only_here.then_some(sale.busy_timeout_ns),
                    snapshot_isolation: sale.snapshot_isolation,
                    url: Some(url),
                    name: Some(name),
                    ..common
                }
            }
        }
    }
}

impl SchedulePlan {
    /// What a replay has to know of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let sale = match &plan.store {
            StorePlan::File(file) => {
                ScheduleSale::File(Sale { lock_timeout_ns: None, break_stale: false, ..file.sale })
            }
            StorePlan::Sql(database) => ScheduleSale::Sql(database.clone()),
            // No conductor leads buyers there, and no history of it gives a schedule.
            StorePlan::Redis(_) => ScheduleSale::File(Sale::usual()),
        };
        Self {
            buyers: Some(plan.buyers),
            tickets: plan.tickets,
            sale,
            per_buyer: plan.per_buyer,
            workers: plan.workers_in_steps(),
            engine: None,
        }
    }

    /// The plan of a replay of `steps`; where it is of a ticket file, on the file `file`. Nobody thinks in it: when
    /// a buyer goes on is what the schedule says.
    #[must_use]
    pub fn plan(&self, steps: &Schedule, file: &Path) -> Plan {
        let buyers = self.buyers.unwrap_or_else(|| steps.buyers());
        let plan = match &self.sale {
            ScheduleSale::File(sale) => Plan::on_file(*sale, file, buyers, self.tickets),
            ScheduleSale::Sql(database) => Plan {
                store: StorePlan::Sql(database.clone()),
                ..Plan::on_file(Sale::usual(), file, buyers, self.tickets)
            },
        };
        Plan { per_buyer: self.per_buyer, workers: self.workers, ..plan }
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> ScheduleFileError {
    ScheduleFileError::Io { path: path.to_owned(), doing: "can't be read", source }
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

/// A schedule file whose steps are yet to be parsed: where they stand in the text is where a mistake in
/// them is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unparsed<'a> {
    schedule_version: u32,
    plan: SchedulePlan,
    #[serde(borrow)]
    steps: &'a RawValue,
}

/// The version alone, whatever else there is.
#[derive(Deserialize)]
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

    /// Reads a schedule from a stream; `name` is what errors call it.
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
                what: message.split(" at line ").next().unwrap_or_default().to_owned(),
            }
        };
        let given = serde_json::from_str::<Version>(text).map_err(invalid)?.schedule_version;
        if given != u64::from(FORMAT_VERSION) {
            return Err(ScheduleFileError::Version { path: path.to_owned(), given });
        }
        let Unparsed { schedule_version, plan, steps } = serde_json::from_str(text).map_err(invalid)?;
        let quoted = steps.get();
        // `quoted` is a part of `text`, so this is where it stands in it.
        let start = quoted.as_ptr().addr() - text.as_ptr().addr();
        let at = |offset: usize, what: String| {
            let before = &text[..(start + offset).min(text.len())];
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            let line = before.matches('\n').count() + 1;
            let column = before.len() - line_start + 1;
            ScheduleFileError::Invalid { path: path.to_owned(), line, column, what }
        };
        let steps: String = serde_json::from_str(quoted)
            .map_err(|_| at(0, "the steps are one string, like \"R1 R2 W1 W2\"".to_owned()))?;
        // Its first character comes after the quote.
        let meant =
            || Schedule::meant(&steps).map(|steps| steps.to_string()).filter(|steps| steps.len() < 80);
        let mistaken = |error: super::ScheduleError| {
            let meant = meant().map_or_else(String::new, |steps| format!("; did you mean {steps:?}?"));
            at(error.character, format!("{error}{meant}"))
        };
        let steps = steps.parse().map_err(mistaken)?;
        Ok(Self { schedule_version, plan, steps })
    }

    /// Writes a schedule file, which appears whole or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, path: &Path, interrupted: &AtomicBool) -> Result<(), ScheduleFileError> {
        let content = |mut file: &mut dyn std::io::Write| {
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")
        };
        write_whole(path, interrupted, content).map_err(|source| ScheduleFileError::Io {
            path: path.to_owned(),
            doing: "can't be written",
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let sale = plan.file().expect("a ticket file").sale;
        assert_eq!((plan.buyers, sale.write, sale.lock), (2, Write::Overwrite, Lock::None));
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
            "s.json:3:18: step 3 (character 7) is \"M1\": a step is one of O L R W T F U H V E N I Y J A B S D Q C Z X and a buyer's number, like R1"
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
