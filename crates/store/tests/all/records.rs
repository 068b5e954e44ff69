use std::collections::BTreeMap;
use std::path::Path;

use mastic_store::record::{decode, encode, from_previous};
use mastic_store::{Keyspace, Record, RecordError, Store, StoreError, golden};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Sized(u64),
    Named { name: String, share: f64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "Type")]
enum Tagged {
    A { n: i64 },
    B,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Shapes {
    kinds: Vec<Kind>,
    tagged: Vec<Tagged>,
    tree: serde_json::Value,
    largest: u64,
    least: i64,
    blob: Vec<u8>,
    map: BTreeMap<String, Option<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}

impl Record for Shapes {
    const VERSION: u16 = 1;
}

fn shapes() -> Shapes {
    Shapes {
        kinds: vec![Kind::Plain, Kind::Sized(3), Kind::Named { name: "n".into(), share: 0.1 }],
        tagged: vec![Tagged::A { n: -1 }, Tagged::B],
        tree: serde_json::json!({"a": [1, -2, 2.5, null, "x", {"b": true}], "": u64::MAX}),
        largest: u64::MAX,
        least: i64::MIN,
        blob: vec![0, 127, 128, 255],
        map: BTreeMap::from([("k".into(), None), ("l".into(), Some(true))]),
        left_out: None,
        rest: BTreeMap::from([("extra".into(), 7)]),
    }
}

#[test]
fn all_shapes_of_serde_are_kept() {
    assert_eq!(decode::<Shapes>(&encode(&shapes()).unwrap()), Ok(shapes()));
}

#[test]
fn bytes_are_those_of_the_golden_file() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/shapes-1.hex");
    golden::check(&file, &shapes()).unwrap();
}

#[test]
fn a_golden_file_notices_changes() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("v2.hex");
    assert!(golden::check(&file, &V2 { names: vec!["a".into()] }).unwrap_err().contains("has been written"));
    golden::check(&file, &V2 { names: vec!["a".into()] }).unwrap();
    assert!(golden::check(&file, &V2 { names: vec![] }).unwrap_err().contains("is read as"));
    golden::check(&file, &V3 { names: vec!["a".into()], loud: false }).unwrap();
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct V1 {
    name: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct V2 {
    names: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct V3 {
    names: Vec<String>,
    loud: bool,
}

impl Record for V1 {
    const VERSION: u16 = 1;
}

impl From<V1> for V2 {
    fn from(old: V1) -> Self {
        Self { names: vec![old.name] }
    }
}

impl Record for V2 {
    const VERSION: u16 = 2;

    fn upgrade(version: u16, content: &[u8]) -> Result<Self, RecordError> {
        from_previous::<V1, Self>(version, content)
    }
}

impl From<V2> for V3 {
    fn from(old: V2) -> Self {
        Self { names: old.names, loud: false }
    }
}

impl Record for V3 {
    const VERSION: u16 = 3;

    fn upgrade(version: u16, content: &[u8]) -> Result<Self, RecordError> {
        from_previous::<V2, Self>(version, content)
    }
}

#[test]
fn old_records_climb_the_chain() {
    let one = encode(&V1 { name: "a".into() }).unwrap();
    let two = encode(&V2 { names: vec!["a".into()] }).unwrap();
    let three = V3 { names: vec!["a".into()], loud: false };
    assert_eq!(decode::<V3>(&one).as_ref(), Ok(&three));
    assert_eq!(decode::<V3>(&two).as_ref(), Ok(&three));
    assert_eq!(decode::<V1>(&two), Err(RecordError::Newer { found: 2, known: 1 }));
    let none = [1, 0, 0, 0x80];
    assert_eq!(decode::<V3>(&none), Err(RecordError::Older { found: 0, known: 1 }));
}

#[test]
fn what_is_no_record_is_refused() {
    assert_eq!(decode::<V1>(&[9, 0, 1]), Err(RecordError::Encoding(9)));
    assert!(matches!(decode::<V1>(&[1, 0]), Err(RecordError::Decode(_))));
    assert!(matches!(decode::<V1>(&[]), Err(RecordError::Decode(_))));
    assert!(matches!(decode::<V1>(&[1, 0, 1, 0xc1]), Err(RecordError::Decode(_))));
}

#[test]
fn a_record_from_the_future_is_named() {
    const OLD: Keyspace<(String,), V1> = Keyspace::new("test.versions");
    const NEW: Keyspace<(String,), V3> = Keyspace::new("test.versions");
    let store = Store::memory().unwrap();
    store.write_blocking(|tx| NEW.put(tx, &("k",), &V3 { names: vec![], loud: true })).unwrap();
    let error = store.read(|tx| OLD.get(tx, &("k",))).unwrap_err();
    assert_eq!(error.to_string(), "the record `k` of keyspace `test.versions` cannot be used");
    let fault = mastic_core::Fault::from(error);
    assert!(fault.cause().unwrap().ends_with("a later version of Mastic wrote it"), "{fault:?}");
    assert!(matches!(
        store.read(|tx| OLD.scan(tx, OLD.all()).collect::<Result<Vec<_>, _>>()),
        Err(StoreError::Record { .. })
    ));
}
