//! Bucket policies ("Policies and permissions in Amazon S3").

use mastic_core::Fault;
use mastic_policy::{Document, DocumentKind, Effect};

use crate::fault;

/// The longest policy, in bytes.
const LONGEST: usize = 20 * 1024;

/// Checks a policy before a bucket gets it.
pub(crate) fn check(bucket: &str, document: &str) -> Result<(), Fault> {
    if document.len() > LONGEST {
        return Err(fault::malformed_policy("Policies must not exceed the maximum size of 20480 bytes"));
    }
    if !document.trim_start().starts_with('{') {
        return Err(fault::malformed_policy("Policies must be valid JSON and the first byte must be '{'"));
    }
    let parsed = Document::parse_as(document, DocumentKind::Resource)
        .map_err(|error| fault::malformed_policy(error.to_string()))?;
    for statement in parsed.statements() {
        if statement.resources().any(|resource| !names(resource, bucket)) {
            return Err(fault::malformed_policy("Policy has invalid resource"));
        }
        if statement.actions().any(|action| !action.to_ascii_lowercase().starts_with("s3:") && action != "*")
        {
            return Err(fault::malformed_policy("Policy has invalid action"));
        }
    }
    Ok(())
}

/// Whether a resource element names this bucket or something in it.
fn names(resource: &str, bucket: &str) -> bool {
    let mut parts = resource.splitn(6, ':');
    let arn = parts.next() == Some("arn");
    let service = parts.nth(1) == Some("s3");
    let name = parts.nth(2).and_then(|rest| rest.split('/').next());
    arn && service && name.is_some_and(|name| name == bucket)
}

/// Whether a policy allows anything to everybody without a condition ("The meaning of public").
pub(crate) fn is_public(document: &str) -> Result<bool, Fault> {
    let parsed = Document::parse(document).map_err(Fault::internal)?;
    Ok(parsed.statements().iter().any(|statement| {
        statement.effect() == Effect::Allow
            && !statement.is_conditional()
            && statement.principals().any(|(_, value)| value == "*")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(resource: &str, action: &str) -> Option<String> {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"{action}","Resource":"{resource}"}}]}}"#
        );
        check("mine", &policy).err().map(|fault| fault.message().to_owned())
    }

    #[test]
    fn a_policy_speaks_of_its_own_bucket_only() {
        assert_eq!(refused("arn:aws:s3:::mine/*", "s3:GetObject"), None);
        assert_eq!(refused("arn:aws:s3:::mine", "s3:*"), None);
        for other in ["arn:aws:s3:::minex/*", "arn:aws:s3:::*", "*", "arn:aws:s3:::other"] {
            assert_eq!(refused(other, "s3:*").as_deref(), Some("Policy has invalid resource"), "{other}");
        }
        assert_eq!(refused("arn:aws:s3:::mine", "glue:*").as_deref(), Some("Policy has invalid action"));
        assert_eq!(check("mine", "[]").unwrap_err().code(), "MalformedPolicy");
        assert_eq!(check("mine", "{}").unwrap_err().code(), "MalformedPolicy");
    }
}
