//! Joins the purchases of several hosts, each on its own clock, to one history on the lead's clock.

use super::super::{Befallen, Header, History, Purchase, Steps};
use super::{Host, HostClock, MOST_HOSTS};

/// Why the purchases that a host sent can't be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The host has no such buyer.
    #[error("a purchase of buyer {buyer}, where the host has {buyers}")]
    Buyer {
        /// The buyer that the purchase names.
        buyer: u64,
        /// How many buyers the host has.
        buyers: u32,
    },
    /// A purchase returned before it was called.
    #[error("a purchase of buyer {buyer} that returned before its call")]
    Times {
        /// Its buyer.
        buyer: u64,
    },
    /// There are too many purchases or hosts to number them.
    #[error("too many purchases, or hosts")]
    TooMany,
}

/// The part of one host: its purchases, chunk by chunk, on its own clock.
#[derive(Clone, Debug)]
pub struct HostPart {
    /// Its name: `name#k`.
    pub name: String,
    /// How many buyers it has.
    pub buyers: u32,
    /// Its clock, as it was measured.
    pub clock: HostClock,
    /// When it was last heard of, on its own clock: the end of its last chunk. `None` if it sent everything.
    pub lost_ns: Option<u64>,
    /// The mishaps of its buyers, on its clock; its buyers are counted from 1.
    pub mishaps: Vec<Befallen>,
    chunks: Vec<Vec<Purchase>>,
}

impl HostPart {
    /// A host that has sent nothing yet.
    #[must_use]
    pub fn new(name: String, buyers: u32, clock: HostClock) -> Self {
        Self { name, buyers, clock, lost_ns: None, mishaps: Vec::new(), chunks: Vec::new() }
    }

    /// Takes a chunk of its purchases. Buyers are counted from 1 on each host. A wrong chunk is rejected as a whole.
    ///
    /// # Errors
    /// When a purchase can't be right.
    pub fn take(&mut self, chunk: Vec<Purchase>) -> Result<(), ChunkError> {
        let buyers = self.buyers;
        for Purchase { buyer, invoke_ns, return_ns, .. } in &chunk {
            if !(1..=u64::from(buyers)).contains(buyer) {
                return Err(ChunkError::Buyer { buyer: *buyer, buyers });
            }
            if return_ns.get().is_some_and(|return_ns| return_ns < *invoke_ns) {
                return Err(ChunkError::Times { buyer: *buyer });
            }
        }
        self.chunks.push(chunk);
        Ok(())
    }

