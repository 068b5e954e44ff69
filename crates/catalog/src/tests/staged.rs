use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_store::overlay;

use super::harness::{World, create, get, partition, table, texts, update};
use crate::on_flights;

#[tokio::test]
async fn a_run_s_changes_appear_together() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(table("flights", &["year"]))).await.unwrap();
    let run = world.as_run("jr_1");
    run.call::<op::CreateTable>(create(table("summary", &[]))).await.unwrap();
    run.call::<op::UpdateTable>(update(TableInput {
        description: Some("new".to_owned()),
        ..table("flights", &["year"])
    }))
    .await
    .unwrap();
    let add = on_flights!(CreatePartitionRequest { partition_input: partition(&["2024"]) });
    run.call::<op::CreatePartition>(add).await.unwrap();

    let find = on_flights!(GetPartitionRequest { partition_values: texts(&["2024"]) });
    assert!(run.call::<op::GetTable>(get("summary")).await.is_ok());
    assert!(run.call::<op::GetPartition>(find.clone()).await.is_ok());
    assert_eq!(world.fault::<op::GetTable>(get("summary")).await.0, "EntityNotFoundException");
    assert_eq!(world.fault::<op::GetPartition>(find.clone()).await.0, "EntityNotFoundException");
    let flights = world.call::<op::GetTable>(get("flights")).await.unwrap().table.unwrap();
    assert_eq!((flights.description, flights.version_id.as_deref()), (None, Some("0")));

    world.store.write(|tx| overlay::publish(tx, "jr_1")).await.unwrap();
    assert!(world.call::<op::GetTable>(get("summary")).await.is_ok());
    let partition = world.call::<op::GetPartition>(find).await.unwrap().partition.unwrap();
    assert_eq!(partition.storage_descriptor.unwrap().columns.unwrap().len(), 2);
    let flights = world.call::<op::GetTable>(get("flights")).await.unwrap().table.unwrap();
    assert_eq!((flights.description.as_deref(), flights.version_id.as_deref()), (Some("new"), Some("1")));
    assert_eq!(
        flights.created_by.as_deref(),
        Some("arn:aws:iam::111122223333:root"),
        "who updates a table is not its creator"
    );
}

#[tokio::test]
async fn a_run_that_fails_has_deleted_nothing() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(table("flights", &["year"]))).await.unwrap();
    let add = on_flights!(CreatePartitionRequest { partition_input: partition(&["2024"]) });
    world.call::<op::CreatePartition>(add.clone()).await.unwrap();
    let run = world.as_run("jr_2");
    let delete = DeleteTableRequest {
        database_name: "sales".to_owned(),
        name: "flights".to_owned(),
        ..DeleteTableRequest::default()
    };
    run.call::<op::DeleteTable>(delete).await.unwrap();
    run.call::<op::CreateTable>(create(table("flights", &["year"]))).await.unwrap();
    run.call::<op::CreatePartition>(add).await.unwrap();
    world.catalog.sweep(&world.kernel.background("test")).await.unwrap();
    world.store.discard("jr_2").await.unwrap();

    let list = on_flights!(GetPartitionsRequest {});
    let found = world.call::<op::GetPartitions>(list).await.unwrap().partitions.unwrap();
    assert_eq!(found.len(), 1);
}
