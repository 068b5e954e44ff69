use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;

use super::harness::{ACCOUNT, World, code, create, database, get, map, partition, table};
use crate::keys::{ORPHANS, PARTITIONS, TABLES, VERSIONS};
use crate::on_flights;

fn named(name: &str) -> GetDatabaseRequest {
    GetDatabaseRequest { name: name.to_owned(), ..GetDatabaseRequest::default() }
}

#[tokio::test]
async fn a_database_round_trips() {
    let world = World::new();
    let input = DatabaseInput {
        name: "Sales".to_owned(),
        description: Some("all of it".to_owned()),
        location_uri: Some("s3://bucket/sales/".to_owned()),
        parameters: Some(map(&[("team", "a")])),
        create_table_default_permissions: Some(Vec::new()),
        target_database: Some(DatabaseIdentifier {
            catalog_id: Some("444455556666".to_owned()),
            database_name: Some("theirs".to_owned()),
            region: None,
        }),
        federated_database: None,
    };
    let request = CreateDatabaseRequest { database_input: input.clone(), ..CreateDatabaseRequest::default() };
    world.call::<op::CreateDatabase>(request.clone()).await.unwrap();
    assert_eq!(
        world.fault::<op::CreateDatabase>(request).await,
        code("AlreadyExistsException", "Database already exists.")
    );
    let found = world.call::<op::GetDatabase>(named("SALES")).await.unwrap().database.unwrap();
    assert_eq!(
        found,
        Database {
            name: "sales".to_owned(),
            description: input.description,
            location_uri: input.location_uri,
            parameters: input.parameters,
            create_table_default_permissions: Some(Vec::new()),
            target_database: input.target_database,
            create_time: Some(world.kernel.clock().now()),
            catalog_id: Some(ACCOUNT.to_owned()),
            federated_database: None,
        }
    );
    assert_eq!(
        world.fault::<op::GetDatabase>(named("Nosuch")).await,
        code("EntityNotFoundException", "Database nosuch not found.")
    );
}

#[tokio::test]
async fn updates_keep_the_time_of_creation_and_the_tags() {
    let world = World::new();
    let request = CreateDatabaseRequest { tags: Some(map(&[("team", "a")])), ..database("sales") };
    world.call::<op::CreateDatabase>(request).await.unwrap();
    let created = world.call::<op::GetDatabase>(named("sales")).await.unwrap().database.unwrap();
    let permissions = created.create_table_default_permissions.unwrap();
    assert_eq!(permissions[0].permissions, Some(vec![Permission::All]));
    world.tick();

    let mut change = UpdateDatabaseRequest {
        name: "sales".to_owned(),
        database_input: DatabaseInput {
            name: "sales".to_owned(),
            description: Some("new".to_owned()),
            ..DatabaseInput::default()
        },
        catalog_id: None,
    };
    world.call::<op::UpdateDatabase>(change.clone()).await.unwrap();
    let updated = world.call::<op::GetDatabase>(named("sales")).await.unwrap().database.unwrap();
    assert_eq!((updated.description.as_deref(), updated.create_time), (Some("new"), created.create_time));

    let resource_arn = format!("arn:aws:glue:eu-west-1:{ACCOUNT}:database/sales");
    let tags = async || {
        let request = GetTagsRequest { resource_arn: resource_arn.clone() };
        world.call::<op::GetTags>(request).await.unwrap().tags.unwrap()
    };
    assert_eq!(tags().await, map(&[("team", "a")]));
    let add = TagResourceRequest {
        resource_arn: resource_arn.clone(),
        tags_to_add: map(&[("env", "x"), ("team", "b")]),
    };
    world.call::<op::TagResource>(add).await.unwrap();
    assert_eq!(tags().await, map(&[("env", "x"), ("team", "b")]));
    let remove =
        UntagResourceRequest { resource_arn: resource_arn.clone(), tags_to_remove: vec!["env".to_owned()] };
    world.call::<op::UntagResource>(remove).await.unwrap();
    assert_eq!(tags().await, map(&[("team", "b")]));
    let nowhere = GetTagsRequest { resource_arn: format!("arn:aws:glue:eu-west-1:{ACCOUNT}:job/none") };
    assert_eq!(world.fault::<op::GetTags>(nowhere).await.0, "EntityNotFoundException");

    change.database_input.name = "other".to_owned();
    assert_eq!(world.fault::<op::UpdateDatabase>(change).await.0, "InvalidInputException");
}

