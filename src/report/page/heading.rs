//! The part above the picture: the sale and its plan, the ruling, the books.

use std::time::Duration;

use super::both::Both;
use super::lanes::Lane;
use crate::foreign;
use crate::history::{History, Host};
use crate::lang::{Lang, Noun, page as say, run as say_run};
use crate::plan::{PerBuyer, Plan};
use crate::protocol::Guard;
use crate::report::hosts;
use crate::report::words::{self, grouped, grouped_stock};
use crate::stock::Stock;
use crate::verdict::{Ledger, Verdict};

/// A number of the ledger.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// What it is about, for its colour.
    pub(super) class: &'static str,
}

/// What it is: how many buyers, how many tickets, and what keeps them apart.
pub(super) fn title(history: &History, lanes: &[Lane], lang: Lang) -> String {
    let comma = if lang == Lang::Zh { "，" } else { ", " };
    let Some(plan) = &history.header.plan else {
        let seen = lanes.iter().filter(|lane| lane.track == 0).count();
        // Hosts say how many they have.
        let buyers = history.header.hosts.iter().map(|host| host.buyers as usize).sum::<usize>().max(seen);
        let purchases = lang.count(history.purchases.len() as u64, Noun::Purchase);
        return [lang.count(buyers as u64, Noun::Buyer), purchases].join(comma);
    };
    let tickets = plan.tickets.or(history.header.initial);
    let choices = plan.store.choices();
    let guard = match choices.guard() {
        Guard::Nothing => say::no_lock(lang),
        Guard::Lock => choices.locks(),
        Guard::Level(level) => level.to_string(),
        Guard::Lease { .. } => say::lock_of(lang, choices.locks()),
    };
    let store = choices.kind().map(|kind| kind.title().to_owned());
    let lock = store.into_iter().chain([guard]).collect::<Vec<_>>().join(comma);
    let buyers = lang.count(u64::from(plan.buyers), Noun::Buyer);
    let parts = [Some(buyers), tickets.map(|count| lang.tickets(count)), Some(lock)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(comma)
}

/// The ruling's sentence, without the ruling itself, which stands beside it.
pub(super) fn ruling_sentence(verdict: &Verdict, lang: Lang) -> String {
    let sentence = words::ruling(verdict, lang);
    match sentence.split_once([':', '：']) {
        Some((ruling, rest)) if lang == Lang::Zh || ruling.eq_ignore_ascii_case(verdict.ruling.name()) => {
            let rest = rest.trim_start();
            let (first, rest) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
            first.to_uppercase() + rest
        }
        _ => sentence,
    }
}

/// What could not be judged, and the lines of the file that were cut short.
pub(super) fn unjudged(history: &History, verdict: &Verdict, lang: Lang) -> Vec<String> {
    let cut_short = crate::report::check::cut_short(history, lang);
    let reasons = verdict.unjudged.iter().map(|reason| words::unjudged(reason, history, lang));
    cut_short.into_iter().chain(reasons).collect()
}

/// The command that repeats it, in parts that a line break must not divide: each option with its value.
pub(super) fn command_parts(command: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in command.split(' ') {
        match parts.last_mut() {
            Some(part) if !word.starts_with("--") && part != "ticketsim" => {
                part.push(' ');
                part.push_str(word);
            }
            _ => parts.push(word.to_owned()),
        }
    }
    parts
}

/// The numbers of the books.
pub(super) fn figures(ledger: &Ledger) -> Vec<Figure> {
    let known = |stock: Option<Stock>| stock.map_or_else(|| "?".to_owned(), grouped_stock);
    let mut figures = Vec::new();
    let mut add = |name, value, class| figures.push(Figure { name, value, class });
    add("at_the_start", known(ledger.initial), "");
    add("receipts", grouped(ledger.receipts), "bought");
    add("refused", grouped(ledger.refused), "refused");
    for (name, count) in [("failed", ledger.failed), ("without_an_answer", ledger.unanswered)] {
        if count > 0 {
            add(name, grouped(count), "failed");
        }
    }
    add("left", known(ledger.remaining), "");
    if ledger.outside_sales > 0 {
        add("sold_by_others", grouped(ledger.outside_sales), "");
    }
    if ledger.restocked > 0 {
        add("put_on_sale_by_others", grouped(ledger.restocked), "");
    }
    add("oversold", grouped(ledger.oversold), if ledger.oversold > 0 { "anomaly" } else { "" });
    figures
}

/// One fact for each host; only for the first ones if there are many.
pub(super) fn host_facts(history: &History) -> Vec<(String, Both)> {
    const MOST: usize = 24;
    let hosts = &history.header.hosts;
    let fact = |host: &Host| {
        (foreign::shown(&host.name).into_owned(), Both::of(|lang| hosts::about(host, history, lang)))
    };
    let more = hosts.len().saturating_sub(MOST);
    let rest = (more > 0).then(|| (format!("+ {more}"), Both::of(|_| String::new())));
    hosts.iter().take(MOST).map(fact).chain(rest).collect()
}

/// The plan, as facts.
pub(super) fn facts(plan: &Plan) -> Vec<Both> {
    let duration = |ns| humantime::format_duration(Duration::from_nanos(ns)).to_string();
    Both::each(|lang| {
        let (lock, write) = words::choices(&plan.store, lang);
        let each = match plan.per_buyer {
            PerBuyer::All => say::until_refused(lang),
            PerBuyer::Count(count) => say::each(lang, count),
        };
        let think = match plan.pace.think_ns {
            0 => say_run::no_think(lang),
            think_ns => say::think(lang, duration(think_ns), plan.pace.jitter * 100.0),
        };
        let timeout = plan.lock_timeout_ns().map(|ns| say::lock_timeout(lang, duration(ns)));
        let names = plan.file().filter(|file| !file.via.is_empty());
        let names = names.map(|_| say::by_names(lang, words::place(&plan.store)));
        let facts =
            [Some(words::buyers(plan, lang)), names, Some(lock), Some(write), Some(each), Some(think)];
        let last = [timeout, Some(say::seed(lang, plan.pace.seed))];
        let mishaps = plan.mishaps.iter().map(ToString::to_string);
        facts.into_iter().flatten().chain(mishaps).chain(last.into_iter().flatten()).collect()
    })
}
