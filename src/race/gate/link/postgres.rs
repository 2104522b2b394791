//! A connection to PostgreSQL.

use std::net::SocketAddr;

use super::{End, Happened, Link, Status};
use crate::race::gate::wire::postgres::{ClientReader, Ends, Greeting, Sent, greeting, message};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// No greeting has come.
    #[default]
    Greeting,
    /// The server has not accepted its login yet: everything passes.
    Entering,
    /// Statements come.
    In,
    /// A request to cancel a statement: everything passes.
    Cancel,
}

/// The state of such a connection.
#[derive(Debug, Default)]
pub(super) struct Postgres {
    stage: Stage,
    greeting: Vec<u8>,
    reader: ClientReader,
    from_server: Vec<u8>,
}

/// The message by which a client ends a session.
const TERMINATE: u8 = b'X';

impl Postgres {
    pub(super) fn is_entering(&self) -> bool {
        self.stage == Stage::Entering
    }

    pub(super) fn of_client(
        &mut self,
        link: &mut Link,
        bytes: &[u8],
        upstream: SocketAddr,
    ) -> Result<(), End> {
        match self.stage {
            Stage::Greeting => {
                self.greeting.extend_from_slice(bytes);
                self.greet(link, upstream)
            }
            Stage::Cancel | Stage::Entering => {
                link.to_server.extend_from_slice(bytes);
                Ok(())
            }
            Stage::In => {
                for sent in self.reader.feed(bytes).map_err(End::of_client)? {
                    match sent {
                        Sent::Batch(batch) if link.streams && batch.texts.is_empty() => {
                            // The server ignores it during a COPY.
                            link.to_server.extend_from_slice(&batch.bytes);
                        }
                        Sent::Batch(batch) => link.batches.push_back(batch),
                        Sent::Aside(bytes) => {
                            link.is_leaving |= bytes.first() == Some(&TERMINATE);
                            link.to_server.extend_from_slice(&bytes);
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn greet(&mut self, link: &mut Link, upstream: SocketAddr) -> Result<(), End> {
        while let Some((greeting, length)) = greeting(&self.greeting).map_err(End::of_client)? {
            if greeting == Greeting::Encryption {
                self.greeting.drain(..length);
                // There is no encryption; a client that insists on it will say so.
                link.to_client.push(b'N');
                continue;
            }
            link.connect(upstream)?;
            link.snapshot = super::asks_for_snapshot(&String::from_utf8_lossy(&self.greeting));
            link.to_server.append(&mut self.greeting);
            self.stage = if greeting == Greeting::Cancel { Stage::Cancel } else { Stage::Entering };
            return Ok(());
        }
        Ok(())
    }

    pub(super) fn of_server(
        &mut self,
        link: &mut Link,
        bytes: &[u8],
        happened: &mut Vec<Happened>,
    ) -> Result<(), End> {
        if self.stage == Stage::Cancel {
            link.to_client.extend_from_slice(bytes);
            return Ok(());
        }
        self.from_server.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((kind, body)) = message(&self.from_server[at..]).map_err(End::of_server)? {
            let whole = self.from_server[at..at + body.end].to_vec();
            at += body.end;
            self.message(link, kind, &whole, happened);
        }
        self.from_server.drain(..at);
        Ok(())
    }

    fn message(&mut self, link: &mut Link, kind: u8, whole: &[u8], happened: &mut Vec<Happened>) {
        let body = &whole[5..];
        if kind == b'K' {
            link.pid = body.get(..4).and_then(|pid| Some(i32::from_be_bytes(pid.try_into().ok()?)));
        }
        if kind == b'Z' {
            link.status = match body.first() {
                Some(b'T') => Status::Open,
                Some(b'E') => Status::Failed,
                _ => Status::Idle,
            };
        }
        if self.stage == Stage::Entering {
            link.to_client.extend_from_slice(whole);
            if kind == b'Z' {
                self.stage = Stage::In;
            }
            return;
        }
        let Some(owed) = link.owed.front_mut() else {
            // It answers no request: a notice, or a changed setting.
            link.to_client.extend_from_slice(whole);
            return;
        };
        if owed.held {
            link.saw.take(kind, body);
        }
        let is_last = match (&mut owed.ends, kind) {
            (_, b'Z') => true,
            (Ends::Done(_), b'E') => true,
            (Ends::Done(left), b'C' | b'I' | b's') => {
                *left -= 1;
                *left == 0
            }
            _ => false,
        };
        link.answer(whole, is_last, happened);
        if matches!(kind, b'G' | b'W') {
            // Now data is copied.
            link.streams = true;
            link.to_client.append(&mut link.answer);
        }
        if kind == b'Z' {
            link.streams = false;
        }
    }
}
