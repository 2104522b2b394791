//! A history as a picture: one self-contained HTML page, a trace, and a timeline for the terminal.

mod columns;
pub mod connectors;
mod data;
pub mod html;
pub mod lanes;
#[cfg(test)]
mod sample;
mod shown;
pub mod timeline;
pub mod trace;
mod transaction;
