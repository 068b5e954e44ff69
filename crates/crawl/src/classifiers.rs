//! The classifiers of a crawl.

use mastic_api_glue::glue::types::Classifier;
use mastic_classify::Classifiers;
use mastic_handoff::custom;
use mastic_hive::{Custom, InvalidClassifier};

/// The classifiers of a crawl: the custom ones in the crawler's order, then the built-in ones.
///
/// # Errors
/// What is wrong with the first custom one that cannot be used.
pub fn classifiers(classifiers: &[Classifier]) -> Result<Classifiers, InvalidClassifier> {
    let own: Vec<Custom> = classifiers.iter().filter_map(custom).map(|(_, settings)| settings).collect();
    Classifiers::new(&own)
}
