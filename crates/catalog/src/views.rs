//! Definitions of views in several dialects: kept as given, answered as AWS shows them.

use mastic_api_glue::glue::types::{
    ViewDefinition, ViewDefinitionInput, ViewRepresentation, ViewRepresentationInput,
};

pub(crate) fn answered(input: ViewDefinitionInput) -> ViewDefinition {
    ViewDefinition {
        is_protected: input.is_protected,
        definer: input.definer,
        view_version_id: input.view_version_id,
        view_version_token: input.view_version_token,
        refresh_seconds: input.refresh_seconds,
        last_refresh_type: input.last_refresh_type,
        sub_objects: input.sub_objects,
        sub_object_version_ids: input.sub_object_version_ids,
        representations: input
            .representations
            .map(|representations| representations.into_iter().map(representation).collect()),
    }
}

fn representation(input: ViewRepresentationInput) -> ViewRepresentation {
    ViewRepresentation {
        dialect: input.dialect,
        dialect_version: input.dialect_version,
        view_original_text: input.view_original_text,
        view_expanded_text: input.view_expanded_text,
        validation_connection: input.validation_connection,
        is_stale: Some(false),
    }
}
