//! The result of a request at SQLite.

use super::{Fate, Simple, World};
use crate::protocol::sql::Journal;

impl World {
    pub(super) fn sqlite(&mut self, who: usize, word: &str) -> Fate {
        let (wal, waits) = (self.choices.journal == Journal::Wal, self.choices.busy_timeout_ns > 0);
        let busy = if waits { Fate::Waits } else { Fate::Fails("5") };
        let other = |is: fn(&Simple) -> bool| {
            self.buyers.iter().enumerate().any(|(other, buyer)| other != who && is(buyer))
        };
        let pending = other(|buyer| buyer.pending);
        let (reserved, shared) = (other(|buyer| buyer.reserved), other(|buyer| buyer.shared));
        let (begun, reads) = (self.buyers[who].begun, self.buyers[who].shared);
        let commits = word == "commit" || self.buyers[who].pending;
        if !commits && !reads && pending {
            return busy;
        }
        if !commits && word != "read" && word != "count" {
            if reserved {
                return if reads { Fate::Fails("5") } else { busy };
            }
            if wal && reads && !self.buyers[who].reserved && (self.is_stale(who) || self.is_outrun(who)) {
                return Fate::Fails("517");
            }
        }
        if !commits && self.buyers[who].sees.is_none() {
            self.buyers[who].sees = Some(self.log.len());
        }
        let sight = self.sight(who);
        let held = self.buyers[who].new;
        match word {
            _ if commits => {}
            "read" => self.buyers[who].read = held.unwrap_or(self.stock_at(sight)),
            "count" => self.buyers[who].read = self.tickets - self.receipts_at(sight),
            "begin-immediate" => {
                let buyer = &mut self.buyers[who];
                (buyer.begun, buyer.reserved) = (true, true);
            }
            "insert" => (self.buyers[who].receipt, self.buyers[who].reserved) = (true, true),
            word => {
                self.buyers[who].reserved = begun;
                let Some(new) = self.new_stock(who, word, held.unwrap_or(self.stock_at(sight))) else {
                    self.buyers[who].shared |= begun;
                    return Fate::Missed;
                };
                if self.choices.constraint && new < 0 {
                    return Fate::Fails("275");
                }
                self.buyers[who].new = Some(new);
            }
        }
        self.buyers[who].shared |= self.buyers[who].begun;
        let writes = !matches!(word, "read" | "count" | "begin-immediate" | "commit");
        if commits || !begun && writes {
            let changes = self.buyers[who].new.is_some() || self.buyers[who].receipt;
            if !wal && changes && shared {
                (self.buyers[who].pending, self.buyers[who].reserved) = (waits, waits);
                return busy;
            }
            self.publish(who);
        }
        if !self.buyers[who].begun {
            self.buyers[who].sees = None;
        }
        Fate::Done
    }
}
