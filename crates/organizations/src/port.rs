//! What the authorizer asks of organizations.

use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::ports::{
    ControlLevel, ControlPolicy, OrganizationPlace, OrganizationPolicies, ResourcePolicies, ResourcePolicy,
};
use mastic_store::ReadTx;

use crate::Organizations;
use crate::attachments;
use crate::kind::Kind;
use crate::records::{ATTACHMENTS, MEMBERS, MEMBERSHIPS, ORGANIZATIONS, POLICIES, UNITS};
use crate::tree::{AnyPolicy, Org};

impl OrganizationPolicies for Organizations {
    fn generation(&self) -> u64 {
        let spaces = [
            ORGANIZATIONS.name(),
            UNITS.name(),
            MEMBERS.name(),
            MEMBERSHIPS.name(),
            POLICIES.name(),
            ATTACHMENTS.name(),
        ];
        spaces.into_iter().map(|space| self.background.generation(space)).max().unwrap_or(0)
    }

    fn place(&self, account: &AccountId) -> Result<Option<OrganizationPlace>, Fault> {
        self.background.read(|tx| {
            let Some(org) = Org::of(tx, account)? else { return Ok(None) };
            let line = org.line(tx, account.as_str())?;
            Ok(Some(OrganizationPlace {
                organization: org.record.id.clone(),
                all_features: org.record.all_features,
                trusted: org.record.services.keys().cloned().collect(),
                path: path(&org, &line),
                service_control: levels(tx, &org, account, &line, Kind::ServiceControl)?,
                resource_control: levels(tx, &org, account, &line, Kind::ResourceControl)?,
                management: org.management,
            }))
        })
    }

    fn document(&self, arn: &str) -> Result<Option<String>, Fault> {
        let Ok(arn) = arn.parse::<Arn>() else { return Ok(None) };
        let (Some(management), Some((_, id))) = (arn.account_id(), arn.resource().rsplit_once('/')) else {
            return Ok(None);
        };
        Ok(self.background.read(|tx| POLICIES.get(tx, &(&management, id)))?.map(|policy| policy.content))
    }

    fn members(&self, account: &AccountId) -> Result<Vec<AccountId>, Fault> {
        self.background.read(|tx| members(tx, account))
    }
}

/// The accounts of the organization that one of them is in.
fn members(tx: &ReadTx<'_>, account: &AccountId) -> Result<Vec<AccountId>, Fault> {
    let Some(org) = Org::of(tx, account)? else { return Ok(Vec::new()) };
    MEMBERS.scan_prefix(tx, (&org.management,)).map(|row| Ok(row.map(|((_, member), _)| member)?)).collect()
}

/// The path of what the account lies in, without the account: so `aws:PrincipalOrgPaths` has it.
fn path(org: &Org, line: &[String]) -> String {
    let above = line.split_last().map(|(_, above)| above).unwrap_or_default();
    format!("{}/{}/", org.record.id, above.join("/"))
}

/// The policies of a kind along the line from the root to the account; the management account has none
/// ("Service control policies (SCPs)", "Resource control policies (RCPs)").
fn levels(
    tx: &ReadTx<'_>,
    org: &Org,
    account: &AccountId,
    line: &[String],
    kind: Kind,
) -> Result<Vec<ControlLevel>, Fault> {
    if *account == org.management || !org.record.enabled.contains(&kind) {
        return Ok(Vec::new());
    }
    let mut levels = Vec::with_capacity(line.len());
    for target in line {
        let mut policies = Vec::new();
        for id in attachments::at(tx, org, kind, target)? {
            // What is attached cannot be deleted; deciding without it could allow what it denies.
            let policy =
                org.policy(tx, &id)?.ok_or_else(|| Fault::internal(format!("policy {id} is missing")))?;
            policies.push(match policy {
                AnyPolicy::Aws(managed) => ControlPolicy {
                    name: managed.name.to_owned(),
                    arn: managed.arn(),
                    document: managed.content.to_owned(),
                },
                AnyPolicy::Own(policy) => {
                    let arn = org.policy_arn(kind, &id);
                    ControlPolicy { name: policy.name, arn, document: policy.content }
                }
            });
        }
        levels.push(ControlLevel { target: org.node_arn(target), policies });
    }
    Ok(levels)
}

/// The organization's own resource policy, by which it admits principals of member accounts.
impl ResourcePolicies for Organizations {
    fn policy(&self, arn: &str) -> Result<Option<ResourcePolicy>, Fault> {
        let management = arn.parse::<Arn>().ok().and_then(|arn| arn.account_id());
        let Some(management) = management else { return Ok(None) };
        self.background.read(|tx| {
            let org = Org::managed_by(tx, management)?;
            Ok(org.map(|org| ResourcePolicy {
                document: org.record.delegation.map(|policy| policy.content),
                owner: org.management,
            }))
        })
    }
}
