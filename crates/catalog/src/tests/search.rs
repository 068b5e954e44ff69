use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;

use super::harness::{ACCOUNT, World, create, database, map, table};

async fn world() -> World {
    let world = World::with_database().await;
    world.call::<op::CreateDatabase>(database("hr")).await.unwrap();
    for (database_name, name, owner) in [
        ("sales", "customer-link", "zoe"),
        ("sales", "xx-link-yy", "ann"),
        ("sales", "xxlinkyy", "bob"),
        ("hr", "people", "ann"),
    ] {
        let input = TableInput {
            owner: Some(owner.to_owned()),
            parameters: Some(map(&[("classification", "csv")])),
            ..table(name, &[])
        };
        let request = CreateTableRequest { database_name: database_name.to_owned(), ..create(input) };
        world.call::<op::CreateTable>(request).await.unwrap();
        world.tick();
    }
    world
}

async fn names(world: &World, request: SearchTablesRequest) -> Vec<String> {
    let answer = world.call::<op::SearchTables>(request).await.unwrap();
    answer.table_list.unwrap().into_iter().map(|table| table.name).collect()
}

fn text(text: &str) -> SearchTablesRequest {
    SearchTablesRequest { search_text: Some(text.to_owned()), ..SearchTablesRequest::default() }
}

fn filter(key: &str, value: &str, comparator: Option<Comparator>) -> SearchTablesRequest {
    let filter = PropertyPredicate { key: Some(key.to_owned()), value: Some(value.to_owned()), comparator };
    SearchTablesRequest { filters: Some(vec![filter]), ..SearchTablesRequest::default() }
}

#[tokio::test]
async fn tokens_filters_and_times() {
    let world = world().await;
    assert_eq!(names(&world, filter("Name", "link", None)).await, ["customer-link", "xx-link-yy"]);
    assert_eq!(names(&world, filter("DatabaseName", "hr", None)).await, ["people"]);
    assert_eq!(names(&world, filter("classification", "csv", None)).await.len(), 4);
    assert_eq!(names(&world, filter("classification", "parquet", None)).await.len(), 0);
    assert_eq!(names(&world, text("LINK")).await, ["customer-link", "xx-link-yy"]);
    assert_eq!(names(&world, text("carrier people")).await, ["people"]);
    assert_eq!(names(&world, text("\"xx-link-yy\"")).await, ["xx-link-yy"]);
    assert_eq!(names(&world, text("\"xx-link\"")).await.len(), 0);
    let after = filter("CreateTime", "1770000001", Some(Comparator::GreaterThan));
    assert_eq!(names(&world, after).await, ["people", "xxlinkyy"]);
    let late = filter("CreateTime", "soon", None);
    assert_eq!(world.fault::<op::SearchTables>(late).await.0, "InvalidInputException");
}

#[tokio::test]
async fn sorted_pages_of_what_the_caller_may_see() {
    let world = world().await;
    let sorted = |field: &str, sort| SearchTablesRequest {
        sort_criteria: Some(vec![SortCriterion { field_name: Some(field.to_owned()), sort: Some(sort) }]),
        max_results: Some(2),
        ..SearchTablesRequest::default()
    };
    let mut request = sorted("Owner", Sort::Desc);
    let first = world.call::<op::SearchTables>(request.clone()).await.unwrap();
    request.next_token = first.next_token;
    let found = |tables: Option<Vec<Table>>| tables.unwrap().into_iter().map(|t| t.name).collect::<Vec<_>>();
    assert_eq!(found(first.table_list), ["customer-link", "xxlinkyy"]);
    let second = world.call::<op::SearchTables>(request).await.unwrap();
    assert_eq!(
        (found(second.table_list), second.next_token),
        (vec!["xx-link-yy".into(), "people".into()], None)
    );
    assert_eq!(world.fault::<op::SearchTables>(sorted("Size", Sort::Asc)).await.0, "InvalidInputException");

    let arn = |resource: &str| format!("arn:aws:glue:eu-west-1:{ACCOUNT}:{resource}");
    world.recorder.denied.lock().extend([arn("table/sales/xxlinkyy"), arn("database/hr")]);
    let all = SearchTablesRequest::default();
    assert_eq!(names(&world, all.clone()).await, ["customer-link", "xx-link-yy"]);
    let foreign = SearchTablesRequest { resource_share_type: Some(ResourceShareType::Foreign), ..all };
    assert_eq!(world.call::<op::SearchTables>(foreign).await.unwrap().table_list, None);
}
