//! The manual pages: one on the whole, and one a command.

use clap::Command;
use roff::{Roff, roman};

use super::help::command;
use super::translated::translated;
use crate::lang::Lang;

/// The manual pages, each with the name of its file: one on the whole, and one a command.
///
/// # Errors
/// Never: they are written to memory.
pub(super) fn pages(lang: Lang) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = command().disable_help_subcommand(true);
    command.build();
    if lang == Lang::Zh {
        command = translated(command);
    }
    let pages = std::iter::once(&command).chain(command.get_subcommands()).map(|command| page(command, lang));
    pages.collect()
}

/// The manual page of one command. The crate's own synopsis has no values, and it fills the lines of examples.
fn page(command: &Command, lang: Lang) -> std::io::Result<(String, Vec<u8>)> {
    let synopsis = synopsis(command, lang);
    let man = clap_mangen::Man::new(command.clone().override_usage(synopsis));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().next().is_some() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = command.get_after_long_help().or_else(|| command.get_after_help()) {
        notes_section(&notes.to_string(), &mut page)?;
    }
    if lang == Lang::Zh {
        page = headings_in_chinese(&String::from_utf8_lossy(&page)).into_bytes();
    }
    Ok((man.get_filename(), page))
}

/// The words of the crate that writes the pages, and the heading of the notes.
const OF_PAGES: &[(&str, &str)] = &[
    (".SH NAME\n", ".SH 名称\n"),
    (".SH SYNOPSIS\n", ".SH 概要\n"),
    (".SH DESCRIPTION\n", ".SH 说明\n"),
    (".SH OPTIONS\n", ".SH 选项\n"),
    (".SH SUBCOMMANDS\n", ".SH 命令\n"),
    (".SH NOTES\n", ".SH 备注\n"),
    ("Possible values:", "可选值："),
    ("[default: ", "[默认："),
    ("[possible values: ", "[可选值："),
];

fn headings_in_chinese(page: &str) -> String {
    OF_PAGES.iter().fold(page.to_owned(), |page, (english, chinese)| page.replace(english, chinese))
}

/// How a command is called: options with their values.
fn synopsis(command: &Command, lang: Lang) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut words = vec![name.to_owned()];
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let value = arg.get_value_names().unwrap_or_default().join(" ");
        let long = arg.get_long().map(|long| format!("--{long}"));
        let flags: Vec<String> =
            arg.get_short().map(|short| format!("-{short}")).into_iter().chain(long).collect();
        let many = if arg.is_positional() && arg.get_num_args().is_some_and(|range| range.max_values() > 1) {
            "..."
        } else {
            ""
        };
        let word = match (flags.is_empty(), arg.get_action().takes_values()) {
            (true, _) => format!("{value}{many}"),
            (false, true) => format!("{} {value}", flags.join("|")),
            (false, false) => flags.join("|"),
        };
        words.push(if arg.is_required_set() { word } else { format!("[{word}]") });
    }
    let line = words.join(" ");
    if command.get_subcommands().next().is_none() {
        line
    } else {
        format!("{line}\n{name} {}", command_word(lang))
    }
}

/// What stands for a command in a synopsis.
const fn command_word(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "COMMAND",
        Lang::Zh => "命令",
    }
}

/// What stands below the options: what is indented keeps its lines.
fn notes_section(notes: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    let mut roff = Roff::default();
    roff.control("SH", ["NOTES"]);
    for line in notes.lines() {
        if line.is_empty() {
            roff.control("PP", []);
        } else if line.starts_with(' ') {
            roff.control("nf", []);
            roff.text([roman(line)]);
            roff.control("fi", []);
        } else {
            roff.text([roman(line)]);
        }
    }
    roff.to_writer(page)
}
