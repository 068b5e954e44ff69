//! Task runs, from their start to their end.

use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Arn, Fault, Timestamp};
use mastic_handoff::{StatisticsWork, Work};
use mastic_kernel::{Access, Ctx, Registry};
use mastic_store::{ReadTx, WriteTx};

use super::{LOG_GROUP, OPEN, Of, Open, RUNS, RUNS_OF, RunRecord, SESSION_NAME, TableKey};
use crate::crawl::Switch;
use crate::execution::{Ending, Execution, LogPlaces, ONLY_PLANNED};
use crate::schedule::END_AGAIN;
use crate::{Jobs, access, page};

/// A run may take this long at most, as a crawl.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long runs are told of, as crawls are.
const HISTORY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Old runs that go when one ends, at most.
const PRUNED: usize = 100;

/// What people read of a run that the server's own end cut short.
const LOST: &str = "The server stopped while the run was under way. None of its statistics were kept.";

/// Ids of a page of `ListColumnStatisticsTaskRuns`.
const IDS: usize = 100;

/// What a run is to do.
pub(super) struct Task {
    pub(super) at: TableKey,
    pub(super) columns: Option<Vec<String>>,
    pub(super) sample: Option<f64>,
    pub(super) role: Arn,
}

impl Jobs {
    pub(crate) fn register_statistics_runs(self: &Arc<Self>, registry: &mut Registry) {
        let jobs = Arc::clone(self);
        registry.on::<op::StartColumnStatisticsTaskRun, _, _>(
            |call, input| {
                let (database, table) = (&input.database_name, &input.table_name);
                let mut needs = super::on_table(call, "StartColumnStatisticsTaskRun", database, table)?;
                needs.extend(super::on_table(call, "GetTable", database, table)?);
                access::with_role(call, Access::All(needs), Some(&input.role))
            },
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.start_statistics(&ctx, input).await }
            },
        );
        let jobs = Arc::clone(self);
        registry.on::<op::StopColumnStatisticsTaskRun, _, _>(
            |call, input| {
                let (database, table) = (&input.database_name, &input.table_name);
                super::of_table(call, "StopColumnStatisticsTaskRun", database, table)
            },
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.stop_statistics(&ctx, input).await }
            },
        );
        registry.on::<op::GetColumnStatisticsTaskRun, _, _>(
            |_, _| Ok(access::any("GetColumnStatisticsTaskRun")),
            |ctx, input| async move {
                let id = input.column_statistics_task_run_id;
                let at = (ctx.account()?.to_string(), ctx.region().to_string(), id);
                let found = ctx.read(|tx| Ok::<_, Fault>(RUNS.get(tx, &at)?))?;
                let missing = || {
                    let text = format!("Column statistics task run {} not found.", at.2);
                    Fault::sender("EntityNotFoundException", text)
                };
                let run = found.ok_or_else(missing)?.run;
                Ok(GetColumnStatisticsTaskRunResponse { column_statistics_task_run: Some(run) })
            },
        );
        registry.on::<op::GetColumnStatisticsTaskRuns, _, _>(
            |_, _| Ok(access::any("GetColumnStatisticsTaskRuns")),
            |ctx, input| async move { of_table(&ctx, &input) },
        );
        registry.on::<op::ListColumnStatisticsTaskRuns, _, _>(
            |_, _| Ok(access::any("ListColumnStatisticsTaskRuns")),
            |ctx, input| async move {
                let (account, region) = (ctx.account()?.to_string(), ctx.region().to_string());
                let limit = page::limit(input.max_results, IDS);
                let (ids, next_token) = ctx.read(|tx| {
                    let range = RUNS.prefix((account.as_str(), region.as_str()));
                    let range = page::after(range, input.next_token.as_deref())?;
                    page::take(&RUNS, RUNS.scan(tx, range), limit, |at, _| Ok(Some(at.2.clone())))
                })?;
                Ok(ListColumnStatisticsTaskRunsResponse {
                    column_statistics_task_run_ids: Some(ids),
                    next_token,
                })
            },
        );
    }

    async fn start_statistics(
        self: &Arc<Self>,
        ctx: &Ctx,
        input: StartColumnStatisticsTaskRunRequest,
    ) -> Result<StartColumnStatisticsTaskRunResponse, Fault> {
        let at = super::key(ctx, &input.database_name, &input.table_name)?;
        let security = input.security_configuration.as_deref();
        super::check(ctx, &at, input.catalog_id.as_deref(), input.sample_size, security)?;
        let role = super::role(ctx, &at, &input.role)?;
        let task = Task { at, columns: input.column_name_list, sample: input.sample_size, role };
        let switch = self.switch(ctx.entropy().uuid())?;
        let (id, now) = (switch.id.clone(), ctx.now());
        let started = id.clone();
        let record = ctx.write(move |tx| note(tx, task, id, now)).await?;
        tokio::spawn(Arc::clone(self).drive_statistics(record, switch));
        Ok(StartColumnStatisticsTaskRunResponse { column_statistics_task_run_id: Some(started) })
    }

    async fn stop_statistics(
        &self,
        ctx: &Ctx,
        input: StopColumnStatisticsTaskRunRequest,
    ) -> Result<StopColumnStatisticsTaskRunResponse, Fault> {
        let at = super::key(ctx, &input.database_name, &input.table_name)?;
        let id = ctx
            .write(move |tx| {
                let of = format!("of table {}.{}", at.2, at.3);
                let Some(open) = OPEN.get(tx, &at)? else {
                    let text = format!("No column statistics task run {of} is running.");
                    return Err(Fault::sender("ColumnStatisticsTaskNotRunningException", text));
                };
                let place = (at.0, at.1, open.id);
                if let Some(mut record) = RUNS.get(tx, &place)? {
                    if record.stopping {
                        let text = format!("The column statistics task run {of} is stopping.");
                        return Err(Fault::sender("ColumnStatisticsTaskStoppingException", text));
                    }
                    record.stopping = true;
                    RUNS.put(tx, &place, &record)?;
                }
                Ok(place.2)
            })
            .await?;
        self.stop(&id);
        Ok(StopColumnStatisticsTaskRunResponse {})
    }

    /// Drives a run that was noted to its end.
    pub(super) async fn drive_statistics(self: Arc<Self>, record: RunRecord, switch: Switch) {
        let at = record.at.clone();
        let ending = match execution(&switch.id, record) {
            Ok(execution) => {
                let running = self.mark_counting(&at, &switch.id);
                self.execute(execution, switch.stop.clone(), running).await
            }
            Err(fault) => Ending::not_begun(&fault),
        };
        while let Err(fault) = self.conclude_statistics(&at, &switch.id, ending.clone()).await {
            let cause = fault.cause();
            tracing::error!(run = switch.id, cause, "the end of a task run could not be written yet");
            tokio::time::sleep(END_AGAIN).await;
        }
    }

    async fn mark_counting(&self, at: &TableKey, id: &str) {
        let (place, now) = ((at.0.clone(), at.1.clone(), id.to_owned()), self.background.now());
        let marked = self
            .background
            .write(move |tx| {
                let Some(mut record) = RUNS.get(tx, &place)? else { return Ok::<_, Fault>(()) };
                record.run.status = Some(ColumnStatisticsState::Running);
                record.run.last_updated = Some(now);
                Ok(RUNS.put(tx, &place, &record)?)
            })
            .await;
        if let Err(fault) = marked {
            tracing::error!(run = id, %fault, "a task run could not be marked as running");
        }
    }

    /// Runs that were under way when the server ended.
    pub(crate) async fn recover_statistics(&self) -> Result<(), Fault> {
        let open = self
            .background
            .read(|tx| Ok::<_, Fault>(OPEN.scan(tx, OPEN.all()).collect::<Result<Vec<_>, _>>()?))?;
        for (at, Open { id }) in open {
            self.conclude_statistics(&at, &id, Ending::Failed(LOST.to_owned().into())).await?;
        }
        Ok(())
    }

    /// Ends a run. On success its statistics and its end become true in one transaction.
    async fn conclude_statistics(&self, at: &TableKey, id: &str, ending: Ending) -> Result<(), Fault> {
        let (place, run) = (at.clone(), id.to_owned());
        let end =
            move |tx: &mut WriteTx<'_>, now, ending: &Ending| close(tx, &place, run.clone(), now, ending);
        self.conclude_staged(id, ending, "the table's statistics", end).await
    }
}

