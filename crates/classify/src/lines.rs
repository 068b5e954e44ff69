//! Lines that a grok pattern takes apart.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use mastic_hive::{Format, Grok};

use crate::classified::{Classified, Column, Details};
use crate::content::Content;
use crate::found::Found;

/// How many of a content's lines a pattern matches.
pub(crate) struct Matched {
    pub(crate) lines: usize,
    pub(crate) matched: usize,
    /// Bytes of all lines with their ends.
    bytes: usize,
}

/// As certain as the share of lines that the pattern matches.
pub(crate) fn classify(
    content: &Content<'_>,
    grok: &Grok,
    classification: &str,
    pattern: &Arc<str>,
    custom_patterns: &Arc<str>,
) -> Found {
    if !content.is_text() {
        return Found::No;
    }
    let matched = count(content, grok);
    if matched.matched == 0 {
        return Found::No;
    }
    let classification = Cow::Owned(classification.to_owned());
    let found = describe(content, grok, &matched, classification, pattern, custom_patterns);
    if matched.matched == matched.lines {
        return Found::Yes(found);
    }
    Found::Perhaps(matched.matched as f64 / matched.lines as f64, found)
}

pub(crate) fn count(content: &Content<'_>, grok: &Grok) -> Matched {
    let mut found = Matched { lines: 0, matched: 0, bytes: 0 };
    for line in content.lines() {
        found.lines += 1;
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        found.matched += usize::from(grok.matches(text));
        found.bytes += line.len() + 1;
    }
    found
}

/// What lines that were counted make of a file.
pub(crate) fn describe(
    content: &Content<'_>,
    grok: &Grok,
    matched: &Matched,
    classification: Cow<'static, str>,
    pattern: &Arc<str>,
    custom_patterns: &Arc<str>,
) -> Classified {
    let column = |field: &mastic_hive::GrokField| Column { name: field.name.clone(), ty: field.ty.clone() };
    Classified {
        classification,
        columns: grok.fields().iter().map(column).collect(),
        details: Details::Grok { pattern: Arc::clone(pattern), custom_patterns: Arc::clone(custom_patterns) },
        counts: content.counts(matched.lines as u64, matched.bytes),
        ..Classified::new(Format::Grok, content.compression)
    }
}
