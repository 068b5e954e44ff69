//! What goes through a file comes out as it went in.

use mastic_engine::plan::*;

use crate::catalog::{source, table};
use crate::support::*;

const COLUMNS: [(&str, &str); 7] = [
    ("d", "decimal(38,10)"),
    ("e", "decimal(10,2)"),
    ("b", "bigint"),
    ("t", "timestamp"),
    ("f", "double"),
    ("r", "float"),
    ("s", "string"),
];

const ROWS: &str = "d,e,b,t,f,r,s\n\
    1234567890123456789012345678.0123456789,1.50,9223372036854775807,2013-02-03 04:05:06.123457,0.1,0.1,a<b\n\
    -0.0000000001,-0.05,-9223372036854775808,1899-12-31 23:59:59.999999,NaN,-Infinity,007\n\
    9007199254740993,0.00,9007199254740993,1970-01-01 00:00:00,1e300,3.25,\n";

async fn written(format: Format) -> World {
    let world = World::new();
    world.put("c/c.csv", ROWS).await;
    let target = Kind::S3Target(S3Target { files: Some(1), ..target("s3://b/w/", format, &[]) });
    world
        .run(vec![node("c", typed_csv("s3://b/c", &COLUMNS), &[]), node("w", target, &["c"])])
        .await
        .unwrap();
    world
}

async fn text(world: &World) -> String {
    world.text(&world.keys("w").await[0]).await
}

#[tokio::test]
async fn numbers_and_times_in_json_are_exact() {
    let world = written(Format::Json).await;
    let lines = [
        r#"{"d":1234567890123456789012345678.0123456789,"e":1.50,"b":9223372036854775807,"t":"2013-02-03 04:05:06.123457","f":0.1,"r":0.1,"s":"a<b"}"#,
        r#"{"d":-0.0000000001,"e":-0.05,"b":-9223372036854775808,"t":"1899-12-31 23:59:59.999999","f":"NaN","r":"-Infinity","s":"007"}"#,
        r#"{"d":9007199254740993.0000000000,"e":0.00,"b":9007199254740993,"t":"1970-01-01 00:00:00","f":1.0E300,"r":3.25,"s":""}"#,
    ];
    assert_eq!(text(&world).await.lines().collect::<Vec<_>>(), lines);
    let schema = COLUMNS.map(|(name, of)| (name.to_owned(), of.to_owned())).to_vec();
    let files = files("s3://b/w");
    let json = Kind::Json(JsonSource { files, path: None, multiline: false, schema: Some(schema) });
    let mut lines = lines;
    lines.sort_unstable();
    assert_eq!(world.rows(vec![node("t", json, &[])]).await, lines);
}

#[tokio::test]
async fn numbers_and_times_in_xml_are_exact() {
    let world = written(Format::Xml).await;
    let text = text(&world).await;
    for part in [
        "<ROW><d>1234567890123456789012345678.0123456789</d><e>1.50</e><b>9223372036854775807</b>\
         <t>2013-02-03 04:05:06.123457</t><f>0.1</f><r>0.1</r><s>a&lt;b</s></ROW>",
        "<ROW><d>-0.0000000001</d><e>-0.05</e>",
        "<b>-9223372036854775808</b><t>1899-12-31 23:59:59.999999</t><f>NaN</f><r>-Infinity</r><s>007</s></ROW>",
        "<e>0.00</e><b>9007199254740993</b><t>1970-01-01 00:00:00</t><f>1.0E300</f><r>3.25</r>",
    ] {
        assert!(text.contains(part), "{part} {text}");
    }
    table(&world, "w", "", &COLUMNS, &[], &[("classification", "xml"), ("rowTag", "ROW")]);
    let rows = world.rows(vec![node("t", source("w", None), &[])]).await;
    let json = written(Format::Json).await;
    let mut expected: Vec<String> = self::text(&json).await.lines().map(str::to_owned).collect();
    expected.sort();
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn nested_decimals_in_xml_keep_their_scale() {
    let world = World::new();
    world.put("j/j.json", r#"{"o":{"p":"12345678901234567.50","q":["1.10","2.00"]}}"#).await;
    let schema = vec![("o".to_owned(), "struct<p:decimal(20,2),q:array<decimal(4,2)>>".to_owned())];
    let files = files("s3://b/j");
    let json = Kind::Json(JsonSource { files, path: None, multiline: false, schema: Some(schema) });
    let target = Kind::S3Target(target("s3://b/w/", Format::Xml, &[]));
    world.run(vec![node("j", json, &[]), node("w", target, &["j"])]).await.unwrap();
    let text = text(&world).await;
    assert!(text.contains("<o><p>12345678901234567.50</p><q>1.10</q><q>2.00</q></o>"), "{text}");
}

#[tokio::test]
async fn a_schema_of_xml_takes_the_place_of_the_table_s() {
    let world = World::new();
    world
        .put("x/x.xml", "<r><row><id>1</id><price>1.50</price><to><zip>07</zip><zip>8</zip></to></row></r>")
        .await;
    let schema = r#"{"dataType":"struct","fields":[
        {"name":"price","container":{"dataType":"decimal","precision":10,"scale":3}},
        {"name":"to","container":{"dataType":"struct","fields":[
            {"name":"zip","container":{"dataType":"array","elementType":{"dataType":"string"}}}]}}]}"#;
    let columns = [("id", "int"), ("price", "string")];
    table(&world, "x", "", &columns, &[], &[("rowTag", "row"), ("withSchema", schema)]);
    let rows = world.rows(vec![node("t", source("x", None), &[])]).await;
    assert_eq!(rows, [r#"{"price":1.500,"to":{"zip":["07","8"]}}"#]);
    table(&world, "x", "", &columns, &[], &[("rowTag", "row"), ("withSchema", "[]")]);
    let error = world.error(vec![node("t", source("x", None), &[])]).await;
    assert_eq!(error, "node `The t`: table `d.x`: the parameter `withSchema`: it is no StructType");
}
