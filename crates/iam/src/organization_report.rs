//! Which services the accounts below an organization's root, unit or account may use, and when one of them last
//! did ("View last accessed information for Organizations").

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::ports::{ControlPolicy, OrganizationPlace};
use mastic_kernel::{Access, Call, Ctx, Need, Registry};
use mastic_policy::{Attached, Document, Label, PolicyKind};
use mastic_store::{Keyspace, ReadTx, Record};
use serde::{Deserialize, Serialize};

use crate::faults::{denied, invalid_input, no_such};
use crate::last_accessed::KEPT;
use crate::page::{Listed, Page};
use crate::records::{LastUsed, ROLES, USERS};
use crate::{Iam, access, accounts, names, services};

/// A report as it was when it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Report {
    created: Timestamp,
    services: Vec<Service>,
}

impl Record for Report {
    const VERSION: u16 = 1;
}

/// What came of the access to one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Service {
    namespace: String,
    last: Option<LastUsed>,
    /// The path of the account whose use was the last.
    path: Option<String>,
    /// How many accounts made use of it.
    accounts: i32,
}

/// Account and job.
const REPORTS: Keyspace<(AccountId, String), Report> = Keyspace::new("iam.organization_report");

/// Serves the operations.
pub(crate) fn register(iam: &Arc<Iam>, registry: &mut Registry) {
    let iam = Arc::clone(iam);
    registry.on::<op::GenerateOrganizationsAccessReport, _, _>(generating, move |ctx, i| {
        let iam = Arc::clone(&iam);
        async move { generate(&iam, ctx, i).await }
    });
    registry.on::<op::GetOrganizationsAccessReport, _, _>(
        |_, _| access::everywhere::<op::GetOrganizationsAccessReport>(),
        get,
    );
}

fn generating(call: &Call, input: &t::GenerateOrganizationsAccessReportRequest) -> Result<Access, Fault> {
    let account = call.caller.account.as_ref().ok_or_else(|| denied("Access Denied"))?;
    let report = names::arn(account, "access-report", "/", &input.entity_path);
    let mut need = Need::new("iam:GenerateOrganizationsAccessReport", report.as_str());
    if let Some(policy) = &input.organizations_policy_id {
        need = need.with("iam:OrganizationsPolicyId", [policy]);
    }
    Ok(Access::All(vec![need]))
}

async fn generate(
    iam: &Iam,
    ctx: Ctx,
    input: t::GenerateOrganizationsAccessReportRequest,
) -> Result<t::GenerateOrganizationsAccessReportResponse, Fault> {
    let account = ctx.account()?.clone();
    let wanted = input.entity_path.trim_end_matches('/').to_owned();
    let below = accounts_below(&ctx, &account, &wanted)?;
    if below.is_empty() {
        return Err(invalid_input(format!(
            "There is no account of an organization that {account} manages at or below {wanted}."
        )));
    }
    let granted = granted(&below, &wanted, input.organizations_policy_id.as_deref())?;
    let services = ctx.read(|tx| services_of(iam, tx, &below, granted))?;
    let report = Report { created: ctx.now(), services };
    let job = names::uuid(ctx.entropy());
    ctx.write(move |tx| {
        let oldest = report.created.minus(KEPT);
        REPORTS.clear_where(tx, REPORTS.prefix((&account,)), |old| old.created < oldest)?;
        REPORTS.put(tx, &(&account, &job), &report)?;
        Ok(t::GenerateOrganizationsAccessReportResponse { job_id: Some(job) })
    })
    .await
}

/// An account, with its own path at the end of its place's.
struct Member {
    account: AccountId,
    path: String,
    place: OrganizationPlace,
}

/// The accounts that lie at or below a path, of the organization that the caller's account manages.
fn accounts_below(ctx: &Ctx, manager: &AccountId, wanted: &str) -> Result<Vec<Member>, Fault> {
    let Some(organizations) = ctx.kernel().organizations() else { return Ok(Vec::new()) };
    let mut below = Vec::new();
    for (account, _) in ctx.read(accounts::all)? {
        let Some(place) = organizations.place(&account)? else { continue };
        let path = format!("{}{account}", place.path);
        if place.management == *manager && format!("{path}/").starts_with(&format!("{wanted}/")) {
            below.push(Member { account, path, place });
        }
    }
    Ok(below)
}

