//! A node as the script sees it: its kind's name and its settings as values.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::CodeGenConfigurationNode;
use mastic_shape::{Shape, Value};

use super::{Outcome, ScriptError};

/// One node of a job.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) id: String,
    /// Its kind as the API model names it.
    pub(super) kind: String,
    /// What its author calls it.
    pub(super) name: String,
    /// The ids of the nodes that it reads.
    pub(super) inputs: Vec<String>,
    /// What the script calls its outcome.
    pub(super) variable: String,
    settings: Settings,
}

impl Node {
    /// All nodes; their variables are still to be given.
    pub(super) fn all(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> Result<Vec<Self>, ScriptError> {
        nodes.iter().map(|(id, node)| Self::of(id, node)).collect()
    }

    fn of(id: &str, node: &CodeGenConfigurationNode) -> Result<Self, ScriptError> {
        let Value::Map(mut kinds) = node.clone().into_value() else {
            return Err(ScriptError::Kinds { id: id.to_owned(), kinds: 0 });
        };
        let several = kinds.len();
        let Some((kind, inner)) = kinds.pop().filter(|_| several == 1) else {
            return Err(ScriptError::Kinds { id: id.to_owned(), kinds: several });
        };
        let settings = Settings(inner);
        Ok(Self {
            id: id.to_owned(),
            kind: kind.into_owned(),
            name: settings.text("Name").unwrap_or_default().to_owned(),
            inputs: settings.texts("Inputs"),
            variable: String::new(),
            settings,
        })
    }

    pub(super) fn error(&self, reason: String) -> ScriptError {
        ScriptError::Node { id: self.id.clone(), name: self.name.clone(), reason }
    }
}

impl std::ops::Deref for Node {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

/// Settings by the names of the model. What is empty counts as not said.
#[derive(Debug, Clone)]
pub(super) struct Settings(Value);

impl Settings {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.at(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Outcome<&str> {
        self.text(name).ok_or_else(|| format!("{name} is missing."))
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.0.at(name) {
            Some(Value::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.flag(name) == Some(true)
    }

    pub(super) fn whole(&self, name: &str) -> Option<i64> {
        match self.0.at(name) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.0.at(name) {
            Some(Value::Float(number)) => Some(*number).filter(|number| number.is_finite()),
            Some(Value::Int(number)) => Some(*number as f64),
            _ => None,
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.at(name)
    }

    /// A list of texts; empty where there is none.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.0.at(name).map(texts).unwrap_or_default()
    }

    /// A list of paths.
    pub(super) fn paths(&self, name: &str) -> Vec<Vec<String>> {
        self.0.at(name).and_then(Value::as_list).unwrap_or_default().iter().map(texts).collect()
    }

    /// A list of structures.
    pub(super) fn items(&self, name: &str) -> Vec<Settings> {
        let items = self.0.at(name).and_then(Value::as_list).unwrap_or_default();
        items.iter().cloned().map(Settings).collect()
    }

    /// A map of texts.
    pub(super) fn map(&self, name: &str) -> Vec<(String, String)> {
        let Some(Value::Map(entries)) = self.0.at(name) else { return Vec::new() };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        entries.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    /// The columns that the author declares, with their types.
    pub(super) fn schema(&self) -> Vec<(String, String)> {
        let columns = self.items("OutputSchemas").first().map(|schema| schema.items("Columns"));
        let typed = |column: &Settings| {
            let of = column.text("Type").or_else(|| column.text("GlueStudioType")).unwrap_or("string");
            Some((column.text("Name")?.to_owned(), of.to_owned()))
        };
        columns.unwrap_or_default().iter().filter_map(typed).collect()
    }
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_list().unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
