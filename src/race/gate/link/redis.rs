//! A connection to Redis.

use std::net::SocketAddr;

use super::{End, Happened, Link, Status};
use crate::race::gate::command::{Transaction, read};
use crate::race::gate::statement::Statement;
use crate::race::gate::wire::postgres::{Batch, Ends};
use crate::race::gate::wire::redis::{command, told, value};

/// The state of such a connection.
#[derive(Debug, Default)]
pub(super) struct Redis {
    from_client: Vec<u8>,
    from_server: Vec<u8>,
    transaction: Transaction,
}

/// Commands after which messages come without a command for each.
const STREAMS: [&str; 4] = ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR"];

impl Redis {
    pub(super) fn statement(&self, batch: &Batch) -> Statement {
        read(&batch.words, &self.transaction)
    }

    /// Notes a batch that passes. Returns the state of the transaction after it.
    pub(super) fn note(&mut self, batch: &Batch) -> Status {
        self.transaction.note(&batch.words);
        if self.transaction.is_open() { Status::Open } else { Status::Idle }
    }

    pub(super) fn of_client(
        &mut self,
        link: &mut Link,
        bytes: &[u8],
        upstream: SocketAddr,
    ) -> Result<(), End> {
        if link.server.is_none() {
            link.connect(upstream)?;
            // Redis's client list identifies it by the port that it comes from.
            let port = link.server.as_ref().and_then(|server| server.local_addr().ok()).map(|own| own.port());
            link.pid = port.map(i32::from);
        }
        self.from_client.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((words, length)) = command(&self.from_client[at..]).map_err(End::of_client)? {
            let bytes = self.from_client[at..at + length].to_vec();
            at += length;
            let verb = words.first().map(|verb| verb.to_ascii_uppercase()).unwrap_or_default();
            if link.streams || STREAMS.contains(&verb.as_str()) {
                link.streams = true;
                link.to_server.extend_from_slice(&bytes);
                continue;
            }
            let ends = (!words.is_empty()).then_some(Ends::Ready);
            link.batches.push_back(Batch { bytes, texts: vec![words.join(" ")], words, ends });
        }
        self.from_client.drain(..at);
        Ok(())
    }

    pub(super) fn of_server(
        &mut self,
        link: &mut Link,
        bytes: &[u8],
        happened: &mut Vec<Happened>,
    ) -> Result<(), End> {
        if link.streams {
            link.to_client.append(&mut self.from_server);
            link.to_client.extend_from_slice(bytes);
            return Ok(());
        }
        self.from_server.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(length) = value(&self.from_server[at..]).map_err(End::of_server)? {
            let whole = self.from_server[at..at + length].to_vec();
            at += length;
            if whole.first() == Some(&b'>') {
                // A push, which answers no command.
                link.to_client.extend_from_slice(&whole);
                continue;
            }
            if whole.first() == Some(&b'-') {
                link.saw.error = Some(("-".to_owned(), told(&whole)));
            } else {
                link.saw.done = vec![told(&whole)];
            }
            link.answer(&whole, true, happened);
            link.saw = Default::default();
        }
        self.from_server.drain(..at);
        Ok(())
    }
}
