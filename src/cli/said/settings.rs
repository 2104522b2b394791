//! Settings of a race that are wrong, rules, and values that can't stand where they are to go, in Chinese, and the ways
//! out.

use super::server::{address, features_way};
use super::way;
use crate::lang::errors::options::no_duration;
use crate::lang::{Bilingual, InChinese as _, Lang};
use crate::race::config::{ConfigError, Mistake};
#[cfg(feature = "postgres")]
use crate::race::gate::step::OrderError;
use crate::race::request::RequestError;
use crate::race::setup::SetupError;
use crate::race::stock::SourceError;
use crate::race::template::{BadValue, Place};
use crate::race::url::UrlError;
use crate::race::users::UsersError;
use crate::rules::{BadRule, Kind, RuleError};

/// A setting is wrong.
pub(super) fn config(error: &ConfigError) -> String {
    format!("{}：{}", error.setting, mistake(&error.what))
}

/// What is wrong with a setting.
pub(super) fn mistake(mistake: &Mistake) -> String {
    match mistake {
        Mistake::NoTarget => "没有说让什么来抢：请求还是命令".to_owned(),
        Mistake::TwoTargets => "请求和命令只能有一个".to_owned(),
        Mistake::BodyOfCommand => "正文属于请求，而来抢的是命令".to_owned(),
        Mistake::SeveralBodies => "一个请求只有一个正文".to_owned(),
        Mistake::Request(error) => request(error),
        Mistake::Setup(error) => setup(error),
        Mistake::Stock(error) => source(error),
        Mistake::Rule(error) => rule(error),
        Mistake::PerBuyer => "应为不小于 1 的整数，或 `all`".to_owned(),
        Mistake::Buyers { buyers, most } => format!("{buyers} 个买家：应为 1 到 {most} 个"),
        Mistake::Number { given, most } => format!("{given}：应为 1 到 {most}"),
        Mistake::Purchases(most) => format!("一轮超过 {most} 次购买"),
        Mistake::NoTickets => "没有说有多少张票".to_owned(),
        Mistake::NegativeTickets => "小于 0 的库存不能拿来卖".to_owned(),
        Mistake::TrialsWithoutReset => "几轮试验，每轮之前都要重新放出票".to_owned(),
        Mistake::NoTimeToAnswer => "没有留出回答的时间".to_owned(),
        Mistake::Column(column) => format!("列 {column:?} 与已有的变量同名"),
        Mistake::NoDuration(text) => format!("{text:?}：{}", no_duration(Lang::Zh, text)),
        Mistake::TooLong => "最多一天".to_owned(),
        Mistake::NoGate => "它用于闸门，而这里没有闸门".to_owned(),
        Mistake::NotBuiltIn => "编译时没有包含闸门".to_owned(),
        Mistake::Address(error) => address(error),
        Mistake::GateTls => "闸门要读懂说的话，所以它后面不用 TLS：请用 redis://…".to_owned(),
        Mistake::GateStore => "闸门架在 postgres://… 或 redis://… 前面".to_owned(),
        Mistake::SeveralPostgres => "PostgreSQL 数据库只能有一个，Redis 有几个都行".to_owned(),
        Mistake::Orders(text) => format!("{text:?}：应为 all、random:N 或 depth:K"),
        Mistake::OrdersAndOrder => "要么走许多种次序，要么只走给定的那一种".to_owned(),
        Mistake::NoTimeToGoOn => "没有留出继续的时间".to_owned(),
        Mistake::Expect => "应为 sound 或 unsound".to_owned(),
        Mistake::Regex(text, why) => format!("{text}：不是正则表达式：{why}"),
        Mistake::GateBuyers { buyers, most } => format!("{buyers} 个买家：闸门要 2 到 {most} 个"),
        Mistake::GatePurchases => "闸门里每个买家只买一次".to_owned(),
        Mistake::GateWithoutReset => "每种次序开始时都要重新放出票，而没有说由什么放出".to_owned(),
        Mistake::GateCommand => "闸门要的是请求，而来抢的是命令".to_owned(),
        Mistake::NoSuchBuyer { step, buyers } => format!("{step}：买家有 {buyers} 个"),
    }
}

