//! The buyers' own values: a CSV table with one row for each buyer.

use std::path::Path;

use super::plan::Users;

/// No table of buyers is longer, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Reads the rows of so many buyers.
///
/// # Errors
/// When it can't be read, or has too few rows.
pub fn read(path: &Path, buyers: u32) -> Result<Users, String> {
    let told = |error: csv::Error| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut table = csv::Reader::from_reader(std::io::Read::take(file, MOST_BYTES));
    let columns: Vec<String> =
        table.headers().map_err(told)?.iter().map(|name| name.trim().to_owned()).collect();
    let mut rows = Vec::new();
    for row in table.records().take(buyers as usize) {
        rows.push(row.map_err(told)?.iter().map(ToOwned::to_owned).collect());
    }
    if rows.len() < buyers as usize {
        return Err(format!("{}: {} rows for {buyers} buyers", path.display(), rows.len()));
    }
    Ok(Users { columns, rows })
}
