//! Every kind of node, and whole jobs, beside the scripts that they become: `golden/*.json` and `*.py`.
//! `cargo run -p mastic-script --example script < NAME.json > NAME.py` makes one anew.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use mastic_api_glue::glue::schemas::CODE_GEN_CONFIGURATION_NODE;
use mastic_api_glue::glue::types::{
    CodeGenConfigurationNode, Filter, FilterExpression, FilterLogicalOperator, FilterOperation, FilterValue,
    FilterValueType, S3CatalogSource, S3DirectTarget, SparkSQL, SqlAlias, TargetFormat,
};
use mastic_script::{ScriptError, variables, visual};
use mastic_shape::Kind;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

type Nodes = BTreeMap<String, CodeGenConfigurationNode>;

/// Kinds for which there is no script: AWS has given up governed tables.
const WITHOUT: [&str; 2] = ["GovernedCatalogSource", "GovernedCatalogTarget"];

fn jobs() -> Vec<(String, Nodes, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut jobs = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let nodes = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let script = std::fs::read_to_string(path.with_extension("py")).unwrap_or_default();
            jobs.push((name, nodes, script));
        }
    }
    jobs
}

#[test]
fn scripts_are_as_they_were() {
    for (name, nodes, expected) in jobs() {
        let script = visual(&nodes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(script == expected, "{name} has become\n{script}");
    }
}

#[test]
fn every_kind_has_its_script() {
    let Kind::Structure(members) = CODE_GEN_CONFIGURATION_NODE.kind else { panic!("a structure") };
    let all: BTreeSet<String> = members.iter().map(|member| member.name.to_owned()).collect();
    let kinds: BTreeSet<String> = jobs()
        .iter()
        .flat_map(|(_, nodes, _)| nodes.values())
        .filter_map(|node| serde_json::to_value(node).unwrap().as_object()?.keys().next().cloned())
        .collect();
    let known: BTreeSet<String> = kinds.into_iter().chain(WITHOUT.map(str::to_owned)).collect();
    assert_eq!(known, all);
}

#[test]
fn what_cannot_be_said_is_named() {
    let nodes = |text: &str| -> Nodes { serde_json::from_str(text).unwrap() };
    let said = |text: &str| visual(&nodes(text)).unwrap_err().to_string();
    assert_eq!(said(r#"{"n": {}}"#), "Node n is of 0 kinds, not of one.");
    let governed = r#"{"n": {"GovernedCatalogSource": {"Name": "G", "Database": "d", "Table": "t"}}}"#;
    assert_eq!(said(governed), "Node 'G' (n): AWS has no governed tables any more.");
    let circle = r#"{"a": {"SelectFields": {"Name": "A", "Inputs": ["b"], "Paths": [["x"]]}},
                     "b": {"SelectFields": {"Name": "B", "Inputs": ["a"], "Paths": [["x"]]}}}"#;
    assert_eq!(visual(&nodes(circle)), Err(ScriptError::Circle(vec!["a".to_owned(), "b".to_owned()])));
    let missing = r#"{"a": {"SelectFields": {"Name": "A", "Inputs": ["b"], "Paths": [["x"]]}}}"#;
    assert_eq!(said(missing), "Node 'A' (a): Its input b does not exist.");
    let recipe = r#"{"s": {"CatalogSource": {"Name": "S", "Database": "d", "Table": "t"}},
                     "a": {"Recipe": {"Name": "R", "Inputs": ["s"], "RecipeReference": {"RecipeArn": "arn:x", "RecipeVersion": "1"}}}}"#;
    assert_eq!(said(recipe), "Node 'R' (a): The recipe arn:x is DataBrew's: give its steps as RecipeSteps.");
}

#[test]
fn two_functions_of_one_name_are_told_apart() {
    let text = r#"{"s": {"CatalogSource": {"Name": "S", "Database": "d", "Table": "t"}},
                   "a": {"CustomCode": {"Name": "A", "Inputs": ["s"], "ClassName": "MyTransform", "Code": "return dfc"}},
                   "b": {"CustomCode": {"Name": "B", "Inputs": ["s"], "ClassName": "MyTransform", "Code": "return dfc"}}}"#;
    let nodes: Nodes = serde_json::from_str(text).unwrap();
    let script = visual(&nodes).unwrap();
    assert!(script.contains("\ndef MyTransform(") && script.contains("\ndef MyTransform_2("), "{script}");
    assert!(script.contains("B_nodeb = MyTransform_2("), "{script}");
    assert_eq!(variables(&nodes).unwrap()["b"], "B_nodeb");
}

