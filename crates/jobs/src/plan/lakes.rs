//! What jobs need for tables of Iceberg and Delta Lake.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::*;
use mastic_core::Fault;
use mastic_kernel::ports::TableFacts;

use crate::draft::{Draft, OfCatalog};

/// What a source reads; nothing for other nodes.
pub(super) fn source(draft: &mut Draft<'_>, node: &CodeGenConfigurationNode) -> Result<(), Fault> {
    let tables = [
        node.catalog_iceberg_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.s3_catalog_iceberg_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.catalog_delta_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.s3_catalog_delta_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
    ];
    if let Some(found) = &node.s3_delta_source {
        for path in &found.paths {
            draft.read_folder(path, &format!("source `{}`", found.name));
        }
    }
    for (name, database, table) in tables.into_iter().flatten() {
        let purpose = format!("source `{name}`");
        draft.catalog("GetTable", OfCatalog::Table(database, table), &purpose);
        let facts = draft.facts(database, table)?.unwrap_or_default();
        read(draft, &facts, &purpose);
    }
    Ok(())
}

/// Reading a table's files: those of Iceberg are asked for by name, those of Delta Lake found by its log.
pub(super) fn read(draft: &mut Draft<'_>, facts: &TableFacts, purpose: &str) {
    for location in &facts.locations {
        match facts.lake.as_deref() {
            Some("iceberg") => draft.fetch(location, purpose),
            _ => draft.read_folder(location, purpose),
        }
    }
}

/// What a target writes; nothing for other nodes.
pub(super) fn target(draft: &mut Draft<'_>, node: &CodeGenConfigurationNode) -> Result<(), Fault> {
    if let Some(found) = &node.s3_iceberg_direct_target {
        let kept = Kept::of(&found.name, found.schema_change_policy.as_ref());
        kept.map_or(Ok(()), |kept| kept.iceberg(draft, Some(&found.path)))?;
    }
    if let Some(found) = &node.s3_iceberg_catalog_target {
        Kept::new(&found.name, &found.database, &found.table).iceberg(draft, None)?;
    }
    if let Some(found) = &node.s3_delta_direct_target {
        let purpose = format!("target `{}`", found.name);
        draft.read_folder(&found.path, &purpose);
        draft.write(&found.path, &purpose);
        let kept = Kept::of(&found.name, found.schema_change_policy.as_ref());
        let grows = merges(found.additional_options.as_ref());
        kept.map_or(Ok(()), |kept| kept.delta(draft, true, grows))?;
    }
    if let Some(found) = &node.s3_delta_catalog_target {
        let follows = found.schema_change_policy.as_ref().is_some_and(|policy| {
            policy.enable_update_catalog == Some(true)
                && policy.update_behavior != Some(UpdateCatalogBehavior::Log)
        });
        let grows = follows || merges(found.additional_options.as_ref());
        Kept::new(&found.name, &found.database, &found.table).delta(draft, false, grows)?;
    }
    Ok(())
}

/// Whether new columns become columns of the table.
fn merges(options: Option<&BTreeMap<String, String>>) -> bool {
    options.is_some_and(|options| {
        let mut named =
            options.iter().filter(|(key, _)| ["mergeSchema", "merge-schema"].contains(&key.as_str()));
        named.any(|(_, text)| text.trim().eq_ignore_ascii_case("true"))
    })
}

/// The catalog's table of a target.
struct Kept<'a> {
    purpose: String,
    database: &'a str,
    table: &'a str,
}

impl<'a> Kept<'a> {
    fn new(node: &str, database: &'a str, table: &'a str) -> Self {
        Self { purpose: format!("target `{node}`"), database, table }
    }

    fn of(node: &str, policy: Option<&'a DirectSchemaChangePolicy>) -> Option<Self> {
        let policy = policy.filter(|policy| policy.enable_update_catalog == Some(true))?;
        Some(Self::new(node, policy.database.as_deref()?, policy.table.as_deref()?))
    }

    /// Looking at the table, which may have to be made.
    fn look(&self, draft: &mut Draft<'_>, made: bool) -> Result<Option<TableFacts>, Fault> {
        let of = OfCatalog::Table(self.database, self.table);
        draft.catalog("GetTable", of, &self.purpose);
        let facts = draft.facts(self.database, self.table)?;
        if facts.is_none() && made {
            draft.catalog("GetDatabase", OfCatalog::Database(self.database), &self.purpose);
            draft.catalog("CreateTable", of, &self.purpose);
        }
        Ok(facts)
    }

    /// A table of Iceberg, which is made at a path if it is not there.
    fn iceberg(&self, draft: &mut Draft<'_>, path: Option<&str>) -> Result<(), Fault> {
        let facts = self.look(draft, path.is_some())?;
        let locations =
            facts.map_or_else(|| path.map(str::to_owned).into_iter().collect(), |facts| facts.locations);
        let facts = TableFacts { locations, lake: Some("iceberg".to_owned()), ..TableFacts::default() };
        write(draft, OfCatalog::Table(self.database, self.table), &facts, &self.purpose);
        Ok(())
    }

    /// A table of Delta Lake; `grows` tells whether its columns follow the data.
    fn delta(&self, draft: &mut Draft<'_>, made: bool, grows: bool) -> Result<(), Fault> {
        let facts = self.look(draft, made)?;
        if grows {
            draft.catalog("UpdateTable", OfCatalog::Table(self.database, self.table), &self.purpose);
        }
        if let Some(facts) = facts.filter(|_| !made) {
            write(draft, OfCatalog::Table(self.database, self.table), &facts, &self.purpose);
        }
        Ok(())
    }
}

/// Writing a table: that of Iceberg has a new place for its metadata afterwards.
pub(super) fn write(draft: &mut Draft<'_>, of: OfCatalog<'_>, facts: &TableFacts, purpose: &str) {
    read(draft, facts, purpose);
    if facts.lake.as_deref() == Some("iceberg") {
        draft.catalog("UpdateTable", of, purpose);
    }
    if let Some(location) = facts.locations.first() {
        draft.write(location, purpose);
    }
}
