//! Databases as pure data, to count and rehearse every order of requests without a server.
//!
//! - [`RowModel`]: servers that lock rows. Each has a file with its rules: [`postgres()`], [`mysql()`].
//! - [`SqliteModel`]: SQLite, which locks the whole file.
//!
//! A schedule is an order of *requests*. A buyer that waits sends nothing, and its answer is no step: one step may
//! bring several answers. The tests have all tables that were measured on the real engines.

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

/// Runs an expression with the model of a sale with this many tickets, before the first step. Only this place knows
/// which engine has which model.
macro_rules! with_sql_model {
    ($choices:expr, $tickets:expr, $model:ident => $with:expr) => {
        match $choices.engine {
            $crate::protocol::sql::Engine::Postgres => {
                let $model = $crate::store::sql::model::postgres($choices, $tickets);
                $with
            }
            $crate::protocol::sql::Engine::Mysql => {
                let $model = $crate::store::sql::model::mysql($choices, $tickets);
                $with
            }
            $crate::protocol::sql::Engine::Sqlite => {
                let $model = $crate::store::sql::model::SqliteModel::new($choices, $tickets);
                $with
            }
        }
    };
}
pub(crate) use with_sql_model;
