//! `ticketsim replay`: a schedule on real processes.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::meant;
use super::number::up_to;
use super::outputs::{Outputs, check_outputs, kept};
use super::pictures::PictureArgs;
use super::print::{complain, note, print, print_json};
use super::run::SaleArgs;
use super::store::StoreArgs;
use super::workers::WorkersArgs;
use super::wrong::{ensure, wrong};
use super::{Exit, closed};
use crate::explore::{Setting, rehearse};
use crate::foreign;
use crate::history;
use crate::lang::errors::{inputs, together};
use crate::lang::{Lang, replay as say};
use crate::plan::{Plan, Workers};
use crate::replay::{Repeated, ReplayError, Replayed, repeat};
use crate::report::replay::{json, text as report};
use crate::report::text::{Detail, LOUD, styled};
use crate::report::words::{self, ruling_name};
use crate::run::{RunError, Sold};
use crate::schedule::{Schedule, ScheduleChoices, ScheduleFile, SchedulePlan, Unfollowed, Why};
use crate::shell::shell_quoted_path;
use crate::streams::Patient;
use crate::verdict::Ruling;
use crate::workers::WorkersError;

/// `ticketsim replay`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A step is a letter and a buyer's number:
  L  take the lock    R  read the stock    U  let the lock go
  W  write one less; with --write truncate instead of it
  T  empty the file and then  F  fill it
  O  open the file to lock (--write rename --lock-on ticket: before L)
With --steps each word is a step in its place: open O, lock L, read R, write W, truncate T, fill F, unlock U, \
lock-shared H, upgrade V, close-other E, unlink N, reopen-check I, look-stale Y, remove-stale J, helper-unlock A.
What befalls a buyer is a step, too: K it is killed (SIGKILL), P it is paused (SIGSTOP), G it goes on (SIGCONT).

Each buyer is held at a gate before every step until it is its turn: a process of its own, or with --workers a \
thread or a task. A purchase that has begun when the schedule ends is finished; none is begun. Where the lock \
forbids the order, it says at which step and who holds it, and the exit code is 2.

Examples:
  ticketsim replay 'R1 R2 W1 W2' --tickets 1 --no-lock
  ticketsim replay 'L1 R1 W1 U1 L2 R2 U2' --tickets 1
  ticketsim replay 'R1 T1 R2 F1' --tickets 1 --no-lock --write truncate
  ticketsim replay 'R1 R2 W1 W2' --tickets 1 --no-lock --times 1000
  ticketsim replay 'R1 R2 L1 W1 U1 L2 W2 U2' --tickets 1 \\
      --steps 'read lock write unlock'
  ticketsim replay 'R1 R2 W1 W2 C1 C2' --store postgres:///shop \\
      --isolation read-committed --tickets 1
  ticketsim replay 'L1 R1 X1 L2 R2 W1 U1 W2 U2' --store redis:// \\
      --lock lease --fence write --tickets 1
  ticketsim replay 'L1 R1 K1 L2 R2 W2 U2' --tickets 1
  ticketsim replay --from race.json --expect sound

In a database a step is a request: one that has to wait has been sent, and the engine says that it waits. At Redis \
X is a step of nature: that buyer's lease expires, for real, and no other does meanwhile.")]
pub(super) struct ReplayArgs {
    /// The steps in their order, e.g. 'R1 R2 W1 W2'
    #[arg(value_name = "SCHEDULE", required_unless_present = "from")]
    schedule: Vec<String>,
    /// Take plan and steps from a schedule file; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all =
          ["schedule", "buyers", "tickets", "no_lock", "lock", "write", "lock_on", "steps", "protocol", "fsync", "per_buyer", "rogue", "inherit", "lease", "stale",
           "workers"])]
    from: Option<PathBuf>,
    /// How many buyers there are [default: as many as the schedule names]
    #[arg(short = 'n', long, value_name = "N",
          value_parser = up_to::<{ Plan::MOST_BUYERS }>, allow_negative_numbers = true)]
    buyers: Option<u32>,
    #[command(flatten)]
    sale: SaleArgs,
    #[command(flatten)]
    workers: WorkersArgs,
    #[command(flatten)]
    place: StoreArgs,
    /// Replay it N times, each with new buyers, and say whether all agree
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = up_to::<{ u32::MAX }>)]
    times: u32,
    /// Exit with 0 if this verdict comes out, and with 1 if another does, or the store forbids the order: a test
    /// against a race that came back, or was to stay away
    #[arg(long, value_name = "VERDICT", value_parser = closed::<Ruling>(Ruling::ALL))]
    expect: Option<Ruling>,
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
    /// Show every step, however many
    #[arg(short, long)]
    verbose: bool,
}

