//! The command with its help in Chinese, to be shown: what clap parses stays English.

use std::ffi::OsString;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command};

use super::help;
use super::layout::Layout;
use crate::lang::Lang;
use crate::lang::help::{Notes, chinese, notes, topics};

/// The help, or the version, that these arguments ask for.
pub(super) fn shown(args: &[OsString], columns: Option<usize>) -> Option<String> {
    // `help NAME` and `--help` say all; `-h` does not.
    let long = args.iter().any(|arg| arg == "--help" || arg == "help");
    let layout = Layout { lang: Lang::Zh, long, columns };
    let mut command = translated(help::command());
    command.build();
    with_help(command, layout).try_get_matches_from(args).err().map(|error| error.render().ansi().to_string())
}

/// Each command with the help that it shows, where it has no other.
fn with_help(mut command: Command, layout: Layout) -> Command {
    if topic(command.get_name()).is_none() {
        let help = layout.help(&mut command);
        command = command.override_help(help);
    }
    command.mut_subcommands(|sub| with_help(sub, layout))
}

/// The command with all its texts in Chinese.
pub(super) fn translated(mut command: Command) -> Command {
    command.build();
    let command = texts(command).long_version(help::version(Lang::Zh));
    command.mut_subcommands(|sub| {
        let sub = texts(sub);
        // What `help` offers is what the command offers.
        sub.mut_subcommands(texts)
    })
}

/// One command with its texts in Chinese, as far as there is some.
fn texts(command: Command) -> Command {
    let about = command.get_about().map(|about| in_chinese(&about.to_string()));
    let long_about = command.get_long_about().map(|about| in_chinese(&about.to_string()));
    let (notes, topic) = (notes(command.get_name()), topic(command.get_name()));
    let mut command = command.mut_args(arg_in_chinese);
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(about) = long_about {
        command = command.long_about(about);
    }
    if let Some(Notes { short, long, .. }) = notes {
        let given = |text: &'static str| (!text.is_empty()).then_some(text);
        command = command.after_help(given(short)).after_long_help(given(long));
    }
    match topic {
        Some(topic) => command.override_help(topic).after_long_help(topic),
        None => command,
    }
}

/// A topic, by the name of its command.
const fn topic_of(name: &[u8]) -> Option<&'static str> {
    match name {
        b"steps" => Some(topics::STEPS),
        b"locks" => Some(topics::LOCKS),
        b"anomalies" => Some(topics::ANOMALIES),
        b"logging" => Some(topics::LOGGING),
        _ => None,
    }
}

fn topic(name: &str) -> Option<&'static str> {
    topic_of(name.as_bytes())
}

fn arg_in_chinese(arg: Arg) -> Arg {
    let help = arg.get_help().map(|help| in_chinese(&help.to_string()));
    let long = arg.get_long_help().map(|help| in_chinese(&help.to_string()));
    let heading = arg.get_help_heading().and_then(chinese);
    let values: Vec<PossibleValue> = arg.get_possible_values().into_iter().map(value_in_chinese).collect();
    let mut arg = arg;
    if let Some(help) = help {
        arg = arg.help(help);
    }
    if let Some(long) = long {
        arg = arg.long_help(long);
    }
    if let Some(heading) = heading {
        arg = arg.help_heading(heading);
    }
    // Flags have values, too, which nobody gives.
    if values.is_empty() || !arg.get_action().takes_values() {
        return arg;
    }
    arg.value_parser(PossibleValuesParser::new(values))
}

fn value_in_chinese(value: PossibleValue) -> PossibleValue {
    match value.get_help().map(ToString::to_string).as_deref().and_then(chinese) {
        Some(help) => value.help(help),
        None => value,
    }
}

