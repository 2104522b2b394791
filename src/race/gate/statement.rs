//! What an SQL statement does: its verb, and the tables that it reads, writes and locks, or that this is not certain. A
//! harmful statement is never taken for harmless.
//!
//! It is a lexer with a few rules, not a parser: FROM names a table even in a subquery.

use std::collections::BTreeSet;

use super::alike::{self, Alike, Columns};
use super::functions;
use super::lexer::{Token, tokens};

/// Names of tables.
pub type Tables = BTreeSet<String>;

/// The kind of a statement, which decides how the gate treats it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// It does nothing that another connection could notice: it passes.
    #[default]
    Chatter,
    /// BEGIN: it passes, and begins a transaction.
    Begin,
    /// The end of a transaction, or of a part of it.
    End,
    /// Anything else.
    Work,
}

/// A statement, or several that are sent in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its kind.
    pub kind: Kind,
    /// Its verbs and tables: its name in an order.
    pub name: String,
    /// The tables that it reads.
    pub reads: Tables,
    /// The tables that it writes or locks.
    pub touches: Tables,
    /// Whether what it touches is not certain.
    pub unknown: bool,
    /// Whether it asks for transactions that see one state from beginning to end.
    pub snapshot: bool,
    /// Whether it releases all advisory locks of its connection, as pools do between two users. It has no effect if
    /// there are none.
    pub unlocks: bool,
    /// Whether it takes advisory locks.
    pub locks: bool,
    /// What it waits for, if it has the same effect after the wait as if it had come later.
    pub alike: Option<Alike>,
    /// The changes that matter to statements that wait for its transaction.
    pub changes: Changes,
}

/// What a statement changes besides values in existing rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The tables to which it adds rows, or from which it removes some.
    pub rows: Tables,
    /// Whether rows of other tables may be removed with those.
    pub cascades: bool,
    /// The columns that it sets in rows of its table.
    pub sets: Columns,
    /// It may do anything: change rows, lock a whole table.
    pub anything: bool,
}

impl Statement {
    /// Reads a batch: several texts, each of which may have several statements.
    #[must_use]
    pub fn read(texts: &[String]) -> Self {
        let mut all = Self::default();
        for one in texts.iter().flat_map(|text| split(&tokens(text))) {
            all.join(read_one(&one));
        }
        all
    }

    fn join(&mut self, other: Self) {
        let rank = |kind: Kind| match kind {
            Kind::Chatter => 0,
            Kind::Begin => 1,
            Kind::End => 2,
            Kind::Work => 3,
        };
        self.alike = match (rank(self.kind) < 2, rank(other.kind) < 2) {
            (true, false) => other.alike,
            (_, true) => self.alike.take(),
            (false, false) => None,
        };
        self.changes.rows.extend(other.changes.rows);
        self.changes.sets.extend(other.changes.sets);
        self.changes.cascades |= other.changes.cascades;
        self.changes.anything |= other.changes.anything;
        if rank(other.kind) > rank(self.kind) {
            self.kind = other.kind;
        }
        if matches!(other.kind, Kind::Work | Kind::End) {
            if !self.name.is_empty() {
                self.name.push_str(" & ");
            }
            self.name.push_str(&other.name);
        }
        self.reads.extend(other.reads);
        self.touches.extend(other.touches);
        self.unknown |= other.unknown;
        self.snapshot |= other.snapshot;
        self.unlocks |= other.unlocks;
        self.locks |= other.locks;
    }
}

fn split(tokens: &[Token]) -> Vec<Vec<Token>> {
    tokens
        .split(|token| *token == Token::Semicolon)
        .filter(|one| !one.is_empty())
        .map(<[_]>::to_vec)
        .collect()
}

/// The state of reading one statement.
#[derive(Debug, Default)]
struct Reading {
    reads: Tables,
    writes: Tables,
    functions: BTreeSet<String>,
    locks: bool,
    unknown: bool,
    /// The names of common table expressions.
    ctes: Tables,
    /// The verb that writes, if there is one.
    write: Option<&'static str>,
}

/// What is known of a pair of parentheses.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    /// Whether a further table follows a comma.
    from: bool,
    /// Whether FROM belongs to an argument, as in `extract(year from x)`.
    argument: bool,
}

