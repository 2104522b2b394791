//! The race itself: every connection is open and every request sent except its last byte; then one loop of one thread
//! sends the last bytes.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::connection::{Connection, Received, Shot};
use super::racer::Racer;
use super::{HttpAnswer, Net, TICK, wait_for};
use crate::history::Outcome;
use crate::plan::PerBuyer;
use crate::race::broken::Broken;
use crate::race::heat::{Clock, Ended, Heat, Judged, Made, Shortfall};
use crate::race::plan::RacePlan;
use crate::race::priority::Priority;
use crate::race::request::{Cookies, Request};
use crate::race::template::{BadValue, Variables};

/// If no further connection gets ready for this long, the others are let go without it. It is more than a second,
/// after which the system tries again to connect.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The least time between two connections that are opened.
const PACE: Duration = Duration::from_millis(1);
/// With more buyers than this, several connections are opened at a time.
const MOST_IN_A_SECOND: usize = 1000;

/// What is held back of a request until the go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::race) enum Held {
    /// Its last byte.
    LastByte,
    /// The last byte of its head, and its body: for servers that do not wait for the body.
    Body,
}

impl Held {
    /// How many bytes of a request that is.
    fn bytes(self, request: &[u8]) -> usize {
        let head = request.windows(4).position(|four| four == b"\r\n\r\n").map_or(request.len(), |at| at + 4);
        match self {
            Held::LastByte => 1,
            Held::Body => request.len() - head + 1,
        }
    }
}

/// A race under way.
struct Field<'a, 'net> {
    plan: &'a RacePlan,
    request: &'a Request,
    net: &'a Net<'net>,
    clock: Clock,
    held: Held,
    racers: Vec<Racer<'a>>,
    heat: Heat,
    judge: &'a mut dyn FnMut(u32, &HttpAnswer) -> Judged,
}

/// Lets all buyers go together, and waits for their answers. Each buyer has its values and its cookies.
///
/// # Errors
/// When a value can't be put into its place.
pub(in crate::race) fn race<'a>(
    plan: &'a RacePlan,
    request: &'a Request,
    net: &'a Net<'_>,
    held: Held,
    buyers: &'a mut [(Variables, Cookies)],
    judge: &'a mut dyn FnMut(u32, &HttpAnswer) -> Judged,
) -> Result<Heat, BadValue> {
    let until = Instant::now() + plan.timeout;
    let racers = buyers.iter_mut().zip(1..);
    let racers =
        racers.map(|((values, cookies), number)| Racer::new(number, values, cookies, until)).collect();
    let (clock, heat) = (Clock::new(), Heat::default());
    let mut field = Field { plan, request, net, clock, held, racers, heat, judge };
    if field.get_ready()? {
        field.go();
        field.await_answers()?;
    }
    field.heat.ended_ns = field.clock.now_ns();
    Ok(field.heat)
}

impl Field<'_, '_> {
    fn interrupted(&self) -> bool {
        self.net.interrupted.load(Ordering::Relaxed)
    }

    /// Opens every connection, and sends every request except for its last byte. False if there can be no race.
    fn get_ready(&mut self) -> Result<bool, BadValue> {
        let mut requests = Vec::new();
        for racer in &mut self.racers {
            requests.push(racer.next_request(self.plan, self.request)?);
        }
        let all = self.racers.len();
        let (mut ready, mut since, began) = (0, Instant::now(), Instant::now());
        loop {
            let mut broken = None;
            // A few at a time: a server's queue of connections may be short, and a connection that finds no place
            // in it is tried again only after a second.
            let mut may_open = 1 + all / MOST_IN_A_SECOND;
            for (racer, bytes) in self.racers.iter_mut().zip(&requests) {
                let begun = match &racer.connection {
                    Some(_) => Ok(()),
                    None if may_open == 0 => continue,
                    None => {
                        may_open -= 1;
                        racer.begin(self.net, self.request, bytes.clone(), self.held.bytes(bytes))
                    }
                };
                if let Err(why) = begun.and_then(|()| racer.advance())
                    && !racer.may_try_again(self.net, self.request)
                {
                    broken = Some(why);
                }
            }
            let now_ready = self.racers.iter().filter(|racer| racer.is_ready()).count();
            if now_ready > ready {
                (ready, since) = (now_ready, Instant::now());
            }
            self.heat.launch_ns = self.clock.now_ns();
            let late = began.elapsed() >= self.plan.timeout;
            self.heat.interrupted = self.interrupted();
            if ready == all || ready > 1 && broken.is_none() && (late || since.elapsed() >= PATIENCE) {
                return Ok(!self.heat.interrupted);
            }
            self.heat.shortfall = match broken {
                Some(why) => Some(Shortfall::Broken { ready, all, why }),
                None if late => Some(Shortfall::Late { ready, all }),
                None => None,
            };
            if self.heat.shortfall.is_some() || self.heat.interrupted {
                return Ok(false);
            }
            let some_unopened = self.racers.iter().any(|racer| racer.connection.is_none());
            let waiting = self.racers.iter().filter(|racer| !racer.is_ready());
            wait_for(
                waiting.filter_map(|racer| racer.connection.as_ref()),
                if some_unopened { PACE } else { TICK },
            );
        }
    }

