//! Who outside the zone of trust can use a resource, by the resource's own policy ("Findings for public and
//! cross-account access").

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use mastic_api_iam::accessanalyzer::types::{
    ExternalAccessDetails, FindingDetails, FindingSource, FindingSourceType, FindingType, ResourceType, Type,
};
use mastic_core::{AccountId, Fault};
use mastic_kernel::ports::HeldPolicy;
use mastic_kernel::{Ctx, Kernel};
use mastic_policy::Document;
use mastic_policy::compare::{Bound, Grant, granted_to};
use serde_json::Value;

/// What an analyzer found, before it is known whether it is new.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// What makes it the same finding again.
    pub(crate) identity: String,
    pub(crate) kind: FindingType,
    pub(crate) resource: String,
    pub(crate) resource_type: ResourceType,
    pub(crate) owner: String,
    pub(crate) details: Vec<FindingDetails>,
}

impl Found {
    /// Its id with one analyzer: the same for the same thing, in the form of a UUID.
    pub(crate) fn id(&self, analyzer: &str) -> String {
        let text = format!("{analyzer}\n{}", self.identity);
        let hash = hex::encode(digest::digest(&digest::SHA256, text.as_bytes()));
        let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    pub(crate) fn external(&self) -> Option<&ExternalAccessDetails> {
        self.details.iter().find_map(|details| details.external_access_details.as_ref())
    }
}

/// Whom an analyzer trusts: an account, or all of its organization.
pub(crate) struct Zone {
    kernel: Kernel,
    account: AccountId,
    organization: Option<String>,
}

impl Zone {
    pub(crate) fn of(ctx: &Ctx, kind: Type) -> Result<Self, Fault> {
        let (kernel, account) = (ctx.kernel().clone(), ctx.account()?.clone());
        let organization = match kind {
            Type::Organization => organization(&kernel, &account)?,
            _ => None,
        };
        Ok(Self { kernel, account, organization })
    }

    pub(crate) fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    /// The accounts whose resources are looked at.
    fn accounts(&self) -> Result<Vec<AccountId>, Fault> {
        match (&self.organization, self.kernel.organizations()) {
            (Some(_), Some(organizations)) => organizations.members(&self.account),
            _ => Ok(vec![self.account.clone()]),
        }
    }

    fn holds(&self, account: &str) -> Result<bool, Fault> {
        if account == self.account.as_str() {
            return Ok(true);
        }
        let (Some(own), Ok(account)) = (&self.organization, account.parse()) else { return Ok(false) };
        Ok(organization(&self.kernel, &account)?.as_ref() == Some(own))
    }

    /// Whether all whom a bound leaves are trusted.
    fn covers(&self, bound: &Bound) -> Result<bool, Fault> {
        match bound {
            Bound::Accounts(accounts) => {
                for account in accounts {
                    if !self.holds(account)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Bound::Organizations(ids) => Ok(ids.iter().all(|id| Some(id) == self.organization.as_ref())),
            Bound::Other => Ok(false),
        }
    }

    /// Whether whoever a grant is for is trusted.
    fn trusts(&self, grant: &Grant) -> Result<bool, Fault> {
        for bound in &grant.bounds {
            if self.covers(bound)? {
                return Ok(true);
            }
        }
        let (kind, value) = &grant.principal;
        match kind.as_str() {
            // A service works for whoever calls it; that is no one in particular.
            "Service" => Ok(true),
            "AWS" if value == "*" => Ok(false),
            "AWS" => match account_of(value) {
                Some(account) => self.holds(account),
                None => Ok(false),
            },
            _ => Ok(false),
        }
    }
}

fn organization(kernel: &Kernel, account: &AccountId) -> Result<Option<String>, Fault> {
    let Some(organizations) = kernel.organizations() else { return Ok(None) };
    Ok(organizations.place(account)?.map(|place| place.organization))
}

/// The account that an entry of `Principal` names, or is in.
fn account_of(principal: &str) -> Option<&str> {
    let account = principal.split(':').nth(4).unwrap_or(principal);
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}

/// Every resource that the analyzer looks at in its region.
pub(crate) fn held(ctx: &Ctx, zone: &Zone) -> Result<Vec<(AccountId, HeldPolicy)>, Fault> {
    let mut all = Vec::new();
    for account in zone.accounts()? {
        for holders in ctx.kernel().holders() {
            for held in holders.held(&account)? {
                if held.region.as_ref().is_none_or(|region| region == ctx.region()) {
                    all.push((account.clone(), held));
                }
            }
        }
    }
    all.sort_by(|(_, one), (_, other)| one.arn.cmp(&other.arn));
    Ok(all)
}

/// What there is to find about a resource.
pub(crate) fn of(zone: &Zone, owner: &AccountId, held: &HeldPolicy) -> Result<Vec<Found>, Fault> {
    let Some(text) = &held.document else { return Ok(Vec::new()) };
    let Some(resource_type) = ResourceType::parse(held.resource_type) else { return Ok(Vec::new()) };
    let document = Document::parse(text).map_err(Fault::internal)?;
    let written: Value = serde_json::from_str(text).map_err(Fault::internal)?;
    let mut all: Vec<Found> = Vec::new();
    for grant in granted_to(&document) {
        if zone.trusts(&grant)? {
            continue;
        }
        let Some(statement) = statement(&written, grant.statement) else { continue };
        let condition = conditions(statement);
        let public = grant.principal == ("AWS".to_owned(), "*".to_owned()) && grant.bounds.is_empty();
        let (kind, value) = &grant.principal;
        let identity = format!("{}\n{kind}\n{value}\n{condition:?}\n{public}", held.arn);
        let actions = actions(statement);
        if let Some(known) = all.iter_mut().find(|found| found.identity == identity) {
            let details = known.details.iter_mut().find_map(|d| d.external_access_details.as_mut());
            if let Some(own) = details.and_then(|details| details.action.as_mut()) {
                own.extend(actions);
                own.sort();
                own.dedup();
            }
            continue;
        }
        let details = ExternalAccessDetails {
            action: Some(actions),
            condition,
            is_public: Some(public),
            principal: Some(BTreeMap::from([(kind.clone(), value.clone())])),
            sources: Some(vec![FindingSource { r#type: Some(FindingSourceType::Policy), detail: None }]),
            resource_control_policy_restriction: None,
        };
        all.push(Found {
            identity,
            kind: FindingType::ExternalAccess,
            resource: held.arn.clone(),
            resource_type,
            owner: owner.to_string(),
            details: vec![FindingDetails {
                external_access_details: Some(details),
                ..FindingDetails::default()
            }],
        });
    }
    Ok(all)
}

fn statement(document: &Value, index: usize) -> Option<&Value> {
    match document.get("Statement")? {
        Value::Array(list) => list.get(index),
        one => Some(one).filter(|_| index == 0),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().flat_map(|item| texts(Some(item))).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(other) if !other.is_null() => vec![other.to_string()],
        _ => Vec::new(),
    }
}

fn actions(statement: &Value) -> Vec<String> {
    let mut actions = texts(statement.get("Action"));
    if actions.is_empty() {
        actions = vec!["*".to_owned()];
    }
    actions.sort();
    actions.dedup();
    actions
}

fn conditions(statement: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (_, keys) in statement.get("Condition").and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            all.insert(key.clone(), texts(Some(values)).join(", "));
        }
    }
    all
}
