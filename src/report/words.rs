//! Evidence in words: what a verdict rests on, as sentences. Text, JSON and page all take them here.

use crate::fault::{Fault, FaultKind, TornText};
use crate::foreign;
use crate::history::{Doubt, History, Outcome, Purchase};
use crate::lang::{Lang, Noun, order, run as say_run, verdict as say};
pub use crate::lang::{grouped, grouped_digits, grouped_stock};
use crate::plan::{PerBuyer, Plan, StorePlan};
use crate::protocol::file::{Lock, LockOn, Sale};
use crate::protocol::sql::Isolation;
use crate::stock::tickets_between;
use crate::verdict::{
    Anomaly, AnomalyKind, Contradiction, Evidence, Ledger, LostUpdate, Place, Rise, Ruling, SharedTicket,
    TornRead, Unjudged, Verdict, Wait,
};

/// The lock of a sale, and where it sits, as the plan line says it.
#[must_use]
pub fn lock(sale: &Sale, lang: Lang) -> String {
    match (sale.lock, sale.lock_on) {
        (Lock::None, _) => say_run::no_lock(lang),
        (lock, LockOn::Sidecar) if lock.has_carrier() => say_run::lock_on_sidecar(lang, lock),
        (lock, _) => say_run::lock_on_ticket(lang, lock),
    }
}

/// How a sale writes, and its steps where they are its own, as the plan line says it.
#[must_use]
pub fn write(sale: &Sale, lang: Lang) -> String {
    let write = if sale.fsync {
        say_run::write_synced(lang, sale.write)
    } else {
        say_run::write_by(lang, sale.write)
    };
    match sale.steps {
        Some(steps) => say_run::write_and_steps(lang, write, steps),
        None => write,
    }
}

/// The lock and the write of a plan, as the plan line says them.
#[must_use]
pub fn choices(store: &StorePlan, lang: Lang) -> (String, String) {
    match store {
        StorePlan::File(plan) => (lock(&plan.sale, lang), write(&plan.sale, lang)),
        StorePlan::Sql(plan) => {
            let level = match plan.sale.isolation {
                Isolation::None => say_run::no_transaction(lang),
                level => say_run::transaction(lang, level),
            };
            (level, say_run::steps(lang, plan.sale.protocol()))
        }
    }
}

/// Where the stock is kept.
#[must_use]
pub fn place(store: &StorePlan) -> String {
    match store {
        StorePlan::File(plan) => foreign::path(&plan.file),
        StorePlan::Sql(plan) => foreign::shown(&plan.url).into_owned(),
    }
}

/// How many purchases each buyer makes, where that is not one.
#[must_use]
pub fn several_each(per_buyer: PerBuyer, lang: Lang) -> Option<String> {
    match per_buyer {
        PerBuyer::ONE => None,
        PerBuyer::Count(count) => Some(say_run::several_each(lang, count)),
        PerBuyer::All => Some(say_run::all_each(lang)),
    }
}

