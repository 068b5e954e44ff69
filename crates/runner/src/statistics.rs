//! A column statistics task run: the engine measures, the catalog keeps what it found.

use std::time::Duration;

use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::{ColumnStatistics, UpdateColumnStatisticsForTableRequest};
use mastic_engine::{StatisticsRequest, column_statistics};
use mastic_handoff::{StatisticsWork, Tally};

use crate::failure::Failure;
use crate::job::environment;
use crate::session::Session;

/// Columns of one call, as the API allows.
const BATCH: usize = 25;

/// Measures a table's columns, and writes down what was found.
pub(crate) async fn run(session: &Session, work: StatisticsWork) -> Result<Tally, Failure> {
    let events = &session.events;
    let StatisticsWork { run_id, database, table, columns, sample } = work;
    events.output(format!("Column statistics of {database}.{table} started with run id {run_id}"));
    let begun = session.clock.now();
    let done = measure(session, StatisticsRequest { database, table, columns, sample }).await;
    match &done {
        Ok(tally) => {
            let took = session.clock.now().since(begun);
            events.output(format!("Looked at {} rows in {}", tally.rows, seconds(took)));
        }
        Err(failure) => events.error(format!("Column statistics failed: {failure}")),
    }
    done
}

fn seconds(took: Duration) -> String {
    format!("{:.2} s", took.as_secs_f64())
}

async fn measure(session: &Session, request: StatisticsRequest) -> Result<Tally, Failure> {
    let found = column_statistics(&request, &environment(session, None)?)
        .await
        .map_err(|error| Failure::of_engine(error.kind(), &error.without_node()))?;
    for column in &found.left_out {
        let of = column.r#type.as_deref().unwrap_or_default();
        session.events.output(format!("Column {} is left out: its type is {of}", column.name));
    }
    let mut rest = found.columns;
    while !rest.is_empty() {
        let later = rest.split_off(BATCH.min(rest.len()));
        write(session, &request, std::mem::replace(&mut rest, later)).await?;
    }
    Ok(Tally { rows: found.rows, tables_updated: 1, ..Tally::default() })
}

async fn write(
    session: &Session,
    request: &StatisticsRequest,
    column_statistics_list: Vec<ColumnStatistics>,
) -> Result<(), Failure> {
    let StatisticsRequest { database, table, .. } = request;
    let input = UpdateColumnStatisticsForTableRequest {
        catalog_id: None,
        database_name: database.clone(),
        table_name: table.clone(),
        column_statistics_list,
    };
    let answer = session.client.call::<op::UpdateColumnStatisticsForTable>(input).await?;
    match answer.errors.into_iter().flatten().next() {
        None => Ok(()),
        Some(refused) => {
            let column = refused.column_statistics.unwrap_or_default().column_name;
            let error = refused.error.unwrap_or_default();
            let (code, text) =
                (error.error_code.unwrap_or_default(), error.error_message.unwrap_or_default());
            Err(Failure::new(format!("{code}: {text}")).at(format!("column {column}")))
        }
    }
}
