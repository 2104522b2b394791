//! What a race does at its target besides racing: put tickets on sale, log in, read the stock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::command::{CommandAnswer, CommandError, Program};
use super::http::{HttpAnswer, Net, NoAnswer};
use super::plan::RacePlan;
use super::request::{Cookies, Request};
use super::setup::{Act, Extract, Reply, Setup};
use super::stock::{NoStock, StockSource, whole_number};
use super::template::Variables;
use super::trial_error::{Doing, Failed, TrialError};
use crate::stock::Stock;

/// Why a trial can't go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// The target does not do what it should.
    Why(TrialError),
}

impl From<TrialError> for Stop {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Command(CommandError::Interrupted)
            | TrialError::NoAnswer(NoAnswer::Interrupted)
            | TrialError::Act { why: Failed::NoAnswer(NoAnswer::Interrupted), .. } => Stop::Interrupted,
            error => Stop::Why(error),
        }
    }
}

impl From<CommandError> for Stop {
    fn from(error: CommandError) -> Self {
        TrialError::from(error).into()
    }
}

/// What is needed to act at the target.
#[derive(Clone, Copy)]
pub(super) struct Hands<'a> {
    pub(super) plan: &'a RacePlan,
    pub(super) net: &'a Net<'a>,
    pub(super) interrupted: &'a AtomicBool,
}

