//! Delta targets: tables as their logs tell them, and the manifests by which other engines read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use mastic_api_glue::glue::types::{DeltaTarget, S3Target};
use mastic_crawl::lake::delta::{Log, MANIFESTS, Manifests, choose};
use mastic_crawl::{Gathered, Include};

use super::{Begun, checkpoint, failed, lake};
use crate::failure::Failure;

/// Manifests that are read or written side by side.
const AT_ONCE: usize = 8;

/// The manifests of a table, to be written.
pub(super) struct Manifested {
    include: Arc<Include>,
    manifests: Manifests,
}

/// Reads the logs of a target's tables.
pub(super) async fn look(
    begun: &Begun<'_>,
    target: &DeltaTarget,
    gathered: &mut Gathered,
    manifested: &mut Vec<Manifested>,
) -> Result<(), Failure> {
    let native = target.create_native_delta_table == Some(true);
    let writes = target.write_manifest == Some(true);
    for path in target.delta_tables.iter().flatten() {
        let as_s3 = S3Target { path: Some(path.clone()), ..S3Target::default() };
        let include = Arc::new(Include::new(&as_s3).map_err(failed)?);
        gathered.includes.push(Arc::clone(&include));
        let Some(log) = read(begun, &include, writes || !native).await? else {
            begun.session.events.output(mastic_crawl::log::warned(path, "there is no log of a Delta table"));
            continue;
        };
        let folder = include.base();
        let (url, name) = (include.url(&folder), lake::name_of(&include, &folder));
        let prefix = lake::prefix(begun);
        let told = |error| failed(error).at(include.url(&log_of(&include)));
        if native {
            gathered.lakes.push(log.native_table(&url, prefix, name).map_err(told)?);
        }
        if writes || !native {
            let (table, manifests) = log.symlink_table(&url, prefix, name).map_err(told)?;
            if !native {
                gathered.lakes.push(table);
            }
            if writes {
                manifested.push(Manifested { include, manifests });
            }
        }
    }
    Ok(())
}

fn log_of(include: &Include) -> String {
    format!("{}_delta_log/", include.base())
}

/// Reads of a table's log what matters, the newest first; nothing where there is none.
async fn read(begun: &Begun<'_>, include: &Include, files_matter: bool) -> Result<Option<Log>, Failure> {
    let s3 = begun.session.client.s3();
    let folder = log_of(include);
    let listing = s3.list(&include.bucket, &folder, Some("/")).await;
    let listing = listing.map_err(|error| Failure::from(error).at(include.url(&folder)))?;
    let keys = listing.objects.iter().map(|object| object.key.as_str());
    let chosen = choose(keys).map_err(|error| failed(error).at(include.url(&folder)))?;
    let Some(files) = chosen else { return Ok(None) };
    let mut log = Log::new(files_matter);
    for (version, key) in files.commits {
        take(begun, include, &mut log, version, &key).await?;
        if log.is_settled() {
            return Ok(Some(log));
        }
    }
    let (version, mut parts) = files.checkpoint.unwrap_or_default();
    while let Some(key) = parts.pop() {
        take(begun, include, &mut log, version, &key).await?;
        if log.is_settled() {
            break;
        }
        let beside = log.take_sidecars().into_iter();
        parts.extend(beside.map(|path| match path.contains('/') {
            true => format!("{}{path}", include.base()),
            false => format!("{folder}_sidecars/{path}"),
        }));
    }
    Ok(Some(log))
}

async fn take(
    begun: &Begun<'_>,
    include: &Include,
    log: &mut Log,
    version: u64,
    key: &str,
) -> Result<(), Failure> {
    let url = include.url(key);
    let bytes = begun.session.client.s3().get_object(&include.bucket, key).await;
    let bytes = bytes.map_err(|error| Failure::from(error).at(&url))?;
    if key.ends_with(".json") {
        return log.take_lines(version, &bytes).map_err(|error| failed(error).at(&url));
    }
    let actions = checkpoint::read(bytes, log.files_matter()).map_err(|error| failed(error).at(&url))?;
    log.take(version, actions);
    Ok(())
}

/// Writes the manifests that are not there yet as they should be, and removes those of partitions that are gone.
pub(super) async fn write(begun: &Begun<'_>, manifested: &[Manifested]) -> Result<(), Failure> {
    for Manifested { include, manifests } in manifested {
        let s3 = begun.session.client.s3();
        let bucket = include.bucket.as_str();
        let folder = format!("{}{MANIFESTS}", include.base());
        let listing = s3.list(bucket, &folder, None).await;
        let listing = listing.map_err(|error| Failure::from(error).at(include.url(&folder)))?;
        let there: BTreeMap<&str, u64> = listing
            .objects
            .iter()
            .filter_map(|object| Some((object.key.strip_prefix(&folder)?, object.size)))
            .filter(|(place, _)| place.rsplit('/').next() == Some("manifest"))
            .collect();
        let wanted = stream::iter(manifests).map(|(place, text)| {
            let (s3, key, size) = (&s3, format!("{folder}{place}"), there.get(place.as_str()));
            async move {
                let told = |error| Failure::from(error).at(include.url(&key));
                if size == Some(&(text.len() as u64))
                    && s3.get_object(bucket, &key).await.map_err(told)? == text.as_bytes()
                {
                    return Ok(());
                }
                s3.put_object(bucket, &key, text.clone().into()).await.map(drop).map_err(told)
            }
        });
        wanted.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let gone = there.keys().filter(|place| !manifests.contains_key(**place));
        let gone = stream::iter(gone).map(|place| {
            let (s3, key) = (&s3, format!("{folder}{place}"));
            async move {
                let deleted = s3.delete_object(bucket, &key).await;
                deleted.map_err(|error| Failure::from(error).at(include.url(&key)))
            }
        });
        gone.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    }
    Ok(())
}
