//! Sales on several hosts that could not be led or joined, in Chinese.

use super::phrases::phrase;
use super::plan::{plan, plan_way};
use super::running::{store, store_way};
use crate::foreign;
use crate::hosts::{JoinError, LeadError, Token, TokenError, WireError};
use crate::lang::Bilingual;

/// A sale could not be led.
pub(super) fn lead(error: &LeadError) -> String {
    match error {
        LeadError::Plan(error) => plan(error),
        LeadError::Store(error) => store(error),
        LeadError::Host { name, why } => format!("{name}：{}；一张票也没卖", phrase(why)),
        LeadError::OtherStore { name, seen, put } => format!(
            "{name} 看到的库存不是放出来的那份（是 {seen}，不是 {put}）：它会从另一处卖票。请让它的 --via 或 --store 通向同一处；一张票也没卖"
        ),
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
        _ => None,
    }
}

/// A host could not take part.
pub(super) fn join(error: &JoinError) -> String {
    match error {
        JoinError::NoLead { address, source } => {
            format!("{address}：那里没有主导售票的程序：{}", phrase(&source.to_string()))
        }
        JoinError::TurnedAway(address) => {
            format!("{address}：没有放行。主导方不说为什么；请核对口令（TICKETSIM_TOKEN 或 --token）")
        }
        JoinError::Impostor(address) => {
            format!("{address}：在那里监听的程序不知道口令：那不是你的主导方")
        }
        JoinError::Refused(why) => format!("主导方说：{}", phrase(&foreign::shown(why))),
        JoinError::Lost(error) => {
            format!("主导方不见了：{}；这里的买家都已结束，结果无从得知", wire(error))
        }
        JoinError::Unable(why) => phrase(why),
    }
}

/// A connection is of no use any more.
pub(super) fn wire(error: &WireError) -> String {
    match error {
        WireError::Closed => "连接被关闭了".to_owned(),
        WireError::Silent(time) => format!("{} 毫秒没有动静", time.as_millis()),
        WireError::Garbage(what) => format!("来的不是 ticketsim 的话：{}", phrase(what)),
        WireError::Io(source) => source.to_string(),
    }
}

/// A token that is none.
pub(super) fn token(_: &TokenError) -> String {
    format!("口令至少要有 {} 个字符，让人试不出来；`lead` 会自己抽取一个", Token::LEAST)
}
