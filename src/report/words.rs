//! Evidence in words: what a verdict rests on, as sentences. Text, JSON and page all take them here.

mod evidence;
mod mishaps;
mod names;

use std::time::Duration;

use crate::fault::{Fault, FaultKind, TornText};
use crate::foreign;
use crate::history::{Doubt, History, Outcome, Purchase};
use crate::lang::{Lang, Noun, hosts as say_hosts, order, run as say_run, verdict as say};
pub use crate::lang::{grouped, grouped_digits, grouped_stock};
use crate::plan::{FilePlan, PerBuyer, Plan, StorePlan, Workers};
use crate::protocol::Guard;
use crate::protocol::file::{FileChoices, Lock, LockOn};
use crate::protocol::redis::Fence;
use crate::protocol::sql::Isolation;
use crate::stock::tickets_between;
use crate::verdict::{Anomaly, AnomalyKind, Evidence, Ledger, Ruling, TornRead, Unjudged, Verdict};
use evidence::Words;
pub use mishaps::befallen;
pub use names::{anomaly_name, counted_anomaly, doubt_name, outcome_name, ruling_name};

/// The lock, and the file that carries it, as the plan line says it.
#[must_use]
pub fn lock(choices: &FileChoices, lang: Lang) -> String {
    let kinds = choices.kinds();
    let mut words = match (choices.lock, choices.lock_on) {
        (Lock::None, _) => say_run::no_lock(lang),
        (lock, LockOn::Sidecar) if lock.has_carrier() => say_run::lock_on_sidecar(lang, kinds),
        _ => say_run::lock_on_ticket(lang, kinds),
    };
    let mut add = |is: bool, more: String| {
        if is {
            words += if lang == Lang::Zh { "、" } else { ", " };
            words += &more;
        }
    };
    add(choices.rogues > 0, say_run::rogues(lang, lang.count(u64::from(choices.rogues), Noun::Buyer)));
    add(choices.inherit, say_run::inherited(lang));
    add(choices.lease_ns.is_some(), say_run::lease(lang, span(choices.lease_or_usual_ns())));
    add(choices.stale, say_run::left_by_the_dead(lang));
    words
}

/// How a purchase writes, and its steps if they were given, as the plan line says it.
#[must_use]
pub fn write(choices: &FileChoices, lang: Lang) -> String {
    let write = if choices.fsync {
        say_run::write_synced(lang, choices.write)
    } else {
        say_run::write_by(lang, choices.write)
    };
    match choices.steps {
        Some(steps) => say_run::write_and_steps(lang, write, steps),
        None => write,
    }
}

/// How many buyers a plan has, and what they are to the system.
#[must_use]
pub fn buyers(plan: &Plan, lang: Lang) -> String {
    let kind = match plan.workers {
        Workers::Process => Noun::Process,
        Workers::Thread => Noun::Thread,
        Workers::Task => Noun::Task,
        Workers::Sequential => Noun::BuyerInTurn,
    };
    let buyers = lang.count(u64::from(plan.buyers), kind);
    match plan.hosts {
        0 => buyers,
        hosts => say_hosts::on_hosts(lang, buyers, lang.count(hosts.into(), Noun::Host)),
    }
}

/// The lock and the write of a plan, as the plan line says them.
#[must_use]
pub fn choices(store: &StorePlan, lang: Lang) -> (String, String) {
    match store.file() {
        Some(plan) => (lock(&plan.choices, lang), write(&plan.choices, lang)),
        None => (guard(store.choices().guard(), lang), say_run::steps(lang, store.choices().protocol())),
    }
}

/// What keeps buyers apart at a store other than a ticket file.
fn guard(guard: Guard, lang: Lang) -> String {
    match guard {
        Guard::Nothing | Guard::Lock => say_run::no_lock(lang),
        Guard::Level(Isolation::None) => say_run::no_transaction(lang),
        Guard::Level(level) => say_run::transaction(lang, level),
        Guard::Lease { lease_ns, fence } => {
            let lease = humantime::format_duration(Duration::from_nanos(lease_ns));
            match fence {
                Fence::None => say_run::redis_lease(lang, lease),
                fence => say_run::fenced_lease(lang, lease, fence),
            }
        }
    }
}

/// Where the stock is kept.
#[must_use]
pub fn place(store: &StorePlan) -> String {
    if let Some((url, _)) = store.address() {
        return foreign::shown(url).into_owned();
    }
    // Both are the same file.
    store.file().into_iter().flat_map(FilePlan::names).map(foreign::path).collect::<Vec<_>>().join(" = ")
}

