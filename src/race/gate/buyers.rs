//! The buyers of a gated run: each has one request under way.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use super::wire::postgres::Saw;
use crate::race::TrialError;
use crate::race::broken::Broken;
use crate::race::heat::{Clock, Ended, Judged, Made};
use crate::race::http::{Connection, HttpAnswer, Net, NoAnswer, Received};
use crate::race::plan::RacePlan;
use crate::race::request::{Cookies, Request};
use crate::race::template::{Variables, fresh_uuid};

/// A buyer.
#[derive(Debug)]
pub struct Buyer {
    /// Its number, from 1.
    pub number: u32,
    connection: Option<Connection>,
    invoke_ns: u64,
    return_ns: Option<u64>,
    /// How its purchase ended.
    pub ended: Option<Ended>,
    /// Whether it neither sends a statement nor answers.
    pub parked: bool,
    /// How often it may have released something.
    pub let_go: u32,
    /// How often it has sent each of its statements.
    turns: BTreeMap<String, u32>,
    /// Its last statement with its answer, and how often in a row both were the same.
    last: Option<(String, Saw)>,
    same: u32,
}

impl Buyer {
    /// Sends its request.
    ///
    /// # Errors
    /// When it can't be sent.
    pub fn start(
        number: u32,
        plan: &RacePlan,
        request: &Request,
        net: &Net<'_>,
        (values, cookies): &mut (Variables, Cookies),
        clock: Clock,
    ) -> Result<Self, TrialError> {
        values.insert("n".to_owned(), "1".to_owned());
        values.insert("uuid".to_owned(), fresh_uuid());
        let bytes = request.bytes(&plan.headers, values, cookies)?;
        let mut broken = Broken::NoAddress;
        for address in net.addresses(&request.url.origin) {
            match net.open(&request.url.origin, *address) {
                Ok(mut connection) => {
                    connection.give(bytes, 0);
                    return Ok(Self {
                        number,
                        connection: Some(connection),
                        invoke_ns: clock.now_ns(),
                        return_ns: None,
                        ended: None,
                        parked: false,
                        let_go: 0,
                        turns: BTreeMap::new(),
                        last: None,
                        same: 0,
                    });
                }
                Err(error) => broken = Broken::Unsent(error.to_string()),
            }
        }
        Err(NoAnswer::Broken(request.url.origin.clone(), broken).into())
    }

    /// For poll(2): its connection, and whether it waits to write.
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        let connection = self.connection.as_ref()?;
        Some((connection.fd(), connection.wants_to_write()))
    }

    /// Goes on with its request. True if it has just ended.
    pub fn advance(&mut self, clock: Clock, judge: &mut dyn FnMut(u32, &HttpAnswer) -> Judged) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let received = match connection.advance() {
            Err(error) => Received::Ended(Broken::Unsent(error.to_string())),
            Ok(()) if connection.is_ready() => connection.receive(),
            Ok(()) => Received::Part,
        };
        match received {
            Received::Part => return false,
            Received::Ended(why) => self.ended = Some(Ended::Broken(why)),
            Received::Answer(answer) => {
                self.return_ns = Some(clock.now_ns());
                self.ended = Some(Ended::Judged(judge(self.number, &answer)));
            }
        }
        self.connection = None;
        self.parked = false;
        true
    }

    /// The turn of its next statement: how many of this name it has sent then.
    pub fn turn(&mut self, name: &str) -> u32 {
        let turn = self.turns.entry(name.to_owned()).or_default();
        *turn += 1;
        *turn
    }

    /// Notes the answer to one of its statements.
    pub fn saw(&mut self, text: &str, saw: &Saw) {
        let again = self.last.as_ref().is_some_and(|last| last.0 == text && last.1 == *saw);
        self.same = if again { self.same + 1 } else { 1 };
        self.last = Some((text.to_owned(), saw.clone()));
    }

    /// Whether it has just sent this statement twice with the same answer: then it polls.
    pub fn polls(&self, text: &str) -> bool {
        self.same >= 2 && self.last.as_ref().is_some_and(|last| last.0 == text)
    }

    /// Its purchase.
    pub fn made(&self) -> Made {
        Made {
            buyer: self.number,
            pid: None,
            invoke_ns: self.invoke_ns,
            return_ns: self.return_ns,
            ended: self.ended.clone().unwrap_or(Ended::Stalled),
            unproven: false,
        }
    }
}
