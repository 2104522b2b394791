//! The lead: it has the plan and runs no buyers. It waits for its hosts, has the tickets put on sale, lets all buyers
//! go at the same moment, collects their purchases, and judges them.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::clock::fastest;
use super::door::{Door, FULL, turn_away};
use super::guest::{Event, Guest, Heard, Newcomer, Phase};
use super::seat::{Seat, Told};
use super::settle::{SaleOver, settle};
use super::token::Token;
use super::trouble::HostTrouble;
use super::words::{Ending, ToHost};
use crate::history::{Tally, monotonic_ns, wall_ns};
use crate::plan::{Plan, PlanError};
use crate::run::Sold;
use crate::stock::Stock;
use crate::store::{Left, Store, StoreError, settled, with_store};

/// The most purchases that a lead keeps to judge; of all others it has the counts: 512 MB.
pub(super) const MOST_KEPT: u64 = 1 << 22;
/// The most events that may wait for the lead; beyond that, hosts have to wait.
const MOST_EVENTS: usize = 64;
/// How often the lead looks around.
const LOOK: Duration = Duration::from_millis(50);
/// How long before the go it is announced, at least.
const AHEAD: Duration = Duration::from_millis(50);
/// The widest bounds of a clock's offset. A host with wider ones would keep the others waiting at their barrier.
const MOST_WIDTH_NS: i128 = 5_000_000_000;
/// How long the lead waits for the hosts after an interrupt.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a host may see an old stock: an NFS client asks again after 3 s (nfs(5), acregmin).
const OLD_NEWS: Duration = Duration::from_secs(4);
/// How long the buyers of a lost host may go on, until it notices that its lead is gone.
const LINGER: Duration = Duration::from_millis(1500);

/// Why a sale could not be led.
#[derive(Debug, thiserror::Error)]
pub enum LeadError {
    /// The plan can't be carried out on several hosts.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The tickets can't be put on sale.
    #[error(transparent)]
    Store(StoreError),
    /// A host could not do its part before the sale began.
    #[error("{name}: {why}; nothing was sold")]
    Host {
        /// Which: `name#k`.
        name: String,
        /// Why.
        why: HostTrouble,
    },
    /// A host sells from another stock.
    #[error(
        "{name} sees another stock than the one that was put on sale ({seen} instead of {put}), so it would sell from \
         another store; nothing was sold"
    )]
    OtherStore {
        /// Which: `name#k`.
        name: String,
        /// What it sees.
        seen: Stock,
        /// What it was to see.
        put: Stock,
    },
    /// The clock of a host can't be compared with the lead's.
    #[error("{0}: its clock can't be told from what it answers to pings; nothing was sold")]
    NoClock(String),
    /// The system reported an error.
    #[error("the lead failed: {0}")]
    System(#[from] std::io::Error),
    /// Interrupted before the buyers were let go.
    #[error("interrupted before the sale began")]
    Interrupted,
}

impl From<StoreError> for LeadError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Interrupted => LeadError::Interrupted,
            other => LeadError::Store(other),
        }
    }
}

/// How a sale is led.
pub struct Leading<'a> {
    /// Where hosts connect.
    pub listener: TcpListener,
    /// The secret that they have to know.
    pub token: Token,
    /// Set when the sale is to end early.
    pub interrupted: &'a AtomicBool,
    /// Called when hosts come and go.
    pub tell: &'a mut dyn FnMut(Told<'_>),
    /// Called once, with the plan and its tickets, when they are on sale and no buyer has started.
    pub begin: &'a mut dyn FnMut(&Plan),
    /// Called now and then with the counts so far.
    pub progress: &'a mut dyn FnMut(Tally),
}

/// Leads the sale of a plan ([`Plan::hosts`] says how many hosts there are to come).
///
/// # Errors
/// When it could not be run: then nothing was sold.
pub fn lead(plan: &Plan, leading: Leading<'_>) -> Result<Sold, LeadError> {
    plan.check()?;
    let plan = Plan { store: settled(&plan.store)?, ..plan.clone() };
    // A ticket file is on the hosts, and need not be here.
    if plan.file().is_some() {
        return lead_at(None, &plan, leading);
    }
    with_store!(&plan.store, store => lead_at(Some(&store), &plan, leading))
}

/// The store, for the lead: it puts the tickets on sale. A ticket file need not be on the lead's machine, so there the
/// first host does it.
trait Counter {
    fn admit(&self, buyers: u32) -> Result<(), StoreError>;
    fn put_on_sale(&self, tickets: Stock, interrupted: &AtomicBool) -> Result<Stock, StoreError>;
    fn left(&self) -> Left;
}

