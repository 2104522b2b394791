//! `ticketsim race`: races and judges other people's programs or endpoints.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::gate::{self, GateArgs};
use super::number::natural_32;
use super::outputs::{Outputs, check_outputs};
use super::pictures::{PictureArgs, in_terminal};
use super::print::{note, print, print_json, table_columns, whole};
use super::reading::read_bounded;
use super::wrong::{Saying as _, ensure, wrong};
use crate::history;
use crate::lang::Lang;
use crate::lang::errors::{inputs, together};
use crate::race::config::{Amount, Config, ConfigError, Said};
use crate::race::plan::{RacePlan, Users};
use crate::race::{self, Trial, users};
use crate::report::race::{json, junit, text};
use crate::shell::shell_quoted;

/// The file that `--init` writes.
const TEMPLATE: &str = include_str!("race.toml");

/// `ticketsim race`.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct RaceArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    books: BookArgs,
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten, next_help_heading = "Gate")]
    gate: GateArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Read all this from a file of TOML; options of the command line come before it
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Print such a file, with a comment on each of its lines
    #[arg(long, conflicts_with = "from")]
    init: bool,
}

const HELP: &str = "\
Rules: each of --bought, --refused, --failed, --unknown takes conditions that hold together, separated by \
blanks; given again, an option is an alternative. The first rule that holds wins, in this order.
  requests   status=200  status=2xx  status=409,410  header:NAME~REGEX  body~REGEX
  commands   exit=0  stdout~REGEX  stderr~REGEX (a rule on the exit code comes before all others)
  both       json:PATH  json:PATH=VALUE  json:PATH~REGEX (of the body, or of the output)
Blanks inside a value stand in quotes: body~'sold out'. Without any rule: exit 0 bought, 1 refused, else \
failed; 2xx bought, 409 and 410 refused, 5xx and no answer unknown. What no rule matches makes the verdict \
unknown.

Requests go out as HTTP/1.1, each on a connection of its own, also where the server speaks HTTP/2; a \
redirect is an answer, and is not followed.

Variables, in braces: {buyer}, {trial}, {uuid}, n (which purchase of its buyer it is), the columns of --users, \
and what --setup takes; commands find them as $TICKETSIM_BUYER and so on, too.

Exit code: 0 no trial was caught, 1 one was, 2 it could not be run or judged, 130 interrupted.

Examples:
  ticketsim race -n 20 -t 5 --reset './reset.sh 5' --stock './stock.sh' \\
      -- ./buy.sh {buyer}
  ticketsim race -n 20 -t 5 --http 'POST http://127.0.0.1:8000/buy' \\
      --json-body '{\"user\":\"{buyer}\"}' \\
      --stock 'http://127.0.0.1:8000/stock#$.left' \\
      --reset 'POST http://127.0.0.1:8000/reset?n=5' \\
      --bought 'status=200 json:$.ok=true' --refused 'status=409' --trials 20
  ticketsim race --from shop.toml
  ticketsim race --gate postgres://127.0.0.1/shop -n 2 -t 1 \\
      --http 'POST http://127.0.0.1:8000/buy' \\
      --stock 'http://127.0.0.1:8000/stock#$.left' \\
      --reset 'POST http://127.0.0.1:8000/reset?n=1' -- ./shop.sh";

/// What is raced.
#[derive(Debug, Args)]
struct TargetArgs {
    /// How many buyers race [default: 20]
    #[arg(short = 'n', long, value_name = "N", value_parser = natural_32)]
    buyers: Option<u32>,
    /// How many tickets are on sale [default: what --stock says before the race]
    #[arg(short, long, value_name = "N")]
    tickets: Option<i64>,
    /// A request: METHOD URL
    #[arg(long, value_name = "REQUEST")]
    http: Option<String>,
    /// Its body, as it is
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    body: Option<String>,
    /// Its body, JSON
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    json_body: Option<String>,
    /// A field of its body, a form
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    form: Vec<String>,
    /// A header, of every request whose variables have values
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// A command and its arguments, run once for each buyer
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// A variable in the environment of the commands
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// The working folder of the commands
    #[arg(long, value_name = "DIR")]
    chdir: Option<PathBuf>,
    /// Trust the certificates in this file (PEM), and no others
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long)]
    insecure: bool,
    /// Allow servers that are neither this machine nor in a private network
    #[arg(long)]
    remote: bool,
}