/// How many purchases each buyer makes, if more than one.
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
        // A thousand of a unit, after rounding, is one of the next unit.
        1_000..999_500 => (ns as f64 / 1e3, "µs"),
        999_500..999_500_000 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    let digits = if value < 9.95 { 1 } else { 0 };
    format!("{value:.digits$} {unit}")
}

/// The ruling in one sentence.
#[must_use]
pub fn ruling(verdict: &Verdict, lang: Lang) -> String {
    let ledger = &verdict.ledger;
    let (receipts, tickets) = (receipts_of(ledger, lang), tickets_of(ledger, lang));
    match verdict.ruling {
        Ruling::Sound if verdict.apart => say::sound_apart(lang, receipts, tickets),
        Ruling::Sound => say::sound(lang, receipts, tickets),
        Ruling::Unsound if ledger.oversold > 0 => say::unsound(lang, receipts, tickets),
        Ruling::Unsound
            if verdict
                .anomalies
                .iter()
                .all(|anomaly| matches!(anomaly.evidence, Evidence::OutOfOrder(_))) =>
        {
            order::unsound(lang)
        }
        Ruling::Unsound => say::unsound_otherwise(lang),
        Ruling::Unknown => say::unknown(lang),
    }
}

/// The receipts, and how many tickets they are for if that number differs.
fn receipts_of(ledger: &Ledger, lang: Lang) -> String {
    let receipts = lang.count(ledger.receipts, Noun::Receipt);
    if ledger.sold == ledger.receipts {
        return receipts;
    }
    say::of_tickets(lang, receipts, lang.count(ledger.sold, Noun::Ticket))
}

/// The tickets that there were, and those that were given back.
fn tickets_of(ledger: &Ledger, lang: Lang) -> String {
    let tickets = lang.tickets(ledger.initial.unwrap_or(0));
    if ledger.returned == 0 { tickets } else { say::and_given_back(lang, tickets, grouped(ledger.returned)) }
}

/// An anomaly in one sentence.
#[must_use]
pub fn summary(anomaly: &Anomaly, ledger: &Ledger, history: &History, lang: Lang) -> String {
    let sentence = lang.closed_up(summary_of(anomaly, ledger, history, lang));
    let items = &history.header.items;
    match anomaly.item.and_then(|item| items.name(item)).map(foreign::shown) {
        None => sentence,
        Some(name) if items.seats => say::of_seat(lang, name, sentence),
        Some(name) => say::of_item(lang, name, sentence),
    }
}

