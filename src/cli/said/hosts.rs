//! Sales on several hosts that could not be led or joined, in Chinese, and the ways out.

use super::plan::{plan, plan_way};
use super::readers::of_reader;
use super::running::{store, store_way, workers, workers_way};
use super::server::address;
use super::way;
use crate::foreign;
use crate::hosts::{
    Garbage, HostTrouble, JoinError, LeadError, Token, TokenError, Unable, Unseen, WireError,
};
use crate::lang::Bilingual;

/// A sale could not be led.
pub(super) fn lead(error: &LeadError) -> String {
    match error {
        LeadError::Plan(error) => plan(error),
        LeadError::Store(error) => store(error),
        LeadError::Host { name, why } => format!("{name}：{}；一张票也没卖", trouble(why)),
        LeadError::OtherStore { name, seen, put } => {
            format!(
                "{name} 看到的库存不是放出来的那份（是 {seen}，不是 {put}），它会从另一处卖票；一张票也没卖"
            )
        }
        LeadError::NoClock(name) => {
            format!("{name}：从它的应答里看不出它的时钟；一张票也没卖")
        }
        LeadError::System(source) => format!("主导方出了错：{source}"),
        LeadError::Interrupted => "还没开始售票就被中断".to_owned(),
    }
}

/// The way out where a sale could not be led.
pub(super) fn lead_way(error: &LeadError) -> Option<Bilingual> {
    match error {
        LeadError::Plan(error) => plan_way(error),
        LeadError::Store(error) => store_way(error),
        LeadError::OtherStore { .. } => {
            way("let its --via, or its --store, lead to the same one", "请让它的 --via 或 --store 通向同一处")
        }
        LeadError::Host { why: HostTrouble::Unseen(Unseen { by_leads_address: true, .. }), .. } => {
            way("join --store URL has them used on that host", "在那台主机上用 join --store URL 才会用上")
        }
        _ => None,
    }
}

/// A host can't go on. What it says itself stays as it says it.
pub(super) fn trouble(error: &HostTrouble) -> String {
    match error {
        HostTrouble::Said(why) => why.clone(),
        HostTrouble::Unseen(Unseen { why, by_leads_address }) => {
            let why = if why.is_empty() { "它说不出有多少票可卖" } else { why };
            let aside = if *by_leads_address {
                "（主机的密码和设置不用于主导方给的地址）"
            } else {
                ""
            };
            format!("{why}{aside}")
        }
        HostTrouble::Wire(error) => wire(error),
    }
}

/// A host could not take part.
pub(super) fn join(error: &JoinError) -> String {
    match error {
        JoinError::NoLead { address, source } => {
            format!("{address}：那里没有主导售票的程序：{}", wire(source))
        }
        JoinError::TurnedAway(address) => format!("{address}：没有放行，主导方也不说为什么"),
        JoinError::Impostor(address) => {
            format!("{address}：在那里监听的程序不知道口令：那不是你的主导方")
        }
        JoinError::Rejected { why, .. } => format!("主导方说：{}", foreign::shown(why)),
        JoinError::Lost(error) => {
            format!("主导方不见了：{}；这里的买家都已结束，结果无从得知", wire(error))
        }
        JoinError::Unable(why) => unable(why),
    }
}

fn unable(why: &Unable) -> String {
    match why {
        Unable::Plan(error) => plan(error),
        Unable::OtherHosts => "计划是别的主机的".to_owned(),
        Unable::AddressOfFile => "这次售票卖的是票文件，而给出的是数据库的地址".to_owned(),
        Unable::NoPath => "这次售票卖的是票文件，而没有说明它在这台主机的哪里".to_owned(),
        Unable::PathOfDatabase => "票在数据库里，而给出的是票文件的路径".to_owned(),
        Unable::NoSqlitePath => "这次售票卖的是 SQLite 文件，而没有说明它在这台主机的哪里".to_owned(),
        Unable::OwnAddress(error) => format!("这台主机给的存储地址：{}", address(error)),
        Unable::LeadsAddress(error) => format!("主导方给的存储地址：{}", address(error)),
        Unable::OtherKind { address, kind } => format!("{address}：这次售票用的是 {}", kind.title()),
        Unable::Store(error) => store(error),
        Unable::Recorder(source) => format!("记录器的共享内存：{source}"),
        Unable::Workers(error) => workers(error),
    }
}