impl ReplayArgs {
    /// What is wrong with the steps that were typed, and what was meant; `None` if they are a schedule.
    fn mistyped(&self) -> Option<(anyhow::Error, Option<Schedule>)> {
        let (text, words) = (self.schedule.join(" "), self.schedule.len());
        let meant = Schedule::meant(&text);
        let error = match text.parse::<Schedule>() {
            Ok(_) if words < 2 => return None,
            Err(error) if words < 2 || meant.is_none() => error.into(),
            _ => wrong(|lang| inputs::several_words(lang, words)),
        };
        Some((error, meant))
    }

    /// The plan and its steps, and the database on which they came about, where a file says it.
    fn plan_and_steps(&self, interrupted: &AtomicBool) -> anyhow::Result<(Plan, Schedule, Option<String>)> {
        let Some(path) = &self.from else {
            let steps: Schedule = self.schedule.join(" ").parse()?;
            ensure(!steps.0.is_empty(), inputs::no_steps)?;
            return Ok((plan_of(&self.sale, &self.place, self.workers, self.buyers, &steps)?, steps, None));
        };
        let file = if path == Path::new("-") {
            let stdin = Patient::new(std::io::stdin().lock(), interrupted);
            ScheduleFile::read_from(stdin, Path::new("standard input"))
        } else {
            ScheduleFile::read(path, interrupted)
        };
        let ScheduleFile { mut plan, steps, .. } = file?;
        ensure(!steps.0.is_empty(), inputs::no_steps)?;
        if let Some(address) = self.place.address()? {
            // The same schedule somewhere else.
            let own = plan.choices.store_kind().ok_or_else(|| wrong(together::schedule_of_a_file))?;
            let there = address.kind();
            ensure(there == own, |lang| together::schedule_of_another(lang, own.title(), there.title()))?;
            plan.choices = self.place.plan(&address, plan.choices.choices())?.into();
        }
        Ok((plan.plan(&steps, &self.sale.file()), steps, plan.engine))
    }

    /// Says what went wrong, and which command was meant, if another plan than the given one lets the steps be
    /// followed.
    fn complain(
        &self,
        error: &anyhow::Error,
        meant: Option<(&Plan, &Schedule)>,
        lang: Lang,
        interrupted: &AtomicBool,
    ) -> Exit {
        complain(error, interrupted);
        if let Some((plan, steps)) = meant {
            let command = plan.replay_command(&steps.to_string(), steps.buyers()) + &self.other_options();
            note(say::meant(lang, styled(LOUD, command)), interrupted);
        }
        Exit::Failed
    }

    /// How the command ends where this verdict came out.
    fn exit(&self, ruling: Ruling) -> Exit {
        match self.expect {
            None => ruling.into(),
            Some(expected) if expected == ruling => Exit::Sound,
            Some(_) => Exit::Unsound,
        }
    }

    fn say_whether_expected(&self, ruling: Ruling, lang: Lang, interrupted: &AtomicBool) {
        if let Some(expected) = self.expect.filter(|expected| *expected != ruling) {
            note(
                say::not_as_expected(lang, ruling_name(expected, lang), ruling_name(ruling, lang)),
                interrupted,
            );
        }
    }

    /// The options that are no matter of the plan, as they were given.
    fn other_options(&self) -> String {
        let mut options = String::new();
        if self.times != 1 {
            options += &format!(" --times {}", self.times);
        }
        for (option, path) in
            [("history", &self.history), ("html", &self.pictures.html), ("trace", &self.pictures.trace)]
        {
            if let Some(path) = path {
                options += &format!(" --{option} {}", shell_quoted_path(path));
            }
        }
        if let Some(expect) = self.expect {
            options += &format!(" --expect {expect}");
        }
        for (option, given) in [("json", self.json), ("quiet", self.quiet), ("verbose", self.verbose)] {
            options += &if given { format!(" --{option}") } else { String::new() };
        }
        options
    }

