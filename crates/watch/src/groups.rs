//! Log groups (Working with log groups and log streams).

use mastic_api_watch::logs::types::{self, LogGroupClass};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::{StoreError, WriteTx};

use crate::place::{GroupRef, Place};
use crate::records::{GROUPS, Group, Mark, UNLINKED, number};
use crate::{expiry, faults, position, tags};

/// The days that a retention policy can have (PutRetentionPolicy).
const RETENTIONS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Groups on a page, unless the caller wants fewer.
const PAGE: i32 = 50;

pub(crate) async fn create(ctx: Ctx, input: types::CreateLogGroupRequest) -> Result<(), Fault> {
    let (place, name) = (Place::of(ctx.call())?, input.log_group_name);
    check_name(&name)?;
    if input.kms_key_id.is_some() {
        return Err(faults::invalid("kmsKeyId is not supported: log groups cannot be encrypted with a key."));
    }
    if input.deletion_protection_enabled == Some(true) {
        return Err(faults::invalid("deletionProtectionEnabled is not supported."));
    }
    let class = input.log_group_class.unwrap_or(LogGroupClass::Standard);
    if class == LogGroupClass::Delivery {
        return Err(faults::invalid("The log group class DELIVERY is not supported."));
    }
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let group =
        Group { number: number(ctx.entropy()), created: ctx.now(), retention: None, class, tags, stored: 0 };
    ctx.write_plain(move |tx| {
        match GROUPS.insert_new(tx, &(&place.account, &place.region, name.as_str()), &group)? {
            true => Ok(()),
            false => Err(faults::group_exists()),
        }
    })
    .await
}

/// The model has checked letters and length.
pub(crate) fn check_name(name: &str) -> Result<(), Fault> {
    match name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws/")) {
        true => Err(faults::invalid("Log groups starting with AWS/ are reserved for AWS.")),
        false => Ok(()),
    }
}

pub(crate) async fn delete(ctx: Ctx, input: types::DeleteLogGroupRequest) -> Result<(), Fault> {
    let (place, name) = (Place::of(ctx.call())?, input.log_group_name);
    let group = ctx
        .write_plain({
            let place = place.clone();
            move |tx| {
                let group = place.group(tx, &name)?;
                unlink(tx, &place, &name, &group)?;
                Ok::<_, Fault>(group.number)
            }
        })
        .await?;
    loop {
        let place = place.clone();
        if ctx.write_plain(move |tx| expiry::clear_some(tx, &place, group, None)).await? {
            return Ok(());
        }
    }
}

fn unlink(tx: &mut WriteTx<'_>, place: &Place, name: &str, group: &Group) -> Result<(), StoreError> {
    let Place { account, region } = place;
    GROUPS.delete(tx, &(account, region, name))?;
    UNLINKED.put(tx, &(account, region, group.number, None::<u64>), &Mark {})
}

pub(crate) async fn put_retention(ctx: Ctx, input: types::PutRetentionPolicyRequest) -> Result<(), Fault> {
    let days = input.retention_in_days;
    if !RETENTIONS.contains(&days) {
        let set = RETENTIONS.map(|days| days.to_string()).join(", ");
        return Err(faults::invalid(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: \
             Member must satisfy enum value set: [{set}]"
        )));
    }
    retain(ctx, input.log_group_name, Some(days)).await
}

pub(crate) async fn delete_retention(
    ctx: Ctx,
    input: types::DeleteRetentionPolicyRequest,
) -> Result<(), Fault> {
    retain(ctx, input.log_group_name, None).await
}

async fn retain(ctx: Ctx, name: String, retention: Option<i32>) -> Result<(), Fault> {
    let place = Place::of(ctx.call())?;
    ctx.write_plain(move |tx| {
        let group = place.group(tx, &name)?;
        Ok(place.put_group(tx, &name, &Group { retention, ..group })?)
    })
    .await
}

