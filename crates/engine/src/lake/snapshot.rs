//! Commits to Iceberg tables: manifests, their list, the metadata, and the catalog's word for it ("Snapshots" and "Table
//! Metadata" in the Iceberg Table Spec; "Updating metadata" of "Glue Catalog" in the documentation of Iceberg for AWS).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::DataFusionError;
use flate2::write::GzEncoder;
use iceberg::spec::{
    DataFile, FormatVersion, MAIN_BRANCH, ManifestContentType, ManifestEntryRef, ManifestFile,
    ManifestListWriter, ManifestWriter, ManifestWriterBuilder, NestedFieldRef, Operation, PartitionSpec,
    Schema, Snapshot, SnapshotReference, SnapshotRetention, SnapshotSummaryCollector, Struct, Summary,
    TableMetadata,
};
use iceberg::table::Table as IcebergTable;
use iceberg::{Error, ErrorKind};
use mastic_api_glue::glue::types::Table;

use super::iceberg::{METADATA, PREVIOUS_METADATA, columns, new_entry, open, table, told, with_columns};
use crate::environment::Environment;
use crate::error::NodeError;
use crate::target::changed_table;

/// How often a commit is tried on top of what others committed meanwhile.
const ATTEMPTS: u32 = 8;

/// Partitions up to which a snapshot's summary tells each of them: none.
const SUMMARIZED: u64 = 0;

/// What gives way to the files of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Replaces {
    /// Nothing.
    Nothing,
    /// All rows.
    All,
    /// The partitions that the files belong to.
    Partitions,
    /// All rows of the table as it was in this snapshot; a table that has another one by now cannot be committed to.
    Snapshot(Option<i64>),
}

/// One commit.
pub(crate) struct Commit<'a> {
    /// The target's name.
    pub(crate) node: &'a str,
    /// The database of the table.
    pub(crate) database: &'a str,
    /// The table.
    pub(crate) name: &'a str,
    /// The metadata by which the files were written: without a snapshot if the table has to be made.
    pub(crate) planned: &'a TableMetadata,
    /// Whether the table may have to be made.
    pub(crate) creates: bool,
    /// Whether the table gets the columns of the planned schema that it does not have.
    pub(crate) grows: bool,
    /// The files.
    pub(crate) added: &'a [DataFile],
    /// What gives way to them.
    pub(crate) replaces: Replaces,
}

