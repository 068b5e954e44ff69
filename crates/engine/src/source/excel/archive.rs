//! What is in a workbook's archive, without taking it out.

use std::io::{self, Read};

use flate2::read::DeflateDecoder;

/// The most bytes of all that is in a workbook, and of all that is not its sheets: that is held in memory.
const MOST: u64 = 2 << 30;
const MOST_HELD: u64 = 256 << 20;
/// The most files in a workbook.
const FILES: usize = 10_000;

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

/// Looks whether a workbook would take too much memory, by taking out all that is in it without keeping it; answers
/// whether the workbook is one of the binary kind.
///
/// # Errors
/// It would, or it is broken.
pub(super) fn check(bytes: &[u8]) -> Result<bool, String> {
    let broken = || "the workbook's archive is broken".to_owned();
    let end = memchr::memmem::rfind(bytes, &END).ok_or_else(broken)?;
    let count = usize::from(u16_at(bytes, end + 10).ok_or_else(broken)?);
    let mut at = u32_at(bytes, end + 16).ok_or_else(broken)?;
    if count > FILES {
        return Err(format!("there are more than {FILES} files in the workbook"));
    }
    let (mut all, mut held, mut binary) = (0, 0, false);
    for _ in 0..count {
        if bytes.get(at..at + 4) != Some(&ENTRY) {
            return Err(broken());
        }
        let field = |offset| u16_at(bytes, at + offset).map(usize::from).ok_or_else(broken);
        let (method, name, extra, comment) = (field(10)?, field(28)?, field(30)?, field(32)?);
        let packed = u32_at(bytes, at + 20).ok_or_else(broken)?;
        let local = u32_at(bytes, at + 42).ok_or_else(broken)?;
        let path = bytes.get(at + 46..at + 46 + name).ok_or_else(broken)?;
        if bytes.get(local..local + 4) != Some(&LOCAL) {
            return Err(broken());
        }
        let skip = |offset| u16_at(bytes, local + offset).map(usize::from).ok_or_else(broken);
        let data = local + 30 + skip(26)? + skip(28)?;
        let data = bytes.get(data..data + packed).ok_or_else(broken)?;
        let size = match method {
            0 => packed as u64,
            8 => io::copy(&mut DeflateDecoder::new(data).take(MOST + 1), &mut io::sink())
                .map_err(|error| error.to_string())?,
            other => return Err(format!("a file in the workbook is compressed by method {other}")),
        };
        all += size;
        if !path.starts_with(b"xl/worksheets/") {
            held += size;
        }
        if all > MOST {
            return Err(format!("the workbook has more than {MOST} bytes without its compression"));
        }
        if held > MOST_HELD {
            return Err(format!(
                "the workbook has more than {MOST_HELD} bytes beside its sheets without its compression"
            ));
        }
        binary |= path == b"xl/workbook.bin";
        at += 46 + name + extra + comment;
    }
    Ok(binary)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?)).ok()
}
