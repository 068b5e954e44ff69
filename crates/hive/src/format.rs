//! What a storage descriptor says of the files it describes, and the reverse.

const TEXT_INPUT: &str = "org.apache.hadoop.mapred.TextInputFormat";
const TEXT_OUTPUT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

/// A format of files, as told by input format and SerDe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Delimited text read by LazySimpleSerDe: quotes are ordinary characters.
    Csv,
    /// Delimited text read by OpenCSVSerde: quoted, every column text.
    OpenCsv,
    /// JSON, one record a line.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Apache ORC.
    Orc,
    /// Avro container files.
    Avro,
    /// Lines taken apart by a grok pattern, those of the built-in log classifiers among them.
    Grok,
    /// Amazon Ion.
    Ion,
    /// XML. Hive has no SerDe for it: the descriptor is empty.
    Xml,
    /// Binary JSON. Hive has no SerDe for it: the descriptor is empty.
    Bson,
}

/// The format half of a storage descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// `InputFormat`; empty where Hive has none.
    pub input_format: &'static str,
    /// `OutputFormat`; empty where Hive has none.
    pub output_format: &'static str,
    /// `SerdeInfo.SerializationLibrary`; empty where Hive has none.
    pub serde: &'static str,
    /// `SerdeInfo.Parameters` that do not depend on the data.
    pub serde_parameters: &'static [(&'static str, &'static str)],
}

impl Format {
    const ALL: [Self; 10] = [
        Self::Csv,
        Self::OpenCsv,
        Self::Json,
        Self::Parquet,
        Self::Orc,
        Self::Avro,
        Self::Grok,
        Self::Ion,
        Self::Xml,
        Self::Bson,
    ];

    /// The descriptor that a crawl writes for the format.
    #[must_use]
    pub fn descriptor(self) -> Descriptor {
        let text = |serde| Descriptor {
            input_format: TEXT_INPUT,
            output_format: TEXT_OUTPUT,
            serde,
            serde_parameters: &[],
        };
        match self {
            Self::Csv => text("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
            Self::OpenCsv => text("org.apache.hadoop.hive.serde2.OpenCSVSerde"),
            Self::Json => text("org.openx.data.jsonserde.JsonSerDe"),
            Self::Grok => text("com.amazonaws.glue.serde.GrokSerDe"),
            Self::Parquet => Descriptor {
                input_format: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                output_format: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                serde_parameters: &[("serialization.format", "1")],
            },
            Self::Orc => Descriptor {
                input_format: "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
                output_format: "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
                serde: "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
                serde_parameters: &[],
            },
            Self::Avro => Descriptor {
                input_format: "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
                output_format: "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
                serde: "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
                serde_parameters: &[("serialization.format", "1")],
            },
            Self::Ion => Descriptor {
                input_format: "com.amazon.ionhiveserde.formats.IonInputFormat",
                output_format: "com.amazon.ionhiveserde.formats.IonOutputFormat",
                serde: "com.amazon.ionhiveserde.IonHiveSerDe",
                serde_parameters: &[],
            },
            Self::Xml | Self::Bson => {
                Descriptor { input_format: "", output_format: "", serde: "", serde_parameters: &[] }
            }
        }
    }

    /// The `classification` that a crawl writes for the format.
    #[must_use]
    pub fn classification(self) -> &'static str {
        match self {
            Self::Csv | Self::OpenCsv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Orc => "orc",
            Self::Avro => "avro",
            Self::Grok => "grok",
            Self::Ion => "ion",
            Self::Xml => "xml",
            Self::Bson => "bson",
        }
    }

    /// The format of a `classification`; the SerDe of `csv` is LazySimpleSerDe.
    #[must_use]
    pub fn from_classification(classification: &str) -> Option<Self> {
        let wanted = classification.to_ascii_lowercase();
        let wanted = if wanted == "glueparquet" { "parquet" } else { wanted.as_str() };
        Self::ALL.into_iter().find(|format| format.classification() == wanted)
    }

    /// The format that a table's descriptor means. The SerDe is asked first, because it is what
    /// Hive reads with, then the input format, then the `classification` parameter. Any may be
    /// missing or empty; nothing is answered when none is known.
    #[must_use]
    pub fn from_descriptor(
        input_format: Option<&str>,
        serde: Option<&str>,
        classification: Option<&str>,
    ) -> Option<Self> {
        serde
            .filter(|serde| !serde.is_empty())
            .and_then(Self::from_serde)
            .or_else(|| {
                input_format.filter(|input_format| !input_format.is_empty()).and_then(Self::from_input_format)
            })
            .or_else(|| classification.and_then(Self::from_classification))
    }

    fn from_serde(serde: &str) -> Option<Self> {
        match serde {
            "org.apache.hive.hcatalog.data.JsonSerDe" | "org.apache.hadoop.hive.serde2.JsonSerDe" => {
                Some(Self::Json)
            }
            _ => Self::ALL.into_iter().find(|format| format.descriptor().serde == serde),
        }
    }

    /// Text input alone does not say how lines are taken apart.
    fn from_input_format(input_format: &str) -> Option<Self> {
        match input_format {
            TEXT_INPUT => None,
            "parquet.hive.DeprecatedParquetInputFormat" => Some(Self::Parquet),
            _ => Self::ALL.into_iter().find(|format| format.descriptor().input_format == input_format),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, TEXT_INPUT};

    #[test]
    fn every_format_is_known_by_its_own_descriptor() {
        for format in Format::ALL {
            let d = format.descriptor();
            let known = (!d.serde.is_empty()).then_some(format);
            assert_eq!(Format::from_descriptor(Some(d.input_format), Some(d.serde), None), known);
            let by_class = Format::from_descriptor(None, None, Some(format.classification()));
            assert_eq!(by_class.map(Format::classification), Some(format.classification()));
        }
    }

    #[test]
    fn the_serde_outweighs_the_rest() {
        let lazy = Format::Csv.descriptor().serde;
        assert_eq!(Format::from_descriptor(Some(TEXT_INPUT), Some(lazy), Some("json")), Some(Format::Csv));
        assert_eq!(Format::from_descriptor(Some(TEXT_INPUT), Some(""), Some("json")), Some(Format::Json));
        assert_eq!(Format::from_descriptor(None, None, Some("glueparquet")), Some(Format::Parquet));
        assert_eq!(Format::from_descriptor(Some(TEXT_INPUT), None, None), None);
        assert_eq!(Format::from_descriptor(Some("x"), Some("y"), Some("z")), None);
    }
}
