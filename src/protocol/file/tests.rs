//! Which orders of steps are possible on a ticket file, and what their words stand for.

use super::*;

fn chosen(text: &str) -> Result<FileChoices, ProtocolError> {
    FileChoices::of_steps(text.parse()?, None, None, None)
}

#[test]
fn choices_and_steps_are_the_same_thing() {
    for lock in Lock::ALL {
        for write in Write::ALL {
            for lock_on in LockOn::ALL {
                let usual = FileChoices { lock_on: *lock_on, ..FileChoices::new(*lock, *write) };
                let spelt =
                    FileChoices::of_steps(usual.protocol(), Some(*lock), Some(*lock_on), Some(*write));
                assert_eq!(spelt, Ok(usual));
                assert_eq!(spelt.map(|choices| choices.steps), Ok(None));
            }
        }
    }
    let default = FileChoices::new(Lock::Flock, Write::Overwrite);
    assert_eq!(default.protocol().to_string(), "lock read think write unlock");
    assert_eq!(chosen("lock read think write unlock"), Ok(default));
    let unlocked = FileChoices::new(Lock::None, Write::Truncate);
    assert_eq!(chosen("read think truncate fill"), Ok(unlocked));
    let written =
        FileChoices::of_steps("read think write".parse().expect("words"), None, None, Some(Write::Truncate));
    assert_eq!(written, Ok(unlocked), "`write` stands for the steps of its kind");
}

#[test]
fn what_is_impossible_is_rejected_with_its_place() {
    for (text, said) in [
        ("write", "step 1 (character 1), \"write\": there is no read before it"),
        ("lock write read unlock", "step 2 (character 6), \"write\": there is no read before it"),
        ("unlock lock read write", "step 1 (character 1), \"unlock\": there is no lock before it"),
        ("lock read write", "step 1 (character 1), \"lock\": no unlock follows it"),
        ("lock lock read write unlock", "step 2 (character 6), \"lock\": the lock is held already"),
        ("lock read unlock", "no step writes"),
        ("read think", "no step writes"),
        ("read write write", "step 3 (character 12), \"write\": a purchase takes one ticket"),
        ("read fill", "step 2 (character 6), \"fill\": there is no truncate before it"),
        ("read truncate", "step 2 (character 6), \"truncate\": no fill follows it"),
        ("read write read", "step 3 (character 12), \"read\": it comes after the write"),
        ("open read write", "step 1 (character 1), \"open\": no lock follows it"),
        (
            "lock read upgrade write unlock",
            "step 3 (character 11), \"upgrade\": there is no lock-shared before",
        ),
        ("lock-shared read lock write unlock", "step 3 (character 18), \"lock\": the lock is held already"),
        ("lock read write unlink unlock", "step 4 (character 17), \"unlink\": there is no open before it"),
        ("open read unlink lock write unlock", "step 3 (character 11), \"unlink\": there is no lock before"),
        (
            "open lock read write reopen-check unlock",
            "step 5 (character 22), \"reopen-check\": it comes after",
        ),
    ] {
        let error = chosen(text).expect_err(text).to_string();
        assert!(error.starts_with(said), "{text}: {error}");
    }
}

#[test]
fn steps_and_choices_have_to_fit() {
    let locked: Protocol = "lock read write unlock".parse().expect("words");
    let free: Protocol = "read write".parse().expect("words");
    let two: Protocol = "read truncate fill".parse().expect("words");
    let opened: Protocol = "open lock read write unlock".parse().expect("words");
    let rejected =
        |steps, lock, write| FileChoices::of_steps(steps, lock, None, write).expect_err("rejected").wrong;
    assert_eq!(rejected(locked, Some(Lock::None), None), Wrong::NoLock);
    assert_eq!(rejected(free, Some(Lock::Ofd), None), Wrong::NeverLocks("ofd"));
    assert_eq!(rejected(two, None, Some(Write::Rename)), Wrong::NothingRenamed);
    assert_eq!(rejected(opened, Some(Lock::Lockfile), None), Wrong::NoCarrier("lockfile"));
    assert!(FileChoices::of_steps(opened, Some(Lock::Posix), None, None).is_ok());
    let shared: Protocol = "lock-shared read write unlock".parse().expect("words");
    assert_eq!(rejected(shared, Some(Lock::Semaphore), None), Wrong::NeverShared("semaphore"));
    let closes: Protocol = "lock close-other read write unlock".parse().expect("words");
    assert_eq!(rejected(closes, Some(Lock::Lockfile), None), Wrong::NoCarrier("lockfile"));
    let unlinks: Protocol = "open lock read write unlink unlock".parse().expect("words");
    let on = |place| FileChoices::of_steps(unlinks, None, place, None);
    assert_eq!(on(Some(LockOn::Ticket)).expect_err("the stock would be gone").wrong, Wrong::UnlinksTicket);
    assert_eq!(on(None).expect("choices").lock_on, LockOn::Sidecar);
}

#[test]
fn a_lock_covers_a_sale_from_its_last_read_to_its_write() {
    for (text, covered) in [
        ("lock read think write unlock", true),
        ("lock read truncate fill unlock", true),
        ("read lock read write unlock", true),
        ("read lock write unlock", false),
        ("lock read unlock write", false),
        ("lock read unlock lock write unlock", false),
        ("lock read write unlock think", true),
        ("truncate lock read fill unlock", false),
        ("read write", false),
    ] {
        let steps: Protocol = text.parse().expect("words");
        assert_eq!(steps.is_covered(), covered, "{text}");
    }
}

#[test]
fn documents_say_the_steps_and_need_not() {
    let usual = FileChoices::new(Lock::Flock, Write::Overwrite);
    let text = serde_json::to_value(usual).expect("json");
    assert_eq!(text["steps"], "lock read think write unlock");
    let old = r#"{"lock":"flock","lock_on":"ticket","write":"overwrite","fsync":false}"#;
    assert_eq!(serde_json::from_str::<FileChoices>(old).expect("choices"), usual);
    let own = chosen("read lock write unlock").expect("choices");
    let again: FileChoices =
        serde_json::from_value(serde_json::to_value(own).expect("json")).expect("choices");
    assert_eq!(again, own);
}
