//! The words of the lessons: those that all share, and one file a lesson.

pub mod daemon;
pub mod exercise;
pub mod isolation;
pub mod isolation_levels;
pub mod join;
pub mod leases;
pub mod lock;
pub mod many;
pub mod process;
pub mod protocols;
pub mod server;
pub mod worker;

use super::{Lang, texts};

texts! {
    /// Above the list of lessons.
    list_heading() {
        en: "Lessons on processes, up to the ticket sale, and on what keeps it right:",
        zh: "进程课程，一步步走到抢票，再到怎样才不出错：",
    }
    /// Below the list of lessons.
    list_hint() {
        en: "Run one:      ticketsim lesson NAME\n\
             Run all:      ticketsim lesson --all\n\
             Read one:     ticketsim lesson NAME --source\n\
             Exercise:     ticketsim lesson lock --exercise python",
        zh: "运行一课：    ticketsim lesson 课名\n\
             全部运行：    ticketsim lesson --all\n\
             阅读源码：    ticketsim lesson 课名 --source\n\
             做练习：      ticketsim lesson lock --exercise python",
    }
    /// The first line of a lesson.
    heading(number, of, name, title) {
        en: "Lesson {number} of {of} · {name}: {title}",
        zh: "第 {number} 课（共 {of} 课）· {name}：{title}",
    }
    /// After all lessons.
    all_held(count) {
        en: "All {count} lessons went as predicted.",
        zh: "{count} 课全部与预言相符。",
    }
    /// After all lessons, where a prediction was wrong.
    not_held(names) {
        en: "Not as predicted: {names}.",
        zh: "与预言不符：{names}。",
    }
    /// A process's name.
    parent() { en: "parent", zh: "父进程" }
    /// A process's name.
    child() { en: "child", zh: "子进程" }
    /// A process's name.
    daemon_name() { en: "daemon", zh: "守护进程" }
    /// A process's name.
    buyer() { en: "buyer", zh: "买家" }
    /// A process's name.
    server_name() { en: "server", zh: "服务器" }
    /// A process's name.
    seller() { en: "seller", zh: "售票员" }
    /// A process's name.
    client() { en: "client", zh: "顾客" }
    /// A process's name.
    slow() { en: "slow", zh: "慢顾客" }
    /// A process's name.
    silent() { en: "silent", zh: "沉默客" }
    /// A process's name.
    garbage() { en: "garbage", zh: "乱码客" }
    /// A process's name.
    flood() { en: "flood", zh: "话痨客" }
}

/// The name of a process in the reader's language: `child-3`, `子进程-3`.
#[must_use]
pub fn shown_name(lang: Lang, name: &str) -> String {
    let (kind, number) = name.split_once('-').map_or((name, ""), |(kind, _)| (kind, &name[kind.len()..]));
    let kind = match kind {
        "parent" => parent(lang),
        "child" => child(lang),
        "daemon" => daemon_name(lang),
        "buyer" => buyer(lang),
        "server" => server_name(lang),
        "seller" => seller(lang),
        "client" => client(lang),
        "slow" => slow(lang),
        "silent" => silent(lang),
        "garbage" => garbage(lang),
        "flood" => flood(lang),
        other => other.to_owned(),
    };
    format!("{kind}{number}")
}

/// What stands above the columns of a lesson: when, who, process id, parent's process id.
#[must_use]
pub fn column_names(lang: Lang) -> [&'static str; 4] {
    match lang {
        Lang::En => ["ms", "who", "pid", "ppid"],
        Lang::Zh => ["毫秒", "谁", "pid", "ppid"],
    }
}

/// The tables of all lessons.
#[cfg(test)]
pub(super) const TABLES: &[&[(&str, &str, &str)]] = &[
    ALL,
    process::ALL,
    join::ALL,
    many::ALL,
    worker::ALL,
    isolation::ALL,
    daemon::ALL,
    lock::ALL,
    server::ALL,
    protocols::ALL,
    isolation_levels::ALL,
    leases::ALL,
    exercise::ALL,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_have_names_in_the_readers_language() {
        assert_eq!(shown_name(Lang::En, "child-3"), "child-3");
        assert_eq!(shown_name(Lang::Zh, "child-3"), "子进程-3");
        assert_eq!(shown_name(Lang::Zh, "parent"), "父进程");
        assert_eq!(shown_name(Lang::Zh, "worker-1"), "worker-1");
    }
}
