use proptest::prelude::*;

use super::schema;
use crate::classified::Details;
use crate::compression::tests::gzip;
use crate::json::tests::{outcome, schema as shown, whole};
use crate::sample::Outcome;

/// 500 records in blocks of some 4,000 bytes, deflated.
const EVENTS: &[u8] = include_bytes!("../../tests/data/events.avro");

const COLUMNS: &str = "id:bigint name:string small:int ratio:float value:double ok:boolean raw:binary digest:binary \
     kind:string day:date at:timestamp exact:timestamp price:decimal(12,2) tags:array<string> counts:map<string,bigint> \
     either:uniontype<int,string> place:struct<Lat:double,kind:string,parent:string> \
     other:struct<Lat:double,kind:string,parent:string>";

fn types(text: &str) -> Option<String> {
    let columns = schema::columns(text)?;
    let shown: Vec<String> = columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect();
    Some(shown.join(" "))
}

#[test]
fn the_headers_schema_gives_the_columns() {
    let found = whole(EVENTS);
    assert_eq!((&*found.classification, found.counts.records), ("avro", 500));
    assert_eq!(shown(&found), COLUMNS);
    let Details::Avro { schema } = &found.details else { panic!() };
    assert!(schema.starts_with('{') && schema.contains("com.example"), "{schema}");
    let packed = whole(&gzip(EVENTS));
    assert_eq!((shown(&packed).as_str(), packed.compression.name()), (COLUMNS, "gzip"));
}

#[test]
fn a_cut_file_is_estimated_and_a_cut_header_asks_for_more() {
    let size = 100 << 20;
    let Ok(Outcome::NeedHead(_)) = outcome(EVENTS, size) else { panic!() };
    let mut head = EVENTS.to_vec();
    head.resize(1 << 20, 7);
    let Ok(Outcome::Done(found)) = outcome(&head, size) else { panic!() };
    assert!(found.counts.records > 1_000_000, "{:?}", found.counts);
    let mut endless = b"Obj\x01\x02\x16avro.schema".to_vec();
    endless.extend([0xfe, 0xff, 0xff, 0x7f]);
    endless.resize(1 << 20, b' ');
    assert!(matches!(outcome(&endless, size), Ok(Outcome::NeedHead(n)) if n == 2 << 20));
    assert_eq!(whole(&endless).classification, "UNKNOWN");
    assert_eq!(whole(&EVENTS[..300]).classification, "UNKNOWN");
}

#[test]
fn schemas_that_are_no_records() {
    assert_eq!(types(r#""string""#).unwrap(), "value:string");
    assert_eq!(types(r#"["null",{"type":"array","items":"int"}]"#).unwrap(), "value:array<int>");
    assert_eq!(types(r#"{"type":"record","name":"R","fields":[]}"#).unwrap(), "");
    assert_eq!(types(r#"{"type":{"type":"string"}}"#).unwrap(), "value:string");
    for wrong in ["", "{}", r#""nosuch""#, r#"{"type":"record","name":"R"}"#, r#"{"type":"map"}"#, "7"] {
        assert_eq!(types(wrong), None, "{wrong}");
    }
}

#[test]
fn decimals_out_of_bounds_keep_their_own_type() {
    let decimal = |precision: u32, scale: u32| {
        types(&format!(
            r#"{{"type":"bytes","logicalType":"decimal","precision":{precision},"scale":{scale}}}"#
        ))
        .unwrap()
    };
    assert_eq!(decimal(38, 38), "value:decimal(38,38)");
    assert_eq!(decimal(39, 0), "value:binary");
    assert_eq!(decimal(2, 3), "value:binary");
}

#[test]
fn schemas_that_explode_are_given_up() {
    let deep = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(10_000), "}".repeat(10_000));
    assert_eq!(types(&deep), None);
    // Each record has two of the one before: 2^40 fields when written out.
    let mut fields = vec![r#"{"name":"f","type":{"type":"record","name":"R0","fields":[]}}"#.to_owned()];
    for level in 1..40 {
        let below = level - 1;
        fields.push(format!(
            r#"{{"name":"f{level}","type":{{"type":"record","name":"R{level}","fields":[{{"name":"a","type":"R{below}"}},{{"name":"b","type":"R{below}"}}]}}}}"#
        ));
    }
    assert_eq!(types(&format!(r#"{{"type":"record","name":"Top","fields":[{}]}}"#, fields.join(","))), None);
}

proptest! {
    #[test]
    fn no_header_panics(at in 0..EVENTS.len(), with in any::<u8>(), cut in 0..EVENTS.len()) {
        let mut bytes = EVENTS.to_vec();
        bytes[at] = with;
        let _ = outcome(&bytes, bytes.len());
        let _ = outcome(&bytes[..cut], cut);
    }
}
