//! Which services and actions users, groups, roles and policies give access to, and when that was last made use
//! of ("Refine permissions using last accessed information").

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::{Ctx, Registry};
use mastic_policy::PolicyKind;
use mastic_store::{Keyspace, ReadTx, Record};
use serde::{Deserialize, Serialize};

use crate::faults::no_such;
use crate::names::{self, split};
use crate::page::{Listed, Page};
use crate::records::LastUsed;
use crate::subjects::{Subject, Who, subject};
use crate::{Iam, access, services};

/// How long AWS keeps a report.
pub(crate) const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A report as it was when it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Report {
    arn: String,
    /// Whether actions were asked for.
    actions: bool,
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
    last: Option<Last>,
    /// How many made use of it.
    total: i32,
    actions: BTreeMap<String, Last>,
}

/// When, where and by whom something was last tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Last {
    time: Timestamp,
    region: String,
    entity: String,
}

impl Last {
    fn new(who: &Who, used: &LastUsed) -> Self {
        Self { time: used.time, region: used.region.clone(), entity: who.arn.clone() }
    }

    fn later(one: Option<Self>, other: Self) -> Self {
        match one {
            Some(one) if one.time >= other.time => one,
            _ => other,
        }
    }
}

/// Account and job.
const REPORTS: Keyspace<(AccountId, String), Report> = Keyspace::new("iam.access_report");

/// Serves the operations.
pub(crate) fn register(iam: &Arc<Iam>, registry: &mut Registry) {
    let with = Arc::clone(iam);
    registry.on::<op::GenerateServiceLastAccessedDetails, _, _>(
        |call, i| access::on_policy::<op::GenerateServiceLastAccessedDetails>(call, &i.arn),
        move |ctx, i| {
            let iam = Arc::clone(&with);
            async move { generate(&iam, ctx, i).await }
        },
    );
    registry.on::<op::GetServiceLastAccessedDetails, _, _>(
        |_, _| access::everywhere::<op::GetServiceLastAccessedDetails>(),
        get,
    );
    let with = Arc::clone(iam);
    registry.on::<op::GetServiceLastAccessedDetailsWithEntities, _, _>(
        |_, _| access::everywhere::<op::GetServiceLastAccessedDetailsWithEntities>(),
        move |ctx, i| std::future::ready(get_with_entities(&with, &ctx, i)),
    );
    let with = Arc::clone(iam);
    registry.on::<op::ListPoliciesGrantingServiceAccess, _, _>(
        |call, i| access::on_policy::<op::ListPoliciesGrantingServiceAccess>(call, &i.arn),
        move |ctx, i| std::future::ready(list_granting(&with, &ctx, &i)),
    );
}

async fn generate(
    iam: &Iam,
    ctx: Ctx,
    input: t::GenerateServiceLastAccessedDetailsRequest,
) -> Result<t::GenerateServiceLastAccessedDetailsResponse, Fault> {
    let account = ctx.account()?.clone();
    let subject = subject(iam, &ctx, &input.arn)?;
    let report = Report {
        arn: input.arn,
        actions: input.granularity == Some(t::AccessAdvisorUsageGranularityType::ActionLevel),
        created: ctx.now(),
        services: ctx.read(|tx| services_of(iam, tx, &subject))?,
    };
    let job = names::uuid(ctx.entropy());
    ctx.write(move |tx| {
        let oldest = report.created.minus(KEPT);
        REPORTS.clear_where(tx, REPORTS.prefix((&account,)), |old| old.created < oldest)?;
        REPORTS.put(tx, &(&account, &job), &report)?;
        Ok(t::GenerateServiceLastAccessedDetailsResponse { job_id: Some(job) })
    })
    .await
}

fn services_of(iam: &Iam, tx: &ReadTx<'_>, subject: &Subject) -> Result<Vec<Service>, Fault> {
    let empty = |namespace: String| Service { namespace, last: None, total: 0, actions: BTreeMap::new() };
    let mut services: BTreeMap<String, Service> = services::granted(&subject.policies)
        .into_iter()
        .map(|namespace| (namespace.clone(), empty(namespace)))
        .collect();
    for who in &subject.entities {
        let mut seen = std::collections::BTreeSet::new();
        for (action, used) in iam.accesses.of(tx, &who.id)? {
            let Some(service) = services.get_mut(&used.service) else { continue };
            let last = Last::new(who, &used);
            service.total += i32::from(seen.insert(used.service));
            service.last = Some(Last::later(service.last.take(), last.clone()));
            let name = action.split_once(':').map_or(action.as_str(), |(_, name)| name).to_owned();
            let before = service.actions.remove(&name);
            service.actions.insert(name, Last::later(before, last));
        }
    }
    Ok(services.into_values().collect())
}

fn report(ctx: &Ctx, job: &str) -> Result<Report, Fault> {
    let account = ctx.account()?;
    let found = ctx.read(|tx| REPORTS.get(tx, &(account, job)))?;
    found
        .filter(|report| report.created >= ctx.now().minus(KEPT))
        .ok_or_else(|| no_such(format!("Job {job} cannot be found.")))
}

