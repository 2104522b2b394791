//! The page: histories and their verdicts as one HTML file that needs nothing else, not even a
//! network. Usually it has one history; several stand one above the other, on one time scale.
//!
//! Texts and numbers (ruling, ledger, plan, evidence, and for small histories a table of the purchases) are
//! filled in here, in both languages, so that they need no script. The picture is drawn by `page/*.js` from
//! the purchases, which travel as the stream of `columns.rs` and a JSON document beside it. Strings
//! of a history are untrusted: they enter the markup through askama's escaping and the JSON through a
//! filter that leaves no `<` in it, the script puts them into text nodes only, and the page's content
//! security policy forbids any request.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use askama::Template;

use super::both::{Both, tag};
use super::columns::Columns;
use super::data::Data;
use super::heading::{Figure, command_parts, facts, figures, host_facts, ruling_sentence, title, unjudged};
use super::lanes::{Extent, lanes};
use super::rows::{LatencyRow, Row, latency, rows};
use super::shown::{Shown, shown};
use super::transaction::Transactions;
use crate::history::{History, Outcome, Purchase, write_whole};
use crate::lang::{Lang, Noun, page as say};
use crate::report::{hosts, words};
use crate::verdict::{Ruling, Verdict, sold_again};

/// The page's files, embedded. Those for a run form one function, which is called for each run.
const STYLE: &str = include_str!("page.css");
const SHARED: [&str; 1] = [include_str!("shared.js")];
const SCRIPTS: [&str; 8] = [
    include_str!("data.js"),
    include_str!("stock.js"),
    include_str!("draw.js"),
    include_str!("anomalies.js"),
    include_str!("view.js"),
    include_str!("moment.js"),
    include_str!("panels.js"),
    include_str!("hands.js"),
];
const PLAYBACK: &str = include_str!("play.js");

/// The whole page of histories, in the order in which they stand on it.
///
/// # Errors
/// When the template can't be filled: a defect of this program.
pub fn page(runs: &[(&History, &Verdict)], lang: Lang) -> io::Result<String> {
    let drawn: Vec<Drawn<'_>> = runs.iter().map(|(history, verdict)| Drawn::of(history, verdict)).collect();
    let titles = |lang: Lang| {
        let of = |run: &Drawn<'_>| {
            format!("{}: {}", run.title.get(lang), Both::named(ruling_name(run.verdict.ruling)).get(lang))
        };
        drawn.iter().map(of).collect::<Vec<_>>().join(" | ")
    };
    let page = Page {
        tag: tag(lang),
        title: titles(lang),
        titles: [titles(Lang::En), titles(Lang::Zh)],
        style: STYLE,
        shared: SHARED,
        scripts: SCRIPTS,
        playback: PLAYBACK,
        texts: say::table().iter().map(|(name, en, zh)| (*name, [*en, *zh])).collect(),
        runs: drawn.iter().zip(1..).map(|(drawn, number)| drawn.run(number, runs.len() > 1)).collect(),
    };
    page.render().map_err(io::Error::other)
}

/// Writes the page of histories to a file.
///
/// # Errors
/// When the system reports an error.
pub fn write(
    runs: &[(&History, &Verdict)],
    lang: Lang,
    path: &Path,
    interrupted: &AtomicBool,
) -> io::Result<()> {
    let page = page(runs, lang)?;
    write_whole(path, interrupted, |file| file.write_all(page.as_bytes()))
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    tag: &'static str,
    title: String,
    /// What the window is called, in both languages.
    titles: [String; 2],
    style: &'static str,
    shared: [&'static str; 1],
    scripts: [&'static str; 8],
    playback: &'static str,
    texts: Texts,
    runs: Vec<Run<'a>>,
}

impl Page<'_> {
    /// A text of the table, in both languages.
    fn t(&self, name: &str) -> Both {
        Both::named(name)
    }

    /// The headings of the table.
    fn columns(&self) -> [Both; 9] {
        COLUMNS.map(Both::named)
    }
}

/// The table of texts, as the script takes it.
type Texts = BTreeMap<&'static str, [&'static str; 2]>;

/// The headings of the table.
const COLUMNS: [&str; 9] = [
    "col_buyer",
    "col_process",
    "col_outcome",
    "col_stock",
    "col_called",
    "col_waited",
    "col_held",
    "col_took",
    "col_why",
];

/// One history on the page.
struct Run<'a> {
    /// The end of the ids of its elements: empty for the first.
    suffix: String,
    ruling: Ruling,
    ruling_name: &'static str,
    title: &'a Both,
    ruling_sentence: Both,
    figures: Vec<Figure>,
    facts: Vec<Both>,
    /// Each host's name, and what is said of it.
    hosts: Vec<(String, Both)>,
    /// What the hosts' clocks leave open.
    clocks: Vec<Both>,
    /// The command that repeats it, in parts that a line break must not divide.
    command: Vec<String>,
    legend: Legend,
    anomalies: &'a [Shown],
    /// The mishaps.
    mishaps: Vec<Both>,
    /// Whether its anomalies stand beside the picture. If not, they stand below it, so that all pictures have one time scale.
    beside: bool,
    unjudged: Vec<Both>,
    latency: Vec<LatencyRow>,
    rows: Option<Vec<Row>>,
    purchases: Both,
    data: Data<'a>,
    stream: &'a str,
}

