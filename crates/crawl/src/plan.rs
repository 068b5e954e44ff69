//! What a crawl does to each table: what was found against what is there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mastic_api_glue::glue::types::{
    Crawler, DeleteBehavior, PartitionIndex, RecrawlBehavior, StorageDescriptor, Table, TableInput,
    UpdateBehavior,
};
use mastic_hive::{Configuration, ConfigurationError, suffixed_table_name};

use crate::adapt::{Adapted, adapt};
use crate::database::DatabaseInclude;
use crate::describe::{Crawl, DEPRECATED_BY, FILTERING, Found, Lake, UPDATED_BY, input_of, same};
use crate::log;
use crate::target::Include;

/// By what a crawl decides.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Who crawls, and when.
    pub crawl: Crawl,
    /// Whether the `UpdateBehavior` is `UPDATE_IN_DATABASE`.
    pub update: bool,
    /// The `DeleteBehavior`.
    pub delete: DeleteBehavior,
    /// Whether only folders that are new are looked at (Scheduling incremental crawls for adding new partitions).
    pub incremental: bool,
    /// The crawler's `Configuration`.
    pub configuration: Configuration,
}

/// What becomes of a table itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Change {
    /// Nothing.
    #[default]
    None,
    /// It is made.
    Create(Box<TableInput>),
    /// It becomes this.
    Update(Box<TableInput>),
    /// It is marked deprecated.
    Deprecate(Box<TableInput>),
    /// It goes.
    Delete,
}

/// What becomes of a table's partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Partitions {
    /// They stay as they are, and none are added.
    #[default]
    Stay,
    /// Each is compared; whether those that changed are written depends.
    Compare {
        /// Whether they are.
        write: bool,
    },
    /// Their keys are others now: all go, and all that were found are made.
    Replace,
}

/// What becomes of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TablePlan {
    pub(crate) name: String,
    pub(crate) change: Change,
    /// An index that the table gets.
    pub(crate) index: Option<PartitionIndex>,
    pub(crate) partitions: Partitions,
    /// The descriptor that partitions may inherit: the table's own, as it will be.
    pub(crate) descriptor: Option<StorageDescriptor>,
    /// What else there is to say.
    pub(crate) lines: Vec<String>,
}

/// Finds the tables of the catalog that the found ones are: those of their names, at their locations. Where another
/// table has the name, the found one gets a name of its own.
pub(crate) struct Names<'a> {
    by_name: HashMap<&'a str, &'a Table>,
    taken: HashSet<String>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(existing: &'a [Table]) -> Self {
        let by_name = existing.iter().map(|table| (table.name.as_str(), table)).collect();
        Self { by_name, taken: HashSet::new() }
    }

    /// The table of a found one, whose name may become another.
    pub(crate) fn find(&mut self, name: &mut String, location: &str) -> Option<&'a Table> {
        let other = suffixed_table_name(name, location);
        let mut pair = None;
        for wanted in [name.clone(), other] {
            let known = self.by_name.get(wanted.as_str()).copied();
            *name = wanted;
            if known.is_none_or(|known| is_at(known, location)) && !self.taken.contains(name) {
                pair = known;
                break;
            }
        }
        self.taken.insert(name.clone());
        pair
    }
}

pub(crate) fn location(table: &Table) -> Option<&str> {
    table.storage_descriptor.as_ref()?.location.as_deref()
}

pub(crate) fn is_at(table: &Table, place: &str) -> bool {
    location(table).is_some_and(|at| at.trim_end_matches('/') == place.trim_end_matches('/'))
}

/// Whether a crawler made the table, or changed it last.
pub(crate) fn is_own(table: &Table, crawler: &str) -> bool {
    table.parameters.as_ref().and_then(|p| p.get(UPDATED_BY)).is_some_and(|name| name == crawler)
}

/// Whether the crawler made the table, from one of its targets, and found nothing of it this time.
pub(crate) fn is_gone(
    table: &Table,
    crawler: &str,
    (includes, databases): (&[Arc<Include>], &[DatabaseInclude]),
    found: &[&str],
) -> bool {
    let looked_at = || {
        location(table).is_some_and(|at| includes.iter().any(|include| include.covers(at)))
            || databases.iter().any(|include| include.covers(table))
    };
    is_own(table, crawler) && looked_at() && !found.iter().any(|place| is_at(table, place))
}

