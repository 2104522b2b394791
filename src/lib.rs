//! N real buyers race to decrement one JSON ticket file: ticketsim runs the race, records it, judges
//! it and shows it.

pub mod closed_set;

pub mod buyer;
pub mod cli;
pub mod explore;
pub mod grade;
pub mod history;
pub mod lang;
pub mod lesson;
pub mod lock;
pub mod matrix;
pub mod plan;
pub mod report;
pub mod run;
pub mod schedule;
pub mod shared;
pub mod ticket_file;
pub mod verdict;
pub mod workers;
pub mod world;
