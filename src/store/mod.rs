//! Where a purchase happens: one folder a store, each with its real thing and a model of it.

pub mod file;
