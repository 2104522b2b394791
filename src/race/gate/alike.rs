//! Which waiting statements may be left out: those that have the same effect after the wait as if they had been sent
//! after it. At read committed, a statement sees what was committed when it was sent, but the newest state of the rows
//! that it waited for. So waiting makes no difference if it asks only for one row by its key. With a second table, a
//! subquery or several rows it may make one. With a further condition, too: a row that matched when the statement was
//! sent, but not after the wait, stays locked; a later statement would not have locked it.

use std::collections::BTreeSet;

use super::lexer::Token;

/// Names of columns.
pub type Columns = BTreeSet<String>;

/// What a statement waits for, if it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alike {
    /// One row, if these columns are a key of its table.
    Row {
        /// The table.
        table: String,
        /// The columns that are compared with one value each.
        by: Columns,
    },
    /// An advisory lock.
    Lock,
}

/// The columns that are compared with one value each in a WHERE; `None` if it has any other condition.
pub fn keys(one: &[Token]) -> Option<Columns> {
    let mut columns = Columns::new();
    let begins = one.iter().position(|token| token.word() == Some("where"))?;
    let ends = ["returning", "for", "limit", "order", "offset", "fetch", "group"];
    let rest = &one[begins + 1..];
    let mut depth = 0_u32;
    let mut end = rest.len();
    for (place, token) in rest.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 && ends.contains(&word.as_str()) => {
                end = place;
                break;
            }
            _ => {}
        }
    }
    conjuncts(&rest[..end], &mut columns)?;
    Some(columns)
}

/// The columns of the conditions between the ANDs; `None` if there is any other condition.
fn conjuncts(tokens: &[Token], columns: &mut Columns) -> Option<()> {
    let mut parts: Vec<&[Token]> = Vec::new();
    let (mut depth, mut from) = (0_u32, 0);
    for (place, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 => match word.as_str() {
                "and" => {
                    parts.push(&tokens[from..place]);
                    from = place + 1;
                }
                "or" | "between" | "case" => return None,
                _ => {}
            },
            _ => {}
        }
    }
    parts.push(&tokens[from..]);
    for part in parts {
        match part {
            [Token::Open, inner @ .., Token::Close] if is_one_pair(inner) => conjuncts(inner, columns)?,
            // 1 = 1, which some programs write as an empty condition.
            [Token::Value, Token::Equals, Token::Value] => {}
            _ => drop(columns.insert(column(part)?)),
        }
    }
    Some(())
}

/// Whether the first and the last parenthesis belong together.
fn is_one_pair(inner: &[Token]) -> bool {
    let mut depth = 0_i32;
    inner.iter().all(|token| {
        depth += match token {
            Token::Open => 1,
            Token::Close => -1,
            _ => 0,
        };
        depth >= 0
    })
}

/// The column of `table.column = value`, with or without a cast.
fn column(part: &[Token]) -> Option<String> {
    let equals = part.iter().position(|token| *token == Token::Equals)?;
    let (left, right) = (&part[..equals], &part[equals + 1..]);
    let named = left.iter().enumerate().all(|(place, token)| match place % 2 {
        0 => token.name().is_some(),
        _ => *token == Token::Dot,
    });
    let value = match right {
        [Token::Value] => true,
        [Token::Value, Token::Cast, cast @ ..] => {
            cast.iter().all(|token| token.name().is_some() || *token == Token::Dot)
        }
        _ => false,
    };
    let column = left.last().filter(|_| named && value)?;
    column.name().map(ToOwned::to_owned)
}

/// The columns that an UPDATE sets; `None` if that is not certain.
pub fn sets(one: &[Token]) -> Option<Columns> {
    let begins = one.iter().position(|token| token.word() == Some("set"))?;
    let (mut columns, mut depth, mut is_first) = (Columns::new(), 0_u32, true);
    for (place, token) in one.iter().enumerate().skip(begins + 1) {
        match token {
            Token::Word(word) if depth == 0 && matches!(word.as_str(), "where" | "from" | "returning") => {
                break;
            }
            token if is_first => {
                let column = token.name().filter(|_| one.get(place + 1) == Some(&Token::Equals))?;
                columns.insert(column.to_owned());
                is_first = false;
            }
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 => is_first = true,
            _ => {}
        }
    }
    Some(columns)
}

