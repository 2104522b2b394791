//! Plans that can't be run, invalid steps, and unknown protocols, in Chinese, and the ways out.

use super::way;
use crate::lang::Bilingual;
use crate::plan::{MishapError, OneHost, OneName, Plan, PlanError};
use crate::protocol::catalogue::{CatalogueError, VariedBy};
use crate::protocol::sql::{Engine, Isolation, SqlLock};
use crate::protocol::{Protocol, ProtocolError, Wrong};
use crate::stock::Stock;

/// A plan can't be run.
pub(super) fn plan(error: &PlanError) -> String {
    match error {
        PlanError::Rogues { rogues, buyers } => {
            format!("{buyers} 个买家里要有 {rogues} 个不拿锁：至多 {buyers} 个")
        }
        PlanError::Buyers(buyers) => format!("{buyers} 个买家：应为 1 到 {} 个", Plan::MOST_BUYERS),
        PlanError::Tickets(tickets) => self::tickets(*tickets),
        PlanError::RestocksWithoutLock => "别人要在锁里补票，而这里没有锁能拦住他们".to_owned(),
        PlanError::HelperNeedsProcess => {
            "helper-unlock 要有继承了锁所在文件的辅助进程：买家须是进程".to_owned()
        }
        PlanError::IdleNames { names, buyers } => {
            format!("票文件有 {names} 个名字，买家却只有 {buyers} 个：没有买家打开的名字，什么也测不出")
        }
        PlanError::OneNameAlone(what) => format!("{}只能配票文件的一个名字", one_name(*what).0),
        PlanError::Mishap { mishap, why } => format!("意外 '{mishap}'：{}", self::mishap(why)),
        PlanError::Hosts(hosts) => format!("{hosts} 台主机：应为 1 到 {} 台", Plan::MOST_HOSTS),
        PlanError::IdleHosts { hosts, buyers } => {
            format!("{hosts} 台主机，买家却只有 {buyers} 个：每台主机至少要分到一个")
        }
        PlanError::OneHostAlone(what) => {
            format!("{}只适用于一台主机：在几台上就名不副实了", one_host(*what).0)
        }
        PlanError::HostsNeedTickets => "几台主机卖的是专为它们放出的票，而计划没有说有多少".to_owned(),
        PlanError::Jitter(jitter) => format!("jitter 为 {jitter}：应为 0 到 1 的数"),
    }
}

/// A number of tickets that is less than 0.
pub(super) fn tickets(tickets: Stock) -> String {
    format!("{tickets} 张票：应为不小于 0 的整数")
}

/// What goes with one name, and the option that asks for it.
const fn one_name(what: OneName) -> (&'static str, &'static str) {
    match what {
        OneName::Inherit => ("继承来的锁", "--inherit"),
        OneName::Restocks => ("在锁里补票", "--restocks"),
    }
}

/// What only one host can have, and the option that asks for it.
const fn one_host(what: OneHost) -> (&'static str, &'static str) {
    match what {
        OneHost::Sequential => ("一个接一个的买家", "--workers sequential"),
        OneHost::Restocks => ("在锁里补票", "--restocks"),
        OneHost::First => ("最先走到那里的买家的意外", "--mishap"),
        OneHost::Inherit => ("继承来的锁", "--inherit"),
        OneHost::SeveralLocks => ("几种锁", "--lock"),
        OneHost::SeveralNames => ("有几个名字的票文件", "--via"),
    }
}

/// The way out of a plan that can't be run.
pub(super) fn plan_way(error: &PlanError) -> Option<Bilingual> {
    match error {
        PlanError::RestocksWithoutLock => {
            way("leave --restocks out, or take a lock that does", "请去掉 --restocks，或用一把拦得住的锁")
        }
        PlanError::HelperNeedsProcess => process_way(),
        PlanError::IdleNames { names, .. } => way(
            format!("take --buyers {names} at least, one for each name (--file, and each --via)"),
            format!("--buyers 至少要 {names}，每个名字（--file 和各个 --via）一个"),
        ),
        PlanError::OneNameAlone(what) => {
            let (_, option) = one_name(*what);
            way(format!("leave out {option}, or --via"), format!("请去掉 {option} 或 --via"))
        }
        PlanError::Mishap { why, .. } => mishap_way(why),
        PlanError::IdleHosts { .. } => way("take more --buyers", "请增加 --buyers"),
        PlanError::OneHostAlone(OneHost::SeveralNames) => way(
            "each host has its own name for it: leave --via out here, and say join --via there",
            "每台主机有自己的名字：这里请去掉 --via，到那里用 join --via",
        ),
        PlanError::OneHostAlone(what) => {
            let (_, option) = one_host(*what);
            way(format!("leave {option} out"), format!("请去掉 {option}"))
        }
        PlanError::Rogues { .. } => way("take fewer --rogue", "请减少 --rogue"),
        PlanError::HostsNeedTickets => way("say it with --tickets", "请用 --tickets 说明"),
        PlanError::Buyers(_) | PlanError::Tickets(_) | PlanError::Hosts(_) | PlanError::Jitter(_) => None,
    }
}

/// Buyers have to be processes.
pub(super) fn process_way() -> Option<Bilingual> {
    way("say --workers process", "请用 --workers process")
}

