//! Crawls trees in memory.

mod files;
mod lake;
mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::executor::block_on;
use mastic_api_glue::glue::types::{
    Crawler, CrawlerTargets, DeleteBehavior, DeltaTarget, IcebergTarget, RecrawlBehavior, RecrawlPolicy,
    S3Target, SchemaChangePolicy, UpdateBehavior,
};
use mastic_classify::{FoundFile, Grouping, Likenesses, group};
use mastic_core::Timestamp;
use mastic_crawl::incremental::{KnownFolders, own_tables, sort_out};
use mastic_crawl::named::{fit, place_of};
use mastic_crawl::walk::new_folders;
use mastic_crawl::{Crawl, CrawlError, Found, Gathered, Include, Rules, log, refresh, update};
use serde::Deserialize;
use serde_json::Value;

pub use files::File;
pub use memory::{Expected, Memory};

/// One tree, crawled once or several times.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub title: String,
    /// Where the rule is from, for readers.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers")]
    pub rule: String,
    #[serde(default)]
    pub crawler: Definition,
    pub steps: Vec<Step>,
}

/// What is not usual of the crawler `c`, which crawls `s3://b/` into the database `d`.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
pub struct Definition {
    pub paths: Vec<String>,
    pub exclusions: Vec<String>,
    pub sample_size: Option<i32>,
    pub table_prefix: String,
    pub configuration: Value,
    pub update_behavior: Option<UpdateBehavior>,
    pub delete_behavior: Option<DeleteBehavior>,
    /// Whether only new folders are crawled.
    pub new_folders_only: bool,
    /// Other targets, in place of paths.
    pub iceberg: Vec<IcebergTarget>,
    pub delta: Vec<DeltaTarget>,
    /// Tables that a catalog target names.
    pub named: Vec<String>,
}

/// Changes, a crawl, and what is there then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    pub files: BTreeMap<String, File>,
    #[serde(default)]
    pub remove: Vec<String>,
    /// The crawler from now on.
    pub crawler: Option<Definition>,
    /// Members of tables that people change: table, then JSON pointer, then value.
    #[serde(default)]
    pub edit: BTreeMap<String, BTreeMap<String, Value>>,
    /// Why the crawl fails.
    pub fails: Option<String>,
    /// All tables.
    pub tables: Option<BTreeMap<String, Expected>>,
    /// The lines of the log between the settings and the summary.
    pub log: Option<Vec<String>>,
    /// The lines of the summary.
    pub summary: Option<Vec<String>>,
    /// Parts of a reason for each table.
    #[serde(default)]
    pub why: BTreeMap<String, String>,
    /// Whether nothing at all is written.
    #[serde(default)]
    pub writes_nothing: bool,
}

impl Definition {
    fn crawler(&self) -> Crawler {
        let others = !(self.iceberg.is_empty() && self.delta.is_empty() && self.named.is_empty());
        let whole = vec!["s3://b/".to_owned()];
        let paths = if self.paths.is_empty() && !others { whole } else { self.paths.clone() };
        let recrawl = self.new_folders_only.then_some(RecrawlBehavior::CrawlNewFoldersOnly);
        let target = |path: String| S3Target {
            path: Some(path),
            exclusions: Some(self.exclusions.clone()),
            sample_size: self.sample_size,
            ..S3Target::default()
        };
        let configuration = match &self.configuration {
            Value::Null => None,
            Value::Object(given) => {
                let mut all = given.clone();
                all.entry("Version").or_insert(1.0.into());
                Some(Value::Object(all).to_string())
            }
            other => panic!("a configuration is an object, not {other}"),
        };
        Crawler {
            name: Some("c".to_owned()),
            database_name: Some("d".to_owned()),
            targets: Some(CrawlerTargets {
                s3_targets: Some(paths.into_iter().map(target).collect()),
                iceberg_targets: Some(self.iceberg.clone()),
                delta_targets: Some(self.delta.clone()),
                ..CrawlerTargets::default()
            }),
            recrawl_policy: Some(RecrawlPolicy { recrawl_behavior: recrawl }),
            table_prefix: Some(self.table_prefix.clone()),
            configuration,
            schema_change_policy: Some(SchemaChangePolicy {
                update_behavior: self.update_behavior,
                delete_behavior: self.delete_behavior,
            }),
            ..Crawler::default()
        }
    }
}

/// Plays a case: everything that is not as it says.
pub fn play(case: &Case, catalog: &mut Memory) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let mut definition = case.crawler.clone();
    for (number, step) in case.steps.iter().enumerate() {
        for key in &step.remove {
            assert!(files.remove(key).is_some(), "{}: no file {key}", case.title);
        }
        files.extend(step.files.iter().map(|(key, file)| (key.clone(), file.clone())));
        definition = step.crawler.clone().unwrap_or(definition);
        for (table, changes) in &step.edit {
            catalog.edit(table, changes);
        }
        catalog.begin();
        let crawl = Crawl {
            crawler: "c".to_owned(),
            id: format!("run-{number}"),
            at: Timestamp::from_millis(1_000 * (number as i64 + 1)),
        };
        let (outcome, why) = crawl_once(&definition, crawl, &files, catalog);
        let mut say = |text: String| wrong.push(format!("step {}: {text}", number + 1));
        match (&outcome, &step.fails) {
            (Ok(()), None) => {}
            (Err(told), Some(wanted)) if told == wanted => {}
            (outcome, wanted) => say(format!("ended with {outcome:?}, wanted {wanted:?}")),
        }
        if let Some(tables) = &step.tables {
            catalog.compare(tables).into_iter().for_each(&mut say);
        }
        for (table, part) in &step.why {
            let reasons = why.get(table).cloned().unwrap_or_default();
            if !reasons.iter().any(|reason| reason.contains(part)) {
                say(format!("the reasons of {table} are {reasons:#?}, wanted {part}"));
            }
        }
        let (middle, summary) = catalog.told();
        for (what, told, wanted) in [("log", middle, &step.log), ("summary", summary, &step.summary)] {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != told) {
                say(format!("the {what} is {told:#?}, wanted {wanted:#?}"));
            }
        }
        if step.writes_nothing && catalog.writes > 0 {
            say(format!("{} writes", catalog.writes));
        }
    }
    wrong
}