#[test]
fn constants_have_the_types_that_any_source_declares() {
    let text = r#"{"s": {"S3ParquetSource": {"Name": "S", "Paths": ["s3://b/s/"], "OutputSchemas": [{"Columns": [
                     {"Name": "day", "Type": "date"}, {"Name": "code", "Type": "string"}]}]}},
                   "f": {"Filter": {"Name": "F", "Inputs": ["s"], "LogicalOperator": "AND", "Filters": [
                     {"Operation": "GT", "Values": [{"Type": "COLUMNEXTRACTED", "Value": ["day"]},
                                                     {"Type": "CONSTANT", "Value": ["2024-01-01"]}]},
                     {"Operation": "EQ", "Values": [{"Type": "COLUMNEXTRACTED", "Value": ["code"]},
                                                     {"Type": "CONSTANT", "Value": ["12"]}]}]}}}"#;
    let script = visual(&serde_json::from_str(text).unwrap()).unwrap();
    assert!(script.contains("datetime.date.fromisoformat(\"2024-01-01\")"), "{script}");
    assert!(script.contains("== \"12\""), "{script}");
}

/// A job in which every text is any text at all.
fn anything() -> impl Strategy<Value = Nodes> {
    let text = || prop_oneof![any::<String>(), "[\"'\\\\\n\r{}#a]{0,12}"];
    (prop::collection::vec(text(), 10), "[A-Za-z0-9_-]{0,6}").prop_map(|(texts, id)| {
        let at = |nth: usize| texts[nth].clone();
        let some =
            |nth: usize| Some(at(nth)).filter(|text| !text.is_empty()).unwrap_or_else(|| "x".to_owned());
        let source = S3CatalogSource {
            name: at(0),
            database: some(1),
            table: some(2),
            partition_predicate: Some(at(3)),
            ..Default::default()
        };
        let sql = SparkSQL {
            name: at(4),
            inputs: vec!["s".to_owned()],
            sql_query: format!("{} x", at(5)),
            sql_aliases: vec![SqlAlias { from: "s".to_owned(), alias: some(6) }],
            ..Default::default()
        };
        let value = |of, text: String| FilterValue { r#type: Some(of), value: vec![text] };
        let condition = |operation| FilterExpression {
            operation: Some(operation),
            negated: Some(true),
            values: vec![
                value(FilterValueType::Columnextracted, at(7)),
                value(FilterValueType::Constant, at(8)),
            ],
        };
        let filter = Filter {
            name: at(9),
            inputs: vec!["q".to_owned()],
            logical_operator: Some(FilterLogicalOperator::Or),
            filters: vec![condition(FilterOperation::Regex), condition(FilterOperation::Eq)],
        };
        let target = S3DirectTarget {
            name: at(9),
            inputs: vec!["f".to_owned()],
            path: some(8),
            partition_keys: Some(vec![vec![at(7)]]),
            compression: Some(at(6)),
            format: Some(TargetFormat::Csv),
            ..Default::default()
        };
        let empty = CodeGenConfigurationNode::default;
        BTreeMap::from([
            ("s".to_owned(), CodeGenConfigurationNode { s3_catalog_source: Some(source), ..empty() }),
            ("q".to_owned(), CodeGenConfigurationNode { spark_sql: Some(sql), ..empty() }),
            ("f".to_owned(), CodeGenConfigurationNode { filter: Some(filter), ..empty() }),
            (format!("t{id}"), CodeGenConfigurationNode { s3_direct_target: Some(target), ..empty() }),
        ])
    })
}

/// Python itself says whether scripts are Python.
#[test]
fn every_script_is_python() {
    let mut runner = TestRunner::deterministic();
    let mut scripts: Vec<String> = jobs().into_iter().map(|(_, _, script)| script).collect();
    for _ in 0..400 {
        let nodes = anything().new_tree(&mut runner).unwrap().current();
        scripts.push(visual(&nodes).unwrap());
    }
    let check = "import ast, json, sys\nfor text in json.load(sys.stdin):\n    ast.parse(text)";
    let mut python = Command::new("python3");
    python.args(["-W", "error", "-c", check]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let text = serde_json::to_string(&scripts).unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
