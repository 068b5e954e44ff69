use mastic_api_glue::glue::types::{Column, Partition, SerDeInfo, StorageDescriptor, Table};
use mastic_engine::plan::*;

use crate::support::*;

const LAZY: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";

fn columns(list: &[(&str, &str)]) -> Option<Vec<Column>> {
    let column = |(name, of): &(&str, &str)| Column {
        name: (*name).to_owned(),
        r#type: Some((*of).to_owned()),
        ..Column::default()
    };
    Some(list.iter().map(column).collect())
}

pub fn table(
    world: &World,
    name: &str,
    serde: &str,
    of: &[(&str, &str)],
    keys: &[(&str, &str)],
    parameters: &[(&str, &str)],
) {
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let table = Table {
        name: name.to_owned(),
        storage_descriptor: Some(StorageDescriptor {
            columns: columns(of),
            location: Some(format!("s3://b/{name}")),
            serde_info: Some(SerDeInfo {
                serialization_library: Some(serde.to_owned()),
                ..SerDeInfo::default()
            }),
            ..StorageDescriptor::default()
        }),
        partition_keys: columns(keys),
        parameters: Some(parameters),
        ..Table::default()
    };
    world.catalog.tables.lock().unwrap().insert(format!("d.{name}"), table);
}

pub fn partition(world: &World, table: &str, values: &[&str], location: &str) {
    let partition = Partition {
        values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
        storage_descriptor: Some(StorageDescriptor {
            location: Some(location.to_owned()),
            ..StorageDescriptor::default()
        }),
        ..Partition::default()
    };
    world.catalog.partitions.lock().unwrap().entry(format!("d.{table}")).or_default().push(partition);
}

pub fn source(table: &str, predicate: Option<&str>) -> Kind {
    Kind::Catalog(CatalogSource {
        database: "d".into(),
        table: table.into(),
        predicate: predicate.map(str::to_owned),
        ..CatalogSource::default()
    })
}

async fn flights() -> World {
    let world = World::new();
    table(
        &world,
        "f",
        LAZY,
        &[("carrier", "string"), ("delay", "bigint")],
        &[("year", "int"), ("month", "string")],
        &[("classification", "csv"), ("skip.header.line.count", "1"), ("delimiter", ",")],
    );
    for (year, month, text) in
        [("2013", "1", "UA,5\n\"A,A\",NA"), ("2013", "2", "UA,7"), ("2014", "1", "DL,\\N")]
    {
        let key = format!("f/year={year}/month={month}");
        world.put(&format!("{key}/x.csv"), format!("carrier,delay\n{text}\n")).await;
        partition(&world, "f", &[year, month], &format!("s3://b/{key}/"));
    }
    world
}

