//! A relay before a server, so that a connection can be cut.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A relay before the server that can be cut, at once or with the next answer.
pub(super) struct Relay {
    pub(super) port: u16,
    /// Whether the server's next answer is dropped, and both connections are cut.
    cuts_answer: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    /// A relay before the server at this address.
    pub(super) fn before(host: &str, server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (host, streams) = (host.to_owned(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let kept = Arc::clone(&streams);
        let cuts_answer = Arc::<AtomicBool>::default();
        let cuts = Arc::clone(&cuts_answer);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((host.as_str(), server_port)) else { return };
                for (mut from, mut to, answers) in
                    [(&client, &server, false), (&server, &client, true)].map(|(from, to, answers)| {
                        (from.try_clone().expect("a stream"), to.try_clone().expect("a stream"), answers)
                    })
                {
                    let cuts = Arc::clone(&cuts);
                    std::thread::spawn(move || {
                        let mut bytes = [0; 4096];
                        while let Ok(count @ 1..) = from.read(&mut bytes) {
                            if answers && cuts.load(Ordering::SeqCst) {
                                let _ = to.shutdown(std::net::Shutdown::Both);
                                let _ = from.shutdown(std::net::Shutdown::Both);
                                return;
                            }
                            if to.write_all(&bytes[..count]).is_err() {
                                return;
                            }
                        }
                    });
                }
                kept.lock().expect("the streams").extend([client, server]);
            }
        });
        Self { port, cuts_answer, streams }
    }

    /// Sets whether the next answer is lost, and its connection with it.
    pub(super) fn cut_with_the_next_answer(&self, is_so: bool) {
        self.cuts_answer.store(is_so, Ordering::SeqCst);
    }

    /// Cuts all its connections.
    pub(super) fn cut(&self) {
        for stream in self.streams.lock().expect("the streams").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}
