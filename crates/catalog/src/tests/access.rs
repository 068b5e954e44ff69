//! What each operation needs, compared with a table to be read by people.

use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;

use super::harness::{ACCOUNT, World, create, database, map, partition, table, texts, update};
use crate::on_flights;

/// Calls an operation and compares what it needed; whether it then succeeds does not matter here.
macro_rules! needs {
    ($world:ident, $op:ident, $input:expr, [$($resource:expr),*]) => {{
        $world.asked();
        let _ = $world.call::<op::$op>($input).await;
        let expected: Vec<(String, String)> = vec![$((
            concat!("glue:", stringify!($op)).to_owned(),
            format!("arn:aws:glue:eu-west-1:{}", $resource),
        )),*];
        assert_eq!($world.asked(), expected);
    }};
}

#[tokio::test]
async fn every_operation_needs_its_resource_and_all_ancestors() {
    let world = World::with_database().await;
    let catalog = format!("{ACCOUNT}:catalog");
    let sales = format!("{ACCOUNT}:database/sales");
    let flights = format!("{ACCOUNT}:table/sales/flights");
    let in_sales = "Sales".to_owned();

    needs!(world, CreateDatabase, database("Sales"), [catalog, sales]);
    needs!(
        world,
        GetDatabase,
        GetDatabaseRequest { name: in_sales.clone(), catalog_id: None },
        [catalog, sales]
    );
    needs!(world, GetDatabases, GetDatabasesRequest::default(), [catalog, format!("{ACCOUNT}:database/*")]);
    let changed = UpdateDatabaseRequest {
        name: in_sales.clone(),
        database_input: database("sales").database_input,
        catalog_id: None,
    };
    needs!(world, UpdateDatabase, changed, [catalog, sales]);

    needs!(world, CreateTable, create(table("Flights", &["year"])), [catalog, sales, flights]);
    needs!(world, UpdateTable, update(table("Flights", &["year"])), [catalog, sales, flights]);
    needs!(world, GetTable, super::harness::get("Flights"), [catalog, sales, flights]);
    let all = GetTablesRequest { database_name: in_sales.clone(), ..GetTablesRequest::default() };
    needs!(world, GetTables, all, [catalog, sales, format!("{ACCOUNT}:table/sales/*")]);
    needs!(world, SearchTables, SearchTablesRequest::default(), [catalog, sales, flights]);

    needs!(world, GetTableVersion, on_flights!(GetTableVersionRequest {}), [catalog, sales, flights]);
    needs!(world, GetTableVersions, on_flights!(GetTableVersionsRequest {}), [catalog, sales, flights]);
    needs!(world, DeleteTableVersion, on_flights!(DeleteTableVersionRequest {}), [catalog, sales, flights]);
    needs!(
        world,
        BatchDeleteTableVersion,
        on_flights!(BatchDeleteTableVersionRequest {}),
        [catalog, sales, flights]
    );

    let one = on_flights!(CreatePartitionRequest { partition_input: partition(&["2024"]) });
    needs!(world, CreatePartition, one, [catalog, sales, flights]);
    needs!(world, GetPartition, on_flights!(GetPartitionRequest {}), [catalog, sales, flights]);
    needs!(world, GetPartitions, on_flights!(GetPartitionsRequest {}), [catalog, sales, flights]);
    needs!(world, UpdatePartition, on_flights!(UpdatePartitionRequest {}), [catalog, sales, flights]);
    needs!(world, DeletePartition, on_flights!(DeletePartitionRequest {}), [catalog, sales, flights]);
    needs!(
        world,
        BatchCreatePartition,
        on_flights!(BatchCreatePartitionRequest {}),
        [catalog, sales, flights]
    );
    needs!(world, BatchGetPartition, on_flights!(BatchGetPartitionRequest {}), [catalog, sales, flights]);
    needs!(
        world,
        BatchUpdatePartition,
        on_flights!(BatchUpdatePartitionRequest {}),
        [catalog, sales, flights]
    );
    needs!(
        world,
        BatchDeletePartition,
        on_flights!(BatchDeletePartitionRequest {}),
        [catalog, sales, flights]
    );
    needs!(
        world,
        CreatePartitionIndex,
        on_flights!(CreatePartitionIndexRequest {}),
        [catalog, sales, flights]
    );
    needs!(
        world,
        DeletePartitionIndex,
        on_flights!(DeletePartitionIndexRequest {}),
        [catalog, sales, flights]
    );
    needs!(world, GetPartitionIndexes, on_flights!(GetPartitionIndexesRequest {}), [catalog, sales, flights]);

    let arn = format!("arn:aws:glue:eu-west-1:{ACCOUNT}:database/sales");
    let tag = TagResourceRequest { resource_arn: arn.clone(), tags_to_add: map(&[("team", "a")]) };
    needs!(world, TagResource, tag, [sales]);
    let untag = UntagResourceRequest { resource_arn: arn.clone(), tags_to_remove: texts(&["team"]) };
    needs!(world, UntagResource, untag, [sales]);
    needs!(world, GetTags, GetTagsRequest { resource_arn: arn }, [sales]);

    let batch = BatchDeleteTableRequest {
        database_name: in_sales.clone(),
        tables_to_delete: texts(&["A", "b"]),
        ..BatchDeleteTableRequest::default()
    };
    let (a, b) = (format!("{ACCOUNT}:table/sales/a"), format!("{ACCOUNT}:table/sales/b"));
    needs!(world, BatchDeleteTable, batch, [catalog, sales, a, b]);
    needs!(
        world,
        DeleteDatabase,
        DeleteDatabaseRequest { name: in_sales.clone(), catalog_id: None },
        [catalog, sales, flights]
    );
    let gone = DeleteTableRequest {
        database_name: in_sales,
        name: "Flights".to_owned(),
        ..DeleteTableRequest::default()
    };
    needs!(world, DeleteTable, gone, [catalog, sales, flights]);
}

#[tokio::test]
async fn another_account_s_catalog_is_asked_for_there() {
    let world = World::new();
    let request =
        GetTableRequest { catalog_id: Some("444455556666".to_owned()), ..super::harness::get("flights") };
    needs!(
        world,
        GetTable,
        request,
        ["444455556666:catalog", "444455556666:database/sales", "444455556666:table/sales/flights"]
    );
}

#[tokio::test]
async fn tags_to_be_are_part_of_the_question() {
    let world = World::new();
    let request = CreateDatabaseRequest { tags: Some(map(&[("team", "a")])), ..database("sales") };
    world.call::<op::CreateDatabase>(request).await.unwrap();
    let contexts = world.recorder.contexts.lock().clone();
    assert!(contexts.contains(&("aws:RequestTag/team".to_owned(), texts(&["a"]))));
    assert!(contexts.contains(&("aws:TagKeys".to_owned(), texts(&["team"]))));
}

#[tokio::test]
async fn a_denied_ancestor_stops_the_call() {
    let world = World::with_database().await;
    world.recorder.denied.lock().push(format!("arn:aws:glue:eu-west-1:{ACCOUNT}:database/sales"));
    let refused = world.fault::<op::CreateTable>(create(table("flights", &[]))).await;
    assert_eq!(refused.0, "AccessDeniedException");
    world.recorder.denied.lock().clear();
    assert_eq!(world.fault::<op::GetTable>(super::harness::get("flights")).await.1, "Entity Not Found");
}
