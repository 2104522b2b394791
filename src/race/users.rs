//! The buyers' own values: a CSV table with one row for each buyer.

use std::path::{Path, PathBuf};

use super::plan::Users;

/// The table of buyers can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsersError {
    /// It can't be read.
    #[error("{}: can't be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A line of it is not UTF-8.
    #[error("{}:{line}: not UTF-8", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
    /// A row has more or fewer fields than there are columns.
    #[error("{}:{line}: {fields} fields, and the first line names {columns}", path.display())]
    Uneven {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// How many fields it has.
        fields: u64,
        /// How many there are to be.
        columns: u64,
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
    let told = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let path = path.to_owned();
        match error.kind() {
            csv::ErrorKind::Utf8 { .. } => UsersError::NoText { path, line },
            csv::ErrorKind::UnequalLengths { expected_len: columns, len: fields, .. } => {
                UsersError::Uneven { path, line, fields: *fields, columns: *columns }
            }
            _ => wrong(error.to_string()),
        }
    };
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
