//! Whom a race trusts over TLS.

use std::sync::Arc;

use rustls::ClientConfig;

use crate::race::RaceError;
use crate::race::plan::Trust;
use crate::tls::{self, Trusted};

/// The client's side of TLS.
pub(super) fn config(trust: &Trust) -> Result<Arc<ClientConfig>, RaceError> {
    let trusted = if trust.insecure { Trusted::Anybody } else { Trusted::Named(trust.cacert.as_deref()) };
    let mut config = tls::client(trusted).map_err(RaceError::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
