//! How a command prints: results to stdout, everything else to stderr; all of it is made safe by `foreign`, and an
//! interrupt ends a wait for a reader.

use std::error::Error;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use anstream::{AutoStream, ColorChoice};
use anyhow::Chain;

use super::said::{said, way_out};
use super::wrong::Saying as _;
use crate::charset::ascii;
use crate::foreign;
use crate::lang::errors::inputs;
use crate::lang::{Lang, command_line as say};
use crate::report::text::{BAD, styled};
use crate::streams::{Patient, gave_up};
use crate::wrapped::{refilled, wrapped};

/// Whether texts are to be in ASCII, once it is known.
static IS_ASCII: OnceLock<bool> = OnceLock::new();

/// The language of errors, once it is known.
static LANG: OnceLock<Lang> = OnceLock::new();

/// Settles for the whole command in which language errors are said, and whether its texts are in ASCII.
pub(super) fn settle(lang: Lang, is_ascii: bool) {
    // The first call counts: there is only one command line.
    let _ = LANG.set(lang);
    let _ = IS_ASCII.set(is_ascii);
}

/// Whether texts are to be in ASCII.
pub(super) fn is_ascii() -> bool {
    IS_ASCII.get().copied().unwrap_or(false)
}

/// Prints a text to stdout; without colour where there is none to be had, and in lines as wide as the terminal. A
/// reader that has closed the pipe (`| head -1`) has seen enough: that is no error.
pub(super) fn print(text: &str, interrupted: &AtomicBool) -> anyhow::Result<()> {
    let width = terminal_size_of(std::io::stdout());
    put(&faced(text, width, AutoStream::choice(&std::io::stdout())), interrupted)
}

/// Prints prose that is broken by hand at 80 columns, and is filled anew where there are fewer.
pub(super) fn print_prose(text: &str, interrupted: &AtomicBool) -> anyhow::Result<()> {
    print(&columns().map_or(text.into(), |width| refilled(text, width)), interrupted)
}

/// Prints a JSON document, and a line feed.
pub(super) fn print_json(document: &str, interrupted: &AtomicBool) -> anyhow::Result<()> {
    let document = foreign::json(document) + "\n";
    put(&if is_ascii() { foreign::ascii_json(&document) } else { document.into_owned() }, interrupted)
}

fn put(text: &str, interrupted: &AtomicBool) -> anyhow::Result<()> {
    let stdout = std::io::stdout().lock();
    match Patient::new(stdout, interrupted).write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) if gave_up(&error) => Err(error.into()),
        result => result.saying(inputs::no_stdout),
    }
}

/// Prints an error, its causes behind it, to stderr.
pub(super) fn complain(error: &anyhow::Error, interrupted: &AtomicBool) {
    let lang = LANG.get().copied().unwrap_or(Lang::En);
    let [colon, ..] = lang.signs();
    let text = whole(error.as_ref(), lang);
    let error = styled(BAD.bold(), say::error(lang));
    note(format_args!("{error}{colon}{}", foreign::shown(&text)), interrupted);
}

/// An error with its causes behind it, and the way out behind them.
pub(super) fn whole(error: &(dyn Error + 'static), lang: Lang) -> String {
    let [colon, _, semicolon] = lang.signs();
    let mut english = error.to_string();
    let mut causes = Chain::new(error);
    let mut text = causes.next().map(|error| said(error, lang)).unwrap_or_default();
    for cause in causes {
        // Most errors of ours name their cause themselves.
        let in_english = cause.to_string();
        if !english.contains(&in_english) {
            english = format!("{english}: {in_english}");
            text = format!("{text}{colon}{}", said(cause, lang));
        }
    }
    match Chain::new(error).find_map(way_out) {
        Some(way) => format!("{text}{semicolon}{}", way.said(lang)),
        None => text,
    }
}

/// A line on stderr.
pub(super) fn note(text: impl Display, interrupted: &AtomicBool) {
    let text = format!("{text}\n");
    let text = faced(&text, terminal_size_of(std::io::stderr()), AutoStream::choice(&std::io::stderr()));
    // With stderr closed there is nobody left to tell.
    let _ = Patient::new(std::io::stderr().lock(), interrupted).write_all(text.as_bytes());
}

/// How many columns stdout has, where it is a terminal.
pub(super) fn columns() -> Option<usize> {
    terminal_size_of(std::io::stdout())
}

/// How many columns a table may have on stdout.
pub(super) fn table_columns() -> usize {
    const IN_A_PIPE: usize = 120;
    columns().unwrap_or(IN_A_PIPE)
}

/// How many columns a stream has, where it is a terminal.
fn terminal_size_of(stream: impl AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

/// A text as its reader is to see it.
fn faced(text: &str, width: Option<usize>, choice: ColorChoice) -> String {
    let text = foreign::terminal(text);
    let text = if is_ascii() { ascii(&text).into_owned() } else { text.into_owned() };
    let text = match width {
        Some(width) => wrapped(&text, width).into_owned(),
        None => text,
    };
    match choice {
        ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
        ColorChoice::Auto | ColorChoice::AlwaysAnsi | ColorChoice::Always => text,
    }
}
