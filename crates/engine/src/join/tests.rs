use std::collections::BTreeMap;

use datafusion::arrow::array::{Int64Array, StringArray};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::common::JoinType;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::collect;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col};

use super::*;
use crate::memory::RunPool;

fn context(memory: usize) -> SessionContext {
    let runtime =
        RuntimeEnvBuilder::new().with_memory_pool(Arc::new(RunPool::new(memory))).build_arc().unwrap();
    let mut config = SessionConfig::new().with_target_partitions(2).with_batch_size(256);
    config.options_mut().execution.sort_spill_reservation_bytes = 1 << 16;
    // The planner knows how many rows a table in memory has and would collect a small one.
    config.options_mut().optimizer.hash_join_single_partition_threshold = 0;
    config.options_mut().optimizer.hash_join_single_partition_threshold_rows = 0;
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_physical_optimizer_rule(Arc::new(SpillJoins))
        .build();
    SessionContext::new_with_state(state)
}

/// Rows `first..last`; every tenth has no key, every seventh one that is there twice.
fn rows(context: &SessionContext, prefix: &str, first: i64, last: i64) -> DataFrame {
    let key = |row: i64| (row % 10 != 0).then_some(if row % 7 == 0 { row - 1 } else { row });
    let keys = Int64Array::from_iter((first..last).map(key));
    let texts = StringArray::from_iter_values((first..last).map(|row| format!("{prefix} {row:0>180}")));
    let schema = Schema::new(vec![
        Field::new(format!("{prefix}_key"), DataType::Int64, true),
        Field::new(format!("{prefix}_text"), DataType::Utf8, false),
    ]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(keys), Arc::new(texts)]).unwrap();
    context.read_batch(batch).unwrap()
}

/// How many partitions were merged, and how often each row came.
async fn joined(memory: usize, kind: JoinType) -> (usize, BTreeMap<String, usize>) {
    let context = context(memory);
    let views = |frame: DataFrame| {
        let columns = frame.schema().fields().iter().map(|field| {
            let text = field.data_type() == &DataType::Utf8;
            let column = col(field.name());
            if text {
                datafusion::logical_expr::cast(column, DataType::Utf8View).alias(field.name())
            } else {
                column
            }
        });
        let columns: Vec<_> = columns.collect();
        frame.select(columns).unwrap()
    };
    let (left, right) = (views(rows(&context, "l", 0, 30_000)), views(rows(&context, "r", 15_000, 60_000)));
    let frame = left.join(right, kind, &["l_key"], &["r_key"], None).unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let batches = collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
    let mut found = BTreeMap::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| {
                datafusion::arrow::util::display::ArrayFormatter::try_new(column, &Default::default())
                    .unwrap()
            })
            .collect();
        for row in 0..batch.num_rows() {
            let text =
                columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(",");
            *found.entry(text).or_default() += 1;
        }
    }
    (merges(&plan), found)
}

fn merges(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = plan.as_any().is::<SpillJoinExec>().then(|| plan.metrics()).flatten();
    let own = own.and_then(|metrics| metrics.sum_by_name(MERGES)).map_or(0, |count| count.as_usize());
    own + plan.children().into_iter().map(merges).sum::<usize>()
}

#[tokio::test]
async fn joins_answer_the_same_in_little_memory() {
    for kind in [JoinType::Inner, JoinType::Left, JoinType::Right, JoinType::Full] {
        let (merged, expected) = joined(256 << 20, kind).await;
        assert_eq!(merged, 0, "{kind}");
        let (merged, found) = joined(8 << 20, kind).await;
        assert!(merged > 0, "{kind}: it fits");
        assert!(!expected.is_empty() && found == expected, "{kind}");
    }
}
