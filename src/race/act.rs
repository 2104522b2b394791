//! What a race does at its target besides racing: put tickets on sale, log in, read the stock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::command::{CommandError, Program};
use super::http::{HttpAnswer, Net, NoAnswer};
use super::plan::RacePlan;
use super::request::{Cookies, Request};
use super::setup::{Act, Reply, Setup};
use super::stock::{StockSource, whole_number};
use super::template::Variables;
use crate::stock::Stock;

/// Why a trial can't go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// The target does not do what it should.
    Why(String),
}

impl From<CommandError> for Stop {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Interrupted => Stop::Interrupted,
            other => Stop::Why(other.to_string()),
        }
    }
}

impl From<NoAnswer> for Stop {
    fn from(error: NoAnswer) -> Self {
        match error {
            NoAnswer::Interrupted => Stop::Interrupted,
            other => Stop::Why(other.to_string()),
        }
    }
}

/// What acts at the target need.
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

    /// Does it, and takes what it brings into the variables.
    pub(super) fn act(
        &self,
        act: &Act,
        what: &str,
        takes: &[(String, super::setup::Extract)],
        values: &mut Variables,
        cookies: &mut Cookies,
    ) -> Result<(), Stop> {
        let failed = |why: String| Stop::Why(format!("{what}: {}: {why}", act.shown()));
        match act {
            Act::Shell(command) => {
                let program =
                    Program::shell(self.plan, command, values).map_err(|error| failed(error.to_string()))?;
                let answer = program.run(self.plan.timeout, self.interrupted)?;
                if answer.exit != Some(0) {
                    return Err(failed(said_by(&answer)));
                }
                let reply = Reply { text: &answer.stdout, headers: &[], cookies };
                let taken = taken(takes, reply).map_err(failed)?;
                values.extend(taken);
            }
            Act::Http(request) => {
                let bytes = request
                    .bytes(&self.plan.headers, values, cookies)
                    .map_err(|error| failed(error.to_string()))?;
                let answer = self.net.ask(&request.url.origin, bytes);
                let answer = answer.map_err(|error| with(error, &failed))?;
                take_in(&answer, takes, values, cookies).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Does a step of the set-up for every buyer; requests go several at a time.
    pub(super) fn act_for_all(&self, setup: &Setup, buyers: &mut [(Variables, Cookies)]) -> Result<(), Stop> {
        let Act::Http(request) = &setup.act else {
            for (values, cookies) in buyers {
                self.act(&setup.act, "set-up", &setup.takes, values, cookies)?;
            }
            return Ok(());
        };
        let failed = |why: String| Stop::Why(format!("set-up: {}: {why}", request.shown()));
        let mut requests = Vec::new();
        for (values, cookies) in buyers.iter() {
            let bytes = request.bytes(&self.plan.headers, values, cookies);
            requests.push((&request.url.origin, bytes.map_err(|error| failed(error.to_string()))?));
        }
        let mut stop = None;
        self.net.ask_all(requests, |place, answer| {
            let (values, cookies) = &mut buyers[place];
            let done = answer
                .map_err(|error| with(error, &failed))
                .and_then(|answer| take_in(&answer, &setup.takes, values, cookies).map_err(failed));
            if let Err(why) = done {
                stop.get_or_insert(why);
            }
        });
        stop.map_or(Ok(()), Err)
    }

    /// Reads the stock.
    pub(super) fn stock(&self, source: &StockSource, values: &Variables) -> Result<Stock, Stop> {
        let failed = |why: String| Stop::Why(format!("the stock: {}: {why}", source.shown()));
        match source {
            StockSource::Shell(command) => {
                let program =
                    Program::shell(self.plan, command, values).map_err(|error| failed(error.to_string()))?;
                let answer = program.run(self.plan.timeout, self.interrupted)?;
                if answer.exit != Some(0) {
                    return Err(failed(said_by(&answer)));
                }
                whole_number(&answer.stdout).map_err(failed)
            }
            StockSource::Url { request, at } => {
                let answer = self.ask(request, values).map_err(|error| with(error, &failed))?;
                if !(200..300).contains(&answer.status) {
                    return Err(failed(format!("status {}", answer.status)));
                }
                at.number(&answer.body).map_err(failed)
            }
            StockSource::File { path, at } => {
                let text = read_bounded(path).map_err(|error| failed(error.to_string()))?;
                at.number(&text).map_err(failed)
            }
            StockSource::Sqlite { path, select } => {
                super::sqlite::number(path, select, self.plan.timeout).map_err(failed)
            }
        }
    }

    fn ask(&self, request: &Request, values: &Variables) -> Result<HttpAnswer, NoAnswer> {
        let origin = &request.url.origin;
        let bytes = request
            .bytes(&self.plan.headers, values, &Cookies::new())
            .map_err(|error| NoAnswer::Refused(origin.clone(), error.to_string()))?;
        self.net.ask(origin, bytes)
    }

    /// Reads the stock after a race: when it has settled, and until two readings agree. False where they
    /// never do.
    pub(super) fn settled_stock(
        &self,
        source: &StockSource,
        values: &Variables,
    ) -> Result<(Stock, bool), Stop> {
        /// So often it is read at most.
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

fn with(error: NoAnswer, failed: &impl Fn(String) -> Stop) -> Stop {
    match error {
        NoAnswer::Interrupted => Stop::Interrupted,
        other => failed(other.to_string()),
    }
}

fn taken(takes: &[(String, super::setup::Extract)], reply: Reply<'_>) -> Result<Variables, String> {
    let take = |(name, extract): &(String, super::setup::Extract)| {
        let value = extract.value(reply).ok_or_else(|| format!("no {name} in its answer"))?;
        Ok((name.clone(), value))
    };
    takes.iter().map(take).collect()
}

/// Takes cookies and variables from an answer, which must be no error.
fn take_in(
    answer: &HttpAnswer,
    takes: &[(String, super::setup::Extract)],
    values: &mut Variables,
    cookies: &mut Cookies,
) -> Result<(), String> {
    if answer.status >= 400 {
        let body: String = String::from_utf8_lossy(&answer.body).trim().chars().take(80).collect();
        return Err(format!("status {} {body:?}", answer.status));
    }
    answer.set_cookies(cookies);
    let reply = Reply { text: &answer.body, headers: &answer.headers, cookies };
    values.extend(taken(takes, reply)?);
    Ok(())
}

/// How a command ended that should have ended well, with the last line that it wrote.
fn said_by(answer: &super::command::CommandAnswer) -> String {
    let how = match (answer.exit, answer.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "it did not end".to_owned(),
    };
    let text = if answer.stderr.trim_ascii().is_empty() { &answer.stdout } else { &answer.stderr };
    let text = String::from_utf8_lossy(text);
    match text.trim().lines().last() {
        Some(line) => format!("{how}: {}", line.chars().take(200).collect::<String>()),
        None => how,
    }
}

fn read_bounded(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    /// No file that says a stock is longer.
    const MOST_BYTES: u64 = 16 << 20;
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(MOST_BYTES).read_to_end(&mut text)?;
    Ok(text)
}
