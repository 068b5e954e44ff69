//! The settings of a table's task runs.

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::{Access, Ctx, Registry};

use super::{SETTINGS, SettingsRecord, TableKey, schedule};
use crate::{Jobs, access};

impl Jobs {
    pub(crate) fn register_statistics_settings(self: &Arc<Self>, registry: &mut Registry) {
        registry.on::<op::CreateColumnStatisticsTaskSettings, _, _>(
            |call, input| {
                let (database, table) = (&input.database_name, &input.table_name);
                let needs = super::on_table(call, "CreateColumnStatisticsTaskSettings", database, table)?;
                access::with_role(call, Access::All(needs), Some(&input.role))
            },
            |ctx, input| async move { create(&ctx, input).await },
        );
        registry.on::<op::GetColumnStatisticsTaskSettings, _, _>(
            |_, _| Ok(access::any("GetColumnStatisticsTaskSettings")),
            |ctx, input| async move {
                let at = super::key(&ctx, &input.database_name, &input.table_name)?;
                let found = ctx.read(|tx| super::settings(tx, ctx.kernel(), &at))?;
                let settings = found.ok_or_else(|| missing(&at))?.settings;
                Ok(GetColumnStatisticsTaskSettingsResponse {
                    column_statistics_task_settings: Some(settings),
                })
            },
        );
        registry.on::<op::UpdateColumnStatisticsTaskSettings, _, _>(
            |call, input| {
                let (database, table) = (&input.database_name, &input.table_name);
                let needs = super::on_table(call, "UpdateColumnStatisticsTaskSettings", database, table)?;
                access::with_role(call, Access::All(needs), input.role.as_deref())
            },
            |ctx, input| async move { update(&ctx, input).await },
        );
        registry.on::<op::DeleteColumnStatisticsTaskSettings, _, _>(
            |call, input| {
                let (database, table) = (&input.database_name, &input.table_name);
                super::of_table(call, "DeleteColumnStatisticsTaskSettings", database, table)
            },
            |ctx, input| async move {
                let at = super::key(&ctx, &input.database_name, &input.table_name)?;
                let (now, kernel) = (ctx.now(), ctx.kernel().clone());
                ctx.write(move |tx| {
                    if super::settings(tx, &kernel, &at)?.is_none() {
                        return Err(missing(&at));
                    }
                    SETTINGS.delete(tx, &at)?;
                    schedule::enter(tx, &at, None, now)?;
                    Ok(DeleteColumnStatisticsTaskSettingsResponse {})
                })
                .await
            },
        );
        registry.on::<op::StartColumnStatisticsTaskRunSchedule, _, _>(
            |call, input| {
                let (database, table) = (&input.database_name, &input.table_name);
                super::of_table(call, "StartColumnStatisticsTaskRunSchedule", database, table)
            },
            |ctx, input| async move {
                let at = super::key(&ctx, &input.database_name, &input.table_name)?;
                change(&ctx, at, |record, _| switched(record, ScheduleState::Scheduled)).await?;
                Ok(StartColumnStatisticsTaskRunScheduleResponse {})
            },
        );
        registry.on::<op::StopColumnStatisticsTaskRunSchedule, _, _>(
            |call, input| {
                let (database, table) = (&input.database_name, &input.table_name);
                super::of_table(call, "StopColumnStatisticsTaskRunSchedule", database, table)
            },
            |ctx, input| async move {
                let at = super::key(&ctx, &input.database_name, &input.table_name)?;
                change(&ctx, at, |record, _| switched(record, ScheduleState::NotScheduled)).await?;
                Ok(StopColumnStatisticsTaskRunScheduleResponse {})
            },
        );
    }
}

fn missing(at: &TableKey) -> Fault {
    let text = format!("Column statistics task settings of table {}.{} not found.", at.2, at.3);
    Fault::sender("EntityNotFoundException", text)
}

/// A blank expression is none: such settings are for runs that somebody starts.
fn expression(given: Option<&str>) -> Option<&str> {
    given.filter(|text| !text.trim().is_empty())
}

