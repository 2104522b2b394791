//! The pictures of a history: what every command that has one can draw of it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::outputs::Outputs;
use crate::history::History;
use crate::lang::Lang;
use crate::report::page::timeline::{Look, timeline};
use crate::report::page::{html, trace};
use crate::verdict::Verdict;

/// Where the pictures of a history go.
#[derive(Clone, Debug, Args)]
pub(super) struct PictureArgs {
    /// Write a page that shows the race: one HTML file that needs nothing else
    #[arg(long, value_name = "PATH")]
    pub(super) html: Option<PathBuf>,
    /// Write a trace for ui.perfetto.dev or chrome://tracing
    #[arg(long, value_name = "PATH")]
    pub(super) trace: Option<PathBuf>,
}

impl PictureArgs {
    /// The files that will be written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.html, &self.trace].into_iter().flatten().map(PathBuf::as_path)
    }

    /// Draws what was asked for.
    pub(super) fn draw(&self, history: &History, verdict: &Verdict, lang: Lang, outputs: &mut Outputs<'_>) {
        let interrupted = outputs.interrupted;
        if let Some(path) = &self.html {
            outputs.note(path, html::write(&[(history, verdict)], lang, path, interrupted));
        }
        if let Some(path) = &self.trace {
            outputs.note(path, trace::write(history, verdict, path, interrupted));
        }
    }
}

/// The race in a few lines of the terminal, an empty line before it; nothing if it is too large.
pub(super) fn in_terminal(history: &History, lang: Lang) -> String {
    timeline(history, &look(lang)).map(|picture| format!("\n{picture}")).unwrap_or_default()
}

/// As wide as the terminal, and no wider than it can be taken in; 80 columns where there is none.
fn look(lang: Lang) -> Look {
    const MOST_COLUMNS: usize = 120;
    let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    Look { width: width.min(MOST_COLUMNS), unicode: speaks_unicode(|name| std::env::var(name).ok()), lang }
}

/// Whether the locale's characters are Unicode (POSIX: LC_ALL, then LC_CTYPE, then LANG; an empty one
/// counts as unset, and without any it is the C locale, which is ASCII).
fn speaks_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).filter(|locale| !locale.is_empty());
    ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_says_which_characters_there_are() {
        let unicode = |set: &[(&str, &str)]| {
            speaks_unicode(|name| set.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned()))
        };
        assert!(unicode(&[("LANG", "de_DE.UTF-8")]));
        assert!(unicode(&[("LC_ALL", ""), ("LANG", "C.utf8")]));
        assert!(!unicode(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!unicode(&[("LC_CTYPE", "POSIX"), ("LANG", "de_DE.UTF-8")]));
        assert!(!unicode(&[]));
    }
}