    /// How many purchases it has sent.
    #[must_use]
    pub fn purchases(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// When its first purchase was called and when its last one was heard of, on its own clock.
    fn span_ns(&self) -> Option<(u64, u64)> {
        let all = || self.chunks.iter().flatten();
        let until = all().map(|p| p.return_ns.get().unwrap_or(p.invoke_ns)).chain(self.lost_ns).max()?;
        Some((all().map(|p| p.invoke_ns).min().unwrap_or(until), until))
    }
}

/// Makes one history of the parts of several hosts. The header is that of the run; its times count from
/// `epoch_ns` on the lead's clock. Buyers get consecutive numbers, host after host.
///
/// The run is to show whether a lock works from one host to another, so the header does not claim that the
/// lock keeps buyers apart.
///
/// # Errors
/// When there are too many hosts or purchases to number them.
pub fn join_hosts(header: Header, epoch_ns: u64, parts: Vec<HostPart>) -> Result<History, ChunkError> {
    let all: usize = parts.iter().map(HostPart::purchases).sum();
    let buyers: u64 = parts.iter().map(|part| u64::from(part.buyers)).sum();
    if parts.len() > MOST_HOSTS || all > u32::MAX as usize || buyers > u32::MAX.into() {
        return Err(ChunkError::TooMany);
    }
    let several = parts.len() > 1;
    let of_a_file = header.plan.as_ref().is_some_and(|plan| plan.file().is_some());
    let mut header = Header {
        exclusive: header.exclusive && !(several && of_a_file),
        in_turn: header.in_turn && !several,
        ..header
    };
    let early_ns = begin_early(&mut header, epoch_ns, &parts);
    let epoch_ns = i128::from(epoch_ns) - i128::from(early_ns);
    let mut purchases = Vec::with_capacity(all);
    let mut first_buyer = 1;
    for (part, number) in parts.into_iter().zip(1..) {
        let since_epoch = |ns: u64| (part.clock.lead_ns(ns) - epoch_ns).clamp(0, i128::from(u64::MAX)) as u64;
        let (from_ns, until_ns) = part.span_ns().unwrap_or_default();
        header.hosts.push(Host {
            name: part.name,
            first_buyer,
            buyers: part.buyers,
            offset_ns: part.clock.first().offset_ns,
            drift_ppb: part.clock.drift_ppb(),
            error_ns: part.clock.error_ns(from_ns, until_ns),
            lost_ns: part.lost_ns.map(since_epoch),
        });
        let before = u64::from(first_buyer) - 1;
        for befallen in part.mishaps {
            let (at_ns, until_ns) = (since_epoch(befallen.at_ns), befallen.until_ns.map(since_epoch));
            header.mishaps.push(Befallen { buyer: befallen.buyer + before, at_ns, until_ns, ..befallen });
        }
        for chunk in part.chunks {
            purchases.extend(chunk.into_iter().map(|mut purchase| {
                purchase.buyer += before;
                purchase.host = number;
                purchase.at_times(since_epoch)
            }));
        }
        first_buyer += part.buyers;
    }
    Ok(History { header, purchases })
}

/// If a clock's error puts a purchase before the epoch, moves the epoch to it, and with it the header's
/// times. Returns by how much.
fn begin_early(header: &mut Header, epoch_ns: u64, parts: &[HostPart]) -> u64 {
    let calls =
        parts.iter().filter_map(|part| part.span_ns().map(|(from_ns, _)| part.clock.lead_ns(from_ns)));
    let earliest = calls.min().unwrap_or(epoch_ns.into());
    let early_ns = u64::try_from(i128::from(epoch_ns) - earliest).unwrap_or(0);
    let later = |ns: u64| ns.saturating_add(early_ns);
    header.wall_ns = header.wall_ns.map(|ns| ns.saturating_sub(early_ns));
    for befallen in &mut header.mishaps {
        befallen.at_ns = later(befallen.at_ns);
        befallen.until_ns = befallen.until_ns.map(later);
    }
    if let Some(timing) = &mut header.timing {
        timing.go_ns = later(timing.go_ns);
    }
    early_ns
}

impl Purchase {
    /// The same with all times on another clock.
    pub(in crate::history) fn at_times(mut self, on: impl Fn(u64) -> u64) -> Self {
        let later = |ns: Option<u64>| ns.map(&on);
        let steps = self.steps.get();
        self.invoke_ns = on(self.invoke_ns);
        self.return_ns = later(self.return_ns.get()).into();
        self.steps = Steps {
            locked_ns: later(steps.locked_ns),
            read_ns: later(steps.read_ns),
            truncated_ns: later(steps.truncated_ns),
            written_ns: later(steps.written_ns),
            unlocked_ns: later(steps.unlocked_ns),
        }
        .into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::ClockReading;
    use super::*;
    use crate::history::{Outcome, Timing};
    use crate::protocol::Mishap;

    fn part(name: &str, buyers: u32, offset_ns: i64) -> HostPart {
        let reading = ClockReading { host_ns: 0, offset_ns, error_ns: 40 };
        HostPart::new(name.to_owned(), buyers, HostClock::new(reading))
    }

    fn bought(buyer: u64, invoke_ns: u64) -> Purchase {
        let steps = Steps { read_ns: Some(invoke_ns + 1), ..Steps::default() };
        Purchase {
            steps: steps.into(),
            ..Purchase::new(buyer, Outcome::Bought, invoke_ns, Some(invoke_ns + 2))
        }
    }

    #[test]
    fn buyers_are_numbered_through_and_times_stand_on_the_leads_clock() {
        let (mut one, mut other) = (part("ann#1", 2, -100), part("bob#2", 3, 1_000));
        one.take(vec![bought(2, 1_150), bought(1, 1_200)]).expect("its own");
        other.take(vec![bought(3, 70)]).expect("its own");
        other.lost_ns = Some(500);
        let befallen =
            Befallen { buyer: 3, mishap: Mishap::Kill, at: "before write".into(), at_ns: 60, until_ns: None };
        other.mishaps.push(befallen);
        let header = Header {
            wall_ns: Some(9_000),
            timing: Some(Timing { go_ns: 40, ..Timing::default() }),
            in_turn: true,
            ..Header::default()
        };
        let history = join_hosts(header, 1_060, vec![one, other]).expect("one history");
        let times: Vec<_> =
            history.purchases.iter().map(|p| (p.buyer, p.host, p.invoke_ns, p.steps.get().read_ns)).collect();
        // The first was called 10 ns before the epoch, so the epoch moves by 10 ns.
        assert_eq!(times, [(2, 1, 0, Some(1)), (1, 1, 50, Some(51)), (5, 2, 20, Some(21))]);
        let header = &history.header;
        assert_eq!((header.wall_ns, header.timing.map(|timing| timing.go_ns)), (Some(8_990), Some(50)));
        assert_eq!((header.mishaps[0].buyer, header.mishaps[0].at_ns), (5, 10));
        let [ann, bob] = header.hosts.as_slice() else { panic!("two hosts") };
        assert_eq!((ann.first_buyer, ann.buyers, ann.offset_ns, ann.lost_ns), (1, 2, -100, None));
        assert_eq!((bob.first_buyer, bob.buyers, bob.lost_ns), (3, 3, Some(450)));
        assert_eq!(header.host_of(&history.purchases[2]).map(|host| host.name.as_str()), Some("bob#2"));
        assert_eq!(header.host_of_buyer(5), Some(bob));
        assert!(!header.in_turn, "they took no turns with the other host's");
    }

    #[test]
    fn what_cant_be_a_hosts_own_is_rejected() {
        let mut one = part("ann#1", 2, 0);
        assert_eq!(one.take(vec![bought(3, 1)]), Err(ChunkError::Buyer { buyer: 3, buyers: 2 }));
        assert_eq!(one.take(vec![bought(0, 1)]), Err(ChunkError::Buyer { buyer: 0, buyers: 2 }));
        let back = Purchase { return_ns: 0.into(), ..bought(1, 1) };
        assert_eq!(one.take(vec![bought(1, 1), back]), Err(ChunkError::Times { buyer: 1 }));
        assert_eq!(one.purchases(), 0, "nothing of a chunk that is wrong");
    }
}
