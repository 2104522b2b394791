//! Errors in the reader's language. Errors of lower rooms are data that know no options: each kind is translated to
//! Chinese here, case by case, and the way out, the option that helps, is said here in both languages. What other
//! programs and the system say stays as they say it.

mod file;
mod history;
mod hosts;
mod lesson;
mod plan;
mod race;
mod readers;
mod running;
mod schedule;
mod server;
mod settings;

pub(super) use history::remark;

use std::error::Error;
use std::num::{ParseFloatError, ParseIntError};

use super::wrong::Sentence;
use crate::closed_set::UnknownName;
use crate::history::{ChunkError, MergeError, ReadError};
use crate::hosts::{HostTrouble, JoinError, LeadError, TokenError, WireError};
use crate::lang::errors::options as say;
use crate::lang::{Bilingual, InChinese as _, Lang};
use crate::lesson::{LessonError, NoCounter};
use crate::plan::{MishapError, PlanError};
use crate::protocol::ProtocolError;
use crate::protocol::catalogue::CatalogueError;
use crate::race::command::CommandError;
use crate::race::config::{ConfigError, Mistake};
#[cfg(feature = "postgres")]
use crate::race::gate::{GateError, step::OrderError};
use crate::race::http::NoAnswer;
use crate::race::template::BadValue;
use crate::race::users::UsersError;
use crate::race::{RaceError, TrialError};
use crate::replay::ReplayError;
use crate::report::matrix::MatrixError;
use crate::rules::RuleError;
use crate::run::RunError;
use crate::schedule::{FollowedError, ScheduleError, ScheduleFileError, Unfollowed, Why};
use crate::store::StoreError;
use crate::store::file::ticket::{NotRegular, TextError, TicketFileError};
use crate::store::file::{FileError, NamesError};
use crate::store::redis::RedisError;
use crate::store::sql::{NoAddress, NoSaleName, SqlError};
use crate::streams::GivenUp;
use crate::tls::TlsError;
use crate::workers::{ForkError, WorkersError};

/// Returns what is said of the first of these types that the error is of.
macro_rules! first_of {
    ($error:ident: $($type:ty => $say:expr),+ $(,)?) => {
        $(if let Some(error) = $error.downcast_ref::<$type>() {
            return $say(error).into();
        })+
    };
}

