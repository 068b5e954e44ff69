//! A graph as a script.

use std::collections::{BTreeMap, BTreeSet};

use mastic_api_glue::glue::types::{CodeGenEdge, CodeGenNode, CodeGenNodeArg};

use super::{GraphError, RESERVED};
use crate::expression;
use crate::python::{is_identifier, quoted};

/// Transforms, each with the names of what flows into it.
const TRANSFORMS: &[(&str, &[&str])] = &[
    ("ApplyMapping", &["frame"]),
    ("DropFields", &["frame"]),
    ("DropNullFields", &["frame"]),
    ("ErrorsAsDynamicFrame", &["frame"]),
    ("FillMissingValues", &["frame"]),
    ("Filter", &["frame"]),
    ("FindIncrementalMatches", &["existingFrame", "incrementalFrame"]),
    ("FindMatches", &["frame"]),
    ("FlatMap", &["dfc"]),
    ("Join", &["frame1", "frame2"]),
    ("Map", &["frame"]),
    ("MapToCollection", &["dfc"]),
    ("Relationalize", &["frame"]),
    ("RenameField", &["frame"]),
    ("ResolveChoice", &["frame"]),
    ("SelectFields", &["frame"]),
    ("SelectFromCollection", &["dfc"]),
    ("Spigot", &["frame"]),
    ("SplitFields", &["frame"]),
    ("SplitRows", &["frame"]),
    ("Unbox", &["frame"]),
    ("UnnestFrame", &["frame"]),
];

/// As many as a node has arguments in AWS's model.
const MOST_INPUTS: usize = 50;

/// Transforms that another module has.
const LEARNED: &[&str] = &["FillMissingValues", "FindIncrementalMatches", "FindMatches"];

/// The script of a graph, with its annotations: [`super::graph`] reads it back.
///
/// # Errors
/// Steps of an unknown type, arguments that are no Python, edges that join nothing, circles.
pub fn annotated(nodes: &[CodeGenNode], edges: &[CodeGenEdge]) -> Result<String, GraphError> {
    let ids = ids(nodes)?;
    for edge in edges {
        if let Some(missing) = [&edge.source, &edge.target].into_iter().find(|id| !ids.contains(id.as_str()))
        {
            return Err(wrong_edge(edge, format!("there is no node {missing}")));
        }
    }
    let mut into: BTreeMap<&str, Vec<&CodeGenEdge>> = BTreeMap::new();
    edges.iter().for_each(|edge| into.entry(&edge.target).or_default().push(edge));
    let mut steps = Vec::new();
    for node in order(nodes, edges)? {
        steps.push(step(node, into.get(node.id.as_str()).map_or(&[], Vec::as_slice))?);
    }
    let mut parameters: BTreeSet<&str> = BTreeSet::new();
    for arg in nodes.iter().flat_map(|node| &node.args).filter(|arg| arg.param == Some(true)) {
        parameters.insert(&arg.value);
    }
    parameters.remove("JOB_NAME");
    let parameters: Vec<&str> = parameters.into_iter().chain(["JOB_NAME"]).collect();
    let wanted: Vec<String> = parameters.iter().map(|name| format!("'{name}'")).collect();
    let learned: Vec<&str> =
        LEARNED.iter().copied().filter(|name| nodes.iter().any(|node| node.node_type == *name)).collect();
    let learned = match learned.is_empty() {
        true => String::new(),
        false => format!("from awsglueml.transforms import {}\n", learned.join(", ")),
    };
    Ok(format!(
        "import sys\nfrom awsglue.transforms import *\nfrom awsglue.utils import getResolvedOptions\nfrom \
         pyspark.context import SparkContext\nfrom awsglue.context import GlueContext\nfrom awsglue.job import \
         Job\n{learned}\n## @params: [{}]\nargs = getResolvedOptions(sys.argv, [{}])\n\nsc = \
         SparkContext()\nglueContext = GlueContext(sc)\nspark = glueContext.spark_session\njob = \
         Job(glueContext)\njob.init(args['JOB_NAME'], args)\n{}job.commit()\n",
        parameters.join(", "),
        wanted.join(", "),
        steps.concat(),
    ))
}

