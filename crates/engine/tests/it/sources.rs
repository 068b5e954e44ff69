use std::io::Write;

use flate2::write::GzEncoder;
use mastic_engine::plan::*;

use crate::support::*;

fn gzip(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

#[tokio::test]
async fn folders_become_columns_and_headers_may_differ() {
    let world = World::new();
    world.put("t/year=2013/a.csv", "a,b\n1,x\n").await;
    world.put("t/year=2014/b.csv.gz", gzip("c,a\n7,2\n")).await;
    world.put("t/_tmp/c.csv", "a\n3\n").await;
    assert_eq!(
        world.rows(vec![node("t", csv("s3://b/t"), &[])]).await,
        [r#"{"a":"1","b":"x","year":"2013"}"#, r#"{"a":"2","c":"7","year":"2014"}"#]
    );
}

#[tokio::test]
async fn a_large_file_is_cut_into_slices() {
    let world = World::new();
    let mut text = String::from("n,text\n");
    for n in 0..400_000 {
        text.push_str(&format!("{n},some words that make the line longer {n}\n"));
    }
    assert!(text.len() > 17 << 20);
    world.put("t/large.csv", text).await;
    let query = "select count(*) c, count(distinct n) d, sum(cast(n as bigint)) s from t";
    let sql = SqlQuery { query: query.into(), aliases: vec![("t".into(), "t".into())], schema: None };
    let rows = world.rows(vec![node("t", csv("s3://b/t"), &[]), node("q", Kind::Sql(sql), &["t"])]).await;
    assert_eq!(rows, [r#"{"c":400000,"d":400000,"s":79999800000}"#]);
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let world = World::new();
    world.put("t/bad.json", "{\"a\":1}\n{oops\n").await;
    world.put("t2/bad.csv.gz", b"not gzip".to_vec()).await;
    world.put("t3/bad.parquet", b"PAR1 not parquet PAR1".to_vec()).await;
    for (kind, file) in [
        (json("s3://b/t"), "s3://b/t/bad.json"),
        (csv("s3://b/t2"), "s3://b/t2/bad.csv.gz"),
        (parquet("s3://b/t3"), "s3://b/t3/bad.parquet"),
        (csv("s3://b/none"), "s3://b/none"),
        (csv("s3://other/x"), "s3://other/x"),
    ] {
        let error = world.error(vec![node("t", kind, &[])]).await;
        assert!(error.starts_with(&format!("node `The t`: `{file}`: ")), "{error}");
    }
}

#[tokio::test]
async fn parquet_there_and_back() {
    let world = World::new();
    world.put("c/x.csv", "k,n,d,t,f,p\nα,1,2013-02-03,2013-02-03 04:05:06,1.5,1\nβ,NA,x,,NA,2\n").await;
    let schema = [
        ("k", "string"),
        ("n", "bigint"),
        ("d", "date"),
        ("t", "timestamp"),
        ("f", "decimal(5,2)"),
        ("p", "int"),
    ];
    let target = Kind::S3Target(target("s3://b/pq", Format::Parquet, &["p"]));
    let summary = world
        .run(vec![node("c", typed_csv("s3://b/c", &schema), &[]), node("w", target, &["c"])])
        .await
        .unwrap();
    assert_eq!(summary.outputs[0].partitions, [["1"], ["2"]]);
    let rows = world.rows(vec![node("t", parquet("s3://b/pq"), &[])]).await;
    assert_eq!(
        rows,
        [
            r#"{"k":"α","n":1,"d":"2013-02-03","t":"2013-02-03 04:05:06","f":1.50,"p":"1"}"#,
            r#"{"k":"β","p":"2"}"#
        ]
    );
}
