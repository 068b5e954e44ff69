//! A catalog in memory.

use std::collections::BTreeMap;
use std::convert::Infallible;

use mastic_api_glue::glue::types::{
    Column, Partition, PartitionIndex, PartitionInput, StorageDescriptor, Table, TableInput,
};
use mastic_crawl::{Catalog, Change, Step};
use serde::Deserialize;
use serde_json::Value;

/// A table as a case says it; what is not said is not looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// `s3://...`
    location: String,
    /// `name:type`, in order.
    columns: Option<Vec<String>>,
    /// The names of the keys, in order; none where there is nothing.
    #[serde(default)]
    keys: Vec<String>,
    /// The values of all partitions, joined by slashes; none where there is nothing.
    #[serde(default)]
    partitions: Vec<String>,
    /// Columns of partitions.
    #[serde(default)]
    partition_columns: BTreeMap<String, Vec<String>>,
    /// Parameters of partitions' descriptors; null where one must not be there.
    #[serde(default)]
    partition_parameters: BTreeMap<String, BTreeMap<String, Option<String>>>,
    /// Parameters that are marked deprecated, by partition.
    #[serde(default)]
    deprecated: Vec<String>,
    /// Some parameters; null where one must not be there.
    #[serde(default)]
    parameters: BTreeMap<String, Option<String>>,
    /// Some parameters of the SerDe.
    #[serde(default)]
    serde: BTreeMap<String, Option<String>>,
    /// Comments of columns.
    comments: Option<BTreeMap<String, String>>,
    description: Option<String>,
    /// The keys of the partition index.
    index: Option<Vec<String>>,
}

/// Tables and partitions, and what a crawl told.
#[derive(Default)]
pub struct Memory {
    tables: BTreeMap<String, Table>,
    partitions: BTreeMap<String, BTreeMap<Vec<String>, Partition>>,
    indexes: BTreeMap<String, PartitionIndex>,
    lines: Vec<String>,
    pub writes: usize,
}

impl Memory {
    /// Forgets what the last crawl told.
    pub fn begin(&mut self) {
        self.lines.clear();
        self.writes = 0;
    }

    pub fn note(&mut self, line: String) {
        self.lines.push(line);
    }

    /// A table that people made.
    pub fn table(&self, name: &str) -> Table {
        self.tables[name].clone()
    }

    pub fn locations(&self, table: &str) -> Vec<String> {
        let all = self.partitions.get(table).into_iter().flat_map(BTreeMap::values);
        all.filter_map(|partition| partition.storage_descriptor.clone()?.location).collect()
    }

    pub fn all_tables(&self) -> Vec<Table> {
        self.tables.values().cloned().collect()
    }

    /// Changes a table, or makes one, as people do.
    pub fn edit(&mut self, name: &str, changes: &BTreeMap<String, Value>) {
        let known =
            self.tables.get(name).cloned().unwrap_or(Table { name: name.to_owned(), ..Table::default() });
        let mut value = serde_json::to_value(&known).unwrap();
        for (pointer, new) in changes {
            match value.pointer_mut(pointer) {
                Some(place) => *place = new.clone(),
                None => {
                    let (parent, last) = pointer.rsplit_once('/').unwrap();
                    let parent = value.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}: {known:?}"));
                    parent.as_object_mut().unwrap().insert(last.to_owned(), new.clone());
                }
            }
        }
        self.tables.insert(name.to_owned(), serde_json::from_value(value).unwrap());
    }

    /// The lines between the settings and the summary, and the summary.
    pub fn told(&self) -> (Vec<String>, Vec<String>) {
        let place = |start: &str| self.lines.iter().position(|line| line.starts_with(start));
        let begin = place("INFO : Crawler configured").map_or(0, |place| place + 1);
        let end = place("BENCHMARK : Finished writing").unwrap_or(self.lines.len());
        let before = self.lines.iter().take_while(|line| line.starts_with("WARN")).cloned();
        (before.chain(self.lines[begin..end].iter().cloned()).collect(), self.lines[end..].to_vec())
    }

    /// What is not as it was said.
    pub fn compare(&self, wanted: &BTreeMap<String, Expected>) -> Vec<String> {
        let names: Vec<&String> = self.tables.keys().collect();
        if names != wanted.keys().collect::<Vec<_>>() {
            return vec![format!("the tables are {names:?}")];
        }
        let mut wrong = Vec::new();
        for (name, expected) in wanted {
            let table = &self.tables[name];
            self.compare_table(table, expected, |text| wrong.push(format!("table {name}: {text}")));
        }
        wrong
    }

    fn compare_table(&self, table: &Table, expected: &Expected, mut say: impl FnMut(String)) {
        let mut same = |what: &str, is: String, wanted: String| {
            if is != wanted {
                say(format!("{what} is {is}, wanted {wanted}"));
            }
        };
        let descriptor = table.storage_descriptor.clone().unwrap();
        same("location", descriptor.location.clone().unwrap_or_default(), expected.location.clone());
        if let Some(columns) = &expected.columns {
            same("columns", typed(&descriptor), columns.join(" "));
        }
        let keys: Vec<&str> = table.partition_keys.iter().flatten().map(|key| key.name.as_str()).collect();
        same("keys", keys.join(" "), expected.keys.join(" "));
        let empty = BTreeMap::new();
        let partitions = self.partitions.get(&table.name).unwrap_or(&empty);
        let values: Vec<String> = partitions.keys().map(|values| values.join("/")).collect();
        same("partitions", values.join(" "), expected.partitions.join(" "));
        let marked = |partition: &&Partition| {
            partition.parameters.as_ref().is_some_and(|all| all.contains_key("DEPRECATED_BY_CRAWLER"))
        };
        let gone: Vec<String> =
            partitions.values().filter(marked).map(|p| p.values.clone().unwrap().join("/")).collect();
        same("deprecated", gone.join(" "), expected.deprecated.join(" "));
        let of = |values: &str| {
            let found = partitions.iter().find(|(known, _)| known.join("/") == values);
            found.and_then(|(_, partition)| partition.storage_descriptor.clone()).unwrap_or_default()
        };
        for (values, columns) in &expected.partition_columns {
            same(&format!("columns of {values}"), typed(&of(values)), columns.join(" "));
        }
        for (values, parameters) in &expected.partition_parameters {
            for (key, wanted) in parameters {
                let is = of(values).parameters.unwrap_or_default().get(key).cloned();
                same(&format!("{key} of {values}"), format!("{is:?}"), format!("{wanted:?}"));
            }
        }
        let parameters = table.parameters.clone().unwrap_or_default();
        for (key, wanted) in &expected.parameters {
            same(key, format!("{:?}", parameters.get(key)), format!("{:?}", wanted.as_ref()));
        }
        let serde = descriptor.serde_info.unwrap_or_default().parameters.unwrap_or_default();
        for (key, wanted) in &expected.serde {
            same(key, format!("{:?}", serde.get(key)), format!("{:?}", wanted.as_ref()));
        }
        if let Some(comments) = &expected.comments {
            let commented = |column: &Column| Some((column.name.clone(), column.comment.clone()?));
            let is: BTreeMap<String, String> =
                descriptor.columns.iter().flatten().filter_map(commented).collect();
            same("comments", format!("{is:?}"), format!("{comments:?}"));
        }
        if let Some(description) = &expected.description {
            same("description", table.description.clone().unwrap_or_default(), description.clone());
        }
        if let Some(wanted) = &expected.index {
            let is = self.indexes.get(&table.name).map(|index| index.keys.join(" ")).unwrap_or_default();
            same("index", is, wanted.join(" "));
        }
    }
}