async fn create(
    ctx: &Ctx,
    input: CreateColumnStatisticsTaskSettingsRequest,
) -> Result<CreateColumnStatisticsTaskSettingsResponse, Fault> {
    let at = super::key(ctx, &input.database_name, &input.table_name)?;
    let security = input.security_configuration.as_deref();
    super::check(ctx, &at, input.catalog_id.as_deref(), input.sample_size, security)?;
    let role = super::role(ctx, &at, &input.role)?;
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        return Err(super::invalid("Mastic's column statistics task settings do not have tags yet."));
    }
    let schedule = expression(input.schedule.as_deref()).map(schedule::running).transpose()?;
    let settings = ColumnStatisticsTaskSettings {
        database_name: Some(at.2.clone()),
        table_name: Some(at.3.clone()),
        schedule_type: schedule.as_ref().map(|_| ScheduleType::Cron),
        schedule,
        column_name_list: input.column_name_list,
        catalog_id: Some(at.0.clone()),
        role: Some(access::role_name(role.as_str()).to_owned()),
        sample_size: input.sample_size,
        setting_source: Some(SettingSource::Table),
        ..ColumnStatisticsTaskSettings::default()
    };
    let (now, kernel) = (ctx.now(), ctx.kernel().clone());
    ctx.write(move |tx| {
        if super::settings(tx, &kernel, &at)?.is_some() {
            let text = format!("Column statistics task settings of table {}.{} already exist.", at.2, at.3);
            return Err(Fault::sender("AlreadyExistsException", text));
        }
        let table = super::table_id(tx, &kernel, &at)?;
        let table = table.ok_or_else(|| super::no_table(&at.3))?;
        let record = SettingsRecord { settings, role, table };
        SETTINGS.put(tx, &at, &record)?;
        schedule::enter(tx, &at, record.settings.schedule.as_ref(), now)?;
        Ok(CreateColumnStatisticsTaskSettingsResponse {})
    })
    .await
}

/// What is not given stays as it is.
async fn update(
    ctx: &Ctx,
    input: UpdateColumnStatisticsTaskSettingsRequest,
) -> Result<UpdateColumnStatisticsTaskSettingsResponse, Fault> {
    let at = super::key(ctx, &input.database_name, &input.table_name)?;
    let security = input.security_configuration.as_deref();
    super::check(ctx, &at, input.catalog_id.as_deref(), input.sample_size, security)?;
    let role = input.role.as_deref().map(|name| super::role(ctx, &at, name)).transpose()?;
    let given = input.schedule.is_some();
    let expression = expression(input.schedule.as_deref()).map(schedule::running).transpose()?;
    change(ctx, at, move |record, _| {
        let settings = &mut record.settings;
        if given {
            let state = settings.schedule.as_ref().and_then(|schedule| schedule.state);
            settings.schedule_type = expression.as_ref().map(|_| ScheduleType::Cron);
            settings.schedule =
                expression.map(|schedule| Schedule { state: state.or(schedule.state), ..schedule });
        }
        settings.column_name_list = input.column_name_list.or(settings.column_name_list.take());
        settings.sample_size = input.sample_size.or(settings.sample_size);
        if let Some(role) = role {
            settings.role = Some(access::role_name(role.as_str()).to_owned());
            record.role = role;
        }
        Ok(())
    })
    .await?;
    Ok(UpdateColumnStatisticsTaskSettingsResponse {})
}

fn switched(record: &mut SettingsRecord, state: ScheduleState) -> Result<(), Fault> {
    match &mut record.settings.schedule {
        Some(schedule) => {
            schedule.state = Some(state);
            Ok(())
        }
        None => Err(super::invalid("The column statistics task settings have no schedule.")),
    }
}

/// Changes a table's settings, and with them the timetable.
async fn change(
    ctx: &Ctx,
    at: TableKey,
    change: impl FnOnce(&mut SettingsRecord, Timestamp) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let (now, kernel) = (ctx.now(), ctx.kernel().clone());
    ctx.write(move |tx| {
        let mut record = super::settings(tx, &kernel, &at)?.ok_or_else(|| missing(&at))?;
        change(&mut record, now)?;
        schedule::enter(tx, &at, record.settings.schedule.as_ref(), now)?;
        Ok(SETTINGS.put(tx, &at, &record)?)
    })
    .await
}
