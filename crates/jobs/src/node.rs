//! Which visual nodes the engine runs; a job with any other is refused with the node's name.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::CodeGenConfigurationNode;
use mastic_core::Fault;
use mastic_shape::{Shape, Value};

/// Kinds that the engine runs, by their names in the API model.
pub(crate) const SUPPORTED: &[&str] = &[
    "Aggregate",
    "ApplyMapping",
    "CatalogSource",
    "CatalogTarget",
    "DropDuplicates",
    "DropFields",
    "DropNullFields",
    "DynamicTransform",
    "FillMissingValues",
    "Filter",
    "Join",
    "Merge",
    "PIIDetection",
    "Recipe",
    "RenameField",
    "Route",
    "S3CatalogSource",
    "S3CatalogTarget",
    "S3CsvSource",
    "S3DirectTarget",
    "S3GlueParquetTarget",
    "S3JsonSource",
    "S3ParquetSource",
    "SelectFields",
    "SelectFromCollection",
    "SparkSQL",
    "Spigot",
    "SplitFields",
    "Union",
];

/// Refuses a graph with a node that is no node, or of a kind that the engine does not run.
pub(crate) fn check(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> Result<(), Fault> {
    for (id, node) in nodes {
        let Value::Map(kinds) = node.clone().into_value() else { continue };
        let refusal = match kinds.as_slice() {
            [(kind, _)] if SUPPORTED.contains(&kind.as_ref()) => continue,
            [(kind, inner)] => {
                let name = inner.get("Name").and_then(Value::as_str).unwrap_or(id);
                format!("Node '{name}' ({id}) is of the kind {kind}, which Mastic does not run yet.")
            }
            [] => format!("Node {id} has no kind."),
            _ => {
                let names: Vec<_> = kinds.iter().map(|(kind, _)| kind.as_ref()).collect();
                format!("Node {id} has more than one kind: {}.", names.join(", "))
            }
        };
        return Err(Fault::sender("InvalidInputException", refusal));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mastic_api_glue::glue::types::{CustomCode, SelectFields};

    use super::*;

    #[test]
    fn unknown_kinds_are_refused_by_name() {
        let keep =
            CodeGenConfigurationNode { select_fields: Some(SelectFields::default()), ..Default::default() };
        assert_eq!(check(&BTreeMap::from([("a".to_owned(), keep.clone())])), Ok(()));
        let custom = CustomCode { name: "my code".to_owned(), ..Default::default() };
        let code = CodeGenConfigurationNode { custom_code: Some(custom), ..Default::default() };
        let fault = check(&BTreeMap::from([("b".to_owned(), code)])).unwrap_err();
        assert_eq!(
            fault.message(),
            "Node 'my code' (b) is of the kind CustomCode, which Mastic does not run yet."
        );
        assert!(check(&BTreeMap::from([("c".to_owned(), CodeGenConfigurationNode::default())])).is_err());
    }
}
