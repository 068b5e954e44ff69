//! Classifiers of the API as the settings that both sides work with.

use mastic_api_glue::glue::types::{Classifier, CsvClassifier, CsvHeaderOption, CsvSerdeOption};
use mastic_hive::{CsvSerde, CsvSettings, Custom};

/// A classifier's name and settings; `None` for a document without any kind, which `CreateClassifier` does not make.
#[must_use]
pub fn custom(classifier: &Classifier) -> Option<(&str, Custom)> {
    if let Some(grok) = &classifier.grok_classifier {
        let settings = Custom::Grok {
            classification: grok.classification.clone(),
            pattern: grok.grok_pattern.clone(),
            custom_patterns: grok.custom_patterns.clone().unwrap_or_default(),
        };
        return Some((&grok.name, settings));
    }
    if let Some(xml) = &classifier.xml_classifier {
        let settings = Custom::Xml {
            classification: xml.classification.clone(),
            row_tag: xml.row_tag.clone().unwrap_or_default(),
        };
        return Some((&xml.name, settings));
    }
    if let Some(json) = &classifier.json_classifier {
        return Some((&json.name, Custom::Json { path: json.json_path.clone() }));
    }
    let csv = classifier.csv_classifier.as_ref()?;
    Some((&csv.name, Custom::Csv(csv_settings(csv))))
}

fn csv_settings(csv: &CsvClassifier) -> CsvSettings {
    let symbol = |text: &Option<String>| text.as_ref().and_then(|text| text.chars().next());
    let datatypes = csv.custom_datatypes.clone().filter(|_| csv.custom_datatype_configured != Some(false));
    CsvSettings {
        delimiter: symbol(&csv.delimiter),
        quote: symbol(&csv.quote_symbol),
        contains_header: match csv.contains_header {
            Some(CsvHeaderOption::Present) => Some(true),
            Some(CsvHeaderOption::Absent) => Some(false),
            Some(CsvHeaderOption::Unknown) | None => None,
        },
        header: csv.header.clone().unwrap_or_default(),
        trim: csv.disable_value_trimming == Some(false),
        allow_single_column: csv.allow_single_column.unwrap_or(false),
        datatypes: datatypes.unwrap_or_default(),
        serde: match csv.serde {
            Some(CsvSerdeOption::OpenCSVSerDe) => Some(CsvSerde::OpenCsv),
            Some(CsvSerdeOption::LazySimpleSerDe) => Some(CsvSerde::LazySimple),
            Some(CsvSerdeOption::None) | None => None,
        },
    }
}