fn wrong_edge(edge: &CodeGenEdge, reason: String) -> GraphError {
    GraphError::Edge { from: edge.source.clone(), to: edge.target.clone(), reason }
}

fn wrong(node: &CodeGenNode, reason: impl Into<String>) -> GraphError {
    GraphError::Node { id: node.id.clone(), reason: reason.into() }
}

fn ids(nodes: &[CodeGenNode]) -> Result<BTreeSet<&str>, GraphError> {
    let mut ids = BTreeSet::new();
    for node in nodes {
        if !is_identifier(&node.id) || RESERVED.contains(&node.id.as_str()) {
            return Err(wrong(node, "its id is no name that a script can give"));
        }
        if !ids.insert(node.id.as_str()) {
            return Err(wrong(node, "there are two nodes of this id"));
        }
    }
    Ok(ids)
}

/// What a step waits for, its place among those that wait for nothing, and the step.
type Waiting<'a> = (BTreeSet<&'a str>, (i32, usize), &'a CodeGenNode);

/// Every step after those that flow into it; else by their line numbers, and as they were given.
fn order<'a>(nodes: &'a [CodeGenNode], edges: &'a [CodeGenEdge]) -> Result<Vec<&'a CodeGenNode>, GraphError> {
    let mut waiting: BTreeMap<&str, Waiting<'_>> = BTreeMap::new();
    for (nth, node) in nodes.iter().enumerate() {
        waiting.insert(&node.id, (BTreeSet::new(), (node.line_number.unwrap_or_default(), nth), node));
    }
    let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in edges {
        readers.entry(&edge.source).or_default().push(&edge.target);
        if let Some((sources, ..)) = waiting.get_mut(edge.target.as_str()) {
            sources.insert(&edge.source);
        }
    }
    let mut ready: BTreeSet<((i32, usize), &str)> = waiting
        .iter()
        .filter(|(_, (sources, ..))| sources.is_empty())
        .map(|(id, (_, place, _))| (*place, *id))
        .collect();
    let mut order: Vec<&CodeGenNode> = Vec::with_capacity(nodes.len());
    while let Some((_, id)) = ready.pop_first() {
        order.extend(waiting.remove(id).map(|(.., node)| node));
        for reader in readers.get(id).into_iter().flatten() {
            if let Some((sources, place, _)) = waiting.get_mut(reader) {
                sources.remove(id);
                if sources.is_empty() {
                    ready.insert((*place, reader));
                }
            }
        }
    }
    match waiting.is_empty() {
        true => Ok(order),
        false => Err(GraphError::Circle(waiting.into_keys().map(str::to_owned).collect())),
    }
}

fn step(node: &CodeGenNode, into: &[&CodeGenEdge]) -> Result<String, GraphError> {
    for (nth, arg) in node.args.iter().enumerate() {
        check(node, arg)?;
        if node.args.iter().take(nth).any(|other| other.name == arg.name) {
            return Err(wrong(node, format!("the argument {} is given twice", arg.name)));
        }
    }
    let function = function(node)?;
    let inputs = inputs(node, into)?;
    let context =
        CodeGenNodeArg { name: "transformation_ctx".to_owned(), value: quoted(&node.id), param: None };
    let missing = !node.args.iter().any(|arg| arg.name == context.name);
    let args: Vec<&CodeGenNodeArg> = node.args.iter().chain(missing.then_some(&context)).collect();
    let told: Vec<String> = args.iter().map(|arg| format!("{} = {}", arg.name, arg.value.trim())).collect();
    let flows: Vec<String> = inputs.iter().map(|(name, source)| format!("{name} = {source}")).collect();
    let given = args.iter().map(|arg| {
        // The class has another name for what the annotation calls `mapping`.
        let mapping = node.node_type == "ApplyMapping" && arg.name == "mapping";
        let name = if mapping { "mappings" } else { arg.name.as_str() };
        match arg.param {
            Some(true) => format!("{name} = args[{}]", quoted(&arg.value)),
            _ => format!("{name} = {}", arg.value.trim()),
        }
    });
    let given: Vec<String> = flows.iter().cloned().chain(given).collect();
    Ok(format!(
        "## @type: {}\n## @args: [{}]\n## @return: {}\n## @inputs: [{}]\n{} = {}({})\n",
        node.node_type,
        told.join(", "),
        node.id,
        flows.join(", "),
        node.id,
        function,
        given.join(", "),
    ))
}

