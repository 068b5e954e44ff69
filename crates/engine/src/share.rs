//! What feeds several consumers is worked out once.
//!
//! A shared frame stands in plans as a [`SharedTable`]. While targets are planned, each place that reads it is
//! noted in a [`Ledger`] with the columns it needs; then the frame itself is planned once, with the columns
//! that anyone needs, and its rows go to all consumers as they come.
//!
//! Consumers that never meet again take rows side by side, and the slowest sets the pace. Where they do meet (a
//! table joined with itself) one may have to wait for the other's last row: there nobody waits, and
//! what a consumer is not ready for goes to disk.

mod exec;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionContext};

use self::exec::{Shared, Source};
use crate::leaf::LeafExec;
use crate::transform::names;

/// A frame that any number of others may read; its rows are computed once for all targets that are planned with the
/// same [`Ledger`].
///
/// # Errors
/// If the frame has no valid schema.
pub(crate) fn share(context: &SessionContext, node: &str, frame: DataFrame) -> Result<DataFrame> {
    let schema = Arc::clone(frame.schema().inner());
    let columns = names(&frame);
    let table = SharedTable { node: node.into(), schema, plan: frame.logical_plan().clone() };
    let frame = context.read_table(Arc::new(table))?;
    let own = frame.schema().columns().into_iter().map(Expr::Column);
    let exprs: Vec<Expr> = own.zip(columns).map(|(column, name)| column.alias(name)).collect();
    frame.select(exprs)
}

struct SharedTable {
    node: Arc<str>,
    schema: SchemaRef,
    plan: LogicalPlan,
}

impl fmt::Debug for SharedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTable").field("node", &self.node).finish_non_exhaustive()
    }
}

impl SharedTable {
    /// The plan of these columns.
    async fn planned(&self, state: &dyn Session, columns: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
        let all = self.plan.schema().columns();
        let chosen: Vec<Expr> =
            columns.iter().filter_map(|at| all.get(*at)).map(|column| Expr::Column(column.clone())).collect();
        // The whole plan as it is keeps its order and needs no projection.
        let plan = if columns.iter().copied().eq(0..all.len()) {
            self.plan.clone()
        } else {
            LogicalPlanBuilder::from(self.plan.clone()).project(chosen)?.build()?
        };
        state.create_physical_plan(&plan).await
    }
}

#[async_trait]
impl TableProvider for SharedTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        match state.config().get_extension::<Ledger>() {
            // Outside a run of targets, where a transform looks at the data first, it is a plain view.
            None => self.planned(state, &columns).await,
            Some(ledger) => {
                let streams = state.config().target_partitions().max(1);
                Ok(Arc::new(ledger.consumer(self, columns, streams)?))
            }
        }
    }
}

/// Who reads which shared frame.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: Mutex<Vec<Entry>>,
}

struct Entry {
    /// The address of the plan's own root tells frames apart: a table is one `Arc` in all plans that read it.
    table: usize,
    plan: LogicalPlan,
    node: Arc<str>,
    schema: SchemaRef,
    source: Arc<Source>,
}

