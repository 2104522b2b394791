//! The real command, driven as a stranger would, each test in a folder of its own.

mod bad_input;
mod check;
mod explore;
mod harness;
mod kill;
mod lesson;
mod locks;
mod matrix;
mod outsiders;
mod readme;
mod run;
mod shell;
