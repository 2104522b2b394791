//! Races of foreign programs: any command, any HTTP endpoint.
//!
//! Buyers that somebody else wrote are let go together. What they answer is read by rules; the stock is
//! read before and after; and the history that comes of it is the ordinary one, judged like any other.
//!
//! [`config`], [`plan`] and what they are made of ([`request`], `rules`, [`setup`],
//! [`stock`], [`template`], [`url`]) are pure. [`http`] and [`command`] let the buyers go; `trial` carries
//! a race out, and [`Raced`] is what came of it. The gate runs it in every order of its statements.

mod act;
pub mod command;
pub mod config;
mod error;
#[cfg(feature = "postgres")]
pub mod gate;
pub mod heat;
pub mod http;
pub mod plan;
mod priority;
mod raced;
pub mod request;
pub mod setup;
mod sqlite;
pub mod statistics;
pub mod stock;
mod strange;
pub mod template;
mod trial;
pub mod url;
pub mod users;

pub use error::RaceError;
pub use raced::{Raced, Shown, Trial};
pub use strange::Strange;
pub use trial::run;
