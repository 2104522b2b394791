//! Choices, steps and documents of a Redis server's purchases.

use super::*;

fn of_steps(text: &str) -> Result<RedisChoices, ProtocolError> {
    RedisChoices::new().of_steps(text.parse().expect("words"))
}

#[test]
fn choices_stand_for_steps() {
    let usual = RedisChoices::new();
    let locked = RedisChoices { lock: RedisLock::Lease, ..usual };
    for (choices, steps) in [
        (usual, "read think write"),
        (RedisChoices { write: RedisWrite::Decrement, ..usual }, "read think decrement"),
        (RedisChoices { write: RedisWrite::Swap, ..usual }, "watch read think swap"),
        (RedisChoices { write: RedisWrite::Take, ..usual }, "take"),
        (locked, "lock read think write unlock"),
    ] {
        assert_eq!(choices.checked().expect("choices").protocol().to_string(), steps);
        assert_eq!(of_steps(steps).expect("the same in steps"), choices);
    }
}

#[test]
fn what_can_not_be_carried_out_is_rejected_with_its_place() {
    for (steps, message) in [
        ("begin read write commit", "step 1 (character 1), \"begin\": Redis has no such step"),
        ("read swap", "step 2 (character 6), \"swap\": there is no watch before it"),
        ("watch read write", "step 1 (character 1), \"watch\": no swap follows it"),
        ("write", "there is no read before it"),
        ("lock read write", "no unlock follows it"),
        ("lock lock read write unlock unlock", "the lock is held already"),
        ("read write unlock", "there is no lock before it"),
        ("read decrement take", "a purchase takes one ticket"),
        ("read write read", "it would decide nothing"),
        ("read give-back write", "there is no decrement before it"),
        ("lock read unlock", "no step writes"),
    ] {
        let error = of_steps(steps).expect_err(steps).to_string();
        assert!(error.contains(message), "{steps}: {error}");
    }
    // The wrong order is possible, and its result is worth seeing.
    assert!(of_steps("read watch swap").is_ok());
}

#[test]
fn a_token_is_presented_under_a_lease_alone() {
    let fenced = RedisChoices { fence: Fence::Write, ..RedisChoices::new() };
    let reads = RedisChoices { fence: Fence::ReadWrite, ..fenced };
    let steps = |choices: RedisChoices, text: &str| choices.of_steps(text.parse().expect("words"));
    for (choices, text, message) in [
        (fenced, "read write", "step 2 (character 6), \"write\": it presents the token of a lease"),
        (fenced, "lock read unlock write", "it presents the token of a lease"),
        (reads, "read lock write unlock", "step 1 (character 1), \"read\": it presents"),
        (fenced, "lock watch read swap unlock", "swap compares by itself"),
    ] {
        let error = steps(choices, text).expect_err(text).to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
    assert!(steps(fenced, "read lock write unlock").is_ok(), "the write alone is fenced");
    assert!(steps(reads, "lock read decrement unlock").is_ok());
}

#[test]
fn a_document_of_choices_gives_the_choices_again() {
    let lease = RedisChoices { lock: RedisLock::Lease, lease_ns: 20_000_000, ..RedisChoices::new() };
    for choices in [
        RedisChoices::new(),
        RedisChoices { fence: Fence::ReadWrite, ..lease },
        of_steps("decrement give-back").expect("steps"),
        RedisChoices { write: RedisWrite::Swap, ..RedisChoices::new() },
    ] {
        let json = serde_json::to_string(&choices).expect("json");
        assert!(json.starts_with("{\"store\":\"redis\""), "{json}");
        assert_eq!(serde_json::from_str::<RedisChoices>(&json).expect("choices"), choices);
    }
    assert!(
        serde_json::from_str::<RedisChoices>(r#"{"store":"postgres","lock":"none","write":"set"}"#).is_err()
    );
    let options = RedisChoices { fence: Fence::Write, ..lease }.options().join(" ");
    assert_eq!(options, "--lock lease --lease 20ms --fence write");
}
