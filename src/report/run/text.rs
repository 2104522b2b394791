//! The text of a run: its plan, its buyers, its ledger and its verdict, and what to try next.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use crate::foreign;
use crate::history::{BuyerCount, History, Outcome, Purchase};
use crate::lang::{Lang, Noun, run as say};
use crate::plan::{Exclusion, PerBuyer, Plan, Workers};
use crate::protocol::file::Lock;
use crate::report::documented::demonstration;
use crate::report::figures::{Effort, Fairness, Latency, Percentiles, rate_per_s};
use crate::report::hosts;
use crate::report::text::{
    ASIDE, BAD, Detail, GOOD, LOUD, ODD, ledger_lines, mishap_lines, ruling, styled, verdict_lines,
    why_unknown,
};
use crate::report::words::{self, grouped, span};
use crate::verdict::{Ruling, Verdict};

/// The most buyers that have a line each; more are summed up.
pub const MOST_LINES: usize = 30;

/// The plan in one line, its tickets on sale, and what is wrong with it.
#[must_use]
pub fn plan_line(plan: &Plan, lang: Lang) -> String {
    let (lock, write) = words::choices(&plan.store, lang);
    let mut pace = if plan.pace.think_ns == 0 {
        say::no_think(lang)
    } else {
        say::think(lang, words::think(plan), (plan.pace.jitter * 100.0).round())
    };
    if let Some(each) = words::several_each(plan.per_buyer, lang) {
        pace = format!("{pace}{}{each}", lang.signs()[1]);
    }
    if !plan.mishaps.is_empty() {
        let all: Vec<String> = plan.mishaps.iter().map(ToString::to_string).collect();
        let [_, comma, semicolon] = lang.signs();
        pace = format!("{pace}{comma}{}", say::mishaps(lang, all.join(semicolon)));
    }
    let buyers = words::buyers(plan, lang);
    let tickets = lang.tickets(plan.tickets.unwrap_or(0));
    let file = words::place(&plan.store);
    let line = if plan.buyers == 1 {
        say::plan_line_alone(lang, buyers, tickets, file, lock, write, pace, plan.pace.seed)
    } else {
        say::plan_line(lang, buyers, tickets, file, lock, write, pace, plan.pace.seed)
    };
    let mut text = format!("{line}\n");
    if let Some(mut note) = demonstration(plan, lang) {
        if plan.exclusion() == Exclusion::RenamedAway && plan.per_buyer == PerBuyer::ONE {
            note = format!("{note} {}", say::trap_takes_two(lang));
        }
        let _ = writeln!(text, "{}", styled(ODD, note));
    }
    text
}

/// The result of a run, `width` columns wide: the buyers, the ledger, the verdict with its evidence, and what to try next.
#[must_use]
pub fn of_run(
    history: &History,
    verdict: &Verdict,
    buyers: &[BuyerCount],
    lang: Lang,
    detail: Detail,
    width: usize,
) -> String {
    let mut text = String::new();
    if detail == Detail::Quiet {
        let names: Vec<String> =
            verdict.anomalies.iter().map(|one| words::counted_anomaly(one.kind, one.count, lang)).collect();
        let names = match (names.is_empty(), lang) {
            (true, _) => String::new(),
            (false, Lang::En) => format!(" [{}]", lang.list(&names)),
            (false, Lang::Zh) => lang.in_brackets(lang.list(&names)),
        };
        let _ = writeln!(text, "{}{names}", ruling(verdict, lang));
        text.push_str(&why_unknown(history, verdict, lang));
        return text;
    }
    if history.header.interrupted {
        let _ = writeln!(text, "\n{}", styled(ODD, say::interrupted(lang)));
    }
    text.push('\n');
    if buyers.len() <= MOST_LINES || detail == Detail::Verbose {
        buyer_lines(&mut text, history, buyers, lang, width);
    } else {
        let ledger = &verdict.ledger;
        let crowd = lang.count(buyers.len() as u64, Noun::Buyer);
        let made = lang.count(ledger.receipts + ledger.refused + ledger.failed, Noun::Purchase);
        let numbers = [ledger.receipts, ledger.refused, ledger.failed].map(grouped);
        let _ = writeln!(text, "{}", say::summary(lang, crowd, made, &numbers[0], &numbers[1], &numbers[2]));
    }
    mishap_lines(&mut text, history, lang);
    text.push('\n');
    let of_hosts = hosts::lines(history, verdict, lang);
    if !of_hosts.is_empty() {
        let _ = writeln!(text, "{of_hosts}");
    }
    ledger_lines(&mut text, history, &verdict.ledger, lang);
    let timing = history.header.timing.unwrap_or_default();
    let rate = rate_per_s(verdict.ledger.receipts, timing.elapsed_ns);
    let (elapsed, launch) = (span(timing.elapsed_ns), span(timing.launch_ns));
    let pace = say::pace_of_sales(lang, elapsed, grouped(rate.round() as u64), launch);
    let _ = writeln!(text, "{}", styled(ASIDE, pace));
    let Effort { tries, aborts, codes } = Effort::of(history);
    if tries > history.purchases.len() as u64 || aborts > 0 {
        let purchases = lang.count(history.purchases.len() as u64, Noun::Purchase);
        let codes = lang.list(&codes.into_keys().collect::<Vec<_>>());
        let codes = if codes.is_empty() { codes } else { lang.in_brackets(codes) };
        let effort = say::effort(lang, purchases, grouped(tries), grouped(aborts), codes);
        let _ = writeln!(text, "{}", styled(ASIDE, effort));
    }
    if detail == Detail::Verbose {
        figure_lines(&mut text, history, buyers, lang);
    }
    text.push('\n');
    text.push_str(&verdict_lines(history, verdict, lang));
    if let Some(hint) = hint(history, verdict, lang) {
        let _ = write!(text, "\n{hint}\n");
    }
    text
}

