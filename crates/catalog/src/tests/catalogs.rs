use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;

use super::harness::*;

fn catalog(name: &str) -> CreateCatalogRequest {
    CreateCatalogRequest { name: name.to_owned(), ..CreateCatalogRequest::default() }
}

fn id(name: &str) -> Option<String> {
    Some(format!("{ACCOUNT}:{name}"))
}

#[tokio::test]
async fn databases_and_tables_live_in_their_catalog() {
    let world = World::with_database().await;
    let in_catalog = |name: &str| CreateDatabaseRequest { catalog_id: id("lab"), ..database(name) };
    assert_eq!(
        world.fault::<op::CreateDatabase>(in_catalog("sales")).await,
        code("EntityNotFoundException", &format!("Catalog {ACCOUNT}:lab not found."))
    );
    world.call::<op::CreateCatalog>(catalog("lab")).await.unwrap();
    assert_eq!(
        world.fault::<op::CreateCatalog>(catalog("lab")).await,
        code("AlreadyExistsException", "Catalog already exists.")
    );
    world.call::<op::CreateDatabase>(in_catalog("sales")).await.unwrap();
    let made = CreateTableRequest { catalog_id: id("lab"), ..create(table("trips", &[])) };
    world.asked();
    world.call::<op::CreateTable>(made).await.unwrap();
    let asked = world.asked().into_iter().map(|(_, resource)| resource).collect::<Vec<_>>();
    let arn = |resource: &str| format!("arn:aws:glue:eu-west-1:{ACCOUNT}:{resource}");
    let expected = ["catalog", "catalog/lab", "database/lab/sales", "table/lab/sales/trips"];
    assert_eq!(asked, expected.map(arn));

    assert_eq!(world.fault::<op::GetTable>(get("trips")).await.0, "EntityNotFoundException");
    let there = GetTableRequest { catalog_id: id("lab"), ..get("trips") };
    let found = world.call::<op::GetTable>(there.clone()).await.unwrap().table.unwrap();
    assert_eq!(found.catalog_id, id("lab"));
    let all = world.call::<op::GetDatabases>(GetDatabasesRequest::default()).await.unwrap();
    assert_eq!(all.database_list.len(), 1);

    let gone = DeleteCatalogRequest { catalog_id: id("lab").unwrap() };
    world.call::<op::DeleteCatalog>(gone.clone()).await.unwrap();
    assert_eq!(world.fault::<op::DeleteCatalog>(gone).await.0, "EntityNotFoundException");
    world.call::<op::CreateCatalog>(catalog("lab")).await.unwrap();
    assert_eq!(
        world.fault::<op::GetTable>(there).await,
        code("EntityNotFoundException", "Database sales not found.")
    );
}

#[tokio::test]
async fn listings_page_and_know_the_default_catalog() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.call::<op::CreateCatalog>(catalog(name)).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut next_token = None;
    loop {
        let request = GetCatalogsRequest {
            max_results: Some(2),
            include_root: Some(true),
            next_token,
            ..GetCatalogsRequest::default()
        };
        let page = world.call::<op::GetCatalogs>(request).await.unwrap();
        seen.extend(page.catalog_list.into_iter().map(|catalog| catalog.name));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, [ACCOUNT, "a", "b", "c"]);
    let nested = GetCatalogsRequest {
        parent_catalog_id: id("a"),
        include_root: Some(false),
        ..GetCatalogsRequest::default()
    };
    assert_eq!(world.fault::<op::GetCatalogs>(nested).await.0, "InvalidInputException");
}

#[tokio::test]
async fn the_default_catalog_can_be_described_but_not_deleted() {
    let world = World::new();
    let update = UpdateCatalogRequest {
        catalog_id: ACCOUNT.to_owned(),
        catalog_input: CatalogInput {
            description: Some("all".to_owned()),
            parameters: Some(map(&[("a", "b")])),
            ..CatalogInput::default()
        },
    };
    world.call::<op::UpdateCatalog>(update).await.unwrap();
    let get = GetCatalogRequest { catalog_id: ACCOUNT.to_owned() };
    let found = world.call::<op::GetCatalog>(get).await.unwrap().catalog.unwrap();
    assert_eq!((found.name.as_str(), found.description.as_deref()), (ACCOUNT, Some("all")));
    let plain = world.call::<op::GetCatalogs>(GetCatalogsRequest::default()).await.unwrap();
    assert!(plain.catalog_list.is_empty());
    let gone = DeleteCatalogRequest { catalog_id: ACCOUNT.to_owned() };
    assert_eq!(world.fault::<op::DeleteCatalog>(gone).await.0, "InvalidInputException");
}

#[tokio::test]
async fn catalogs_of_elsewhere_are_refused_by_name() {
    let world = World::new();
    let redshift = Some(TargetRedshiftCatalog { catalog_arn: "arn:aws:glue:x".to_owned() });
    let elsewhere = [
        CatalogInput { federated_catalog: Some(FederatedCatalog::default()), ..CatalogInput::default() },
        CatalogInput { target_redshift_catalog: redshift, ..CatalogInput::default() },
    ];
    for (catalog_input, name) in elsewhere.into_iter().zip(["FederatedCatalog", "TargetRedshiftCatalog"]) {
        let request = CreateCatalogRequest { catalog_input, ..catalog("far") };
        let (code, text) = world.fault::<op::CreateCatalog>(request).await;
        assert_eq!(code, "InvalidInputException");
        assert!(text.contains(name), "{text}");
    }
}
