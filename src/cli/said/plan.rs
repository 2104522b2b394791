//! Plans that can't be run, invalid steps, and unknown protocols, in Chinese.

use super::phrases::phrase;
use crate::plan::{MishapError, Plan, PlanError};
use crate::protocol::catalogue::CatalogueError;
use crate::protocol::sql::{Engine, Isolation, SqlLock};
use crate::protocol::{Protocol, ProtocolError, Wrong};

/// A plan can't be run.
pub(super) fn plan(error: &PlanError) -> String {
    match error {
        PlanError::Buyers(buyers) => format!("{buyers} 个买家：应为 1 到 {} 个", Plan::MOST_BUYERS),
        PlanError::Tickets(tickets) => format!("{tickets} 张票：应为不小于 0 的整数"),
        PlanError::RestocksWithoutLock => {
            "--restocks 的意思是别人在锁里补票，而这里没有锁能拦住他们：请去掉它，或用一把拦得住的锁"
                .to_owned()
        }
        PlanError::HelperNeedsProcess => {
            "helper-unlock 要有继承了锁所在文件的辅助进程：买家须是进程，即 --workers process".to_owned()
        }
        PlanError::IdleNames { names, buyers } => format!(
            "票文件有 {names} 个名字，买家却只有 {buyers} 个：没有买家打开的名字，什么也测不出；--buyers 至少要和名字（--file 和各个 --via）一样多"
        ),
        PlanError::OneNameAlone(option) => {
            format!("{option} 只能配票文件的一个名字：请去掉 {option} 或 --via")
        }
        PlanError::Mishap { mishap, why } => format!("--mishap '{mishap}'：{}", self::mishap(why)),
        PlanError::Hosts(hosts) => format!("{hosts} 台主机：应为 1 到 {} 台", Plan::MOST_HOSTS),
        PlanError::IdleHosts { hosts, buyers } => {
            format!("{hosts} 台主机，买家却只有 {buyers} 个：每台主机至少要分到一个；请增加 --buyers")
        }
        PlanError::OneHostAlone(option) => {
            format!("{option} 只适用于一台主机：在几台上它就名不副实了；请去掉它")
        }
        PlanError::HostsNeedTickets => "几台主机卖的是专为它们放出的票：请用 --tickets 说明有多少".to_owned(),
        PlanError::Jitter(jitter) => format!("jitter 为 {jitter}：应为 0 到 1 的数"),
    }
}

/// Something can't befall the buyers of a plan.
pub(super) fn mishap(error: &MishapError) -> String {
    match error {
        MishapError::NotAProcess => "只有进程才能当场停住：--workers process".to_owned(),
        MishapError::NoSuchBuyer(last) => format!("最后一个买家是买家 {last}"),
        MishapError::NoSuchStep(steps) => format!("那个买家没有这一步；他的步骤是：{steps}"),
        MishapError::NoLease => "没有会到期的租约：在票文件或 Redis 上用 --lock lease".to_owned(),
    }
}

/// Steps make no purchase.
pub(super) fn steps(error: &ProtocolError) -> String {
    let what = wrong(&error.wrong);
    if error.word == 0 {
        return what;
    }
    format!("第 {} 步（第 {} 个字符）{:?}：{what}", error.word, error.character, error.given)
}

