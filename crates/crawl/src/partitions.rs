//! What a crawl does to the partitions of one table, met one after the other, so that a million of them need not
//! be held.

use std::collections::HashMap;

use mastic_api_glue::glue::types::{
    DeleteBehavior, Partition, PartitionInput, StorageDescriptor, TableInput,
};
use mastic_classify::PartitionFound;

use crate::adapt::adapt_partition;
use crate::describe::{DEPRECATED_BY, Found, Lake, same};
use crate::log;
use crate::plan::{Partitions, Rules, TablePlan};

/// What becomes of a partition that is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// It stays.
    Stay,
    /// It becomes this.
    Update(Box<PartitionInput>),
    /// It is marked deprecated.
    Deprecate(Box<PartitionInput>),
    /// It goes.
    Delete(Vec<String>),
}

/// The partitions that a target gave.
#[derive(Clone, Copy)]
enum Given<'a> {
    /// By their files.
    Found(&'a [PartitionFound]),
    /// As the table's own format tells them.
    Told(&'a [PartitionInput]),
}

/// A table that a target gave, with its partitions.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    name: &'a str,
    location: &'a str,
    given: Given<'a>,
}

impl<'a> Subject<'a> {
    pub(crate) fn found(found: &'a Found) -> Self {
        let table = &found.table;
        Self { name: &table.name, location: &table.location, given: Given::Found(&table.partitions) }
    }

    pub(crate) fn lake(lake: &'a Lake) -> Self {
        Self { name: &lake.table.name, location: lake.location(), given: Given::Told(&lake.partitions) }
    }

    fn values(self) -> Vec<&'a [String]> {
        match self.given {
            Given::Found(all) => all.iter().map(|partition| partition.values.as_slice()).collect(),
            Given::Told(all) => all.iter().map(|input| input.values.as_deref().unwrap_or_default()).collect(),
        }
    }
}

/// Compares the partitions that are known with those that were found.
pub(crate) struct Comparison<'a> {
    rules: &'a Rules,
    subject: Subject<'a>,
    mode: Partitions,
    /// The table's own, as it will be.
    descriptor: Option<&'a StorageDescriptor>,
    /// Places of the found ones that have not been met, by their values.
    unmet: HashMap<&'a [String], usize>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(rules: &'a Rules, subject: Subject<'a>, plan: &'a TablePlan) -> Self {
        let all = subject.values().into_iter().enumerate();
        Self {
            rules,
            subject,
            mode: plan.partitions,
            descriptor: plan.descriptor.as_ref(),
            unmet: all.map(|(place, values)| (values, place)).collect(),
        }
    }

    /// What becomes of a known partition, and what is said of it.
    pub(crate) fn meet(&mut self, known: &Partition) -> (Fate, Option<String>) {
        let values = known.values.as_deref().unwrap_or_default();
        let write = match self.mode {
            Partitions::Stay => return (Fate::Stay, None),
            Partitions::Replace => return (Fate::Delete(values.to_vec()), None),
            Partitions::Compare { write } => write,
        };
        let found = self.unmet.remove(values).and_then(|place| self.wanted(place));
        match found {
            Some(wanted) if write => {
                let old = input_of(known);
                let new = adapt_partition(&old, wanted, &self.rules.configuration);
                let fate = if same(old, new.clone()) { Fate::Stay } else { Fate::Update(Box::new(new)) };
                (fate, None)
            }
            Some(_) => (Fate::Stay, None),
            None => self.gone(known, values),
        }
    }

    fn gone(&self, known: &Partition, values: &[String]) -> (Fate, Option<String>) {
        let at = known.storage_descriptor.as_ref().and_then(|d| d.location.as_deref());
        if !at.is_some_and(|at| at.starts_with(self.subject.location)) {
            // Someone else added it, with data of another place.
            return (Fate::Stay, None);
        }
        let line = Some(log::partition_gone(self.subject.name, values));
        match self.rules.delete {
            DeleteBehavior::DeleteFromDatabase => (Fate::Delete(values.to_vec()), line),
            DeleteBehavior::DeprecateInDatabase => {
                let mut input = input_of(known);
                let parameters = input.parameters.get_or_insert_default();
                if parameters.contains_key(DEPRECATED_BY) {
                    return (Fate::Stay, None);
                }
                parameters.insert(DEPRECATED_BY.to_owned(), self.rules.crawl.at.millis().to_string());
                (Fate::Deprecate(Box::new(input)), line)
            }
            DeleteBehavior::Log => (Fate::Stay, line),
        }
    }

    /// The partitions that are made: those that were found and not met, in order.
    pub(crate) fn rest(self) -> impl Iterator<Item = PartitionInput> {
        let mut places: Vec<usize> = match self.mode {
            Partitions::Stay => Vec::new(),
            _ => self.unmet.values().copied().collect(),
        };
        places.sort_unstable();
        places.into_iter().filter_map(move |place| self.wanted(place))
    }

    /// The partition as the crawl would make it.
    fn wanted(&self, place: usize) -> Option<PartitionInput> {
        let wanted = match self.subject.given {
            Given::Found(all) => self.rules.crawl.partition(all.get(place)?),
            Given::Told(all) => self.rules.crawl.told(all.get(place)?),
        };
        Some(match self.descriptor.filter(|_| self.rules.configuration.inherit_from_table) {
            Some(table) => inherit(wanted, table),
            None => wanted,
        })
    }
}

/// A partition with its table's descriptor.
pub(crate) fn inherit(mut partition: PartitionInput, table: &StorageDescriptor) -> PartitionInput {
    partition.storage_descriptor = partition.storage_descriptor.map(|own| inherited(own, table));
    partition
}

/// A partition's descriptor with everything of its table's but the place and the counts (Setting crawler
/// configuration options in the AWS Glue Developer Guide).
fn inherited(own: StorageDescriptor, table: &StorageDescriptor) -> StorageDescriptor {
    let mut parameters = own.parameters.unwrap_or_default();
    for (key, value) in table.parameters.iter().flatten() {
        if ["classification", "compressionType", "delimiter"].contains(&key.as_str()) {
            parameters.insert(key.clone(), value.clone());
        }
    }
    StorageDescriptor { location: own.location, parameters: Some(parameters), ..table.clone() }
}

fn input_of(partition: &Partition) -> PartitionInput {
    let partition = partition.clone();
    PartitionInput {
        values: partition.values,
        last_access_time: partition.last_access_time,
        storage_descriptor: partition.storage_descriptor,
        parameters: partition.parameters,
        last_analyzed_time: partition.last_analyzed_time,
    }
}

/// Whether a table's partitions are to be looked at at all.
pub(crate) fn is_partitioned(table: &TableInput) -> bool {
    table.partition_keys.as_ref().is_some_and(|keys| !keys.is_empty())
}
