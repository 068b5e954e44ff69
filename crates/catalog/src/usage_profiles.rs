//! Usage profiles: which values an administrator allows for jobs and sessions ("Setting up AWS Glue usage
//! profiles" in the AWS Glue Developer Guide).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    ConfigurationObject, CreateUsageProfileRequest, CreateUsageProfileResponse, DeleteUsageProfileRequest,
    DeleteUsageProfileResponse, GetUsageProfileRequest, GetUsageProfileResponse, ListUsageProfilesRequest,
    ListUsageProfilesResponse, ProfileConfiguration, UpdateUsageProfileRequest, UpdateUsageProfileResponse,
    UsageProfileDefinition,
};
use mastic_core::{AccountId, Fault, Region, Timestamp};
use mastic_kernel::ports::{Limit, UsageProfiles};
use mastic_kernel::{Access, Call, Ctx, Need, tags};
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

use crate::access::with_request_tags;
use crate::place::Place;
use crate::{errors, paging};

/// Account, region, name.
const PROFILES: Keyspace<(AccountId, Region, String), ProfileRecord> = Keyspace::new("glue.usage-profile");

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ProfileRecord {
    created: Timestamp,
    modified: Timestamp,
    description: Option<String>,
    configuration: ProfileConfiguration,
}

impl Record for ProfileRecord {
    const VERSION: u16 = 1;
}

/// Parameters that are numbers, with a default and a range.
const NUMBERS: [&str; 3] = ["numberOfWorkers", "timeout", "idleTimeout"];

/// Parameters that are texts, with a default and a choice.
const TEXTS: [&str; 1] = ["workerType"];

impl UsageProfiles for crate::Catalog {
    fn of_jobs(&self, ctx: &Ctx, name: &str) -> Result<Option<BTreeMap<String, Limit>>, Fault> {
        Ok(found(ctx, name)?.map(|configuration| limits(configuration.job_configuration)))
    }

    fn of_sessions(&self, ctx: &Ctx, name: &str) -> Result<Option<BTreeMap<String, Limit>>, Fault> {
        Ok(found(ctx, name)?.map(|configuration| limits(configuration.session_configuration)))
    }
}

fn found(ctx: &Ctx, name: &str) -> Result<Option<ProfileConfiguration>, Fault> {
    let place = Place::of(ctx.call(), None)?;
    let record = ctx.read(|tx| PROFILES.get(tx, &(&place.account, &place.region, name)))?;
    Ok(record.map(|record| record.configuration))
}

fn limits(parameters: Option<BTreeMap<String, ConfigurationObject>>) -> BTreeMap<String, Limit> {
    parameters.into_iter().flatten().map(|(name, values)| (name, limit(values))).collect()
}

/// The values of a parameter that were checked when they came.
fn limit(values: ConfigurationObject) -> Limit {
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    Limit {
        default: values.default_value,
        allowed: values.allowed_values,
        least: number(values.min_value),
        most: number(values.max_value),
    }
}

fn resource(name: &str) -> String {
    format!("usageProfile/{name}")
}

fn on(call: &Call, action: &str, name: &str) -> Result<Need, Fault> {
    Ok(Need::new(action, Place::of(call, None)?.arn(&resource(name))))
}

pub(crate) fn may_create(call: &Call, input: &CreateUsageProfileRequest) -> Result<Access, Fault> {
    let tags = input.tags.iter().flatten().collect();
    let need = on(call, "glue:CreateUsageProfile", &input.name)?;
    Ok(Access::All(vec![with_request_tags(need, &tags)]))
}

pub(crate) fn may_get(call: &Call, input: &GetUsageProfileRequest) -> Result<Access, Fault> {
    Ok(Access::All(vec![on(call, "glue:GetUsageProfile", &input.name)?]))
}

pub(crate) fn may_update(call: &Call, input: &UpdateUsageProfileRequest) -> Result<Access, Fault> {
    Ok(Access::All(vec![on(call, "glue:UpdateUsageProfile", &input.name)?]))
}

pub(crate) fn may_delete(call: &Call, input: &DeleteUsageProfileRequest) -> Result<Access, Fault> {
    Ok(Access::All(vec![on(call, "glue:DeleteUsageProfile", &input.name)?]))
}

pub(crate) fn may_list(_: &Call, _: &ListUsageProfilesRequest) -> Result<Access, Fault> {
    Ok(Access::one("glue:ListUsageProfiles", "*"))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreateUsageProfileRequest,
) -> Result<CreateUsageProfileResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    check(&input.configuration)?;
    let given = input.tags.unwrap_or_default();
    tags::check(&given)?;
    let now = ctx.now();
    let record = ProfileRecord {
        created: now,
        modified: now,
        description: input.description,
        configuration: input.configuration,
    };
    ctx.write(move |tx| {
        if !PROFILES.insert_new(tx, &(&place.account, &place.region, input.name.as_str()), &record)? {
            return Err(errors::exists("Usage profile"));
        }
        tags::put(tx, &place.arn_of(&resource(&input.name)), given)?;
        Ok(CreateUsageProfileResponse { name: Some(input.name) })
    })
    .await
}

