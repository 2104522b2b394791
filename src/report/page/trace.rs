//! A history as a trace for Perfetto or `chrome://tracing`: a track for each buyer, the parts of a purchase
//! nested in it, the stock as a counter, and an arrow for each piece of evidence.
//!
//! The format is the [Trace Event Format], a JSON that both read. Times are microseconds since
//! the first call. A viewer binds an arrow's end to the slice around it and draws slices of one track
//! only if they nest, so times of a foreign history that lie outside their purchase are moved to its bounds.
//!
//! [Trace Event Format]: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::connectors::pieces;
use super::lanes::{Extent, buyer_name, lanes, last_known_ns};
use crate::history::{History, Outcome, Purchase, write_whole};
use crate::lang::Lang;
use crate::report::words;
use crate::stock::Stock;
use crate::verdict::Verdict;

/// The one process of the trace: buyers are its threads, so that their tracks stand together.
const PROCESS: u32 = 1;

#[derive(Default, Serialize)]
struct TraceEvent<'a> {
    name: Cow<'a, str>,
    ph: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// `e`: an arrow ends at the slice around it, not at the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    /// How far an instant reaches: `t`, its track.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    args: Map<String, Value>,
}

/// Writes the trace of a history to a file.
///
/// # Errors
/// When the system reports an error.
pub fn write(history: &History, verdict: &Verdict, path: &Path, interrupted: &AtomicBool) -> io::Result<()> {
    write_whole(path, interrupted, |file| {
        let mut out = BufWriter::new(file);
        trace(history, verdict, &mut out)?;
        out.flush()
    })
}

/// Writes the trace of a history.
///
/// # Errors
/// When `out` can't be written to.
pub fn trace(history: &History, verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    let mut track_of = vec![0; history.purchases.len()];
    let mut events = Events { out, first: true, extent: Extent::of(history) };
    events.out.write_all(b"{\"displayTimeUnit\":\"ms\",\"otherData\":")?;
    let command = crate::report::replay::command(history);
    let other = json!({"generator": "ticketsim", "verdict": verdict.ruling.name(), "command": command});
    serde_json::to_writer(&mut *events.out, &other)?;
    events.out.write_all(b",\"traceEvents\":[")?;
    events.put(&named("process_name", 0, json!("ticketsim")))?;
    for (lane, track) in lanes(history).iter().zip(1..) {
        let buyer = buyer_name(history, lane.buyer);
        let name = match lane.track {
            0 => format!("buyer {buyer}"),
            more => format!("buyer {buyer} ({})", more + 1),
        };
        let host = usize::from(lane.host).checked_sub(1).and_then(|place| history.header.hosts.get(place));
        let name = host.map_or(name.clone(), |host| format!("{}: {name}", host.name));
        events.put(&named("thread_name", track, json!(name)))?;
        events.put(&sorted(track))?;
        for place in &lane.purchases {
            track_of[*place as usize] = track;
            events.purchase(&history.purchases[*place as usize], track)?;
        }
    }
    events.mishaps(history)?;
    events.stock(history)?;
    events.anomalies(history, verdict, &track_of)?;
    events.out.write_all(b"\n]}\n")
}

fn named(name: &'static str, track: u32, value: Value) -> TraceEvent<'static> {
    let args = Map::from_iter([("name".to_owned(), value)]);
    TraceEvent { name: name.into(), ph: "M", pid: PROCESS, tid: track, args, ..TraceEvent::default() }
}

fn sorted(track: u32) -> TraceEvent<'static> {
    let args = Map::from_iter([("sort_index".to_owned(), json!(track))]);
    TraceEvent {
        name: "thread_sort_index".into(),
        ph: "M",
        pid: PROCESS,
        tid: track,
        args,
        ..TraceEvent::default()
    }
}

struct Events<'a, W> {
    out: &'a mut W,
    first: bool,
    extent: Extent,
}

