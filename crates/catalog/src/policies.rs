//! The catalog's resource policy: who else may use it ("Granting cross-account access" and "Resource-based
//! policies" in the AWS Glue Developer Guide). An account has one in each region.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mastic_api_glue::glue::types::{
    DeleteResourcePolicyRequest, DeleteResourcePolicyResponse, ExistCondition, GetResourcePoliciesRequest,
    GetResourcePoliciesResponse, GetResourcePolicyRequest, GetResourcePolicyResponse, GluePolicy,
    PutResourcePolicyRequest, PutResourcePolicyResponse,
};
use mastic_core::{AccountId, Arn, Fault, Region, Timestamp};
use mastic_kernel::ports::{ResourcePolicies, ResourcePolicy};
use mastic_kernel::{Access, Background, Call, Ctx, Identity, Need};
use mastic_policy::{
    Attached, Context, Document, DocumentKind, Label, Outcome, PolicyKind, PolicySet, Principal, Request,
    allows,
};
use mastic_store::{Keyspace, Record};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::errors;
use crate::place::Place;

/// Account and region. Not staged: a job run that changes it changes it at once.
const POLICIES: Keyspace<(AccountId, Region), PolicyRecord> = Keyspace::new("glue.resource_policy");

/// The longest policy, in bytes ("AWS Glue resource policy size" in "AWS Glue endpoints and quotas").
const LONGEST: usize = 10 * 1024;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PolicyRecord {
    text: String,
    hash: String,
    created: Timestamp,
    updated: Timestamp,
}

impl Record for PolicyRecord {
    const VERSION: u16 = 1;
}

/// The policy is the catalog's.
fn on_catalog(call: &Call, action: &str) -> Result<Access, Fault> {
    Ok(Access::All(vec![Need::new(action, Place::of(call, None)?.arn("catalog"))]))
}

pub(crate) fn may_put(call: &Call, _: &PutResourcePolicyRequest) -> Result<Access, Fault> {
    on_catalog(call, "glue:PutResourcePolicy")
}

pub(crate) fn may_get(call: &Call, _: &GetResourcePolicyRequest) -> Result<Access, Fault> {
    on_catalog(call, "glue:GetResourcePolicy")
}

pub(crate) fn may_list(call: &Call, _: &GetResourcePoliciesRequest) -> Result<Access, Fault> {
    on_catalog(call, "glue:GetResourcePolicies")
}

pub(crate) fn may_delete(call: &Call, _: &DeleteResourcePolicyRequest) -> Result<Access, Fault> {
    on_catalog(call, "glue:DeleteResourcePolicy")
}

pub(crate) async fn put(
    ctx: Ctx,
    input: PutResourcePolicyRequest,
) -> Result<PutResourcePolicyResponse, Fault> {
    whole_catalog(input.resource_arn.as_deref())?;
    let place = Place::of(ctx.call(), None)?;
    let document = check(&place, &input.policy_in_json)?;
    keeps_its_author(ctx.call(), &place, document)?;
    let now = ctx.now();
    ctx.write(move |tx| {
        let key = (place.account, place.region);
        let before = POLICIES.get(tx, &key)?;
        match (&input.policy_exists_condition, &before) {
            (Some(ExistCondition::MustExist), None) => return Err(unmet("There is no resource policy.")),
            (Some(ExistCondition::NotExist), Some(_)) => {
                return Err(unmet("There is a resource policy already."));
            }
            _ => {}
        }
        same_hash(input.policy_hash_condition.as_deref(), before.as_ref())?;
        let hash = hash(&input.policy_in_json);
        let created = before.map_or(now, |before| before.created);
        let text = input.policy_in_json;
        POLICIES.put(tx, &key, &PolicyRecord { text, hash: hash.clone(), created, updated: now })?;
        Ok(PutResourcePolicyResponse { policy_hash: Some(hash) })
    })
    .await
}

pub(crate) async fn get(
    ctx: Ctx,
    input: GetResourcePolicyRequest,
) -> Result<GetResourcePolicyResponse, Fault> {
    whole_catalog(input.resource_arn.as_deref())?;
    let place = Place::of(ctx.call(), None)?;
    let found = ctx.read(|tx| Ok::<_, Fault>(POLICIES.get(tx, &(place.account, place.region))?))?;
    let found = found.ok_or_else(missing)?;
    Ok(GetResourcePolicyResponse {
        policy_in_json: Some(found.text),
        policy_hash: Some(found.hash),
        create_time: Some(found.created),
        update_time: Some(found.updated),
    })
}

/// The catalog's is the only policy there can be, so there is one page.
pub(crate) async fn list(
    ctx: Ctx,
    input: GetResourcePoliciesRequest,
) -> Result<GetResourcePoliciesResponse, Fault> {
    if input.next_token.is_some() {
        return Err(errors::invalid("The NextToken is not valid."));
    }
    let place = Place::of(ctx.call(), None)?;
    let found = ctx.read(|tx| Ok::<_, Fault>(POLICIES.get(tx, &(place.account, place.region))?))?;
    let listed = found.map(|found| GluePolicy {
        policy_in_json: Some(found.text),
        policy_hash: Some(found.hash),
        create_time: Some(found.created),
        update_time: Some(found.updated),
    });
    Ok(GetResourcePoliciesResponse {
        get_resource_policies_response_list: Some(listed.into_iter().collect()),
        next_token: None,
    })
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeleteResourcePolicyRequest,
) -> Result<DeleteResourcePolicyResponse, Fault> {
    whole_catalog(input.resource_arn.as_deref())?;
    let place = Place::of(ctx.call(), None)?;
    ctx.write(move |tx| {
        let key = (place.account, place.region);
        let before = POLICIES.get(tx, &key)?;
        if before.is_none() {
            return Err(missing());
        }
        same_hash(input.policy_hash_condition.as_deref(), before.as_ref())?;
        POLICIES.delete(tx, &key)?;
        Ok(DeleteResourcePolicyResponse {})
    })
    .await
}

