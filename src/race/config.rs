//! The user's settings of a race, from the command line or a TOML file: the names are the same in both.
//! [`Config::plan`] checks it.

mod error;

use std::num::NonZeroU32;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::plan::{RacePlan, Target, Trust, Users, usual_rules};
use super::request::{Body, Header, Request, field};
use super::setup::{Act, Setup};
use super::stock::StockSource;
use super::template::Template;
use super::url::UrlError;
use crate::history::Outcome;
use crate::plan::PerBuyer;
use crate::rules::Rules;
pub use error::{ConfigError, Mistake};

/// A text, and its place in the file; the place is empty if it is from the command line.
pub type Said = Spanned<String>;

/// The settings of a race as the user gives them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[allow(missing_docs, reason = "each is the option of its name, which says what it is")]
pub struct Config {
    pub buyers: Option<u32>,
    pub tickets: Option<i64>,
    pub command: Vec<String>,
    pub http: Option<Said>,
    pub body: Option<String>,
    pub json_body: Option<String>,
    pub form: Vec<Said>,
    pub header: Vec<Said>,
    pub per_buyer: Option<Amount>,
    pub spread: Option<Said>,
    pub timeout: Option<Said>,
    pub settle: Option<Said>,
    pub trials: Option<u32>,
    pub until_caught: bool,
    pub pause: Option<Said>,
    pub bought: Vec<Said>,
    pub refused: Vec<Said>,
    pub failed: Vec<Said>,
    pub unknown: Vec<Said>,
    pub stock: Option<Said>,
    pub reset: Option<Said>,
    pub setup: Vec<Said>,
    pub serve: Option<String>,
    pub users: Option<PathBuf>,
    pub env: Vec<Said>,
    pub chdir: Option<PathBuf>,
    pub cacert: Option<PathBuf>,
    pub insecure: bool,
    pub remote: bool,
    pub gate: Vec<Said>,
    pub gate_file: Vec<PathBuf>,
    pub orders: Option<Said>,
    pub order: Option<PathBuf>,
    pub order_seed: Option<u64>,
    pub background: Vec<Said>,
    pub patience: Option<Said>,
    pub replays: Option<u32>,
    pub expect: Option<Said>,
}

/// A number, or a word such as `all`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a whole number from 1, or `all`")]
pub enum Amount {
    /// A number.
    Number(u32),
    /// A word.
    Word(String),
}

impl Config {
    /// Reads a file's text.
    ///
    /// # Errors
    /// With the line and the column.
    pub fn parse(text: &str) -> Result<Self, (Range<usize>, String)> {
        toml::from_str(text)
            .map_err(|error| (error.span().unwrap_or(0..0), error.message().trim().replace('\n', "; ")))
    }

    /// Whether the target is to be started on a free port: `{port}`.
    #[must_use]
    pub fn wants_port(&self) -> bool {
        let in_env = self.env.iter().any(|variable| variable.get_ref().contains("{port}"));
        self.serve.as_ref().is_some_and(|serve| in_env || serve.contains("{port}"))
    }

