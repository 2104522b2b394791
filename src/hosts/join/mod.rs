//! A host that joins a lead: it takes its share of the plan, brings its buyers to the barrier, lets them go when told
//! to, and sends their purchases. It checks the plan as if it came from its own command line, and uses no path from it,
//! only its own paths.

mod desk;
mod link;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::desk::{Barrier, Desk};
use self::link::Link;
use super::chunk::{COUNTS, counts};
use super::token::{Side, Token, nonce};
use super::wire::{Frame, WireError};
use super::words::{Ended, Ending, PROTOCOL, ToHost, ToLead, brief, heard, plain_name, said};
use crate::history::{BuyerCount, Recorder};
use crate::plan::{FilePlan, Given, Plan, Share, StorePlan};
use crate::protocol::StoreKind;
use crate::protocol::sql::Engine;
use crate::stock::Stock;
use crate::store::{Address, Store, StoreError, with_store};
use crate::verdict::Ruling;
use crate::workers::{self, Crew, Watch, WorkersError};

/// So many mishaps go into one frame.
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
    /// Told what it is about to do, before it does anything.
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
    /// Nobody is there.
    #[error("{address}: nobody leads a sale there: {source}")]
    NoLead {
        /// Where.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The lead rejects it without a reason.
    #[error("{0}: turned away. The lead does not say why; compare the token (TICKETSIM_TOKEN, or --token)")]
    TurnedAway(String),
    /// The other side does not have the token.
    #[error("{0}: whoever listens there does not know the token: that is not your lead")]
    Impostor(String),
    /// The lead rejects it, for this reason.
    #[error("the lead says: {}", crate::foreign::shown(.0))]
    Refused(String),
    /// The lead is gone.
    #[error("the lead is gone: {0}; all buyers here have ended, and the result is not known")]
    Lost(WireError),
    /// What the lead wants can't be done here.
    #[error("{0}")]
    Unable(String),
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
        Some(_) => return Err(JoinError::Lost(WireError::Garbage("no plan".to_owned()))),
        None => return end(desk, interrupted),
    };
    match own_share(&whole, host, via, store) {
        Ok(share) => {
            tell(Shown::Share { host, whole: &whole, share: &share });
            take_part(desk, &share.plan, interrupted, &stops, tell)
        }
        Err(why) => {
            refuse(&mut desk, &why);
            Err(JoinError::Unable(why))
        }
    }
}

