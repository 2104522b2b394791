//! Races of other people's programs that could not be held, or not be carried through, in Chinese, and the ways out.

use super::server::{features_way, tls};
#[cfg(feature = "postgres")]
use super::server::{redis, redis_way, sql, sql_way};
use super::settings::value;
use super::way;
use crate::lang::Bilingual;
use crate::race::broken::{Broken, NoHttp};
use crate::race::command::CommandError;
#[cfg(feature = "postgres")]
use crate::race::gate::{GateError, GateFileError};
use crate::race::heat::Shortfall;
use crate::race::http::NoAnswer;
use crate::race::stock::{NoStock, Start};
use crate::race::{Doing, Failed, RaceError, TrialError};

/// There was no race at all.
pub(super) fn race(error: &RaceError) -> String {
    match error {
        RaceError::NoHost { host, source } => format!("{host}：{source}"),
        RaceError::Remote { host, address } if *host == address.to_string() => {
            format!("{host} 既不是本机，也不在内网")
        }
        RaceError::Remote { host, address } => format!("{host} 是 {address}，既不是本机，也不在内网"),
        RaceError::Tls(error) => format!("TLS：{}", tls(error)),
        RaceError::OpenFiles { buyers, needed, limit } => format!(
            "{buyers} 个买家要打开 {needed} 个文件，而限额是 {limit} 个（ulimit -n）；请减少买家，或提高限额"
        ),
    }
}

/// The way out where there was no race at all.
pub(super) fn race_way(error: &RaceError) -> Option<Bilingual> {
    match error {
        RaceError::Remote { .. } => {
            way("if it is yours to race, say --remote", "若是你有权让它来抢的，请加上 --remote")
        }
        RaceError::NoHost { .. } | RaceError::Tls(_) | RaceError::OpenFiles { .. } => None,
    }
}

/// There is no gate.
#[cfg(feature = "postgres")]
pub(super) fn gate(error: &GateError) -> String {
    match error {
        GateError::Race(error) => race(error),
        GateError::Sql(error) => sql(error),
        GateError::Redis(error) => redis(error),
        GateError::NoRequest => "闸门要的是请求，而来抢的是命令".to_owned(),
        GateError::Port(source) => format!("没有端口：{source}"),
        GateError::File { path, why } => format!("{path}：{}", gate_file(why)),
        GateError::NoHost => "闸门要架在主机和端口前面：postgres://USER@HOST:PORT/DATABASE".to_owned(),
        GateError::NotNamed { address, .. } => format!("商店的环境变量里都没有 {address}"),
    }
}

#[cfg(feature = "postgres")]
fn gate_file(error: &GateFileError) -> String {
    match error {
        GateFileError::Io(source) => source.to_string(),
        GateFileError::NeverPutBack(kept) => format!("{}：一直没有放回去：请自己移回", kept.display()),
    }
}

/// The way out where there is no gate.
#[cfg(feature = "postgres")]
pub(super) fn gate_way(error: &GateError) -> Option<Bilingual> {
    match error {
        GateError::Race(error) => race_way(error),
        GateError::NotNamed { address, port } => way(
            format!(
                "set one, as in DATABASE_URL=…{address}… (--env sets one, too), name the file that has it with \
                 --gate-file, or start the shop yourself with 127.0.0.1:{port} as its database"
            ),
            format!(
                "请设一个，例如 DATABASE_URL=…{address}…（也可以用 --env），或用 --gate-file 指出写有它的文件，或自己启动商店，以 127.0.0.1:{port} 作它的数据库"
            ),
        ),
        GateError::Sql(error) => sql_way(error),
        GateError::Redis(error) => redis_way(error),
        GateError::NoRequest | GateError::Port(_) | GateError::File { .. } | GateError::NoHost => None,
    }
}

/// A trial could not be carried through.
pub(super) fn trial(error: &TrialError) -> String {
    match error {
        TrialError::Act { doing, what, why } => format!("{}：{what}：{}", self::doing(*doing), failed(why)),
        TrialError::OtherStock { before, tickets } => {
            format!("开始前库存是 {before}，而计划里是 {tickets} 张票")
        }
        TrialError::Command(error) => command(error),
        TrialError::Value(error) => value(error),
        TrialError::NoAnswer(error) => no_answer(error),
        TrialError::Shortfall(Shortfall::Broken { ready, all, why }) => {
            format!("{all} 个连接只打开了 {ready} 个：{}", broken(why))
        }
        TrialError::Shortfall(Shortfall::Late { ready, all }) => {
            format!("{all} 个连接只有 {ready} 个及时打开")
        }
        TrialError::Unanswered(within) => format!("有些购买在 {within:?} 内没有得到回答"),
        TrialError::Occupied(origin) => format!("{origin}：已有别的程序在那里监听"),
        TrialError::NotStarted { command, why } => format!("{command}：{why}"),
        TrialError::NotThere { command, origin, within } => {
            let command = command.as_ref().map(|command| format!("{command}：")).unwrap_or_default();
            format!("{command}过了 {within:?}，{origin} 仍无人监听")
        }
        TrialError::Died(how) => format!("目标死了：{how}"),
    }
}

