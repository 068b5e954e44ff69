use proptest::prelude::*;

use crate::classified::{Classified, Details, RecordCounts};
use crate::classifiers::{Classifiers, classify};
use crate::compression::tests::gzip;
use crate::sample::{ClassifyError, HEAD_BYTES, Outcome, Sample};

pub(crate) fn outcome(head: &[u8], size: usize) -> Result<Outcome, ClassifyError> {
    classify(&Sample { size: size as u64, head, tail: None })
}

/// Classifies a whole file with custom classifiers, as a crawl does.
pub(crate) fn whole_with(classifiers: &Classifiers, bytes: &[u8]) -> Classified {
    let size = bytes.len();
    let first = |count: u64| &bytes[..usize::try_from(count.min(size as u64)).unwrap()];
    let mut sample = Sample { size: size as u64, head: first(HEAD_BYTES), tail: None };
    loop {
        match classifiers.classify(&sample).unwrap() {
            Outcome::Done(found) => return *found,
            Outcome::NeedHead(count) => sample.head = first(count),
            Outcome::NeedTail(count) => sample.tail = Some(&bytes[size - usize::try_from(count).unwrap()..]),
        }
    }
}

pub(crate) fn whole(bytes: &[u8]) -> Classified {
    match outcome(bytes, bytes.len()) {
        Ok(Outcome::Done(classified)) => *classified,
        other => panic!("{other:?}"),
    }
}

fn fields(classified: &Classified) -> &[String] {
    match &classified.details {
        Details::Json { fields, .. } => fields,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn schema(classified: &Classified) -> String {
    let columns = classified.columns.iter().map(|c| format!("{}:{}", c.name, c.ty));
    columns.collect::<Vec<_>>().join(" ")
}

#[test]
fn lines_are_merged_in_data_order() {
    let text = br#"{"Zeta":1,"a":null,"n":{"X":1.5,"x":2,"deep":[]}}
{"a":true,"Zeta":3000000000,"tags":["x",1],"n":{"y":[{"k":1},{"j":null}]}}
"#;
    let found = whole(text);
    assert_eq!(found.classification, "json");
    assert_eq!(
        schema(&found),
        "zeta:bigint a:boolean n:struct<X:double,deep:array<string>,y:array<struct<k:int,j:string>>> tags:array<string>"
    );
    assert_eq!(fields(&found), ["Zeta", "a", "n", "tags"]);
    assert_eq!(found.counts, RecordCounts { records: 2, average_size: 62 });
}

#[test]
fn pretty_printed_and_concatenated_objects_are_records() {
    let found = whole(b"\xef\xbb\xbf {\n \"a\": 1\n}\n\n{\"a\":18446744073709551615}{\"a\":-1}");
    assert_eq!(schema(&found), "a:double");
    assert_eq!(schema(&whole(&gzip(b"{\"a\":1}\n{\"b\":[1,2.5]}"))), "a:int b:array<double>");
}

#[test]
fn a_top_level_array_is_one_column() {
    let found = whole(br#"[ {"a":1}, {"a":2.5,"b":"x"} ] "#);
    assert_eq!(schema(&found), "array:array<struct<a:double,b:string>>");
    assert_eq!((found.counts.records, fields(&found)), (1, &["array".to_owned()][..]));
    assert_eq!(schema(&whole(b"[]")), "array:array<string>");
    assert_eq!(schema(&whole(b"[1,2]")), "array:array<int>");
}

#[test]
fn names_that_no_column_can_have_are_refused_by_name() {
    let text = b"{\"a\\nb\":1}";
    let error = outcome(text, text.len()).unwrap_err().to_string();
    assert_eq!(error, "the file cannot be read: \"a\\nb\" cannot be the name of a column");
}

#[test]
fn what_is_not_json() {
    for text in ["{a}", "{\"a\":1}\nx", "{\"a\":1", "[1,2", "[1]2", "[1 2]", "{\"a\":1}[1]", "{", "["] {
        assert_eq!(whole(text.as_bytes()).classification, "UNKNOWN", "{text}");
    }
}

#[test]
fn a_cut_sample_is_enough_and_a_long_record_asks_for_more() {
    let mib = usize::try_from(HEAD_BYTES).unwrap();
    let text = b"{\"a\":1,\"b\":\"some text\"}\n".repeat(100_000);
    assert_eq!(outcome(&text[..10], text.len()), Ok(Outcome::NeedHead(HEAD_BYTES)));
    let Ok(Outcome::Done(found)) = outcome(&text[..mib], text.len()) else { panic!() };
    assert_eq!((found.counts.records, schema(&found).as_str()), (100_000, "a:int b:string"));

    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(3 * mib)).into_bytes();
    assert_eq!(outcome(&long[..mib], long.len()), Ok(Outcome::NeedHead(2 * HEAD_BYTES)));
    assert_eq!(outcome(&long[..2 * mib], long.len()), Ok(Outcome::NeedHead(3 * HEAD_BYTES)));
    assert_eq!(schema(&whole(&long)), "a:string");
    assert_eq!(schema(&whole(&gzip(&long))), "a:string");
    let too_long = format!("{{\"a\":\"{}\"}}", "x".repeat(11 * mib)).into_bytes();
    let Ok(Outcome::Done(found)) = outcome(&too_long[..10 * mib], too_long.len()) else { panic!() };
    assert_eq!(found.classification, "UNKNOWN");
    assert_eq!(whole(&gzip(&too_long)).classification, "UNKNOWN");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = outcome(&bytes, bytes.len());
    }

    #[test]
    fn no_text_panics(text in r#"[\[\]{}:,"a-c0-9 \n.eE\\-]*"#) {
        let _ = outcome(text.as_bytes(), text.len());
        let _ = outcome(text.as_bytes(), text.len() + 1);
    }
}
