//! Schedules that can't be read, followed or replayed, in Chinese, and the ways out.

use std::path::Path;

use super::plan::{process_way, steps};
use super::readers::of_reader;
use super::running::{run, run_way, store, store_way};
use super::{of_io, place, way};
use crate::lang::{Bilingual, InChinese as _};
use crate::protocol::{Letter, Mishap};
use crate::replay::ReplayError;
use crate::schedule::{
    FORMAT_VERSION, FileMistake, FollowedError, Holder, Kept, PlanMistake, PurchaseName, ScheduleError,
    ScheduleFileError, Sent, Unfollowed, Why,
};
use crate::store::file::lock::Occupied;
use crate::world::Held;

/// The way out where a schedule could not be replayed.
pub(super) fn replay_way(error: &ReplayError) -> Option<Bilingual> {
    match error {
        ReplayError::Run(error) => run_way(error),
        ReplayError::Unfollowed(error) => unfollowed_way(error),
        ReplayError::Lookout(error) => store_way(error),
        ReplayError::Again { source, .. } => replay_way(source),
        ReplayError::Died { .. } | ReplayError::Interrupted { .. } | ReplayError::Conductor(_) => None,
    }
}

/// The way out where a schedule can't be followed.
pub(super) fn unfollowed_way(error: &Unfollowed) -> Option<Bilingual> {
    why_way(&error.why)
}

/// The way out where a step can't be taken.
pub(super) fn why_way(why: &Why) -> Option<Bilingual> {
    match why {
        Why::NoSuchBuyer(_) => way("take more with --buyers", "要更多，请用 --buyers"),
        Why::LockedByStranger(None) => {
            way("see which with lslocks, or fuser", "用 lslocks 或 fuser 看是哪个")
        }
        Why::LockedByStranger(Some(Occupied { gone: true, .. })) => way("remove it (rm)", "请删掉它（rm）"),
        Why::LockedByStranger(Some(Occupied { pid: Some(_), .. })) => {
            way("wait until it lets go", "请等它放开")
        }
        Why::LockedByStranger(Some(_)) => {
            way("if nobody uses it, remove it (rm)", "若没有程序在用，请删掉它（rm）")
        }
        Why::LeasedByStranger(key) => {
            way(format!("see which with GET {key}"), format!("用 GET {key} 看是哪个"))
        }
        Why::NotAProcess => process_way(),
        Why::OtherStep(_)
        | Why::Left(_)
        | Why::Locked(_)
        | Why::Waits { .. }
        | Why::NotNow(_)
        | Why::Paused(_)
        | Why::TooShort(_) => None,
    }
}

/// A text is no schedule.
pub(super) fn schedule(error: &ScheduleError) -> String {
    let ScheduleError { step, character, given } = error;
    let letters = Letter::ALL.iter().map(|letter| letter.name()).collect::<Vec<_>>().join(" ");
    format!("第 {step} 步（第 {character} 个字符）是 {given:?}：一步应为 {letters} 之一加买家的号码，例如 R1")
}

/// A file can't be used as one.
pub(super) fn file(error: &ScheduleFileError) -> String {
    match error {
        ScheduleFileError::Unread { path, source } => format!("{}：读不了：{}", shown(path), of_io(source)),
        ScheduleFileError::Unwritten { path, source } => {
            format!("{}：写不了：{}", shown(path), of_io(source))
        }
        ScheduleFileError::TooLong { path } => {
            format!("{}：超过 16 MiB：调度文件没有这么长的", shown(path))
        }
        ScheduleFileError::Invalid { path, line, column, wrong } => {
            format!("{}:{line}:{column}：{}", shown(path), mistake(wrong))
        }
        ScheduleFileError::Version { path, given } => {
            format!("{}：schedule_version 是 {given}；这个 ticketsim 读第 {FORMAT_VERSION} 版", shown(path))
        }
    }
}

/// A schedule file by its name.
fn shown(path: &Path) -> String {
    place(&path.display().to_string()).to_owned()
}

fn mistake(mistake: &FileMistake) -> String {
    match mistake {
        FileMistake::Json(said) => of_reader(said),
        FileMistake::Plan(error) => plan_member(error),
        FileMistake::StepsAreNoText => "步骤应为一个字符串，例如 \"R1 R2 W1 W2\"".to_owned(),
        FileMistake::Steps { error, meant: None } => schedule(error),
        FileMistake::Steps { error, meant: Some(meant) } => {
            format!("{}；想说的是 {:?} 吗？", schedule(error), meant.to_string())
        }
    }
}

fn plan_member(mistake: &PlanMistake) -> String {
    match mistake {
        PlanMistake::Name(error) => error.in_chinese(),
        PlanMistake::Steps(error) => steps(error),
        PlanMistake::NoStore(member) => format!("\"{member}\" 用于数据库：计划里没有 \"store\""),
        PlanMistake::OfDatabase(member) => format!("\"{member}\" 用于数据库，而计划的 \"store\" 是 Redis"),
        PlanMistake::OfFile => {
            "\"lock_on\"、\"fsync\" 和 \"workers\" 用于票文件：计划里写了 \"store\"".to_owned()
        }
        PlanMistake::OfRedis => "\"fence\" 用于 Redis，而计划的 \"store\" 是数据库".to_owned(),
    }
}

/// A schedule can't be followed.
pub(super) fn unfollowed(error: &Unfollowed) -> String {
    let step = error.step.map(|step| format!("（{step}）")).unwrap_or_default();
    format!("第 {} 步{step}：{}", error.place, why(&error.why))
}

