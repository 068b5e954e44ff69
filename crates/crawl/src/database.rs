//! Tables of databases: which of them a JDBC target means, and what the catalog keeps of each (Include paths for JDBC data stores
//! in "Defining crawlers", and "Parameters set on Data Catalog tables by crawler", AWS Glue Developer Guide).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    Column, JdbcMetadataEntry, JdbcTarget, SerDeInfo, StorageDescriptor, Table, TableInput,
};
use mastic_hive::{Exclusions, crawler_table_name};

use crate::describe::Lake;
use crate::plan::location;
use crate::target::TargetError;

/// Stands for any text in a schema or table of an include path.
const ANY: char = '%';

/// Bytes of a comment that are kept.
const COMMENT: usize = 255;

/// The parameter that names the connection by which a table was found.
const CONNECTION: &str = "connectionName";

/// A table or view of a database, as it was found.
#[derive(Debug, Clone, Default)]
pub struct DatabaseTable {
    /// Its schema, where databases have schemas.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it is a view.
    pub view: bool,
    /// What people wrote about it.
    pub comment: Option<String>,
    /// Its columns, in their order.
    pub columns: Vec<DatabaseColumn>,
}

/// A column of such a table.
#[derive(Debug, Clone, Default)]
pub struct DatabaseColumn {
    /// Its name.
    pub name: String,
    /// Its type as the database writes it.
    pub raw_type: String,
    /// Its type as Glue has it.
    pub ty: String,
    /// What people wrote about it.
    pub comment: Option<String>,
}

/// A JDBC target of a crawler, read.
#[derive(Debug)]
pub struct DatabaseInclude {
    /// The name of the connection.
    pub connection: String,
    /// The database.
    pub database: String,
    schema: Option<String>,
    table: String,
    exclusions: Exclusions,
    raw_types: bool,
    comments: bool,
}

impl DatabaseInclude {
    /// The database that a target's path begins with.
    ///
    /// # Errors
    /// When it names none.
    pub fn database(target: &JdbcTarget) -> Result<&str, TargetError> {
        let path = target.path.as_deref().unwrap_or_default();
        let database = path.split('/').next().unwrap_or_default();
        if database.is_empty() || database.contains(ANY) {
            return Err(TargetError::new(format!(
                "The include path `{path}` does not begin with a database's name: only schemas and tables can be {ANY}."
            )));
        }
        Ok(database)
    }

    /// Reads a target of a database that has schemas, or has none.
    ///
    /// # Errors
    /// When its path has too many parts, or an exclude pattern cannot be used.
    pub fn new(target: &JdbcTarget, has_schemas: bool) -> Result<Self, TargetError> {
        let database = Self::database(target)?;
        let path = target.path.as_deref().unwrap_or_default();
        let any = || ANY.to_string();
        let parts: Vec<&str> = path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
        let (schema, table) = match (has_schemas, parts.as_slice()) {
            (true, []) => (Some(any()), any()),
            (true, [schema]) => (Some((*schema).to_owned()), any()),
            (true, [schema, table]) => (Some((*schema).to_owned()), (*table).to_owned()),
            (false, []) => (None, any()),
            (false, [table]) => (None, (*table).to_owned()),
            _ => {
                let form = if has_schemas { "database/schema/table" } else { "database/table" };
                let text = format!("The include path `{path}` has too many parts: {form} is wanted.");
                return Err(TargetError::new(text));
            }
        };
        let exclusions = Exclusions::parse(target.exclusions.as_deref().unwrap_or_default())
            .map_err(|error| TargetError::new(format!("The include path `{path}`: {error}")))?;
        let wants = |entry| target.enable_additional_metadata.iter().flatten().any(|wanted| *wanted == entry);
        Ok(Self {
            connection: target.connection_name.clone().unwrap_or_default(),
            database: database.to_owned(),
            schema,
            table,
            exclusions,
            raw_types: wants(JdbcMetadataEntry::Rawtypes),
            comments: wants(JdbcMetadataEntry::Comments),
        })
    }

    /// Whether a table is meant. An exclude pattern may be its name, or schema and name.
    #[must_use]
    pub fn takes(&self, table: &DatabaseTable) -> bool {
        let schema = table.schema.as_deref().unwrap_or_default();
        matches(&self.table, &table.name)
            && self.schema.as_ref().is_none_or(|wanted| matches(wanted, schema))
            && !self.exclusions.excludes(&table.name)
            && !self.exclusions.excludes(&format!("{schema}/{}", table.name))
    }