impl<W: Write> Events<'_, W> {
    fn put(&mut self, event: &TraceEvent<'_>) -> io::Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        Ok(serde_json::to_writer(&mut *self.out, event)?)
    }

    fn micros(&self, ns: u64) -> f64 {
        ns.saturating_sub(self.extent.from_ns) as f64 / 1e3
    }

    /// A purchase, and its parts within it.
    fn purchase(&mut self, purchase: &Purchase, track: u32) -> io::Result<()> {
        let end_ns = self.end_ns(purchase);
        let steps = purchase.steps.get();
        let whole = (Some(purchase.invoke_ns), Some(end_ns));
        let name = match (purchase.outcome, purchase.sold_from.get()) {
            (Outcome::Bought, Some(stock)) => format!("bought ticket {stock}"),
            (outcome, _) => outcome.name().to_owned(),
        };
        self.slice(name.into(), whole, (purchase.invoke_ns, end_ns), track, facts(purchase))?;
        let entered = steps.locked_ns.or(Some(purchase.invoke_ns));
        let thought = steps.truncated_ns.or(steps.written_ns);
        // A parent comes before its children: that is how viewers nest slices that start together.
        for (name, from_ns, until_ns) in [
            ("wait", Some(purchase.invoke_ns), steps.locked_ns),
            ("hold", steps.locked_ns, steps.unlocked_ns.or(Some(end_ns))),
            ("read", entered, steps.read_ns),
            (if steps.truncated_ns.is_some() { "think" } else { "think, write" }, steps.read_ns, thought),
            ("empty file", steps.truncated_ns, steps.written_ns),
        ] {
            self.slice(name.into(), (from_ns, until_ns), (purchase.invoke_ns, end_ns), track, Map::new())?;
        }
        Ok(())
    }

    /// A slice from one time until another, within bounds; nothing if either is not known.
    fn slice(
        &mut self,
        name: Cow<'_, str>,
        (from_ns, until_ns): (Option<u64>, Option<u64>),
        (low_ns, high_ns): (u64, u64),
        track: u32,
        args: Map<String, Value>,
    ) -> io::Result<()> {
        let (Some(from_ns), Some(until_ns)) = (from_ns, until_ns) else { return Ok(()) };
        let (from_ns, until_ns) = (from_ns.clamp(low_ns, high_ns), until_ns.clamp(low_ns, high_ns));
        let Some(length_ns) = until_ns.checked_sub(from_ns) else { return Ok(()) };
        self.put(&TraceEvent {
            name,
            ph: "X",
            cat: "purchase",
            ts: self.micros(from_ns),
            dur: Some(length_ns as f64 / 1e3),
            pid: PROCESS,
            tid: track,
            args,
            ..TraceEvent::default()
        })
    }

    /// Mishaps: one instant each, on the first track of the buyer.
    fn mishaps(&mut self, history: &History) -> io::Result<()> {
        let lanes = lanes(history);
        for one in &history.header.mishaps {
            let Some(place) = lanes.iter().position(|lane| lane.buyer == one.buyer) else { continue };
            let (ts, tid) = (self.micros(one.at_ns), place as u32 + 1);
            let args = Map::from_iter([("what".to_owned(), json!(words::befallen(one, history, Lang::En)))]);
            let name = one.mishap.name().into();
            let event = TraceEvent {
                name,
                ph: "i",
                cat: "mishap",
                ts,
                tid,
                s: Some("t"),
                args,
                ..TraceEvent::default()
            };
            self.put(&TraceEvent { pid: PROCESS, ..event })?;
        }
        Ok(())
    }

    /// The stock after each write, as a counter.
    fn stock(&mut self, history: &History) -> io::Result<()> {
        let written = |purchase: &Purchase| Some((purchase.steps.get().written_ns?, purchase.left()?));
        let mut levels: Vec<(u64, Stock)> = history.purchases.iter().filter_map(written).collect();
        levels.sort_unstable_by_key(|(ns, _)| *ns);
        let start = history.header.initial.map(|initial| (self.extent.from_ns, initial));
        for (ns, level) in start.into_iter().chain(levels) {
            let args = Map::from_iter([("stock".to_owned(), json!(level))]);
            let ts = self.micros(ns);
            self.put(&TraceEvent {
                name: "stock".into(),
                ph: "C",
                ts,
                pid: PROCESS,
                args,
                ..TraceEvent::default()
            })?;
        }
        Ok(())
    }

    /// An arrow for each piece of evidence that joins two purchases, and its sentence where it ends.
    fn anomalies(&mut self, history: &History, verdict: &Verdict, track_of: &[u32]) -> io::Result<()> {
        let mut id = 0;
        for anomaly in &verdict.anomalies {
            let kind = anomaly.kind.name();
            for piece in pieces(anomaly, history, Lang::En).0 {
                let Some(place) = piece.places.last().map(|place| *place as usize) else { continue };
                id += 1;
                let at_ns = piece.connector.map_or(last_known_ns(&history.purchases[place]), |c| c.to_ns);
                let end = TraceEvent {
                    name: kind.into(),
                    cat: "anomaly",
                    ts: self.inside(&history.purchases[place], at_ns),
                    pid: PROCESS,
                    tid: track_of[place],
                    ..TraceEvent::default()
                };
                if let Some(connector) = piece.connector {
                    let from = connector.from as usize;
                    let ts = self.inside(&history.purchases[from], connector.from_ns);
                    let start = TraceEvent {
                        name: kind.into(),
                        ph: "s",
                        ts,
                        tid: track_of[from],
                        id: Some(id),
                        ..end
                    };
                    self.put(&start)?;
                    let end = TraceEvent {
                        name: kind.into(),
                        ph: "f",
                        bp: Some("e"),
                        id: Some(id),
                        args: Map::new(),
                        ..end
                    };
                    self.put(&end)?;
                }
                let args = Map::from_iter([("evidence".to_owned(), json!(piece.sentence))]);
                self.put(&TraceEvent { name: kind.into(), ph: "i", s: Some("t"), args, ..end })?;
            }
        }
        Ok(())
    }

    /// A time within a purchase's slice. The end of the slice is outside of it.
    fn inside(&self, purchase: &Purchase, ns: u64) -> f64 {
        let last_ns = self.end_ns(purchase).saturating_sub(1).max(purchase.invoke_ns);
        self.micros(ns.clamp(purchase.invoke_ns, last_ns))
    }

    /// Where the slice of a purchase ends. One without an answer ends with the history.
    fn end_ns(&self, purchase: &Purchase) -> u64 {
        if purchase.return_ns.get().is_some() { last_known_ns(purchase) } else { self.extent.until_ns }
    }
}

