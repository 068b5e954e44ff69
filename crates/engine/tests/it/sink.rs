use std::fmt::Write;

use mastic_engine::plan::*;

use crate::support::*;

async fn numbers(rows: usize, parts: usize) -> World {
    let world = World::new();
    let mut text = String::from("n,part,word\n");
    for n in 0..rows {
        writeln!(text, "{n},p{},w{}", n % parts, n % 7).unwrap();
    }
    world.put("in/n.csv", text).await;
    world
}

async fn counts(world: &World, kind: Kind) -> Vec<String> {
    let query = "select count(*) c, count(distinct part) p, sum(cast(n as bigint)) s from t";
    let sql = SqlQuery { query: query.into(), aliases: vec![("t".into(), "t".into())], schema: None };
    world.rows(vec![node("t", kind, &[]), node("q", Kind::Sql(sql), &["t"])]).await
}

fn write(format: Format, compression: Option<Compression>, keys: &[&str]) -> Vec<Node> {
    let target = S3Target { compression, ..target("s3://b/w/", format, keys) };
    vec![node("n", csv("s3://b/in"), &[]), node("w", Kind::S3Target(target), &["n"])]
}

#[tokio::test]
async fn every_format_can_be_read_again() {
    let expected = [r#"{"c":5000,"p":10,"s":12497500}"#];
    for (format, compression, end, kind) in [
        (Format::Csv, None, ".csv", csv("s3://b/w")),
        (Format::Csv, Some(Compression::Gzip), ".csv.gz", csv("s3://b/w")),
        (Format::Json, None, ".json", json("s3://b/w")),
        (Format::Json, Some(Compression::Gzip), ".json.gz", json("s3://b/w")),
        (Format::Parquet, None, ".snappy.parquet", parquet("s3://b/w")),
        (Format::Parquet, Some(Compression::Zstd), ".zstd.parquet", parquet("s3://b/w")),
        (Format::Parquet, Some(Compression::None), ".parquet", parquet("s3://b/w")),
    ] {
        for keys in [&["part"][..], &[]] {
            let world = numbers(5000, 10).await;
            let summary = world.run(write(format, compression, keys)).await.unwrap();
            let output = &summary.outputs[0];
            assert_eq!(output.rows, 5000);
            assert_eq!(
                output.files.len(),
                if keys.is_empty() { output.files.len() } else { 10 },
                "{output:?}"
            );
            assert!(output.files.iter().all(|file| file.url.ends_with(end)), "{output:?}");
            assert_eq!(world.keys("w").await.len(), output.files.len());
            assert_eq!(counts(&world, kind.clone()).await, expected, "{format:?} {compression:?} {keys:?}");
        }
    }
}

#[tokio::test]
async fn partition_values_are_escaped() {
    let world = World::new();
    world.put("in/x.csv", "n,part,word\n1,a/b=c,x\n2,,y\n3,ü,z\n").await;
    let summary = world.run(write(Format::Json, None, &["part"])).await.unwrap();
    let mut values = summary.outputs[0].partitions.concat();
    values.sort();
    assert_eq!(values, ["__HIVE_DEFAULT_PARTITION__", "a/b=c", "ü"]);
    let rows = world.rows(vec![node("t", json("s3://b/w"), &[])]).await;
    assert_eq!(
        rows,
        [
            r#"{"n":"1","word":"x","part":"a/b=c"}"#,
            r#"{"n":"2","word":"y"}"#,
            r#"{"n":"3","word":"z","part":"ü"}"#
        ]
    );
}

#[tokio::test]
async fn thousands_of_partitions_in_little_memory() {
    let mut world = numbers(60_000, 10_000).await;
    world.memory = 24 << 20;
    let summary = world.run(write(Format::Parquet, None, &["part"])).await.unwrap();
    let output = &summary.outputs[0];
    assert_eq!((output.rows, output.partitions.len()), (60_000, 10_000));
    assert_eq!(counts(&world, parquet("s3://b/w")).await, [r#"{"c":60000,"p":10000,"s":1799970000}"#]);
}

#[tokio::test]
async fn thousands_of_partitions_in_every_format() {
    for (format, compression) in [
        (Format::Orc, Compression::Deflate),
        (Format::Avro, Compression::Snappy),
        (Format::Json, Compression::Gzip),
        (Format::Xml, Compression::None),
    ] {
        let mut world = numbers(20_000, 10_000).await;
        world.memory = 24 << 20;
        let summary = world.run(write(format, Some(compression), &["part"])).await.unwrap();
        let output = &summary.outputs[0];
        assert_eq!((output.rows, output.partitions.len()), (20_000, 10_000), "{format:?}");
        // A partition that made room for others may go on in a second file.
        assert!(output.files.len() <= 20_000, "{format:?}: {}", output.files.len());
    }
}

#[tokio::test]
async fn as_many_files_as_are_wanted() {
    for format in [Format::Parquet, Format::Csv, Format::Orc, Format::Avro] {
        let world = numbers(5000, 10).await;
        let target = S3Target { files: Some(7), ..target("s3://b/w/", format, &[]) };
        let nodes = vec![node("n", csv("s3://b/in"), &[]), node("w", Kind::S3Target(target), &["n"])];
        let summary = world.run(nodes).await.unwrap();
        assert_eq!((summary.outputs[0].rows, summary.outputs[0].files.len()), (5000, 7), "{format:?}");
    }
}

#[tokio::test]
async fn a_partition_key_must_be_a_column() {
    let world = numbers(1, 1).await;
    let error = world.run(write(Format::Json, None, &["nope"])).await.unwrap_err().to_string();
    assert_eq!(error, "node `The w`: there is no column `nope` to partition by");
    let target = Kind::S3Target(target("s3://b/w", Format::Json, &["n", "part", "word"]));
    let nodes = vec![node("n", csv("s3://b/in"), &[]), node("w", target, &["n"])];
    let error = world.run(nodes).await.unwrap_err().to_string();
    assert!(error.contains("no column is left"), "{error}");
}

#[tokio::test]
async fn no_rows_no_files() {
    let world = World::new();
    world.put("in/x.csv", "n,part\n").await;
    let summary = world.run(write(Format::Parquet, None, &["part"])).await.unwrap();
    assert!(summary.outputs[0].files.is_empty());
}
