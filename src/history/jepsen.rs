//! Jepsen's events: a purchase is an `invoke` of a process, and then an `ok`, a `fail` or an `info` of
//! the same process, each on its own line, in the order in which they came.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::line_error::{EventError, LineError};
use super::mistake::Mistake;
use super::names::BuyerName;
use super::reading::{Deed, Reading, Remark};
use super::{Items, Names, Outcome, Purchase};
use crate::stock::Stock;

/// One event: its members, as written in its line.
pub(super) struct JepsenEvent<'a> {
    pub(super) text: &'a [u8],
    pub(super) process: &'a RawValue,
    pub(super) kind: &'a RawValue,
    pub(super) f: Option<&'a RawValue>,
    pub(super) value: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) time: Option<&'a RawValue>,
    pub(super) index: Option<&'a RawValue>,
}

impl<'a> JepsenEvent<'a> {
    fn parse<T: Deserialize<'a>>(&self, member: &'a RawValue) -> Result<T, Mistake> {
        serde_json::from_str(member.get())
            .map_err(|error| Mistake::at(self.text, member, LineError::json(&error)))
    }

    /// A keyword, which may begin with a colon, as in Clojure.
    fn keyword(&self, member: &'a RawValue) -> Result<String, Mistake> {
        let word: Cow<'_, str> = self.parse(member)?;
        Ok(word.trim_start_matches(':').to_owned())
    }

    /// The meaning of an `ok`.
    fn bought(&self, asked: Option<&str>) -> Result<(Outcome, Option<Stock>, bool), Mistake> {
        match self.value {
            Some(value) if is_refusal(value) => Ok((Outcome::Refused, None, false)),
            _ => self.stock(asked).map(|(stock, echoed)| (Outcome::Bought, stock, echoed)),
        }
    }

    /// The stock of an `ok`, and whether it only repeats the value of the `invoke`.
    fn stock(&self, asked: Option<&str>) -> Result<(Option<Stock>, bool), Mistake> {
        let Some(value) = self.value.filter(|value| !matches!(value.get(), "null" | "true" | "\"bought\""))
        else {
            return Ok((None, false));
        };
        if asked == Some(value.get()) {
            return Ok((None, true));
        }
        let stock = value.get().parse().map(|stock| (Some(stock), false));
        stock.map_err(|_| Mistake::at(self.text, value, EventError::NoStock))
    }

    /// A time in nanoseconds; a fraction is cut off.
    fn time(&self) -> Result<Option<u64>, Mistake> {
        let Some(time) = self.time.filter(|time| time.get() != "null") else { return Ok(None) };
        if let Ok(ns) = time.get().parse() {
            return Ok(Some(ns));
        }
        let ns: f64 = self.parse(time)?;
        if (0.0..1.8e19).contains(&ns) {
            return Ok(Some(ns as u64));
        }
        Err(Mistake::at(self.text, time, EventError::NoTime))
    }
}

/// The purchases that are still without an answer, and those that are complete.
#[derive(Default)]
pub(super) struct Events {
    reading: Reading,
    called: HashMap<u64, Call>,
    complete: Vec<(Purchase, Order)>,
    /// How many events there were.
    count: u64,
    /// The latest time so far.
    latest_ns: u64,
    /// Whether an event has no time.
    untimed: bool,
    /// Whether a time is earlier than one before it.
    disordered: bool,
    /// How many answers only repeat what was asked.
    echoes: u64,
}

/// The place of a purchase's call among all events, and of its answer.
type Order = (u64, Option<u64>);

struct Call {
    time_ns: u64,
    order: u64,
    line: u32,
    deed: Deed,
    value: Option<String>,
}

/// The words for a refusal, in an `error` or a `value`.
const REFUSED: &[&str] = &["refused", "sold out", "sold-out", "sold_out"];

