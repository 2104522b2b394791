//! TLS to a server of PostgreSQL. Whom it trusts is what `sslmode` says: `require` and `prefer` whomever they
//! meet, as every client of PostgreSQL does (section 34.19 of its manual); `verify-ca` and `verify-full` the
//! authorities of the system, or those in `sslrootcert`.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use super::socket::Plain;
use crate::foreign;
use crate::store::sql::address::{PostgresAddress, PostgresHost, SslMode};
use crate::store::sql::error::SqlError;

/// Puts TLS on a socket whose other end has agreed to it.
pub(super) fn on(
    plain: Plain,
    address: &PostgresAddress,
) -> Result<StreamOwned<ClientConnection, Plain>, SqlError> {
    let failed = |what: String| SqlError::Tls {
        address: address.to_string(),
        what: foreign::shown(&what).into_owned(),
    };
    let host = match &address.host {
        PostgresHost::Name(name) => name.clone(),
        PostgresHost::Usual | PostgresHost::Folder(_) => "localhost".to_owned(),
    };
    let name = ServerName::try_from(host).map_err(|error| failed(error.to_string()))?;
    let config = config(address).map_err(failed)?;
    let connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| failed(error.to_string()))?;
    let mut stream = StreamOwned::new(connection, plain);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|error| failed(error.to_string()))?;
    }
    Ok(stream)
}

fn config(address: &PostgresAddress) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let told = |error: &dyn std::error::Error| error.to_string();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| told(&error))?;
    let verifier: Arc<dyn ServerCertVerifier> = match address.ssl_mode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require => Arc::new(Anybody(provider)),
        SslMode::VerifyCa | SslMode::VerifyFull => {
            let roots = Arc::new(roots(address)?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            let verifier = verifier.map_err(|error| told(&error))?;
            if address.ssl_mode == SslMode::VerifyFull { verifier } else { Arc::new(AnyName(verifier)) }
        }
    };
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn roots(address: &PostgresAddress) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &address.ssl_root else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // One that can't be used is no reason to trust none.
            let _ = roots.add(certificate);
        }
        return Ok(roots);
    };
    let failed = |what: String| format!("{}: {what}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if roots.is_empty() { Err(failed("holds no certificate (PEM)".to_owned())) } else { Ok(roots) }
}

/// Trusts anybody; what is signed must still be signed rightly.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

/// Trusts whoever is vouched for, under whatever name.
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
            // The name is looked at last.
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