    /// Writes and prints what came of the replays.
    fn show(
        &self,
        repeated: &Repeated,
        exit: Exit,
        lang: Lang,
        interrupted: &AtomicBool,
    ) -> anyhow::Result<Exit> {
        let Sold { history, verdict, .. } = &repeated.first.sold;
        let mut outputs = Outputs::new(interrupted);
        outputs.note_unread(history);
        if let Some(path) = &self.history {
            outputs.note(path, history::write(history, path, interrupted));
        }
        self.pictures.draw(history, verdict, lang, &mut outputs);
        if self.json {
            print_json(&document(repeated, self.times, &outputs.failures()), interrupted)?;
            return Ok(outputs.exit(exit));
        }
        let detail = match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        };
        let plan_line = match (detail, &history.header.plan) {
            (Detail::Normal | Detail::Verbose, Some(plan)) => report::plan_line(plan, lang),
            _ => String::new(),
        };
        print(&(plan_line + &text(repeated, lang, detail)), interrupted)?;
        Ok(outputs.exit(exit))
    }
}

pub(super) fn execute(args: &ReplayArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    if let Some((error, meant)) = args.mistyped() {
        let given = |steps: &Schedule| {
            let given = plan_of(&args.sale, &args.place, args.workers, args.buyers, steps)?;
            anyhow::Ok(meant::plan(&given, steps).unwrap_or(given))
        };
        let plan = meant.as_ref().map(given).transpose()?;
        return Ok(args.complain(&error, plan.as_ref().zip(meant.as_ref()), lang, interrupted));
    }
    let (plan, steps, engine) = args.plan_and_steps(interrupted)?;
    check_outputs(&kept(&plan), args.history.as_deref().into_iter().chain(args.pictures.paths()))?;
    let (repeated, cut) = match repeat(&plan, &steps, args.times, interrupted) {
        Ok(repeated) => repeated,
        Err(error) if was_interrupted(&error) => return Ok(Exit::Interrupted),
        Err(error) => {
            let is_about_steps =
                matches!(&error, ReplayError::Unfollowed(unfollowed) if unfollowed.is_about_steps());
            let meant = meant::plan(&plan, &steps).filter(|meant| is_about_steps && *meant != plan);
            let is_forbidden = is_forbidden(&error);
            let error = explained(error, &plan, &steps);
            if let Some(expected) = args.expect.filter(|_| is_forbidden) {
                complain(&error, interrupted);
                note(say::expected_and_forbidden(lang, expected), interrupted);
                return Ok(Exit::Unsound);
            }
            return Ok(args.complain(&error, meant.as_ref().map(|meant| (meant, &steps)), lang, interrupted));
        }
    };
    let exit = match &cut {
        Some(error) if was_interrupted(error) => Exit::Interrupted,
        None if repeated.differs.is_none() => args.exit(repeated.first.sold.verdict.ruling),
        _ => Exit::Failed,
    };
    let exit = args.show(&repeated, exit, lang, interrupted)?;
    note_other_engine(engine.as_deref(), &repeated.first, lang, interrupted);
    match cut {
        Some(error) if exit == Exit::Failed => Err(explained(error, &plan, &steps)),
        Some(_) => {
            note(say::replays_interrupted(lang, repeated.times, args.times), interrupted);
            Ok(exit)
        }
        None => {
            args.say_whether_expected(repeated.first.sold.verdict.ruling, lang, interrupted);
            Ok(exit)
        }
    }
}

/// The plan of these options, for these steps.
pub(super) fn plan_of(
    args: &SaleArgs,
    place: &StoreArgs,
    WorkersArgs { workers }: WorkersArgs,
    buyers: Option<u32>,
    steps: &Schedule,
) -> anyhow::Result<Plan> {
    let choices = match args.elsewhere(place)? {
        Some(_) if workers != Workers::Process => {
            return Err(wrong(together::replayed_as_processes));
        }
        Some((_, store)) => store.into(),
        None => ScheduleChoices::File(args.choices()?),
    };
    let (tickets, per_buyer) = (args.tickets, args.per_buyer());
    let plan = SchedulePlan { buyers, tickets, choices, per_buyer, workers, engine: None };
    Ok(plan.plan(steps, &args.file()))
}

