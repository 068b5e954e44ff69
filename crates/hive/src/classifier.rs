//! Custom classifiers: what people define, as plain settings, and what is wrong with them (Writing custom
//! classifiers in the AWS Glue Developer Guide).

use crate::grok::{Grok, GrokError};
use crate::json_path::{JsonPath, JsonPathError};
use crate::names::is_column_name;
use crate::types::HiveType;

/// A custom classifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Custom {
    /// `GrokClassifier`: lines that a pattern takes apart.
    Grok {
        /// `Classification`, which the tables get.
        classification: String,
        /// `GrokPattern`.
        pattern: String,
        /// `CustomPatterns`, a line each; may be empty.
        custom_patterns: String,
    },
    /// `XMLClassifier`.
    Xml {
        /// `Classification`, which the tables get.
        classification: String,
        /// `RowTag`: the name of the elements that are records.
        row_tag: String,
    },
    /// `JsonClassifier`.
    Json {
        /// `JsonPath`: where the records are.
        path: String,
    },
    /// `CsvClassifier`.
    Csv(CsvSettings),
}

/// The settings of a `CsvClassifier`. The default has none, and finds out what it can.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsvSettings {
    /// `Delimiter`; none when it is to be found out.
    pub delimiter: Option<char>,
    /// `QuoteSymbol`; a double quote when there is none.
    pub quote: Option<char>,
    /// `ContainsHeader`: `PRESENT`, `ABSENT`, or none for `UNKNOWN`.
    pub contains_header: Option<bool>,
    /// `Header`: the columns' names.
    pub header: Vec<String>,
    /// The opposite of `DisableValueTrimming`, whose default is `true`: whether white space round a value is taken
    /// away before its type is found out.
    pub trim: bool,
    /// `AllowSingleColumn`.
    pub allow_single_column: bool,
    /// `CustomDatatypes`, in the order of the columns, where `CustomDatatypeConfigured` is set; else empty.
    pub datatypes: Vec<String>,
    /// `Serde`; none for `None`, which leaves it to the crawler.
    pub serde: Option<CsvSerde>,
}

/// The SerDe that a `CsvClassifier` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvSerde {
    /// `OpenCSVSerDe`.
    OpenCsv,
    /// `LazySimpleSerDe`.
    LazySimple,
}

/// A classifier that cannot be used; the text says why, in a sentence for whoever defined it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClassifier {
    /// Its grok pattern is wrong.
    #[error("The grok pattern is not valid: {0}.")]
    Grok(#[from] GrokError),
    /// Its JSON path is wrong.
    #[error("The JSON path is not valid: {0}.")]
    JsonPath(#[from] JsonPathError),
    /// Its row tag is no name of an XML element.
    #[error("The row tag `{0}` is not the name of an XML element.")]
    RowTag(String),
    /// A CSV setting is wrong.
    #[error("{0}")]
    Csv(String),
}

impl Custom {
    /// Whether the classifier can be used. For `CreateClassifier` and `UpdateClassifier`; the model's own constraints
    /// are checked elsewhere.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), InvalidClassifier> {
        match self {
            Self::Grok { pattern, custom_patterns, .. } => {
                Ok(Grok::parse(pattern, custom_patterns).map(drop)?)
            }
            Self::Xml { row_tag, .. } if is_tag(row_tag) => Ok(()),
            Self::Xml { row_tag, .. } => Err(InvalidClassifier::RowTag(row_tag.clone())),
            Self::Json { path } => Ok(path.parse::<JsonPath>().map(drop)?),
            Self::Csv(settings) => settings.check().map_err(InvalidClassifier::Csv),
        }
    }
}

impl CsvSettings {
    fn check(&self) -> Result<(), String> {
        let quote = self.quote.unwrap_or('"');
        if self.delimiter == Some(quote) {
            return Err(format!("The quote symbol and the delimiter must be different; both are `{quote}`."));
        }
        if let Some(bad) = [self.delimiter, self.quote]
            .into_iter()
            .flatten()
            .find(|c| !c.is_ascii() || *c == '\n' || *c == '\r')
        {
            return Err(format!(
                "The symbol {bad:?} cannot be a delimiter or quote: an ASCII character other than a line break is wanted."
            ));
        }
        if let Some(name) = self.header.iter().find(|name| !is_column_name(name)) {
            return Err(format!("`{name}` in Header is not a column name."));
        }
        for (place, name) in self.header.iter().enumerate() {
            if self.header.iter().take(place).any(|other| other.eq_ignore_ascii_case(name)) {
                return Err(format!("Header names the column `{name}` twice."));
            }
        }
        match self.datatypes.iter().find(|name| datatype(name).is_none()) {
            Some(name) => Err(format!("`{name}` is not a supported custom datatype.")),
            None => Ok(()),
        }
    }

