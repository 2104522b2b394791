//! The result of a request at PostgreSQL.

use super::{Fate, World};
use crate::protocol::sql::Isolation;
use crate::stock::Stock;

impl World {
    pub(super) fn postgres(&mut self, who: usize, word: &str, first: bool) -> Fate {
        let (sight, newest) = (self.stock_at(self.sight(who)), self.stock_at(self.log.len()));
        let serializable = self.choices.isolation == Isolation::Serializable;
        match word {
            "read" => self.buyers[who].read = self.buyers[who].new.unwrap_or(sight),
            "count" => self.buyers[who].read = self.tickets - self.receipts_at(self.sight(who)),
            "insert" if serializable && self.is_outrun(who) => return Fate::Fails("40001"),
            "insert" => {
                self.buyers[who].receipt = true;
                if !self.buyers[who].begun {
                    self.publish(who);
                }
            }
            "commit" if serializable && self.buyers[who].receipt && self.is_outrun(who) => {
                return Fate::Fails("40001");
            }
            "commit" => self.publish(who),
            "unlock" => self.buyers[who].advisory = None,
            "lock" | "lock-until-commit" => {
                if !self.holders(who, word).is_empty() {
                    return Fate::Waits;
                }
                self.buyers[who].advisory = Some(self.clock);
            }
            _ => return self.postgres_row(who, word, first, sight, newest),
        }
        Fate::Done
    }

    fn postgres_row(&mut self, who: usize, word: &str, first: bool, sight: Stock, newest: Stock) -> Fate {
        let reads = word.starts_with("read");
        if first && !reads && self.new_stock(who, word, sight).is_none() {
            return Fate::Missed;
        }
        if self.is_stale(who) {
            return Fate::Fails("40001");
        }
        if !self.holders(who, word).is_empty() {
            return Fate::Waits;
        }
        let begun = self.buyers[who].begun;
        if begun {
            let since = self.buyers[who].row.map_or(self.clock, |(since, _)| since);
            self.buyers[who].row = Some((since, word == "read-for-share"));
        }
        if reads {
            self.buyers[who].read = newest;
            return Fate::Done;
        }
        let Some(new) = self.new_stock(who, word, newest) else { return Fate::Missed };
        if self.choices.constraint && new < 0 {
            return Fate::Fails("23514");
        }
        self.buyers[who].new = Some(new);
        if !begun {
            self.publish(who);
        }
        Fate::Done
    }
}
