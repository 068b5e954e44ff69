use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;

use super::harness::{World, column, create, descriptor, texts, update};
use crate::on_flights;

fn flights(ty: &str) -> TableInput {
    TableInput {
        name: "flights".to_owned(),
        partition_keys: Some(vec![column("n", ty)]),
        storage_descriptor: Some(descriptor()),
        ..TableInput::default()
    }
}

async fn found(world: &World, expression: &str) -> Vec<String> {
    let request = on_flights!(GetPartitionsRequest { expression: Some(expression.to_owned()) });
    let page = world.call::<op::GetPartitions>(request).await.unwrap();
    page.partitions.unwrap().into_iter().flat_map(|partition| partition.values.unwrap()).collect()
}

#[tokio::test]
async fn partitions_follow_the_types_of_their_keys() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(flights("string"))).await.unwrap();
    let inputs = ["9", "10", "2", "100"]
        .map(|value| PartitionInput { values: Some(texts(&[value])), ..PartitionInput::default() });
    let request = on_flights!(BatchCreatePartitionRequest { partition_input_list: inputs.to_vec() });
    world.call::<op::BatchCreatePartition>(request).await.unwrap();
    assert_eq!(found(&world, "").await, ["10", "100", "2", "9"]);
    assert_eq!(found(&world, "n > '10'").await, ["100", "2", "9"]);
    world.call::<op::UpdateTable>(update(flights("int"))).await.unwrap();
    assert_eq!(found(&world, "").await, ["2", "9", "10", "100"]);
    assert_eq!(found(&world, "n > 9").await, ["10", "100"]);
    let one = on_flights!(GetPartitionRequest { partition_values: texts(&["9"]) });
    assert!(world.call::<op::GetPartition>(one).await.is_ok());
    world.call::<op::UpdateTable>(update(flights("string"))).await.unwrap();
    assert_eq!(found(&world, "n like '1%'").await, ["10", "100"]);
}
