//! One protocol on one screen.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::Counted;
use super::list::word;
use crate::explore::Found;
use crate::lang::{Lang, Noun, catalogue as say, explore as say_explore};
use crate::protocol::catalogue::{Case, Promise, Variant, entry};
use crate::protocol::{Guard, Mishap};
use crate::report::text::{ASIDE, BAD, LOUD, styled};
use crate::report::words::{anomaly_name, grouped_digits};

/// One protocol: its steps, what goes wrong and the shortest way there, where it is found, how to mend it, and the
/// commands to see it.
#[must_use]
pub fn text(counted: &Counted, lang: Lang) -> String {
    let Counted { entry, usual, .. } = counted;
    let said = entry.said;
    let breaks = usual.promise == Promise::Breaks;
    let mut lines = vec![
        (say::store(lang), place(counted, lang)),
        (say::steps(lang), usual.choices.protocol().to_string()),
        (if breaks { say::goes_wrong(lang) } else { say::holds(lang) }, said.why.of(lang).to_owned()),
    ];
    lines.extend(schedule(counted, lang));
    lines.extend([
        (say::met_in(lang), said.met_in.of(lang).to_owned()),
        (if breaks { say::fix(lang) } else { say::mind(lang) }, said.fix.of(lang).to_owned()),
    ]);
    lines.extend(also(counted, lang).map(|also| (say::also(lang), also)));
    lines.push((say::beside(lang), beside(counted, lang)));
    let width = lines.iter().map(|(heading, _)| heading.width()).max().unwrap_or(0);
    let title = say::title(lang, entry.name, said.about.of(lang));
    let mut text = format!("{}\n\n", styled(LOUD, title));
    for (heading, line) in lines {
        let room = " ".repeat(width - heading.width());
        let _ = writeln!(text, "{}{room}  {line}", styled(ASIDE, heading));
    }
    let _ = writeln!(text, "\n{}", say::to_see_it(lang));
    for command in counted.commands() {
        let _ = writeln!(text, "  {}", styled(LOUD, command));
    }
    text
}

/// The store, the options that the name alone stands for there, and the promise.
fn place(counted: &Counted, lang: Lang) -> String {
    let Variant { name, promise, choices, mishaps } = counted.usual;
    let guard = choices.guard();
    let option = if matches!(guard, Guard::Level(_)) { "isolation" } else { "lock" };
    let mut options = vec![format!("--{option} {name}")];
    options.extend(guard.fence().map(|fence| format!("--fence {fence}")));
    let allowed = Mishap::ALL.iter().filter(|mishap| mishaps.allow(**mishap));
    options.extend(allowed.map(|mishap| format!("--{mishap} {}", mishaps.of(*mishap))));
    let (promise, style) = word(promise, lang);
    let [colon, comma, _] = lang.signs();
    format!("{}{comma}{}{colon}{}", counted.case.store(), options.join(" "), styled(style, promise))
}

/// The shortest schedule that goes wrong; or, if none does, how many schedules there are.
fn schedule(counted: &Counted, lang: Lang) -> Vec<(String, String)> {
    let Counted { setting, census, usual, .. } = counted;
    let schedules = grouped_digits(&census.schedules.to_string());
    let tickets = lang.tickets(setting.tickets);
    if usual.promise == Promise::Keeps {
        let buyers = lang.count(u64::from(setting.buyers), Noun::Buyer);
        return vec![(String::new(), say::all_hold(lang, schedules, buyers, tickets))];
    }
    let Some(Found { end, witness, .. }) = counted.shortest() else { return Vec::new() };
    let names: Vec<String> = end.anomalies.iter().map(|kind| anomaly_name(*kind, lang)).collect();
    let names = if names.is_empty() { say_explore::none(lang) } else { lang.list(&names) };
    let outcome = say::outcome(lang, lang.count(end.receipts, Noun::Receipt), tickets, names);
    let unsound = grouped_digits(&(&census.schedules - &census.sound).to_string());
    vec![
        (say::shortest(lang), styled(BAD, witness)),
        (String::new(), say::comes_to(lang, outcome, unsound, schedules)),
    ]
}

/// What it promises under other locks, at other levels and at other stores.
fn also(counted: &Counted, lang: Lang) -> Option<String> {
    let of = |case: &Case| {
        let is_shown = case.store() == counted.case.store();
        let variants = case.variants();
        let words: Vec<String> = variants
            .iter()
            .skip(usize::from(is_shown))
            .map(|variant| format!("{} {}", variant.name, word(variant.promise, lang).0))
            .collect();
        let store = if is_shown { String::new() } else { format!("{}{}", case.store(), lang.signs()[0]) };
        (!words.is_empty()).then(|| store + &lang.list(&words))
    };
    let shown = std::iter::once(counted.case);
    let others = counted.entry.cases.iter().filter(|case| case.store() != counted.case.store());
    let all: Vec<String> = shown.chain(others).filter_map(of).collect();
    (!all.is_empty()).then(|| all.join(lang.signs()[2]))
}

/// The protocol to compare it with, and what that promises.
fn beside(counted: &Counted, lang: Lang) -> String {
    let control = counted.entry.control;
    match entry(control) {
        Ok(entry) => format!("{control}{}{}", lang.signs()[0], entry.said.about.of(lang)),
        Err(_) => control.to_owned(),
    }
}