impl Ledger {
    /// A state in which planning notes consumers here.
    pub(crate) fn state(self: &Arc<Self>, context: &SessionContext) -> SessionState {
        let mut state = context.state();
        state.config_mut().set_extension(Arc::clone(self));
        state
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn consumer(&self, table: &SharedTable, columns: Vec<usize>, streams: usize) -> Result<LeafExec<Shared>> {
        let at = std::ptr::from_ref(table) as usize;
        let mut entries = self.entries();
        let source = match entries.iter().find(|entry| entry.table == at) {
            Some(entry) => Arc::clone(&entry.source),
            None => {
                let source = Arc::new(Source::new(Arc::clone(&table.node), entries.len()));
                entries.push(Entry {
                    table: at,
                    plan: table.plan.clone(),
                    node: Arc::clone(&table.node),
                    schema: Arc::clone(&table.schema),
                    source: Arc::clone(&source),
                });
                source
            }
        };
        Ok(Shared::plan(source, Arc::new(table.schema.project(&columns)?), columns, streams))
    }

    /// Plans the shared frames, once all targets are planned: those first that are read by targets, then those that
    /// only they read. Answers which targets must run together, by their numbers.
    ///
    /// # Errors
    /// What planning meets.
    pub(crate) async fn settle(
        &self,
        state: &SessionState,
        targets: &[Arc<dyn ExecutionPlan>],
    ) -> Result<Vec<Vec<usize>>> {
        // Planning one may note consumers of others that are further up; those are settled after it.
        let mut planned: BTreeMap<usize, Arc<dyn ExecutionPlan>> = BTreeMap::new();
        while let Some((number, table, columns)) = self.next(&planned) {
            let plan = table.planned(state, &columns).await?;
            planned.insert(number, plan);
            let source = self.entries().get(number).map(|entry| Arc::clone(&entry.source));
            if let (Some(source), Some(plan)) = (source, planned.get(&number)) {
                source.settle(Arc::clone(plan), columns);
            }
        }
        let reads = |plan: &Arc<dyn ExecutionPlan>| {
            let mut found = Vec::new();
            leaves(plan, &mut found);
            found
        };
        // Where every plan reads from one place only, all are one tree and nobody can wait in a circle.
        let tree = targets.iter().chain(planned.values()).all(|plan| reads(plan).len() < 2);
        self.entries().iter().for_each(|entry| entry.source.set_patient(tree));
        let closure = |plan: &Arc<dyn ExecutionPlan>| {
            let mut all: BTreeSet<usize> = BTreeSet::new();
            let mut open = reads(plan);
            while let Some(number) = open.pop() {
                if all.insert(number) {
                    open.extend(planned.get(&number).map(reads).unwrap_or_default());
                }
            }
            all
        };
        Ok(grouped(targets.iter().map(closure).collect()))
    }

    /// A frame that is not planned yet and whose consumers are all known: none of the other frames not yet
    /// planned reads it.
    fn next(
        &self,
        planned: &BTreeMap<usize, Arc<dyn ExecutionPlan>>,
    ) -> Option<(usize, SharedTable, Vec<usize>)> {
        let entries = self.entries();
        let open = || entries.iter().enumerate().filter(|(number, _)| !planned.contains_key(number));
        let read_by_other =
            |at: usize| open().any(|(_, other)| other.table != at && tables(&other.plan).contains(&at));
        let (number, entry) =
            open().find(|(_, entry)| !read_by_other(entry.table)).or_else(|| open().next())?;
        let table = SharedTable {
            node: Arc::clone(&entry.node),
            schema: Arc::clone(&entry.schema),
            plan: entry.plan.clone(),
        };
        Some((number, table, entry.source.wanted()))
    }

    /// Ends the work of all shared frames with `reason`: a target has failed.
    pub(crate) fn cancel(&self, reason: &str) {
        self.entries().iter().for_each(|entry| entry.source.cancel(reason));
    }
}

/// The shared tables in a plan, those in the plans of others among them.
fn tables(plan: &LogicalPlan) -> BTreeSet<usize> {
    use datafusion::common::tree_node::TreeNodeRecursion;
    use datafusion::datasource::source_as_provider;
    let mut found = BTreeSet::new();
    let mut open = vec![plan.clone()];
    while let Some(plan) = open.pop() {
        let _: Result<TreeNodeRecursion> = plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && let Ok(provider) = source_as_provider(&scan.source)
                && let Some(table) = provider.as_any().downcast_ref::<SharedTable>()
                && found.insert(std::ptr::from_ref(table) as usize)
            {
                open.push(table.plan.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        });
    }
    found
}

fn leaves(plan: &Arc<dyn ExecutionPlan>, found: &mut Vec<usize>) {
    if let Some(shared) = plan.as_any().downcast_ref::<LeafExec<Shared>>() {
        found.push(shared.leaf().number());
    }
    plan.children().into_iter().for_each(|child| leaves(child, found));
}

/// Numbers of sets that have members in common, directly or through others, in one group each.
fn grouped(sets: Vec<BTreeSet<usize>>) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<usize>, BTreeSet<usize>)> = Vec::new();
    for (number, set) in sets.into_iter().enumerate() {
        let (met, mut rest): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(_, members)| !members.is_disjoint(&set));
        let mut group = (Vec::new(), BTreeSet::new());
        for (numbers, members) in met {
            group.0.extend(numbers);
            group.1.extend(members);
        }
        group.0.push(number);
        group.0.sort_unstable();
        group.1.extend(set);
        rest.push(group);
        groups = rest;
    }
    groups.sort_by_key(|(numbers, _)| numbers.first().copied());
    groups.into_iter().map(|(numbers, _)| numbers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_connected() {
        let sets = [&[1][..], &[2], &[], &[1, 3], &[3, 2]];
        let sets = sets.iter().map(|set| set.iter().copied().collect()).collect();
        assert_eq!(grouped(sets), [vec![0, 1, 3, 4], vec![2]]);
    }
}