/// The error in this language, without its causes and without the way out.
pub(super) fn said(error: &(dyn Error + 'static), lang: Lang) -> String {
    match lang {
        Lang::En => error.to_string(),
        Lang::Zh => of_type(error).unwrap_or_else(|| readers::of_reader(&error.to_string())),
    }
}

/// The way out of this error, if there is an option that helps. It stands behind the error and its causes.
pub(super) fn way_out(error: &(dyn Error + 'static)) -> Option<Bilingual> {
    first_of!(error:
        PlanError => plan::plan_way,
        MishapError => plan::mishap_way,
        ProtocolError => plan::steps_way,
        CatalogueError => plan::catalogue_way,
        RunError => running::run_way,
        ReplayError => schedule::replay_way,
        Unfollowed => schedule::unfollowed_way,
        Why => schedule::why_way,
        FollowedError => schedule::followed_way,
        StoreError => running::store_way,
        WorkersError => running::workers_way,
        ForkError => running::forked_way,
        FileError => file::file_way,
        SqlError => server::sql_way,
        RedisError => server::redis_way,
        TicketFileError => file::ticket_file_way,
        NamesError => file::names_way,
        LeadError => hosts::lead_way,
        JoinError => hosts::join_way,
        LessonError => lesson::lesson_way,
        ReadError => history::read_way,
        MergeError => history::merged_way,
        RaceError => race::race_way,
        TrialError => race::trial_way,
        Mistake => settings::mistake_way,
        MatrixError => history::matrix_way,
    );
    #[cfg(feature = "postgres")]
    first_of!(error: GateError => race::gate_way);
    None
}

/// A way out, in English and Chinese.
fn way(en: impl Into<String>, zh: impl Into<String>) -> Option<Bilingual> {
    Some(Bilingual::new(en, zh))
}

/// The place of an error as it is called in Chinese, where it is no file.
fn place(name: &str) -> &str {
    if name == "standard input" { "标准输入" } else { name }
}

/// What the system says, or what an error of ours says within it, in Chinese.
fn of_io(error: &std::io::Error) -> String {
    error.get_ref().map_or_else(|| readers::of_reader(&error.to_string()), |inner| said(inner, Lang::Zh))
}

fn of_type(error: &(dyn Error + 'static)) -> Option<String> {
    first_of!(error:
        Bilingual => |error: &Bilingual| error.in_chinese(),
        Sentence => |error: &Sentence| error.said(Lang::Zh).to_owned(),
        UnknownName => |error: &UnknownName| error.in_chinese(),
        FileError => file::file,
        TicketFileError => file::ticket_file,
        TextError => file::text,
        NotRegular => file::not_regular,
        NamesError => file::names,
        PlanError => plan::plan,
        MishapError => plan::mishap,
        ProtocolError => plan::steps,
        CatalogueError => plan::catalogue,
        ScheduleError => schedule::schedule,
        ScheduleFileError => schedule::file,
        Unfollowed => schedule::unfollowed,
        Why => schedule::why,
        FollowedError => schedule::followed,
        ReplayError => schedule::replay,
        RunError => running::run,
        StoreError => running::store,
        WorkersError => running::workers,
        ForkError => running::forked,
        LessonError => lesson::lesson,
        NoCounter => lesson::no_counter,
        SqlError => server::sql,
        RedisError => server::redis,
        NoAddress => server::address,
        TlsError => server::tls,
        NoSaleName => server::sale_name,
        ReadError => history::read,
        MergeError => history::merged,
        ChunkError => history::chunk,
        MatrixError => history::matrix,
        LeadError => hosts::lead,
        JoinError => hosts::join,
        WireError => hosts::wire,
        HostTrouble => hosts::trouble,
        TokenError => hosts::token,
        RuleError => settings::rule,
        RaceError => race::race,
        TrialError => race::trial,
        ConfigError => settings::config,
        Mistake => settings::mistake,
        UsersError => settings::users,
        CommandError => race::command,
        BadValue => settings::value,
        NoAnswer => race::no_answer,
    );
    #[cfg(feature = "postgres")]
    first_of!(error:
        GateError => race::gate,
        OrderError => settings::order,
    );
    if error.is::<GivenUp>() {
        return Some(say::given_up(Lang::Zh));
    }
    of_number(error)
}

/// What the standard library says of numbers.
fn of_number(error: &(dyn Error + 'static)) -> Option<String> {
    if error.is::<ParseIntError>() {
        return Some(say::no_whole_number(Lang::Zh));
    }
    error.is::<ParseFloatError>().then(|| say::no_fraction(Lang::Zh))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn sources(folder: &Path, all: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, all);
            } else {
                let text = std::fs::read_to_string(&path).expect("a source");
                all.push((path.display().to_string(), text));
            }
        }
    }

    /// Errors that reach nobody by themselves: they are a part of another one, or end a connection of the gate.
    const WITHIN_OTHERS: &[&str] = &[
        "BadRule",
        "Broken",
        "Cannot",
        "Cut",
        "Denial",
        "Doing",
        "EdnError",
        "EventError",
        "Failed",
        "FileMistake",
        "FileTrouble",
        "Garbage",
        "GateFileError",
        "HostPart",
        "Limit",
        "LineError",
        "NoHttp",
        "NoProtocol",
        "NoStock",
        "OneHost",
        "OneName",
        "OtherKey",
        "OtherSale",
        "OtherTable",
        "PartMistake",
        "PlanMistake",
        "RequestError",
        "SetupError",
        "Shortfall",
        "SourceError",
        "TableError",
        "TextMistake",
        "Unable",
        "Unexpected",
        "Unseen",
        "UrlError",
    ];

    #[test]
    fn every_kind_of_error_is_said_in_chinese() {
        let mut all = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        let declared = regex::Regex::new(
            r#"thiserror::Error\)\](?:\s*#\[[^\]]*\]|\s*#\[error\((?:[^"]|"(?:[^"\\]|\\.)*")*?\)\])*\s*pub (?:enum|struct) (\w+)"#,
        )
        .expect("a pattern");
        let here = include_str!("mod.rs");
        let mut found = 0;
        for (path, text) in &all {
            for name in declared.captures_iter(text).map(|found| found.extract::<1>().1[0].to_owned()) {
                found += 1;
                let is_said =
                    here.contains(&format!("{name} => ")) || here.contains(&format!("is::<{name}>"));
                assert!(
                    is_said || WITHIN_OTHERS.contains(&name.as_str()),
                    "{path}: nothing says {name} in Chinese: add a function to a file in src/cli/said/, and its \
                     type to the list in src/cli/said/mod.rs"
                );
            }
            assert_eq!(
                declared.captures_iter(text).count(),
                text.matches(concat!("thiserror", "::Error)]")).count(),
                "{path}: an error is not recognised"
            );
        }
        assert!(found > 30, "{found}");
    }
}
