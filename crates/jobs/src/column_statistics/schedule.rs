//! Task runs that the kernel's timetable starts.

use std::sync::Arc;

use mastic_api_glue::glue::types::{ExecutionAttempt, ExecutionStatus, Schedule, ScheduleState};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::timetable::{self, After, Scheduled, Starter};
use mastic_schedule::Cron;
use mastic_store::WriteTx;

use super::run::{Task, note};
use super::{SETTINGS, TableKey};
use crate::Jobs;

/// Stands between database and table in the timetable; no name has it.
const BETWEEN: char = '\n';

/// A schedule that runs.
pub(super) fn running(text: &str) -> Result<Schedule, Fault> {
    let cron: Cron =
        text.parse().map_err(|error: mastic_schedule::CronError| super::invalid(error.to_string()))?;
    Ok(Schedule { schedule_expression: Some(cron.to_string()), state: Some(ScheduleState::Scheduled) })
}

/// Brings the timetable in line with a table's schedule.
pub(super) fn enter(
    tx: &mut WriteTx<'_>,
    at: &TableKey,
    schedule: Option<&Schedule>,
    now: Timestamp,
) -> Result<(), Fault> {
    let name = format!("{}{BETWEEN}{}", at.2, at.3);
    let scheduled = Scheduled::new(StatisticsStarter::KIND, &at.0, &at.1, &name);
    let running = schedule.filter(|schedule| schedule.state == Some(ScheduleState::Scheduled));
    match running.and_then(|schedule| schedule.schedule_expression.as_deref()) {
        Some(text) => Ok(timetable::set(tx, &scheduled, &text.parse().map_err(Fault::internal)?, now)?),
        None => Ok(timetable::clear(tx, &scheduled)?),
    }
}

/// Starts task runs that are due.
pub struct StatisticsStarter(Arc<Jobs>);

impl StatisticsStarter {
    /// What tables with such a schedule are called in the timetable.
    pub const KIND: &'static str = "column-statistics";

    /// Starts task runs of this service.
    #[must_use]
    pub fn new(jobs: Arc<Jobs>) -> Arc<Self> {
        Arc::new(Self(jobs))
    }
}

impl Starter for StatisticsStarter {
    fn start(
        &self,
        tx: &mut WriteTx<'_>,
        scheduled: &Scheduled,
        _: Timestamp,
    ) -> Result<Option<After>, Fault> {
        let Some((database, table)) = scheduled.name.split_once(BETWEEN) else { return Ok(None) };
        let Scheduled { account, region, .. } = scheduled.clone();
        let at = (account, region, database.to_owned(), table.to_owned());
        let Some(mut record) = super::settings(tx, self.0.background.kernel(), &at)? else {
            SETTINGS.delete(tx, &at)?;
            timetable::clear(tx, scheduled)?;
            return Ok(None);
        };
        let now = self.0.background.now();
        let switch = self.0.switch(self.0.background.entropy().uuid())?;
        let task = Task {
            at: at.clone(),
            columns: record.settings.column_name_list.clone(),
            sample: record.settings.sample_size,
            role: record.role.clone(),
        };
        let begun = note(tx, task, switch.id.clone(), now);
        let (attempt, begun) = match begun {
            Ok(run) => {
                let attempt = ExecutionAttempt {
                    status: Some(ExecutionStatus::Started),
                    column_statistics_task_run_id: Some(switch.id.clone()),
                    ..ExecutionAttempt::default()
                };
                (attempt, Some(run))
            }
            // Nobody hears of a refusal here but through the settings.
            Err(fault) if fault.status() < 500 => {
                let attempt = ExecutionAttempt {
                    status: Some(ExecutionStatus::Failed),
                    error_message: Some(fault.message().to_owned()),
                    ..ExecutionAttempt::default()
                };
                (attempt, None)
            }
            Err(fault) => return Err(fault),
        };
        record.settings.last_execution_attempt =
            Some(ExecutionAttempt { execution_timestamp: Some(now), ..attempt });
        SETTINGS.put(tx, &at, &record)?;
        let jobs = Arc::clone(&self.0);
        Ok(begun
            .map(|run| -> After { Box::new(move || drop(tokio::spawn(jobs.drive_statistics(run, switch)))) }))
    }
}
