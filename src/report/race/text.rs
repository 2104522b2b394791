//! The text of a race: what will be done, a row for each trial, the worst trial, the rate.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::rules;
use crate::foreign::shown;
use crate::lang::{Lang, Noun, race as say};
use crate::plan::PerBuyer;
use crate::race::plan::RacePlan;
use crate::race::{Raced, Shown, Strange, Trial};
use crate::report::text::{ASIDE, BAD, GOOD, LOUD, ODD, ruling, styled, verdict_lines, why_unknown};
use crate::report::words::{counted_anomaly, doubt_name, grouped, grouped_stock, outcome_name, span};
use crate::verdict::Ruling;

/// The most trials that have a row each.
pub const MOST_ROWS: u32 = 30;

/// What will be done, in one line.
#[must_use]
pub fn plan_line(plan: &RacePlan, lang: Lang) -> String {
    let buyers = lang.count(u64::from(plan.buyers), Noun::Buyer);
    let tickets = match plan.tickets {
        Some(tickets) => {
            let tickets = lang.count(tickets.max(0).unsigned_abs(), Noun::Ticket);
            // A number needs a blank before it, a word does not.
            if lang == Lang::Zh { format!(" {tickets}") } else { tickets }
        }
        None => say::tickets_as_said(lang),
    };
    let purchases = match (plan.per_buyer, plan.purchases()) {
        (PerBuyer::All, _) | (_, None) => say::purchases_open(lang),
        (_, Some(count)) => match count.saturating_mul(u64::from(plan.trials)) {
            1 => say::one_purchase(lang),
            count => say::purchases(lang, grouped(count)),
        },
    };
    let trials = match plan.trials {
        1 => say::one_trial(lang),
        trials => say::trials(lang, grouped(u64::from(trials))),
    };
    let target = plan.target.shown();
    say::plan_line(lang, buyers, tickets, shown(&target), purchases, trials)
}

/// What will be done, and by which rules: said before it begins.
#[must_use]
pub fn plan_lines(plan: &RacePlan, lang: Lang) -> String {
    let mut text = plan_line(plan, lang);
    text.push('\n');
    let rules: Vec<String> = rules(plan)
        .map(|(outcome, rule)| format!("{} {}", outcome_name(outcome, lang), shown(rule)))
        .collect();
    let rules = rules.join(lang.signs()[2]);
    let rules = if plan.usual_rules { say::usual_rules(lang, rules) } else { say::rules(lang, rules) };
    let _ = writeln!(text, "{}", styled(ASIDE, rules));
    for name in plan.unknown_variables() {
        let _ = writeln!(text, "{}", styled(ODD, say::unknown_variable(lang, name)));
    }
    if plan.stock.is_none() {
        let _ = writeln!(text, "{}", styled(ODD, say::one_book(lang)));
    }
    text
}

/// The columns of a row, the last one open.
fn columns(lang: Lang) -> [(String, usize); 9] {
    [
        (say::column_trial(lang), 5),
        (say::column_bought(lang), 6),
        (say::column_refused(lang), 7),
        (say::column_failed(lang), 6),
        (say::column_unknown(lang), 7),
        (say::column_stock(lang), 11),
        (say::column_at_once(lang), 7),
        (say::column_spread(lang), 7),
        (say::column_verdict(lang), 0),
    ]
}

/// The heading of the rows.
#[must_use]
pub fn heading(lang: Lang, width: usize) -> String {
    let columns = columns(lang);
    let mut cells = columns.each_ref().map(|(name, _)| name.clone());
    if is_narrow(width) {
        cells[columns.len() - 1].clear();
    }
    format!("\n{}\n", styled(ASIDE, row(&cells, lang, width)))
}

/// The row of a trial, `width` columns wide, and why the trial could not be finished, in the reader's language.
#[must_use]
pub fn trial_row(trial: &Trial, why: Option<&str>, lang: Lang, width: usize) -> String {
    let stock = match (trial.before, trial.after) {
        (None, None) => "-".to_owned(),
        (before, after) => {
            let said = |stock: Option<i64>| stock.map_or_else(|| "?".to_owned(), grouped_stock);
            format!("{} → {}", said(before), said(after))
        }
    };
    let (style, word) = match trial.ruling {
        Ruling::Sound => (GOOD, say::row_sound(lang)),
        Ruling::Unsound => (BAD, say::row_unsound(lang)),
        Ruling::Unknown => (ODD, say::row_unknown(lang)),
    };
    let verdict = format!("{} {}", styled(style.bold(), word), findings(trial, lang));
    let cells = [
        grouped(u64::from(trial.number)),
        grouped(trial.receipts),
        grouped(trial.refused),
        grouped(trial.failed),
        grouped(trial.unknown),
        stock,
        grouped(trial.overlap.at_once),
        span(trial.spread_ns),
        verdict.trim_end().to_owned(),
    ];
    let mut text = row(&cells, lang, width);
    text.push('\n');
    if let Some(why) = why {
        let _ = writeln!(text, "{}", styled(ODD, say::ended(lang, trial.number, shown(why))));
    }
    text
}

/// The names of what was found in a trial, and of what it could not show.
fn findings(trial: &Trial, lang: Lang) -> String {
    let mut found: Vec<String> =
        trial.anomalies.iter().map(|(kind, count)| counted_anomaly(*kind, *count, lang)).collect();
    found.extend(trial.doubts.iter().map(|doubt| doubt_name(*doubt, lang)));
    lang.list(&found)
}

