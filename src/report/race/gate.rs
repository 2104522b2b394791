//! The text of a gated race: what was tried, the order that is shown, its purchases as columns, the verdict.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::foreign::shown;
use crate::lang::{Lang, gate as say};
use crate::race::gate::plan::{GatePlan, Orders};
use crate::race::gate::step::written;
use crate::race::gate::{Gated, Judged, RanStep, Why};
use crate::race::heat::{Ended, Judged as Answer, Made};
use crate::race::statistics::Rate;
use crate::report::text::{ASIDE, BAD, GOOD, LOUD, ODD, styled, verdict_lines};
use crate::report::words::{grouped, outcome_name, ruling, ruling_name};
use crate::verdict::Ruling;

/// The most steps of an order that are shown.
const MOST_STEPS: usize = 120;
/// The width of a purchase's column.
const WIDTH: usize = 38;

/// The result, `width` columns wide, and why it could not be judged, in the reader's language.
#[must_use]
pub fn of_gate(gate: &GatePlan, gated: &Gated, why: Option<&str>, lang: Lang, width: usize) -> String {
    let mut text = String::new();
    if gated.count.orders > 0 {
        let _ = writeln!(text, "{}", styled(LOUD, count_line(gate, gated, lang)));
    }
    for line in remarks(gate, gated, lang) {
        let _ = writeln!(text, "{}", styled(ASIDE, line));
    }
    if let Some(judged) = gated.shown.as_ref().filter(|judged| shows(gate, gated, judged)) {
        text.push_str(&order_lines(gated, judged, lang, width));
        if let Some(full) = &judged.shown {
            text.push('\n');
            text.push_str(&verdict_lines(&full.history, &full.verdict, lang));
        }
    }
    let strange = gated.strange.iter().map(|strange| strange.count).sum();
    text.push_str(&super::text::strange_lines(&gated.strange, strange, lang));
    text.push_str(&verdict_line(gate, gated, why, lang));
    text
}

/// Whether an order is shown step by step: if it is unsound, or the only one.
fn shows(gate: &GatePlan, gated: &Gated, judged: &Judged) -> bool {
    judged.trial.ruling == Ruling::Unsound || gate.order.is_some() || gated.count.unknown > 0
}

/// How many orders were tried, of how many, and how fast.
fn count_line(gate: &GatePlan, gated: &Gated, lang: Lang) -> String {
    let count = &gated.count;
    let (orders, unsound) = (grouped(count.orders), grouped(count.unsound));
    let whole = gated.why.is_none() || gated.ruling == Ruling::Unsound;
    let mut line = match gated.orders {
        _ if gate.order.is_some() => say::one_order(lang),
        Orders::All if whole && count.orders == 1 => say::only_order(lang, unsound),
        Orders::All if whole => say::all_orders(lang, orders, unsound),
        Orders::All => say::some_orders(lang, orders, unsound),
        Orders::Random(_) => say::random_orders(lang, orders, unsound),
        Orders::Depth(most) => say::few_switches(lang, orders, most, unsound),
    };
    let seconds = count.time.as_secs_f64();
    if count.orders > 1 && seconds > 0.0 {
        let rate = (count.orders + count.known + gated.checked) as f64 / seconds;
        let _ = write!(line, " · {}", say::speed(lang, grouped(rate.round() as u64)));
    }
    line
}

/// What else there is to say about the orders.
fn remarks(gate: &GatePlan, gated: &Gated, lang: Lang) -> Vec<String> {
    let count = &gated.count;
    let mut lines = Vec::new();
    if !gated.background.is_empty() {
        let texts: Vec<String> =
            gated.background.iter().map(|text| shown(text).chars().take(80).collect()).collect();
        lines.push(say::background(lang, texts.join(" · ")));
    }
    if gated.reduced {
        lines.push(say::reduced(lang, grouped(gated.checked)));
    }
    if count.shared {
        lines.push(say::shared(lang));
    }
    if count.parked > 0 {
        let patience = humantime::format_duration(gate.patience);
        lines.push(say::parked(lang, grouped(count.parked), patience));
        lines.extend(count.evidence.as_ref().map(|evidence| say::evidence(lang, evidence)));
    }
    lines
}

