//! The counter of a sale at a database: puts tickets on sale, reads what is left, and removes our tables. It touches
//! only the tables of the sale; if a table of that name has another shape, nothing is changed.

#[cfg(feature = "mysql")]
pub(super) mod mysql;
#[cfg(feature = "postgres")]
pub(super) mod postgres;
#[cfg(feature = "sqlite")]
pub(super) mod sqlite;

use super::dialect::{self, tables};
use super::error::{OtherSale, OtherTable, SqlError};
use super::name::SaleName;
use crate::foreign;
use crate::protocol::sql::{Engine, SqlChoices};
use crate::stock::Stock;
use crate::store::server::{Doing, Limit};

/// The state of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// There is none of that name.
    Missing,
    /// It is ours, with or without a CHECK.
    Ours {
        /// Whether it forbids a stock below 0.
        constraint: bool,
    },
    /// It is not ours, for this reason.
    Other(OtherTable),
}

/// The state of a sale's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) stock: Shape,
    pub(super) receipts: Shape,
}

/// A connection with a database, for use before and after a sale.
pub(super) trait Books {
    /// Looks at the tables of a sale.
    fn look(&mut self, name: &SaleName) -> Result<Found, SqlError>;

    /// Carries out all of these statements, or none.
    fn apply(&mut self, doing: Doing, statements: &[String]) -> Result<(), SqlError>;

    /// The number that a statement selects; `None` if it selects no row.
    fn number(&mut self, doing: Doing, select: &str) -> Result<Option<Stock>, SqlError>;

    /// The statement that empties a table.
    fn empty(&self, table: &str) -> String;

    /// The database, its version, and the settings that matter.
    fn about(&mut self) -> Result<About, SqlError>;

    /// Sets the database up for a sale.
    fn set_up(&mut self, _choices: &SqlChoices) -> Result<(), SqlError> {
        Ok(())
    }

    /// How many more connections the database takes; `None` if it does not count them.
    fn room(&mut self) -> Result<Option<Room>, SqlError> {
        Ok(None)
    }

    /// Waits until no session of these buyers is left. Session names begin with `session` and end with the buyer's
    /// number. A database in a file has no sessions of dead processes.
    fn await_gone(&mut self, _session: &str, _buyers: u32) -> Result<(), SqlError> {
        Ok(())
    }
}

/// A database, its version, and the settings that decide the cost and the durability of a commit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct About {
    /// The engine.
    pub engine: Engine,
    /// Its own name for itself.
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

/// The start of what a server tells of a table, made safe for a terminal.
pub(super) fn start_of(text: &str) -> String {
    foreign::shown(&text.chars().take(80).collect::<String>()).into_owned()
}

/// How many more connections a database takes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many more can be opened.
    pub free: u64,
    /// The limit that counts.
    pub because: Limit,
}

/// A sale and its place, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Where<'a> {
    pub(super) choices: &'a SqlChoices,
    pub(super) name: &'a SaleName,
    pub(super) address: &'a str,
}

/// Puts this many tickets on sale, or finds those that are on sale. Returns the stock.
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
            books.apply(Doing::PutOnSale, &statements)?;
        }
        None => {
            check_sale(at, &found)?;
            // So that a read-only role is found before the sale.
            let table = at.name.stock_table();
            let probe = format!("UPDATE {table} SET ticket = ticket WHERE id = 1");
            books.apply(Doing::WriteStock, &[probe])?;
        }
    }
    left(books, at, at.choices.has_receipts())
}

/// What is left of a sale: its row, less the receipts if it keeps some.
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
        books.apply(Doing::RemoveSale, &statements)?;
    }
    Ok(!statements.is_empty())
}

/// The tables of the sale. An error if one of them is not ours.
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
        .number(Doing::ReadStock, &select)?
        .ok_or_else(|| SqlError::NoStock { address: at.address.to_owned(), table: at.name.stock_table() })
}

fn no_sale(at: Where<'_>) -> SqlError {
    SqlError::NoSale { address: at.address.to_owned(), name: at.name.to_string() }
}

/// Checks that the existing sale can be used with these choices.
fn check_sale(at: Where<'_>, found: &Found) -> Result<(), SqlError> {
    let Shape::Ours { constraint } = found.stock else { return Err(no_sale(at)) };
    let keeps_receipts = found.receipts != Shape::Missing;
    let is = match (constraint, at.choices.constraint) {
        (true, false) => OtherSale::Constrained,
        (false, true) => OtherSale::Unconstrained,
        _ if keeps_receipts && !at.choices.has_receipts() => OtherSale::CountsReceipts,
        _ if !keeps_receipts && at.choices.has_receipts() => OtherSale::NoReceipts,
        _ => return Ok(()),
    };
    Err(SqlError::OtherSale { address: at.address.to_owned(), name: at.name.to_string(), is })
}

/// The statements that put this many tickets on sale, without receipts.
fn statements_for(books: &dyn Books, at: Where<'_>, found: &Found, tickets: Stock) -> Vec<String> {
    let make = tables(at.choices.engine, at.name, at.choices.constraint);
    let (stock, receipts) = (at.name.stock_table(), at.name.receipt_table());
    let drop = |table: &str| format!("DROP TABLE {table}");
    let mut statements = match found.stock {
        Shape::Ours { constraint } if constraint == at.choices.constraint => vec![books.empty(&stock)],
        Shape::Ours { .. } => vec![drop(&stock), make.stock],
        Shape::Missing | Shape::Other(_) => vec![make.stock],
    };
    statements.push(format!("INSERT INTO {stock} (id, ticket) VALUES (1, {tickets})"));
    statements.extend(match (&found.receipts, at.choices.has_receipts()) {
        (Shape::Ours { .. }, true) => Some(books.empty(&receipts)),
        (Shape::Ours { .. }, false) => Some(drop(&receipts)),
        (Shape::Missing | Shape::Other(_), true) => Some(make.receipts),
        (Shape::Missing | Shape::Other(_), false) => None,
    });
    statements
}
