//! The usual graph: a table, its columns mapped, its sinks.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    CatalogEntry, CodeGenEdge, CodeGenNode, CodeGenNodeArg, Location, MappingEntry,
};

use super::{AnnotatedGraph, GraphError};
use crate::expression;
use crate::python::{Py, is_identifier, quoted};

/// Formats of files that cannot hold columns of nothing, or of several types.
const TYPED: &[&str] = &["parquet", "glueparquet", "orc"];

/// Arguments that a sink has itself, in their order; all others are options of its connection.
const OF_SINK: &[&str] = &[
    "catalog_connection",
    "connection_type",
    "connection_options",
    "format",
    "format_options",
    "redshift_tmp_dir",
    "transformation_ctx",
];

/// How many mappings a plan may have, each counted for every sink.
const MOST: usize = 100_000;

/// What is to be drawn: `GetPlan`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<'a> {
    /// The table that is read.
    pub source: &'a CatalogEntry,
    /// How its columns are mapped.
    pub mapping: &'a [MappingEntry],
    /// The tables that are written.
    pub sinks: &'a [CatalogEntry],
    /// Where else is written.
    pub location: Option<&'a Location>,
    /// Options of the source: `inferSchema`.
    pub options: &'a BTreeMap<String, String>,
}

/// A sink's arguments, and before them what becomes of columns of several types.
type Place = (Option<&'static str>, Vec<CodeGenNodeArg>);

/// A graph as it grows; each step is numbered by its place.
#[derive(Default)]
struct Drawing {
    nodes: Vec<CodeGenNode>,
    edges: Vec<CodeGenEdge>,
}

impl Drawing {
    /// Adds a step behind another, and tells its id.
    fn add(&mut self, node_type: &str, behind: Option<&str>, args: Vec<CodeGenNodeArg>) -> String {
        let stem = if node_type == "DataSource" { "datasource".to_owned() } else { node_type.to_lowercase() };
        let id = format!("{stem}{}", self.nodes.len());
        if let Some(source) = behind {
            let (source, target) = (source.to_owned(), id.clone());
            self.edges.push(CodeGenEdge { source, target, target_parameter: Some("frame".to_owned()) });
        }
        let node = CodeGenNode { id: id.clone(), node_type: node_type.to_owned(), args, line_number: None };
        self.nodes.push(node);
        id
    }
}

fn arg(name: &str, value: impl Into<String>) -> CodeGenNodeArg {
    CodeGenNodeArg { name: name.to_owned(), value: value.into(), param: None }
}

fn table(entry: &CatalogEntry) -> Vec<CodeGenNodeArg> {
    vec![arg("database", quoted(&entry.database_name)), arg("table_name", quoted(&entry.table_name))]
}

impl Plan<'_> {
    /// The graph.
    ///
    /// # Errors
    /// Options that are not known, mappings without paths or to tables that are no sinks.
    pub fn graph(&self) -> Result<AnnotatedGraph, GraphError> {
        if self.mapping.len().saturating_mul(self.sinks.len()) > MOST {
            return Err(GraphError::Plan("The plan has too many mappings and sinks.".to_owned()));
        }
        let mut drawing = Drawing::default();
        let mut read = table(self.source);
        for (name, value) in self.options {
            if name != "inferSchema" || !matches!(value.as_str(), "true" | "false") {
                let text = format!("The plan option {name} with the value {value} is not known.");
                return Err(GraphError::Plan(text));
            }
            read.push(arg("additional_options", Py::dict([(name.clone(), Py::str(value))]).flat()));
        }
        let source = drawing.add("DataSource", None, read);
        let into = |entry: &MappingEntry, sink: &CatalogEntry| {
            entry.target_table.as_ref().is_none_or(|table| table.eq_ignore_ascii_case(&sink.table_name))
        };
        if !self.sinks.is_empty()
            && let Some(entry) =
                self.mapping.iter().find(|entry| !self.sinks.iter().any(|sink| into(entry, sink)))
        {
            let table = entry.target_table.as_deref().unwrap_or_default();
            return Err(GraphError::Plan(format!("A mapping leads to {table}, which is no sink.")));
        }
        for sink in self.sinks {
            let entries: Vec<_> = self.mapping.iter().filter(|entry| into(entry, sink)).collect();
            let mapped = self.mapped(&mut drawing, &source, &entries)?;
            let paths: Vec<&str> = entries.iter().filter_map(|entry| entry.target_path.as_deref()).collect();
            let paths = vec![arg("paths", Py::strings(paths).flat())];
            let selected = drawing.add("SelectFields", Some(&mapped), paths);
            let mut choice = vec![arg("choice", quoted("MATCH_CATALOG"))];
            choice.extend(table(sink));
            let matched = drawing.add("ResolveChoice", Some(&selected), choice);
            let resolved =
                drawing.add("ResolveChoice", Some(&matched), vec![arg("choice", quoted("make_struct"))]);
            drawing.add("DataSink", Some(&resolved), table(sink));
        }
        let places = self.places()?;
        if !places.is_empty() || self.sinks.is_empty() {
            let entries: Vec<_> = self.mapping.iter().collect();
            let mapped = self.mapped(&mut drawing, &source, &entries)?;
            for (choice, sink) in places {
                let mut last = mapped.clone();
                if let Some(choice) = choice {
                    last = drawing.add("ResolveChoice", Some(&last), vec![arg("choice", quoted(choice))]);
                    last = drawing.add("DropNullFields", Some(&last), vec![]);
                }
                drawing.add("DataSink", Some(&last), sink);
            }
        }
        Ok((drawing.nodes, drawing.edges))
    }

    fn mapped(
        &self,
        drawing: &mut Drawing,
        source: &str,
        entries: &[&MappingEntry],
    ) -> Result<String, GraphError> {
        let tuple = |entry: &&MappingEntry| {
            let texts = [&entry.source_path, &entry.source_type, &entry.target_path, &entry.target_type]
                .map(Option::as_ref);
            let [Some(from), Some(of), Some(to), Some(as_)] = texts else {
                let what = "A mapping needs SourcePath, SourceType, TargetPath and TargetType.";
                return Err(GraphError::Plan(what.to_owned()));
            };
            Ok(Py::Tuple([from, of, to, as_].into_iter().map(Py::str).collect()))
        };
        let tuples = entries.iter().map(tuple).collect::<Result<Vec<_>, _>>()?;
        Ok(drawing.add("ApplyMapping", Some(source), vec![arg("mapping", Py::List(tuples).flat())]))
    }

    /// The sinks that are no tables.
    fn places(&self) -> Result<Vec<Place>, GraphError> {
        let mut places = Vec::new();
        let Some(location) = self.location else { return Ok(places) };
        if let Some(given) = location.s3.as_deref().filter(|given| !given.is_empty()) {
            let sink = sink(given, &[("connection_type", "s3"), ("format", "parquet")])?;
            let typed = sink.iter().any(|arg| {
                arg.name == "format"
                    && TYPED.iter().any(|format| arg.value.trim_matches(['"', '\'']) == *format)
            });
            places.push((typed.then_some("make_struct"), sink));
        }
        if let Some(given) = location.jdbc.as_deref().filter(|given| !given.is_empty()) {
            let sink = sink(given, &[])?;
            if !sink.iter().any(|arg| matches!(arg.name.as_str(), "catalog_connection" | "connection_type")) {
                let what = "The JDBC location needs catalog_connection or connection_type.";
                return Err(GraphError::Plan(what.to_owned()));
            }
            places.push((Some("make_cols"), sink));
        }
        if let Some(given) = location.dynamo_db.as_deref().filter(|given| !given.is_empty()) {
            places.push((None, sink(given, &[("connection_type", "dynamodb")])?));
        }
        Ok(places)
    }
}

