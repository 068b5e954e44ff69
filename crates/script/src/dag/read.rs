//! The graph of an annotated script.

use std::collections::BTreeSet;

use mastic_api_glue::glue::types::{CodeGenEdge, CodeGenNode, CodeGenNodeArg};

use super::{AnnotatedGraph, GraphError};
use crate::expression::string;
use crate::python::is_identifier;

/// Reads the annotations of a script (`## @type:` and what follows it); all other lines are passed over, and a script
/// without annotations is an empty graph. Inputs that no annotated step makes are no edges.
///
/// # Errors
/// Annotations that are cut off or name no variable, by their line.
pub fn graph(script: &str) -> Result<AnnotatedGraph, GraphError> {
    let mut parameters: BTreeSet<String> = BTreeSet::new();
    let mut blocks: Vec<Block> = Vec::new();
    for (line, text) in script.lines().enumerate().map(|(nth, text)| (nth + 1, text.trim())) {
        let Some((word, rest)) = annotation(text) else { continue };
        match (word, blocks.last_mut()) {
            ("params", _) => parameters.extend(list(line, rest)?.into_iter().map(str::to_owned)),
            ("type", _) => blocks.push(Block { line, node_type: rest.to_owned(), ..Block::default() }),
            ("args", Some(block)) if block.args.is_none() => block.args = Some(pairs(line, rest)?),
            ("inputs", Some(block)) if block.inputs.is_none() => block.inputs = Some(pairs(line, rest)?),
            ("return", Some(block)) if block.variable.is_none() => block.variable = Some(rest.to_owned()),
            ("args" | "inputs" | "return", _) => {
                return Err(wrong(line, format!("@{word} belongs to no @type")));
            }
            _ => {}
        }
    }
    let mut nodes = Vec::new();
    let mut edges = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for block in blocks {
        let id = block.variable.ok_or_else(|| wrong(block.line, "@return is missing".to_owned()))?;
        if !is_identifier(&id) {
            return Err(wrong(block.line, format!("@return names no variable: {id:?}")));
        }
        if !ids.insert(id.clone()) {
            return Err(wrong(block.line, format!("{id} is the outcome of two nodes")));
        }
        let args = block.args.unwrap_or_default().into_iter().map(|(name, value)| {
            let param = parameters.contains(&value);
            CodeGenNodeArg { name, value, param: Some(param) }
        });
        for (name, source) in block.inputs.unwrap_or_default() {
            let edge = CodeGenEdge { source, target: id.clone(), target_parameter: Some(name) };
            edges.push(edge);
        }
        nodes.push(CodeGenNode {
            id,
            node_type: block.node_type,
            args: args.collect(),
            line_number: i32::try_from(block.line).ok(),
        });
    }
    edges.retain(|edge| ids.contains(&edge.source));
    Ok((nodes, edges))
}

/// A step as its annotations tell it.
#[derive(Default)]
struct Block {
    line: usize,
    node_type: String,
    args: Option<Vec<(String, String)>>,
    inputs: Option<Vec<(String, String)>>,
    variable: Option<String>,
}

fn wrong(line: usize, reason: String) -> GraphError {
    GraphError::Line { line, reason }
}

/// `## @word: rest`
fn annotation(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("##")?.trim_start().strip_prefix('@')?;
    let (word, rest) = text.split_once(':')?;
    Some((word.trim(), rest.trim()))
}

/// `[a, b]`
fn list(line: usize, text: &str) -> Result<Vec<&str>, GraphError> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let inner = inner.ok_or_else(|| wrong(line, "a list in brackets is missing".to_owned()))?;
    if inner.trim().is_empty() {
        return Ok(Vec::new());
    }
    Ok(split(line, inner)?.into_iter().map(str::trim).collect())
}

/// `[a = 1, b = "x"]`
fn pairs(line: usize, text: &str) -> Result<Vec<(String, String)>, GraphError> {
    let pair = |item: &str| {
        let (name, value) = item.split_once('=')?;
        let name = name.trim();
        is_identifier(name).then(|| (name.to_owned(), value.trim().to_owned()))
    };
    list(line, text)?
        .into_iter()
        .map(|item| pair(item).ok_or_else(|| wrong(line, format!("no `name = value`: {item:?}"))))
        .collect()
}

/// Cuts at the commas that are in no brackets, no string and no list of a lambda's parameters.
fn split(line: usize, text: &str) -> Result<Vec<&str>, GraphError> {
    let mut out = Vec::new();
    let (mut begin, mut at, mut depth, mut lambda) = (0, 0, 0_usize, false);
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        match c {
            '"' | '\'' => {
                let raw = text.get(..at).is_some_and(|before| before.ends_with(['r', 'R']));
                at += string(rest, raw, false).map_err(|reason| wrong(line, reason))?;
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => {
                return Err(wrong(line, "a bracket is closed that was not opened".to_owned()));
            }
            ')' | ']' | '}' => depth -= 1,
            ':' if depth == 0 => lambda = false,
            'l' if depth == 0 && rest.starts_with("lambda ") => lambda = true,
            ',' if depth == 0 && !lambda => {
                out.push(text.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    if depth > 0 {
        return Err(wrong(line, "a bracket is not closed".to_owned()));
    }
    out.push(text.get(begin..).unwrap_or_default());
    Ok(out)
}
