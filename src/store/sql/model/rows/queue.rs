//! The order of waiters and of holders, counted from 0 without gaps.

use super::{Hold, Seat};

/// The waiting buyers, in the order of asking.
pub(super) fn queue(seats: &[Seat]) -> Vec<usize> {
    let mut queue: Vec<usize> = (0..seats.len()).filter(|who| seats[*who].asked.is_some()).collect();
    queue.sort_by_key(|who| seats[*who].asked.map(|asked| asked.place));
    queue
}

/// Numbers the waiters and the holders anew, in their orders.
pub(super) fn close_gaps(seats: &mut [Seat]) {
    for (place, who) in queue(seats).into_iter().enumerate() {
        if let Some(asked) = &mut seats[who].asked {
            asked.place = place as u32;
        }
    }
    let mut holders: Vec<usize> = (0..seats.len()).filter(|who| seats[*who].row != Hold::No).collect();
    holders.sort_by_key(|who| seats[*who].turn);
    for (turn, who) in holders.into_iter().enumerate() {
        seats[who].turn = turn as u32;
    }
    let mut gaps: Vec<usize> = (0..seats.len()).filter(|who| seats[*who].gap.is_some()).collect();
    gaps.sort_by_key(|who| seats[*who].gap);
    for (turn, who) in gaps.into_iter().enumerate() {
        seats[who].gap = Some(turn as u32);
    }
}
