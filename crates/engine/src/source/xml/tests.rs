use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;
use crate::types::arrow_type;

fn format(parameters: &[(&str, &str)]) -> XmlFormat {
    let parameters = parameters.to_vec();
    let find = move |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    XmlFormat::of(|name| if name == "rowTag" { Some("row") } else { find(name) }).unwrap()
}

async fn read(
    text: &[u8],
    columns: &[(&str, &str)],
    parameters: &[(&str, &str)],
) -> Result<Vec<String>, String> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let key = Path::from("f.xml");
    store.put(&key, text.to_vec().into()).await.unwrap();
    let meta = store.head(&key).await.unwrap();
    let file = SourceFile { store, bucket: "b".into(), meta, codec: None, partition: vec![] };
    let columns: Vec<(String, DataType)> =
        columns.iter().map(|(name, of)| ((*name).to_owned(), arrow_type(of).unwrap())).collect();
    let table = xml_table("n", vec![file], format(parameters), &columns, &[]);
    let frame = SessionContext::new().read_table(Arc::new(table)).unwrap();
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let text = pretty_format_batches(&batches).unwrap().to_string();
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(1);
    Ok(rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect())
}

const COLUMNS: [(&str, &str); 5] = [
    ("_id", "int"),
    ("name", "string"),
    ("tag", "array<double>"),
    ("to", "struct<City:string,_zip:bigint>"),
    ("note", "struct<_k:int,_VALUE:string>"),
];

const TEXT: &str = r#"<?xml version="1.0"?><!DOCTYPE r [<!ENTITY own "x">]><r><!-- <row> -->
    <row id="1"><name>A &amp; B &#233; &own;</name><tag>1</tag><tag>2.5</tag>
        <to zip="9"><City><![CDATA[<Rome>]]></City></to><note k="7">text</note></row>
    <row id="x"/><row><name> wide </name><inner><row>not a record</row></inner></row>
    </r>"#;

#[tokio::test]
async fn elements_attributes_and_lists() {
    let rows = read(TEXT.as_bytes(), &COLUMNS, &[]).await.unwrap();
    assert_eq!(
        rows,
        ["|1|A & B é &own;|[1.0, 2.5]|{City: <Rome>, _zip: 9}|{_k: 7, _VALUE: text}|", "||wide||||"]
    );
}

#[tokio::test]
async fn options() {
    let text = b"<r><row a='1'><b> x </b><c></c></row></r>";
    let columns = [("_a", "int"), ("b", "string"), ("c", "string"), ("@a", "int")];
    assert_eq!(read(text, &columns, &[]).await.unwrap(), ["|1|x|||"]);
    assert_eq!(read(text, &columns, &[("attributePrefix", "@")]).await.unwrap(), ["||x||1|"]);
    assert_eq!(read(text, &columns, &[("excludeAttribute", "true")]).await.unwrap(), ["||x|||"]);
    let find = |name: &str| (name == "treatEmptyValuesAsNulls").then_some("maybe");
    assert!(XmlFormat::of(find).unwrap_err().contains("rowTag"));
    let find = |name: &str| (name == "encoding").then_some("UTF-16");
    assert!(XmlFormat::of(find).unwrap_err().contains("UTF-16"));
}

#[tokio::test]
async fn what_is_broken_is_named() {
    for (text, what) in [
        (&b"<r><row><a>1</b></row></r>"[..], "record 1"),
        (b"<r><row><a>1</a></row><row><a>2", "record 2: the element `row` is not closed"),
        (b"a,b\n1,2\n", "it is no XML"),
        (b"\xff\xfe<\0r\0", "UTF-16"),
    ] {
        let error = read(text, &[("a", "int")], &[]).await.unwrap_err();
        assert!(error.contains("s3://b/f.xml") && error.contains(what), "{error}");
    }
    let deep = format!("<r><row>{}{}</row></r>", "<a>".repeat(200), "</a>".repeat(200));
    assert!(read(deep.as_bytes(), &[("a", "int")], &[]).await.unwrap_err().contains("deep"));
}

#[test]
fn rows_may_be_cut_anywhere() {
    let mut whole = Vec::new();
    for size in [1, 3, 7, TEXT.len()] {
        let mut rows = Rows::new("row");
        let mut found = Vec::new();
        for piece in TEXT.as_bytes().chunks(size) {
            rows.feed(piece).unwrap();
            while let Some(row) = rows.next().unwrap() {
                found.push((row.offset, row.bytes));
            }
        }
        assert!(rows.unfinished().is_none());
        assert_eq!(found.len(), 2, "{size}");
        for (offset, bytes) in &found {
            let at = usize::try_from(*offset).unwrap();
            assert_eq!(&TEXT.as_bytes()[at..at + bytes.len()], bytes.as_slice());
        }
        whole.push(found);
    }
    assert!(whole.windows(2).all(|pair| pair[0] == pair[1]));
}
