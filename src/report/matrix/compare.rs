//! Two matrices, as JSON has them, side by side: what was tried on what, and which grades changed.
//!
//! Only grades are compared. Sales per second and waits come from one run each, without their spread, so no difference
//! in them is claimed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::table::counted;
use super::tested::{folder, machine};
use crate::foreign::shown;
use crate::grade::{FEWEST, Grade};
use crate::lang::{Lang, matrix as say};
use crate::matrix::Tested;
use crate::report::json::{SCHEMA_VERSION, to_line};
use crate::report::text::{BAD, GOOD, ODD, styled};

/// A matrix as its JSON document says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// What it was made on: documents of earlier versions do not say.
    tested: Option<Tested>,
    stores: Vec<String>,
    /// What a trial was: trials, buyers, tickets, think time.
    trial: Vec<(&'static str, Value)>,
    /// By what they are about.
    rows: BTreeMap<String, Cell>,
    /// The rows in their order.
    order: Vec<String>,
}

/// How a row did.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Cell {
    grade: Grade,
    as_documented: bool,
    unsound: u64,
    trials: u64,
}

impl Cell {
    fn words(&self, lang: Lang) -> String {
        let grade = match self.grade {
            Grade::Safe if self.trials < u64::from(FEWEST) => return say::no_failure(lang, self.trials),
            Grade::Safe => say::compared_safe(lang),
            Grade::Unsafe => say::compared_unsafe(lang),
            Grade::Inconclusive => say::inconclusive(lang),
        };
        format!("{grade} {}/{}", self.unsound, self.trials)
    }

    /// Whether what failed of `other` is rarer than what no failure in these trials rules out (3/N).
    fn leaves_room_for(&self, other: &Self) -> bool {
        self.grade == Grade::Safe && other.unsound * self.trials < 3 * other.trials
    }
}

/// Why a text is no matrix that can be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// It is no JSON, in the words of the reader of JSON.
    #[error("no JSON document: {0}")]
    NoJson(String),
    /// It is another document.
    #[error("no matrix: it has no rows, or no trials")]
    NoRows,
    /// It is of another version than this one, which is read.
    #[error("a matrix of another version than {0} (`schema_version`)")]
    Version(u32),
    /// A row lacks what it is to say.
    #[error("no matrix: row {0} does not say what it is about, or has no grade")]
    Row(usize),
    /// What it was made on can't be read, in the words of the reader of JSON.
    #[error("no matrix: `tested`: {0}")]
    Tested(String),
}

impl Read {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no matrix that can be read.
    pub fn parse(text: &str) -> Result<Self, MatrixError> {
        let document: Value =
            serde_json::from_str(text.trim()).map_err(|error| MatrixError::NoJson(error.to_string()))?;
        let rows = document.get("rows").and_then(Value::as_array);
        let trials = document.get("trials").and_then(Value::as_u64);
        let (Some(rows), Some(_)) = (rows, trials) else {
            return Err(MatrixError::NoRows);
        };
        let version = document.get("schema_version").and_then(Value::as_u64);
        if version != Some(u64::from(SCHEMA_VERSION)) {
            return Err(MatrixError::Version(SCHEMA_VERSION));
        }
        let tested = document.get("tested").map(|tested| serde_json::from_value(tested.clone())).transpose();
        let tested = tested.map_err(|error| MatrixError::Tested(error.to_string()))?;
        let text_of = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let stores = document.get("stores").and_then(Value::as_array).into_iter().flatten();
        let stores: Vec<String> = stores.filter_map(|store| text_of(store, "store")).collect();
        let engines = document.get("stores").and_then(Value::as_array).into_iter().flatten();
        let engines = engines.filter_map(|store| text_of(store, "engine"));
        let about = stores.iter().zip(engines).map(|(store, engine)| format!("{store}: {engine}")).collect();
        let trial = ["trials", "buyers", "tickets", "think_ns"];
        let trial = trial.map(|name| (name, document.get(name).cloned().unwrap_or(Value::Null))).to_vec();
        let mut read = Self { tested, stores: about, trial, rows: BTreeMap::new(), order: Vec::new() };
        for (row, number) in rows.iter().zip(1..) {
            let (name, cell) = cell(row, &stores).ok_or(MatrixError::Row(number))?;
            if read.rows.insert(name.clone(), cell).is_none() {
                read.order.push(name);
            }
        }
        Ok(read)
    }
}

