//! Conditions that bound who may use what a statement grants to anyone.

use super::atoms::Atom;
use super::language::Glob;
use super::region::Region;
use super::test::Test;

/// Who or where a caller must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// In, or on behalf of, one of these accounts.
    Accounts(Vec<String>),
    /// In, or on behalf of, one of these organizations.
    Organizations(Vec<String>),
    /// Something else that not everybody in the world can have: an address, a network, a user id.
    Other,
}

/// Keys whose value is an account.
const ACCOUNTS: &[&str] = &[
    "aws:principalaccount",
    "aws:sourceaccount",
    "aws:sourceowner",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
];

/// Keys whose value is an ARN.
const ARNS: &[&str] = &["aws:principalarn", "aws:sourcearn", "s3:dataaccesspointarn"];

/// Keys whose value is, or begins with, the id of an organization.
const ORGANIZATIONS: &[&str] =
    &["aws:principalorgid", "aws:sourceorgid", "aws:principalorgpaths", "aws:sourceorgpaths"];

/// Other keys that a stranger cannot have the value of.
const OTHERS: &[&str] = &[
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "lambda:eventsourcetoken",
    "cognito-identity.amazonaws.com:aud",
];

/// What bounds all requests of a region.
pub(super) fn bounds(region: &Region) -> Vec<Bound> {
    let mut bounds: Vec<Bound> = Vec::new();
    for literal in region.conditions.iter().filter(|literal| literal.holds) {
        let bound = match &literal.atom {
            Atom::Any { key, test } => of(key, test),
            Atom::Set { key, all: false, negated: false, if_exists: false, test } => of(key, test),
            _ => None,
        };
        bounds.extend(bound);
    }
    bounds.sort();
    bounds.dedup();
    bounds
}

fn of(key: &str, test: &Test) -> Option<Bound> {
    if key == "aws:sourceip" || key == "aws:vpcsourceip" {
        return narrow(test).then_some(Bound::Other);
    }
    let (Test::Text { globs, .. } | Test::Arn(globs)) = test else { return None };
    if ACCOUNTS.contains(&key) {
        return all(globs, |glob| glob.is_fixed().then(|| glob.head())).map(Bound::Accounts);
    }
    if ARNS.contains(&key) {
        return match all(globs, account) {
            Some(accounts) => Some(Bound::Accounts(accounts)),
            None => globs.iter().all(Glob::is_fixed).then_some(Bound::Other),
        };
    }
    if ORGANIZATIONS.contains(&key) {
        return all(globs, organization).map(Bound::Organizations);
    }
    let user = |glob: &Glob| key == "aws:userid" && glob.head().contains(':');
    (OTHERS.contains(&key) && globs.iter().all(|glob| glob.is_fixed() || user(glob))).then_some(Bound::Other)
}

fn all(globs: &[Glob], read: impl Fn(&Glob) -> Option<String>) -> Option<Vec<String>> {
    let mut values: Vec<String> = globs.iter().map(read).collect::<Option<_>>()?;
    values.sort();
    values.dedup();
    Some(values)
}

/// The account of an ARN whose beginning, the account included, is fixed.
fn account(glob: &Glob) -> Option<String> {
    let parts = glob.arn_parts();
    let account = parts.get(4).filter(|part| part.is_fixed())?.head();
    (parts.len() == 6 && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
        .then_some(account)
}

fn organization(glob: &Glob) -> Option<String> {
    let head = glob.head();
    let whole = glob.is_fixed() || head.contains('/');
    let id = head.split('/').next().unwrap_or_default();
    (whole && id.starts_with("o-")).then(|| id.to_owned())
}

/// Whether the ranges are narrow enough not to be the whole world: `/8` for IPv4, `/32` for IPv6 at the widest.
fn narrow(test: &Test) -> bool {
    let Test::Address(networks) = test else { return false };
    networks.iter().all(|network| {
        let (prefix, v4) = network.width();
        prefix >= if v4 { 8 } else { 32 }
    })
}
