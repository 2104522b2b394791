//! `ticketsim matrix`: which locks hold, here? And which protocols, at these databases?

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::duration::{duration, nanoseconds};
use super::matrix_compare::compare;
use super::matrix_stores::{Places, StoresArgs, list};
use super::number::{natural, share, up_to};
use super::outputs::{Outputs, check_outputs};
use super::print::{print, print_json, table_columns};
use super::progress::{Meter, When};
use super::wrong::{ensure, wrong};
use super::{Exit, closed};
use crate::grade::{Combination, Graded, Grading, Named, Subject};
use crate::history::write_whole;
use crate::lang::errors::{inputs, options as say_options, together};
use crate::lang::{Bilingual, Lang, progress as say};
use crate::matrix::{
    MOST_OF_A_SUBJECT, Matrix, MatrixPlan, MatrixWatch, STORE_TICKETS, StoreCase, Tested, on_files,
    on_stores, run_matrix,
};
use crate::paths::temporary_folder_in;
use crate::plan::{Pace, Plan, StorePlan, Workers};
use crate::protocol::file::{Lock, Write};
use crate::protocol::{Choices, catalogue};
use crate::report::matrix::{Table, Trial, files_json, files_table, stores_json, stores_table};
use crate::shell::shell_quoted_path;
use crate::stock::Stock;
use crate::store::file::are_one_folder;

/// Trials of a row unless told otherwise.
const TRIALS: u32 = 5;

/// `ticketsim matrix`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exit code: 0 every row is as documented, 1 a row is not, 2 a row could not be judged or run, 130 interrupted.
With --compare: 0 no grade changed, 1 one did, 2 they can't be compared.")]
pub(super) struct MatrixArgs {
    /// Trials of each row, at least
    #[arg(long, value_name = "N", default_value_t = TRIALS, value_parser = up_to::<100_000>)]
    trials: u32,
    /// Try a row on until it fails, or failures lie below this share with 95 % confidence (3/N): 5% takes 60 trials
    #[arg(long, value_name = "SHARE", value_parser = bound)]
    until: Option<f64>,
    /// Buyers of a trial [default: 10]
    #[arg(short = 'n', long, value_name = "N", value_parser = buyers, conflicts_with = "protocols")]
    buyers: Option<u32>,
    /// Tickets of a trial [default: 20; 13 with --store]
    #[arg(short, long, value_name = "N", value_parser = up_to::<1_000_000>, conflicts_with = "protocols")]
    tickets: Option<u32>,
    /// How long a buyer thinks between reading and writing, give or take half of it [default: 1ms]
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "protocols")]
    think: Option<Duration>,
    /// The protocols of ticket files instead (`ticketsim protocols`), each beside the one it is compared with
    #[arg(long, conflicts_with_all = ["workers", "lock", "write"])]
    protocols: bool,
    /// These kinds of workers alone, separated by commas [default: all of them; process with --store]
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = closed::<Workers>(Workers::ALL))]
    workers: Vec<Workers>,
    /// These kinds of locks alone (and none, as the control) [default: those of the manual pages]
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = closed::<Lock>(Lock::ALL))]
    lock: Vec<Lock>,
    /// These kinds of writes alone
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = closed::<Write>(Write::ALL))]
    write: Vec<Write>,
    /// Sell from files in this folder: do the locks of its filesystem work? Several paths to one folder: do they reach
    /// from one to the other? [default: the system's folder for temporary files]
    ///
    /// One path tests one client of a mount alone. With --dir twice or more (two mounts of one share, two containers'
    /// volumes), buyers take turns among the paths, which are first proven to be one folder: what is written through one is
    /// read through the other.
    #[arg(long, value_name = "PATH")]
    dir: Vec<PathBuf>,
    #[command(flatten)]
    stores: StoresArgs,
    /// Try each row as often with its holder killed (process buyers): whether others get on, and how soon
    #[arg(long)]
    kill: bool,
    /// Seed of the think times [default: drawn]
    #[arg(long, value_name = "N", value_parser = natural)]
    seed: Option<u64>,
    /// Say what changed from one matrix to another, as --json printed them: grades, and what was tested
    #[arg(long, value_names = ["A", "B"], num_args = 2, conflicts_with_all = [
        "protocols", "workers", "lock", "write", "dir", "store", "kill", "seed", "trials", "until", "buyers", "tickets",
        "think", "markdown", "html",
    ])]
    compare: Vec<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown instead of text
    #[arg(long)]
    markdown: bool,
    /// Write one self-contained HTML page, too
    #[arg(long, value_name = "PATH")]
    html: Option<PathBuf>,
    /// How progress is shown, on stderr
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = closed::<When>(When::ALL))]
    progress: When,
}

