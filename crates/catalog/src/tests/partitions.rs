use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;

use super::harness::{ACCOUNT, World, code, create, map, partition, table, texts};
use crate::keys::{PARTITIONS, SHARED};
use crate::on_flights;

async fn world() -> World {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(table("Flights", &["year", "month"]))).await.unwrap();
    world
}

fn add(values: &[&str]) -> CreatePartitionRequest {
    on_flights!(CreatePartitionRequest { partition_input: partition(values) })
}

fn find(values: &[&str]) -> GetPartitionRequest {
    on_flights!(GetPartitionRequest { partition_values: texts(values) })
}

fn remove(values: &[&str]) -> DeletePartitionRequest {
    on_flights!(DeletePartitionRequest { partition_values: texts(values) })
}

fn change(values: &[&str], partition_input: PartitionInput) -> UpdatePartitionRequest {
    on_flights!(UpdatePartitionRequest {
        partition_value_list: texts(values),
        partition_input: partition_input
    })
}

const MISSING: &str = "Cannot find partition.";
const MISCOUNTED: &str = "The number of partition keys do not match the number of partition values";

#[tokio::test]
async fn a_partition_round_trips() {
    let world = world().await;
    let mut request = add(&["2024", "a/b=\0é"]);
    request.partition_input.parameters = Some(map(&[("rows", "3")]));
    world.call::<op::CreatePartition>(request.clone()).await.unwrap();
    let found = world.call::<op::GetPartition>(find(&["2024", "a/b=\0é"])).await.unwrap().partition.unwrap();
    let mut descriptor = request.partition_input.storage_descriptor.clone().unwrap();
    descriptor.compressed = Some(false);
    descriptor.number_of_buckets = Some(0);
    descriptor.stored_as_sub_directories = Some(false);
    assert_eq!(
        found,
        Partition {
            values: request.partition_input.values.clone(),
            database_name: Some("sales".to_owned()),
            table_name: Some("flights".to_owned()),
            creation_time: Some(world.kernel.clock().now()),
            storage_descriptor: Some(descriptor),
            parameters: request.partition_input.parameters.clone(),
            catalog_id: Some(ACCOUNT.to_owned()),
            last_access_time: None,
            last_analyzed_time: None,
        }
    );
    assert_eq!(
        world.fault::<op::CreatePartition>(request).await,
        code("AlreadyExistsException", "Partition already exists.")
    );
}

#[tokio::test]
async fn values_must_be_as_many_as_keys() {
    let world = world().await;
    let miscounted = code("InvalidInputException", MISCOUNTED);
    assert_eq!(world.fault::<op::CreatePartition>(add(&["2024"])).await, miscounted);
    assert_eq!(world.fault::<op::GetPartition>(find(&["2024"])).await, miscounted);
    assert_eq!(world.fault::<op::DeletePartition>(remove(&["1", "2", "3"])).await, miscounted);
    let missing = code("EntityNotFoundException", MISSING);
    assert_eq!(world.fault::<op::GetPartition>(find(&["1", "2"])).await, missing);
    assert_eq!(world.fault::<op::DeletePartition>(remove(&["1", "2"])).await, missing);
    assert_eq!(
        world.fault::<op::UpdatePartition>(change(&["1", "2"], partition(&["1", "2"]))).await,
        missing
    );
    let elsewhere = CreatePartitionRequest { table_name: "Nosuch".to_owned(), ..add(&["1", "2"]) };
    assert_eq!(
        world.fault::<op::CreatePartition>(elsewhere).await,
        code("EntityNotFoundException", "Table nosuch not found.")
    );
}

