//! The hosts of a sale: how far each clock is from the lead's, and what that leaves open. For text and pages.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::figures::Latency;
use super::text::{ASIDE, ODD, styled};
use super::words::span;
use crate::foreign;
use crate::history::{History, Host};
use crate::lang::{Lang, Noun, clocks as say};
use crate::verdict::Verdict;

/// The most hosts that have a line each.
const MOST_LINES: usize = 30;

/// A host's clock: `clock +1.2 s ±40 µs`.
pub(crate) fn clock(host: &Host, lang: Lang) -> String {
    let sign = if host.offset_ns < 0 { "−" } else { "+" };
    let offset = format!("{sign}{}", span(host.offset_ns.unsigned_abs()));
    say::clock(lang, offset, span(host.error_ns))
}

/// When a host was lost, after the go.
fn lost(host: &Host, history: &History, lang: Lang) -> Option<String> {
    let go_ns = history.header.timing.map_or(0, |timing| timing.go_ns);
    Some(say::lost_after(lang, span(host.lost_ns?.saturating_sub(go_ns))))
}

/// A host, in one line.
pub(crate) fn about(host: &Host, history: &History, lang: Lang) -> String {
    let buyers = lang.count(host.buyers.into(), Noun::Buyer);
    let parts = [buyers, clock(host, lang)].into_iter().chain(lost(host, history, lang));
    parts.collect::<Vec<_>>().join(if lang == Lang::Zh { "，" } else { ", " })
}

/// How far the clocks of two hosts may differ: the two with the largest errors.
fn worst_ns(history: &History) -> u64 {
    let mut errors_ns: Vec<u64> = history.header.hosts.iter().map(|host| host.error_ns).collect();
    errors_ns.sort_unstable();
    errors_ns.iter().rev().take(2).fold(0, |sum, ns| sum.saturating_add(*ns))
}

/// What the hosts' clocks leave open, in sentences; whether each is a reason to look again.
pub(crate) fn open(history: &History, verdict: &Verdict, lang: Lang) -> Vec<(bool, String)> {
    let mut said = Vec::new();
    if history.header.hosts.len() < 2 || history.header.books_only {
        return said;
    }
    let (worst_ns, typical_ns) = (worst_ns(history), Latency::of(history).purchase.p50);
    let (error, typical) = (span(worst_ns), span(typical_ns));
    if worst_ns > typical_ns {
        said.push((true, say::hardly_agree(lang, error, typical)));
    } else {
        said.push((false, say::agree(lang, error, typical)));
    }
    if let Some(spread_ns) = history.header.timing.and_then(|timing| timing.go_spread_ns) {
        said.push((false, say::spread(lang, span(spread_ns))));
    }
    if verdict.within_error > 0 {
        said.push((true, say::within_error(lang, lang.count(verdict.within_error, Noun::Purchase))));
    }
    if verdict.at_once == 1 && !verdict.apart && !history.header.in_turn && history.purchases.len() > 1 {
        said.push((true, say::overlap_unknown(lang)));
    }
    said
}

/// The hosts, one line each, and what their clocks leave open; empty if there are no hosts.
pub(crate) fn lines(history: &History, verdict: &Verdict, lang: Lang) -> String {
    let mut text = String::new();
    let hosts = &history.header.hosts;
    let shown = &hosts[..hosts.len().min(MOST_LINES)];
    let names: Vec<_> = shown.iter().map(|host| foreign::shown(&host.name)).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    for (host, name) in shown.iter().zip(&names) {
        let gap = " ".repeat(width - name.width());
        let style = if host.lost_ns.is_some() { ODD } else { ASIDE };
        let _ = writeln!(text, "  {name}{gap}  {}", styled(style, about(host, history, lang)));
    }
    if hosts.len() > shown.len() {
        let _ = writeln!(text, "  {}", styled(ASIDE, format!("… {}", hosts.len() - shown.len())));
    }
    for (odd, sentence) in open(history, verdict, lang) {
        let _ = writeln!(text, "  {}", styled(if odd { ODD } else { ASIDE }, sentence));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{BuyerCount, Header, Outcome, Purchase, Tally};
    use crate::report::run::{json, text};
    use crate::report::text::Detail;
    use crate::verdict::judge;

    /// A run on two hosts, of which the second was lost: its text and its document name the host of each buyer.
    #[test]
    fn a_run_names_each_buyer_s_host() {
        let host = |name: &str, first_buyer: u32, lost_ns: Option<u64>| {
            let (name, error_ns) = (name.to_owned(), 40_000);
            Host { name, first_buyer, buyers: 1, error_ns, lost_ns, ..Host::default() }
        };
        let bought = |buyer: u64, stock: i64| Purchase {
            host: buyer as u16,
            ..Purchase::new(buyer, Outcome::Bought, 1_000, Some(900_000)).from_stock(stock)
        };
        let header = Header {
            initial: Some(3),
            remaining: Some(0),
            outsiders: true,
            hosts: vec![host("ann#1", 1, None), host("\u{1b}[31mbob#2", 2, Some(2_000_000))],
            ..Header::default()
        };
        let history = History { header, purchases: vec![bought(1, 3), bought(2, 2)] };
        let verdict = judge(&history);
        let count = |buyer| {
            let tally = Tally { bought: 1, ..Tally::default() };
            BuyerCount { buyer, pid: 0, tally, killed_by: None }
        };
        let buyers = [count(1), count(2)];
        let document: serde_json::Value =
            serde_json::from_str(&json::of_run(&history, &verdict, &buyers, &[])).expect("JSON");
        assert_eq!((&document["verdict"], &document["outside_sales"]), (&"unknown".into(), &1.into()));
        assert_eq!(
            (&document["buyers"][0]["host"], &document["hosts"][1]["lost_ns"]),
            (&"ann#1".into(), &2_000_000.into())
        );
        for lang in Lang::ALL {
            let shown = text::of_run(&history, &verdict, &buyers, *lang, Detail::Normal, 100);
            assert!(shown.matches("ann#1").count() >= 2 && !shown.contains("\u{1b}[31mbob"), "{shown}");
            let gone = match lang {
                Lang::En => "1 ticket gone without a receipt may be theirs",
                Lang::Zh => "有 1 张票没有收据",
            };
            assert!(shown.contains(gone) && shown.contains(&say::ledger_outside_or_lost(*lang)), "{shown}");
        }
    }
}