/// A line for each buyer, in the order in which they finished; without their ids if those do not fit.
fn buyer_lines(text: &mut String, history: &History, buyers: &[BuyerCount], lang: Lang, columns: usize) {
    let go_ns = history.header.timing.unwrap_or_default().go_ns;
    // The last purchase of each buyer: when it finished, and its outcome.
    let mut last: Vec<Option<&Purchase>> = vec![None; buyers.len()];
    for purchase in &history.purchases {
        let ended_ns = |purchase: &Purchase| purchase.return_ns.get().unwrap_or(u64::MAX);
        if let Some(place) = last.get_mut(purchase.buyer as usize - 1)
            && place.is_none_or(|other| ended_ns(other) <= ended_ns(purchase))
        {
            *place = Some(purchase);
        }
    }
    let mut order: Vec<usize> = (0..buyers.len()).collect();
    order.sort_by_key(|place| last[*place].map_or(u64::MAX, |p| p.return_ns.get().unwrap_or(u64::MAX)));
    let width = buyers.len().to_string().len();
    let times: Vec<String> = last
        .iter()
        .map(|p| {
            p.and_then(|p| p.return_ns.get()).map_or_else(String::new, |ns| span(ns.saturating_sub(go_ns)))
        })
        .collect();
    let time_width = times.iter().map(|time| time.chars().count()).max().unwrap_or(0);
    let after_width = say::buyer_after(lang, " ".repeat(time_width)).width();
    let rows: Vec<(usize, (Style, String))> =
        order.into_iter().map(|place| (place, buyer_words(&buyers[place], last[place], lang))).collect();
    let words_width = rows.iter().map(|(_, (_, words))| words.width()).max().unwrap_or(0);
    let who_width = say::buyer(lang, " ".repeat(width)).width();
    // If the columns do not fit, they are not padded.
    let is_narrow = 6 + who_width + words_width + after_width > columns;
    for (place, (style, words)) in rows {
        let buyer = &buyers[place];
        let who = say::buyer(lang, format!("{:>width$}", buyer.buyer));
        if is_narrow {
            let time = Some(&times[place]).filter(|time| !time.is_empty());
            let time = time.map_or_else(String::new, |time| format!("  {}", say::buyer_after(lang, time)));
            let _ = writeln!(text, "  {who}  {}{time}", styled(style, words));
            continue;
        }
        // It is padded before it is coloured: colour codes have no width.
        let words = styled(style, format!("{words}{}", " ".repeat(words_width - words.width())));
        // A killed buyer has no end.
        let time = match times[place].as_str() {
            "" => " ".repeat(after_width),
            time => say::buyer_after(lang, format!("{time:>time_width$}")),
        };
        let host = history
            .header
            .host_of_buyer(buyer.buyer.into())
            .map(|host| foreign::shown(&host.name).into_owned());
        let id = host.into_iter().chain(buyer_id(history, buyer)).collect::<Vec<_>>().join(" ");
        let taken = 6 + who_width + words_width + after_width;
        let has_room = !id.is_empty() && taken + 2 + id.width() <= columns;
        let id = if has_room { format!("  {}", styled(ASIDE, id)) } else { String::new() };
        let _ = writeln!(text, "  {who}  {words}  {time}{id}");
    }
}

