//! The buyer against a list of replies: which actions it asks for, and how its purchases end.

use super::*;
use crate::fault::TornText;

fn buyer(steps: &str, per_buyer: PerBuyer) -> Buyer {
    Buyer::new(Rules { protocol: steps.parse().expect("a protocol"), per_buyer, retry: false })
}

const LOCKED: &str = "lock read think write unlock";

/// Answers with `replies`, one after the other, and returns the actions and the endings.
fn play(mut buyer: Buyer, replies: &[Reply]) -> (Vec<Action>, Vec<Outcome>) {
    let mut actions = Vec::new();
    let mut outcomes = Vec::new();
    for reply in replies {
        actions.push(buyer.next());
        outcomes.extend(buyer.accept(*reply).map(|ending| ending.outcome));
    }
    actions.push(buyer.next());
    (actions, outcomes)
}

#[test]
fn a_locked_purchase_takes_its_steps_in_order() {
    use Action::{Leave, Lock, Read, Think, Unlock, Write};
    let done = Reply::Done;
    let (actions, outcomes) = play(buyer(LOCKED, PerBuyer::ONE), &[done, Reply::Stock(3), done, done, done]);
    assert_eq!(actions, [Lock, Read, Think, Write(2), Unlock, Leave]);
    assert_eq!(outcomes, [Outcome::Bought]);
}

#[test]
fn a_refused_purchase_takes_the_steps_alone_that_let_go_of_what_it_holds() {
    use Action::{Leave, Lock, Open, Read, Unlock};
    let done = Reply::Done;
    let opened = buyer("open lock read think write unlock", PerBuyer::ONE);
    let (actions, outcomes) = play(opened, &[done, done, Reply::Stock(0), done]);
    assert_eq!(actions, [Open, Lock, Read, Unlock, Leave]);
    assert_eq!(outcomes, [Outcome::Refused]);
    let outside = buyer("read lock write unlock", PerBuyer::ONE);
    let (actions, outcomes) = play(outside, &[Reply::Stock(0)]);
    assert_eq!(actions, [Read, Leave], "it never had the lock");
    assert_eq!(outcomes, [Outcome::Refused]);
    let twice = buyer("lock read unlock lock read write unlock", PerBuyer::ONE);
    let (actions, _) = play(twice, &[done, Reply::Stock(1), done, done, Reply::Stock(0), done]);
    assert_eq!(actions, [Lock, Read, Unlock, Lock, Read, Unlock, Leave]);
}

#[test]
fn truncating_takes_two_steps_and_no_lock_takes_none() {
    use Action::{Fill, Leave, Read, Think, Truncate};
    let done = Reply::Done;
    let (actions, outcomes) =
        play(buyer("read think truncate fill", PerBuyer::ONE), &[Reply::Stock(1), done, done, done]);
    assert_eq!(actions, [Read, Think, Truncate, Fill(0), Leave]);
    assert_eq!(outcomes, [Outcome::Bought]);
}

#[test]
fn the_last_read_decides() {
    use Action::{Leave, Lock, Read, Unlock, Write};
    let done = Reply::Done;
    let (actions, _) = play(
        buyer("read lock read write unlock", PerBuyer::ONE),
        &[Reply::Stock(5), done, Reply::Stock(3), done, done],
    );
    assert_eq!(actions, [Read, Lock, Read, Write(2), Unlock, Leave]);
}

#[test]
fn a_buyer_of_all_leaves_when_refused() {
    let done = Reply::Done;
    let replies = [Reply::Stock(2), done, done, Reply::Stock(1), done, done, Reply::Stock(0)];
    let (actions, outcomes) = play(buyer("read think write", PerBuyer::All), &replies);
    assert_eq!(actions.last(), Some(&Action::Leave));
    assert_eq!(outcomes, [Outcome::Bought, Outcome::Bought, Outcome::Refused]);
}

