//! One buyer of a race by requests: its values, its cookies, its connection, and its current purchase.

use std::time::Instant;

use super::Net;
use super::connection::{Connection, Received};
use crate::race::broken::Broken;
use crate::race::plan::RacePlan;
use crate::race::request::{Cookies, Request};
use crate::race::template::{BadValue, Variables};

/// A buyer.
pub(super) struct Racer<'a> {
    pub(super) number: u32,
    values: &'a mut Variables,
    pub(super) cookies: &'a mut Cookies,
    pub(super) connection: Option<Connection>,
    /// Which of the server's addresses is tried.
    address: usize,
    /// How often it may still try all addresses again, before the go.
    tries: u32,
    /// How many purchases it has begun.
    pub(super) begun: u32,
    /// When the current purchase was called.
    pub(super) invoke_ns: Option<u64>,
    /// When its answer must have come at the latest.
    pub(super) until: Instant,
    /// What came before the go.
    pub(super) early: Option<Received>,
    /// Whether it can't be shown that it overlaps.
    pub(super) unproven: bool,
    /// Whether it makes no further purchase.
    pub(super) left: bool,
}

impl<'a> Racer<'a> {
    pub(super) fn new(
        number: u32,
        values: &'a mut Variables,
        cookies: &'a mut Cookies,
        until: Instant,
    ) -> Self {
        Self {
            number,
            values,
            cookies,
            connection: None,
            address: 0,
            tries: 2,
            begun: 0,
            invoke_ns: None,
            until,
            early: None,
            unproven: false,
            left: false,
        }
    }

    /// The bytes of its next purchase.
    pub(super) fn next_request(&mut self, plan: &RacePlan, request: &Request) -> Result<Vec<u8>, BadValue> {
        self.begun += 1;
        self.values.insert("n".to_owned(), self.begun.to_string());
        self.values.insert("uuid".to_owned(), crate::race::template::fresh_uuid());
        request.bytes(&plan.headers, self.values, self.cookies)
    }

    /// Begins a purchase, on its connection or on a new one. This many of the last bytes are held.
    ///
    /// # Errors
    /// Why the server could not be reached.
    pub(super) fn begin(
        &mut self,
        net: &Net<'_>,
        request: &Request,
        bytes: Vec<u8>,
        held: usize,
    ) -> Result<(), Broken> {
        if let Some(connection) = &mut self.connection {
            connection.give(bytes, held);
            return Ok(());
        }
        let origin = &request.url.origin;
        let addresses = net.addresses(origin);
        loop {
            let Some(address) = addresses.get(self.address) else {
                return Err(Broken::NoAddress);
            };
            match net.open(origin, *address) {
                Ok(mut connection) => {
                    connection.give(bytes, held);
                    self.connection = Some(connection);
                    return Ok(());
                }
                Err(error) if self.address + 1 >= addresses.len() => {
                    return Err(Broken::Unsent(error.to_string()));
                }
                Err(_) => self.address += 1,
            }
        }
    }

    /// Goes on as far as it can.
    ///
    /// # Errors
    /// Why its connection broke or could not be opened. The next [`Racer::begin`] tries the next address.
    pub(super) fn advance(&mut self) -> Result<(), Broken> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.advance().map_err(|error| {
            self.connection = None;
            self.address += 1;
            Broken::Unsent(error.to_string())
        })
    }

    /// Whether it may try once more to connect: there is a further address, or all are tried again, because some
    /// servers reset connections for which they have no room at the moment.
    pub(super) fn may_try_again(&mut self, net: &Net<'_>, request: &Request) -> bool {
        if self.address < net.addresses(&request.url.origin).len() {
            return true;
        }
        let again = self.tries > 0;
        if again {
            (self.address, self.tries) = (0, self.tries - 1);
        }
        again
    }

    /// Whether all of its request has been sent except what is held.
    pub(super) fn is_ready(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::is_ready)
    }
}
