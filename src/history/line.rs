//! One line of a history: its members in any order, and their meaning.

use std::borrow::Cow;
use std::num::NonZeroU32;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::hosts::check_hosts;
use super::jepsen::JepsenEvent;
use super::line_error::LineError;
use super::mistake::Mistake;
use super::names::BuyerName;
use super::{FORMAT_VERSION, Header, Items, Outcome, Purchase, Steps, Tries};
use crate::closed_set::UnknownName;
use crate::fault::{Fault, FaultKind, StoreCode, TornText};
use crate::stock::Stock;

/// The names of the member that says how many tickets a purchase is about.
pub(super) const QUANTITY: &[&str] = &["quantity", "qty", "count", "amount"];
/// The names of the member that says which item it is about.
pub(super) const ITEM: &[&str] = &["item", "sku", "product", "event", "seat"];

/// A line: a purchase, an event or a header, as its members tell.
#[derive(Default)]
pub(super) struct Line<'a> {
    buyer: Option<BuyerName<'a>>,
    pid: Option<u32>,
    invoke_ns: Option<u64>,
    return_ns: Option<u64>,
    outcome: Option<Cow<'a, str>>,
    gives_back: Option<bool>,
    quantity: Option<(&'static str, u64)>,
    item: Option<(&'static str, BuyerName<'a>)>,
    order: Option<BuyerName<'a>>,
    stock: Option<Stock>,
    seen: Option<Stock>,
    sold_from: Option<Stock>,
    locked_ns: Option<u64>,
    read_ns: Option<u64>,
    truncated_ns: Option<u64>,
    written_ns: Option<u64>,
    unlocked_ns: Option<u64>,
    fault: Option<FaultKind>,
    errno: Option<i32>,
    holder_pid: Option<u32>,
    torn: Option<TornText>,
    pub(super) history_version: Option<&'a RawValue>,
    // A purchase may have members of these names, too, with any value.
    process: Option<&'a RawValue>,
    r#type: Option<&'a RawValue>,
    f: Option<&'a RawValue>,
    value: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    time: Option<&'a RawValue>,
    index: Option<&'a RawValue>,
    code: Option<&'a RawValue>,
    tries: Option<&'a RawValue>,
    aborts: Option<&'a RawValue>,
    /// All other members.
    others: Vec<Cow<'a, str>>,
    /// A member that occurs twice, or two members with the same meaning.
    twice: Option<(String, String)>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Line<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut line = Line::default();
                while let Some(Name(name)) = map.next_key()? {
                    line.member(name, &mut map)?;
                }
                Ok(line)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The name of a member, borrowed if possible.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'a> Line<'a> {
    /// Takes a member.
    fn member<A: MapAccess<'a>>(&mut self, name: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        macro_rules! take {
            ($field:ident) => {
                match map.next_value()? {
                    Some(value) if self.$field.is_none() => self.$field = Some(value),
                    Some(_) => self.twice = Some((name.to_string(), name.into_owned())),
                    None => {}
                }
            };
        }
        match name.as_ref() {
            "buyer" => take!(buyer),
            "pid" => take!(pid),
            "invoke_ns" => take!(invoke_ns),
            "return_ns" => take!(return_ns),
            "outcome" => {
                if let Some(Name(word)) = map.next_value()? {
                    self.outcome = Some(word);
                }
            }
            "gives_back" => take!(gives_back),
            "order" => take!(order),
            "stock" => take!(stock),
            "seen" => take!(seen),
            "sold_from" => take!(sold_from),
            "locked_ns" => take!(locked_ns),
            "read_ns" => take!(read_ns),
            "truncated_ns" => take!(truncated_ns),
            "written_ns" => take!(written_ns),
            "unlocked_ns" => take!(unlocked_ns),
            "fault" => take!(fault),
            "errno" => take!(errno),
            "holder_pid" => take!(holder_pid),
            "code" => take!(code),
            "tries" => take!(tries),
            "aborts" => take!(aborts),
            "torn" => take!(torn),
            "history_version" => take!(history_version),
            "process" => take!(process),
            "type" => take!(r#type),
            "f" => take!(f),
            "value" => take!(value),
            "error" => take!(error),
            "time" => take!(time),
            "index" => take!(index),
            _ => return self.synonym(name, map),
        }
        Ok(())
    }

    /// Takes a member that has several names, or one that is not used.
    fn synonym<A: MapAccess<'a>>(&mut self, name: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        let among = |words: &'static [&'static str]| words.iter().find(|word| **word == name).copied();
        if let Some(word) = among(QUANTITY) {
            if let Some(quantity) = map.next_value()? {
                let before = self.quantity.replace((word, quantity));
                self.twice =
                    self.twice.take().or(before.map(|(other, _)| (other.to_owned(), word.to_owned())));
            }
        } else if let Some(word) = among(ITEM) {
            if let Some(item) = map.next_value()? {
                let before = self.item.replace((word, item));
                self.twice =
                    self.twice.take().or(before.map(|(other, _)| (other.to_owned(), word.to_owned())));
            }
        } else {
            map.next_value::<IgnoredAny>()?;
            self.others.push(name);
        }
        Ok(())
    }

    pub(super) fn event(&self, text: &'a [u8]) -> Option<JepsenEvent<'a>> {
        let Self { f, value, error, time, index, .. } = *self;
        Some(JepsenEvent { text, process: self.process?, kind: self.r#type?, f, value, error, time, index })
    }

    pub(super) fn is_purchase(&self) -> bool {
        self.outcome.is_some() || self.invoke_ns.is_some()
    }

    /// Counts the members that are not used.
    pub(super) fn note_ignored(&self, header: &mut Header) {
        self.others.iter().for_each(|name| note_ignored(header, name));
    }

    /// What a database said, and how often the purchase was begun. In other programs' logs, members of these
    /// names may mean something else: those are ignored.
    fn tries(&self, header: &mut Header) -> (Option<StoreCode>, Tries) {
        let code = ours::<Cow<'_, str>>(self.code).and_then(|code| StoreCode::parse(&code));
        let (count, aborted) = (ours::<NonZeroU32>(self.tries), ours::<u32>(self.aborts));
        for (name, value, is_ours) in [
            ("code", self.code, code.is_some()),
            ("tries", self.tries, count.is_some()),
            ("aborts", self.aborts, aborted.is_some()),
        ] {
            if value.is_some() && !is_ours {
                note_ignored(header, name);
            }
        }
        let may_say = |kind| kind == FaultKind::LockTimeout || Fault::plain(kind).is_of_store();
        let said_by_fault = self.fault.is_some_and(may_say);
        let tries = Tries {
            count: count.map_or(1, NonZeroU32::get),
            aborted: aborted.unwrap_or(0),
            code: code.filter(|_| !said_by_fault).unwrap_or(StoreCode(0)),
        };
        (code, tries)
    }

    /// Counts the members of an event or a header, which have no meaning in a purchase.
    fn note_those_of_events(&self, header: &mut Header) {
        let of_events = [
            ("process", self.process),
            ("type", self.r#type),
            ("f", self.f),
            ("value", self.value),
            ("error", self.error),
            ("time", self.time),
            ("index", self.index),
            ("history_version", self.history_version),
        ];
        for (name, _) in of_events.into_iter().filter(|(_, value)| value.is_some()) {
            note_ignored(header, name);
        }
    }

    /// The purchase in this line.
    pub(super) fn purchase(self, line: u32, header: &mut Header) -> Result<Purchase, Mistake> {
        let needs = |member| Mistake::whole(LineError::Needs(member));
        if let Some((one, other)) = self.twice {
            let is_one = one == other;
            let what = if is_one { LineError::Twice(one) } else { LineError::Synonyms(one, other) };
            return Err(Mistake::whole(what));
        }
        self.note_ignored(header);
        self.note_those_of_events(header);
        let (code, tries) = self.tries(header);
        let outcome = outcome(self.outcome.as_deref().ok_or_else(|| needs("outcome"))?)?;
        let invoke_ns = self.invoke_ns.ok_or_else(|| needs("invoke_ns"))?;
        check_times(outcome, invoke_ns, self.return_ns)?;
        let seen = self.seen.or(self.stock);
        if outcome == Outcome::Read && seen.is_none() {
            return Err(Mistake::whole(LineError::SawNothing));
        }
        Ok(Purchase {
            buyer: self.buyer.ok_or_else(|| needs("buyer"))?.number(&mut header.names),
            pid: self.pid.into(),
            invoke_ns,
            return_ns: self.return_ns.into(),
            outcome,
            gives_back: self.gives_back.unwrap_or(false),
            quantity: self.quantity.map_or(Ok(1), |(word, quantity)| checked_quantity(word, quantity))?,
            item: match &self.item {
                None => Items::NONE,
                Some((word, item)) => {
                    header.items.seats |= *word == "seat";
                    header.items.number(&item.text())
                }
            },
            order: self.order.map_or(0, |order| header.orders.place(&order.text()) + 1),
            seen: seen.into(),
            sold_from: self.sold_from.or(self.stock).into(),
            steps: Steps {
                locked_ns: self.locked_ns,
                read_ns: self.read_ns,
                truncated_ns: self.truncated_ns,
                written_ns: self.written_ns,
                unlocked_ns: self.unlocked_ns,
            }
            .into(),
            fault: self.fault.map(|kind| fault_of(kind, self.holder_pid, self.errno, code)),
            tries: tries.into(),
            torn: self.torn.map(Box::new),
            line,
            host: 0,
        })
    }
}

/// A fault of this kind, with the details from its line.
fn fault_of(kind: FaultKind, holder: Option<u32>, errno: Option<i32>, code: Option<StoreCode>) -> Fault {
    if let Some(pid) = holder.filter(|_| kind == FaultKind::HolderGone) {
        return Fault::holder_gone(pid);
    }
    let fault = Fault { kind, number: errno.unwrap_or(0) };
    let said = code.filter(|_| kind == FaultKind::LockTimeout || fault.is_of_store());
    said.map_or(fault, |code| Fault::of_store(kind, code))
}

impl<'de> Deserialize<'de> for TornText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrBytes;
        impl<'de> Visitor<'de> for TextOrBytes {
            type Value = TornText;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, or a list of bytes")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TornText::new(text.as_bytes()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(TornText::new(&bytes))
            }
        }
        deserializer.deserialize_any(TextOrBytes)
    }
}

/// The value of a member, if it has the form that ticketsim writes.
fn ours<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
}

