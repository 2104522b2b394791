//! A buyer behind a gate: before each step it waits until a conductor lets it go, and after each step it reports the
//! result.
//!
//! Each buyer has a socket pair, with the gate at one end and the conductor at the other: nobody polls, and each side
//! learns at once when the other is gone. Thinking is no step, so it passes no gate and takes no time here: the
//! conductor decides how long a buyer thinks.
//!
//! If a request would have to wait, the buyer sends nothing and stands at the same gate again. If the store accepts
//! requests that wait, the buyer has passed the gate and is silent until the answer comes. If the store tells only the
//! buyer's session that it waits, the buyer reports that, and tries again when the conductor says so.

use std::io::{Read, Result, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use super::{Recorded, Session, complete};
use crate::buyer::{Buyer, Rules};
use crate::fault::{Fault, FaultKind, TornText};
use crate::protocol::{Action, Reply};

/// A buyer's message to its conductor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has opened its store and waits at its first gate. The store knows its session by this number.
    Ready(u64),
    /// It could not open its store: errno(3). The last bytes that it sends say why, in words.
    NotOpened(i32),
    /// The step was taken, with this reply.
    Took(Reply),
    /// The step was not taken: it would have to wait for another. The buyer stands at the same gate again.
    MustWait,
    /// The request was sent and waits in the store for another buyer; it is tried again when the conductor says so.
    Waits,
}

impl Told {
    /// All messages have this length, so none needs a length of its own.
    const LEN: usize = 40;

    fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (tag, rest) = bytes.split_at_mut(1);
        tag[0] = match self {
            Told::Ready(number) => {
                rest[..8].copy_from_slice(&number.to_le_bytes());
                0
            }
            Told::Waits => 9,
            Told::NotOpened(errno) => {
                rest[..4].copy_from_slice(&errno.to_le_bytes());
                1
            }
            Told::MustWait => 2,
            Told::Took(Reply::Done) => 3,
            Told::Took(Reply::Stock(stock)) => {
                rest[..8].copy_from_slice(&stock.to_le_bytes());
                4
            }
            Told::Took(Reply::Torn(text)) => {
                let text = text.bytes();
                rest[0] = text.len() as u8;
                rest[1..=text.len()].copy_from_slice(text);
                5
            }
            Told::Took(Reply::Sold(stock)) => {
                rest[..8].copy_from_slice(&stock.to_le_bytes());
                7
            }
            Told::Took(Reply::Missed) => 8,
            Told::Took(Reply::Failed(fault)) => {
                let place = FaultKind::ALL.iter().position(|kind| *kind == fault.kind);
                rest[0] = place.unwrap_or_default() as u8;
                rest[1..5].copy_from_slice(&fault.number.to_le_bytes());
                6
            }
        };
        bytes
    }

    /// `None` for bytes that no buyer sends.
    fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        let errno = |bytes: &[u8]| Some(i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?));
        Some(match tag {
            0 => Told::Ready(u64::from_le_bytes(rest.get(..8)?.try_into().ok()?)),
            9 => Told::Waits,
            1 => Told::NotOpened(errno(rest)?),
            2 => Told::MustWait,
            3 => Told::Took(Reply::Done),
            4 => Told::Took(Reply::Stock(i64::from_le_bytes(rest.get(..8)?.try_into().ok()?))),
            5 => Told::Took(Reply::Torn(TornText::new(rest.get(1..=usize::from(rest[0]))?))),
            6 => {
                let kind = *FaultKind::ALL.get(usize::from(rest[0]))?;
                Told::Took(Reply::Failed(Fault { kind, number: errno(&rest[1..])? }))
            }
            7 => Told::Took(Reply::Sold(i64::from_le_bytes(rest.get(..8)?.try_into().ok()?))),
            8 => Told::Took(Reply::Missed),
            _ => return None,
        })
    }
}

/// The conductor's message: take the next step.
const GO: u8 = 1;
/// The conductor's message: give up the next step, since it would wait for ever.
const GIVE_UP: u8 = 2;

/// The conductor's end of one buyer's gate. Dropping it closes the gate.
#[derive(Debug)]
pub struct Baton(UnixStream);

impl Baton {
    /// Lets the buyer take one step, or try again if it has reported that its request waits.
    ///
    /// # Errors
    /// When the buyer is gone.
    pub fn let_go(&mut self) -> Result<()> {
        self.0.write_all(&[GO])
    }

    /// Makes the buyer give up its next step, which would wait for ever.
    ///
    /// # Errors
    /// When the buyer is gone.
    pub fn give_up(&mut self) -> Result<()> {
        self.0.write_all(&[GIVE_UP])
    }