fn read_one(one: &[Token]) -> Statement {
    let first = one.iter().find_map(Token::word).unwrap_or_default();
    let any = |words: &[&str]| one.iter().filter_map(Token::word).any(|word| words.contains(&word));
    let snapshot = any(&["serializable", "repeatable"]);
    let plain =
        |kind: Kind, name: &str| Statement { kind, name: name.to_owned(), snapshot, ..Statement::default() };
    match first {
        "commit" | "rollback" if any(&["prepared"]) => {
            let changes = Changes { anything: true, ..Changes::default() };
            let name = format!("{} PREPARED", first.to_ascii_uppercase());
            return Statement { unknown: true, changes, ..plain(Kind::Work, &name) };
        }
        "begin" | "start" => return plain(Kind::Begin, "BEGIN"),
        "set" | "reset" | "close" | "show" | "savepoint" | "release" | "discard" | "deallocate"
        | "listen" | "unlisten" | "" => {
            let unlocks = first == "discard";
            return Statement { unlocks, ..plain(Kind::Chatter, first) };
        }
        "commit" | "end" => return plain(Kind::End, "COMMIT"),
        "rollback" | "abort" => return plain(Kind::End, "ROLLBACK"),
        "select" | "insert" | "update" | "delete" | "with" | "values" | "truncate" => {}
        other => {
            let verb = other.to_ascii_uppercase();
            let changes = Changes { anything: true, ..Changes::default() };
            return Statement { unknown: true, changes, ..plain(Kind::Work, &verb) };
        }
    }
    let mut reading = Reading::default();
    reading.walk(one);
    reading.statement(one, first, snapshot)
}