/// The services that the policies down to the path leave or, if one is named, that this one allows.
fn granted(below: &[Member], wanted: &str, policy: Option<&str>) -> Result<BTreeSet<String>, Fault> {
    if let Some(id) = policy {
        let all = below.iter().flat_map(|member| &member.place.service_control);
        let named = |policy: &&ControlPolicy| names::last(&policy.arn) == id;
        let found = all.flat_map(|level| &level.policies).find(named);
        let found = found.ok_or_else(|| {
            invalid_input(format!("The service control policy {id} is not attached at or above {wanted}."))
        })?;
        return Ok(services::granted(&parsed(std::slice::from_ref(found))?));
    }
    // The organization's id is not a level of its own.
    let depth = wanted.split('/').count().saturating_sub(1);
    let everything = services::all();
    let Some(member) = below.iter().find(|member| !member.place.service_control.is_empty()) else {
        return Ok(everything);
    };
    let mut left = everything;
    for level in member.place.service_control.iter().take(depth) {
        let here = services::granted(&parsed(&level.policies)?);
        left.retain(|service| here.contains(service));
    }
    Ok(left)
}

fn parsed(policies: &[ControlPolicy]) -> Result<Vec<Attached>, Fault> {
    let parse = |policy: &ControlPolicy| {
        let label = Label {
            account: None,
            kind: PolicyKind::Organization,
            name: policy.name.clone(),
            arn: Some(policy.arn.clone()),
            attached_to: String::new(),
        };
        Ok(Attached::new(label, Document::parse(&policy.document).map_err(Fault::internal)?))
    };
    policies.iter().map(parse).collect()
}

fn services_of(
    iam: &Iam,
    tx: &ReadTx<'_>,
    below: &[Member],
    granted: BTreeSet<String>,
) -> Result<Vec<Service>, Fault> {
    let empty = |namespace: String| Service { namespace, last: None, path: None, accounts: 0 };
    let mut services: BTreeMap<String, Service> =
        granted.into_iter().map(|namespace| (namespace.clone(), empty(namespace))).collect();
    for member in below {
        let mut seen = BTreeSet::new();
        for id in principals(tx, &member.account)? {
            for used in iam.accesses.of(tx, &id)?.into_values() {
                let Some(service) = services.get_mut(&used.service) else { continue };
                service.accounts += i32::from(seen.insert(used.service.clone()));
                if service.last.as_ref().is_none_or(|last| last.time < used.time) {
                    service.last = Some(used);
                    service.path = Some(member.path.clone());
                }
            }
        }
    }
    Ok(services.into_values().collect())
}

/// The unique ids of an account's users and roles.
fn principals(tx: &ReadTx<'_>, account: &AccountId) -> Result<Vec<String>, Fault> {
    let users = USERS.scan_prefix(tx, (account,)).map(|row| row.map(|(_, user)| user.base.id));
    let roles = ROLES.scan_prefix(tx, (account,)).map(|row| row.map(|(_, role)| role.base.id));
    Ok(users.chain(roles).collect::<Result<_, _>>()?)
}

async fn get(
    ctx: Ctx,
    input: t::GetOrganizationsAccessReportRequest,
) -> Result<t::GetOrganizationsAccessReportResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let found = ctx.read(|tx| REPORTS.get(tx, &(account, input.job_id.as_str())))?;
    let found = found.filter(|report| report.created >= ctx.now().minus(KEPT));
    let Report { created, mut services } =
        found.ok_or_else(|| no_such(format!("Job {} cannot be found.", input.job_id)))?;
    let (accessible, idle) =
        (services.len(), services.iter().filter(|service| service.last.is_none()).count());
    let time = |service: &Service| service.last.as_ref().map(|last| last.time);
    match input.sort_key.unwrap_or(t::SortKeyType::ServiceNamespaceAscending) {
        t::SortKeyType::ServiceNamespaceAscending => {}
        t::SortKeyType::ServiceNamespaceDescending => services.reverse(),
        t::SortKeyType::LastAuthenticatedTimeAscending => services.sort_by_key(time),
        t::SortKeyType::LastAuthenticatedTimeDescending => {
            services.sort_by_key(|service| std::cmp::Reverse(time(service)));
        }
    }
    let shown = services.into_iter().map(|service| t::AccessDetail {
        service_name: services::name(&service.namespace),
        service_namespace: service.namespace,
        last_authenticated_time: service.last.as_ref().map(|last| last.time),
        region: service.last.map(|last| last.region),
        entity_path: service.path,
        total_authenticated_entities: Some(service.accounts),
    });
    let Listed { items, truncated, marker } = page.take_in_order(shown)?;
    let number = |count: usize| Some(i32::try_from(count).unwrap_or(i32::MAX));
    Ok(t::GetOrganizationsAccessReportResponse {
        job_status: Some(t::JobStatusType::Completed),
        job_creation_date: created,
        job_completion_date: Some(created),
        number_of_services_accessible: number(accessible),
        number_of_services_not_accessed: number(idle),
        access_details: Some(items),
        is_truncated: truncated,
        marker,
        error_details: None,
    })
}