/// The verdict in one line, and what else there is to say.
pub(super) fn summary(
    gate: &GatePlan,
    gated: &Gated,
    why: Option<&str>,
    lang: Lang,
) -> (String, Vec<String>) {
    let mut lines = Vec::new();
    if gated.count.orders > 0 {
        lines.push(count_line(gate, gated, lang));
    }
    lines.extend(remarks(gate, gated, lang));
    let full = gated.shown.as_ref().and_then(|judged| judged.shown.as_ref());
    if let (Some(why), Ruling::Unsound) = (why, gated.ruling) {
        lines.push(say::ended_early(lang, why));
    }
    let conclusion = match (why, gated.ruling, full) {
        (_, Ruling::Unsound, Some(full)) => ruling(&full.verdict, lang),
        (Some(why), ..) => say::unknown(lang, why),
        (None, Ruling::Sound, _) => sound(gate, gated, lang),
        (None, _, Some(full)) => ruling(&full.verdict, lang),
        (None, ruling, None) => ruling_name(ruling, lang),
    };
    (conclusion, lines)
}

/// What a sound verdict says.
fn sound(gate: &GatePlan, gated: &Gated, lang: Lang) -> String {
    let orders = grouped(gated.count.orders);
    match gated.orders {
        Orders::All if gate.order.is_none() && gated.count.orders == 1 => say::sound_only(lang),
        Orders::All if gate.order.is_none() => say::sound_all(lang, orders),
        Orders::All | Orders::Random(_) | Orders::Depth(_) => say::sound_some(lang, orders),
    }
}

fn order_lines(gated: &Gated, judged: &Judged, lang: Lang, width: usize) -> String {
    let head = match gated.replayed {
        Some((same, of)) => say::shortest(lang, judged.switches(), same, of),
        None => say::order_shown(lang),
    };
    let order = written(&judged.order());
    format!(
        "\n{head}\n\n{}\n{}\n{}\n",
        columns(judged, lang, width),
        say::as_file(lang, shown(&order)),
        styled(ASIDE, say::how_to_replay(lang))
    )
}

/// A row: its number, and a cell for each buyer. If the cells do not fit side by side, the row names its buyer.
struct Table {
    text: String,
    names: Vec<String>,
    is_narrow: bool,
    lang: Lang,
}

impl Table {
    fn row(&mut self, number: &str, buyer: usize, cell: &str) {
        let before = match self.names.get(buyer) {
            Some(name) if self.is_narrow => self.named(name),
            _ => " ".repeat(WIDTH * buyer),
        };
        let _ = writeln!(self.text, "  {number:>3}  {before}{cell}");
    }

    fn named(&self, name: &str) -> String {
        format!("{name}{}", if self.lang == Lang::Zh { "：" } else { ": " })
    }

    fn cells(&mut self, cells: &[String]) {
        if self.is_narrow {
            for (name, cell) in self.names.iter().zip(cells) {
                let _ = writeln!(self.text, "       {}{cell}", self.named(name));
            }
            return;
        }
        let mut line = String::new();
        for cell in cells.iter().take(self.names.len()) {
            let gap = WIDTH.saturating_sub(cell.width());
            line.push_str(cell);
            line.push_str(&" ".repeat(gap));
        }
        let _ = writeln!(self.text, "       {}", line.trim_end());
    }
}

/// The purchases as columns, statement by statement.
fn columns(judged: &Judged, lang: Lang, width: usize) -> String {
    let made = &judged.ran.heat.made;
    let names: Vec<String> = made.iter().map(|made| say::buyer(lang, made.buyer)).collect();
    let is_narrow = 7 + WIDTH * names.len() > width;
    let mut table = Table { text: String::new(), names: names.clone(), is_narrow, lang };
    if !is_narrow {
        table.cells(&names);
    }
    let taken = &judged.ran.taken;
    for (place, step) in taken.iter().enumerate().take(MOST_STEPS) {
        let buyer = step.choice.step.buyer.saturating_sub(1) as usize;
        let name = &step.choice.step.name;
        let what = match step.waited_for.as_slice() {
            [] => format!("{name} → {}", saw(step, lang)),
            whom => format!("{name} {}", waits(whom, lang)),
        };
        table.row(&(place + 1).to_string(), buyer, &shown(&what));
        for woken in taken.iter().filter(|other| other.woken_by == Some(place)) {
            let buyer = woken.choice.step.buyer.saturating_sub(1) as usize;
            let what = format!("{} {}", woken.choice.step.name, say::woken(lang, saw(woken, lang)));
            table.row("", buyer, &shown(&what));
        }
    }
    if taken.len() > MOST_STEPS {
        let _ = writeln!(table.text, "       …");
    }
    table.cells(&answers(made, lang));
    table.text
}

/// Which buyer a statement waits for.
pub(super) fn waits(whom: &[u32], lang: Lang) -> String {
    let name = |buyer: &u32| if *buyer == 0 { say::others(lang) } else { buyer.to_string() };
    say::waits(lang, lang.list(&whom.iter().map(name).collect::<Vec<_>>()))
}

