use mastic_hive::Custom;

use crate::classified::{Classified, Details};
use crate::classifiers::Classifiers;
use crate::json::tests::{schema, whole_with};
use crate::sample::{Outcome, Sample};

fn classifiers(path: &str) -> Classifiers {
    Classifiers::new(&[Custom::Json { path: path.into() }]).unwrap()
}

fn json(path: &str, text: &str) -> Classified {
    whole_with(&classifiers(path), text.as_bytes())
}

const AREAS: &str = r#"{"type":"constituency","id":"ocd-division/country:us","name":"Alaska"}
{"type":"constituency","identifiers":[{"scheme":"dmoz","identifier":"x"},{"scheme":"fips","identifier":"US02"}],
 "other_names":[{"lang":"en","name":"Alaska"},{"lang":"fr","name":"Alaska"}],"id":"y","name":"Alaska"}"#;

#[test]
fn the_guides_own_examples() {
    let array = r#"[{"type":"constituency","id":"a","name":"Alaska"},{"type":"constituency","id":"b","name":"Alabama"}]"#;
    let found = json("$[*]", array);
    assert_eq!((&*found.classification, found.counts.records), ("json", 2));
    assert_eq!(schema(&found), "type:string id:string name:string");
    for (path, records) in [("$.id", 2), ("$.identifiers[*].identifier", 2), ("$.other_names[*].name", 2)] {
        let found = json(path, AREAS);
        assert_eq!((schema(&found).as_str(), found.counts.records), ("record:string", records), "{path}");
    }
    assert_eq!(schema(&json("$", AREAS)).split(' ').next(), Some("type:string"));
    assert_eq!(schema(&json("$.identifiers[*]", AREAS)), "scheme:string identifier:string");
}

#[test]
fn every_operator_leads_somewhere() {
    let text = r#"{"a b":{"records":[{"X":1},{"x":2.5}],"n":7},"other":[1,[2]]}"#;
    for (path, columns) in [
        ("$['a b'].records[*]", "x:double"),
        ("$['a b'].records[1]", "x:double"),
        ("$['a b'].records", "array:array<struct<X:int,x:double>>"),
        ("$['a b'].n", "record:int"),
        ("$.*.n", "record:int"),
        ("$.other[1][0]", "record:int"),
        ("$.other", "array:array<string>"),
    ] {
        let found = json(path, text);
        let shown = schema(&found);
        let wanted = columns.replace("struct<X:int,x:double>", "struct<X:double>");
        assert_eq!(shown, wanted, "{path}");
        assert!(matches!(&found.details, Details::Json { path: Some(known), .. } if &**known == path));
    }
}

#[test]
fn a_path_that_leads_nowhere_leaves_it_to_the_others() {
    let found = json("$.nosuch[*]", AREAS);
    assert!(matches!(&found.details, Details::Json { path: None, .. }));
    let long = format!("{AREAS}\n").repeat(10_000);
    let sample = Sample { size: long.len() as u64, head: &long.as_bytes()[..1 << 20], tail: None };
    assert!(matches!(classifiers("$.nosuch").classify(&sample), Ok(Outcome::Done(_))));
    assert_eq!(json("$.a", "id,name\n1,a\n").classification, "csv");
    assert_eq!(json("$[*]", "[1,2").classification, "UNKNOWN");
}

#[test]
fn records_are_read_out_of_one_long_document() {
    let records = r#"{"id":1,"name":"some text"},"#.repeat(100_000);
    let text = format!(r#"{{"meta":{{"n":1}},"records":[{records}{{}}]}}"#);
    let head = &text.as_bytes()[..1 << 20];
    let sample = Sample { size: text.len() as u64, head, tail: None };
    let Ok(Outcome::Done(found)) = classifiers("$.records[*]").classify(&sample) else { panic!() };
    assert_eq!(schema(&found), "id:int name:string");
    assert!((95_000..105_000).contains(&found.counts.records), "{:?}", found.counts);
    // The first record is longer than what is at hand.
    let long = format!(r#"{{"records":[{{"a":"{}"}}]}}"#, "x".repeat(2 << 20));
    let sample = Sample { size: long.len() as u64, head: &long.as_bytes()[..1 << 20], tail: None };
    assert!(matches!(classifiers("$.records[*]").classify(&sample), Ok(Outcome::NeedHead(_))));
    assert_eq!(schema(&json("$.records[*]", &long)), "a:string");
}
