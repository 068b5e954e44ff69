//! `UpdateClassifier`: what is given changes, the rest stays.

use mastic_api_glue::glue::types::*;
use mastic_core::{Fault, Timestamp};
use mastic_kernel::Ctx;

use super::{ONE_KIND, check, invalid, missing};
use crate::definition::key;
use crate::records::CLASSIFIERS;

pub(super) async fn update(
    ctx: &Ctx,
    input: UpdateClassifierRequest,
) -> Result<UpdateClassifierResponse, Fault> {
    let name = name(&input)?.to_owned();
    let (at, now) = (key(ctx, &name)?, ctx.now());
    ctx.write(move |tx| {
        let mut record = CLASSIFIERS.get(tx, &at)?.ok_or_else(|| missing(&name))?;
        apply(&mut record.classifier, input, now)
            .ok_or_else(|| invalid(format!("Classifier with name {name} is of another kind.")))?;
        check(&record.classifier)?;
        CLASSIFIERS.put(tx, &at, &record)?;
        Ok(UpdateClassifierResponse {})
    })
    .await
}

fn name(input: &UpdateClassifierRequest) -> Result<&str, Fault> {
    let UpdateClassifierRequest { grok_classifier, xml_classifier, json_classifier, csv_classifier } = input;
    match (grok_classifier, xml_classifier, json_classifier, csv_classifier) {
        (Some(new), None, None, None) => Ok(&new.name),
        (None, Some(new), None, None) => Ok(&new.name),
        (None, None, Some(new), None) => Ok(&new.name),
        (None, None, None, Some(new)) => Ok(&new.name),
        _ => Err(invalid(ONE_KIND)),
    }
}

/// Changes the classifier; `None` if it is of another kind than the input.
fn apply(classifier: &mut Classifier, input: UpdateClassifierRequest, now: Timestamp) -> Option<()> {
    let next = |version: &mut Option<i64>, updated: &mut Option<Timestamp>| {
        *version = Some(version.unwrap_or(0) + 1);
        *updated = Some(now);
    };
    if let Some(new) = input.grok_classifier {
        let old = classifier.grok_classifier.as_mut()?;
        set(&mut old.classification, new.classification);
        set(&mut old.grok_pattern, new.grok_pattern);
        keep(&mut old.custom_patterns, new.custom_patterns);
        next(&mut old.version, &mut old.last_updated);
    }
    if let Some(new) = input.xml_classifier {
        let old = classifier.xml_classifier.as_mut()?;
        set(&mut old.classification, new.classification);
        keep(&mut old.row_tag, new.row_tag);
        next(&mut old.version, &mut old.last_updated);
    }
    if let Some(new) = input.json_classifier {
        let old = classifier.json_classifier.as_mut()?;
        set(&mut old.json_path, new.json_path);
        next(&mut old.version, &mut old.last_updated);
    }
    if let Some(new) = input.csv_classifier {
        let old = classifier.csv_classifier.as_mut()?;
        keep(&mut old.delimiter, new.delimiter);
        keep(&mut old.quote_symbol, new.quote_symbol);
        keep(&mut old.contains_header, new.contains_header);
        keep(&mut old.header, new.header);
        keep(&mut old.disable_value_trimming, new.disable_value_trimming);
        keep(&mut old.allow_single_column, new.allow_single_column);
        keep(&mut old.custom_datatype_configured, new.custom_datatype_configured);
        keep(&mut old.custom_datatypes, new.custom_datatypes);
        keep(&mut old.serde, new.serde);
        next(&mut old.version, &mut old.last_updated);
    }
    Some(())
}

fn set<T>(old: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *old = new;
    }
}

fn keep<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}
