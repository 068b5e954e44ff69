use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{CatalogEntry, CodeGenNodeArg, Location, MappingEntry};
use proptest::prelude::*;

use super::*;

fn arg(name: &str, value: &str) -> CodeGenNodeArg {
    CodeGenNodeArg { name: name.to_owned(), value: value.to_owned(), param: None }
}

fn node(id: &str, node_type: &str, args: Vec<CodeGenNodeArg>) -> CodeGenNode {
    CodeGenNode { id: id.to_owned(), node_type: node_type.to_owned(), args, line_number: None }
}

fn edge(source: &str, target: &str, parameter: Option<&str>) -> CodeGenEdge {
    let target_parameter = parameter.map(str::to_owned);
    CodeGenEdge { source: source.to_owned(), target: target.to_owned(), target_parameter }
}

fn source(id: &str) -> CodeGenNode {
    node(id, "DataSource", vec![arg("database", "\"d\""), arg("table_name", "\"t\"")])
}

#[test]
fn a_graph_becomes_an_annotated_script() {
    let temporary = CodeGenNodeArg { param: Some(true), ..arg("redshift_tmp_dir", "TempDir") };
    let nodes = [
        node("sink", "DataSink", vec![arg("database", "\"d\""), arg("table_name", "\"u\""), temporary]),
        node("mapped", "ApplyMapping", vec![arg("mapping", "[(\"a\", \"int\", \"b\", \"long\")]")]),
        source("datasource0"),
    ];
    let edges = [edge("datasource0", "mapped", Some("frame")), edge("mapped", "sink", None)];
    let script = annotated(&nodes, &edges).unwrap();
    let expected = include_str!("../../tests/golden/annotated.py");
    assert_eq!(script, expected);
    let (read, flows) = graph(&script).unwrap();
    let ids: Vec<&str> = read.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["datasource0", "mapped", "sink"]);
    assert_eq!(read[2].args[2].param, Some(true));
    assert_eq!(read[0].line_number, Some(16));
    assert_eq!(flows, [edges[0].clone(), edge("mapped", "sink", Some("frame"))]);
}

#[test]
fn what_is_wrong_is_named() {
    let frame = |id: &str, kind: &str, args| vec![source("a"), node(id, kind, args)];
    let said =
        |nodes: &[CodeGenNode], edges: &[CodeGenEdge]| annotated(nodes, edges).unwrap_err().to_string();
    let into = [edge("a", "b", None)];
    assert_eq!(said(&frame("b", "Magic", vec![]), &into), "Node b: \"Magic\" is no type of a node.");
    assert_eq!(
        said(&frame("b", "Filter", vec![arg("f", "1 2")]), &into),
        "Node b: the value of f is no Python expression: 2 is not expected there."
    );
    assert_eq!(said(&frame("b", "DropNullFields", vec![]), &[]), "Node b: nothing flows into its frame.");
    assert_eq!(
        said(&frame("b", "Filter", vec![]), &[edge("x", "b", None)]),
        "The edge from x to b: there is no node x."
    );
    assert_eq!(
        said(&frame("b", "Filter", vec![]), &[edge("a", "b", None), edge("a", "b", None)]),
        "The edge from a to b: a Filter has no such input."
    );
    let circle = [node("x", "Filter", vec![]), node("y", "Filter", vec![])];
    let around = [edge("x", "y", None), edge("y", "x", None)];
    assert_eq!(said(&circle, &around), "The nodes x, y form a circle.");
    for id in ["glueContext", "class"] {
        assert!(said(&[source(id)], &[]).contains("no name that a script can give"), "{id}");
    }
    assert!(said(&[source("a"), source("a")], &[]).contains("two nodes"));
    assert!(said(&[node("a", "DataSource", vec![])], &[]).contains("needs database"));
}

#[test]
fn scripts_by_hand() {
    let script = "import sys\n\n  ## @type: Join\n  ##@args: [keys1 = [\"a,\"], keys2 = ['b]'], f = lambda x, y: x]\n\
                  ## @return: j\n## @inputs: [frame1 = left, frame2 = right]\nj = left.join()\n\
                  ## @type: DataSource\n## @return: left\n";
    let (nodes, edges) = graph(script).unwrap();
    let args: Vec<(&str, &str)> =
        nodes[0].args.iter().map(|arg| (arg.name.as_str(), arg.value.as_str())).collect();
    assert_eq!(args, [("keys1", "[\"a,\"]"), ("keys2", "['b]']"), ("f", "lambda x, y: x")]);
    assert_eq!(edges, [edge("left", "j", Some("frame1"))]);
    assert_eq!(graph("print('no annotations')").unwrap(), (vec![], vec![]));
    for (script, reason) in [
        ("## @type: Join", "Line 1 of the script: @return is missing."),
        ("\n## @args: []", "Line 2 of the script: @args belongs to no @type."),
        ("## @type: A\n## @args: [a = (1]", "Line 2 of the script: a bracket is not closed."),
        ("## @type: A\n## @args: [a = \"x]", "Line 2 of the script: a string is not closed."),
        ("## @type: A\n## @args: a = 1", "Line 2 of the script: a list in brackets is missing."),
        ("## @type: A\n## @args: [1]", "Line 2 of the script: no `name = value`: \"1\"."),
        (
            "## @type: A\n## @return: <output>",
            "Line 1 of the script: @return names no variable: \"<output>\".",
        ),
    ] {
        assert_eq!(graph(script).unwrap_err().to_string(), reason);
    }
}

