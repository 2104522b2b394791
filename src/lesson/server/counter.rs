//! The server's side: a counter that sells tickets, with a process of its own for each customer.
//!
//! The conversation is lines of UTF-8. The server greets; the customer says `buy`, or `buy` and a name;
//! the server gives one of its answers, says which process gave it, and hangs up.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::child::Child;
use super::super::stage::Stage;
use super::super::{LessonError, Used, failed, store_of};
use crate::buyer::{Buyer, Rules};
use crate::closed_set::closed_set;
use crate::history::{Outcome, Recorder};
use crate::lang::lesson::server as text;
use crate::plan::Plan;
use crate::report::text::{BAD, GOOD};
use crate::store::Store as _;
use crate::world::{Recorded, drive};

closed_set! {
    /// What the counter answers.
    pub enum Answer: "answer" {
        /// A receipt.
        Ticket = "TICKET",
        /// There is nothing left to sell.
        SoldOut = "SOLD OUT",
        /// The customer said nothing, or not all of it.
        Late = "ERROR no message in time",
        /// It said more than 1024 bytes.
        TooLong = "ERROR message too long",
        /// It said something that is no text.
        NotUtf8 = "ERROR not UTF-8",
        /// It said something other than `buy`.
        NotUnderstood = "ERROR say: buy",
        /// The sale itself failed.
        Failed = "ERROR no sale is possible",
    }
}

impl Answer {
    /// Whether it is neither a ticket nor "sold out".
    #[must_use]
    pub fn is_error(self) -> bool {
        !matches!(self, Answer::Ticket | Answer::SoldOut)
    }
}

/// What every customer is greeted with.
pub(super) const GREETING: &str = "你好";
/// The longest message, in bytes: what comes beyond is not kept.
const MOST_MESSAGE: usize = 1024;
/// How many customers are served at once; the others wait until one has left.
const MOST_AT_ONCE: usize = 256;
/// How long the counter looks for a customer before it looks whether to close.
const LOOK: Duration = Duration::from_millis(10);

/// A ticket counter.
pub(super) struct Counter<'a> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) plan: &'a Plan,
    /// How long it waits for a customer's message.
    pub(super) patience: Duration,
    /// Whether it says whom it gave which answer.
    pub(super) tells: bool,
}

