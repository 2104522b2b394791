//! What people and programs are shown: text and JSON, made from values. Nothing here changes what it
//! shows, and text is made as a `String`, so that it can be tested apart from its meaning.

pub mod check;
pub mod explore;
pub mod figures;
pub mod json;
pub mod matrix;
pub mod text;
pub mod words;