fn wrong(wrong: &Wrong) -> String {
    match wrong {
        Wrong::Unknown { known, nearest: None } => format!("没有这个步骤；有的是：{known}"),
        Wrong::Unknown { known, nearest: Some(nearest) } => {
            format!("没有这个步骤；想说的是 {nearest} 吗？有的是：{known}")
        }
        Wrong::NotHere(store) => format!("{store} 没有这个步骤"),
        Wrong::NeedsTransaction(level) => format!("它要在事务里，而在 {level} 级别，每条语句各自提交"),
        Wrong::NoLevel(engine, level) => {
            format!("{} 没有 {level} 级别；它有：{}", engine.title(), levels(*engine))
        }
        Wrong::NoSuchLock(engine, lock) => {
            format!("{} 没有 {lock} 锁；它有：{}", engine.title(), locks(*engine))
        }
        Wrong::NoRowIsRead(write) => format!("要锁住读到的那一行，而 {write} 不读任何行"),
        Wrong::BegunAlready => "事务已经开始：要先 commit".to_owned(),
        Wrong::TooMany => format!("一次购买至多 {} 步", Protocol::MOST),
        Wrong::Empty => "一次购买要有步骤，例如：lock read think write unlock".to_owned(),
        Wrong::Needs(before) => format!("它之前没有 {before}"),
        Wrong::NeverFollowed(after) => format!("它之后没有 {after}"),
        Wrong::HeldAlready => "已经持有锁：要先 unlock".to_owned(),
        Wrong::SecondWrite => "一次购买只拿一张票，所以只写一次；要买几次用 --per-buyer".to_owned(),
        Wrong::DecidesNothing => "它在写入之后，什么也决定不了".to_owned(),
        Wrong::NothingRenamed => "没有 `write` 这一步，也就没有东西可改名".to_owned(),
        Wrong::NeverWrites => "没有写入的步骤，什么也卖不出：要有 write，或 truncate 和 fill".to_owned(),
        Wrong::NoLock => "它要拿锁，却说了不要锁".to_owned(),
        Wrong::NeverLocks(kind) => format!("没有哪一步拿 {kind} 锁：请加上 lock 和 unlock"),
        Wrong::NoCarrier(kind) => format!("{kind} 锁不放在可以打开的文件上"),
        Wrong::NeverShared(kind) => format!("{kind} 锁只能由一个人持有；flock、posix 和 ofd 可以共享"),
        Wrong::OpenedAnew => {
            "重新打开锁所在文件的买家什么也没继承：请去掉 `open`，或去掉 --inherit 和 helper-unlock"
                .to_owned()
        }
        Wrong::NoRogue => "--rogue 说的是多少人不拿锁，而这里谁也不拿锁".to_owned(),
        Wrong::NoLease(kind) => format!("--lease 用于 --lock lease 或 break-stale：{kind} 锁不会自己到期"),
        Wrong::NeverStale(kind) => format!("{kind} 锁不说持有者是谁，看不出他已死；lockfile 和 link 才说"),
        Wrong::UnlinksTicket => "它会删掉放着锁的票文件：请用 --lock-on sidecar".to_owned(),
        Wrong::FencedOutside => {
            "按 --fence 它要出示租约的令牌，所以应在 lock 和 unlock 之间：--lock lease".to_owned()
        }
        Wrong::FencedSwap => "swap 自己会比较：请去掉 --fence".to_owned(),
    }
}

fn levels(engine: Engine) -> String {
    engine.levels().iter().copied().map(Isolation::name).collect::<Vec<_>>().join("、")
}

fn locks(engine: Engine) -> String {
    engine.locks().iter().copied().map(SqlLock::name).collect::<Vec<_>>().join("、")
}

/// A name stands for no protocol.
pub(super) fn catalogue(error: &CatalogueError) -> String {
    match error {
        CatalogueError::Unknown { given, nearest, known } => {
            let meant = nearest.map(|nearest| format!("想说的是 {nearest} 吗？")).unwrap_or_default();
            format!("没有叫 {given:?} 的做法；{meant}有的是：{}", known.replace(", ", "、"))
        }
        CatalogueError::OtherStore { name, store, stores } => {
            format!("{} 上没有 {name} 这种做法；有它的是：{}", phrase(store), phrase(stores))
        }
        CatalogueError::OtherVariant { name, what, given, known } => {
            format!("{name} 不与 --{what} {given} 搭配；为人所知的搭配是：{}", known.replace(", ", "、"))
        }
    }
}
