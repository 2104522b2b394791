//! Whom a client trusts over TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::foreign;

/// Whom a client trusts. The authorities are those of the system, or those in a file (PEM).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trusted<'a> {
    /// Any server.
    Anybody,
    /// A server with a certificate of an authority, under any name.
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres")),
        allow(dead_code, reason = "sslmode=verify-ca")
    )]
    AnyName(Option<&'a Path>),
    /// A server with a certificate of an authority for its name.
    Named(Option<&'a Path>),
}

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The file of the trusted authorities can't be read.
    #[error("{}: {said}", path.display())]
    Authorities {
        /// Which.
        path: PathBuf,
        /// What the library says.
        said: String,
    },
    /// The file of the trusted authorities holds none.
    #[error("{}: holds no certificate (PEM)", .0.display())]
    NoCertificate(PathBuf),
    /// What the library, the system or the server says.
    #[error("{0}")]
    Said(String),
}

impl TlsError {
    /// What a library or the system says, made safe for a terminal.
    pub(crate) fn said(error: impl std::fmt::Display) -> Self {
        TlsError::Said(foreign::shown(&error.to_string()).into_owned())
    }
}

/// The client's side of TLS.
///
/// # Errors
/// When the authorities can't be read.
pub(crate) fn client(trusted: Trusted<'_>) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::said)?;
    let own = |verifier: Arc<dyn ServerCertVerifier>| {
        builder.clone().dangerous().with_custom_certificate_verifier(verifier)
    };
    let config = match trusted {
        Trusted::Anybody => own(Arc::new(Anybody(provider))),
        Trusted::AnyName(file) => {
            let roots = Arc::new(roots(file)?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            own(Arc::new(AnyName(verifier.map_err(TlsError::said)?)))
        }
        Trusted::Named(file) => builder.with_root_certificates(roots(file)?),
    };
    Ok(config.with_no_client_auth())
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = file else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // One unusable certificate is no reason to trust none.
            let _ = roots.add(certificate);
        }
        return Ok(roots);
    };
    let failed = |error: &dyn std::fmt::Display| TlsError::Authorities {
        path: path.to_owned(),
        said: foreign::shown(&error.to_string()).into_owned(),
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() { Err(TlsError::NoCertificate(path.to_owned())) } else { Ok(roots) }
}

/// Trusts any server, but checks its signatures.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

/// Trusts any server with a certificate of an authority, whatever its name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        match self.0.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The name is checked last.
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