    /// Replaces `{port}` by this port.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        let put = |text: &mut String| *text = text.replace("{port}", &port.to_string());
        let said = [&mut self.http, &mut self.stock, &mut self.reset].into_iter().flatten();
        said.chain(&mut self.setup).chain(&mut self.env).for_each(|said| put(said.get_mut()));
        self.command.iter_mut().chain(&mut self.serve).for_each(put);
        self
    }

    /// The first setting, other than `gate` itself, that is only for the gate.
    #[must_use]
    pub fn of_gate(&self) -> Option<&'static str> {
        let said = [
            ("gate-file", !self.gate_file.is_empty()),
            ("orders", self.orders.is_some()),
            ("order", self.order.is_some()),
            ("order-seed", self.order_seed.is_some()),
            ("background", !self.background.is_empty()),
            ("patience", self.patience.is_some()),
            ("replays", self.replays.is_some()),
            ("expect", self.expect.is_some()),
        ];
        said.into_iter().find(|(_, said)| *said).map(|(option, _)| option)
    }

    /// Checks the settings, and makes a plan of them. The caller has read the users.
    ///
    /// # Errors
    /// What is wrong, and with which setting.
    pub fn plan(self, users: Users) -> Result<RacePlan, ConfigError> {
        let target = self.target()?;
        let rules = self.rules(&target)?;
        let plan = RacePlan {
            buyers: self.buyers.unwrap_or(RacePlan::USUAL_BUYERS),
            tickets: self.tickets,
            per_buyer: self.per_buyer()?,
            spread: duration("spread", self.spread.as_ref(), Duration::ZERO)?,
            timeout: duration("timeout", self.timeout.as_ref(), Duration::from_secs(10))?,
            settle: duration("settle", self.settle.as_ref(), Duration::from_millis(200))?,
            trials: self.trials.unwrap_or(1),
            until_caught: self.until_caught,
            pause: duration("pause", self.pause.as_ref(), Duration::ZERO)?,
            usual_rules: rules.is_empty(),
            rules: if rules.is_empty() { usual_rules(target.kind()) } else { rules },
            stock: one("stock", self.stock.as_ref(), StockSource::parse)?,
            reset: one("reset", self.reset.as_ref(), Act::parse)?,
            setup: several("setup", &self.setup, Setup::parse)?,
            serve: self.serve,
            serve_env: Vec::new(),
            users,
            headers: several("header", &self.header, Header::parse)?,
            env: several("env", &self.env, field)?,
            chdir: self.chdir,
            trust: Trust { cacert: self.cacert, insecure: self.insecure },
            remote: self.remote,
            target,
        };
        check(&plan).map(|()| plan)
    }

    fn target(&self) -> Result<Target, ConfigError> {
        let bodies = [self.body.is_some(), self.json_body.is_some(), !self.form.is_empty()];
        let body_count = bodies.into_iter().filter(|given| *given).count();
        match (&self.http, self.command.as_slice()) {
            (None, []) => Err(ConfigError::new("http", Mistake::NoTarget)),
            (Some(_), [_, ..]) => Err(ConfigError::new("http", Mistake::TwoTargets)),
            (None, [_, ..]) if body_count > 0 => Err(ConfigError::new("http", Mistake::BodyOfCommand)),
            (None, words) => Ok(Target::Command(words.iter().map(|word| Template::new(word)).collect())),
            (Some(said), []) => {
                let mut request = read("http", said, |text| self.request(text))?;
                if body_count > 1 || body_count == 1 && request.body.is_some() {
                    return Err(ConfigError::new("body", Mistake::SeveralBodies));
                }
                let text = self.body.as_ref().map(|text| Body::Text(Template::new(text)));
                let json = self.json_body.as_ref().map(|text| Body::Json(Template::new(text)));
                let form = several("form", &self.form, field)?;
                let form = (!form.is_empty()).then_some(Body::Form(form));
                request.body = request.body.or(text).or(json).or(form);
                Ok(Target::Http(request))
            }
        }
    }

    /// A request without a method is a POST if it has a body.
    fn request(&self, text: &str) -> Result<Request, UrlError> {
        let mut request = Request::parse(text)?;
        let with_body = self.body.is_some() || self.json_body.is_some() || !self.form.is_empty();
        if with_body && !Request::begins(text) {
            request.method = "POST".to_owned();
        }
        Ok(request)
    }

    fn rules(&self, target: &Target) -> Result<Rules<Outcome>, ConfigError> {
        let given = [
            (Outcome::Bought, "bought", &self.bought),
            (Outcome::Refused, "refused", &self.refused),
            (Outcome::Failed, "failed", &self.failed),
            (Outcome::Unknown, "unknown", &self.unknown),
        ];
        for (outcome, setting, texts) in given {
            several(setting, texts, |text| Rules::parse([(outcome, text)], target.kind()))?;
        }
        let texts = given
            .into_iter()
            .flat_map(|(outcome, _, texts)| texts.iter().map(move |text| (outcome, text.get_ref().as_str())));
        Rules::parse(texts, target.kind()).map_err(|error| ConfigError::new("bought", error))
    }

    fn per_buyer(&self) -> Result<PerBuyer, ConfigError> {
        let read = match &self.per_buyer {
            None => Some(PerBuyer::ONE),
            Some(Amount::Number(count)) => NonZeroU32::new(*count).map(PerBuyer::Count),
            Some(Amount::Word(word)) => word.parse().ok(),
        };
        read.ok_or_else(|| ConfigError::new("per-buyer", Mistake::PerBuyer))
    }
}

fn check(plan: &RacePlan) -> Result<(), ConfigError> {
    let most = match plan.target {
        Target::Command(_) => RacePlan::MOST_COPIES,
        Target::Http(_) => RacePlan::MOST_BUYERS,
    };
    let wrong = |setting, what: Mistake| Err(ConfigError::new(setting, what));
    if !(1..=most).contains(&plan.buyers) {
        return wrong("buyers", Mistake::Buyers { buyers: plan.buyers, most });
    }
    if !(1..=RacePlan::MOST_TRIALS).contains(&plan.trials) {
        return wrong("trials", Mistake::Number { given: plan.trials, most: RacePlan::MOST_TRIALS });
    }
    if plan.purchases().is_some_and(|purchases| purchases > RacePlan::MOST_PURCHASES) {
        return wrong("per-buyer", Mistake::Purchases(RacePlan::MOST_PURCHASES));
    }
    if plan.tickets.is_none() && plan.stock.is_none() {
        return wrong("tickets", Mistake::NoTickets);
    }
    if plan.tickets.is_some_and(|tickets| tickets < 0) {
        return wrong("tickets", Mistake::NegativeTickets);
    }
    if plan.trials > 1 && plan.reset.is_none() && plan.serve.is_none() {
        return wrong("trials", Mistake::TrialsWithoutReset);
    }
    if plan.timeout.is_zero() {
        return wrong("timeout", Mistake::NoTimeToAnswer);
    }
    let own = ["buyer", "trial", "uuid", "n"];
    if let Some(column) = plan.users.columns.iter().find(|column| own.contains(&column.as_str())) {
        return wrong("users", Mistake::Column(column.clone()));
    }
    Ok(())
}

