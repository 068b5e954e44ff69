//! AWS's own managed policies, as AWS publishes them; only the version in force of each.
//!
//! They come in one file, which `scripts/aws-policies` writes: zlib streams, first the index, then
//! blocks of documents. Each is unpacked when it is first looked into, so that a server's start
//! pays for none of them.

use std::io::Read;
use std::sync::OnceLock;

use flate2::read::ZlibDecoder;
use mastic_core::Timestamp;

const FILE: &[u8] = include_bytes!("../policies/aws.bin");

/// Documents in a block.
const PER_BLOCK: usize = 128;

/// A managed policy of AWS's.
#[derive(Debug)]
pub(crate) struct AwsPolicy {
    pub(crate) name: &'static str,
    pub(crate) arn: String,
    /// Stands in for AWS's unique id, which is not published for every policy.
    pub(crate) id: String,
    pub(crate) path: &'static str,
    /// For example `v5`.
    pub(crate) version: &'static str,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// Its place in the index, and so of its document in the blocks.
    place: usize,
}

impl AwsPolicy {
    /// What it says.
    pub(crate) fn document(&self) -> &'static str {
        block(self.place / PER_BLOCK)
            .and_then(|lines| lines.get(self.place % PER_BLOCK))
            .copied()
            .unwrap_or("{}")
    }

    /// Whether only the service may use it, for the role that is linked to it.
    pub(crate) fn is_service_linked(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

/// Every one, sorted by name.
pub(crate) fn all() -> impl Iterator<Item = &'static AwsPolicy> {
    index().iter()
}

/// The policy of this ARN.
pub(crate) fn find(arn: &str) -> Option<&'static AwsPolicy> {
    let name = crate::names::last(arn.strip_prefix("arn:aws:iam::aws:policy/")?);
    let policies = index();
    let place = policies.binary_search_by_key(&name, |policy| policy.name).ok()?;
    policies.get(place).filter(|policy| policy.arn == arn)
}

fn index() -> &'static [AwsPolicy] {
    static INDEX: OnceLock<Vec<AwsPolicy>> = OnceLock::new();
    INDEX.get_or_init(|| {
        let lines = streams().next().map(unpacked).unwrap_or_default();
        lines.into_iter().enumerate().filter_map(|(place, line)| entry(place, line)).collect()
    })
}

fn entry(place: usize, line: &'static str) -> Option<AwsPolicy> {
    let mut fields = line.split('\t');
    let (name, path, version) = (fields.next()?, fields.next()?, fields.next()?);
    Some(AwsPolicy {
        name,
        arn: format!("arn:aws:iam::aws:policy{path}{name}"),
        id: stand_in_id(name),
        path,
        version,
        created: Timestamp::parse(fields.next()?)?,
        updated: Timestamp::parse(fields.next()?)?,
        place,
    })
}

/// The documents of a block.
fn block(number: usize) -> Option<&'static [&'static str]> {
    static BLOCKS: [OnceLock<Vec<&'static str>>; 32] = [const { OnceLock::new() }; 32];
    let lines =
        BLOCKS.get(number)?.get_or_init(|| streams().nth(number + 1).map(unpacked).unwrap_or_default());
    Some(lines)
}

/// The packed streams of the file, each without its length.
fn streams() -> impl Iterator<Item = &'static [u8]> {
    let mut rest = FILE;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (stream, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        rest = after;
        Some(stream)
    })
}

/// The lines of a stream; they stay for the life of the process.
fn unpacked(stream: &'static [u8]) -> Vec<&'static str> {
    let mut text = String::new();
    match ZlibDecoder::new(stream).read_to_string(&mut text) {
        Ok(_) => String::leak(text).lines().collect(),
        Err(_) => Vec::new(),
    }
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
    use mastic_policy::Document;

    use super::*;

    #[test]
    fn every_policy_parses() {
        assert!(all().count() > 1400);
        let refused = all().filter_map(|policy| {
            let error = Document::parse(policy.document()).err()?;
            Some(format!("{}: {error}", policy.name))
        });
        assert_eq!(refused.collect::<Vec<_>>(), [] as [String; 0]);
        assert!(index().is_sorted_by_key(|policy| policy.name));
        assert_eq!(streams().count(), 1 + index().len().div_ceil(PER_BLOCK));
    }

    #[test]
    fn paths_are_part_of_the_arn() {
        assert!(find("arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole").is_some());
        assert!(find("arn:aws:iam::aws:policy/AWSGlueServiceRole").is_none());
        let administrator = find("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
        assert_eq!(
            administrator.document(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        );
    }

    #[test]
    fn those_that_the_guides_name_are_there() {
        for name in [
            "ReadOnlyAccess",
            "PowerUserAccess",
            "AWSGlueConsoleFullAccess",
            "AmazonEC2ContainerRegistryReadOnly",
            "AWSCloudTrail_FullAccess",
            "job-function/Billing",
            "job-function/DatabaseAdministrator",
            "job-function/DataScientist",
            "job-function/NetworkAdministrator",
            "job-function/SupportUser",
            "job-function/SystemAdministrator",
            "job-function/ViewOnlyAccess",
            "SecurityAudit",
            "root-task/IAMAuditRootUserCredentials",
        ] {
            assert!(find(&format!("arn:aws:iam::aws:policy/{name}")).is_some(), "{name}");
        }
    }
}
