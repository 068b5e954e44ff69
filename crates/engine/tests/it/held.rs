//! Sources that are opened once and read more than once.

use std::fs::File;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::ipc::reader::FileReader;
use mastic_engine::plan::*;
use mastic_engine::{Environment, ErrorRows, HeldSource, JobGraph, Planned};

use crate::support::*;

async fn prices() -> (World, Environment, HeldSource) {
    let world = World::new();
    world.put("t/a.csv", "id,price\n1,1.5\n2,x\nbroken\n").await;
    let mut environment = world.environment();
    environment.error_rows = Some(Arc::new(ErrorRows::new("s3://b/errors/", 10)));
    let held = HeldSource::open(node("t", csv("s3://b/t"), &[]), &environment).await.unwrap();
    world.put("t/later.csv", "id,price\n9,9\n").await;
    (world, environment, held)
}

fn typed(held: HeldSource, environment: &mut Environment) -> JobGraph {
    let source = held.node("s");
    environment.held.insert("s".to_owned(), Arc::new(held));
    let mapped = node(
        "m",
        Kind::ApplyMapping(vec![map("id", "id", "double"), map("price", "price", "double")]),
        &["s"],
    );
    JobGraph::new(vec![source, mapped, node("out", json_target("s3://b/out/"), &["m"])]).unwrap()
}

#[tokio::test]
async fn plans_read_what_was_there() {
    let (world, mut environment, held) = prices().await;
    let graph = typed(held, &mut environment);
    for time in 1..=2 {
        let planned = Planned::of(&graph, &environment).await.unwrap();
        let columns = ["id", "price"].map(|name| (name.to_owned(), "double".to_owned()));
        assert_eq!(planned.columns().await.unwrap(), [columns.to_vec()]);
        let summary = planned.run(&environment).await.unwrap();
        assert_eq!((summary.outputs[0].rows, summary.error_rows), (2, 1));
        assert_eq!(world.keys("out").await.len(), time);
    }
    let text = world.text(&world.keys("out").await[0]).await;
    assert_eq!(text, "{\"id\":1.0,\"price\":1.5}\n{\"id\":2.0}\n");
}

#[tokio::test]
async fn rows_follow_what_announced_them() {
    let (_, environment, held) = prices().await;
    let folder = tempfile::tempdir().unwrap();
    held.announce(folder.path()).unwrap();
    let announced = File::open(folder.path().join("columns.arrow")).unwrap();
    let mut reader = FileReader::try_new(announced, None).unwrap();
    let names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "price"]);
    assert!(reader.next().unwrap().is_err(), "nobody reads no rows where rows are to come");
    let rows = held.write_rows(&environment, folder.path(), None).await.unwrap();
    assert_eq!((rows.rows, rows.error_rows), (2, 1));
    let mut found = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let reader = FileReader::try_new(File::open(entry.unwrap().path()).unwrap(), None).unwrap();
        found += reader.map(|batch| RecordBatch::num_rows(&batch.unwrap())).sum::<usize>();
    }
    assert_eq!(found, 2);
}

#[tokio::test]
async fn what_cannot_be_planned_writes_nothing() {
    let (world, mut environment, held) = prices().await;
    let source = held.node("s");
    environment.held.insert("s".to_owned(), Arc::new(held));
    let missing = node("w", Kind::Where(Predicate::IsNull(vec!["gone".into()])), &["s"]);
    let graph = JobGraph::new(vec![source, missing, node("out", json_target("s3://b/out/"), &["w"])]);
    let error = Planned::of(&graph.unwrap(), &environment).await.unwrap_err().to_string();
    assert!(error.contains("gone"), "{error}");
    assert!(world.keys("out").await.is_empty());
}

#[tokio::test]
async fn declared_text_is_read_whole() {
    let world = World::new();
    world.put("t/a.csv", "id,price\n1,1.5\n2,x\n").await;
    let mut environment = world.environment();
    environment.error_rows = Some(Arc::new(ErrorRows::new("s3://b/errors/", 10)));
    let declared = typed_csv("s3://b/t", &[("id", "int"), ("price", "double")]);
    let held = HeldSource::open(node("t", declared, &[]), &environment).await.unwrap();
    let source = held.node("s");
    environment.held.insert("s".to_owned(), Arc::new(held));
    // The record with a bad price is put aside, though nobody asks for prices.
    let ids = node("i", Kind::SelectFields(vec![path_of("id")]), &["s"]);
    let graph = JobGraph::new(vec![source, ids, node("out", json_target("s3://b/out/"), &["i"])]).unwrap();
    let summary = Planned::of(&graph, &environment).await.unwrap().run(&environment).await.unwrap();
    assert_eq!((summary.outputs[0].rows, summary.error_rows), (1, 1));
}
