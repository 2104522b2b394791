//! Verdicts as JUnit's XML, which CI servers show: a test case for each history, item, or trial of a race.

use std::fmt::Write as _;

use super::check::Checked;
use super::text::plain_lines;
use crate::foreign;
use crate::verdict::Ruling;

/// The test suite of one history. The [`document`] has one for each history.
#[must_use]
pub fn suite(checked: &Checked<'_>) -> String {
    let verdict = checked.verdict;
    // Once is enough: it is about all of them.
    let mut why = plain_lines(checked.history, verdict);
    let mut case = |name: &str, ruling| {
        let why = if ruling == Ruling::Sound { String::new() } else { std::mem::take(&mut why) };
        Case { name: name.to_owned(), ruling, why }
    };
    let mut cases: Vec<Case> = verdict.items.iter().map(|item| case(&item.item, item.verdict)).collect();
    if cases.is_empty() {
        cases.push(case(checked.name, verdict.ruling));
    }
    suite_of(checked.name, &cases)
}

/// A test case: its ruling, and why.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) ruling: Ruling,
    pub(super) why: String,
}

/// The test suite of these.
pub(super) fn suite_of(name: &str, cases: &[Case]) -> String {
    let name = escaped(name);
    let count = |ruling| cases.iter().filter(|case| case.ruling == ruling).count();
    let mut text = format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
        cases.len(),
        count(Ruling::Unsound),
        count(Ruling::Unknown)
    );
    for Case { name, ruling, why } in cases {
        let (name, why) = (escaped(name), escaped(why));
        let element = match ruling {
            Ruling::Sound => None,
            Ruling::Unsound => Some("failure"),
            Ruling::Unknown => Some("error"),
        };
        let _ = match element {
            None => writeln!(text, "    <testcase classname=\"ticketsim\" name=\"{name}\"/>"),
            Some(element) => writeln!(
                text,
                "    <testcase classname=\"ticketsim\" name=\"{name}\"><{element} message=\"{ruling}\">{why}</{element}></testcase>"
            ),
        };
    }
    text.push_str("  </testsuite>\n");
    text
}

/// A history that could not be read.
#[must_use]
pub fn unread(name: &str, why: &str) -> String {
    let (name, why) = (escaped(name), escaped(why));
    format!(
        "  <testsuite name=\"{name}\" tests=\"1\" failures=\"0\" errors=\"1\">\n    \
         <testcase classname=\"ticketsim\" name=\"{name}\"><error message=\"unread\">{why}</error></testcase>\n  \
         </testsuite>\n"
    )
}

/// The document of all suites.
#[must_use]
pub fn document(suites: &[String]) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n{}</testsuites>\n", suites.concat())
}

/// A text as XML can hold it.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.split('\n').map(foreign::shown).collect::<Vec<_>>().join("\n").chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}
