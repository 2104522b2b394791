//! An exploration for people: what was explored, a row for each way to end, the ruling, what to try
//! next.

use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use num_traits::Zero as _;
use unicode_width::UnicodeWidthStr as _;

use super::chance::{SHORT_FRACTION, amount, decimal, exact_and_decimal, percent, sign};
use super::kills::Kills;
use super::{census_summary, leaves_out, sample_summary, schedules};
use crate::explore::{
    Census, Counting, Drawn, End, Found, Sample, Scheduler, Setting, Stopped, Waited, rehearsal,
};
use crate::lang::{Lang, Noun, explore as say, run as say_run};
use crate::plan::Exclusion;
use crate::protocol::file::{FileChoices, Lock};
use crate::protocol::{Allowed, Choices, Mishap, StoreKind};
use crate::report::documented::demonstration;
use crate::report::text::{ASIDE, BAD, GOOD, LOUD, ODD, styled};
use crate::report::words::{self, anomaly_name, grouped, grouped_stock};
use crate::schedule::Schedule;
use crate::verdict::Ruling;

/// A witness of up to this length stands in its row of the table.
const SHORT_WITNESS: usize = 36;
/// Of a witness that is longer than this (40 buyers with three steps each), only the beginning is shown.
const LONG_WITNESS: usize = 480;
/// A fraction that is longer than this is shown only in the JSON.
const LONG_FRACTION: usize = 160;

/// A census, for people, `width` columns wide; `spared` is the same census without kills.
#[must_use]
pub fn census_text(
    setting: &Setting,
    census: &Census,
    spared: Option<&Census>,
    lang: Lang,
    width: usize,
) -> String {
    let mut text = format!("{}\n", setting_line(setting, lang));
    let (count, states) = (schedules(&census.schedules, lang), grouped(census.states));
    let counted = match census.partial.as_ref().map(|covered| covered.stopped) {
        None => say::counted(lang, count, states),
        Some(Stopped::Told) => say::told_to_stop(lang, states),
        Some(Stopped::Bound) => say::stopped(lang, states),
        Some(Stopped::Endless) => say::endless(lang, states),
    };
    let _ = writeln!(text, "{}\n", styled(ASIDE, counted));
    let rows: Vec<Row<'_>> = census.found.iter().map(|found| Row::counted(setting, found, lang)).collect();
    text.push_str(&table(&rows, [say::schedules_heading(lang), say::probability(lang)], lang, width));
    let ruling = census.ruling();
    let _ = writeln!(text, "{}", styled(style(ruling).bold(), census_summary(census, lang)));
    if let Some(covered) = &census.partial {
        let covered = if census.schedules.is_zero() {
            say::covered_none(lang, covered.steps)
        } else {
            let probability = exact_and_decimal(&covered.probability);
            say::covered(lang, covered.steps, schedules(&census.schedules, lang), probability)
        };
        let _ = writeln!(text, "{covered}");
    }
    if let Some(kills) = spared.map(|spared| Kills::of(census, spared)) {
        let _ = writeln!(text, "{}", kills.words(lang));
    }
    let worst = census.found.first().map(|found| (&found.end, &found.witness));
    text.push_str(&aside(setting, ruling, worst, lang));
    if census.partial.as_ref().is_some_and(|covered| covered.stopped == Stopped::Bound) {
        let more = census.states.saturating_mul(10);
        let sample = format!("{} --sample 10000", setting.command());
        let _ = writeln!(text, "\n{}", say::raise_bound(lang, more, sample));
    }
    text
}