type Reasons = BTreeMap<String, Vec<String>>;

fn crawl_once(
    definition: &Definition,
    crawl: Crawl,
    files: &BTreeMap<String, File>,
    catalog: &mut Memory,
) -> (Result<(), String>, Reasons) {
    let crawler = &definition.crawler();
    let rules = match Rules::new(crawler, crawl) {
        Ok(rules) => rules,
        Err(error) => return (Err(error.to_string()), Reasons::new()),
    };
    if !definition.named.is_empty() {
        return (refresh_named(&definition.named, crawler, &rules, files, catalog), Reasons::new());
    }
    let mut gathered = Gathered::default();
    for target in crawler.targets.iter().flat_map(|targets| targets.s3_targets.iter().flatten()) {
        let include = Include::new(target).unwrap();
        if rules.incremental {
            match new_only(crawler, &rules, &include, files, catalog, &mut gathered) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(why) => return (Err(why), Reasons::new()),
            }
        }
        let looked = look(&include, files, catalog);
        let grouping = Grouping {
            bucket: &include.bucket,
            prefix: &include.prefix,
            table_prefix: crawler.table_prefix.as_deref().unwrap_or_default(),
            configuration: rules.configuration,
        };
        for table in group(&grouping, &looked) {
            if gathered.found.iter().all(|known| known.table.location != table.location) {
                gathered.found.push(Found { table, exclusions: include.exclusions(), named: false });
            }
        }
        gathered.includes.push(Arc::new(include));
    }
    if let Err(why) = lake::gather(crawler, files, &mut gathered) {
        return (Err(why), Reasons::new());
    }
    let why =
        gathered.found.iter().map(|found| (found.table.name.clone(), found.table.reasons.clone())).collect();
    let done = block_on(update(catalog, crawler, &rules, gathered));
    let done = match done {
        Ok(_) => Ok(()),
        Err(CrawlError::Refused(text)) => Err(text),
        Err(CrawlError::Catalog(never)) => match never {},
    };
    (done, why)
}

/// Looks at new folders only; false where nothing of the target is known.
fn new_only(
    crawler: &Crawler,
    rules: &Rules,
    include: &Include,
    files: &BTreeMap<String, File>,
    catalog: &mut Memory,
    gathered: &mut Gathered,
) -> Result<bool, String> {
    let existing = catalog.all_tables();
    let tables = own_tables(&existing, "c", include);
    if tables.is_empty() {
        return Ok(false);
    }
    let mut known = KnownFolders::default();
    for table in &tables {
        let mut places = catalog.locations(&table.name);
        if places.is_empty() {
            places.extend(table.storage_descriptor.as_ref().unwrap().location.clone());
        }
        places.iter().for_each(|place| known.note(include, place));
    }
    let Ok(new) = block_on(new_folders(&lake::Tree(files), include, &known));
    let mut folders = Vec::new();
    for folder in new {
        let looked = look(include, files, catalog);
        let inside: Vec<FoundFile> =
            looked.into_iter().filter(|file| file.key.starts_with(&folder) && file.size > 0).collect();
        if !inside.is_empty() {
            folders.push((folder, inside));
        }
    }
    let prefix = crawler.table_prefix.as_deref().unwrap_or_default();
    let sorted = sort_out(rules, include, prefix, &tables, &folders)?;
    sorted.lines.into_iter().for_each(|line| catalog.note(line));
    gathered.found.extend(sorted.found);
    gathered.added.extend(sorted.added);
    Ok(true)
}

/// Crawls a catalog target.
fn refresh_named(
    names: &[String],
    crawler: &Crawler,
    rules: &Rules,
    files: &BTreeMap<String, File>,
    catalog: &mut Memory,
) -> Result<(), String> {
    let mut named = Vec::new();
    for name in names {
        let table = catalog.table(name);
        let include = place_of(&table).map_err(|error| error.to_string())?;
        let looked = look(&include, files, catalog);
        let found = fit(rules, &include, &table, &looked);
        named.push((table, found));
    }
    let Ok(_) = block_on(refresh(catalog, crawler, "d", rules, named));
    Ok(())
}

fn look(include: &Include, files: &BTreeMap<String, File>, catalog: &mut Memory) -> Vec<FoundFile> {
    let base = format!("{}/", include.bucket);
    let mut choice = include.choose();
    let mut likenesses = Likenesses::default();
    let mut found = Vec::new();
    for (path, file) in files {
        // Keys of another bucket than `b` begin with its name and a colon.
        let (bucket, key) = path.split_once(':').unwrap_or(("b", path));
        let below = key.starts_with(&include.base()) || key == include.prefix;
        if format!("{bucket}/") != base || !below || !choice.takes(key, file.size()) {
            continue;
        }
        match file.classify(key) {
            Ok(classified) => found.push(likenesses.file(key.to_owned(), file.size(), classified)),
            Err(error) => {
                catalog.note(log::warned(include.url(key), error));
                found.push(likenesses.file(key.to_owned(), file.size(), files::unknown()));
            }
        }
    }
    found
}