/// The command that replays what was replayed.
fn command(replayed: &Replayed) -> String {
    let steps = replayed.schedule();
    let plan = replayed.sold.history.header.plan.as_ref();
    plan.map_or_else(String::new, |plan| plan.replay_command(&steps.to_string(), steps.buyers()))
}

/// What came of a replay, in words.
pub(super) fn text(repeated: &Repeated, lang: Lang, detail: Detail) -> String {
    let Replayed { sold, steps, asked, differs: differences } = &repeated.first;
    let differs = repeated.differs.as_ref().map(|(time, _)| *time);
    let shown = report::Shown {
        steps,
        asked: *asked,
        differences,
        history: &sold.history,
        verdict: &sold.verdict,
        times: (repeated.times, differs),
        command: &command(&repeated.first),
    };
    report::of_replay(&shown, lang, detail)
}

fn document(repeated: &Repeated, times_asked: u32, failures: &[String]) -> String {
    let replayed = &repeated.first;
    let part = json::ReplayPart {
        schedule: replayed.schedule().to_string(),
        asked: replayed.asked,
        times: repeated.times,
        agree: repeated.differs.is_none(),
        times_asked: (repeated.differs.is_none() && repeated.times < times_asked).then_some(times_asked),
        waits: json::waits(&replayed.steps),
        differs: json::differs(&replayed.differs),
        command: command(replayed),
    };
    let sold = &replayed.sold;
    json::of_replay(&sold.history, &sold.verdict, &sold.buyers, failures, part)
}

/// The error, unless it blames the schedule for what another program did: then that is said.
fn explained(error: ReplayError, plan: &Plan, steps: &Schedule) -> anyhow::Error {
    let (time, inner) = match &error {
        ReplayError::Again { time, source } => (Some(time), &**source),
        inner => (None, inner),
    };
    let ReplayError::Unfollowed(Unfollowed {
        place,
        step: Some(step),
        why: Why::OtherStep(_) | Why::Left(_),
    }) = inner
    else {
        return error.into();
    };
    // What was replayed once is right; of the first replay the model knows.
    let is_right = time.is_some()
        || plan.tickets.is_some_and(|tickets| {
            let begin = Schedule(steps.0[..*place].to_vec());
            rehearse(&Setting::of(plan, tickets), &begin).err().is_none_or(|error| error.is_too_short())
        });
    if !is_right {
        return error.into();
    }
    let store = words::place(&plan.store);
    wrong(|lang| match time {
        Some(time) => inputs::touched_in(lang, time, place, step, &store),
        None => inputs::touched(lang, place, step, &store),
    })
}

/// Says so where a schedule came about on another version of the database.
fn note_other_engine(engine: Option<&str>, replayed: &Replayed, lang: Lang, interrupted: &AtomicBool) {
    // What stands behind the version are settings.
    let version = |engine: &str| foreign::shown(engine.split(',').next().unwrap_or_default()).into_owned();
    let here = replayed.sold.history.header.engine.as_deref().map(version);
    if let (Some(there), Some(here)) = (engine.map(version), here)
        && there != here
    {
        note(say::other_engine(lang, there, here), interrupted);
    }
}

/// Whether the schedule could not be followed, where all else was in order.
fn is_forbidden(error: &ReplayError) -> bool {
    matches!(error, ReplayError::Unfollowed(Unfollowed { why, .. }) if !matches!(why, Why::NoSuchBuyer(_)))
}

/// Whether a replay ended because it was told to.
pub(super) fn was_interrupted(error: &ReplayError) -> bool {
    match error {
        ReplayError::Again { source, .. } => was_interrupted(source),
        ReplayError::Interrupted { .. } | ReplayError::Run(RunError::Workers(WorkersError::Interrupted)) => {
            true
        }
        _ => false,
    }
}
