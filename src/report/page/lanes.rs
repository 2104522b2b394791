//! Lanes: a line of its own for each buyer, so that a race can be drawn. Page, trace and terminal
//! all use them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::foreign;
use crate::history::{History, Purchase};
use crate::verdict::Place;

/// One line of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its buyer.
    pub buyer: u64,
    /// Which of the header's hosts its buyer is on, from 1; 0 if there are no hosts.
    pub host: u16,
    /// Which of its buyer's lanes this is, from 0: a buyer whose purchases overlap needs several.
    pub track: u32,
    /// The purchases on it, in the order of their calls. None of them overlaps the next.
    pub purchases: Vec<Place>,
}

/// The number of a buyer, or its name, if the history has one.
#[must_use]
pub fn buyer_name(history: &History, buyer: u64) -> String {
    history
        .header
        .names
        .name(buyer)
        .map_or_else(|| buyer.to_string(), |name| foreign::shown(name).into_owned())
}

/// The span of time that a history covers, in nanoseconds since its epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The first call.
    pub from_ns: u64,
    /// The last known moment of any purchase.
    pub until_ns: u64,
}

impl Extent {
    /// The span of a history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let from_ns = history.purchases.iter().map(|purchase| purchase.invoke_ns).min().unwrap_or(0);
        let until_ns = history.purchases.iter().map(last_known_ns).max().unwrap_or(0);
        Self { from_ns, until_ns }
    }

    /// Its length.
    #[must_use]
    pub fn length_ns(&self) -> u64 {
        self.until_ns - self.from_ns
    }
}

/// The last known moment of a purchase.
#[must_use]
pub fn last_known_ns(purchase: &Purchase) -> u64 {
    let steps = purchase.steps.get();
    let known = [
        steps.locked_ns,
        steps.read_ns,
        steps.truncated_ns,
        steps.written_ns,
        steps.unlocked_ns,
        purchase.return_ns.get(),
    ];
    known.into_iter().flatten().fold(purchase.invoke_ns, u64::max)
}

/// When a purchase took its turn at the stock, as well as the history knows: when it wrote, or else
/// read, or else returned.
#[must_use]
pub fn turn_ns(purchase: &Purchase) -> u64 {
    let steps = purchase.steps.get();
    steps.written_ns.or(steps.read_ns).or(purchase.return_ns.get()).unwrap_or(u64::MAX)
}

/// The lanes of a history, in the order in which the buyers had their first turn: under a lock they
/// form a staircase, and without one the write that was undone stands above the one that undid it. The lanes of one
/// host stand together.
#[must_use]
pub fn lanes(history: &History) -> Vec<Lane> {
    let mut by_call: Vec<Place> = (0..).take(history.purchases.len()).collect();
    let purchase = |place: &Place| &history.purchases[*place as usize];
    by_call.sort_by_key(|place| purchase(place).invoke_ns);
    let mut of_buyer: HashMap<u64, Tracks> = HashMap::new();
    for place in by_call {
        of_buyer.entry(purchase(&place).buyer).or_default().add(place, purchase(&place));
    }
    let mut buyers: Vec<(u64, Tracks)> = of_buyer.into_iter().collect();
    buyers.sort_unstable_by_key(|(buyer, tracks)| (tracks.host, tracks.first_turn_ns, *buyer));
    let lanes_of = |(buyer, tracks): (u64, Tracks)| {
        let host = tracks.host;
        let lane = move |(purchases, track)| Lane { buyer, host, track, purchases };
        tracks.purchases.into_iter().zip(0..).map(lane)
    };
    buyers.into_iter().flat_map(lanes_of).collect()
}

/// The lanes of one buyer while they are filled, in the order of calls.
struct Tracks {
    host: u16,
    purchases: Vec<Vec<Place>>,
    /// When each lane is free again, the first one on top.
    free: BinaryHeap<Reverse<(u64, usize)>>,
    first_turn_ns: u64,
}

impl Default for Tracks {
    fn default() -> Self {
        Self { host: 0, purchases: Vec::new(), free: BinaryHeap::new(), first_turn_ns: u64::MAX }
    }
}

impl Tracks {
    fn add(&mut self, place: Place, purchase: &Purchase) {
        // A purchase without an answer may go on for ever.
        let until_ns = purchase.return_ns.get().map_or(u64::MAX, |_| last_known_ns(purchase));
        self.host = purchase.host;
        self.first_turn_ns = self.first_turn_ns.min(turn_ns(purchase));
        let track = match self.free.peek() {
            Some(Reverse((free_ns, track))) if *free_ns <= purchase.invoke_ns => {
                let track = *track;
                self.free.pop();
                track
            }
            _ => {
                self.purchases.push(Vec::new());
                self.purchases.len() - 1
            }
        };
        self.purchases[track].push(place);
        self.free.push(Reverse((until_ns, track)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{bought, refused};
    use super::*;

    fn history(purchases: Vec<Purchase>) -> History {
        History { purchases, ..History::default() }
    }

    #[test]
    fn buyers_stand_in_the_order_of_their_turns() {
        let lanes = lanes(&history(vec![bought(1, 2, 0, 30), bought(2, 3, 0, 10), refused(3, 0, 40)]));
        assert_eq!(lanes.iter().map(|lane| lane.buyer).collect::<Vec<_>>(), [2, 1, 3]);
    }

    #[test]
    fn buyers_of_one_host_stand_together() {
        let on = |host, purchase| Purchase { host, ..purchase };
        let purchases = vec![
            on(2, bought(3, 4, 0, 10)),
            on(1, bought(1, 3, 0, 20)),
            on(2, bought(4, 2, 0, 30)),
            on(1, bought(2, 1, 0, 40)),
        ];
        let lanes = lanes(&history(purchases));
        let stand: Vec<(u16, u64)> = lanes.iter().map(|lane| (lane.host, lane.buyer)).collect();
        assert_eq!(stand, [(1, 1), (1, 2), (2, 3), (2, 4)]);
    }

    #[test]
    fn purchases_of_one_buyer_share_a_lane_unless_they_overlap() {
        let purchases =
            vec![bought(1, 9, 20, 30), bought(1, 8, 0, 10), bought(1, 7, 5, 15), bought(1, 6, 30, 31)];
        let lanes = lanes(&history(purchases));
        let places: Vec<&[Place]> = lanes.iter().map(|lane| lane.purchases.as_slice()).collect();
        assert_eq!(places, [&[1, 0][..], &[2, 3]]);
        assert_eq!((lanes[1].buyer, lanes[1].track), (1, 1));
    }

    #[test]
    fn nothing_follows_on_the_lane_of_a_purchase_without_an_answer() {
        let lost = Purchase { return_ns: None.into(), ..bought(1, 1, 0, 1) };
        assert_eq!(lanes(&history(vec![lost, bought(1, 1, 50, 60)])).len(), 2);
    }

    #[test]
    fn the_extent_is_that_of_all_that_is_known() {
        let extent = Extent::of(&history(vec![bought(1, 1, 20, 30), refused(2, 7, 9)]));
        assert_eq!((extent.from_ns, extent.until_ns, extent.length_ns()), (7, 30, 23));
        assert_eq!(Extent::of(&History::default()).length_ns(), 0);
    }
}
