//! Output for people and programs: text, JSON, pages and a trace, made from values. Nothing here computes results, and
//! text is returned as a `String`, so that it can be tested separately.

pub mod check;
pub mod documented;
pub mod explore;
pub mod figures;
pub(crate) mod hosts;
pub mod json;
pub mod junit;
pub mod matrix;
pub mod page;
pub mod protocols;
pub mod race;
pub mod replay;
pub mod run;
pub mod text;
pub mod words;
