use proptest::prelude::*;

use crate::classified::Classified;
use crate::compression::Compression;
use crate::compression::tests::gzip;
use crate::json::tests::{outcome, schema, whole};
use crate::sample::{HEAD_BYTES, Outcome};

fn csv(text: &str) -> Classified {
    let found = whole(text.as_bytes());
    assert_eq!(found.classification, "csv", "{text:?}");
    found
}

#[test]
fn a_header_needs_a_number_below_it() {
    assert_eq!(schema(&csv("Id,Name\n1,a\n2,b\n")), "id:bigint name:string");
    assert_eq!(schema(&csv("code,name\na,b\nc,d\n")), "col0:string col1:string");
    assert_eq!(schema(&csv("1,Name\n1,a\n")), "col0:bigint col1:string");
    assert_eq!(schema(&csv("a,,c\n1,2,3\n")), "col0:string col1:bigint col2:string");
    assert_eq!(schema(&csv("a,b,\n1,2,\n3,4,\n")), "a:bigint b:bigint col2:string");
    let long = "x".repeat(150);
    assert_eq!(schema(&csv(&format!("{long},b\n1,2\n"))), "col0:string col1:string");
    assert_eq!(schema(&csv(&format!("a,{long}\n1,2\n"))), format!("a:bigint {long}:bigint"));
    assert_eq!(schema(&csv("a,A,b\n1,2,3\n")), "a:bigint col1:bigint b:bigint");
}

#[test]
fn types_are_bigint_double_and_string() {
    let found =
        csv("a,b,c,d,e,f,g,h\n1,1.5,NA,true,2024-01-01,,99999999999999999999,1e3\n-2,3,4,false,x,,1,+4\n");
    assert_eq!(schema(&found), "a:bigint b:double c:string d:string e:string f:string g:string h:double");
    assert_eq!(schema(&csv("a,b\n1,nan\n2,inf\n")), "a:bigint b:string");
}

#[test]
fn delimiters_and_quotes() {
    for (text, delimiter) in
        [("a|b\n1|2,3\n", '|'), ("a\tb\n1\t2\n", '\t'), ("a;b\n1;2\n", ';'), ("a\u{1}b\n1\u{1}2\n", '\u{1}')]
    {
        let found = csv(text);
        let details = found.csv().unwrap();
        assert_eq!((details.delimiter, details.header, details.quoted), (delimiter, true, false), "{text:?}");
    }
    let found = csv("\"id\",\"full name\"\r\n1,\"Doe, Jane\"\r\n2,\"x\ny\"\r\n");
    assert_eq!(schema(&found), "id:bigint full name:string");
    assert!(found.csv().unwrap().quoted);
}

#[test]
fn what_is_not_csv() {
    for text in ["", "a\nb\nc\n", "a,b", "a,b\n", "one, two\nno comma\nnone\nnone\n", "a,b\0\n1,2\n"] {
        assert_eq!(whole(text.as_bytes()).classification, "UNKNOWN", "{text:?}");
    }
}

#[test]
fn ragged_lines_are_tolerated_when_few() {
    let mut text = "a,b\n".to_owned() + &"1,x\n".repeat(50);
    text.push_str("1\n1,x,3\n");
    assert_eq!(schema(&csv(&text)), "a:bigint b:string");
}

#[test]
fn records_are_counted_by_their_average() {
    let text = "id,name\n".to_owned() + &"12,abcdef\n".repeat(500);
    let found = csv(&text);
    assert_eq!((found.counts.records, found.counts.average_size), (500, 10));
    let packed = whole(&gzip(text.as_bytes()));
    assert_eq!((packed.counts.records, packed.compression), (500, Compression::Gzip));

    let long = "id,name\n".to_owned() + &"12,abcdef\n".repeat(200_000);
    let head = &long.as_bytes()[..usize::try_from(HEAD_BYTES).unwrap()];
    let Ok(Outcome::Done(found)) = outcome(head, long.len()) else { panic!() };
    assert_eq!((found.counts.records, found.counts.average_size), (200_000, 10));
}

#[test]
fn a_record_cut_by_the_sample_is_left_out() {
    let mib = usize::try_from(HEAD_BYTES).unwrap();
    let wide = format!("{},1\n", "x".repeat(5000));
    let text = format!("a,b\n{}", wide.repeat(400));
    let Ok(Outcome::Done(found)) = outcome(&text.as_bytes()[..mib], text.len()) else { panic!() };
    assert_eq!((schema(&found).as_str(), found.counts.average_size), ("a:string b:bigint", 5003));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-c0-9,|;\t\n\r\" .-]*") {
        let _ = outcome(text.as_bytes(), text.len());
        let _ = outcome(text.as_bytes(), text.len() + 1);
    }
}
