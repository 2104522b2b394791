//! The result of a request at MariaDB.

use std::collections::BTreeSet;

use super::{Fate, World, chosen, compare_all};
use crate::protocol::sql::{Engine, Isolation, SqlChoices, Switch};

impl World {
    fn is_serializable(&self) -> bool {
        self.choices.isolation == Isolation::Serializable
    }

    /// How a word wants the row: `Some(true)` to share it.
    fn wants_row(&self, who: usize, word: &str) -> Option<bool> {
        match word {
            "read" | "count" => (self.buyers[who].begun && self.is_serializable()).then_some(true),
            "read-for-share" => Some(true),
            "lock" | "unlock" | "commit" | "insert" => None,
            _ => Some(false),
        }
    }

    /// The holders of what this word of a buyer needs; if there are none, those that wait for it and asked earlier.
    pub(super) fn mysql_holders(&self, who: usize, word: &str) -> BTreeSet<(u64, usize)> {
        let others = || self.buyers.iter().enumerate().filter(|(other, _)| *other != who);
        let mut found: BTreeSet<(u64, usize)> = BTreeSet::new();
        if word == "lock" {
            found.extend(others().filter_map(|(other, buyer)| Some((buyer.advisory?, other))));
        }
        if word == "insert" {
            found.extend(others().filter_map(|(other, buyer)| Some((buyer.gap?, other))));
        }
        let Some(share) = self.wants_row(who, word) else { return found };
        let held = others().filter_map(|(other, buyer)| buyer.row.map(|row| (other, row)));
        found.extend(held.filter(|(_, (_, shared))| !(share && *shared)).map(|(other, (at, _))| (at, other)));
        let has = self.buyers[who].row.is_some_and(|(_, shared)| share || !shared);
        if found.is_empty() && !has {
            let waiting = others().filter_map(|(other, buyer)| {
                let wants = self.wants_row(other, &self.words[buyer.at.min(self.words.len() - 1)])?;
                let asked = buyer.asked.filter(|asked| Some(*asked) < self.buyers[who].asked)?;
                (!(share && wants)).then_some((asked, other))
            });
            found.extend(waiting);
        }
        if found.is_empty() && word == "count" {
            found.extend(others().filter(|(_, buyer)| buyer.receipt).map(|(other, _)| (0, other)));
        }
        found
    }

    pub(super) fn mysql(&mut self, who: usize, word: &str, first: bool) -> Fate {
        let (serializable, begun) = (self.is_serializable(), self.buyers[who].begun);
        let repeatable = self.choices.isolation == Isolation::RepeatableRead;
        let fails = self.choices.snapshot_isolation == Some(Switch::On) && (serializable || repeatable);
        let takes_snapshot = repeatable && matches!(word, "read" | "count")
            || serializable && fails && !matches!(word, "lock" | "unlock" | "commit");
        if begun && takes_snapshot && self.buyers[who].sees.is_none() {
            self.buyers[who].sees = Some(self.log.len());
        }
        if !self.mysql_holders(who, word).is_empty() {
            return Fate::Waits;
        }
        let length = self.log.len();
        let dirty = self.choices.isolation == Isolation::ReadUncommitted;
        let locks = self.wants_row(who, word);
        match word {
            "lock" => self.buyers[who].advisory = Some(self.clock),
            "unlock" => self.buyers[who].advisory = None,
            "commit" => self.publish(who),
            "insert" => {
                self.buyers[who].receipt = true;
                if !begun {
                    self.publish(who);
                }
            }
            "read" if locks.is_none() => {
                let unsaid = self.buyers.iter().find_map(|buyer| buyer.new).filter(|_| dirty);
                self.buyers[who].read = unsaid.unwrap_or(self.stock_at(self.sight(who)));
            }
            "count" if locks.is_none() => {
                let unsaid = self.buyers.iter().filter(|buyer| buyer.receipt && dirty).count() as i64;
                self.buyers[who].read = self.tickets - self.receipts_at(self.sight(who)) - unsaid;
            }
            _ if fails && (self.is_stale(who) || word == "count" && self.is_outrun(who)) => {
                return Fate::Fails("1020");
            }
            _ => {
                let reads = locks == Some(true) || word == "read-for-update";
                let new = if reads { None } else { self.new_stock(who, word, self.stock_at(length)) };
                if begun && (reads || new.is_some() || !first || repeatable || serializable) {
                    let since = self.buyers[who].row.map_or(self.clock, |(since, _)| since);
                    self.buyers[who].row = Some((since, locks == Some(true)));
                }
                match new {
                    _ if word == "count" => {
                        self.buyers[who].gap = Some(self.clock);
                        self.buyers[who].read = self.tickets - self.receipts_at(length);
                    }
                    _ if reads => self.buyers[who].read = self.stock_at(length),
                    None => return Fate::Missed,
                    Some(..0) if self.choices.constraint => return Fate::Fails("4025"),
                    Some(_) => {
                        self.buyers[who].new = new;
                        if !begun {
                            self.publish(who);
                        }
                    }
                }
            }
        }
        Fate::Done
    }
}

#[test]
fn mariadb_is_the_same_one_by_one() {
    let mut schedules = 0;
    for is in [Switch::On, Switch::Off] {
        let usual = SqlChoices { snapshot_isolation: Some(is), ..SqlChoices::new(Engine::Mysql) };
        for level in &Engine::Mysql.levels()[1..] {
            for (steps, three) in [
                ("begin read write commit", false),
                ("begin read decrement commit --constraint", false),
                ("begin read-for-update write commit", true),
                ("begin read-for-share write commit", true),
                ("begin take commit", true),
                ("begin lock read write unlock commit", false),
                ("begin read swap commit", false),
                ("begin count insert commit", false),
                ("begin read commit begin read-for-update write commit", false),
            ] {
                schedules += compare_all(chosen(usual, steps, *level), three);
            }
        }
    }
    assert!(schedules > 5_000, "{schedules} schedules only");
}
