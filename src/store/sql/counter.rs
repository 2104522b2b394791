//! The counter of a sale at a database: tickets are put on sale there, what is left is read there, and what is
//! ours is removed. It touches the tables of the sale and nothing else; a table of that name with another shape
//! stays as it is, and so does the sale.

#[cfg(feature = "mysql")]
pub(super) mod mysql;
#[cfg(feature = "postgres")]
pub(super) mod postgres;
#[cfg(feature = "sqlite")]
pub(super) mod sqlite;

use super::dialect::{self, tables};
use super::error::SqlError;
use super::name::SaleName;
use crate::protocol::sql::{Engine, SqlSale};
use crate::stock::Stock;

/// A table, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// There is none of that name.
    Missing,
    /// It is one of ours, with a CHECK or without.
    Ours {
        /// Whether it forbids a stock below 0.
        constraint: bool,
    },
    /// It is not ours, and this is how that is seen.
    Other(String),
}

/// The tables of a sale, as they were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) stock: Shape,
    pub(super) receipts: Shape,
}

/// A connection with a database, for what is done before and after a sale.
pub(super) trait Books {
    /// Looks at the tables of a sale.
    fn look(&mut self, name: &SaleName) -> Result<Found, SqlError>;

    /// Carries out all of these statements, or none.
    fn apply(&mut self, doing: &'static str, statements: &[String]) -> Result<(), SqlError>;

    /// The number that a statement selects; `None` where it selects no row.
    fn number(&mut self, doing: &'static str, select: &str) -> Result<Option<Stock>, SqlError>;

    /// The statement that empties a table.
    fn empty(&self, table: &str) -> String;

    /// What the database is, and the settings that decide.
    fn about(&mut self) -> Result<About, SqlError>;

    /// Has the database work as a sale needs it.
    fn set_up(&mut self, _sale: &SqlSale) -> Result<(), SqlError> {
        Ok(())
    }

    /// How many more connections the database takes; `None` where it does not count them.
    fn room(&mut self) -> Result<Option<Room>, SqlError> {
        Ok(None)
    }

    /// Waits until no session of these buyers is left, whose names begin so and end in their numbers. A database in a file has none whose process is gone.
    fn await_gone(&mut self, _session: &str, _buyers: u32) -> Result<(), SqlError> {
        Ok(())
    }
}

/// What a database is, and the settings that decide what a commit costs there and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct About {
    /// The engine.
    pub engine: Engine,
    /// What it calls itself.
    pub product: &'static str,
    /// Its version.
    pub version: String,
    /// Its settings, by their names.
    pub settings: Vec<(&'static str, String)>,
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.product, self.version)?;
        self.settings.iter().try_for_each(|(name, value)| write!(f, ", {name} {value}"))
    }
}

/// How many connections a database takes, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many more can be opened.
    pub free: u64,
    /// The settings behind it, in words.
    pub because: String,
}

/// A sale, and where it takes place, as errors name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Where<'a> {
    pub(super) sale: &'a SqlSale,
    pub(super) name: &'a SaleName,
    pub(super) address: &'a str,
}

/// Puts so many tickets on sale, or finds those that are. Returns the stock.
pub(super) fn put_on_sale(
    books: &mut dyn Books,
    at: Where<'_>,
    tickets: Option<Stock>,
) -> Result<Stock, SqlError> {
    let found = look(books, at)?;
    match tickets {
        Some(tickets) if tickets < 0 => return Err(SqlError::Tickets(tickets)),
        Some(tickets) => {
            let statements = statements_for(books, at, &found, tickets);
            books.apply("putting tickets on sale", &statements)?;
        }
        None => {
            check_sale(at, &found)?;
            // A role that may only read is found out before the sale.
            let table = at.name.stock_table();
            let probe = format!("UPDATE {table} SET ticket = ticket WHERE id = 1");
            books.apply("writing the stock", &[probe])?;
        }
    }
    left(books, at, at.sale.has_receipts())
}

