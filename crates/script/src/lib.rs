//! PySpark scripts as AWS Glue writes them: text in, text out, no I/O.
//!
//! [`visual`] says a visual job (`CodeGenConfigurationNodes`) as a script. The older interface draws a job as a graph
//! of annotated steps: [`annotated`] writes such a graph as a script, [`graph`] reads it back, and [`Plan`] draws the
//! usual graph from a table to its sinks.

mod dag;
mod expression;
mod python;
mod visual;

pub use dag::{AnnotatedGraph, GraphError, Plan, annotated, graph};
pub use visual::{ScriptError, variables, visual};
