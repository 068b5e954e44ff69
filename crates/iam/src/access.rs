//! What each operation of IAM and STS asks of its caller.
//!
//! Requests name users, groups and roles without their paths, which an access requirement cannot
//! look up: it names the resource as if its path were `/`, and the authorizer puts the path in,
//! names being unique within an account. Where the path is known, as of things that are to be made, the
//! need names the owner too, and the ARN stays as it is.

use mastic_api_iam::iam::types::Tag;
use mastic_api_iam::sts::types as sts;
use mastic_core::{AccountId, Fault};
use mastic_kernel::{Access, Call, Identity, Need};
use mastic_shape::Op;

use crate::faults::{denied, validation};
use crate::names;

fn account(call: &Call) -> Result<&AccountId, Fault> {
    call.caller.account.as_ref().ok_or_else(|| denied("Access Denied"))
}

fn need<O: Op>(resource: impl Into<String>) -> Need {
    Need::new(O::operation().action, resource)
}

fn one(need: Need) -> Result<Access, Fault> {
    Ok(Access::All(vec![need]))
}

/// The operation on a user, group or role that exists, or is thought to.
pub(crate) fn on<O: Op>(call: &Call, kind: &str, name: &str) -> Result<Access, Fault> {
    one(need::<O>(names::arn(account(call)?, kind, "/", name).as_str()))
}

/// The same for attaching and detaching: policies may speak of the policy attached.
pub(crate) fn attaching<O: Op>(call: &Call, kind: &str, name: &str, policy: &str) -> Result<Access, Fault> {
    let resource = names::arn(account(call)?, kind, "/", name);
    one(need::<O>(resource.as_str()).with("iam:PolicyARN", [policy]))
}

/// The same for setting a boundary.
pub(crate) fn bounding<O: Op>(call: &Call, kind: &str, name: &str, boundary: &str) -> Result<Access, Fault> {
    let resource = names::arn(account(call)?, kind, "/", name);
    one(need::<O>(resource.as_str()).with("iam:PermissionsBoundary", [boundary]))
}

/// The same for tagging and untagging.
pub(crate) fn tagging<O: Op>(call: &Call, kind: &str, name: &str, tags: &[Tag]) -> Result<Access, Fault> {
    one(tagged(need::<O>(names::arn(account(call)?, kind, "/", name).as_str()), tags))
}

/// As [`tagging`], with the keys alone.
pub(crate) fn untagging<O: Op>(
    call: &Call,
    kind: &str,
    name: &str,
    keys: &[String],
) -> Result<Access, Fault> {
    one(need::<O>(names::arn(account(call)?, kind, "/", name).as_str()).with("aws:TagKeys", keys.to_vec()))
}

/// The operation on something that is to be made.
pub(crate) fn creating<O: Op>(
    call: &Call,
    kind: &str,
    (path, name): (Option<&String>, &str),
    tags: Option<&Vec<Tag>>,
    boundary: Option<&String>,
) -> Result<Access, Fault> {
    let owner = account(call)?;
    let resource = names::arn(owner, kind, path.map_or("/", String::as_str), name);
    let need = need::<O>(resource.as_str()).owned_by(owner.clone());
    let mut need = tagged(need, tags.map(Vec::as_slice).unwrap_or_default());
    if let Some(boundary) = boundary {
        need = need.with("iam:PermissionsBoundary", [boundary]);
    }
    one(need)
}

/// A listing of all things of a kind under a path.
pub(crate) fn listing<O: Op>(call: &Call, kind: &str, path: Option<&String>) -> Result<Access, Fault> {
    one(need::<O>(names::arn(account(call)?, kind, path.map_or("/", String::as_str), "").as_str()))
}

/// The operation on a user who, where the request names none, is the caller.
pub(crate) fn on_user<O: Op>(call: &Call, name: Option<&String>) -> Result<Access, Fault> {
    match (name, &call.caller.identity) {
        (Some(name), _) => on::<O>(call, "user", name),
        (None, Identity::User { arn, .. }) => one(need::<O>(arn.as_str())),
        (None, Identity::Root) => one(need::<O>(format!("arn:aws:iam::{}:root", account(call)?))),
        (None, _) => Err(validation("Must specify userName when calling with non-User credentials")),
    }
}

/// The operation on a managed policy.
pub(crate) fn on_policy<O: Op>(_: &Call, arn: &str) -> Result<Access, Fault> {
    one(need::<O>(arn))
}

/// As [`tagging`], of a managed policy.
pub(crate) fn tagging_policy<O: Op>(_: &Call, arn: &str, tags: &[Tag]) -> Result<Access, Fault> {
    one(tagged(need::<O>(arn), tags))
}

/// As [`untagging`], of a managed policy.
pub(crate) fn untagging_policy<O: Op>(_: &Call, arn: &str, keys: &[String]) -> Result<Access, Fault> {
    one(need::<O>(arn).with("aws:TagKeys", keys.to_vec()))
}

/// `sts:GetFederationToken`, and `sts:TagSession` where it passes tags.
pub(crate) fn get_federation_token(
    call: &Call,
    input: &sts::GetFederationTokenRequest,
) -> Result<Access, Fault> {
    let resource = names::federated_arn(account(call)?, &input.name);
    let base = |action: &str| {
        let mut need = Need::new(action, resource.as_str());
        for tag in input.tags.iter().flatten() {
            need = need.with(format!("aws:RequestTag/{}", tag.key), [&tag.value]);
        }
        match &input.tags {
            Some(tags) => need.with("aws:TagKeys", tags.iter().map(|tag| tag.key.as_str())),
            None => need,
        }
    };
    let mut needs = vec![base("sts:GetFederationToken")];
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        needs.push(base("sts:TagSession"));
    }
    Ok(Access::All(needs))
}

/// An action that knows no resource.
pub(crate) fn everywhere<O: Op>() -> Result<Access, Fault> {
    one(need::<O>("*"))
}

fn tagged(mut need: Need, tags: &[Tag]) -> Need {
    for tag in tags {
        need = need.with(format!("aws:RequestTag/{}", tag.key), [&tag.value]);
    }
    if tags.is_empty() { need } else { need.with("aws:TagKeys", tags.iter().map(|tag| tag.key.as_str())) }
}