    /// The go: the last bytes, one after the other, in one loop.
    fn go(&mut self) {
        self.take_early_answers();
        let until = Instant::now() + self.plan.timeout + self.plan.spread;
        let ready: Vec<usize> =
            (0..self.racers.len()).filter(|place| self.racers[*place].is_ready()).collect();
        let gaps = u32::try_from(ready.len()).unwrap_or(u32::MAX).saturating_sub(1).max(1);
        let gap = self.plan.spread / gaps;
        let last_ns = if gap.is_zero() {
            self.fire_all(&ready)
        } else {
            let start = Instant::now();
            self.heat.go_ns = self.clock.now_ns();
            let mut last_ns = self.heat.go_ns;
            for (place, turn) in ready.iter().zip(0..) {
                self.wait_for_turn(start + gap * turn);
                last_ns = self.fire_one(*place);
            }
            last_ns
        };
        self.note_quick_answers();
        self.heat.spread_ns = last_ns - self.heat.go_ns;
        self.heat.late = self.racers.len() - ready.len();
        for racer in &mut self.racers {
            racer.until = until;
            if let (None, false, Some(connection)) = (racer.invoke_ns, racer.left, &mut racer.connection) {
                racer.invoke_ns = Some(last_ns);
                racer.unproven = true;
                connection.hold_nothing();
            }
            // A server that answers before a request is complete may have sold before the go: then all purchases
            // began when their first bytes were sent.
            if self.heat.early > 0 {
                racer.invoke_ns = racer.invoke_ns.map(|_| 0);
            }
        }
    }

    /// Sends the held bytes of all these, in a loop that does nothing else but read the clock. Returns the time when
    /// the last were sent.
    fn fire_all(&mut self, ready: &[usize]) -> u64 {
        let aim = |place: &usize| self.racers[*place].connection.as_mut().map(Connection::aim);
        let mut shots: Vec<Shot> = ready.iter().filter_map(aim).collect();
        let mut called_ns = vec![0; shots.len()];
        let before_all = Priority::raise();
        self.heat.go_ns = self.clock.now_ns();
        for (shot, called_ns) in shots.iter_mut().zip(&mut called_ns) {
            *called_ns = self.clock.now_ns();
            shot.fire();
        }
        let last_ns = self.clock.now_ns();
        drop(before_all);
        for ((place, shot), called_ns) in ready.iter().zip(shots).zip(called_ns) {
            let racer = &mut self.racers[*place];
            racer.invoke_ns = Some(called_ns);
            if let Some(connection) = &mut racer.connection {
                connection.fired(shot);
            }
        }
        last_ns
    }

    /// Sends the held bytes of one. Returns the time when they were sent.
    fn fire_one(&mut self, place: usize) -> u64 {
        let racer = &mut self.racers[place];
        if let Some(connection) = &mut racer.connection {
            racer.invoke_ns = Some(self.clock.now_ns());
            let mut shot = connection.aim();
            shot.fire();
            connection.fired(shot);
        }
        self.clock.now_ns()
    }

