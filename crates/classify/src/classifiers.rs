//! One file's bytes to what it holds: compression first, then the custom classifiers, then the built-in ones in AWS's
//! order (Defining and managing classifiers in the AWS Glue Developer Guide).

use std::sync::Arc;

use mastic_hive::{Custom, InvalidClassifier, is_column_name};

use crate::classified::Classified;
use crate::compression::{Compression, Decoded, decode};
use crate::content::Content;
use crate::custom::Compiled;
use crate::found::Found;
use crate::sample::{ClassifyError, HEAD_BYTES, Outcome, Sample};
use crate::{avro, bson, csv, ion, json, logs, orc, parquet, xml};

/// How much of a file is searched for the end of its first record or header, in bytes.
const MAX_HEAD: u64 = 10 * HEAD_BYTES;

/// What classifies the files of a crawl. Cloning it is cheap, and it can be shared between threads.
#[derive(Debug, Clone, Default)]
pub struct Classifiers {
    custom: Arc<[Compiled]>,
}

impl Classifiers {
    /// The built-in classifiers with a crawler's custom ones before them, in the order given. The default has the
    /// built-in ones only.
    ///
    /// # Errors
    /// What is wrong with the first custom classifier that cannot be used: `Custom::check` says the same.
    pub fn new(custom: &[Custom]) -> Result<Self, InvalidClassifier> {
        Ok(Self { custom: custom.iter().map(Compiled::new).collect::<Result<_, _>>()? })
    }

    /// Classifies a file by its bytes, or says which further bytes it takes. Reads at most the first 1,000 records or
    /// 1 MiB, up to 10 MiB where the first record or the header is that long, and the footers of Parquet and ORC. The
    /// first classifier that is certain decides, custom ones before built-in ones; if none is, the one that is least
    /// uncertain. A file that none recognises is `UNKNOWN`.
    ///
    /// # Errors
    /// `Unreadable` tells of bytes that contradict their format or compression.
    pub fn classify(&self, sample: &Sample<'_>) -> Result<Outcome, ClassifyError> {
        let outcome = self.look(sample)?;
        if let Outcome::Done(found) = &outcome
            && let Some(column) = found.columns.iter().find(|column| !is_column_name(&column.name))
        {
            // The catalog would refuse the table of all files for the sake of this one.
            let name: String = column.name.chars().take(80).collect();
            return Err(ClassifyError::Unreadable(format!("{name:?} cannot be the name of a column")));
        }
        Ok(outcome)
    }

    fn look(&self, sample: &Sample<'_>) -> Result<Outcome, ClassifyError> {
        // The custom classifiers are about text, which these are not.
        if let Some(outcome) = by_footer(sample)? {
            return Ok(outcome);
        }
        if let Some(need) = sample.more(HEAD_BYTES) {
            return Ok(need);
        }
        let compression = Compression::detect(sample.head);
        let mut limit = HEAD_BYTES;
        loop {
            let content = match decode(compression, sample, limit)? {
                Decoded::Content(content) => content,
                Decoded::Need(need) => return Ok(need),
                Decoded::Unknown => return Ok(Outcome::Done(Box::new(Classified::unknown(compression)))),
            };
            if compression != Compression::None
                && let Some(found) = inside(&content)?
            {
                return Ok(Outcome::Done(Box::new(found)));
            }
            let wanted = (sample.head.len() as u64 + HEAD_BYTES).min(MAX_HEAD);
            let wider = content.limited && limit < MAX_HEAD;
            let need = if wider { None } else { sample.more(wanted) };
            match (self.ask(&content, wider || need.is_some()), need) {
                (Some(found), _) => return Ok(Outcome::Done(Box::new(found))),
                (None, Some(need)) => return Ok(need),
                (None, None) => limit = MAX_HEAD,
            }
        }
    }

    /// What the classifiers say; nothing when one takes more bytes before the next is asked, and more can be had.
    fn ask(&self, content: &Content<'_>, more: bool) -> Option<Classified> {
        let mut best: Option<(f64, Classified)> = None;
        for found in self.all(content) {
            match found {
                Found::Yes(classified) => return Some(classified),
                Found::Perhaps(certainty, classified) => {
                    if best.as_ref().is_none_or(|(known, _)| certainty > *known) {
                        best = Some((certainty, classified));
                    }
                }
                Found::Unfinished if more => return None,
                Found::No | Found::Unfinished => {}
            }
        }
        Some(best.map_or_else(|| Classified::unknown(content.compression), |(_, classified)| classified))
    }

    /// Each classifier's answer, in order, found out when it is asked for.
    fn all<'a>(&'a self, content: &'a Content<'a>) -> impl Iterator<Item = Found> + 'a {
        const BUILT_IN: [fn(&Content<'_>) -> Found; 7] = [
            avro::classify,
            json::classify,
            bson::classify,
            xml::classify,
            ion::classify,
            logs::classify,
            csv::classify,
        ];
        let custom = self.custom.iter().map(|custom| custom.classify(content));
        custom.chain(BUILT_IN.into_iter().map(|classify| classify(content)))
    }
}

/// Formats whose schema is in the footer.
fn by_footer(sample: &Sample<'_>) -> Result<Option<Outcome>, ClassifyError> {
    match parquet::classify(sample)? {
        None => orc::classify(sample),
        found => Ok(found),
    }
}

/// A format with a footer inside of whole-file compression: nothing in there can be reached but from the beginning.
fn inside(content: &Content<'_>) -> Result<Option<Classified>, ClassifyError> {
    let size = if content.complete { content.bytes.len() as u64 } else { u64::MAX };
    let sample = Sample { size, head: &content.bytes, tail: None };
    match by_footer(&sample)? {
        Some(Outcome::Done(found)) => Ok(Some(Classified { compression: content.compression, ..*found })),
        Some(_) => {
            let name = content.compression.name();
            Err(ClassifyError::Unreadable(format!("its footer is too far inside of {name} compression")))
        }
        None => Ok(None),
    }
}

/// Classifies a file with the built-in classifiers: [`Classifiers::classify`] without custom ones.
///
/// # Errors
/// `Unreadable` tells of bytes that contradict their format or compression.
pub fn classify(sample: &Sample<'_>) -> Result<Outcome, ClassifyError> {
    Classifiers::default().classify(sample)
}
