//! What goes wrong at a database or a Redis server, in Chinese, and the ways out. What a server says stays as it says it.

use super::plan::tickets;
use super::way;
use crate::foreign;
use crate::lang::{Bilingual, InChinese as _};
use crate::protocol::sql::Engine;
use crate::store::redis::{OtherKey, RedisError};
use crate::store::server::{Doing, Limit, Unexpected};
use crate::store::sql::{
    Denial, FileTrouble, HostPart, NoAddress, NoSaleName, OtherSale, OtherTable, PartMistake, SaleName,
    SqlError,
};
use crate::tls::TlsError;

/// At a database.
pub(super) fn sql(error: &SqlError) -> String {
    match error {
        SqlError::NotBuiltIn { engine } => format!("编译时没有包含 {}", engine.title()),
        SqlError::OtherEngine { address, engine } => {
            format!("{address} 不是 {}，而步骤是它的", engine.title())
        }
        SqlError::NoServer { address, source } => format!("{address}：那里没有服务器：{source}"),
        SqlError::NoAnswer { address, engine, within } => format!(
            "{address}：{} 内没有回答；那是 {} 的服务器吗？",
            humantime::format_duration(*within),
            products(*engine)
        ),
        SqlError::Strange { address, engine, came } => {
            format!("{address}：不是 {} 的服务器：{}", products(*engine), unexpected(came))
        }
        SqlError::Cut { address, what } => format!("{address}：连接断了：{what}"),
        SqlError::NotLetIn { address, user, engine: _, why, lacks_password } => {
            let password = if *lacks_password { "；手头没有密码" } else { "" };
            format!("{address}：不让 {user:?} 进：{}{password}", denial(why))
        }
        SqlError::NoDatabase { address, database } => format!("{address}：没有数据库 {database:?}"),
        SqlError::Full { address, said } => full(address, said),
        SqlError::Tls { address, wrong } => format!("{address}：TLS：{}", tls(wrong)),
        SqlError::NoTls { address, setting } => {
            format!("{address}：TLS：服务器没有 TLS，而 {setting} 要它")
        }
        SqlError::NotAllowed { address, doing, said } => not_allowed(address, *doing, said),
        SqlError::Locked { address, table, doing, within } => format!(
            "{address}：{table} 被别的程序锁着；{}试了 {}",
            self::doing(*doing),
            humantime::format_duration(*within)
        ),
        SqlError::OtherShape { address, table, found } => {
            format!("{address}：那里的表 {table} 不是我们的（{}），不去动它", other_table(found))
        }
        SqlError::NoSale { address, name } => no_sale(address, name),
        SqlError::OtherSale { address, name, is } => format!("{address}：售票 {name} {}", other_sale(*is)),
        SqlError::NoStock { address, table } => {
            format!("{address}：{table} 里没有库存：id 为 1 的行不见了")
        }
        SqlError::Tickets(number) => tickets(*number),
        SqlError::Blind { address, said } => {
            format!("{address}：看不到谁在那里等待，而只有重放才需要：{said}")
        }
        SqlError::Rejected { address, doing, said, code } => {
            format!("{address}：{}失败：{said}（{code}）", self::doing(*doing))
        }
        SqlError::File { path, wrong } => format!("{}：{}", foreign::path(path), file(wrong)),
    }
}

/// The way out at a database.
pub(super) fn sql_way(error: &SqlError) -> Option<Bilingual> {
    match error {
        SqlError::NotBuiltIn { engine } => features_way(engine.name()),
        SqlError::NotLetIn { why: Denial::NotSecret, .. } => {
            way("ask for TLS, ?ssl-mode=required", "请要求 TLS：?ssl-mode=required")
        }
        SqlError::NotLetIn { engine, lacks_password: true, .. } => password_way(*engine),
        SqlError::NoDatabase { .. } => way("create it, or name another one", "请建立它，或换一个名字"),
        SqlError::NotAllowed { .. } => way(
            "take a role that may write, and a server that is no standby",
            "请换能写的角色，和不是备库的服务器",
        ),
        SqlError::OtherShape { .. } => sale_way(),
        SqlError::NoSale { .. } => no_sale_way(),
        SqlError::OtherSale { is, .. } => match is {
            OtherSale::Constrained => way(
                "say --constraint, or begin anew with --tickets N",
                "请用 --constraint，或用 --tickets N 重新开始",
            ),
            OtherSale::Unconstrained => way(
                "leave --constraint out, or begin anew with --tickets N",
                "请去掉 --constraint，或用 --tickets N 重新开始",
            ),
            OtherSale::CountsReceipts => way(
                "say --write insert, or begin anew with --tickets N",
                "请用 --write insert，或用 --tickets N 重新开始",
            ),
            OtherSale::NoReceipts => begin_anew_way(),
        },
        SqlError::NoStock { .. } => begin_anew_way(),
        SqlError::Blind { .. } => {
            way("GRANT PROCESS ON *.* TO the user", "请给这个用户 GRANT PROCESS ON *.* TO")
        }
        SqlError::File { wrong: FileTrouble::Missing, .. } => {
            way("--tickets N creates it, in a folder that is there", "--tickets N 会建立它，但文件夹须已存在")
        }
        SqlError::File { wrong: FileTrouble::Journal { is, .. }, .. } => {
            let is = is.to_lowercase();
            way(format!("take --journal {is}"), format!("请用 --journal {is}"))
        }
        _ => None,
    }
}

