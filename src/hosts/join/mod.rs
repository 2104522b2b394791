//! A host that joins a lead: it takes its share of the plan, brings its buyers to the barrier, lets them go when told
//! to, and sends their purchases. It checks the plan as if it came from its own command line, and uses no path from it,
//! only its own paths.

mod desk;
mod link;
mod share;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::desk::{Barrier, Desk};
use self::link::Link;
pub use self::share::Unable;
use self::share::own_share;
use super::chunk::{COUNTS, counts};
use super::token::{Side, Token, nonce};
use super::trouble::{Garbage, WireError};
use super::wire::Frame;
use super::words::{Ended, Ending, PROTOCOL, ToHost, ToLead, brief, heard, plain_name, said};
use crate::history::{BuyerCount, Recorder};
use crate::plan::{Plan, Share};
use crate::stock::Stock;
use crate::store::{Store, StoreError, with_store};
use crate::verdict::Ruling;
use crate::workers::{self, Crew, Watch, WorkersError};

/// How many mishaps go into one frame.
const MISHAPS: usize = 500;

/// How a host joins.
pub struct Joining<'a> {
    /// Where the lead is: `HOST:PORT`.
    pub address: &'a str,
    /// The secret that it shares with the lead.
    pub token: Token,
    /// What it is called.
    pub name: &'a str,
    /// The ticket file by its names on this host.
    pub via: Vec<PathBuf>,
    /// The address of the store as this host has it.
    pub store: Option<&'a str>,
    /// Set when it is to end early.
    pub interrupted: &'a AtomicBool,
    /// Called with its share before it does anything, and again at the end.
    pub tell: &'a mut dyn FnMut(Shown<'_>),
}

/// What a host shows.
#[derive(Debug)]
pub enum Shown<'a> {
    /// Its share of the sale.
    Share {
        /// Which of the hosts it is, from 1.
        host: u32,
        /// The whole plan.
        whole: &'a Plan,
        /// Its own share.
        share: &'a Share,
    },
    /// Its buyers have left, and what they did is with the lead.
    Sent(crate::history::Tally),
}

/// How a sale ended, for a host that joined it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostResult {
    /// The lead has judged it so.
    Judged(Ruling),
    /// It was interrupted, here or at the lead.
    Interrupted,
}

/// Why a host could not take part.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// No lead listens there.
    #[error("{address}: nobody leads a sale there: {source}")]
    NoLead {
        /// Where.
        address: String,
        /// Why.
        source: WireError,
    },
    /// The lead rejects it without a reason.
    #[error("{0}: turned away, and the lead does not say why")]
    TurnedAway(String),
    /// The other side does not have the token.
    #[error("{0}: what listens there does not know the token: that is not your lead")]
    Impostor(String),
    /// The lead rejects it, for this reason.
    #[error("the lead says: {}", crate::foreign::shown(why))]
    Rejected {
        /// The reason, in the lead's words.
        why: String,
        /// Whether this host could not see the stock where the lead says that it is.
        by_leads_address: bool,
    },
    /// The lead is gone.
    #[error("the lead is gone: {0}; all buyers here have ended, and the result is not known")]
    Lost(WireError),
    /// What the lead wants can't be done here.
    #[error(transparent)]
    Unable(Unable),
}

/// Joins a lead, and does what its plan says.
///
/// # Errors
/// When it can't take part, or the lead is lost.
pub fn join(joining: Joining<'_>) -> Result<HostResult, JoinError> {
    let Joining { address, token, name, via, store, interrupted, tell } = joining;
    let mut link =
        Link::connect(address).map_err(|source| JoinError::NoLead { address: address.to_owned(), source })?;
    if !greet(&mut link, address, &token, name, interrupted)? {
        return Ok(HostResult::Interrupted);
    }
    link.trust();
    let stops = AtomicBool::new(false);
    let mut desk = Desk::new(link, interrupted, &stops);
    let (whole, host) = match desk.next() {
        Some(ToHost::Plan { plan, host }) => (plan, host),
        Some(_) => return Err(JoinError::Lost(Garbage::NoPlan.into())),
        None => return end(desk, interrupted),
    };
    match own_share(&whole, host, via, store) {
        Ok(share) => {
            tell(Shown::Share { host, whole: &whole, share: &share });
            take_part(desk, &share.plan, interrupted, &stops, tell)
        }
        Err(why) => Err(give_up(&mut desk, why)),
    }
}