impl<S: Store> Counter for S {
    fn admit(&self, buyers: u32) -> Result<(), StoreError> {
        Store::admit(self, buyers)
    }

    fn put_on_sale(&self, tickets: Stock, interrupted: &AtomicBool) -> Result<Stock, StoreError> {
        Store::put_on_sale(self, Some(tickets), interrupted)
    }

    fn left(&self) -> Left {
        Store::left(self)
    }
}

fn lead_at(counter: Option<&dyn Counter>, plan: &Plan, leading: Leading<'_>) -> Result<Sold, LeadError> {
    if let Some(counter) = counter {
        counter.admit(plan.buyers)?;
    }
    let Leading { listener, token, interrupted, tell, begin, progress } = leading;
    let (events, coming) = sync_channel(MOST_EVENTS);
    let door = Door::open(listener, &token, events.clone())?;
    let hosts = plan.hosts as usize;
    let mut lead = Lead {
        plan,
        counter,
        interrupted,
        tell,
        progress,
        door,
        events,
        coming,
        seats: (0..hosts).map(|_| None).collect(),
        connections: 0,
        has_gone: false,
        stopped: None,
        room: MOST_KEPT,
        sold: Tally::default(),
    };
    match lead.sell(begin) {
        Ok(sold) => {
            let judged = Ending::Judged(sold.verdict.ruling);
            // If only one host was interrupted, the others are not.
            lead.part(&if lead.stopped.is_some() { Ending::Interrupted } else { judged });
            Ok(sold)
        }
        Err(error) => {
            lead.part(&match &error {
                LeadError::Interrupted => Ending::Interrupted,
                error => Ending::Rejected(error.to_string()),
            });
            Err(error)
        }
    }
}

struct Lead<'a> {
    plan: &'a Plan,
    counter: Option<&'a dyn Counter>,
    interrupted: &'a AtomicBool,
    tell: &'a mut dyn FnMut(Told<'_>),
    progress: &'a mut dyn FnMut(Tally),
    door: Door,
    events: SyncSender<Event>,
    coming: Receiver<Event>,
    /// The hosts, by their numbers.
    seats: Vec<Option<Seat>>,
    /// How many connections there were.
    connections: u64,
    /// Whether buyers may be buying: from then on a host that is lost ends nothing.
    has_gone: bool,
    /// Since when it is to end early.
    stopped: Option<Instant>,
    /// How many more purchases can be kept.
    room: u64,
    sold: Tally,
}

