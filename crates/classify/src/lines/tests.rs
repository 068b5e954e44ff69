use mastic_hive::Custom;

use crate::classified::Details;
use crate::classifiers::Classifiers;
use crate::json::tests::{schema, whole_with};

fn grok(pattern: &str) -> Classifiers {
    let custom = Custom::Grok {
        classification: "special-logs".into(),
        pattern: pattern.into(),
        custom_patterns: "LEVEL (INFO|WARN)".into(),
    };
    Classifiers::new(&[custom]).unwrap()
}

#[test]
fn a_pattern_gives_classification_and_columns() {
    let text = "2024-01-02 10:11:12 INFO 17 started\r\n2024-01-02 10:11:13 WARN -2 odd\r\n";
    let pattern = "%{TIMESTAMP_ISO8601:At} %{LEVEL:level} %{INT:count:long} %{GREEDYDATA:message}";
    let found = whole_with(&grok(pattern), text.as_bytes());
    assert_eq!(found.classification, "special-logs");
    assert_eq!(schema(&found), "at:string level:string count:bigint message:string");
    assert_eq!((found.counts.records, found.counts.average_size), (2, 35));
    let Details::Grok { pattern: written, custom_patterns } = &found.details else { panic!() };
    assert_eq!((&**written, &**custom_patterns), (pattern, "LEVEL (INFO|WARN)"));
}

#[test]
fn a_pattern_that_matches_some_lines_gives_way_to_what_is_certain() {
    let csv = "id,name\n1,a\n2,b\n";
    assert_eq!(whole_with(&grok("^%{INT:id:int},"), csv.as_bytes()).classification, "csv");
    assert_eq!(whole_with(&grok("%{WORD:id},"), csv.as_bytes()).classification, "special-logs");
    let prose = "one 1\ntwo\nthree 3\n";
    assert_eq!(whole_with(&grok("%{INT:n}"), prose.as_bytes()).classification, "special-logs");
    assert_eq!(whole_with(&grok("%{IP:n}"), prose.as_bytes()).classification, "UNKNOWN");
}

#[test]
fn the_least_uncertain_wins_and_the_first_of_equals() {
    let custom = |name: &str, pattern: &str| Custom::Grok {
        classification: name.into(),
        pattern: pattern.into(),
        custom_patterns: String::new(),
    };
    let of = |all: &[Custom]| {
        whole_with(&Classifiers::new(all).unwrap(), b"one 1\ntwo\nthree 3\n").classification.into_owned()
    };
    assert_eq!(of(&[custom("a", "three"), custom("b", "%{INT}"), custom("c", "[0-9]")]), "b");
    assert_eq!(of(&[custom("a", "three"), custom("b", "%{INT}"), custom("c", ".")]), "c");
}

#[test]
fn binary_files_and_endless_lines_are_not_for_patterns() {
    let all = grok("%{GREEDYDATA:x}");
    assert_eq!(whole_with(&all, b"a\0b\n").classification, "UNKNOWN");
    let line = vec![b'x'; 11 << 20];
    assert_eq!(whole_with(&all, &line).classification, "UNKNOWN");
    let sample = crate::Sample { size: 1 << 40, head: &line[..1 << 20], tail: None };
    let Ok(crate::Outcome::Done(found)) = all.classify(&sample) else { panic!() };
    assert_eq!(found.classification, "UNKNOWN");
}
