use std::fmt;
use std::sync::Mutex;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::Timestamp;

/// The seam for randomness: every id, key and token is made from it.
pub trait Entropy: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// `n` random characters of `alphabet`, which holds at most 256 characters.
    fn text(&self, n: usize, alphabet: &str) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let limit = 256 - 256 % letters.len().max(1);
        let mut out = String::with_capacity(n);
        let mut buffer = [0u8; 64];
        let mut length = 0;
        while length < n && !letters.is_empty() {
            self.fill(&mut buffer);
            // Bytes past the last whole multiple are dropped, or early letters would be likelier.
            for byte in buffer.iter().copied().map(usize::from).filter(|b| *b < limit).take(n - length) {
                if let Some(letter) = letters.get(byte % letters.len()) {
                    out.push(*letter);
                    length += 1;
                }
            }
        }
        out
    }

    /// `n` random bytes as lower-case hexadecimal text.
    fn hex(&self, n: usize) -> String {
        let mut bytes = vec![0; n];
        self.fill(&mut bytes);
        hex::encode(bytes)
    }

    /// A random (version 4) UUID in its usual text form.
    fn uuid(&self) -> String {
        let mut b = [0u8; 16];
        self.fill(&mut b);
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let h = hex::encode(b);
        let part = |from: usize, to: usize| h.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }
}

/// The operating system's generator.
#[derive(Debug, Default)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// A handle on the operating system's generator.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // A machine without randomness must not hand out guessable keys; there is nothing to go on with.
        if self.0.fill(buffer).is_err() {
            std::process::abort();
        }
    }
}

/// A repeatable generator (SplitMix64) for tests; never for keys.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<u64>);

impl SeededEntropy {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            for (slot, byte) in chunk.iter_mut().zip((z ^ (z >> 31)).to_le_bytes()) {
                *slot = byte;
            }
        }
    }
}

/// The first two groups of a version 7 UUID: 48 bits of milliseconds.
fn time_part(at: Timestamp) -> String {
    let [_, _, a, b, c, d, e, f] = at.millis().to_be_bytes();
    format!("{}-{}", hex::encode([a, b, c, d]), hex::encode([e, f]))
}

/// The id of one call, a UUID; it is in every answer, every log line and every audit record.
///
/// It begins with the time in milliseconds (UUID version 7), so that records sort by their moment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// A fresh id of this moment.
    pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
        let mut random = [0u8; 10];
        entropy.fill(&mut random);
        random[0] = (random[0] & 0x0f) | 0x70;
        random[2] = (random[2] & 0x3f) | 0x80;
        let [a, b, rest @ ..] = random;
        let [c, d, tail @ ..] = rest;
        Self(format!(
            "{}-{}-{}-{}",
            time_part(now),
            hex::encode([a, b]),
            hex::encode([c, d]),
            hex::encode(tail)
        ))
    }

    /// Sorts before every id of this moment or later.
    #[must_use]
    pub fn earliest_at(at: Timestamp) -> Self {
        Self(format!("{}-7000-8000-000000000000", time_part(at)))
    }

    /// The millisecond that it was made in; none for what is no such id.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        let (seconds, rest) = self.0.split_once('-')?;
        let millis = rest.get(..4)?;
        i64::from_str_radix(&format!("{seconds}{millis}"), 16).ok().map(Timestamp::from_millis)
    }

    /// An id as a person or a record gives it.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_their_form_and_differ() {
        let entropy = SystemEntropy::new();
        let (a, b) = (entropy.uuid(), entropy.uuid());
        assert_ne!(a, b);
        assert_eq!(a.len(), 36);
        assert_eq!(a.as_bytes()[14], b'4');
    }

    #[test]
    fn request_ids_sort_by_time() {
        let entropy = SystemEntropy::new();
        let early = RequestId::new(Timestamp::from_secs(1_770_000_000), &entropy);
        let late = RequestId::new(Timestamp::from_secs(1_770_000_001), &entropy);
        assert_eq!(early.as_str().len(), 36);
        assert!(early.as_str() < late.as_str());
        assert_eq!(early.at(), Some(Timestamp::from_secs(1_770_000_000)));
        assert_eq!(RequestId::parse("x").at(), None);
        assert!(RequestId::earliest_at(Timestamp::from_secs(1_770_000_001)).as_str() <= late.as_str());
        assert!(early.as_str() < RequestId::earliest_at(Timestamp::from_secs(1_770_000_001)).as_str());
    }

    #[test]
    fn a_seed_repeats() {
        assert_eq!(SeededEntropy::new(7).hex(9), SeededEntropy::new(7).hex(9));
        let text = SeededEntropy::new(1).text(100, "ABC");
        assert_eq!(text.len(), 100);
        assert!(text.bytes().all(|b| b"ABC".contains(&b)));
    }
}