    /// The types of `CustomDatatypes`, in the order of the columns. A name that is none is left out: `check` refuses it.
    #[must_use]
    pub fn types(&self) -> Vec<HiveType> {
        self.datatypes.iter().filter_map(|name| datatype(name)).collect()
    }
}

/// The type of a name among `CustomDatatypes`, in any case.
fn datatype(name: &str) -> Option<HiveType> {
    Some(match name.trim().to_ascii_uppercase().as_str() {
        "BINARY" => HiveType::Binary,
        "BOOLEAN" => HiveType::Boolean,
        "DATE" => HiveType::Date,
        "DECIMAL" => HiveType::Decimal { precision: 10, scale: 0 },
        "DOUBLE" => HiveType::Double,
        "FLOAT" => HiveType::Float,
        "INT" => HiveType::Int,
        "LONG" => HiveType::BigInt,
        "SHORT" => HiveType::SmallInt,
        "STRING" => HiveType::String,
        "TIMESTAMP" => HiveType::Timestamp,
        _ => return None,
    })
}

/// Whether a text is a name of XML, as far as it matters: no white space and no markup.
fn is_tag(text: &str) -> bool {
    let first = |c: char| c.is_alphabetic() || matches!(c, '_' | ':');
    text.starts_with(first) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::{CsvSettings, Custom};

    fn refusal(custom: &Custom) -> String {
        custom.check().unwrap_err().to_string()
    }

    fn csv(settings: CsvSettings) -> Custom {
        Custom::Csv(settings)
    }

    #[test]
    fn good_ones_pass() {
        let grok = |pattern: &str| Custom::Grok {
            classification: "x".into(),
            pattern: pattern.into(),
            custom_patterns: String::new(),
        };
        assert_eq!(grok("%{INT:a}").check(), Ok(()));
        assert_eq!(Custom::Xml { classification: "xml".into(), row_tag: "ns:row-1".into() }.check(), Ok(()));
        assert_eq!(Custom::Json { path: "$[*]".into() }.check(), Ok(()));
        assert_eq!(csv(CsvSettings::default()).check(), Ok(()));
        let types = CsvSettings { datatypes: vec!["int".into(), "LONG".into()], ..CsvSettings::default() };
        assert_eq!(types.types().len(), 2);
        assert_eq!(csv(types).check(), Ok(()));
    }

    #[test]
    fn bad_ones_say_what_is_wrong() {
        let grok = Custom::Grok {
            classification: "x".into(),
            pattern: "%{X}".into(),
            custom_patterns: String::new(),
        };
        assert_eq!(refusal(&grok), "The grok pattern is not valid: there is no grok pattern `X`.");
        assert_eq!(
            refusal(&Custom::Json { path: "a".into() }),
            "The JSON path is not valid: `a` is no supported JSON path: it does not begin with `$`."
        );
        assert_eq!(
            refusal(&Custom::Xml { classification: "xml".into(), row_tag: "<row>".into() }),
            "The row tag `<row>` is not the name of an XML element."
        );
        let same = CsvSettings { delimiter: Some('|'), quote: Some('|'), ..CsvSettings::default() };
        assert_eq!(
            refusal(&csv(same)),
            "The quote symbol and the delimiter must be different; both are `|`."
        );
        let quote = CsvSettings { delimiter: Some('"'), ..CsvSettings::default() };
        assert!(refusal(&csv(quote)).contains("must be different"));
        let wide = CsvSettings { delimiter: Some('é'), ..CsvSettings::default() };
        assert!(refusal(&csv(wide)).contains("ASCII"));
        let twice = CsvSettings { header: vec!["a".into(), "A".into()], ..CsvSettings::default() };
        assert_eq!(refusal(&csv(twice)), "Header names the column `A` twice.");
        let types = CsvSettings { datatypes: vec!["MONEY".into()], ..CsvSettings::default() };
        assert_eq!(refusal(&csv(types)), "`MONEY` is not a supported custom datatype.");
    }
}
