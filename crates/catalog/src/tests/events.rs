use std::sync::Arc;

use async_trait::async_trait;
use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_core::Fault;
use mastic_kernel::ports::CatalogChange::*;
use mastic_kernel::ports::{CatalogChange, CatalogEvent, CatalogEvents, TablePartitions};
use mastic_store::overlay;
use parking_lot::Mutex;

use super::harness::{World, create, database, partition, table, texts, update};
use crate::on_flights;

/// Remembers what it was told; it fails once for each time it is told to.
#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<CatalogEvent>>,
    failing: Mutex<u32>,
}

#[async_trait]
impl CatalogEvents for Listener {
    async fn changed(&self, event: CatalogEvent) -> Result<(), Fault> {
        let mut failing = self.failing.lock();
        if *failing > 0 {
            *failing -= 1;
            return Err(Fault::internal("not now"));
        }
        self.heard.lock().push(event);
        Ok(())
    }
}

impl Listener {
    fn take(&self) -> Vec<CatalogChange> {
        std::mem::take(&mut *self.heard.lock()).into_iter().map(|event| event.change).collect()
    }
}

fn listening() -> (World, Arc<Listener>) {
    let world = World::new();
    let listener = Arc::new(Listener::default());
    world.kernel.connect_catalog_events(listener.clone());
    (world, listener)
}

fn flights(all: &[&[&str]]) -> TablePartitions {
    TablePartitions {
        table: "flights".to_owned(),
        partitions: all.iter().map(|values| texts(values)).collect(),
    }
}

#[tokio::test]
async fn changes_are_told_in_order_once_they_are_true() {
    let (world, listener) = listening();
    world.call::<op::CreateDatabase>(database("Sales")).await.unwrap();
    world.call::<op::CreateTable>(create(table("Flights", &["year"]))).await.unwrap();
    assert_eq!(
        world.fault::<op::CreateTable>(create(table("flights", &["year"]))).await.0,
        "AlreadyExistsException"
    );
    world.call::<op::UpdateTable>(update(table("flights", &["year"]))).await.unwrap();
    let inputs = vec![partition(&["2024"]), partition(&["2025"]), partition(&["2024"])];
    let add = on_flights!(BatchCreatePartitionRequest { partition_input_list: inputs });
    world.call::<op::BatchCreatePartition>(add.clone()).await.unwrap();
    world.call::<op::BatchCreatePartition>(add).await.unwrap();
    let change = on_flights!(UpdatePartitionRequest {
        partition_value_list: texts(&["2024"]),
        partition_input: partition(&["2026"]),
    });
    world.call::<op::UpdatePartition>(change).await.unwrap();
    let remove = on_flights!(DeletePartitionRequest { partition_values: texts(&["2025"]) });
    world.call::<op::DeletePartition>(remove).await.unwrap();
    let drop_table = DeleteTableRequest {
        database_name: "sales".to_owned(),
        name: "flights".to_owned(),
        ..DeleteTableRequest::default()
    };
    world.call::<op::DeleteTable>(drop_table).await.unwrap();
    let change = UpdateDatabaseRequest {
        name: "sales".to_owned(),
        database_input: database("sales").database_input,
        ..UpdateDatabaseRequest::default()
    };
    world.call::<op::UpdateDatabase>(change).await.unwrap();
    let drop_database =
        DeleteDatabaseRequest { name: "sales".to_owned(), ..DeleteDatabaseRequest::default() };
    world.call::<op::DeleteDatabase>(drop_database).await.unwrap();
    assert_eq!(listener.take(), []);
    world.settle().await;
    let first = listener.heard.lock()[0].clone();
    assert_eq!((first.database.as_str(), first.catalog_id.as_str()), ("sales", super::harness::ACCOUNT));
    assert_eq!(
        listener.take(),
        [
            DatabaseCreated,
            TableCreated("flights".to_owned()),
            TableUpdated("flights".to_owned()),
            PartitionsCreated(flights(&[&["2024"], &["2025"]])),
            PartitionsUpdated(flights(&[&["2026"]])),
            PartitionsDeleted(flights(&[&["2025"]])),
            TableDeleted("flights".to_owned()),
            DatabaseUpdated,
            DatabaseDeleted,
        ]
    );
    world.settle().await;
    assert_eq!(listener.take(), []);
}

#[tokio::test]
async fn an_event_that_was_not_taken_comes_again() {
    let (world, listener) = listening();
    world.call::<op::CreateDatabase>(database("sales")).await.unwrap();
    world.call::<op::CreateDatabase>(database("stock")).await.unwrap();
    *listener.failing.lock() = 1;
    let background = world.kernel.background("test");
    assert!(crate::events::deliver(&background).await.is_err());
    world.settle().await;
    let names: Vec<String> = listener.heard.lock().iter().map(|event| event.database.clone()).collect();
    assert_eq!(names, ["sales", "stock"]);
}

#[tokio::test]
async fn a_run_s_changes_are_told_when_it_has_succeeded() {
    let (world, listener) = listening();
    world.call::<op::CreateDatabase>(database("sales")).await.unwrap();
    world.settle().await;
    listener.take();
    let (good, bad) = (world.as_run("jr_1"), world.as_run("jr_2"));
    for (run, name) in [(&good, "a"), (&bad, "b"), (&good, "c")] {
        run.call::<op::CreateTable>(create(table(name, &[]))).await.unwrap();
    }
    world.call::<op::CreateTable>(create(table("d", &[]))).await.unwrap();
    world.settle().await;
    assert_eq!(listener.take(), [TableCreated("d".to_owned())]);
    world.store.write(|tx| overlay::publish(tx, "jr_1").map(drop)).await.unwrap();
    world.store.discard("jr_2").await.unwrap();
    world.settle().await;
    assert_eq!(listener.take(), [TableCreated("a".to_owned()), TableCreated("c".to_owned())]);
}

#[tokio::test]
async fn work_is_done_when_there_is_some() {
    let (world, listener) = listening();
    let (catalog, background) = (world.catalog.clone(), world.kernel.background("test"));
    let work = tokio::spawn(async move { catalog.work(&background).await });
    for name in ["sales", "stock"] {
        world.call::<op::CreateDatabase>(database(name)).await.unwrap();
        while listener.take().is_empty() {
            tokio::task::yield_now().await;
        }
    }
    work.abort();
}
