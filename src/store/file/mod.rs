//! The ticket file as a store: the file and its locks, a buyer's session on them, and a model of both.

pub mod lock;
mod model;
mod session;
pub mod ticket;

pub use model::{FileModel, Seat};
pub use session::{FileSession, remove_scratch};
