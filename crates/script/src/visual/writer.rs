//! The script as it grows: imports, helpers, statements.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, free};
use super::helpers::Helper;
use super::node::Node;
use super::{Outcome, ScriptError};
use crate::python::{Py, assign, block, comment};

/// What a script begins with.
const PREAMBLE: &str = "\
import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
";

/// What targets check where nothing else is asked of their data.
const DEFAULT_RULESET: &str = "Rules = [\n    ColumnCount > 0\n]";

/// A module that not every script needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Import {
    DynamicFrame,
    Collection,
    Quality,
    Detector,
    FillMissing,
    Recipe,
    Types,
    Functions,
    DeltaTable,
    Datetime,
    Decimal,
    Json,
    Regex,
}

impl Import {
    fn line(self) -> &'static str {
        match self {
            Self::DynamicFrame => "from awsglue.dynamicframe import DynamicFrame",
            Self::Collection => "from awsglue.dynamicframe import DynamicFrameCollection",
            Self::Quality => "from awsgluedq.transforms import EvaluateDataQuality",
            Self::Detector => "from awsglueml.transforms import EntityDetector",
            Self::FillMissing => "from awsglueml.transforms import FillMissingValues",
            Self::Recipe => "from recipe_transforms import *",
            Self::Types => "from pyspark.sql.types import ArrayType, StringType, StructField, StructType",
            Self::Functions => "from pyspark.sql import functions as SqlFuncs",
            Self::DeltaTable => "from delta.tables import DeltaTable",
            Self::Datetime => "import datetime",
            Self::Decimal => "import decimal",
            Self::Json => "import json",
            Self::Regex => "import re",
        }
    }
}

/// A stream that the rest of the script reads in batches.
struct Stream {
    node: String,
    variable: String,
    window: i64,
}

/// Lines of the script that stand together. A text's further lines are not indented with it.
enum Lines {
    Code(String),
    Text(String),
}

/// The script as far as it is written.
#[derive(Default)]
pub(super) struct Writer {
    imports: BTreeSet<Import>,
    modules: BTreeSet<String>,
    helpers: BTreeSet<Helper>,
    functions: Vec<String>,
    names: BTreeMap<String, usize>,
    parameters: Vec<&'static str>,
    default_ruleset: bool,
    stream: Option<Stream>,
    queries: usize,
    statements: Vec<(String, Vec<Lines>)>,
    open: Option<(String, Vec<Lines>)>,
    checks: Vec<String>,
}

impl Writer {
    /// Begins a node.
    pub(super) fn title(&mut self, node: &Node) {
        let title = Lines::Code(heading(node));
        self.open = Some((node.id.clone(), vec![title]));
    }

    /// Ends the node; one that says nothing leaves no trace.
    pub(super) fn close(&mut self) {
        self.statements.extend(self.open.take().filter(|(_, lines)| lines.len() > 1));
    }

    pub(super) fn import(&mut self, import: Import) {
        self.imports.insert(import);
    }

    /// A module of the author's.
    pub(super) fn module(&mut self, name: &str) {
        self.modules.insert(name.to_owned());
    }

    pub(super) fn helper(&mut self, helper: Helper) {
        self.imports.extend(helper.imports());
        self.helpers.insert(helper);
    }

    /// A function that stands before everything that runs, under the node's own heading.
    pub(super) fn function(&mut self, node: &Node, text: String) {
        self.functions.push(format!("{}\n{text}", heading(node)));
    }

    /// A name for a function, other than those that are taken.
    pub(super) fn name(&mut self, wanted: &str) -> String {
        free(wanted, &mut self.names)
    }

    /// An argument of the run that the script needs besides the job's name.
    pub(super) fn parameter(&mut self, name: &'static str) -> Py {
        if !self.parameters.contains(&name) {
            self.parameters.push(name);
        }
        Py::code(format!("args[\"{name}\"]"))
    }

    /// The name of the ruleset of targets.
    pub(super) fn default_ruleset(&mut self) -> Py {
        self.default_ruleset = true;
        Py::code("DEFAULT_DATA_QUALITY_RULESET")
    }

    /// A line of code.
    pub(super) fn code(&mut self, text: impl Into<String>) {
        self.push(Lines::Code(text.into()));
    }

    pub(super) fn assign(&mut self, name: &str, value: &Py) {
        self.code(assign(name, value));
    }

    /// A call whose outcome nobody reads.
    pub(super) fn call(&mut self, call: &Py) {
        self.code(call.laid_out(0));
    }