    /// Whether a table of the catalog was found by the connection at a place that the path means.
    pub(crate) fn covers(&self, table: &Table) -> bool {
        let by = table.parameters.as_ref().and_then(|parameters| parameters.get(CONNECTION));
        let pattern = joined(&self.database, self.schema.as_deref(), &self.table);
        by == Some(&self.connection) && location(table).is_some_and(|at| matches(&pattern, at))
    }

    /// The table as the catalog keeps it, but for who crawled it.
    #[must_use]
    pub fn table(&self, table_prefix: &str, classification: &str, found: &DatabaseTable) -> Lake {
        let place = joined(&self.database, found.schema.as_deref(), &found.name);
        let kind = if found.view { "view" } else { "table" };
        let mut parameters = BTreeMap::from([
            ("classification", classification),
            ("compressionType", "none"),
            (CONNECTION, self.connection.as_str()),
            ("typeOfData", kind),
            ("CrawlerSchemaSerializerVersion", "1.0"),
            ("CrawlerSchemaDeserializerVersion", "1.0"),
        ]);
        let comment = found.comment.as_deref().filter(|_| self.comments).map(kept);
        if let Some(comment) = comment {
            parameters.insert("aws:RawTableComment", comment);
        }
        let parameters: BTreeMap<String, String> =
            parameters.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned())).collect();
        let table = TableInput {
            name: crawler_table_name(table_prefix, &place),
            owner: Some("owner".to_owned()),
            retention: Some(0),
            storage_descriptor: Some(StorageDescriptor {
                columns: Some(found.columns.iter().map(|column| self.column(column)).collect()),
                location: Some(place.clone()),
                compressed: Some(false),
                number_of_buckets: Some(-1),
                serde_info: Some(SerDeInfo { parameters: Some(BTreeMap::new()), ..SerDeInfo::default() }),
                bucket_columns: Some(Vec::new()),
                sort_columns: Some(Vec::new()),
                parameters: Some(parameters.clone()),
                stored_as_sub_directories: Some(false),
                ..StorageDescriptor::default()
            }),
            partition_keys: Some(Vec::new()),
            table_type: Some("EXTERNAL_TABLE".to_owned()),
            parameters: Some(parameters),
            ..TableInput::default()
        };
        let reasons = vec![format!("`{place}` is a {kind} that the connection {} reaches", self.connection)];
        Lake { table, partitions: Vec::new(), reasons }
    }

    fn column(&self, found: &DatabaseColumn) -> Column {
        let mut parameters = BTreeMap::new();
        if self.raw_types {
            parameters.insert("aws:RawType".to_owned(), found.raw_type.clone());
        }
        if let Some(comment) = found.comment.as_deref().filter(|_| self.comments) {
            parameters.insert("aws:RawColumnComment".to_owned(), kept(comment).to_owned());
        }
        Column {
            name: found.name.to_lowercase(),
            r#type: Some(found.ty.clone()),
            parameters: Some(parameters).filter(|parameters| !parameters.is_empty()),
            ..Column::default()
        }
    }
}

/// Where a table is, in the catalog's words.
fn joined(database: &str, schema: Option<&str>, table: &str) -> String {
    match schema {
        Some(schema) => format!("{database}.{schema}.{table}"),
        None => format!("{database}.{table}"),
    }
}

/// The beginning of a comment, as far as it is kept.
fn kept(comment: &str) -> &str {
    comment.get(..comment.floor_char_boundary(COMMENT)).unwrap_or(comment)
}

