//! `ticketsim [OPTIONS]`: one sale.

use std::path::PathBuf;
use std::rc::Rc;
use std::str::FromStr as _;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;

use super::choices::ChoiceArgs;
use super::duration::{duration, nanoseconds};
use super::number::{natural, share, tickets, up_to};
use super::outputs::{Outputs, check_outputs, kept};
use super::pictures::{PictureArgs, in_terminal};
use super::print::{print, print_json, table_columns};
use super::progress::{Progress, When};
use super::store::StoreArgs;
use super::wrong::{ensure, wrong};
use super::{Exit, closed};
use crate::history::{self, Tally};
use crate::lang::errors::{options as say_options, together};
use crate::lang::{Bilingual, Lang};
use crate::paths::through_links;
use crate::plan::{FilePlan, Pace, PerBuyer, Plan, Planned, StorePlan, Workers};
use crate::protocol::StoreKind;
use crate::protocol::catalogue::{Case, Trial};
use crate::protocol::file::{FileChoices, Lock};
use crate::protocol::sql::Engine;
use crate::report::run::{json, text};
use crate::report::text::Detail;
use crate::run::{RunError, Sold, run};
use crate::stock::Stock;
use crate::workers::{Watch, WorkersError};

/// The sale itself: what `replay` and the like take, too.
#[derive(Clone, Debug, Args)]
pub(super) struct SaleArgs {
    /// Put N tickets on sale first [default: what the file has]
    #[arg(short, long, value_name = "N", value_parser = tickets, allow_negative_numbers = true)]
    pub(super) tickets: Option<Stock>,
    #[command(flatten)]
    choices: ChoiceArgs,
    /// Sync the file (for a rename: and the folder) before the lock is let go
    #[arg(long)]
    fsync: bool,
    /// Purchases that each buyer makes, or `all`: until it is refused [default: 1; all in a run with --protocol]
    #[arg(long, value_name = "N|all")]
    per_buyer: Option<PerBuyer>,
    /// The ticket file [default: data/ticket.json]
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

impl SaleArgs {
    /// The ticket file, where a link to it leads.
    pub(super) fn file(&self) -> PathBuf {
        through_links(self.file.as_deref().unwrap_or(Plan::DEFAULT_FILE.as_ref()))
    }

    /// How many purchases each buyer makes, one unless told otherwise.
    pub(super) fn per_buyer(&self) -> PerBuyer {
        self.per_buyer.unwrap_or(PerBuyer::ONE)
    }

    /// The store, and what one purchase does there, if the tickets are in no file.
    ///
    /// # Errors
    /// When options contradict each other.
    pub(super) fn elsewhere(&self, place: &StoreArgs) -> anyhow::Result<Option<(StoreKind, StorePlan)>> {
        let Some(address) = place.address()? else { return Ok(None) };
        of_a_file("--file", self.file.is_some())?;
        of_a_file("--fsync", self.fsync)?;
        let choices = self.choices.choices(Some(address.kind()))?;
        Ok(Some((address.kind(), place.plan(&address, choices)?)))
    }