#[test]
fn a_failed_lock_ends_the_purchase_without_an_unlock() {
    let fault = Fault::plain(FaultKind::LockTimeout);
    let (actions, outcomes) = play(buyer(LOCKED, PerBuyer::All), &[Reply::Failed(fault)]);
    assert_eq!(actions, [Action::Lock, Action::Leave]);
    assert_eq!(outcomes, [Outcome::Failed]);
}

#[test]
fn what_fails_lets_the_lock_go_within_the_same_step() {
    let mut buyer = buyer(LOCKED, PerBuyer::ONE);
    assert_eq!(buyer.next_letter(), Some(Letter::L));
    buyer.accept(Reply::Done);
    assert_eq!(buyer.next_letter(), Some(Letter::R));
    assert_eq!(buyer.accept(Reply::Torn(TornText::default())), None);
    assert_eq!((buyer.next(), buyer.next_letter()), (Action::Unlock, None));
    let ending = buyer.accept(Reply::Done).expect("the end");
    assert_eq!(ending.outcome, Outcome::Failed);
    assert_eq!(ending.fault, Some(Fault::plain(FaultKind::Torn)));
    assert!(buyer.has_left());
}

#[test]
fn a_lock_that_stays_does_not_undo_what_was_bought() {
    let fault = Fault::plain(FaultKind::Unlock);
    let done = Reply::Done;
    let replies = [done, Reply::Stock(3), done, done, Reply::Failed(fault)];
    let (actions, outcomes) = play(buyer(LOCKED, PerBuyer::All), &replies);
    assert_eq!(actions.last(), Some(&Action::Leave));
    assert_eq!(outcomes, [Outcome::Bought]);
}

#[test]
fn an_aborted_transaction_is_rolled_back_within_the_step_and_is_over_or_tried_again() {
    let steps = "lock begin read write commit unlock";
    let aborted = Reply::Failed(Fault::plain(FaultKind::Aborted));
    let done = Reply::Done;
    let until_write = [done, done, Reply::Stock(3), aborted, done, done];
    let (actions, outcomes) = play(buyer(steps, PerBuyer::ONE), &until_write);
    use Action::{Begin, Leave, Lock, Read, Rollback, Unlock, Write};
    assert_eq!(actions, [Lock, Begin, Read, Write(2), Rollback, Unlock, Leave]);
    assert_eq!(outcomes, [Outcome::Failed]);
    let rules = Rules { protocol: steps.parse().expect("steps"), per_buyer: PerBuyer::ONE, retry: true };
    let (actions, outcomes) = play(Buyer::new(rules), &until_write);
    assert_eq!(actions, [Lock, Begin, Read, Write(2), Rollback, Unlock, Lock]);
    assert_eq!(outcomes, []);
}

#[test]
fn a_swap_that_misses_reads_again_in_a_new_transaction_under_the_same_lock() {
    use Action::{Begin, Commit, Lock, Read, Rollback, Swap};
    let done = Reply::Done;
    let (actions, _) = play(
        buyer("lock begin read swap commit unlock", PerBuyer::ONE),
        &[done, done, Reply::Stock(3), Reply::Missed, done, done, Reply::Stock(2), Reply::Sold(2)],
    );
    assert_eq!(actions, [Lock, Begin, Read, Swap(3), Rollback, Begin, Read, Swap(2), Commit]);
    let (actions, _) = play(buyer("read swap", PerBuyer::ONE), &[Reply::Stock(3), Reply::Missed]);
    assert_eq!(actions, [Read, Swap(3), Read]);
}