/// Notes that a run begins, unless one of the table is under way.
pub(super) fn note(tx: &mut WriteTx<'_>, task: Task, id: String, now: Timestamp) -> Result<RunRecord, Fault> {
    let Task { at, columns, sample, role } = task;
    if !OPEN.insert_new(tx, &at, &Open { id: id.clone() })? {
        let text = format!("A column statistics task run of table {}.{} is running already.", at.2, at.3);
        return Err(Fault::sender("ColumnStatisticsTaskRunningException", text));
    }
    let (account, region, database, table) = at.clone();
    let run = ColumnStatisticsTaskRun {
        customer_id: Some(account.clone()),
        column_statistics_task_run_id: Some(id.clone()),
        database_name: Some(database.clone()),
        table_name: Some(table.clone()),
        column_name_list: columns,
        catalog_id: Some(account.clone()),
        role: Some(access::role_name(role.as_str()).to_owned()),
        sample_size: sample,
        number_of_workers: Some(1),
        worker_type: Some("G.1X".to_owned()),
        computation_type: Some(ComputationType::Full),
        status: Some(ColumnStatisticsState::Starting),
        creation_time: Some(now),
        last_updated: Some(now),
        start_time: Some(now),
        dpu_seconds: Some(0.0),
        ..ColumnStatisticsTaskRun::default()
    };
    let record = RunRecord { at, run, role, stopping: false };
    RUNS.put(tx, &(account.as_str(), region.as_str(), id.as_str()), &record)?;
    RUNS_OF.put(tx, &(account, region, database, table, now.micros(), id), &Of {})?;
    Ok(record)
}