impl Reading {
    fn walk(&mut self, one: &[Token]) {
        let mut frames = vec![Frame::default()];
        let mut at = 0;
        while at < one.len() {
            let is_list = frames.last().is_some_and(|frame| frame.from);
            match &one[at] {
                Token::Open => {
                    let before = word_before(one, at, 1);
                    let argument = matches!(before, "extract" | "substring" | "trim" | "overlay");
                    frames.push(Frame { from: false, argument });
                }
                Token::Close if frames.len() > 1 => drop(frames.pop()),
                Token::Comma if is_list => at = self.table(one, at + 1, Role::Read),
                Token::Word(word) => {
                    if let Some(frame) = frames.last_mut() {
                        at = self.word(one, at, word, frame);
                    }
                }
                Token::Name(name) if one.get(at + 1) == Some(&Token::Open) => {
                    self.functions.insert(name.clone());
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads a word and what belongs to it. Returns the place of the last word that was read.
    fn word(&mut self, one: &[Token], at: usize, word: &str, frame: &mut Frame) -> usize {
        let (before, next) = (word_before(one, at, 1), one.get(at + 1));
        let mut write = |verb: &'static str, from: usize| {
            self.write = Some(verb);
            self.table(one, from, Role::Write)
        };
        match word {
            "from" if before == "distinct" || frame.argument => at,
            "from" if before == "delete" => write("DELETE", at + 1),
            "update" | "share" if matches!(before, "for" | "key") => {
                self.locks = true;
                at
            }
            "update" if before == "do" => at,
            "update" => write("UPDATE", at + 1),
            "into" => {
                let at = write("INSERT", at + 1);
                self.unknown |= before != "insert";
                at
            }
            "truncate" => {
                let named = next.and_then(Token::word) == Some("table");
                let at = write("TRUNCATE", at + 1 + usize::from(named));
                self.unknown |= one.contains(&Token::Comma);
                at
            }
            "from" => {
                frame.from = true;
                self.table(one, at + 1, Role::Read)
            }
            "using" if next != Some(&Token::Open) => {
                frame.from = true;
                self.table(one, at + 1, Role::Read)
            }
            "join" => self.table(one, at + 1, Role::Read),
            "as" => {
                let named = |token: &&Token| !matches!(token.word(), Some("not" | "materialized"));
                if one[at + 1..].iter().find(named) == Some(&Token::Open) {
                    self.ctes.extend(named_before(one, at).map(ToOwned::to_owned));
                }
                at
            }
            _ if ENDS_A_LIST.contains(&word) => {
                frame.from = false;
                at
            }
            name if next == Some(&Token::Open) && !functions::is_keyword(name) => {
                self.functions.insert(name.to_owned());
                at
            }
            _ => at,
        }
    }

    /// Reads the name of a table at this place, if there is one. Returns the place of its last word.
    fn table(&mut self, one: &[Token], mut at: usize, role: Role) -> usize {
        while matches!(one.get(at).and_then(Token::word), Some("only" | "lateral")) {
            at += 1;
        }
        let begins = at;
        let mut name = None;
        while let Some(part) = one.get(at).and_then(Token::name) {
            name = Some(part.to_owned());
            if one.get(at + 1) != Some(&Token::Dot) {
                break;
            }
            at += 2;
        }
        let Some(name) = name.filter(|_| at < one.len()) else { return begins.saturating_sub(1) };
        match role {
            Role::Write => drop(self.writes.insert(name)),
            // A function that returns rows.
            Role::Read if one.get(at + 1) == Some(&Token::Open) => drop(self.functions.insert(name)),
            Role::Read => drop(self.reads.insert(name)),
        }
        at
    }

    /// The changes that matter to statements that wait for its transaction.
    fn changes(&self, one: &[Token], first: &str, unsure: &[&str]) -> Changes {
        let sets = alike::sets(one).filter(|_| first == "update" && self.writes.len() == 1);
        Changes {
            rows: if sets.is_some() { Tables::new() } else { self.writes.clone() },
            cascades: sets.is_none() && self.write != Some("INSERT"),
            sets: sets.unwrap_or_default(),
            anything: self.unknown || unsure.iter().any(|name| !functions::is_apart(name)),
        }
    }

    fn statement(self, one: &[Token], first: &str, snapshot: bool) -> Statement {
        let is_table = |name: &String| !self.ctes.contains(name);
        let reads: Tables = self.reads.iter().filter(|name| is_table(name)).cloned().collect();
        let mut touches = self.writes.clone();
        if self.locks {
            touches.extend(reads.iter().cloned());
        }
        let is_unsure = |name: &&str| !functions::is_harmless(name) && !self.ctes.contains(*name);
        let unsure: Vec<&str> = self.functions.iter().map(String::as_str).filter(is_unsure).collect();
        let unknown = self.unknown || !unsure.is_empty();
        let changes = self.changes(one, first, &unsure);
        let may_wait = self.locks || !self.writes.is_empty() || unknown;
        let alike = alike::of(one, (&reads, &self.writes), &mut unsure.iter().copied());
        let alike = alike.filter(|_| may_wait && !self.unknown);
        let verb = match (self.write, first) {
            (Some(verb), _) => verb,
            (None, "values") => "VALUES",
            (None, _) => "SELECT",
        };
        let tables: BTreeSet<&str> = reads.iter().chain(&touches).map(String::as_str).collect();
        let of = if tables.is_empty() { unsure } else { tables.into_iter().collect() };
        let of: Vec<String> = of.into_iter().map(tame).collect();
        let nothing = touches.is_empty() && reads.iter().all(|name| is_of_the_system(name));
        let kind = if nothing && !unknown { Kind::Chatter } else { Kind::Work };
        let name = if of.is_empty() { verb.to_owned() } else { format!("{verb} {}", of.join("+")) };
        let unlocks = self.functions.contains(UNLOCK_ALL);
        let locks = self.functions.iter().any(|name| name.contains("advisory") && name != UNLOCK_ALL);
        Statement { kind, name, reads, touches, unknown, snapshot, unlocks, locks, alike, changes }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Read,
    Write,
}

/// A name as it stands in an order: letters, digits, and signs that orders do not use themselves.
pub fn tame(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$' | ':' | '/' | '@');
    name.chars().take(60).map(|c| if plain(c) { c } else { '?' }).collect()
}

fn is_of_the_system(table: &str) -> bool {
    table.starts_with("pg_") && table != "pg_locks" && table != "pg_stat_activity"
}

/// Functions that pools call before they pass on a connection.
const UNLOCK_ALL: &str = "pg_advisory_unlock_all";

/// Words that end a list of tables.
const ENDS_A_LIST: [&str; 14] = [
    "where",
    "group",
    "order",
    "having",
    "limit",
    "set",
    "returning",
    "union",
    "except",
    "intersect",
    "window",
    "for",
    "select",
    "values",
];

/// The name that stands before a place, or before a list in parentheses that ends there: `name (a, b) AS (`.
fn named_before(one: &[Token], at: usize) -> Option<&str> {
    let mut place = at.checked_sub(1)?;
    let mut depth = 0_u32;
    loop {
        match &one[place] {
            Token::Close => depth += 1,
            Token::Open => depth = depth.saturating_sub(1),
            token if depth == 0 => return token.name(),
            _ => {}
        }
        place = place.checked_sub(1)?;
    }
}

/// The word this far before a place.
fn word_before(one: &[Token], at: usize, back: usize) -> &str {
    at.checked_sub(back).and_then(|at| one[at].word()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
