//! How the help is laid out: the headings under which options stand, and the order of the
//! headings. The options themselves are declared where they are read.

use std::sync::LazyLock;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::Cli;
use crate::lang::{Lang, command_line as say};

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
            "stale",
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
    ("Hosts", &["hosts", "listen", "token", "name"]),
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
const OF_LESSONS: &[&str] =
    &["all", "exercise", "fast", "source", "count", "serve", "connect", "file", "tickets"];

/// The version, and the stores that were built in.
pub(super) fn version(lang: Lang) -> &'static str {
    static ENGLISH: LazyLock<String> = LazyLock::new(|| version_in(Lang::En));
    static CHINESE: LazyLock<String> = LazyLock::new(|| version_in(Lang::Zh));
    match lang {
        Lang::En => &ENGLISH,
        Lang::Zh => &CHINESE,
    }
}

fn version_in(lang: Lang) -> String {
    let stores = [
        ("SQLite", cfg!(feature = "sqlite")),
        ("PostgreSQL", cfg!(feature = "postgres")),
        ("MariaDB and MySQL", cfg!(feature = "mysql")),
        ("Redis", cfg!(feature = "redis")),
    ];
    let built_in = stores.iter().filter(|(_, is_there)| *is_there).map(|(store, _)| (*store).to_owned());
    let stores: Vec<String> = std::iter::once(say::ticket_files(lang)).chain(built_in).collect();
    let stores = match lang {
        Lang::En => stores.join(", "),
        Lang::Zh => stores.join("、").replace(" and ", " 和 "),
    };
    say::version(lang, env!("CARGO_PKG_VERSION"), stores)
}

/// The whole command, as it is parsed, shown and printed.
pub(super) fn command() -> Command {
    let flag = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let flag = flag.help("Print the version (with '--version': and the stores that it knows)");
    let command = Cli::command().disable_version_flag(true).arg(flag).long_version(version(Lang::En));
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
