use mastic_api_glue::glue::types::*;
use mastic_core::Timestamp;
use mastic_engine::{Measured, StatisticsRequest, column_statistics};

use crate::support::World;

const ROWS: &str = "\
1,true,10,1.5,-1.05,2026-01-02,alpha
2,false,20,,7.25,2026-03-01,be
3,true,,2.5,,,
4,,10,-0.5,0.10,2026-01-02,alpha
";

const TYPES: [(&str, &str); 8] = [
    ("id", "bigint"),
    ("flag", "boolean"),
    ("delay", "int"),
    ("ratio", "double"),
    ("price", "decimal(9,2)"),
    ("day", "date"),
    ("name", "string"),
    ("tags", "array<string>"),
];

fn columns(types: &[(&str, &str)]) -> Vec<Column> {
    let column = |(name, of): &(&str, &str)| Column {
        name: (*name).to_owned(),
        r#type: Some((*of).to_owned()),
        ..Column::default()
    };
    types.iter().map(column).collect()
}

/// A table `d.t`, of CSV without the nested column unless it is asked for.
async fn world(types: &[(&str, &str)]) -> World {
    let world = World::new();
    world.put("t/rows.csv", ROWS).await;
    let input = TableInput {
        name: "t".to_owned(),
        storage_descriptor: Some(StorageDescriptor {
            columns: Some(columns(types)),
            location: Some("s3://b/t/".to_owned()),
            input_format: Some("org.apache.hadoop.mapred.TextInputFormat".to_owned()),
            serde_info: Some(SerDeInfo {
                serialization_library: Some("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe".to_owned()),
                parameters: Some([("field.delim".to_owned(), ",".to_owned())].into()),
                ..SerDeInfo::default()
            }),
            ..StorageDescriptor::default()
        }),
        ..TableInput::default()
    };
    mastic_engine::CatalogClient::create_table(world.catalog.as_ref(), "d", input).await.unwrap();
    world
}

fn request(columns: &[&str]) -> StatisticsRequest {
    StatisticsRequest {
        database: "d".to_owned(),
        table: "t".to_owned(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        sample: None,
    }
}

fn of(found: &Measured, name: &str) -> ColumnStatisticsData {
    let one = found.columns.iter().find(|column| column.column_name == name).unwrap();
    one.statistics_data.clone()
}

#[tokio::test]
async fn every_kind_is_counted() {
    let world = world(&TYPES[..7]).await;
    let found = column_statistics(&request(&[]), &world.environment()).await.unwrap();
    assert_eq!((found.rows, found.columns.len()), (4, 7));
    assert_eq!(
        of(&found, "flag").boolean_column_statistics_data.unwrap(),
        BooleanColumnStatisticsData { number_of_trues: 2, number_of_falses: 1, number_of_nulls: 1 }
    );
    assert_eq!(
        of(&found, "delay").long_column_statistics_data.unwrap(),
        LongColumnStatisticsData {
            minimum_value: Some(10),
            maximum_value: Some(20),
            number_of_nulls: 1,
            number_of_distinct_values: 2
        }
    );
    assert_eq!(
        of(&found, "ratio").double_column_statistics_data.unwrap(),
        DoubleColumnStatisticsData {
            minimum_value: Some(-0.5),
            maximum_value: Some(2.5),
            number_of_nulls: 1,
            number_of_distinct_values: 3
        }
    );
    let price = of(&found, "price").decimal_column_statistics_data.unwrap();
    let unscaled = |number: &DecimalNumber| (number.unscaled_value.0.clone(), number.scale);
    assert_eq!(unscaled(price.minimum_value.as_ref().unwrap()), (vec![0x97], 2));
    assert_eq!(unscaled(price.maximum_value.as_ref().unwrap()), (vec![2, 0xd5], 2));
    assert_eq!((price.number_of_nulls, price.number_of_distinct_values), (1, 3));
    let day = of(&found, "day").date_column_statistics_data.unwrap();
    assert_eq!(day.minimum_value, Timestamp::parse("2026-01-02T00:00:00Z"));
    assert_eq!(day.maximum_value, Timestamp::parse("2026-03-01T00:00:00Z"));
    assert_eq!((day.number_of_nulls, day.number_of_distinct_values), (1, 2));
    let name = of(&found, "name").string_column_statistics_data.unwrap();
    assert_eq!(name.maximum_length, 5);
    assert_eq!(of(&found, "id").long_column_statistics_data.unwrap().number_of_distinct_values, 4);
}

#[tokio::test]
async fn named_columns_only() {
    let world = world(&TYPES[..7]).await;
    let found = column_statistics(&request(&["Delay"]), &world.environment()).await.unwrap();
    let names: Vec<_> = found.columns.iter().map(|column| column.column_name.as_str()).collect();
    assert_eq!(names, ["delay"]);
    let failed = column_statistics(&request(&["nowhere"]), &world.environment()).await.unwrap_err();
    assert_eq!(failed.without_node(), "table `d.t`: there is no column `nowhere`");
}

#[tokio::test]
async fn a_sample_looks_at_some_rows() {
    let world = world(&TYPES[..1]).await;
    let rows: String = (0..4000).map(|number| format!("{number}\n")).collect();
    world.put("t/rows.csv", rows).await;
    let sampled = StatisticsRequest { sample: Some(25.0), ..request(&[]) };
    let found = column_statistics(&sampled, &world.environment()).await.unwrap();
    assert!((500..1500).contains(&found.rows), "{}", found.rows);
    let id = of(&found, "id").long_column_statistics_data.unwrap();
    assert!(id.number_of_distinct_values.unsigned_abs() <= found.rows);
}

#[tokio::test]
async fn a_table_without_files_and_one_that_is_missing() {
    let world = world(&TYPES[..7]).await;
    mastic_engine::CatalogClient::create_table(
        world.catalog.as_ref(),
        "d",
        TableInput {
            name: "empty".to_owned(),
            storage_descriptor: Some(StorageDescriptor {
                columns: Some(columns(&TYPES[6..])),
                location: Some("s3://b/empty/".to_owned()),
                serde_info: Some(SerDeInfo {
                    serialization_library: Some("org.openx.data.jsonserde.JsonSerDe".to_owned()),
                    ..SerDeInfo::default()
                }),
                ..StorageDescriptor::default()
            }),
            ..TableInput::default()
        },
    )
    .await
    .unwrap();
    let request =
        |table: &str, names: &[&str]| StatisticsRequest { table: table.to_owned(), ..request(names) };
    let found = column_statistics(&request("empty", &[]), &world.environment()).await.unwrap();
    assert_eq!(found.rows, 0);
    assert_eq!(of(&found, "name").string_column_statistics_data.unwrap().maximum_length, 0);
    assert_eq!(found.left_out.len(), 1);
    let failed = column_statistics(&request("empty", &["tags"]), &world.environment()).await.unwrap_err();
    assert!(failed.without_node().contains("array<string>"), "{failed}");
    let failed = column_statistics(&request("nowhere", &[]), &world.environment()).await.unwrap_err();
    assert_eq!(failed.without_node(), "table `d.nowhere`: it was not found");
}
