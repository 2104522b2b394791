//! The arguments before clap reads them: moves options that every command takes, and finds the requested language even
//! if nothing else can be parsed.

use std::ffi::OsString;

use clap::Command;

use crate::lang::Lang;

/// The options that every command takes, each with a value.
const OF_ALL: [&str; 2] = ["--lang", "--color"];

/// How many words an option that every command takes has here; none if it is none.
fn words_of_option(args: &[OsString]) -> usize {
    let Some(first) = args.first().and_then(|arg| arg.to_str()) else { return 0 };
    match OF_ALL.iter().find_map(|option| first.strip_prefix(option)) {
        Some("") => 2.min(args.len()),
        Some(value) if value.starts_with('=') => 1,
        _ => 0,
    }
}

/// The arguments with the options that every command takes behind the name of the command. `help` takes none, so
/// there they go, once they were looked at.
pub(super) fn in_order(args: &[OsString], command: &Command) -> Vec<OsString> {
    let mut end = 1.min(args.len());
    while let words @ 1.. = words_of_option(&args[end..]) {
        end += words;
    }
    let (before, rest) = args.split_at(end);
    let Some((name, rest)) = rest.split_first() else { return args.to_vec() };
    if name == "help" {
        let mut kept = vec![before[0].clone(), name.clone()];
        let mut at = 0;
        while at < rest.len() {
            match words_of_option(&rest[at..]) {
                0 => {
                    kept.push(rest[at].clone());
                    at += 1;
                }
                words => at += words,
            }
        }
        return kept;
    }
    if !command.get_subcommands().any(|sub| name == sub.get_name()) {
        return args.to_vec();
    }
    let options = before[1..].iter().chain(rest);
    [&before[0], name].into_iter().chain(options).cloned().collect()
}

/// The language that was asked for.
pub(super) fn lang_meant(args: &[OsString]) -> Option<Lang> {
    let until = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let values = args[..until].iter().enumerate().filter_map(|(place, arg)| {
        match arg.to_str()?.strip_prefix("--lang")? {
            "" => args.get(place + 1)?.to_str(),
            value => value.strip_prefix('='),
        }
    });
    values.filter_map(|value| value.parse().ok()).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::help;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(Into::into).collect()
    }

    #[test]
    fn options_of_all_commands_may_stand_anywhere() {
        let command = help::command();
        for (given, read) in [
            ("t --lang zh show --file x", "t show --lang zh --file x"),
            ("t --color=never --lang zh race -- show", "t race --color=never --lang zh -- show"),
            ("t --lang zh help show", "t help show"),
            ("t help show --lang zh", "t help show"),
            ("t help --color never steps", "t help steps"),
            // What stands right, or can't, stays.
            ("t show --lang zh", "t show --lang zh"),
            ("t --lang zh -n 3", "t --lang zh -n 3"),
            ("t --lang", "t --lang"),
            ("t --language show", "t --language show"),
            ("t", "t"),
        ] {
            assert_eq!(in_order(&words(given), &command), words(read), "{given}");
        }
        assert_eq!(in_order(&[], &command), Vec::<OsString>::new());
    }

    #[test]
    fn the_language_is_found_among_mistakes() {
        for (given, lang) in [
            ("t --nosuch --lang zh", Some(Lang::Zh)),
            ("t --lang=zh --lang en", Some(Lang::En)),
            ("t --lang", None),
            ("t --lang fr", None),
            ("t race -- shop --lang zh", None),
        ] {
            assert_eq!(lang_meant(&words(given)), lang, "{given}");
        }
    }
}