const fn products(engine: Engine) -> &'static str {
    match engine {
        Engine::Mysql => "MariaDB 或 MySQL",
        Engine::Sqlite | Engine::Postgres => engine.title(),
    }
}

/// This build has no such part.
pub(super) fn features_way(feature: &str) -> Option<Bilingual> {
    way(format!("build with --features {feature}"), format!("请用 --features {feature} 编译"))
}

fn password_way(engine: Engine) -> Option<Bilingual> {
    match engine {
        Engine::Postgres => way(
            "give it in PGPASSWORD, or in ~/.pgpass (readable for nobody else)",
            "请放在 PGPASSWORD，或 ~/.pgpass 里（别人不可读）",
        ),
        Engine::Mysql => way(
            "give it in MYSQL_PWD, or as password=… under [client] in ~/.my.cnf",
            "请放在 MYSQL_PWD，或 ~/.my.cnf 里 [client] 下的 password=…",
        ),
        Engine::Sqlite => None,
    }
}

fn sale_way() -> Option<Bilingual> {
    way("take another name (--sale)", "请用 --sale 换一个名字")
}

fn no_sale_way() -> Option<Bilingual> {
    way("put tickets on sale with --tickets N", "请用 --tickets N 放出票")
}

fn begin_anew_way() -> Option<Bilingual> {
    way("begin anew with --tickets N", "请用 --tickets N 重新开始")
}

fn no_sale(address: &str, name: &str) -> String {
    format!("{address}：没有叫 {name} 的售票")
}

fn full(address: &str, said: &str) -> String {
    format!("{address}：服务器不再接受连接（{said}）")
}

fn not_allowed(address: &str, doing: Doing, said: &str) -> String {
    format!("{address}：不允许{}：{said}", self::doing(doing))
}

fn denial(why: &Denial) -> String {
    match why {
        Denial::Said(said) => said.clone(),
        Denial::AsksForPassword => "服务器要密码".to_owned(),
        Denial::NotSecret => "服务器要密码本身，而旁人都能读到它".to_owned(),
        Denial::Method(method) => format!(
            "这个账户用 {method:?} 证明，而 ticketsim 没有它：只有 mysql_native_password 和 caching_sha2_password"
        ),
    }
}

fn other_table(found: &OtherTable) -> String {
    match found {
        OtherTable::NotPlain => "它不是普通的表".to_owned(),
        OtherTable::MadeBy(statement) => statement.clone(),
        OtherTable::Columns(columns) => format!("它的列是 {columns}"),
        OtherTable::Options(options) => format!("它是带 {options} 的表"),
        OtherTable::Constraints(constraints) => format!("它受 {constraints} 约束"),
        OtherTable::Unlogged => "它是不记日志的表或临时表".to_owned(),
        OtherTable::Triggers => "它有触发器".to_owned(),
        OtherTable::TriggersOrIndexes => "它有触发器或索引".to_owned(),
        OtherTable::TriggersRulesOrPartitions => "它有触发器、规则或分区".to_owned(),
    }
}

const fn other_sale(is: OtherSale) -> &'static str {
    match is {
        OtherSale::Constrained => "禁止库存小于 0",
        OtherSale::Unconstrained => "不禁止库存小于 0",
        OtherSale::CountsReceipts => "数的是出票记录",
        OtherSale::NoReceipts => "没有可数的出票记录",
    }
}