    /// Closes the gate for good: the buyer leaves at once. Its last messages can still be read.
    pub fn close(&self) {
        // It fails only if the buyer is already gone, which is fine.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Waits for the buyer's next message.
    ///
    /// # Errors
    /// When the buyer is gone.
    pub fn listen(&mut self) -> Result<Told> {
        let mut bytes = [0; Told::LEN];
        self.0.read_exact(&mut bytes)?;
        Told::from_bytes(&bytes).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
    }

    /// The last words of a buyer that leaves.
    pub fn last_words(&mut self) -> String {
        const MOST: u64 = 2000;
        let mut bytes = Vec::new();
        // On an error, the bytes received so far are used.
        let _ = Read::by_ref(&mut self.0).take(MOST).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl std::os::fd::AsFd for Baton {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The buyer's end of its gate.
#[derive(Debug)]
pub struct Gate(UnixStream);

impl Gate {
    /// Both ends of a gate.
    ///
    /// # Errors
    /// When the system has no socket left.
    pub fn pair() -> Result<(Baton, Gate)> {
        let (baton, gate) = UnixStream::pair()?;
        Ok((Baton(baton), Gate(gate)))
    }

    /// Sends a message to the conductor. If that is gone, the next gate shows it.
    pub fn tell(&mut self, told: Told) {
        let _ = self.0.write_all(&told.to_bytes());
    }

    /// Says why the buyer does not come, and closes the gate.
    pub fn tell_last(mut self, why: &std::io::Error) {
        self.say_last(why);
    }

    fn say_last(&mut self, why: &std::io::Error) {
        self.tell(Told::NotOpened(why.raw_os_error().unwrap_or(0)));
        let _ = self.0.write_all(why.to_string().as_bytes());
        // The gate is closed even if another process still has a copy of the socket.
        let _ = self.0.shutdown(Shutdown::Both);
    }

    /// The function that a session calls when its request has to wait: it reports that, and waits until it may try
    /// again.
    ///
    /// # Errors
    /// When the system has no socket left.
    fn again(&self) -> Result<impl FnMut() -> bool + Send + 'static> {
        let mut gate = Gate(self.0.try_clone()?);
        Ok(move || {
            gate.tell(Told::Waits);
            gate.pass() == Some(GO)
        })
    }

    /// Waits for the conductor's message; `None` once the gate is closed for good.
    fn pass(&mut self) -> Option<u8> {
        let mut said = [0];
        self.0.read_exact(&mut said).is_ok().then_some(said[0])
    }
}

/// A buyer at its gate. An action that would have to wait for another buyer is tried without waiting, unless the store
/// can be asked who waits there: a buyer that waits inside the kernel can't report it, and a time-out would be a guess.
#[derive(Debug)]
pub struct AtGate<S> {
    buyer: Buyer,
    // Declared first, so dropped before the gate, whose end tells the conductor that the buyer has left.
    session: Recorded<S>,
    gate: Gate,
}

impl<S: Session> AtGate<S> {
    /// A buyer that has opened its files and comes to this gate.
    #[must_use]
    pub fn new(rules: Rules, session: Recorded<S>, gate: Gate) -> Self {
        Self { buyer: Buyer::new(rules), session, gate }
    }

    /// Tells the conductor that the buyer stands at its gate.
    pub fn arrive(&mut self) {
        match self.gate.again() {
            Ok(again) => self.session.inner().on_wait(Box::new(again)),
            Err(error) => return self.gate.say_last(&error),
        }
        self.session.inner().by_hand();
        self.gate.tell(Told::Ready(self.session.inner().number()));
        finish_step(&mut self.buyer, &mut self.session);
    }

    /// Whether the buyer has left.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.buyer.has_left()
    }

    /// Waits for the conductor's message, obeys it, and reports the result. `false` once the gate is closed for good.
    pub fn go(&mut self) -> bool {
        let Self { buyer, session, gate } = self;
        let Some(said) = gate.pass() else { return false };
        session.rested();
        let reply = if said == GIVE_UP {
            session.give_up(buyer.next())
        } else if let Some(reply) = session.attempt(buyer.next()) {
            reply
        } else {
            gate.tell(Told::MustWait);
            return true;
        };
        if let Some(ending) = buyer.accept(reply) {
            session.ended(ending);
        }
        finish_step(buyer, session);
        session.asks(buyer.next());
        gate.tell(Told::Took(reply));
        true
    }

    /// Runs the buyer on a thread of its own until it leaves or the gate is closed.
    pub fn drive(mut self) {
        self.arrive();
        while !self.has_left() && self.go() {}
    }
}

/// Does the actions that belong to the step just taken, which pass no gate.
fn finish_step<S: Session>(buyer: &mut Buyer, session: &mut Recorded<S>) {
    let session = std::cell::RefCell::new(session);
    complete(
        buyer,
        |action| match action {
            // The call of a purchase is its first step, not a begin without effect.
            Action::Begin => begin(&mut session.borrow_mut()),
            action => session.borrow_mut().perform(action),
        },
        |ending| session.borrow_mut().ended(ending),
    );
}

/// Begins a transaction, which leaves no trace in the record unless it fails.
fn begin<S: Session>(session: &mut Recorded<S>) -> Reply {
    let reply = session.inner().perform(Action::Begin);
    if matches!(reply, Reply::Failed(_)) {
        session.before(Action::Begin);
        session.after(Action::Begin, &reply);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_buyer_tells_arrives_as_it_was_told() {
        let (mut baton, mut gate) = Gate::pair().expect("sockets");
        let fault = Fault { kind: FaultKind::Write, number: 28 };
        for told in [
            Told::Ready(u64::MAX),
            Told::Waits,
            Told::NotOpened(13),
            Told::MustWait,
            Told::Took(Reply::Done),
            Told::Took(Reply::Stock(i64::MIN)),
            Told::Took(Reply::Torn(TornText::new(&[b'x'; 100]))),
            Told::Took(Reply::Torn(TornText::default())),
            Told::Took(Reply::Failed(fault)),
            Told::Took(Reply::Sold(-1)),
            Told::Took(Reply::Missed),
        ] {
            gate.tell(told);
            assert_eq!(baton.listen().expect("told"), told);
        }
    }

    #[test]
    fn each_side_learns_that_the_other_is_gone() {
        let (baton, mut gate) = Gate::pair().expect("sockets");
        drop(baton);
        assert_eq!(gate.pass(), None);
        let (mut baton, gate) = Gate::pair().expect("sockets");
        drop(gate);
        assert!(baton.listen().is_err());
    }
}