async fn get(
    ctx: Ctx,
    input: t::GetServiceLastAccessedDetailsRequest,
) -> Result<t::GetServiceLastAccessedDetailsResponse, Fault> {
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let report = report(&ctx, &input.job_id)?;
    let with_actions = report.actions;
    let shown = report.services.into_iter().map(|service| shown(service, with_actions));
    let Listed { items, truncated, marker } = page.take_in_order(shown)?;
    Ok(t::GetServiceLastAccessedDetailsResponse {
        job_status: Some(t::JobStatusType::Completed),
        job_type: Some(if with_actions {
            t::AccessAdvisorUsageGranularityType::ActionLevel
        } else {
            t::AccessAdvisorUsageGranularityType::ServiceLevel
        }),
        job_creation_date: report.created,
        job_completion_date: report.created,
        services_last_accessed: items,
        is_truncated: truncated,
        marker,
        error: None,
    })
}

fn shown(service: Service, with_actions: bool) -> t::ServiceLastAccessed {
    let tracked = |(name, last): (String, Last)| t::TrackedActionLastAccessed {
        action_name: Some(name),
        last_accessed_entity: Some(last.entity),
        last_accessed_time: Some(last.time),
        last_accessed_region: Some(last.region),
    };
    t::ServiceLastAccessed {
        service_name: services::name(&service.namespace),
        service_namespace: service.namespace,
        last_authenticated: service.last.as_ref().map(|last| last.time),
        last_authenticated_entity: service.last.as_ref().map(|last| last.entity.clone()),
        last_authenticated_region: service.last.map(|last| last.region),
        total_authenticated_entities: Some(service.total),
        tracked_actions_last_accessed: with_actions
            .then(|| service.actions.into_iter().map(tracked).collect()),
    }
}

fn get_with_entities(
    iam: &Iam,
    ctx: &Ctx,
    input: t::GetServiceLastAccessedDetailsWithEntitiesRequest,
) -> Result<t::GetServiceLastAccessedDetailsWithEntitiesResponse, Fault> {
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let report = report(ctx, &input.job_id)?;
    let namespace = &input.service_namespace;
    if !report.services.iter().any(|service| service.namespace == *namespace) {
        let arn = &report.arn;
        return Err(no_such(format!(
            "The service {namespace} is not among those that {arn} gives access to."
        )));
    }
    let subject = subject(iam, ctx, &report.arn)?;
    let details = ctx.read(|tx| {
        let mut details = Vec::new();
        for who in subject.entities {
            let accesses = iam.accesses.of(tx, &who.id)?;
            // The report tells what was so when it was made.
            let times =
                accesses.values().filter(|used| used.service == *namespace && used.time <= report.created);
            details.push(t::EntityDetails {
                last_authenticated: times.map(|used| used.time).max(),
                entity_info: who.shown(),
            });
        }
        Ok::<_, Fault>(details)
    })?;
    let Listed { items, truncated, marker } = page.take_in_order(details)?;
    Ok(t::GetServiceLastAccessedDetailsWithEntitiesResponse {
        job_status: Some(t::JobStatusType::Completed),
        job_creation_date: report.created,
        job_completion_date: report.created,
        entity_details_list: items,
        is_truncated: truncated,
        marker,
        error: None,
    })
}

fn list_granting(
    iam: &Iam,
    ctx: &Ctx,
    input: &t::ListPoliciesGrantingServiceAccessRequest,
) -> Result<t::ListPoliciesGrantingServiceAccessResponse, Fault> {
    let page = Page::new(input.marker.as_deref(), None)?;
    let subject = subject(iam, ctx, &input.arn)?;
    let entries = input.service_namespaces.iter().map(|namespace| {
        let granting = subject.policies.iter().filter(|policy| services::grants(&policy.document, namespace));
        let shown = granting.map(|policy| {
            let label = &policy.label;
            let inline = label.kind == PolicyKind::Inline;
            let holder = label.attached_to.splitn(6, ':').nth(5).and_then(split).filter(|_| inline);
            t::PolicyGrantingServiceAccess {
                policy_name: label.name.clone(),
                policy_type: Some(if inline { t::PolicyType::Inline } else { t::PolicyType::Managed }),
                policy_arn: label.arn.clone(),
                entity_type: holder.and_then(|(kind, ..)| owner_type(kind)),
                entity_name: holder.map(|(_, _, name)| name.to_owned()),
            }
        });
        t::ListPoliciesGrantingServiceAccessEntry {
            service_namespace: Some(namespace.clone()),
            policies: Some(shown.collect()),
        }
    });
    let Listed { items, truncated, marker } = page.take_in_order(entries)?;
    Ok(t::ListPoliciesGrantingServiceAccessResponse {
        policies_granting_service_access: items,
        is_truncated: truncated,
        marker,
    })
}

/// The kind of a user, group or role.
pub(crate) fn owner_type(kind: &str) -> Option<t::PolicyOwnerEntityType> {
    match kind {
        "user" => Some(t::PolicyOwnerEntityType::User),
        "group" => Some(t::PolicyOwnerEntityType::Group),
        "role" => Some(t::PolicyOwnerEntityType::Role),
        _ => None,
    }
}