fn typed(descriptor: &StorageDescriptor) -> String {
    let columns = descriptor.columns.iter().flatten();
    let typed = columns.map(|c| format!("{}:{}", c.name, c.r#type.as_deref().unwrap_or_default()));
    typed.collect::<Vec<_>>().join(" ")
}

fn table(input: TableInput) -> Table {
    Table {
        name: input.name,
        description: input.description,
        owner: input.owner,
        retention: input.retention,
        last_access_time: input.last_access_time,
        storage_descriptor: input.storage_descriptor,
        partition_keys: input.partition_keys,
        table_type: input.table_type,
        parameters: input.parameters,
        ..Table::default()
    }
}

fn partition(input: PartitionInput) -> Partition {
    Partition {
        values: input.values,
        last_access_time: input.last_access_time,
        storage_descriptor: input.storage_descriptor,
        parameters: input.parameters,
        ..Partition::default()
    }
}

impl Catalog for Memory {
    type Error = Infallible;

    async fn ensure(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn tables(&mut self) -> Result<Vec<Table>, Infallible> {
        Ok(self.tables.values().cloned().collect())
    }

    /// Pages of one, so that pages are tried.
    async fn partitions(
        &mut self,
        table: &str,
        token: Option<String>,
    ) -> Result<(Vec<Partition>, Option<String>), Infallible> {
        let after: Option<Vec<String>> = token.map(|token| serde_json::from_str(&token).unwrap());
        let empty = BTreeMap::new();
        let all = self.partitions.get(table).unwrap_or(&empty);
        let mut rest = all.iter().filter(|(values, _)| after.as_ref().is_none_or(|after| *values > after));
        let Some((values, first)) = rest.next() else { return Ok((Vec::new(), None)) };
        let token = rest.next().map(|_| serde_json::to_string(values).unwrap());
        Ok((vec![first.clone()], token))
    }

    async fn take(&mut self, name: &str, step: Step) -> Result<(), Infallible> {
        self.writes += 1;
        let partitions = self.partitions.entry(name.to_owned()).or_default();
        match step {
            Step::Table(Change::None, _) => panic!("nothing is done to {name}"),
            Step::Table(Change::Create(input), index) => {
                assert!(!self.tables.contains_key(name), "{name} is made twice");
                self.tables.insert(name.to_owned(), table(*input));
                self.indexes.extend(index.map(|index| (name.to_owned(), index)));
            }
            Step::Table(Change::Update(input) | Change::Deprecate(input), _) => {
                assert!(self.tables.insert(name.to_owned(), table(*input)).is_some(), "there is no {name}");
            }
            Step::Table(Change::Delete, _) => {
                self.tables.remove(name).unwrap();
                self.partitions.remove(name);
            }
            Step::Index(index) => {
                self.indexes.insert(name.to_owned(), index);
            }
            Step::CreatePartitions(inputs) => {
                for input in inputs {
                    let made = partition(input);
                    let old = partitions.insert(made.values.clone().unwrap(), made);
                    assert!(old.is_none(), "{old:?} is made twice");
                }
            }
            Step::UpdatePartitions(inputs) | Step::DeprecatePartitions(inputs) => {
                for input in inputs {
                    let new = partition(input);
                    assert!(partitions.insert(new.values.clone().unwrap(), new).is_some());
                }
            }
            Step::DeletePartitions(all) => {
                for values in all {
                    partitions.remove(&values).unwrap();
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, line: String) {
        self.lines.push(line);
    }
}
