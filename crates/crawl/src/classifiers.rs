//! A crawler's custom classifiers, as its definition names them and as files are asked by them.

use mastic_api_glue::glue::types::{Classifier, CsvClassifier, CsvHeaderOption, CsvSerdeOption};
use mastic_classify::Classifiers;
use mastic_hive::{CsvSerde, CsvSettings, Custom, InvalidClassifier};

/// The classifiers of a crawl: the custom ones in the crawler's order, then the built-in ones.
///
/// # Errors
/// What is wrong with the first custom one that cannot be used.
pub fn classifiers(custom: &[Classifier]) -> Result<Classifiers, InvalidClassifier> {
    let custom: Vec<Custom> = custom.iter().filter_map(read).collect();
    Classifiers::new(&custom)
}

fn read(classifier: &Classifier) -> Option<Custom> {
    if let Some(grok) = &classifier.grok_classifier {
        return Some(Custom::Grok {
            classification: grok.classification.clone(),
            pattern: grok.grok_pattern.clone(),
            custom_patterns: grok.custom_patterns.clone().unwrap_or_default(),
        });
    }
    if let Some(xml) = &classifier.xml_classifier {
        return Some(Custom::Xml {
            classification: xml.classification.clone(),
            row_tag: xml.row_tag.clone().unwrap_or_default(),
        });
    }
    if let Some(json) = &classifier.json_classifier {
        return Some(Custom::Json { path: json.json_path.clone() });
    }
    classifier.csv_classifier.as_ref().map(|csv| Custom::Csv(settings(csv)))
}

fn settings(csv: &CsvClassifier) -> CsvSettings {
    let first = |text: &Option<String>| text.as_ref().and_then(|text| text.chars().next());
    let typed = csv.custom_datatype_configured == Some(true);
    CsvSettings {
        delimiter: first(&csv.delimiter),
        quote: first(&csv.quote_symbol),
        contains_header: match csv.contains_header {
            Some(CsvHeaderOption::Present) => Some(true),
            Some(CsvHeaderOption::Absent) => Some(false),
            Some(CsvHeaderOption::Unknown) | None => None,
        },
        header: csv.header.clone().unwrap_or_default(),
        trim: csv.disable_value_trimming == Some(false),
        allow_single_column: csv.allow_single_column == Some(true),
        datatypes: csv.custom_datatypes.clone().filter(|_| typed).unwrap_or_default(),
        serde: match csv.serde {
            Some(CsvSerdeOption::OpenCSVSerDe) => Some(CsvSerde::OpenCsv),
            Some(CsvSerdeOption::LazySimpleSerDe) => Some(CsvSerde::LazySimple),
            Some(CsvSerdeOption::None) | None => None,
        },
    }
}