/// A sample, for people, `width` columns wide.
#[must_use]
pub fn sample_text(setting: &Setting, sample: &Sample, lang: Lang, width: usize) -> String {
    let mut text = format!("{}\n", setting_line(setting, lang));
    let sampling = sample.sampling;
    let draws = schedules(&sampling.draws.into(), lang);
    let drawn = match sampling.scheduler {
        Scheduler::Uniform => say::drawn_evenly(lang, draws, sampling.seed),
        Scheduler::Pct { depth } => say::drawn_by_priority(lang, draws, depth, sampling.seed),
    };
    let _ = writeln!(text, "{}\n", styled(ASIDE, drawn));
    if let Some(asked) = sample.asked {
        let _ = writeln!(
            text,
            "{}\n",
            styled(ODD, say::draws_interrupted(lang, grouped(sampling.draws), grouped(asked)))
        );
    }
    let rows: Vec<Row<'_>> =
        sample.drawn.iter().map(|drawn| Row::drawn(drawn, sampling.draws, lang)).collect();
    text.push_str(&table(&rows, [say::draws_heading(lang), say::share(lang)], lang, width));
    let ruling = sample.ruling();
    let _ = writeln!(text, "{}", styled(style(ruling).bold(), sample_summary(sample, lang)));
    if let (Scheduler::Pct { depth }, Some(power)) = (sampling.scheduler, sample.power(setting.buyers))
        && ruling == Ruling::Unknown
    {
        let _ = writeln!(text, "{}", say::power(lang, depth, sample.steps, percent(power)));
    }
    let worst = sample.drawn.first().map(|drawn| (&drawn.end, &drawn.witness));
    text + &aside(setting, ruling, worst, lang)
}

fn style(ruling: Ruling) -> Style {
    match ruling {
        Ruling::Sound => GOOD,
        Ruling::Unsound => BAD,
        Ruling::Unknown => ODD,
    }
}

/// What is explored, in one line, and what is wrong with its lock.
pub(super) fn setting_line(setting: &Setting, lang: Lang) -> String {
    let choices = &setting.choices;
    let (lock, mut write) = match choices.kind() {
        Some(kind) => elsewhere(kind, choices, lang),
        None => words::choices(&setting.plan().store, lang),
    };
    if let Some(each) = words::several_each(setting.per_buyer, lang) {
        write = format!("{write}{}{each}", lang.signs()[1]);
    }
    let buyers = lang.count(u64::from(setting.buyers), Noun::Buyer);
    let tickets = lang.tickets(setting.tickets);
    let line = styled(LOUD, say::setting(lang, buyers, tickets, lock, write));
    let notes = demonstration(&setting.plan(), lang).into_iter().chain(mishaps(setting, lang));
    notes.fold(line, |line, note| format!("{line}\n{}", styled(ODD, note)))
}

/// A store other than a ticket file, and what a purchase does there. The words are those of its options.
fn elsewhere(kind: StoreKind, choices: &Choices, lang: Lang) -> (String, String) {
    let comma = lang.signs()[1];
    let with_all =
        |first: String, rest: Vec<String>| rest.into_iter().fold(first, |all, one| all + comma + &one);
    let steps = choices.protocol().to_string().replace(" think", "");
    (with_all(kind.title().to_owned(), choices.settings()), with_all(steps, choices.additions()))
}

/// The mishaps that may come in a schedule, in words; empty if none may.
fn mishaps(setting: &Setting, lang: Lang) -> Option<String> {
    let words = |mishap: &Mishap| match (mishap, setting.mishaps.of(*mishap)) {
        (_, Allowed::Most(0)) => None,
        (Mishap::Expire, Allowed::Most(most)) => Some(say::expiries(lang, most)),
        (Mishap::Expire, Allowed::Any) => Some(say::any_expiries(lang)),
        (Mishap::Kill, Allowed::Most(most)) => Some(say::kills(lang, most)),
        (Mishap::Kill, Allowed::Any) => Some(say::any_kills(lang)),
        (Mishap::Pause | Mishap::GoOn, _) => None,
    };
    let words: Vec<String> = Mishap::ALL.iter().filter_map(words).collect();
    (!words.is_empty()).then(|| say::with_mishaps(lang, words.join(lang.signs()[2])))
}

