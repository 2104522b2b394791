//! One sale on several hosts: a lead that has the plan and runs no buyers, and hosts that join it and run nothing but
//! buyers of that plan. The sale itself goes over the store that its users have; lead and hosts only start, gather and
//! judge.
//!
//! # How they speak
//!
//! Over TCP, in frames of at most 2¹⁸ bytes: their length, their kind, and a body. What is
//! said is JSON (`words`); clocks (`clock`) and purchases (`chunk`) are numbers. The lead speaks first, with a
//! number that nobody knows; whoever joins proves with it that it has the token, and the lead proves the same
//! ([`Token`]), so that nobody runs a stranger's plan. The token itself is never sent. What follows is neither
//! encrypted nor signed: a network that is not to be trusted needs a tunnel.
//!
//! The lead says something every tenth of a second, and a host answers: so each notices that the other has gone, however
//! it went, without waiting for TCP. A host whose lead has been silent for 0.8 s ends its buyers. A lead
//! whose host was silent for 8 s, or whose connection was cut, goes on
//! without it, and its purchases are unknown from its last chunk on.
//!
//! # What limits it
//!
//! Two things grow with the hosts, and one with the purchases. **A connection** costs the lead two threads and one
//! message a tenth of a second: at 100 hosts, 200 threads that sleep and 1,000 messages a second, next to nothing. **The
//! go** is one message a host, sent a twentieth of a second (or four round trips) ahead. **Purchases** come as chunks of
//! about 60 bytes each, are put on the lead's clock, and are held to be judged, 128 bytes each: ten million take 1.3 GB
//! and some 30 seconds. A host's recorder holds 2²¹ at most, and the lead keeps 2²² in all; of all
//! further ones it has the counts, so that the books still add up, and says so.
//!
//! At 10⁹ purchases that is the end of it: a history of 128 GB has to be sorted. What such a sale needs is another
//! thing than a record of each: hosts whose chunks arrive in the order of time can be merged as a stream, by the earliest
//! of 100 queues, and the rules that look at neighbours (the order, lost updates) need no more than the purchases that
//! overlap at one moment. The books need sums alone: receipts, refusals and the stock of both ends, which each host has
//! exactly. Until then: run such a sale with fewer purchases a buyer, again and again; or log it where it happens, and
//! judge parts of it with `check`.

mod chunk;
mod clock;
mod door;
mod guest;
mod join;
mod lead;
mod seat;
mod settle;
mod token;
mod wire;
mod words;

pub use join::{HostResult, JoinError, Joining, Shown, join};
pub use lead::{LeadError, Leading, lead};
pub use seat::Told;
pub use token::{Token, TokenError};
pub use wire::WireError;

/// The port of a lead that was told of none.
pub const DEFAULT_PORT: u16 = 7171;
