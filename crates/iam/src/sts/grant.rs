//! What all ways to temporary credentials share: session policies, tags, durations.

use std::collections::BTreeMap;
use std::time::Duration;

use mastic_api_iam::sts::types as t;
use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::ports::Credentials;
use mastic_kernel::{Ctx, Federation, Need};
use mastic_policy::DocumentKind;

use crate::faults::validation;
use crate::names;
use crate::records::{Assumed, Holder, Role};
use crate::{Iam, documents, policies};

/// Characters that session policies, their ARNs and session tags may have together.
const PACKED: usize = 2048;

/// Managed policies that a session may be given, and tags ("IAM and AWS STS quotas").
const MOST_POLICIES: usize = 10;
const MOST_TAGS: usize = 50;

/// A value or combination of tags that STS refuses.
pub(super) fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidParameterValue", text)
}

pub(super) fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// The tags that a session gets, and which of them a further role takes over.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tags {
    pub(super) all: BTreeMap<String, String>,
    pub(super) transitive: Vec<String>,
}

impl Tags {
    /// Tags as a request gives them: keys differ in more than case ("Pass session tags in AWS STS").
    pub(super) fn read(tags: Vec<t::Tag>, transitive: Vec<String>) -> Result<Self, Fault> {
        if tags.len() > MOST_TAGS {
            return Err(invalid(format!("A session may have {MOST_TAGS} tags at most.")));
        }
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for t::Tag { key, value } in tags {
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(invalid("Tag keys beginning with aws: are reserved for AWS use."));
            }
            if all.keys().any(|old| old.eq_ignore_ascii_case(&key)) {
                return Err(invalid(
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                ));
            }
            all.insert(key, value);
        }
        let given = |key: &String| all.keys().any(|tag| tag.eq_ignore_ascii_case(key));
        if !transitive.iter().all(given) {
            return Err(invalid("The specified transitive tag key must be included in the requested tags."));
        }
        Ok(Self { all, transitive })
    }

    /// Adds what the caller's own session hands on, which no role in the chain can change ("Chaining roles with
    /// session tags").
    pub(super) fn inherit(mut self, from: Option<&Assumed>) -> Result<Self, Fault> {
        let Some(from) = from else { return Ok(self) };
        for key in &from.transitive {
            let Some((key, value)) = from.tags.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(key)) else {
                continue;
            };
            if self.all.keys().any(|own| own.eq_ignore_ascii_case(key)) {
                return Err(invalid(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag \
                     key from the calling session.",
                ));
            }
            self.all.insert(key.clone(), value.clone());
            self.transitive.push(key.clone());
        }
        Ok(self)
    }

    /// The need with the keys that tell of tags.
    pub(super) fn with(&self, mut need: Need) -> Need {
        for (key, value) in &self.all {
            need = need.with(format!("aws:RequestTag/{key}"), [value]);
        }
        if !self.all.is_empty() {
            need = need.with("aws:TagKeys", self.all.keys());
        }
        if !self.transitive.is_empty() {
            need = need.with("sts:TransitiveTagKeys", &self.transitive);
        }
        need
    }
}

/// Documents that limit a session.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) policies: Vec<String>,
    /// How full of them and the tags the session is, in percent; nothing where there are none.
    pub(super) packed: Option<i32>,
}

