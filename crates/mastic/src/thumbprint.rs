//! Whom to believe that it is an identity provider's server: who has a certificate of the system's authorities, or one
//! of the thumbprints that the provider was made with.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Where distributions keep the certificate authorities.
const SYSTEM_CAS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// How to reach a provider of these thumbprints.
pub fn client(thumbprints: &[String]) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut authorities = RootCertStore::empty();
    if let Some(found) = SYSTEM_CAS.iter().find_map(|path| CertificateDer::pem_file_iter(path).ok()) {
        authorities.add_parsable_certificates(found.filter_map(Result::ok));
    }
    let verifier = Verifier {
        system: Arc::new(authorities),
        thumbprints: thumbprints.iter().map(|print| print.to_ascii_lowercase()).collect(),
        provider: Arc::clone(&provider),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

#[derive(Debug)]
struct Verifier {
    system: Arc<RootCertStore>,
    thumbprints: Vec<String>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Checks the chain against some authorities: names, times, signatures.
    fn check(
        &self,
        roots: Arc<RootCertStore>,
        (end, chain): (&CertificateDer<'_>, &[CertificateDer<'_>]),
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(end, chain, name, &[], now)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let refused = if self.system.is_empty() {
            Error::General("no certificate authorities are known".to_owned())
        } else {
            match self.check(Arc::clone(&self.system), (end, chain), name, now) {
                Ok(verified) => return Ok(verified),
                Err(refused) => refused,
            }
        };
        // The thumbprint is that of the topmost certificate that the server sends, which then is the authority.
        let top = chain.last().unwrap_or(end);
        let print = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, top);
        let print: String = print.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        if !self.thumbprints.contains(&print) {
            return Err(refused);
        }
        let mut own = RootCertStore::empty();
        own.add(top.clone().into_owned())?;
        self.check(Arc::new(own), (end, chain), name, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