/// What a viewer shows when a purchase is clicked.
fn facts(purchase: &Purchase) -> Map<String, Value> {
    let mut facts = Map::new();
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            facts.insert(name.to_owned(), value);
        }
    };
    say("outcome", Some(json!(purchase.outcome)));
    say("pid", purchase.pid.get().map(|pid| json!(pid)));
    say("stock read", purchase.seen.get().map(|stock| json!(stock)));
    let apart = purchase.sold_from.get().filter(|_| purchase.sold_from.get() != purchase.seen.get());
    say("sold from", apart.map(|stock| json!(stock)));
    say("why", words::fault(purchase, Lang::En).map(|why| json!(why)));
    say("line", Some(purchase.line).filter(|line| *line > 0).map(|line| json!(line)));
    facts
}

#[cfg(test)]
mod tests {
    use super::super::sample::{bought, refused};
    use super::*;
    use crate::history::{Header, Steps};
    use crate::verdict::judge;

    fn events(history: &History) -> Vec<Value> {
        let mut out = Vec::new();
        trace(history, &judge(history), &mut out).expect("written");
        let document: Value = serde_json::from_slice(&out).expect("JSON");
        document["traceEvents"].as_array().expect("events").clone()
    }

    fn race() -> History {
        let header = Header { initial: Some(1), remaining: Some(0), ..Header::default() };
        let steps = Steps {
            locked_ns: Some(1_200),
            read_ns: Some(1_300),
            // A time after the return is wrong, and must not break the nesting.
            unlocked_ns: Some(9_999),
            ..Steps::default()
        };
        let purchases = vec![
            bought(1, 1, 1_000, 5_000),
            bought(2, 1, 1_100, 7_000),
            Purchase { steps: steps.into(), return_ns: 1_400.into(), ..refused(3, 1_050, 1_400) },
            Purchase { return_ns: None.into(), outcome: Outcome::Unknown, ..bought(1, 1, 5_000, 6_000) },
        ];
        History { header, purchases }
    }

    fn micros(event: &Value, member: &str) -> f64 {
        event[member].as_f64().unwrap_or_else(|| panic!("{member} of {event}"))
    }

    #[test]
    fn slices_of_a_track_nest() {
        let events = events(&race());
        let slices: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
        assert!(slices.len() > 8, "{slices:?}");
        let span = |slice: &Value| (micros(slice, "ts"), micros(slice, "ts") + micros(slice, "dur"));
        for one in &slices {
            for other in slices.iter().filter(|other| other["tid"] == one["tid"]) {
                let ((a, b), (c, d)) = (span(one), span(other));
                let apart = b <= c || d <= a;
                let nested = (a <= c && d <= b) || (c <= a && b <= d);
                assert!(apart || nested, "{one} {other}");
            }
        }
    }

    #[test]
    fn an_arrow_joins_the_slices_of_two_tracks() {
        let events = events(&race());
        let of = |phase: &str| -> Vec<&Value> {
            events.iter().filter(|event| event["ph"] == phase && event["cat"] == "anomaly").collect()
        };
        let (starts, ends) = (of("s"), of("f"));
        assert_eq!((starts.len(), ends.len()), (1, 1), "one lost update");
        assert_eq!(starts[0]["id"], ends[0]["id"]);
        assert_ne!(starts[0]["tid"], ends[0]["tid"]);
        for arrow in starts.iter().chain(&ends) {
            let ts = micros(arrow, "ts");
            let inside = events.iter().any(|slice| {
                slice["ph"] == "X"
                    && slice["tid"] == arrow["tid"]
                    && micros(slice, "ts") <= ts
                    && ts < micros(slice, "ts") + micros(slice, "dur")
            });
            assert!(inside, "{arrow} is in no slice");
        }
        assert!(of("i").iter().any(|said| said["args"]["evidence"].to_string().contains("both read 1")));
    }

    #[test]
    fn every_track_has_the_name_of_its_buyer() {
        let events = events(&race());
        let names: Vec<&Value> = events
            .iter()
            .filter(|event| event["name"] == "thread_name")
            .map(|event| &event["args"]["name"])
            .collect();
        assert_eq!(names, ["buyer 3", "buyer 1", "buyer 2"]);
        let stock: Vec<&Value> =
            events.iter().filter(|event| event["ph"] == "C").map(|event| &event["args"]["stock"]).collect();
        assert_eq!(stock, [1, 0, 0]);
    }
}
