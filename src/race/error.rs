//! Why a race could not be run.

use std::net::IpAddr;

use crate::tls::TlsError;

/// Why there was no race at all: nothing was sent or started.
#[derive(Debug, thiserror::Error)]
pub enum RaceError {
    /// A server's name can't be resolved.
    #[error("{host}: {source}")]
    NoHost {
        /// The name.
        host: String,
        /// Why.
        source: std::io::Error,
    },
    /// A server is neither on this machine nor in a private network.
    #[error("{}neither this machine nor in a private network", named(host, *address))]
    Remote {
        /// The name.
        host: String,
        /// Where it is.
        address: IpAddr,
    },
    /// TLS can't be set up.
    #[error("TLS: {0}")]
    Tls(TlsError),
    /// The buyers need more connections or pipes than this process may open.
    #[error(
        "{buyers} buyers need {needed} open files, and the limit is {limit} (ulimit -n); take fewer, or raise it"
    )]
    OpenFiles {
        /// How many buyers.
        buyers: u32,
        /// How many files they need.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
}

/// The start of a sentence on a server: its address, too, where that is not its name.
fn named(host: &str, address: IpAddr) -> String {
    if host == address.to_string() {
        format!("{host} is ")
    } else {
        format!("{host} is {address}, which is ")
    }
}