/// What the model leaves out, unless a schedule speaks for itself, and what to try next. `worst` is the
/// first way to end, and its witness.
fn aside(setting: &Setting, ruling: Ruling, worst: Option<(&End, &Schedule)>, lang: Lang) -> String {
    let mut text = String::new();
    if ruling != Ruling::Unsound {
        let _ = writeln!(text, "{}", styled(ASIDE, leaves_out(setting, lang)));
    }
    let replay = worst.filter(|(end, _)| !end.is_sound());
    let replay = replay.map(|(_, witness)| {
        let is_long = witness.to_string().len() > LONG_WITNESS;
        if is_long {
            say::replay_in_json(lang)
        } else {
            say::to_replay(lang, setting.replay_command(witness))
        }
    });
    let contrast = match &setting.choices {
        Choices::File(choices) => contrast(setting, choices, ruling, lang),
        _ => None,
    };
    for (hint, place) in replay.into_iter().chain(contrast).zip(0..) {
        let gap = if place == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}{hint}");
    }
    text
}

/// What else to explore after a sale from a file.
fn contrast(setting: &Setting, choices: &FileChoices, ruling: Ruling, lang: Lang) -> Option<String> {
    let with = |lock: Lock| Setting { choices: Choices::File(choices.under(lock)), ..*setting }.command();
    let lock = choices.lock;
    match ruling {
        Ruling::Unsound if lock == Lock::None => Some(say::to_lock(lang, with(Lock::Flock))),
        Ruling::Unsound if setting.plan().exclusion() == Exclusion::NotCovered => {
            Some(say_run::how_to_cover(lang, with(lock)))
        }
        Ruling::Unsound if choices.replaces_its_lock() => Some(say::to_sidecar(lang, with(lock))),
        Ruling::Sound if choices.replaces_its_lock() => Some(say::too_few_to_show(lang)),
        Ruling::Sound if lock != Lock::None => Some(say_run::how_to_break(lang, with(Lock::None))),
        _ => None,
    }
}

/// The requests of a schedule that have to wait, in words; empty if none does.
fn waits(setting: &Setting, schedule: &Schedule, lang: Lang) -> Option<String> {
    let long = schedule.to_string().len() > LONG_WITNESS;
    let Ok(rehearsal) = rehearsal(setting, schedule) else { return None };
    let waits = rehearsal.waited.iter().map(|waited| {
        let Waited { step, holder, until, failed } = *waited;
        let by = until.and_then(|until| schedule.0.get(until - 1)).copied().unwrap_or(step);
        if failed { say::waits_and_fails(lang, step, holder, by) } else { say::waits(lang, step, holder, by) }
    });
    let waits: Vec<String> = waits.collect();
    (!waits.is_empty() && !long).then(|| waits.join(lang.signs()[2]))
}

/// One way to end, in words.
struct Row<'a> {
    end: &'a End,
    /// How many schedules or draws.
    count: String,
    /// How likely: exactly, if that is known, and how near the decimal is to it.
    fraction: Option<(String, &'static str)>,
    decimal: String,
    witness: String,
    anomalies: String,
    left: String,
    /// Which requests of the witness wait.
    waits: Option<String>,
}

impl<'a> Row<'a> {
    fn counted(setting: &Setting, found: &'a Found, lang: Lang) -> Self {
        let Found { end, schedules, probability, witness, .. } = found;
        let row = Self::new(end, amount(schedules), decimal(probability), witness, lang);
        // A whole number has no fraction to show.
        let fraction = (!probability.is_integer()).then(|| (probability.to_string(), sign(probability)));
        let waits =
            (setting.counting() == Counting::Requests).then(|| waits(setting, witness, lang)).flatten();
        Self { fraction, waits, ..row }
    }

    fn drawn(drawn: &'a Drawn, draws: u64, lang: Lang) -> Self {
        let share = percent(drawn.draws as f64 / draws as f64);
        Self::new(&drawn.end, grouped(drawn.draws), share, &drawn.witness, lang)
    }

    fn new(end: &'a End, count: String, decimal: String, witness: &Schedule, lang: Lang) -> Self {
        let names: Vec<String> = end.anomalies.iter().map(|kind| anomaly_name(*kind, lang)).collect();
        let anomalies = if names.is_empty() { say::none(lang) } else { lang.list(&names) };
        let left = end.remaining.map_or_else(|| say::torn(lang), grouped_stock);
        let mut shown = witness.to_string();
        if shown.len() > LONG_WITNESS {
            // Steps are ASCII, and some of them fit.
            shown.truncate(shown[..LONG_WITNESS / 4].rfind(' ').unwrap_or(0));
            shown = say::cut_short(lang, shown, grouped(witness.0.len() as u64));
        }
        Self { end, count, fraction: None, decimal, witness: shown, anomalies, left, waits: None }
    }

