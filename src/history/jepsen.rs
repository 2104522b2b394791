//! Jepsen's events: a purchase is an `invoke` of a process, and then an `ok`, a `fail` or an `info` of
//! the same process, each on a line of its own, in the order in which they came.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::read::{BuyerName, Mistake, reason};
use super::{Names, Outcome, Purchase};
use crate::stock::Stock;

/// One event: its members, as they stand in its line.
pub(super) struct Event<'a> {
    pub(super) text: &'a [u8],
    pub(super) process: &'a RawValue,
    pub(super) kind: &'a RawValue,
    pub(super) f: Option<&'a RawValue>,
    pub(super) value: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) time: Option<&'a RawValue>,
}

impl<'a> Event<'a> {
    fn parse<T: Deserialize<'a>>(&self, member: &'a RawValue) -> Result<T, Mistake> {
        serde_json::from_str(member.get()).map_err(|error| Mistake::at(self.text, member, reason(&error)))
    }

    /// A keyword, which may begin with a colon, as in Clojure.
    fn keyword(&self, member: &'a RawValue) -> Result<String, Mistake> {
        let word: Cow<'_, str> = self.parse(member)?;
        Ok(word.trim_start_matches(':').to_owned())
    }

    /// What an `ok` says.
    fn bought(&self) -> Result<(Outcome, Option<Stock>), Mistake> {
        let Some(value) = self.value else { return Ok((Outcome::Bought, None)) };
        if is_refusal(value) {
            return Ok((Outcome::Refused, None));
        }
        match value.get() {
            "null" | "true" | "\"bought\"" => Ok((Outcome::Bought, None)),
            digits => match digits.parse() {
                Ok(stock) => Ok((Outcome::Bought, Some(stock))),
                Err(_) => Err(Mistake::at(
                    self.text,
                    value,
                    "the \"value\" of an \"ok\" is the stock that it was sold from, a whole number, \
                     or null, or \"refused\"",
                )),
            },
        }
    }
}

/// The purchases that have been called and not answered yet.
#[derive(Default)]
pub(super) struct Events {
    called: HashMap<u64, Call>,
}

#[derive(Clone, Copy)]
struct Call {
    time_ns: u64,
    line: u32,
}

/// The words for a refusal, in an `error` or a `value`.
const REFUSED: &[&str] = &["refused", "sold out", "sold-out", "sold_out"];

impl Events {
    /// Takes the event of a line. Returns a purchase when it is complete.
    pub(super) fn take(
        &mut self,
        event: &Event<'_>,
        line: u32,
        names: &mut Names,
    ) -> Result<Option<Purchase>, Mistake> {
        if matches!(event.process.get(), "\"nemesis\"" | "\":nemesis\"") {
            // Who breaks things on purpose buys nothing.
            return Ok(None);
        }
        let needs = |member: &str| Mistake::whole(format!("an event needs the member \"{member}\""));
        let f = event.f.ok_or_else(|| needs("f"))?;
        if event.keyword(f)? != "buy" {
            let what = format!("\"f\" is {}: only purchases are judged, \"buy\"", f.get());
            return Err(Mistake::at(event.text, f, what));
        }
        let kind = event.keyword(event.kind)?;
        let time_ns: u64 = event.parse(event.time.ok_or_else(|| needs("time"))?)?;
        let buyer = event.parse::<BuyerName<'_>>(event.process)?.number(names);
        let process = event.process.get();
        if kind == "invoke" {
            return match self.called.entry(buyer) {
                Entry::Occupied(call) => Err(Mistake::whole(format!(
                    "process {process} is called again, and its call on line {} has no answer yet; \
                     if none came, that is an \"info\"",
                    call.get().line
                ))),
                Entry::Vacant(entry) => {
                    entry.insert(Call { time_ns, line });
                    Ok(None)
                }
            };
        }
        let (outcome, stock) = match kind.as_str() {
            "ok" => event.bought()?,
            "fail" => {
                let told = [event.value, event.error].into_iter().flatten().any(is_refusal);
                (if told { Outcome::Refused } else { Outcome::Failed }, None)
            }
            "info" => (Outcome::Unknown, None),
            _ => {
                let what = format!("\"type\" is {kind:?}: one of invoke, ok, fail, info");
                return Err(Mistake::at(event.text, event.kind, what));
            }
        };
        let call = self.called.remove(&buyer).ok_or_else(|| {
            Mistake::whole(format!("{kind:?} of process {process}, which was not called before"))
        })?;
        if time_ns < call.time_ns {
            let called = call.time_ns;
            return Err(Mistake::whole(format!("it returned at {time_ns}, before its call at {called}")));
        }
        let return_ns = Some(time_ns).filter(|_| outcome != Outcome::Unknown);
        Ok(Some(purchase(buyer, call, return_ns, outcome, stock, line)))
    }

    /// The purchases that no answer came for.
    pub(super) fn unanswered(self) -> Vec<Purchase> {
        let unknown =
            |(buyer, call): (u64, Call)| purchase(buyer, call, None, Outcome::Unknown, None, call.line);
        let mut purchases: Vec<Purchase> = self.called.into_iter().map(unknown).collect();
        purchases.sort_unstable_by_key(|purchase| purchase.line);
        purchases
    }
}

fn purchase(
    buyer: u64,
    call: Call,
    return_ns: Option<u64>,
    outcome: Outcome,
    stock: Option<Stock>,
    line: u32,
) -> Purchase {
    Purchase { seen: stock, sold_from: stock, line, ..Purchase::new(buyer, outcome, call.time_ns, return_ns) }
}

/// A refusal: false, one of the words for it, or a list that begins with one, as Clojure's errors do.
fn is_refusal(member: &RawValue) -> bool {
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(member.get()) {
        return list
            .first()
            .is_some_and(|first| serde_json::from_str::<String>(first.get()).is_ok() && is_refusal(first));
    }
    let word = serde_json::from_str::<String>(member.get());
    let word = word.map(|word| word.trim_start_matches(':').to_lowercase());
    member.get() == "false" || word.is_ok_and(|word| REFUSED.contains(&word.as_str()))
}