pub(crate) async fn describe(
    ctx: Ctx,
    input: types::DescribeLogGroupsRequest,
) -> Result<types::DescribeLogGroupsResponse, Fault> {
    let place = Place::of(ctx.call())?;
    let wanted = Wanted::of(&ctx, &input)?;
    let limit = usize::try_from(input.limit.unwrap_or(PAGE)).unwrap_or_default();
    let Place { account, region } = &place;
    let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
    let mut range = GROUPS.prefix_text((account, region), prefix);
    if let Some(token) = &input.next_token {
        range = range.after(&(account, region, position::read::<String>(token)?));
    }
    let mut found = ctx.read(|tx| {
        GROUPS
            .scan(tx, range)
            .map(|row| row.map(|((_, _, name), group)| (name, group)))
            .filter(|row| row.as_ref().map_or(true, |(name, group)| wanted.includes(&place, name, group)))
            .take(limit + 1)
            .collect::<Result<Vec<_>, StoreError>>()
    })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_token = match found.last() {
        Some((name, _)) if more => Some(position::write(name)?),
        _ => None,
    };
    let brief = wanted.pattern.is_some();
    let log_groups = found.into_iter().map(|(name, group)| shown(&place, name, group, brief)).collect();
    Ok(types::DescribeLogGroupsResponse { log_groups: Some(log_groups), next_token })
}

/// What a listing leaves in.
struct Wanted {
    pattern: Option<String>,
    class: Option<LogGroupClass>,
    names: Option<Vec<String>>,
    accounts: Option<Vec<String>>,
}

impl Wanted {
    fn of(ctx: &Ctx, input: &types::DescribeLogGroupsRequest) -> Result<Self, Fault> {
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            return Err(faults::invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        let others = input.log_group_name_prefix.is_some()
            || input.log_group_name_pattern.is_some()
            || input.log_group_class.is_some();
        if input.log_group_identifiers.is_some() && others {
            return Err(faults::invalid(
                "logGroupIdentifiers cannot be combined with other filters than includeLinkedAccounts.",
            ));
        }
        let names = input.log_group_identifiers.as_ref().map(|identifiers| {
            let own = Place::of(ctx.call())?;
            let named = identifiers.iter().map(|text| GroupRef::of(ctx.call(), None, Some(text)));
            // No account is linked to another, so that a group elsewhere is not found.
            named
                .filter(|group| group.as_ref().map_or(true, |group| group.place == own))
                .map(|group| group.map(|group| group.name))
                .collect::<Result<Vec<_>, Fault>>()
        });
        Ok(Self {
            pattern: input.log_group_name_pattern.clone(),
            class: input.log_group_class,
            names: names.transpose()?,
            accounts: input
                .account_identifiers
                .clone()
                .filter(|_| input.include_linked_accounts == Some(true)),
        })
    }

    fn includes(&self, place: &Place, name: &str, group: &Group) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| name.contains(pattern))
            && self.class.is_none_or(|class| class == group.class)
            && self.names.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
            && self.accounts.as_ref().is_none_or(|ids| ids.iter().any(|id| id == place.account.as_str()))
    }
}

/// A search by pattern answers with names, ARNs and times only.
fn shown(place: &Place, name: String, group: Group, brief: bool) -> types::LogGroup {
    let arn = place.group_arn(&name);
    let shown = types::LogGroup {
        creation_time: Some(group.created.millis()),
        arn: Some(format!("{arn}:*")),
        log_group_name: Some(name),
        ..types::LogGroup::default()
    };
    if brief {
        return shown;
    }
    types::LogGroup {
        retention_in_days: group.retention,
        metric_filter_count: Some(0),
        stored_bytes: Some(i64::try_from(group.stored).unwrap_or(i64::MAX)),
        log_group_class: Some(group.class),
        log_group_arn: Some(arn),
        deletion_protection_enabled: Some(false),
        ..shown
    }
}
