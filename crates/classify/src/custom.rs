//! A crawler's custom classifiers, ready to be asked (Writing custom classifiers in the AWS Glue Developer Guide).

use std::sync::Arc;

use mastic_hive::{CsvSettings, Custom, Grok, InvalidClassifier, JsonPath};

use crate::content::Content;
use crate::found::Found;
use crate::{csv, json, lines, xml};

/// A custom classifier with its pattern or path read.
#[derive(Debug)]
pub(crate) enum Compiled {
    Grok { classification: String, grok: Box<Grok>, pattern: Arc<str>, custom_patterns: Arc<str> },
    Xml { classification: String, row_tag: Arc<str> },
    Json { path: JsonPath, written: Arc<str> },
    Csv(CsvSettings),
}

impl Compiled {
    pub(crate) fn new(custom: &Custom) -> Result<Self, InvalidClassifier> {
        custom.check()?;
        Ok(match custom {
            Custom::Grok { classification, pattern, custom_patterns } => Self::Grok {
                classification: classification.clone(),
                grok: Box::new(Grok::parse(pattern, custom_patterns)?),
                pattern: pattern.as_str().into(),
                custom_patterns: custom_patterns.as_str().into(),
            },
            Custom::Xml { classification, row_tag } => {
                Self::Xml { classification: classification.clone(), row_tag: row_tag.as_str().into() }
            }
            Custom::Json { path } => Self::Json { path: path.parse()?, written: path.as_str().into() },
            Custom::Csv(settings) => Self::Csv(settings.clone()),
        })
    }

    pub(crate) fn classify(&self, content: &Content<'_>) -> Found {
        match self {
            Self::Grok { classification, grok, pattern, custom_patterns } => {
                lines::classify(content, grok, classification, pattern, custom_patterns)
            }
            Self::Xml { classification, row_tag } => xml::classify_rows(content, classification, row_tag),
            Self::Json { path, written } => json::classify_path(content, path, written),
            Self::Csv(settings) => csv::classify_with(content, settings),
        }
    }
}