/// Proves to the lead that this host has the token, and checks the lead's proof. `false` if interrupted.
fn greet(
    link: &mut Link,
    address: &str,
    token: &Token,
    name: &str,
    interrupted: &AtomicBool,
) -> Result<bool, JoinError> {
    let no_lead = |source: WireError| JoinError::NoLead { address: address.to_owned(), source };
    let Some(frame) = await_word(link, interrupted).map_err(no_lead)? else { return Ok(false) };
    let Ok(ToHost::Challenge { nonce: its, .. }) = heard(&frame) else {
        return Err(no_lead(Garbage::Greeting.into()));
    };
    let (own, name) = (nonce(), plain_name(name));
    let protocol = PROTOCOL.to_string();
    let seen = [its.as_str(), &own, &name, &protocol];
    let proof = token.proof(Side::Host, &seen);
    link.send(&said(&ToLead::Hello { protocol: PROTOCOL, name: name.clone(), nonce: own.clone(), proof }));
    let turned_away = |_| JoinError::TurnedAway(address.to_owned());
    let Some(frame) = await_word(link, interrupted).map_err(turned_away)? else { return Ok(false) };
    match heard(&frame) {
        Ok(ToHost::Welcome { proof }) if token.is_proof(&proof, Side::Lead, &seen) => Ok(true),
        _ => Err(JoinError::Impostor(address.to_owned())),
    }
}

/// Waits for the next frame. `None` if interrupted.
fn await_word(link: &mut Link, interrupted: &AtomicBool) -> Result<Option<Frame>, WireError> {
    loop {
        if interrupted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if let Some(frame) = link.attend_one()? {
            return Ok(Some(frame));
        }
        link.wait(Duration::from_millis(50));
    }
}

