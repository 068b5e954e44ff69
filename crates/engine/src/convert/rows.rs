use mastic_api_glue::glue::types as api;

use super::Parts;
use super::transforms::conditions;
use crate::error::NodeError;
use crate::plan::{DynamicTransform, Kind, Merge, Spigot};

/// The transform that the node is, if it is one of those about rows and collections.
pub(super) fn transform(node: &api::CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    let done = |name: &str, kind, inputs: &[String]| Some(Ok((name.to_owned(), kind, inputs.to_vec())));
    let tried = |name: &str, kind: Result<Kind, NodeError>, inputs: &[String]| {
        Some(kind.map(|kind| (name.to_owned(), kind, inputs.to_vec())))
    };
    if let Some(found) = &node.spigot {
        let spigot = Spigot {
            path: found.path.clone(),
            top: found.topk.and_then(|top| u64::try_from(top).ok()),
            probability: found.prob,
        };
        return done(&found.name, Kind::Spigot(spigot), &found.inputs);
    }
    if let Some(found) = &node.split_fields {
        return done(&found.name, Kind::SplitFields(found.paths.clone()), &found.inputs);
    }
    if let Some(found) = &node.select_from_collection {
        let index = usize::try_from(found.index)
            .map_err(|_| NodeError::new(&found.name, format!("`{}` is no index", found.index)));
        return tried(&found.name, index.map(Kind::SelectFromCollection), &found.inputs);
    }
    if let Some(found) = &node.route {
        let groups = found.group_filters_list.iter().map(|group| {
            let filter = conditions(&found.name, group.logical_operator, &group.filters)?;
            Ok((group.group_name.clone(), filter))
        });
        return tried(&found.name, groups.collect::<Result<_, _>>().map(Kind::Route), &found.inputs);
    }
    if let Some(found) = &node.merge {
        let merge = Merge { source: found.source.clone(), keys: found.primary_keys.clone() };
        return done(&found.name, Kind::Merge(merge), &found.inputs);
    }
    let found = node.dynamic_transform.as_ref()?;
    done(&found.name, dynamic(found), &found.inputs)
}

fn dynamic(found: &api::DynamicTransform) -> Kind {
    let parameters = found.parameters.as_deref().unwrap_or_default().iter();
    let parameters: Vec<(String, Vec<String>)> = parameters
        .map(|parameter| (parameter.name.clone(), parameter.value.clone().unwrap_or_default()))
        .collect();
    if found.function_name == "relationalize" {
        let root = parameters
            .iter()
            .find(|(name, _)| name == "rootTableName")
            .and_then(|(_, values)| values.first());
        return Kind::Relationalize { root: root.map_or_else(|| "root".to_owned(), Clone::clone) };
    }
    Kind::Dynamic(DynamicTransform { function: found.function_name.clone(), parameters })
}