    fn is_short(&self) -> bool {
        let fraction = self.fraction.as_ref().map_or(0, |(fraction, _)| fraction.len());
        self.witness.len() <= SHORT_WITNESS && fraction <= SHORT_FRACTION
    }
}

/// What stands in the row of a way to end; the rest follows below it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// All.
    Whole,
    /// All but its fraction and its shortest schedule.
    WithoutWitness,
    /// Its anomalies stand below, too.
    FiguresAlone,
}

/// The ways to end: a row each, and below it what is too long for a row.
fn table(rows: &[Row<'_>], headings: [String; 2], lang: Lang, width: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let whole = rows.iter().all(Row::is_short).then_some(Shape::Whole);
    let shapes = whole.into_iter().chain([Shape::WithoutWitness, Shape::FiguresAlone]);
    let laid_out: Vec<(Shape, Vec<String>)> =
        shapes.map(|shape| (shape, cells(rows, &headings, lang, shape))).collect();
    let fits = |lines: &[String]| lines.iter().all(|line| line.width() < width);
    let Some((shape, lines)) = laid_out.iter().find(|(_, lines)| fits(lines)).or(laid_out.last()) else {
        return String::new();
    };
    let mut text = String::new();
    let mut lines = lines.iter();
    if let Some(heading) = lines.next() {
        let _ = writeln!(text, " {}", styled(ASIDE, heading));
    }
    for (line, row) in lines.zip(rows) {
        let style = if row.end.is_sound() { GOOD } else { BAD };
        let _ = writeln!(text, " {}", styled(style, line));
        if *shape == Shape::FiguresAlone && !row.end.is_sound() {
            let _ = writeln!(text, "      {}", styled(style, &row.anomalies));
        }
        if *shape != Shape::Whole {
            if let Some((fraction, _)) = row
                .fraction
                .as_ref()
                .filter(|(fraction, _)| (SHORT_FRACTION + 1..=LONG_FRACTION).contains(&fraction.len()))
            {
                let _ = writeln!(text, "      {fraction}");
            }
            let _ = writeln!(text, "      {}", row.witness);
        }
        if let Some(waits) = &row.waits {
            let _ = writeln!(text, "      {}", styled(ASIDE, waits));
        }
    }
    text + "\n"
}

/// The lines of the table, its heading first.
fn cells(rows: &[Row<'_>], [count, likely]: &[String; 2], lang: Lang, shape: Shape) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let failed = rows.iter().any(|row| row.end.failed > 0);
    let (names, witnesses) = (shape != Shape::FiguresAlone, shape == Shape::Whole);
    let mut headings = vec![say::receipts(lang), say::left(lang)];
    headings.extend(failed.then(|| say::failed(lang)));
    headings.extend(names.then(|| say::anomalies(lang)));
    headings.extend([count.clone(), likely.clone()]);
    headings.extend(witnesses.then(|| say::shortest(lang)));
    let places = headings.len();
    table.set_header(headings);
    for row in rows {
        let likely = match &row.fraction {
            Some((fraction, sign)) if fraction.len() <= SHORT_FRACTION => {
                format!("{fraction} {sign} {}", row.decimal)
            }
            _ => row.decimal.clone(),
        };
        let mut cells = vec![grouped(row.end.receipts), row.left.clone()];
        cells.extend(failed.then(|| grouped(row.end.failed)));
        cells.extend(names.then(|| row.anomalies.clone()));
        cells.extend([row.count.clone(), likely]);
        cells.extend(witnesses.then(|| row.witness.clone()));
        table.add_row(cells);
    }
    let counts = 2 + usize::from(failed);
    let of_count = counts + usize::from(names);
    for (column, place) in table.column_iter_mut().zip(0..places) {
        let is_number = place < counts || place == of_count;
        column.set_cell_alignment(if is_number { CellAlignment::Right } else { CellAlignment::Left });
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}