/// Counts a member that is not used.
pub(super) fn note_ignored(header: &mut Header, name: &str) {
    /// At most this many names are counted separately; the rest is counted together.
    const MOST: usize = 100;
    let name = if header.ignored.len() < MOST || header.ignored.contains_key(name) { name } else { "…" };
    *header.ignored.entry(name.chars().take(60).collect()).or_insert(0) += 1;
}

/// A quantity, if it is valid.
pub(in crate::history) fn checked_quantity(word: &'static str, quantity: u64) -> Result<u32, Mistake> {
    let fits = u32::try_from(quantity).ok().filter(|quantity| *quantity > 0);
    fits.ok_or_else(|| Mistake::whole(LineError::Quantity { word, quantity }))
}

/// An outcome by its name, in small or capital letters.
pub(in crate::history) fn outcome(word: &str) -> Result<Outcome, Mistake> {
    word.to_ascii_lowercase().parse().map_err(|error| {
        let given = word.chars().take(60).collect();
        Mistake::whole(LineError::Outcome(UnknownName { given, ..error }))
    })
}

/// Rejects impossible times.
pub(in crate::history) fn check_times(
    outcome: Outcome,
    invoke_ns: u64,
    return_ns: Option<u64>,
) -> Result<(), Mistake> {
    match (outcome, return_ns) {
        (Outcome::Failed | Outcome::Unknown, None) => Ok(()),
        (_, None) => Err(Mistake::whole(LineError::NoReturn(outcome))),
        (_, Some(return_ns)) if return_ns < invoke_ns => {
            Err(Mistake::whole(LineError::ReturnedBefore { return_ns, invoke_ns }))
        }
        (_, Some(_)) => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct HeaderLine {
    history_version: u32,
    #[serde(flatten)]
    header: Header,
}

/// The header in this line.
pub(in crate::history) fn header(text: &[u8]) -> Result<Header, Mistake> {
    let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text)?;
    let ignored: Vec<String> = members.keys().filter(|name| !is_of_header(name)).cloned().collect();
    let mut by_item = Vec::new();
    for member in ["initial", "remaining"] {
        if members.get(member).is_some_and(serde_json::Value::is_object) {
            by_item.extend(members.remove(member).map(|stocks| (member, stocks)));
        }
    }
    let HeaderLine { history_version, mut header } = if by_item.is_empty() {
        serde_json::from_slice(text)?
    } else {
        serde_json::from_value(members.into()).map_err(|error| Mistake::whole(LineError::json(&error)))?
    };
    for (member, stocks) in by_item {
        let stocks: serde_json::Map<String, serde_json::Value> = serde_json::from_value(stocks)?;
        for (name, stock) in stocks {
            let stock = stock.as_i64().ok_or_else(|| {
                let (name, stock) = (name.clone(), stock.to_string());
                Mistake::whole(LineError::ItemStock { member, name, stock })
            })?;
            let item = header.items.number(&name) as usize;
            let all =
                if member == "initial" { &mut header.items.initial } else { &mut header.items.remaining };
            all[item] = Some(stock);
        }
    }
    ignored.iter().for_each(|name| note_ignored(&mut header, name));
    match history_version {
        1 => {
            // In older files, what the verdict needs is only in the plan.
            let of_plan = header.plan.clone().map(Header::of_plan).unwrap_or_default();
            let Header { exclusive, in_turn, released_on_death, .. } = of_plan;
            Ok(Header { exclusive, in_turn, released_on_death, ..header })
        }
        FORMAT_VERSION => {
            check_hosts(&header.hosts).map_err(Mistake::whole)?;
            Ok(header)
        }
        _ => Err(Mistake::whole(LineError::Version(history_version))),
    }
}

/// Whether a header has a member of this name.
fn is_of_header(name: &str) -> bool {
    matches!(
        name,
        "history_version"
            | "initial"
            | "remaining"
            | "left_torn"
            | "unread"
            | "engine"
            | "wall_ns"
            | "outsiders"
            | "restocks"
            | "exclusive"
            | "in_turn"
            | "released_on_death"
            | "unrecorded"
            | "interrupted"
            | "timing"
            | "doubts"
            | "resolution_ns"
            | "clock_error_ns"
            | "limit_per_buyer"
            | "hosts"
            | "mishaps"
            | "replay"
            | "plan"
    )
}
