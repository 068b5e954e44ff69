//! The checksums that S3 takes and gives ("Checking object integrity in Amazon S3").

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use mastic_core::Fault;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::fault;

/// A checksum algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// CRC-32 (ISO-HDLC).
    Crc32,
    /// CRC-32C (iSCSI).
    Crc32c,
    /// CRC-64/NVME; S3's own where the client names none.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name as S3 writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header (or trailer) that carries a value of it.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The algorithm of that name, in any case.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that S3 does not know.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            fault::invalid_request("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        })
    }

    const fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    const fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// What a multipart upload's checksum covers where the client does not say.
    pub(crate) const fn usual_kind(self) -> ChecksumKind {
        match self {
            Self::Crc64Nvme => ChecksumKind::FullObject,
            _ => ChecksumKind::Composite,
        }
    }

    pub(crate) const fn allows(self, kind: ChecksumKind) -> bool {
        !matches!(
            (self, kind),
            (Self::Crc64Nvme, ChecksumKind::Composite)
                | (Self::Sha1 | Self::Sha256, ChecksumKind::FullObject)
        )
    }
}

/// What a multipart object's checksum covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChecksumKind {
    /// The bytes of the object.
    FullObject,
    /// The checksums of its parts.
    Composite,
}

impl ChecksumKind {
    /// The name as S3 writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }

    /// The kind of that name.
    ///
    /// # Errors
    /// `InvalidRequest` for another name.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        match name {
            "FULL_OBJECT" => Ok(Self::FullObject),
            "COMPOSITE" => Ok(Self::Composite),
            _ => Err(fault::invalid_request("Value for x-amz-checksum-type header is invalid.")),
        }
    }
}

/// A checksum as it is kept with an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChecksum {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// What it covers.
    pub kind: ChecksumKind,
    /// The value in base64; `-N` follows a composite one of `N` parts.
    pub value: String,
}

/// What the client says that the body's digests are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// `Content-MD5`, in base64.
    pub md5: Option<String>,
    /// A checksum known before the body.
    pub checksum: Option<(Algorithm, String)>,
    /// The algorithm of the checksum that follows the body.
    pub trailer: Option<Algorithm>,
    /// The algorithm that is to be kept; without one, that of the client's value.
    pub algorithm: Option<Algorithm>,
}

impl Expected {
    /// The algorithm of the client's value.
    pub(crate) fn given(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|(algorithm, _)| *algorithm).or(self.trailer)
    }

    /// The algorithm to keep: the one asked for, the client's, or S3's own.
    fn kept(&self) -> Algorithm {
        self.algorithm.or(self.given()).unwrap_or(Algorithm::Crc64Nvme)
    }

    /// Checks the form of what is known before the body.
    pub(crate) fn check_form(&self) -> Result<(), Fault> {
        if let Some(md5) = &self.md5
            && decoded(md5, 16).is_none()
        {
            return Err(fault::invalid_digest());
        }
        match &self.checksum {
            Some((algorithm, value)) => check_value(*algorithm, value),
            None => Ok(()),
        }
    }

    /// Compares with what was received.
    pub(crate) fn check(&self, digests: &Digests, trailer: Option<&str>) -> Result<(), Fault> {
        if let Some(md5) = &self.md5
            && *md5 != STANDARD.encode(digests.md5)
        {
            return Err(fault::bad_digest("Content-MD5"));
        }
        if let Some((algorithm, value)) = &self.checksum {
            digests.require(*algorithm, value)?;
        }
        if let Some(algorithm) = self.trailer {
            let value = trailer.ok_or_else(fault::malformed_trailer)?;
            check_value(algorithm, value)?;
            digests.require(algorithm, value)?;
        }
        Ok(())
    }
}

fn check_value(algorithm: Algorithm, value: &str) -> Result<(), Fault> {
    match decoded(value, algorithm.length()) {
        Some(_) => Ok(()),
        None => Err(fault::invalid_request(format!("Value for {} header is invalid.", algorithm.header()))),
    }
}

fn decoded(text: &str, length: usize) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| bytes.len() == length)
}

enum State {
    Crc(Box<crc_fast::Digest>, usize),
    Sha(digest::Context),
}

impl State {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm.crc() {
            Some(crc) => Self::Crc(Box::new(crc_fast::Digest::new(crc)), algorithm.length()),
            None if algorithm == Algorithm::Sha1 => {
                Self::Sha(digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY))
            }
            None => Self::Sha(digest::Context::new(&digest::SHA256)),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(state, _) => state.update(bytes),
            Self::Sha(state) => state.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc(state, length) => crc_bytes(state.finalize(), length),
            Self::Sha(state) => state.finish().as_ref().to_vec(),
        }
    }
}

fn crc_bytes(value: u64, length: usize) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    bytes.get(bytes.len().saturating_sub(length)..).unwrap_or_default().to_vec()
}

/// Computes MD5 and a checksum over a stream of bytes, and a second one where the client's value is of
/// another algorithm than what is to be kept.
pub(crate) struct Hasher {
    md5: Md5,
    algorithm: Algorithm,
    state: State,
    given: Option<(Algorithm, State)>,
}