impl Commit<'_> {
    fn wrong(&self, message: impl std::fmt::Display) -> DataFusionError {
        NodeError::new(self.node, format!("table `{}.{}`: {message}", self.database, self.name)).into()
    }

    /// Commits on top of what the table is by now.
    ///
    /// # Errors
    /// A file cannot be written, the catalog refuses, or others have changed the table so that the files do not belong
    /// to it any more.
    pub(crate) async fn run(&self, environment: &Environment) -> Result<(), DataFusionError> {
        for _ in 0..ATTEMPTS {
            let found = environment.catalog.get_table(self.database, self.name).await;
            let done = match found.map_err(|error| self.wrong(error))? {
                None if self.creates => self.create(environment).await?,
                None => return Err(self.wrong("it was deleted meanwhile")),
                Some(entry) => self.update(environment, entry).await?,
            };
            if done {
                return Ok(());
            }
        }
        Err(self.wrong(format!("others changed it {ATTEMPTS} times meanwhile. Run the job again")))
    }

    async fn create(&self, environment: &Environment) -> Result<bool, DataFusionError> {
        let entry = Table {
            name: self.name.to_owned(),
            database_name: Some(self.database.to_owned()),
            ..Table::default()
        };
        let base = table(environment, self.node, &entry, self.planned.clone(), String::new())?;
        let mut work = Work::new(environment, self, &base);
        let location = work.write(None, None).await.map_err(|error| told(self.node, &error))?;
        let input = new_entry(self.name, &work.metadata, &location).map_err(|error| self.wrong(error))?;
        match environment.catalog.create_table(self.database, input).await {
            Ok(()) => Ok(true),
            Err(error) if error.contains("AlreadyExistsException") => {
                work.take_back().await;
                Ok(false)
            }
            Err(error) => Err(self.wrong(error)),
        }
    }

    async fn update(&self, environment: &Environment, entry: Table) -> Result<bool, DataFusionError> {
        let opened = open(environment, self.node, entry).await?;
        let failed = |error: Error| told(self.node, &error);
        self.check(opened.table.metadata())?;
        let grown = self.grown(opened.table.metadata()).map_err(failed)?;
        if self.added.is_empty() && grown.is_none() && self.replaces == Replaces::Nothing {
            return Ok(true);
        }
        let grows = grown.is_some();
        let before = opened.table.metadata_location().map(str::to_owned);
        let mut work = Work::new(environment, self, &opened.table);
        let location = work.write(before.clone(), grown).await.map_err(failed)?;
        let mut descriptor = opened.entry.storage_descriptor.clone().unwrap_or_default();
        if grows {
            let columns = columns(work.metadata.current_schema()).map_err(|error| self.wrong(error))?;
            descriptor.columns = Some(columns);
        }
        let mut input = changed_table(&opened.entry, descriptor);
        let parameters = input.parameters.get_or_insert_default();
        parameters.insert(METADATA.to_owned(), location);
        if let Some(before) = before {
            parameters.insert(PREVIOUS_METADATA.to_owned(), before);
        }
        let version = opened.entry.version_id.as_deref();
        let swapped = environment.catalog.swap_table(self.database, input, version).await;
        let swapped = swapped.map_err(|error| self.wrong(error))?;
        if !swapped {
            work.take_back().await;
        }
        Ok(swapped)
    }

    /// The table's schema with the columns that this commit adds; nothing if it has them all. What others have added since
    /// the files were written stays.
    fn grown(&self, now: &TableMetadata) -> Result<Option<Schema>, Error> {
        let known = now.current_schema();
        let planned = self.planned.current_schema().as_struct().fields().iter();
        let more: Vec<_> = planned.filter(|field| known.field_by_id(field.id).is_none()).cloned().collect();
        if more.is_empty() { Ok(None) } else { with_columns(known, more).map(Some) }
    }

    /// Whether the files still belong to the table.
    fn check(&self, now: &TableMetadata) -> Result<(), DataFusionError> {
        let changed = |what: &str| self.wrong(format!("{what} was changed meanwhile. Run the job again"));
        if !self.creates && now.uuid() != self.planned.uuid() {
            return Err(self.wrong("it was deleted and made anew meanwhile. Run the job again"));
        }
        let (planned, schema) = (self.planned.current_schema().as_struct(), now.current_schema().as_struct());
        // A column that may be null in the files must not have become a required one.
        let stands = |field: &NestedFieldRef, known: &NestedFieldRef| {
            known.name == field.name
                && known.field_type == field.field_type
                && (field.required || !known.required)
        };
        // What this commit adds has a number that nobody has used.
        let new = |field: &NestedFieldRef| self.grows && field.id > now.last_column_id();
        let kept = planned.fields().iter().all(|field| match schema.field_by_id(field.id) {
            Some(known) => stands(field, known),
            None => new(field),
        });
        let fits =
            schema.fields().iter().all(|known| planned.field_by_id(known.id).is_some() || !known.required);
        if !kept || !fits {
            return Err(changed("its schema"));
        }
        let spec = self.planned.default_partition_spec();
        if now.partition_spec_by_id(spec.spec_id()).is_none_or(|found| found.fields() != spec.fields()) {
            return Err(changed("its partition spec"));
        }
        match &self.replaces {
            Replaces::Snapshot(seen) if *seen != now.current_snapshot_id() => Err(changed("its content")),
            _ => Ok(()),
        }
    }
}

/// A commit at work on the table as it is now.
struct Work<'a> {
    environment: &'a Environment,
    commit: &'a Commit<'a>,
    base: &'a IcebergTable,
    metadata: TableMetadata,
    snapshot: i64,
    uuid: String,
    manifests: usize,
    written: Vec<String>,
}

