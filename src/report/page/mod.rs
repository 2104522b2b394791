//! A history as a picture: one self-contained HTML page, a trace, and a timeline for the terminal.

mod columns;
pub mod connectors;
pub mod html;
pub mod lanes;
#[cfg(test)]
mod sample;
pub mod timeline;
pub mod trace;