impl Limits {
    /// Reads and checks the policies that a request passes, the managed ones as of now.
    pub(super) fn read(
        ctx: &Ctx,
        account: &AccountId,
        inline: Option<String>,
        arns: Option<Vec<t::PolicyDescriptorType>>,
        tags: &Tags,
    ) -> Result<Self, Fault> {
        let tagged: usize = tags.all.iter().map(|(key, value)| key.len() + value.len()).sum();
        let mut size = tagged;
        let mut found = Vec::new();
        if let Some(document) = inline {
            documents::check(&document, DocumentKind::Identity)?;
            size += documents::size(&document);
            found.push(document);
        }
        let arns: Vec<String> =
            arns.unwrap_or_default().into_iter().filter_map(|descriptor| descriptor.arn).collect();
        if arns.len() > MOST_POLICIES {
            return Err(validation(format!(
                "A session may be given {MOST_POLICIES} managed policies at most."
            )));
        }
        for arn in arns {
            let policy = ctx.read(|tx| policies::find(tx, account, &arn))?;
            let policy =
                policy.ok_or_else(|| validation(format!("The specified policy {arn} does not exist.")))?;
            size += arn.len();
            found.push(policy.document().to_owned());
        }
        if size > PACKED {
            let percent = (size * 100).div_ceil(PACKED);
            return Err(Fault::sender(
                "PackedPolicyTooLarge",
                if tagged == size {
                    format!("Packed size of session tags consumes {percent}% of allotted space.")
                } else {
                    format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.")
                },
            ));
        }
        let packed = (size > 0).then(|| i32::try_from((size * 100).div_ceil(PACKED)).unwrap_or(100));
        Ok(Self { policies: found, packed })
    }
}

/// How long a role's sessions may last.
pub(super) fn duration(role: &Role, asked: Option<i32>) -> Result<Duration, Fault> {
    let asked = asked.unwrap_or(3600);
    if asked > role.max_session {
        return Err(validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds(asked))
}

/// A role's session to be.
pub(super) struct Granted<'a> {
    pub(super) arn: Arn,
    pub(super) account: AccountId,
    pub(super) role: &'a Role,
    pub(super) name: String,
    pub(super) lasts: Duration,
    pub(super) limits: Limits,
    pub(super) tags: Tags,
    pub(super) source_identity: Option<String>,
    pub(super) federation: Option<Box<Federation>>,
}

/// What AWS answers about the session itself.
pub(super) struct Session {
    pub(super) credentials: Credentials,
    pub(super) user: t::AssumedRoleUser,
    pub(super) packed: Option<i32>,
}

impl Granted<'_> {
    /// Makes the session.
    pub(super) async fn open(self, iam: &Iam, ctx: &Ctx) -> Result<Session, Fault> {
        let base = &self.role.base;
        let user = t::AssumedRoleUser {
            assumed_role_id: format!("{}:{}", base.id, self.name),
            arn: names::session_arn(&self.account, &base.name, &self.name).to_string(),
        };
        let assumed = Assumed {
            role: self.arn,
            role_id: base.id.clone(),
            name: self.name,
            policies: self.limits.policies,
            tags: self.tags.all,
            transitive: self.tags.transitive,
            source_identity: self.source_identity,
            service: None,
            run: None,
            federation: self.federation,
        };
        let holder = Holder::Role(Box::new(assumed));
        // AWS's documentation has it that sessions of roles carry no MFA, whatever the caller proved ("Secure API
        // access with MFA").
        let credentials = iam.open(self.account, holder, None, ctx.now(), self.lasts).await?;
        Ok(Session { credentials, user, packed: self.limits.packed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Vec<t::Tag> {
        pairs.iter().map(|(k, v)| t::Tag { key: (*k).to_owned(), value: (*v).to_owned() }).collect()
    }

    #[test]
    fn keys_differ_in_more_than_case() {
        let twice = Tags::read(tags(&[("Team", "a"), ("team", "b")]), vec![]).unwrap_err();
        assert_eq!(twice.code(), "InvalidParameterValue");
        let missing = Tags::read(tags(&[("a", "b")]), vec!["c".to_owned()]).unwrap_err();
        assert!(missing.message().contains("must be included"));
        assert!(Tags::read(tags(&[("aws:x", "b")]), vec![]).is_err());
        let many: Vec<(String, &str)> = (0..51).map(|n| (format!("k{n}"), "v")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        assert!(Tags::read(tags(&many), vec![]).is_err());
    }
}
