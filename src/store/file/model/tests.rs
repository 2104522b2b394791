//! The ticket file as data, buyer by buyer.

use super::*;
use crate::buyer::{Buyer, Rules};
use crate::plan::PerBuyer;
use crate::protocol::file::{LockOn, Write};

fn choices(lock: Lock, write: Write, lock_on: LockOn) -> FileChoices {
    FileChoices { lock_on, ..FileChoices::new(lock, write) }
}

fn model(choices: &FileChoices, tickets: Stock) -> FileModel {
    FileModel::new(choices, Workers::Process, tickets)
}

#[test]
fn a_lone_buyer_buys_as_in_reality() {
    for write in Write::ALL {
        for lock in [Lock::None, Lock::Flock] {
            let choices = choices(lock, *write, write.default_lock_on());
            let (mut world, mut seat) = (model(&choices, 12), Seat::default());
            let mut buyer =
                Buyer::new(Rules { protocol: choices.protocol(), per_buyer: PerBuyer::All, retry: false });
            while !buyer.has_left() {
                buyer.accept(world.perform(&mut seat, buyer.next()));
            }
            assert_eq!((buyer.bought(), world.look()), (12, Reply::Stock(0)), "{choices:?}");
            assert!(world.held.is_empty());
        }
    }
}

#[test]
fn a_held_lock_grants_nobody_else_and_fails_who_asks_nevertheless() {
    let choices = choices(Lock::Flock, Write::Overwrite, LockOn::Ticket);
    let mut world = model(&choices, 1);
    let (mut one, mut other) = (Seat::default(), Seat::default());
    assert_eq!(world.perform(&mut one, Action::Lock), Reply::Done);
    assert!(!world.grants(&other, Action::Lock));
    assert!(matches!(world.perform(&mut other, Action::Lock), Reply::Failed(_)));
    world.perform(&mut one, Action::Unlock);
    assert!(world.grants(&other, Action::Lock));
}

/// flock(2): the lock belongs to the open file, and a rename replaces that file.
#[test]
fn a_lock_on_a_replaced_file_keeps_out_those_alone_who_opened_that_one() {
    let choices = choices(Lock::Flock, Write::Rename, LockOn::Ticket);
    let mut world = model(&choices, 3);
    let mut seats = [Seat::default(); 3];
    world.perform(&mut seats[0], Action::Open);
    world.perform(&mut seats[1], Action::Open);
    world.perform(&mut seats[0], Action::Lock);
    world.perform(&mut seats[0], Action::Write(2));
    world.perform(&mut seats[2], Action::Open);
    assert!(!world.grants(&seats[1], Action::Lock), "the old file is locked");
    assert!(world.grants(&seats[2], Action::Lock), "the new one is not");
}

/// fcntl_locking(2): closing any descriptor of a file drops the process's POSIX locks on it. The
/// control is flock, which belongs to the descriptor that it was taken through.
#[test]
fn a_posix_lock_is_lost_by_closing_the_file_that_was_read() {
    for (lock, lost) in [(Lock::Posix, true), (Lock::Flock, false)] {
        let mut world = model(&choices(lock, Write::Rename, LockOn::Ticket), 3);
        let (mut one, mut other) = (Seat::default(), Seat::default());
        for action in [Action::Open, Action::Lock, Action::Read] {
            world.perform(&mut one, action);
        }
        world.perform(&mut other, Action::Open);
        assert_eq!(world.grants(&other, Action::Lock), lost, "{lock}");
    }
}

/// fcntl_locking(2): the lock belongs to the process. The control is flock, which belongs to the descriptor.
#[test]
fn a_posix_lock_does_not_keep_threads_apart() {
    for (lock, workers, granted) in [
        (Lock::Posix, Workers::Thread, true),
        (Lock::Posix, Workers::Process, false),
        (Lock::Flock, Workers::Thread, false),
    ] {
        let choices = choices(lock, Write::Overwrite, LockOn::Ticket);
        let mut world = FileModel::new(&choices, workers, 1);
        let (mut one, other) = (Seat::default(), Seat::default());
        world.perform(&mut one, Action::Lock);
        assert_eq!(world.grants(&other, Action::Lock), granted, "{lock} {workers}");
        assert_eq!(world.keeps_out(&one, &other), !granted);
    }
}

#[test]
fn an_emptied_file_is_torn_until_it_is_filled() {
    let choices = choices(Lock::None, Write::Truncate, LockOn::Ticket);
    let (mut world, mut seat) = (model(&choices, 3), Seat::default());
    world.perform(&mut seat, Action::Truncate);
    assert_eq!(world.look(), Reply::Torn(TornText::new(b"")));
    world.perform(&mut seat, Action::Fill(2));
    assert_eq!(world, model(&choices, 2));
}

/// The same fills on a real file give the same texts.
#[test]
fn fills_over_each_other_leave_what_a_real_file_is_left_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = choices(Lock::None, Write::Truncate, LockOn::Ticket);
    for fills in [&[10, 9][..], &[100, 9], &[100, 10, 9], &[9, 100], &[1000, 99, 7]] {
        let path = folder.path().join(format!("{fills:?}.json"));
        ticket::create(&path, 5).expect("created");
        let mut real = ticket::open_to_look(&path).expect("open");
        real.read().expect("read");
        let (mut world, mut seat) = (model(&choices, 5), Seat::default());
        world.perform(&mut seat, Action::Truncate);
        real.truncate().expect("emptied");
        for stock in fills {
            world.perform(&mut seat, Action::Fill(*stock));
            real.fill(*stock).expect("filled");
        }
        assert_eq!(world.text.bytes(), std::fs::read(&path).expect("read"), "{fills:?}");
    }
}