fn check(node: &CodeGenNode, arg: &CodeGenNodeArg) -> Result<(), GraphError> {
    let name = &arg.name;
    if !is_identifier(name) {
        return Err(wrong(node, format!("{name:?} is no name of an argument")));
    }
    if arg.param == Some(true) {
        let named = is_identifier(&arg.value);
        return if named {
            Ok(())
        } else {
            Err(wrong(node, format!("{name} names no parameter of the job")))
        };
    }
    expression::check(&arg.value)
        .map_err(|reason| wrong(node, format!("the value of {name} is no Python expression: {reason}")))
}

/// What the step calls the frames that flow into it. Edges that do not say it take the names that are left, in order.
fn inputs<'a>(node: &CodeGenNode, into: &[&'a CodeGenEdge]) -> Result<Vec<(String, &'a str)>, GraphError> {
    let names: &[&str] = match node.node_type.as_str() {
        "DataSource" => &[],
        other => TRANSFORMS.iter().find(|(known, _)| *known == other).map_or(&["frame"], |(_, names)| names),
    };
    if into.len() > MOST_INPUTS {
        return Err(wrong(node, format!("it has more than {MOST_INPUTS} inputs")));
    }
    let mut inputs: Vec<(String, &str)> = Vec::new();
    for edge in into {
        let said = edge.target_parameter.clone().filter(|name| !name.is_empty());
        let free = || {
            let free = |name: &&&str| {
                !into.iter().any(|edge| edge.target_parameter.as_deref() == Some(**name))
                    && !inputs.iter().any(|(taken, _)| taken == *name)
            };
            names.iter().find(free).map(|name| (*name).to_owned())
        };
        let Some(name) = said.or_else(free) else {
            return Err(wrong_edge(edge, format!("a {} has no such input", node.node_type)));
        };
        let taken = inputs.iter().any(|(other, _)| *other == name)
            || node.args.iter().any(|arg| arg.name == name || (arg.name == "mapping" && name == "mappings"));
        if !is_identifier(&name) || taken || name == "transformation_ctx" {
            return Err(wrong_edge(edge, format!("{name:?} is no input that is free")));
        }
        inputs.push((name, &edge.source));
    }
    if let Some(name) = names.iter().find(|name| {
        !inputs.iter().any(|(known, _)| known == *name) && !node.args.iter().any(|arg| arg.name == **name)
    }) {
        return Err(wrong(node, format!("nothing flows into its {name}")));
    }
    Ok(inputs)
}

/// What is called for a step.
fn function(node: &CodeGenNode) -> Result<String, GraphError> {
    let has = |name: &str| node.args.iter().any(|arg| arg.name == name);
    let way = match node.node_type.as_str() {
        "DataSource" if has("connection_type") => "create_dynamic_frame.from_options",
        "DataSource" if has("database") => "create_dynamic_frame.from_catalog",
        "DataSource" => return Err(wrong(node, "a DataSource needs database or connection_type")),
        "DataSink" if has("catalog_connection") => "write_dynamic_frame.from_jdbc_conf",
        "DataSink" if has("connection_type") => "write_dynamic_frame.from_options",
        "DataSink" if has("database") => "write_dynamic_frame.from_catalog",
        "DataSink" => {
            return Err(wrong(node, "a DataSink needs database, connection_type or catalog_connection"));
        }
        class if TRANSFORMS.iter().any(|(known, _)| *known == class) => return Ok(format!("{class}.apply")),
        other => return Err(wrong(node, format!("{other:?} is no type of a node"))),
    };
    Ok(format!("glueContext.{way}"))
}
