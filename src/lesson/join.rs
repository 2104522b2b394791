//! With a join, what comes after it comes after the child's end. Without, before.

use serde::Serialize;

use super::stage::{Stage, share};
use super::{Claim, Lecture, LessonError};
use crate::lang::lesson::join as text;
use crate::report::text::LOUD;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    with_join: Round,
    without_join: Round,
}

/// One child. Times are nanoseconds since the lesson began.
#[derive(Clone, Debug, Serialize)]
struct Round {
    child_pid: u32,
    child_ended_ns: u64,
    /// When the parent said what comes after the join, or after the place where it would stand.
    next_line_ns: u64,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    stage.columns();
    let with_join = round(stage, true)?;
    let without_join = round(stage, false)?;
    let claims = vec![
        Claim::new(
            "with_join_after",
            with_join.next_line_ns > with_join.child_ended_ns,
            text::with_join_after(lang),
        ),
        Claim::new(
            "without_join_before",
            without_join.next_line_ns < without_join.child_ended_ns,
            text::without_join_before(lang),
        ),
    ];
    Ok((Facts { with_join, without_join }, claims, text::why(lang)))
}

fn round(stage: &Stage<'_>, joins: bool) -> Result<Round, LessonError> {
    let lang = stage.lang;
    let heading = if joins { text::with_join(lang) } else { text::without_join(lang) };
    stage.line(&stage.painted(LOUD, &heading));
    let [child_ended_ns] = share()?;

    stage.say(&text::starts(lang));
    let mut child = stage.start("child", || {
        stage.say(&text::child_begins(lang));
        stage.sleep(300);
        child_ended_ns.set(stage.say(&text::child_ends(lang)));
        Ok(())
    })?;
    if joins {
        child.join()?;
    }
    let next_line_ns = stage.say(&text::next_line(lang));

    stage.leave([&mut child])?;
    Ok(Round { child_pid: child.pid(), child_ended_ns: child_ended_ns.get(), next_line_ns })
}
