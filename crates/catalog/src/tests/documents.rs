//! Functions, connections and column statistics.

use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_store::overlay;

use super::harness::*;

fn function(name: &str) -> CreateUserDefinedFunctionRequest {
    let function_input = UserDefinedFunctionInput {
        function_name: Some(name.to_owned()),
        ..UserDefinedFunctionInput::default()
    };
    CreateUserDefinedFunctionRequest {
        database_name: "sales".to_owned(),
        function_input,
        ..CreateUserDefinedFunctionRequest::default()
    }
}

fn functions() -> GetUserDefinedFunctionsRequest {
    GetUserDefinedFunctionsRequest { pattern: "*".to_owned(), ..GetUserDefinedFunctionsRequest::default() }
}

async fn names(world: &World) -> Vec<String> {
    let found = world.call::<op::GetUserDefinedFunctions>(functions()).await.unwrap();
    found.user_defined_functions.unwrap().into_iter().filter_map(|found| found.function_name).collect()
}

fn statistics(column: &str) -> UpdateColumnStatisticsForTableRequest {
    let data =
        LongColumnStatisticsData { number_of_distinct_values: 3, ..LongColumnStatisticsData::default() };
    let one = ColumnStatistics {
        column_name: column.to_owned(),
        column_type: "int".to_owned(),
        statistics_data: ColumnStatisticsData {
            r#type: Some(ColumnStatisticsType::Long),
            long_column_statistics_data: Some(data),
            ..ColumnStatisticsData::default()
        },
        ..ColumnStatistics::default()
    };
    UpdateColumnStatisticsForTableRequest {
        database_name: "sales".to_owned(),
        table_name: "flights".to_owned(),
        column_statistics_list: vec![one],
        ..UpdateColumnStatisticsForTableRequest::default()
    }
}

async fn known(world: &World, column: &str) -> usize {
    let request = GetColumnStatisticsForTableRequest {
        database_name: "sales".to_owned(),
        table_name: "flights".to_owned(),
        column_names: texts(&[column]),
        ..GetColumnStatisticsForTableRequest::default()
    };
    let found = world.call::<op::GetColumnStatisticsForTable>(request).await.unwrap();
    found.column_statistics_list.unwrap().len()
}

#[tokio::test]
async fn what_a_run_writes_is_its_own_until_it_ends() {
    let world = World::with_database().await;
    world.call::<op::CreateTable>(create(table("flights", &[]))).await.unwrap();
    let run = world.as_run("run-1");
    run.call::<op::CreateUserDefinedFunction>(function("squash")).await.unwrap();
    run.call::<op::UpdateColumnStatisticsForTable>(statistics("delay")).await.unwrap();
    assert_eq!((names(&run).await, known(&run, "delay").await), (texts(&["squash"]), 1));
    assert_eq!((names(&world).await, known(&world, "delay").await), (vec![], 0));
    world.store.write(|tx| overlay::publish(tx, "run-1")).await.unwrap();
    assert_eq!((names(&world).await, known(&world, "delay").await), (texts(&["squash"]), 1));
}

#[tokio::test]
async fn a_function_needs_its_database_and_catalog_and_goes_with_them() {
    let world = World::with_database().await;
    world.asked();
    world.call::<op::CreateUserDefinedFunction>(function("squash")).await.unwrap();
    let resources: Vec<_> = world.asked().into_iter().map(|(_, resource)| resource).collect();
    let arn = |resource: &str| format!("arn:aws:glue:eu-west-1:{ACCOUNT}:{resource}");
    assert_eq!(resources, ["catalog", "database/sales", "userDefinedFunction/sales/squash"].map(arn));
    let gone = DeleteDatabaseRequest { name: "sales".to_owned(), ..DeleteDatabaseRequest::default() };
    world.call::<op::DeleteDatabase>(gone).await.unwrap();
    assert!(world.asked().iter().any(|(_, resource)| *resource == arn("userDefinedFunction/sales/squash")));
    world.catalog.sweep(&world.kernel.background("test")).await.unwrap();
    world.call::<op::CreateDatabase>(database("sales")).await.unwrap();
    assert!(names(&world).await.is_empty());
}

#[tokio::test]
async fn a_password_opens_in_its_place_only() {
    let world = World::new();
    let input = |name: &str| ConnectionInput {
        name: name.to_owned(),
        connection_type: Some(ConnectionType::Jdbc),
        connection_properties: map(&[
            ("JDBC_CONNECTION_URL", "jdbc:x"),
            ("USERNAME", "u"),
            ("PASSWORD", "kept-secret"),
        ]),
        ..ConnectionInput::default()
    };
    let make = |name: &str| CreateConnectionRequest {
        connection_input: input(name),
        ..CreateConnectionRequest::default()
    };
    world.call::<op::CreateConnection>(make("a")).await.unwrap();
    let get = |name: &str| GetConnectionRequest { name: name.to_owned(), ..GetConnectionRequest::default() };
    let found = world.call::<op::GetConnection>(get("a")).await.unwrap().connection.unwrap();
    assert_eq!(found.connection_properties.unwrap().get("PASSWORD").unwrap(), "kept-secret");
    // A server with another master key over the same store cannot open it, and says nothing of it.
    let seams = mastic_kernel::Seams {
        clock: world.clock.clone(),
        entropy: std::sync::Arc::new(mastic_core::SeededEntropy::new(2)),
    };
    let mut stranger = world.as_run("x");
    stranger.kernel = mastic_kernel::Kernel::new(world.store.clone(), seams);
    stranger.kernel.connect_authorizer(world.recorder.clone());
    let fault = stranger.call::<op::GetConnection>(get("a")).await.err().unwrap();
    assert_eq!(fault.status(), 500);
    let hidden = GetConnectionRequest { hide_password: Some(true), ..get("a") };
    let found = stranger.call::<op::GetConnection>(hidden).await.unwrap().connection.unwrap();
    assert_eq!(found.connection_properties.unwrap().get("PASSWORD"), None);
}