fn file(wrong: &FileTrouble) -> String {
    match wrong {
        FileTrouble::Missing => "没有这个文件".to_owned(),
        FileTrouble::FolderReadOnly => "没有这个文件，它所在的文件夹也写不了".to_owned(),
        FileTrouble::Unopened => "不能打开来读写".to_owned(),
        FileTrouble::NoDatabase => "不是 SQLite 的数据库；不去动它".to_owned(),
        FileTrouble::ReadOnly => "写不了，SQLite 放在它旁边的文件也写不了".to_owned(),
        FileTrouble::Locked => "别的程序一直锁着它".to_owned(),
        FileTrouble::DiskFull => "磁盘满了".to_owned(),
        FileTrouble::Journal { is, asked } => format!("它的日志方式仍是 {is}，而要的是 {asked}"),
        FileTrouble::Said(said) => said.clone(),
    }
}

/// At a Redis server.
pub(super) fn redis(error: &RedisError) -> String {
    match error {
        RedisError::NotBuiltIn => "编译时没有包含 Redis".to_owned(),
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
        RedisError::Strange { address, came } => {
            format!("{address}：不是 Redis 服务器：{}", unexpected(came))
        }
        RedisError::Cut { address, what } => format!("{address}：连接断了：{what}"),
        RedisError::NotLetIn { address, said, had_password } => {
            let password = if *had_password { "" } else { "；手头没有密码" };
            format!("{address}：不让进：{said}{password}")
        }
        RedisError::Tls { address, wrong } => format!("{address}：TLS：{}", tls(wrong)),
        RedisError::Full { address, said } => full(address, said),
        RedisError::NotAllowed { address, doing, said } => not_allowed(address, *doing, said),
        RedisError::OtherShape { address, key, found } => {
            let found = match found {
                OtherKey::Kind(kind) => format!("里面是 {kind}"),
                OtherKey::Text(text) => format!("里面是 {text:?}"),
            };
            format!("{address}：那里的键 {key} 不是我们的（{found}），不去动它")
        }
        RedisError::NoSale { address, name } => no_sale(address, name),
        RedisError::Tickets(number) => tickets(*number),
        RedisError::Rejected { address, doing, said } => {
            format!("{address}：{}失败：{said}", self::doing(*doing))
        }
    }
}

/// The way out at a Redis server.
pub(super) fn redis_way(error: &RedisError) -> Option<Bilingual> {
    match error {
        RedisError::NotBuiltIn => features_way("redis"),
        RedisError::NotLetIn { had_password: false, .. } => {
            way("give it in REDISCLI_AUTH", "请放在 REDISCLI_AUTH 里")
        }
        RedisError::NotAllowed { .. } => way(
            "take a user that may write, and a server that is no replica",
            "请换能写的用户，和不是副本的服务器",
        ),
        RedisError::OtherShape { .. } => sale_way(),
        RedisError::NoSale { .. } => no_sale_way(),
        _ => None,
    }
}

const fn doing(doing: Doing) -> &'static str {
    match doing {
        Doing::Connect => "连接",
        Doing::LogIn => "登录",
        Doing::ChooseDatabase => "选择数据库",
        Doing::NameSession => "给会话命名",
        Doing::Prepare => "准备语句",
        Doing::LoadScript => "载入脚本",
        Doing::LookForSale => "查找售票",
        Doing::PutOnSale => "放出票",
        Doing::ReadStock => "读取库存",
        Doing::WriteStock => "写入库存",
        Doing::RemoveSale => "清除售票",
        Doing::ReadSettings => "读取设置",
        Doing::ReadVersion => "读取版本",
        Doing::ReadRole => "读取角色",
        Doing::ReadSchema => "读取表结构",
        Doing::ReadKeys => "读取键",
        Doing::CountConnections => "数连接",
        Doing::EndConnections => "断开连接",
        Doing::SeeWhoIsLeft => "查看还有谁在",
        Doing::SeeWhoWaits => "查看谁在等待",
        Doing::SeeWhoAsks => "查看谁在请求",
        Doing::SeeWhoHasLease => "查看谁有租约",
        Doing::EndLease => "结束租约",
    }
}

