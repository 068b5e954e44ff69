use proptest::prelude::*;

use crate::classifiers::classify;
use crate::compression::tests::gzip;
use crate::json::tests::schema;
use crate::sample::{ClassifyError, Outcome, Sample};

/// Written by Arrow's C++ library: every type once, three records of nulls.
const TYPES: &[u8] = include_bytes!("../../tests/data/types.parquet");
/// Written by the same in format 1.0: INT96 timestamps, snappy, three row groups of 50 records.
const INT96: &[u8] = include_bytes!("../../tests/data/int96.parquet");

fn read(bytes: &[u8], head: usize, tail: Option<usize>) -> Result<Outcome, ClassifyError> {
    classify(&Sample {
        size: bytes.len() as u64,
        head: &bytes[..head],
        tail: tail.map(|count| &bytes[bytes.len() - count..]),
    })
}

#[test]
fn every_type_becomes_hives() {
    let Ok(Outcome::Done(found)) = read(TYPES, TYPES.len(), None) else { panic!() };
    assert_eq!(found.classification, "parquet");
    assert_eq!(found.counts.records, 3);
    assert_eq!(
        schema(&found),
        "flag:boolean i8:tinyint i16:smallint i32:int i64:bigint u8:smallint u16:int u32:bigint \
         u64:decimal(20,0) f32:float f64:double s:string bin:binary fixed:binary d:date ts:timestamp \
         tsz:timestamp t:int dec:decimal(12,2) big:decimal(38,10) nothing:string tags:array<string> \
         m:map<string,bigint> st:struct<Inner:int,list:array<struct<x:double>>>"
    );
}

#[test]
fn older_files_are_read_too() {
    let Ok(Outcome::Done(found)) = read(INT96, INT96.len(), None) else { panic!() };
    assert_eq!(schema(&found), "a:bigint b:string ts:timestamp");
    assert_eq!(found.counts.records, 50);
    assert!((10..200).contains(&found.counts.average_size), "{}", found.counts.average_size);
    assert_eq!(found.compression.name(), "none");
}

#[test]
fn only_the_tail_is_asked_for() {
    let size = TYPES.len();
    assert_eq!(read(TYPES, 100, None), Ok(Outcome::NeedTail(size as u64)));
    let Ok(Outcome::NeedTail(footer)) = read(TYPES, 100, Some(8)) else { panic!() };
    assert!(matches!(read(TYPES, 100, Some(usize::try_from(footer).unwrap())), Ok(Outcome::Done(_))));
}

#[test]
fn a_whole_file_may_be_compressed_if_it_is_small() {
    let packed = gzip(TYPES);
    let Ok(Outcome::Done(found)) = read(&packed, packed.len(), None) else { panic!() };
    assert_eq!((&*found.classification, found.compression.name()), ("parquet", "gzip"));
    let long = gzip(&[TYPES, &vec![0; 2 << 20], TYPES].concat());
    let error = read(&long, long.len(), None).unwrap_err().to_string();
    assert_eq!(error, "the file cannot be read: its footer is too far inside of gzip compression");
}

#[test]
fn a_text_that_begins_so_is_a_text() {
    let text = b"PAR1,id\nx,1\ny,2\n";
    let Ok(Outcome::Done(found)) = read(text, text.len(), None) else { panic!() };
    assert_eq!(found.classification, "csv");
}

#[test]
fn broken_files_are_unreadable() {
    for bytes in
        [&b"PAR1\0"[..], b"PAR1PAR1", b"PAR1....\x04\0\0\0PAR1", b"PAR1\xff\xff\xff\x7fPAR1", &TYPES[..500]]
    {
        let found = read(bytes, bytes.len(), None);
        assert!(matches!(found, Err(ClassifyError::Unreadable(_))), "{found:?}");
    }
}

proptest! {
    #[test]
    fn no_footer_panics(at in 0..TYPES.len(), with in any::<u8>(), length in 0u32..4000) {
        let mut bytes = TYPES.to_vec();
        bytes[at] = with;
        let _ = read(&bytes, bytes.len(), None);
        let mut bytes = TYPES.to_vec();
        let end = bytes.len() - 8;
        bytes[end..end + 4].copy_from_slice(&length.to_le_bytes());
        let _ = read(&bytes, bytes.len(), None);
    }
}
