//! The documents that patches belong into, for those who may read them.

use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::{Authorizer, Call, Need};
use mastic_policy::{Barrier, Change, Decision, Layer, Patch, Remedy};

use crate::names::find_arn;
use crate::records::Role;
use crate::{Iam, policies};

impl Iam {
    /// What would allow all that these decisions refused, as far as `asker` may know it.
    pub(crate) fn remedy<'a>(
        &self,
        asker: &Call,
        decisions: impl IntoIterator<Item = &'a Decision>,
    ) -> Result<(Vec<Change>, Vec<Barrier>), Fault> {
        let remedy = Remedy::of(decisions);
        let steps = remedy.patches.into_iter().map(|patch| {
            let existing = self.patched(asker, &patch)?;
            Ok(Change::new(patch, existing.as_deref()))
        });
        Ok((steps.collect::<Result<_, Fault>>()?, remedy.barriers))
    }

    /// The document as it is today, if the caller may read it.
    pub(crate) fn present_document(&self, call: &Call, patch: &Patch) -> Result<Option<String>, Fault> {
        let Some(label) = &patch.policy else { return Ok(None) };
        let may = |action: &str, resource: &str, owner: Option<&AccountId>| {
            let need = Need { owner: owner.cloned(), ..Need::new(action, resource) };
            // Credentials that may not call IAM at all may not read it either.
            self.settle(call, &need).is_ok_and(|verdict| verdict.allowed)
        };
        let account = patch.account.as_ref();
        match (patch.layer, &label.arn) {
            (Layer::Trust, _) if may("iam:GetRole", &patch.attached_to, None) => {
                let Ok(arn) = patch.attached_to.parse::<Arn>() else { return Ok(None) };
                Ok(self.background.read(|tx| find_arn::<Role>(tx, &arn))?.map(|role| role.trust))
            }
            (Layer::Boundary, Some(arn)) if may("iam:GetPolicyVersion", arn, None) => {
                let Some(account) = account else { return Ok(None) };
                let policy = self.background.read(|tx| policies::find(tx, account, arn))?;
                Ok(policy.map(|policy| policy.document().to_owned()))
            }
            (Layer::Resource, _) => {
                let (service, action) = match patch.attached_to.split(':').nth(2) {
                    Some("glue") => ("glue", "glue:GetResourcePolicy"),
                    _ => ("s3", "s3:GetBucketPolicy"),
                };
                if !may(action, &patch.attached_to, account) {
                    return Ok(None);
                }
                let Some(policies) = self.background.kernel().policies(service) else { return Ok(None) };
                Ok(policies.policy(&patch.attached_to)?.and_then(|policy| policy.document))
            }
            (Layer::ServiceControl | Layer::ResourceControl, Some(arn))
                if may("organizations:DescribePolicy", arn, None) =>
            {
                let organizations = self.background.kernel().organizations();
                organizations.map_or(Ok(None), |organizations| organizations.document(arn))
            }
            _ => Ok(None),
        }
    }
}