/// The arguments of a sink: its own, and the rest as options of the connection.
fn sink(given: &[CodeGenNodeArg], defaults: &[(&str, &str)]) -> Result<Vec<CodeGenNodeArg>, GraphError> {
    let mut own: Vec<CodeGenNodeArg> = Vec::new();
    let mut options = Vec::new();
    for one in given {
        if OF_SINK.contains(&one.name.as_str()) {
            let value = if one.param == Some(true) { one.value.clone() } else { literal(&one.value) };
            own.push(CodeGenNodeArg { value, ..one.clone() });
        } else if one.param == Some(true) {
            if !is_identifier(&one.value) {
                return Err(GraphError::Plan(format!("{} names no parameter of the job.", one.name)));
            }
            options.push((one.name.clone(), Py::code(format!("args[{}]", quoted(&one.value)))));
        } else {
            options.push((one.name.clone(), Py::code(literal(&one.value))));
        }
    }
    for (name, value) in defaults {
        if !own.iter().any(|arg| arg.name == *name) {
            own.push(arg(name, quoted(value)));
        }
    }
    if !options.is_empty() {
        if own.iter().any(|arg| arg.name == "connection_options") {
            let what = "A location has connection_options and further options beside them.";
            return Err(GraphError::Plan(what.to_owned()));
        }
        own.push(arg("connection_options", Py::dict(options).flat()));
    }
    own.sort_by_key(|arg| OF_SINK.iter().position(|name| *name == arg.name));
    Ok(own)
}

/// A value as Python: what is no literal already is a text.
fn literal(value: &str) -> String {
    let begins = value.trim().starts_with(['"', '\'', '[', '{', '(', '-'])
        || value.trim().starts_with(|c: char| c.is_ascii_digit());
    let word = matches!(value.trim(), "True" | "False" | "None");
    if (begins || word) && expression::check(value).is_ok() { value.trim().to_owned() } else { quoted(value) }
}
