//! The page: a history and its verdict as one HTML file that needs nothing else, no network least of
//! all.
//!
//! What is read (ruling, ledger, plan, evidence, and for small histories a table of the purchases) is
//! filled in here, so that it stands without a script. The picture is drawn by `page/*.js` from the
//! purchases, which travel as the stream of `columns.rs` and a JSON document beside it. Strings
//! of a history are untrusted: they enter the markup through askama's escaping and the JSON through a
//! filter that leaves no `<` in it, the script puts them into text nodes only, and the page's content
//! security policy forbids any request.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use askama::Template;
use serde::Serialize;

use super::columns::Columns;
use super::connectors::{Piece, pieces};
use super::lanes::{Extent, Lane, buyer_name, lanes};
use crate::fault::FaultKind;
use crate::foreign;
use crate::history::{Befallen, History, Outcome, Purchase, write_whole};
use crate::lang::Lang;
use crate::plan::{FilePlan, Plan, StorePlan};
use crate::protocol::StoreKind;
use crate::protocol::file::Lock;
use crate::report::figures::Latency;
use crate::report::words::{self, grouped, grouped_stock, span};
use crate::stock::Stock;
use crate::verdict::{Anomaly, Ledger, MOST_EVIDENCE, Ruling, Verdict};

/// The most purchases that the page lists in a table too.
pub const MOST_ROWS: usize = 200;

const LANG: Lang = Lang::En;

/// The page's files, embedded.
const STYLE: &str = include_str!("page.css");
const SCRIPTS: [&str; 6] = [
    include_str!("data.js"),
    include_str!("stock.js"),
    include_str!("draw.js"),
    include_str!("anomalies.js"),
    include_str!("view.js"),
    include_str!("panels.js"),
];

/// The whole page of a history.
///
/// # Errors
/// When the template can't be filled: a defect, not the history's fault.
pub fn page(history: &History, verdict: &Verdict) -> io::Result<String> {
    let lanes = lanes(history);
    let extent = Extent::of(history);
    let columns = Columns::of(history, &lanes, extent.from_ns);
    let shown = shown(history, verdict);
    let page = Page {
        title: title(history, &lanes),
        style: STYLE,
        scripts: SCRIPTS,
        ruling: verdict.ruling,
        ruling_sentence: ruling_sentence(verdict),
        figures: figures(&verdict.ledger),
        facts: history.header.plan.as_ref().map(facts).unwrap_or_default(),
        command: crate::report::replay::command(history)
            .map(|command| command_parts(&command))
            .unwrap_or_default(),
        legend: Legend::of(history),
        unjudged: unjudged(history, verdict),
        latency: latency(history),
        rows: rows(history, extent),
        purchases: grouped(history.purchases.len() as u64),
        data: Data::new(history, verdict, &lanes, extent, &columns, &shown),
        stream: &columns.base64,
        anomalies: &shown,
        mishaps: history.header.mishaps.iter().map(|one| words::befallen(one, history, LANG)).collect(),
    };
    page.render().map_err(io::Error::other)
}

