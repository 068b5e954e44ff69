//! Certificates and private keys as PEM texts.

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm,
};
use mastic_core::{Fault, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    pub(crate) expires: Timestamp,
    /// The bits of its subject's public key.
    key: Vec<u8>,
}

fn malformed(text: &str) -> Fault {
    Fault::sender("MalformedCertificate", text)
}

fn blocks(text: &str) -> Option<Vec<Pem>> {
    Pem::iter_from_buffer(text.as_bytes()).collect::<Result<_, _>>().ok()
}

fn read(block: &Pem) -> Option<Certificate> {
    if block.label != "CERTIFICATE" {
        return None;
    }
    let (rest, parsed) = X509Certificate::from_der(&block.contents).ok()?;
    rest.is_empty().then(|| Certificate {
        der: block.contents.clone(),
        expires: Timestamp::from_secs(parsed.validity().not_after.timestamp()),
        key: parsed.public_key().subject_public_key.data.to_vec(),
    })
}

/// The one certificate of a text.
///
/// # Errors
/// AWS's `MalformedCertificate`.
pub(crate) fn certificate(text: &str) -> Result<Certificate, Fault> {
    let found = blocks(text).and_then(|found| match found.as_slice() {
        [one] => read(one),
        _ => None,
    });
    found.ok_or_else(|| {
        malformed("Unable to parse certificate. Please ensure the certificate is in PEM format.")
    })
}

/// Checks a chain: each certificate of it must have signed the one before it, the first of all `leaf`.
///
/// # Errors
/// AWS's `MalformedCertificate`.
pub(crate) fn check_chain(leaf: &Certificate, chain: &str) -> Result<(), Fault> {
    let found: Option<Vec<Certificate>> =
        blocks(chain).filter(|found| !found.is_empty()).and_then(|found| found.iter().map(read).collect());
    let found = found.ok_or_else(|| {
        malformed("Unable to parse certificate chain. Please ensure the certificates are in PEM format.")
    })?;
    let below = std::iter::once(leaf).chain(&found);
    for (index, (below, above)) in below.zip(&found).enumerate() {
        if signed_by(&below.der, &above.der).is_none() {
            return Err(malformed(&format!(
                "Unable to validate certificate chain. The certificate chain must start with the immediate signing \
                 certificate, followed by any intermediaries in order. The index within the chain of the invalid \
                 certificate is: {index}"
            )));
        }
    }
    Ok(())
}

fn signed_by(below: &[u8], above: &[u8]) -> Option<()> {
    let (_, below) = X509Certificate::from_der(below).ok()?;
    let (_, above) = X509Certificate::from_der(above).ok()?;
    if below.issuer() != above.subject() {
        return None;
    }
    let key = &above.public_key().subject_public_key.data;
    let p384 = key.len() == 97;
    let algorithm: &dyn VerificationAlgorithm =
        match below.signature_algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.11" => &signature::RSA_PKCS1_2048_8192_SHA256,
            "1.2.840.113549.1.1.12" => &signature::RSA_PKCS1_2048_8192_SHA384,
            "1.2.840.113549.1.1.13" => &signature::RSA_PKCS1_2048_8192_SHA512,
            "1.2.840.10045.4.3.2" if p384 => &signature::ECDSA_P384_SHA256_ASN1,
            "1.2.840.10045.4.3.2" => &signature::ECDSA_P256_SHA256_ASN1,
            "1.2.840.10045.4.3.3" if p384 => &signature::ECDSA_P384_SHA384_ASN1,
            "1.2.840.10045.4.3.3" => &signature::ECDSA_P256_SHA384_ASN1,
            "1.2.840.10045.4.3.4" => &signature::ECDSA_P521_SHA512_ASN1,
            _ => return None,
        };
    let signed = below.tbs_certificate.as_ref();
    UnparsedPublicKey::new(algorithm, key).verify(signed, &below.signature_value.data).ok()
}

/// Checks that a private key is the certificate's.
///
/// # Errors
/// AWS's `MalformedCertificate` for a key that cannot be read, `KeyPairMismatch` for another one.
pub(crate) fn check_key(certificate: &Certificate, private_key: &str) -> Result<(), Fault> {
    let unread = || {
        malformed(
            "Unable to parse key; the body is encoded incorrectly. The private key must be an RSA key of 2048 bits or \
             more, or a key on P-256, P-384 or P-521, in PEM format, and without a password.",
        )
    };
    let found = blocks(private_key).ok_or_else(unread)?;
    // OpenSSL writes the parameters of a curve before the key.
    let mut keys = found.iter().filter(|block| block.label != "EC PARAMETERS");
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(unread()) };
    let public = public_key(key).ok_or_else(unread)?;
    if public == certificate.key {
        return Ok(());
    }
    Err(Fault::sender("KeyPairMismatch", "The public key certificate and the private key do not match."))
}

fn public_key(key: &Pem) -> Option<Vec<u8>> {
    let rsa = |pair: RsaKeyPair| pair.public_key().as_ref().to_vec();
    let curves =
        [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING];
    let curve = || {
        let mut pairs =
            curves.iter().filter_map(|curve| EcdsaKeyPair::from_private_key_der(curve, &key.contents).ok());
        pairs.next().map(|pair| pair.public_key().as_ref().to_vec())
    };
    match key.label.as_str() {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&key.contents).ok().map(rsa),
        "EC PRIVATE KEY" => curve(),
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&key.contents).ok().map(rsa).or_else(curve),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = include_str!("testdata/ca.pem");
    const SERVER: &str = include_str!("testdata/server.pem");
    const EC: &str = include_str!("testdata/ec.pem");
    const SERVER_KEY: &str = include_str!("testdata/server.key");
    const EC_KEY: &str = include_str!("testdata/ec.key");

    fn code<T: std::fmt::Debug>(outcome: Result<T, Fault>) -> String {
        outcome.unwrap_err().code().to_owned()
    }

    #[test]
    fn one_certificate_is_read() {
        let server = certificate(SERVER).unwrap();
        assert!(server.expires > Timestamp::from_secs(4_000_000_000));
        for text in ["", "nonsense", SERVER_KEY, &format!("{SERVER}\n{CA}"), &SERVER.replace('M', "N")] {
            assert_eq!(code(certificate(text)), "MalformedCertificate");
        }
    }

    #[test]
    fn a_key_belongs_to_its_certificate() {
        let (server, ec) = (certificate(SERVER).unwrap(), certificate(EC).unwrap());
        for key in [SERVER_KEY, include_str!("testdata/server_pkcs1.key")] {
            check_key(&server, key).unwrap();
            assert_eq!(code(check_key(&ec, key)), "KeyPairMismatch");
        }
        for key in [EC_KEY, include_str!("testdata/ec_sec1.key")] {
            check_key(&ec, key).unwrap();
            assert_eq!(code(check_key(&server, key)), "KeyPairMismatch");
        }
        for key in ["", "nonsense", SERVER, include_str!("testdata/server_locked.key")] {
            assert_eq!(code(check_key(&server, key)), "MalformedCertificate");
        }
    }

    #[test]
    fn a_chain_leads_from_the_certificate_upwards() {
        let server = certificate(SERVER).unwrap();
        check_chain(&server, CA).unwrap();
        assert_eq!(code(check_chain(&server, EC)), "MalformedCertificate");
        assert_eq!(code(check_chain(&server, &format!("{CA}\n{EC}"))), "MalformedCertificate");
        assert_eq!(code(check_chain(&server, "")), "MalformedCertificate");
        assert_eq!(code(check_chain(&server, SERVER_KEY)), "MalformedCertificate");
    }
}