impl Lead<'_> {
    fn sell(&mut self, begin: &mut dyn FnMut(&Plan)) -> Result<Sold, LeadError> {
        self.gather()?;
        let initial = self.put_on_sale()?;
        let plan = Plan { tickets: Some(initial), ..self.plan.clone() };
        begin(&plan);
        self.tell_all(&ToHost::Prepare { initial });
        self.until(|seat| seat.ready.is_some())?;
        let (epoch_ns, wall) = (monotonic_ns(), wall_ns());
        let go_ns = self.go()?;
        self.until(Seat::is_done)?;
        self.measure(Phase::After);
        let measured = 2;
        self.until(|seat| seat.measured >= measured || seat.lost.is_some())?;
        let left = self.left()?;
        let seats = self.seats.iter_mut().filter_map(Option::as_mut).collect();
        let interrupted = self.stopped.is_some();
        Ok(settle(SaleOver { plan, initial, epoch_ns, wall_ns: wall, go_ns, interrupted, left }, seats))
    }

    /// Waits until all hosts are there and can do their part. If one leaves again, its place is free for another.
    fn gather(&mut self) -> Result<(), LeadError> {
        loop {
            let is_full = self.seats.iter().all(Option::is_some);
            self.door.set_full(is_full);
            if is_full && self.seated().all(|seat| seat.has_shown) {
                return Ok(());
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(LeadError::Interrupted);
            }
            let Ok(event) = self.coming.recv_timeout(LOOK) else { continue };
            match event {
                Event::Newcomer(newcomer) => self.take_in(newcomer)?,
                Event::Heard(number, heard) => {
                    let Some((host, seat)) = self.seat(number) else { continue };
                    let (mut room, mut sold) = (0, Tally::default());
                    if let Err(why) = seat.take(heard, &mut room, &mut sold) {
                        let seat = self.seats[host].take();
                        if let Some(seat) = seat {
                            (self.tell)(Told::LeftAgain { name: &seat.name, why: &why });
                            seat.guest.tell(&ToHost::Over {
                                ending: Ending::Rejected("the lead has let it go".to_owned()),
                            });
                        }
                    }
                }
            }
        }
    }

    fn take_in(&mut self, newcomer: Newcomer) -> Result<(), LeadError> {
        let Some(place) = self.seats.iter().position(Option::is_none) else {
            turn_away(&newcomer.stream, FULL.to_owned());
            return Ok(());
        };
        self.connections += 1;
        let guest = Guest::new(newcomer, self.connections, &self.events)?;
        let host = place as u32 + 1;
        guest.tell(&ToHost::Plan { plan: Box::new(self.plan.clone()), host });
        let seat = self.seats[place].insert(Seat::new(guest, host, self.plan.share(host)));
        let (name, address) = (seat.name.clone(), seat.guest.address);
        let there = (self.seated().count() as u32, self.plan.hosts);
        (self.tell)(Told::Joined { name: &name, address, there });
        Ok(())
    }

    /// Has the tickets put on sale, and checks that all hosts sell from the same stock: each has to see a random number
    /// that is put there for a moment.
    fn put_on_sale(&mut self) -> Result<Stock, LeadError> {
        let tickets = self.plan.tickets.unwrap_or(0);
        // It has nine digits: no store has such a stock by chance.
        let number = rand::random_range(100_000_000..1_000_000_000);
        let put = self.sell_so_many(number)?;
        self.is_seen_by_all(put)?;
        let put = self.sell_so_many(tickets)?;
        self.is_seen_by_all(put)?;
        Ok(put)
    }

    /// Waits until all hosts see this stock: a client of a network filesystem may see the previous content for a while.
    fn is_seen_by_all(&mut self, put: Stock) -> Result<(), LeadError> {
        let began = Instant::now();
        loop {
            for seat in self.seats.iter_mut().flatten() {
                seat.stock = None;
                seat.guest.tell(&ToHost::Look);
            }
            self.until(|seat| seat.stock.is_some())?;
            let strange = self.seated().find_map(|seat| match &seat.stock {
                Some(Ok(seen)) if *seen != put => {
                    Some(LeadError::OtherStore { name: seat.name.clone(), seen: *seen, put })
                }
                Some(Err(why)) => Some(LeadError::Host { name: seat.name.clone(), why: why.clone().into() }),
                _ => None,
            });
            match strange {
                None => return Ok(()),
                Some(error) if began.elapsed() >= OLD_NEWS => return Err(error),
                Some(_) => std::thread::sleep(LOOK),
            }
        }
    }

    fn sell_so_many(&mut self, tickets: Stock) -> Result<Stock, LeadError> {
        if let Some(counter) = self.counter {
            return Ok(counter.put_on_sale(tickets, self.interrupted)?);
        }
        let Some(first) = self.seats[0].as_mut() else { return Ok(tickets) };
        first.stock = None;
        first.guest.tell(&ToHost::Sell { tickets });
        let number = first.guest.number;
        self.until(|seat| seat.guest.number != number || seat.stock.is_some())?;
        match self.seats[0].as_ref().and_then(|seat| Some((&seat.name, seat.stock.clone()?))) {
            Some((_, Ok(stock))) => Ok(stock),
            Some((name, Err(why))) => Err(LeadError::Host { name: name.clone(), why: why.into() }),
            None => Ok(tickets),
        }
    }

    /// Lets all buyers go at one moment; returns it, on the lead's clock.
    fn go(&mut self) -> Result<u64, LeadError> {
        self.measure(Phase::Before);
        self.until(|seat| seat.measured >= 1)?;
        let fastest_of = |seat: &Seat| fastest(seat.guest.exchanges());
        let is_vague = |seat: &&Seat| fastest_of(seat).is_some_and(|one| one.width_ns() > MOST_WIDTH_NS);
        if let Some(seat) = self.seated().find(is_vague) {
            return Err(LeadError::NoClock(seat.name.clone()));
        }
        let width =
            self.seated().filter_map(fastest_of).map(|exchange| exchange.width_ns()).max().unwrap_or(0);
        let ahead = AHEAD + Duration::from_nanos(u64::try_from(width.saturating_mul(4)).unwrap_or(0));
        let go_ns = monotonic_ns() + ahead.as_nanos() as u64;
        for seat in self.seats.iter_mut().flatten() {
            let epoch_ns = seat.ready.map_or(0, |ready| ready.epoch_ns);
            let reading = fastest_of(seat).and_then(|exchange| exchange.reading(epoch_ns));
            let Some(reading) = reading else { return Err(LeadError::NoClock(seat.name.clone())) };
            seat.go_ns = go_ns.saturating_add_signed(reading.offset_ns.saturating_neg());
            seat.went = Some(Instant::now());
            seat.guest.enter(Phase::Meanwhile);
            seat.guest.tell(&ToHost::Go { at_ns: seat.go_ns.saturating_add(epoch_ns) });
        }
        self.has_gone = true;
        Ok(go_ns)
    }

    fn measure(&mut self, phase: Phase) {
        for seat in self.seated().filter(|seat| seat.lost.is_none()) {
            seat.guest.measure(phase);
        }
    }

    /// What is left: as the lead sees it; for a ticket file, as the first host sees it that is still there.
    fn left(&mut self) -> Result<Left, LeadError> {
        // The buyers of a lost host may have bought until it noticed that its lead was gone.
        while self.seated().filter_map(Seat::lost_for).any(|since| since < LINGER) {
            std::thread::sleep(LOOK);
        }
        if let Some(counter) = self.counter {
            return Ok(counter.left());
        }
        for host in 0..self.seats.len() {
            let Some(seat) = self.seats[host].as_ref().filter(|seat| seat.lost.is_none()) else { continue };
            seat.guest.tell(&ToHost::Left);
            let number = seat.guest.number;
            self.until(|seat| seat.guest.number != number || seat.left.is_some() || seat.lost.is_some())?;
            if let Some(left) = self.seats[host].as_mut().and_then(|seat| seat.left.take()) {
                return Ok(left);
            }
        }
        let unread = Some("none of its hosts is there any more".to_owned());
        Ok(Left { unread, ..Left::default() })
    }

    /// Handles events until `holds` is true for all hosts. Before the go any error ends the sale; after it, the sale
    /// goes on with fewer hosts.
    fn until(&mut self, holds: impl Fn(&Seat) -> bool) -> Result<(), LeadError> {
        while !self.seated().all(&holds) {
            self.look_around()?;
            match self.coming.recv_timeout(LOOK) {
                Ok(Event::Newcomer(newcomer)) => turn_away(&newcomer.stream, FULL.to_owned()),
                Ok(Event::Heard(number, heard)) => self.take(number, heard)?,
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, number: u64, heard: Heard) -> Result<(), LeadError> {
        let (mut room, mut sold) = (self.room, self.sold);
        let Some((host, seat)) = self.seat(number) else { return Ok(()) };
        let taken = if seat.lost.is_some() { Ok(()) } else { seat.take(heard, &mut room, &mut sold) };
        let name = seat.name.clone();
        (self.room, self.sold) = (room, sold);
        match taken {
            Ok(()) => {}
            Err(why) if self.has_gone => {
                // A host that has sent everything may go.
                if self.seats[host].as_ref().is_some_and(|seat| seat.ended.is_none()) {
                    (self.tell)(Told::Lost { name: &name, why: &why });
                }
                if let Some(seat) = &mut self.seats[host] {
                    seat.lose();
                }
            }
            Err(why) => return Err(LeadError::Host { name, why }),
        }
        (self.progress)(self.sold);
        Ok(())
    }

    /// Checks whether the sale is to end.
    fn look_around(&mut self) -> Result<(), LeadError> {
        (self.progress)(self.sold);
        if !self.interrupted.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !self.has_gone {
            return Err(LeadError::Interrupted);
        }
        let Some(since) = self.stopped else {
            self.stopped = Some(Instant::now());
            self.tell_all(&ToHost::Stop);
            return Ok(());
        };
        if since.elapsed() >= PATIENCE {
            for seat in self.seats.iter_mut().flatten().filter(|seat| !seat.is_done()) {
                seat.lose();
            }
        }
        Ok(())
    }

    fn seated(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().flatten()
    }

    /// The host on this connection, and its place.
    fn seat(&mut self, number: u64) -> Option<(usize, &mut Seat)> {
        let seats = self.seats.iter_mut().enumerate();
        seats
            .filter_map(|(host, seat)| Some((host, seat.as_mut()?)))
            .find(|(_, seat)| seat.guest.number == number)
    }

    fn tell_all(&self, words: &ToHost) {
        self.seated().for_each(|seat| seat.guest.tell(words));
    }

    /// Says goodbye to all.
    fn part(&mut self, ending: &Ending) {
        self.tell_all(&ToHost::Over { ending: ending.clone() });
        self.seats.clear();
    }
}
