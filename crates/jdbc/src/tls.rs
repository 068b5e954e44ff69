//! Encryption: what is trusted, and what went wrong.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

/// Whether and how a connection is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// It is not.
    Disable,
    /// It is where the server can; nobody asks who the server is.
    #[default]
    Prefer,
    /// It is; nobody asks who the server is.
    Require,
    /// It is, and a trusted authority signed the server's certificate.
    VerifyAuthority,
    /// The same, and the certificate is for the host.
    VerifyFull,
}

impl TlsMode {
    /// Whether the server's certificate is looked at.
    #[must_use]
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyAuthority | Self::VerifyFull)
    }
}

/// An authority that cannot be trusted; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(String);

/// Bits of an RSA key at least.
const KEY_BITS: usize = 2048;

/// Checks what Glue demands of a custom certificate: a signature by RSA with SHA-256, SHA-384 or SHA-512, and a key of
/// 2048 bits or more (`SKIP_CUSTOM_JDBC_CERT_VALIDATION` in "AWS Glue connection properties").
///
/// # Errors
/// When a certificate of the PEM text is otherwise, or the text has none.
pub fn check_authority(pem: &[u8]) -> Result<(), TrustError> {
    for certificate in certificates(pem)? {
        let (_, certificate) = X509Certificate::from_der(&certificate)
            .map_err(|error| TrustError(format!("a certificate cannot be read: {error}")))?;
        let algorithm = &certificate.signature_algorithm.algorithm;
        if ![OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA].contains(algorithm) {
            return Err(TrustError(
                "its signature algorithm is not SHA256withRSA, SHA384withRSA or SHA512withRSA \
                 (SKIP_CUSTOM_JDBC_CERT_VALIDATION takes it nevertheless)"
                    .to_owned(),
            ));
        }
        let bits = match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => key.key_size(),
            _ => 0,
        };
        if bits < KEY_BITS {
            return Err(TrustError(format!(
                "its key is not an RSA key of {KEY_BITS} bits or more (SKIP_CUSTOM_JDBC_CERT_VALIDATION takes it nevertheless)"
            )));
        }
    }
    Ok(())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = read.map_err(|error| TrustError(format!("it is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(TrustError("it has no certificate in PEM form".to_owned()));
    }
    Ok(found)
}

/// The certificates that are trusted: those of a PEM text, or the system's.
pub(crate) fn trusted(pem: Option<&[u8]>) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    if let Some(pem) = pem {
        let found = certificates(pem)?;
        let mut store = RootCertStore::empty();
        for certificate in &found {
            store
                .add(certificate.clone())
                .map_err(|error| TrustError(format!("it is no authority's: {error}")))?;
        }
        return Ok(found);
    }
    let mut found = rustls_native_certs::load_native_certs().certs;
    found.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    if found.is_empty() {
        return Err(TrustError("the system knows no certificate authorities".to_owned()));
    }
    Ok(found)
}

/// How a connection of the mode is encrypted.
pub(crate) fn config(mode: TlsMode, pem: Option<&[u8]>) -> Result<Arc<ClientConfig>, TrustError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let broken = |error: &dyn std::fmt::Display| TrustError(error.to_string());
    let inner = if mode.verifies() {
        let mut roots = RootCertStore::empty();
        for certificate in trusted(pem)? {
            roots.add(certificate).map_err(|error| broken(&error))?;
        }
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        Some(verifier.map_err(|error| broken(&error))?)
    } else {
        None
    };
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let verifier = Verifier { inner, mode, provider: Arc::clone(&provider), schemes };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Looks at a server's certificate as far as the mode says; signatures of the handshake are always checked.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    mode: TlsMode,
    provider: Arc<rustls::crypto::CryptoProvider>,
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.mode == TlsMode::VerifyAuthority => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// What people read of a connection that is not encrypted.
pub(crate) const PLAIN: &str = "the connection is not encrypted";

/// What people read of one that is.
pub(crate) fn protection(mode: TlsMode, name: &str) -> String {
    match mode {
        TlsMode::VerifyFull => {
            format!("encrypted; the certificate is for {name} and its authority is trusted")
        }
        TlsMode::VerifyAuthority => "encrypted; the certificate's authority is trusted".to_owned(),
        _ => "encrypted; the certificate was not looked at".to_owned(),
    }
}

/// What stands behind a failed handshake, for people.
pub(crate) fn explain(error: &Error, name: &str) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate is not signed by an authority that is trusted".to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!("the server's certificate is not for {name}"),
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired".to_owned()
        }
        other => other.to_string(),
    }
}