fn unexpected(came: &Unexpected) -> String {
    match came {
        Unexpected::Greeting => "它打招呼的方式不像".to_owned(),
        Unexpected::TooOld => "它太旧，这个客户端没法与它交谈".to_owned(),
        Unexpected::Answer => "它的回答不像".to_owned(),
        Unexpected::NotAsked => "没人要的回答".to_owned(),
        Unexpected::More => "它说的比要的多".to_owned(),
        Unexpected::Nothing => "它什么也不说".to_owned(),
        Unexpected::AsksForFile => "它要一个文件".to_owned(),
        Unexpected::AsksForOtherProof => "它要的不是密码，而是别的凭证，ticketsim 没有".to_owned(),
        Unexpected::KnowsNoPassword => "它自己不知道密码".to_owned(),
        Unexpected::NoScram => "它不会 SCRAM-SHA-256".to_owned(),
        Unexpected::ProvesNothing => "它证明不了密码".to_owned(),
        Unexpected::Packet(bytes) => format!("{bytes} 字节的数据包"),
        Unexpected::CutPacket => "半截就断的数据包".to_owned(),
        Unexpected::Message(bytes) => format!("{bytes} 字节的消息"),
        Unexpected::LongAnswer(bytes) => format!("超过 {bytes} 字节的回答"),
        Unexpected::TextLength => "长度不合规定的文本".to_owned(),
        Unexpected::ListLength => "长度不合规定的列表".to_owned(),
        Unexpected::NoNumber => "该是数的地方不是数".to_owned(),
        Unexpected::NoRoom => "它不说能接多少连接".to_owned(),
        Unexpected::NotPrepared(step) => format!("{step} 没有准备好"),
        Unexpected::Unbound => "不能绑定的语句".to_owned(),
        Unexpected::Other(said) => said.clone(),
    }
}

/// A limit of connections.
pub(super) fn limit(limit: &Limit) -> String {
    match limit {
        Limit::OfAll { setting, most, reserved: 0, taken } => format!("{setting} = {most}，已用 {taken}"),
        Limit::OfAll { setting, most, reserved, taken } => {
            format!("{setting} = {most}，其中保留 {reserved}，已用 {taken}")
        }
        Limit::OfUser { setting, most } => format!("{setting} = {most}"),
        Limit::OfRole(most) => format!("角色的 CONNECTION LIMIT 是 {most}"),
        Limit::OfDatabase(most) => format!("数据库的 CONNECTION LIMIT 是 {most}"),
    }
}

/// There is no TLS.
pub(super) fn tls(error: &TlsError) -> String {
    match error {
        TlsError::Authorities { path, said } => format!("{}：{said}", path.display()),
        TlsError::NoCertificate(path) => format!("{}：里面没有证书（PEM）", path.display()),
        TlsError::Said(said) => said.clone(),
    }
}

/// A text is no address.
pub(super) fn address(error: &NoAddress) -> String {
    match error {
        NoAddress::Unknown => {
            "不是存储的地址：应为 sqlite:PATH、postgres://USER@HOST:PORT/DATABASE、mysql://USER@HOST:PORT/DATABASE 或 redis://HOST:PORT/DB".to_owned()
        }
        NoAddress::NoRedis => "不是 Redis 服务器：应为 redis://HOST:PORT/DB".to_owned(),
        NoAddress::InMemory(text) => {
            format!("{text:?} 只存在于一个连接里，而每个买家有自己的连接：请写一个文件，sqlite:PATH")
        }
        NoAddress::NoPath => "sqlite: 后面要有文件的路径，例如 sqlite:shop.db".to_owned(),
        NoAddress::Slashes => {
            "sqlite: 后面直接写路径，不加 //，例如 sqlite:shop.db 或 sqlite:/var/shop.db".to_owned()
        }
        NoAddress::OfThisHost(part) => {
            let part = match part {
                HostPart::Path => "它的路径",
                HostPart::SocketFolder => "它的套接字所在的文件夹",
                HostPart::Parameter(name) => name,
            };
            format!("{part}：这由本主机来定，别人不能代劳")
        }
        NoAddress::Part { part, wrong } => format!("{part}：{}", mistake(wrong)),
    }
}

fn mistake(wrong: &PartMistake) -> String {
    match wrong {
        PartMistake::Several => "有好几个：只要一个".to_owned(),
        PartMistake::NoBracket => "[ 没有对应的 ]".to_owned(),
        PartMistake::Percent => "% 后面应有两位十六进制数字；它本身写作 %25".to_owned(),
        PartMistake::NoText => "不是有效的 UTF-8".to_owned(),
        PartMistake::NoMachine(given) => format!("{given:?} 不是主机名"),
        PartMistake::Number { given, from, most } => format!("{given:?}：应为 {from} 到 {most} 的数"),
        PartMistake::Seconds => "应为 1 到 3600 的整秒数".to_owned(),
        PartMistake::OneOf { given, known } => format!("{given:?}：应为 {} 之一", known.replace(", ", "、")),
        PartMistake::Name(error) => error.in_chinese(),
        PartMistake::Missing(example) => format!("没有写明：{example}"),
        PartMistake::NoParameter(known) => format!("没有这个参数；有的是：{}", known.replace(", ", "、")),
        PartMistake::OnlyAuthorities => {
            "没有这个参数；有的是：cacert=FILE（PEM），与 rediss:// 同用".to_owned()
        }
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