impl MatrixArgs {
    /// The subjects; and which can't be tried by several paths: buyers that share an open file have one.
    fn subjects(&self, by_several_paths: bool) -> (Vec<Subject>, Vec<&'static str>) {
        if self.protocols {
            let (left_out, tried): (Vec<_>, Vec<_>) =
                Named::all().into_iter().partition(|named| by_several_paths && named.choices.inherit);
            let mut names: Vec<&str> = left_out.iter().map(|named| named.entry.name).collect();
            names.dedup();
            return (tried.into_iter().map(Subject::Protocol).collect(), names);
        }
        let (workers, locks) = (named(&self.workers, Workers::ALL), named(&self.lock, Lock::USUAL));
        let combinations = Combination::all(workers, locks, named(&self.write, Write::ALL));
        (combinations.into_iter().map(Subject::Combination).collect(), Vec::new())
    }

    /// What a trial is that does not follow from its subject, with so many tickets unless told otherwise.
    fn trial(&self, tickets: Stock) -> catalogue::Trial {
        let usual = catalogue::Trial::USUAL;
        catalogue::Trial {
            buyers: self.buyers.unwrap_or(usual.buyers),
            tickets: self.tickets.map_or(tickets, Stock::from),
            think_ns: self.think.map_or(usual.think_ns, nanoseconds),
            ..usual
        }
    }

    fn plan<S>(&self, subjects: Vec<S>, think_ns: u64, seed: u64) -> MatrixPlan<S> {
        // A bound that was asked for is worth its trials, at a database, too.
        let most_of_a_subject =
            (!self.stores.store.is_empty() && self.until.is_none()).then_some(MOST_OF_A_SUBJECT);
        let (trials, until, kill) = (self.trials, self.until, self.kill);
        MatrixPlan { subjects, trials, until, think_ns, most_of_a_subject, kill, seed }
    }

    /// The command that makes the same matrix.
    fn command(&self, seed: u64) -> String {
        let dirs = self.dir.iter().map(|dir| Some(format!("--dir {}", shell_quoted_path(dir))));
        let options = [
            Some(format!("ticketsim matrix --trials {}", self.trials)),
            self.protocols.then(|| "--protocols".to_owned()),
            self.until.map(|share| format!("--until {share}")),
            self.buyers.map(|buyers| format!("--buyers {buyers}")),
            self.tickets.map(|tickets| format!("--tickets {tickets}")),
            self.think.map(|think| format!("--think {}ns", nanoseconds(think))),
            list("--workers", &self.workers),
            list("--lock", &self.lock),
            list("--write", &self.write),
            self.kill.then(|| "--kill".to_owned()),
            Some(format!("--seed {seed}")),
        ];
        let options = options.into_iter().chain(dirs).flatten().chain(self.stores.options());
        options.collect::<Vec<_>>().join(" ")
    }
}

/// The members that were named; all of them if none was.
fn named<'a, T>(members: &'a [T], all: &'a [T]) -> &'a [T] {
    if members.is_empty() { all } else { members }
}