/// The way out where a host could not take part.
pub(super) fn join_way(error: &JoinError) -> Option<Bilingual> {
    match error {
        JoinError::TurnedAway(_) => {
            way("compare the token (TICKETSIM_TOKEN, or --token)", "请核对口令（TICKETSIM_TOKEN 或 --token）")
        }
        JoinError::Rejected { by_leads_address: true, .. } => {
            way("join --store URL has them used", "用 join --store URL 才会用上")
        }
        JoinError::Unable(why) => unable_way(why),
        _ => None,
    }
}

fn unable_way(why: &Unable) -> Option<Bilingual> {
    match why {
        Unable::Plan(error) => plan_way(error),
        Unable::NoPath => way("say it with --via PATH", "请用 --via PATH 说明"),
        Unable::AddressOfFile => way(
            "leave --store out, and say where the file is on this host, with --via PATH",
            "请去掉 --store，用 --via PATH 说明文件在这台主机的哪里",
        ),
        Unable::PathOfDatabase => way("leave --via out", "请去掉 --via"),
        Unable::NoSqlitePath => way("say it with --store sqlite:PATH", "请用 --store sqlite:PATH 说明"),
        Unable::OwnAddress(_) | Unable::OtherKind { .. } => {
            way("--store takes the address of that store", "--store 要那个存储的地址")
        }
        Unable::LeadsAddress(_) => way(
            "say where it is for this host, with --store URL",
            "请用 --store URL 说明它在这台主机看来在哪里",
        ),
        Unable::Store(error) => store_way(error),
        Unable::Workers(error) => workers_way(error),
        Unable::OtherHosts | Unable::Recorder(_) => None,
    }
}

/// A connection is of no use any more.
pub(super) fn wire(error: &WireError) -> String {
    match error {
        WireError::Closed => "连接被关闭了".to_owned(),
        WireError::Silent(time) => format!("{} 毫秒没有动静", time.as_millis()),
        WireError::Garbage(what) => format!("来的不是 ticketsim 的话：{}", garbage(what)),
        WireError::NoAddress => "它没有地址".to_owned(),
        WireError::Io(source) => source.to_string(),
    }
}

fn garbage(what: &Garbage) -> String {
    let text = match what {
        Garbage::Length(bytes) => return format!("{bytes} 字节的帧"),
        Garbage::Kind(kind) => return format!("第 {kind} 种帧"),
        Garbage::Words(why) => return of_reader(why),
        Garbage::Short => "半截就断的帧",
        Garbage::NoWords => "该说话时来的是数",
        Garbage::Purchase => "不可能的购买",
        Garbage::Purchases => "不可能是它自己的购买",
        Garbage::Counts => "别的买家的计数",
        Garbage::Mishaps => "多得不可能的意外",
        Garbage::Ping => "主机发来的探询",
        Garbage::Pings => "没人读其应答的探询",
        Garbage::Greeting => "别的招呼",
        Garbage::LateGreeting => "半路上的招呼",
        Garbage::NoPlan => "没有计划",
        Garbage::NoGo => "不是开抢的话",
        Garbage::FarGo => "太远的开抢时间",
        Garbage::OutOfPlace => "不该在这时说的话",
        Garbage::TooMany => "多得听不过来的话",
    };
    text.to_owned()
}

/// A token that is too short.
pub(super) fn token(_: &TokenError) -> String {
    format!("口令至少要有 {} 个字符，让人试不出来；`lead` 会自己抽取一个", Token::LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_goes_where_its_lead_says_learns_how_to_take_its_password_along() {
        for by_leads_address in [true, false] {
            let why = Unseen { why: "not let in".to_owned(), by_leads_address };
            let at_lead = LeadError::Host { name: "a#1".to_owned(), why: why.into() };
            let at_host = JoinError::Rejected { why: at_lead.to_string(), by_leads_address };
            for way in [lead_way(&at_lead), join_way(&at_host)] {
                let names_the_option = |way: &Bilingual| way.to_string().contains("join --store URL");
                assert_eq!(way.as_ref().is_some_and(names_the_option), by_leads_address, "{way:?}");
            }
        }
    }
}
