use std::collections::BTreeSet;

use crate::{Kind, Schema, Shape};

/// One AWS service as its API model describes it.
#[derive(Debug)]
pub struct Service {
    /// The name in credential scopes and IAM actions: `glue`, `iam`, `sts`, `logs`.
    pub id: &'static str,
    /// How it is spoken.
    pub protocol: Protocol,
    /// What precedes the operation in `X-Amz-Target` (awsJson).
    pub target_prefix: &'static str,
    /// The API version, the `Version` parameter of awsQuery.
    pub version: &'static str,
    /// The XML namespace of awsQuery answers.
    pub xml_namespace: &'static str,
    /// The member that carries an error's text: `Message` or `message`.
    pub message_member: &'static str,
    /// Every operation of the model, sorted by name.
    pub operations: &'static [Operation],
}

impl Service {
    /// The operation of this name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        let index = self.operations.binary_search_by(|o| o.name.cmp(name)).ok()?;
        self.operations.get(index)
    }
}

impl Service {
    /// The model's patterns, as written there, whose translation does not compile; an API crate's
    /// test demands that there are none.
    #[must_use]
    pub fn broken_patterns(&self) -> Vec<&'static str> {
        let mut seen = BTreeSet::new();
        let mut broken = Vec::new();
        let mut open: Vec<&'static Schema> = self
            .operations
            .iter()
            .filter_map(|o| o.shapes)
            .flat_map(|(input, output)| [input, output])
            .collect();
        while let Some(schema) = open.pop() {
            if !seen.insert(schema.name) {
                continue;
            }
            match schema.kind {
                Kind::Structure(members) => open.extend(members.iter().map(|m| m.schema)),
                Kind::List { member, .. } => open.push(member),
                Kind::Map { key, value, .. } => open.extend([key, value]),
                Kind::String { pattern: Some(pattern), .. } if pattern.regex().is_none() => {
                    broken.push(pattern.source);
                }
                _ => {}
            }
        }
        broken
    }
}

/// A wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON bodies, `application/x-amz-json-1.0`.
    AwsJson10,
    /// JSON bodies, `application/x-amz-json-1.1`.
    AwsJson11,
    /// Form in, XML out.
    AwsQuery,
    /// JSON bodies; method and path tell the operation.
    RestJson1,
}

/// A row of the operation table.
#[derive(Debug)]
pub struct Operation {
    /// The operation's name, for example `GetTable`.
    pub name: &'static str,
    /// The IAM action that it needs, for example `glue:GetTable`.
    pub action: &'static str,
    /// The action's access level (AWS's service authorization reference).
    pub access: AccessLevel,
    /// The resource types that the action is checked against.
    pub resources: &'static [ResourceType],
    /// The service's own condition keys that the action knows.
    pub condition_keys: &'static [&'static str],
    /// How restJson1 calls it; other protocols need no such thing.
    pub http: Option<Http>,
    /// Whether it is called without a signature: who calls has no credentials yet.
    pub unsigned: bool,
    /// The schema of input and output; `None` where Mastic does not implement the operation.
    pub shapes: Option<(&'static Schema, &'static Schema)>,
}

impl Operation {
    /// Whether Mastic serves it.
    #[must_use]
    pub fn implemented(&self) -> bool {
        self.shapes.is_some()
    }

    /// Whether it changes anything.
    #[must_use]
    pub fn mutating(&self) -> bool {
        !matches!(self.access, AccessLevel::Read | AccessLevel::List)
    }
}

/// How restJson1 calls an operation.
#[derive(Debug, Clone, Copy)]
pub struct Http {
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with input members as `{labels}`.
    pub path: &'static str,
    /// Input members that are in the query string, with their names there.
    pub query: &'static [(&'static str, &'static str)],
}

/// AWS's classes of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLevel {
    /// Names of resources.
    List,
    /// Contents of resources.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Changes tags only.
    Tagging,
    /// Changes who may do what.
    PermissionsManagement,
}

/// A type of resource that an action is checked against.
#[derive(Debug)]
pub struct ResourceType {
    /// AWS's name for it, for example `table`.
    pub name: &'static str,
    /// Its ARN with `${Placeholders}`.
    pub arn: &'static str,
    /// Whether the action always needs one.
    pub required: bool,
}

/// An implemented operation as a type; generated code implements it on an empty enum.
pub trait Op: 'static {
    /// The input structure.
    type Input: Shape + Send + 'static;
    /// The output structure.
    type Output: Shape + Send + 'static;

    /// The service it belongs to.
    fn service() -> &'static Service;

    /// Its row in the table.
    fn operation() -> &'static Operation;
}
