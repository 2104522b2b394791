//! The counter at a database of SQLite.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};

use super::{About, Books, Found, Shape, start_of};
use crate::protocol::sql::{Engine, SqlChoices};
use crate::stock::Stock;
use crate::store::server::Doing;
use crate::store::sql::dialect::tables;
use crate::store::sql::error::{FileTrouble, OtherTable, SqlError};
use crate::store::sql::link::WAIT_FOR_OTHERS;
use crate::store::sql::name::SaleName;
use crate::store::sql::sqlite::{file_error, open};

/// A connection with a database of SQLite.
#[derive(Debug)]
pub(in crate::store::sql) struct SqliteBooks {
    path: PathBuf,
    connection: Connection,
}

impl SqliteBooks {
    /// Opens the file. With `create`, a missing file is created.
    pub(in crate::store::sql) fn open(path: &Path, create: bool) -> Result<Self, SqlError> {
        let connection = open(path, create)?;
        let books = Self { path: path.to_owned(), connection };
        books.said(books.connection.busy_timeout(WAIT_FOR_OTHERS))?;
        // The file is read now, so that an error comes now.
        books.said(books.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))?;
        Ok(books)
    }

    fn said<T>(&self, result: rusqlite::Result<T>) -> Result<T, SqlError> {
        result.map_err(|error| file_error(&self.path, &error))
    }

    /// The state of a table, read from the statement that made it.
    fn shape(&self, table: &str, ours: &[(String, bool)]) -> Result<Shape, SqlError> {
        let select = "SELECT type, sql FROM sqlite_schema WHERE name = ?1";
        let found = self.connection.query_row(select, [table], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default()))
        });
        let Some((kind, made_by)) = self.said(found.optional())? else { return Ok(Shape::Missing) };
        let Some((_, constraint)) = ours.iter().find(|(text, _)| *text == made_by) else {
            let start = start_of(&made_by);
            return Ok(Shape::Other(OtherTable::MadeBy(if start.is_empty() { kind } else { start })));
        };
        let others =
            "SELECT count(*) FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL AND name <> ?1";
        let others: i64 = self.said(self.connection.query_row(others, [table], |row| row.get(0)))?;
        Ok(if others == 0 {
            Shape::Ours { constraint: *constraint }
        } else {
            Shape::Other(OtherTable::TriggersOrIndexes)
        })
    }
}

impl Books for SqliteBooks {
    fn look(&mut self, name: &SaleName) -> Result<Found, SqlError> {
        let [free, checked] = [false, true].map(|constraint| tables(Engine::Sqlite, name, constraint));
        Ok(Found {
            stock: self.shape(&name.stock_table(), &[(free.stock, false), (checked.stock, true)])?,
            receipts: self.shape(&name.receipt_table(), &[(free.receipts, false)])?,
        })
    }

    fn apply(&mut self, _deed: Doing, statements: &[String]) -> Result<(), SqlError> {
        let path = self.path.clone();
        let failed = |error| file_error(&path, &error);
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior).map_err(failed)?;
        for statement in statements {
            transaction.execute(statement, []).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    fn number(&mut self, _deed: Doing, select: &str) -> Result<Option<Stock>, SqlError> {
        self.said(self.connection.query_row(select, [], |row| row.get(0)).optional())
    }

    fn empty(&self, table: &str) -> String {
        format!("DELETE FROM {table}")
    }

    /// Sets the journal mode, which the file keeps.
    fn set_up(&mut self, choices: &SqlChoices) -> Result<(), SqlError> {
        let journal = choices.journal;
        let set = format!("PRAGMA journal_mode = {journal}");
        let is: String = self.said(self.connection.query_row(&set, [], |row| row.get(0)))?;
        if is.eq_ignore_ascii_case(journal.name()) {
            return Ok(());
        }
        let wrong = FileTrouble::Journal { is, asked: journal };
        Err(SqlError::File { path: self.path.clone(), wrong })
    }

    fn about(&mut self) -> Result<About, SqlError> {
        let journal: String =
            self.said(self.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)))?;
        let synchronous: i64 =
            self.said(self.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)))?;
        let synchronous = match synchronous {
            0 => "off",
            1 => "normal",
            2 => "full",
            _ => "extra",
        };
        Ok(About {
            engine: Engine::Sqlite,
            product: Engine::Sqlite.title(),
            version: rusqlite::version().to_owned(),
            settings: vec![("journal_mode", journal), ("synchronous", synchronous.to_owned())],
        })
    }
}
