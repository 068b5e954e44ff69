//! AWS's service authorization reference: which actions, resource types and condition keys the services have
//! that Mastic holds a table of ("Actions, resources, and condition keys for AWS services").

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mastic_shape::AccessLevel;

/// Made by `cargo xtask api`. Lines begin with what they are; the parts are separated by spaces:
/// `service PREFIX`, `key TYPE KEY`, `resource NAME ARN KEY...`, `action NAME LEVEL TYPES KEY...`.
const TABLE: &str = include_str!("authorization.txt");

static SERVICES: LazyLock<BTreeMap<&'static str, Service>> = LazyLock::new(|| parsed(TABLE));

/// What one service authorizes.
#[derive(Debug, Default)]
pub struct Service {
    /// Actions by their names in lower case.
    pub actions: BTreeMap<String, Action>,
    /// Resource types by name.
    pub resources: BTreeMap<&'static str, ResourceType>,
    /// Condition keys as written, such as `glue:SecretArn` or `aws:ResourceTag/${TagKey}`, with their types:
    /// `String`, `Bool`, `Numeric`, `Date`, `ARN`, or `ArrayOf` one of them.
    pub keys: BTreeMap<&'static str, &'static str>,
}

/// An action.
#[derive(Debug)]
pub struct Action {
    /// Its name with AWS's capitals, without the service.
    pub name: &'static str,
    /// What it does to resources.
    pub access: AccessLevel,
    /// Resource types that it is checked against, and whether each is required; none where it knows `*` only.
    pub resources: Vec<(&'static str, bool)>,
    /// The condition keys that it knows itself; those of its resource types come on top.
    pub keys: Vec<&'static str>,
}

/// A type of resource.
#[derive(Debug)]
pub struct ResourceType {
    /// Its ARN with `${Placeholders}`.
    pub arn: &'static str,
    /// The condition keys of such resources.
    pub keys: Vec<&'static str>,
}

/// The table of a service by the prefix of its actions, in lower case; `None` where Mastic holds none.
#[must_use]
pub fn service(prefix: &str) -> Option<&'static Service> {
    SERVICES.get(prefix)
}

/// All services with a table, by prefix.
pub fn services() -> impl Iterator<Item = (&'static str, &'static Service)> {
    SERVICES.iter().map(|(prefix, service)| (*prefix, service))
}

/// An action by its whole name, in any letter case: `glue:GetTable`.
#[must_use]
pub fn action(name: &str) -> Option<&'static Action> {
    let name = name.to_lowercase();
    let (prefix, name) = name.split_once(':')?;
    service(prefix)?.actions.get(name)
}

fn parsed(table: &'static str) -> BTreeMap<&'static str, Service> {
    let mut services = BTreeMap::new();
    let mut prefix = "";
    for line in table.lines() {
        let mut parts = line.split(' ');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if kind == "service" {
            prefix = name;
        }
        let service: &mut Service = services.entry(prefix).or_default();
        let second = parts.next().unwrap_or_default();
        match kind {
            "key" => {
                service.keys.insert(second, name);
            }
            "resource" => {
                service.resources.insert(name, ResourceType { arn: second, keys: parts.collect() });
            }
            "action" => {
                let types = parts.next().filter(|types| *types != "-").unwrap_or_default();
                let resources = types.split(',').filter(|name| !name.is_empty());
                let resources = resources.map(|name| match name.strip_suffix('*') {
                    Some(name) => (name, true),
                    None => (name, false),
                });
                let action = Action {
                    name,
                    access: access(second),
                    resources: resources.collect(),
                    keys: parts.collect(),
                };
                service.actions.insert(name.to_lowercase(), action);
            }
            _ => {}
        }
    }
    services
}

fn access(letter: &str) -> AccessLevel {
    match letter {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "T" => AccessLevel::Tagging,
        "P" => AccessLevel::PermissionsManagement,
        _ => AccessLevel::Write,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert!(services().count() >= 17);
        let pass = action("IAM:passrole").unwrap();
        assert_eq!((pass.name, pass.access), ("PassRole", AccessLevel::PermissionsManagement));
        assert_eq!(pass.resources, [("role", true)]);
        assert!(pass.keys.contains(&"iam:PassedToService"));
        let s3 = service("s3").unwrap();
        assert_eq!(s3.resources.get("bucket").unwrap().arn, "arn:${Partition}:s3:::${BucketName}");
        assert_eq!(s3.keys.get("aws:TagKeys"), Some(&"ArrayOfString"));
        assert!(action("s3:ListBuckets").is_none());
        assert!(
            services().all(|(_, s)| !s.actions.is_empty() && s.actions.values().all(|a| !a.name.is_empty()))
        );
    }
}
