//! One-time codes of virtual MFA devices (RFC 6238 over RFC 4226: HMAC-SHA1, 30 seconds, six digits).

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use mastic_core::Timestamp;

/// Seconds for which a code stands.
const STEP: i64 = 30;

/// Codes are told modulo this.
const CODES: u32 = 1_000_000;

/// Steps that a device may be off, either way, without having been resynchronized.
const WINDOW: i64 = 1;

/// Steps within which two consecutive codes tell how far a device is off: an hour either way.
const SEARCH: i64 = 120;

/// The step of a moment.
pub(crate) fn step(now: Timestamp) -> i64 {
    now.secs().div_euclid(STEP)
}

/// The bytes of a Base32 text (RFC 4648) without padding; none if it is no such text.
pub(crate) fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(value)) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// The code of a step.
fn code(seed: &[u8], step: i64) -> u32 {
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed), &step.to_be_bytes());
    let offset = usize::from(tag.as_ref().last().copied().unwrap_or_default() & 0xf);
    let word =
        tag.as_ref().iter().skip(offset).take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    (word & 0x7fff_ffff) % CODES
}

/// Six digits as a number.
fn read(text: &str) -> Option<u32> {
    (text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// The step whose code this is: one near `now`, or near it for a device that is `drift` steps off, and
/// later than `last`, whose code has been used.
pub(crate) fn accepted(seed: &[u8], given: &str, now: i64, drift: i64, last: i64) -> Option<i64> {
    let given = read(given)?;
    let off = (-WINDOW..=WINDOW).chain(drift - WINDOW..=drift + WINDOW);
    // Every candidate is looked at, so that the time it takes does not tell which one matched.
    off.map(|off| now + off).filter(|step| *step > last && code(seed, *step) == given).max()
}

/// The step of the second of two consecutive codes, which tell how far the device is off.
pub(crate) fn consecutive(seed: &[u8], first: &str, second: &str, now: i64, last: i64) -> Option<i64> {
    let (first, second) = (read(first)?, read(second)?);
    let mut steps: Vec<i64> = (now - SEARCH..=now + SEARCH).filter(|step| *step > last).collect();
    steps.sort_by_key(|step| (step - now).abs());
    steps.into_iter().find(|step| code(seed, *step) == second && code(seed, step - 1) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = b"12345678901234567890";

    fn text(step: i64) -> String {
        format!("{:06}", code(SEED, step))
    }

    #[test]
    fn the_vectors_of_rfc_4226() {
        let codes: Vec<String> = (0..10).map(text).collect();
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn the_vectors_of_rfc_6238() {
        // The RFC shows eight digits; ours are the last six of them.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(text(step(Timestamp::from_secs(seconds))), expected);
        }
    }

    #[test]
    fn base32_is_read() {
        assert_eq!(from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap(), SEED);
        assert_eq!(from_base32("MZXW6YTBOI").unwrap(), b"foobar");
        assert_eq!(from_base32("MZXW6YTBOI======"), None);
        assert_eq!(from_base32("mzxw"), None);
    }

    #[test]
    fn a_code_counts_once_and_near_its_time() {
        let at = |given: i64, drift, last| accepted(SEED, &text(given), 1000, drift, last);
        assert_eq!(at(1000, 0, 0), Some(1000));
        assert_eq!(at(999, 0, 0), Some(999));
        assert_eq!(at(1001, 0, 1000), Some(1001));
        assert_eq!(at(1002, 0, 0), None);
        assert_eq!(at(1000, 0, 1000), None);
        assert_eq!(at(1040, 39, 0), Some(1040));
        assert_eq!(at(1000, 39, 0), Some(1000));
        for wrong in ["", "12345", "1234567", "12345a", "+12345"] {
            assert_eq!(accepted(SEED, wrong, 1000, 0, 0), None);
        }
    }

    #[test]
    fn two_codes_in_a_row_tell_the_drift() {
        let of = |first, second| consecutive(SEED, &text(first), &text(second), 1000, 0);
        assert_eq!(of(1000, 1001), Some(1001));
        assert_eq!(of(899, 900), Some(900));
        assert_eq!(of(1001, 1000), None);
        assert_eq!(of(1000, 1002), None);
        assert_eq!(of(1000, 1000), None);
        assert_eq!(of(700, 701), None);
        assert_eq!(consecutive(SEED, &text(1000), &text(1001), 1000, 1001), None);
    }
}
