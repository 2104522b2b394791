//! What lower rooms put into words by themselves, in Chinese. `{}` stands for what differs; where the Chinese needs
//! another order, `{1}` stands for the first of them. The first that fits counts: what says more stands before what says
//! less.

mod files;
mod readers;
mod stores;

/// The sentences of this program, a table a room.
pub const OURS: &[&[(&str, &str)]] = &[files::ALL, stores::ALL];
/// Those of the crates that read JSON and TOML.
pub const OF_READERS: &[(&str, &str)] = readers::ALL;