/// Whether each parameter is one that jobs or sessions have, with values that fit it and each other.
fn check(configuration: &ProfileConfiguration) -> Result<(), Fault> {
    let empty = BTreeMap::new();
    let jobs = configuration.job_configuration.as_ref().unwrap_or(&empty);
    let sessions = configuration.session_configuration.as_ref().unwrap_or(&empty);
    if jobs.is_empty() && sessions.is_empty() {
        return Err(errors::invalid("A usage profile must configure at least one parameter."));
    }
    let of_sessions = sessions.iter().map(|pair| (pair, true));
    for ((name, values), session) in jobs.iter().map(|pair| (pair, false)).chain(of_sessions) {
        if TEXTS.contains(&name.as_str()) {
            check_text(name, values)?;
        } else if NUMBERS.contains(&name.as_str()) && (session || name != "idleTimeout") {
            check_number(name, values)?;
        } else {
            let of = if session { "sessions" } else { "jobs" };
            return Err(errors::invalid(format!("{name} is not a parameter of {of}.")));
        }
    }
    Ok(())
}

fn check_text(name: &str, values: &ConfigurationObject) -> Result<(), Fault> {
    if values.min_value.is_some() || values.max_value.is_some() {
        return Err(errors::invalid(format!("{name} cannot have a MinValue or MaxValue.")));
    }
    match (&values.default_value, &values.allowed_values) {
        (Some(default), Some(allowed)) if !allowed.contains(default) => {
            Err(errors::invalid(format!("The DefaultValue of {name} is not among its AllowedValues.")))
        }
        _ => Ok(()),
    }
}

fn check_number(name: &str, values: &ConfigurationObject) -> Result<(), Fault> {
    if values.allowed_values.is_some() {
        return Err(errors::invalid(format!("{name} cannot have AllowedValues.")));
    }
    let number = |text: &Option<String>| {
        text.as_ref()
            .map(|text| {
                text.parse::<u32>()
                    .ok()
                    .filter(|number| *number > 0)
                    .ok_or_else(|| errors::invalid(format!("{text} is not a valid value of {name}.")))
            })
            .transpose()
    };
    let in_order = [number(&values.min_value)?, number(&values.default_value)?, number(&values.max_value)?];
    if in_order.into_iter().flatten().is_sorted() {
        Ok(())
    } else {
        Err(errors::invalid(format!(
            "The DefaultValue of {name} must be between its MinValue and its MaxValue."
        )))
    }
}

pub(crate) async fn get(ctx: Ctx, input: GetUsageProfileRequest) -> Result<GetUsageProfileResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    let found = ctx.read(|tx| PROFILES.get(tx, &(&place.account, &place.region, input.name.as_str())))?;
    let found = found.ok_or_else(|| errors::usage_profile_missing(&input.name))?;
    Ok(GetUsageProfileResponse {
        name: Some(input.name),
        description: found.description,
        configuration: Some(found.configuration),
        created_on: Some(found.created),
        last_modified_on: Some(found.modified),
    })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: ListUsageProfilesRequest,
) -> Result<ListUsageProfilesResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let mut range = PROFILES.prefix((&place.account, &place.region));
    if let Some(last) = paging::position::<String>(input.next_token.as_deref())? {
        range = range.after(&(&place.account, &place.region, last.as_str()));
    }
    let (page, next_token) = ctx.read(|tx| {
        let rows = PROFILES.scan(tx, range).map(|row| {
            let ((_, _, name), record) = row?;
            Ok((name, record))
        });
        paging::take(rows, size, |(name, _)| name.clone())
    })?;
    let profiles = page.into_iter().map(|(name, record)| UsageProfileDefinition {
        name: Some(name),
        description: record.description,
        created_on: Some(record.created),
        last_modified_on: Some(record.modified),
    });
    Ok(ListUsageProfilesResponse { profiles: Some(profiles.collect()), next_token })
}

pub(crate) async fn update(
    ctx: Ctx,
    input: UpdateUsageProfileRequest,
) -> Result<UpdateUsageProfileResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    check(&input.configuration)?;
    let now = ctx.now();
    ctx.write(move |tx| {
        let key = (&place.account, &place.region, input.name.as_str());
        let before = PROFILES.get(tx, &key)?.ok_or_else(|| errors::usage_profile_missing(&input.name))?;
        let record = ProfileRecord {
            modified: now,
            description: input.description,
            configuration: input.configuration,
            ..before
        };
        PROFILES.put(tx, &key, &record)?;
        Ok(UpdateUsageProfileResponse { name: Some(input.name) })
    })
    .await
}

/// AWS does not complain about a profile that is not there.
pub(crate) async fn delete(
    ctx: Ctx,
    input: DeleteUsageProfileRequest,
) -> Result<DeleteUsageProfileResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    ctx.write(move |tx| {
        PROFILES.delete(tx, &(&place.account, &place.region, input.name.as_str()))?;
        tags::delete(tx, &place.arn_of(&resource(&input.name)))?;
        Ok(DeleteUsageProfileResponse {})
    })
    .await
}
