use std::collections::BTreeMap;

use super::*;

fn kind(node: api::CodeGenConfigurationNode) -> Result<Kind, String> {
    let found = source(&node).or_else(|| target(&node)).unwrap();
    found.map(|(_, kind, _)| kind).map_err(|error| error.to_string())
}

fn connector_of(options: api::JDBCConnectorOptions) -> Result<Kind, String> {
    let connector = api::JDBCConnectorSource {
        name: "In".to_owned(),
        connection_name: "c".to_owned(),
        connection_type: "custom.jdbc".to_owned(),
        query: Some("SELECT 1".to_owned()),
        additional_options: Some(options),
        ..Default::default()
    };
    kind(api::CodeGenConfigurationNode { jdbc_connector_source: Some(connector), ..Default::default() })
}

#[test]
fn connectors() {
    let options = api::JDBCConnectorOptions {
        filter_predicate: Some("a > 1".to_owned()),
        partition_column: Some("id".to_owned()),
        lower_bound: Some(0),
        upper_bound: Some(10),
        num_partitions: Some(2),
        job_bookmark_keys: Some(vec!["id".to_owned()]),
        job_bookmark_keys_sort_order: Some("DESC".to_owned()),
        data_type_mapping: Some(BTreeMap::from([("FLOAT".to_owned(), api::GlueRecordType::Bigdecimal)])),
    };
    let Ok(Kind::Database(found)) = connector_of(options.clone()) else { panic!("a database") };
    assert_eq!(found.relation, Relation::Query("SELECT 1".to_owned()));
    assert_eq!(found.filter.as_deref(), Some("a > 1"));
    assert_eq!(found.parts, Some(Shares::Range { column: "id".to_owned(), lower: 0, upper: 10, count: 2 }));
    assert_eq!(found.types, [("FLOAT".to_owned(), "decimal(38,18)".to_owned())]);
    let none = api::JDBCConnectorOptions { num_partitions: Some(-1), ..options.clone() };
    let error = connector_of(none).unwrap_err();
    assert!(error.contains("`NumPartitions` is a number above zero, not `-1`"), "{error}");
    let error = connector_of(api::JDBCConnectorOptions { upper_bound: None, ..options }).unwrap_err();
    assert!(error.contains("given together"), "{error}");
}

fn data_source(connection_type: &str, data: &[(&str, &str)]) -> Result<Kind, String> {
    let data = data.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let (name, connection_type) = ("In".to_owned(), connection_type.to_owned());
    let found = api::ConnectorDataSource { name, connection_type, data, output_schemas: None };
    kind(api::CodeGenConfigurationNode { connector_data_source: Some(found), ..Default::default() })
}

#[test]
fn options_in_a_map() {
    let keys = ("jobBookmarkKeys", "[\"a\", \"b\"]");
    let given = [
        keys,
        ("connectionName", "c"),
        ("dbTable", "public.t"),
        ("hashfield", "k"),
        ("useConnectionProperties", "true"),
    ];
    let Ok(Kind::Database(found)) = data_source("postgresql", &given) else { panic!("a database") };
    assert_eq!(found.relation, Relation::Table("public.t".to_owned()));
    assert_eq!(found.parts, Some(Shares::Hash { column: "k".to_owned(), count: 7 }));
    assert_eq!(found.keys.columns, ["a", "b"]);
    let error = |kind: &str, more: (&str, &str)| {
        data_source(kind, &[("connectionName", "c"), ("dbtable", "t"), more]).unwrap_err()
    };
    assert!(error("snowflake", ("fetchsize", "1")).contains("`snowflake`"));
    assert!(error("mysql", ("sampleSize", "1")).contains("`sampleSize` is not supported"));
    assert!(error("mysql", ("url", "jdbc:mysql://h/d")).contains("connectionName"));
    for text in ["0", "-7", "seven"] {
        let error = error("mysql", ("hashPartitions", text));
        assert!(error.contains(&format!("`hashpartitions` is a whole number above zero, not `{text}`")));
    }
    assert!(error("mysql", ("bulksize", "0")).contains("`bulksize` is a whole number above zero"));
    assert!(error("mysql", ("fetchsize", "much")).contains("`fetchsize` is a whole number, not `much`"));
    assert!(error("mysql", ("query", "SELECT 1")).contains("one of `dbtable` and `query`"));
}

fn redshift(data: api::AmazonRedshiftNodeData) -> Result<Kind, String> {
    let option = |text: &str| Some(api::OptionShape { value: Some(text.to_owned()), ..Default::default() });
    let data = api::AmazonRedshiftNodeData {
        connection: option("c"),
        schema: option("public"),
        table: option("t"),
        ..data
    };
    let found = api::AmazonRedshiftTarget { name: Some("Out".to_owned()), data: Some(data), inputs: None };
    kind(api::CodeGenConfigurationNode { amazon_redshift_target: Some(found), ..Default::default() })
}

#[test]
fn actions_of_redshift() {
    let with =
        |action: &str| api::AmazonRedshiftNodeData { action: Some(action.to_owned()), ..Default::default() };
    let action = |data| match redshift(data) {
        Ok(Kind::DatabaseTarget(target)) => Ok(target.action),
        Ok(_) => panic!("a target"),
        Err(error) => Err(error),
    };
    assert_eq!(action(with("insert")), Ok(Action::Append));
    assert_eq!(action(with("truncate")), Ok(Action::Truncate));
    assert_eq!(action(with("drop")), Ok(Action::Replace));
    assert!(action(with("burn")).unwrap_err().contains("`burn`"));
    let keyed = api::AmazonRedshiftNodeData {
        selected_columns: Some(vec![api::OptionShape { value: Some("id".to_owned()), ..Default::default() }]),
        merge_when_matched: Some("delete".to_owned()),
        ..with("merge")
    };
    let how = MergeHow::Keys { keys: vec!["id".to_owned()], delete: true, insert: true };
    assert_eq!(action(keyed), Ok(Action::Merge(TableMerge { staging: None, how })));
    let clause = api::AmazonRedshiftNodeData { merge_clause: Some("MERGE".to_owned()), ..with("merge") };
    assert!(action(clause).unwrap_err().contains("`StagingTable` is missing"));
    let ended =
        api::AmazonRedshiftNodeData { pre_action: Some("SELECT 1; commit".to_owned()), ..with("insert") };
    assert!(action(ended).unwrap_err().contains("`PreAction` has `COMMIT`"));
    let told = api::AmazonRedshiftNodeData {
        pre_action: Some("INSERT INTO t VALUES ('; commit') -- ; commit".to_owned()),
        ..with("insert")
    };
    assert_eq!(action(told), Ok(Action::Append));
    let simple = api::AmazonRedshiftNodeData {
        merge_action: Some("simple".to_owned()),
        merge_clause: Some("MERGE".to_owned()),
        ..with("merge")
    };
    assert!(matches!(action(simple), Ok(Action::Merge(TableMerge { how: MergeHow::Keys { .. }, .. }))));
    let other = api::AmazonRedshiftNodeData { merge_action: Some("odd".to_owned()), ..with("merge") };
    assert!(action(other).unwrap_err().contains("`MergeAction` is `odd`"));
}
