//! Targets of a tree whose tables their own formats describe.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use futures::executor::block_on;
use mastic_api_glue::glue::types::{Crawler, S3Target};
use mastic_crawl::lake::{delta, iceberg};
use mastic_crawl::walk::{Folders, Listed, iceberg_tables};
use mastic_crawl::{Gathered, Include};

use super::File;

/// The bucket `b`.
pub struct Tree<'a>(pub &'a BTreeMap<String, File>);

impl Folders for Tree<'_> {
    type Error = Infallible;

    async fn list(&self, folder: &str) -> Result<Listed, Infallible> {
        let (mut folders, mut objects) = (BTreeSet::new(), Vec::new());
        for (key, file) in self.0 {
            let Some(rest) = key.strip_prefix(folder) else { continue };
            match rest.split_once('/') {
                Some((inner, _)) => drop(folders.insert(format!("{folder}{inner}/"))),
                None => objects.push((key.clone(), file.size())),
            }
        }
        Ok(Listed { folders: folders.into_iter().collect(), objects })
    }
}

fn name(folder: &str) -> &str {
    folder.trim_end_matches('/').rsplit('/').next().unwrap()
}

/// What Iceberg and Delta targets give.
pub fn gather(
    crawler: &Crawler,
    files: &BTreeMap<String, File>,
    gathered: &mut Gathered,
) -> Result<(), String> {
    let targets = crawler.targets.clone().unwrap();
    let prefix = crawler.table_prefix.as_deref().unwrap_or_default();
    for target in targets.iceberg_targets.into_iter().flatten() {
        for path in target.paths.into_iter().flatten() {
            let exclusions = target.exclusions.clone();
            let include = S3Target { path: Some(path), exclusions, ..S3Target::default() };
            let include = Arc::new(Include::new(&include).unwrap());
            let depth = target.maximum_traversal_depth;
            let Ok(found) = block_on(iceberg_tables(&Tree(files), &include, depth));
            for (folder, key) in found {
                let lake = iceberg::read(&files[&key].bytes(), &include.url(&key), prefix, name(&folder));
                gathered.lakes.push(lake.map_err(|error| error.to_string())?);
            }
            gathered.includes.push(include);
        }
    }
    for target in targets.delta_targets.into_iter().flatten() {
        for path in target.delta_tables.into_iter().flatten() {
            let include =
                Arc::new(Include::new(&S3Target { path: Some(path), ..S3Target::default() }).unwrap());
            let (folder, native) = (include.base(), target.create_native_delta_table == Some(true));
            let keys = files.keys().filter(|key| key.starts_with(&format!("{folder}_delta_log/")));
            let chosen = delta::choose(keys.map(String::as_str)).map_err(|error| error.to_string())?;
            gathered.includes.push(Arc::clone(&include));
            let Some(chosen) = chosen else { continue };
            let mut log = delta::Log::new(!native);
            for (version, key) in chosen.commits {
                log.take_lines(version, &files[&key].bytes()).map_err(|error| error.to_string())?;
            }
            let url = include.url(&folder);
            let lake = match native {
                true => log.native_table(&url, prefix, name(&folder)),
                false => log.symlink_table(&url, prefix, name(&folder)).map(|(lake, _)| lake),
            };
            gathered.lakes.push(lake.map_err(|error| error.to_string())?);
        }
    }
    Ok(())
}
