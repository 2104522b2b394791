//! The matrix as one line of JSON.

use serde::Serialize;

use super::{Trial, why};
use crate::grade::{Combination, Counts, Grade, Named, Row, Subject};
use crate::lang::Lang;
use crate::protocol::Protocol;
use crate::report::json::{SCHEMA_VERSION, to_line};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    #[serde(flatten)]
    trial: &'a Trial,
    rows: Vec<RowDocument>,
    /// What else failed once the trials were over.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failures: &'a [String],
}

#[derive(Serialize)]
struct RowDocument {
    #[serde(flatten)]
    subject: SubjectRow,
    trials: u32,
    #[serde(flatten)]
    counts: Counts,
    sales_per_s: f64,
    wait_p99_ns: Option<u64>,
    grade: Grade,
    fails_below: Option<f64>,
    expected: Grade,
    as_documented: bool,
    why: String,
}

/// What a row is about.
#[derive(Serialize)]
#[serde(untagged)]
enum SubjectRow {
    Combination(Combination),
    Protocol { protocol: &'static str, lock: &'static str, steps: Protocol, control: Option<&'static str> },
}

impl SubjectRow {
    fn of(subject: Subject) -> Self {
        match subject {
            Subject::Combination(combination) => Self::Combination(combination),
            Subject::Protocol(named) => {
                let Named { entry, variant, sale, .. } = named;
                let control = named.control().map(|control| control.entry.name);
                Self::Protocol { protocol: entry.name, lock: variant.name, steps: sale.protocol(), control }
            }
        }
    }
}

/// The matrix as one line of JSON.
#[must_use]
pub fn json(rows: &[Row], trial: &Trial, failures: &[String]) -> String {
    let document = |row: &Row| RowDocument {
        subject: SubjectRow::of(row.subject),
        trials: row.trials,
        counts: row.counts,
        sales_per_s: row.sales_per_s,
        wait_p99_ns: row.wait_p99_ns,
        grade: row.grade,
        fails_below: row.fails_below(),
        expected: row.subject.expected(),
        as_documented: row.as_documented(),
        why: why(row, Lang::En),
    };
    let rows = rows.iter().map(document).collect();
    to_line(&Document { schema_version: SCHEMA_VERSION, trial, rows, failures })
}
