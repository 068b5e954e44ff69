use std::io::Write;

use super::{Compression, Decoded, decode};
use crate::content::Content;
use crate::sample::{ClassifyError, Sample};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.into_inner().unwrap()
}

/// Blocks of 1,000 bytes in chunks of 600.
fn hadoop_snappy(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let length = |packed: &mut Vec<u8>, n: usize| packed.extend(u32::try_from(n).unwrap().to_be_bytes());
    for block in bytes.chunks(1000) {
        length(&mut packed, block.len());
        for chunk in block.chunks(600) {
            let chunk = snap::raw::Encoder::new().compress_vec(chunk).unwrap();
            length(&mut packed, chunk.len());
            packed.extend(chunk);
        }
    }
    packed
}

/// An archive of files, deflated or stored.
pub(crate) fn zip(files: &[(&str, &[u8])], stored: bool) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let at = u32::try_from(archive.len()).unwrap();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        let packed = if stored { bytes.to_vec() } else { encoder.finish().unwrap() };
        let mut fields = Vec::new();
        let method = if stored { 0u16 } else { 8 };
        fields.extend([20u16, 0, method, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
        fields.extend(0u32.to_le_bytes());
        fields.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        fields.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend(0u16.to_le_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&fields);
        archive.extend(name.as_bytes());
        archive.extend(packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(files.len()).unwrap();
    let start = u32::try_from(archive.len()).unwrap();
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([count, count].iter().flat_map(|n| n.to_le_bytes()));
    archive.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0; 2]);
    archive
}

fn content<'a>(head: &'a [u8], size: usize, limit: u64) -> Result<Content<'a>, ClassifyError> {
    let sample = Sample { size: size as u64, head, tail: None };
    match decode(Compression::detect(head), &sample, limit)? {
        Decoded::Content(content) => Ok(content),
        Decoded::Need(need) => panic!("{need:?}"),
        Decoded::Unknown => panic!("unknown"),
    }
}

#[test]
fn all_are_recognised_and_decoded_as_far_as_asked() {
    let text: Vec<u8> =
        (0..20_000u32).flat_map(|n| format!("{},{}\n", n, n * 7 % 1013).into_bytes()).collect();
    for (compression, name, packed) in [
        (Compression::None, "none", text.clone()),
        (Compression::Gzip, "gzip", gzip(&text)),
        (Compression::Bzip2, "bzip2", bzip2(&text)),
        (Compression::Lz4, "lz4", lz4(&text)),
        (Compression::Snappy, "snappy", snappy(&text)),
        (Compression::HadoopSnappy, "snappy", hadoop_snappy(&text)),
    ] {
        assert_eq!((Compression::detect(&packed), compression.name()), (compression, name));
        let whole = content(&packed, packed.len(), 1 << 20).unwrap();
        assert!(whole.complete && *whole.bytes == text, "{compression:?}");
        assert_eq!(whole.consumed, packed.len() as u64, "{compression:?}");
        let limited = content(&packed, packed.len(), 100).unwrap();
        assert!(!limited.complete && limited.limited && *limited.bytes == text[..100], "{compression:?}");
        let half = content(&packed[..packed.len() / 2], packed.len(), 1 << 20).unwrap();
        assert!(!half.complete && !half.limited && text.starts_with(&half.bytes), "{compression:?}");
        if compression == Compression::None {
            continue;
        }
        let cut = content(&packed[..packed.len() - 5], packed.len() - 5, 1 << 20);
        assert!(cut.is_err(), "{compression:?} that ends early");
        let twice = [packed.as_slice(), &packed].concat();
        let both = content(&twice, twice.len(), 1 << 20).unwrap();
        assert_eq!(both.bytes.len(), 2 * text.len(), "{compression:?} twice");
    }
}

#[test]
fn archives_of_a_single_file_are_read() {
    let text = b"id,name\n1,a\n2,b\n".repeat(100);
    for stored in [false, true] {
        let archive = zip(&[("a.csv", &text)], stored);
        let whole = content(&archive, archive.len(), 1 << 20).unwrap();
        assert!(whole.complete && *whole.bytes == text);
        let two = zip(&[("a.csv", &text), ("b.csv", &text)], stored);
        let sample = Sample { size: two.len() as u64, head: &two, tail: None };
        assert!(matches!(decode(Compression::Zip, &sample, 100), Ok(Decoded::Unknown)));
        let cut = Sample { size: 1 << 30, ..sample };
        assert!(matches!(decode(Compression::Zip, &cut, 100), Ok(Decoded::Need(_))));
    }
    let mut archive = zip(&[("a.csv", &text)], false);
    archive[6] |= 1;
    assert!(content(&archive, archive.len(), 100).is_err());
}

#[test]
fn bombs_are_opened_no_further_than_asked() {
    let zeros = vec![0u8; 64 << 20];
    for packed in [gzip(&zeros), zip(&[("a", &zeros)], false), lz4(&zeros), snappy(&zeros)] {
        let found = content(&packed, packed.len(), 1 << 20).unwrap();
        assert!(found.limited && found.bytes.len() == 1 << 20);
    }
    let promises = [&[0x03, 0xff, 0xff, 0xff, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0x1f][..], &[0; 100]].concat();
    assert_eq!(Compression::detect(&promises), Compression::HadoopSnappy);
    assert!(content(&promises, promises.len(), 1 << 20).is_err());
}

#[test]
fn what_aws_does_not_list_is_not_recognised() {
    for head in [&b"\x28\xb5\x2f\xfd\0\0"[..], b"\xfd7zXZ\x00", b"BZhello", b"id,name\n", b"", b"PK"] {
        assert_eq!(Compression::detect(head), Compression::None, "{head:?}");
    }
}
