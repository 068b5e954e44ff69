//! Custom classifiers: `CreateClassifier` to `DeleteClassifier`. Crawls get the documents of theirs from
//! [`resolve`].

mod update;

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::{Ctx, Registry};
use mastic_store::ReadTx;

use crate::definition::key;
use crate::records::{CLASSIFIERS, ClassifierRecord, NameKey};
use crate::{Jobs, access, page};

impl Jobs {
    pub(crate) fn register_classifiers(self: &Arc<Self>, registry: &mut Registry) {
        registry.on::<op::CreateClassifier, _, _>(
            |_, _| Ok(access::any("CreateClassifier")),
            |ctx, input| async move { create(&ctx, input).await },
        );
        registry.on::<op::UpdateClassifier, _, _>(
            |_, _| Ok(access::any("UpdateClassifier")),
            |ctx, input| async move { update::update(&ctx, input).await },
        );
        registry.on::<op::DeleteClassifier, _, _>(
            |_, _| Ok(access::any("DeleteClassifier")),
            |ctx, input| async move {
                let at = key(&ctx, &input.name)?;
                let name = input.name;
                ctx.write(move |tx| match CLASSIFIERS.delete(tx, &at)? {
                    true => Ok(DeleteClassifierResponse {}),
                    false => Err(missing(&name)),
                })
                .await
            },
        );
        registry.on::<op::GetClassifier, _, _>(
            |_, _| Ok(access::any("GetClassifier")),
            |ctx, input| async move {
                let found = ctx.read(|tx| Ok::<_, Fault>(CLASSIFIERS.get(tx, &key(&ctx, &input.name)?)?))?;
                let record = found.ok_or_else(|| missing(&input.name))?;
                Ok(GetClassifierResponse { classifier: Some(record.classifier) })
            },
        );
        registry.on::<op::GetClassifiers, _, _>(
            |_, _| Ok(access::any("GetClassifiers")),
            |ctx, input| async move {
                let limit = page::limit(input.max_results, 1000);
                let (account, region, _) = key(&ctx, "")?;
                let (classifiers, next_token) = ctx.read(|tx| {
                    let all = CLASSIFIERS.prefix((account.as_str(), region.as_str()));
                    let rows = CLASSIFIERS.scan(tx, page::after(all, input.next_token.as_deref())?);
                    page::take(&CLASSIFIERS, rows, limit, |_, record| Ok(Some(record.classifier)))
                })?;
                Ok(GetClassifiersResponse { classifiers: Some(classifiers), next_token })
            },
        );
    }
}

fn missing(name: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("Classifier entry with name {name} does not exist"))
}

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

const ONE_KIND: &str =
    "Exactly one of GrokClassifier, XMLClassifier, JsonClassifier and CsvClassifier must be given.";

/// Whether the classifier can be used.
fn check(classifier: &Classifier) -> Result<(), Fault> {
    let (_, settings) = mastic_handoff::custom(classifier).ok_or_else(|| invalid(ONE_KIND))?;
    settings.check().map_err(|wrong| invalid(wrong.to_string()))
}

/// The classifiers of a crawler, in its order.
///
/// # Errors
/// `InvalidInputException` for one that does not exist.
pub(crate) fn resolve(tx: &ReadTx<'_>, at: &NameKey, names: &[String]) -> Result<Vec<Classifier>, Fault> {
    let find = |name: &String| {
        let found = CLASSIFIERS.get(tx, &(at.0.as_str(), at.1.as_str(), name.as_str()))?;
        found
            .map(|record| record.classifier)
            .ok_or_else(|| invalid(format!("Classifier with name {name} does not exist.")))
    };
    names.iter().map(find).collect()
}

async fn create(ctx: &Ctx, input: CreateClassifierRequest) -> Result<CreateClassifierResponse, Fault> {
    let (name, classifier) = made(input, ctx.now())?;
    check(&classifier)?;
    let at = key(ctx, &name)?;
    ctx.write(move |tx| match CLASSIFIERS.insert_new(tx, &at, &ClassifierRecord { classifier })? {
        true => Ok(CreateClassifierResponse {}),
        false => Err(Fault::sender(
            "AlreadyExistsException",
            format!("Classifier with name {name} already exists"),
        )),
    })
    .await
}

/// The document of a new classifier, and its name.
fn made(input: CreateClassifierRequest, now: Timestamp) -> Result<(String, Classifier), Fault> {
    let (creation_time, last_updated, version) = (Some(now), Some(now), Some(1));
    let CreateClassifierRequest { grok_classifier, xml_classifier, json_classifier, csv_classifier } = input;
    match (grok_classifier, xml_classifier, json_classifier, csv_classifier) {
        (Some(new), None, None, None) => {
            let grok = GrokClassifier {
                name: new.name.clone(),
                classification: new.classification,
                creation_time,
                last_updated,
                version,
                grok_pattern: new.grok_pattern,
                custom_patterns: new.custom_patterns,
            };
            Ok((new.name, Classifier { grok_classifier: Some(grok), ..Classifier::default() }))
        }
        (None, Some(new), None, None) => {
            let xml = XMLClassifier {
                name: new.name.clone(),
                classification: new.classification,
                creation_time,
                last_updated,
                version,
                row_tag: new.row_tag,
            };
            Ok((new.name, Classifier { xml_classifier: Some(xml), ..Classifier::default() }))
        }
        (None, None, Some(new), None) => {
            let json = JsonClassifier {
                name: new.name.clone(),
                creation_time,
                last_updated,
                version,
                json_path: new.json_path,
            };
            Ok((new.name, Classifier { json_classifier: Some(json), ..Classifier::default() }))
        }
        (None, None, None, Some(new)) => {
            let csv = CsvClassifier {
                name: new.name.clone(),
                creation_time,
                last_updated,
                version,
                delimiter: new.delimiter,
                quote_symbol: new.quote_symbol,
                contains_header: new.contains_header,
                header: new.header,
                disable_value_trimming: new.disable_value_trimming,
                allow_single_column: new.allow_single_column,
                custom_datatype_configured: new.custom_datatype_configured,
                custom_datatypes: new.custom_datatypes,
                serde: new.serde,
            };
            Ok((new.name, Classifier { csv_classifier: Some(csv), ..Classifier::default() }))
        }
        _ => Err(invalid(ONE_KIND)),
    }
}