/// Proves to the lead that it has the token, and has it prove the same. `false` when interrupted.
fn greet(
    link: &mut Link,
    address: &str,
    token: &Token,
    name: &str,
    interrupted: &AtomicBool,
) -> Result<bool, JoinError> {
    let no_lead = |error: WireError| JoinError::NoLead {
        address: address.to_owned(),
        source: std::io::Error::other(error.to_string()),
    };
    let Some(frame) = await_word(link, interrupted).map_err(no_lead)? else { return Ok(false) };
    let Ok(ToHost::Challenge { nonce: its, .. }) = heard(&frame) else {
        return Err(no_lead(WireError::Garbage("another greeting".to_owned())));
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

/// Waits for the next frame. `None` when interrupted.
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

/// What this host is to do, looked at as if its own command line said it. It takes no path from the lead: where a file is
/// here, it was told here.
fn own_share(whole: &Plan, host: u32, via: Vec<PathBuf>, store: Option<&str>) -> Result<Share, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    whole.check().map_err(|error| text(&error))?;
    if !(1..=whole.hosts).contains(&host) {
        return Err("the plan is of other hosts".to_owned());
    }
    let mut share = whole.share(host);
    share.plan.store = match share.plan.store {
        StorePlan::File(file) => {
            if store.is_some() {
                return Err(
                    "--store: the sale is from a ticket file; say where it is on this host: --via PATH"
                        .to_owned(),
                );
            }
            let mut names = via.into_iter();
            let Some(first) = names.next() else {
                return Err("the sale is from a ticket file: say where it is on this host, with --via PATH"
                    .to_owned());
            };
            StorePlan::File(FilePlan { via: names.collect(), ..FilePlan::new(file.choices, &first) })
        }
        _ if !via.is_empty() => {
            return Err("--via is of a ticket file, and the tickets are in a database".to_owned());
        }
        elsewhere => own_address(&elsewhere, store)?,
    };
    share.plan.check().map_err(|error| text(&error))?;
    workers::check(&share.plan).map_err(|error| text(&error))?;
    Ok(share)
}

/// The same purchases at the store, by the address that this host has for it.
fn own_address(leads: &StorePlan, own: Option<&str>) -> Result<StorePlan, String> {
    let choices = leads.choices();
    let (Some((url, name)), Some(kind)) = (leads.address(), choices.kind()) else { return Ok(leads.clone()) };
    if kind == StoreKind::Sql(Engine::Sqlite) && own.is_none() {
        let why = "the sale is from a SQLite file: say where it is on this host, with --store sqlite:PATH";
        return Err(why.to_owned());
    }
    let (url, given) = address_of(own, url, kind)?;
    Ok(StorePlan::new(choices, url, given, name.to_owned()))
}

/// The address of the store, the host's own or the lead's, of the kind that the sale is for. Where the lead says it, it
/// could be anywhere: passwords and settings of this host are for its own alone.
fn address_of(own: Option<&str>, leads: &str, kind: StoreKind) -> Result<(String, Given), String> {
    let (address, given) = match own {
        Some(own) => (Address::parse(own), Given::Text(own.to_owned())),
        None => (Address::parse_strangers(leads), Given::Stranger),
    };
    let address = address.map_err(|error| match own {
        Some(_) => format!("--store: {error}"),
        None => format!(
            "the lead's address of the store: {error}; say where it is for this host, with --store URL"
        ),
    })?;
    if address.kind() != kind {
        return Err(format!("--store: {address} is none of {}, which the sale is for", kind.title()));
    }
    Ok((address.to_string(), given))
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
    take_part().unwrap_or_else(|error| Err(JoinError::Unable(error.to_string())))
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
            Some(_) => return Err(JoinError::Lost(WireError::Garbage("a word out of place".to_owned()))),
            None => return end(desk, interrupted),
        }
    };
    let recorder = match Recorder::for_share(plan, initial) {
        Ok(recorder) => recorder,
        Err(error) => {
            let why = format!("the recorder's shared memory: {error}");
            refuse(&mut desk, &why);
            return Err(JoinError::Unable(why));
        }
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
        Err(error) => {
            refuse(&mut desk, &error.to_string());
            Err(JoinError::Unable(error.to_string()))
        }
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

/// What may be missing where the lead has said where the store is.
const NOTHING_OF_OURS: &str = " (this host's passwords and settings are not for an address that the lead names: \
                               join --store URL takes them)";

/// Puts tickets on sale, or looks what is on sale, and says so.
fn say_stock(
    desk: &mut Desk<'_>,
    store: &impl Store,
    plan: &Plan,
    tickets: Option<Stock>,
    interrupted: &AtomicBool,
) {
    // Of a ticket file it is found out on every host whether it can be sold from.
    let found = if plan.file().is_some() {
        store.put_on_sale(tickets, interrupted).map_err(|error| error.to_string())
    } else {
        let left = store.left();
        left.remaining.ok_or_else(|| left.unread.or(left.torn).unwrap_or_default())
    };
    let (stock, why) = match found {
        Ok(stock) => (Some(stock), None),
        Err(why) if plan.store.is_a_strangers() => (None, Some(why + NOTHING_OF_OURS)),
        Err(why) => (None, Some(why)),
    };
    desk.say(&ToLead::Stock { stock, why });
}

/// Sends what is left, the counts, and that this was all.
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
            _ => desk.lost = Some(WireError::Garbage("a word out of place".to_owned())),
        }
    }
}

/// Tells the lead why this host can't go on.
fn refuse(desk: &mut Desk<'_>, why: &str) {
    desk.say(&ToLead::Refused { why: why.to_owned() });
    while desk.lost.is_none() && desk.ending.is_none() {
        desk.attend();
        desk.link.wait(Duration::from_millis(10));
    }
}

/// How it ended.
fn end(mut desk: Desk<'_>, interrupted: &AtomicBool) -> Result<HostResult, JoinError> {
    match (desk.ending.take(), desk.lost.take()) {
        (Some(Ending::Judged(_)), _) if interrupted.load(Ordering::Relaxed) => Ok(HostResult::Interrupted),
        (Some(Ending::Judged(ruling)), _) => Ok(HostResult::Judged(ruling)),
        (Some(Ending::Interrupted), _) => Ok(HostResult::Interrupted),
        (Some(Ending::Refused(why)), _) => Err(JoinError::Refused(brief(why))),
        (None, Some(lost)) => Err(JoinError::Lost(lost)),
        (None, None) => Ok(HostResult::Interrupted),
    }
}
