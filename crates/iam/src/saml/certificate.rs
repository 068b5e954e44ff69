//! The public key in an X.509 certificate (RFC 5280). Identity providers sign with certificates that they made
//! themselves; nothing but the key in them counts.

/// A tagged value of DER, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn sequence(der: &[u8]) -> Option<(&[u8], &[u8])> {
    value(der).filter(|(tag, ..)| *tag == 0x30).map(|(_, content, rest)| (content, rest))
}

/// The bits of the certificate's public key: an `RSAPublicKey` or a point of a curve.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = sequence(certificate)?;
    let (mut rest, _) = sequence(certificate)?;
    // The version is left out of the oldest kind of certificate.
    if let Some((0xa0, _, after)) = value(rest) {
        rest = after;
    }
    // Serial number, algorithm, issuer, validity, subject.
    for _ in 0..5 {
        rest = value(rest)?.2;
    }
    let (info, _) = sequence(rest)?;
    let (_algorithm, bits) = sequence(info)?;
    match value(bits)? {
        // The first byte tells how many bits of the last are not used: none.
        (0x03, [0, key @ ..], _) => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_short_has_no_key() {
        for der in [&[][..], &[0x30], &[0x30, 0x05, 1], &[0x30, 0x84, 255, 255, 255, 255], &[0x30, 0x80]] {
            assert_eq!(public_key(der), None);
        }
    }
}
