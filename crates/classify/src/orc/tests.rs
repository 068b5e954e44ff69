use proptest::prelude::*;

use crate::classifiers::classify;
use crate::json::tests::{schema, whole};
use crate::sample::{ClassifyError, Outcome, Sample};

/// Written by ORC's C++ library: every type once, three records of nulls.
const FILES: [&[u8]; 5] = [
    include_bytes!("../../tests/data/uncompressed.orc"),
    include_bytes!("../../tests/data/zlib.orc"),
    include_bytes!("../../tests/data/snappy.orc"),
    include_bytes!("../../tests/data/lz4.orc"),
    include_bytes!("../../tests/data/zstd.orc"),
];

fn read(bytes: &[u8], head: usize, tail: Option<usize>) -> Result<Outcome, ClassifyError> {
    classify(&Sample {
        size: bytes.len() as u64,
        head: &bytes[..head],
        tail: tail.map(|count| &bytes[bytes.len() - count..]),
    })
}

#[test]
fn every_type_becomes_hives_under_every_compression() {
    for file in FILES {
        let found = whole(file);
        assert_eq!((&*found.classification, found.counts.records), ("orc", 3));
        assert_eq!(found.compression.name(), "none");
        assert_eq!(
            schema(&found),
            "flag:boolean i8:tinyint i16:smallint i32:int i64:bigint f32:float f64:double s:string bin:binary d:date \
             ts:timestamp tsz:timestamp dec:decimal(12,2) tags:array<string> m:map<string,bigint> \
             st:struct<Inner:int,list:array<struct<x:double>>>"
        );
    }
}

#[test]
fn only_the_tail_is_asked_for() {
    let file = FILES[0];
    assert_eq!(read(file, 100, None), Ok(Outcome::NeedTail(file.len() as u64)));
    let Ok(Outcome::NeedTail(footer)) = read(file, 100, Some(40)) else { panic!() };
    assert!(matches!(read(file, 100, Some(usize::try_from(footer).unwrap())), Ok(Outcome::Done(_))));
}

#[test]
fn a_text_that_begins_so_is_a_text() {
    assert_eq!(whole(b"ORC,id\nx,1\ny,2\n").classification, "csv");
    assert_eq!(whole(b"ORC").classification, "UNKNOWN");
}

#[test]
fn broken_files_are_unreadable() {
    for file in FILES {
        let mut bytes = file.to_vec();
        let end = bytes.len();
        // The footer's length in the postscript.
        bytes[end - usize::from(file[end - 1])] = 0xff;
        assert!(!matches!(read(&bytes, end, None), Ok(Outcome::NeedTail(_))));
        for byte in &mut bytes[end / 2..end - 30] {
            *byte = 0x5a;
        }
        assert!(
            !matches!(read(&bytes, end, None), Ok(Outcome::Done(found)) if found.classification == "orc")
        );
    }
}

#[test]
fn a_footer_that_promises_too_much_is_refused() {
    // A postscript that claims a footer of 2^40 bytes.
    let postscript =
        [&[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x82, 0xf4, 0x03, 3][..], b"ORC", &[14]].concat();
    let file = [&b"ORC\0\0"[..], &postscript].concat();
    let error = read(&file, file.len(), None).unwrap_err().to_string();
    assert!(error.contains("a footer of 1099511627776 bytes"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn no_footer_panics(file in 0..FILES.len(), at in 0usize..3000, with in any::<u8>(), cut in 0usize..3000) {
        let mut bytes = FILES[file].to_vec();
        let place = bytes.len() - 1 - at % bytes.len();
        bytes[place] = with;
        let _ = read(&bytes, bytes.len(), None);
        let cut = &bytes[cut % bytes.len()..];
        let _ = read(&[b"ORC", cut].concat(), cut.len() + 3, None);
    }
}
