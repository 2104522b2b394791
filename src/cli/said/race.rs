//! Races of other people's programs that could not be held, in Chinese.

use super::phrases::phrase;
#[cfg(feature = "postgres")]
use super::server::{redis, sql};
use crate::race::RaceError;
use crate::race::command::CommandError;
use crate::race::config::ConfigError;
#[cfg(feature = "postgres")]
use crate::race::gate::GateError;
use crate::race::http::NoAnswer;
use crate::race::template::BadValue;

/// There was no race at all.
pub(super) fn race(error: &RaceError) -> String {
    match error {
        RaceError::NoHost { host, source } => format!("{host}：{source}"),
        RaceError::Remote { host, address } => {
            format!("{host} 是 {address}，既不是本机，也不在内网：若是你有权让它来抢的，请加上 --remote")
        }
        RaceError::Tls(what) => format!("TLS：{}", phrase(what)),
        RaceError::OpenFiles { buyers, needed, limit } => format!(
            "{buyers} 个买家要打开 {needed} 个文件，而限额是 {limit} 个（ulimit -n）；请减少买家，或提高限额"
        ),
    }
}

/// There is no gate.
#[cfg(feature = "postgres")]
pub(super) fn gate(error: &GateError) -> String {
    match error {
        GateError::Race(error) => race(error),
        GateError::Sql(error) => sql(error),
        GateError::Redis(error) => redis(error),
        GateError::Port(source) => format!("没有端口：{source}"),
        GateError::File { path, source } => format!("--gate-file：{path}：{source}"),
        GateError::NoHost => "闸门要架在主机和端口前面：postgres://USER@HOST:PORT/DATABASE".to_owned(),
        GateError::NotNamed { address, port } => format!(
            "商店的环境变量里都没有 {address}：请设一个，例如 DATABASE_URL=…{address}…（也可以用 --env），或用 --gate-file 指出写有它的文件，或自己启动商店，以 127.0.0.1:{port} 作它的数据库"
        ),
    }
}

/// What somebody says of a race is wrong.
pub(super) fn config(error: &ConfigError) -> String {
    format!("{}：{}", error.option, phrase(&error.what))
}

/// A command came to nothing.
pub(super) fn command(error: &CommandError) -> String {
    match error {
        CommandError::Start { program, source } => format!("{program}：{source}"),
        CommandError::Late(program, within) => format!("{program}：{within:?} 内没有结束"),
        CommandError::Interrupted => "已中断".to_owned(),
        CommandError::Value(error) => value(error),
    }
}

/// A value can't stand where it was to go.
pub(super) fn value(error: &BadValue) -> String {
    let BadValue { name, place, value } = error;
    format!("{{{name}}} 的值不能放进{}：{value:?}", phrase(place))
}

/// A request got no answer.
pub(super) fn no_answer(error: &NoAnswer) -> String {
    match error {
        NoAnswer::Refused(origin, what) | NoAnswer::Broken(origin, what) => {
            format!("{origin}：{}", phrase(what))
        }
        NoAnswer::Late(origin, within) => format!("{origin}：{within:?} 内没有回答"),
        NoAnswer::Interrupted => "已中断".to_owned(),
    }
}
