//! Snappy as Hadoop's codec writes it: blocks of a length before and, chunk by chunk, a length after compression,
//! both in four bytes, the highest first, and then plain Snappy. There is no magic number.

use std::io::{self, ErrorKind};

/// How large a block or a chunk may be before compression, in bytes. Hadoop's buffer has 256 KiB.
const MAX_BLOCK: usize = 64 << 20;

/// Whether the bytes begin with a block whose lengths agree.
pub(super) fn recognised(head: &[u8]) -> bool {
    let mut rest = head;
    let (Some(block), Some(chunk)) = (length(&mut rest), length(&mut rest)) else { return false };
    // What is compressed is never much longer than before.
    let plausible = (1..=MAX_BLOCK).contains(&block) && (1..=block + block / 6 + 32).contains(&chunk);
    plausible
        && matches!(snap::raw::decompress_len(rest), Ok(inside) if (1..=block).contains(&inside))
        && starts_with_literal(rest)
}

/// Behind its length a chunk begins with a literal: there is nothing yet to copy.
fn starts_with_literal(chunk: &[u8]) -> bool {
    let tag = chunk.iter().position(|byte| byte & 0x80 == 0).and_then(|end| chunk.get(end + 1));
    tag.is_none_or(|tag| tag & 3 == 0)
}

fn length(rest: &mut &[u8]) -> Option<usize> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}

/// Decodes chunks until there are more than `limit` bytes or no more chunks.
pub(super) fn decode(rest: &mut &[u8], limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let early = || io::Error::from(ErrorKind::UnexpectedEof);
    let broken = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    while !rest.is_empty() && bytes.len() as u64 <= limit {
        let block = length(rest).ok_or_else(early)?;
        if block > MAX_BLOCK {
            return Err(broken("a block is too long"));
        }
        let end = bytes.len() + block;
        while bytes.len() < end {
            let chunk = length(rest).ok_or_else(early)?;
            let (packed, after) = rest.split_at_checked(chunk).ok_or_else(early)?;
            let inside = snap::raw::decompress_len(packed).map_err(|error| broken(&error.to_string()))?;
            if inside == 0 || inside > end - bytes.len() {
                return Err(broken("a chunk does not fit into its block"));
            }
            let unpacked = snap::raw::Decoder::new()
                .decompress_vec(packed)
                .map_err(|error| broken(&error.to_string()))?;
            bytes.extend_from_slice(&unpacked);
            *rest = after;
        }
    }
    Ok(())
}
