//! The page: a history and its verdict as one HTML file that needs nothing else, no network least of
//! all.
//!
//! What is read (ruling, ledger, plan, evidence, and for small histories a table of the purchases) is
//! filled in here, so that it stands without a script. The picture is drawn by `page/*.js` from the
//! purchases, which travel as the stream of `columns.rs` and a JSON document beside it. Strings
//! of a history are untrusted: they enter the markup through askama's escaping and the JSON through a
//! filter that leaves no `<` in it, the script puts them into text nodes only, and the page's content
//! security policy forbids any request.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use askama::Template;

use super::columns::Columns;
use super::data::Data;
use super::lanes::{Extent, Lane, buyer_name, lanes};
use super::shown::{Shown, shown};
use super::transaction::Transactions;
use crate::history::{History, Outcome, Purchase, write_whole};
use crate::lang::Lang;
use crate::plan::{FilePlan, Plan, StorePlan};
use crate::protocol::StoreKind;
use crate::protocol::file::Lock;
use crate::report::figures::Latency;
use crate::report::words::{self, grouped, grouped_stock, span};
use crate::stock::Stock;
use crate::verdict::{Ledger, Ruling, Verdict, sold_again};

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
    let again = sold_again(history, verdict);
    let columns = Columns::of(history, &lanes, extent.from_ns, &again);
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
        legend: Legend::of(history, &again),
        unjudged: unjudged(history, verdict),
        latency: latency(history),
        rows: rows(history, extent, &again),
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

/// What the picture's legend has to name.
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
    /// Class, pattern and words of each outcome that occurs.
    outcomes: Vec<(&'static str, &'static str, &'static str)>,
}

impl Legend {
    fn of(history: &History, again: &[bool]) -> Self {
        let transactions = Transactions::of(history);
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
            row_lock: transactions.is_some_and(|known| known.row_lock),
            transactions: transactions.is_some(),
            tries: any(|purchase| purchase.tries.get().count > 1),
            again: again.contains(&true),
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
    class: &'static str,
    stock: String,
    called: String,
    waited: String,
    held: String,
    took: String,
    note: String,
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
fn rows(history: &History, extent: Extent, again: &[bool]) -> Option<Vec<Row>> {
    if history.purchases.len() > MOST_ROWS {
        return None;
    }
    let mut purchases: Vec<(&Purchase, bool)> = history.purchases.iter().zip(again.iter().copied()).collect();
    purchases.sort_by_key(|(purchase, _)| purchase.invoke_ns);
    Some(purchases.into_iter().map(|(purchase, again)| row(history, purchase, extent, again)).collect())
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

/// What it came to, and what the database aborted before.
fn note(purchase: &Purchase, again: bool) -> String {
    let again = again.then(|| "sold already".to_owned());
    let tries = purchase.tries.get();
    let tries = (tries.count > 1).then(|| match (tries.aborted, purchase.store_code()) {
        (aborted @ 1.., Some(code)) => format!("{} tries, {aborted} aborted ({code})", tries.count),
        _ => format!("{} tries", tries.count),
    });
    words::fault(purchase, LANG).into_iter().chain(again).chain(tries).collect::<Vec<_>>().join("; ")
}

fn row(history: &History, purchase: &Purchase, extent: Extent, again: bool) -> Row {
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
        class: if again { "oversold" } else { purchase.outcome.name() },
        note: note(purchase, again),
    }
}
