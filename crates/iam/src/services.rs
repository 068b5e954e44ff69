//! The services of AWS by the first part of their actions, and which of them policies give access to.

use std::collections::BTreeSet;

use mastic_policy::{Attached, Document, Effect};

/// A line for each service: namespace and name, sorted.
const TABLE: &str = include_str!("../data/services.tsv");

fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().filter_map(|line| line.split_once('\t'))
}

/// All that are known.
pub(crate) fn all() -> BTreeSet<String> {
    table().map(|(namespace, _)| namespace.to_owned()).collect()
}

/// What AWS calls the service.
pub(crate) fn name(namespace: &str) -> String {
    let known = table().find(|(known, _)| *known == namespace);
    known.map_or(namespace, |(_, name)| name).to_owned()
}

/// The services that any of the policies gives access to.
pub(crate) fn granted(policies: &[Attached]) -> BTreeSet<String> {
    let documents = || policies.iter().map(|policy| policy.document.as_ref());
    let mut granted: BTreeSet<String> = table()
        .filter(|(namespace, _)| documents().any(|document| grants(document, namespace)))
        .map(|(namespace, _)| namespace.to_owned())
        .collect();
    for document in documents() {
        for action in allowed(document).filter(|(except, _)| !except).flat_map(|(_, actions)| actions) {
            granted
                .extend(service(&action).filter(|service| !service.contains(['*', '?'])).map(str::to_owned));
        }
    }
    granted
}

/// Whether the document allows anything of the service, on whatever resource and condition.
pub(crate) fn grants(document: &Document, namespace: &str) -> bool {
    allowed(document).any(|(except, actions)| {
        let whole = |action: &String| action == "*" || *action == format!("{namespace}:*");
        let some = |action: &String| {
            service(action).is_some_and(|pattern| fits(pattern, namespace)) || action == "*"
        };
        if except { !actions.iter().any(whole) } else { actions.iter().any(some) }
    })
}

/// The actions of each statement that allows, in lower case, and whether they are excepted.
fn allowed(document: &Document) -> impl Iterator<Item = (bool, Vec<String>)> {
    let allowing = document.statements().iter().filter(|statement| statement.effect() == Effect::Allow);
    allowing
        .map(|statement| (statement.excepts_actions(), statement.actions().map(str::to_lowercase).collect()))
}

fn service(action: &str) -> Option<&str> {
    action.split_once(':').map(|(service, _)| service)
}

/// Whether a pattern of `*` and `?` fits the text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut rest = text.chars();
    match (pattern.chars().next(), pattern.chars().as_str().get(1..)) {
        (None, _) => text.is_empty(),
        (Some('*'), Some(after)) => {
            fits(after, text) || rest.next().is_some() && fits(pattern, rest.as_str())
        }
        (Some(wanted), after) => {
            let found = rest.next();
            let tail = after.unwrap_or_default();
            found.is_some_and(|c| wanted == '?' || wanted == c) && fits(tail, rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use mastic_policy::{Label, PolicyKind};

    use super::*;

    fn policy(statement: &str) -> Attached {
        let json = format!(r#"{{"Version":"2012-10-17","Statement":{{"Resource":"*",{statement}}}}}"#);
        let (name, attached_to) = (String::new(), String::new());
        let label = Label { account: None, kind: PolicyKind::Inline, name, arn: None, attached_to };
        Attached::new(label, Document::parse(&json).unwrap())
    }

    #[test]
    fn services_of_a_policy() {
        let of = |statement: &str| granted(&[policy(statement)]);
        assert_eq!(of(r#""Effect":"Allow","Action":["glue:Get*","S3:*","own:x"]"#).len(), 3);
        assert!(of(r#""Effect":"Allow","Action":"*""#).len() > 300);
        assert!(of(r#""Effect":"Deny","Action":"*""#).is_empty());
        let but = of(r#""Effect":"Allow","NotAction":["iam:*","glue:DeleteTable"]"#);
        assert!(!but.contains("iam") && but.contains("glue") && but.contains("s3"));
        assert!(table().map(|(namespace, _)| namespace).is_sorted());
    }

    #[test]
    fn patterns() {
        assert!(fits("s*", "s3") && fits("*", "") && fits("?3", "s3") && fits("e*2", "ec2"));
        assert!(!fits("s?", "s") && !fits("", "s3") && !fits("s3", "s3x"));
    }
}
