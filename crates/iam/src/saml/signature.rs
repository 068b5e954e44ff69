//! XML signatures over one element, which holds its signature ("XML Signature Syntax and Processing", "SAML
//! 2.0 Core", section 5).
//!
//! What is checked is the very element that is read afterwards, never one found by its name: a signature moved
//! to another place, or another element beside the signed one, proves nothing.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SIGNATURE;
use super::canonical::canonical;
use super::certificate::public_key;
use super::tree::Element;

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Bytes of base64 that may be broken into lines.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok()
}

/// Whether the element has a signature of its own.
pub(super) fn is_signed(element: &Element) -> bool {
    element.all(SIGNATURE, "Signature").next().is_some()
}

/// Whether the element is signed with the key of one of the certificates (DER).
pub(super) fn is_valid(element: &Element, certificates: &[Vec<u8>]) -> bool {
    check(element, certificates).is_some()
}

fn check(element: &Element, certificates: &[Vec<u8>]) -> Option<()> {
    let signature = element.one(SIGNATURE, "Signature")?;
    let info = signature.one(SIGNATURE, "SignedInfo")?;
    let method = info.one(SIGNATURE, "CanonicalizationMethod")?;
    if method.attribute("Algorithm")? != EXCLUSIVE {
        return None;
    }
    let reference = info.one(SIGNATURE, "Reference")?;
    let id = element.attribute("ID").filter(|id| !id.is_empty())?;
    if reference.attribute("URI")?.strip_prefix('#')? != id {
        return None;
    }
    let inclusive = transforms(reference)?;
    let content = canonical(element, &inclusive, true);
    let algorithm = match reference.one(SIGNATURE, "DigestMethod")?.attribute("Algorithm")? {
        "http://www.w3.org/2001/04/xmlenc#sha256" => &digest::SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &digest::SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &digest::SHA512,
        _ => return None,
    };
    let told = decoded(&reference.one(SIGNATURE, "DigestValue")?.text())?;
    if digest::digest(algorithm, content.as_bytes()).as_ref() != told {
        return None;
    }
    let algorithm: &dyn VerificationAlgorithm =
        match info.one(SIGNATURE, "SignatureMethod")?.attribute("Algorithm")? {
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => &RSA_PKCS1_2048_8192_SHA256,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => &RSA_PKCS1_2048_8192_SHA384,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => &RSA_PKCS1_2048_8192_SHA512,
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => &ECDSA_P256_SHA256_FIXED,
            _ => return None,
        };
    let message = canonical(info, &prefixes(method), false);
    let value = decoded(&signature.one(SIGNATURE, "SignatureValue")?.text())?;
    certificates
        .iter()
        .filter_map(|certificate| public_key(certificate))
        .any(|key| UnparsedPublicKey::new(algorithm, key).verify(message.as_bytes(), &value).is_ok())
        .then_some(())
}

/// The transforms must be the enveloped signature and, if any other, exclusive canonicalization; answers the prefixes
/// that the latter includes.
fn transforms(reference: &Element) -> Option<Vec<String>> {
    let list = reference.one(SIGNATURE, "Transforms")?;
    let mut enveloped = false;
    let mut inclusive = Vec::new();
    for transform in list.elements() {
        match transform.attribute("Algorithm")? {
            ENVELOPED => enveloped = true,
            EXCLUSIVE => inclusive = prefixes(transform),
            _ => return None,
        }
    }
    enveloped.then_some(inclusive)
}

fn prefixes(method: &Element) -> Vec<String> {
    let list = method.one(EXCLUSIVE, "InclusiveNamespaces").and_then(|list| list.attribute("PrefixList"));
    list.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
}
