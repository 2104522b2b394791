//! What people and programs are shown: text, JSON, a page and a trace, made from values. Nothing here
//! changes what it shows, and text is made as a `String`, so that it can be tested apart from its
//! meaning.

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
