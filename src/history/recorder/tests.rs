//! Reading what buyers have written.

use super::*;
use crate::fault::TornText;

fn purchase(pen: &mut Pen, stock: Stock) {
    pen.begin();
    pen.read(stock);
    pen.writing();
    pen.written();
    pen.end(Outcome::Bought, None);
}

#[test]
fn it_gives_back_what_buyers_wrote() {
    let recorder = Recorder::new(2, 4).expect("a recorder");
    recorder.set_pid(1, 4711);
    let mut pen = recorder.pen(1);
    purchase(&mut pen, 2);
    let mut other = recorder.pen(2);
    other.begin();
    other.torn(&TornText::new(b"{\"tick"));
    other.end(Outcome::Failed, Some(Fault::plain(FaultKind::Torn)));
    let (purchases, unrecorded) = recorder.collect();
    assert_eq!(unrecorded, Tally::default());
    assert_eq!(purchases.len(), 2);
    assert_eq!(
        (purchases[0].buyer, purchases[0].pid.get(), purchases[0].sold_from.get()),
        (1, Some(4711), Some(2))
    );
    assert!(purchases[0].steps.get().read_ns <= purchases[0].steps.get().written_ns);
    assert_eq!(purchases[0].return_ns.get(), purchases[0].steps.get().written_ns);
    assert_eq!(purchases[1].torn.as_ref().expect("bytes").bytes(), b"{\"tick");
    assert_eq!((purchases[1].seen.get(), purchases[1].sold_from.get()), (None, None));
}

#[test]
fn a_purchase_cut_short_failed_before_its_write_and_is_unknown_after() {
    let recorder = Recorder::new(3, 3).expect("a recorder");
    for (buyer, steps) in [(1, 1), (2, 2), (3, 3)] {
        let mut pen = recorder.pen(buyer);
        pen.begin();
        if steps > 1 {
            pen.read(5);
        }
        if steps > 2 {
            pen.writing();
        }
    }
    let (purchases, unrecorded) = recorder.collect();
    let outcomes: Vec<_> = purchases.iter().map(|purchase| purchase.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Failed, Outcome::Unknown]);
    assert!(purchases.iter().all(is_killed));
    assert_eq!((purchases[2].seen.get(), purchases[2].sold_from.get()), (Some(5), Some(5)));
    assert_eq!(unrecorded, Tally::default());
}

/// A purchase without an answer has an end: it is recorded and counted.
#[test]
fn a_purchase_whose_answer_was_lost_was_recorded() {
    let recorder = Recorder::new(1, 1).expect("a recorder");
    let mut pen = recorder.pen(1);
    pen.begin();
    pen.writing();
    pen.failed();
    pen.end(Outcome::Unknown, Some(Fault::plain(FaultKind::AnswerLost)));
    let (purchases, unrecorded) = recorder.collect();
    assert_eq!((purchases[0].outcome, unrecorded), (Outcome::Unknown, Tally::default()));
}

#[test]
fn what_a_ticket_was_sold_from_may_differ_from_what_was_seen() {
    let recorder = Recorder::new(3, 3).expect("a recorder");
    for (buyer, said) in [(1, Some(-1)), (2, None)] {
        let mut pen = recorder.pen(buyer);
        pen.begin();
        pen.read(7);
        pen.counting_down();
        pen.written();
        said.into_iter().for_each(|stock| pen.sold_from(stock));
        pen.end(Outcome::Bought, None);
    }
    // A statement that does not read first.
    let mut pen = recorder.pen(3);
    pen.begin();
    pen.counting_down();
    pen.sold_from(4);
    pen.written();
    pen.end(Outcome::Bought, None);
    let (purchases, _) = recorder.collect();
    let stocks: Vec<_> = purchases.iter().map(|p| (p.buyer, p.seen.get(), p.sold_from.get())).collect();
    assert_eq!(stocks, [(1, Some(7), Some(-1)), (2, Some(7), None), (3, None, Some(4))]);
}

#[test]
fn a_full_recorder_still_counts() {
    let recorder = Recorder::new(1, 1).expect("a recorder");
    let mut pen = recorder.pen(1);
    for stock in (1..=5).rev() {
        purchase(&mut pen, stock);
    }
    let (purchases, unrecorded) = recorder.collect();
    assert_eq!(purchases.len() as u64 + unrecorded.bought, 5);
    assert!(unrecorded.bought > 0);
    assert_eq!(recorder.tally().bought, 5);
}

#[test]
fn a_late_waiter_is_told_to_give_up() {
    let recorder = Recorder::new(2, 2).expect("a recorder");
    let mut pen = recorder.pen(2);
    pen.begin();
    pen.waiting();
    assert_eq!(recorder.time_out(u64::MAX), [0; 0]);
    assert_eq!(recorder.time_out(0), [2]);
    assert_eq!(recorder.gives_up(2), Some(Fault::plain(FaultKind::LockTimeout)));
    assert_eq!(recorder.gives_up(1), None);
    pen.waited(false);
    assert_eq!(recorder.gives_up(2), None);
}

#[test]
fn who_waits_for_a_dead_holder_is_told_who_that_was() {
    let recorder = Recorder::new(3, 3).expect("a recorder");
    let [mut holder, mut waiter, mut passed] = [1, 2, 3].map(|buyer| recorder.pen(buyer));
    for pen in [&mut holder, &mut waiter, &mut passed] {
        pen.begin();
        pen.waiting();
    }
    passed.waited(true);
    passed.unlocked();
    holder.waited(true);
    assert_eq!([1, 2, 3].map(|buyer| recorder.died_inside(buyer)), [true, false, false]);
    assert_eq!([1, 2, 3].map(|buyer| recorder.waiting_since_ns(buyer) != 0), [false, true, false]);
    recorder.holder_gone(4711);
    let told = [1, 2, 3].map(|buyer| recorder.gives_up(buyer).and_then(Fault::dead_holder));
    assert_eq!(told, [None, Some(4711), None]);
}

/// Whenever sweeps happen, they take each purchase once, and in the end all of them.
#[test]
fn sweeps_take_what_has_ended_and_the_rest_at_last() {
    let recorder = Recorder::new(3, 40).expect("a recorder");
    let mut swept = Swept::default();
    let mut pens: Vec<Pen> = (1..=3).map(|buyer| recorder.pen(buyer)).collect();
    let mut taken = Vec::new();
    for round in 0..12 {
        for pen in &mut pens[..1 + round % 3] {
            purchase(pen, 7);
        }
        if round == 5 {
            pens[2].begin();
            pens[2].read(3);
            pens[2].writing();
            assert!(recorder.sweep(&mut swept, 1).len() == 1, "no more than that");
        }
        if round == 6 {
            pens[2].written();
            pens[2].end(Outcome::Bought, None);
        }
        taken.extend(recorder.sweep(&mut swept, 100));
        assert!(taken.iter().all(|purchase| purchase.outcome == Outcome::Bought));
    }
    pens[0].begin();
    assert_eq!(recorder.sweep(&mut swept, 100), []);
    let before = taken.len() + 1;
    while let rest = recorder.sweep_rest(&mut swept, 2)
        && !rest.is_empty()
    {
        taken.extend(rest);
    }
    assert_eq!((taken.len() + 1, taken.last().map(|last| last.outcome)), (before + 1, Some(Outcome::Failed)));
    let (mut all, _) = recorder.collect();
    all.sort_by_key(|purchase| (purchase.buyer, purchase.invoke_ns));
    // The one that was taken at the round's own sweep.
    assert_eq!(all.len(), taken.len() + 1);
    assert_eq!(recorder.unswept(&swept), Tally::default());
}
