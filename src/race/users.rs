//! The buyers' own values: a CSV table with one row for each buyer.

use std::path::{Path, PathBuf};

use super::plan::Users;

/// The table of buyers can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsersError {
    /// It can't be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// It has too few rows.
    #[error("{}: {rows} rows for {buyers} buyers", path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
        /// How many rows it has.
        rows: usize,
        /// How many buyers there are.
        buyers: u32,
    },
}

/// The longest table of buyers, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Reads the rows of this many buyers.
///
/// # Errors
/// When it can't be read, or has too few rows.
pub fn read(path: &Path, buyers: u32) -> Result<Users, UsersError> {
    let wrong = |why: String| UsersError::Unreadable { path: path.to_owned(), why };
    let told = |error: csv::Error| wrong(error.to_string());
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut table = csv::Reader::from_reader(std::io::Read::take(file, MOST_BYTES));
    let columns: Vec<String> =
        table.headers().map_err(told)?.iter().map(|name| name.trim().to_owned()).collect();
    let mut rows = Vec::new();
    for row in table.records().take(buyers as usize) {
        rows.push(row.map_err(told)?.iter().map(ToOwned::to_owned).collect());
    }
    if rows.len() < buyers as usize {
        return Err(UsersError::TooShort { path: path.to_owned(), rows: rows.len(), buyers });
    }
    Ok(Users { columns, rows })
}
