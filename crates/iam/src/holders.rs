//! Roles as resources with a policy, for the Access Analyzer.

use mastic_core::{AccountId, Fault};
use mastic_kernel::ports::{HeldPolicy, PolicyHolders};

use crate::Iam;
use crate::records::ROLES;

impl PolicyHolders for Iam {
    fn held(&self, account: &AccountId) -> Result<Vec<HeldPolicy>, Fault> {
        self.background.read(|tx| {
            let mut held = Vec::new();
            for row in ROLES.scan_prefix(tx, (account,)) {
                let (_, role) = row?;
                held.push(HeldPolicy {
                    arn: role.base.arn(account, "role").to_string(),
                    resource_type: "AWS::IAM::Role",
                    region: None,
                    document: Some(role.trust),
                });
            }
            Ok(held)
        })
    }
}