impl<'a> Work<'a> {
    fn new(environment: &'a Environment, commit: &'a Commit<'a>, base: &'a IcebergTable) -> Self {
        let mut bytes = [0; 8];
        environment.entropy.fill(&mut bytes);
        Self {
            environment,
            commit,
            base,
            metadata: base.metadata().clone(),
            snapshot: i64::from_be_bytes(bytes) & i64::MAX,
            uuid: environment.entropy.uuid(),
            manifests: 0,
            written: Vec::new(),
        }
    }

    /// Writes manifests and metadata, with a new schema if there is one; answers where the metadata is.
    async fn write(&mut self, before: Option<String>, schema: Option<Schema>) -> Result<String, Error> {
        let now = self.environment.clock.now().millis().max(self.metadata.last_updated_ms());
        let mut builder = self.metadata.clone().into_builder(before.clone());
        if let Some(schema) = schema {
            builder = builder.add_current_schema(schema)?;
            self.metadata = builder.clone().build()?.metadata;
        }
        if !self.commit.added.is_empty() || self.commit.replaces != Replaces::Nothing {
            let snapshot = self.snapshot(now).await?;
            builder = builder.add_snapshot(snapshot)?.set_ref(
                MAIN_BRANCH,
                SnapshotReference::new(self.snapshot, SnapshotRetention::branch(None, None, None)),
            )?;
        }
        self.metadata = builder.build()?.metadata;
        let json = serde_json::to_vec(&self.metadata)
            .map_err(|error| Error::new(ErrorKind::Unexpected, error.to_string()))?;
        let zipped = self.property("write.metadata.compression-codec").is_some_and(|codec| codec == "gzip");
        let (json, ending) = if zipped { (gzip(&json)?, ".gz") } else { (json, "") };
        let number = before.as_deref().map_or(0, |before| version(before) + 1);
        let uuid = self.environment.entropy.uuid();
        let location = self.at(&format!("{number:05}-{uuid}{ending}.metadata.json"));
        self.base.file_io().new_output(&location)?.write(Bytes::from(json)).await?;
        self.written.push(location.clone());
        Ok(location)
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.metadata.properties().get(name).map(String::as_str)
    }

    /// The URL of a file of metadata.
    fn at(&self, name: &str) -> String {
        match self.property("write.metadata.path") {
            Some(folder) => format!("{}/{name}", folder.trim_end_matches('/')),
            None => format!("{}/metadata/{name}", self.metadata.location().trim_end_matches('/')),
        }
    }

    async fn snapshot(&mut self, now: i64) -> Result<Snapshot, Error> {
        let mut collector = SnapshotSummaryCollector::default();
        collector.set_partition_summary_limit(SUMMARIZED);
        let mut manifests = self.kept(&mut collector).await?;
        manifests.extend(self.added(&mut collector).await?);
        let parent = self.metadata.current_snapshot_id();
        let sequence = self.metadata.next_sequence_number();
        let location = self.at(&format!("snap-{}-1-{}.avro", self.snapshot, self.uuid));
        let writer = self.base.file_io().new_output(&location)?.writer().await?;
        let mut list = match self.metadata.format_version() {
            FormatVersion::V1 => ManifestListWriter::v1(writer, self.snapshot, parent),
            _ => ManifestListWriter::v2(writer, self.snapshot, parent, sequence),
        };
        list.add_manifests(manifests.into_iter())?;
        list.close().await?;
        self.written.push(location.clone());
        let operation = match self.commit.replaces {
            Replaces::Nothing => Operation::Append,
            _ => Operation::Overwrite,
        };
        let before = self.metadata.current_snapshot().map(|snapshot| snapshot.summary());
        Ok(Snapshot::builder()
            .with_snapshot_id(self.snapshot)
            .with_parent_snapshot_id(parent)
            .with_sequence_number(sequence)
            .with_timestamp_ms(now)
            .with_manifest_list(location)
            .with_summary(Summary { operation, additional_properties: totals(collector.build(), before) })
            .with_schema_id(self.metadata.current_schema_id())
            .build())
    }

