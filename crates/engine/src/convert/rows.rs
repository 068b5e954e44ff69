use mastic_api_glue::glue::types as api;

use super::transforms::conditions;
use super::{Parts, required};
use crate::error::NodeError;
use crate::plan::{
    DynamicTransform, Kind, Merge, PiiAction, PiiDetection, RecipeCondition, RecipeStep, Sensitivity, Spigot,
};

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
    if let Some(found) = &node.pii_detection {
        return tried(&found.name, detection(found).map(Kind::PiiDetection), &found.inputs);
    }
    if let Some(found) = &node.recipe {
        return tried(&found.name, recipe(found), &found.inputs);
    }
    let found = node.dynamic_transform.as_ref()?;
    done(&found.name, dynamic(found), &found.inputs)
}

fn recipe(found: &api::Recipe) -> Result<Kind, NodeError> {
    if let Some(reference) = &found.recipe_reference {
        let text =
            format!("the recipe `{}` is not here: give its steps as `RecipeSteps`", reference.recipe_arn);
        return Err(NodeError::new(&found.name, text));
    }
    let steps = required(&found.name, "RecipeSteps", found.recipe_steps.as_deref())?;
    let steps = steps.iter().map(|step| RecipeStep {
        operation: step.action.operation.clone(),
        parameters: step.action.parameters.clone().unwrap_or_default().into_iter().collect(),
        conditions: step
            .condition_expressions
            .iter()
            .flatten()
            .map(|one| RecipeCondition {
                condition: one.condition.clone(),
                value: one.value.clone(),
                column: one.target_column.clone(),
            })
            .collect(),
    });
    Ok(Kind::Recipe(steps.collect()))
}

fn detection(found: &api::PIIDetection) -> Result<PiiDetection, NodeError> {
    let node = &found.name;
    if found.detection_parameters.as_deref().is_some_and(|text| !text.is_empty() && text != "{}") {
        return Err(NodeError::new(node, "`DetectionParameters` are not supported"));
    }
    if !matches!(found.redact_text.as_deref(), None | Some("" | "true")) {
        return Err(NodeError::new(node, "`RedactText` must be `true` or absent"));
    }
    let sensitivity = match found.detection_sensitivity.as_deref() {
        None | Some("" | "LOW") => Sensitivity::Low,
        Some("HIGH") => Sensitivity::High,
        Some(other) => {
            return Err(NodeError::new(node, format!("the sensitivity `{other}` is neither LOW nor HIGH")));
        }
    };
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let letters = |count: Option<i32>| count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    Ok(PiiDetection {
        action: match required(node, "PiiType", found.pii_type)? {
            api::PiiType::RowAudit => PiiAction::RowAudit,
            api::PiiType::RowHashing => PiiAction::RowHashing,
            api::PiiType::RowMasking => PiiAction::RowMasking,
            api::PiiType::RowPartialMasking => PiiAction::RowPartialMasking,
            api::PiiType::ColumnAudit => PiiAction::ColumnAudit,
            api::PiiType::ColumnHashing => PiiAction::ColumnHashing,
            api::PiiType::ColumnMasking => PiiAction::ColumnMasking,
        },
        entities: found.entity_types_to_detect.clone(),
        output: text(&found.output_column_name),
        sample: found.sample_fraction,
        threshold: found.threshold_fraction,
        mask: found.mask_value.clone(),
        redact: text(&found.redact_char),
        pattern: text(&found.match_pattern),
        left: letters(found.num_left_chars_to_exclude),
        right: letters(found.num_right_chars_to_exclude),
        sensitivity,
    })
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
