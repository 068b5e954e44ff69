use mastic_core::{AccountId, Arn, Fault, Region};
use mastic_kernel::{Call, Need};

use crate::errors;

/// Whose catalog an operation works on: one account's in one region, or a catalog that was made in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The name of a catalog within the account's; empty for the account's own, the default catalog.
    pub(crate) catalog: String,
}

impl Place {
    /// The catalog that `CatalogId` names, an account or `account:name`, or the caller's own.
    pub(crate) fn of(call: &Call, catalog_id: Option<&str>) -> Result<Self, Fault> {
        let region = call.region.clone();
        match (catalog_id, &call.caller.account) {
            (Some(id), _) => Self::named(id, region),
            (None, Some(account)) => Ok(Self { account: account.clone(), region, catalog: String::new() }),
            (None, None) => Err(Fault::sender("AccessDeniedException", "Access Denied").with_status(403)),
        }
    }

    /// The catalog of an id, an account or `account:name`.
    pub(crate) fn named(id: &str, region: Region) -> Result<Self, Fault> {
        let (account, catalog) = match id.split_once(':') {
            Some((account, catalog)) if !catalog.is_empty() => (account, catalog),
            _ => (id, ""),
        };
        let account = account.parse().map_err(|_| errors::catalog_missing(id))?;
        Ok(Self { account, region, catalog: catalog.to_owned() })
    }

    /// The account's default catalog, for what other catalogs do not have.
    pub(crate) fn of_account(call: &Call, catalog_id: Option<&str>) -> Result<Self, Fault> {
        let place = Self::of(call, catalog_id)?;
        if place.catalog.is_empty() { Ok(place) } else { Err(errors::catalog_missing(&place.id())) }
    }

    /// The catalog's id, as `CatalogId` names it.
    pub(crate) fn id(&self) -> String {
        if self.catalog.is_empty() {
            self.account.to_string()
        } else {
            format!("{}:{}", self.account, self.catalog)
        }
    }

    /// The account's default catalog, in which this one is.
    pub(crate) fn root(&self) -> Self {
        Self { catalog: String::new(), ..self.clone() }
    }

    /// The ARN of a resource of this catalog, for example `database/sales`, or of itself: `catalog`.
    pub(crate) fn arn(&self, resource: &str) -> String {
        self.arn_of(resource).to_string()
    }

    /// The same as [`Place::arn`], as an ARN.
    pub(crate) fn arn_of(&self, resource: &str) -> Arn {
        let resource = match (self.catalog.as_str(), resource.split_once('/')) {
            ("", _) => resource.to_owned(),
            (catalog, Some((kind, path))) => format!("{kind}/{catalog}/{path}"),
            (catalog, None) => format!("{resource}/{catalog}"),
        };
        Arn::new("glue", self.region.as_str(), self.account.as_str(), &resource)
    }

    /// What an action on this catalog needs: it on the default catalog, and on this one if it is another.
    pub(crate) fn needs(&self, action: &str) -> Vec<Need> {
        let mut needs = vec![Need::new(action, self.root().arn("catalog"))];
        if !self.catalog.is_empty() {
            needs.push(Need::new(action, self.arn("catalog")));
        }
        needs
    }
}
