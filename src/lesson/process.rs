//! A process starts another one, gives it two arguments, and goes on at once.

use serde::Serialize;

use super::stage::{Stage, share};
use super::{Claim, Lecture, LessonError};
use crate::lang::lesson::process as text;

/// What was measured. Times are nanoseconds since the lesson began.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    parent_pid: u32,
    child_pid: u64,
    child_parent_pid: u64,
    /// The two arguments, as the child got them.
    arguments: [u64; 2],
    parent_went_on_ns: u64,
    code_done_ns: u64,
    child_ended_ns: u64,
    program_ended_ns: u64,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    stage.columns();
    let [pid, parent_pid, sum_of, plus, child_ended_ns] = share()?;

    // What the child runs. All it knows of its parent is what it was given, and who that is.
    let add = |a: u64, b: u64| {
        pid.set(u64::from(std::process::id()));
        parent_pid.set(u64::from(std::os::unix::process::parent_id()));
        sum_of.set(a);
        plus.set(b);
        stage.say(&text::child_begins(lang, a, b));
        stage.sleep(200);
        child_ended_ns.set(stage.say(&text::child_ends(lang, a, b, a + b)));
        Ok(())
    };

    stage.say(&text::starts(lang));
    let mut child = stage.start("child", || add(6, 7))?;
    let parent_went_on_ns = stage.say(&text::goes_on(lang, child.pid()));
    let code_done_ns = stage.say(&text::code_done(lang));
    stage.leave([&mut child])?;
    let program_ended_ns = stage.say(&text::ends(lang));

    let facts = Facts {
        parent_pid: std::process::id(),
        child_pid: pid.get(),
        child_parent_pid: parent_pid.get(),
        arguments: [sum_of.get(), plus.get()],
        parent_went_on_ns,
        code_done_ns,
        child_ended_ns: child_ended_ns.get(),
        program_ended_ns,
    };
    let claims = claims(stage, &facts);
    Ok((facts, claims, text::why(lang)))
}

fn claims(stage: &Stage<'_>, facts: &Facts) -> Vec<Claim> {
    let lang = stage.lang;
    let is_its_child =
        facts.child_parent_pid == u64::from(facts.parent_pid) && facts.child_pid != facts.child_parent_pid;
    vec![
        Claim::new("child_of_its_parent", is_its_child, text::child_of_its_parent(lang, facts.parent_pid)),
        Claim::new("arguments_arrived", facts.arguments == [6, 7], text::arguments_arrived(lang)),
        Claim::new(
            "parent_went_on_at_once",
            facts.parent_went_on_ns < facts.child_ended_ns && facts.code_done_ns < facts.child_ended_ns,
            text::parent_went_on_at_once(lang),
        ),
        Claim::new(
            "program_ended_last",
            facts.child_ended_ns < facts.program_ended_ns,
            text::program_ended_last(lang),
        ),
    ]
}