/// Reads a setting.
fn read<T, E: Into<Mistake>>(
    setting: &'static str,
    said: &Said,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, ConfigError> {
    parse(said.get_ref()).map_err(|what| ConfigError { setting, at: said.span(), what: what.into() })
}

/// Reads an optional setting.
pub(super) fn one<T, E: Into<Mistake>>(
    setting: &'static str,
    said: Option<&Said>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, ConfigError> {
    said.map(|said| read(setting, said, parse)).transpose()
}

/// Reads a setting that may be given several times.
pub(super) fn several<T, E: Into<Mistake>>(
    setting: &'static str,
    said: &[Said],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, ConfigError> {
    said.iter().map(|said| read(setting, said, &parse)).collect()
}

/// Reads a duration.
pub(super) fn duration(
    setting: &'static str,
    said: Option<&Said>,
    usual: Duration,
) -> Result<Duration, ConfigError> {
    let parse = |text: &str| match text {
        "0" => Ok(Duration::ZERO),
        _ => match humantime::parse_duration(text) {
            Ok(duration) if duration <= Duration::from_secs(24 * 60 * 60) => Ok(duration),
            Ok(_) => Err(Mistake::TooLong),
            Err(_) => Err(Mistake::NoDuration(text.to_owned())),
        },
    };
    one(setting, said, parse).map(|duration| duration.unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(toml: &str) -> Result<RacePlan, ConfigError> {
        Config::parse(toml).expect("toml").plan(Users::default())
    }

    #[test]
    fn a_file_becomes_a_plan() {
        let plan = plan(
            "buyers = 3\ntickets = 2\nhttp = 'http://127.0.0.1:8000/buy'\nform = ['user={buyer}']\n\
             bought = ['status=200 json:$.ok=true']\nrefused = ['status=409', 'status=200']\n\
             per-buyer = 'all'\nsetup = ['once: GET http://127.0.0.1:8000/t -> t=body~.+']\nheader = ['X: {t}{y}']",
        )
        .expect("a plan");
        assert_eq!((plan.buyers, plan.per_buyer, plan.usual_rules), (3, PerBuyer::All, false));
        assert!(matches!(&plan.target, Target::Http(request) if request.method == "POST"));
        assert_eq!(plan.rules.iter().count(), 3);
        assert_eq!(plan.origins().len(), 1);
        assert_eq!(plan.unknown_variables(), ["y"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let bad = [
            ("", "http"),
            ("command = ['x']", "tickets"),
            ("tickets = 1\nhttp = 'http://h/'\ncommand = ['x']", "http"),
            ("tickets = 1\ncommand = ['x']\nbody = 'x'", "http"),
            ("tickets = 1\nhttp = 'http://h/'\nbody = 'x'\njson-body = 'y'", "body"),
            ("tickets = 1\ncommand = ['x']\ntrials = 2", "trials"),
            ("tickets = 1\ncommand = ['x']\ntrials = 0", "trials"),
            ("tickets = 1\ncommand = ['x']\nbuyers = 0", "buyers"),
            ("tickets = -1\ncommand = ['x']", "tickets"),
            ("tickets = 1\ncommand = ['x']\nper-buyer = 0", "per-buyer"),
            ("tickets = 1\ncommand = ['x']\nsettle = 'soon'", "settle"),
            ("tickets = 1\ncommand = ['x']\nbought = ['exit=0', 'status=200']", "bought"),
        ];
        for (toml, setting) in bad {
            assert_eq!(plan(toml).expect_err(toml).setting, setting, "{toml}");
        }
        let text = "tickets = 1\ncommand = ['x']\nbought = ['exit=0', 'status=200']";
        let at = plan(text).expect_err("a bad rule").at;
        assert_eq!(&text[at], "'status=200'");
        let (at, what) = Config::parse("tickets = 1\nstok = 'x'").expect_err("unknown");
        assert!(at.start == 12 && what.contains("stok"), "{at:?} {what}");
    }
}
