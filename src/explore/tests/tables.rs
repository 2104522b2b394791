//! Every order of two buyers' requests for one ticket, as it was measured on real sessions of PostgreSQL 15.18,
//! SQLite 3.40.1 and MariaDB 10.11.19: how many orders there are, how they end, and which errors end purchases at which step.

mod mysql;

use std::collections::BTreeSet;

use super::*;
use crate::protocol::sql::{Engine, Isolation, Journal, SqlChoices};

const NONE: Isolation = Isolation::None;
const RC: Isolation = Isolation::ReadCommitted;
const RR: Isolation = Isolation::RepeatableRead;
const SER: Isolation = Isolation::Serializable;
/// The levels of PostgreSQL's transactions.
const ALL: &[Isolation] = &[RC, RR, SER];

/// A row of a table: the steps; the levels; how many schedules; `receipts/left/failed ×schedules` of each end,
/// with the errors that end purchases in them.
type Row = (&'static str, &'static [Isolation], u32, &'static str);

const POSTGRES: &[Row] = &[
    ("read write", &[NONE], 6, "2/0/0 ×4; 1/0/0 ×2"),
    ("begin read write commit", &[RC], 14, "2/0/0 ×12; 1/0/0 ×2"),
    ("begin read write commit", &[RR, SER], 14, "1/0/1 ×12 {40001@W}; 1/0/0 ×2"),
    ("begin read decrement commit", &[RC], 14, "2/-1/0 ×12; 1/0/0 ×2"),
    ("begin read decrement commit", &[RR, SER], 14, "1/0/1 ×12 {40001@D}; 1/0/0 ×2"),
    ("begin read-for-update write commit", &[RC], 6, "1/0/0 ×6"),
    ("begin read-for-update write commit", &[RR, SER], 6, "1/0/1 ×4 {40001@R}; 1/0/0 ×2"),
    ("begin read-for-share write commit", &[RC], 8, "1/0/0 ×4; 1/0/1 ×4 {40P01@W}"),
    ("begin read-for-share write commit", &[RR, SER], 8, "1/0/1 ×6 {40001@R, 40P01@W}; 1/0/0 ×2"),
    ("read swap", &[NONE], 6, "1/0/0 ×6"),
    ("take", &[NONE], 2, "1/0/0 ×2"),
    ("begin take commit", &[RC], 4, "1/0/0 ×4"),
    ("begin take commit", &[RR, SER], 4, "1/0/0 ×2; 1/0/1 ×2 {40001@D}"),
    ("begin lock-until-commit read write commit", &[RC], 8, "1/0/0 ×8"),
    ("begin lock-until-commit read write commit", &[RR, SER], 8, "1/0/1 ×6 {40001@W}; 1/0/0 ×2"),
    ("lock begin read write commit unlock", ALL, 10, "1/0/0 ×10"),
    ("lock begin read write unlock commit", &[RC], 26, "2/0/0 ×16; 1/0/0 ×10"),
    ("lock begin read write unlock commit", &[RR, SER], 26, "1/0/1 ×16 {40001@W}; 1/0/0 ×10"),
    ("begin read decrement commit --constraint", &[RC], 14, "1/0/1 ×12 {23514@D}; 1/0/0 ×2"),
    ("begin read decrement commit --constraint", &[RR, SER], 14, "1/0/1 ×12 {40001@D}; 1/0/0 ×2"),
    ("begin read swap commit", &[RC], 14, "1/0/0 ×14"),
    ("begin read swap commit", &[RR, SER], 14, "1/0/1 ×12 {40001@S}; 1/0/0 ×2"),
    ("begin read write commit --retry", &[RC], 14, "2/0/0 ×12; 1/0/0 ×2"),
    ("begin read write commit --retry", &[RR, SER], 14, "1/0/0 ×14"),
    ("begin read decrement commit --retry", &[RC], 14, "2/-1/0 ×12; 1/0/0 ×2"),
    ("begin read decrement commit --retry", &[RR, SER], 14, "1/0/0 ×14"),
    ("begin count insert commit", &[RC, RR], 20, "2/-1/0 ×18; 1/0/0 ×2"),
    ("begin count insert commit", &[SER], 20, "1/0/1 ×18 {40001@C, 40001@W}; 1/0/0 ×2"),
];

/// At a time-out of 0 (`no wait`) and above. 5 is SQLITE_BUSY, 517 SQLITE_BUSY_SNAPSHOT.
const SQLITE: &[(Journal, bool, Row)] = &[
    (Journal::Delete, false, ("read write", &[NONE], 6, "2/0/0 ×4; 1/0/0 ×2")),
    (Journal::Delete, true, ("read write", &[NONE], 6, "2/0/0 ×4; 1/0/0 ×2")),
    (
        Journal::Delete,
        false,
        ("begin read write commit", &[Isolation::Deferred], 14, "1/0/1 ×12 {5@C, 5@W}; 1/0/0 ×2"),
    ),
    (
        Journal::Delete,
        true,
        ("begin read write commit", &[Isolation::Deferred], 14, "1/0/1 ×12 {5@W}; 1/0/0 ×2"),
    ),
    (
        Journal::Delete,
        false,
        ("begin read write commit", &[Isolation::Immediate], 8, "1/0/1 ×6 {5@B}; 1/0/0 ×2"),
    ),
    (Journal::Delete, true, ("begin read write commit", &[Isolation::Immediate], 8, "1/0/0 ×8")),
    (Journal::Delete, false, ("read swap", &[NONE], 6, "1/0/0 ×6")),
    (Journal::Delete, true, ("read swap", &[NONE], 6, "1/0/0 ×6")),
    (Journal::Delete, false, ("take", &[NONE], 2, "1/0/0 ×2")),
    (Journal::Delete, true, ("take", &[NONE], 2, "1/0/0 ×2")),
    (Journal::Wal, false, ("read write", &[NONE], 6, "2/0/0 ×4; 1/0/0 ×2")),
    (Journal::Wal, true, ("read write", &[NONE], 6, "2/0/0 ×4; 1/0/0 ×2")),
    (
        Journal::Wal,
        false,
        ("begin read write commit", &[Isolation::Deferred], 14, "1/0/1 ×12 {517@W, 5@W}; 1/0/0 ×2"),
    ),
    (
        Journal::Wal,
        true,
        ("begin read write commit", &[Isolation::Deferred], 14, "1/0/1 ×12 {517@W, 5@W}; 1/0/0 ×2"),
    ),
    (
        Journal::Wal,
        false,
        ("begin read write commit", &[Isolation::Immediate], 8, "1/0/1 ×6 {5@B}; 1/0/0 ×2"),
    ),
    (Journal::Wal, true, ("begin read write commit", &[Isolation::Immediate], 8, "1/0/0 ×8")),
    (Journal::Wal, false, ("read swap", &[NONE], 6, "1/0/0 ×6")),
    (Journal::Wal, true, ("read swap", &[NONE], 6, "1/0/0 ×6")),
    (Journal::Wal, false, ("take", &[NONE], 2, "1/0/0 ×2")),
    (Journal::Wal, true, ("take", &[NONE], 2, "1/0/0 ×2")),
];

/// A purchase of these steps, at this level, in this database.
pub(super) fn chosen(usual: SqlChoices, steps: &str, isolation: Isolation) -> SqlChoices {
    let (steps, options) = steps.split_once(" --").unwrap_or((steps, ""));
    let (constraint, retry) = (options == "constraint", options == "retry");
    let usual = SqlChoices { isolation, constraint, retry, ..usual };
    usual.of_steps(steps.parse().expect("steps")).expect("choices")
}

pub(super) fn of_choices(choices: SqlChoices, buyers: u32, tickets: Stock) -> Setting {
    Setting::new(Choices::Sql(choices), buyers, tickets)
}

/// The ends of a census as in the tables: ends that differ only in anomalies are one.
pub(super) fn ends(census: &Census) -> BTreeSet<String> {
    let mut rows: BTreeMap<String, (BigUint, BTreeSet<String>)> = BTreeMap::new();
    for found in &census.found {
        let End { receipts, remaining, failed, .. } = found.end;
        let end = format!("{receipts}/{}/{failed}", remaining.expect("a stock"));
        let (schedules, errors) = rows.entry(end).or_default();
        *schedules += &found.schedules;
        errors.extend(found.errors.keys().map(|(code, letter)| format!("{code}@{letter}")));
    }
    let text = |(end, (schedules, errors)): (String, (BigUint, BTreeSet<String>))| {
        let errors: Vec<String> = errors.into_iter().collect();
        let errors = if errors.is_empty() { String::new() } else { format!(" {{{}}}", errors.join(", ")) };
        format!("{end} ×{schedules}{errors}")
    };
    rows.into_iter().map(text).collect()
}

pub(super) fn assert_row(setting: &Setting, schedules: u32, expected: &str) {
    let census = census(setting, u64::MAX);
    assert_eq!(census.partial, None, "{setting:?}");
    let expected: BTreeSet<String> = expected.split("; ").map(str::to_owned).collect();
    assert_eq!(ends(&census), expected, "{setting:?}");
    assert_eq!(census.schedules, BigUint::from(schedules), "{setting:?}");
    for found in census.found {
        assert_eq!(End::of(&rehearse(setting, &found.witness).expect("a witness")), found.end);
    }
}

#[test]
fn postgres_ends_as_it_was_measured() {
    for (steps, levels, schedules, expected) in POSTGRES {
        for level in *levels {
            let choices = chosen(SqlChoices::new(Engine::Postgres), steps, *level);
            assert_row(&of_choices(choices, 2, 1), *schedules, expected);
        }
    }
}

#[test]
fn sqlite_ends_as_it_was_measured() {
    for (journal, waits, (steps, levels, schedules, expected)) in SQLITE {
        let usual = SqlChoices::new(Engine::Sqlite);
        let busy_timeout_ns = if *waits { usual.busy_timeout_ns } else { 0 };
        for level in *levels {
            let choices = chosen(SqlChoices { journal: *journal, busy_timeout_ns, ..usual }, steps, *level);
            assert_row(&of_choices(choices, 2, 1), *schedules, expected);
        }
    }
}

/// Statements without a transaction take no lock that outlives them, and the level changes nothing. An advisory lock of
/// the session covers them.
#[test]
fn a_session_lock_covers_statements_of_their_own() {
    let choices = chosen(SqlChoices::new(Engine::Postgres), "lock read write unlock", NONE);
    assert_row(&of_choices(choices, 2, 1), 8, "1/0/0 ×8");
}