/// How they race.
#[derive(Debug, Args)]
struct PaceArgs {
    /// Purchases of each buyer: a number, or all, until it is refused [default: 1]
    #[arg(long, value_name = "N")]
    per_buyer: Option<String>,
    /// Spread the go evenly over this time, on purpose [default: 0]
    #[arg(long, value_name = "DUR")]
    spread: Option<String>,
    /// How long an answer may take [default: 10s]
    #[arg(long, value_name = "DUR")]
    timeout: Option<String>,
    /// How many trials [default: 1]
    #[arg(long, value_name = "K", value_parser = natural_32)]
    trials: Option<u32>,
    /// Stop at the first trial that is caught
    #[arg(long)]
    until_caught: bool,
    /// How long to wait between trials [default: 0]
    #[arg(long, value_name = "DUR")]
    pause: Option<String>,
}

/// How it is judged.
#[derive(Debug, Args)]
struct BookArgs {
    /// What says the stock: a command, URL#JSONPATH, URL~REGEX, FILE#JSONPATH, sqlite:FILE?SELECT
    #[arg(long, value_name = "SOURCE")]
    stock: Option<String>,
    /// How long after the last answer the stock is read, until two readings agree [default: 200ms]
    #[arg(long, value_name = "DUR")]
    settle: Option<String>,
    /// What puts the tickets on sale before each trial: a command, or METHOD URL
    #[arg(long, value_name = "ACT")]
    reset: Option<String>,
    /// A rule: what means that it bought
    #[arg(long, value_name = "RULE")]
    bought: Vec<String>,
    /// A rule: what means that it was sold out
    #[arg(long, value_name = "RULE")]
    refused: Vec<String>,
    /// A rule: what means that it had no effect
    #[arg(long, value_name = "RULE")]
    failed: Vec<String>,
    /// A rule: what leaves open whether it bought
    #[arg(long, value_name = "RULE")]
    unknown: Vec<String>,
}

/// What buyers need before they can buy.
#[derive(Debug, Args)]
struct StateArgs {
    /// A table of CSV: its columns are variables, a row for each buyer
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Done before the race: 'SCOPE: ACT -> NAME=json:PATH', the scope once, trial or buyer
    #[arg(long, value_name = "STEP")]
    setup: Vec<String>,
    /// The command that starts the target; it is ended in the end. {port}, here and in the addresses, is a
    /// port that is free
    #[arg(long, value_name = "COMMAND")]
    serve: Option<String>,
}

/// What is shown and written.
#[derive(Debug, Args)]
struct OutputArgs {
    /// Write the history of the worst trial to a file: JSON lines, one purchase each
    #[arg(long, value_name = "PATH")]
    history: Option<PathBuf>,
    #[command(flatten)]
    pictures: PictureArgs,
    /// Write the verdict on each trial for a CI server, as JUnit's XML
    #[arg(long, value_name = "PATH")]
    junit: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
    /// Say the verdict alone
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
}

