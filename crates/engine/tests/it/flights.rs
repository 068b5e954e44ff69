//! The demo's job over nycflights13 data, against numbers computed without the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use mastic_engine::plan::*;

use crate::support::*;

/// The demo's files: three months of flights.
fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mastic/demo/nycflights13")
}

/// The named columns of every line.
fn columns<'a, const N: usize>(text: &'a str, names: [&str; N]) -> Vec<[&'a str; N]> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let places = names.map(|name| header.iter().position(|column| *column == name).unwrap());
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            places.map(|place| cells[place])
        })
        .collect()
}

#[tokio::test]
async fn delays_per_carrier_and_month() {
    let root = data();
    let world = World::new();
    // (carrier, month) -> flights, flights with a known delay, their sum.
    let mut expected: BTreeMap<(String, String), (u64, u64, f64)> = BTreeMap::new();
    let airlines = std::fs::read_to_string(root.join("airlines/airlines.csv")).unwrap();
    let planes = std::fs::read_to_string(root.join("planes/planes.csv")).unwrap();
    let known: BTreeSet<&str> = columns(&planes, ["tailnum"]).into_iter().flatten().collect();
    for month in 1..=3 {
        let bytes = std::fs::read(root.join(format!("flights/month={month}/flights.csv.gz"))).unwrap();
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        for [carrier, tail, delay] in columns(&text, ["carrier", "tailnum", "dep_delay"]) {
            if known.contains(tail) {
                let entry = expected.entry((carrier.to_owned(), month.to_string())).or_default();
                entry.0 += 1;
                if let Ok(delay) = delay.parse::<f64>() {
                    entry.1 += 1;
                    entry.2 += delay;
                }
            }
        }
        world.put(&format!("flights/month={month}/flights.csv.gz"), bytes).await;
    }
    world.put("airlines/airlines.csv", airlines).await;
    world.put("planes/planes.csv", planes.clone()).await;

    let join = |left: &str, right: &str| {
        Kind::Join(Join { kind: JoinKind::Inner, left: vec![path_of(left)], right: vec![path_of(right)] })
    };
    let mapping = ["carrier", "tailnum", "month"].map(|name| map(name, name, "string"));
    let mapping = mapping.into_iter().chain([map("dep_delay", "dep_delay", "double")]).collect();
    let aggregates = vec![
        (path_of("tailnum"), AggregateFunction::Count),
        (path_of("dep_delay"), AggregateFunction::Count),
        (path_of("dep_delay"), AggregateFunction::Sum),
        (path_of("dep_delay"), AggregateFunction::Avg),
    ];
    let nodes = vec![
        node("flights", csv("s3://b/flights"), &[]),
        node("airlines", csv("s3://b/airlines"), &[]),
        node("planes", csv("s3://b/planes"), &[]),
        node("typed", Kind::ApplyMapping(mapping), &["flights"]),
        node("with_airline", join("carrier", "carrier"), &["typed", "airlines"]),
        node("with_plane", join("tailnum", "tailnum"), &["with_airline", "planes"]),
        node(
            "delays",
            Kind::Aggregate(Aggregate {
                groups: ["carrier", "name", "month"].map(path_of).to_vec(),
                aggregates,
            }),
            &["with_plane"],
        ),
        node("target", Kind::S3Target(target("s3://b/delays/", Format::Parquet, &["month"])), &["delays"]),
    ];
    let summary = world.run(nodes).await.unwrap();
    let output = &summary.outputs[0];
    assert_eq!((output.rows as usize, output.files.len()), (expected.len(), 3));
    assert!(expected.len() > 40, "{}", expected.len());

    for row in world.rows(vec![node("read", parquet("s3://b/delays"), &[])]).await {
        let row: serde_json::Value = serde_json::from_str(&row).unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let (flights, delayed, sum) = expected[&(text("carrier"), text("month"))];
        assert_eq!(row["count(tailnum)"].as_u64(), Some(flights), "{row}");
        assert_eq!(row["count(dep_delay)"].as_u64(), Some(delayed), "{row}");
        assert_eq!(row["sum(dep_delay)"].as_f64(), Some(sum), "{row}");
        assert!((row["avg(dep_delay)"].as_f64().unwrap() - sum / delayed as f64).abs() < 1e-9, "{row}");
        assert!(!text("name").is_empty());
    }
}
