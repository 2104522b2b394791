//! How the help and the manual pages are laid out: the headings under which options stand, and the order of the
//! headings. The options themselves are declared where they are read.

use std::sync::LazyLock;

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use roff::{Roff, roman};

use super::Cli;

/// The headings in their order, each with the options that stand under it. An option that is in none keeps the
/// heading that it was declared with.
const HEADINGS: &[(&str, &[&str])] = &[
    (
        "Sale",
        &[
            "buyers",
            "tickets",
            "per_buyer",
            "workers",
            "file",
            "via",
            "from",
            "init",
            "times",
            "restocks",
            "trials",
            "until",
            "until_caught",
            "dir",
            "compare",
            "protocols",
        ],
    ),
    (
        "Lock and write",
        &[
            "no_lock",
            "lock",
            "write",
            "lock_on",
            "steps",
            "protocol",
            "fsync",
            "break_stale",
            "lock_timeout",
            "lease",
            "fence",
            "rogue",
            "inherit",
        ],
    ),
    (
        "Database",
        &[
            "store",
            "sale",
            "isolation",
            "constraint",
            "retry",
            "journal",
            "busy_timeout",
            "snapshot_isolation",
        ],
    ),
    (
        "Target",
        &[
            "http",
            "body",
            "json_body",
            "form",
            "header",
            "env",
            "chdir",
            "cacert",
            "insecure",
            "remote",
            "users",
            "setup",
            "serve",
        ],
    ),
    ("Answers and stock", &["bought", "refused", "failed", "unknown", "stock", "settle", "reset"]),
    ("Gate", &["gate", "gate_file", "orders", "order", "background", "patience", "order_seed", "replays"]),
    ("Pace", &["think", "jitter", "seed", "spread", "timeout", "pause"]),
    ("Mishaps", &["mishap", "kill"]),
    ("Bounds", &["max_states", "sample", "depth", "expire", "kills"]),
    ("Judging", &["merge", "resolution", "clock_error", "limit_per_buyer"]),
    (
        "Output",
        &[
            "json", "markdown", "quiet", "verbose", "history", "output", "html", "trace", "junit",
            "progress", "expect", "color", "lang",
        ],
    ),
    ("About", &["help", "version"]),
];

/// The options that stand among those on the logs of others, where there are such.
const OF_LOGS: &[&str] = &["from", "bought", "refused", "failed", "unknown"];
/// The options of a lesson, some of which mean something else in other commands.
const OF_LESSONS: &[&str] = &["all", "fast", "source", "count", "serve", "connect", "file", "tickets"];

/// The version, and the stores that were built in.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let stores = [
        ("SQLite", cfg!(feature = "sqlite")),
        ("PostgreSQL", cfg!(feature = "postgres")),
        ("MariaDB and MySQL", cfg!(feature = "mysql")),
        ("Redis", cfg!(feature = "redis")),
    ];
    let built_in = stores.iter().filter(|(_, is_there)| *is_there).map(|(store, _)| *store);
    let stores: Vec<&str> = std::iter::once("ticket files").chain(built_in).collect();
    format!("{}\nstores: {}", env!("CARGO_PKG_VERSION"), stores.join(", "))
});

/// The whole command, as it is parsed, shown and printed.
pub(super) fn command() -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let version = version.help("Print the version (with '--version': and the stores that it knows)");
    let command = Cli::command().disable_version_flag(true).arg(version).long_version(VERSION.as_str());
    laid_out(command.mut_subcommands(laid_out))
}

/// The command with its options under their headings. Help is declared like any other option, so that it has a
/// heading, too.
fn laid_out(command: Command) -> Command {
    let of_logs = command.get_arguments().any(|arg| arg.get_id() == "columns");
    let of_lessons = command.get_name() == "lesson";
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    let help = help.help("Print this help, in short with '-h'");
    command.disable_help_flag(true).arg(help).mut_args(|arg| {
        let id = arg.get_id().as_str();
        if of_logs && OF_LOGS.contains(&id) || arg.is_positional() {
            return arg;
        }
        if of_lessons && OF_LESSONS.contains(&id) {
            return arg.help_heading("Lesson");
        }
        match HEADINGS.iter().find(|(_, ids)| ids.contains(&id)) {
            Some((heading, _)) => arg.help_heading(*heading),
            None => arg,
        }
    })
}

/// The manual pages, each with the name of its file: one on the whole, and one a command.
///
/// # Errors
/// Never: they are written to memory.
pub(super) fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = command().disable_help_subcommand(true);
    command.build();
    let pages = std::iter::once(&command).chain(command.get_subcommands()).map(page);
    pages.collect()
}

/// The manual page of one command. The crate's own synopsis has no values, and it fills the lines of examples.
fn page(command: &Command) -> std::io::Result<(String, Vec<u8>)> {
    let synopsis = synopsis(command);
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
    Ok((man.get_filename(), page))
}

/// How a command is called: options with their values.
fn synopsis(command: &Command) -> String {
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
    if command.get_subcommands().next().is_none() { line } else { format!("{line}\n{name} COMMAND") }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
    }

    /// Every option stands under a heading, and no line is wider than the terminal.
    #[test]
    fn the_help_fits_a_terminal() {
        let mut command = command().term_width(80);
        command.build();
        // The text on logging is one that overrides its help: it is as wide as its examples.
        for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "logging") {
            let help = sub.render_long_help().to_string();
            assert!(!help.contains("\nOptions:"), "an option of {} has no heading", sub.get_name());
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", sub.get_name());
            }
        }
    }
}
