//! botocore's `service-2.json`, as far as generation needs it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::Failure;

#[derive(Deserialize)]
pub struct Model {
    pub metadata: Metadata,
    pub operations: BTreeMap<String, OperationModel>,
    pub shapes: BTreeMap<String, ShapeModel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub api_version: String,
    pub protocol: String,
    #[serde(default)]
    pub json_version: String,
    #[serde(default)]
    pub target_prefix: String,
    #[serde(default)]
    pub xml_namespace: String,
}

#[derive(Deserialize)]
pub struct OperationModel {
    #[serde(default)]
    pub http: HttpModel,
    pub input: Option<Reference>,
    pub output: Option<Reference>,
    #[serde(default)]
    pub deprecated: bool,
    /// `none` where callers cannot sign, having no credentials yet.
    #[serde(default)]
    pub authtype: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpModel {
    pub method: String,
    pub request_uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub shape: String,
    /// Where restJson1 puts a member that is not in the body.
    pub location: Option<String>,
    pub location_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShapeModel {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, deserialize_with = "ordered")]
    pub members: Vec<(String, Reference)>,
    #[serde(default)]
    pub required: Vec<String>,
    pub member: Option<Reference>,
    pub key: Option<Reference>,
    pub value: Option<Reference>,
    #[serde(default)]
    pub flattened: bool,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub pattern: Option<String>,
    pub timestamp_format: Option<String>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub document: bool,
    #[serde(default)]
    pub exception: bool,
}

/// Members in the model's order, which error texts and answers follow.
fn ordered<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<(String, Reference)>, D::Error> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, Reference)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of members")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    d.deserialize_map(Members)
}

impl Model {
    pub fn read_gz(path: &Path) -> Result<Self, Failure> {
        let file = fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text)?)
    }

    pub fn read(path: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?)?)
    }

    /// Gives a member another shape, where the model has such a structure.
    pub fn correct(&mut self, structure: &str, member: &str, shape: &str) {
        let members = self.shapes.get_mut(structure).map(|shape| shape.members.as_mut_slice());
        for (_, reference) in members.unwrap_or_default().iter_mut().filter(|(name, _)| name == member) {
            shape.clone_into(&mut reference.shape);
        }
    }
}

/// AWS's service authorization reference, by service.
pub type Actions = BTreeMap<String, ServiceActions>;

#[derive(Deserialize)]
pub struct ServiceActions {
    pub actions: BTreeMap<String, ActionModel>,
    pub resources: BTreeMap<String, ResourceModel>,
    /// Condition keys and their types.
    #[serde(default)]
    pub conditions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub struct ActionModel {
    pub access: String,
    #[serde(default)]
    pub resources: BTreeMap<String, ActionResource>,
}

#[derive(Deserialize)]
pub struct ActionResource {
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub conditions: Vec<String>,
}

#[derive(Deserialize)]
pub struct ResourceModel {
    pub arn: String,
    #[serde(default)]
    pub conditions: Vec<String>,
}
