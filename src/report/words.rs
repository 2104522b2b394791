//! Evidence in words: what a verdict rests on, as sentences. Text, JSON and page all take them here.

use crate::history::{FaultKind, History, Purchase, TornText};
use crate::lang::{Lang, Noun, verdict as say};
use crate::plan::Plan;
use crate::verdict::{
    Anomaly, Evidence, Ledger, LostUpdate, Place, Ruling, SharedTicket, TornRead, Unjudged, Verdict, Wait,
};

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

/// A number with its thousands set apart.
#[must_use]
pub fn grouped(number: u64) -> String {
    grouped_digits(&number.to_string())
}

/// The digits of a number of any size, its thousands set apart.
#[must_use]
pub fn grouped_digits(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The ruling in one sentence.
#[must_use]
pub fn ruling(verdict: &Verdict, lang: Lang) -> String {
    let ledger = &verdict.ledger;
    let receipts = lang.count(ledger.receipts, Noun::Receipt);
    let tickets = lang.count(ledger.initial.unwrap_or(0), Noun::Ticket);
    match verdict.ruling {
        Ruling::Sound => say::sound(lang, receipts, tickets),
        Ruling::Unsound if ledger.oversold > 0 => say::unsound(lang, receipts, tickets),
        Ruling::Unsound => say::unsound_otherwise(lang),
        Ruling::Unknown => say::unknown(lang),
    }
}

/// An anomaly in one sentence.
#[must_use]
pub fn summary(anomaly: &Anomaly, ledger: &Ledger, lang: Lang) -> String {
    let count = anomaly.count;
    match &anomaly.evidence {
        Evidence::Oversold(_) => {
            let receipts = lang.count(ledger.receipts, Noun::Receipt);
            let tickets = lang.count(ledger.initial.unwrap_or(0), Noun::Ticket);
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
        Evidence::TornReads(_) => say::torn_read(lang, count),
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
        Evidence::Oversold(tickets) => {
            total = tickets.len() as u64;
            tickets.iter().take(most).map(|ticket| words.shared_ticket(ticket)).collect()
        }
        Evidence::LostUpdates(pairs) => pairs.iter().take(most).map(|pair| words.lost_update(pair)).collect(),
        Evidence::LostStock { suspects, .. } => {
            total = suspects.len() as u64;
            suspects.iter().take(most).map(|place| words.suspect(*place)).collect()
        }
        Evidence::TornReads(reads) => reads.iter().take(most).map(|read| words.torn_read(read)).collect(),
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
        Unjudged::Interrupted => say::interrupted(lang),
        Unjudged::SystemError { place, kind, errno } => {
            let doing = doing(*kind, lang);
            let error = std::io::Error::from_raw_os_error(*errno);
            say::system_error(lang, history.purchases[*place as usize].buyer, doing, error)
        }
    }
}

fn doing(kind: FaultKind, lang: Lang) -> String {
    match kind {
        FaultKind::Lock | FaultKind::LockTimeout | FaultKind::HolderGone => say::doing_lock(lang),
        FaultKind::Unlock => say::doing_unlock(lang),
        FaultKind::Read | FaultKind::Torn => say::doing_read(lang),
        FaultKind::Write | FaultKind::Stopped | FaultKind::Killed => say::doing_write(lang),
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
        FaultKind::Lock | FaultKind::Unlock | FaultKind::Read | FaultKind::Write => {
            format!("{}: {}", doing(fault.kind, lang), std::io::Error::from_raw_os_error(fault.errno))
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

    fn shared_ticket(&self, ticket: &SharedTicket) -> String {
        const MOST: usize = 12;
        let mut buyers: Vec<u64> =
            ticket.receipts.iter().map(|place| self.purchase(*place).buyer).take(MOST).collect();
        buyers.sort_unstable();
        let mut names = buyers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        if ticket.count > buyers.len() as u64 {
            names.push_str(", …");
        }
        say::same_ticket(self.lang, ticket.stock, ticket.count, names)
    }

    fn lost_update(&self, pair: &LostUpdate) -> String {
        let (first, second) = (self.purchase(pair.first), self.purchase(pair.second));
        let (lang, stock, left) = (self.lang, pair.stock, pair.stock.saturating_sub(1));
        match (first.steps.written_ns, second.steps.read_ns) {
            (Some(wrote_ns), Some(read_ns)) if read_ns <= wrote_ns => {
                let gap = span(wrote_ns - read_ns);
                say::both_read(lang, first.buyer, second.buyer, stock, gap, left)
            }
            (Some(wrote_ns), Some(read_ns)) => {
                let gap = span(read_ns - wrote_ns);
                say::read_again(lang, first.buyer, second.buyer, stock, gap, left)
            }
            _ => say::same_stock(lang, first.buyer, second.buyer, stock),
        }
    }

    fn suspect(&self, place: Place) -> String {
        let purchase = self.purchase(place);
        say::died_writing(self.lang, purchase.buyer, purchase.stock.unwrap_or(0))
    }

    fn torn_read(&self, read: &TornRead) -> String {
        let lang = self.lang;
        let Some(reader) = read.reader.map(|place| self.purchase(place)) else {
            let text = self.history.header.left_torn.as_deref().unwrap_or_default();
            return say::left_torn(lang, torn_text(&TornText::new(text.as_bytes()), lang));
        };
        let Some(text) = reader.torn else {
            return say::stock_from_nowhere(lang, reader.buyer, reader.stock.unwrap_or(0));
        };
        let text = torn_text(&text, lang);
        let writer = read.writer.map(|place| self.purchase(place));
        match (reader.steps.read_ns, writer, writer.and_then(|writer| writer.steps.truncated_ns)) {
            (Some(read_ns), Some(writer), Some(emptied_ns)) => {
                let gap = span(read_ns.saturating_sub(emptied_ns));
                say::torn_in_write(lang, reader.buyer, text, gap, writer.buyer)
            }
            _ => say::torn_text(lang, reader.buyer, text),
        }
    }

    fn wait(&self, wait: &Wait) -> String {
        let waiter = self.purchase(wait.waiter).buyer;
        let waited = span(wait.waited_ns);
        if let Some(pid) = wait.dead_pid {
            return say::waited_for_dead(self.lang, waiter, pid);
        }
        match wait.holder {
            Some(holder) => say::waited_for(self.lang, waiter, waited, self.purchase(holder).buyer),
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