/// A history, and what is drawn of it.
struct Drawn<'a> {
    history: &'a History,
    verdict: &'a Verdict,
    lanes: Vec<super::lanes::Lane>,
    extent: Extent,
    again: Vec<bool>,
    columns: Columns,
    shown: Vec<Shown>,
    title: Both,
}

impl<'a> Drawn<'a> {
    fn of(history: &'a History, verdict: &'a Verdict) -> Self {
        let lanes = lanes(history);
        let extent = Extent::of(history);
        let again = sold_again(history, verdict);
        let columns = Columns::of(history, &lanes, extent.from_ns, &again);
        let title = Both::of(|lang| title(history, &lanes, lang));
        Self { shown: shown(history, verdict), history, verdict, lanes, extent, again, columns, title }
    }

    fn run(&'a self, number: usize, several: bool) -> Run<'a> {
        let Self { history, verdict, lanes, extent, again, columns, shown, title } = self;
        let command = crate::report::replay::command(history);
        Run {
            suffix: if number == 1 { String::new() } else { format!("-{number}") },
            ruling: verdict.ruling,
            ruling_name: ruling_name(verdict.ruling),
            title,
            ruling_sentence: Both::of(|lang| ruling_sentence(verdict, lang)),
            figures: figures(&verdict.ledger),
            facts: history.header.plan.as_ref().map(facts).unwrap_or_default(),
            hosts: host_facts(history),
            clocks: Both::each(|lang| {
                hosts::open(history, verdict, lang).into_iter().map(|(_, sentence)| sentence).collect()
            }),
            command: command.map(|command| command_parts(&command)).unwrap_or_default(),
            legend: Legend::of(history, again),
            anomalies: shown,
            mishaps: Both::each(|lang| {
                history.header.mishaps.iter().map(|one| words::befallen(one, history, lang)).collect()
            }),
            beside: !several && !shown.is_empty(),
            unjudged: Both::each(|lang| unjudged(history, verdict, lang)),
            latency: latency(history),
            rows: rows(history, *extent, again),
            purchases: Both::of(|lang| {
                say::as_a_table(lang, lang.count(history.purchases.len() as u64, Noun::Purchase))
            }),
            data: Data::new(history, verdict, lanes, *extent, columns, shown),
            stream: &columns.base64,
        }
    }
}

const fn ruling_name(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Sound => "ruling_sound",
        Ruling::Unsound => "ruling_unsound",
        Ruling::Unknown => "ruling_unknown",
    }
}

/// What the legend of the picture has to explain.
#[derive(Default)]
struct Legend {
    lock: bool,
    steps: bool,
    empties: bool,
    /// Whether the read locks the row.
    row_lock: bool,
    transactions: bool,
    tries: bool,
    again: bool,
    unrecorded: bool,
    /// Whether hosts' clocks may be wrong, and whether a host was lost.
    clock_error: bool,
    lost: bool,
    /// Class, pattern, sign and name of each outcome that occurs.
    outcomes: Vec<(&'static str, &'static str, &'static str, &'static str)>,
}

impl Legend {
    fn of(history: &History, again: &[bool]) -> Self {
        let transactions = Transactions::of(history);
        let any = |test: fn(&Purchase) -> bool| history.purchases.iter().any(test);
        let occurs = |outcome| history.purchases.iter().any(|purchase| purchase.outcome == outcome);
        let name = |outcome: Outcome| match outcome {
            Outcome::Bought => ("bought", "", "✓", "outcome_bought"),
            Outcome::Refused => ("refused", "stripes", "✕", "outcome_refused"),
            Outcome::Failed => ("failed", "dots", "!", "outcome_failed"),
            Outcome::Unknown => ("unknown", "open", "?", "outcome_unknown"),
            Outcome::Returned => ("returned", "waves", "↩", "outcome_returned"),
            Outcome::Read => ("read", "", "○", "outcome_read"),
        };
        Self {
            lock: any(|purchase| purchase.steps.get().locked_ns.is_some()),
            steps: any(|purchase| purchase.read_and_write_ns().is_some()),
            empties: any(|purchase| purchase.steps.get().truncated_ns.is_some()),
            row_lock: transactions.is_some_and(|known| known.row_lock),
            transactions: transactions.is_some(),
            tries: any(|purchase| purchase.tries.get().count > 1),
            again: again.contains(&true),
            unrecorded: super::data::unrecorded(history) > 0,
            clock_error: history.header.hosts.iter().any(|host| host.error_ns > 0),
            lost: history.header.hosts.iter().any(|host| host.lost_ns.is_some()),
            outcomes: Outcome::ALL.iter().copied().filter(|o| occurs(*o)).map(name).collect(),
        }
    }
}
