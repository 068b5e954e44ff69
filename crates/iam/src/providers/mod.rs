//! Identity providers: who may vouch for people and programs that have no user here.

pub(crate) mod oidc;
mod register;
pub(crate) mod saml;

use std::collections::BTreeMap;

use mastic_core::{AccountId, Arn, Fault};
use mastic_store::{ReadTx, StoreError};

pub(crate) use register::register;

use crate::faults::validation;

/// The account and name of a provider's ARN.
fn named(arn: &str, kind: &str) -> Result<(AccountId, String), Fault> {
    let invalid = || validation(format!("Invalid ARN: {arn}"));
    let parsed: Arn = arn.parse().map_err(|_| invalid())?;
    let account = parsed.account_id().filter(|_| parsed.service() == "iam").ok_or_else(invalid)?;
    let name = parsed.resource().strip_prefix(kind).and_then(|rest| rest.strip_prefix('/'));
    Ok((account, name.ok_or_else(invalid)?.to_owned()))
}

/// The tags of the provider of this ARN, for conditions on `aws:ResourceTag`.
pub(crate) fn tags_of(tx: &ReadTx<'_>, arn: &Arn) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let Some(account) = arn.account_id() else { return Ok(None) };
    Ok(match arn.resource().split_once('/') {
        Some(("oidc-provider", url)) => oidc::get_at(tx, &account, url)?.map(|provider| provider.tags),
        Some(("saml-provider", name)) => saml::get_at(tx, &account, name)?.map(|provider| provider.tags),
        _ => None,
    })
}

/// How many providers the account has, of both kinds.
pub(crate) fn count(tx: &ReadTx<'_>, account: &AccountId) -> Result<u64, StoreError> {
    Ok(oidc::count(tx, account)? + saml::count(tx, account)?)
}
