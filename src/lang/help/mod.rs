//! The help of the command line in Chinese. The English texts stand where the options are declared; here each of them
//! stands beside its Chinese, so that one that is changed there is missed here (a test of `cli` says so).

mod commands;
mod hosts;
mod looking;
mod notes;
mod race;
mod sale;
pub mod topics;
mod values;

/// An English text, and the same in Chinese.
type Pair = (&'static str, &'static str);

/// What stands below the options of one command. An empty text is none.
#[derive(Clone, Copy, Debug)]
pub struct Notes {
    /// The name of the command.
    pub command: &'static str,
    /// With `-h`, and with `--help` where that has none of its own.
    pub short: &'static str,
    /// With `--help`.
    pub long: &'static str,
}

/// All texts, a table a file.
pub const TABLES: &[&[Pair]] = &[commands::ALL, hosts::ALL, sale::ALL, looking::ALL, race::ALL, values::ALL];

/// One paragraph in Chinese; `None` where it is in no table.
#[must_use]
pub fn chinese(english: &str) -> Option<&'static str> {
    let of = |english: &str| {
        TABLES.iter().copied().flatten().find(|(known, _)| *known == english).map(|(_, chinese)| *chinese)
    };
    of(english).or_else(|| of(english.strip_suffix('.')?))
}

/// The notes of a command in Chinese.
#[must_use]
pub fn notes(command: &str) -> Option<Notes> {
    notes::ALL.iter().copied().find(|notes| notes.command == command)
}

/// All of them.
#[cfg(test)]
#[must_use]
pub const fn all_notes() -> &'static [Notes] {
    notes::ALL
}
