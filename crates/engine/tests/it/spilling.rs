//! What does not fit into memory goes to the disk, as far as there is room.

use std::fmt::Write;

use mastic_engine::plan::*;
use mastic_engine::{EngineError, ErrorKind, JobGraph, run};

use crate::support::*;

/// Sorts more rows than fit into memory by all of their columns, with so much disk; what it leaves there, and how many rows
/// come out.
async fn sorted(disk: u64) -> (usize, World, Result<u64, EngineError>) {
    let mut world = World::new();
    let mut text = String::from("n,word\n");
    for n in 0..600_000u64 {
        writeln!(text, "{},{}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15), "w".repeat(60)).unwrap();
    }
    world.put("in/n.csv", text).await;
    world.memory = 64 << 20;
    let folder = tempfile::tempdir().unwrap();
    let mut environment = world.environment();
    environment.spill_folder = Some(folder.path().to_owned());
    environment.spill_limit = Some(disk);
    let query = "select * from t order by word, n";
    let sql = SqlQuery { query: query.into(), aliases: vec![("t".into(), "t".into())], schema: None };
    let nodes = vec![
        node("t", csv("s3://b/in"), &[]),
        node("q", Kind::Sql(sql), &["t"]),
        node("out", json_target("s3://b/out/"), &["q"]),
    ];
    let done = run(&JobGraph::new(nodes).unwrap(), &environment).await;
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    (left, world, done.map(|summary| summary.outputs[0].rows))
}

#[tokio::test]
async fn a_sort_goes_over_to_the_disk() {
    let (left, _, done) = sorted(1 << 30).await;
    assert_eq!((left, done), (0, Ok(600_000)));
}

#[tokio::test]
async fn a_run_that_needs_more_disk_than_it_has_says_so() {
    let (left, world, done) = sorted(1 << 20).await;
    let error = done.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disk, "{error}");
    let told = "the run's disk limit is reached: what does not fit into its memory takes more than 1024.0 KB of disk";
    assert!(error.to_string().ends_with(told), "{error}");
    assert_eq!((left, world.keys("out").await.len()), (0, 0));
}
