//! Jepsen's events: a purchase is an `invoke` of a process, and then an `ok`, a `fail` or an `info` of
//! the same process, each on a line of its own, in the order in which they came.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::read::{BuyerName, Mistake};
use super::{Names, Outcome, Purchase, Steps};

/// One event. Members that Jepsen's are not known for are ignored.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    process: BuyerName<'a>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    f: Option<Cow<'a, str>>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    time: Option<u64>,
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
        event: Event<'_>,
        text: &[u8],
        line: u32,
        names: &mut Names,
    ) -> Result<Option<Purchase>, Mistake> {
        let keyword = |text: &str| text.trim_start_matches(':').to_owned();
        if matches!(&event.process, BuyerName::Text(name) if keyword(name) == "nemesis") {
            // Who breaks things on purpose buys nothing.
            return Ok(None);
        }
        let kind = keyword(&event.r#type);
        let f = event.f.as_deref().map(keyword);
        if f.as_deref() != Some("buy") {
            let f = f.unwrap_or_default();
            return Err(Mistake::whole(format!("\"f\" is {f:?}: only purchases are judged, \"f\":\"buy\"")));
        }
        let time_ns = event.time.ok_or_else(|| Mistake::whole("an event needs the member \"time\""))?;
        let buyer = event.process.number(names);
        let process = names.name(buyer).map_or_else(|| buyer.to_string(), str::to_owned);
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
            "ok" => bought(event.value, text)?,
            "fail" => {
                let told = [event.value, event.error].into_iter().flatten().any(is_refusal);
                (if told { Outcome::Refused } else { Outcome::Failed }, None)
            }
            "info" => (Outcome::Unknown, None),
            _ => {
                let what = format!("\"type\" is {kind:?}: one of invoke, ok, fail, info");
                return Err(Mistake::whole(what));
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
    stock: Option<u64>,
    line: u32,
) -> Purchase {
    Purchase {
        buyer,
        pid: None,
        invoke_ns: call.time_ns,
        return_ns,
        outcome,
        stock,
        steps: Steps::default(),
        fault: None,
        torn: None,
        line,
    }
}

/// What the value of an `ok` says.
fn bought(value: Option<&RawValue>, text: &[u8]) -> Result<(Outcome, Option<u64>), Mistake> {
    let Some(raw) = value else { return Ok((Outcome::Bought, None)) };
    if is_refusal(raw) {
        return Ok((Outcome::Refused, None));
    }
    match raw.get() {
        "null" | "true" | "\"bought\"" => Ok((Outcome::Bought, None)),
        digits => match digits.parse() {
            Ok(stock) => Ok((Outcome::Bought, Some(stock))),
            Err(_) => Err(Mistake::at(
                text,
                digits,
                "the \"value\" of an \"ok\" is the stock that it was sold from, a whole number from 0, \
                 or null, or \"refused\"",
            )),
        },
    }
}

fn is_refusal(raw: &RawValue) -> bool {
    raw.get() == "false"
        || serde_json::from_str::<Cow<'_, str>>(raw.get())
            .is_ok_and(|word| REFUSED.contains(&word.trim_start_matches(':').to_lowercase().as_str()))
}
