//! What the organizations of caller and resource have to say, parsed and kept until one changes.

use std::sync::Arc;

use mastic_core::{AccountId, Fault};
use mastic_kernel::ports::{ControlLevel, OrganizationPlace};
use mastic_policy::{Attached, Context, Label, PolicyKind};

use crate::Iam;

/// Where an account stands in its organization.
#[derive(Debug)]
pub(crate) struct Place {
    organization: String,
    path: String,
    pub(crate) service_control: Levels,
    pub(crate) resource_control: Levels,
}

/// Policies from the organization's root down to the account.
type Levels = Vec<Vec<Attached>>;

impl Iam {
    /// Where the account stands; `None` if it is in no organization.
    pub(crate) fn place(&self, account: &AccountId) -> Result<Option<Arc<Place>>, Fault> {
        let Some(organizations) = self.background.kernel().organizations() else { return Ok(None) };
        self.places.get(organizations.generation(), account.as_str(), || {
            organizations.place(account)?.map(|place| self.parsed(place).map(Arc::new)).transpose()
        })
    }

    fn parsed(&self, place: OrganizationPlace) -> Result<Place, Fault> {
        Ok(Place {
            service_control: self.levels(&place.management, place.service_control)?,
            resource_control: self.levels(&place.management, place.resource_control)?,
            organization: place.organization,
            path: place.path,
        })
    }

    fn levels(&self, management: &AccountId, levels: Vec<ControlLevel>) -> Result<Levels, Fault> {
        let mut parsed = Levels::with_capacity(levels.len());
        for level in levels {
            let mut here = Vec::with_capacity(level.policies.len());
            for policy in level.policies {
                let document = self.documents.parse(&policy.document).map_err(Fault::internal)?;
                let label = Label {
                    account: Some(management.clone()),
                    kind: PolicyKind::Organization,
                    name: policy.name,
                    arn: Some(policy.arn),
                    attached_to: level.target.clone(),
                };
                here.push(Attached { label: Arc::new(label), document });
            }
            parsed.push(here);
        }
        Ok(parsed)
    }
}

impl Place {
    /// Sets `aws:PrincipalOrgID` and `aws:PrincipalOrgPaths`, or the same of `Resource` or `Source`.
    pub(crate) fn describe(&self, whose: &str, context: &mut Context) {
        context
            .set(&format!("aws:{whose}OrgID"), self.organization.as_str())
            .set_all(&format!("aws:{whose}OrgPaths"), [self.path.as_str()]);
    }
}