    fn writer(
        &mut self,
        spec: &PartitionSpec,
        content: ManifestContentType,
    ) -> Result<ManifestWriter, Error> {
        let location = self.at(&format!("{}-m{}.avro", self.uuid, self.manifests));
        self.manifests += 1;
        let output = self.base.file_io().new_output(&location)?;
        self.written.push(location);
        let schema = Arc::clone(self.metadata.current_schema());
        let builder = ManifestWriterBuilder::new(output, Some(self.snapshot), schema, spec.clone());
        Ok(match (self.metadata.format_version(), content) {
            (FormatVersion::V1, _) => builder.build_v1(),
            (_, ManifestContentType::Data) => builder.build_v2_data(),
            (_, ManifestContentType::Deletes) => builder.build_v2_deletes(),
        })
    }

    /// The manifest of the new files.
    async fn added(
        &mut self,
        collector: &mut SnapshotSummaryCollector,
    ) -> Result<Option<ManifestFile>, Error> {
        let commit = self.commit;
        if commit.added.is_empty() {
            return Ok(None);
        }
        let spec = Arc::clone(commit.planned.default_partition_spec());
        let mut writer = self.writer(&spec, ManifestContentType::Data)?;
        for file in commit.added {
            collector.add_file(file, Arc::clone(self.metadata.current_schema()), Arc::clone(&spec));
            // Below zero: the number that the commit gets.
            writer.add_file(file.clone(), -1)?;
        }
        writer.write_manifest_file().await.map(Some)
    }

    /// The manifests of what stays.
    async fn kept(&mut self, collector: &mut SnapshotSummaryCollector) -> Result<Vec<ManifestFile>, Error> {
        let Some(current) = self.metadata.current_snapshot().cloned() else { return Ok(Vec::new()) };
        let list = self.base.manifest_list_reader(&current).load().await?;
        let commit = self.commit;
        let partitions: HashSet<&Struct> = match commit.replaces {
            Replaces::Nothing => return Ok(list.entries().to_vec()),
            Replaces::Partitions => commit.added.iter().map(DataFile::partition).collect(),
            Replaces::All | Replaces::Snapshot(_) => HashSet::new(),
        };
        let spec = commit.planned.default_partition_spec().spec_id();
        let all = commit.replaces != Replaces::Partitions;
        let mut kept = Vec::new();
        let manifests: Vec<ManifestFile> = list.consume_entries().into_iter().collect();
        for manifest in manifests {
            if !manifest.has_added_files() && !manifest.has_existing_files() {
                continue;
            }
            // A partition of another spec is another partition; deletes stay with the files that stay.
            let touched = all || (manifest.partition_spec_id == spec && is_data(&manifest));
            if !touched {
                kept.push(manifest);
                continue;
            }
            let (entries, _) = manifest.load_manifest(self.base.file_io()).await?.into_parts();
            let alive = entries.into_iter().filter(|entry| entry.is_alive());
            let (gone, stay): (Vec<_>, Vec<_>) =
                alive.partition(|entry| all || partitions.contains(entry.data_file.partition()));
            if gone.is_empty() {
                kept.push(manifest);
                continue;
            }
            self.count_out(&manifest, &gone, collector);
            if is_data(&manifest) {
                kept.push(self.rewritten(&manifest, &gone, &stay).await?);
            }
        }
        Ok(kept)
    }

    fn count_out(
        &self,
        manifest: &ManifestFile,
        gone: &[ManifestEntryRef],
        collector: &mut SnapshotSummaryCollector,
    ) {
        let spec = self.metadata.partition_spec_by_id(manifest.partition_spec_id);
        let spec = spec.unwrap_or_else(|| self.metadata.default_partition_spec());
        for entry in gone {
            let schema = Arc::clone(self.metadata.current_schema());
            collector.remove_file(&entry.data_file, schema, Arc::clone(spec));
        }
    }

