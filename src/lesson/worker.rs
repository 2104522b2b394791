//! A process as a user-defined type: it holds its arguments, has a name and a process id, and runs.

use std::io;

use serde::Serialize;

use super::child::Child;
use super::stage::{SharedNumber, Stage, share};
use super::{Claim, Lecture, LessonError};
use crate::lang::lesson::worker as text;

/// A worker that adds up the numbers from 1 to `upto`. In Python: `class Adder(Process)`.
struct Adder<'a> {
    stage: &'a Stage<'a>,
    name: String,
    upto: u64,
    /// What it found, in memory that it shares with its parent: its other fields are copies there.
    sum: SharedNumber,
    process: Option<Child<'a>>,
}

impl<'a> Adder<'a> {
    fn new(stage: &'a Stage<'a>, number: u32, upto: u64) -> Result<Self, LessonError> {
        let [sum] = share()?;
        Ok(Self { stage, name: format!("worker-{number}"), upto, sum, process: None })
    }

    /// What the process does. It is the only part that runs in it.
    fn run(&self) -> io::Result<()> {
        self.stage.say(&text::begins(self.stage.lang, self.upto));
        self.stage.sleep(100);
        self.sum.set((1..=self.upto).sum());
        self.stage.say(&text::ends(self.stage.lang, self.sum.get()));
        Ok(())
    }

    fn start(&mut self) -> Result<(), LessonError> {
        self.process = Some(self.stage.start(&self.name, || self.run())?);
        Ok(())
    }

    fn join(&mut self) -> Result<(), LessonError> {
        self.process.as_mut().map_or(Ok(()), Child::join)
    }

    /// None before it is started.
    fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::pid)
    }
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    parent_pid: u32,
    workers: Vec<Worker>,
}

/// One worker.
#[derive(Clone, Debug, Serialize)]
struct Worker {
    name: String,
    upto: u64,
    pid_before_start: Option<u32>,
    pid: Option<u32>,
    sum: u64,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    stage.columns();
    let mut adders = (1..=3)
        .map(|number| Adder::new(stage, number, u64::from(number) * 10))
        .collect::<Result<Vec<_>, _>>()?;
    let pids_before: Vec<Option<u32>> = adders.iter().map(Adder::pid).collect();
    stage.say(&text::made(lang, adders.len()));
    adders.iter_mut().try_for_each(Adder::start)?;
    stage.say(&text::started(lang, adders.len()));
    adders.iter_mut().try_for_each(Adder::join)?;
    stage.say(&text::joined(lang));

    let worker = |(adder, pid_before_start): (&Adder<'_>, Option<u32>)| Worker {
        name: adder.name.clone(),
        upto: adder.upto,
        pid_before_start,
        pid: adder.pid(),
        sum: adder.sum.get(),
    };
    let workers = adders.iter().zip(pids_before).map(worker).collect();
    let facts = Facts { parent_pid: std::process::id(), workers };
    let claims = claims(stage, &facts);
    Ok((facts, claims, text::why(lang)))
}

fn claims(stage: &Stage<'_>, facts: &Facts) -> Vec<Claim> {
    let lang = stage.lang;
    let workers = &facts.workers;
    let mut pids: Vec<u32> = workers.iter().filter_map(|worker| worker.pid).collect();
    pids.push(facts.parent_pid);
    pids.sort_unstable();
    pids.dedup();
    let own_process =
        workers.iter().all(|worker| worker.pid_before_start.is_none()) && pids.len() == workers.len() + 1;
    let own_arguments = workers.iter().all(|worker| worker.sum == worker.upto * (worker.upto + 1) / 2);
    let names = workers.iter().map(|worker| worker.name.as_str()).collect::<Vec<_>>();
    vec![
        Claim::new("own_process", own_process, text::own_process(lang)),
        Claim::new("own_arguments", own_arguments, text::own_arguments(lang)),
        Claim::new(
            "own_name",
            names == ["worker-1", "worker-2", "worker-3"],
            text::own_name(lang, lang.list(&names)),
        ),
    ]
}
