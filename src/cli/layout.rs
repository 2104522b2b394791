//! The help of a command as Chinese is laid out: clap counts characters, not columns, and breaks lines at blanks, of
//! which Chinese has none.

use clap::builder::PossibleValue;
use clap::{Arg, Command};
use textwrap::core::display_width;

use crate::lang::{Lang, command_line as say};
use crate::report::text::{LOUD, styled};
use crate::wrapped::lines_of;

/// No help is wider, however wide the terminal is.
const WIDEST: usize = 100;
/// Where the text stands in the long help, below its option.
const BELOW: usize = 10;
/// What the options take of a line at most, in hundredths: beyond, the text stands below them.
const MOST_OF_OPTIONS: usize = 45;

/// How a help is laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// The language of clap's own words.
    pub(super) lang: Lang,
    /// All that there is to say, as with `--help`.
    pub(super) long: bool,
    /// The columns of the terminal, where there is one.
    pub(super) columns: Option<usize>,
}

impl Layout {
    /// The help of this command, which has been built.
    pub(super) fn help(self, command: &mut Command) -> String {
        let usage = usage(&command.render_usage().to_string(), self.lang);
        let command = &*command;
        let long = self.long && has_more(command);
        let about = if long { command.get_long_about() } else { None }.or_else(|| command.get_about());
        let mut parts: Vec<String> = about.map(|about| self.prose(&about.to_string())).into_iter().collect();
        parts.push(usage);
        let commands: Vec<(String, String)> = command
            .get_subcommands()
            .filter(|sub| !sub.is_hide_set())
            .map(|sub| {
                (sub.get_name().to_owned(), sub.get_about().map(ToString::to_string).unwrap_or_default())
            })
            .collect();
        if !commands.is_empty() {
            parts.push(self.section(&say::commands(self.lang), self.columns_of(&commands)));
        }
        for (heading, args) in sections(command, self.lang) {
            let body = if long {
                args.iter().map(|arg| self.long_entry(arg)).collect::<Vec<_>>().join("\n\n")
            } else {
                let rows: Vec<_> = args.iter().map(|arg| (spec(arg), self.short_text(arg))).collect();
                self.columns_of(&rows)
            };
            parts.push(self.section(&heading, body));
        }
        let notes =
            if long { command.get_after_long_help() } else { None }.or_else(|| command.get_after_help());
        parts.extend(notes.map(|notes| self.prose(&notes.to_string())));
        parts.join("\n\n") + "\n"
    }

    fn width(self) -> usize {
        self.columns.unwrap_or(WIDEST).min(WIDEST)
    }

    fn section(self, heading: &str, body: String) -> String {
        format!("{}\n{body}", styled(LOUD.underline(), format!("{heading}{}", colon(self.lang))))
    }

