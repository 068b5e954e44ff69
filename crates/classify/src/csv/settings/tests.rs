use mastic_hive::{CsvSerde, CsvSettings, Custom, Format};

use crate::classified::Classified;
use crate::classifiers::Classifiers;
use crate::json::tests::{schema, whole_with};

fn csv(settings: CsvSettings, text: &str) -> Classified {
    whole_with(&Classifiers::new(&[Custom::Csv(settings)]).unwrap(), text.as_bytes())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_header_is_there_as_the_settings_say() {
    let of = |contains_header| CsvSettings { contains_header, ..CsvSettings::default() };
    let text = "code,name\na,b\nc,d\n";
    let present = csv(of(Some(true)), text);
    assert_eq!(schema(&present), "code:string name:string");
    assert!(present.csv().unwrap().header);
    assert_eq!(schema(&csv(of(None), text)), "col0:string col1:string");
    let absent = csv(of(Some(false)), "id,name\n1,b\n");
    assert_eq!(schema(&absent), "col0:string col1:string");
    assert!(!absent.csv().unwrap().header);
    assert_eq!(csv(of(Some(true)), "a,b\n").classification, "UNKNOWN");
}

#[test]
fn given_names_go_to_the_columns() {
    let header = names(&["Id", "Label"]);
    let of =
        |contains_header| CsvSettings { contains_header, header: header.clone(), ..CsvSettings::default() };
    let text = "1,a,x\n2,b,y\n";
    assert_eq!(schema(&csv(of(Some(false)), text)), "id:bigint label:string col2:string");
    assert_eq!(schema(&csv(of(None), text)), "id:bigint label:string col2:string");
    assert_eq!(csv(of(None), text).counts.records, 2);
    let named = csv(of(None), "ID, label\n1,a\n");
    assert_eq!((schema(&named).as_str(), named.csv().unwrap().header), ("id:bigint label:string", true));
    assert_eq!(schema(&csv(of(Some(true)), "x,y\n1,a\n")), "id:bigint label:string");
    let more = CsvSettings { header: names(&["a", "b", "c"]), ..CsvSettings::default() };
    assert_eq!(schema(&csv(more, "1,2\n3,4\n")), "a:bigint b:bigint c:string");
    let clash = CsvSettings { header: names(&["b"]), contains_header: Some(true), ..CsvSettings::default() };
    assert_eq!(schema(&csv(clash, "a,b\n1,2\n")), "b:bigint col1:bigint");
}

#[test]
fn delimiter_quote_and_trimming() {
    let settings = CsvSettings { delimiter: Some('#'), quote: Some('\''), ..CsvSettings::default() };
    let found = csv(settings.clone(), "id#text\n1#'a#b'\n2#c\n");
    assert_eq!(schema(&found), "id:bigint text:string");
    let details = found.csv().unwrap();
    assert_eq!((details.delimiter, details.quote, details.quoted), ('#', '\'', true));
    let spaced = "id,n\nx, 1\ny, 2\n";
    assert_eq!(schema(&csv(CsvSettings::default(), spaced)), "col0:string col1:string");
    assert_eq!(
        schema(&csv(CsvSettings { trim: true, ..CsvSettings::default() }, spaced)),
        "id:string n:bigint"
    );
    // The delimiter is not found: the built-in classifier has its say.
    assert_eq!(csv(settings, "a,b\n1,2\n").csv().unwrap().delimiter, ',');
}

#[test]
fn a_single_column_where_it_is_allowed() {
    let single = CsvSettings { allow_single_column: true, ..CsvSettings::default() };
    assert_eq!(schema(&csv(single.clone(), "id\n1\n2\n")), "id:bigint");
    assert_eq!(schema(&csv(CsvSettings { delimiter: Some('|'), ..single }, "id\n1\n2\n")), "id:bigint");
    assert_eq!(csv(CsvSettings::default(), "id\n1\n2\n").classification, "UNKNOWN");
}

#[test]
fn types_and_serde_as_asked_for() {
    let settings = CsvSettings { datatypes: names(&["STRING", "date"]), ..CsvSettings::default() };
    assert_eq!(schema(&csv(settings, "id,day,n\n1,2024-01-01,5\n")), "id:string day:date n:bigint");
    let format =
        |serde, quote, text: &str| csv(CsvSettings { serde, quote, ..CsvSettings::default() }, text).format;
    let (plain, quoted) = ("a,b\n1,2\n", "a,b\n1,\"2\"\n");
    assert_eq!(format(Some(CsvSerde::OpenCsv), None, plain), Some(Format::OpenCsv));
    assert_eq!(format(Some(CsvSerde::LazySimple), Some('"'), quoted), Some(Format::Csv));
    assert_eq!(format(None, Some('"'), quoted), Some(Format::OpenCsv));
    assert_eq!(format(None, Some('"'), plain), Some(Format::Csv));
    assert_eq!(format(None, None, quoted), Some(Format::Csv));
}
