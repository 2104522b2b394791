//! The file format of histories: JSON lines, with a version. The first line is the header; each other line is
//! one purchase.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::{Header, History, Outcome, Purchase};
use crate::fault::{Fault, FaultKind, TornText};
use crate::paths::{Temporary, folder};
use crate::stock::Stock;
use crate::streams::open_to_write;

/// The version of the format, in the header's `history_version`.
pub const FORMAT_VERSION: u32 = 2;

#[derive(Serialize)]
struct HeaderLine<'a> {
    history_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial: Option<Stocks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<Stocks>,
    #[serde(flatten)]
    header: &'a Header,
}

/// One stock, or one for each item.
#[derive(Serialize)]
#[serde(untagged)]
enum Stocks {
    One(Stock),
    ByItem(serde_json::Map<String, serde_json::Value>),
}

impl Stocks {
    fn new(header: &Header, one: Option<Stock>, by_item: &[Option<Stock>]) -> Option<Self> {
        if header.items.is_empty() {
            return one.map(Self::One);
        }
        let stock = |(stock, item): (&Option<Stock>, u32)| {
            Some((header.items.name(item)?.to_owned(), serde_json::Value::from((*stock)?)))
        };
        Some(Self::ByItem(by_item.iter().zip(0..).filter_map(stock).collect()))
    }
}

#[derive(Serialize)]
struct PurchaseLine<'a> {
    buyer: BuyerMember<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    invoke_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_ns: Option<u64>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    gives_back: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<Stock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Stock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sold_from: Option<Stock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unlocked_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder_pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aborts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    torn: Option<TornMember<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum BuyerMember<'a> {
    Number(u64),
    Name(&'a str),
}

/// A text where it is UTF-8, so that people can read it; otherwise its bytes, so that none is lost.
#[derive(Serialize)]
#[serde(untagged)]
enum TornMember<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> TornMember<'a> {
    fn new(text: &'a TornText) -> Self {
        std::str::from_utf8(text.bytes()).map_or(Self::Bytes(text.bytes()), Self::Text)
    }
}

impl<'a> PurchaseLine<'a> {
    fn new(purchase: &'a Purchase, header: &'a Header) -> Self {
        let Header { names, items, orders, .. } = header;
        let item = items.name(purchase.item);
        let steps = purchase.steps.get();
        let short = purchase.seen.get() == purchase.sold_from.get();
        Self {
            buyer: names.name(purchase.buyer).map_or(BuyerMember::Number(purchase.buyer), BuyerMember::Name),
            pid: purchase.pid.get(),
            invoke_ns: purchase.invoke_ns,
            return_ns: purchase.return_ns.get(),
            outcome: purchase.outcome,
            gives_back: purchase.gives_back,
            quantity: Some(purchase.quantity).filter(|quantity| *quantity != 1),
            item: item.filter(|_| !items.seats),
            seat: item.filter(|_| items.seats),
            order: purchase.order.checked_sub(1).and_then(|place| orders.at(place as usize)),
            stock: purchase.seen.get().filter(|_| short),
            seen: purchase.seen.get().filter(|_| !short),
            sold_from: purchase.sold_from.get().filter(|_| !short),
            locked_ns: steps.locked_ns,
            read_ns: steps.read_ns,
            truncated_ns: steps.truncated_ns,
            written_ns: steps.written_ns,
            unlocked_ns: steps.unlocked_ns,
            fault: purchase.fault.map(|fault| fault.kind),
            errno: purchase
                .fault
                .filter(|fault| fault.number != 0 && fault.dead_holder().is_none() && !fault.is_of_store())
                .map(|fault| fault.number),
            holder_pid: purchase.fault.and_then(Fault::dead_holder),
            code: purchase.store_code().map(|code| code.to_string()),
            tries: Some(purchase.tries.get().count).filter(|count| *count != 1),
            aborts: Some(purchase.tries.get().aborted).filter(|count| *count != 0),
            torn: purchase.torn.as_deref().map(TornMember::new),
        }
    }
}

/// Writes a history to a file, whole or not at all.
///
/// # Errors
/// When the system reports an error.
pub fn write(history: &History, path: &Path, interrupted: &AtomicBool) -> std::io::Result<()> {
    write_whole(path, interrupted, |file| write_to(history, file))
}

