//! Records that cannot be read.

use std::sync::Arc;

use mastic_engine::plan::*;
use mastic_engine::{ErrorRows, JobGraph, RunSummary, run};
use serde_json::Value;

use crate::support::*;

/// Runs a job that reads `source` and keeps up to so many records aside.
async fn kept(world: &World, source: Kind, threshold: usize) -> (RunSummary, Vec<Value>) {
    let mut environment = world.environment();
    environment.error_rows = Some(Arc::new(ErrorRows::new("s3://b/errors/", threshold)));
    let nodes = vec![node("t", source, &[]), node("out", json_target("s3://b/out/"), &["t"])];
    let summary = run(&JobGraph::new(nodes).unwrap(), &environment).await.unwrap();
    let mut rows = Vec::new();
    for key in world.keys("errors").await {
        rows.extend(world.text(&key).await.lines().map(|line| serde_json::from_str(line).unwrap()));
    }
    (summary, rows)
}

fn lines(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row["line"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn lines_are_told_in_files_that_are_no_utf8() {
    let world = World::new();
    let (mut text, mut bad) = (b"n,word\n".to_vec(), Vec::new());
    // Several slices, each with bad rows behind letters that have one byte here and three in what stands for them.
    for n in 2..=250_000u64 {
        if n % 40_000 == 7 {
            bad.push(n);
            text.extend_from_slice(b"x,M\xfcller\n");
        } else {
            text.extend_from_slice(format!("{n},").as_bytes());
            text.extend_from_slice(b"M\xfcller & S\xf6hne\n");
        }
    }
    assert!(text.len() > 4 << 20);
    world.put("t/latin.csv", text).await;
    let (summary, rows) = kept(&world, typed_csv("s3://b/t", &[("n", "int"), ("word", "string")]), 100).await;
    assert_eq!((summary.error_rows, lines(&rows)), (bad.len(), bad));
    assert!(rows.iter().all(|row| row["record"] == "x,M\u{fffd}ller"), "{rows:?}");
    assert_eq!(summary.outputs[0].rows, 249_999 - rows.len() as u64);
}

#[tokio::test]
async fn lines_are_told_in_files_with_another_quote() {
    let world = World::new();
    world.put("t/q.csv", "n,word\n1,«a,«« b«\nx,«c««d«\n3,«e«\ny,\u{fc}\n").await;
    let format = CsvFormat { quote: Some(0x1c), quillemet: true, ..CsvFormat::default() };
    let schema = [("n", "int"), ("word", "string")].map(|(name, of)| (name.to_owned(), of.to_owned()));
    let source = Kind::Csv(CsvSource { files: files("s3://b/t"), format, schema: Some(schema.to_vec()) });
    let (_, rows) = kept(&world, source, 100).await;
    assert_eq!(lines(&rows), [3, 5]);
    assert_eq!((&rows[0]["record"], &rows[1]["record"]), (&"x,«c««d«".into(), &"y,ü".into()));
}

#[tokio::test]
async fn very_many_of_one_file_make_several_files() {
    let world = World::new();
    let count = 30_000u64;
    let mut text = String::from("n,word\n");
    (0..count).for_each(|n| text.push_str(&format!("x{n},{}\n", "y".repeat(700))));
    world.put("t/bad.csv", text).await;
    let schema = [("n", "int"), ("word", "string")];
    let (summary, rows) = kept(&world, typed_csv("s3://b/t", &schema), 40_000).await;
    assert_eq!((summary.error_rows as u64, lines(&rows)), (count, (2..count + 2).collect()));
    let keys = world.keys("errors").await;
    assert!(keys.len() >= 3, "{keys:?}");
    for key in keys {
        assert!(world.text(&key).await.len() < (8 << 20) + 2000, "{key}");
    }
    let last = rows.last().unwrap();
    assert_eq!(last["reason"], "column `n`: `x29999` is no int");
    assert!(last["record"].as_str().unwrap().starts_with("x29999,yyy"));
}
