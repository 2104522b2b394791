//! The command line: arguments → plan → call → print. Only this module knows clap.

mod arguments;
mod check;
mod choices;
mod duration;
mod explore;
#[cfg_attr(not(feature = "postgres"), path = "no_gate.rs")]
mod gate;
mod help;
mod join;
mod judging;
mod layout;
mod lead;
mod lesson;
mod logging;
mod manual;
mod matrix;
mod matrix_compare;
mod matrix_stores;
mod meant;
mod mistake;
mod number;
mod outputs;
mod pictures;
mod print;
mod progress;
mod protocols;
mod race;
mod reading;
mod redis_choices;
mod replay;
mod report;
mod run;
mod said;
mod sample;
mod schedule;
mod shell;
mod show;
mod sql_choices;
mod step;
mod store;
mod topics;
mod translated;
mod trouble;
mod work;
mod workers;
mod wrong;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{FromArgMatches as _, Parser, Subcommand};

use crate::charset::is_utf8_locale;
use crate::closed_set::{ClosedSet, closed_set};
use crate::lang::Lang;
use crate::lang::help::topics as chinese;
use crate::report::text::{LOUD, styled};
use crate::streams::gave_up;
use crate::verdict::Ruling;
use print::complain;

/// How a command ends; the codes are an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: the verdict is sound.
    Sound,
    /// 1: it is unsound; a race was caught.
    Unsound,
    /// 2: it could not be run or judged.
    Failed,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// How a command ends whose parts end in these two ways: in the worse one.
    const fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
            (Exit::Unsound, _) | (_, Exit::Unsound) => Exit::Unsound,
            _ => other,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Sound => ExitCode::SUCCESS,
            Exit::Unsound => ExitCode::from(1),
            Exit::Failed => ExitCode::from(2),
            Exit::Interrupted => ExitCode::from(130),
        }
    }
}

impl From<Ruling> for Exit {
    fn from(ruling: Ruling) -> Self {
        match ruling {
            Ruling::Sound => Exit::Sound,
            Ruling::Unsound => Exit::Unsound,
            Ruling::Unknown => Exit::Failed,
        }
    }
}

closed_set! {
    /// When to colour.
    pub enum Color: "choice of colour" {
        /// On a terminal, unless NO_COLOR or TERM=dumb says otherwise.
        Auto = "auto",
        /// Always.
        Always = "always",
        /// Never.
        Never = "never",
    }
}

/// N real buyers race to buy tickets from one JSON file.
///
/// Each buyer is a process of its own: it locks the file, reads how many tickets are left, thinks, and
/// writes one less. Under the lock exactly as many tickets are sold as there are. With --no-lock all of
/// them read the same number, and the race shows.
#[derive(Debug, Parser)]
#[command(
    name = "ticketsim",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Exit code: 0 the sale was sound, 1 a race was caught, 2 it could not be run or judged, 130 interrupted.",
    after_long_help = "\
Exit code:
  0    the sale was sound
  1    it was unsound: a race was caught
  2    it could not be run or judged
  130  interrupted

Examples:
  ticketsim --buyers 10 --tickets 1
      ten processes, one ticket, under flock(2)
  ticketsim --buyers 10 --tickets 1 --no-lock
      the same without the lock: watch it oversell
  ticketsim -t 5 --steps 'read think lock write unlock'
      a lock that comes too late
  ticketsim -n 100 -t 1000 --per-buyer all --think 0 -v
      how fast they sell"
)]
pub struct Cli {
    #[command(flatten)]
    run: run::RunArgs,
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Common {
    /// When to colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = closed::<Color>(Color::ALL), global = true)]
    color: Color,
    /// The language of the text output [default: from the locale]
    #[arg(long, value_name = "LANG", value_parser = closed::<Lang>(Lang::ALL), global = true)]
    lang: Option<Lang>,
}

impl Common {
    /// The language asked for, or the locale's (POSIX: LC_ALL, then LC_MESSAGES, then LANG; an empty
    /// one counts as unset).
    fn lang(&self) -> Lang {
        self.lang.unwrap_or_else(|| match locale("LC_MESSAGES") {
            // In another encoding than UTF-8 our Chinese can't be read.
            Some(locale) if locale.contains('.') && !is_utf8_locale(&locale) => Lang::En,
            locale => locale.map_or(Lang::En, |locale| Lang::of_locale(&locale)),
        })
    }

