use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_core::Timestamp;

use super::harness::{ACCOUNT, World, code, create, get, map, table, texts, update};
use crate::on_flights;

fn versions(world_input: &str) -> GetTableVersionsRequest {
    GetTableVersionsRequest {
        database_name: "sales".to_owned(),
        table_name: world_input.to_owned(),
        ..GetTableVersionsRequest::default()
    }
}

#[tokio::test]
async fn a_table_round_trips() {
    let world = World::with_database().await;
    let input = TableInput {
        description: Some("departures".to_owned()),
        owner: Some("ann".to_owned()),
        last_access_time: Some(Timestamp::from_secs(5)),
        last_analyzed_time: Some(Timestamp::from_secs(6)),
        retention: Some(7),
        view_original_text: Some("select 1".to_owned()),
        view_expanded_text: Some("select 1 as x".to_owned()),
        table_type: Some("VIRTUAL_VIEW".to_owned()),
        parameters: Some(map(&[("classification", "csv")])),
        target_table: Some(TableIdentifier { name: Some("theirs".to_owned()), ..TableIdentifier::default() }),
        view_definition: Some(ViewDefinitionInput {
            definer: Some("arn:aws:iam::111122223333:role/x".to_owned()),
            representations: Some(vec![ViewRepresentationInput {
                dialect: Some(ViewDialect::Athena),
                dialect_version: Some("3".to_owned()),
                ..ViewRepresentationInput::default()
            }]),
            ..ViewDefinitionInput::default()
        }),
        ..table("Flights", &["year"])
    };
    world.call::<op::CreateTable>(create(input.clone())).await.unwrap();
    assert_eq!(
        world.fault::<op::CreateTable>(create(input.clone())).await,
        code("AlreadyExistsException", "Table already exists.")
    );
    let found = world.call::<op::GetTable>(get("FLIGHTS")).await.unwrap().table.unwrap();
    let now = Some(world.kernel.clock().now());
    let mut descriptor = input.storage_descriptor.unwrap();
    descriptor.compressed = Some(false);
    descriptor.number_of_buckets = Some(0);
    descriptor.stored_as_sub_directories = Some(false);
    assert_eq!(
        found,
        Table {
            name: "flights".to_owned(),
            database_name: Some("sales".to_owned()),
            description: input.description,
            owner: input.owner,
            create_time: now,
            update_time: now,
            last_access_time: input.last_access_time,
            last_analyzed_time: input.last_analyzed_time,
            retention: Some(7),
            storage_descriptor: Some(descriptor),
            partition_keys: input.partition_keys,
            view_original_text: input.view_original_text,
            view_expanded_text: input.view_expanded_text,
            table_type: input.table_type,
            parameters: input.parameters,
            created_by: Some(format!("arn:aws:iam::{ACCOUNT}:root")),
            is_registered_with_lake_formation: Some(false),
            target_table: input.target_table,
            catalog_id: Some(ACCOUNT.to_owned()),
            version_id: Some("0".to_owned()),
            is_multi_dialect_view: Some(true),
            view_definition: Some(ViewDefinition {
                definer: Some("arn:aws:iam::111122223333:role/x".to_owned()),
                representations: Some(vec![ViewRepresentation {
                    dialect: Some(ViewDialect::Athena),
                    dialect_version: Some("3".to_owned()),
                    is_stale: Some(false),
                    ..ViewRepresentation::default()
                }]),
                ..ViewDefinition::default()
            }),
            ..Table::default()
        }
    );
}

#[tokio::test]
async fn what_is_missing_has_aws_s_texts() {
    let world = World::with_database().await;
    assert_eq!(
        world.fault::<op::GetTable>(get("none")).await,
        code("EntityNotFoundException", "Entity Not Found")
    );
    assert_eq!(
        world.fault::<op::UpdateTable>(update(table("None", &[]))).await,
        code("EntityNotFoundException", "Table none not found.")
    );
    let elsewhere = CreateTableRequest { database_name: "nosuch".to_owned(), ..create(table("t", &[])) };
    assert_eq!(
        world.fault::<op::CreateTable>(elsewhere).await,
        code("EntityNotFoundException", "Database nosuch not found.")
    );
    let third = IcebergInput { version: Some("3".to_owned()), ..IcebergInput::default() };
    let iceberg = CreateTableRequest {
        open_table_format_input: Some(OpenTableFormatInput { iceberg_input: Some(third) }),
        ..create(table("t", &[]))
    };
    assert!(
        world.fault::<op::CreateTable>(iceberg).await.1.contains("a Version of IcebergInput other than 2")
    );
    let governed = GetTableRequest { transaction_id: Some("x".to_owned()), ..get("t") };
    assert!(world.fault::<op::GetTable>(governed).await.1.contains("TransactionId"));
    let nothing = CreateTableRequest {
        table_input: None,
        name: Some("t".to_owned()),
        open_table_format_input: Some(OpenTableFormatInput::default()),
        ..create(table("t", &[]))
    };
    assert_eq!(world.fault::<op::CreateTable>(nothing).await.0, "InvalidInputException");
}

