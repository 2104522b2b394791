//! The matrix of databases: its columns, and its JSON.

use num_traits::Zero as _;
use serde::Serialize;

use super::table::{Column, Table};
use super::{Trial, how_to_read, killed, of_trials, why};
use crate::grade::{Counts, Grade, Graded as _, Grading, HolderKilled};
use crate::lang::{Lang, matrix as say};
use crate::matrix::{MOST_OF_A_SUBJECT, Orders, SHORT_MOMENT, SLOWER, StoreCase};
use crate::report::json::{SCHEMA_VERSION, to_line};
use crate::report::words::{grouped, span};

/// A database of the matrix.
#[derive(Clone, Debug, Serialize)]
pub struct StoreAbout {
    /// Where it is, as it may be shown.
    pub store: String,
    /// The engine, its version and the settings that decide.
    pub engine: String,
}

/// The table of protocols at these databases.
#[must_use]
pub fn stores_table(rows: &[Grading<StoreCase>], trial: &Trial, stores: &[StoreAbout], lang: Lang) -> Table {
    let several = Several {
        stores: stores.len() > 1,
        workers: rows.iter().any(|row| row.subject.workers != rows[0].subject.workers),
    };
    let mut columns = Vec::new();
    columns.extend(several.stores.then(|| Column::words(say::column_store(lang))));
    columns.extend(several.workers.then(|| Column::words(say::column_workers(lang))));
    columns.extend([
        Column::words(say::column_protocol(lang)),
        Column::words(say::column_isolation(lang)),
        Column::figures(say::column_oversold(lang)).or(say::short_oversold(lang)),
        Column::figures(say::column_lost(lang)).or(say::short_lost(lang)),
        Column::figures(say::column_tries(lang)).or(say::short_tries(lang)),
        Column::figures(say::column_aborts(lang)).or(say::short_aborts(lang)),
        Column::figures(say::column_sales(lang)),
        Column::figures(say::column_purchase(lang)).or(say::short_purchase(lang)),
    ]);
    columns.extend(killed::column(rows, lang));
    let names = names(stores);
    let make = |row: &Grading<StoreCase>| {
        let cells = cells(row, &names, several).into_iter().chain(killed::cell(rows, row, lang));
        (cells.collect(), reason(row, lang))
    };
    let notes = how_to_read(rows, say::bound(lang), lang);
    let mut table = Table::new(rows, trial, trial.about(lang), notes, columns, lang, make);
    killed::note(&mut table, rows, lang);
    let [colon, comma, _] = lang.signs();
    let about = |of: &StoreAbout| format!("{}{colon}{}", of.store, of.engine.replace(", ", comma));
    table.about.extend(stores.iter().map(about));
    if rows.iter().any(|row| !row.subject.mishaps.are_none()) {
        table.notes.push(say::leases_expire(lang, SLOWER));
    }
    if rows.iter().any(|row| row.subject.has_short_moment()) {
        table.notes.push(say::short_moment(lang, SHORT_MOMENT));
    }
    if rows.iter().any(|row| row.trials < trial.trials) && trial.rows_planned.is_none() {
        table.notes.push(say::fewer_trials(lang, MOST_OF_A_SUBJECT.as_secs()));
    }
    table
}

/// Which columns tell rows apart.
#[derive(Clone, Copy)]
struct Several {
    stores: bool,
    workers: bool,
}

fn cells(row: &Grading<StoreCase>, names: &[String], several: Several) -> Vec<String> {
    let StoreCase { place, protocol, level, workers, .. } = &row.subject;
    let mut cells = Vec::new();
    cells.extend(names.get(*place).filter(|_| several.stores).cloned());
    cells.extend(several.workers.then(|| workers.to_string()));
    let a_sale = row.tries_and_aborts_a_sale();
    let number = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |number| format!("{number:.1}"));
    cells.extend([
        (*protocol).to_owned(),
        (*level).to_owned(),
        of_trials(row, row.counts.oversold),
        of_trials(row, row.counts.lost_updates),
        number(a_sale.map(|(tries, _)| tries)),
        number(a_sale.map(|(_, aborts)| aborts)),
        grouped(row.sales_per_s.round() as u64),
        row.purchase_p99_ns.map_or_else(|| "–".to_owned(), span),
    ]);
    cells
}

