use mastic_api_glue::glue::types as api;

use super::*;
use crate::plan::{Comparison, Compression, Format, JoinKind, Operand};

fn graph(nodes: Vec<(&str, api::CodeGenConfigurationNode)>) -> Result<JobGraph, NodeError> {
    JobGraph::from_nodes(&nodes.into_iter().map(|(id, node)| (id.to_owned(), node)).collect())
}

fn csv(name: &str) -> api::CodeGenConfigurationNode {
    let source = api::S3CsvSource {
        name: name.to_owned(),
        paths: vec!["s3://b/x".to_owned()],
        exclusions: Some(vec!["[\"**.pdf\",\"a*\"]".to_owned()]),
        separator: Some(api::Separator::Pipe),
        quote_char: Some(api::QuoteChar::Disabled),
        with_header: Some(true),
        ..Default::default()
    };
    api::CodeGenConfigurationNode { s3_csv_source: Some(source), ..Default::default() }
}

fn target(input: &str) -> api::CodeGenConfigurationNode {
    let target = api::S3GlueParquetTarget {
        name: "Out".to_owned(),
        inputs: vec![input.to_owned()],
        path: "s3://b/out".to_owned(),
        compression: Some(api::ParquetCompressionType::Uncompressed),
        partition_keys: Some(vec![vec!["month".to_owned()]]),
        ..Default::default()
    };
    api::CodeGenConfigurationNode { s3_glue_parquet_target: Some(target), ..Default::default() }
}

#[test]
fn a_small_job() {
    let filter = api::Filter {
        name: "Late".to_owned(),
        inputs: vec!["s".to_owned()],
        logical_operator: Some(api::FilterLogicalOperator::Or),
        filters: vec![api::FilterExpression {
            operation: Some(api::FilterOperation::Gte),
            negated: None,
            values: vec![
                api::FilterValue {
                    r#type: Some(api::FilterValueType::Columnextracted),
                    value: vec!["d".to_owned()],
                },
                api::FilterValue {
                    r#type: Some(api::FilterValueType::Constant),
                    value: vec!["15".to_owned()],
                },
            ],
        }],
    };
    let filter = api::CodeGenConfigurationNode { filter: Some(filter), ..Default::default() };
    let graph = graph(vec![("t", target("f")), ("f", filter), ("s", csv("In"))]).unwrap();
    let [source, filter, target] = graph.nodes() else { panic!("three nodes") };
    let Kind::Csv(csv) = &source.kind else { panic!("a CSV source") };
    assert_eq!((csv.format.separator, csv.format.quote), (b'|', None));
    assert_eq!(csv.files.exclusions, ["**.pdf", "a*"]);
    let Kind::Filter(found) = &filter.kind else { panic!("a filter") };
    assert!(found.any);
    assert_eq!(found.conditions[0].operation, Comparison::GreaterOrEqual);
    assert_eq!(found.conditions[0].operands[1], Operand::Constant("15".to_owned()));
    let Kind::S3Target(found) = &target.kind else { panic!("a target") };
    assert_eq!((found.format, found.compression), (Format::Parquet, Some(Compression::None)));
}

#[test]
fn keys_of_a_join_go_by_input() {
    let keys =
        |from: &str, key: &str| api::JoinColumn { from: from.to_owned(), keys: vec![vec![key.to_owned()]] };
    let join = api::Join {
        name: "J".to_owned(),
        inputs: vec!["a".to_owned(), "b".to_owned()],
        join_type: Some(api::JoinType::Leftanti),
        columns: vec![keys("b", "y"), keys("a", "x")],
    };
    let node = api::CodeGenConfigurationNode { join: Some(join), ..Default::default() };
    let graph = graph(vec![("a", csv("A")), ("b", csv("B")), ("j", node), ("t", target("j"))]).unwrap();
    let found = graph.nodes().iter().find(|node| node.id == "j").unwrap();
    let Kind::Join(join) = &found.kind else { panic!("a join") };
    assert_eq!(join.kind, JoinKind::LeftAnti);
    assert_eq!((join.left[0][0].as_str(), join.right[0][0].as_str()), ("x", "y"));
}

#[test]
fn what_is_not_supported_is_named() {
    let code = api::CustomCode { name: "Own".to_owned(), ..Default::default() };
    let node = api::CodeGenConfigurationNode { custom_code: Some(code), ..Default::default() };
    let error = graph(vec![("n", node)]).unwrap_err();
    assert_eq!(error.to_string(), "node `Own`: nodes of the kind `CustomCode` are not supported");
    let error = graph(vec![("n", api::CodeGenConfigurationNode::default())]).unwrap_err();
    assert_eq!(error.to_string(), "node `n`: a node is of one kind, not of 0");
    let hudi = api::S3DirectTarget {
        name: "Out".to_owned(),
        inputs: vec!["s".to_owned()],
        format: Some(api::TargetFormat::Hudi),
        ..Default::default()
    };
    let node = api::CodeGenConfigurationNode { s3_direct_target: Some(hudi), ..Default::default() };
    let error = graph(vec![("s", csv("In")), ("t", node)]).unwrap_err();
    assert_eq!(error.to_string(), "node `Out`: the format `hudi` is not supported");
}