    /// The choices, under which nobody waits for a lock.
    ///
    /// # Errors
    /// When options contradict each other.
    pub(super) fn choices(&self) -> anyhow::Result<FileChoices> {
        Ok(FileChoices { fsync: self.fsync, ..self.choices.of_file()? })
    }
}

/// Rejects an option of a ticket file where the tickets are in a database.
fn of_a_file(option: &str, is_given: bool) -> anyhow::Result<()> {
    ensure(!is_given, |lang| together::of_a_file(lang, option))
}

/// How long buyers wait for the lock: a matter of a run, where they do.
#[derive(Clone, Copy, Debug, Args)]
struct WaitArgs {
    /// Remove a lockfile whose holder is dead, instead of saying that it is stuck
    #[arg(long)]
    break_stale: bool,
    /// Give up waiting for the lock after this long, e.g. 250ms: the verdict says `stuck`
    #[arg(long, value_name = "DUR", value_parser = duration)]
    lock_timeout: Option<Duration>,
}

impl WaitArgs {
    /// The choices with these waits.
    ///
    /// # Errors
    /// When options contradict each other.
    fn onto(self, choices: FileChoices, trial: Option<Trial>) -> anyhow::Result<FileChoices> {
        let can_be_stale = matches!(choices.lock, Lock::Lockfile | Lock::Link);
        ensure(!self.break_stale || can_be_stale, together::never_stale)?;
        let usual_ns = trial.map(|trial| trial.patience_ns);
        let lock_timeout_ns = self.lock_timeout.map(nanoseconds).or(usual_ns);
        Ok(FileChoices { lock_timeout_ns, break_stale: self.break_stale || choices.break_stale, ..choices })
    }
}

/// `ticketsim [OPTIONS]`.
#[derive(Clone, Debug, Args)]
pub(super) struct RunArgs {
    /// How many buyers race, 1 to 30,000
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10,
          value_parser = up_to::<{ Plan::MOST_BUYERS }>, allow_negative_numbers = true)]
    buyers: u32,
    /// How buyers are run
    #[arg(long, value_name = "KIND", default_value = "process", value_parser = closed::<Workers>(Workers::ALL))]
    workers: Workers,
    #[command(flatten)]
    sale: SaleArgs,
    #[command(flatten)]
    place: StoreArgs,
    /// Another name of the ticket file, through another mount, a container's volume or a link; any number of times
    ///
    /// Buyers take turns among --file and these: each opens the file and its lock (a lockfile, a sidecar) through its own.
    /// It is proven first that all of them are one file. One path tests one client of a mount alone: whether a lock
    /// reaches the other clients, only a sale through several paths can show.
    #[arg(long, value_name = "PATH")]
    via: Vec<PathBuf>,
    #[command(flatten)]
    wait: WaitArgs,
    /// Others put tickets on sale meanwhile, under the same lock: judge a stock that rises as theirs
    #[arg(long)]
    restocks: bool,
    /// What befalls buyers, any number of times: 'kill 2 before write', 'pause 1 after read 500ms', 'expire 1 after
    /// read' (a lease), 'kill random 0.01' (before each step with this probability, from the seed)
    ///
    /// Buyer 2 is stopped at a gate before its first write, and there it is killed (SIGKILL); buyer 1 is paused after its
    /// first read (SIGSTOP, and SIGCONT after that time); `first` is the buyer that comes there first. Steps are
    /// named as in --steps. Buyers have to be processes.
    #[arg(long, value_name = "WHAT", value_parser = Planned::from_str)]
    mishap: Vec<Planned>,
    /// Time between reading and writing, e.g. 10ms or 0 [default: 10ms; less with --protocol]
    #[arg(long, value_name = "DUR", value_parser = duration)]
    think: Option<Duration>,
    /// Draw think times from think × (1 ± F), F from 0 to 1
    #[arg(long, value_name = "F", default_value_t = Plan::DEFAULT_JITTER, value_parser = jitter)]
    jitter: f64,
    /// Seed of the think times [default: drawn, and shown]; the order of the processes stays the
    /// operating system's
    #[arg(long, value_name = "N", value_parser = natural)]
    seed: Option<u64>,
    /// Write the history to a file: JSON lines, one purchase each
    #[arg(long, value_name = "PATH")]
    history: Option<PathBuf>,
    #[command(flatten)]
    pictures: PictureArgs,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
    /// Say the verdict alone
    #[arg(short, long, conflicts_with_all = ["verbose", "json"])]
    quiet: bool,
    /// Say more: latencies, fairness, a line for every buyer
    #[arg(short, long)]
    verbose: bool,
    /// How progress is shown, on stderr
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = closed::<When>(When::ALL))]
    progress: When,
}

impl RunArgs {
    /// Where the stock is kept, and what one purchase does there.
    fn store(&self) -> anyhow::Result<StorePlan> {
        let Some((kind, mut plan)) = self.sale.elsewhere(&self.place)? else {
            let choices = self.wait.onto(self.sale.choices()?, self.trial()?)?;
            return Ok(StorePlan::File(FilePlan {
                via: self.via.clone(),
                ..FilePlan::new(choices, &self.sale.file())
            }));
        };
        of_a_file("--via", !self.via.is_empty())?;
        of_a_file("--break-stale", self.wait.break_stale)?;
        of_a_file("--restocks", self.restocks)?;
        let lock_timeout_ns = self.lock_timeout_ns(kind)?;
        if let StorePlan::At(at) = &mut plan {
            at.choices = at.choices.with_lock_timeout(lock_timeout_ns);
        }
        Ok(plan)
    }

