//! The document in which an identity provider introduces itself ("Metadata for SAML 2.0").

use mastic_core::Timestamp;

use super::certificate::public_key;
use super::signature::decoded;
use super::tree::parse;
use super::{METADATA, SIGNATURE};

/// What counts of an identity provider's metadata.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metadata {
    pub(crate) entity: String,
    /// The certificates that it signs with, as DER.
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) valid_until: Option<Timestamp>,
}

impl Metadata {
    /// Reads a metadata document.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(document: &str) -> Result<Self, String> {
        let root = parse(document)?;
        if !root.is(METADATA, "EntityDescriptor") {
            return Err("its root is no EntityDescriptor".to_owned());
        }
        let entity = root.attribute("entityID").filter(|id| !id.is_empty()).ok_or("it has no entityID")?;
        let mut certificates = Vec::new();
        for role in root.all(METADATA, "IDPSSODescriptor") {
            let keys = role
                .all(METADATA, "KeyDescriptor")
                .filter(|key| key.attribute("use").is_none_or(|usage| usage == "signing"));
            for data in keys.flat_map(|key| key.all(SIGNATURE, "KeyInfo")) {
                for data in data.all(SIGNATURE, "X509Data") {
                    for certificate in data.all(SIGNATURE, "X509Certificate") {
                        let der = decoded(&certificate.text()).filter(|der| public_key(der).is_some());
                        certificates.push(der.ok_or("one of its certificates cannot be read")?);
                    }
                }
            }
        }
        if certificates.is_empty() {
            return Err("it has no IDPSSODescriptor with a certificate for signing".to_owned());
        }
        let valid_until = match root.attribute("validUntil") {
            None => None,
            Some(text) => Some(Timestamp::parse(text).ok_or("its validUntil is no date")?),
        };
        Ok(Self { entity: entity.to_owned(), certificates, valid_until })
    }
}
