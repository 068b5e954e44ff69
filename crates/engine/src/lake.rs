//! Tables that their own formats describe: Apache Iceberg and Delta Lake.

pub(crate) mod columns;
pub(crate) mod delta;
pub(crate) mod iceberg;
pub(crate) mod snapshot;
mod storage;

pub(crate) use storage::{Unfinished, writing_io};

use mastic_api_glue::glue::types::Table;

/// A table format that tells by itself which files a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LakeFormat {
    /// Apache Iceberg.
    Iceberg,
    /// Delta Lake.
    Delta,
    /// Apache Hudi, which is neither read nor written.
    Hudi,
}

impl LakeFormat {
    /// The format that a table's definition tells of; nothing for tables of plain files.
    pub(crate) fn of(table: &Table) -> Option<Self> {
        let named = |key: &str| table.parameters.as_ref()?.get(key).map(|text| text.to_ascii_lowercase());
        ["table_type", "spark.sql.sources.provider", "classification"].iter().find_map(|key| {
            match named(key)?.as_str() {
                "iceberg" => Some(Self::Iceberg),
                "delta" => Some(Self::Delta),
                "hudi" => Some(Self::Hudi),
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn table(key: &str, value: &str) -> Table {
        let parameters = BTreeMap::from([(key.to_owned(), value.to_owned())]);
        Table { parameters: Some(parameters), ..Table::default() }
    }

    #[test]
    fn formats_are_told_by_parameters() {
        assert_eq!(LakeFormat::of(&table("table_type", "ICEBERG")), Some(LakeFormat::Iceberg));
        assert_eq!(LakeFormat::of(&table("spark.sql.sources.provider", "delta")), Some(LakeFormat::Delta));
        assert_eq!(LakeFormat::of(&table("classification", "delta")), Some(LakeFormat::Delta));
        assert_eq!(LakeFormat::of(&table("classification", "parquet")), None);
    }
}
