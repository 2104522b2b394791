//! The real command, driven as a stranger would, each test in a folder of its own.

mod bad_input;
mod browser;
mod explore;
mod harness;
mod kill;
mod locks;
mod matrix;
mod outsiders;
mod page;
mod readme;
mod run;
mod shell;
