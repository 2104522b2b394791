//! Who waits at a server of Redis: its list of clients says it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::race::gate::wire::redis::value;
use crate::store::redis::RedisAddress;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection for questions.
#[derive(Debug)]
pub struct RedisWatch {
    stream: TcpStream,
}

impl RedisWatch {
    /// Connects.
    ///
    /// # Errors
    /// When nobody is there, or does not let it in.
    pub fn begin(address: &RedisAddress, at: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&at, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut watch = Self { stream };
        if let Some(password) = address.password() {
            let words: Vec<&str> =
                ["AUTH"].into_iter().chain(address.user.as_deref()).chain([password]).collect();
            watch.ask(&words)?;
        }
        watch.ask(&["PING"])?;
        Ok(watch)
    }

    /// Whether the client that comes from this port waits.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn waits(&mut self, port: i32) -> Result<bool, String> {
        let clients = self.ask(&["CLIENT", "LIST"]).map_err(|error| error.to_string())?;
        let field = |line: &str, name: &str| {
            line.split(' ').find_map(|field| field.strip_prefix(name)).map(ToOwned::to_owned)
        };
        let is_it =
            |line: &&str| field(line, "addr=").is_some_and(|addr| addr.ends_with(&format!(":{port}")));
        let line = clients.lines().find(is_it);
        Ok(line.and_then(|line| field(line, "flags=")).is_some_and(|flags| flags.contains('b')))
    }

    fn ask(&mut self, words: &[&str]) -> io::Result<String> {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream.write_all(text.as_bytes())?;
        let mut answer = Vec::new();
        let mut buffer = [0; 16 << 10];
        loop {
            match value(&answer) {
                Ok(Some(_)) if answer.first() == Some(&b'-') => {
                    let said = String::from_utf8_lossy(&answer).trim().to_owned();
                    return Err(io::Error::other(said));
                }
                Ok(Some(_)) => return Ok(String::from_utf8_lossy(&answer).into_owned()),
                Ok(None) => {}
                Err(what) => return Err(io::Error::new(io::ErrorKind::InvalidData, what)),
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => answer.extend_from_slice(&buffer[..count]),
            }
        }
    }
}
