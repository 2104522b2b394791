//! Every order of requests one by one, with a database that is written independently of the models: it keeps a log of
//! commits and asks that log, instead of keeping snapshots, holders and flags.

mod mysql;
mod postgres;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{chosen, of_choices};
use super::*;
use crate::protocol::sql::{Engine, Isolation, Journal, SqlChoices};

/// The state of a buyer in the enumeration.
#[derive(Clone, Default)]
struct Simple {
    /// Its next word.
    at: usize,
    /// The length of the log at its snapshot; `None` before its first statement.
    sees: Option<usize>,
    begun: bool,
    read: Stock,
    /// What it will commit: a new stock, or a receipt.
    new: Option<Stock>,
    receipt: bool,
    refused: bool,
    over: bool,
    /// When it got the row, and whether it is shared.
    row: Option<(u64, bool)>,
    advisory: Option<u64>,
    /// MariaDB: since when it keeps others from inserting.
    gap: Option<u64>,
    /// SQLite: it reads, it writes, it waits for readers.
    shared: bool,
    reserved: bool,
    pending: bool,
    /// When it asked for what it waits for.
    asked: Option<u64>,
}

/// What was committed: the stock, or a receipt; and by whom.
#[derive(Clone, Copy)]
enum Logged {
    Stock(Stock, usize),
    Receipt(usize),
}

#[derive(Clone)]
struct World {
    words: Vec<String>,
    choices: SqlChoices,
    tickets: Stock,
    log: Vec<Logged>,
    buyers: Vec<Simple>,
    clock: u64,
    receipts: u64,
    failed: u64,
    errors: Vec<String>,
    steps: Vec<String>,
}

/// The result of a request.
enum Fate {
    Done,
    Missed,
    Waits,
    Fails(&'static str),
}

impl World {
    fn new(setting: &Setting) -> Self {
        let Choices::Sql(choices) = setting.choices else { panic!("a database") };
        let words = choices.protocol().to_string();
        let words = words.split(' ').filter(|word| *word != "think").map(str::to_owned).collect();
        let buyers = vec![Simple::default(); setting.buyers as usize];
        let mut world = Self {
            words,
            choices,
            tickets: setting.tickets,
            log: Vec::new(),
            buyers,
            clock: 0,
            receipts: 0,
            failed: 0,
            errors: Vec::new(),
            steps: Vec::new(),
        };
        (0..world.buyers.len()).for_each(|who| world.skip(who));
        world
    }

    fn snapshots(&self) -> bool {
        match self.choices.engine {
            Engine::Postgres => {
                matches!(self.choices.isolation, Isolation::RepeatableRead | Isolation::Serializable)
            }
            Engine::Sqlite => self.choices.journal == Journal::Wal,
            Engine::Mysql => {
                matches!(self.choices.isolation, Isolation::RepeatableRead | Isolation::Serializable)
            }
        }
    }

    /// The stock after this many entries of the log.
    fn stock_at(&self, length: usize) -> Stock {
        let stock = |logged: &Logged| if let Logged::Stock(stock, _) = logged { Some(*stock) } else { None };
        self.log[..length].iter().rev().find_map(stock).unwrap_or(self.tickets)
    }

    fn receipts_at(&self, length: usize) -> Stock {
        self.log[..length].iter().filter(|logged| matches!(logged, Logged::Receipt(_))).count() as Stock
    }

    /// How much of the log a buyer sees.
    fn sight(&self, who: usize) -> usize {
        let buyer = &self.buyers[who];
        buyer.sees.filter(|_| buyer.begun && self.snapshots()).unwrap_or(self.log.len())
    }

    fn is_stale(&self, who: usize) -> bool {
        self.log[self.sight(who)..].iter().any(|logged| matches!(logged, Logged::Stock(_, by) if *by != who))
    }

    fn is_outrun(&self, who: usize) -> bool {
        self.log[self.sight(who)..].iter().any(|logged| matches!(logged, Logged::Receipt(by) if *by != who))
    }

