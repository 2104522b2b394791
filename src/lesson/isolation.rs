//! A child gets a copy of all its parent's memory and changes only its copy; only memory that is mapped as shared is
//! common to both.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use serde::Serialize;

use super::stage::{Stage, share};
use super::{Claim, Lecture, LessonError};
use crate::lang::lesson::isolation as text;
use crate::report::text::LOUD;

/// A global variable: each process has its own.
static STOCK: AtomicU64 = AtomicU64::new(100);

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    global: Round,
    shared: Round,
}

/// What was read where.
#[derive(Clone, Debug, Serialize)]
struct Round {
    parent_before: u64,
    child_before: u64,
    child_after: u64,
    parent_after: u64,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    stage.columns();
    // A mapping that fork hands on as it is, not as a copy (mmap(2), MAP_SHARED).
    let [shared] = share()?;
    shared.set(100);
    let global =
        round(stage, &text::global(lang), || STOCK.load(SeqCst), |stock| STOCK.store(stock, SeqCst))?;
    let shared = round(stage, &text::shared(lang), || shared.get(), |stock| shared.set(stock))?;
    let claims = vec![
        Claim::new(
            "child_has_a_copy",
            global.child_before == 100 && global.child_after == 0,
            text::child_has_a_copy(lang),
        ),
        Claim::new("parent_keeps_its_own", global.parent_after == 100, text::parent_keeps_its_own(lang)),
        Claim::new(
            "shared_memory_is_one",
            shared.parent_before == 100 && shared.parent_after == 0,
            text::shared_memory_is_one(lang),
        ),
    ];
    Ok((Facts { global, shared }, claims, text::why(lang)))
}

fn round(
    stage: &Stage<'_>,
    heading: &str,
    read: impl Fn() -> u64,
    write: impl Fn(u64),
) -> Result<Round, LessonError> {
    let lang = stage.lang;
    stage.line(&stage.painted(LOUD, heading));
    let [child_before, child_after] = share()?;
    let parent_before = read();
    stage.say(&text::reads(lang, parent_before));
    let mut child = stage.start("child", || {
        child_before.set(read());
        write(0);
        child_after.set(read());
        stage.say(&text::sets(lang, child_before.get(), child_after.get()));
        Ok(())
    })?;
    child.join()?;
    let parent_after = read();
    stage.say(&text::reads_again(lang, parent_after));
    Ok(Round {
        parent_before,
        child_before: child_before.get(),
        child_after: child_after.get(),
        parent_after,
    })
}
