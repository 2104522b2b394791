//! How a command speaks: results to stdout, all else to stderr; everything through the door for foreign text,
//! and so that an interrupt ends a wait for a reader.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::sync::atomic::AtomicBool;

use anstream::{AutoStream, ColorChoice};
use anyhow::Context as _;

use crate::foreign;
use crate::report::text::{BAD, styled};
use crate::streams::{Patient, gave_up};

/// Prints a text to stdout; without colour where there is none to be had. A reader that has closed the pipe
/// (`| head -1`) has seen enough: that is no error.
pub(super) fn print(text: &str, interrupted: &AtomicBool) -> anyhow::Result<()> {
    put(&coloured(foreign::terminal(text), AutoStream::choice(&std::io::stdout())), interrupted)
}

/// Prints a JSON document, and a line feed.
pub(super) fn print_json(document: &str, interrupted: &AtomicBool) -> anyhow::Result<()> {
    put(&(foreign::json(document) + "\n"), interrupted)
}

fn put(text: &str, interrupted: &AtomicBool) -> anyhow::Result<()> {
    let stdout = std::io::stdout().lock();
    match Patient::new(stdout, interrupted).write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) if gave_up(&error) => Err(error.into()),
        result => result.context("standard output: can't be written"),
    }
}

/// Prints an error, its causes behind it, to stderr.
pub(super) fn complain(error: &anyhow::Error, interrupted: &AtomicBool) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Most errors of ours name their cause themselves.
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    note(format_args!("{}: {}", styled(BAD.bold(), "error"), foreign::shown(&text)), interrupted);
}

/// A line on stderr.
pub(super) fn note(text: impl Display, interrupted: &AtomicBool) {
    let text = format!("{text}\n");
    let text = coloured(foreign::terminal(&text), AutoStream::choice(&std::io::stderr()));
    // With stderr closed there is nobody left to tell.
    let _ = Patient::new(std::io::stderr().lock(), interrupted).write_all(text.as_bytes());
}

fn coloured(text: Cow<'_, str>, choice: ColorChoice) -> Cow<'_, str> {
    match choice {
        ColorChoice::Never => anstream::adapter::strip_str(&text).to_string().into(),
        ColorChoice::Auto | ColorChoice::AlwaysAnsi | ColorChoice::Always => text,
    }
}