    /// Skips words that are no step now.
    fn skip(&mut self, who: usize) {
        loop {
            let buyer = &self.buyers[who];
            let Some(word) = self.words.get(buyer.at).map(String::as_str) else { break };
            let due = match word {
                "begin" => {
                    if !buyer.refused {
                        self.buyers[who].begun = true;
                        self.buyers[who].sees = None;
                    }
                    false
                }
                "unlock" => buyer.advisory.is_some(),
                "commit" => buyer.begun,
                _ => !buyer.refused,
            };
            if due {
                return;
            }
            self.buyers[who].at += 1;
        }
        let buyer = &mut self.buyers[who];
        buyer.over = true;
        self.receipts += u64::from(!buyer.refused);
    }

    /// Sends the next request of a buyer.
    fn ask(&mut self, who: usize) {
        self.clock += 1;
        let word = self.words[self.buyers[who].at].clone();
        let letter = match word.as_str() {
            "begin-immediate" => "B",
            "lock-until-commit" => "L",
            "insert" => "W",
            "decrement" | "take" => "D",
            "count" => "R",
            other => &other[..1].to_uppercase(),
        };
        self.steps.push(format!("{letter}{}", who + 1));
        if self.buyers[who].sees.is_none() && self.choices.engine == Engine::Postgres && word != "commit" {
            self.buyers[who].sees = Some(self.log.len());
        }
        self.buyers[who].asked = Some(self.clock);
        self.go(who, &word, true);
        self.wake();
    }

    /// Lets all waiting buyers try again, in the order of asking, until nothing moves.
    fn wake(&mut self) {
        loop {
            let mut waiting: Vec<usize> =
                (0..self.buyers.len()).filter(|who| self.buyers[*who].asked.is_some()).collect();
            waiting.sort_by_key(|who| self.buyers[*who].asked);
            let went = waiting.iter().any(|who| {
                let word = self.words[self.buyers[*who].at].clone();
                self.go(*who, &word, false)
            });
            if !went && !self.break_a_circle(&waiting) {
                return;
            }
        }
    }

    /// Of the buyers that wait for each other, makes the one fail that asked last.
    fn break_a_circle(&mut self, waiting: &[usize]) -> bool {
        if self.choices.engine == Engine::Sqlite {
            return false;
        }
        let next = |who: usize| {
            let word = self.words[self.buyers[who].at].as_str();
            self.holders(who, word).into_iter().min().map(|(_, holder)| holder)
        };
        for start in waiting {
            let mut way = vec![*start];
            for _ in 0..waiting.len() {
                let Some(holder) = next(way[way.len() - 1]).filter(|holder| waiting.contains(holder)) else {
                    break;
                };
                if holder == *start {
                    let last = way.into_iter().max_by_key(|who| self.buyers[*who].asked);
                    let code = if self.choices.engine == Engine::Mysql { "1213" } else { "40P01" };
                    self.fail(last.expect("somebody"), code);
                    return true;
                }
                way.push(holder);
            }
        }
        false
    }

    /// The holders of what this word of a buyer needs, each with the time since when.
    fn holders(&self, who: usize, word: &str) -> BTreeSet<(u64, usize)> {
        let others = self.buyers.iter().enumerate().filter(|(other, _)| *other != who);
        match word {
            _ if self.choices.engine == Engine::Mysql => self.mysql_holders(who, word),
            "lock" | "lock-until-commit" => {
                others.filter_map(|(other, buyer)| Some((buyer.advisory?, other))).collect()
            }
            "read" | "count" | "insert" | "commit" | "unlock" => BTreeSet::new(),
            word => {
                let share = word == "read-for-share";
                let held = others.filter_map(|(other, buyer)| buyer.row.map(|row| (other, row)));
                held.filter(|(_, (_, shared))| !(share && *shared))
                    .map(|(other, (at, _))| (at, other))
                    .collect()
            }
        }
    }