/// What each store is called in a row: its engine, and where it is if another has the same one.
fn names(stores: &[StoreAbout]) -> Vec<String> {
    let is_alone =
        |about: &&StoreAbout| stores.iter().filter(|other| other.short() == about.short()).count() == 1;
    let name = |about: &StoreAbout| match Some(about).filter(is_alone) {
        Some(about) => about.short(),
        None => format!("{} ({})", about.short(), about.store),
    };
    stores.iter().map(name).collect()
}

impl StoreAbout {
    /// The engine and its version: what stands before the settings.
    fn short(&self) -> String {
        self.engine.split(',').next().unwrap_or_default().to_owned()
    }
}

/// Why a row has its grade: what every order of two purchases comes to.
fn reason(row: &Grading<StoreCase>, lang: Lang) -> String {
    let Orders { all, unsound, failing, codes, worst } = &row.subject.orders;
    let documented = match worst {
        Some(worst) => say::orders_break(lang, unsound, all, worst),
        None if failing.is_zero() => say::orders_keep(lang, all),
        None => say::orders_abort(lang, all, failing, lang.list(codes)),
    };
    why(row, documented, say::control_held(lang), lang)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    #[serde(flatten)]
    trial: &'a Trial,
    stores: &'a [StoreAbout],
    rows: Vec<GradingDocument<'a>>,
    /// What else failed once the trials were over.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failures: &'a [String],
}

#[derive(Serialize)]
struct GradingDocument<'a> {
    store: &'a str,
    protocol: &'static str,
    isolation: &'static str,
    steps: String,
    workers: crate::plan::Workers,
    trials: u32,
    oversold: u32,
    lost_updates: u32,
    stuck: u32,
    unsound: u32,
    sales_per_s: f64,
    purchase_p99_ns: Option<u64>,
    tries_a_sale: Option<f64>,
    aborts_a_sale: Option<f64>,
    /// When its holder was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    killed: Option<HolderKilled>,
    grade: Grade,
    fails_below: Option<f64>,
    expected: Grade,
    as_documented: bool,
    orders: OrdersDocument,
    why: String,
}

/// What every order of two purchases of one ticket comes to.
#[derive(Serialize)]
struct OrdersDocument {
    all: String,
    unsound: String,
    failing: String,
}

/// The matrix of databases as one line of JSON.
#[must_use]
pub fn stores_json(
    rows: &[Grading<StoreCase>],
    trial: &Trial,
    stores: &[StoreAbout],
    failures: &[String],
) -> String {
    let document = |row: &Grading<StoreCase>| -> GradingDocument<'_> {
        let StoreCase { place, workers, choices, orders, .. } = &row.subject;
        let Counts { oversold, lost_updates, stuck, unsound, .. } = row.counts;
        let a_sale = row.tries_and_aborts_a_sale();
        GradingDocument {
            store: stores.get(*place).map_or("", |about| &about.store),
            protocol: row.subject.protocol,
            isolation: row.subject.level,
            steps: choices.protocol().to_string(),
            workers: *workers,
            trials: row.trials,
            oversold,
            lost_updates,
            stuck,
            unsound,
            sales_per_s: row.sales_per_s,
            purchase_p99_ns: row.purchase_p99_ns,
            tries_a_sale: a_sale.map(|(tries, _)| tries),
            aborts_a_sale: a_sale.map(|(_, aborts)| aborts),
            killed: row.killed,
            grade: row.grade,
            fails_below: row.fails_below(),
            expected: row.subject.expected(),
            as_documented: row.as_documented(),
            orders: OrdersDocument {
                all: orders.all.to_string(),
                unsound: orders.unsound.to_string(),
                failing: orders.failing.to_string(),
            },
            why: reason(row, Lang::En),
        }
    };
    let rows = rows.iter().map(document).collect();
    to_line(&Document { schema_version: SCHEMA_VERSION, trial, stores, rows, failures })
}
