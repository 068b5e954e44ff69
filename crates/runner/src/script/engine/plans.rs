//! Plans: what a script does to sources of the engine before it writes, where the engine does the same. Its Python tells the
//! steps, and the rows need not go to Spark and back.

use mastic_engine::plan::{CompareOp, Kind, Mapping, Node, Predicate, SqlQuery, Term};
use serde::Deserialize;

use super::words::wrong;
use crate::failure::Failure;

/// The steps of a frame, inputs before the steps that they feed; the last makes what is written.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Plan {
    steps: Vec<Step>,
}

/// One step; `inputs` are the places of others in the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    inputs: Vec<usize>,
    does: Work,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Work {
    /// Reads the source of this number.
    Source(u64),
    /// Columns under these names, in these types: source, target, type. Without one a column keeps its own.
    Mapping(Vec<(String, String, String)>),
    Select(Vec<String>),
    Drop(Vec<String>),
    Filter(Condition),
    /// A query over the inputs under these names, in their order.
    Sql(String, Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Condition {
    Always(bool),
    Null(Vec<String>),
    Compare(Vec<String>, Op, Value),
    Choose(Box<Condition>, Box<Condition>, Box<Condition>),
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Op {
    #[serde(rename = "==")]
    Equal,
    #[serde(rename = "!=")]
    Unequal,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessOrEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Value {
    Field(Vec<String>),
    Text(String),
    Whole(i64),
    Real(f64),
    Truth(bool),
    /// Days since 1970 began.
    Date(i32),
    /// Microseconds since 1970 began, in UTC.
    Time(i64),
}

/// What a plan is for the engine.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// What is done, one node a step.
    pub(super) nodes: Vec<Node>,
    /// The ids of the nodes that read, with the numbers of their sources.
    pub(super) sources: Vec<(String, u64)>,
}

impl Plan {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The plan's nodes. Those that read a source are not among them.
    ///
    /// # Errors
    /// A step has an input that is not before it.
    pub(super) fn nodes(&self, name: &str) -> Result<Nodes, Failure> {
        let mut found = Nodes::default();
        for (place, Step { inputs, does }) in self.steps.iter().enumerate() {
            if inputs.iter().any(|input| *input >= place) {
                return Err(wrong(format!("the step {place} has an input that is not before it")));
            }
            let inputs: Vec<String> = inputs.iter().map(|input| id(*input)).collect();
            let kind = match does {
                Work::Source(number) => {
                    found.sources.push((id(place), *number));
                    continue;
                }
                Work::Mapping(mappings) => Kind::ApplyMapping(mappings.iter().map(mapping).collect()),
                Work::Select(fields) => Kind::SelectFields(paths(fields)),
                Work::Drop(fields) => Kind::DropFields(paths(fields)),
                Work::Filter(condition) => Kind::Where(predicate(condition)),
                Work::Sql(query, names) => {
                    let aliases = inputs.iter().cloned().zip(names.iter().cloned()).collect();
                    Kind::Sql(SqlQuery { query: query.clone(), aliases, schema: None })
                }
            };
            found.nodes.push(Node { id: id(place), name: name.to_owned(), kind, inputs });
        }
        Ok(found)
    }

    /// The id of the node that makes what is written.
    pub(super) fn last(&self) -> String {
        id(self.steps.len().saturating_sub(1))
    }
}

fn id(place: usize) -> String {
    format!("step-{place}")
}

fn paths(fields: &[String]) -> Vec<Vec<String>> {
    fields.iter().map(|field| vec![field.clone()]).collect()
}

fn mapping((from, to, of): &(String, String, String)) -> Mapping {
    let to_type = Some(of.clone()).filter(|of| !of.is_empty());
    Mapping { from: vec![from.clone()], to: to.clone(), to_type, ..Mapping::default() }
}

fn predicate(condition: &Condition) -> Predicate {
    match condition {
        Condition::Always(always) => Predicate::Always(*always),
        Condition::Null(path) => Predicate::IsNull(path.clone()),
        Condition::Compare(path, op, value) => {
            let op = match op {
                Op::Equal => CompareOp::Equal,
                Op::Unequal => CompareOp::Unequal,
                Op::Less => CompareOp::Less,
                Op::LessOrEqual => CompareOp::LessOrEqual,
                Op::Greater => CompareOp::Greater,
                Op::GreaterOrEqual => CompareOp::GreaterOrEqual,
            };
            let term = match value {
                Value::Field(path) => Term::Field(path.clone()),
                Value::Text(text) => Term::Text(text.clone()),
                Value::Whole(number) => Term::Whole(*number),
                Value::Real(number) => Term::Real(*number),
                Value::Truth(truth) => Term::Truth(*truth),
                Value::Date(days) => Term::Date(*days),
                Value::Time(micros) => Term::Time(*micros),
            };
            Predicate::Compare(path.clone(), op, term)
        }
        Condition::Choose(when, then, otherwise) => {
            let part = |condition: &Condition| Box::new(predicate(condition));
            Predicate::Choose(part(when), part(then), part(otherwise))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_become_nodes() {
        let plan: Plan = serde_json::from_value(json!([
            {"does": {"source": 7}},
            {"inputs": [0], "does": {"mapping": [["a", "b", "int"]]}},
            {"inputs": [1], "does": {"filter": {"choose": [
                {"null": ["b"]}, {"always": false}, {"compare": [["b"], ">=", {"whole": 3}]},
            ]}}},
            {"inputs": [2], "does": {"filter": {"compare": [["t"], "<", {"time": -5}]}}},
            {"inputs": [3, 0], "does": {"sql": ["select * from x, y", ["x", "y"]]}},
        ]))
        .unwrap();
        let Nodes { nodes, sources } = plan.nodes("n").unwrap();
        assert_eq!(sources, [("step-0".to_owned(), 7)]);
        let Kind::Where(Predicate::Choose(when, ..)) = &nodes[1].kind else { panic!("{:?}", nodes[1]) };
        assert_eq!(**when, Predicate::IsNull(vec!["b".into()]));
        let before = Predicate::Compare(vec!["t".into()], CompareOp::Less, Term::Time(-5));
        assert_eq!(nodes[2].kind, Kind::Where(before));
        let Kind::Sql(query) = &nodes[3].kind else { panic!("{:?}", nodes[3]) };
        assert_eq!(query.aliases[1], ("step-0".to_owned(), "y".to_owned()));
        assert_eq!((plan.last(), nodes[3].inputs.len()), ("step-4".to_owned(), 2));
    }

    #[test]
    fn a_step_cannot_feed_itself() {
        let plan: Plan = serde_json::from_value(json!([{"inputs": [0], "does": {"select": ["a"]}}])).unwrap();
        assert!(plan.nodes("n").is_err());
    }
}
