//! JSON Web Tokens: taken apart, and checked against an issuer's keys (RFC 7515, 7517, 7518, 7519).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mastic_core::Fault;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A token that is no valid proof.
pub(super) fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidIdentityToken", text)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that a reader must understand; none are known here.
    #[serde(default)]
    crit: Option<Value>,
}

/// A token taken apart; nothing of it is believed yet.
pub(super) struct Jwt {
    header: Header,
    pub(super) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

/// A public key of an issuer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Key {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// An issuer's keys.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct KeySet {
    /// Kept as they came: one of a kind that is not known here does not spoil the others.
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a JSON Web Key Set.
    pub(super) fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| format!("it gives no JSON Web Key Set: {error}"))
    }

    fn candidates<'k>(&'k self, header: &'k Header) -> impl Iterator<Item = Key> + 'k {
        self.keys.iter().filter_map(|key| serde_json::from_value::<Key>(key.clone()).ok()).filter(|key| {
            key.usage.as_deref().is_none_or(|usage| usage == "sig")
                && key.alg.as_deref().is_none_or(|alg| alg == header.alg)
                && header.kid.as_ref().is_none_or(|kid| key.kid.as_ref() == Some(kid))
        })
    }

    /// Whether any key could have signed the token.
    pub(super) fn has_key_for(&self, token: &Jwt) -> bool {
        self.candidates(&token.header).next().is_some()
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

impl Jwt {
    /// Takes a token apart.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&bytes(header)?).ok()?;
        let Value::Object(claims) = serde_json::from_slice(&bytes(claims)?).ok()? else { return None };
        Some(Self { header, claims, signed: signed.to_owned(), signature: bytes(signature)? })
    }

    /// A claim that is text.
    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A claim that is a moment, in seconds since the epoch.
    pub(super) fn seconds(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// A claim that is one text or a list of them.
    pub(super) fn texts(&self, claim: &str) -> Vec<&str> {
        match self.claims.get(claim) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether one of the keys signed it. Algorithms with shared secrets and `none` are not known, whatever the
    /// token says.
    pub(super) fn verify(&self, keys: &KeySet) -> bool {
        self.header.crit.is_none() && keys.candidates(&self.header).any(|key| self.signed_by(&key).is_some())
    }

    fn signed_by(&self, key: &Key) -> Option<()> {
        let part = |text: &Option<String>| text.as_deref().and_then(bytes);
        let message = self.signed.as_bytes();
        let rsa = match self.header.alg.as_str() {
            "RS256" => Some(&RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Some(&RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Some(&RSA_PKCS1_2048_8192_SHA512),
            _ => None,
        };
        if let Some(algorithm) = rsa {
            let components = RsaPublicKeyComponents { n: part(&key.n)?, e: part(&key.e)? };
            return (key.kty == "RSA")
                .then_some(())
                .and_then(|()| components.verify(algorithm, message, &self.signature).ok());
        }
        let (curve, size, algorithm) = match self.header.alg.as_str() {
            "ES256" => ("P-256", 32, &ECDSA_P256_SHA256_FIXED),
            "ES384" => ("P-384", 48, &ECDSA_P384_SHA384_FIXED),
            "ES512" => ("P-521", 66, &ECDSA_P521_SHA512_FIXED),
            _ => return None,
        };
        let (x, y) = (part(&key.x)?, part(&key.y)?);
        if key.kty != "EC" || key.crv.as_deref() != Some(curve) || x.len() != size || y.len() != size {
            return None;
        }
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        UnparsedPublicKey::new(algorithm, point).verify(message, &self.signature).ok()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    fn encode(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    fn signed(header: &str, claims: &str) -> (String, KeySet) {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = key.sign(&random, message.as_bytes()).unwrap();
        let point = key.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let keys = format!(
            r#"{{"keys":[{{"kty":"OKP"}},{{"kty":"EC","crv":"P-256","kid":"k","x":"{x}","y":"{y}"}}]}}"#
        );
        (format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)), KeySet::parse(&keys).unwrap())
    }

    #[test]
    fn a_signature_holds_for_its_token_and_key_alone() {
        let (text, keys) =
            signed(r#"{"alg":"ES256","kid":"k"}"#, r#"{"sub":"a","exp":1.5e9,"aud":["x","y"]}"#);
        let token = Jwt::parse(&text).unwrap();
        assert!(token.verify(&keys));
        assert_eq!((token.text("sub"), token.seconds("exp")), (Some("a"), Some(1_500_000_000)));
        assert_eq!(token.texts("aud"), ["x", "y"]);
        let (other, other_keys) = signed(r#"{"alg":"ES256","kid":"k"}"#, r#"{"sub":"b"}"#);
        assert!(!token.verify(&other_keys));
        let forged = format!("{}.{}", other.rsplit_once('.').unwrap().0, text.rsplit_once('.').unwrap().1);
        assert!(!Jwt::parse(&forged).unwrap().verify(&keys));
    }

    #[test]
    fn tokens_cannot_choose_to_be_believed() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"ES256","crit":["x"]}"#,
            r#"{"alg":"ES256","kid":"z"}"#,
        ] {
            let (text, keys) = signed(header, "{}");
            assert!(!Jwt::parse(&text).unwrap().verify(&keys), "{header}");
        }
        for text in ["", "a.b", "a.b.c", "e30.e30", "e30.e30."] {
            assert!(Jwt::parse(text).is_none(), "{text}");
        }
    }
}
