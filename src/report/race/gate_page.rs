//! The page of a gated race: the order that is shown, its purchases as columns, with the texts of the statements. It
//! needs nothing else, and has no script.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use askama::Template;

use super::gate::{answers, saw, summary};
use crate::foreign::shown;
use crate::history::write_whole;
use crate::lang::{Lang, gate as say};
use crate::race::gate::plan::GatePlan;
use crate::race::gate::step::written;
use crate::race::gate::{Gated, RanStep};
use crate::race::plan::RacePlan;
use crate::verdict::Ruling;

/// How much of a statement is shown, in characters.
const MOST_TEXT: usize = 400;

#[derive(Template)]
#[template(path = "gate.html")]
struct Page {
    lang: &'static str,
    ruling: Ruling,
    conclusion: String,
    target: String,
    databases: String,
    lines: Vec<String>,
    buyers: Vec<String>,
    rows: Vec<Row>,
    ends: Vec<String>,
    order: String,
}

struct Row {
    number: String,
    cells: Vec<Option<Cell>>,
}

#[derive(Clone)]
struct Cell {
    name: String,
    saw: String,
    class: &'static str,
    text: String,
}

/// Writes the page to a file. `why` says in the reader's language why it could not be judged.
///
/// # Errors
/// When the system reports an error.
pub fn write(
    plan: &RacePlan,
    gate: &GatePlan,
    gated: &Gated,
    why: Option<&str>,
    lang: Lang,
    path: &Path,
    interrupted: &AtomicBool,
) -> io::Result<()> {
    let (conclusion, lines) = summary(gate, gated, why, lang);
    let made = gated.shown.as_ref().map(|judged| judged.ran.heat.made.as_slice()).unwrap_or_default();
    let page = Page {
        lang: match lang {
            Lang::En => "en",
            Lang::Zh => "zh",
        },
        ruling: gated.ruling,
        conclusion,
        target: shown(&plan.target.shown()).into_owned(),
        databases: gate.databases.iter().map(ToString::to_string).collect::<Vec<_>>().join(" · "),
        lines,
        buyers: made.iter().map(|made| say::buyer(lang, made.buyer)).collect(),
        rows: rows(gated, lang),
        ends: answers(made, lang),
        order: gated.shown.as_ref().map(|judged| written(&judged.order())).unwrap_or_default(),
    };
    let page = page.render().map_err(io::Error::other)?;
    write_whole(path, interrupted, |file| file.write_all(page.as_bytes()))
}

fn rows(gated: &Gated, lang: Lang) -> Vec<Row> {
    let Some(judged) = &gated.shown else { return Vec::new() };
    let taken = &judged.ran.taken;
    let width = judged.ran.heat.made.len();
    let row = |number: String, step: &RanStep, cell: Cell| {
        let mut cells = vec![None; width];
        if let Some(place) = cells.get_mut(step.choice.step.buyer.saturating_sub(1) as usize) {
            *place = Some(cell);
        }
        Row { number, cells }
    };
    let answered = |step: &RanStep| if step.saw.error.is_some() { "error" } else { "saw" };
    let mut rows = Vec::new();
    for (place, step) in taken.iter().enumerate() {
        let text: String = shown(&step.text).chars().take(MOST_TEXT).collect();
        let name = step.choice.step.name.clone();
        let (saw_text, class) = match step.waited_for.as_slice() {
            [] => (saw(step, lang), answered(step)),
            whom => (super::gate::waits(whom, lang), "waits"),
        };
        rows.push(row((place + 1).to_string(), step, Cell { name, saw: saw_text, class, text }));
        for woken in taken.iter().filter(|other| other.woken_by == Some(place)) {
            let class = if woken.saw.error.is_some() { "error" } else { "woken" };
            let (name, saw) = (woken.choice.step.name.clone(), say::woken(lang, saw(woken, lang)));
            rows.push(row(String::new(), woken, Cell { name, saw, class, text: String::new() }));
        }
    }
    rows
}
