//! AWS's own managed policies, as AWS publishes them; only the version in force of each.

use std::sync::OnceLock;

use mastic_core::Timestamp;
use serde::Deserialize;

/// A managed policy of AWS's.
#[derive(Debug)]
pub(crate) struct AwsPolicy {
    pub(crate) name: &'static str,
    pub(crate) arn: String,
    /// Stands in for AWS's unique id, which is not published for every policy.
    pub(crate) id: String,
    pub(crate) path: String,
    /// For example `v5`.
    pub(crate) version: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    path: String,
    default_version_id: String,
    create_date: String,
    update_date: String,
    document: serde_json::Value,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../policies/", $name, ".json")))),*]
    };
}

/// Sorted by name.
const FILES: [(&str, &str); 18] = files![
    "AWSGlueConsoleFullAccess",
    "AWSGlueConsoleSageMakerNotebookFullAccess",
    "AWSGlueServiceNotebookRole",
    "AWSGlueServiceRole",
    "AdministratorAccess",
    "AmazonAthenaFullAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "CloudWatchFullAccess",
    "CloudWatchLogsFullAccess",
    "CloudWatchLogsReadOnlyAccess",
    "CloudWatchReadOnlyAccess",
    "IAMFullAccess",
    "IAMReadOnlyAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecretsManagerReadWrite",
    "ViewOnlyAccess",
];

/// Every one, sorted by name. Each file is read when it is first looked at.
pub(crate) fn all() -> impl Iterator<Item = &'static AwsPolicy> {
    FILES.iter().enumerate().filter_map(|(place, _)| load(place))
}

/// The policy of this ARN.
pub(crate) fn find(arn: &str) -> Option<&'static AwsPolicy> {
    let name = crate::names::last(arn.strip_prefix("arn:aws:iam::aws:policy/")?);
    let place = FILES.iter().position(|(known, _)| *known == name)?;
    load(place).filter(|policy| policy.arn == arn)
}

fn load(place: usize) -> Option<&'static AwsPolicy> {
    static LOADED: [OnceLock<Option<AwsPolicy>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];
    let (name, text) = FILES.get(place)?;
    LOADED.get(place)?.get_or_init(|| parse(name, text)).as_ref()
}

fn parse(name: &'static str, text: &str) -> Option<AwsPolicy> {
    let file: File = serde_json::from_str(text).ok()?;
    Some(AwsPolicy {
        name,
        arn: format!("arn:aws:iam::aws:policy{}{name}", file.path),
        id: stand_in_id(name),
        path: file.path,
        version: file.default_version_id,
        created: Timestamp::parse(&file.create_date)?,
        updated: Timestamp::parse(&file.update_date)?,
        document: serde_json::to_string_pretty(&file.document).ok()?,
    })
}

/// `ANPA` and 17 characters that depend on the name alone.
fn stand_in_id(name: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".as_bytes();
    let id = digest.as_ref().iter().take(17).filter_map(|b| letters.get(usize::from(b % 32)));
    format!("ANPA{}", id.map(|b| char::from(*b)).collect::<String>())
}

#[cfg(test)]
mod tests {
    use mastic_policy::{Document, DocumentKind};

    use super::*;

    #[test]
    fn every_policy_parses() {
        assert_eq!(all().count(), FILES.len());
        for policy in all() {
            if let Err(error) = Document::parse_as(&policy.document, DocumentKind::Managed) {
                panic!("{}: {error}", policy.name);
            }
        }
        assert!(FILES.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn paths_are_part_of_the_arn() {
        assert!(find("arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole").is_some());
        assert!(find("arn:aws:iam::aws:policy/AWSGlueServiceRole").is_none());
        assert!(find("arn:aws:iam::aws:policy/AdministratorAccess").is_some());
    }
}
