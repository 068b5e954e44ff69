//! From a job's graph to the frames that its targets write.

use std::collections::BTreeMap;

use datafusion::common::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::environment::Environment;
use crate::error::{EngineError, NodeError};
use crate::open::read;
use crate::plan::{CsvWriting, Format, JobGraph, Kind, Node, S3Target};
use crate::share::share;
use crate::transform;

/// A place where rows leave the job.
pub(crate) struct End {
    /// The target.
    pub(crate) node: Node,
    /// What it writes.
    pub(crate) input: DataFrame,
}

/// What a node answers.
enum Answer {
    Frame(Box<DataFrame>),
    Collection(Vec<DataFrame>),
}

impl Answer {
    fn frame(frame: DataFrame) -> Self {
        Self::Frame(Box::new(frame))
    }
}

/// Builds all nodes: the frames that targets and spigots write, in the order of the nodes.
///
/// # Errors
/// The first that any node meets.
pub(crate) async fn ends(
    context: &SessionContext,
    environment: &Environment,
    graph: &JobGraph,
) -> Result<Vec<End>, EngineError> {
    let mut answers: BTreeMap<&str, Answer> = BTreeMap::new();
    let mut ends = Vec::new();
    for node in graph.nodes() {
        let failed = |error: DataFusionError| EngineError::at(&node.name, &error);
        let answer = match &node.kind {
            kind if kind.is_source() => {
                Answer::frame(read(context, environment, graph, node).await.map_err(failed)?)
            }
            kind if kind.is_target() => {
                let [input] = inputs(node, &answers)?.try_into().map_err(|_| missing(node))?;
                let input = if kind.reads_twice() {
                    share(context, &node.name, input).map_err(failed)?
                } else {
                    input
                };
                ends.push(End { node: node.clone(), input });
                continue;
            }
            Kind::SelectFromCollection(index) => Answer::frame(chosen(node, *index, &answers)?),
            Kind::Spigot(spigot) => {
                let [input] = inputs(node, &answers)?.try_into().map_err(|_| missing(node))?;
                let all = share(context, &node.name, input).map_err(failed)?;
                let sample = transform::sample(all.clone(), spigot).map_err(failed)?;
                ends.push(End { node: sample_target(node, &spigot.path), input: sample });
                Answer::frame(all)
            }
            _ if node.kind.collection().is_some() => {
                let [input] = inputs(node, &answers)?.try_into().map_err(|_| missing(node))?;
                let input = share(context, &node.name, input).map_err(failed)?;
                Answer::Collection(transform::collection(context, node, input).map_err(failed)?)
            }
            _ => {
                let inputs = inputs(node, &answers)?;
                Answer::frame(transform::apply(context, environment, node, inputs).await.map_err(failed)?)
            }
        };
        let answer = match answer {
            Answer::Frame(frame) if graph.readers(&node.id) > 1 && !matches!(node.kind, Kind::Spigot(_)) => {
                Answer::frame(share(context, &node.name, *frame).map_err(failed)?)
            }
            answer => answer,
        };
        answers.insert(&node.id, answer);
    }
    Ok(ends)
}

fn missing(node: &Node) -> NodeError {
    NodeError::new(&node.name, "an input is missing")
}

fn inputs(node: &Node, answers: &BTreeMap<&str, Answer>) -> Result<Vec<DataFrame>, NodeError> {
    let frame = |input: &String| match answers.get(input.as_str()) {
        Some(Answer::Frame(frame)) => Ok(DataFrame::clone(frame)),
        _ => Err(missing(node)),
    };
    node.inputs.iter().map(frame).collect()
}

fn chosen(node: &Node, index: usize, answers: &BTreeMap<&str, Answer>) -> Result<DataFrame, NodeError> {
    let input = node.inputs.first().and_then(|input| answers.get(input.as_str()));
    let Some(Answer::Collection(frames)) = input else { return Err(missing(node)) };
    frames.get(index).cloned().ok_or_else(|| {
        NodeError::new(&node.name, format!("the collection has no frame {index}: it has {}", frames.len()))
    })
}

/// What writes a spigot's sample.
fn sample_target(node: &Node, path: &str) -> Node {
    let target = S3Target {
        path: path.to_owned(),
        format: Format::Json,
        csv: CsvWriting::default(),
        compression: None,
        files: None,
        partition_keys: vec![],
        table: None,
    };
    Node { kind: Kind::S3Target(target), ..node.clone() }
}