pub(super) fn execute(args: RaceArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    if args.init {
        print(TEMPLATE, interrupted)?;
        return Ok(Exit::Sound);
    }
    let output = &args.output;
    let mut kept: Vec<PathBuf> = [&args.from, &args.state.users].into_iter().flatten().cloned().collect();
    kept.extend(args.gate.order().cloned());
    let written = [&output.history, &output.junit].into_iter().filter_map(|path| path.as_deref());
    check_outputs(&kept, written.chain(output.pictures.paths()))?;
    let (race, behind) = plans(&args, interrupted)?;
    if let Some(plan) = behind {
        ensure(output.junit.is_none(), together::junit_of_the_gate)?;
        let asked = gate::Asked {
            json: output.json,
            quiet: output.quiet,
            history: output.history.as_deref(),
            pictures: &output.pictures,
        };
        return gate::execute(&plan, &race, &asked, lang, interrupted);
    }
    let plan = race;
    let speaks = !output.json && !output.quiet;
    if speaks {
        print(&(text::plan_lines(&plan, lang) + &text::heading(lang, table_columns())), interrupted)?;
    } else {
        note(text::plan_line(&plan, lang), interrupted);
    }
    let mut printed = Ok(());
    let mut told = |trial: &Trial| {
        if speaks && trial.number <= text::MOST_ROWS && printed.is_ok() {
            printed = print(&row(trial, lang), interrupted);
        }
    };
    let raced = race::run(&plan, interrupted, &mut told);
    let mut outputs = Outputs::new(interrupted);
    if let Some(path) = &output.junit {
        let text = match &raced {
            Ok(raced) => junit::of_race(&plan, raced),
            Err(error) => junit::of_none(&plan, &error.to_string()),
        };
        outputs.note(path, history::write_whole(path, interrupted, |file| file.write_all(text.as_bytes())));
    }
    let raced = raced?;
    let mut picture = String::new();
    if let Some(worst) = &raced.worst {
        if let Some(path) = &output.history {
            outputs.note(path, history::write(&worst.history, path, interrupted));
        }
        output.pictures.draw(&worst.history, &worst.verdict, lang, &mut outputs);
        picture = in_terminal(&worst.history, lang);
    }
    printed?;
    if output.json {
        print_json(&json::of_race(&plan, &raced, &outputs.failures()), interrupted)?;
    } else if output.quiet {
        print(&text::quiet(&raced, lang), interrupted)?;
    } else {
        print(&text::of_race(&raced, &picture, lang), interrupted)?;
    }
    Ok(outputs.exit(if raced.interrupted { Exit::Interrupted } else { raced.ruling().into() }))
}

/// The row of a trial, with the way out where it could not be carried through.
fn row(trial: &Trial, lang: Lang) -> String {
    let why = trial.why.as_ref().map(|why| whole(why, lang));
    text::trial_row(trial, why.as_deref(), lang, table_columns())
}

/// What the file says, and the command line before it, checked.
fn plans(args: &RaceArgs, interrupted: &AtomicBool) -> anyhow::Result<(RacePlan, Option<gate::GatePlan>)> {
    let (config, file) = match &args.from {
        None => (Config::default(), None),
        Some(path) => {
            let text = read_bounded(path, interrupted)?;
            let config = Config::parse(&text)
                .map_err(|(at, what)| anyhow::anyhow!(what).context(located(path, &text, &at)))?;
            (config, Some((path, text)))
        }
    };
    let mut config = args.over(config);
    if config.wants_port() {
        config = config.with_port(free_port().saying(inputs::no_free_port)?);
    }
    let buyers = config.buyers.unwrap_or(RacePlan::USUAL_BUYERS);
    let users = match &config.users {
        Some(path) => users::read(path, buyers).context("--users")?,
        None => Users::default(),
    };
    let not_a_plan = |ConfigError { setting, at, what }: ConfigError| {
        let place = |lang: Lang| match &file {
            Some((path, text)) if !at.is_empty() => located(path, text, &at),
            Some((path, _)) => format!("{}{}{setting}", path.display(), lang.signs()[0]),
            None => format!("--{setting}"),
        };
        Err::<(), _>(what).saying(place).expect_err("an error")
    };
    let behind = gate::plan(&config, interrupted, &not_a_plan)?;
    let plan = config.plan(users).map_err(not_a_plan)?;
    if let Some(gate) = &behind {
        gate::check(gate, &plan).map_err(not_a_plan)?;
    }
    if let Some(folder) = plan.chdir.as_deref().filter(|folder| !folder.is_dir()) {
        return Err(wrong(|lang| inputs::no_folder(lang, crate::foreign::path(folder))));
    }
    Ok((plan, behind))
}