fn entry(database: &str, table: &str) -> CatalogEntry {
    CatalogEntry { database_name: database.to_owned(), table_name: table.to_owned() }
}

fn mapping(from: &str, to: &str, table: Option<&str>) -> MappingEntry {
    let text = |text: &str| Some(text.to_owned());
    MappingEntry {
        source_table: None,
        source_path: text(from),
        source_type: text("string"),
        target_table: table.map(str::to_owned),
        target_path: text(to),
        target_type: text("long"),
    }
}

#[test]
fn plans() {
    let source = entry("d", "t");
    let options = BTreeMap::new();
    let mapping = [mapping("a", "b", Some("u"))];
    let sinks = [entry("d", "u")];
    let plan = Plan { source: &source, mapping: &mapping, sinks: &sinks, location: None, options: &options };
    let kinds = |plan: &Plan<'_>| -> Vec<String> {
        plan.graph().unwrap().0.iter().map(|node| node.id.clone()).collect()
    };
    assert_eq!(
        kinds(&plan),
        ["datasource0", "applymapping1", "selectfields2", "resolvechoice3", "resolvechoice4", "datasink5"]
    );
    let path = CodeGenNodeArg { name: "path".to_owned(), value: "s3://b/out".to_owned(), param: None };
    let location = Location { s3: Some(vec![path]), ..Location::default() };
    let to_files = Plan { sinks: &[], location: Some(&location), ..plan.clone() };
    let (nodes, edges) = to_files.graph().unwrap();
    let script = annotated(&nodes, &edges).unwrap();
    assert!(
        script.contains("connection_options = {\"path\": \"s3://b/out\"}, format = \"parquet\""),
        "{script}"
    );
    let other = [entry("d", "elsewhere")];
    let wrong = Plan { sinks: &other, ..plan.clone() }.graph().unwrap_err();
    assert_eq!(wrong.to_string(), "A mapping leads to u, which is no sink.");
    let unknown = BTreeMap::from([("speed".to_owned(), "high".to_owned())]);
    let wrong = Plan { options: &unknown, ..plan }.graph().unwrap_err();
    assert_eq!(wrong.to_string(), "The plan option speed with the value high is not known.");
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| crate::python::quoted(&text)),
        any::<i64>().prop_map(|number| number.to_string()),
        prop::collection::vec(any::<String>(), 0..3)
            .prop_map(|texts| crate::python::Py::strings(texts).flat()),
        Just("lambda row: row[\"a, b\"] == ']' and not row[\"c\"]".to_owned()),
        Just("{\"path\": \"s3://b/\", 'n': (1, [2, -3.5])}".to_owned()),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        values in prop::collection::vec((value(), any::<bool>()), 1..8),
        flows in prop::collection::vec((any::<prop::sample::Index>(), 0..2usize), 0..8),
    ) {
        let mut nodes = vec![source("n0")];
        let mut edges = Vec::new();
        for (nth, (value, param)) in values.into_iter().enumerate() {
            let id = format!("n{}", nth + 1);
            let param = param.then_some(true);
            let value = if param.is_some() { format!("Param{nth}") } else { value };
            let args = vec![CodeGenNodeArg { name: "options".to_owned(), value, param }];
            let before = flows.get(nth).map_or(0, |(index, _)| index.index(nth + 1));
            if flows.get(nth).is_some_and(|(_, kind)| *kind == 1) {
                nodes.push(node(&id, "Join", args));
                edges.push(edge(&format!("n{before}"), &id, None));
                edges.push(edge("n0", &id, None));
            } else {
                nodes.push(node(&id, "Map", args));
                edges.push(edge(&format!("n{before}"), &id, None));
            }
        }
        let script = annotated(&nodes, &edges).unwrap();
        let (read, found) = graph(&script).unwrap();
        prop_assert_eq!(read.len(), nodes.len());
        for one in &nodes {
            let same = read.iter().find(|other| other.id == one.id).unwrap();
            prop_assert_eq!(&same.node_type, &one.node_type);
            for (told, arg) in one.args.iter().zip(&same.args) {
                prop_assert_eq!((&told.name, &told.value), (&arg.name, &arg.value));
                prop_assert_eq!(told.param == Some(true), arg.param == Some(true));
            }
            prop_assert_eq!(same.args.len(), one.args.len() + 1);
        }
        let ends = |edges: &[CodeGenEdge]| {
            let mut ends: Vec<_> = edges.iter().map(|edge| (edge.source.clone(), edge.target.clone())).collect();
            ends.sort();
            ends
        };
        prop_assert_eq!(ends(&found), ends(&edges));
        // And what was read is written as the same script.
        prop_assert_eq!(annotated(&read, &found).unwrap(), script);
    }

    #[test]
    fn garbage_is_no_graph_and_no_panic(text in "(## @(type|args|return|inputs|params): ?[\\[\\]\"'(){}a-z=, \\\\]{0,12}\n){0,6}") {
        let _ = graph(&text);
        let _ = crate::expression::check(&text);
    }
}