#[tokio::test]
async fn an_update_may_move_a_partition() {
    let world = world().await;
    for month in ["1", "2"] {
        world.call::<op::CreatePartition>(add(&["2024", month])).await.unwrap();
    }
    let created = world.kernel.clock().now();
    world.tick();
    let mut changed = partition(&["2024", "3"]);
    changed.parameters = Some(map(&[("moved", "yes")]));
    world.call::<op::UpdatePartition>(change(&["2024", "1"], changed)).await.unwrap();
    assert_eq!(world.fault::<op::GetPartition>(find(&["2024", "1"])).await.1, MISSING);
    let found = world.call::<op::GetPartition>(find(&["2024", "3"])).await.unwrap().partition.unwrap();
    assert_eq!((found.creation_time, found.parameters), (Some(created), Some(map(&[("moved", "yes")]))));
    assert_eq!(
        world.fault::<op::UpdatePartition>(change(&["2024", "3"], partition(&["2024", "2"]))).await,
        code("AlreadyExistsException", "Partition already exists.")
    );
    let in_place = PartitionInput { values: None, ..PartitionInput::default() };
    world.call::<op::UpdatePartition>(change(&["2024", "3"], in_place)).await.unwrap();
    let found = world.call::<op::GetPartition>(find(&["2024", "3"])).await.unwrap().partition.unwrap();
    assert_eq!((found.storage_descriptor, found.parameters), (None, None));
}

#[tokio::test]
async fn batches_fail_entry_by_entry() {
    let world = world().await;
    let list = |all: &[[&str; 2]]| {
        all.iter().map(|values| PartitionValueList { values: texts(values) }).collect::<Vec<_>>()
    };
    let inputs = [["2024", "1"], ["2024", "2"], ["2024", "1"]].map(|values| partition(&values));
    let mut request = on_flights!(BatchCreatePartitionRequest { partition_input_list: inputs.to_vec() });
    request.partition_input_list.push(partition(&["2024"]));
    let errors = world.call::<op::BatchCreatePartition>(request).await.unwrap().errors.unwrap();
    let shown: Vec<_> = errors
        .iter()
        .map(|e| (e.partition_values.clone().unwrap(), e.error_detail.clone().unwrap().error_code.unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            (texts(&["2024", "1"]), "AlreadyExistsException".to_owned()),
            (texts(&["2024"]), "InvalidInputException".to_owned())
        ]
    );

    let request =
        on_flights!(BatchGetPartitionRequest { partitions_to_get: list(&[["2024", "2"], ["2023", "1"]]) });
    let answer = world.call::<op::BatchGetPartition>(request).await.unwrap();
    assert_eq!(answer.partitions.unwrap()[0].values, Some(texts(&["2024", "2"])));
    assert_eq!(answer.unprocessed_keys, Some(list(&[["2023", "1"]])));

    let entry = |from: &[&str], to: &[&str]| BatchUpdatePartitionRequestEntry {
        partition_value_list: texts(from),
        partition_input: partition(to),
    };
    let entries = vec![entry(&["2024", "2"], &["2024", "9"]), entry(&["2023", "1"], &["2023", "1"])];
    let request = on_flights!(BatchUpdatePartitionRequest { entries: entries });
    let errors = world.call::<op::BatchUpdatePartition>(request).await.unwrap().errors.unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].error_detail.as_ref().unwrap().error_message.as_deref(), Some(MISSING));

    let request = on_flights!(BatchDeletePartitionRequest {
        partitions_to_delete: list(&[["2024", "9"], ["2024", "2"]])
    });
    let errors = world.call::<op::BatchDeletePartition>(request).await.unwrap().errors.unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].partition_values, Some(texts(&["2024", "2"])));
}

#[tokio::test]
async fn what_partitions_share_is_kept_once() {
    let world = world().await;
    for month in 1..=20 {
        world.call::<op::CreatePartition>(add(&["2024", &month.to_string()])).await.unwrap();
    }
    let counts = world.store.read(|tx| {
        let counts = (SHARED.count(tx, SHARED.all())?, PARTITIONS.count(tx, PARTITIONS.all())?);
        Ok::<_, mastic_store::StoreError>(counts)
    });
    assert_eq!(counts.unwrap(), (1, 20));
    let mut request = on_flights!(GetPartitionsRequest {});
    let with = world.call::<op::GetPartitions>(request.clone()).await.unwrap().partitions.unwrap();
    assert!(with.iter().all(|p| p.storage_descriptor.as_ref().unwrap().columns.as_ref().unwrap().len() == 2));
    request.exclude_column_schema = Some(true);
    let without = world.call::<op::GetPartitions>(request).await.unwrap().partitions.unwrap();
    assert!(without.iter().all(|p| p.storage_descriptor.as_ref().unwrap().columns.is_none()));
}
