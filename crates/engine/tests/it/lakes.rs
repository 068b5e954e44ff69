//! Several writers of one table of a lake.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mastic_api_glue::glue::types::{Partition, PartitionInput, Table, TableInput};
use mastic_core::SeededEntropy;
use mastic_engine::plan::*;
use mastic_engine::{CatalogClient, EngineError, Environment, JobGraph, run};
use tokio::sync::Mutex;

use crate::support::*;

/// A catalog in which another run takes place when a table is looked at for the second time: by a commit.
struct Meanwhile {
    catalog: Arc<MemoryCatalog>,
    asked: AtomicUsize,
    other: Mutex<Option<(Environment, Vec<Node>)>>,
}

#[async_trait]
impl CatalogClient for Meanwhile {
    async fn get_table(&self, database: &str, table: &str) -> Result<Option<Table>, String> {
        if self.asked.fetch_add(1, Ordering::Relaxed) == 1
            && let Some((environment, nodes)) = self.other.lock().await.take()
        {
            let other = std::thread::spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(run(&JobGraph::new(nodes).unwrap(), &environment)).map(drop)
            });
            other.join().unwrap().map_err(|error| error.to_string())?;
        }
        self.catalog.get_table(database, table).await
    }

    async fn get_partitions(&self, _: &str, _: &str, _: Option<&str>) -> Result<Vec<Partition>, String> {
        Ok(Vec::new())
    }

    async fn create_table(&self, database: &str, table: TableInput) -> Result<(), String> {
        self.catalog.create_table(database, table).await
    }

    async fn update_table(&self, database: &str, table: TableInput) -> Result<(), String> {
        self.catalog.update_table(database, table).await
    }

    async fn swap_table(
        &self,
        database: &str,
        table: TableInput,
        version: Option<&str>,
    ) -> Result<bool, String> {
        self.catalog.swap_table(database, table, version).await
    }

    async fn create_partitions(&self, _: &str, _: &str, _: Vec<PartitionInput>) -> Result<(), String> {
        Ok(())
    }
}

/// Nodes that append a row to the table, which grows by the columns that it does not have.
fn append(key: &str) -> Vec<Node> {
    let target = IcebergTarget {
        database: "d".to_owned(),
        table: "t".to_owned(),
        new: Some(NewIceberg { path: "s3://b/t/".to_owned(), properties: Default::default() }),
        partition_keys: vec![],
        mode: LakeMode::Append,
        merge_schema: true,
        overrides: Default::default(),
    };
    vec![
        node("in", json(&format!("s3://b/in/{key}.json")), &[]),
        node("t", Kind::IcebergTarget(target), &["in"]),
    ]
}

/// A run that appends `ours`, and commits when another one has appended `theirs`: the table's rows.
async fn side_by_side(ours: &str, theirs: &str) -> Result<Vec<String>, EngineError> {
    let world = World::new();
    for (key, row) in [("first", "{\"id\": 1}"), ("ours", ours), ("theirs", theirs)] {
        world.put(&format!("in/{key}.json"), row).await;
    }
    let environment =
        |seed| Environment { entropy: Arc::new(SeededEntropy::new(seed)), ..world.environment() };
    run(&JobGraph::new(append("first"))?, &environment(1)).await?;
    let meanwhile = Meanwhile {
        catalog: Arc::clone(&world.catalog),
        asked: AtomicUsize::new(0),
        other: Mutex::new(Some((environment(2), append("theirs")))),
    };
    let environment = Environment { catalog: Arc::new(meanwhile), ..environment(3) };
    run(&JobGraph::new(append("ours"))?, &environment).await?;
    let source =
        IcebergSource { database: "d".to_owned(), table: "t".to_owned(), at: IcebergVersion::Current };
    Ok(world.rows(vec![node("t", Kind::Iceberg(source), &[])]).await)
}

#[tokio::test]
async fn columns_that_others_add_stay() {
    let rows = side_by_side(r#"{"id": 2, "a": "x"}"#, r#"{"id": 3, "a": "y", "b": "z"}"#).await.unwrap();
    assert_eq!(rows, [r#"{"id":1}"#, r#"{"id":2,"a":"x"}"#, r#"{"id":3,"a":"y","b":"z"}"#]);
    let rows = side_by_side(r#"{"id": 2, "a": "x", "b": "z"}"#, r#"{"id": 3, "a": "y"}"#).await.unwrap();
    assert_eq!(rows, [r#"{"id":1}"#, r#"{"id":2,"a":"x","b":"z"}"#, r#"{"id":3,"a":"y"}"#]);
    let rows = side_by_side(r#"{"id": 2}"#, r#"{"id": 3, "a": "y"}"#).await.unwrap();
    assert_eq!(rows, [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3,"a":"y"}"#]);
}

#[tokio::test]
async fn other_columns_of_the_same_number_are_no_ones() {
    for theirs in [r#"{"id": 3, "b": "y"}"#, r#"{"id": 3, "a": 1.5}"#] {
        let error = side_by_side(r#"{"id": 2, "a": "x"}"#, theirs).await.unwrap_err().to_string();
        assert!(error.contains("its schema was changed meanwhile. Run the job again"), "{error}");
    }
}
