//! The stock in an SQLite database, read by one statement.

use std::path::Path;
use std::time::Duration;

use super::stock::NoStock;
use crate::stock::Stock;

/// The number that a statement selects. Nothing is written.
///
/// # Errors
/// What there was instead.
#[cfg(feature = "sqlite")]
pub(super) fn number(path: &Path, select: &str, timeout: Duration) -> Result<Stock, NoStock> {
    use rusqlite::types::ValueRef;
    use rusqlite::{Connection, OpenFlags};

    use super::stock::whole_number;

    let told = |error: rusqlite::Error| NoStock::Sqlite(error.to_string());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).map_err(told)?;
    database.busy_timeout(timeout).map_err(told)?;
    let mut statement = database.prepare(select).map_err(told)?;
    if !statement.readonly() {
        return Err(NoStock::Writes(select.to_owned()));
    }
    let mut rows = statement.query([]).map_err(told)?;
    let row = rows.next().map_err(told)?.ok_or_else(|| NoStock::SelectsNothing(select.to_owned()))?;
    match row.get_ref(0).map_err(told)? {
        ValueRef::Integer(number) => Ok(number),
        ValueRef::Real(number) => whole_number(number.to_string().as_bytes()),
        ValueRef::Text(text) => whole_number(text),
        ValueRef::Null | ValueRef::Blob(_) => Err(NoStock::SelectsNoNumber(select.to_owned())),
    }
}

/// The build has no SQLite.
///
/// # Errors
/// Always.
#[cfg(not(feature = "sqlite"))]
pub(super) fn number(_path: &Path, _select: &str, _timeout: Duration) -> Result<Stock, NoStock> {
    Err(NoStock::NotBuiltIn)
}
