//! N buyers race for the same stock: ticketsim runs the race, records it, judges it, shows it, counts every way it can
//! go, and makes any one of them happen again.
//!
//! # What a library user needs
//!
//! Run a plan. (Process buyers are forked, and then the caller may have only one thread. Here the buyers are threads.)
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use ticketsim::plan::{Plan, Workers};
//! use ticketsim::protocol::file::{FileChoices, Lock, Write};
//! use ticketsim::verdict::Ruling;
//! use ticketsim::workers::Watch;
//!
//! let folder = tempfile::tempdir()?;
//! let choices = FileChoices::new(Lock::Flock, Write::Overwrite);
//! let plan = Plan::on_file(choices, &folder.path().join("ticket.json"), 10, Some(1));
//! let plan = Plan { workers: Workers::Thread, ..plan };
//! let interrupted = AtomicBool::new(false);
//! let mut watch = Watch { interrupted: &interrupted, begin: &mut |_| (), progress: &mut |_| (), start: None };
//! let sold = ticketsim::run::run(&plan, &mut watch)?;
//! assert_eq!(sold.verdict.ruling, Ruling::Sound);
//! assert_eq!(sold.verdict.ledger.receipts, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Check a history, from ticketsim or from any other program ([`history`] has the format):
//!
//! ```
//! use ticketsim::verdict::{AnomalyKind, Ruling};
//!
//! let log = r#"{"history_version":2,"initial":1}
//! {"buyer":"ann","invoke_ns":1,"return_ns":5,"outcome":"bought","stock":1}
//! {"buyer":"bob","invoke_ns":2,"return_ns":6,"outcome":"bought","stock":1}"#;
//! let verdict = ticketsim::verdict::judge(&ticketsim::history::read(log.as_bytes(), "log")?);
//! assert_eq!(verdict.ruling, Ruling::Unsound);
//! assert_eq!(verdict.anomalies[0].kind, AnomalyKind::Oversold);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Explore every order of your own protocol, and get the history of the worst one:
//!
//! ```
//! use ticketsim::explore::{Setting, census, rehearse};
//! use ticketsim::protocol::file::{FileChoices, Lock};
//! use ticketsim::protocol::{Choices, Protocol};
//!
//! let too_late: Protocol = "read lock write unlock".parse()?;
//! let choices = FileChoices::of_steps(too_late, Some(Lock::Flock), None, None)?;
//! let setting = Setting::new(Choices::File(choices), 2, 1);
//! let counted = census(&setting, 1_000);
//! assert_eq!((counted.schedules, counted.sound), (10_u32.into(), 4_u32.into()));
//! let worst = &counted.found[0].witness;
//! assert_eq!(worst.to_string(), "R1 R2 L1 W1 U1 L2 W2 U2");
//! assert_eq!(rehearse(&setting, worst)?.purchases.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Carry out a purchase step by step, against a store that is your own code. The buyer says what it wants
//! next, and you tell it the result:
//!
//! ```
//! use ticketsim::buyer::{Buyer, Rules};
//! use ticketsim::plan::PerBuyer;
//! use ticketsim::protocol::{Action, Reply};
//!
//! let rules = Rules { protocol: "read write".parse()?, per_buyer: PerBuyer::ONE, retry: false };
//! let (mut buyer, mut stock) = (Buyer::new(rules), 5);
//! loop {
//!     let reply = match buyer.next() {
//!         Action::Read => Reply::Stock(stock),
//!         Action::Write(left) => {
//!             stock = left;
//!             Reply::Done
//!         }
//!         Action::Leave => break,
//!         other => unreachable!("{other:?} is no step of this protocol"),
//!     };
//!     buyer.accept(reply);
//! }
//! assert_eq!(stock, 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The flow
//!
//! ```text
//! argv ─cli→ Plan ─run→ workers ─► each Buyer carries out its Protocol against a Session of the store
//!                                      every step is recorded ─► History ─verdict→ Verdict ─report→ text · json · html
//! ```
//!
//! Live runs, explored schedules, replays, races of other people's programs and histories read from a file all become a
//! [`history::History`]; from there on they are treated alike. A purchase is written once, as data: processes, threads
//! and tasks carry out the same list of steps, `explore` steps it on a model, and a replay holds it at gates.
//!
//! # The rooms
//!
//! A room uses only the rooms above it in this table (`tests/tidy.rs` checks that).
//!
//! | room | what is in it |
//! |---|---|
//! | the ground | [`stock`], [`fault`]: why a purchase failed, as data; `closed_set`: an enum that lists, names and parses itself; `rules`: what the answers of other programs mean; `foreign`: other programs' text on its way to a terminal; `shared`: memory that processes share; `lang`: all texts, in English and Chinese |
//! | [`protocol`] | what a purchase is, as pure data: steps, letters, the choices of each store, the catalogue of named ones |
//! | [`plan`] | everything that a run needs, checked |
//! | [`history`] | what happened: the record, the shared recorder, our file format and those of other tools |
//! | [`buyer`] | the step machine that carries out a protocol: no I/O, no clock, no randomness |
//! | [`verdict`], `grade` | the rules, and how well a protocol keeps its promise: they know only histories |
//! | [`world`] | the traits `Session` (real) and `Model` (can be cloned), and their wrappers |
//! | [`store`] | where it happens, one folder for each store: its session, its model, its counter |
//! | [`schedule`] | an order of steps by name, its file, and the schedule that a history followed |
//! | [`workers`], [`explore`] | how buyers are run; every order of their steps on a model |
//! | [`run`] | plan → workers → history → verdict |
//! | [`replay`], `matrix`, `race`, `hosts` | making one order happen; grading all combinations; other people's programs, and the gate before their database; one sale on several hosts |
//! | `report` | text, JSON and pages, one folder for each subject |
//! | `lesson`, `cli` | the lessons; options → plan → call → print. Only `cli` knows the options |
//!
//! # Where do additions go?
//!
//! - **One more step or protocol**: a word in `StepKind` and its letter, the action that [`buyer`] asks for,
//!   and the stores that have it; a protocol with a name is one entry in `protocol/catalogue/`, and its text
//!   in `lang/catalogue/`.
//! - **One more lock on files**: its kind in `protocol/file/kinds.rs`, its file in `store/file/lock/`, an arm in
//!   `store/file/lock/mod.rs` and in the model beside it, and which buyers it keeps apart in `plan/exclusion.rs`.
//! - **One more SQL engine**: its levels and locks in `protocol/engine.rs`, its folders in `store/sql/` (dialect, session,
//!   counter, model), and its row in `tests/replay/engines.rs`, which compares model and engine in every
//!   order.
//! - **One more store**: a file of choices in `protocol/` that implements [`protocol::StoreChoices`], a folder
//!   in `store/`, an arm in `protocol/choices.rs` (and in `store_kind.rs`, its name) and in `store/mod.rs` (its session and
//!   its model), its members in `schedule/file/plan.rs`, its options in `cli/choices.rs`, its errors in Chinese and the ways out in
//!   `cli/said/`, a row in the conformance tests.
//!   Nothing in `verdict`, `report`, `explore` and `replay`: they ask the choices.
//! - **One more format of histories**: its file in `history/formats/`.
//! - **One more report**: its folder in `report/`, which takes a finished value and returns text; `cli` prints it.
//!
//! # The rules
//!
//! Lower rooms return errors as data, which name no option; `cli` says which one helps. Only `cli`, `report`, `lesson` and
//! `main` print. Receipts and stock are two books, and a verdict compares both; it is sound, unsound or
//! unknown, never guessed. Every safety test has a control that must fail. Every model is compared with its
//! engine in all orders of the small sizes.

// For users of the library.
pub mod buyer;
pub mod explore;
pub mod fault;
pub mod history;
pub mod plan;
pub mod protocol;
pub mod replay;
pub mod run;
pub mod schedule;
pub mod stock;
pub mod store;
pub mod verdict;
pub mod workers;
pub mod world;

// The command line, and modules that its tests and benchmarks use.
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod foreign;
#[doc(hidden)]
pub mod grade;
#[doc(hidden)]
pub mod hosts;
#[doc(hidden)]
pub mod race;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod shared;

mod charset;
mod closed_set;
mod lang;
mod lesson;
mod matrix;
mod noted;
mod paths;
mod rules;
mod shell;
mod streams;
mod tls;
mod wrapped;

/// The example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