/// What is left of a sale: its row, less the receipts where it keeps some.
pub(super) fn stock_left(books: &mut dyn Books, at: Where<'_>) -> Result<Stock, SqlError> {
    let found = look(books, at)?;
    if found.stock == Shape::Missing {
        return Err(no_sale(at));
    }
    left(books, at, found.receipts != Shape::Missing)
}

/// Removes the tables of a sale. Returns whether there were any.
pub(super) fn clear(books: &mut dyn Books, at: Where<'_>) -> Result<bool, SqlError> {
    let found = look(books, at)?;
    let drop =
        |shape: &Shape, table: String| (*shape != Shape::Missing).then(|| format!("DROP TABLE {table}"));
    let stock = drop(&found.stock, at.name.stock_table());
    let receipts = drop(&found.receipts, at.name.receipt_table());
    let statements: Vec<String> = stock.into_iter().chain(receipts).collect();
    if !statements.is_empty() {
        books.apply("removing the sale", &statements)?;
    }
    Ok(!statements.is_empty())
}

/// The tables of the sale, if none of them is somebody else's.
fn look(books: &mut dyn Books, at: Where<'_>) -> Result<Found, SqlError> {
    let found = books.look(at.name)?;
    for (shape, table) in [(&found.stock, at.name.stock_table()), (&found.receipts, at.name.receipt_table())]
    {
        if let Shape::Other(found) = shape {
            let address = at.address.to_owned();
            return Err(SqlError::OtherShape { address, table, found: found.clone() });
        }
    }
    Ok(found)
}

fn left(books: &mut dyn Books, at: Where<'_>, has_receipts: bool) -> Result<Stock, SqlError> {
    let select = dialect::stock_left(at.name, has_receipts);
    books
        .number("reading the stock", &select)?
        .ok_or_else(|| SqlError::NoStock { address: at.address.to_owned(), table: at.name.stock_table() })
}

fn no_sale(at: Where<'_>) -> SqlError {
    SqlError::NoSale { address: at.address.to_owned(), name: at.name.to_string() }
}

/// Whether what is on sale can be sold in this way.
fn check_sale(at: Where<'_>, found: &Found) -> Result<(), SqlError> {
    let Shape::Ours { constraint } = found.stock else { return Err(no_sale(at)) };
    let keeps_receipts = found.receipts != Shape::Missing;
    let is = match (constraint, at.sale.constraint) {
        (true, false) => "forbids a stock below 0; say --constraint",
        (false, true) => "does not forbid a stock below 0, as --constraint says",
        _ if keeps_receipts && !at.sale.has_receipts() => "counts receipts; say --write insert",
        _ if !keeps_receipts && at.sale.has_receipts() => "keeps no receipts to count",
        _ => return Ok(()),
    };
    Err(SqlError::OtherSale { address: at.address.to_owned(), name: at.name.to_string(), is })
}

/// What has to be done so that so many tickets, and no receipts, are there.
fn statements_for(books: &dyn Books, at: Where<'_>, found: &Found, tickets: Stock) -> Vec<String> {
    let make = tables(at.sale.engine, at.name, at.sale.constraint);
    let (stock, receipts) = (at.name.stock_table(), at.name.receipt_table());
    let drop = |table: &str| format!("DROP TABLE {table}");
    let mut statements = match found.stock {
        Shape::Ours { constraint } if constraint == at.sale.constraint => vec![books.empty(&stock)],
        Shape::Ours { .. } => vec![drop(&stock), make.stock],
        Shape::Missing | Shape::Other(_) => vec![make.stock],
    };
    statements.push(format!("INSERT INTO {stock} (id, ticket) VALUES (1, {tickets})"));
    statements.extend(match (&found.receipts, at.sale.has_receipts()) {
        (Shape::Ours { .. }, true) => Some(books.empty(&receipts)),
        (Shape::Ours { .. }, false) => Some(drop(&receipts)),
        (Shape::Missing | Shape::Other(_), true) => Some(make.receipts),
        (Shape::Missing | Shape::Other(_), false) => None,
    });
    statements
}
