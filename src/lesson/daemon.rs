//! A daemon ends when its parent's code ends, although it would never end by itself. A signal can end any child; that
//! takes a moment.

use serde::Serialize;

use super::child::{Child, Ended, exists};
use super::stage::{Stage, share};
use super::{Claim, Lecture, LessonError};
use crate::lang::lesson::daemon as text;
use crate::report::text::LOUD;

/// What was measured. Times are nanoseconds since the lesson began.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    daemon: Daemon,
    terminated: Terminated,
    /// Processes of the lesson that are there after its end.
    left_behind: usize,
}

/// The child that ends with the program.
#[derive(Clone, Debug, Serialize)]
struct Daemon {
    pid: u32,
    /// How often it said that it is alive.
    beats: u64,
    alive_when_code_done: bool,
    code_done_ns: u64,
    ended_ns: u64,
    last_beat_ns: u64,
    signal: Option<i32>,
}

/// The child that is told to end.
#[derive(Clone, Debug, Serialize)]
struct Terminated {
    pid: u32,
    name: String,
    alive_before: bool,
    /// Either is right: the signal may have arrived or not.
    alive_right_after: bool,
    alive_a_moment_later: bool,
    signal: Option<i32>,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    stage.columns();
    stage.line(&stage.painted(LOUD, &text::a_daemon(lang)));
    let daemon = a_daemon(stage)?;
    stage.line(&stage.painted(LOUD, &text::a_terminated(lang)));
    let terminated = a_terminated(stage)?;
    let left_behind = [daemon.pid, terminated.pid].into_iter().filter(|pid| exists(*pid)).count();
    let facts = Facts { daemon, terminated, left_behind };
    let claims = claims(stage, &facts);
    Ok((facts, claims, text::why(lang)))
}

fn a_daemon(stage: &Stage<'_>) -> Result<Daemon, LessonError> {
    let lang = stage.lang;
    let [beats, last_beat_ns] = share()?;
    let mut daemon = stage
        .start("daemon", || {
            loop {
                last_beat_ns.set(stage.say(&text::still_alive(lang)));
                beats.count();
                stage.sleep(200);
            }
        })?
        .daemon();
    // The parent's own work.
    stage.pause(500)?;
    stage.until(|| beats.get() > 0 || !daemon.is_alive())?;
    let alive_when_code_done = daemon.is_alive();
    let code_done_ns = stage.say(&text::code_done(lang));
    stage.leave([&mut daemon])?;
    let ended_ns = stage.say(&text::daemon_ended(lang));
    Ok(Daemon {
        pid: daemon.pid(),
        beats: beats.get(),
        alive_when_code_done,
        code_done_ns,
        ended_ns,
        last_beat_ns: last_beat_ns.get(),
        signal: signal_of(&mut daemon),
    })
}

fn a_terminated(stage: &Stage<'_>) -> Result<Terminated, LessonError> {
    let lang = stage.lang;
    let [begun] = share()?;
    let mut child = stage.start("child", || {
        stage.say(&text::would_take_long(lang));
        begun.set(1);
        stage.sleep(60_000);
        Ok(())
    })?;
    stage.until(|| begun.get() == 1 || !child.is_alive())?;
    let alive_before = child.is_alive();
    child.terminate();
    let alive_right_after = child.is_alive();
    stage.say(&if alive_right_after { text::still_there(lang) } else { text::already_gone(lang) });
    // A moment: longer on a busy machine, but not for ever.
    for _ in 0..100 {
        stage.pause(100)?;
        if !child.is_alive() {
            break;
        }
    }
    let alive_a_moment_later = child.is_alive();
    stage.say(&text::a_moment_later(lang, child.name()));
    Ok(Terminated {
        pid: child.pid(),
        name: child.name().to_owned(),
        alive_before,
        alive_right_after,
        alive_a_moment_later,
        signal: signal_of(&mut child),
    })
}

fn signal_of(child: &mut Child<'_>) -> Option<i32> {
    match child.ended() {
        Some(Ended::Killed(signal)) => Some(signal),
        _ => None,
    }
}

fn claims(stage: &Stage<'_>, facts: &Facts) -> Vec<Claim> {
    let lang = stage.lang;
    let Facts { daemon, terminated, left_behind } = facts;
    let sigterm = Some(nix::libc::SIGTERM);
    vec![
        Claim::new(
            "daemon_ended_with_the_code",
            daemon.alive_when_code_done
                && daemon.beats > 0
                && daemon.signal == sigterm
                && daemon.code_done_ns < daemon.ended_ns
                && daemon.last_beat_ns < daemon.ended_ns,
            text::daemon_ended_with_the_code(lang, daemon.beats),
        ),
        Claim::new(
            "terminated_a_moment_later",
            terminated.alive_before && !terminated.alive_a_moment_later && terminated.signal == sigterm,
            text::terminated_a_moment_later(lang),
        ),
        Claim::new(
            "name_still_known",
            terminated.name == "child",
            text::name_still_known(lang, &terminated.name),
        ),
        Claim::new("none_left_behind", *left_behind == 0, text::none_left_behind(lang)),
    ]
}