fn of_table(
    ctx: &Ctx,
    input: &GetColumnStatisticsTaskRunsRequest,
) -> Result<GetColumnStatisticsTaskRunsResponse, Fault> {
    let (account, region, database, table) = super::key(ctx, &input.database_name, &input.table_name)?;
    let limit = page::limit(input.max_results, 1000);
    let (runs, next_token) = ctx.read(|tx| {
        let range = RUNS_OF.prefix((account.as_str(), region.as_str(), database.as_str(), table.as_str()));
        let range = page::before(range, input.next_token.as_deref())?;
        page::take(&RUNS_OF, RUNS_OF.scan_reverse(tx, range), limit, |at, _| {
            Ok(RUNS.get(tx, &(at.0.as_str(), at.1.as_str(), at.5.as_str()))?.map(|record| record.run))
        })
    })?;
    Ok(GetColumnStatisticsTaskRunsResponse { column_statistics_task_runs: Some(runs), next_token })
}

fn execution(id: &str, record: RunRecord) -> Result<Execution, Fault> {
    let source = super::source(&record.at);
    let (account, region, database, table) = record.at;
    let stream = format!("{database}.{table}");
    let work = StatisticsWork {
        run_id: id.to_owned(),
        database,
        table,
        columns: record.run.column_name_list.unwrap_or_default(),
        sample: record.run.sample_size,
    };
    Ok(Execution {
        id: id.to_owned(),
        source,
        account,
        region: region.parse().map_err(Fault::internal)?,
        role: record.role,
        session_name: SESSION_NAME,
        session_policy: None,
        staged: true,
        timeout: Some(LONGEST),
        memory: None,
        work: Work::ColumnStatistics(Box::new(work)),
        logs: LogPlaces {
            output_group: LOG_GROUP.to_owned(),
            error_group: LOG_GROUP.to_owned(),
            stream,
            prefix: format!("[{id}] "),
            continuous: None,
        },
    })
}

/// Writes the end of a run.
fn close(
    tx: &mut WriteTx<'_>,
    at: &TableKey,
    id: String,
    now: Timestamp,
    ending: &Ending,
) -> Result<(), Fault> {
    if open_id(tx, at)?.as_ref() == Some(&id) {
        OPEN.delete(tx, at)?;
    }
    let place = (at.0.clone(), at.1.clone(), id);
    let Some(mut record) = RUNS.get(tx, &place)? else { return Ok(()) };
    let (status, message) = match ending {
        Ending::Succeeded(_) => (ColumnStatisticsState::Succeeded, None),
        Ending::Stopped => (ColumnStatisticsState::Stopped, None),
        Ending::TimedOut => {
            (ColumnStatisticsState::Failed, Some("The run was ended after 24 hours.".to_owned()))
        }
        Ending::Failed(reason) => (ColumnStatisticsState::Failed, Some(reason.text.clone())),
        Ending::Planned(_) => (ColumnStatisticsState::Failed, Some(ONLY_PLANNED.to_owned())),
    };
    record.run.status = Some(status);
    record.run.error_message = message;
    record.run.end_time = Some(now);
    record.run.last_updated = Some(now);
    RUNS.put(tx, &place, &record)?;
    prune(tx, at, now)
}

/// Drops the runs of a table that history does not reach back to.
fn prune(tx: &mut WriteTx<'_>, at: &TableKey, now: Timestamp) -> Result<(), Fault> {
    let (account, region, database, table) = (at.0.as_str(), at.1.as_str(), at.2.as_str(), at.3.as_str());
    let oldest = (account, region, database, table, now.minus(HISTORY).micros(), "");
    let range = RUNS_OF.prefix((account, region, database, table)).before(&oldest);
    let old = RUNS_OF.scan(tx, range).take(PRUNED).map(|row| Ok(row?.0));
    for of in old.collect::<Result<Vec<_>, Fault>>()? {
        RUNS.delete(tx, &(account, region, of.5.as_str()))?;
        RUNS_OF.delete(tx, &of)?;
    }
    Ok(())
}

fn open_id(tx: &ReadTx<'_>, at: &TableKey) -> Result<Option<String>, Fault> {
    Ok(OPEN.get(tx, at)?.map(|open| open.id))
}
