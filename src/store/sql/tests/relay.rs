//! A relay before a server, so that a connection can be cut.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A relay before the server that can be cut.
pub(super) struct Relay {
    pub(super) port: u16,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    /// One before the server at this place.
    pub(super) fn before(host: &str, server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (host, streams) = (host.to_owned(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let kept = Arc::clone(&streams);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((host.as_str(), server_port)) else { return };
                for (mut from, mut to) in [(&client, &server), (&server, &client)].map(|(from, to)| {
                    (from.try_clone().expect("a stream"), to.try_clone().expect("a stream"))
                }) {
                    std::thread::spawn(move || {
                        let mut bytes = [0; 4096];
                        while let Ok(count @ 1..) = from.read(&mut bytes) {
                            if to.write_all(&bytes[..count]).is_err() {
                                return;
                            }
                        }
                    });
                }
                kept.lock().expect("the streams").extend([client, server]);
            }
        });
        Self { port, streams }
    }

    /// Cuts all connections that lead through it.
    pub(super) fn cut(&self) {
        for stream in self.streams.lock().expect("the streams").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}
