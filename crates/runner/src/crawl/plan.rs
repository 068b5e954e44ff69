//! What a crawl changes in the catalog: what was found against what is there. Nothing is asked or written here.

use std::collections::{HashMap, HashSet};

use mastic_api_glue::glue::types::{
    DeleteBehavior, Partition, PartitionIndex, PartitionInput, StorageDescriptor, Table, TableInput,
};
use mastic_classify::{Configuration, TableFound};
use mastic_hive::suffixed_table_name;

use super::adapt::{Adapted, adapt, adapt_partition};
use super::describe::{Crawl, DEPRECATED_BY, FILTERING, UPDATED_BY, input_of, same};
use super::listing::Include;
use super::log;

/// By what a crawl decides.
pub(super) struct Rules {
    pub(super) crawl: Crawl,
    /// Whether the `UpdateBehavior` is `UPDATE_IN_DATABASE`.
    pub(super) update: bool,
    pub(super) delete: DeleteBehavior,
    pub(super) configuration: Configuration,
}

/// A table of the catalog with its partitions.
pub(super) struct Known {
    pub(super) table: Table,
    pub(super) partitions: Vec<Partition>,
}

/// What becomes of a table itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Change {
    #[default]
    None,
    Create(TableInput),
    Update(TableInput),
    Deprecate(TableInput),
    Delete,
}

/// What becomes of a table and its partitions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TablePlan {
    pub(super) name: String,
    pub(super) change: Change,
    /// An index that the table gets.
    pub(super) index: Option<PartitionIndex>,
    pub(super) create: Vec<PartitionInput>,
    pub(super) update: Vec<PartitionInput>,
    pub(super) deprecate: Vec<PartitionInput>,
    /// The values of partitions that are deleted.
    pub(super) delete: Vec<Vec<String>>,
    /// What else there is to say.
    pub(super) lines: Vec<String>,
}

/// Finds the table of the catalog that each found one is: one of its name, at its location. Where another table
/// has the name, the found one gets a name of its own.
pub(super) fn pair(found: &mut [TableFound], existing: &[Table]) -> Vec<Option<usize>> {
    let by_name: HashMap<&str, usize> =
        existing.iter().enumerate().map(|(place, table)| (table.name.as_str(), place)).collect();
    let mut taken = HashSet::new();
    let mut pairs = Vec::with_capacity(found.len());
    for table in found {
        let other = suffixed_table_name(&table.name, &table.location);
        let mut pair = None;
        for name in [table.name.clone(), other] {
            let known = by_name.get(name.as_str()).copied();
            let here = known.and_then(|place| existing.get(place)).is_none_or(|k| is_at(k, &table.location));
            table.name = name;
            if here && !taken.contains(&table.name) {
                pair = known;
                break;
            }
        }
        taken.insert(table.name.clone());
        pairs.push(pair);
    }
    pairs
}

fn location(table: &Table) -> Option<&str> {
    table.storage_descriptor.as_ref()?.location.as_deref()
}

fn is_at(table: &Table, place: &str) -> bool {
    location(table).is_some_and(|at| at.trim_end_matches('/') == place.trim_end_matches('/'))
}

/// Whether the crawler made the table, from one of its targets, and found nothing of it this time.
pub(super) fn is_gone(
    table: &Table,
    crawler: &str,
    includes: &[impl AsRef<Include>],
    found: &[TableFound],
) -> bool {
    let own = table.parameters.as_ref().and_then(|p| p.get(UPDATED_BY)).is_some_and(|name| name == crawler);
    own && location(table).is_some_and(|at| includes.iter().any(|include| include.as_ref().covers(at)))
        && !found.iter().any(|found| is_at(table, &found.location))
}

impl Rules {
    /// What becomes of a table that was found, and perhaps is known.
    pub(super) fn plan(&self, found: &TableFound, known: Option<&Known>) -> TablePlan {
        let indexed = self.configuration.create_partition_index;
        let wanted = self.crawl.table(found, indexed);
        let mut plan = TablePlan { name: found.name.clone(), ..TablePlan::default() };
        let Some(known) = known else {
            plan.index = index(&wanted);
            plan.create = self.partitions(found, wanted.storage_descriptor.as_ref()).collect();
            plan.change = Change::Create(wanted);
            return plan;
        };
        let merge = self.configuration.merge_new_columns;
        let old = input_of(&known.table);
        let new = match adapt(&old, wanted, merge) {
            Adapted::Table(new) => *new,
            Adapted::Clash(parameter, existing, crawled) => {
                let (existing, crawled) = (existing.as_deref(), crawled.as_deref());
                plan.lines.push(log::cannot_merge(&found.name, parameter, existing, crawled));
                plan.change = self.deprecation(old);
                return plan;
            }
        };
        // The Configuration overrides the policy.
        let writes = self.update || merge;
        let keys = |table: &TableInput| -> Vec<String> {
            table.partition_keys.iter().flatten().map(|key| key.name.clone()).collect()
        };
        let rekeyed = keys(&old) != keys(&new);
        let current = if writes { &new } else { &old };
        if !rekeyed {
            self.plan_partitions(&mut plan, found, known, current, writes);
        } else if writes {
            // A partition has a value for each key: those of other keys cannot stay.
            plan.delete = known.partitions.iter().filter_map(|old| old.values.clone()).collect();
            plan.create = self.partitions(found, current.storage_descriptor.as_ref()).collect();
        }
        let has_index = old.parameters.as_ref().is_some_and(|p| p.contains_key(FILTERING));
        if writes && !has_index {
            plan.index = index(&new);
        }
        if same(old.clone(), new.clone()) {
            return plan;
        }
        if writes {
            plan.change = Change::Update(new);
        } else if rekeyed || form(&old) != form(&new) {
            plan.lines.push(log::differs(&found.name));
        }
        plan
    }