/// The way out where a setting is wrong.
pub(super) fn mistake_way(mistake: &Mistake) -> Option<Bilingual> {
    match mistake {
        Mistake::NoTarget => way(
            "say --http 'POST http://127.0.0.1:8000/buy', or -- ./buy.sh {buyer}",
            "请用 --http 'POST http://127.0.0.1:8000/buy'，或 -- ./buy.sh {buyer}",
        ),
        Mistake::SeveralBodies => {
            way("take one of --body, --json-body, --form", "请只用 --body、--json-body、--form 之一")
        }
        Mistake::NoTickets => way(
            "say -t N, or --stock with what says it: a command, URL#$.left, FILE#$.left",
            "请用 -t N，或用 --stock 写明由什么说出：命令、URL#$.left、FILE#$.left",
        ),
        Mistake::Request(RequestError::Url(UrlError::Variable(url))) if url.contains("{port}") => way(
            "{port} is known if the command of --serve has it, too",
            "--serve 的命令里也要写上 {port}，才知道它",
        ),
        Mistake::TrialsWithoutReset => way("say how with --reset", "请用 --reset 说明怎样放出"),
        Mistake::NoGate => way("say --gate", "请加上 --gate"),
        Mistake::NotBuiltIn => features_way("postgres"),
        Mistake::OrdersAndOrder => way("leave --orders or --order out", "请去掉 --orders 或 --order"),
        Mistake::GateWithoutReset => way("say what does with --reset", "请用 --reset 说明"),
        Mistake::GateCommand => way("say --http", "请用 --http"),
        _ => None,
    }
}

fn url(error: &UrlError) -> String {
    match error {
        UrlError::Scheme(text) => format!("{text:?} 不是 URL：应以 http:// 或 https:// 开头"),
        UrlError::Blank(text) => format!("{text:?}：URL 里没有空格；请写 %20"),
        UrlError::Variable(text) => format!("{text:?}：URL 的服务器部分不能用变量"),
        UrlError::NoHost(text) => format!("{text:?}：没有主机和端口"),
    }
}

fn request(error: &RequestError) -> String {
    match error {
        RequestError::Url(error) => url(error),
        RequestError::NoColon(text) => format!("{text:?}：应为 'Name: value'"),
        RequestError::NoHeader(name) => format!("{name:?}：不是请求头；应为 'Name: value'"),
        RequestError::Length(name) => format!("{name}：请求的长度会自己算"),
        RequestError::NoField(text) => format!("{text:?}：应为 name=value"),
    }
}

fn setup(error: &SetupError) -> String {
    const FORM: &str = "应为 'buyer: POST http://…/login -> token=json:$.token' 的样子";
    match error {
        SetupError::Url(error) => url(error),
        SetupError::NoMethod(text) => format!("{text:?}：用哪种方法？请写 `POST {text}`"),
        SetupError::Empty => "是空的：应为命令，或 METHOD URL".to_owned(),
        SetupError::NoScope(text) => format!("{text:?}：{FORM}"),
        SetupError::Scope(unknown) => format!("{}；{FORM}", unknown.in_chinese()),
        SetupError::NoPlace(text) => format!("{text:?}：应为 NAME=json:PATH"),
        SetupError::Name(name) => format!("{name:?} 不是变量名"),
        SetupError::Quote(text, quote) => format!("{text:?}：引号 {quote} 没有关上"),
        SetupError::Path(text, why) => format!("{text:?}：不是 JSON 路径：{why}"),
        SetupError::Regex(text, why) => format!("{text}：不是正则表达式：{why}"),
        SetupError::Place(text) => {
            format!("{text:?}：应为 json:PATH、header:NAME、cookie:NAME、body~REGEX 或 stdout~REGEX")
        }
    }
}

