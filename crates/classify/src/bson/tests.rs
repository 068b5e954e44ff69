use proptest::prelude::*;

use crate::json::tests::{outcome, schema, whole};
use crate::sample::Outcome;

/// Two documents with every type between them.
const DOCUMENTS: &[u8] = include_bytes!("../../tests/data/documents.bson");

#[test]
fn documents_are_records() {
    let found = whole(DOCUMENTS);
    assert_eq!((&*found.classification, found.counts.records), ("bson", 2));
    assert_eq!(
        schema(&found),
        "_id:string name:string n:bigint big:bigint ratio:double ok:boolean at:timestamp raw:binary nothing:string \
         tags:array<string> parts:array<struct<k:double,j:string>> inner:struct<Deep:struct<x:int>> pattern:string \
         exact:string code:string stamp:bigint more:boolean"
    );
}

#[test]
fn a_cut_sample_is_enough() {
    let text = DOCUMENTS.repeat(10_000);
    let Ok(Outcome::Done(found)) = outcome(&text[..1 << 20], text.len()) else { panic!() };
    assert_eq!(found.classification, "bson");
    assert!((19_000..21_000).contains(&found.counts.records), "{:?}", found.counts);
    let mut long = vec![0x00, 0x00, 0x50, 0x00, 0x02, b'a', 0, 0xf0, 0xff, 0x4f, 0];
    long.resize(5 << 20, b'x');
    assert!(matches!(outcome(&long[..1 << 20], long.len()), Ok(Outcome::NeedHead(_))));
}

#[test]
fn what_contradicts_itself_is_unknown() {
    for bytes in [
        &b"\x05\0\0\0\x01"[..],
        b"\x06\0\0\0\0\0",
        b"\x0c\0\0\0\x10a\0\x01\0\0\0",
        b"\x05\0\0\0\0\x05\0\0\0",
        b"\x0d\0\0\0\x02a\0\xff\xff\xff\x7f\0\0",
        b"\x09\0\0\0\x08a\0\x02\0",
        b"\xff\xff\xff\xff\0",
    ] {
        assert_eq!(whole(bytes).classification, "UNKNOWN", "{bytes:?}");
    }
    let mut deep = vec![5u8, 0, 0, 0, 0];
    for _ in 0..10_000 {
        let length = u32::try_from(deep.len() + 8).unwrap().to_le_bytes();
        deep = [&length[..], &[3, b'd', 0], &deep, &[0]].concat();
    }
    assert_eq!(whole(&deep).classification, "UNKNOWN");
}

proptest! {
    #[test]
    fn no_document_panics(at in 0..DOCUMENTS.len(), with in any::<u8>(), cut in 0..DOCUMENTS.len()) {
        let mut bytes = DOCUMENTS.to_vec();
        bytes[at] = with;
        let _ = outcome(&bytes, bytes.len());
        let _ = outcome(&bytes[..cut], cut);
    }
}