/// The way out where something can't befall the buyers.
pub(super) fn mishap_way(error: &MishapError) -> Option<Bilingual> {
    match error {
        MishapError::NotAProcess => process_way(),
        MishapError::NoLease => {
            way("take --lock lease, on a ticket file or at Redis", "请在票文件或 Redis 上用 --lock lease")
        }
        MishapError::NoSuchBuyer(_) | MishapError::NoSuchStep(_) => None,
    }
}

/// The way out where steps make no purchase.
pub(super) fn steps_way(error: &ProtocolError) -> Option<Bilingual> {
    match &error.wrong {
        Wrong::SecondWrite => way("--per-buyer has a buyer make several", "要买几次用 --per-buyer"),
        Wrong::OpenedAnew => way(
            "leave `open` out, or --inherit and helper-unlock",
            "请去掉 `open`，或去掉 --inherit 和 helper-unlock",
        ),
        Wrong::NoLock => way(
            "choose a lock with --lock, or leave the steps that take it out",
            "请用 --lock 选一种锁，或去掉拿锁的步骤",
        ),
        Wrong::NeedsTransaction(_) => way("choose one with --isolation", "请用 --isolation 选一种事务"),
        Wrong::NoRogue => way("leave --rogue out", "请去掉 --rogue"),
        Wrong::NoneInTurn => way("--rogue has some of them take none", "让一些买家不拿锁用 --rogue"),
        Wrong::NoLease(_) => way(
            "--lease goes with --lock lease, and with break-stale",
            "--lease 用于 --lock lease 或 break-stale",
        ),
        Wrong::UnlinksTicket => way("say --lock-on sidecar", "请用 --lock-on sidecar"),
        Wrong::FencedOutside => way("--fence goes with --lock lease", "--fence 要与 --lock lease 同用"),
        Wrong::FencedSwap => way("leave --fence out", "请去掉 --fence"),
        _ => None,
    }
}

/// Something can't befall the buyers of a plan.
pub(super) fn mishap(error: &MishapError) -> String {
    match error {
        MishapError::NotAProcess => "只有进程才能当场停住".to_owned(),
        MishapError::NoSuchBuyer(last) => format!("最后一个买家是买家 {last}"),
        MishapError::NoSuchStep(steps) => format!("那个买家没有这一步；他的步骤是：{steps}"),
        MishapError::NoLease => "没有会到期的租约".to_owned(),
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
        Wrong::NotHere(None) => "票文件没有这个步骤".to_owned(),
        Wrong::NotHere(Some(store)) => format!("{} 没有这个步骤", store.title()),
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
        Wrong::SecondWrite => "一次购买只拿一张票，所以只写一次".to_owned(),
        Wrong::DecidesNothing => "它在写入之后，什么也决定不了".to_owned(),
        Wrong::NothingRenamed => "没有 `write` 这一步，也就没有东西可改名".to_owned(),
        Wrong::NeverWrites => "没有写入的步骤，什么也卖不出：要有 write，或 truncate 和 fill".to_owned(),
        Wrong::NoLock => "它要拿锁，却说了不要锁".to_owned(),
        Wrong::NoneInTurn => "买家轮流用几种锁，而 `none` 不是锁".to_owned(),
        Wrong::NeverLocks(kind) => format!("没有哪一步拿 {kind} 锁：请加上 lock 和 unlock"),
        Wrong::NoCarrier(kind) => format!("{kind} 锁不放在可以打开的文件上"),
        Wrong::NeverShared(kind) => format!("{kind} 锁只能由一个人持有；flock、posix 和 ofd 可以共享"),
        Wrong::OpenedAnew => "自己打开锁所在文件的买家什么也没继承".to_owned(),
        Wrong::NoRogue => "有买家要不拿锁，而这里谁也不拿锁".to_owned(),
        Wrong::NoLease(kind) => format!("{kind} 锁不会自己到期，不是租约"),
        Wrong::NeverStale(kind) => format!("{kind} 锁不说持有者是谁，看不出他已死；lockfile 和 link 才说"),
        Wrong::UnlinksTicket => "它会删掉放着锁的票文件".to_owned(),
        Wrong::FencedOutside => "它要出示租约的令牌，所以应在 lock 和 unlock 之间".to_owned(),
        Wrong::FencedSwap => "swap 自己会比较，不出示令牌".to_owned(),
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
            let store = store.map_or("票文件".to_owned(), |kind| format!("{} ", kind.name()));
            format!("{store}上没有 {name} 这种做法；有它的是：{}", stores.replace(", ", "、"))
        }
        CatalogueError::OtherVariant { name, what, given, known } => {
            let what = match what {
                VariedBy::Lock => "锁",
                VariedBy::Level => "级别",
            };
            format!("{name} 不与{what} {given} 搭配；为人所知的搭配是：{}", known.replace(", ", "、"))
        }
    }
}

/// The way out where a name stands for no protocol.
pub(super) fn catalogue_way(error: &CatalogueError) -> Option<Bilingual> {
    match error {
        CatalogueError::OtherStore { store: None, .. } => {
            way("--store says at which database the tickets are", "请用 --store 说明票在哪个数据库")
        }
        CatalogueError::OtherStore { .. }
        | CatalogueError::Unknown { .. }
        | CatalogueError::OtherVariant { .. } => None,
    }
}
