//! Which keys a command of Redis reads and writes, by what each command is known to do.

use super::statement::{Kind, Statement, Tables, tame};

/// The transaction of a connection.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// Whether MULTI was sent: the commands after it are queued.
    pub queues: bool,
    /// The keys that were queued to be read, or are watched.
    pub reads: Tables,
    /// The keys that were queued to be written.
    pub touches: Tables,
    /// Whether these are not certain.
    pub unknown: bool,
}

/// Commands that change nothing that another connection could notice.
const CHATTER: &[&str] = &[
    "ASKING", "AUTH", "CLIENT", "COMMAND", "CONFIG", "DISCARD", "ECHO", "HELLO", "INFO", "LATENCY", "MEMORY",
    "MULTI", "OBJECT", "PING", "QUIT", "READONLY", "RESET", "ROLE", "SELECT", "SLOWLOG", "TIME", "UNWATCH",
    "WAIT",
];
/// Commands that read their first key.
const READS_ONE: &[&str] = &[
    "BITCOUNT",
    "GET",
    "GETBIT",
    "GETRANGE",
    "HEXISTS",
    "HGET",
    "HGETALL",
    "HKEYS",
    "HLEN",
    "HMGET",
    "HSTRLEN",
    "HVALS",
    "LINDEX",
    "LLEN",
    "LPOS",
    "LRANGE",
    "PTTL",
    "SCARD",
    "SISMEMBER",
    "SMEMBERS",
    "SMISMEMBER",
    "STRLEN",
    "TTL",
    "TYPE",
    "XLEN",
    "XRANGE",
    "ZCARD",
    "ZCOUNT",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZRANK",
    "ZSCORE",
];
/// Commands that read all keys that they name.
const READS_ALL: &[&str] = &["EXISTS", "MGET", "WATCH"];
/// Commands that write their first key.
const WRITES_ONE: &[&str] = &[
    "APPEND",
    "DECR",
    "DECRBY",
    "EXPIRE",
    "EXPIREAT",
    "GETDEL",
    "GETEX",
    "GETSET",
    "HDEL",
    "HINCRBY",
    "HINCRBYFLOAT",
    "HMSET",
    "HSET",
    "HSETNX",
    "INCR",
    "INCRBY",
    "INCRBYFLOAT",
    "LPOP",
    "LPUSH",
    "LPUSHX",
    "LREM",
    "LSET",
    "LTRIM",
    "PERSIST",
    "PEXPIRE",
    "PEXPIREAT",
    "PSETEX",
    "RPOP",
    "RPUSH",
    "RPUSHX",
    "SADD",
    "SET",
    "SETBIT",
    "SETEX",
    "SETNX",
    "SETRANGE",
    "SPOP",
    "SREM",
    "XADD",
    "ZADD",
    "ZINCRBY",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZREM",
];
/// Commands that write all keys that they name.
const WRITES_ALL: &[&str] = &["DEL", "LMOVE", "RENAME", "RENAMENX", "RPOPLPUSH", "SMOVE", "TOUCH", "UNLINK"];
/// Commands that wait for keys: all their words but the last.
const WAITS: &[&str] = &["BLPOP", "BRPOP", "BZPOPMAX", "BZPOPMIN"];
/// Commands that say how many keys they have.
const SCRIPTS: &[&str] = &["EVAL", "EVALSHA", "FCALL"];