pub(super) fn execute(args: &MatrixArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    if !args.compare.is_empty() {
        return compare(&args.compare, args.json, lang, interrupted);
    }
    check_outputs(&[], args.html.as_deref())?;
    // 32 bits, so that a seed can be read out and typed.
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    if !args.stores.store.is_empty() {
        let at = Places::open(&args.stores)?;
        let workers = named(&args.workers, &[Workers::Process]);
        let of_trial = args.trial(STORE_TICKETS);
        let plan = args.plan(at.subjects(&args.stores, workers)?, of_trial.think_ns, seed);
        let makers = at.makers();
        let makers: Vec<&dyn Fn(Choices) -> StorePlan> = makers.iter().map(|make| &**make as _).collect();
        let tested = Tested::here(&[]);
        let matrix = try_all(args, &plan, &on_stores(&makers, of_trial), lang, interrupted);
        let trial = trial(args, of_trial, seed, tested, matrix.interrupted);
        let about = at.about();
        let table = stores_table(&matrix.gradings, &trial, &about, lang);
        let json = |failures: &[String]| stores_json(&matrix.gradings, &trial, &about, failures);
        return conclude(args, &matrix, &table, &json, seed, interrupted);
    }
    let dirs = if args.dir.is_empty() { vec![std::env::temp_dir()] } else { args.dir.clone() };
    let folder = folder_in(&dirs[0])?;
    let of_trial = args.trial(catalogue::Trial::USUAL.tickets);
    let (subjects, left_out) = args.subjects(dirs.len() > 1);
    let buyers_of = |subject: &Subject| match subject {
        Subject::Combination(_) => of_trial.buyers,
        Subject::Protocol(named) => named.trial.buyers,
    };
    let fewest = subjects.iter().map(buyers_of).min().unwrap_or(of_trial.buyers);
    let folders = through_all(&folder, &dirs, fewest)?;
    let plan = args.plan(subjects, of_trial.think_ns, seed);
    let tested = Tested::here(&dirs.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    let matrix = try_all(args, &plan, &on_files(&folders, of_trial), lang, interrupted);
    let trial = Trial { left_out, ..trial(args, of_trial, seed, tested, matrix.interrupted) };
    let table = files_table(&matrix.gradings, &trial, lang);
    let json = |failures: &[String]| files_json(&matrix.gradings, &trial, failures);
    conclude(args, &matrix, &table, &json, seed, interrupted)
}

fn trial(
    args: &MatrixArgs,
    of_trial: catalogue::Trial,
    seed: u64,
    tested: Tested,
    rows_planned: Option<usize>,
) -> Trial {
    let catalogue::Trial { buyers, tickets, think_ns, .. } = of_trial;
    let (trials, until) = (args.trials, args.until);
    let left_out = Vec::new();
    Trial { trials, until, buyers, tickets, think_ns, seed, tested, left_out, rows_planned }
}

/// The share of failures to go on to.
fn bound(text: &str) -> Result<f64, Bilingual> {
    let share = share(text).filter(|share| (0.000_1..=0.15).contains(share));
    share.ok_or_else(|| Bilingual::of(say_options::no_bound))
}

/// How many buyers race in a trial: alone, none does.
fn buyers(text: &str) -> Result<u32, Bilingual> {
    const MOST: u32 = 1_000;
    up_to::<MOST>(text).and_then(|buyers| {
        if buyers > 1 { Ok(buyers) } else { Err(Bilingual::of(|lang| say_options::takes_two(lang, MOST))) }
    })
}

/// Tries all subjects, and shows how far it has come.
fn try_all<S: Graded + Labelled>(
    args: &MatrixArgs,
    plan: &MatrixPlan<S>,
    make: &dyn Fn(&S, Pace, u64) -> Plan,
    lang: Lang,
    interrupted: &AtomicBool,
) -> Matrix<S> {
    const WORTH: Duration = Duration::from_secs(1);
    let mut meter = Meter::new(lang, args.progress, WORTH);
    // How often a subject is tried that goes on to a bound is known when it is done.
    let total = plan.until.is_none().then(|| plan.subjects.len() as u64 * u64::from(plan.trials));
    let mut draw = |done: usize, trials: u32, subject: &S| {
        let of_all = done as u64 * u64::from(plan.trials) + u64::from(trials);
        meter.draw(of_all, total, || {
            say::trial(lang, trials + 1, done + 1, plan.subjects.len(), subject.label())
        });
    };
    let matrix = run_matrix(plan, make, &mut MatrixWatch { interrupted, progress: &mut draw });
    meter.clear();
    matrix
}

/// Writes and prints a matrix.
fn conclude<S: Graded>(
    args: &MatrixArgs,
    matrix: &Matrix<S>,
    table: &Table,
    json: &dyn Fn(&[String]) -> String,
    seed: u64,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let mut outputs = Outputs::new(interrupted);
    if let Some(path) = &args.html {
        let page = table.html(&args.command(seed))?;
        outputs.note(path, write_whole(path, interrupted, |file| file.write_all(page.as_bytes())));
    }
    if args.json {
        print_json(&json(&outputs.failures()), interrupted)?;
    } else {
        let text = if args.markdown { table.markdown() } else { table.text(table_columns()) };
        print(&text, interrupted)?;
    }
    let exit = if matrix.interrupted.is_some() { Exit::Interrupted } else { exit(&matrix.gradings) };
    Ok(outputs.exit(exit))
}

/// A folder of its own, so that nothing that lies there is touched; removed in the end.
fn folder_in(dir: &Path) -> anyhow::Result<tempfile::TempDir> {
    temporary_folder_in(dir, "ticketsim-matrix-")
        .map_err(|error| wrong(|lang| inputs::no_folder_for_trials(lang, &error)))
}

/// The folder of the trials by all paths that were given, which are proven to lead there.
fn through_all(folder: &tempfile::TempDir, dirs: &[PathBuf], buyers: u32) -> anyhow::Result<Vec<PathBuf>> {
    let is_enough = dirs.len() < 2 || dirs.len() <= buyers as usize;
    ensure(is_enough, |lang| together::too_many_folders(lang, buyers))?;
    let mut folders = vec![folder.path().to_owned()];
    for (place, dir) in dirs.iter().enumerate().skip(1) {
        let real = |dir: &PathBuf| dir.canonicalize().unwrap_or_else(|_| dir.clone());
        if let Some(same) = dirs[..place].iter().find(|other| real(other) == real(dir)) {
            return Err(wrong(|lang| together::same_folder(lang, same.display(), dir.display())));
        }
        are_one_folder(&dirs[0], dir).context("--dir")?;
        folders.push(dir.join(folder.path().file_name().unwrap_or_default()));
    }
    Ok(folders)
}

fn exit<S: Graded>(gradings: &[Grading<S>]) -> Exit {
    if gradings.iter().any(Grading::contradicts) {
        Exit::Unsound
    } else if gradings.iter().all(Grading::as_documented) {
        Exit::Sound
    } else {
        Exit::Failed
    }
}

/// What a subject is called while it is tried.
trait Labelled {
    fn label(&self) -> String;
}

impl Labelled for Subject {
    fn label(&self) -> String {
        match self {
            Subject::Combination(Combination { workers, lock, write, .. }) => {
                format!("{workers} {lock} {write}")
            }
            Subject::Protocol(named) => format!("{} {}", named.entry.name, named.variant.name),
        }
    }
}

impl Labelled for StoreCase {
    fn label(&self) -> String {
        format!("{} {} {}", self.workers, self.protocol, self.level)
    }
}
