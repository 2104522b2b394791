//! Races of foreign programs: any command, any HTTP endpoint.
//!
//! Buyers that others have written are let go together. Rules read their answers, and the stock is read before and
//! after. The result is an ordinary history, and is judged like any other.
//!
//! [`config`], [`plan`] and what they are made of ([`request`], `rules`, [`setup`],
//! [`stock`], [`template`], [`url`]) are pure. [`http`] and [`command`] let the buyers go; `trial` carries out a race,
//! and [`Raced`] is the result. The gate runs a race in every order of the shop's statements.

mod act;
pub mod broken;
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
mod trial_error;
pub mod url;
pub mod users;

pub use error::RaceError;
pub use raced::{Raced, Shown, Trial};
pub use strange::Strange;
pub use trial::run;
pub use trial_error::{Doing, Failed, TrialError};