/// A text, paragraph by paragraph.
fn in_chinese(english: &str) -> String {
    let paragraph = |english: &str| chinese(english).map_or_else(|| english.to_owned(), str::to_owned);
    english.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lang::help::all_notes;

    /// With all stores: without a database there are fewer options.
    #[cfg(all(feature = "mysql", feature = "postgres", feature = "redis", feature = "sqlite"))]
    mod of_all_options {
        use super::*;
        use crate::lang::help::TABLES;

        /// What the help of a command says in English: paragraphs, and where they stand.
        fn said(command: &Command, all: &mut Vec<(String, String)>) {
            let mut say = |place: &str, text: Option<String>| {
                let paragraphs = text.iter().flat_map(|text| text.split("\n\n"));
                all.extend(paragraphs.map(|paragraph| (place.to_owned(), paragraph.to_owned())));
            };
            let name = command.get_name();
            say(&format!("the command {name}"), command.get_about().map(ToString::to_string));
            say(&format!("the command {name}"), command.get_long_about().map(ToString::to_string));
            for arg in command.get_arguments() {
                let place = format!("{name}, {arg}");
                say(&place, arg.get_help().map(ToString::to_string));
                say(&place, arg.get_long_help().map(ToString::to_string));
                say(&format!("{place}, its heading"), arg.get_help_heading().map(str::to_owned));
                let values = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
                for value in values.filter(|_| arg.get_action().takes_values()) {
                    say(&format!("{place}, {}", value.get_name()), value.get_help().map(ToString::to_string));
                }
            }
            command.get_subcommands().for_each(|sub| said(sub, all));
        }

        fn of_all_commands() -> Vec<(String, String)> {
            let mut command = help::command();
            command.build();
            let mut all = Vec::new();
            said(&command, &mut all);
            all
        }

        #[test]
        fn every_help_is_there_in_chinese_and_no_chinese_is_left_over() {
            let all = of_all_commands();
            let missing: BTreeSet<String> = all
                .iter()
                .filter(|(_, english)| chinese(english).is_none())
                .map(|(place, english)| format!("{place}: {english:?}"))
                .collect();
            assert!(
                missing.is_empty(),
                "without Chinese: add a pair (\"English\", \"中文\") for each to the table in src/lang/help/ where its \
                 neighbours stand (commands.rs, sale.rs, looking.rs, race.rs, values.rs):\n{}",
                missing.into_iter().collect::<Vec<_>>().join("\n")
            );
            let said: BTreeSet<&str> =
                all.iter().map(|(_, english)| english.strip_suffix('.').unwrap_or(english)).collect();
            for (english, _) in TABLES.iter().copied().flatten() {
                assert!(
                    said.contains(english.strip_suffix('.').unwrap_or(english)),
                    "no option says {english:?}: src/lang/help/ has Chinese for it, which is to go or to change"
                );
            }
        }
    }

    #[test]
    fn what_has_notes_in_english_has_them_in_chinese() {
        fn walk(command: &Command, found: &mut BTreeSet<String>) {
            let name = command.get_name();
            let short = command.get_after_help().map(ToString::to_string);
            let long = command.get_after_long_help().map(ToString::to_string);
            if topic(name).is_some() || short.is_none() && long.is_none() {
                command.get_subcommands().for_each(|sub| walk(sub, found));
                return;
            }
            let Some(chinese) = notes(name) else {
                panic!("the notes of {name} have no Chinese: add them to src/lang/help/notes.rs")
            };
            for (english, chinese) in [(short, chinese.short), (long, chinese.long)] {
                let english = english.unwrap_or_default();
                // Commands, and the lines of examples, are the same in both.
                let code = |text: &str| -> Vec<String> {
                    let lines = text.lines().map(str::trim).filter(|line| {
                        line.starts_with("ticketsim ") || line.starts_with("--") || line.starts_with('{')
                    });
                    lines.filter(|line| !line.contains(", ")).map(str::to_owned).collect()
                };
                assert_eq!(english.is_empty(), chinese.is_empty(), "{name}, in src/lang/help/notes.rs");
                assert_eq!(code(&english), code(chinese), "{name}, in src/lang/help/notes.rs");
                let paragraphs = |text: &str| text.split("\n\n").count();
                assert_eq!(paragraphs(&english), paragraphs(chinese), "{name}, in src/lang/help/notes.rs");
            }
            found.insert(name.to_owned());
            command.get_subcommands().for_each(|sub| walk(sub, found));
        }
        let mut found = BTreeSet::new();
        walk(&help::command(), &mut found);
        for notes in all_notes() {
            assert!(found.contains(notes.command), "{} has no notes in English", notes.command);
        }
    }

    /// Nothing of the help of any command is left in English, and no line is wider than the terminal.
    #[test]
    fn the_help_in_chinese_is_chinese_and_fits() {
        let mut command = translated(help::command());
        command.build();
        let names: Vec<String> = command
            .get_subcommands()
            .map(|sub| sub.get_name().to_owned())
            .filter(|name| name != "help")
            .collect();
        for width in [60, 100] {
            for name in std::iter::once(None).chain(names.iter().map(Some)) {
                for flag in ["-h", "--help"] {
                    let words = std::iter::once("ticketsim").chain(name.map(String::as_str)).chain([flag]);
                    let words: Vec<OsString> = words.map(Into::into).collect();
                    let text = shown(&words, Some(width)).expect("a help");
                    let text = anstream::adapter::strip_str(&text).to_string();
                    assert!(
                        text.contains("用法：") || name.is_some_and(|name| topic(name).is_some()),
                        "{words:?}: {text}"
                    );
                    for english in [
                        "Usage:",
                        "Options:",
                        "Commands:",
                        "Arguments:",
                        "[default",
                        "ossible values",
                        "[OPTIONS]",
                    ] {
                        assert!(!text.contains(english), "{words:?}: {english}: {text}");
                    }
                    // Addresses and examples stay whole.
                    let prose =
                        text.lines().filter(|line| !line.contains("://") && !line.contains("ticketsim"));
                    for line in prose.filter(|_| name.is_none_or(|name| topic(name).is_none())) {
                        let words =
                            line.split(' ').map(textwrap::core::display_width).max().unwrap_or_default();
                        let fits = textwrap::core::display_width(line) <= width.max(words + 12);
                        assert!(fits, "{width} {words:?}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_topics_have_the_same_rows_in_both_languages() {
        let rows = |text: &str| -> Vec<String> {
            let rows = text.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
            rows.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
        };
        for (english, chinese) in [
            (super::super::topics::STEPS, topics::STEPS),
            (super::super::topics::LOCKS, topics::LOCKS),
            (super::super::topics::ANOMALIES, topics::ANOMALIES),
        ] {
            assert_eq!(rows(english), rows(chinese));
            let wide = |line: &&str| textwrap::core::display_width(line) > 80;
            assert_eq!(chinese.lines().find(wide), None, "as wide as a terminal of 80 columns");
        }
        let code = |text: &str| {
            text.lines().filter(|line| line.starts_with("    ")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(code(super::super::logging::TEXT), code(topics::LOGGING), "programs are the same");
    }
}
