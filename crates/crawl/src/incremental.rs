//! Crawls of new folders only (Scheduling incremental crawls for adding new partitions in the AWS Glue Developer
//! Guide). What is known is what the catalog has: the locations of the crawler's tables and of their partitions.

use std::collections::HashSet;

use mastic_api_glue::glue::types::{PartitionInput, Table};
use mastic_classify::{
    Column, FoundFile, Grouping, PartitionFound, THRESHOLD, TableFound, group, similarity,
};
use mastic_hive::Configuration;

use crate::describe::Found;
use crate::log;
use crate::partitions::inherit;
use crate::plan::{Rules, is_own, location};
use crate::target::Include;

/// What the catalog knows of the folders of one target.
#[derive(Debug, Default)]
pub struct KnownFolders {
    leaves: HashSet<String>,
    above: HashSet<String>,
}

/// What a folder is to an incremental crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// It was crawled.
    Known,
    /// Folders in it were crawled; others in it may be new.
    Above,
    /// Nothing in it was crawled.
    New,
}

impl KnownFolders {
    /// Notes the location of a table or partition.
    pub fn note(&mut self, include: &Include, location: &str) {
        let bucket = include.url("");
        let Some(key) = location.strip_prefix(&bucket) else { return };
        let leaf = if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") };
        let mut end = leaf.len().saturating_sub(1);
        while let Some(place) = leaf.get(..end).and_then(|above| above.rfind('/')) {
            let above = leaf.get(..=place).unwrap_or_default();
            if !self.above.insert(above.to_owned()) {
                break;
            }
            end = place;
        }
        self.leaves.insert(leaf);
    }

    /// What the folder of a key that ends in a slash is.
    #[must_use]
    pub fn tell(&self, folder: &str) -> Folder {
        if self.leaves.contains(folder) {
            Folder::Known
        } else if self.above.contains(folder) {
            Folder::Above
        } else {
            Folder::New
        }
    }
}

/// New partitions of a table that is there.
#[derive(Debug, Clone)]
pub struct Added {
    /// The table.
    pub table: Table,
    /// The partitions.
    pub partitions: Vec<PartitionFound>,
    /// Why they are the table's.
    pub reasons: Vec<String>,
}

impl Added {
    /// The partitions as the crawl makes them.
    pub(crate) fn inputs(&self, rules: &Rules) -> Vec<PartitionInput> {
        let table = self.table.storage_descriptor.as_ref().filter(|_| rules.configuration.inherit_from_table);
        let make = |found| match table {
            Some(table) => inherit(rules.crawl.partition(found), table),
            None => rules.crawl.partition(found),
        };
        self.partitions.iter().map(make).collect()
    }
}

/// What new folders gave.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Tables that are new.
    pub found: Vec<Found>,
    /// New partitions of tables that are there.
    pub added: Vec<Added>,
    /// What is said of folders that match no table.
    pub lines: Vec<String>,
}

/// The crawler's own tables under a target. A target without any has not been crawled yet: all of it is new.
#[must_use]
pub fn own_tables<'a>(existing: &'a [Table], crawler: &str, include: &Include) -> Vec<&'a Table> {
    let here = |table: &&Table| location(table).is_some_and(|at| include.covers(at));
    existing.iter().filter(|table| is_own(table, crawler)).filter(here).collect()
}