/// A step can't be taken.
pub(super) fn why(why: &Why) -> String {
    match why {
        Why::NoSuchBuyer(last) => format!("最后一个买家是买家 {last}"),
        Why::OtherStep(next) => format!("买家 {} 的下一步是 {next}", next.buyer),
        Why::Left(buyer) => format!("买家 {buyer} 已经离开"),
        Why::Locked(Holder { buyer, since }) => {
            format!("它得等：买家 {buyer} 从第 {since} 步起一直持有锁")
        }
        Why::LockedByStranger(lockfile) => format!("它得等：{}", holds_it(lockfile.as_ref())),
        Why::LeasedByStranger(key) => {
            format!("它得等：租约 {key} 在别的程序手里")
        }
        Why::Waits { sent: Sent { request, place }, kept } => {
            format!("买家 {} 还在等第 {place} 步 {request} 的答复：{}", request.buyer, self::kept(kept))
        }
        Why::NotNow(mishap) => format!("这个买家现在不会遇到它：{}", when(*mishap)),
        Why::Paused(buyer) => format!("买家 {buyer} 被暂停了：用 G{buyer} 让他继续"),
        Why::NotAProcess => "要被杀或被暂停的买家须是进程".to_owned(),
        Why::TooShort(buyer) => format!("调度到此为止，买家 {buyer} 却还没离开"),
    }
}

fn holds_it(lockfile: Option<&Occupied>) -> String {
    lockfile.map_or_else(
        || "锁在别的程序手里".to_owned(),
        |Occupied { path, pid, gone }| {
            let path = path.display();
            match (pid, gone) {
                (Some(pid), true) => format!("已经不在的进程 {pid} 留下了 {path}"),
                (Some(pid), false) => format!("正在运行的进程 {pid} 拿着 {path}"),
                (None, _) => format!("{path} 在那里，从这里看不出持有者是否还活着"),
            }
        },
    )
}

fn kept(kept: &Kept) -> String {
    let Some(buyer) = kept.by else { return "是别的程序让它等着".to_owned() };
    let held: Vec<String> =
        kept.held.iter().map(|(held, since)| format!("第 {since} 步起持有{}", thing(*held))).collect();
    let held = if held.is_empty() { String::new() } else { format!("，他从{}", held.join("，从")) };
    let overtaken = if kept.is_overtaken {
        "；本来轮到这个请求，但几个请求同时等待时，服务器可能让别的先走"
    } else {
        ""
    };
    format!("它在等买家 {buyer}{held}{overtaken}")
}

/// What is held, in words.
const fn thing(held: Held) -> &'static str {
    match held {
        Held::Lock => "锁",
        Held::SharedLock => "共享锁",
        Held::Row => "那一行",
        Held::SharedRow => "共享的那一行",
        Held::Writing => "写入权",
        Held::Pending => "下一个提交的权利",
        Held::Reading => "读取权",
    }
}

/// When it can befall a buyer.
const fn when(mishap: Mishap) -> &'static str {
    match mishap {
        Mishap::Expire => "租约只到期一次，在买家的 L 之后、W 之前（一张不剩时在 U 之前）",
        Mishap::Kill => "买家只被杀一次，在他离开之前",
        Mishap::Pause => "买家在离开之前才会被暂停，有请求在存储里等待时也不会",
        Mishap::GoOn => "被暂停的买家才会继续",
    }
}

/// A history gives no schedule.
pub(super) fn followed(error: &FollowedError) -> String {
    match error {
        FollowedError::Foreign => {
            "这份历史里没有计划，也没有初始库存：只有 ticketsim 自己记录的历史才说得出每一步".to_owned()
        }
        FollowedError::Unrecorded(purchases) => {
            format!("有 {purchases} 次购买只计了数、没有记录：不知道它们的步骤")
        }
        FollowedError::SeveralNames(names) => {
            format!("它的买家经 {names} 个名字使用票文件：重放只用一个，而锁在各个名字之间可能不同")
        }
        FollowedError::SeveralHosts(hosts) => {
            format!("它的买家在 {hosts} 台主机上：它们的时钟说不准哪一步在先，而重放只在一台上进行")
        }
        FollowedError::NoSteps(purchase) => {
            format!("{}没有中间各步的时间：只有 ticketsim 自己记录的历史才有", name(purchase))
        }
        FollowedError::CutShort { purchase, ending } => {
            format!("{}以 {ending} 结束：调度里没有这样的一步", name(purchase))
        }
        FollowedError::Unexplained => {
            "记录下来的步骤，没有哪种次序能解释买家读到的数：是别的程序也写了吗？".to_owned()
        }
        FollowedError::TooMany => "同时进行的购买太多：试了许多种步骤次序，都不能解释读到的数".to_owned(),
    }
}

fn name(purchase: &PurchaseName) -> String {
    let PurchaseName { place, line, buyer } = purchase;
    match line {
        0 => format!("买家 {buyer} 的购买（第 {place} 次）"),
        line => format!("第 {line} 行买家 {buyer} 的购买"),
    }
}

/// The way out where a history gives no schedule.
pub(super) fn followed_way(error: &FollowedError) -> Option<Bilingual> {
    match error {
        FollowedError::SeveralNames(_) => {
            way("take the history of a run without --via", "请用一次没有 --via 的运行的历史")
        }
        _ => None,
    }
}

/// A schedule could not be replayed.
pub(super) fn replay(error: &ReplayError) -> String {
    match error {
        ReplayError::Run(error) => run(error),
        ReplayError::Unfollowed(error) => unfollowed(error),
        ReplayError::Lookout(error) => store(error),
        ReplayError::Again { time, source } => format!("第 {time} 次重放：{}", replay(source)),
        ReplayError::Died { step, buyer } => format!("买家 {buyer} 在第 {step} 步被外面杀死"),
        ReplayError::Interrupted { step } => format!("在第 {step} 步之前被中断"),
        ReplayError::Conductor(source) => format!("指挥者出了错：{source}"),
    }
}