/// All that the row of a trial says, without its picture: for outputs without a table.
pub(super) fn details(trial: &Trial) -> String {
    let mut text = format!(
        "{} bought, {} refused, {} failed, {} unknown; up to {} at once, spread {}",
        trial.receipts,
        trial.refused,
        trial.failed,
        trial.unknown,
        trial.overlap.at_once,
        span(trial.spread_ns)
    );
    let found =
        [Some(findings(trial, Lang::En)), trial.why.as_ref().map(ToString::to_string)].into_iter().flatten();
    for more in found.filter(|more| !more.is_empty()) {
        let _ = write!(text, "\n{more}");
    }
    text
}

/// Whether a verdict is too long to stand beside the figures. Then it stands below them.
const fn is_narrow(width: usize) -> bool {
    width < 100
}

fn row(cells: &[String; 9], lang: Lang, width: usize) -> String {
    let mut text = String::new();
    for (place, (cell, (heading, wide))) in cells.iter().zip(columns(lang)).enumerate() {
        let wide = if is_narrow(width) { wide.min(7) } else { wide };
        let width_of_cell = wide.max(heading.width());
        if place + 1 == cells.len() && is_narrow(width) && !cell.is_empty() {
            let _ = write!(text, "\n       {cell}");
        } else if place + 1 == cells.len() {
            let _ = write!(text, "  {cell}");
        } else {
            let gap = " ".repeat(width_of_cell.saturating_sub(cell.width()));
            let _ = write!(text, " {gap}{cell}");
        }
    }
    text.trim_end().to_owned()
}

/// What came of it: the worst trial with its picture, answers that no rule matches, and the rate.
#[must_use]
pub fn of_race(raced: &Raced, picture: &str, lang: Lang) -> String {
    let mut text = String::new();
    let count = raced.trials.len() as u64;
    if count > u64::from(MOST_ROWS) {
        let more = grouped(count - u64::from(MOST_ROWS));
        let _ = writeln!(text, "{}", styled(ASIDE, say::more_trials(lang, more)));
    }
    let shown_worst =
        raced.worst.as_ref().filter(|worst| count == 1 || worst.verdict.ruling != Ruling::Sound);
    if let Some(worst) = shown_worst {
        text.push_str(picture);
        text.push('\n');
        text.push_str(&release_lines(raced, worst, lang));
        if count > 1 {
            text.push_str(&lang.closed_up(say::worst(lang, worst.trial) + " "));
        }
        text.push_str(&verdict_lines(&worst.history, &worst.verdict, lang));
    }
    let all: u64 = raced.trials.iter().map(|trial| trial.unmatched).sum();
    text.push_str(&strange_lines(&raced.strange, all, lang));
    if raced.interrupted {
        let done = raced.trials.iter().filter(|trial| !trial.interrupted).count();
        let _ = writeln!(text, "\n{}", styled(ODD, say::interrupted(lang, done)));
    }
    if count > 1 {
        text.push_str(&rate_lines(raced, lang));
    }
    text
}

/// Answers that no rule matches, each with a rule that would.
pub(super) fn strange_lines(strange: &[Strange], all: u64, lang: Lang) -> String {
    let mut text = String::new();
    if strange.is_empty() {
        return text;
    }
    let _ = writeln!(text, "\n{}", styled(LOUD, say::unmatched_head(lang, grouped(all))));
    for strange in strange {
        let _ = writeln!(text, "  {} × {}", grouped(strange.count), shown(&strange.answer));
        let _ = writeln!(
            text,
            "    {}",
            styled(ASIDE, say::suggestion(lang, strange.outcome, shown(&strange.rule)))
        );
    }
    text
}

/// The verdict alone.
#[must_use]
pub fn quiet(raced: &Raced, lang: Lang) -> String {
    if raced.trials.len() > 1 {
        return rate_lines(raced, lang).trim_start().to_owned();
    }
    let of = |worst: &Shown| {
        format!("{}\n", ruling(&worst.verdict, lang)) + &why_unknown(&worst.history, &worst.verdict, lang)
    };
    raced.worst.as_ref().map_or_else(String::new, of)
}

fn release_lines(raced: &Raced, worst: &Shown, lang: Lang) -> String {
    let Some(trial) = raced.trial(worst.trial) else { return String::new() };
    let buyers = lang.count(u64::from(trial.buyers), Noun::Buyer);
    let at_once = lang.count(trial.overlap.at_once, Noun::Purchase);
    let pairs = grouped(trial.overlap.pairs);
    let line = say::released(lang, span(trial.spread_ns), at_once, pairs, buyers);
    let mut text = format!("{}\n", styled(ASIDE, line));
    for (why, count) in &trial.broken {
        let _ = writeln!(text, "{}", styled(ODD, say::broken(lang, grouped(*count), shown(why))));
    }
    if trial.late > 0 {
        let _ = writeln!(text, "{}", styled(ODD, say::late(lang, trial.late)));
    }
    if trial.early > 0 {
        let _ = writeln!(text, "{}", styled(ODD, say::early(lang, trial.early)));
    }
    text
}

fn rate_lines(raced: &Raced, lang: Lang) -> String {
    let rate = raced.rate();
    let (low, high) = rate.percent();
    let mut text = "\n".to_owned();
    if raced.ruling() == Ruling::Sound {
        let _ = writeln!(text, "{}", styled(GOOD.bold(), say::all_sound(lang, raced.trials.len())));
    }
    let line = match rate.caught {
        0 => say::rate_none(lang, rate.judged, high),
        caught => styled(BAD.bold(), say::rate(lang, caught, rate.judged, low, high)),
    };
    let _ = writeln!(text, "{line}");
    let unjudged = raced.trials.len() as u64 - u64::from(rate.judged);
    if unjudged > 0 {
        let trials = if unjudged == 1 { say::one_trial(lang) } else { say::trials(lang, grouped(unjudged)) };
        let _ = writeln!(text, "{}", styled(ODD, say::not_judged(lang, trials)));
    }
    text
}