/// Reads a command on a connection with this transaction.
#[must_use]
pub fn read(words: &[String], transaction: &Transaction) -> Statement {
    let verb = words.first().map(|verb| verb.to_ascii_uppercase()).unwrap_or_default();
    let is = |list: &[&str]| list.contains(&verb.as_str());
    let rest = words.get(1..).unwrap_or_default();
    let scripts_load =
        verb == "SCRIPT" && rest.first().is_some_and(|word| !word.eq_ignore_ascii_case("flush"));
    let chatter = verb.is_empty() || is(CHATTER) || scripts_load;
    let first = rest.get(..1).unwrap_or_default();
    let mut unknown = false;
    let (mut reads, mut touches): (Vec<&String>, Vec<&String>) = match () {
        () if chatter || verb == "EXEC" => (Vec::new(), Vec::new()),
        () if is(READS_ONE) => (first.iter().collect(), Vec::new()),
        () if is(READS_ALL) => (rest.iter().collect(), Vec::new()),
        () if is(WRITES_ONE) => (Vec::new(), first.iter().collect()),
        () if is(WRITES_ALL) => (Vec::new(), rest.iter().collect()),
        () if verb == "MSET" || verb == "MSETNX" => (Vec::new(), rest.iter().step_by(2).collect()),
        () if is(WAITS) => {
            (Vec::new(), rest.split_last().map(|(_, keys)| keys.iter().collect()).unwrap_or_default())
        }
        () if is(SCRIPTS) => {
            let count = rest.get(1).and_then(|count| count.parse().ok()).unwrap_or(0);
            unknown = count == 0;
            (Vec::new(), rest.iter().skip(2).take(count).collect())
        }
        () => {
            unknown = true;
            (Vec::new(), first.iter().collect())
        }
    };
    reads.dedup();
    touches.dedup();
    let names: Vec<String> = reads.iter().chain(&touches).map(|key| tame(key)).collect();
    let key = |key: &&String| format!("redis:{key}");
    let mut statement = Statement {
        kind: if chatter { Kind::Chatter } else { Kind::Work },
        name: if names.is_empty() { verb.clone() } else { format!("{verb} {}", names.join("+")) },
        reads: reads.iter().map(key).collect(),
        touches: touches.iter().map(key).collect(),
        unknown,
        ..Statement::default()
    };
    if verb == "EXEC" {
        statement.reads = transaction.reads.clone();
        statement.touches = transaction.touches.clone();
        statement.unknown = transaction.unknown;
        let keys = statement.touches.iter().map(|key| tame(key.trim_start_matches("redis:")));
        let keys: Vec<String> = keys.collect();
        if !keys.is_empty() {
            statement.name = format!("EXEC {}", keys.join("+"));
        }
    } else if transaction.queues {
        // It is queued: nothing of it can be seen before EXEC.
        statement.kind = Kind::Chatter;
    }
    statement
}

impl Transaction {
    /// Notes a command that passes.
    pub fn note(&mut self, words: &[String]) {
        let verb = words.first().map(|verb| verb.to_ascii_uppercase()).unwrap_or_default();
        match verb.as_str() {
            "MULTI" => self.queues = true,
            "EXEC" | "DISCARD" | "RESET" => *self = Self::default(),
            "UNWATCH" if !self.queues => *self = Self::default(),
            "WATCH" => self.reads.extend(read(words, &Self::default()).reads),
            _ if self.queues => {
                let queued = read(words, &Self::default());
                self.reads.extend(queued.reads);
                self.touches.extend(queued.touches);
                self.unknown |= queued.unknown;
            }
            _ => {}
        }
    }

    /// Whether there is a transaction.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.queues || !self.reads.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(ToOwned::to_owned).collect()
    }

    #[test]
    fn commands_and_what_they_touch() {
        let none = Transaction::default();
        for (text, name, reads, touches, unknown) in [
            ("get left", "GET left", "left", "", false),
            ("MGET a b", "MGET a+b", "a b", "", false),
            ("SET lock:1 token NX PX 1000", "SET lock:1", "", "lock:1", false),
            ("MSET a 1 b 2", "MSET a+b", "", "a b", false),
            ("EVAL code 1 left 5", "EVAL left", "", "left", false),
            ("EVAL code 0", "EVAL", "", "", true),
            ("BLPOP q 0", "BLPOP q", "", "q", false),
            ("SORT a STORE b", "SORT a", "", "a", true),
        ] {
            let statement = read(&words(text), &none);
            let list = |tables: &Tables| tables.iter().map(|key| &key[6..]).collect::<Vec<_>>().join(" ");
            let told = (
                statement.name.as_str(),
                list(&statement.reads),
                list(&statement.touches),
                statement.unknown,
            );
            assert_eq!(told, (name, reads.to_owned(), touches.to_owned(), unknown), "{text}");
            assert_eq!(statement.kind, Kind::Work, "{text}");
        }
        for chatter in ["PING", "CLIENT SETINFO a b", "hello 3", "SCRIPT LOAD x"] {
            assert_eq!(read(&words(chatter), &none).kind, Kind::Chatter, "{chatter}");
        }
    }

    #[test]
    fn what_is_queued_takes_effect_with_exec() {
        let mut transaction = Transaction::default();
        for text in ["WATCH left", "MULTI", "SET left 1"] {
            let kind = read(&words(text), &transaction).kind;
            assert_eq!(kind == Kind::Work, text.starts_with("WATCH"), "{text}");
            transaction.note(&words(text));
        }
        let exec = read(&words("EXEC"), &transaction);
        assert_eq!((exec.name.as_str(), exec.kind), ("EXEC left", Kind::Work));
        assert!(exec.reads.contains("redis:left") && exec.touches.contains("redis:left"));
        transaction.note(&words("EXEC"));
        assert!(!transaction.is_open());
    }
}