/// Whether a text is as a pattern says. Case counts.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once(ANY) else { return pattern == text };
    let Some(mut text) = text.strip_prefix(before) else { return false };
    let mut parts: Vec<&str> = rest.split(ANY).collect();
    let end = parts.pop().unwrap_or_default();
    // Each part may as well be found as early as it can.
    for part in parts {
        match text.split_once(part) {
            Some((_, rest)) => text = rest,
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str, exclusions: &[&str], metadata: &[JdbcMetadataEntry]) -> JdbcTarget {
        JdbcTarget {
            connection_name: Some("c".to_owned()),
            path: Some(path.to_owned()),
            exclusions: Some(exclusions.iter().map(|text| (*text).to_owned()).collect()),
            enable_additional_metadata: Some(metadata.to_vec()),
        }
    }

    fn named(place: &str) -> DatabaseTable {
        let (schema, name) = match place.split_once('.') {
            Some((schema, name)) => (Some(schema.to_owned()), name),
            None => (None, place),
        };
        DatabaseTable { schema, name: name.to_owned(), ..DatabaseTable::default() }
    }

    fn taken<'a>(path: &str, exclusions: &[&str], places: &[&'a str]) -> Vec<&'a str> {
        let has_schemas = places.iter().any(|place| place.contains('.'));
        let include = DatabaseInclude::new(&target(path, exclusions, &[]), has_schemas).unwrap();
        places.iter().filter(|place| include.takes(&named(place))).copied().collect()
    }

    #[test]
    fn percent_stands_for_any_text() {
        for (pattern, text, good) in [
            ("%", "", true),
            ("a", "a", true),
            ("a", "A", false),
            ("a%", "abc", true),
            ("a%", "ba", false),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a%b%c", "axbxc", true),
            ("a%b%c", "acb", false),
            ("ab%b", "ab", false),
            ("%ab%ab", "ab", false),
            ("%%", "x", true),
        ] {
            assert_eq!(matches(pattern, text), good, "{pattern} {text}");
        }
    }

    #[test]
    fn paths_and_exclusions() {
        let all = ["public.flights", "public.planes", "Sales.flights"];
        assert_eq!(taken("d/public/%", &[], &all), ["public.flights", "public.planes"]);
        assert_eq!(taken("d/%/flights", &[], &all), ["public.flights", "Sales.flights"]);
        assert_eq!(taken("d", &[], &all), all);
        assert_eq!(taken("d/%", &[], &all), all);
        assert_eq!(taken("d/%/%", &["fl*"], &all), ["public.planes"]);
        assert_eq!(taken("d/%/%", &["Sales/**"], &all), ["public.flights", "public.planes"]);
        assert_eq!(taken("d/public/planes", &[], &all), ["public.planes"]);
        assert_eq!(taken("d/p%", &[], &["planes", "flights"]), ["planes"]);
        assert!(DatabaseInclude::new(&target("d/s/t", &[], &[]), false).is_err());
        assert!(DatabaseInclude::new(&target("d/s/t/u", &[], &[]), true).is_err());
        assert!(DatabaseInclude::new(&target("d", &["{"], &[]), true).is_err());
        for path in ["", "%/x", "a%/x", "/x"] {
            assert!(DatabaseInclude::database(&target(path, &[], &[])).is_err(), "{path}");
        }
    }

    #[test]
    fn only_what_was_looked_at_can_be_gone() {
        let include = DatabaseInclude::new(&target("nyc/public/f%", &[], &[]), true).unwrap();
        let kept = |connection: &str, at: &str| Table {
            parameters: Some(BTreeMap::from([(CONNECTION.to_owned(), connection.to_owned())])),
            storage_descriptor: Some(StorageDescriptor {
                location: Some(at.to_owned()),
                ..StorageDescriptor::default()
            }),
            ..Table::default()
        };
        assert!(include.covers(&kept("c", "nyc.public.flights")));
        assert!(!include.covers(&kept("other", "nyc.public.flights")));
        assert!(
            !include.covers(&kept("c", "nyc.ops.flights"))
                && !include.covers(&kept("c", "nyc.public.planes"))
        );
        assert!(!include.covers(&Table::default()));
    }

    #[test]
    fn tables_are_kept_as_glue_keeps_them() {
        let metadata = [JdbcMetadataEntry::Rawtypes, JdbcMetadataEntry::Comments];
        let found = DatabaseTable {
            comment: Some("é".repeat(200)),
            columns: vec![DatabaseColumn {
                name: "Dep_Time".to_owned(),
                raw_type: "integer".to_owned(),
                ty: "int".to_owned(),
                comment: Some("minutes".to_owned()),
            }],
            ..named("Public.Flights")
        };
        let include = DatabaseInclude::new(&target("NYC/%/%", &[], &metadata), true).unwrap();
        let table = include.table("raw_", "postgresql", &found).table;
        assert_eq!(table.name, "raw_nyc_public_flights");
        let descriptor = table.storage_descriptor.unwrap();
        assert_eq!(descriptor.location.as_deref(), Some("NYC.Public.Flights"));
        assert_eq!(descriptor.parameters, table.parameters);
        let parameters = table.parameters.unwrap();
        assert_eq!(parameters.get("aws:RawTableComment").map(String::len), Some(254));
        assert_eq!(parameters.get("typeOfData").map(String::as_str), Some("table"));
        let [column] = <[Column; 1]>::try_from(descriptor.columns.unwrap()).unwrap();
        assert_eq!(column.name, "dep_time");
        let own = column.parameters.unwrap();
        assert_eq!(own.get("aws:RawType").map(String::as_str), Some("integer"));
        assert_eq!(own.get("aws:RawColumnComment").map(String::as_str), Some("minutes"));

        let plain = DatabaseInclude::new(&target("NYC/%/%", &[], &[]), true).unwrap();
        let table = plain.table("", "postgresql", &found).table;
        assert_eq!(table.storage_descriptor.unwrap().columns.unwrap().first().unwrap().parameters, None);
    }
}