/// What a row is about, and how it did. Stores are told apart by their places, so that one server can be compared
/// with another.
fn cell(row: &Value, stores: &[String]) -> Option<(String, Cell)> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let mut about: Vec<String> = Vec::new();
    if let (Some(store), true) = (text("store"), stores.len() > 1) {
        about.push(format!("#{}", stores.iter().position(|other| other == store)? + 1));
    }
    let names = ["workers", "protocol", "isolation", "lock", "write"];
    about.extend(names.iter().filter_map(|name| text(name)).map(str::to_owned));
    about.extend(text("lock_on").map(|carrier| format!("({carrier})")));
    let number = |name: &str| row.get(name).and_then(Value::as_u64);
    let cell = Cell {
        grade: text("grade")?.parse().ok()?,
        as_documented: row.get("as_documented")?.as_bool()?,
        unsound: number("unsound")?,
        trials: number("trials")?,
    };
    (!about.is_empty()).then(|| (about.join(" "), cell))
}

/// What changed from one matrix to another.
#[derive(Clone, Debug)]
pub struct Compared {
    sides: [Read; 2],
}

/// A row whose grade changed.
#[derive(Serialize)]
struct Change<'a> {
    row: &'a str,
    before: &'a Cell,
    after: &'a Cell,
    /// Whether so few failures may have gone unseen where none was seen.
    may_be_chance: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tested: [Option<&'a Tested>; 2],
    trial_differs: Vec<&'static str>,
    rows_compared: usize,
    changed: Vec<Change<'a>>,
    only_in_first: Vec<&'a str>,
    only_in_second: Vec<&'a str>,
}

impl Compared {
    /// Of these two, the earlier one first.
    #[must_use]
    pub const fn new(sides: [Read; 2]) -> Self {
        Self { sides }
    }

    /// Whether all rows of both have the grades that they had.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.changed().is_empty() && self.only_in(0).is_empty() && self.only_in(1).is_empty()
    }

    /// Whether they have no row in common.
    #[must_use]
    pub fn has_nothing_in_common(&self) -> bool {
        self.in_both() == 0
    }

    fn in_both(&self) -> usize {
        self.sides[0].rows.keys().filter(|name| self.sides[1].rows.contains_key(*name)).count()
    }

    fn changed(&self) -> Vec<Change<'_>> {
        let [first, second] = &self.sides;
        let change = |row: &'_ String| {
            let (row, before) = first.rows.get_key_value(row)?;
            let after = second.rows.get(row)?;
            let may_be_chance = before.leaves_room_for(after) || after.leaves_room_for(before);
            (before.grade != after.grade).then_some(Change { row, before, after, may_be_chance })
        };
        first.order.iter().filter_map(change).collect()
    }

    fn only_in(&self, side: usize) -> Vec<&str> {
        let other = &self.sides[1 - side].rows;
        self.sides[side].order.iter().filter(|row| !other.contains_key(*row)).map(String::as_str).collect()
    }

    fn trial_differs(&self) -> Vec<&'static str> {
        let [first, second] = &self.sides;
        let both = first.trial.iter().zip(&second.trial);
        both.filter(|(one, other)| one.1 != other.1).map(|(one, _)| one.0).collect()
    }

    /// As one line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        to_line(&Document {
            schema_version: SCHEMA_VERSION,
            tested: [self.sides[0].tested.as_ref(), self.sides[1].tested.as_ref()],
            trial_differs: self.trial_differs(),
            rows_compared: self.in_both(),
            changed: self.changed(),
            only_in_first: self.only_in(0),
            only_in_second: self.only_in(1),
        })
    }

    /// In words.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let mut text = String::new();
        for (side, sign) in self.sides.iter().zip(["A", "B"]) {
            for line in side.about(lang) {
                let _ = writeln!(text, "{sign}: {}", shown(&line));
            }
        }
        for name in self.trial_differs() {
            let value =
                |side: usize| self.sides[side].trial.iter().find(|one| one.0 == name).map(|one| &one.1);
            let [before, after] =
                [value(0), value(1)].map(|value| value.map_or_else(String::new, Value::to_string));
            let _ = writeln!(text, "{}", say::compared_trial(lang, name, shown(&before), shown(&after)));
        }
        text.push('\n');
        let changed = self.changed();
        for Change { row, before, after, may_be_chance } in &changed {
            let style = if !after.as_documented && after.grade == Grade::Unsafe { BAD } else { ODD };
            let (before, after) = (before.words(lang), styled(style, after.words(lang)));
            let chance = if *may_be_chance { say::compared_chance(lang) } else { String::new() };
            let _ = writeln!(text, "{}: {before} → {after}{chance}", shown(row));
        }
        for (side, sign) in [(0, "A"), (1, "B")] {
            for row in self.only_in(side) {
                let _ = writeln!(text, "{}", say::compared_only_in(lang, sign, shown(row)));
            }
        }
        let conclusion = say::compared(lang, changed.len(), counted(self.in_both(), lang));
        let style = if self.is_same() { GOOD } else { ODD };
        let _ = writeln!(text, "{}\n{}", styled(style, conclusion), say::compared_grades_alone(lang));
        text
    }
}

