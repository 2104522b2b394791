//! Statements, and what they touch.

use super::*;

fn read(text: &str) -> Statement {
    Statement::read(&[text.to_owned()])
}

#[test]
fn statements_and_what_they_touch() {
    for (text, name, reads, touches) in [
        ("SELECT left FROM seats WHERE id = $1", "SELECT seats", "seats", ""),
        (
            "select * from \"Seats\" s join app.users as u on u.id = s.by, prices",
            "SELECT Seats+prices+users",
            "Seats prices users",
            "",
        ),
        ("SELECT left FROM seats FOR NO KEY UPDATE SKIP LOCKED", "SELECT seats", "seats", "seats"),
        ("SELECT 1 FROM seats FOR KEY SHARE", "SELECT seats", "seats", "seats"),
        ("UPDATE ONLY seats SET left = left - 1 WHERE left > 0 RETURNING left", "UPDATE seats", "", "seats"),
        ("UPDATE a SET x = b.x FROM b, c WHERE a.id = b.id", "UPDATE a+b+c", "b c", "a"),
        ("DELETE FROM holds USING seats WHERE true", "DELETE holds+seats", "seats", "holds"),
        (
            "INSERT INTO orders (a, b) VALUES (1, 'it''s from x') ON CONFLICT (a) DO UPDATE SET b = 1",
            "INSERT orders",
            "",
            "orders",
        ),
        ("INSERT INTO orders SELECT * FROM carts", "INSERT carts+orders", "carts", "orders"),
        (
            "WITH taken AS (UPDATE seats SET by = 1 RETURNING id), y AS (SELECT 1) INSERT INTO orders SELECT id FROM taken",
            "INSERT orders+seats",
            "",
            "orders seats",
        ),
        (
            "/* FROM x */ SELECT count(*) -- FROM y\n FROM (SELECT id FROM orders) o, seats",
            "SELECT orders+seats",
            "orders seats",
            "",
        ),
        ("SELECT extract(year from day), a IS DISTINCT FROM b FROM shows", "SELECT shows", "shows", ""),
        ("TRUNCATE TABLE orders", "TRUNCATE orders", "", "orders"),
        ("SELECT $q$ from z $q$, E'\\' from w' FROM seats", "SELECT seats", "seats", ""),
    ] {
        let statement = read(text);
        let list = |tables: &Tables| tables.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(
            (
                statement.name.as_str(),
                list(&statement.reads).as_str(),
                list(&statement.touches).as_str(),
                statement.unknown,
                statement.kind
            ),
            (name, reads, touches, false, Kind::Work),
            "{text}"
        );
    }
}

#[test]
fn what_is_not_certain_is_said() {
    for (text, name) in [
        ("SELECT pg_advisory_xact_lock(1)", "SELECT pg_advisory_xact_lock"),
        ("SELECT sell(1), left FROM seats", "SELECT seats"),
        ("SELECT * FROM sell(1)", "SELECT sell"),
        ("SELECT \"Sell\"(1)", "SELECT Sell"),
        ("CALL sell()", "CALL"),
        ("LOCK TABLE seats", "LOCK"),
        ("SELECT nextval('orders_id')", "SELECT nextval"),
        ("SELECT * INTO copy FROM seats", "INSERT copy+seats"),
        ("COPY seats FROM STDIN", "COPY"),
    ] {
        let statement = read(text);
        assert!(statement.unknown && statement.kind == Kind::Work, "{text}: {statement:?}");
        assert_eq!(statement.name, name, "{text}");
    }
}

#[test]
fn chatter_passes() {
    for text in [
        "",
        ";",
        "BEGIN",
        "SET x = 1",
        "SELECT 1",
        "select version()",
        "SAVEPOINT a",
        "SHOW x",
        "select t.oid from pg_catalog.pg_type t",
        "SELECT now() AS now",
        "WITH RECURSIVE tree(oid, depth) AS (SELECT oid, 0 FROM pg_catalog.pg_type UNION ALL SELECT t.oid, depth + 1 FROM \
         tree, bases AS b JOIN pg_type t ON true), bases (x) AS MATERIALIZED (SELECT 1) SELECT * FROM tree",
        "SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;",
    ] {
        assert!(matches!(read(text).kind, Kind::Chatter | Kind::Begin), "{text}");
    }
    assert_eq!(read("COMMIT").kind, Kind::End);
    assert_eq!(read("rollback to savepoint a").name, "ROLLBACK");
    let several = read("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT x FROM a; COMMIT");
    assert_eq!(
        (several.name.as_str(), several.kind, several.snapshot),
        ("SELECT a & COMMIT", Kind::Work, true)
    );
    assert!(!read("BEGIN ISOLATION LEVEL READ COMMITTED").snapshot);
}
