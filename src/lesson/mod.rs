//! Lessons on processes, each a program that runs: one file a lesson, short enough to be read as its own
//! explanation. Real processes do real things; each lesson predicts, shows what happens as it happens,
//! and checks its prediction against what was measured.

mod child;
mod daemon;
mod error;
mod exercise;
mod isolation;
mod isolation_levels;
mod join;
mod leases;
mod lock;
mod many;
mod process;
mod protocols;
mod server;
mod stage;
mod staged;
mod worker;

use serde::{Serialize, Serializer};

use crate::closed_set::closed_set;
use crate::lang::{Lang, lesson as text};
use crate::plan::Plan;
use crate::report::text::{BAD, GOOD, LOUD};
use crate::store::StoreError;
use crate::store::file::FileStore;
use error::failed;
use stage::Stage;

pub use error::{LessonError, Used};
pub use exercise::{Exercise, write as write_exercise};
pub use server::{NoCounter, ask, open_counter};
pub use stage::{Manner, Voice};

closed_set! {
    /// The lessons, in the order of the course.
    pub enum Lesson: "lesson" {
        /// A process starts another one and goes on at once.
        Process = "process",
        /// Waiting for a child, and not waiting for it.
        Join = "join",
        /// Many children, one after another and all at once.
        Many = "many",
        /// A process as a type of your own, with a name and a run.
        Worker = "worker",
        /// What one process changes, no other one sees.
        Isolation = "isolation",
        /// Children that end with the program, and one that is told to.
        Daemon = "daemon",
        /// The ticket sale, with a lock and without.
        Lock = "lock",
        /// A ticket counter on the network, one process a connection.
        Server = "server",
        /// Well-known protocols: every order counted, one made to happen.
        Protocols = "protocols",
        /// What a transaction is worth, at SQLite.
        IsolationLevels = "isolation-levels",
        /// A lock that ends by itself, while its holder sleeps.
        Leases = "leases",
    }
}

/// What a lesson measured.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Facts {
    /// Of `process`.
    Process(process::Facts),
    /// Of `join`.
    Join(join::Facts),
    /// Of `many`.
    Many(many::Facts),
    /// Of `worker`.
    Worker(worker::Facts),
    /// Of `isolation`.
    Isolation(isolation::Facts),
    /// Of `daemon`.
    Daemon(daemon::Facts),
    /// Of `lock`.
    Lock(lock::Facts),
    /// Of `server`.
    Server(server::Facts),
    /// Of `protocols`.
    Protocols(protocols::Facts),
    /// Of `isolation-levels`.
    IsolationLevels(isolation_levels::Facts),
    /// Of `leases`.
    Leases(leases::Facts),
}

/// One thing that a lesson predicted, and whether it was so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name in the JSON.
    pub name: &'static str,
    /// Whether it was so.
    pub held: bool,
    /// It, in words.
    pub words: String,
}

impl Claim {
    fn new(name: &'static str, held: bool, words: String) -> Self {
        Self { name, held, words }
    }
}

/// A lesson that was given.
#[derive(Clone, Debug, Serialize)]
pub struct Taught {
    /// Which.
    pub lesson: Lesson,
    /// Whether all that was predicted was so.
    pub held: bool,
    /// What was predicted: name and whether it was so.
    #[serde(serialize_with = "by_name")]
    pub claims: Vec<Claim>,
    /// What was measured. Times count from the lesson's start.
    pub facts: Facts,
}

fn by_name<S: Serializer>(claims: &[Claim], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(claims.iter().map(|claim| (claim.name, claim.held)))
}

/// What several of them have in common.
const STAGED: (&str, &str) = ("src/lesson/staged.rs", include_str!("staged.rs"));

impl Lesson {
    /// What it is about, in one line.
    #[must_use]
    pub fn title(self, lang: Lang) -> String {
        match self {
            Lesson::Process => text::process::title(lang),
            Lesson::Join => text::join::title(lang),
            Lesson::Many => text::many::title(lang),
            Lesson::Worker => text::worker::title(lang),
            Lesson::Isolation => text::isolation::title(lang),
            Lesson::Daemon => text::daemon::title(lang),
            Lesson::Lock => text::lock::title(lang),
            Lesson::Server => text::server::title(lang),
            Lesson::Protocols => text::protocols::title(lang),
            Lesson::IsolationLevels => text::isolation_levels::title(lang),
            Lesson::Leases => text::leases::title(lang),
        }
    }

