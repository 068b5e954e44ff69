//! Partitions as the log of a table tells of them ("Partition Value Serialization" in the Delta Transaction Log Protocol).

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::scalar::ScalarValue;
use mastic_hive::{DEFAULT_PARTITION, parse_partition_segment};

/// The values that the folders of a file tell.
pub(super) fn partition_values(keys: &[String], path: &str) -> HashMap<String, Option<String>> {
    let told: HashMap<String, String> = path.split('/').filter_map(parse_partition_segment).collect();
    keys.iter()
        .map(|key| {
            let value = told.get(key).filter(|value| !value.is_empty() && *value != DEFAULT_PARTITION);
            (key.clone(), value.cloned())
        })
        .collect()
}

/// The columns by which a table is divided, with their types.
pub(super) struct Keys<'a>(Vec<(&'a str, &'a DataType)>);

impl<'a> Keys<'a> {
    /// The keys with the types that they have in the schema.
    ///
    /// # Errors
    /// One is no column.
    pub(super) fn of(schema: &'a Schema, keys: &'a [String]) -> Result<Self, String> {
        let typed = keys.iter().map(|key| {
            let field = schema.field_with_name(key);
            let field =
                field.map_err(|_| format!("there is no column `{key}`, by which it is partitioned"))?;
            Ok((key.as_str(), field.data_type()))
        });
        typed.collect::<Result<_, String>>().map(Self)
    }

    /// The partition that the log tells with these texts: writers differ in how they write one value, `1.0E7` or
    /// `10000000.0`.
    ///
    /// # Errors
    /// A text is no value of its column's type.
    pub(super) fn partition(
        &self,
        told: &HashMap<String, Option<String>>,
    ) -> Result<Vec<Option<ScalarValue>>, String> {
        let values = self.0.iter().map(|(key, of)| {
            // The empty text stands for null, whatever the type.
            let text = told.get(*key).and_then(Option::as_ref).filter(|text| !text.is_empty());
            let value = text.map(|text| {
                ScalarValue::try_from_string(text.clone(), of).map(plain).map_err(|_| {
                    format!(
                        "its log has the value `{text}` in the partition column `{key}`, which is a `{of}`"
                    )
                })
            });
            value.transpose()
        });
        values.collect()
    }
}

/// A value that is the same as every other that equals it: there are two zeros, and many that are no number.
fn plain(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::Float32(Some(0.0)) => ScalarValue::Float32(Some(0.0)),
        ScalarValue::Float64(Some(0.0)) => ScalarValue::Float64(Some(0.0)),
        ScalarValue::Float32(Some(value)) if value.is_nan() => ScalarValue::Float32(Some(f32::NAN)),
        ScalarValue::Float64(Some(value)) if value.is_nan() => ScalarValue::Float64(Some(f64::NAN)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{Field, TimeUnit};

    use super::*;

    #[test]
    fn folders_tell_the_values_of_partitions() {
        let keys = ["day".to_owned(), "Of".to_owned()];
        let told =
            partition_values(&keys, "day=2024-01-01 10%3A00/Of=__HIVE_DEFAULT_PARTITION__/part-0.parquet");
        assert_eq!(told["day"].as_deref(), Some("2024-01-01 10:00"));
        assert_eq!(told["Of"], None);
        assert!(partition_values(&[], "part-0.parquet").is_empty());
    }

    #[test]
    fn texts_of_one_value_are_one_partition() {
        let keys = ["k".to_owned()];
        let partition = |of: &DataType, text: Option<&str>| {
            let schema = Schema::new(vec![Field::new("k", of.clone(), true)]);
            let told = HashMap::from([("k".to_owned(), text.map(str::to_owned))]);
            Keys::of(&schema, &keys).unwrap().partition(&told)
        };
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        for (of, texts) in [
            (&DataType::Float64, &["10000000.0", "1.0E7", "1e7", "10000000"][..]),
            (&DataType::Float64, &["0.0", "-0.0", "0"]),
            (&DataType::Float64, &["NaN", "nan"]),
            (&DataType::Float64, &["Infinity", "inf"]),
            (&DataType::Float32, &["0.1", "1.0E-1"]),
            (&DataType::Int64, &["7", "07"]),
            (&DataType::Boolean, &["true", "True"]),
            (&DataType::Decimal128(10, 2), &["1.50", "1.5"]),
            (&DataType::Date32, &["2024-02-29"]),
            (
                &instant,
                &[
                    "2024-02-29 10:00:00",
                    "2024-02-29 10:00:00.000000",
                    "2024-02-29T10:00:00Z",
                    "2024-02-29T10:00:00.000000Z",
                ],
            ),
        ] {
            let first = partition(of, texts.first().copied()).unwrap();
            assert!(first.iter().all(Option::is_some));
            for text in texts {
                assert_eq!(partition(of, Some(text)).unwrap(), first, "{text}");
            }
            assert_eq!(partition(of, Some("")), partition(of, None));
            assert_ne!(partition(of, None).unwrap(), first);
        }
        assert_ne!(
            partition(&DataType::Float64, Some("0.1")),
            partition(&DataType::Float64, Some("0.10001"))
        );
        assert_ne!(partition(&DataType::Utf8, Some("1.0")), partition(&DataType::Utf8, Some("1")));
        let error = partition(&DataType::Int32, Some("x")).unwrap_err();
        assert!(error.contains("the value `x` in the partition column `k`"), "{error}");
    }
}