    /// How long a purchase waits for a lock there at most, if that was said.
    ///
    /// # Errors
    /// When the store has no such time-out, or can't count this one.
    fn lock_timeout_ns(&self, kind: StoreKind) -> anyhow::Result<Option<u64>> {
        let Some(timeout_ns) = self.wait.lock_timeout.map(nanoseconds) else { return Ok(None) };
        let Some(unit_ns) = kind.lock_timeout_unit_ns() else {
            return Err(wrong(|lang| match kind {
                StoreKind::Sql(Engine::Sqlite) => together::no_lock_timeout_at_sqlite(lang),
                _ => together::no_lock_timeout(lang, kind.title()),
            }));
        };
        ensure(timeout_ns >= unit_ns && timeout_ns.is_multiple_of(unit_ns), |lang| match unit_ns {
            1_000_000_000 => together::whole_seconds(lang, kind.title()),
            _ => together::whole_milliseconds(lang, kind.title()),
        })?;
        Ok(Some(timeout_ns))
    }

    /// What a trial is of the protocol on a ticket file that was named: it goes wrong there, if it does at all.
    fn trial(&self) -> anyhow::Result<Option<Trial>> {
        if self.place.store.is_some() {
            return Ok(None);
        }
        Ok(self.sale.choices.case(None)?.and_then(Case::trial))
    }

    pub(super) fn plan(&self) -> anyhow::Result<Plan> {
        let trial = self.trial()?;
        let per_buyer = trial.map_or(PerBuyer::ONE, |_| PerBuyer::All);
        let think = trial.map_or(Plan::DEFAULT_THINK, |trial| Duration::from_nanos(trial.think_ns));
        Ok(Plan {
            buyers: self.buyers,
            tickets: self.sale.tickets,
            workers: self.workers,
            store: self.store()?,
            per_buyer: self.sale.per_buyer.unwrap_or(per_buyer),
            pace: Pace {
                think_ns: nanoseconds(self.think.unwrap_or(think)),
                jitter: self.jitter,
                // 32 bits, so that a seed can be read out and typed.
                seed: self.seed.unwrap_or_else(|| u64::from(rand::random::<u32>())),
            },
            restocks: self.restocks,
            mishaps: self.mishap.clone(),
            hosts: 0,
        })
    }
}

