//! A history as a picture: one self-contained HTML page, a trace, and a timeline for the terminal.

mod both;
mod columns;
pub mod connectors;
mod data;
mod heading;
pub mod html;
pub mod lanes;
mod rows;
#[cfg(test)]
mod sample;
mod shown;
pub mod timeline;
pub mod trace;
mod transaction;

/// The language of a page.
pub use crate::lang::Lang;
