//! Sales that could not be run, and their stores, in Chinese, and the ways out.

use super::file::{file, file_way};
use super::plan::{plan, plan_way};
use super::server::{address, limit, redis, redis_way, sale_name, sql, sql_way};
use super::{of_io, way, way_out};
use crate::lang::Bilingual;
use crate::run::RunError;
use crate::store::StoreError;
use crate::workers::{ForkError, LimitName, Limits, WorkersError};

/// A sale could not be run.
pub(super) fn run(error: &RunError) -> String {
    match error {
        RunError::Plan(error) => plan(error),
        RunError::Store(error) => store(error),
        RunError::Workers(error) => workers(error),
        RunError::Recorder(source) => format!("记录器的共享内存：{source}"),
    }
}

/// The way out where a sale could not be run.
pub(super) fn run_way(error: &RunError) -> Option<Bilingual> {
    match error {
        RunError::Plan(error) => plan_way(error),
        RunError::Store(error) => store_way(error),
        RunError::Workers(error) => workers_way(error),
        RunError::Recorder(_) => None,
    }
}

/// The way out where tickets can't be sold at a store.
pub(super) fn store_way(error: &StoreError) -> Option<Bilingual> {
    match error {
        StoreError::File(error) => file_way(error),
        StoreError::Sql(error) => sql_way(error),
        StoreError::Redis(error) => redis_way(error),
        StoreError::TooMany { .. } => fewer_way(),
        StoreError::Address(_)
        | StoreError::SaleName(_)
        | StoreError::Interrupted
        | StoreError::NotBuiltIn => None,
    }
}

/// Tickets can't be sold at a store.
pub(super) fn store(error: &StoreError) -> String {
    match error {
        StoreError::File(error) => file(error),
        StoreError::Sql(error) => sql(error),
        StoreError::Redis(error) => redis(error),
        StoreError::Address(error) => address(error),
        StoreError::SaleName(error) => sale_name(error),
        StoreError::TooMany { buyers, free, because } => {
            format!("{buyers} 个买家各要一个连接，而数据库只能再接 {free} 个（{}）", limit(because))
        }
        StoreError::Interrupted => "还没开始售票就被中断".to_owned(),
        StoreError::NotBuiltIn => "这个 ticketsim 编译时没有包含那种存储".to_owned(),
    }
}

/// Buyers could not be run.
pub(super) fn workers(error: &WorkersError) -> String {
    match error {
        WorkersError::Fork(error) => forked(error),
        WorkersError::Thread { buyers, started, source, limits } => {
            format!("{buyers} 个买家只启动了 {started} 个：线程：{source}{}", limited(limits))
        }
        WorkersError::TaskThreads { source, limits } => {
            format!("一个买家也没能启动：异步买家共用的线程：{source}{}", limited(limits))
        }
        WorkersError::OpenFiles { buyers, needed, limit } => {
            format!("{buyers} 个买家在一个进程里要打开 {needed} 个文件，而限额是 {limit} 个（ulimit -Hn）")
        }
        WorkersError::Gates { buyers, needed, limit } => format!(
            "指挥者为 {buyers} 个买家各开一个套接字，共要 {needed} 个文件，而限额是 {limit} 个（ulimit -Hn）"
        ),
        WorkersError::InTurn => "sequential 的买家一个接一个：没有次序可选".to_owned(),
        WorkersError::Open { buyer, source } => format!("买家 {buyer} 打不开卖票的地方：{}", of_io(source)),
        WorkersError::Died(None) => "售票前有买家死了".to_owned(),
        WorkersError::Died(Some(how)) => format!("售票前有买家死了：{how}"),
        WorkersError::Launcher(source) => format!("启动者出了错：{source}"),
        WorkersError::Interrupted => "还没开始售票就被中断".to_owned(),
    }
}

/// Processes could not be started.
pub(super) fn forked(error: &ForkError) -> String {
    match error {
        ForkError::Threads(threads) => {
            format!("启动者有 {threads} 个线程，而 fork 只能在恰好 1 个线程的进程里做")
        }
        ForkError::Limit { buyers, limit } => {
            format!("{buyers} 个买家超过了 {limit} 个进程的限额（ulimit -u）")
        }
        ForkError::Fork { buyers, started, source, limits } => {
            format!("{buyers} 个买家只启动了 {started} 个：fork：{source}{}", limited(limits))
        }
    }
}

fn limited(Limits(limits): &Limits) -> String {
    let said = |(name, value): &(LimitName, String)| match name {
        LimitName::Setting(name) => format!("{name} {value}"),
        LimitName::Cgroup => format!("cgroup 的 pids.max {value}"),
    };
    let said: Vec<String> = limits.iter().map(said).collect();
    if said.is_empty() { String::new() } else { format!("（限额：{}）", said.join("，")) }
}

/// The way out where buyers could not be run.
pub(super) fn workers_way(error: &WorkersError) -> Option<Bilingual> {
    match error {
        WorkersError::Fork(error) => forked_way(error),
        WorkersError::OpenFiles { .. } => {
            way("take fewer --buyers, or --workers process", "请减少 --buyers，或用 --workers process")
        }
        WorkersError::Gates { .. } => fewer_way(),
        WorkersError::InTurn => {
            way("take --workers process, thread or task", "请用 --workers process、thread 或 task")
        }
        WorkersError::Open { source, .. } => source.get_ref().and_then(|inner| way_out(inner)),
        WorkersError::Thread { .. }
        | WorkersError::TaskThreads { .. }
        | WorkersError::Died(_)
        | WorkersError::Launcher(_)
        | WorkersError::Interrupted => None,
    }
}

/// The way out where processes could not be started.
pub(super) fn forked_way(error: &ForkError) -> Option<Bilingual> {
    match error {
        ForkError::Limit { .. } => way("take fewer --buyers, or raise it", "请减少 --buyers，或提高限额"),
        ForkError::Threads(_) | ForkError::Fork { .. } => None,
    }
}

fn fewer_way() -> Option<Bilingual> {
    way("take fewer --buyers", "请减少 --buyers")
}