/// Writes a file, whole or not at all: a temporary file is renamed to its name. If the name is no regular
/// file, such as a pipe or a link, that is written to instead.
///
/// # Errors
/// When the system or `content` reports an error, or an interrupt comes while a pipe has no reader.
pub fn write_whole(
    path: &Path,
    interrupted: &AtomicBool,
    content: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return content(&mut open_to_write(path, interrupted)?);
    }
    let mut temporary = Temporary::new_in(folder(path))?;
    content(temporary.file())?;
    temporary.replace(path)
}

/// Writes a history to a stream.
///
/// # Errors
/// When the stream reports an error.
pub fn write_to(history: &History, stream: impl std::io::Write) -> std::io::Result<()> {
    let mut out = BufWriter::new(stream);
    let header = &history.header;
    // The header's own members of these names are left out: they are written here.
    let plain = Header { initial: None, remaining: None, ..header.clone() };
    let header_line = HeaderLine {
        history_version: FORMAT_VERSION,
        initial: Stocks::new(header, header.initial, &header.items.initial),
        remaining: Stocks::new(header, header.remaining, &header.items.remaining),
        header: &plain,
    };
    serde_json::to_writer(&mut out, &header_line)?;
    for purchase in &history.purchases {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut out, &PurchaseLine::new(purchase, header))?;
    }
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fault::{Fault, StoreCode};
    use crate::history::{Host, Names, Steps, Tally, Tries, read};
    use crate::lang::Lang;
    use crate::report::check::Checked;

    fn member<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
        proptest::sample::select(all)
    }

    fn a_time() -> impl Strategy<Value = Option<u64>> {
        proptest::option::of(any::<u64>())
    }

    /// Any stock, and often one that others have, too.
    fn a_stock() -> impl Strategy<Value = Stock> {
        prop_oneof![0..10_i64, any::<Stock>()]
    }

    prop_compose! {
        fn some_steps()(locked_ns in a_time(), read_ns in a_time(), truncated_ns in a_time(),
                        written_ns in a_time(), unlocked_ns in a_time()) -> Steps {
            Steps { locked_ns, read_ns, truncated_ns, written_ns, unlocked_ns }
        }
    }

    /// What a database says: an SQLSTATE or a number.
    fn a_code() -> impl Strategy<Value = StoreCode> {
        let state = "[0-9A-Z]{5}".prop_map(|state| StoreCode::of_state(&state));
        prop_oneof![state, (0..10_000_i32).prop_map(StoreCode)]
    }

    prop_compose! {
        fn a_purchase()(name in "[a-z\"\\\\é]{0,3}", named in any::<bool>(), number in prop_oneof![0..4_u64, 0..Names::FIRST],
                        pid in any::<Option<u32>>(), invoke_ns in any::<u64>(), took_ns in a_time(),
                        outcome in member(Outcome::ALL), seen in proptest::option::of(a_stock()),
                        other in proptest::option::of(proptest::option::of(a_stock())),
                        steps in some_steps(), kind in proptest::option::of(member(FaultKind::ALL)),
                        errno in any::<i32>(), code in a_code(), count in 1_u32.., aborted in any::<u32>(), bytes in any::<Option<Vec<u8>>>(), gives_back in any::<bool>(),
                        quantity in prop_oneof![Just(1_u32), 1_u32..], item in 0..3_u32, order in 0..3_u32)
                        -> (Option<String>, Purchase) {
            let answered = !matches!(outcome, Outcome::Failed | Outcome::Unknown);
            let seen = seen.or((outcome == Outcome::Read).then_some(3));
            let return_ns = took_ns.or(answered.then_some(0)).map(|took_ns| invoke_ns.saturating_add(took_ns));
            let fault = kind.map(|kind| Fault { kind, number: errno });
            let said = fault.is_some_and(|fault| fault.is_of_store() || fault.kind == FaultKind::LockTimeout);
            let fault = fault.map(|fault| if said { Fault::of_store(fault.kind, code) } else { fault });
            let tries = Tries { count, aborted, code: if said { StoreCode(0) } else { code } };
            let purchase = Purchase {
                buyer: number, pid: pid.into(), invoke_ns, return_ns: return_ns.into(), outcome, seen: seen.into(),
                sold_from: other.unwrap_or(seen).into(), steps: steps.into(),
                fault,
                tries: tries.into(),
                torn: bytes.map(|bytes| Box::new(TornText::new(&bytes))),
                gives_back,
                quantity,
                item,
                order,
                line: 0,
                host: 0,
            };
            (named.then_some(name), purchase)
        }
    }

    /// None, or some that have a buyer or two each.
    fn some_hosts() -> impl Strategy<Value = Vec<Host>> {
        let host = ("[a-z#é]{1,3}", 0..3_u32, any::<(i64, i64, u64)>(), a_time());
        proptest::collection::vec(host, 0..3).prop_map(|hosts| {
            let mut first_buyer = 0;
            let host = |(name, buyers, (offset_ns, drift_ppb, error_ns), lost_ns)| {
                first_buyer += buyers;
                Host {
                    name,
                    first_buyer: first_buyer - buyers,
                    buyers,
                    offset_ns,
                    drift_ppb,
                    error_ns,
                    lost_ns,
                }
            };
            hosts.into_iter().map(host).collect()
        })
    }

    prop_compose! {
        fn a_header()(initial in proptest::option::of(a_stock()),
                      remaining in proptest::option::of(a_stock()), wall_ns in a_time(),
                      left_torn in any::<Option<String>>(),
                      replay in any::<Option<String>>(), outsiders in any::<bool>(),
                      unrecorded in any::<bool>(), bought in any::<u64>(), refused in any::<u64>(),
                      failed in any::<u64>(), interrupted in any::<bool>(), hosts in some_hosts()) -> Header {
            let all = Tally { bought, refused, failed };
            let unrecorded = if unrecorded { all } else { Tally::default() };
            Header { initial, remaining, wall_ns, left_torn, replay, outsiders, unrecorded, interrupted, hosts, ..Header::default() }
        }
    }

    #[test]
    fn what_is_no_regular_file_keeps_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        let calm = AtomicBool::new(false);
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        for text in ["first", "2nd"] {
            write_whole(&link, &calm, |out| out.write_all(text.as_bytes())).expect("written");
            assert!(link.is_symlink(), "the link stays");
            assert_eq!(std::fs::read_to_string(&file).expect("a file"), text);
        }
        write_whole(&file, &calm, |out| out.write_all(b"half").and(Err(std::io::ErrorKind::Other.into())))
            .expect_err("it failed");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "2nd", "as it was");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_again(
            mut header in a_header(), purchases in proptest::collection::vec(a_purchase(), 0..12),
            items in 0..4_u32, seats in any::<bool>(),
        ) {
            if items > 0 {
                header.items.seats = seats && !purchases.is_empty();
                for item in 0..items {
                    header.items.number(["gold", "\"", "3"][item as usize]);
                }
                header.items.initial.fill(header.initial.or(Some(1)));
                header.items.remaining.fill(header.remaining);
                (header.initial, header.remaining) = (None, None);
            }
            if items == 1 {
                (header.initial, header.remaining) = (header.items.initial[0], header.items.remaining[0]);
            }
            // Names are numbered in the order in which they come.
            let mut orders = [0; 3];
            let with_its_number = |((name, purchase), line): ((Option<String>, Purchase), u32)| {
                let buyer = name.map_or(purchase.buyer, |name| header.names.number(&name));
                let item = if items == 0 { 0 } else { purchase.item % items };
                let order = &mut orders[purchase.order as usize];
                if purchase.order > 0 && *order == 0 {
                    *order = header.orders.place(["", "a", "b"][purchase.order as usize]) + 1;
                }
                let of = |(host, _): &(&Host, u16)| host.has(buyer);
                let host = header.hosts.iter().zip(1..).find(of).map_or(0, |(_, number)| number);
                Purchase { buyer, line, item, order: *order, host, ..purchase }
            };
            // The header is line 1.
            let purchases = purchases.into_iter().zip(2..).map(with_its_number).collect();
            let history = History { header, purchases };
            let mut text = Vec::new();
            write_to(&history, &mut text).expect("memory takes all");
            prop_assert_eq!(&read(text.as_slice(), "memory").expect("a history"), &history);
            // Whatever the file says, judging and reporting must not panic.
            for initial in [None, history.header.initial, Some(history.purchases.len() as Stock), None] {
                let mut history = history.clone();
                let (verdict, initial_from) = crate::verdict::judge_from(&mut history, initial);
                let checked =
                    Checked { name: "h", history: &history, verdict: &verdict, initial_from, notes: &[] };
                prop_assert!(checked.json().contains(verdict.ruling.name()));
                for lang in Lang::ALL {
                    prop_assert!(!checked.text(*lang).is_empty());
                }
            }
        }
    }
}