    /// The partitions as the crawl would make them under a table of this descriptor.
    fn partitions<'a>(
        &'a self,
        found: &'a TableFound,
        table: Option<&'a StorageDescriptor>,
    ) -> impl Iterator<Item = PartitionInput> + 'a {
        found.partitions.iter().map(move |partition| {
            let mut wanted = self.crawl.partition(found, partition);
            if self.configuration.inherit_from_table
                && let (Some(own), Some(table)) = (wanted.storage_descriptor.take(), table)
            {
                wanted.storage_descriptor = Some(StorageDescriptor {
                    location: own.location,
                    parameters: own.parameters,
                    ..table.clone()
                });
            }
            wanted
        })
    }

    fn plan_partitions(
        &self,
        plan: &mut TablePlan,
        found: &TableFound,
        known: &Known,
        current: &TableInput,
        writes: bool,
    ) {
        let mut old: HashMap<&[String], &Partition> =
            known.partitions.iter().filter_map(|p| Some((p.values.as_deref()?, p))).collect();
        let merge = self.configuration.merge_new_columns && !self.configuration.inherit_from_table;
        for wanted in self.partitions(found, current.storage_descriptor.as_ref()) {
            match old.remove(wanted.values.as_deref().unwrap_or_default()) {
                None => plan.create.push(wanted),
                Some(old) if writes => {
                    let old = partition_input(old);
                    let new = adapt_partition(&old, wanted, merge);
                    if !same(old, new.clone()) {
                        plan.update.push(new);
                    }
                }
                Some(_) => {}
            }
        }
        let table =
            current.storage_descriptor.as_ref().and_then(|d| d.location.as_deref()).unwrap_or_default();
        // In the order of the listing, so that two crawls tell the same story.
        for partition in &known.partitions {
            let Some(values) = partition.values.as_ref().filter(|values| old.contains_key(values.as_slice()))
            else {
                continue;
            };
            let at = partition.storage_descriptor.as_ref().and_then(|d| d.location.as_deref());
            if !at.is_some_and(|at| at.starts_with(table)) {
                // Someone else added it, with data of another place.
                continue;
            }
            let mut input = partition_input(partition);
            match self.delete {
                DeleteBehavior::DeleteFromDatabase => plan.delete.push(values.clone()),
                DeleteBehavior::DeprecateInDatabase => {
                    let parameters = input.parameters.get_or_insert_default();
                    if parameters.contains_key(DEPRECATED_BY) {
                        continue;
                    }
                    parameters.insert(DEPRECATED_BY.to_owned(), self.crawl.at.millis().to_string());
                    plan.deprecate.push(input);
                }
                DeleteBehavior::Log => {}
            }
            plan.lines.push(log::partition_gone(&plan.name, values));
        }
    }

    /// What becomes of a table of which nothing was found.
    pub(super) fn plan_gone(&self, table: &Table) -> TablePlan {
        let mut plan = TablePlan { name: table.name.clone(), ..TablePlan::default() };
        match self.delete {
            DeleteBehavior::DeleteFromDatabase => plan.change = Change::Delete,
            DeleteBehavior::DeprecateInDatabase => plan.change = self.deprecation(input_of(table)),
            DeleteBehavior::Log => plan.lines.push(log::left(&table.name)),
        }
        plan
    }

    fn deprecation(&self, mut table: TableInput) -> Change {
        let parameters = table.parameters.get_or_insert_default();
        if parameters.contains_key(DEPRECATED_BY) {
            return Change::None;
        }
        parameters.insert(DEPRECATED_BY.to_owned(), self.crawl.at.millis().to_string());
        Change::Deprecate(table)
    }
}

fn partition_input(partition: &Partition) -> PartitionInput {
    let partition = partition.clone();
    PartitionInput {
        values: partition.values,
        last_access_time: partition.last_access_time,
        storage_descriptor: partition.storage_descriptor,
        parameters: partition.parameters,
        last_analyzed_time: partition.last_analyzed_time,
    }
}

/// The index that a crawler makes, over all keys.
fn index(table: &TableInput) -> Option<PartitionIndex> {
    let wanted = table.parameters.as_ref().is_some_and(|p| p.contains_key(FILTERING));
    let keys = table.partition_keys.iter().flatten().map(|key| key.name.clone()).collect();
    wanted.then(|| PartitionIndex { keys, index_name: "crawler_partition_index".to_owned() })
}

/// What a table says of its data's form.
#[derive(PartialEq)]
struct Form<'a> {
    columns: Vec<(&'a str, Option<&'a str>)>,
    serde: Option<&'a str>,
}

fn form(table: &TableInput) -> Option<Form<'_>> {
    let descriptor = table.storage_descriptor.as_ref()?;
    let columns = descriptor.columns.iter().flatten();
    Some(Form {
        columns: columns.map(|c| (c.name.as_str(), c.r#type.as_deref())).collect(),
        serde: descriptor.serde_info.as_ref().and_then(|serde| serde.serialization_library.as_deref()),
    })
}
