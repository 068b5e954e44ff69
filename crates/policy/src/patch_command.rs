//! Patches as commands of the AWS CLI.

use crate::{Layer, Patch};

/// What a person does with a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A policy of its own is added beside those that are there.
    New,
    /// A document that is there is replaced by one with the statements in it.
    Replace,
    /// Who makes the session gives it another policy.
    Session,
    /// The policy is AWS's, which nobody changes.
    Fixed,
}

impl Patch {
    /// How the patch is applied.
    #[must_use]
    pub fn means(&self) -> Means {
        let fixed = self.policy.as_ref().is_some_and(|label| label.arn.is_some() && label.account.is_none());
        match self.layer {
            Layer::Identity => Means::New,
            Layer::Session => Means::Session,
            Layer::Resource | Layer::Trust => Means::Replace,
            _ if fixed || self.policy.is_none() => Means::Fixed,
            Layer::Boundary | Layer::ServiceControl | Layer::ResourceControl => Means::Replace,
        }
    }

    /// The command of the AWS CLI that puts the document in place; none where no command does.
    #[must_use]
    pub fn command(&self, document: &str) -> Option<String> {
        let last = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
        let resource = self.attached_to.splitn(6, ':').nth(5).unwrap_or(&self.attached_to);
        let arn = self.policy.as_ref().and_then(|label| label.arn.as_deref());
        let (command, arguments, option) = match (self.means(), self.layer) {
            (Means::Session | Means::Fixed, _) => return None,
            (_, Layer::Identity) => {
                let kind = if resource.starts_with("user/") { "user" } else { "role" };
                let name = policy_name(document);
                let names = vec![(format!("--{kind}-name"), last(resource)), ("--policy-name".into(), name)];
                (format!("iam put-{kind}-policy"), names, "--policy-document")
            }
            (_, Layer::Trust) => {
                let names = vec![("--role-name".to_owned(), last(resource))];
                ("iam update-assume-role-policy".to_owned(), names, "--policy-document")
            }
            (_, Layer::Boundary) => {
                let names = vec![("--policy-arn".to_owned(), arn?.to_owned())];
                ("iam create-policy-version --set-as-default".to_owned(), names, "--policy-document")
            }
            (_, Layer::Resource) if self.attached_to.starts_with("arn:aws:s3:::") => {
                let names = vec![("--bucket".to_owned(), resource.to_owned())];
                ("s3api put-bucket-policy".to_owned(), names, "--policy")
            }
            (_, Layer::Resource) if self.attached_to.starts_with("arn:aws:glue:") => {
                let region = self.attached_to.split(':').nth(3).unwrap_or_default().to_owned();
                let names = vec![("--region".to_owned(), region)];
                ("glue put-resource-policy".to_owned(), names, "--policy-in-json")
            }
            (_, Layer::ServiceControl | Layer::ResourceControl) => {
                let names = vec![("--policy-id".to_owned(), last(arn?))];
                ("organizations update-policy".to_owned(), names, "--content")
            }
            _ => return None,
        };
        let arguments: String =
            arguments.iter().map(|(option, value)| format!(" {option} {}", word(value))).collect();
        Some(format!("aws {command}{arguments} {option} {}", quoted(document)))
    }
}

/// A name for a new inline policy, which says what is in it: the same document never makes two policies, and a
/// different one never replaces another.
fn policy_name(document: &str) -> String {
    // FNV-1a, over what is not layout.
    let hash = document
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("allow-{:012x}", hash & 0xffff_ffff_ffff)
}

/// A word for the shell, in quotes only if it needs them.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