#[tokio::test]
async fn listings_come_in_pages() {
    let world = World::new();
    for name in ["c", "a", "b"] {
        world.call::<op::CreateDatabase>(database(name)).await.unwrap();
    }
    let mut request = GetDatabasesRequest { max_results: Some(2), ..GetDatabasesRequest::default() };
    let first = world.call::<op::GetDatabases>(request.clone()).await.unwrap();
    request.next_token = first.next_token;
    let second = world.call::<op::GetDatabases>(request.clone()).await.unwrap();
    let names = |list: &[Database]| list.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&first.database_list), names(&second.database_list)),
        (vec!["a".into(), "b".into()], vec!["c".into()])
    );
    assert_eq!(second.next_token, None);

    request.next_token = Some("?".to_owned());
    assert_eq!(world.fault::<op::GetDatabases>(request).await.0, "InvalidInputException");
    let short = GetDatabasesRequest {
        attributes_to_get: Some(vec![DatabaseAttributes::Name]),
        ..GetDatabasesRequest::default()
    };
    let answer = world.call::<op::GetDatabases>(short).await.unwrap();
    assert_eq!(answer.database_list[0], Database { name: "a".to_owned(), ..Database::default() });
    let foreign = GetDatabasesRequest {
        resource_share_type: Some(ResourceShareType::Foreign),
        ..GetDatabasesRequest::default()
    };
    assert_eq!(world.call::<op::GetDatabases>(foreign).await.unwrap().database_list, []);
}

#[tokio::test]
async fn a_deleted_database_takes_everything_with_it() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(table("flights", &["year"]))).await.unwrap();
    world.call::<op::UpdateTable>(super::harness::update(table("flights", &["year"]))).await.unwrap();
    let request = on_flights!(CreatePartitionRequest { partition_input: partition(&["2024"]) });
    world.call::<op::CreatePartition>(request).await.unwrap();

    world.recorder.denied.lock().push(format!("arn:aws:glue:eu-west-1:{ACCOUNT}:table/sales/flights"));
    let delete = DeleteDatabaseRequest { name: "sales".to_owned(), catalog_id: None };
    assert_eq!(world.fault::<op::DeleteDatabase>(delete.clone()).await.0, "AccessDeniedException");
    world.recorder.denied.lock().clear();
    world.call::<op::DeleteDatabase>(delete.clone()).await.unwrap();
    assert_eq!(
        world.fault::<op::DeleteDatabase>(delete).await,
        code("EntityNotFoundException", "Database sales not found.")
    );
    assert_eq!(world.fault::<op::GetTable>(get("flights")).await.1, "Database sales not found.");

    let left = world.store.read(|tx| {
        let counts = [
            TABLES.count(tx, TABLES.all())?,
            PARTITIONS.count(tx, PARTITIONS.all())?,
            VERSIONS.count(tx, VERSIONS.all())?,
            ORPHANS.count(tx, ORPHANS.all())?,
        ];
        Ok::<_, mastic_store::StoreError>(counts)
    });
    assert_eq!(left.unwrap(), [0; 4]);

    world.call::<op::CreateDatabase>(database("sales")).await.unwrap();
    assert_eq!(world.fault::<op::GetTable>(get("flights")).await.1, "Entity Not Found");
}

#[tokio::test]
async fn what_is_not_there_yet_is_named() {
    let world = World::new();
    let mut request = database("sales");
    request.database_input.federated_database = Some(FederatedDatabase::default());
    assert!(world.fault::<op::CreateDatabase>(request).await.1.contains("FederatedDatabase"));
    let elsewhere = GetDatabaseRequest { catalog_id: Some("s3tables".to_owned()), ..named("sales") };
    assert_eq!(
        world.fault::<op::GetDatabase>(elsewhere).await,
        code("EntityNotFoundException", "Catalog s3tables not found.")
    );
}
