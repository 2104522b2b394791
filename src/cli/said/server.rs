//! What goes wrong at a database or a Redis server, in Chinese. What a server says stays as it says it.

use super::phrases::phrase;
use crate::foreign;
use crate::store::redis::RedisError;
use crate::store::sql::{NoAddress, NoSaleName, SaleName, SqlError};

/// At a database.
pub(super) fn sql(error: &SqlError) -> String {
    match error {
        SqlError::NotBuiltIn { engine } => {
            format!("编译时没有包含 {}；请用 --features {engine} 编译", engine.title())
        }
        SqlError::OtherEngine { address, engine } => {
            format!("{address} 不是 {}，而步骤是它的", engine.title())
        }
        SqlError::NoServer { address, source } => format!("{address}：那里没有服务器：{source}"),
        SqlError::NoAnswer { address, engine, within } => format!(
            "{address}：{} 内没有回答；那是 {} 的服务器吗？",
            humantime::format_duration(*within),
            phrase(engine.products())
        ),
        SqlError::Strange { address, engine, what } => {
            format!("{address}：不是 {} 的服务器：{}", phrase(engine.products()), phrase(what))
        }
        SqlError::Cut { address, what } => format!("{address}：连接断了：{}", phrase(what)),
        SqlError::NotLetIn { address, user, said, help } => {
            format!("{address}：不让 {user:?} 进：{said}{}", phrase(help))
        }
        SqlError::NoDatabase { address, database } => {
            format!("{address}：没有数据库 {database:?}；请建立它，或换一个名字")
        }
        SqlError::Full { address, said } => format!("{address}：服务器不再接受连接（{said}）"),
        SqlError::Tls { address, what } => format!("{address}：TLS：{}", phrase(what)),
        SqlError::NotAllowed { address, doing, said } => {
            format!("{address}：不允许{}：{said}；请换能写的角色，和不是备库的服务器", phrase(doing))
        }
        SqlError::Locked { address, table, doing, within } => format!(
            "{address}：{} 被别的程序锁着；{}试了 {}",
            phrase(table),
            phrase(doing),
            humantime::format_duration(*within)
        ),
        SqlError::OtherShape { address, table, found } => format!(
            "{address}：那里的表 {table} 不是我们的（{}），不去动它：请用 --sale 换一个名字",
            phrase(found)
        ),
        SqlError::NoSale { address, name } => no_sale(address, name),
        SqlError::OtherSale { address, name, is } => {
            format!("{address}：售票 {name} {}；请用 --tickets N 重新开始", phrase(is))
        }
        SqlError::NoStock { address, table } => {
            format!("{address}：{table} 里没有库存：id 为 1 的行不见了；请用 --tickets N 重新开始")
        }
        SqlError::Tickets(tickets) => format!("{tickets} 张票：应为不小于 0 的整数"),
        SqlError::Blind { address, said } => format!(
            "{address}：看不到谁在那里等待：{said}。只有重放才需要：请给这个用户 GRANT PROCESS ON *.* TO"
        ),
        SqlError::Refused { address, doing, said, code } => {
            format!("{address}：{}失败：{said}（{code}）", phrase(doing))
        }
        SqlError::File { path, what } => format!("{}：{}", foreign::path(path), phrase(what)),
    }
}

fn no_sale(address: &str, name: &str) -> String {
    format!("{address}：没有叫 {name} 的售票；请用 --tickets N 放出票")
}

/// At a Redis server.
pub(super) fn redis(error: &RedisError) -> String {
    match error {
        RedisError::NotBuiltIn => "编译时没有包含 Redis；请用 --features redis 编译".to_owned(),
        RedisError::NoServer { address, source } => format!("{address}：那里没有服务器：{source}"),
        RedisError::NoAnswer { address, within } => format!(
            "{address}：{} 内没有回答；那是 Redis 服务器吗？它{}吗？",
            humantime::format_duration(*within),
            if address.starts_with("rediss:") {
                "会 TLS（不会就用 redis://）"
            } else {
                "要 TLS（rediss://）"
            }
        ),
        RedisError::Strange { address, what } => format!("{address}：不是 Redis 服务器：{}", phrase(what)),
        RedisError::Cut { address, what } => format!("{address}：连接断了：{}", phrase(what)),
        RedisError::NotLetIn { address, said, had_password } => format!(
            "{address}：不让进：{said}{}",
            if *had_password { "" } else { "；手头没有密码：REDISCLI_AUTH" }
        ),
        RedisError::Tls { address, what } => format!("{address}：TLS：{}", phrase(what)),
        RedisError::Full { address, said } => format!("{address}：服务器不再接受连接（{said}）"),
        RedisError::NotAllowed { address, doing, said } => {
            format!("{address}：不允许{}：{said}；请换能写的用户，和不是副本的服务器", phrase(doing))
        }
        RedisError::OtherShape { address, key, found } => format!(
            "{address}：那里的键 {key} 不是我们的（{}），不去动它：请用 --sale 换一个名字",
            phrase(found)
        ),
        RedisError::NoSale { address, name } => no_sale(address, name),
        RedisError::Tickets(tickets) => format!("{tickets} 张票：应为不小于 0 的整数"),
        RedisError::Refused { address, doing, said } => format!("{address}：{}失败：{said}", phrase(doing)),
    }
}

/// A text is no address.
pub(super) fn address(error: &NoAddress) -> String {
    match error {
        NoAddress::Unknown => {
            "不是存储的地址：应为 sqlite:PATH、postgres://USER@HOST:PORT/DATABASE、mysql://USER@HOST:PORT/DATABASE 或 redis://HOST:PORT/DB".to_owned()
        }
        NoAddress::InMemory(text) => {
            format!("{text:?} 只存在于一个连接里，而每个买家有自己的连接：请写一个文件，sqlite:PATH")
        }
        NoAddress::NoPath => "sqlite: 后面要有文件的路径，例如 sqlite:shop.db".to_owned(),
        NoAddress::Slashes => {
            "sqlite: 后面直接写路径，不加 //，例如 sqlite:shop.db 或 sqlite:/var/shop.db".to_owned()
        }
        NoAddress::OfThisHost(part) => format!("{}：这由本主机来定，别人不能代劳", phrase(part)),
        NoAddress::Part { part, wrong } => format!("{}：{}", phrase(part), phrase(wrong)),
    }
}

/// A text names no sale.
pub(super) fn sale_name(error: &NoSaleName) -> String {
    format!(
        "{:?} 不能用作售票的名字：应为 1 到 {} 个 a-z、0-9 和 _，以字母开头",
        error.given(),
        SaleName::MOST
    )
}
