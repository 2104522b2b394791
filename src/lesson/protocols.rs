//! Protocols by their names: every order of the steps of two buyers is counted on a model, and the shortest that says most is
//! made to happen on real processes.

use serde::Serialize;

use super::stage::Stage;
use super::staged::{Happened, Orders, make, on_file};
use super::{Claim, Lecture, LessonError, Used, failed};
use crate::explore::Setting;
use crate::lang::lesson::protocols as text;
use crate::paths::temporary_folder;
use crate::protocol::Choices;
use crate::protocol::catalogue::{Promise, entry};
use crate::report::text::{BAD, GOOD, LOUD};
use crate::verdict::Ruling;

/// The names, as the catalogue has them: what fails, and what does not.
const NAMES: [&str; 4] = ["unlocked", "read-outside-lock", "unlock-before-write", "locked"];

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    protocols: Vec<Tried>,
}

/// One protocol.
#[derive(Clone, Debug, Serialize)]
struct Tried {
    name: &'static str,
    promise: Promise,
    steps: String,
    orders: Orders,
    happened: Happened,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    let mut protocols = Vec::new();
    for name in NAMES {
        stage.go_on()?;
        // The catalogue has them all, on files.
        let Some(case) = entry(name).ok().and_then(|entry| entry.case(None).ok()) else { continue };
        let usual = case.usual();
        let Choices::File(choices) = usual.choices else { continue };
        let (orders, census) = Orders::of(&Setting::new(usual.choices, 2, 1));
        let breaks = usual.promise == Promise::Breaks;
        let found = census.found.iter().filter(|found| !breaks || !found.end.is_sound());
        let Some(found) = found.min_by_key(|found| found.witness.0.len()) else { continue };
        let folder = temporary_folder().map_err(failed(Used::Folder))?;
        let (happened, _) = make(stage, &on_file(choices, folder.path()), &found.witness)?;
        let steps = choices.protocol().to_string();
        stage.line(&stage.painted(LOUD, &text::counted(lang, name, &steps, orders.unsound, orders.all)));
        let style = if happened.verdict == Ruling::Sound { GOOD } else { BAD };
        let came_to = text::came_to(lang, &happened.schedule, happened.receipts);
        stage.line(&format!("    {}", stage.painted(style, &came_to)));
        protocols.push(Tried { name, promise: usual.promise, steps, orders, happened });
    }
    let of = |promise| protocols.iter().filter(move |tried| tried.promise == promise);
    let breaking = of(Promise::Breaks).count() == NAMES.len() - 1
        && of(Promise::Breaks).all(|tried| tried.orders.unsound > 0);
    let claims = vec![
        Claim::new("some_orders_break", breaking, text::some_orders_break(lang)),
        Claim::new(
            "what_the_model_says_happens",
            of(Promise::Breaks)
                .all(|tried| tried.happened.receipts == 2 && tried.happened.verdict == Ruling::Unsound),
            text::it_happens(lang),
        ),
        Claim::new(
            "locked_has_none",
            of(Promise::Keeps).count() == 1
                && of(Promise::Keeps).all(|tried| tried.orders.unsound == 0 && tried.happened.receipts == 1),
            text::locked_has_none(lang),
        ),
    ];
    Ok((Facts { protocols }, claims, text::why(lang)))
}
