//! SAML 2.0: an identity provider's metadata and what it asserts, signed.

mod assertion;
mod canonical;
mod certificate;
mod metadata;
mod signature;
mod tree;

pub(crate) use assertion::{Assertion, Distrust};
pub(crate) use metadata::Metadata;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
