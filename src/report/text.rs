//! What all texts have in common: their colours, the ledger, and the verdict. Colours are written as ANSI codes; the
//! code that prints decides whether they stay.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::words::{self, grouped, grouped_stock};
use crate::history::History;
use crate::lang::{Lang, clocks, run as say};
use crate::stock::Stock;
use crate::verdict::{Ledger, Ruling, Verdict};

/// Bought, and sound.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Refused, and unsound.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Failed, and unknown.
pub const ODD: Style = AnsiColor::Yellow.on_default();
/// Side remarks.
pub const ASIDE: Style = Style::new().dimmed();
/// What should be seen first.
pub const LOUD: Style = Style::new().bold();

/// The text in a style.
#[must_use]
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// How many pieces of evidence are shown for an anomaly.
const MOST_EVIDENCE: usize = 3;

/// How much a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The ruling alone.
    Quiet,
    /// What most people want to see.
    Normal,
    /// Latencies and fairness, too, and a line for each buyer, however many there are.
    Verbose,
}

/// The ruling, coloured.
#[must_use]
pub fn ruling(verdict: &Verdict, lang: Lang) -> String {
    let style = match verdict.ruling {
        Ruling::Sound => GOOD,
        Ruling::Unsound => BAD,
        Ruling::Unknown => ODD,
    };
    styled(style.bold(), words::ruling(verdict, lang))
}

/// The verdict with its evidence, in English and without colours.
#[must_use]
pub fn plain_lines(history: &History, verdict: &Verdict) -> String {
    let lang = Lang::En;
    let mut lines = vec![words::ruling(verdict, lang)];
    for anomaly in &verdict.anomalies {
        lines.push(words::summary(anomaly, verdict.ledger_of(anomaly), history, lang));
        lines.extend(
            words::evidence(anomaly, history, lang, MOST_EVIDENCE).into_iter().map(|s| format!("  {s}")),
        );
    }
    lines.extend(verdict.unjudged.iter().map(|reason| words::unjudged(reason, history, lang)));
    lines.join("\n")
}

/// The verdict: its ruling, each anomaly with its evidence, and what could not be judged.
#[must_use]
pub fn verdict_lines(history: &History, verdict: &Verdict, lang: Lang) -> String {
    let mut text = format!("{}\n", ruling(verdict, lang));
    for anomaly in &verdict.anomalies {
        let _ = writeln!(
            text,
            "  {}",
            styled(LOUD, words::summary(anomaly, verdict.ledger_of(anomaly), history, lang))
        );
        for sentence in words::evidence(anomaly, history, lang, MOST_EVIDENCE) {
            let _ = writeln!(text, "    {sentence}");
        }
    }
    for reason in &verdict.unjudged {
        let _ = writeln!(text, "  {}", styled(ODD, words::unjudged(reason, history, lang)));
    }
    text
}

/// Why a verdict is unknown, one line for each reason; empty if it is known.
#[must_use]
pub fn why_unknown(history: &History, verdict: &Verdict, lang: Lang) -> String {
    let reasons = verdict.unjudged.iter().filter(|_| verdict.ruling == Ruling::Unknown);
    reasons.map(|reason| format!("  {}\n", styled(ODD, words::unjudged(reason, history, lang)))).collect()
}

/// The most mishaps that have a line each.
const MOST_MISHAPS: usize = 30;

/// The mishaps, one line each.
pub(super) fn mishap_lines(text: &mut String, history: &History, lang: Lang) {
    let all = &history.header.mishaps;
    if !all.is_empty() {
        text.push('\n');
    }
    for one in all.iter().take(MOST_MISHAPS) {
        let _ = writeln!(text, "  {}", styled(ODD, words::befallen(one, history, lang)));
    }
    if all.len() > MOST_MISHAPS {
        let more = say::more_mishaps(lang, grouped((all.len() - MOST_MISHAPS) as u64));
        let _ = writeln!(text, "  {}", styled(ASIDE, more));
    }
}

/// The ledger, one line for each number.
pub(super) fn ledger_lines(text: &mut String, history: &History, ledger: &Ledger, lang: Lang) {
    let known = |stock: Option<Stock>| stock.map_or_else(|| say::ledger_unknown(lang), grouped_stock);
    let remaining = match ledger.remaining {
        Some(remaining) => grouped_stock(remaining),
        None if history.header.left_torn.is_some() => say::ledger_torn(lang),
        None => say::ledger_unknown(lang),
    };
    let mut rows = vec![
        (say::ledger_initial(lang), known(ledger.initial)),
        (say::ledger_receipts(lang), grouped(ledger.receipts)),
        (say::ledger_remaining(lang), remaining),
        (say::ledger_oversold(lang), grouped(ledger.oversold)),
    ];
    if ledger.outside_sales > 0 {
        let lost = history.header.hosts.iter().any(|host| host.lost_ns.is_some());
        let label = if lost { clocks::ledger_outside_or_lost(lang) } else { say::ledger_outside(lang) };
        rows.push((label, grouped(ledger.outside_sales)));
    }
    if ledger.restocked > 0 {
        rows.push((say::ledger_restocked(lang), grouped(ledger.restocked)));
    }
    // Chinese characters are two columns wide.
    let columns = |label: &str| label.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let label_width = rows.iter().map(|(label, _)| columns(label)).max().unwrap_or(0);
    let width = rows.iter().map(|(_, number)| number.chars().count()).max().unwrap_or(0);
    for (place, (label, number)) in rows.iter().enumerate() {
        let gap = " ".repeat(label_width - columns(label) + 2);
        let number = format!("{number:>width$}");
        let bad = place == 3 && ledger.oversold > 0;
        let number = if bad { styled(BAD.bold(), number) } else { number };
        let _ = writeln!(text, "  {label}{gap}{number}");
    }
}
