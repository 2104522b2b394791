//! N real buyers race to decrement one JSON ticket file: ticketsim runs the race, records it, judges
//! it and shows it.

pub mod buyer;
pub mod charset;
pub mod cli;
pub mod closed_set;
pub mod explore;
pub mod fault;
pub mod foreign;
pub mod grade;
pub mod history;
pub mod lang;
pub mod lesson;
pub mod matrix;
pub mod noted;
pub mod paths;
pub mod plan;
pub mod protocol;
pub mod race;
pub mod replay;
pub mod report;
pub mod rules;
pub mod run;
pub mod schedule;
pub mod shared;
pub mod shell;
pub mod stock;
pub mod store;
pub mod streams;
mod tls;
pub mod verdict;
pub mod workers;
pub mod world;