    /// A variable that holds a text of several lines.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.push(Lines::Text(format!("{name} = {}", block(text))));
    }

    /// The name for one more query.
    pub(super) fn query(&mut self) -> String {
        let name = format!("SqlQuery{}", self.queries);
        self.queries += 1;
        name
    }

    /// A line for after the data is written.
    pub(super) fn check(&mut self, text: String) {
        self.checks.push(text);
    }

    /// What comes of this node comes in batches.
    pub(super) fn stream(&mut self, node: &Node, variable: &str, window: i64) -> Outcome {
        if self.stream.is_some() {
            return Err("A job reads one stream.".to_owned());
        }
        let (node, variable) = (node.id.clone(), variable.to_owned());
        self.stream = Some(Stream { node, variable, window });
        Ok(())
    }

    fn push(&mut self, lines: Lines) {
        if let Some((_, open)) = &mut self.open {
            open.push(lines);
        }
    }

    /// The whole script.
    pub(super) fn finish(mut self, graph: &Graph) -> Result<String, ScriptError> {
        let batch = self.batch(graph);
        let mut out = PREAMBLE.to_owned();
        for import in &self.imports {
            out.push_str(import.line());
            out.push('\n');
        }
        for module in &self.modules {
            out.push_str(&format!("import {module}\n"));
        }
        for helper in &self.helpers {
            out.push_str(&format!("\n\n{}\n", helper.text()));
        }
        for function in &self.functions {
            out.push_str(&format!("\n\n{function}\n"));
        }
        if !self.helpers.is_empty() || !self.functions.is_empty() {
            out.push('\n');
        }
        let wanted = Py::strings(["JOB_NAME"].iter().chain(&self.parameters)).flat();
        out.push_str(&format!(
            "\nargs = getResolvedOptions(sys.argv, {wanted})\nsc = SparkContext()\nglueContext = GlueContext(sc)\n\
             spark = glueContext.spark_session\njob = Job(glueContext)\njob.init(args[\"JOB_NAME\"], args)\n"
        ));
        if self.default_ruleset {
            let ruleset = block(DEFAULT_RULESET);
            out.push_str("\n# Ruleset of the targets that check the quality of their data\n");
            out.push_str(&format!("DEFAULT_DATA_QUALITY_RULESET = {ruleset}\n"));
        }
        for (_, lines) in &self.statements {
            out.push('\n');
            push_lines(&mut out, lines, 0);
        }
        out.push_str(&batch);
        if !self.checks.is_empty() && self.stream.is_none() {
            out.push('\n');
            self.checks.iter().for_each(|check| out.push_str(&format!("{check}\n")));
        }
        out.push_str("\njob.commit()\n");
        Ok(out)
    }

    /// What happens with each batch of the stream, if there is one; its statements are taken out of the others.
    fn batch(&mut self, graph: &Graph) -> String {
        let Some(stream) = &self.stream else { return String::new() };
        let after = graph.after(&stream.node);
        let statements = std::mem::take(&mut self.statements);
        let (inside, outside): (Vec<_>, Vec<_>) =
            statements.into_iter().partition(|(id, _)| after.contains(id.as_str()));
        self.statements = outside;
        let Some(source) = graph.node(&stream.node) else { return String::new() };
        let mut out = format!(
            "\n\ndef processBatch(data_frame, batchId):\n    if data_frame.count() > 0:\n        {} = \
             DynamicFrame.fromDF(data_frame, glueContext, \"from_data_frame\")\n",
            source.variable
        );
        for (_, lines) in &inside {
            out.push('\n');
            push_lines(&mut out, lines, 8);
        }
        if !self.checks.is_empty() {
            out.push('\n');
            self.checks.iter().for_each(|check| out.push_str(&format!("        {check}\n")));
        }
        let call = Py::call(
            "glueContext.forEachBatch",
            [
                ("frame", Py::code(&stream.variable)),
                ("batch_function", Py::code("processBatch")),
                (
                    "options",
                    Py::dict([
                        ("windowSize", Py::str(format!("{} seconds", stream.window))),
                        (
                            "checkpointLocation",
                            Py::code("args[\"TempDir\"] + \"/\" + args[\"JOB_NAME\"] + \"/checkpoint/\""),
                        ),
                    ]),
                ),
            ],
        );
        out.push_str(&format!("\n\n{}\n", call.laid_out(0)));
        out
    }
}

fn heading(node: &Node) -> String {
    comment(&format!("# Script generated for node {}", node.name))
}

fn push_lines(out: &mut String, lines: &[Lines], indent: usize) {
    for lines in lines {
        match lines {
            Lines::Code(text) => {
                for line in text.lines() {
                    if !line.is_empty() {
                        out.push_str(&" ".repeat(indent));
                    }
                    out.push_str(line);
                    out.push('\n');
                }
            }
            Lines::Text(text) => out.push_str(&format!("{}{text}\n", " ".repeat(indent))),
        }
    }
}