/// What a statement waits for, as far as its words show it: its verb, the tables that it reads and writes, and the
/// functions that it calls.
pub fn of(
    one: &[Token],
    (reads, writes): (&BTreeSet<String>, &BTreeSet<String>),
    functions: &mut dyn Iterator<Item = &str>,
) -> Option<Alike> {
    let count = |name: &str| one.iter().filter(|token| token.word() == Some(name)).count();
    let first = one.iter().find_map(Token::word)?;
    let (selects, froms) = (count("select"), count("from"));
    let plain = count("join") == 0 && count("using") == 0 && count("union") == 0;
    let unsure: Vec<&str> = functions.collect();
    if reads.is_empty() && writes.is_empty() {
        let lock = matches!(unsure.as_slice(), [name] if TAKES.contains(name));
        return (lock && first == "select" && selects == 1 && froms == 0).then_some(Alike::Lock);
    }
    let table = match first {
        "select" if selects == 1 && froms == 1 && writes.is_empty() && reads.len() == 1 => reads.first(),
        "update" if selects == 0 && froms == 0 && reads.is_empty() && writes.len() == 1 => writes.first(),
        _ => None,
    };
    let by = keys(one)?;
    let table = table.filter(|_| plain && unsure.is_empty())?;
    Some(Alike::Row { table: table.clone(), by })
}

/// Functions that take one advisory lock.
const TAKES: [&str; 4] =
    ["pg_advisory_lock", "pg_advisory_lock_shared", "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::gate::lexer::tokens;

    fn list(columns: &Columns) -> String {
        columns.iter().cloned().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_conditions_on_keys_count() {
        for (text, by) in [
            ("SELECT left FROM seats WHERE id = $1 FOR UPDATE", Some("id")),
            ("UPDATE seats SET left = 0 WHERE seats.id = 1 AND left > 0", None),
            ("UPDATE s SET x = 1 WHERE (\"public\".\"s\".\"Id\" = $1 AND 1=1) RETURNING id", Some("Id")),
            (
                "SELECT x FROM s WHERE event = $1::int AND seat = 'A' ORDER BY id = 2 FOR UPDATE",
                Some("event seat"),
            ),
            ("SELECT x FROM s WHERE (a = 1) AND ((b = $2::pg_catalog.int4))", Some("a b")),
            ("SELECT x FROM s WHERE a = 1 OR b = 2", None),
            ("SELECT x FROM s WHERE a = 1 AND (b = 2 OR c = 3)", None),
            ("SELECT x FROM s WHERE (a = 1) = false", None),
            ("SELECT x FROM s WHERE NOT a = 1", None),
            ("SELECT x FROM s WHERE a = 1 IS NULL", None),
            ("SELECT x FROM s WHERE a = b", None),
            ("SELECT x FROM s WHERE a >= 1", None),
            ("SELECT x FROM s WHERE a = 1 + e", None),
            ("SELECT x FROM s WHERE y BETWEEN 1 AND a = 1", None),
            ("SELECT x FROM s WHERE CASE WHEN true AND a = 1 THEN b END", None),
            ("SELECT x FROM s", None),
        ] {
            assert_eq!(keys(&tokens(text)).map(|by| list(&by)).as_deref(), by, "{text}");
        }
    }

    #[test]
    fn columns_that_are_set() {
        for (text, columns) in [
            ("UPDATE s SET a = greatest(b, 1), \"C\" = $1 WHERE d = 1", Some("C a")),
            ("UPDATE s SET a = a - 1 RETURNING b", Some("a")),
            ("UPDATE s SET (a, b) = (1, 2)", None),
            ("UPDATE s SET a[1] = 2", None),
        ] {
            assert_eq!(sets(&tokens(text)).map(|columns| list(&columns)).as_deref(), columns, "{text}");
        }
    }
}