pub(super) fn execute(args: RunArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let plan = args.plan()?;
    sell(&args, &plan, lang, interrupted, |begin, progress| {
        match run(&plan, &mut Watch { interrupted, begin, progress, start: None }) {
            Ok(sold) => Ok(Some(sold)),
            Err(RunError::Workers(WorkersError::Interrupted)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
}

/// Runs a sale, and prints its result. `sale` gets two functions to call, when it begins and as it goes on; it returns
/// `None` where it was interrupted before it began.
///
/// # Errors
/// When it could not be run, or an output can't be written.
pub(super) fn sell(
    args: &RunArgs,
    plan: &Plan,
    lang: Lang,
    interrupted: &AtomicBool,
    sale: impl FnOnce(&mut dyn FnMut(&Plan), &mut dyn FnMut(Tally)) -> anyhow::Result<Option<Sold>>,
) -> anyhow::Result<Exit> {
    check_outputs(&kept(plan), args.history.as_deref().into_iter().chain(args.pictures.paths()))?;
    let mut progress = Progress::new(plan, if args.quiet { When::Never } else { args.progress }, lang);
    let mut printed = Ok(());
    let (tickets, begun) = (Rc::clone(&progress.tickets), Rc::clone(&progress.begun));
    let mut begin = |plan: &Plan| {
        tickets.set(plan.tickets);
        if !args.json && !args.quiet {
            printed = print(&text::plan_line(plan, lang), interrupted);
        }
        begun.set(Some(Instant::now()));
    };
    let result = sale(&mut begin, &mut |tally| progress.draw(tally));
    progress.clear();
    match result? {
        Some(sold) => conclude(args, &sold, lang, interrupted, printed),
        None => Ok(Exit::Interrupted),
    }
}

/// Writes and prints what came of a sale. `printed` is how it went with the line on the plan.
fn conclude(
    args: &RunArgs,
    sold: &Sold,
    lang: Lang,
    interrupted: &AtomicBool,
    printed: anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    let Sold { history, verdict, buyers } = sold;
    let mut outputs = Outputs::new(interrupted);
    outputs.note_unread(history);
    if let Some(path) = &args.history {
        outputs.note(path, history::write(history, path, interrupted));
    }
    args.pictures.draw(history, verdict, lang, &mut outputs);
    // After the files: they are written even where stdout can't be.
    printed?;
    if args.json {
        print_json(&json::of_run(history, verdict, buyers, &outputs.failures()), interrupted)?;
    } else {
        let detail = match (args.quiet, args.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        };
        let picture = if args.quiet { String::new() } else { in_terminal(history, lang) };
        print(
            &(picture + &text::of_run(history, verdict, buyers, lang, detail, table_columns())),
            interrupted,
        )?;
    }
    let exit = if history.header.interrupted { Exit::Interrupted } else { verdict.ruling.into() };
    Ok(outputs.exit(exit))
}

fn jitter(text: &str) -> Result<f64, Bilingual> {
    share(text).ok_or_else(|| Bilingual::of(say_options::no_jitter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use crate::protocol::file::{LockOn, Write};
    use clap::Parser as _;
    use proptest::prelude::*;

    fn plan_of(command: &str) -> Plan {
        // What a shell does with the words that `Plan::command` writes.
        let mut words = vec![String::new()];
        let mut quoted = false;
        let mut chars = command.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' if !quoted => words.last_mut().expect("a word").extend(chars.next()),
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                c => words.last_mut().expect("a word").push(c),
            }
        }
        Cli::try_parse_from(words).expect("a command").run.plan().expect("a plan")
    }

    fn member<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
        proptest::sample::select(all)
    }

    fn own_steps(steps: &str, lock: Lock, lock_on: LockOn, write: Write) -> FileChoices {
        let steps = steps.parse().expect("steps");
        FileChoices::of_steps(steps, Some(lock), Some(lock_on), Some(write)).expect("choices")
    }

    prop_compose! {
        fn some_choices()(lock in member(Lock::ALL), lock_on in member(LockOn::ALL), write in member(Write::ALL),
                    fsync in any::<bool>(), break_stale in any::<bool>(),
                    timeout in proptest::option::of(0_u64..1 << 40), own in any::<bool>()) -> FileChoices {
            // A place makes no difference where there is no lock.
            let lock_on = if lock.has_carrier() { lock_on } else { write.default_lock_on() };
            let break_stale = break_stale && matches!(lock, Lock::Lockfile | Lock::Link);
            // Own steps that go with any lock and any write.
            let choices = match (lock, own) {
                (_, false) => FileChoices { lock_on, ..FileChoices::new(lock, write) },
                (Lock::None, true) => own_steps("read write think", lock, lock_on, write),
                (_, true) => own_steps("read lock think write unlock", lock, lock_on, write),
            };
            FileChoices { fsync, lock_timeout_ns: timeout, break_stale, ..choices }
        }
    }

    prop_compose! {
        fn a_plan()(workers in member(Workers::ALL), buyers in 1..=Plan::MOST_BUYERS, tickets in proptest::option::of(0..=Stock::MAX), choices in some_choices(),
                    all in any::<bool>(), count in 1_u32.., think_ns in 0_u64..1 << 40,
                    jitter in 0.0..=1.0, seed in any::<u64>(), restocks in any::<bool>(),
                    via in proptest::collection::vec("[a-z' \\\\]{1,8}/v", 0..3), file in "[a-z' \\\\]{1,8}/t[.]json") -> Plan {
            let per_buyer = if all { PerBuyer::All } else { count.to_string().parse().expect("a count") };
            let pace = Pace { think_ns, jitter, seed };
            let via = via.into_iter().map(PathBuf::from).collect();
            let store = StorePlan::File(FilePlan { choices, file: file.into(), via });
            Plan { buyers, tickets, workers, store, per_buyer, pace, restocks, mishaps: Vec::new(), hosts: 0 }
        }
    }

    proptest! {
        #[test]
        fn a_plans_command_gives_the_plan_again(plan in a_plan()) {
            prop_assert_eq!(plan_of(&plan.command()), plan);
        }

        #[test]
        fn a_plans_json_gives_the_plan_again(plan in a_plan()) {
            let json = serde_json::to_string(&plan).expect("json");
            prop_assert_eq!(serde_json::from_str::<Plan>(&json).expect("a plan"), plan);
        }
    }
}