impl Counter<'_> {
    /// Serves customers until it is to close, and those who are there then to their end.
    pub(super) fn serve(&self, listener: TcpListener, closes: impl Fn() -> bool) -> Result<(), LessonError> {
        listener.set_nonblocking(true).map_err(failed(Used::Counter))?;
        let mut listener = Some(listener);
        let mut sellers: Vec<Child<'_>> = Vec::new();
        let mut customers = 0_u64;
        while let Some(open) = listener.as_ref().filter(|_| !closes()) {
            self.stage.go_on()?;
            sellers.retain_mut(Child::is_alive);
            if sellers.len() >= MOST_AT_ONCE {
                std::thread::sleep(LOOK);
                continue;
            }
            if !is_customer_there(open).map_err(failed(Used::Counter))? {
                continue;
            }
            let (customer, address) = match open.accept() {
                Ok(accepted) => accepted,
                // It is the counter's own, and would be the same for the next customer.
                Err(error) if is_exhausted(&error) => return Err(failed(Used::Counter)(error)),
                // Any other is the customer's: it left while it waited (accept(2)).
                Err(_) => continue,
            };
            customers += 1;
            let seller = self.stage.start(&format!("seller-{customers}"), || {
                // The port must not stay taken on this process's account.
                listener = None;
                self.attend(customer, address)
            });
            match seller {
                Ok(seller) => sellers.push(seller),
                // No room for a process: this customer is hung up on, the next may have more luck.
                Err(LessonError::Start { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        drop(listener);
        sellers.iter_mut().try_for_each(Child::join)
    }

    /// Serves one customer, whatever it does, within twice the counter's patience.
    fn attend(&self, mut customer: TcpStream, address: SocketAddr) -> io::Result<()> {
        let until = Instant::now() + self.patience;
        customer.set_nonblocking(false)?;
        customer.set_write_timeout(Some(self.patience))?;
        // That a customer has hung up is no failure of the counter's, here and below.
        let _ = writeln!(customer, "{GREETING}");
        let answer = match read_message(&mut customer, until)? {
            Ok(()) => self.sell()?,
            Err(complaint) => complaint,
        };
        if self.tells {
            let style = if answer == Answer::Ticket { GOOD } else { BAD };
            self.stage.say_in(style, &text::answers(self.stage.lang, address, answer));
        }
        let _ = writeln!(customer, "{answer} (process {})", std::process::id());
        hang_up(&mut customer, self.patience);
        Ok(())
    }

    /// Makes one purchase, the one that `ticketsim` makes: lock, read, write, unlock.
    fn sell(&self) -> io::Result<Answer> {
        let recorder = Recorder::new(1, 1)?;
        let store = store_of(self.plan).map_err(io::Error::other)?;
        let mut world = Recorded::new(store.open(self.plan.pace, &recorder, 1)?, recorder.pen(1));
        drive(&mut Buyer::new(Rules::of(self.plan, 1)), &mut world);
        Ok(match recorder.collect().0.first().map(|purchase| purchase.outcome) {
            Some(Outcome::Bought) => Answer::Ticket,
            Some(Outcome::Refused) => Answer::SoldOut,
            _ => Answer::Failed,
        })
    }
}

/// Reads a line, and answers at once if it is none to sell on. The message is all that a customer can do
/// to the counter, so it is bounded in length and in time.
fn read_message(customer: &mut TcpStream, until: Instant) -> io::Result<Result<(), Answer>> {
    let mut message = [0; MOST_MESSAGE];
    let mut length = 0;
    let line = loop {
        if let Some(end) = message[..length].iter().position(|byte| *byte == b'\n') {
            break &message[..end];
        }
        if length == MOST_MESSAGE {
            return Ok(Err(Answer::TooLong));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Err(Answer::Late));
        }
        customer.set_read_timeout(Some(left))?;
        match customer.read(&mut message[length..]) {
            Ok(0) => break &message[..length],
            Ok(count) => length += count,
            // The loop looks at the time itself.
            Err(error) if is_temporary(&error) => {}
            // It broke the connection.
            Err(_) => break &[],
        }
    };
    Ok(match std::str::from_utf8(line).map(|line| line.split_whitespace().next()) {
        Ok(Some("buy")) => Ok(()),
        Ok(_) => Err(Answer::NotUnderstood),
        Err(_) => Err(Answer::NotUtf8),
    })
}

/// Hangs up so that the answer arrives: to close a connection with unread bytes in it would reset it, and
/// take the answer along. So the rest is read and thrown away, for a while.
fn hang_up(customer: &mut TcpStream, patience: Duration) {
    let until = Instant::now() + patience;
    let mut rest = [0; 64 * 1024];
    let _ = customer.shutdown(Shutdown::Write);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || customer.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match customer.read(&mut rest) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if is_temporary(&error) => {}
            Err(_) => return,
        }
    }
}

/// Whether the system has no room for another connection.
fn is_exhausted(error: &io::Error) -> bool {
    use nix::libc::{EMFILE, ENFILE, ENOBUFS, ENOMEM};
    matches!(error.raw_os_error(), Some(EMFILE | ENFILE | ENOBUFS | ENOMEM))
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Whether a customer comes within the time of a look.
fn is_customer_there(listener: &TcpListener) -> io::Result<bool> {
    let mut fds = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, PollTimeout::from(LOOK.as_millis() as u16)) {
        Ok(count) => Ok(count > 0),
        // A signal: the caller looks again.
        Err(nix::errno::Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
