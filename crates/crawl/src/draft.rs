//! A crawl that writes nothing: what it would do, with the reasons, as a document.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{Partition, PartitionInput, Table, TableInput};
use mastic_api_mastic::mastic::types::{PlanCrawlResponse, PlannedColumn, PlannedPartition, PlannedTable};

use crate::describe::input_of;
use crate::diff::differences;
use crate::plan::Change;
use crate::update::{Catalog, Step};

/// Partitions of a table that a plan names; it counts them all.
const NAMED: usize = 1000;

/// A catalog that is read and not written: what would be done to it is put down.
#[derive(Debug)]
pub struct Draft<C> {
    inner: C,
    existing: BTreeMap<String, TableInput>,
    tables: BTreeMap<String, PlannedTable>,
    log: Vec<String>,
}

impl<C> Draft<C> {
    /// A draft over a catalog.
    pub fn new(inner: C) -> Self {
        Self { inner, existing: BTreeMap::new(), tables: BTreeMap::new(), log: Vec::new() }
    }

    /// What would be done, by a crawler to its database.
    pub fn into_plan(self, crawler: &str, database: &str) -> PlanCrawlResponse {
        PlanCrawlResponse {
            crawler_name: crawler.to_owned(),
            database_name: database.to_owned(),
            tables: self.tables.into_values().collect(),
            log: self.log,
        }
    }

    fn table(&mut self, name: &str) -> &mut PlannedTable {
        let known = self.existing.get(name);
        self.tables.entry(name.to_owned()).or_insert_with(|| {
            let mut planned =
                PlannedTable { name: name.to_owned(), change: "KEEP".to_owned(), ..PlannedTable::default() };
            if let Some(known) = known {
                show(&mut planned, known);
            }
            planned
        })
    }

    fn change(&mut self, name: &str, change: Change) {
        let (word, after) = match change {
            Change::None => return,
            Change::Delete => ("DELETE", None),
            Change::Create(after) => ("CREATE", Some(after)),
            Change::Update(after) => ("UPDATE", Some(after)),
            Change::Deprecate(after) => ("DEPRECATE", Some(after)),
        };
        let changed = match (self.existing.get(name), &after) {
            (Some(before), Some(after)) => differences(before, after),
            _ => Vec::new(),
        };
        let planned = self.table(name);
        word.clone_into(&mut planned.change);
        planned.differences = changed;
        if let Some(after) = after {
            show(planned, &after);
        }
    }

    fn partitions(&mut self, name: &str, change: &str, all: impl ExactSizeIterator<Item = Vec<String>>) {
        let planned = &mut self.table(name).partitions;
        let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
        let counted = match change {
            "CREATE" => &mut planned.created,
            "UPDATE" => &mut planned.updated,
            "DEPRECATE" => &mut planned.deprecated,
            _ => &mut planned.deleted,
        };
        *counted = counted.saturating_add(count);
        let room = NAMED.saturating_sub(planned.some.len());
        let named = all.take(room).map(|values| PlannedPartition { change: change.to_owned(), values });
        planned.some.extend(named);
    }
}

/// The table as it will be.
fn show(planned: &mut PlannedTable, table: &TableInput) {
    let descriptor = table.storage_descriptor.clone().unwrap_or_default();
    planned.location = descriptor.location.unwrap_or_default();
    planned.columns = descriptor
        .columns
        .into_iter()
        .flatten()
        .map(|column| PlannedColumn { name: column.name, r#type: column.r#type.unwrap_or_default() })
        .collect();
    planned.partition_keys = table.partition_keys.iter().flatten().map(|key| key.name.clone()).collect();
}

fn values(inputs: Vec<PartitionInput>) -> impl ExactSizeIterator<Item = Vec<String>> {
    inputs.into_iter().map(|input| input.values.unwrap_or_default())
}

impl<C: Catalog + Send + Sync> Catalog for Draft<C> {
    type Error = C::Error;

    async fn ensure(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    async fn tables(&mut self) -> Result<Vec<Table>, Self::Error> {
        let tables = self.inner.tables().await?;
        self.existing = tables.iter().map(|table| (table.name.clone(), input_of(table))).collect();
        Ok(tables)
    }

    async fn partitions(
        &mut self,
        table: &str,
        token: Option<String>,
    ) -> Result<(Vec<Partition>, Option<String>), Self::Error> {
        self.inner.partitions(table, token).await
    }

    fn found(&mut self, table: &str, reasons: &[String]) {
        self.table(table).reasons = reasons.to_vec();
    }

    async fn take(&mut self, table: &str, step: Step) -> Result<(), Self::Error> {
        match step {
            Step::Table(change, index) => {
                self.change(table, change);
                self.table(table).index_keys = index.map(|index| index.keys);
            }
            Step::Index(index) => self.table(table).index_keys = Some(index.keys),
            Step::CreatePartitions(inputs) => self.partitions(table, "CREATE", values(inputs)),
            Step::UpdatePartitions(inputs) => self.partitions(table, "UPDATE", values(inputs)),
            Step::DeprecatePartitions(inputs) => self.partitions(table, "DEPRECATE", values(inputs)),
            Step::DeletePartitions(all) => self.partitions(table, "DELETE", all.into_iter()),
        }
        Ok(())
    }

    fn tell(&mut self, line: String) {
        self.log.push(line);
    }
}
