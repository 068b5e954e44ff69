use mastic_core::{AccountId, Arn, Fault, Region};
use mastic_kernel::Call;

use crate::errors;

/// Whose catalog an operation works on: one account's in one region.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

impl Place {
    /// The catalog that `CatalogId` names, or the caller's own.
    pub(crate) fn of(call: &Call, catalog_id: Option<&str>) -> Result<Self, Fault> {
        let account = match (catalog_id, &call.caller.account) {
            (Some(id), _) => id.parse().map_err(|_| errors::catalog_missing(id))?,
            (None, Some(account)) => account.clone(),
            (None, None) => {
                return Err(Fault::sender("AccessDeniedException", "Access Denied").with_status(403));
            }
        };
        Ok(Self { account, region: call.region.clone() })
    }

    /// The ARN of a resource of this catalog, for example `database/sales`.
    pub(crate) fn arn(&self, resource: &str) -> String {
        Arn::new("glue", self.region.as_str(), self.account.as_str(), resource).to_string()
    }
}