    /// Whether what is printed has to be ASCII: the locale's characters are not those of UTF-8, and the language can
    /// be written in it. Where no locale is named at all, today's terminals speak UTF-8.
    fn is_ascii(&self) -> bool {
        self.lang() != Lang::Zh && locale("LC_CTYPE").is_some_and(|locale| !is_utf8_locale(&locale))
    }
}

/// The locale of this category.
fn locale(category: &str) -> Option<String> {
    ["LC_ALL", category, "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|locale| !locale.is_empty()))
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Learn how processes work, up to the ticket sale: eleven lessons that run
    Lesson(lesson::LessonArgs),
    /// Well-known protocols, right and wrong, by name: what goes wrong, where it is met, how it is mended
    Protocols(protocols::ProtocolsArgs),
    /// Count every order of the buyers' steps, on a model, and how each ends
    Explore(explore::ExploreArgs),
    /// Run one order of steps, exactly, on real processes
    Replay(replay::ReplayArgs),
    /// Replay by hand: let one buyer go one step at a time
    Step(step::StepArgs),
    /// Say which schedule a recorded history followed
    Schedule(schedule::ScheduleArgs),
    /// Judge histories of sales, of ticketsim or any other program
    Check(check::CheckArgs),
    /// Show a history: in the terminal, as a page, as a trace
    Report(report::ReportArgs),
    /// Run every combination of workers, lock and write, and grade it
    ///
    /// Each row of the matrix is several real sales on real files: 10 buyers race for 20 tickets and buy
    /// until they are refused. A combination is safe when none of its trials went wrong while the same
    /// without the lock did. With --dir it tells whether the locks of a mount (NFS, FUSE, a container's
    /// volume) keep what their documentation promises.
    Matrix(matrix::MatrixArgs),
    /// Race somebody else's program or endpoint, and judge it
    Race(Box<race::RaceArgs>),
    /// Lead one sale on several hosts: it has the plan, and runs no buyers
    ///
    /// Each host that joins takes its share of the buyers; all are let go at one moment. What they did is put on the lead's
    /// clock, as far as theirs can be known, and judged as one run.
    Lead(Box<lead::LeadArgs>),
    /// Join a lead with this host: run a share of its buyers
    Join(join::JoinArgs),
    /// Say how many tickets are left
    Show(show::ShowArgs),
    /// Remove what a sale has at a database or a Redis server: its tables, or keys
    Clear(show::ClearArgs),
    /// The words of --steps, and the letters of schedules
    #[command(override_help = topics::STEPS, after_long_help = topics::STEPS)]
    Steps,
    /// Which lock keeps whom apart, and what is left of it when its holder is killed
    #[command(override_help = topics::LOCKS, after_long_help = topics::LOCKS)]
    Locks,
    /// What can go wrong with a sale, by the names that verdicts have
    #[command(override_help = topics::ANOMALIES, after_long_help = topics::ANOMALIES)]
    Anomalies,
    /// How to log purchases, so that check can judge them
    #[command(override_help = logging::TEXT, after_long_help = logging::TEXT)]
    Logging,
    /// The same as --version
    #[command(hide = true)]
    Version,
    /// Print completions for a shell
    Completions(shell::CompletionsArgs),
    /// Print the manual page, or write one a command into a folder
    Man(shell::ManArgs),
}

/// The whole command: reads the arguments, does what they ask for, and prints once what went wrong.
pub fn run() -> Exit {
    let cli = parse();
    let interrupted = match catch_interrupts() {
        Ok(interrupted) => interrupted,
        Err(error) => {
            complain(&error, &AtomicBool::new(false));
            return Exit::Failed;
        }
    };
    let error = match execute(cli, &interrupted) {
        Ok(exit) => return exit,
        Err(error) => error,
    };
    if was_given_up(&error) {
        return Exit::Interrupted;
    }
    complain(&error, &interrupted);
    Exit::Failed
}

/// Whether it went wrong because an interrupt came.
fn was_given_up(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(gave_up)
}

/// Reads the arguments. What clap has to say of them is for us to print: it would quote an argument that a terminal
/// obeys as it is.
fn parse() -> Cli {
    let given: Vec<OsString> = std::env::args_os().collect();
    let command = help::command();
    let args = arguments::in_order(&given, &command);
    let parsed = command.try_get_matches_from(&args).and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.unwrap_or_else(|mut error| {
        let calm = AtomicBool::new(false);
        let common = Common { color: Color::Auto, lang: arguments::lang_meant(&given) };
        let lang = common.lang();
        print::settle(lang, common.is_ascii());
        // In Chinese the tip is said with the rest.
        if lang == Lang::En {
            error = mistake::with_way_out(error);
        }
        let clap = || error.render().ansi().to_string();
        if !error.use_stderr() {
            let text = match lang {
                Lang::En => None,
                Lang::Zh => translated::shown(&args, print::columns()),
            };
            if let Err(error) = print::print_prose(&text.unwrap_or_else(clap), &calm) {
                print::complain(&error, &calm);
                std::process::exit(2);
            }
        } else {
            let text = match lang {
                Lang::En => clap(),
                Lang::Zh => mistake::in_chinese(&error),
            };
            print::note(text.trim_end(), &calm);
        }
        if let Some(command) = args.get(1..).filter(|_| error.use_stderr()).and_then(meant::replay_missing) {
            print::note(crate::lang::replay::meant(lang, styled(LOUD, command)), &calm);
        }
        std::process::exit(error.exit_code());
    })
}

/// The flag that Ctrl-C, a polite kill, or a closed terminal sets.
fn catch_interrupts() -> anyhow::Result<Arc<AtomicBool>> {
    use nix::sys::signal::Signal;
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signal_hook::flag::register(signal as i32, Arc::clone(&flag))?;
    }
    Ok(flag)
}

fn execute(cli: Cli, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    match cli.common.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let lang = cli.common.lang();
    print::settle(lang, cli.common.is_ascii());
    ignore_file_size_signal();
    match cli.command {
        None => run::execute(cli.run, lang, interrupted),
        Some(Command::Steps) => print_topic(topics::STEPS, chinese::STEPS, lang, interrupted),
        Some(Command::Locks) => print_topic(topics::LOCKS, chinese::LOCKS, lang, interrupted),
        Some(Command::Anomalies) => print_topic(topics::ANOMALIES, chinese::ANOMALIES, lang, interrupted),
        Some(Command::Logging) => print_topic(logging::TEXT, chinese::LOGGING, lang, interrupted),
        Some(Command::Check(args)) => check::execute(&args, lang, interrupted),
        Some(Command::Race(args)) => race::execute(*args, lang, interrupted),
        Some(Command::Replay(args)) => replay::execute(&args, lang, interrupted),
        Some(Command::Step(args)) => step::execute(&args, lang, interrupted),
        Some(Command::Schedule(args)) => schedule::execute(&args, lang, interrupted),
        Some(Command::Report(args)) => report::execute(args, lang, interrupted),
        Some(Command::Lead(args)) => lead::execute(&args, lang, interrupted),
        Some(Command::Join(args)) => join::execute(&args, lang, interrupted),
        Some(Command::Show(args)) => show::execute(&args, lang, interrupted),
        Some(Command::Clear(args)) => show::clear(&args, lang, interrupted),
        Some(Command::Explore(args)) => explore::execute(&args, lang, interrupted),
        Some(Command::Protocols(args)) => protocols::execute(&args, lang, interrupted),
        Some(Command::Lesson(args)) => lesson::execute(&args, lang, interrupted),
        Some(Command::Matrix(args)) => matrix::execute(&args, lang, interrupted),
        Some(Command::Version) => {
            let version = format!("ticketsim {}\n", help::version(lang));
            print::print(&version, interrupted).map(|()| Exit::Sound)
        }
        Some(Command::Completions(args)) => shell::completions(&args, interrupted),
        Some(Command::Man(args)) => shell::man(&args, lang, interrupted),
    }
}

fn print_topic(english: &str, chinese: &str, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let topic = match lang {
        Lang::En => english,
        Lang::Zh => chinese,
    };
    print::print_prose(topic, interrupted).map(|()| Exit::Sound)
}

/// Lets a write beyond the limit of file sizes (ulimit -f) fail with an error of its own, as on a full disk:
/// its signal would end the command in the middle of its work. Buyers inherit that.
fn ignore_file_size_signal() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: SIG_IGN runs no code of ours, so there is none that could be unsafe in a handler.
    let _ = unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) };
}

/// A clap parser for a closed set: its names, with what they mean in the long help.
fn closed<T>(members: &'static [T]) -> impl clap::builder::TypedValueParser<Value = T>
where
    T: Copy + ClosedSet + Send + Sync + 'static,
{
    use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
    let value = |member: &T| PossibleValue::new(member.name()).help(member.about().trim_end_matches('.'));
    PossibleValuesParser::new(members.iter().map(value)).try_map(|name| name.parse::<T>())
}
