//! `ticketsim lesson`: lists the lessons, gives them, shows their source.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::number::{natural_32, port, tickets};
use super::print::{columns, is_ascii, print, print_json};
use super::replay::was_interrupted;
use super::wrong::ensure;
use super::{Exit, closed};
use crate::lang::errors::together;
use crate::lang::{Lang, lesson as say};
use crate::lesson::{
    Exercise, Lesson, LessonError, Manner, Taught, Voice, ask, open_counter, teach, write_exercise,
};
use crate::plan::Plan;
use crate::report::text::{LOUD, styled};
use crate::run::RunError;
use crate::stock::Stock;
use crate::streams::gave_up;
use crate::workers::WorkersError;

/// `ticketsim lesson`.
#[derive(Debug, Args)]
pub(super) struct LessonArgs {
    /// Which lesson; without one, they are listed
    #[arg(value_name = "NAME|NUMBER", value_parser = lesson())]
    name: Option<Lesson>,
    /// Give all lessons, in the order of the course
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Cut the pauses to a quarter
    #[arg(long)]
    fast: bool,
    /// Print what was measured as one JSON document instead of text
    #[arg(long)]
    json: bool,
    /// Show the lesson's program instead of running it
    #[arg(long, conflicts_with_all = ["json", "fast", "count"])]
    source: bool,
    /// lock: write a small program whose purchase is left to you, and say how `ticketsim race` judges it
    #[arg(long, value_name = "LANGUAGE", value_parser = closed::<Exercise>(Exercise::ALL), requires = "name",
          conflicts_with_all = ["all", "fast", "json", "source", "count"])]
    exercise: Option<Exercise>,
    /// How many children (many: up to 500) or clients (server: up to 200) [default: 10]
    #[arg(long, value_name = "N", value_parser = natural_32, conflicts_with = "all")]
    count: Option<u32>,
    /// server: open a ticket counter on this port of 127.0.0.1, until Ctrl-C
    #[arg(long, value_name = "PORT", value_parser = port,
        conflicts_with_all = ["all", "fast", "json", "source", "count"])]
    serve: Option<u16>,
    /// server: be a customer of the counter at this address (host:port, or a port on 127.0.0.1)
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["all", "fast", "json", "source", "count", "serve"])]
    connect: Option<String>,
    /// server --serve: the ticket file to sell from
    #[arg(long, value_name = "PATH", default_value = Plan::DEFAULT_FILE, requires = "serve")]
    file: PathBuf,
    /// server --serve: put N tickets on sale first
    #[arg(long, value_name = "N", requires = "serve", value_parser = tickets, allow_negative_numbers = true)]
    tickets: Option<Stock>,
}

/// A clap parser for a lesson: its name, or its number in the list.
fn lesson() -> impl TypedValueParser<Value = Lesson> {
    const NUMBERS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
    let numbered =
        NUMBERS.iter().take(Lesson::ALL.len()).map(|number| PossibleValue::new(*number).hide(true));
    let about =
        |lesson: &Lesson| PossibleValue::new(lesson.name()).help(lesson.about().trim_end_matches('.'));
    let values = Lesson::ALL.iter().map(about).chain(numbered);
    PossibleValuesParser::new(values).try_map(|given| match given.parse::<usize>() {
        Ok(number) => Ok(Lesson::ALL[number - 1]),
        Err(_) => given.parse::<Lesson>(),
    })
}

pub(super) fn execute(args: &LessonArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let lessons = match args.name {
        Some(lesson) => vec![lesson],
        None if args.all => Lesson::ALL.to_vec(),
        None => Vec::new(),
    };
    if args.serve.is_some() || args.connect.is_some() {
        ensure(args.name == Some(Lesson::Server), together::of_the_server_lesson)?;
    } else if lessons.is_empty() {
        ensure(!args.source && !args.fast && args.count.is_none(), together::which_lesson)?;
        return list(args, lang, interrupted);
    } else if args.source {
        lessons.into_iter().try_for_each(|lesson| show_source(lesson, interrupted))?;
        return Ok(Exit::Sound);
    }
    if let (Some(exercise), Some(lesson)) = (args.exercise, args.name) {
        return set(exercise, lesson, lang, interrupted);
    }
    let coloured = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let manner = Manner {
        // The document speaks English.
        lang: if args.json { Lang::En } else { lang },
        voice: if args.json {
            Voice::Silent
        } else if coloured {
            Voice::Coloured
        } else {
            Voice::Plain
        },
        fast: args.fast,
        is_ascii: is_ascii(),
        columns: columns(),
        count: args.count,
        interrupted,
    };
    let ended = match (args.serve, &args.connect) {
        (Some(port), _) => open_counter(manner, port, &args.file, args.tickets).map(|()| Exit::Sound),
        (_, Some(address)) => {
            ask(manner, address).map(|answer| if answer.is_error() { Exit::Unsound } else { Exit::Sound })
        }
        _ => give(&lessons, args, manner),
    };
    match ended {
        Err(LessonError::Interrupted | LessonError::Run(RunError::Workers(WorkersError::Interrupted))) => {
            Ok(Exit::Interrupted)
        }
        Err(LessonError::Replay(error)) if was_interrupted(&error) => Ok(Exit::Interrupted),
        Err(LessonError::Output(error)) if gave_up(&error) => Ok(Exit::Interrupted),
        // The reader has seen enough.
        Err(LessonError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Sound),
        ended => Ok(ended?),
    }
}

