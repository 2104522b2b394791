//! One sale on several hosts: a lead has the plan and runs no buyers; hosts join it and run only buyers of that plan.
//! Buyers use the users' own store; lead and hosts only start them, collect and judge.
//!
//! # The protocol
//!
//! TCP, in frames of at most 2¹⁸ bytes: length, kind, and body. Messages are JSON (`words`); clocks (`clock`) and
//! purchases (`chunk`) are numbers. The lead sends a random number first. With it the host proves that it has the
//! token, and the lead proves the same ([`Token`]), so that no host runs a stranger's plan. The token itself is never
//! sent. Later messages are neither encrypted nor signed: an untrusted network needs a tunnel.
//!
//! The lead sends a message every tenth of a second, and the host answers, so each notices quickly when the other is
//! gone. If the lead is silent for 0.8 s, a host ends its buyers. If a host is silent for 15 s, or its connection is
//! cut, the lead goes on without it; its purchases after its last chunk are unknown.
//!
//! # Limits
//!
//! Two things grow with the hosts, and one with the purchases. **A connection** costs the lead two threads and one
//! message every tenth of a second: with 100 hosts, 200 sleeping threads and 1,000 messages per second, which is
//! little. **The go** is one message to each host, sent a twentieth of a second (or four round trips) ahead.
//! **Purchases** come as chunks of about 60 bytes each, are put on the lead's clock, and are held to be judged, 128
//! bytes each: ten million take 1.3 GB and some 30 seconds. A host's recorder holds at most 2²¹, and the lead keeps 2²²
//! in all; of further ones it has only the counts, so the books still balance, and it says so.
//!
//! 10⁹ purchases are too many: a history of 128 GB would have to be sorted. Such a sale needs another design. Chunks
//! that arrive in order of time can be merged as a stream, and rules about neighbours (the order, lost updates) need
//! only the purchases that overlap at one moment. The books need only sums: receipts, refusals and the stock at both
//! ends, which each host has exactly. Until then, run such a sale several times with fewer purchases per buyer, or log
//! it where it happens and judge parts of it with `check`.

mod chunk;
mod clock;
mod door;
mod guest;
mod join;
mod lead;
mod seat;
mod settle;
mod token;
mod trouble;
mod wire;
mod words;

pub use join::{HostResult, JoinError, Joining, Shown, Unable, join};
pub use lead::{LeadError, Leading, lead};
pub use seat::Told;
pub use token::{Token, TokenError};
pub use trouble::{Garbage, HostTrouble, Unseen, WireError};

/// The port of a lead that was told of none.
pub const DEFAULT_PORT: u16 = 7171;