    /// Paragraphs; what is indented keeps its lines where they fit.
    fn prose(self, text: &str) -> String {
        let line = |line: &str| {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let hanging = if indent == 0 { 0 } else { indent + 2 };
            self.fill(line.trim_start_matches(' '), indent, hanging)
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    /// A text in lines, the first of which begins in one column, and the others in another.
    fn fill(self, text: &str, first: usize, others: usize) -> String {
        let (first, others) = (" ".repeat(first), " ".repeat(others));
        let options = lines_of(self.width()).initial_indent(&first).subsequent_indent(&others);
        textwrap::fill(text, options)
    }

    /// Names, and what they are, in two columns.
    fn columns_of(self, rows: &[(String, String)]) -> String {
        let widest = rows.iter().map(|(name, _)| display_width(name)).max().unwrap_or_default();
        let fits = widest + 4 <= self.width() * MOST_OF_OPTIONS / 100;
        let row = |(name, text): &(String, String)| {
            let at = if fits { widest + 4 } else { BELOW };
            let text = self.fill(text, at, at);
            let loud = styled(LOUD, name);
            if !fits {
                return format!("  {loud}\n{text}");
            }
            let gap = " ".repeat(widest + 2 - display_width(name));
            format!("  {loud}{gap}{}", text.trim_start_matches(' '))
        };
        rows.iter().map(row).collect::<Vec<_>>().join("\n")
    }

    /// An option's text in the short help, with its default and its values.
    fn short_text(self, arg: &Arg) -> String {
        let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let values = values(arg);
        let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
        let values =
            (!names.is_empty()).then(|| say::possible_values(self.lang, names.join(comma(self.lang))));
        for more in default(arg, self.lang).into_iter().chain(values) {
            if !text.ends_with(['）', '：', '。']) {
                text.push(' ');
            }
            text.push_str(&more);
        }
        text
    }

    /// An option in the long help.
    fn long_entry(self, arg: &Arg) -> String {
        let text =
            arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
        let paragraphs = text.split("\n\n").filter(|paragraph| !paragraph.is_empty());
        let mut parts: Vec<String> = paragraphs.map(|paragraph| self.fill(paragraph, BELOW, BELOW)).collect();
        let values = values(arg);
        if !values.is_empty() {
            let heading = format!("{}{}", say::possible_values_heading(self.lang), colon(self.lang));
            let mut lines = vec![format!("{}{heading}", " ".repeat(BELOW))];
            for value in &values {
                let about = value.get_help().map(|help| format!("{}{help}", colon(self.lang)));
                let line = format!("- {}{}", value.get_name(), about.unwrap_or_default());
                lines.push(self.fill(&line, BELOW, BELOW + 2));
            }
            parts.push(lines.join("\n"));
        }
        parts.extend(default(arg, self.lang).map(|default| self.fill(&default, BELOW, BELOW)));
        format!("  {}\n{}", styled(LOUD, spec(arg)), parts.join("\n\n"))
    }
}

/// How a command is called, as clap says it, with clap's words in this language.
pub(super) fn usage(clap: &str, lang: Lang) -> String {
    let heading = say::usage(lang);
    let indent = format!("\n{}", " ".repeat(display_width(&heading)));
    let plain = anstream::adapter::strip_str(clap).to_string();
    let calls = plain.trim_start_matches("Usage: ").trim_end();
    let calls: Vec<&str> = calls.lines().map(str::trim_start).collect();
    let calls = calls.join(&indent);
    let calls = calls.replace("[OPTIONS]", &say::usage_options(lang));
    format!("{}{}", styled(LOUD.underline(), heading), calls.replace("<COMMAND>", &say::usage_command(lang)))
}

const fn colon(lang: Lang) -> &'static str {
    match lang {
        Lang::En => ":",
        Lang::Zh => "：",
    }
}

const fn comma(lang: Lang) -> &'static str {
    match lang {
        Lang::En => ", ",
        Lang::Zh => "、",
    }
}

/// Whether the long help says more than the short one.
fn has_more(command: &Command) -> bool {
    let more = |arg: &Arg| {
        arg.get_long_help().is_some() || values(arg).iter().any(|value| value.get_help().is_some())
    };
    command.get_long_about().is_some()
        || command.get_after_long_help().is_some()
        || command.get_arguments().any(more)
}

/// The options in their order, under their headings.
fn sections(command: &Command, lang: Lang) -> Vec<(String, Vec<&Arg>)> {
    let mut sections: Vec<(String, Vec<&Arg>)> = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let heading = match arg.get_help_heading() {
            Some(heading) => heading.to_owned(),
            None if arg.is_positional() => say::arguments(lang),
            None => say::options(lang),
        };
        match sections.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, args)) => args.push(arg),
            None => sections.push((heading, vec![arg])),
        }
    }
    // As in English: what is no option comes first.
    sections.sort_by_key(|(_, args)| !args.iter().any(|arg| arg.is_positional()));
    sections
}

/// `-n, --buyers <N>`
fn spec(arg: &Arg) -> String {
    match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(_)) => format!("-{short}, {arg}"),
        (None, Some(_)) => format!("    {arg}"),
        _ => arg.to_string(),
    }
}

/// The values that are shown.
fn values(arg: &Arg) -> Vec<PossibleValue> {
    if arg.is_hide_possible_values_set() || !arg.get_action().takes_values() {
        return Vec::new();
    }
    arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect()
}

fn default(arg: &Arg, lang: Lang) -> Option<String> {
    if arg.is_hide_default_value_set() || !arg.get_action().takes_values() {
        return None;
    }
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    (!values.is_empty()).then(|| say::default(lang, values.join(" ")))
}
