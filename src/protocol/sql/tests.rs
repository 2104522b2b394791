//! Choices, their steps, and combinations that are rejected.

use super::*;

fn chosen(engine: Engine, isolation: Isolation, lock: SqlLock, write: SqlWrite) -> SqlChoices {
    SqlChoices { isolation, lock, write, ..SqlChoices::new(engine) }
}

#[test]
fn choices_stand_for_steps() {
    use Engine::{Postgres, Sqlite};
    for (engine, isolation, lock, write, steps) in [
        (Postgres, Isolation::None, SqlLock::None, SqlWrite::Set, "read think write"),
        (Postgres, Isolation::ReadCommitted, SqlLock::None, SqlWrite::Set, "begin read think write commit"),
        (
            Postgres,
            Isolation::Serializable,
            SqlLock::None,
            SqlWrite::Decrement,
            "begin read think decrement commit",
        ),
        (
            Postgres,
            Isolation::ReadCommitted,
            SqlLock::Row,
            SqlWrite::Set,
            "begin read-for-update think write commit",
        ),
        (
            Postgres,
            Isolation::ReadCommitted,
            SqlLock::RowShared,
            SqlWrite::Set,
            "begin read-for-share think write commit",
        ),
        (Postgres, Isolation::None, SqlLock::None, SqlWrite::Swap, "read think swap"),
        (Postgres, Isolation::None, SqlLock::None, SqlWrite::Take, "take"),
        (
            Postgres,
            Isolation::RepeatableRead,
            SqlLock::Advisory,
            SqlWrite::Set,
            "lock begin read think write commit unlock",
        ),
        (
            Postgres,
            Isolation::ReadCommitted,
            SqlLock::None,
            SqlWrite::Insert,
            "begin count think insert commit",
        ),
        (Sqlite, Isolation::Deferred, SqlLock::None, SqlWrite::Set, "begin read think write commit"),
        (
            Sqlite,
            Isolation::Immediate,
            SqlLock::None,
            SqlWrite::Set,
            "begin-immediate read think write commit",
        ),
    ] {
        let choices = chosen(engine, isolation, lock, write);
        assert_eq!(choices.checked().map(|choices| choices.protocol().to_string()), Ok(steps.to_owned()));
        let spelt = steps.replace("begin-immediate", "begin").parse().expect("words");
        assert_eq!(choices.of_steps(spelt), Ok(choices), "choices and steps are the same thing");
        let document = serde_json::to_value(choices).expect("json");
        assert_eq!(document["steps"], steps);
        assert_eq!(serde_json::from_value::<SqlChoices>(document).expect("choices"), choices);
    }
}

#[test]
fn what_an_engine_does_not_have_is_rejected_with_what_it_has() {
    use Engine::{Postgres, Sqlite};
    let rejected = |choices: SqlChoices| choices.checked().expect_err("rejected").to_string();
    let plain = |engine, isolation, lock| rejected(chosen(engine, isolation, lock, SqlWrite::Set));
    assert_eq!(
        plain(Sqlite, Isolation::ReadCommitted, SqlLock::None),
        "SQLite has no level read-committed; it has: none, deferred, immediate"
    );
    assert_eq!(plain(Sqlite, Isolation::None, SqlLock::Row), "SQLite has no lock row; it has: none");
    assert!(plain(Postgres, Isolation::Immediate, SqlLock::None).contains("it has: none, read-committed"));
    // Without a transaction, a row lock would end before the write.
    assert!(plain(Postgres, Isolation::None, SqlLock::Row).contains("there is no begin before it"));
    let take = chosen(Postgres, Isolation::ReadCommitted, SqlLock::Row, SqlWrite::Take);
    assert_eq!(rejected(take), "a lock on the row that is read: but take reads none");
}

#[test]
fn what_is_impossible_is_rejected_with_its_place() {
    let level = chosen(Engine::Postgres, Isolation::ReadCommitted, SqlLock::None, SqlWrite::Set);
    for (steps, said) in [
        ("write", "there is no read before it"),
        ("begin read write", "no commit follows it"),
        ("read write commit", "there is no begin before it"),
        ("begin begin read write commit", "the transaction has begun already"),
        ("lock read write", "no unlock follows it"),
        ("insert", "there is no count before it"),
        ("take give-back", "there is no decrement before it"),
        ("take take", "a purchase takes one ticket"),
        ("begin read commit", "no step writes"),
        ("read truncate fill", "PostgreSQL has no such step"),
    ] {
        let error = level.of_steps(steps.parse().expect("words")).expect_err(steps).to_string();
        assert!(error.contains(said), "{steps}: {error}");
    }
    let none = SqlChoices::new(Engine::Postgres);
    let error = none.of_steps("begin take commit".parse().expect("words")).expect_err("no transaction");
    assert!(error.to_string().contains("at level none each statement stands for itself"), "{error}");
}
