//! Parquet's hybrid of run-length encoding and bit packing.

/// Values alike that are a run; shorter ones are packed.
const RUN: usize = 16;
/// Values that are packed together.
const GROUP: usize = 8;

/// The bits that numbers below `count` need.
pub(super) fn width(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

/// Appends numbers of at most `width` bits.
pub(super) fn encode(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut packed, mut rest) = (values, values);
    while let Some(first) = rest.first() {
        let alike = rest.iter().take_while(|value| *value == first).count();
        if alike < RUN {
            rest = rest.get(GROUP..).unwrap_or_default();
            continue;
        }
        let before = packed.len() - rest.len();
        pack(packed.get(..before).unwrap_or_default(), width, out);
        run(*first, alike, width, out);
        rest = rest.get(alike..).unwrap_or_default();
        packed = rest;
    }
    pack(packed, width, out);
}

/// Appends `count` times the same number.
pub(super) fn run(value: u32, count: usize, width: u32, out: &mut Vec<u8>) {
    number((count as u64) << 1, out);
    out.extend(value.to_le_bytes().iter().take(width.div_ceil(8) as usize));
}

fn pack(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    number(((groups as u64) << 1) | 1, out);
    let end = out.len() + groups * width as usize;
    out.reserve(groups * width as usize + 8);
    let (mut bits, mut held) = (0u64, 0);
    for value in values {
        bits |= u64::from(*value) << held;
        held += width;
        if held >= 32 {
            out.extend_from_slice(&(bits as u32).to_le_bytes());
            bits >>= 32;
            held -= 32;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes());
    // The last group is filled up with zeros.
    out.resize(end, 0);
}

fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        let widths = [0, 1, 2, 3, 4, 5, 256, 257].map(width);
        assert_eq!(widths, [0, 0, 1, 2, 2, 3, 8, 9]);
    }

    /// The format's own words for it ("Encodings", RLE): 0 to 7 in three bits.
    #[test]
    fn numbers_are_packed_from_the_lowest_bit_on() {
        let mut out = Vec::new();
        encode(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &mut out);
        assert_eq!(out, [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }

    #[test]
    fn runs_are_told_by_their_length() {
        let mut out = Vec::new();
        encode(&[5; 100], 9, &mut out);
        assert_eq!(out, [200, 1, 5, 0]);
    }
}
