//! Databases as pure data, to count and to rehearse every order of requests without a server.
//!
//! - [`RowModel`]: servers that lock rows. Each has a file that says its ways: [`postgres()`], [`mysql()`].
//! - [`SqliteModel`]: SQLite, which locks the whole file.
//!
//! A schedule is an order of *requests*. A buyer that waits sends nothing, and its answer is no step: one step may
//! bring answers to several. What was measured on the real engines is in the tests, every table of it.

mod mysql;
mod postgres;
mod rows;
mod sqlite;
mod statement;
mod ways;

pub use mysql::mysql;
pub use postgres::postgres;
pub use rows::RowModel;
pub use sqlite::SqliteModel;

/// Does something with the model of a sale at a database with so many tickets, before the first step. The one place
/// that knows which engine has which.
macro_rules! with_sql_model {
    ($sale:expr, $tickets:expr, $model:ident => $with:expr) => {
        match $sale.engine {
            $crate::protocol::sql::Engine::Postgres => {
                let $model = $crate::store::sql::model::postgres($sale, $tickets);
                $with
            }
            $crate::protocol::sql::Engine::Mysql => {
                let $model = $crate::store::sql::model::mysql($sale, $tickets);
                $with
            }
            $crate::protocol::sql::Engine::Sqlite => {
                let $model = $crate::store::sql::model::SqliteModel::new($sale, $tickets);
                $with
            }
        }
    };
}
pub(crate) use with_sql_model;