    /// The program text of the lesson: file names and contents.
    #[must_use]
    pub const fn source(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Lesson::Process => &[("src/lesson/process.rs", include_str!("process.rs"))],
            Lesson::Join => &[("src/lesson/join.rs", include_str!("join.rs"))],
            Lesson::Many => &[("src/lesson/many.rs", include_str!("many.rs"))],
            Lesson::Worker => &[("src/lesson/worker.rs", include_str!("worker.rs"))],
            Lesson::Isolation => &[("src/lesson/isolation.rs", include_str!("isolation.rs"))],
            Lesson::Daemon => &[("src/lesson/daemon.rs", include_str!("daemon.rs"))],
            Lesson::Lock => &[("src/lesson/lock.rs", include_str!("lock.rs"))],
            Lesson::Server => &[
                ("src/lesson/server/mod.rs", include_str!("server/mod.rs")),
                ("src/lesson/server/counter.rs", include_str!("server/counter.rs")),
                ("src/lesson/server/client.rs", include_str!("server/client.rs")),
                ("src/lesson/server/by_hand.rs", include_str!("server/by_hand.rs")),
            ],
            Lesson::Protocols => &[("src/lesson/protocols.rs", include_str!("protocols.rs")), STAGED],
            Lesson::IsolationLevels => {
                &[("src/lesson/isolation_levels.rs", include_str!("isolation_levels.rs")), STAGED]
            }
            Lesson::Leases => &[("src/lesson/leases.rs", include_str!("leases.rs")), STAGED],
        }
    }

    /// Its place in the course, from 1.
    fn number(self) -> usize {
        Self::ALL.iter().take_while(|lesson| **lesson != self).count() + 1
    }
}

/// Gives a lesson: says what is predicted, does it, and says whether it was so.
///
/// # Errors
/// When it could not be given, or was interrupted. That a prediction was wrong is no error: then the lesson did not
/// hold.
pub fn teach(lesson: Lesson, manner: Manner<'_>) -> Result<Taught, LessonError> {
    let stage = Stage::new(manner);
    let lang = manner.lang;
    check_count(lesson, manner.count)?;
    let title = text::heading(lang, lesson.number(), Lesson::ALL.len(), lesson, lesson.title(lang));
    stage.line(&stage.painted(LOUD, &title));
    let (facts, claims, why) = match lesson {
        Lesson::Process => process::teach(&stage).map(wrapped(Facts::Process))?,
        Lesson::Join => join::teach(&stage).map(wrapped(Facts::Join))?,
        Lesson::Many => many::teach(&stage).map(wrapped(Facts::Many))?,
        Lesson::Worker => worker::teach(&stage).map(wrapped(Facts::Worker))?,
        Lesson::Isolation => isolation::teach(&stage).map(wrapped(Facts::Isolation))?,
        Lesson::Daemon => daemon::teach(&stage).map(wrapped(Facts::Daemon))?,
        Lesson::Lock => lock::teach(&stage).map(wrapped(Facts::Lock))?,
        Lesson::Server => server::teach(&stage).map(wrapped(Facts::Server))?,
        Lesson::Protocols => protocols::teach(&stage).map(wrapped(Facts::Protocols))?,
        Lesson::IsolationLevels => isolation_levels::teach(&stage).map(wrapped(Facts::IsolationLevels))?,
        Lesson::Leases => leases::teach(&stage).map(wrapped(Facts::Leases))?,
    };
    for claim in &claims {
        let mark = if claim.held { stage.painted(GOOD, "✓") } else { stage.painted(BAD, "✗") };
        stage.line(&format!("{mark} {}", claim.words));
    }
    stage.line(&why);
    stage.go_on()?;
    Ok(Taught { lesson, held: claims.iter().all(|claim| claim.held), claims, facts })
}

/// What a lesson hands back: what it measured, what it had predicted, and why it was so.
type Lecture<F> = (F, Vec<Claim>, String);

fn wrapped<F>(wrap: fn(F) -> Facts) -> impl FnOnce(Lecture<F>) -> Lecture<Facts> {
    move |(facts, claims, why)| (wrap(facts), claims, why)
}

fn check_count(lesson: Lesson, count: Option<u32>) -> Result<(), LessonError> {
    let most = match lesson {
        Lesson::Many => many::MOST_CHILDREN,
        Lesson::Server => server::MOST_CLIENTS,
        _ => 0,
    };
    match count {
        Some(count) if !(1..=most).contains(&count) => Err(if most == 0 {
            LessonError::NoCount(lesson)
        } else {
            LessonError::Count { lesson, count, most }
        }),
        _ => Ok(()),
    }
}

/// The ticket file of a lesson's plan, as a store.
fn store_of(plan: &Plan) -> Result<FileStore, LessonError> {
    Ok(FileStore::new(plan.file().ok_or(StoreError::NotBuiltIn)?)?)
}
