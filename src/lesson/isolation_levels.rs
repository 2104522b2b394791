//! What a transaction is worth: the same purchase at SQLite, each statement for itself, in a transaction that asks for
//! the right to write when it writes, and in one that asks for it at the start.

use serde::Serialize;

use super::stage::Stage;
use super::staged::{Happened, Orders, make};
use super::{Claim, Lecture, LessonError, Used, failed};
use crate::explore::Setting;
use crate::history::Purchase;
use crate::lang::lesson::isolation_levels as text;
use crate::paths::temporary_folder;
use crate::plan::{Given, Plan, SqlPlan};
use crate::protocol::Choices;
use crate::protocol::file::{FileChoices, Lock, Write};
use crate::protocol::sql::{Engine, Isolation, SqlChoices};
use crate::report::text::{BAD, GOOD, LOUD};
use crate::verdict::Ruling;

/// The levels, from the weakest to the strongest.
const LEVELS: [Isolation; 3] = [Isolation::None, Isolation::Deferred, Isolation::Immediate];

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    levels: Vec<Tried>,
}

/// One level.
#[derive(Clone, Debug, Serialize)]
struct Tried {
    level: Isolation,
    orders: Orders,
    /// How many of the orders end with a purchase that the database aborted.
    aborting: u64,
    happened: Happened,
    /// What SQLite said to a purchase that it aborted.
    code: Option<String>,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    let mut levels = Vec::new();
    for level in LEVELS {
        let tried = try_level(stage, level)?;
        let Tried { orders, aborting, happened, .. } = &tried;
        let head = text::level(lang, level, orders.unsound, orders.all, aborting);
        stage.line(&stage.painted(LOUD, &head));
        let style = if happened.verdict == Ruling::Sound { GOOD } else { BAD };
        let Happened { schedule, receipts, failed, waited, .. } = happened;
        stage.line(&format!(
            "    {}",
            stage.painted(style, &text::came_to(lang, schedule, receipts, failed, waited))
        ));
        levels.push(tried);
    }
    let [none, deferred, immediate] = &levels[..] else { return Err(LessonError::Interrupted) };
    let sold_one = |tried: &Tried| tried.orders.unsound == 0 && tried.happened.receipts == 1;
    let claims = vec![
        Claim::new(
            "without_a_transaction_it_oversells",
            none.orders.unsound > 0
                && none.happened.receipts == 2
                && none.happened.verdict == Ruling::Unsound,
            text::none_oversells(lang),
        ),
        Claim::new(
            "deferred_aborts_one",
            sold_one(deferred) && deferred.happened.failed == 1 && deferred.code.is_some(),
            text::deferred_aborts(lang, deferred.code.as_deref().unwrap_or("?")),
        ),
        Claim::new(
            "immediate_waits",
            sold_one(immediate) && immediate.aborting == 0 && immediate.happened.waited > 0,
            text::immediate_waits(lang),
        ),
    ];
    Ok((Facts { levels }, claims, text::why(lang)))
}

fn try_level(stage: &Stage<'_>, level: Isolation) -> Result<Tried, LessonError> {
    let choices = SqlChoices { isolation: level, ..SqlChoices::new(Engine::Sqlite) };
    let (orders, census) = Orders::of(&Setting::new(Choices::Sql(choices), 2, 1));
    let aborted = || census.found.iter().filter(|found| found.end.failed > 0);
    let aborting = aborted().map(|found| u64::try_from(&found.schedules).unwrap_or(u64::MAX)).sum();
    // The worst that may come: an oversale, or else an abort.
    let Some(found) = aborted().next().filter(|_| orders.unsound == 0).or(census.found.first()) else {
        return Err(LessonError::Interrupted);
    };
    let folder = temporary_folder().map_err(failed(Used::Folder))?;
    let path = folder.path().join("shop.db");
    let url = format!("sqlite:{}", path.display());
    let store = SqlPlan { choices, given: Given::Text(url.clone()), url, name: "lesson".to_owned() };
    let plan = Plan {
        store: store.into(),
        ..Plan::on_file(FileChoices::new(Lock::None, Write::Overwrite), &path, 2, Some(1))
    };
    let (happened, replayed) = make(stage, &plan, &found.witness)?;
    let code = replayed.sold.history.purchases.iter().find_map(Purchase::store_code);
    Ok(Tried { level, orders, aborting, happened, code: code.map(|code| code.to_string()) })
}
