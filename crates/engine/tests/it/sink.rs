use std::fmt::Write;

use mastic_engine::Output;
use mastic_engine::plan::*;

use crate::catalog::{partition, source, table};
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

/// What was written, read again: three columns, `part` of them in the folders if it is a key.
fn again(world: &World, output: &Output, format: Format, keyed: bool) -> Kind {
    let serde = match format {
        Format::Csv => return csv("s3://b/w"),
        Format::Json => return json("s3://b/w"),
        Format::Parquet => return parquet("s3://b/w"),
        Format::Avro => "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
        Format::Orc => "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
        Format::Xml => "",
    };
    let (columns, keys) = [("n", "string"), ("word", "string"), ("part", "string")].split_at(2);
    let all = [columns, keys].concat();
    let (columns, keys) = if keyed { (columns, keys) } else { (&all[..], &[][..]) };
    table(world, "w", serde, columns, keys, &[("rowTag", "ROW")]);
    for values in &output.partitions {
        partition(world, "w", &[&values[0]], &format!("s3://b/w/part={}/", values[0]));
    }
    source("w", None)
}

#[tokio::test]
async fn thousands_of_partitions_in_every_format() {
    for (format, compression) in [
        (Format::Orc, Compression::Deflate),
        (Format::Avro, Compression::Snappy),
        (Format::Json, Compression::Gzip),
        (Format::Xml, Compression::None),
    ] {
        let mut world = numbers(20_000, 5_000).await;
        world.memory = 24 << 20;
        let summary = world.run(write(format, Some(compression), &["part"])).await.unwrap();
        let output = &summary.outputs[0];
        assert_eq!((output.rows, output.partitions.len()), (20_000, 5_000), "{format:?}");
        // A partition that made room for others may go on in another file, but not one for each of its four rows.
        assert!(output.files.len() <= 10_000, "{format:?}: {}", output.files.len());
        let found = counts(&world, again(&world, output, format, true)).await;
        assert_eq!(found, [r#"{"c":20000,"p":5000,"s":199990000}"#], "{format:?}");
    }
}

#[tokio::test]
async fn as_many_files_as_are_wanted() {
    use Format::{Avro, Csv, Json, Orc, Parquet, Xml};
    for (format, files) in [(Parquet, 7), (Csv, 7), (Json, 1), (Orc, 7), (Avro, 7), (Xml, 3), (Csv, 100)] {
        let world = numbers(5000, 10).await;
        let target = S3Target { files: Some(files), ..target("s3://b/w/", format, &[]) };
        let nodes = vec![node("n", csv("s3://b/in"), &[]), node("w", Kind::S3Target(target), &["n"])];
        let output = world.run(nodes).await.unwrap().outputs.remove(0);
        assert_eq!((output.rows, output.files.len()), (5000, files), "{format:?}");
        assert_eq!(world.keys("w").await.len(), files, "{format:?}");
        let rows = output.files.iter().map(|file| usize::try_from(file.rows).unwrap());
        let (least, most) = (5000 / files, 5000 / files + 1);
        assert!(rows.clone().all(|rows| (least..=most).contains(&rows)), "{format:?}: {output:?}");
        let found = counts(&world, again(&world, &output, format, false)).await;
        assert_eq!(found, [r#"{"c":5000,"p":10,"s":12497500}"#], "{format:?}");
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