/// The way out where a trial could not be carried through.
pub(super) fn trial_way(error: &TrialError) -> Option<Bilingual> {
    match error {
        TrialError::OtherStock { .. } => {
            way("leave -t out, or put them on sale with --reset", "请去掉 -t，或用 --reset 放出票")
        }
        TrialError::Shortfall(Shortfall::Late { .. })
        | TrialError::Unanswered(_)
        | TrialError::NotThere { command: Some(_), .. } => {
            way("--timeout gives more time", "可用 --timeout 多给些时间")
        }
        TrialError::Occupied(_) => {
            way("end it, or leave --serve out to race it", "请结束它，或去掉 --serve 就让它来抢")
        }
        TrialError::Act { why: Failed::NoStock(NoStock::NotBuiltIn), .. } => features_way("sqlite"),
        _ => None,
    }
}

const fn doing(doing: Doing) -> &'static str {
    match doing {
        Doing::Reset => "重新放票",
        Doing::SetUp => "准备",
        Doing::Stock => "库存",
    }
}

/// What is done at the target has failed.
pub(super) fn failed(why: &Failed) -> String {
    let behind = |line: &Option<String>| line.as_ref().map(|line| format!("：{line}")).unwrap_or_default();
    match why {
        Failed::Value(error) => value(error),
        Failed::NoAnswer(error) => no_answer(error),
        Failed::Status { status, body } if body.is_empty() => format!("状态码 {status}"),
        Failed::Status { status, body } => format!("状态码 {status}，{body:?}"),
        Failed::Exit { code, line } => format!("退出码 {code}{}", behind(line)),
        Failed::Killed { signal, line } => format!("被信号 {signal} 杀死{}", behind(line)),
        Failed::NoEnd(line) => format!("没有结束{}", behind(line)),
        Failed::NoVariable(name) => format!("回答里没有 {name}"),
        Failed::NoStock(error) => no_stock(error),
    }
}

/// No stock could be read.
pub(super) fn no_stock(error: &NoStock) -> String {
    let start = |start: &Start| match start.text() {
        Some(text) => format!("{text:?}"),
        None => "（什么也没有）".to_owned(),
    };
    match error {
        NoStock::NoMatch(regex, text) => format!("{regex} 与 {} 不匹配", start(text)),
        NoStock::NoJson(text) => format!("不是 JSON：{}", start(text)),
        NoStock::Nowhere(path, text) => format!("{path} 在 {} 里找不到东西", start(text)),
        NoStock::Several(path, count) => format!("{path} 指向 {count} 处"),
        NoStock::NotWhole(formula) => format!("{formula} 不是整数"),
        NoStock::NoNumber(text) => format!("不是整数：{}", start(text)),
        NoStock::Writes(select) => format!("{select:?} 会写入；应为 SELECT"),
        NoStock::SelectsNothing(select) => format!("{select:?} 什么也没选出"),
        NoStock::SelectsNoNumber(select) => format!("{select:?} 选出的不是数"),
        NoStock::Sqlite(said) | NoStock::File(said) => said.clone(),
        NoStock::NotBuiltIn => "编译时没有包含 SQLite".to_owned(),
    }
}

/// A command came to nothing.
pub(super) fn command(error: &CommandError) -> String {
    match error {
        CommandError::Start { program, why, .. } => format!("{program}：{why}"),
        CommandError::Late(program, within) => format!("{program}：{within:?} 内没有结束"),
        CommandError::Interrupted => "已中断".to_owned(),
        CommandError::Value(error) => value(error),
    }
}

/// A request got no answer.
pub(super) fn no_answer(error: &NoAnswer) -> String {
    match error {
        NoAnswer::Broken(origin, why) => format!("{origin}：{}", broken(why)),
        NoAnswer::Late(origin, within) => format!("{origin}：{within:?} 内没有回答"),
        NoAnswer::Interrupted => "已中断".to_owned(),
    }
}

/// No answer came.
pub(super) fn broken(error: &Broken) -> String {
    match error {
        Broken::NoAddress => "没有地址".to_owned(),
        Broken::Unsent(said) => said.clone(),
        Broken::Connection(said) => format!("连接断了：{said}"),
        Broken::Closed => "服务器没有回答就关闭了连接".to_owned(),
        Broken::Cut => "服务器回答到一半就关闭了连接".to_owned(),
        Broken::NoHttp(NoHttp::LongHead(most)) => format!("回答的头部超过 {most} 字节"),
        Broken::NoHttp(NoHttp::Head { why, start }) => format!("回答不是 HTTP（{why}）：{start:?}"),
        Broken::NoHttp(NoHttp::Length(length)) => format!("Content-Length：{length:?}"),
        Broken::NoHttp(NoHttp::Chunk(size)) => format!("不是块的大小：{size:?}"),
        Broken::NoHttp(NoHttp::LongLine) => "块之间的一行没有结尾".to_owned(),
        Broken::Killed(signal) => format!("被信号 {signal} 杀死"),
        Broken::Interrupted => "已中断".to_owned(),
    }
}
