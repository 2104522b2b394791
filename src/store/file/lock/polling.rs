//! Waiting for locks that do not tell when they are free: they are tried again and again.
//!
//! A waiter tries [`TRIES_AT_ONCE`] times without a pause, since most purchases are short; then the pause between two
//! tries starts at [`FIRST_PAUSE`] and doubles up to [`LONGEST_PAUSE`], so a waiter is late by half a pause on average,
//! waiters are not served in order, and polling costs CPU: about 20 % of a core for 100 waiting processes, while every
//! other kind costs below 1 % (`cargo bench --bench waiting`).

use std::io::Result;
use std::time::{Duration, Instant};

use super::LockAnswer;

/// How many tries there are before the first pause.
const TRIES_AT_ONCE: u32 = 16;
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// How long a waiter waits before it checks whether the holder still lives: most waits are over by then.
const LOOK_AFTER: Duration = Duration::from_millis(20);
/// How often it checks again.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tries until the lock is granted. `dead_holder` returns the dead process that left it behind, if that is known.
pub(super) fn poll(
    gives_up: impl Fn() -> bool,
    try_lock: impl Fn() -> Result<bool>,
    dead_holder: impl Fn() -> Result<Option<u32>>,
) -> Result<LockAnswer> {
    for _ in 0..TRIES_AT_ONCE {
        if try_lock()? {
            return Ok(LockAnswer::Granted);
        }
        std::thread::yield_now();
    }
    let mut pause = FIRST_PAUSE;
    let mut look_at = Instant::now() + LOOK_AFTER;
    while !try_lock()? {
        if gives_up() {
            return Ok(LockAnswer::GivenUp);
        }
        if Instant::now() >= look_at {
            if let Some(pid) = dead_holder()? {
                return Ok(LockAnswer::HolderGone { pid });
            }
            look_at = Instant::now() + LOOK_EVERY;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(LockAnswer::Granted)
}
