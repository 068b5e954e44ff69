use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_store::overlay;

use super::harness::{World, code, column, create, partition, table, texts, update};
use crate::on_flights;

fn index(name: &str, keys: &[&str]) -> PartitionIndex {
    PartitionIndex { index_name: name.to_owned(), keys: texts(keys) }
}

fn add(name: &str, keys: &[&str]) -> CreatePartitionIndexRequest {
    on_flights!(CreatePartitionIndexRequest { partition_index: index(name, keys) })
}

fn remove(name: &str) -> DeletePartitionIndexRequest {
    on_flights!(DeletePartitionIndexRequest { index_name: name.to_owned() })
}

fn values(year: &str, month: &str) -> CreatePartitionRequest {
    on_flights!(CreatePartitionRequest { partition_input: partition(&[year, month]) })
}

/// `flights` by year, a string, and month, an int.
fn flights() -> TableInput {
    let mut input = table("flights", &["year"]);
    input.partition_keys.as_mut().unwrap().push(column("month", "int"));
    input
}

async fn listed(world: &World) -> Vec<PartitionIndexDescriptor> {
    let list = on_flights!(GetPartitionIndexesRequest {});
    world.call::<op::GetPartitionIndexes>(list).await.unwrap().partition_index_descriptor_list.unwrap()
}

async fn states(world: &World) -> Vec<(String, PartitionIndexStatus)> {
    let listed = listed(world).await;
    listed.into_iter().map(|index| (index.index_name, index.index_status.unwrap())).collect()
}

#[tokio::test]
async fn indexes_come_and_go_by_and_by() {
    use PartitionIndexStatus::{Active, Creating, Deleting};
    let world = World::with_database().await;
    let indexes = Some(vec![index("by_year", &["year"])]);
    let request = CreateTableRequest { partition_indexes: indexes, ..create(flights()) };
    world.call::<op::CreateTable>(request).await.unwrap();
    world.call::<op::CreatePartitionIndex>(add("b", &["month"])).await.unwrap();
    world.call::<op::CreatePartitionIndex>(add("a", &["year", "month"])).await.unwrap();
    let named = |names: &[(&str, PartitionIndexStatus)]| {
        names.iter().map(|(name, status)| ((*name).to_owned(), *status)).collect::<Vec<_>>()
    };
    assert_eq!(states(&world).await, named(&[("by_year", Active), ("b", Creating), ("a", Creating)]));
    let busy = "Index with the given indexName : b is CREATING";
    assert_eq!(world.fault::<op::DeletePartitionIndex>(remove("b")).await, code("ConflictException", busy));
    world.settle().await;
    assert_eq!(states(&world).await, named(&[("by_year", Active), ("b", Active), ("a", Active)]));
    let month = &listed(&world).await[1].keys;
    assert_eq!(*month, [KeySchemaElement { name: "month".to_owned(), r#type: "int".to_owned() }]);

    world.call::<op::DeletePartitionIndex>(remove("b")).await.unwrap();
    assert_eq!(states(&world).await, named(&[("by_year", Active), ("b", Deleting), ("a", Active)]));
    assert_eq!(world.fault::<op::DeletePartitionIndex>(remove("b")).await.0, "ConflictException");
    world.settle().await;
    assert_eq!(states(&world).await, named(&[("by_year", Active), ("a", Active)]));
    assert_eq!(world.fault::<op::DeletePartitionIndex>(remove("b")).await.0, "EntityNotFoundException");
    assert_eq!(
        world.fault::<op::UpdateTable>(update(table("flights", &["year"]))).await.0,
        "InvalidInputException",
        "an index would lose its key"
    );
}

#[tokio::test]
async fn keys_and_numbers_are_limited() {
    let world = World::with_database().await;
    let mut input = flights();
    input.partition_keys.as_mut().unwrap().push(column("ratio", "double"));
    world.call::<op::CreateTable>(create(input)).await.unwrap();
    for (keys, text) in [
        (["carrier"].as_slice(), "The key carrier of a partition index is not a partition key of the table."),
        (&["year", "YEAR"], "A partition index has the key YEAR more than once."),
        (&["ratio"], "The key ratio of a partition index is of type double, which indexes do not support."),
    ] {
        let fault = world.fault::<op::CreatePartitionIndex>(add("x", keys)).await;
        assert_eq!(fault, code("InvalidInputException", text));
    }
    for name in ["a", "b", "c"] {
        world.call::<op::CreatePartitionIndex>(add(name, &["year"])).await.unwrap();
        let again = world.fault::<op::CreatePartitionIndex>(add(name, &["year"])).await;
        assert_eq!(again.0, "AlreadyExistsException");
    }
    let fault = world.fault::<op::CreatePartitionIndex>(add("d", &["year"])).await;
    assert_eq!(fault.0, "ResourceNumberLimitExceededException");
}

#[tokio::test]
async fn what_does_not_fit_fails_the_index_or_is_kept_out() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(flights())).await.unwrap();
    for (year, month) in [("2024", "5"), ("2024", "May"), ("2023", "Jun"), ("20\u{1}24", "6")] {
        world.call::<op::CreatePartition>(values(year, month)).await.unwrap();
    }
    world.call::<op::CreatePartitionIndex>(add("by_month", &["month"])).await.unwrap();
    let kept_out = world.fault::<op::CreatePartition>(values("2022", "Jul")).await;
    assert_eq!(kept_out, code("InvalidInputException", "\"Jul\" is not an integer."));
    world.settle().await;
    let failed = listed(&world).await.remove(0);
    assert_eq!(failed.index_status, Some(PartitionIndexStatus::Failed));
    let told = |code, all: &[[&str; 2]]| BackfillError {
        code: Some(code),
        partitions: Some(all.iter().map(|values| PartitionValueList { values: texts(values) }).collect()),
    };
    let errors = failed.backfill_errors.unwrap();
    assert_eq!(errors.len(), 2);
    assert!(errors.contains(&told(
        BackfillErrorCode::InvalidPartitionTypeDataError,
        &[["2023", "Jun"], ["2024", "May"]]
    )));
    assert!(
        errors.contains(&told(BackfillErrorCode::UnsupportedPartitionCharacterError, &[["20\u{1}24", "6"]]))
    );
    // An index that failed guards nothing, and can be deleted.
    world.call::<op::CreatePartition>(values("2022", "Jul")).await.unwrap();
    world.call::<op::DeletePartitionIndex>(remove("by_month")).await.unwrap();
    world.settle().await;

    world.call::<op::CreatePartitionIndex>(add("by_year", &["year"])).await.unwrap();
    world.call::<op::CreatePartition>(values("2021", "Aug")).await.unwrap();
    assert_eq!(world.fault::<op::CreatePartition>(values("\u{2}", "8")).await.0, "InvalidInputException");
}

#[tokio::test]
async fn an_index_that_a_run_makes_is_built_when_the_run_is_through() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(flights())).await.unwrap();
    let run = world.as_run("jr_1");
    run.call::<op::CreatePartitionIndex>(add("by_year", &["year"])).await.unwrap();
    world.settle().await;
    assert_eq!(states(&world).await, []);
    assert_eq!(states(&run).await[0].1, PartitionIndexStatus::Creating);
    world.store.write(|tx| overlay::publish(tx, "jr_1").map(drop)).await.unwrap();
    world.settle().await;
    assert_eq!(states(&world).await[0].1, PartitionIndexStatus::Active);
}