fn source(error: &SourceError) -> String {
    match error {
        SourceError::Empty => "是空的：应为打印库存的命令、URL#PATH 或 FILE#PATH".to_owned(),
        SourceError::NoSelect(text) => format!("{text:?}：应为 sqlite:FILE?SELECT …"),
        SourceError::NoPlace(text) => {
            format!("{text:?}：数在哪里？JSON 用 URL#$.left，文本用 URL~'([0-9]+) left'")
        }
        SourceError::Url(error) => url(error),
        SourceError::Path(text, why) => format!("{text:?}：不是 $.left 那样的 JSON 路径：{why}"),
        SourceError::Regex(text, why) => format!("{text}：不是正则表达式：{why}"),
    }
}

/// A rule can't be read.
pub(super) fn rule(error: &RuleError) -> String {
    let RuleError { rule, column, what } = error;
    format!("规则 {rule:?} 第 {column} 列：{}", bad_rule(what))
}

fn bad_rule(error: &BadRule) -> String {
    match error {
        BadRule::TooLong => format!("超过 {} 字节", BadRule::MOST_BYTES),
        BadRule::Empty(kind) => format!("是空的：{}", examples(*kind)),
        BadRule::Quote(quote) => format!("引号 {quote} 没有关上"),
        BadRule::NoBlank(quote) => format!("关上的引号 {quote} 后面应有空格"),
        BadRule::TooDeep => "括号套括号，太深了".to_owned(),
        BadRule::NoQuestion(kind) => format!("这里什么也没问：{}", examples(*kind)),
        BadRule::Path(why) => format!("不是 $.ok 或 $.items[0].state 那样的 JSON 路径：{why}"),
        BadRule::Unknown { word, kind } => format!("不能问 {word:?}：{}", examples(*kind)),
        BadRule::Regex(why) => format!("不是正则表达式：{why}"),
        BadRule::Exit => "退出码是 0 到 255 的数，或几个：exit=0,3".to_owned(),
        BadRule::Status => "状态码有三位数字，或是 2xx，或几个：status=200,409".to_owned(),
    }
}

const fn examples(kind: Kind) -> &'static str {
    match kind {
        Kind::Command => "规则由 exit=0、stdout~REGEX、stderr~REGEX、json:PATH=VALUE 组成",
        Kind::Http => "规则由 status=200、status=2xx、body~REGEX、header:NAME~REGEX、json:PATH=VALUE 组成",
        Kind::Table => "规则由 COLUMN=VALUE[,VALUE]、COLUMN~REGEX 组成",
    }
}

/// A value can't stand where it was to go.
pub(super) fn value(error: &BadValue) -> String {
    let BadValue { name, place, value } = error;
    let place = match place {
        Place::Plain => "参数",
        Place::Url => "URL",
        Place::Json => "JSON",
        Place::Header => "请求头",
        Place::Shell => "shell 命令（它的环境变量里有 $TICKETSIM_NAME）",
    };
    format!("{{{name}}} 的值不能放进{place}：{value:?}")
}

/// The table of buyers can't be used.
pub(super) fn users(error: &UsersError) -> String {
    match error {
        UsersError::Unreadable { path, why } => format!("{}：读不了：{why}", path.display()),
        UsersError::NoText { path, line } => format!("{}:{line}：不是 UTF-8 文本", path.display()),
        UsersError::Uneven { path, line, fields, columns } => {
            format!("{}:{line}：有 {fields} 个字段，而首行有 {columns} 个名字", path.display())
        }
        UsersError::TooShort { path, rows, buyers } => {
            format!("{}：只有 {rows} 行，买家却有 {buyers} 个", path.display())
        }
    }
}

/// An order can't be read.
#[cfg(feature = "postgres")]
pub(super) fn order(error: &OrderError) -> String {
    match error {
        OrderError::Empty => "里面没有步骤".to_owned(),
        OrderError::NoStep(word) => {
            format!("{word:?} 不是一步：应为 BUYER:VERB TABLES，例如 1:SELECT seats")
        }
    }
}
