//! How much of IAM an account uses, and of what quotas ("GetAccountSummary").

use std::collections::BTreeMap;

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_store::ReadTx;

use super::person::Person;
use super::{certificates, logins, mfa, signing};
use crate::profiles;
use crate::providers;
use crate::records::{ACCOUNTS, GROUPS, POLICIES, ROLES, USERS};
use crate::sts::preferences;

/// What no account of Mastic can change ("IAM and AWS STS quotas").
const QUOTAS: [(&str, i32); 18] = [
    ("AccessKeysPerUserQuota", 2),
    ("AssumeRolePolicySizeQuota", 2048),
    ("AttachedPoliciesPerGroupQuota", 10),
    ("AttachedPoliciesPerRoleQuota", 10),
    ("AttachedPoliciesPerUserQuota", 10),
    ("GroupPolicySizeQuota", 5120),
    ("GroupsPerUserQuota", 10),
    ("GroupsQuota", 300),
    ("InstanceProfilesQuota", 1000),
    ("PoliciesQuota", 1500),
    ("PolicySizeQuota", 6144),
    ("PolicyVersionsInUseQuota", 10_000),
    ("RolePolicySizeQuota", 10_240),
    ("RolesQuota", 1000),
    ("SigningCertificatesPerUserQuota", 2),
    ("UserPolicySizeQuota", 2048),
    ("UsersQuota", 5000),
    ("VersionsPerPolicyQuota", 5),
];

pub(crate) async fn get(ctx: Ctx, (): ()) -> Result<t::GetAccountSummaryResponse, Fault> {
    let account = ctx.account()?;
    let counted = ctx.read(|tx| counted(tx, account))?;
    let mut map: BTreeMap<String, i32> =
        QUOTAS.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    map.insert("ServerCertificatesQuota".to_owned(), i32::try_from(certificates::MOST).unwrap_or(i32::MAX));
    for (name, count) in counted {
        map.insert(name.to_owned(), i32::try_from(count).unwrap_or(i32::MAX));
    }
    Ok(t::GetAccountSummaryResponse { summary_map: Some(map) })
}

fn counted(tx: &ReadTx<'_>, account: &AccountId) -> Result<Vec<(&'static str, u64)>, Fault> {
    let root = Person::root();
    let (devices, in_use) = mfa::counts(tx, account)?;
    let keys = ACCOUNTS.get(tx, account)?.is_some_and(|record| !record.keys.is_empty());
    let mut versions = 0;
    for row in POLICIES.scan_prefix(tx, (account,)) {
        versions += row?.1.versions.len() as u64;
    }
    Ok(vec![
        ("Users", USERS.count(tx, USERS.prefix((account,)))?),
        ("Groups", GROUPS.count(tx, GROUPS.prefix((account,)))?),
        ("Roles", ROLES.count(tx, ROLES.prefix((account,)))?),
        ("InstanceProfiles", profiles::count(tx, account)?),
        ("Policies", POLICIES.count(tx, POLICIES.prefix((account,)))?),
        ("PolicyVersionsInUse", versions),
        ("Providers", providers::count(tx, account)?),
        ("ServerCertificates", certificates::count(tx, account)?),
        ("GlobalEndpointTokenVersion", u64::from(preferences::token_version(tx, account)?)),
        ("MFADevices", devices),
        ("MFADevicesInUse", in_use),
        ("AccountMFAEnabled", u64::from(!mfa::serials(tx, account, &root)?.is_empty())),
        ("AccountAccessKeysPresent", u64::from(keys)),
        ("AccountPasswordPresent", u64::from(logins::find(tx, account, &root)?.is_some())),
        ("AccountSigningCertificatesPresent", u64::from(!signing::of(tx, account, &root)?.is_empty())),
    ])
}