    /// Tries a buyer's request. Returns whether it is answered.
    fn go(&mut self, who: usize, word: &str, first: bool) -> bool {
        let fate = match self.choices.engine {
            Engine::Postgres => self.postgres(who, word, first),
            Engine::Sqlite => self.sqlite(who, word),
            Engine::Mysql => self.mysql(who, word, first),
        };
        match fate {
            Fate::Waits => return false,
            Fate::Fails(code) => self.fail(who, code),
            Fate::Missed if word == "swap" => {
                // It reads again, in a new transaction if it is in one.
                let buyer = &mut self.buyers[who];
                let begun = buyer.begun;
                Self::let_go(buyer);
                buyer.begun = begun;
                buyer.asked = None;
                buyer.at -= 1;
            }
            fate => {
                let buyer = &mut self.buyers[who];
                buyer.asked = None;
                buyer.refused |= matches!(fate, Fate::Missed);
                buyer.refused |= matches!(word, "read" | "count" | "read-for-update" | "read-for-share")
                    && buyer.read <= 0;
                buyer.at += 1;
                self.skip(who);
            }
        }
        true
    }

    /// Ends a transaction, in any way.
    fn let_go(buyer: &mut Simple) {
        let Simple { at, read, refused, over, advisory, .. } = buyer.clone();
        *buyer = Simple { at, read, refused, over, advisory, ..Simple::default() };
    }

    fn fail(&mut self, who: usize, code: &str) {
        self.errors.push(code.to_owned());
        self.errors.sort();
        let again = self.choices.retry && !["23514", "275", "4025"].contains(&code);
        let buyer = &mut self.buyers[who];
        *buyer = Simple::default();
        if again {
            self.errors.retain(|known| known != code);
            self.skip(who);
        } else {
            buyer.over = true;
            self.failed += 1;
        }
    }

    fn publish(&mut self, who: usize) {
        if let Some(stock) = self.buyers[who].new {
            self.log.push(Logged::Stock(stock, who));
        }
        if self.buyers[who].receipt {
            self.log.push(Logged::Receipt(who));
        }
        let advisory_until_commit = !self.words.iter().any(|word| word == "lock");
        let buyer = &mut self.buyers[who];
        Self::let_go(buyer);
        if advisory_until_commit {
            buyer.advisory = None;
        }
    }

    /// The new stock that a word makes of this one; `None` if it takes nothing.
    fn new_stock(&self, who: usize, word: &str, stock: Stock) -> Option<Stock> {
        let read = self.buyers[who].read;
        match word {
            "write" => Some(read - 1),
            "swap" => (stock == read).then_some(read - 1),
            "take" => (stock > 0).then_some(stock - 1),
            "decrement" => Some(stock - 1),
            other => panic!("{other} changes nothing"),
        }
    }

