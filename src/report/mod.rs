//! What people and programs are shown: text, JSON, a page and a trace, made from values. Nothing here
//! changes what it shows, and text is made as a `String`, so that it can be tested apart from its
//! meaning.

pub mod check;
mod columns;
pub mod connectors;
pub mod explore;
pub mod figures;
pub mod html;
pub mod json;
pub mod lanes;
pub mod matrix;
pub mod race;
pub mod replay;
#[cfg(test)]
mod sample;
pub mod text;
pub mod timeline;
pub mod trace;
pub mod words;