/// Writes an exercise, and says what to do with it.
fn set(exercise: Exercise, lesson: Lesson, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    use crate::lang::lesson::exercise as say;
    let path = write_exercise(lesson, exercise, Path::new(""), lang)?;
    let said = [
        say::written(lang, styled(LOUD, crate::foreign::path(&path))),
        say::judged_by(lang, exercise.command()),
        say::goal(lang),
    ];
    print(&format!("{}\n", said.join("\n")), interrupted)?;
    Ok(Exit::Sound)
}

/// Gives the lessons, one after another, and says in the end whether all went as predicted.
fn give(lessons: &[Lesson], args: &LessonArgs, manner: Manner<'_>) -> Result<Exit, LessonError> {
    let mut taught = Vec::new();
    for lesson in lessons {
        taught.push(teach(*lesson, manner)?);
        if args.all && !args.json {
            print("\n", manner.interrupted).map_err(printing)?;
        }
    }
    let failed: Vec<&str> = taught.iter().filter(|one| !one.held).map(|one| one.lesson.name()).collect();
    if args.json {
        print_json(&document(&taught, args.all), manner.interrupted).map_err(printing)?;
    } else if args.all && failed.is_empty() {
        print(&format!("{}\n", say::all_held(manner.lang, taught.len())), manner.interrupted)
            .map_err(printing)?;
    } else if args.all {
        print(&format!("{}\n", say::not_held(manner.lang, manner.lang.list(&failed))), manner.interrupted)
            .map_err(printing)?;
    }
    Ok(if failed.is_empty() { Exit::Sound } else { Exit::Unsound })
}

fn printing(error: anyhow::Error) -> LessonError {
    LessonError::Output(error.downcast().unwrap_or_else(std::io::Error::other))
}

/// One document: of one lesson, or of all.
fn document(taught: &[Taught], all: bool) -> String {
    #[derive(serde::Serialize)]
    struct One<'a> {
        schema_version: u32,
        #[serde(flatten)]
        taught: &'a Taught,
    }
    let document = match taught {
        [taught] if !all => serde_json::to_string(&One { schema_version: 1, taught }),
        _ => {
            let held = taught.iter().all(|one| one.held);
            Ok(serde_json::json!({ "schema_version": 1, "held": held, "lessons": taught }).to_string())
        }
    };
    // Numbers, names and texts: nothing in it can't be JSON.
    document.unwrap_or_default()
}

fn list(args: &LessonArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    if args.json {
        let lessons: Vec<_> = Lesson::ALL
            .iter()
            .map(|lesson| serde_json::json!({ "lesson": lesson, "title": lesson.title(Lang::En) }))
            .collect();
        let document = serde_json::json!({ "schema_version": 1, "lessons": lessons });
        print_json(&document.to_string(), interrupted)?;
        return Ok(Exit::Sound);
    }
    let mut text = format!("{}\n\n", say::list_heading(lang));
    for (lesson, number) in Lesson::ALL.iter().zip(1..) {
        let name = styled(LOUD, format_args!("{:<16}", lesson.name()));
        text += &format!("  {number:>2}  {name}  {}\n", lesson.title(lang));
    }
    text += &format!("\n{}\n", say::list_hint(lang));
    print(&text, interrupted)?;
    Ok(Exit::Sound)
}

/// Prints a lesson's program, its comments in a colour of their own.
fn show_source(lesson: Lesson, interrupted: &AtomicBool) -> anyhow::Result<()> {
    let comment = anstyle::AnsiColor::Cyan.on_default();
    let mut text = String::new();
    for (path, source) in lesson.source() {
        if lesson.source().len() > 1 {
            text += &format!("{}\n", styled(LOUD, format_args!("// ---- {path}")));
        }
        for line in source.lines() {
            let is_comment = line.trim_start().starts_with("//");
            text += &if is_comment { styled(comment, line) } else { line.to_owned() };
            text.push('\n');
        }
    }
    print(&text, interrupted)
}