/// Sorts new folders, each with its files, by the tables that they belong to.
///
/// # Errors
/// Where most of the folders under existing tables match none of them: the crawl fails.
pub fn sort_out(
    rules: &Rules,
    include: &Include,
    table_prefix: &str,
    tables: &[&Table],
    folders: &[(String, Vec<FoundFile>)],
) -> Result<Sorted, String> {
    let mut sorted = Sorted::default();
    let (mut fit, mut unfit) = (0usize, Vec::new());
    for (folder, files) in folders {
        let url = include.url(folder);
        let grouping = Grouping {
            bucket: &include.bucket,
            prefix: folder,
            table_prefix,
            configuration: rules.configuration,
        };
        let over =
            |table: &&&Table| location(table).is_some_and(|at| at.ends_with('/') && url.starts_with(at));
        let depth = |table: &&&Table| location(table).map(str::len);
        let Some(table) = tables.iter().filter(over).max_by_key(depth) else {
            let new = group(&grouping, files).into_iter();
            sorted.found.extend(new.map(|table| Found {
                table,
                exclusions: include.exclusions(),
                named: false,
            }));
            continue;
        };
        match partitions_of(rules, include, table, files) {
            Ok(found) => {
                fit += 1;
                match sorted.added.iter_mut().find(|added| added.table.name == table.name) {
                    Some(added) => added.partitions.extend(found.partitions),
                    None => sorted.added.push(Added {
                        table: (**table).clone(),
                        partitions: found.partitions,
                        reasons: found.reasons,
                    }),
                }
            }
            Err(why) => {
                sorted.lines.push(log::ignored(&url, &table.name, &why));
                unfit.push(url);
            }
        }
    }
    match unfit.first() {
        Some(first) if unfit.len() > fit => Err(format!(
            "{} of {} new folders do not match the tables in the Data Catalog, {first} first. Nothing was written.",
            unfit.len(),
            unfit.len() + fit
        )),
        _ => Ok(sorted),
    }
}

/// The files of one new folder as partitions of a table, or why they are none.
fn partitions_of(
    rules: &Rules,
    include: &Include,
    table: &Table,
    files: &[FoundFile],
) -> Result<TableFound, String> {
    let at = location(table).unwrap_or_default();
    let prefix = at.strip_prefix(&include.url("")).unwrap_or_default();
    let configuration =
        Configuration { combine_compatible_schemas: true, table_level: None, ..rules.configuration };
    let grouping = Grouping { bucket: &include.bucket, prefix, table_prefix: "", configuration };
    let found = group(&grouping, files);
    let [found] = <[TableFound; 1]>::try_from(found).map_err(|_| "its files are no one table".to_owned())?;
    let keys: Vec<&str> = table.partition_keys.iter().flatten().map(|key| key.name.as_str()).collect();
    if found.location != at || found.partition_keys != keys {
        return Err(format!("its partition keys are [{}]", found.partition_keys.join(", ")));
    }
    let parameters = table.parameters.clone().unwrap_or_default();
    for key in ["classification", "compressionType", "delimiter"] {
        let (is, was) = (found.form.parameters.get(key), parameters.get(key));
        if is != was {
            let text = |text: Option<&String>| text.map_or("none", |text| text.as_str()).to_owned();
            return Err(format!("its {key} is {}, not {}", text(is), text(was)));
        }
    }
    let columns = table.storage_descriptor.iter().flat_map(|descriptor| descriptor.columns.iter().flatten());
    let columns: Vec<Column> = columns
        .filter_map(|column| {
            Some(Column { name: column.name.clone(), ty: column.r#type.as_deref()?.parse().ok()? })
        })
        .collect();
    let alike = similarity(&columns, &found.form.columns);
    if alike <= THRESHOLD && !rules.configuration.combine_compatible_schemas {
        return Err(format!("their schemas are {:.0}% similar", alike * 100.0));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use mastic_api_glue::glue::types::S3Target;

    use super::*;

    #[test]
    fn folders_are_known_by_locations() {
        let target = S3Target { path: Some("s3://b/t/".to_owned()), ..S3Target::default() };
        let include = Include::new(&target).unwrap();
        let mut known = KnownFolders::default();
        known.note(&include, "s3://b/t/year=2024/month=1/");
        known.note(&include, "s3://b/t/plain");
        known.note(&include, "s3://other/t/year=2025/");
        for (folder, wanted) in [
            ("t/year=2024/month=1/", Folder::Known),
            ("t/year=2024/", Folder::Above),
            ("t/", Folder::Above),
            ("t/plain/", Folder::Known),
            ("t/year=2024/month=2/", Folder::New),
            ("t/year=2025/", Folder::New),
        ] {
            assert_eq!(known.tell(folder), wanted, "{folder}");
        }
    }
}