fn missing() -> Fault {
    Fault::sender("EntityNotFoundException", "Policy not found")
}

fn unmet(text: &str) -> Fault {
    Fault::sender("ConditionCheckFailureException", text)
}

/// AWS has no policies of single resources, whatever the member's name promises.
fn whole_catalog(arn: Option<&str>) -> Result<(), Fault> {
    match arn {
        Some(_) => Err(errors::invalid("Glue resource level policy is not currently supported")),
        None => Ok(()),
    }
}

fn same_hash(wanted: Option<&str>, before: Option<&PolicyRecord>) -> Result<(), Fault> {
    match wanted {
        Some(wanted) if before.is_none_or(|before| before.hash != wanted) => {
            Err(unmet("The PolicyHashCondition is not that of the present policy."))
        }
        _ => Ok(()),
    }
}

/// What tells one text from another; its form is nobody's business but that of who compares.
fn hash(text: &str) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// Checks a policy before the catalog gets it: it speaks of this catalog and its actions only.
fn check(place: &Place, text: &str) -> Result<Document, Fault> {
    if text.len() > LONGEST {
        return Err(errors::invalid(format!("The policy is longer than {LONGEST} bytes.")));
    }
    let document = Document::parse_as(text, DocumentKind::Resource)
        .map_err(|error| errors::invalid(format!("Policy is not valid: {error}")))?;
    let catalog = place.arn("");
    for statement in document.statements() {
        if let Some(action) = statement.actions().find(|action| !action.to_lowercase().starts_with("glue:")) {
            return Err(errors::invalid(format!("Policy has an action that is not Glue's: {action}")));
        }
        let foreign = |resource: &&str| !resource.strip_prefix(&catalog).is_some_and(names_resources);
        if let Some(resource) = statement.resources().find(foreign) {
            return Err(errors::invalid(format!(
                "Policy has a resource that is not of this catalog ({catalog}*): {resource}"
            )));
        }
    }
    Ok(document)
}

/// What follows the account in a resource's ARN: `*`, or a kind and a path.
fn names_resources(rest: &str) -> bool {
    let kind = rest.split('/').next().unwrap_or_default();
    !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'*')
}

/// Refuses a policy after which its author could not change it any more.
fn keeps_its_author(call: &Call, place: &Place, document: Document) -> Result<(), Fault> {
    let principal = match &call.caller.identity {
        Identity::Root => Principal::Root { account: place.account.clone() },
        Identity::User { arn, .. } => Principal::User { arn: arn.clone() },
        Identity::Session(session) => {
            Principal::Session { role: session.role_arn.clone(), session: session.session_arn.clone() }
        }
        _ => return Ok(()),
    };
    let resource = place.arn("catalog");
    let label = Label {
        account: Some(place.account.clone()),
        kind: PolicyKind::Resource,
        name: resource.clone(),
        arn: None,
        attached_to: resource.clone(),
    };
    let set = PolicySet { resource: Some(Attached::new(label, document)), ..PolicySet::default() };
    let context = Context::of(&principal);
    let locked_out = |action: &&str| {
        allows(&Request::new(&principal, action, &resource, &context), &set) == Outcome::ExplicitDeny
    };
    match ["glue:PutResourcePolicy", "glue:DeleteResourcePolicy"].iter().find(|action| locked_out(action)) {
        Some(action) => Err(errors::invalid(format!("The policy would deny {action} to its own author."))),
        None => Ok(()),
    }
}

type Known = (u64, HashMap<(AccountId, Region), Option<String>>);

/// The policies as the authorizer asks for them: kept in memory until one changes.
pub struct CatalogPolicies {
    background: Background,
    known: RwLock<Known>,
}

impl CatalogPolicies {
    /// The policies of every catalog of the store.
    #[must_use]
    pub fn new(background: Background) -> Arc<Self> {
        Arc::new(Self { background, known: RwLock::default() })
    }

    fn document(&self, key: (AccountId, Region)) -> Result<Option<String>, Fault> {
        // Read before the store is: what is found may be newer than the mark, never older.
        let generation = self.background.generation(POLICIES.name());
        {
            let known = self.known.read();
            if known.0 == generation
                && let Some(document) = known.1.get(&key)
            {
                return Ok(document.clone());
            }
        }
        let found = self.background.read(|tx| Ok::<_, Fault>(POLICIES.get(tx, &key)?))?;
        let document = found.map(|found| found.text);
        let mut known = self.known.write();
        if known.0 < generation {
            *known = (generation, HashMap::new());
        }
        if known.0 == generation {
            known.1.insert(key, document.clone());
        }
        Ok(document)
    }
}

impl ResourcePolicies for CatalogPolicies {
    fn policy(&self, arn: &str) -> Result<Option<ResourcePolicy>, Fault> {
        let Ok(arn) = arn.parse::<Arn>() else { return Ok(None) };
        let (Some(owner), Ok(region)) = (arn.account_id(), arn.region().parse()) else { return Ok(None) };
        let document = match arn.resource().split('/').next() {
            Some("catalog" | "database" | "table" | "userDefinedFunction" | "connection") => {
                self.document((owner.clone(), region))?
            }
            _ => None,
        };
        Ok(Some(ResourcePolicy { owner, document }))
    }
}
