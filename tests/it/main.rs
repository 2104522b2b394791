//! The real command, driven as a stranger would, each test in a folder of its own.

mod bad_input;
mod browser;
mod check;
mod explore;
mod foreign;
mod formats;
mod harness;
mod interrupts;
mod kill;
mod lesson;
mod limits;
mod locks;
mod matrix;
mod outputs;
mod outsiders;
mod page;
mod planted;
mod race;
mod readme;
mod replay;
mod run;
mod shell;
mod sql;
mod step;
mod steps;
mod ticket_file;