impl Events {
    pub(super) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }

    /// Takes the event of a line.
    pub(super) fn take(
        &mut self,
        event: &JepsenEvent<'_>,
        line: u32,
        names: &mut Names,
    ) -> Result<(), Mistake> {
        if matches!(event.process.get(), "\"nemesis\"" | "\":nemesis\"") {
            // The nemesis injects faults; it does not buy.
            return Ok(());
        }
        let f = event.f.ok_or_else(|| Mistake::whole(EventError::NoFunction))?;
        let function = event.keyword(f)?;
        let deed = self
            .reading
            .deed(&function)
            .ok_or_else(|| Mistake::at(event.text, f, EventError::UnknownFunction(function.clone())))?;
        let kind = event.keyword(event.kind)?;
        let time_ns = self.place(event)?;
        let order = self.count;
        let process = event.process.get();
        // A process may have a negative number.
        let buyer = match process.parse::<i64>() {
            Ok(number) if number < 0 => names.number(process),
            _ => event.parse::<BuyerName<'_>>(event.process)?.number(names),
        };
        if kind == "invoke" {
            let value = event.value.filter(|value| value.get() != "null").map(|value| value.get().to_owned());
            return match self.called.entry(buyer) {
                Entry::Occupied(call) => Err(Mistake::whole(EventError::CalledAgain {
                    process: process.to_owned(),
                    line: call.get().line,
                })),
                Entry::Vacant(entry) => {
                    entry.insert(Call { time_ns, order, line, deed, value });
                    Ok(())
                }
            };
        }
        if !matches!(kind.as_str(), "ok" | "fail" | "info") {
            return Err(Mistake::at(event.text, event.kind, EventError::UnknownType(kind)));
        }
        let Some(call) = self.called.remove(&buyer) else {
            let process = process.to_owned();
            return Err(Mistake::whole(EventError::NeverCalled { kind, process }));
        };
        let (outcome, stock, echoed) = Self::answer(event, &kind, &call)?;
        self.echoes += u64::from(echoed);
        let return_ns = Some(time_ns).filter(|_| outcome != Outcome::Unknown);
        let returned = Some(order).filter(|_| outcome != Outcome::Unknown);
        self.complete.push((purchase(buyer, &call, return_ns, outcome, stock, line), (call.order, returned)));
        Ok(())
    }

    /// The meaning of an answer to a purchase, a give-back or a read.
    fn answer(
        event: &JepsenEvent<'_>,
        kind: &str,
        call: &Call,
    ) -> Result<(Outcome, Option<Stock>, bool), Mistake> {
        let asked = call.value.as_deref();
        Ok(match (kind, call.deed) {
            ("ok", Deed::Purchase) => event.bought(asked)?,
            ("ok", Deed::Return) => (Outcome::Returned, None, false),
            ("ok", Deed::Read) => match event.stock(None)? {
                (Some(stock), _) => (Outcome::Read, Some(stock), false),
                // A read without a value tells nothing.
                (None, _) => (Outcome::Failed, None, false),
            },
            ("fail", Deed::Purchase) if [event.value, event.error].into_iter().flatten().any(is_refusal) => {
                (Outcome::Refused, None, false)
            }
            ("info", Deed::Purchase | Deed::Return) => (Outcome::Unknown, None, false),
            _ => (Outcome::Failed, None, false),
        })
    }

    /// Counts an event, and returns its time.
    fn place(&mut self, event: &JepsenEvent<'_>) -> Result<u64, Mistake> {
        self.count += 1;
        let index = event.index.and_then(|index| index.get().parse().ok());
        self.count = self.count.max(index.map_or(0, |index: u64| index.saturating_add(1)));
        match event.time()? {
            None => self.untimed = true,
            Some(time_ns) => {
                self.disordered |= time_ns < self.latest_ns;
                self.latest_ns = self.latest_ns.max(time_ns);
                return Ok(time_ns);
            }
        }
        Ok(self.latest_ns)
    }

    /// All purchases, and remarks on them.
    pub(super) fn finish(mut self) -> (Vec<Purchase>, Vec<Remark>) {
        let unknown = |(buyer, call): (u64, Call)| {
            let purchase = purchase(buyer, &call, None, Outcome::Unknown, None, call.line);
            (purchase, (call.order, None))
        };
        let mut unanswered: Vec<(Purchase, Order)> = self.called.into_iter().map(unknown).collect();
        unanswered.sort_unstable_by_key(|(purchase, _)| purchase.line);
        // A read without an answer is dropped: it has no effect.
        self.complete.extend(unanswered);
        let mut remarks = Vec::new();
        if self.untimed || self.disordered {
            for (purchase, (called, returned)) in &mut self.complete {
                let returned = purchase.return_ns.get().and(*returned);
                (purchase.invoke_ns, purchase.return_ns) = (*called, returned.into());
            }
            remarks.push(if self.untimed { Remark::Untimed } else { Remark::Disordered });
        }
        if self.echoes > 0 {
            remarks.push(Remark::Echoes(self.echoes));
        }
        (self.complete.into_iter().map(|(purchase, _)| purchase).collect(), remarks)
    }
}

fn purchase(
    buyer: u64,
    call: &Call,
    return_ns: Option<u64>,
    outcome: Outcome,
    stock: Option<Stock>,
    line: u32,
) -> Purchase {
    let (gives_back, outcome) = match (call.deed, outcome) {
        (Deed::Return, Outcome::Unknown) => (true, outcome),
        (Deed::Read, Outcome::Unknown) => (false, Outcome::Failed),
        _ => (false, outcome),
    };
    Purchase {
        gives_back,
        item: Items::NONE,
        seen: stock.into(),
        sold_from: stock.into(),
        line,
        ..Purchase::new(buyer, outcome, call.time_ns, return_ns)
    }
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