/// The results of a [`Hasher`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Digests {
    pub(crate) md5: [u8; 16],
    pub(crate) algorithm: Algorithm,
    /// In base64.
    pub(crate) checksum: String,
    /// That of the client's algorithm, where it is another.
    pub(crate) given: Option<(Algorithm, String)>,
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self { md5: Md5::new(), algorithm, state: State::new(algorithm), given: None }
    }

    /// One for what is to be kept and what is to be compared.
    pub(crate) fn of(expected: &Expected) -> Self {
        let kept = expected.kept();
        let given = expected.given().filter(|given| *given != kept);
        Self { given: given.map(|given| (given, State::new(given))), ..Self::new(kept) }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.state.update(bytes);
        if let Some((_, state)) = &mut self.given {
            state.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            md5: self.md5.finalize().into(),
            algorithm: self.algorithm,
            checksum: STANDARD.encode(self.state.finish()),
            given: self.given.map(|(algorithm, state)| (algorithm, STANDARD.encode(state.finish()))),
        }
    }
}

impl Digests {
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.md5)
    }

    pub(crate) fn stored(&self) -> StoredChecksum {
        StoredChecksum {
            algorithm: self.algorithm,
            kind: ChecksumKind::FullObject,
            value: self.checksum.clone(),
        }
    }

    fn require(&self, algorithm: Algorithm, value: &str) -> Result<(), Fault> {
        let kept = self.algorithm == algorithm && self.checksum == value;
        if kept || self.given.as_ref().is_some_and(|(given, sum)| *given == algorithm && sum == value) {
            Ok(())
        } else {
            Err(fault::bad_digest(algorithm.name()))
        }
    }
}

/// Compares what a client says of a document with the document.
///
/// # Errors
/// `BadDigest`, or a digest that is none.
pub fn check_digests(expected: &Expected, document: &[u8]) -> Result<(), Fault> {
    expected.check_form()?;
    let mut hasher = Hasher::of(expected);
    hasher.update(document);
    let known = Expected { trailer: None, ..expected.clone() };
    known.check(&hasher.finish(), None)
}

/// The entity tag of an object made of parts with these MD5s, in hexadecimal.
pub(crate) fn etag_of_parts<'a>(etags: impl Iterator<Item = &'a str>) -> String {
    let mut md5 = Md5::new();
    let mut count = 0;
    for etag in etags {
        md5.update(hex::decode(etag).unwrap_or_default());
        count += 1;
    }
    format!("{}-{count}", hex::encode(md5.finalize()))
}

/// The checksum of an object from its parts' checksums and sizes.
pub(crate) fn of_parts(algorithm: Algorithm, kind: ChecksumKind, parts: &[(&str, u64)]) -> StoredChecksum {
    let raw = |value: &str| STANDARD.decode(value).unwrap_or_default();
    let value = match (kind, algorithm.crc()) {
        (ChecksumKind::FullObject, Some(crc)) => {
            let number = |bytes: Vec<u8>| bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
            let combined = parts.iter().fold(None, |all: Option<u64>, (value, size)| {
                let next = number(raw(value));
                Some(all.map_or(next, |all| crc_fast::checksum_combine(crc, all, next, *size)))
            });
            STANDARD.encode(crc_bytes(combined.unwrap_or_default(), algorithm.length()))
        }
        _ => {
            let mut state = State::new(algorithm);
            parts.iter().for_each(|(value, _)| state.update(&raw(value)));
            format!("{}-{}", STANDARD.encode(state.finish()), parts.len())
        }
    };
    StoredChecksum { algorithm, kind, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish().checksum
    }

    #[test]
    fn known_values() {
        for (algorithm, value) in [
            (Algorithm::Crc32, "y/Q5Jg=="),
            (Algorithm::Crc32c, "4waSgw=="),
            (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
            (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        ] {
            assert_eq!(checksum(algorithm, b"123456789"), value, "{algorithm:?}");
        }
    }

    #[test]
    fn parts_combine_to_the_whole() {
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let (a, b) = (checksum(algorithm, b"12345"), checksum(algorithm, b"6789"));
            let whole = of_parts(algorithm, ChecksumKind::FullObject, &[(&a, 5), (&b, 4)]);
            assert_eq!(whole.value, checksum(algorithm, b"123456789"));
        }
        let a = checksum(Algorithm::Sha256, b"a");
        assert!(of_parts(Algorithm::Sha256, ChecksumKind::Composite, &[(&a, 1)]).value.ends_with("=-1"));
    }

    #[test]
    fn what_is_expected_is_checked() {
        let mut hasher = Hasher::new(Algorithm::Crc32);
        hasher.update(b"123456789");
        let digests = hasher.finish();
        let expected = Expected { trailer: Some(Algorithm::Crc32), ..Expected::default() };
        assert!(expected.check(&digests, Some("y/Q5Jg==")).is_ok());
        assert_eq!(expected.check(&digests, None).unwrap_err().code(), "MalformedTrailerError");
        assert_eq!(expected.check(&digests, Some("AAAAAA==")).unwrap_err().code(), "BadDigest");
        let md5 = Expected { md5: Some("x".into()), ..Expected::default() };
        assert_eq!(md5.check_form().unwrap_err().code(), "InvalidDigest");
    }
}
