//! The two sides of the server lesson in two terminals: a counter, and a customer who types.

use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read as _};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::client::{Customer, NoCounter};
use super::counter::{Answer, Counter, GREETING};
use super::{listen_at, plan, store_of};
use crate::foreign;
use crate::lang::lesson::server as text;
use crate::lesson::stage::Stage;
use crate::lesson::{LessonError, Manner, Used, failed};
use crate::plan::Plan;
use crate::report::text::GOOD;
use crate::stock::Stock;
use crate::store::Store as _;
use crate::streams::Patient;

/// How much of what is typed is sent, in bytes: more than a counter takes.
const MOST_TYPED: u64 = 4096;
/// How long the counter waits for a customer who types.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a counter on 127.0.0.1 that sells from this file, until it is interrupted. With `tickets`, so
/// many are put on sale first. Port 0 takes a free one.
///
/// # Errors
/// When the port is taken, or the file can't be sold from. An interrupt, the usual end, is
/// [`LessonError::Interrupted`].
pub fn open_counter(
    manner: Manner<'_>,
    port: u16,
    file: &Path,
    tickets: Option<Stock>,
) -> Result<(), LessonError> {
    let stage = Stage::new(manner);
    let plan = Plan { tickets, ..plan(file, 0) };
    // The port first: where it is taken, nothing has been put on sale.
    let listener = listen_at(port).map_err(failed(Used::Port(port)))?;
    let address = listener.local_addr().map_err(failed(Used::Port(port)))?;
    let stock = store_of(&plan)?.put_on_sale(plan.tickets, manner.interrupted)?;
    stage.line(&text::counter_open(manner.lang, address, stock, foreign::path(file)));
    stage.line(&text::counter_hint(manner.lang, address.port()));
    stage.columns();
    let counter = Counter { stage: &stage, plan: &plan, patience: PATIENCE, tells: true };
    counter.serve(listener, || false)
}

/// Connects to a counter, shows its greeting, sends one line of the standard input, and shows the answer,
/// which it returns. The address is `host:port`, or a port on 127.0.0.1.
///
/// # Errors
/// When there is no counter, or it does not answer.
pub fn ask(manner: Manner<'_>, address: &str) -> Result<Answer, LessonError> {
    let stage = Stage::new(manner);
    let heard = |error: io::Error| match stage.go_on() {
        // It is why nothing was heard.
        Err(interrupted) => interrupted,
        Ok(()) => failed(Used::CounterAt(address.to_owned()))(error),
    };
    let mut customer =
        resolve(address).and_then(|address| Customer::connect(address, manner.interrupted)).map_err(heard)?;
    stage.line(&stage.painted(GOOD, GREETING));
    if io::stdin().is_terminal() {
        stage.line(&text::say_buy(manner.lang));
    }
    if waits_for_input(&stage, &customer)? {
        let line = typed(manner.interrupted).map_err(|error| match stage.go_on() {
            Err(interrupted) => interrupted,
            Ok(()) => failed(Used::Stdin)(error),
        })?;
        let said = !line.is_empty();
        let sent = if said {
            customer.send(format!("{}\n", line.trim_end()).as_bytes())
        } else {
            customer.fall_silent()
        };
        sent.map_err(heard)?;
    }
    let (answer, process) = customer.answer().map_err(heard)?;
    stage.line(&text::counter_says(manner.lang, answer, process));
    stage.go_on()?;
    Ok(answer)
}

/// The line that was typed: as much of it as makes sense, and until an interrupt comes.
fn typed(interrupted: &AtomicBool) -> io::Result<String> {
    let mut line = Vec::new();
    let stdin = BufReader::new(Patient::new(io::stdin(), interrupted));
    stdin.take(MOST_TYPED).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn resolve(address: &str) -> io::Result<SocketAddr> {
    if let Ok(port) = address.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let none = || io::Error::new(io::ErrorKind::AddrNotAvailable, NoCounter::NoAddress);
    // Of an address without a port the standard library does not say what is missing.
    let found = address
        .to_socket_addrs()
        .map_err(|e| if e.kind() == io::ErrorKind::InvalidInput { none() } else { e });
    found?.next().ok_or_else(none)
}

/// Waits until there is something to send: not if the counter speaks first, having lost its patience.
fn waits_for_input(stage: &Stage<'_>, customer: &Customer<'_>) -> Result<bool, LessonError> {
    let stdin = io::stdin();
    loop {
        stage.go_on()?;
        let mut fds =
            [PollFd::new(stdin.as_fd(), PollFlags::POLLIN), PollFd::new(customer.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) => return Ok(fds[1].any() != Some(true)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(failed(Used::Stdin)(errno.into())),
        }
    }
}