fn summary_of(anomaly: &Anomaly, ledger: &Ledger, history: &History, lang: Lang) -> String {
    let count = anomaly.count;
    match &anomaly.evidence {
        Evidence::Oversold(_) => {
            say::oversold(lang, receipts_of(ledger, lang), tickets_of(ledger, lang), count)
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
        Evidence::OutOfOrder(_) if anomaly.kind == AnomalyKind::RefusedEarly => order::refused_early(lang),
        Evidence::OutOfOrder(_) => order::out_of_order(lang),
        Evidence::ReturnedTwice(_) => say::returned_twice(lang, count),
        Evidence::OverLimit(_) => {
            let limit = history.header.limit_per_buyer.unwrap_or(0);
            say::over_limit(lang, lang.count(count, Noun::Receipt), grouped(limit))
        }
        Evidence::Stuck(_) => say::stuck(lang, lang.count(count, Noun::Buyer)),
    }
}

/// The evidence of an anomaly: a sentence for each piece, at most `most` of them, and a last one that says how
/// many more there are.
#[must_use]
pub fn evidence(anomaly: &Anomaly, history: &History, lang: Lang, most: usize) -> Vec<String> {
    let words = Words { history, lang };
    let mut total = anomaly.count;
    let sentences: Vec<String> = match &anomaly.evidence {
        Evidence::Oversold(tickets) if tickets.is_empty() => {
            let receipts = anomaly.receipts_too_many(history);
            total = if receipts.is_empty() { 0 } else { anomaly.count };
            // For a seat, all buyers that hold it are named.
            let seat = anomaly.item.filter(|_| history.header.items.seats);
            if let Some(seat) = seat {
                return vec![words.same_seat(seat)];
            }
            total = total.min(receipts.len() as u64);
            receipts.iter().take(most).map(|place| words.receipt_too_many(*place, anomaly.item)).collect()
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
        Evidence::ReturnedTwice(given_back) => {
            given_back.iter().take(most).map(|given| words.given_back(given)).collect()
        }
        Evidence::OverLimit(holders) => {
            total = holders.len() as u64;
            holders.iter().take(most).map(|holder| words.holder(holder)).collect()
        }
        Evidence::Stuck(waits) => waits.iter().take(most).map(|wait| words.wait(wait)).collect(),
    };
    let beside = total.saturating_sub(sentences.len() as u64);
    let last = (beside > 0).then(|| say::and_more(lang, beside));
    sentences.into_iter().chain(last).map(|sentence| lang.closed_up(sentence)).collect()
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
        Unjudged::HostLost { host, buyers } => host_lost(*host, *buyers, history, lang),
        Unjudged::Interrupted => say::interrupted(lang),
        Unjudged::Order(purchases) => order::undecided(lang, lang.count(*purchases, Noun::Purchase)),
        Unjudged::Doubt(doubt) => self::doubt(*doubt, lang),
        Unjudged::SystemError { place, kind, errno } => {
            let doing = doing(*kind, lang);
            let error = Fault { kind: *kind, number: *errno }.cause();
            say::system_error(lang, Words { history, lang }.buyer(*place), doing, error)
        }
    }
}

/// A lost host: how many of its buyers may have gone on, and what they may have bought.
fn host_lost(host: u16, buyers: u32, history: &History, lang: Lang) -> String {
    use crate::lang::clocks as say;
    let header = &history.header;
    let name = header.hosts.get(usize::from(host)).map_or("", |host| host.name.as_str());
    let receipts = history.purchases.iter().filter(|p| p.outcome == Outcome::Bought);
    let sold = receipts.map(|p| u64::from(p.quantity)).sum::<u64>().saturating_add(header.unrecorded.bought);
    let gone =
        header.initial.zip(header.remaining).map_or(0, |(initial, left)| tickets_between(initial, left));
    let gone = gone.saturating_sub(sold);
    let gone = if gone > 0 { say::gone(lang, lang.count(gone, Noun::Ticket)) } else { String::new() };
    say::host_lost(lang, foreign::shown(name), lang.count(buyers.into(), Noun::Buyer)) + &gone
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
        FaultKind::Lock | FaultKind::LockTimeout | FaultKind::HolderGone | FaultKind::Deadlock => {
            say::doing_lock(lang)
        }
        FaultKind::Unlock => say::doing_unlock(lang),
        FaultKind::Read | FaultKind::Torn => say::doing_read(lang),
        FaultKind::Write
        | FaultKind::Stopped
        | FaultKind::Killed
        | FaultKind::Aborted
        | FaultKind::Constraint
        | FaultKind::Fenced
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
        FaultKind::Deadlock => say::fault_deadlock(lang),
        FaultKind::HolderGone => say::fault_holder_gone(lang, fault.dead_holder().unwrap_or(0)),
        FaultKind::Torn => {
            say::fault_torn(lang, torn_text(purchase.torn.as_deref().unwrap_or(&TornText::default()), lang))
        }
        FaultKind::Stopped => say::fault_stopped(lang),
        FaultKind::Killed => say::fault_killed(lang),
        FaultKind::Aborted => say::fault_aborted(lang, fault.store_code()),
        FaultKind::Constraint => say::fault_constraint(lang, fault.store_code()),
        FaultKind::Fenced => say::fault_fenced(lang),
        FaultKind::Store => say::fault_store(lang, fault.store_code()),
        FaultKind::AnswerLost => say::fault_answer_lost(lang),
        FaultKind::Lock | FaultKind::Unlock | FaultKind::Read | FaultKind::Write => {
            format!("{}: {}", doing(fault.kind, lang), fault.cause())
        }
    })
}

/// Bytes that were read, quoted.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_numbers_read_well() {
        assert_eq!(span(999), "999 ns");
        assert_eq!(span(1_500), "1.5 µs");
        assert_eq!(span(400_000), "400 µs");
        assert_eq!(span(12_345_678), "12 ms");
        assert_eq!(
            [999_499, 999_500, 9_970_000, 999_600_000].map(span),
            ["999 µs", "1.0 ms", "10 ms", "1.0 s"]
        );
        assert_eq!(span(2_500_000_000), "2.5 s");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
    }
}
