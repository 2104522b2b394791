//! A buyer behind a gate: before each step it waits until a conductor lets it go, and after each step
//! it tells what came of it.
//!
//! Gate and conductor are the two ends of a socket, one pair a buyer: nobody waits busily, and each
//! side learns at once when the other is gone. Thinking is no step, so it passes no gate and takes no
//! time here: how long a buyer thinks is the conductor's affair.
//!
//! A buyer whose request would have to wait stands at the same gate again, and has asked for nothing. Where the
//! store takes requests that wait, it is past the gate and silent until its answer comes; if the store says to its
//! session alone that it waits, it tells so, and tries again when the conductor says so.

use std::io::{Read, Result, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use super::{Recorded, Session, complete};
use crate::buyer::{Buyer, Rules};
use crate::fault::{Fault, FaultKind, TornText};
use crate::protocol::{Action, Reply};

/// What a buyer tells its conductor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has opened what it sells from, and waits at its first gate. The store knows its session by this number.
    Ready(u64),
    /// It could not: errno(3). Why, in words, are the last bytes that it sends.
    NotOpened(i32),
    /// The step was taken, and this came of it.
    Took(Reply),
    /// The step was not taken: it would have to wait for another. The buyer stands at the same gate again.
    MustWait,
    /// The request has been sent, and waits in the store for another buyer; it is tried again when that is said.
    Waits,
}

impl Told {
    /// Each message has this length, so that none has to say where it ends.
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

/// What the conductor says: take the next step.
const GO: u8 = 1;
/// What the conductor says: the next step would have to wait for ever, so give it up.
const GIVE_UP: u8 = 2;

/// The conductor's end of one buyer's gate. Dropping it closes the gate.
#[derive(Debug)]
pub struct Baton(UnixStream);

impl Baton {
    /// Lets the buyer take one step; or try again, where its request waits and it has told so.
    ///
    /// # Errors
    /// When the buyer is gone.
    pub fn let_go(&mut self) -> Result<()> {
        self.0.write_all(&[GO])
    }

    /// Has the buyer give its next step up: it would wait for ever.
    ///
    /// # Errors
    /// When the buyer is gone.
    pub fn give_up(&mut self) -> Result<()> {
        self.0.write_all(&[GIVE_UP])
    }

    /// Closes the gate for good: the buyer leaves where it stands. What it tells can still be heard.
    pub fn close(&self) {
        // It can only fail when the buyer is gone, which is what it is for.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Waits for what the buyer tells.
    ///
    /// # Errors
    /// When the buyer is gone.
    pub fn listen(&mut self) -> Result<Told> {
        let mut bytes = [0; Told::LEN];
        self.0.read_exact(&mut bytes)?;
        Told::from_bytes(&bytes).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
    }

    /// What a buyer that leaves tells at last, in words.
    pub fn last_words(&mut self) -> String {
        const MOST: u64 = 2000;
        let mut bytes = Vec::new();
        // What has come until the buyer was gone.
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

    /// Tells the conductor something. That nobody listens any more shows at the next gate.
    pub fn tell(&mut self, told: Told) {
        let _ = self.0.write_all(&told.to_bytes());
    }

    /// Tells why the buyer does not come, which closes the gate.
    pub fn tell_last(mut self, why: &std::io::Error) {
        self.say_last(why);
    }

    fn say_last(&mut self, why: &std::io::Error) {
        self.tell(Told::NotOpened(why.raw_os_error().unwrap_or(0)));
        let _ = self.0.write_all(why.to_string().as_bytes());
        // Nobody goes on after that, wherever the buyer lives.
        let _ = self.0.shutdown(Shutdown::Both);
    }

    /// What a session does whose request has to wait: it tells so, and waits until it may try again.
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

    /// Waits for what the conductor says; `None` once the gate is closed for good.
    fn pass(&mut self) -> Option<u8> {
        let mut said = [0];
        self.0.read_exact(&mut said).is_ok().then_some(said[0])
    }
}

/// A buyer at its gate. What would have to wait for another buyer is tried, never waited for, unless the store can be
/// asked who waits there: a buyer that waits inside the kernel could not tell so, and when to give up on it would be
/// a guess.
#[derive(Debug)]
pub struct AtGate<S> {
    buyer: Buyer,
    // Let go before its gate is, which tells the conductor that the buyer has left.
    session: Recorded<S>,
    gate: Gate,
}

impl<S: Session> AtGate<S> {
    /// A buyer that has opened its files and is on its way to this gate.
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

    /// Waits for what the conductor says, does it, and tells what came of it. `false` once the gate is closed for
    /// good.
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

    /// Goes through its gate, on a thread that may wait at it, until it leaves or the gate is closed.
    pub fn drive(mut self) {
        self.arrive();
        while !self.has_left() && self.go() {}
    }
}

/// Does what belongs to the step that was taken: it passes no gate.
fn finish_step<S: Session>(buyer: &mut Buyer, session: &mut Recorded<S>) {
    let session = std::cell::RefCell::new(session);
    complete(
        buyer,
        |action| match action {
            // A purchase is called with its first step, not with a begin that nobody has noticed yet.
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