    /// Waits for the next turn when the go is spread on purpose. Answers are taken meanwhile.
    fn wait_for_turn(&mut self, turn: Instant) {
        while !self.interrupted() {
            let left = turn.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            if left > Duration::from_millis(2) {
                self.take_answers(Duration::from_millis(1), false);
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// Takes answers that have come although every request still lacks a byte.
    fn take_early_answers(&mut self) {
        let there = self.readable(Duration::ZERO, |_| true);
        for place in there {
            let racer = &mut self.racers[place];
            // With TLS, the readable bytes may be the server's session tickets.
            if let Some(connection) = &mut racer.connection {
                let received = connection.receive();
                let answered =
                    connection.began() && !connection.ended() || matches!(received, Received::Answer(_));
                racer.unproven = answered;
                self.heat.early += usize::from(answered);
                racer.early = (!matches!(received, Received::Part)).then_some(received);
            }
        }
    }

    /// Notes which answers are there when the last byte has been sent: it can't be shown that these purchases overlapped
    /// with all others.
    fn note_quick_answers(&mut self) {
        for place in self.readable(Duration::ZERO, |_| true) {
            self.racers[place].unproven = true;
        }
    }

    /// The places of the buyers whose connection can go on.
    fn readable(&self, most: Duration, which: impl Fn(&Racer<'_>) -> bool) -> Vec<usize> {
        let places: Vec<usize> = (0..self.racers.len())
            .filter(|place| self.racers[*place].connection.is_some() && which(&self.racers[*place]))
            .collect();
        let connections: Vec<&Connection> =
            places.iter().filter_map(|place| self.racers[*place].connection.as_ref()).collect();
        let able = wait_for(connections.into_iter(), most);
        places.into_iter().zip(able).filter(|(_, able)| *able).map(|(place, _)| place).collect()
    }

    /// Waits for the answers. Buyers that make further purchases go on.
    fn await_answers(&mut self) -> Result<(), BadValue> {
        loop {
            if self.racers.iter().all(|racer| racer.left) {
                return Ok(());
            }
            if self.interrupted() {
                self.heat.interrupted = true;
                for place in 0..self.racers.len() {
                    self.ended(place, Ended::Broken(Broken::Interrupted), true);
                }
                return Ok(());
            }
            self.take_answers(TICK, true);
            let now = Instant::now();
            for place in 0..self.racers.len() {
                let racer = &self.racers[place];
                if racer.invoke_ns.is_some() && now >= racer.until {
                    self.ended(place, Ended::Stalled, true);
                } else if racer.invoke_ns.is_none() && !racer.left {
                    self.buy_again(place)?;
                }
            }
        }
    }

    /// Takes the answers that have come, and waits at most this long for one. Buyers that make further purchases go on.
    fn take_answers(&mut self, most: Duration, all: bool) {
        for place in 0..self.racers.len() {
            if self.racers[place].invoke_ns.is_some()
                && let Some(received) = self.racers[place].early.take()
            {
                self.received(place, received);
            }
        }
        for place in self.readable(most, |racer| all || racer.invoke_ns.is_some()) {
            let racer = &mut self.racers[place];
            if let Err(why) = racer.advance() {
                self.ended(place, Ended::Broken(why), true);
                continue;
            }
            let Some(connection) = &mut racer.connection else { continue };
            if connection.is_open() {
                let received = connection.receive();
                self.received(place, received);
            }
        }
    }

    fn received(&mut self, place: usize, received: Received) {
        match received {
            Received::Part => {}
            Received::Ended(why) => self.ended(place, Ended::Broken(why), true),
            Received::Answer(answer) => {
                let racer = &mut self.racers[place];
                answer.set_cookies(racer.cookies);
                if !answer.keep_alive {
                    racer.connection = None;
                }
                let judged = (self.judge)(racer.number, &answer);
                let leaves = match self.plan.per_buyer {
                    PerBuyer::Count(count) => racer.begun >= count.get(),
                    PerBuyer::All => {
                        judged != Judged::Outcome(Outcome::Bought)
                            || self.heat.made.len() as u64 >= RacePlan::MOST_PURCHASES
                    }
                };
                self.ended(place, Ended::Judged(judged), leaves);
            }
        }
    }

    /// Notes how a purchase ended, if one is under way.
    fn ended(&mut self, place: usize, ended: Ended, leaves: bool) {
        let racer = &mut self.racers[place];
        racer.left |= leaves;
        let invoke_ns = racer.invoke_ns.take();
        if leaves {
            racer.connection = None;
        }
        let Some(invoke_ns) = invoke_ns else { return };
        let return_ns = matches!(ended, Ended::Judged(_)).then(|| self.clock.now_ns());
        let unproven = std::mem::take(&mut racer.unproven);
        self.heat.made.push(Made { buyer: racer.number, pid: None, invoke_ns, return_ns, ended, unproven });
    }

    /// The next purchase of a buyer.
    fn buy_again(&mut self, place: usize) -> Result<(), BadValue> {
        let racer = &mut self.racers[place];
        let bytes = racer.next_request(self.plan, self.request)?;
        racer.until = Instant::now() + self.plan.timeout;
        racer.invoke_ns = Some(self.clock.now_ns());
        let begun = racer.begin(self.net, self.request, bytes, 0).and_then(|()| racer.advance());
        if let Err(why) = begun {
            // It was not sent, or not completely: the outcome is unknown.
            self.ended(place, Ended::Broken(why), true);
        }
        Ok(())
    }
}