/// A port of this machine that nobody listens at.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A place in a file: its line and its column.
fn located(path: &Path, text: &str, at: &Range<usize>) -> String {
    let before = text.get(..at.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1;
    format!("{}:{line}:{column}", path.display())
}

impl RaceArgs {
    /// The options of the command line, over what a file says.
    fn over(&self, mut file: Config) -> Config {
        self.gate.over(&mut file);
        let RaceArgs { target, pace, books, state, .. } = self;
        let said = |text: &String| Said::new(0..0, text.clone());
        let one = |option: &Option<String>, file: Option<Said>| option.as_ref().map(said).or(file);
        let several = |options: &[String], file: Vec<Said>| {
            if options.is_empty() { file } else { options.iter().map(said).collect() }
        };
        let body = target.body.is_some() || target.json_body.is_some() || !target.form.is_empty();
        // Behind the gate a command starts the shop.
        let (shop, command) = match target.command.as_slice() {
            words @ [_, ..] if !file.gate.is_empty() => {
                let words: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
                (Some(format!("exec {}", words.join(" "))), Vec::new())
            }
            words => (None, words.to_vec()),
        };
        let raced = target.http.is_some() || !command.is_empty();
        let amount = |text: &String| text.parse().map_or_else(|_| Amount::Word(text.clone()), Amount::Number);
        Config {
            buyers: target.buyers.or(file.buyers),
            tickets: target.tickets.or(file.tickets),
            command: if raced { command } else { file.command },
            http: if raced { target.http.as_ref().map(said) } else { file.http },
            body: if body { target.body.clone() } else { file.body },
            json_body: if body { target.json_body.clone() } else { file.json_body },
            form: if body { target.form.iter().map(said).collect() } else { file.form },
            header: several(&target.header, file.header),
            per_buyer: pace.per_buyer.as_ref().map(amount).or(file.per_buyer),
            spread: one(&pace.spread, file.spread),
            timeout: one(&pace.timeout, file.timeout),
            settle: one(&books.settle, file.settle),
            trials: pace.trials.or(file.trials),
            until_caught: pace.until_caught || file.until_caught,
            pause: one(&pace.pause, file.pause),
            bought: several(&books.bought, file.bought),
            refused: several(&books.refused, file.refused),
            failed: several(&books.failed, file.failed),
            unknown: several(&books.unknown, file.unknown),
            stock: one(&books.stock, file.stock),
            reset: one(&books.reset, file.reset),
            setup: several(&state.setup, file.setup),
            serve: shop.or_else(|| state.serve.clone()).or(file.serve),
            users: state.users.clone().or(file.users),
            env: several(&target.env, file.env),
            chdir: target.chdir.clone().or(file.chdir),
            cacert: target.cacert.clone().or(file.cacert),
            insecure: target.insecure || file.insecure,
            remote: target.remote || file.remote,
            ..file
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_init_is_a_plan() {
        let config = Config::parse(TEMPLATE).expect("toml");
        let plan = config.plan(Users::default()).expect("a plan");
        assert_eq!((plan.buyers, plan.tickets, plan.trials), (20, Some(5), 20));
        assert_eq!(plan.unknown_variables(), Vec::<String>::new());
        // Every option stands in it, if only in a comment.
        let options = [
            "buyers",
            "tickets",
            "http",
            "command",
            "body",
            "json-body",
            "form",
            "header",
            "per-buyer",
            "spread",
            "timeout",
            "settle",
            "trials",
            "until-caught",
            "pause",
            "bought",
            "refused",
            "failed",
            "unknown",
            "stock",
            "reset",
            "setup",
            "serve",
            "users",
            "env",
            "chdir",
            "cacert",
            "insecure",
            "remote",
            "gate",
            "gate-file",
            "orders",
            "order",
            "order-seed",
            "background",
            "patience",
            "replays",
            "expect",
        ];
        for option in options {
            let stands = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{option} = "));
            assert!(TEMPLATE.lines().any(stands), "{option}");
        }
    }

    #[test]
    fn a_place_in_the_file_is_a_line_and_a_column() {
        assert_eq!(located(Path::new("a.toml"), "x = 1\nye = 2\n", &(7..8)), "a.toml:2:2");
    }
}