impl Rules {
    /// The rules of a crawler's definition for one crawl.
    ///
    /// # Errors
    /// When its `Configuration` cannot be used.
    pub fn new(crawler: &Crawler, crawl: Crawl) -> Result<Self, ConfigurationError> {
        let configuration = Configuration::parse(crawler.configuration.as_deref().unwrap_or_default())?;
        let policy = crawler.schema_change_policy.clone().unwrap_or_default();
        let recrawl = crawler.recrawl_policy.as_ref().and_then(|policy| policy.recrawl_behavior);
        let mut rules = Self {
            crawl,
            update: policy.update_behavior != Some(UpdateBehavior::Log),
            delete: policy.delete_behavior.unwrap_or(DeleteBehavior::DeprecateInDatabase),
            incremental: recrawl == Some(RecrawlBehavior::CrawlNewFoldersOnly),
            configuration,
        };
        if rules.incremental {
            rules.update = false;
            rules.delete = DeleteBehavior::Log;
            rules.configuration.merge_new_columns = false;
        }
        Ok(rules)
    }

    pub(crate) fn check_threshold(&self, tables: usize) -> Result<(), String> {
        match self.configuration.table_threshold {
            Some(most) if tables > usize::try_from(most).unwrap_or(usize::MAX) => Err(format!(
                "The crawl found {tables} tables, more than the TableThreshold of {most}. Nothing was written."
            )),
            _ => Ok(()),
        }
    }

    /// What becomes of a table that was found, and perhaps is known.
    pub(crate) fn plan(&self, found: &Found, known: Option<&Table>) -> TablePlan {
        let has_index =
            known.and_then(|known| known.parameters.as_ref()).is_some_and(|p| p.contains_key(FILTERING));
        let indexed = if found.named { has_index } else { self.configuration.create_partition_index };
        let mut wanted = self.crawl.table(found, indexed);
        if let Some(known) = known.map(input_of).filter(|known| found.named && keys(known) == keys(&wanted)) {
            // People chose the keys and their types.
            wanted.partition_keys = known.partition_keys;
        }
        self.plan_wanted(wanted, known, &self.configuration)
    }

    /// What becomes of a table that its own format or database describes, and perhaps is known.
    pub(crate) fn plan_lake(&self, lake: &Lake, known: Option<&Table>) -> TablePlan {
        let mut wanted = lake.table.clone();
        wanted.last_access_time = Some(self.crawl.at);
        if let Some(own) = wanted.storage_descriptor.as_mut().and_then(|own| own.parameters.as_mut())
            && wanted.parameters.as_ref() == Some(&*own)
        {
            self.crawl.sign(own);
        }
        let parameters = wanted.parameters.get_or_insert_default();
        self.crawl.sign(parameters);
        if self.configuration.create_partition_index && !lake.partitions.is_empty() {
            parameters.insert(FILTERING.to_owned(), "true".to_owned());
        }
        // The format tells the schema: there is nothing to merge.
        let configuration = Configuration { merge_new_columns: false, ..self.configuration };
        self.plan_wanted(wanted, known, &configuration)
    }

    fn plan_wanted(
        &self,
        wanted: TableInput,
        known: Option<&Table>,
        configuration: &Configuration,
    ) -> TablePlan {
        let mut plan = TablePlan { name: wanted.name.clone(), ..TablePlan::default() };
        let Some(known) = known else {
            plan.index = index(&wanted);
            plan.partitions = Partitions::Compare { write: true };
            plan.descriptor.clone_from(&wanted.storage_descriptor);
            plan.change = Change::Create(Box::new(wanted));
            return plan;
        };
        let has_index = known.parameters.as_ref().is_some_and(|p| p.contains_key(FILTERING));
        let old = input_of(known);
        let new = match adapt(&old, wanted, configuration) {
            Adapted::Table(new) => *new,
            Adapted::Clash(parameter, existing, crawled) => {
                let (existing, crawled) = (existing.as_deref(), crawled.as_deref());
                plan.lines.push(log::cannot_merge(&plan.name, parameter, existing, crawled));
                plan.change = self.deprecation(old);
                return plan;
            }
        };
        // The Configuration overrides the policy.
        let writes = self.update || configuration.merge_new_columns;
        let rekeyed = keys(&old) != keys(&new);
        plan.partitions = match (rekeyed, writes) {
            (false, _) => Partitions::Compare { write: writes || configuration.inherit_from_table },
            // A partition has a value for each key: those of other keys cannot stay.
            (true, true) => Partitions::Replace,
            (true, false) => Partitions::Stay,
        };
        let current = if writes { &new } else { &old };
        plan.descriptor.clone_from(&current.storage_descriptor);
        if writes && !has_index {
            plan.index = index(&new);
        }
        if same(old.clone(), new.clone()) {
            return plan;
        }
        if writes {
            plan.change = Change::Update(Box::new(new));
        } else if rekeyed || form(&old) != form(&new) {
            let line = log::differs(&plan.name);
            plan.lines.push(line);
        }
        plan
    }

    /// What becomes of a table of which nothing was found.
    pub(crate) fn plan_gone(&self, table: &Table) -> TablePlan {
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
        Change::Deprecate(Box::new(table))
    }
}

fn keys(table: &TableInput) -> Vec<&str> {
    table.partition_keys.iter().flatten().map(|key| key.name.as_str()).collect()
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
