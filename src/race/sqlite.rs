//! The stock in an SQLite database, selected by one statement.

use std::path::Path;
use std::time::Duration;

use crate::stock::Stock;

/// The number that a statement selects; nothing is written.
///
/// # Errors
/// What there was instead.
#[cfg(feature = "sqlite")]
pub(super) fn number(path: &Path, select: &str, timeout: Duration) -> Result<Stock, String> {
    use rusqlite::types::ValueRef;
    use rusqlite::{Connection, OpenFlags};

    use super::stock::whole_number;

    let told = |error: rusqlite::Error| error.to_string();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).map_err(told)?;
    database.busy_timeout(timeout).map_err(told)?;
    let mut statement = database.prepare(select).map_err(told)?;
    if !statement.readonly() {
        return Err(format!("{select:?} writes; it takes a SELECT"));
    }
    let mut rows = statement.query([]).map_err(told)?;
    let row = rows.next().map_err(told)?.ok_or_else(|| format!("{select:?} selects nothing"))?;
    match row.get_ref(0).map_err(told)? {
        ValueRef::Integer(number) => Ok(number),
        ValueRef::Real(number) => whole_number(number.to_string().as_bytes()),
        ValueRef::Text(text) => whole_number(text),
        ValueRef::Null | ValueRef::Blob(_) => Err(format!("{select:?} selects no number")),
    }
}

/// Where SQLite was left out of the build.
///
/// # Errors
/// Always, saying so.
#[cfg(not(feature = "sqlite"))]
pub(super) fn number(_path: &Path, _select: &str, _timeout: Duration) -> Result<Stock, String> {
    Err("this build has no SQLite; build with --features sqlite".to_owned())
}
