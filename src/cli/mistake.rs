//! What clap says of arguments that it can't read, in Chinese. Its own words are English.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::layout::usage;
use super::said::{said, way_out};
use crate::lang::{Lang, command_line as say};
use crate::report::text::{BAD, GOOD, styled};

const ZH: Lang = Lang::Zh;

/// The mistake, what may have been meant, and how the command is called.
pub(super) fn in_chinese(error: &clap::Error) -> String {
    let mut text = format!("{}：{}", styled(BAD.bold(), say::error(ZH)), what(error));
    for tip in tips(error) {
        text.push_str(&format!("\n\n  {}：{tip}", styled(GOOD, say::tip(ZH))));
    }
    if let Some(ContextValue::StyledStr(clap)) = error.get(ContextKind::Usage) {
        text.push_str(&format!("\n\n{}", usage(&clap.to_string(), ZH)));
    }
    format!("{text}\n\n{}", say::try_help(ZH, "--help"))
}

/// The mistake with the way out, if an option helps: clap says the error of a value as it is.
pub(super) fn with_way_out(mut error: clap::Error) -> clap::Error {
    if let Some(way) = error.source().and_then(way_out) {
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![way.said(Lang::En).to_owned().into()]),
        );
    }
    error
}

/// A text of the context.
fn one(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

/// The texts of the context.
fn many(error: &clap::Error, kind: ContextKind) -> Vec<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text],
        Some(ContextValue::Strings(texts)) => texts.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

fn number(error: &clap::Error, kind: ContextKind) -> isize {
    match error.get(kind) {
        Some(ContextValue::Number(number)) => *number,
        _ => 0,
    }
}

/// What is wrong.
fn what(error: &clap::Error) -> String {
    let given = one(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = one(error, ContextKind::InvalidValue).unwrap_or_default();
    let command = one(error, ContextKind::InvalidSubcommand).unwrap_or_default();
    match error.kind() {
        ErrorKind::ArgumentConflict => conflict(error),
        ErrorKind::NoEquals => say::no_equals(ZH, given),
        ErrorKind::InvalidValue => {
            let known = many(error, ContextKind::ValidValue);
            let what =
                if value.is_empty() { say::no_value(ZH, given) } else { say::bad_value(ZH, value, given) };
            if known.is_empty() {
                return what;
            }
            format!("{what}\n  {}", say::possible_values(ZH, known.join("、")))
        }
        ErrorKind::InvalidSubcommand => say::unknown_command(ZH, command),
        ErrorKind::MissingRequiredArgument => listed(say::missing(ZH), &many(error, ContextKind::InvalidArg)),
        ErrorKind::MissingSubcommand => say::no_command(ZH, command),
        ErrorKind::InvalidUtf8 => say::no_utf8(ZH),
        ErrorKind::TooManyValues => say::too_many_values(ZH, value, given),
        ErrorKind::TooFewValues => {
            let got = number(error, ContextKind::ActualNumValues);
            say::too_few_values(ZH, given, number(error, ContextKind::MinValues), got)
        }
        ErrorKind::WrongNumberOfValues => {
            let got = number(error, ContextKind::ActualNumValues);
            say::too_few_values(ZH, given, number(error, ContextKind::ExpectedNumValues), got)
        }
        ErrorKind::ValueValidation => match error.source() {
            Some(why) => say::bad_value_why(ZH, value, given, said(why, ZH)),
            None => say::bad_value(ZH, value, given),
        },
        ErrorKind::UnknownArgument => say::unknown_argument(ZH, given),
        // Others are no mistakes in the arguments.
        _ => error.source().map_or_else(|| error.to_string(), |why| said(why, ZH)),
    }
}

fn conflict(error: &clap::Error) -> String {
    let given = one(error, ContextKind::InvalidArg).or_else(|| one(error, ContextKind::InvalidSubcommand));
    let given = given.unwrap_or_default();
    match error.get(ContextKind::PriorArg) {
        Some(ContextValue::String(prior)) if prior == given => say::twice(ZH, given),
        Some(ContextValue::String(prior)) => say::conflict(ZH, given, prior),
        Some(ContextValue::Strings(priors)) => {
            listed(say::conflicts(ZH, given), &priors.iter().map(String::as_str).collect::<Vec<_>>())
        }
        _ => say::conflict_somewhere(ZH, given),
    }
}

fn listed(heading: String, items: &[&str]) -> String {
    items.iter().fold(heading, |text, item| format!("{text}\n  {item}"))
}

/// What may have been meant.
fn tips(error: &clap::Error) -> Vec<String> {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let similar = kinds.into_iter().map(|kind| many(error, kind)).filter(|names| !names.is_empty());
    let quoted =
        |names: Vec<&str>| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join("、");
    let mut tips: Vec<String> = similar.map(|names| say::similar(ZH, quoted(names))).collect();
    tips.extend(error.source().and_then(way_out).map(|way| way.said(ZH).to_owned()));
    if let Some(ContextValue::StyledStrs(more)) = error.get(ContextKind::Suggested) {
        tips.extend(more.iter().map(|tip| tip_in_chinese(&tip.to_string())));
    }
    tips
}

/// A tip that clap has put into words already: its parts stand in quotes.
fn tip_in_chinese(tip: &str) -> String {
    let parts: Vec<&str> = tip.split('\'').collect();
    match parts.as_slice() {
        ["to pass ", given @ .., " as a value, use ", how, ""] => say::as_a_value(ZH, given.join("'"), how),
        ["", how, " exists"] => say::elsewhere(ZH, how),
        ["subcommand ", command, " exists; to use it, remove the ", "--", " before it"] => {
            say::without_dashes(ZH, command)
        }
        _ => tip.to_owned(),
    }
}