#[tokio::test]
async fn updates_make_versions_and_lock_by_them() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(table("flights", &[]))).await.unwrap();
    world.tick();
    let described = |text: &str| TableInput { description: Some(text.to_owned()), ..table("flights", &[]) };
    world.call::<op::UpdateTable>(update(described("one"))).await.unwrap();
    let stale = UpdateTableRequest { version_id: Some("0".to_owned()), ..update(described("lost")) };
    assert_eq!(
        world.fault::<op::UpdateTable>(stale).await,
        code("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
    );
    let quiet = UpdateTableRequest {
        version_id: Some("1".to_owned()),
        skip_archive: Some(true),
        ..update(described("two"))
    };
    world.call::<op::UpdateTable>(quiet).await.unwrap();
    world.call::<op::UpdateTable>(update(described("three"))).await.unwrap();

    let current = world.call::<op::GetTable>(get("flights")).await.unwrap().table.unwrap();
    assert_eq!((current.version_id.as_deref(), current.description.as_deref()), (Some("3"), Some("three")));
    assert!(current.update_time > current.create_time);

    let mut request = GetTableVersionsRequest { max_results: Some(2), ..versions("flights") };
    let mut seen = Vec::new();
    loop {
        let page = world.call::<op::GetTableVersions>(request.clone()).await.unwrap();
        seen.extend(page.table_versions.unwrap().into_iter().map(|v| v.version_id.unwrap()));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["3", "2", "0"]);

    let version = |id: &str| on_flights!(GetTableVersionRequest { version_id: Some(id.to_owned()) });
    let two = world.call::<op::GetTableVersion>(version("2")).await.unwrap().table_version.unwrap();
    assert_eq!(two.table.unwrap().description.as_deref(), Some("two"));
    assert_eq!(
        world.fault::<op::GetTableVersion>(version("1")).await,
        code("EntityNotFoundException", "Version not found.")
    );
    assert_eq!(world.fault::<op::GetTableVersion>(version("x")).await.0, "InvalidInputException");

    let delete = |id: &str| on_flights!(DeleteTableVersionRequest { version_id: id.to_owned() });
    world.call::<op::DeleteTableVersion>(delete("0")).await.unwrap();
    assert_eq!(world.fault::<op::DeleteTableVersion>(delete("3")).await.0, "InvalidInputException");
    let batch = on_flights!(BatchDeleteTableVersionRequest { version_ids: texts(&["2", "0", "3"]) });
    let errors = world.call::<op::BatchDeleteTableVersion>(batch).await.unwrap().errors.unwrap();
    let codes: Vec<_> = errors
        .iter()
        .map(|e| {
            (
                e.version_id.as_deref().unwrap(),
                e.error_detail.as_ref().unwrap().error_code.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(codes, [("0", "EntityNotFoundException"), ("3", "InvalidInputException")]);
}

#[tokio::test]
async fn tables_are_listed_by_pattern_and_page() {
    let world = World::with_database().await;
    for name in ["alpha", "beta", "alphabet", "gamma"] {
        world.call::<op::CreateTable>(create(table(name, &[]))).await.unwrap();
    }
    let names = async |request: GetTablesRequest| {
        let answer = world.call::<op::GetTables>(request).await.unwrap();
        (answer.table_list.unwrap().into_iter().map(|t| t.name).collect::<Vec<_>>(), answer.next_token)
    };
    let all = GetTablesRequest { database_name: "Sales".to_owned(), ..GetTablesRequest::default() };
    let like = |text: &str| GetTablesRequest { expression: Some(text.to_owned()), ..all.clone() };
    assert_eq!(names(all.clone()).await.0, ["alpha", "alphabet", "beta", "gamma"]);
    assert_eq!(names(like("alpha")).await.0, ["alpha"]);
    assert_eq!(names(like("alpha.*|gamma")).await.0, ["alpha", "alphabet", "gamma"]);
    assert_eq!(world.fault::<op::GetTables>(like("*")).await.0, "InvalidInputException");

    let (first, token) = names(GetTablesRequest { max_results: Some(1), ..like("alpha.*") }).await;
    let (second, end) =
        names(GetTablesRequest { max_results: Some(1), next_token: token, ..like("alpha.*") }).await;
    assert_eq!((first, second, end), (vec!["alpha".into()], vec!["alphabet".into()], None));

    let short = GetTablesRequest { attributes_to_get: Some(vec![TableAttributes::Name]), ..like("beta") };
    let answer = world.call::<op::GetTables>(short).await.unwrap();
    assert_eq!(answer.table_list, Some(vec![Table { name: "beta".to_owned(), ..Table::default() }]));
    let none = GetTablesRequest { attributes_to_get: Some(Vec::new()), ..all.clone() };
    assert_eq!(world.fault::<op::GetTables>(none).await.0, "InvalidInputException");
}

#[tokio::test]
async fn tables_are_deleted_one_by_one_and_in_batches() {
    let world = World::with_database().await;
    for name in ["a", "b"] {
        world.call::<op::CreateTable>(create(table(name, &[]))).await.unwrap();
    }
    let delete = DeleteTableRequest {
        database_name: "sales".to_owned(),
        name: "A".to_owned(),
        ..DeleteTableRequest::default()
    };
    world.call::<op::DeleteTable>(delete.clone()).await.unwrap();
    assert_eq!(
        world.fault::<op::DeleteTable>(delete).await,
        code("EntityNotFoundException", "Table a not found.")
    );
    let batch = BatchDeleteTableRequest {
        database_name: "sales".to_owned(),
        tables_to_delete: texts(&["a", "b"]),
        ..BatchDeleteTableRequest::default()
    };
    let errors = world.call::<op::BatchDeleteTable>(batch).await.unwrap().errors.unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].table_name.as_deref(), Some("a"));
    assert_eq!(
        errors[0].error_detail.as_ref().unwrap().error_code.as_deref(),
        Some("EntityNotFoundException")
    );
    assert_eq!(world.fault::<op::GetTable>(get("b")).await.0, "EntityNotFoundException");
}
