//! RSA public keys in the forms in which SSH keys are uploaded and shown: OpenSSH's line (RFC 4253) and PEM
//! (RFC 5280's SubjectPublicKeyInfo, RFC 8017's RSAPublicKey).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

/// The shortest modulus, in bits.
const SHORTEST: usize = 2048;

/// What `ssh-rsa` keys begin with.
const KIND: &str = "ssh-rsa";

/// DER of the algorithm rsaEncryption with its NULL parameters.
const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RsaKey {
    /// Big-endian, without leading zeros.
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Without leading zeros.
fn plain(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

/// With the zero that keeps it positive in forms that have a sign.
fn signed(number: &[u8]) -> Vec<u8> {
    let high = number.first().is_some_and(|byte| byte & 0x80 != 0);
    high.then_some(0).into_iter().chain(number.iter().copied()).collect()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    if length < 0x80 {
        bytes.push(length as u8);
    } else {
        let digits = plain(&length.to_be_bytes());
        bytes.push(0x80 | digits.len() as u8);
        bytes.extend(digits);
    }
    bytes.extend(content);
    bytes
}

/// A string of SSH's wire form off the front.
fn string<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *bytes = rest;
    Some(text)
}

impl RsaKey {
    /// Reads either form; none if it is neither, or no RSA key of 2048 bits at least.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let key = if text.starts_with("-----BEGIN") { Self::of_pem(text) } else { Self::of_line(text) };
        key.filter(|key| {
            let bits =
                key.modulus.len() * 8 - key.modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
            bits >= SHORTEST && key.exponent.last().is_some_and(|byte| byte & 1 == 1)
        })
    }

    fn of_line(text: &str) -> Option<Self> {
        let mut parts = text.split_ascii_whitespace();
        if parts.next() != Some(KIND) {
            return None;
        }
        let blob = STANDARD.decode(parts.next()?).ok()?;
        let mut rest = blob.as_slice();
        if string(&mut rest)? != KIND.as_bytes() {
            return None;
        }
        let exponent = plain(string(&mut rest)?);
        let modulus = plain(string(&mut rest)?);
        rest.is_empty().then_some(Self { modulus, exponent })
    }

    fn of_pem(text: &str) -> Option<Self> {
        let mut blocks = Pem::iter_from_buffer(text.as_bytes());
        let block = blocks.next()?.ok()?;
        if blocks.next().is_some() {
            return None;
        }
        let of = |key: &RSAPublicKey<'_>| Self { modulus: plain(key.modulus), exponent: plain(key.exponent) };
        match block.label.as_str() {
            "PUBLIC KEY" => {
                let (rest, info) = SubjectPublicKeyInfo::from_der(&block.contents).ok()?;
                match info.parsed() {
                    Ok(PublicKey::RSA(key)) if rest.is_empty() => Some(of(&key)),
                    _ => None,
                }
            }
            "RSA PUBLIC KEY" => {
                let (rest, key) = RSAPublicKey::from_der(&block.contents).ok()?;
                rest.is_empty().then(|| of(&key))
            }
            _ => None,
        }
    }

    fn blob(&self) -> Vec<u8> {
        [KIND.as_bytes().to_vec(), signed(&self.exponent), signed(&self.modulus)]
            .iter()
            .flat_map(|part| {
                let length = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
                length.into_iter().chain(part.iter().copied()).collect::<Vec<u8>>()
            })
            .collect()
    }

    /// OpenSSH's line, without a comment.
    pub(crate) fn line(&self) -> String {
        format!("{KIND} {}", STANDARD.encode(self.blob()))
    }

    /// As a PEM file.
    pub(crate) fn pem(&self) -> String {
        let numbers = [der(2, &signed(&self.modulus)), der(2, &signed(&self.exponent))].concat();
        let bits = [vec![0], der(0x30, &numbers)].concat();
        let info = der(0x30, &[RSA_ENCRYPTION.to_vec(), der(3, &bits)].concat());
        let text = STANDARD.encode(info);
        let mut lines = vec!["-----BEGIN PUBLIC KEY-----".to_owned()];
        let letters: Vec<char> = text.chars().collect();
        lines.extend(letters.chunks(64).map(|line| line.iter().collect::<String>()));
        lines.push("-----END PUBLIC KEY-----".to_owned());
        lines.join("\n")
    }

    /// The MD5 digest that `ssh-keygen -l -E md5` shows.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Md5::digest(self.blob());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with: ssh-keygen -t rsa -b 2048; the fingerprint by ssh-keygen -l -E md5.
    const LINE: &str = include_str!("testdata/rsa.pub");
    const PEM: &str = include_str!("testdata/rsa.pem");
    const PKCS1: &str = include_str!("testdata/rsa_pkcs1.pem");
    const FINGERPRINT: &str = include_str!("testdata/rsa.md5");

    #[test]
    fn all_forms_are_one_key() {
        let key = RsaKey::parse(LINE).unwrap();
        assert_eq!(RsaKey::parse(PEM).unwrap(), key);
        assert_eq!(RsaKey::parse(PKCS1).unwrap(), key);
        assert_eq!(key.pem(), PEM.trim());
        assert!(LINE.starts_with(&key.line()));
        assert_eq!(key.fingerprint(), FINGERPRINT.trim());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let cut = LINE.get(..LINE.len() / 2).unwrap();
        let other = LINE.replace("ssh-rsa", "ssh-dss");
        let short = RsaKey { modulus: vec![0xff; 128], exponent: vec![1, 0, 1] };
        let texts =
            ["", "ssh-rsa", "ssh-rsa !", "ssh-ed25519 AAAA", cut, &other, &short.line(), &short.pem()];
        for text in texts {
            assert_eq!(RsaKey::parse(text), None, "{text}");
        }
        let twice = format!("{PEM}\n{PEM}");
        assert_eq!(RsaKey::parse(&twice), None);
    }
}