/// Takes part with its share.
fn take_part(
    desk: Desk<'_>,
    plan: &Plan,
    interrupted: &AtomicBool,
    stops: &AtomicBool,
    tell: &mut dyn FnMut(Shown<'_>),
) -> Result<HostResult, JoinError> {
    let take_part = || -> Result<_, StoreError> {
        with_store!(&plan.store, store => Ok(sell(&store, desk, plan, interrupted, stops, tell)))
    };
    take_part().unwrap_or_else(|error| Err(JoinError::Unable(Unable::Store(error))))
}

fn sell<S: Store>(
    store: &S,
    mut desk: Desk<'_>,
    plan: &Plan,
    interrupted: &AtomicBool,
    stops: &AtomicBool,
    tell: &mut dyn FnMut(Shown<'_>),
) -> Result<HostResult, JoinError> {
    desk.say(&ToLead::Shown);
    let initial = loop {
        match desk.next() {
            Some(ToHost::Sell { tickets }) => say_stock(&mut desk, store, plan, Some(tickets), interrupted),
            Some(ToHost::Look) => say_stock(&mut desk, store, plan, None, interrupted),
            Some(ToHost::Prepare { initial }) => break initial,
            Some(_) => return Err(JoinError::Lost(Garbage::OutOfPlace.into())),
            None => return end(desk, interrupted),
        }
    };
    let recorder = match Recorder::for_share(plan, initial) {
        Ok(recorder) => recorder,
        Err(error) => return Err(give_up(&mut desk, Unable::Recorder(error))),
    };
    desk.follow(&recorder);
    let desk = RefCell::new(desk);
    let crew = run(&desk, plan, &recorder, store, stops);
    let mut desk = desk.into_inner();
    match crew {
        Ok(crew) => {
            report(&mut desk, plan, &recorder, &crew);
            tell(Shown::Sent(recorder.tally()));
            answer(&mut desk, store);
            end(desk, interrupted)
        }
        Err(WorkersError::Interrupted) => end(desk, interrupted),
        Err(error) => Err(give_up(&mut desk, Unable::Workers(error))),
    }
}

fn run(
    desk: &RefCell<Desk<'_>>,
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    stops: &AtomicBool,
) -> Result<Crew, WorkersError> {
    let mut barrier = Barrier(desk);
    let mut watch = Watch {
        interrupted: stops,
        begin: &mut |_| (),
        progress: &mut |_| {
            let mut desk = desk.borrow_mut();
            desk.send_ended();
            desk.attend();
        },
        start: Some(&mut barrier),
    };
    workers::run(plan, recorder, store, &mut watch)
}

/// Puts tickets on sale, or looks at the stock, and tells the lead.
fn say_stock(
    desk: &mut Desk<'_>,
    store: &impl Store,
    plan: &Plan,
    tickets: Option<Stock>,
    interrupted: &AtomicBool,
) {
    // Every host has to find out whether it can sell from the ticket file.
    let found = if plan.file().is_some() {
        store.put_on_sale(tickets, interrupted).map_err(|error| error.to_string())
    } else {
        let left = store.left();
        left.remaining.ok_or_else(|| left.unread.or(left.torn).unwrap_or_default())
    };
    let (stock, why) = match found {
        Ok(stock) => (Some(stock), None),
        Err(why) => (None, Some(why)),
    };
    let by_leads_address = why.is_some() && plan.store.is_a_strangers();
    desk.saw_nothing_there = by_leads_address;
    desk.say(&ToLead::Stock { stock, why, by_leads_address });
}

/// Sends the rest of the purchases, the counts, and that this was all.
fn report(desk: &mut Desk<'_>, plan: &Plan, recorder: &Recorder, crew: &Crew) {
    let unrecorded = desk.send_rest();
    let killed = |buyer| crew.killed.iter().find(|(other, _)| *other == buyer).map(|(_, signal)| *signal);
    let all: Vec<BuyerCount> = (1..=plan.buyers)
        .map(|buyer| BuyerCount {
            buyer,
            pid: recorder.pid(buyer),
            tally: recorder.tally_of(buyer),
            killed_by: killed(buyer),
        })
        .collect();
    for some in all.chunks(COUNTS) {
        desk.link.send(&counts(some));
    }
    for some in crew.mishaps.chunks(MISHAPS) {
        desk.say(&ToLead::Mishaps(some.to_vec()));
    }
    desk.say(&ToLead::Ended(Ended {
        go_ns: crew.go_ns,
        left_ns: crew.left_ns,
        interrupted: crew.interrupted,
        unrecorded,
    }));
}

/// Answers until the lead says that all is over.
fn answer(desk: &mut Desk<'_>, store: &impl Store) {
    while let Some(words) = desk.next_after() {
        match words {
            ToHost::Left => desk.say(&ToLead::Left(store.left().into())),
            _ => desk.lost = Some(Garbage::OutOfPlace.into()),
        }
    }
}

/// Tells the lead why this host can't go on.
fn give_up(desk: &mut Desk<'_>, why: Unable) -> JoinError {
    desk.say(&ToLead::Unable { why: why.to_string() });
    while desk.lost.is_none() && desk.ending.is_none() {
        desk.attend();
        desk.link.wait(Duration::from_millis(10));
    }
    JoinError::Unable(why)
}

/// How it ended.
fn end(mut desk: Desk<'_>, interrupted: &AtomicBool) -> Result<HostResult, JoinError> {
    match (desk.ending.take(), desk.lost.take()) {
        (Some(Ending::Judged(_)), _) if interrupted.load(Ordering::Relaxed) => Ok(HostResult::Interrupted),
        (Some(Ending::Judged(ruling)), _) => Ok(HostResult::Judged(ruling)),
        (Some(Ending::Interrupted), _) => Ok(HostResult::Interrupted),
        (Some(Ending::Rejected(why)), _) => {
            Err(JoinError::Rejected { why: brief(why), by_leads_address: desk.saw_nothing_there })
        }
        (None, Some(lost)) => Err(JoinError::Lost(lost)),
        (None, None) => Ok(HostResult::Interrupted),
    }
}