impl Hands<'_> {
    /// Sleeps, unless interrupted.
    pub(super) fn sleep(&self, time: Duration) -> Result<(), Stop> {
        let until = Instant::now() + time;
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Stop::Interrupted);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    /// Does this, and puts the values that the answer brings into the variables.
    pub(super) fn act(
        &self,
        act: &Act,
        doing: Doing,
        takes: &[(String, Extract)],
        values: &mut Variables,
        cookies: &mut Cookies,
    ) -> Result<(), Stop> {
        let failed = |why: Failed| Stop::from(TrialError::Act { doing, what: act.shown(), why });
        match act {
            Act::Shell(command) => {
                let program =
                    Program::shell(self.plan, command, values).map_err(|error| failed(error.into()))?;
                let answer = self.run(&program)?.map_err(failed)?;
                let reply = Reply { text: &answer.stdout, headers: &[], cookies };
                let taken = taken(takes, reply).map_err(failed)?;
                values.extend(taken);
            }
            Act::Http(request) => {
                let answer = self.ask(request, values, cookies).map_err(failed)?;
                take_in(&answer, takes, values, cookies).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Runs a command that has to end well.
    fn run(&self, program: &Program) -> Result<Result<CommandAnswer, Failed>, CommandError> {
        let answer = program.run(self.plan.timeout, self.interrupted)?;
        Ok(if answer.exit == Some(0) { Ok(answer) } else { Err(ended_badly(&answer)) })
    }

    fn ask(&self, request: &Request, values: &Variables, cookies: &Cookies) -> Result<HttpAnswer, Failed> {
        let bytes = request.bytes(&self.plan.headers, values, cookies)?;
        Ok(self.net.ask(&request.url.origin, bytes)?)
    }

    /// Does a step of the set-up for every buyer. Several requests are under way at a time.
    pub(super) fn act_for_all(&self, setup: &Setup, buyers: &mut [(Variables, Cookies)]) -> Result<(), Stop> {
        let Act::Http(request) = &setup.act else {
            for (values, cookies) in buyers {
                self.act(&setup.act, Doing::SetUp, &setup.takes, values, cookies)?;
            }
            return Ok(());
        };
        let failed =
            |why: Failed| Stop::from(TrialError::Act { doing: Doing::SetUp, what: request.shown(), why });
        let mut requests = Vec::new();
        for (values, cookies) in buyers.iter() {
            let bytes = request.bytes(&self.plan.headers, values, cookies);
            requests.push((&request.url.origin, bytes.map_err(|error| failed(error.into()))?));
        }
        let mut stop = None;
        self.net.ask_all(requests, |place, answer| {
            let (values, cookies) = &mut buyers[place];
            let done = answer
                .map_err(Failed::from)
                .and_then(|answer| take_in(&answer, &setup.takes, values, cookies));
            if let Err(why) = done {
                stop.get_or_insert(failed(why));
            }
        });
        stop.map_or(Ok(()), Err)
    }

    /// Reads the stock.
    pub(super) fn stock(&self, source: &StockSource, values: &Variables) -> Result<Stock, Stop> {
        let failed =
            |why: Failed| Stop::from(TrialError::Act { doing: Doing::Stock, what: source.shown(), why });
        let number = match source {
            StockSource::Shell(command) => {
                let program =
                    Program::shell(self.plan, command, values).map_err(|error| failed(error.into()))?;
                let answer = self.run(&program)?.map_err(failed)?;
                whole_number(&answer.stdout)
            }
            StockSource::Url { request, at } => {
                let answer = self.ask(request, values, &Cookies::new()).map_err(failed)?;
                if !(200..300).contains(&answer.status) {
                    return Err(failed(Failed::Status { status: answer.status, body: String::new() }));
                }
                at.number(&answer.body)
            }
            StockSource::File { path, at } => read_bounded(path)
                .map_err(|error| NoStock::File(error.to_string()))
                .and_then(|text| at.number(&text)),
            StockSource::Sqlite { path, select } => super::sqlite::number(path, select, self.plan.timeout),
        };
        number.map_err(|error| failed(error.into()))
    }

    /// Reads the stock after a race, once it has had time to settle, until two readings agree. False if they
    /// never do.
    pub(super) fn settled_stock(
        &self,
        source: &StockSource,
        values: &Variables,
    ) -> Result<(Stock, bool), Stop> {
        /// It is read at most this often.
        const MOST_READINGS: u32 = 20;
        self.sleep(self.plan.settle)?;
        let mut last = self.stock(source, values)?;
        let until = Instant::now() + self.plan.timeout;
        for _ in 1..MOST_READINGS {
            self.sleep(self.plan.settle.max(Duration::from_millis(10)))?;
            let next = self.stock(source, values)?;
            if next == last {
                return Ok((next, true));
            }
            last = next;
            if Instant::now() >= until {
                break;
            }
        }
        Ok((last, false))
    }
}

fn taken(takes: &[(String, Extract)], reply: Reply<'_>) -> Result<Variables, Failed> {
    let take = |(name, extract): &(String, Extract)| {
        let value = extract.value(reply).ok_or_else(|| Failed::NoVariable(name.clone()))?;
        Ok((name.clone(), value))
    };
    takes.iter().map(take).collect()
}

/// Takes cookies and variables from an answer, which must be no error.
fn take_in(
    answer: &HttpAnswer,
    takes: &[(String, Extract)],
    values: &mut Variables,
    cookies: &mut Cookies,
) -> Result<(), Failed> {
    if answer.status >= 400 {
        let body = String::from_utf8_lossy(&answer.body).trim().chars().take(80).collect();
        return Err(Failed::Status { status: answer.status, body });
    }
    answer.set_cookies(cookies);
    let reply = Reply { text: &answer.body, headers: &answer.headers, cookies };
    values.extend(taken(takes, reply)?);
    Ok(())
}

/// How a command ended that should have ended well, with the last line that it wrote.
fn ended_badly(answer: &CommandAnswer) -> Failed {
    let text = if answer.stderr.trim_ascii().is_empty() { &answer.stdout } else { &answer.stderr };
    let text = String::from_utf8_lossy(text);
    let line = text.trim().lines().last().map(|line| line.chars().take(200).collect());
    match (answer.exit, answer.signal) {
        (Some(code), _) => Failed::Exit { code, line },
        (None, Some(signal)) => Failed::Killed { signal, line },
        (None, None) => Failed::NoEnd(line),
    }
}

fn read_bounded(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    /// No file with a stock is longer.
    const MOST_BYTES: u64 = 16 << 20;
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(MOST_BYTES).read_to_end(&mut text)?;
    Ok(text)
}