impl Read {
    /// What it was made on, a line each.
    fn about(&self, lang: Lang) -> Vec<String> {
        let Some(tested) = &self.tested else {
            return self.stores.iter().cloned().chain([say::compared_unnamed(lang)]).collect();
        };
        let folders = tested.paths.iter().map(|mounted| folder(mounted, lang));
        folders.chain(self.stores.iter().cloned()).chain([machine(tested, lang)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(grade: &str, unsound: u32, trials: u32, lock: &str) -> String {
        format!(
            r#"{{"schema_version":1,"trials":{trials},"buyers":10,"tickets":20,"think_ns":1,"seed":"7",
            "tested":{{"version":"0.1","date":"2026-01-01T00:00:00Z","paths":[{{"path":"/mnt","filesystem":"nfs4"}}]}},
            "rows":[{{"workers":"process","lock":"{lock}","write":"overwrite","lock_on":"ticket","trials":{trials},
            "unsound":{unsound},"grade":"{grade}","as_documented":true}}]}}"#
        )
    }

    fn compared(first: &str, second: &str) -> Compared {
        Compared::new([first, second].map(|text| Read::parse(text).expect("a matrix")))
    }

    #[test]
    fn the_same_is_the_same_however_often_it_failed() {
        let same = compared(&document("unsafe", 1, 5, "none"), &document("unsafe", 5, 5, "none"));
        assert!(same.is_same() && same.json().contains(r#""changed":[],"#), "{}", same.json());
        assert!(same.text(Lang::En).contains("Grades that changed: 0 of 1 row."), "{}", same.text(Lang::En));
    }

    /// A failure in five where five had none may be chance; five in five are not.
    #[test]
    fn a_grade_that_changed_is_said_and_so_is_chance() {
        for (unsound, chance) in [(1, true), (5, false)] {
            let both = compared(&document("safe", 0, 5, "flock"), &document("unsafe", unsound, 5, "flock"));
            assert!(!both.is_same());
            assert!(both.json().contains(&format!(r#""may_be_chance":{chance}"#)), "{}", both.json());
            for lang in Lang::ALL {
                let text = both.text(*lang);
                assert!(text.contains("process flock overwrite (ticket): "));
                let folder = if *lang == Lang::Zh { "/mnt（nfs4）" } else { "/mnt (nfs4)" };
                assert!(text.contains(folder), "{text}");
                assert_eq!(text.contains(&say::compared_chance(*lang)), chance, "{text}");
            }
        }
    }

    #[test]
    fn rows_of_one_alone_are_named() {
        let both = compared(&document("safe", 0, 5, "flock"), &document("safe", 0, 6, "ofd"));
        assert!(both.has_nothing_in_common() && !both.is_same());
        let text = both.text(Lang::En);
        assert!(
            text.contains("Only in A: process flock") && text.contains("Only in B: process ofd"),
            "{text}"
        );
        assert!(text.contains("trials: 5 → 6"), "{text}");
    }

    #[test]
    fn what_is_no_matrix_is_an_error() {
        for text in ["", "{\"rows\":[]", "x"] {
            assert!(matches!(Read::parse(text), Err(MatrixError::NoJson(_))), "{text}");
        }
        for text in ["[]", "{}"] {
            assert_eq!(Read::parse(text), Err(MatrixError::NoRows), "{text}");
        }
        let row = r#"{"rows":[{}],"trials":1,"schema_version":1}"#;
        assert_eq!(Read::parse(row), Err(MatrixError::Row(1)));
        let other = document("safe", 0, 5, "flock").replace("\"schema_version\":1", "\"schema_version\":2");
        assert_eq!(Read::parse(&other), Err(MatrixError::Version(SCHEMA_VERSION)));
    }
}