/// Writes the page of a history to a file.
///
/// # Errors
/// When the system refuses.
pub fn write(history: &History, verdict: &Verdict, path: &Path, interrupted: &AtomicBool) -> io::Result<()> {
    let page = page(history, verdict)?;
    write_whole(path, interrupted, |file| file.write_all(page.as_bytes()))
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: String,
    style: &'static str,
    scripts: [&'static str; 6],
    ruling: Ruling,
    ruling_sentence: String,
    figures: Vec<Figure>,
    facts: Vec<String>,
    /// The command that repeats it: parts that are not to be broken over lines.
    command: Vec<String>,
    legend: Legend,
    anomalies: &'a [Shown],
    /// What befell buyers.
    mishaps: Vec<String>,
    unjudged: Vec<String>,
    latency: Vec<LatencyRow>,
    rows: Option<Vec<Row>>,
    purchases: String,
    data: Data<'a>,
    stream: &'a str,
}

/// A number of the ledger.
struct Figure {
    name: &'static str,
    value: String,
    /// What it is about, for its colour.
    class: &'static str,
}

/// An anomaly as the page lists it.
struct Shown {
    kind: &'static str,
    summary: String,
    /// With their numbers, which run through the whole list, from 0.
    pieces: Vec<Numbered>,
    /// How many more there are than pieces.
    more: Option<String>,
}

struct Numbered {
    number: usize,
    piece: Piece,
}

fn shown(history: &History, verdict: &Verdict) -> Vec<Shown> {
    let mut numbers = 0..;
    let show = |anomaly: &Anomaly| {
        let pieces = pieces(anomaly, history, LANG);
        Shown {
            kind: anomaly.kind.name(),
            summary: words::summary(anomaly, verdict.ledger_of(anomaly), history, LANG),
            more: words::evidence(anomaly, history, LANG, MOST_EVIDENCE).get(pieces.len()).cloned(),
            pieces: pieces
                .into_iter()
                .zip(&mut numbers)
                .map(|(piece, number)| Numbered { number, piece })
                .collect(),
        }
    };
    verdict.anomalies.iter().map(show).collect()
}

/// What the picture's legend has to name.
#[derive(Default)]
struct Legend {
    lock: bool,
    steps: bool,
    empties: bool,
    /// Class, pattern and words of each outcome that occurs.
    outcomes: Vec<(&'static str, &'static str, &'static str)>,
}

impl Legend {
    fn of(history: &History) -> Self {
        let any = |test: fn(&Purchase) -> bool| history.purchases.iter().any(test);
        let occurs = |outcome| history.purchases.iter().any(|purchase| purchase.outcome == outcome);
        let name = |outcome: Outcome| match outcome {
            Outcome::Bought => ("bought", "", "✓ bought"),
            Outcome::Refused => ("refused", "stripes", "✕ refused"),
            Outcome::Failed => ("failed", "dots", "! failed"),
            Outcome::Unknown => ("unknown", "open", "? no answer"),
            Outcome::Returned => ("returned", "waves", "↩ given back"),
            Outcome::Read => ("read", "", "○ looked"),
        };
        Self {
            lock: any(|purchase| purchase.steps.get().locked_ns.is_some()),
            steps: any(|purchase| purchase.read_and_write_ns().is_some()),
            empties: any(|purchase| purchase.steps.get().truncated_ns.is_some()),
            outcomes: Outcome::ALL.iter().copied().filter(|o| occurs(*o)).map(name).collect(),
        }
    }
}

struct LatencyRow {
    name: &'static str,
    about: &'static str,
    /// Which part of the purchases took no longer, and than what.
    cells: [(&'static str, String); 4],
}

/// A purchase in the table.
struct Row {
    buyer: String,
    pid: String,
    outcome: Outcome,
    stock: String,
    called: String,
    waited: String,
    held: String,
    took: String,
    note: String,
}

/// What the script needs beside the stream. Numbers beyond 2⁵³ travel as strings.
#[derive(Serialize)]
struct Data<'a> {
    count: usize,
    span_ns: u64,
    initial: Option<Stock>,
    remaining: Option<Stock>,
    outcomes: Vec<&'static str>,
    faults: Vec<&'static str>,
    /// Whether there are several items, each with a stock of its own.
    several: bool,
    /// The files that lines stand in, where there are several.
    files: Vec<&'a str>,
    lane_buyers: Vec<String>,
    lane_tracks: Vec<u32>,
    torn: Vec<(u32, String)>,
    left_torn: Option<Cow<'a, str>>,
    sound: bool,
    pieces: Vec<PieceData<'a>>,
    /// What befell buyers: on which lane, by which letter, when, and until when.
    mishaps: Vec<(usize, &'static str, u64, Option<u64>)>,
}

#[derive(Serialize)]
struct PieceData<'a> {
    kind: &'static str,
    sentence: &'a str,
    purchases: Vec<u32>,
    /// From purchase and moment to purchase and moment.
    connector: Option<(u32, u64, u32, u64)>,
    window: Option<(u64, u64)>,
}

impl<'a> Data<'a> {
    fn new(
        history: &'a History,
        verdict: &Verdict,
        lanes: &[Lane],
        extent: Extent,
        columns: &Columns,
        shown: &'a [Shown],
    ) -> Self {
        let rank = |place: u32| columns.rank[place as usize];
        let since = |ns: u64| ns.saturating_sub(extent.from_ns);
        let piece = |kind, piece: &'a Piece| PieceData {
            kind,
            sentence: &piece.sentence,
            purchases: piece.places.iter().map(|place| rank(*place)).collect(),
            connector: piece.connector.map(|c| (rank(c.from), since(c.from_ns), rank(c.to), since(c.to_ns))),
            window: piece.window_ns.map(|(from_ns, until_ns)| (since(from_ns), since(until_ns))),
        };
        let torn = |(purchase, place): (&Purchase, u32)| {
            Some((rank(place), words::torn_text(purchase.torn.as_ref()?, LANG)))
        };
        let mishap = |one: &Befallen| {
            let lane = lanes.iter().position(|lane| lane.buyer == one.buyer)?;
            Some((lane, one.mishap.letter().name(), since(one.at_ns), one.until_ns.map(since)))
        };
        let pieces_of =
            |shown: &'a Shown| shown.pieces.iter().map(move |numbered| piece(shown.kind, &numbered.piece));
        Self {
            count: history.purchases.len(),
            span_ns: extent.length_ns(),
            initial: history.header.initial.or(verdict.ledger.initial),
            several: verdict.items.len() > 1,
            remaining: history.header.remaining,
            outcomes: Outcome::ALL.iter().map(|outcome| outcome.name()).collect(),
            faults: FaultKind::ALL.iter().map(|fault| fault.name()).collect(),
            files: history.header.parts.iter().map(|part| part.name.as_str()).collect(),
            lane_buyers: lanes.iter().map(|lane| buyer_name(history, lane.buyer)).collect(),
            lane_tracks: lanes.iter().map(|lane| lane.track).collect(),
            torn: history.purchases.iter().zip(0..).filter_map(torn).collect(),
            left_torn: history.header.left_torn.as_deref().map(foreign::shown),
            sound: verdict.ruling == Ruling::Sound,
            pieces: shown.iter().flat_map(pieces_of).collect(),
            mishaps: history.header.mishaps.iter().filter_map(mishap).collect(),
        }
    }
}

fn title(history: &History, lanes: &[Lane]) -> String {
    let many =
        |count: u64, one: &str| format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" });
    let Some(plan) = &history.header.plan else {
        let buyers = lanes.iter().filter(|lane| lane.track == 0).count();
        let purchases = history.purchases.len();
        return format!("{}, {}", many(buyers as u64, "buyer"), many(purchases as u64, "purchase"));
    };
    let tickets = plan.tickets.or(history.header.initial);
    let lock = match &plan.store {
        StorePlan::File(file) if file.sale.lock == Lock::None => "no lock".to_owned(),
        StorePlan::File(file) => file.sale.lock.to_string(),
        StorePlan::Sql(sql) => format!("{}, {}", sql.sale.engine.title(), sql.sale.isolation),
        StorePlan::Redis(plan) => format!("{}, lock {}", StoreKind::Redis.title(), plan.sale.lock),
    };
    let parts =
        [Some(many(u64::from(plan.buyers), "buyer")), tickets.map(|count| LANG.tickets(count)), Some(lock)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The ruling's sentence, without the ruling itself, which stands beside it.
fn ruling_sentence(verdict: &Verdict) -> String {
    let sentence = words::ruling(verdict, LANG);
    match sentence.split_once(": ") {
        Some((ruling, rest)) if ruling.eq_ignore_ascii_case(verdict.ruling.name()) => {
            let (first, rest) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
            first.to_uppercase() + rest
        }
        _ => sentence,
    }
}

/// What could not be judged, and what of the file was not whole.
fn unjudged(history: &History, verdict: &Verdict) -> Vec<String> {
    let cut_short = crate::report::check::cut_short(history, LANG);
    let reasons = verdict.unjudged.iter().map(|reason| words::unjudged(reason, history, LANG));
    cut_short.into_iter().chain(reasons).collect()
}

/// The command that repeats it, in the parts that a line is not broken in: each option with its value.
fn command_parts(command: &str) -> Vec<String> {
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

fn figures(ledger: &Ledger) -> Vec<Figure> {
    let known = |stock: Option<Stock>| stock.map_or_else(|| "?".to_owned(), grouped_stock);
    let mut figures = Vec::new();
    let mut say = |name, value, class| figures.push(Figure { name, value, class });
    say("tickets at the start", known(ledger.initial), "");
    say("receipts", grouped(ledger.receipts), "bought");
    say("refused", grouped(ledger.refused), "refused");
    for (name, count) in [("failed", ledger.failed), ("without an answer", ledger.unanswered)] {
        if count > 0 {
            say(name, grouped(count), "failed");
        }
    }
    say("tickets left", known(ledger.remaining), "");
    if ledger.outside_sales > 0 {
        say("sold by others", grouped(ledger.outside_sales), "");
    }
    if ledger.restocked > 0 {
        say("put on sale by others", grouped(ledger.restocked), "");
    }
    say("oversold", grouped(ledger.oversold), if ledger.oversold > 0 { "anomaly" } else { "" });
    figures
}

/// The plan, a fact a piece.
fn facts(plan: &Plan) -> Vec<String> {
    let duration = |ns| humantime::format_duration(Duration::from_nanos(ns)).to_string();
    let mut facts = vec![format!("{} workers", plan.workers)];
    match &plan.store {
        StorePlan::File(FilePlan { sale, .. }) => {
            facts.push(match sale.lock {
                Lock::None => "no lock".to_owned(),
                lock => format!("{lock} on the {}", sale.lock_on),
            });
            facts.push(format!("write: {}{}", sale.write, if sale.fsync { ", fsync" } else { "" }));
        }
        StorePlan::Sql(sql) => {
            facts.push(format!("{}, isolation {}", sql.sale.engine.title(), sql.sale.isolation));
            facts.push(format!("steps: {}", sql.sale.protocol()));
        }
        StorePlan::Redis(plan) => {
            facts.push(words::lease(&plan.sale, LANG));
            facts.push(format!("steps: {}", plan.sale.protocol()));
        }
    }
    facts.push(match plan.per_buyer {
        crate::plan::PerBuyer::All => "until refused".to_owned(),
        count => format!("{count} a buyer"),
    });
    facts.push(format!("think {} ± {} %", duration(plan.pace.think_ns), plan.pace.jitter * 100.0));
    facts.extend(plan.mishaps.iter().map(ToString::to_string));
    facts.extend(plan.lock_timeout_ns().map(|ns| format!("lock timeout {}", duration(ns))));
    facts.push(format!("seed {}", plan.pace.seed));
    facts
}

fn latency(history: &History) -> Vec<LatencyRow> {
    let latency = Latency::of(history);
    let row = |name, about, figures: crate::report::figures::Percentiles| LatencyRow {
        name,
        about,
        cells: [
            ("half within", figures.p50),
            ("90 %", figures.p90),
            ("99 %", figures.p99),
            ("longest", figures.max),
        ]
        .map(|(part, ns)| (part, span(ns))),
    };
    let rows = [
        (row("wait", "from the call until the lock was granted", latency.wait), latency.wait.max),
        (row("hold", "from the grant until the lock was let go", latency.hold), latency.hold.max),
        (row("purchase", "from the call to the return", latency.purchase), latency.purchase.max),
    ];
    // Nothing to measure: there was no lock, or nobody returned.
    rows.into_iter().filter(|(_, max)| *max > 0).map(|(row, _)| row).collect()
}

/// The purchases as a table, unless there are too many.
fn rows(history: &History, extent: Extent) -> Option<Vec<Row>> {
    if history.purchases.len() > MOST_ROWS {
        return None;
    }
    let mut purchases: Vec<&Purchase> = history.purchases.iter().collect();
    purchases.sort_by_key(|purchase| purchase.invoke_ns);
    Some(purchases.into_iter().map(|purchase| row(history, purchase, extent)).collect())
}

/// What a purchase saw, and what it was sold from where that is not the same.
fn stock_cell(purchase: &Purchase) -> String {
    let said = |stock: Option<Stock>| stock.map(grouped_stock).unwrap_or_default();
    match (purchase.seen.get(), purchase.sold_from.get()) {
        (seen, sold_from) if seen == sold_from => said(seen),
        (seen, None) => said(seen),
        (None, sold_from) => format!("– (sold from {})", said(sold_from)),
        (seen, sold_from) => format!("{} (sold from {})", said(seen), said(sold_from)),
    }
}

fn row(history: &History, purchase: &Purchase, extent: Extent) -> Row {
    let between = |from_ns: Option<u64>, until_ns: Option<u64>| {
        let length = until_ns.zip(from_ns).and_then(|(until_ns, from_ns)| until_ns.checked_sub(from_ns));
        length.map(span).unwrap_or_default()
    };
    let steps = purchase.steps.get();
    Row {
        buyer: buyer_name(history, purchase.buyer),
        pid: purchase.pid.get().map(|pid| pid.to_string()).unwrap_or_default(),
        outcome: purchase.outcome,
        stock: stock_cell(purchase),
        called: span(purchase.invoke_ns - extent.from_ns),
        waited: between(Some(purchase.invoke_ns), steps.locked_ns),
        held: between(steps.locked_ns, steps.unlocked_ns),
        took: between(Some(purchase.invoke_ns), purchase.return_ns.get()),
        note: words::fault(purchase, LANG).unwrap_or_default(),
    }
}
