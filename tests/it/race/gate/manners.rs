//! The gate before shops of many manners: how they speak to their database, and what they rely on.

use super::redis::{Key, place};
use super::{Tables, assert_found, assert_sound, assert_sound_of, gated, gated_by};
use crate::race::target;

#[test]
fn however_a_shop_speaks_to_its_database() {
    for shop in [
        "racy --extended --binary --pool 2",
        "pipelined --extended",
        "copied --pool 2",
        "two_connections --pool 4",
        "each",
        "large --pool 2",
    ] {
        if assert_found(shop, "").is_none() {
            return;
        }
    }
    assert_sound("for_update --extended --binary", "");
    assert_sound("breaks", "");
}

/// Two that hold a lock together and both want to write wait for each other: the database ends one of them.
#[test]
fn who_waits_for_each_other_is_reached() {
    let rules = "--bought status=200 --refused status=409 --failed status=423";
    let Some(document) = assert_sound("shared --pool 2", rules) else { return };
    // Either may be the one that buys, and the other may come too late, or be ended.
    assert!(document["orders"]["ends"].as_u64() >= Some(3), "{document}");
}

/// What is free is looked up before the wait: an order in which a statement waits is no other's equal.
#[test]
fn a_shop_that_oversells_only_where_it_waits() {
    let Some(document) = assert_found("next_seat", "") else { return };
    let steps = document["shown"]["steps"].as_array().expect("steps");
    assert!(steps.iter().any(|step| !step["waited_for"].as_array().expect("whom").is_empty()), "{document}");
    // A row that is asked for by its key is the newest after the wait: there they are left out.
    let document = assert_sound_of("for_update --pool 2", "", 2).expect("PostgreSQL");
    assert_eq!(
        (&document["orders"]["run"], &document["orders"]["reduced"]),
        (&2.into(), &true.into()),
        "{document}"
    );
    assert!(document["orders"]["known"].as_u64() > Some(0), "{document}");
}

/// Sessions that were told once to see one state throughout: there a wait makes a difference, and is tried.
#[test]
fn what_a_pool_said_once_of_its_sessions_counts() {
    let rules = "--bought status=200 --refused status=409 --failed status=423";
    let Some(document) = assert_sound_of("for_update --pool 3 --isolated", rules, 6) else { return };
    assert!(document["orders"]["ends"].as_u64() >= Some(4), "{document}");
}

/// What a shop has in its memory does not stand in its statements: the orders that are drawn unreduced show it.
#[test]
fn a_shop_that_decides_by_its_memory_is_found_though_its_statements_say_nothing() {
    let Some(document) = assert_found("hidden", "") else { return };
    assert_eq!(document["orders"]["reduced"], false, "{document}");
}

#[test]
fn up_to_six_buyers() {
    let more = "--buyers 6 --orders random:6";
    let Some(document) = assert_found("racy --pool 6", more) else { return };
    assert_eq!(document["shown"]["purchases"].as_array().map(Vec::len), Some(6), "{document}");
    assert_sound("one_statement --pool 6", more);
    let all = assert_sound("for_update --pool 3", "--buyers 3").expect("PostgreSQL");
    // Who comes first, second and third.
    assert_eq!(all["orders"]["run"], 6, "{all}");
}

/// A shop behind two gates: its stock at PostgreSQL, its lock at Redis.
#[test]
fn a_lock_at_redis_before_a_stock_at_postgres() {
    let (Some(tables), Some(key)) = (Tables::new(), Key::new()) else { return };
    let at = place();
    for (manner, code, verdict) in [("with_redis", 0, "sound"), ("with_redis_early", 1, "unsound")] {
        let gate = format!(
            "--gate {0} --gate redis://{at} --env DATABASE_URL={0} --env REDIS={at} --replays 10",
            tables.url
        );
        let shop = format!("{} {{port}} {manner} --table {}", target("gated.py"), tables.name);
        let (exit, document) = gated_by(&gate, &shop, "");
        assert_eq!((exit, &document["verdict"]), (Some(code), &verdict.into()), "{manner}: {document}");
        key.drop_also(&tables.name);
    }
}

#[test]
fn a_shop_that_dies_is_no_outcome() {
    let Some(tables) = Tables::new() else { return };
    let (code, document) = gated(&tables, "dies", "");
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    let why = document["why"].as_str().expect("why");
    assert!(why.starts_with("the target died: exit status: 3"), "{why}");
}