    /// Calls `ended` with every possible end.
    fn each(&self, ended: &mut impl FnMut(&World)) {
        let able = |who: &usize| !self.buyers[*who].over && self.buyers[*who].asked.is_none();
        let able: Vec<usize> = (0..self.buyers.len()).filter(able).collect();
        if able.is_empty() {
            assert!(
                self.buyers.iter().all(|buyer| buyer.over),
                "{}: a buyer waits for ever",
                self.steps.join(" ")
            );
            ended(self);
        }
        for who in able {
            let mut next = self.clone();
            next.ask(who);
            next.each(ended);
        }
    }
}

/// Compares a setting's census with the enumeration. Returns the number of schedules.
fn compare(setting: &Setting) -> u64 {
    let mut ends: BTreeMap<(u64, Option<Stock>, u64, Vec<AnomalyKind>), u64> = BTreeMap::new();
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    let mut schedules = 0;
    let Choices::Sql(choices) = setting.choices else { panic!("a database") };
    World::new(setting).each(&mut |world| {
        schedules += 1;
        let text = world.steps.join(" ");
        let history = rehearse(setting, &text.parse().expect("a schedule"));
        let end = End::of(&history.unwrap_or_else(|error| panic!("{setting:?}: {text}: {error}")));
        let length = world.log.len();
        let left = world.stock_at(length);
        let left = if choices.has_receipts() { world.tickets - world.receipts_at(length) } else { left };
        assert_eq!(
            (end.receipts, end.remaining, end.failed),
            (world.receipts, Some(left), world.failed),
            "{setting:?}: {text}"
        );
        *ends.entry((end.receipts, end.remaining, end.failed, end.anomalies)).or_default() += 1;
        for error in &world.errors {
            *errors.entry(error.clone()).or_default() += 1;
        }
    });
    let census = census(setting, u64::MAX);
    assert_eq!(census.schedules, BigUint::from(schedules), "{setting:?}");
    assert_eq!(census.found.len(), ends.len(), "{setting:?}: {ends:?} {:?}", census.found);
    let mut counted: BTreeMap<String, BigUint> = BTreeMap::new();
    for found in census.found {
        let End { receipts, failed, remaining, anomalies } = found.end;
        let count = ends[&(receipts, remaining, failed, anomalies)];
        assert_eq!(found.schedules, BigUint::from(count), "{setting:?}");
        for ((code, _), count) in found.errors {
            *counted.entry(code.to_string()).or_default() += count;
        }
    }
    let errors: BTreeMap<String, BigUint> =
        errors.into_iter().map(|(code, count)| (code, BigUint::from(count))).collect();
    assert_eq!(counted, errors, "{setting:?}");
    schedules
}

/// Two buyers with one and two tickets; three buyers as well, if the orders are not too many.
fn compare_all(choices: SqlChoices, three: bool) -> u64 {
    let sizes: &[(u32, Stock)] = if three { &[(2, 1), (2, 2), (3, 1), (3, 2)] } else { &[(2, 1), (2, 2)] };
    sizes.iter().map(|(buyers, tickets)| compare(&of_choices(choices, *buyers, *tickets))).sum()
}

#[test]
fn postgres_is_the_same_one_by_one() {
    let levels = [Isolation::ReadCommitted, Isolation::RepeatableRead, Isolation::Serializable];
    let usual = SqlChoices::new(Engine::Postgres);
    let mut schedules = 0;
    for steps in
        ["read write", "read decrement", "read swap", "take", "lock read write unlock", "count insert"]
    {
        schedules += compare_all(chosen(usual, steps, Isolation::None), true);
    }
    for level in levels {
        for (steps, three) in [
            ("begin read write commit", false),
            ("begin read decrement commit", false),
            ("begin read decrement commit --constraint", false),
            ("begin read-for-update write commit", true),
            ("begin read-for-share write commit", true),
            ("begin take commit", true),
            ("begin lock-until-commit read write commit", true),
            ("lock begin read write commit unlock", true),
            ("lock begin read write unlock commit", false),
            ("begin read swap commit", false),
            ("begin count insert commit", false),
            ("begin read commit begin read-for-update write commit", false),
        ] {
            schedules += compare_all(chosen(usual, steps, level), three);
        }
    }
    assert!(schedules > 5_000, "{schedules} schedules only");
}

#[test]
fn sqlite_is_the_same_one_by_one() {
    let mut schedules = 0;
    for journal in [Journal::Delete, Journal::Wal] {
        for busy_timeout_ns in [0, 1] {
            let usual = SqlChoices { journal, busy_timeout_ns, ..SqlChoices::new(Engine::Sqlite) };
            for steps in ["read write", "read decrement", "read swap", "take", "count insert"] {
                schedules += compare_all(chosen(usual, steps, Isolation::None), true);
            }
            for level in [Isolation::Deferred, Isolation::Immediate] {
                for (steps, three) in [
                    ("begin take commit", true),
                    ("begin read write commit", false),
                    ("begin read decrement commit", false),
                    ("begin count insert commit", false),
                    ("begin read commit take", false),
                ] {
                    schedules += compare_all(chosen(usual, steps, level), three);
                }
            }
        }
    }
    assert!(schedules > 5_000, "{schedules} schedules only");
}