#[test]
fn a_refused_buyer_ends_its_transaction_and_gives_back_what_it_owes() {
    use Action::{Begin, Commit, Decrement, GiveBack, Leave, Read, Take};
    let done = Reply::Done;
    let (actions, outcomes) =
        play(buyer("begin read write commit", PerBuyer::ONE), &[done, Reply::Stock(0), done]);
    assert_eq!((actions, outcomes), (vec![Begin, Read, Commit, Leave], vec![Outcome::Refused]));
    let (actions, outcomes) = play(buyer("decrement give-back", PerBuyer::ONE), &[Reply::Sold(0), done]);
    assert_eq!((actions, outcomes), (vec![Decrement, GiveBack, Leave], vec![Outcome::Refused]));
    let (actions, outcomes) = play(buyer("decrement give-back", PerBuyer::ONE), &[Reply::Sold(1)]);
    assert_eq!((actions, outcomes), (vec![Decrement, Leave], vec![Outcome::Bought]));
    let (actions, outcomes) =
        play(buyer("read decrement", PerBuyer::ONE), &[Reply::Stock(1), Reply::Sold(0)]);
    assert_eq!((actions, outcomes), (vec![Read, Decrement, Leave], vec![Outcome::Bought]));
    let (actions, outcomes) = play(buyer("begin take commit", PerBuyer::ONE), &[done, Reply::Missed, done]);
    assert_eq!((actions, outcomes), (vec![Begin, Take, Commit, Leave], vec![Outcome::Refused]));
}

#[test]
fn an_answer_that_was_lost_is_unknown_where_it_may_have_been_a_sale() {
    let lost = Reply::Failed(Fault::plain(FaultKind::AnswerLost));
    let done = Reply::Done;
    for (steps, replies, outcome) in [
        ("take", vec![lost], Outcome::Unknown),
        ("begin take commit", vec![done, lost], Outcome::Failed),
        ("begin take commit", vec![done, Reply::Sold(3), lost], Outcome::Unknown),
        ("begin read write commit", vec![done, lost], Outcome::Failed),
        ("begin read write commit", vec![done, Reply::Stock(0), lost], Outcome::Refused),
        ("lock read write unlock", vec![done, Reply::Stock(1), Reply::Sold(1), lost], Outcome::Bought),
        ("decrement give-back", vec![Reply::Sold(0), lost], Outcome::Unknown),
    ] {
        let (actions, outcomes) = play(buyer(steps, PerBuyer::All), &replies);
        assert_eq!((actions.last(), outcomes), (Some(&Action::Leave), vec![outcome]), "{steps}");
    }
}

/// A possible reply to an action, chosen by `dice`.
fn a_reply(action: Action, dice: u8) -> Reply {
    let sold_out = dice.is_multiple_of(3);
    match action {
        _ if dice.is_multiple_of(7) => Reply::Failed(Fault::plain(FaultKind::Store)),
        Action::Read if dice.is_multiple_of(5) => Reply::Torn(TornText::new(b"{")),
        Action::Read | Action::ReadForUpdate | Action::ReadForShare | Action::Count => {
            Reply::Stock(if sold_out { 0 } else { 2 })
        }
        Action::Take if sold_out => Reply::Missed,
        Action::Take | Action::Decrement | Action::Swap(_) => Reply::Sold(i64::from(!sold_out)),
        _ => Reply::Done,
    }
}

proptest::proptest! {
    /// Whatever the store replies, a purchase ends: no action is asked for again and again.
    #[test]
    fn every_purchase_ends(dice in proptest::collection::vec(proptest::prelude::any::<u8>(), 200), which in 0..8_usize) {
        let steps = [
            LOCKED,
            "read lock read truncate fill unlock",
            "open lock-shared read upgrade write unlink unlock",
            "begin read-for-update think write commit",
            "lock begin count insert commit unlock",
            "begin decrement commit give-back",
            "begin read swap commit",
            "take",
        ][which];
        let purchases: u32 = 5;
        let mut buyer = buyer(steps, PerBuyer::Count(purchases.try_into().expect("some")));
        let most = purchases as usize * (buyer.rules.protocol.steps().len() + 2);
        let mut asked = 0;
        while !buyer.has_left() {
            asked += 1;
            proptest::prop_assert!(asked <= most, "{steps}: {asked} actions, and then {:?}", buyer.next());
            let _ = buyer.accept(a_reply(buyer.next(), dice[asked]));
        }
    }
}