/// A duration as people say it: three digits and a unit.
#[must_use]
pub fn span(ns: u64) -> String {
    let (value, unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (ns as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    let digits = if value < 10.0 { 1 } else { 0 };
    format!("{value:.digits$} {unit}")
}

/// The ruling in one sentence.
#[must_use]
pub fn ruling(verdict: &Verdict, lang: Lang) -> String {
    let ledger = &verdict.ledger;
    let receipts = lang.count(ledger.receipts, Noun::Receipt);
    let tickets = lang.tickets(ledger.initial.unwrap_or(0));
    match verdict.ruling {
        Ruling::Sound if verdict.apart => say::sound_apart(lang, receipts, tickets),
        Ruling::Sound => say::sound(lang, receipts, tickets),
        Ruling::Unsound if ledger.oversold > 0 => say::unsound(lang, receipts, tickets),
        Ruling::Unsound
            if verdict.anomalies.iter().all(|anomaly| anomaly.kind == AnomalyKind::OutOfOrder) =>
        {
            order::unsound(lang)
        }
        Ruling::Unsound => say::unsound_otherwise(lang),
        Ruling::Unknown => say::unknown(lang),
    }
}

/// An anomaly in one sentence.
#[must_use]
pub fn summary(anomaly: &Anomaly, ledger: &Ledger, history: &History, lang: Lang) -> String {
    let count = anomaly.count;
    match &anomaly.evidence {
        Evidence::Oversold(_) => {
            let receipts = lang.count(ledger.receipts, Noun::Receipt);
            let tickets = lang.tickets(ledger.initial.unwrap_or(0));
            say::oversold(lang, receipts, tickets, count)
        }
        Evidence::LostUpdates(_) => say::lost_update(lang, count),
        Evidence::LostStock { missing, extra: 0, .. } => {
            say::stock_missing(lang, lang.count(*missing, Noun::Ticket))
        }
        Evidence::LostStock { missing: 0, extra, .. } => {
            say::stock_extra(lang, lang.count(*extra, Noun::Ticket))
        }
        Evidence::LostStock { missing, extra, .. } => format!(
            "{}; {}",
            say::stock_missing(lang, lang.count(*missing, Noun::Ticket)),
            say::stock_extra(lang, lang.count(*extra, Noun::Ticket))
        ),
        Evidence::TornReads(reads) => {
            let whole = |read: &TornRead| {
                read.reader.is_some_and(|place| history.purchases[place as usize].torn.is_none())
            };
            if reads.iter().all(whole) {
                say::stock_too_high(lang, count)
            } else {
                say::torn_read(lang, count)
            }
        }
        Evidence::NegativeStock { lowest, .. } => {
            say::negative_stock(lang, grouped_stock(*lowest), lang.count(count, Noun::Ticket))
        }
        Evidence::OutOfOrder(_) => order::out_of_order(lang),
        Evidence::Stuck(_) => say::stuck(lang, lang.count(count, Noun::Buyer)),
    }
}

/// The evidence of an anomaly: a sentence a piece, at most `most` of them and a last one that says how
/// many there are beside.
#[must_use]
pub fn evidence(anomaly: &Anomaly, history: &History, lang: Lang, most: usize) -> Vec<String> {
    let words = Words { history, lang };
    let mut total = anomaly.count;
    let sentences: Vec<String> = match &anomaly.evidence {
        Evidence::Oversold(tickets) if tickets.is_empty() => {
            let receipts = anomaly.receipts_too_many(history);
            total = if receipts.is_empty() { 0 } else { anomaly.count };
            receipts.iter().take(most).map(|place| words.receipt_too_many(*place)).collect()
        }
        Evidence::Oversold(tickets) => {
            total = tickets.len() as u64;
            tickets.iter().take(most).map(|ticket| words.shared_ticket(ticket)).collect()
        }
        Evidence::LostUpdates(pairs) => pairs.iter().take(most).map(|pair| words.lost_update(pair)).collect(),
        Evidence::LostStock { suspects, .. } => {
            total = suspects.len() as u64;
            suspects.iter().take(most).map(|place| words.suspect(*place)).collect()
        }
        Evidence::NegativeStock { receipts, .. } => {
            total = receipts.len() as u64;
            receipts.iter().take(most).map(|place| words.sold_from_nothing(*place)).collect()
        }
        Evidence::TornReads(reads) => reads.iter().take(most).map(|read| words.torn_read(read)).collect(),
        Evidence::OutOfOrder(contradictions) => {
            contradictions.iter().take(most).map(|contradiction| words.contradiction(contradiction)).collect()
        }
        Evidence::Stuck(waits) => waits.iter().take(most).map(|wait| words.wait(wait)).collect(),
    };
    let beside = total.saturating_sub(sentences.len() as u64);
    let last = (beside > 0).then(|| say::and_more(lang, beside));
    sentences.into_iter().chain(last).collect()
}

/// Why something could not be judged, in one sentence.
#[must_use]
pub fn unjudged(reason: &Unjudged, history: &History, lang: Lang) -> String {
    match reason {
        Unjudged::Unrecorded(count) => say::unrecorded(lang, lang.count(*count, Noun::Purchase)),
        Unjudged::NoInitial => say::no_initial(lang),
        Unjudged::Rose { times, first } => Words { history, lang }.rise(*times, first),
        Unjudged::Restocked => say::restocked(lang),
        Unjudged::Unread(why) => say::stock_unread(lang, foreign::shown(why)),
        Unjudged::NothingOnSale => say::nothing_on_sale(lang),
        Unjudged::NothingAnswered => say::nothing_answered(lang),
        Unjudged::Killed { before_write, writing } => {
            let buyers = lang.count(before_write + writing, Noun::Buyer);
            let books = match (history.header.initial, history.header.remaining) {
                (Some(initial), Some(remaining)) => {
                    say::books(lang, lang.tickets(initial), grouped_stock(remaining))
                }
                _ => say::books_unknown(lang),
            };
            say::killed(lang, buyers, grouped(*before_write), grouped(*writing), books)
        }
        Unjudged::Interrupted => say::interrupted(lang),
        Unjudged::Order => order::undecided(lang),
        Unjudged::Doubt(doubt) => self::doubt(*doubt, lang),
        Unjudged::SystemError { place, kind, errno } => {
            let doing = doing(*kind, lang);
            let error = Fault { kind: *kind, errno: *errno }.cause();
            say::system_error(lang, Words { history, lang }.buyer(*place), doing, error)
        }
    }
}

/// What a race of foreign buyers could not show.
fn doubt(doubt: Doubt, lang: Lang) -> String {
    use crate::lang::race as say;
    match doubt {
        Doubt::NothingOverlapped => say::nothing_overlapped(lang),
        Doubt::NothingBought => say::nothing_bought(lang),
        Doubt::TooFew => say::too_few(lang),
        Doubt::Unmatched => say::unmatched(lang),
        Doubt::Stalled => say::stalled(lang),
        Doubt::Restless => say::restless(lang),
        Doubt::Died => say::died(lang),
    }
}

fn doing(kind: FaultKind, lang: Lang) -> String {
    match kind {
        FaultKind::Lock | FaultKind::LockTimeout | FaultKind::HolderGone => say::doing_lock(lang),
        FaultKind::Unlock => say::doing_unlock(lang),
        FaultKind::Read | FaultKind::Torn => say::doing_read(lang),
        FaultKind::Write
        | FaultKind::Stopped
        | FaultKind::Killed
        | FaultKind::Aborted
        | FaultKind::Constraint
        | FaultKind::Store
        | FaultKind::AnswerLost => say::doing_write(lang),
    }
}

/// Why a purchase failed, in a few words; `None` for one that did not.
#[must_use]
pub fn fault(purchase: &Purchase, lang: Lang) -> Option<String> {
    let fault = purchase.fault?;
    Some(match fault.kind {
        FaultKind::LockTimeout => say::fault_timeout(lang),
        FaultKind::HolderGone => say::fault_holder_gone(lang, fault.dead_holder().unwrap_or(0)),
        FaultKind::Torn => say::fault_torn(lang, torn_text(&purchase.torn.unwrap_or_default(), lang)),
        FaultKind::Stopped => say::fault_stopped(lang),
        FaultKind::Killed => say::fault_killed(lang),
        FaultKind::Aborted => say::fault_aborted(lang, fault.store_code()),
        FaultKind::Constraint => say::fault_constraint(lang, fault.store_code()),
        FaultKind::Store => say::fault_store(lang, fault.store_code()),
        FaultKind::AnswerLost => say::fault_answer_lost(lang),
        FaultKind::Lock | FaultKind::Unlock | FaultKind::Read | FaultKind::Write => {
            format!("{}: {}", doing(fault.kind, lang), fault.cause())
        }
    })
}

/// Bytes that were met, quoted.
#[must_use]
pub fn torn_text(text: &TornText, lang: Lang) -> String {
    match text.bytes() {
        [] => say::empty_text(lang),
        bytes => format!("{:?}", String::from_utf8_lossy(bytes)),
    }
}

/// The think time of a plan, as its option says it.
#[must_use]
pub fn think(plan: &Plan) -> String {
    humantime::format_duration(std::time::Duration::from_nanos(plan.pace.think_ns)).to_string()
}

struct Words<'a> {
    history: &'a History,
    lang: Lang,
}

impl Words<'_> {
    fn purchase(&self, place: Place) -> &Purchase {
        &self.history.purchases[place as usize]
    }

    /// The number or the name of a purchase's buyer, and the line of the purchase if it was read.
    fn buyer(&self, place: Place) -> String {
        let Purchase { buyer, line, .. } = self.purchase(place);
        let name = self.history.header.names.name(*buyer);
        let buyer = name.map_or_else(|| buyer.to_string(), |name| foreign::shown(name).into_owned());
        if *line > 0 { order::on_line(self.lang, buyer, line) } else { buyer }
    }

    /// The buyers of some of so many purchases.
    fn buyers(&self, places: &[Place], count: u64) -> String {
        let mut buyers: Vec<String> = places.iter().map(|place| self.buyer(*place)).collect();
        if count > places.len() as u64 {
            buyers.push("…".to_owned());
        }
        buyers.join(", ")
    }

    fn shared_ticket(&self, ticket: &SharedTicket) -> String {
        const MOST: usize = 12;
        let mut receipts = ticket.receipts.clone();
        receipts.truncate(MOST);
        receipts.sort_by_key(|place| self.purchase(*place).buyer);
        say::same_ticket(self.lang, ticket.stock, ticket.count, self.buyers(&receipts, ticket.count))
    }

    fn receipt_too_many(&self, place: Place) -> String {
        let tickets = self.history.header.initial.unwrap_or(0);
        say::all_had_gone(self.lang, self.buyer(place), self.lang.tickets(tickets))
    }

    fn lost_update(&self, pair: &LostUpdate) -> String {
        let (first, second) = (self.purchase(pair.first), self.purchase(pair.second));
        let (lang, stock, left) = (self.lang, pair.stock, pair.stock.saturating_sub(1));
        let (one, other) = (self.buyer(pair.first), self.buyer(pair.second));
        match (first.steps.written_ns, second.steps.read_ns) {
            (Some(wrote_ns), Some(read_ns)) if read_ns <= wrote_ns => {
                let gap = span(wrote_ns - read_ns);
                say::both_read(lang, one, other, stock, gap, left)
            }
            (Some(wrote_ns), Some(read_ns)) => {
                let gap = span(read_ns - wrote_ns);
                let wrote_it = |purchase: &Purchase| {
                    purchase.sold_from.is_some_and(|from| from.checked_sub(1) == Some(stock))
                        && purchase.steps.written_ns.is_some_and(|ns| (wrote_ns..=read_ns).contains(&ns))
                };
                if self.history.purchases.iter().any(wrote_it) {
                    say::read_again(lang, one, other, stock, gap, left)
                } else {
                    say::read_although(lang, one, other, stock, gap, left)
                }
            }
            _ if first.return_ns.is_some_and(|returned_ns| returned_ns < second.invoke_ns) => {
                say::same_stock_later(lang, one, other, stock, self.gap(pair.first, pair.second))
            }
            _ => say::same_stock(lang, one, other, stock),
        }
    }

    fn rise(&self, times: u64, first: &Rise) -> String {
        let lang = self.lang;
        let (from, to) = (grouped_stock(first.from), grouped_stock(first.to));
        let before = match first.before {
            Some(place) => say::rise_left_by(lang, self.buyer(place), from),
            None => say::rise_left_at_start(lang, from),
        };
        let after = match first.after {
            Some(place) => say::rise_met_by(lang, self.buyer(place), to),
            None => say::rise_met_at_end(lang, to),
        };
        let again = if times > 1 { say::rise_again(lang, grouped(times - 1)) } else { String::new() };
        say::rose(lang, before, after, again)
    }

    fn suspect(&self, place: Place) -> String {
        let purchase = self.purchase(place);
        say::died_writing(self.lang, self.buyer(place), purchase.sold_from.unwrap_or(0))
    }

    fn sold_from_nothing(&self, place: Place) -> String {
        let stock = self.purchase(place).sold_from.unwrap_or(0);
        say::sold_from_nothing(self.lang, self.buyer(place), grouped_stock(stock))
    }

    fn torn_read(&self, read: &TornRead) -> String {
        let lang = self.lang;
        let Some(place) = read.reader else {
            let text = self.history.header.left_torn.as_deref().unwrap_or_default();
            return say::left_torn(lang, torn_text(&TornText::new(text.as_bytes()), lang));
        };
        let (reader, who) = (self.purchase(place), self.buyer(place));
        let Some(text) = reader.torn else {
            return say::stock_from_nowhere(lang, who, reader.seen.max(reader.sold_from).unwrap_or(0));
        };
        let text = torn_text(&text, lang);
        let emptied_ns = read.writer.and_then(|writer| self.purchase(writer).steps.truncated_ns);
        match (reader.steps.read_ns, read.writer, emptied_ns) {
            (Some(read_ns), Some(writer), Some(emptied_ns)) => match read_ns.checked_sub(emptied_ns) {
                Some(gap_ns) => say::torn_in_write(lang, who, text, span(gap_ns), self.buyer(writer)),
                // The emptying was noted a moment after the read that met it.
                None => say::torn_beside_write(lang, who, text, self.buyer(writer)),
            },
            _ => say::torn_text(lang, who, text),
        }
    }

    /// The time from the return of one purchase to the call of another.
    fn gap(&self, first: Place, second: Place) -> String {
        let returned_ns = self.purchase(first).return_ns.unwrap_or(0);
        span(self.purchase(second).invoke_ns.saturating_sub(returned_ns))
    }

    fn contradiction(&self, contradiction: &Contradiction) -> String {
        let lang = self.lang;
        let stock = |place: Place| self.purchase(place).sold_from.unwrap_or(0);
        match contradiction {
            Contradiction::RefusedWithStock { refusal } => {
                order::refused_with_stock(lang, self.buyer(*refusal), stock(*refusal))
            }
            Contradiction::Backwards { lower, higher } => {
                let (first, second) = (self.buyer(*lower), self.buyer(*higher));
                let gap = self.gap(*lower, *higher);
                order::backwards(lang, first, stock(*lower), gap, second, stock(*higher))
            }
            Contradiction::SoldAfterRefusal { refusal, receipt } => {
                let (refused, bought) = (self.buyer(*refusal), self.buyer(*receipt));
                order::sold_after_refusal(lang, refused, self.gap(*refusal, *receipt), bought)
            }
            Contradiction::LeftAfterRefusal { refusal, remaining } => {
                order::left_after_refusal(lang, self.buyer(*refusal), lang.count(*remaining, Noun::Ticket))
            }
            Contradiction::Unsold { high, low, missing, after, by } => {
                let what = match (tickets_between(*high, *low) + 1, *missing) {
                    (1, _) => order::nobody_bought(lang, high),
                    (tickets, missing) if missing >= tickets => order::nobody_bought_any(lang, high, low),
                    (_, missing) => order::nobody_bought_some(lang, missing, high, low),
                };
                let after = after.map(|place| order::and_after(lang, self.buyer(place), stock(place)));
                let yet = match by.map(|place| (self.purchase(place).outcome, place)) {
                    None => order::yet_gone(lang),
                    Some((Outcome::Refused, place)) => order::yet_refused(lang, self.buyer(place)),
                    Some((_, place)) => order::yet_sold(lang, self.buyer(place), stock(place)),
                };
                [what, after.unwrap_or_default(), yet].concat()
            }
            Contradiction::Crowded { receipts, count, tickets, after, before } => {
                let buyers = self.buyers(receipts, *count);
                let (receipts, for_tickets) =
                    (lang.count(*count, Noun::Receipt), lang.count(*tickets, Noun::Ticket));
                let mut sentence = match tickets {
                    0 => order::no_ticket_for(lang, buyers),
                    _ => order::crowded(lang, receipts, for_tickets, buyers),
                };
                if let Some(place) = *after {
                    sentence += &order::below_ticket(lang, stock(place), self.buyer(place));
                }
                match *before {
                    Some(place) if after.is_some() => {
                        sentence += &order::and_above_ticket(lang, stock(place), self.buyer(place));
                    }
                    Some(place) => sentence += &order::above_ticket(lang, stock(place), self.buyer(place)),
                    None => {}
                }
                sentence
            }
        }
    }

    fn wait(&self, wait: &Wait) -> String {
        let waiter = self.buyer(wait.waiter);
        let waited = span(wait.waited_ns);
        if let Some(pid) = wait.dead_pid {
            let plan = self.history.header.plan.as_ref();
            return match plan.and_then(|plan| plan.file()).map(|file| file.sale.lock) {
                Some(Lock::Semaphore) => say::waited_for_dead_inside(self.lang, waiter, pid),
                _ => say::waited_for_dead(self.lang, waiter, pid),
            };
        }
        match wait.holder {
            Some(holder) => say::waited_for(self.lang, waiter, waited, self.buyer(holder)),
            None => say::waited_in_vain(self.lang, waiter, waited),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_numbers_read_well() {
        assert_eq!(span(999), "999 ns");
        assert_eq!(span(1_500), "1.5 µs");
        assert_eq!(span(400_000), "400 µs");
        assert_eq!(span(12_345_678), "12 ms");
        assert_eq!(span(2_500_000_000), "2.5 s");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
    }
}