    /// A manifest in which some files are gone.
    async fn rewritten(
        &mut self,
        manifest: &ManifestFile,
        gone: &[ManifestEntryRef],
        stay: &[ManifestEntryRef],
    ) -> Result<ManifestFile, Error> {
        let spec = self.metadata.partition_spec_by_id(manifest.partition_spec_id).cloned();
        let spec = spec.ok_or_else(|| {
            Error::new(
                ErrorKind::DataInvalid,
                "a manifest is of a partition spec that the table does not have",
            )
        })?;
        let mut writer = self.writer(&spec, manifest.content)?;
        for entry in gone {
            let sequence = entry.sequence_number.unwrap_or(0);
            let file = entry.file_sequence_number.or(Some(sequence));
            writer.add_delete_file(entry.data_file.clone(), sequence, file)?;
        }
        for entry in stay {
            let sequence = entry.sequence_number.unwrap_or(0);
            let file = entry.file_sequence_number.or(Some(sequence));
            let snapshot = entry.snapshot_id.unwrap_or(manifest.added_snapshot_id);
            writer.add_existing_file(entry.data_file.clone(), snapshot, sequence, file)?;
        }
        writer.write_manifest_file().await
    }

    /// Takes back what was written for a commit that came too late.
    async fn take_back(&self) {
        for location in &self.written {
            if let Err(error) = self.base.file_io().delete(location).await {
                tracing::warn!(location, %error, "metadata that nothing names could not be taken back");
            }
        }
    }
}

fn is_data(manifest: &ManifestFile) -> bool {
    manifest.content == ManifestContentType::Data
}

/// The numbers of a snapshot, and what they come to with those before.
fn totals(mut numbers: HashMap<String, String>, before: Option<&Summary>) -> HashMap<String, String> {
    const NAMES: [(&str, &str, &str); 6] = [
        ("total-data-files", "added-data-files", "deleted-data-files"),
        ("total-records", "added-records", "deleted-records"),
        ("total-files-size", "added-files-size", "removed-files-size"),
        ("total-delete-files", "added-delete-files", "removed-delete-files"),
        ("total-position-deletes", "added-position-deletes", "removed-position-deletes"),
        ("total-equality-deletes", "added-equality-deletes", "removed-equality-deletes"),
    ];
    let number = |numbers: &HashMap<String, String>, name: &str| -> Option<i64> {
        numbers.get(name).and_then(|text| text.parse().ok())
    };
    for (total, added, removed) in NAMES {
        let before = match before {
            None => Some(0),
            Some(summary) => number(&summary.additional_properties, total),
        };
        if let Some(before) = before {
            let sum = before + number(&numbers, added).unwrap_or(0) - number(&numbers, removed).unwrap_or(0);
            numbers.insert(total.to_owned(), sum.max(0).to_string());
        }
    }
    numbers
}

/// The number that the name of a metadata file begins with.
fn version(location: &str) -> u64 {
    let name = location.rsplit('/').next().unwrap_or_default();
    let digits: String = name.trim_start_matches('v').chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut zipped = GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut zipped, bytes)
        .and_then(|()| zipped.finish())
        .map_err(|error| Error::new(ErrorKind::Unexpected, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_numbered() {
        assert_eq!(version("s3://b/t/metadata/00012-8ab8a2b4.metadata.json"), 12);
        assert_eq!(version("s3://b/t/metadata/v7.metadata.json"), 7);
        assert_eq!(version("s3://b/t/metadata/x.json"), 0);
    }

    #[test]
    fn totals_go_on_from_the_last_snapshot() {
        let of = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let before = Summary {
            operation: Operation::Append,
            additional_properties: of(&[("total-records", "10"), ("total-data-files", "2")]),
        };
        let now = totals(
            of(&[("added-records", "5"), ("deleted-records", "10"), ("added-data-files", "1")]),
            Some(&before),
        );
        assert_eq!((now["total-records"].as_str(), now["total-data-files"].as_str()), ("5", "3"));
        assert_eq!(now.get("total-delete-files"), None);
        assert_eq!(totals(of(&[("added-records", "5")]), None)["total-records"], "5");
    }
}
