//! The crawler's `Configuration`: a JSON text inside a string (Setting crawler configuration
//! options in the AWS Glue Developer Guide).

use serde_json::{Map, Value};

/// A `Configuration` that cannot be used: `InvalidInputException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigurationError(String);

/// What a crawler's `Configuration` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration {
    /// `CrawlerOutput.Tables.AddOrUpdateBehavior` is `MergeNewColumns`.
    pub merge_new_columns: bool,
    /// `CrawlerOutput.Tables.TableThreshold`: a crawl that would make more tables fails.
    pub table_threshold: Option<u32>,
    /// `CrawlerOutput.Partitions.AddOrUpdateBehavior` is `InheritFromTable`.
    pub inherit_from_table: bool,
    /// `Grouping.TableGroupingPolicy` is `CombineCompatibleSchemas`.
    pub combine_compatible_schemas: bool,
    /// `Grouping.TableLevelConfiguration`: where tables begin; the bucket is level 1.
    pub table_level: Option<u32>,
    /// `CreatePartitionIndex`; true unless it is said otherwise (Generating partition indexes).
    pub create_partition_index: bool,
    /// `Mastic.KeepComments`, Mastic's own: descriptions that people wrote outlive an update.
    pub keep_comments: bool,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            merge_new_columns: false,
            table_threshold: None,
            inherit_from_table: false,
            combine_compatible_schemas: false,
            table_level: None,
            create_partition_index: true,
            keep_comments: false,
        }
    }
}

impl Configuration {
    /// Reads the text; a blank one asks for nothing.
    ///
    /// # Errors
    /// What is wrong, by the key that it is wrong with.
    pub fn parse(text: &str) -> Result<Self, ConfigurationError> {
        let mut found = Self::default();
        if text.trim().is_empty() {
            return Ok(found);
        }
        let Ok(Value::Object(mut root)) = serde_json::from_str(text) else {
            return Err(error("Configuration is not a JSON object."));
        };
        match root.remove("Version") {
            Some(Value::Number(version)) if version.as_f64() == Some(1.0) => {}
            Some(Value::String(version)) if version == "1.0" => {}
            Some(other) => return Err(error(&format!("Configuration.Version must be 1.0, not {other}."))),
            None => return Err(error("Configuration.Version is missing; it must be 1.0.")),
        }
        let mut output = object(&mut root, "Configuration", "CrawlerOutput")?;
        let mut tables = object(&mut output, "CrawlerOutput", "Tables")?;
        found.merge_new_columns =
            choice(&mut tables, "CrawlerOutput.Tables", "AddOrUpdateBehavior", "MergeNewColumns")?;
        found.table_threshold = positive(&mut tables, "CrawlerOutput.Tables", "TableThreshold")?;
        nothing_left(&tables, "CrawlerOutput.Tables")?;
        let mut partitions = object(&mut output, "CrawlerOutput", "Partitions")?;
        found.inherit_from_table =
            choice(&mut partitions, "CrawlerOutput.Partitions", "AddOrUpdateBehavior", "InheritFromTable")?;
        nothing_left(&partitions, "CrawlerOutput.Partitions")?;
        nothing_left(&output, "CrawlerOutput")?;
        let mut grouping = object(&mut root, "Configuration", "Grouping")?;
        found.combine_compatible_schemas =
            choice(&mut grouping, "Grouping", "TableGroupingPolicy", "CombineCompatibleSchemas")?;
        found.table_level = positive(&mut grouping, "Grouping", "TableLevelConfiguration")?;
        nothing_left(&grouping, "Grouping")?;
        found.create_partition_index =
            flag(&mut root, "Configuration", "CreatePartitionIndex")?.unwrap_or(found.create_partition_index);
        let mut own = object(&mut root, "Configuration", "Mastic")?;
        found.keep_comments = flag(&mut own, "Mastic", "KeepComments")?.unwrap_or_default();
        nothing_left(&own, "Mastic")?;
        nothing_left(&root, "Configuration")?;
        Ok(found)
    }
}

fn error(text: &str) -> ConfigurationError {
    ConfigurationError(text.to_owned())
}

fn object(
    parent: &mut Map<String, Value>,
    path: &str,
    key: &str,
) -> Result<Map<String, Value>, ConfigurationError> {
    match parent.remove(key) {
        None => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(other) => Err(error(&format!("{path}.{key} must be an object, not {other}."))),
    }
}

/// Whether a key that has but one value is given.
fn choice(
    parent: &mut Map<String, Value>,
    path: &str,
    key: &str,
    only: &str,
) -> Result<bool, ConfigurationError> {
    match parent.remove(key) {
        None => Ok(false),
        Some(Value::String(text)) if text == only => Ok(true),
        Some(other) => Err(error(&format!("{path}.{key} must be \"{only}\", not {other}."))),
    }
}

fn flag(parent: &mut Map<String, Value>, path: &str, key: &str) -> Result<Option<bool>, ConfigurationError> {
    match parent.remove(key) {
        None => Ok(None),
        Some(Value::Bool(wanted)) => Ok(Some(wanted)),
        Some(other) => Err(error(&format!("{path}.{key} must be true or false, not {other}."))),
    }
}

fn positive(
    parent: &mut Map<String, Value>,
    path: &str,
    key: &str,
) -> Result<Option<u32>, ConfigurationError> {
    let Some(value) = parent.remove(key) else { return Ok(None) };
    let number = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(error(&format!("{path}.{key} must be a positive whole number, not {value}."))),
    }
}

fn nothing_left(object: &Map<String, Value>, path: &str) -> Result<(), ConfigurationError> {
    if object.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    Err(error(&format!("{path} contains unsupported keys: {}.", keys.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::Configuration;

    fn refusal(text: &str) -> String {
        Configuration::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn all_options() {
        let text = r#"{"Version":1.0,"CreatePartitionIndex":false,"Mastic":{"KeepComments":true},
            "CrawlerOutput":{"Tables":{"AddOrUpdateBehavior":"MergeNewColumns","TableThreshold":5},
            "Partitions":{"AddOrUpdateBehavior":"InheritFromTable"}},
            "Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas","TableLevelConfiguration":3}}"#;
        let wanted = Configuration {
            merge_new_columns: true,
            table_threshold: Some(5),
            inherit_from_table: true,
            combine_compatible_schemas: true,
            table_level: Some(3),
            create_partition_index: false,
            keep_comments: true,
        };
        assert_eq!(Configuration::parse(text), Ok(wanted));
        assert_eq!(Configuration::parse(" "), Ok(Configuration::default()));
        assert_eq!(Configuration::parse(r#"{"Version":"1.0"}"#), Ok(Configuration::default()));
    }

    #[test]
    fn wrong_ones_are_named() {
        assert_eq!(
            refusal(r#"{"Version":1,"CrawlerOutput":{"Partitions":{"UpdateBehavior":"x"}}}"#),
            "CrawlerOutput.Partitions contains unsupported keys: UpdateBehavior."
        );
        assert_eq!(refusal(r#"{"Version":1.0,"X":1}"#), "Configuration contains unsupported keys: X.");
        assert!(refusal(r#"{"Version":1.0,"CreatePartitionIndex":"yes"}"#).contains("true or false"));
        assert!(refusal("{}").contains("Version is missing"));
        assert!(refusal("nonsense").contains("not a JSON object"));
        assert!(refusal(r#"{"Version":1,"Grouping":{"TableLevelConfiguration":0}}"#).contains("positive"));
        assert!(refusal(r#"{"Version":1,"Grouping":{"TableGroupingPolicy":"All"}}"#).contains("Combine"));
    }
}