/// What a buyer is to the system, if it has an id of its own.
fn buyer_id(history: &History, buyer: &BuyerCount) -> Option<String> {
    let kind = match history.header.plan.as_ref()?.workers {
        Workers::Process => "pid",
        Workers::Thread | Workers::Sequential => "tid",
        Workers::Task => return None,
    };
    (buyer.pid != 0).then(|| format!("{kind} {}", buyer.pid))
}

fn buyer_words(buyer: &BuyerCount, last: Option<&Purchase>, lang: Lang) -> (Style, String) {
    let failed = last.and_then(|purchase| words::fault(purchase, lang));
    if let Some(signal) = buyer.killed_by {
        return (ODD, say::buyer_failed(lang, say::killed_by(lang, signal)));
    }
    match (buyer.tally.bought, last) {
        (1, Some(purchase)) if purchase.outcome == Outcome::Bought => {
            let stock = purchase.sold_from.get().unwrap_or(0);
            let left = stock.saturating_sub(1);
            let words = match purchase.seen.get() {
                Some(seen) if seen != stock => say::buyer_bought_unseen(lang, seen, stock, left),
                None if purchase.sold_from.get().is_some() => say::buyer_took(lang, stock, left),
                _ => say::buyer_bought(lang, stock, left),
            };
            let tries = purchase.tries.get().count;
            (GOOD, if tries > 1 { say::in_tries(lang, words, tries) } else { words })
        }
        (1.., _) => (GOOD, say::buyer_bought_many(lang, grouped(buyer.tally.bought))),
        (0, _) => match failed {
            Some(why) => (ODD, say::buyer_failed(lang, why)),
            None if last.is_some_and(|purchase| purchase.seen.get().is_none()) => {
                (BAD, say::buyer_turned_away(lang))
            }
            None => (BAD, say::buyer_refused(lang)),
        },
    }
}

fn figure_lines(text: &mut String, history: &History, buyers: &[BuyerCount], lang: Lang) {
    let latency = Latency::of(history);
    // Nothing to measure: there was no lock, or no purchase returned.
    for (what, percentiles) in [
        (say::latency_wait(lang), latency.wait),
        (say::latency_hold(lang), latency.hold),
        (say::latency_purchase(lang), latency.purchase),
    ]
    .into_iter()
    .filter(|(_, percentiles)| percentiles.max > 0)
    {
        let Percentiles { p50, p90, p99, max } = percentiles;
        let [p50, p90, p99] = [p50, p90, p99].map(|ns| format!("{:<7}", span(ns)));
        let _ = writeln!(text, "{}", say::latency(lang, what, p50, p90, p99, span(max)));
    }
    let Fairness { jain, most, least } = Fairness::of(buyers);
    let _ = writeln!(text, "{}", say::fairness(lang, format!("{jain:.3}"), most, least));
}

/// What to try next: how to break what held, how to mend what broke.
fn hint(history: &History, verdict: &Verdict, lang: Lang) -> Option<String> {
    let plan = history.header.plan.as_ref().filter(|plan| plan.file().is_some())?;
    if history.header.interrupted {
        return None;
    }
    let with = |lock: Lock| {
        let other = Plan { mishaps: Vec::new(), ..plan.clone() };
        let other = other.with_choices(|choices| *choices = choices.under(lock));
        styled(LOUD, other.command_for_any_seed())
    };
    match (verdict.ruling, plan.exclusion()) {
        (Ruling::Sound, Exclusion::Excludes) => Some(say::how_to_break(lang, with(Lock::None))),
        (Ruling::Unsound, Exclusion::NoLock) => Some(say::how_to_fix(lang, with(Lock::Flock))),
        (Ruling::Unsound, Exclusion::RenamedAway | Exclusion::SameOwner) => {
            Some(say::how_to_mend(lang, with(Lock::Flock)))
        }
        (Ruling::Unsound, Exclusion::NotCovered) => {
            Some(say::how_to_cover(lang, with(plan.file()?.choices.lock)))
        }
        _ => None,
    }
}