#[tokio::test]
async fn a_predicate_picks_partitions() {
    let world = flights().await;
    let rows = async |predicate| world.rows(vec![node("f", source("f", predicate), &[])]).await;
    assert_eq!(
        rows(Some("(year == 2013 and month in ('1', '3'))")).await,
        [
            r#"{"carrier":"A,A","year":2013,"month":"1"}"#,
            r#"{"carrier":"UA","delay":5,"year":2013,"month":"1"}"#
        ]
    );
    assert_eq!(rows(Some("year > 2013")).await, [r#"{"carrier":"DL","year":2014,"month":"1"}"#]);
    assert_eq!(rows(None).await.len(), 4);
    let upper = Some("upper(month) = '2' and year == 2013");
    assert_eq!(rows(upper).await, [r#"{"carrier":"UA","delay":7,"year":2013,"month":"2"}"#]);
    // What GetPartitions understands is left to it.
    let asked = world.catalog.asked.lock().unwrap().clone();
    let expected = [Some("(year = 2013 and month in ('1', '3'))"), Some("year > 2013"), None, None];
    assert_eq!(asked.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    assert_eq!(rows(Some("year = 1999")).await.len(), 0);
    let error = world.error(vec![node("f", source("f", Some("nope = 1")), &[])]).await;
    assert!(error.contains("node `The f`: table `d.f`: the partition predicate `nope = 1`"), "{error}");
    let error = world.error(vec![node("f", source("g", None), &[])]).await;
    assert_eq!(error, "node `The f`: table `d.g`: it was not found");
}

#[tokio::test]
async fn names_in_files_may_have_capitals() {
    let world = World::new();
    world.put("j/x.json", "{\"userId\":\"7\",\"Home\":{\"zipCode\":5}}\n{\"userId\":null}\n").await;
    let of = [("userid", "int"), ("home", "struct<zipcode:bigint>"), ("absent", "string")];
    table(&world, "j", "org.openx.data.jsonserde.JsonSerDe", &of, &[], &[]);
    let rows = world.rows(vec![node("j", source("j", None), &[])]).await;
    assert_eq!(rows, [r#"{"userid":7,"home":{"zipcode":5}}"#, "{}"]);
    let target = Kind::S3Target(target("s3://b/p", Format::Parquet, &[]));
    world.run(vec![node("j", json("s3://b/j"), &[]), node("w", target, &["j"])]).await.unwrap();
    let serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
    table(&world, "p", serde, &[("userid", "int")], &[], &[]);
    assert_eq!(world.rows(vec![node("p", source("p", None), &[])]).await, [r#"{"userid":7}"#, "{}"]);
}

#[tokio::test]
async fn a_target_makes_its_table_and_keeps_it() {
    let world = flights().await;
    let write = |query: &str, update| {
        let sql = SqlQuery { query: query.into(), aliases: vec![("f".into(), "f".into())], schema: None };
        let table = TargetTable { database: "d".into(), table: "out_table".into(), update };
        let target =
            S3Target { table: Some(table), ..target("s3://b/out_table", Format::Parquet, &["year"]) };
        vec![
            node("f", source("f", None), &[]),
            node("q", Kind::Sql(sql), &["f"]),
            node("w", Kind::S3Target(target), &["q"]),
        ]
    };
    let names = || {
        let tables = world.catalog.tables.lock().unwrap();
        let columns = tables["d.out_table"].storage_descriptor.clone().unwrap().columns.unwrap();
        columns
            .into_iter()
            .map(|column| format!("{} {}", column.name, column.r#type.unwrap()))
            .collect::<Vec<_>>()
    };
    world
        .run(write("select carrier, delay, year from f where year = 2013", UpdateBehavior::UpdateInDatabase))
        .await
        .unwrap();
    assert_eq!(names(), ["carrier string", "delay bigint"]);
    world.run(write("select carrier, delay + 0.5 as half, year from f", UpdateBehavior::Log)).await.unwrap();
    assert_eq!(names(), ["carrier string", "delay bigint"]);
    world
        .run(write("select carrier, 1 as one, year from f", UpdateBehavior::UpdateInDatabase))
        .await
        .unwrap();
    assert_eq!(names(), ["carrier string", "delay bigint", "one bigint"]);
    let partitions = world.catalog.partitions.lock().unwrap()["d.out_table"].clone();
    let places: Vec<String> = partitions
        .iter()
        .filter_map(|partition| partition.storage_descriptor.as_ref()?.location.clone())
        .collect();
    assert_eq!(places, ["s3://b/out_table/year=2013/", "s3://b/out_table/year=2014/"]);
    let query = "select count(*) n, count(one) o, count(delay) d, sum(year) y from t";
    let sql = SqlQuery { query: query.into(), aliases: vec![("t".into(), "t".into())], schema: None };
    let rows =
        world.rows(vec![node("t", source("out_table", None), &[]), node("q", Kind::Sql(sql), &["t"])]).await;
    assert_eq!(rows, [r#"{"n":11,"o":4,"d":2,"y":22145}"#]);
}

#[tokio::test]
async fn a_catalog_target_follows_its_table() {
    let world = flights().await;
    let write = |update| {
        let sql = SqlQuery {
            query: "select 12 as month, cast(delay as string) as delay, 'XX' as carrier, 2020 as year from f where delay = 5".into(),
            aliases: vec![("f".into(), "f".into())],
            schema: None,
        };
        let target =
            CatalogTarget { database: "d".into(), table: "f".into(), partition_keys: vec![], update };
        vec![
            node("f", source("f", None), &[]),
            node("q", Kind::Sql(sql), &["f"]),
            node("w", Kind::CatalogTarget(target), &["q"]),
        ]
    };
    world.run(write(Some(UpdateBehavior::UpdateInDatabase))).await.unwrap();
    let keys = world.keys("f/year=2020").await;
    assert!(keys[0].starts_with("f/year=2020/month=12/run-"), "{keys:?}");
    assert_eq!(world.text(&keys[0]).await, "carrier,delay\nXX,5\n");
    let rows = world.rows(vec![node("f", source("f", Some("year = 2020")), &[])]).await;
    assert_eq!(rows, [r#"{"carrier":"XX","delay":5,"year":2020,"month":"12"}"#]);
}