/// The outcomes of the purchases.
pub(super) fn answers(made: &[Made], lang: Lang) -> Vec<String> {
    let answer = |made: &Made| match &made.ended {
        Ended::Judged(Answer::Outcome(outcome)) => outcome_name(*outcome, lang),
        Ended::Judged(Answer::Unmatched) => "?".to_owned(),
        Ended::Broken(why) => shown(&why.to_string()).into_owned(),
        Ended::Stalled => "…".to_owned(),
    };
    made.iter().map(answer).collect()
}

/// The answer to a statement, in short.
pub(super) fn saw(step: &RanStep, lang: Lang) -> String {
    let saw = &step.saw;
    if let Some((code, said)) = &saw.error {
        let said: String = said.chars().take(60).collect();
        return format!("{code} {said}");
    }
    match (saw.rows, &saw.first) {
        (1, Some(first)) => say::row(lang, first),
        (rows @ 2.., Some(first)) => say::rows_first(lang, grouped(rows), first),
        _ if saw.done.iter().all(|done| done.starts_with("SELECT")) => say::rows(lang, saw.rows),
        _ => saw.done.join(", "),
    }
}

fn verdict_line(gate: &GatePlan, gated: &Gated, why: Option<&str>, lang: Lang) -> String {
    let mut text = String::new();
    if let Some(why) = why {
        // What was found stays found.
        let line = match gated.ruling {
            Ruling::Unsound => say::ended_early(lang, why),
            Ruling::Sound | Ruling::Unknown => say::unknown(lang, why),
        };
        let _ = writeln!(text, "{}", styled(ODD.bold(), line));
    } else if gated.ruling == Ruling::Sound && gate.order.is_none() {
        let _ = writeln!(text, "{}", styled(GOOD.bold(), sound(gate, gated, lang)));
        if matches!(gated.orders, Orders::Random(_)) {
            let judged = u32::try_from(gated.count.orders).unwrap_or(u32::MAX);
            let (_, high) = Rate::new(0, judged).percent();
            let _ = writeln!(text, "{}", say::bound(lang, high));
        }
    }
    text
}

/// Why it could not be judged. Trouble at the target is said in English here.
#[must_use]
pub fn why_line(why: &Why, gated: &Gated, lang: Lang) -> String {
    let or_nothing = |text: &str| if text.is_empty() { say::nothing(lang) } else { shown(text).into_owned() };
    match why {
        Why::Interrupted => say::interrupted(lang),
        Why::Target(trouble) => shown(&trouble.to_string()).into_owned(),
        Why::Wire(what) => shown(what).into_owned(),
        Why::NothingCame => {
            let here: Vec<String> = gated.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
            say::nothing_came(lang, lang.list(&here))
        }
        Why::Differs { step, expected, held } => {
            say::differs(lang, step, or_nothing(expected), or_nothing(held))
        }
        Why::Unsteady { one, other } => say::unsteady(lang, shown(one), shown(other)),
        Why::Ambiguous { statement, buyers } => {
            let buyers: Vec<String> = buyers.iter().map(ToString::to_string).collect();
            let statement: String = shown(statement).chars().take(120).collect();
            say::ambiguous(lang, statement, lang.list(&buyers))
        }
        Why::Closed(statement) => say::closed(lang, shown(statement)),
        Why::Lost(statement) => say::lost(lang, shown(statement)),
        Why::NoSession(step) => say::no_session(lang, shown(step)),
        Why::Stuck { waiting, parked } => {
            let waiting = waiting.iter().map(|step| shown(step).into_owned());
            let what: Vec<String> =
                waiting.chain(parked.iter().map(|buyer| say::silent(lang, buyer))).collect();
            say::stuck(lang, what.join(lang.signs()[2]))
        }
        Why::Strangers => say::strangers(lang),
        Why::NoEnd(count) => say::no_end(lang, count),
        Why::Budget(orders) => say::budget(lang, grouped(*orders)),
        Why::Unjudged(orders) => say::unjudged(lang, grouped(*orders)),
    }
}

/// Whether the result is the expected one.
#[must_use]
pub fn expectation(expected: Ruling, gated: &Gated, lang: Lang) -> String {
    let is = ruling_name(gated.ruling, lang);
    let line = if expected == gated.ruling {
        styled(GOOD.bold(), say::as_expected(lang, is)).to_string()
    } else {
        styled(BAD.bold(), say::expected(lang, ruling_name(expected, lang), is)).to_string()
    };
    format!("{line}\n")
}
