//! What a check found, and where.

use mastic_api_iam::accessanalyzer::types::{
    Location, PathElement, Position, Span, ValidatePolicyFinding, ValidatePolicyFindingType as Type,
};
use mastic_policy::{Step, locate};

const REFERENCE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html";

/// A step to a part of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The value of a member.
    Member(String),
    /// The name of a member.
    Name(String),
    /// An item of a list.
    Item(usize),
}

/// A way into the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Part>);

impl Path {
    /// The same way and a step to the value of a member.
    pub(super) fn to(&self, member: &str) -> Self {
        self.with(Part::Member(member.to_owned()))
    }

    /// The same way and a step to the name of a member.
    pub(super) fn name(&self, member: &str) -> Self {
        self.with(Part::Name(member.to_owned()))
    }

    /// The same way and a step to an item, if there is one.
    pub(super) fn item(&self, at: Option<usize>) -> Self {
        match at {
            Some(at) => self.with(Part::Item(at)),
            None => self.clone(),
        }
    }

    fn with(&self, part: Part) -> Self {
        let mut parts = self.0.clone();
        parts.push(part);
        Self(parts)
    }

    fn located(&self, text: &str) -> Location {
        let steps: Vec<Step<'_>> = self
            .0
            .iter()
            .map(|part| match part {
                Part::Member(name) => Step::Member(name),
                Part::Name(name) => Step::Name(name),
                Part::Item(at) => Step::Item(*at),
            })
            .collect();
        let position = |at: mastic_policy::Position| Position {
            line: whole(at.line),
            column: whole(at.column.saturating_sub(1)),
            offset: whole(at.offset),
        };
        let span = locate(text, &steps)
            .map(|span| Span { start: position(span.start), end: position(span.end) })
            .unwrap_or_default();
        let element = |part: &Part| match part {
            Part::Member(name) => PathElement { value: Some(name.clone()), ..PathElement::default() },
            Part::Name(name) => PathElement { key: Some(name.clone()), ..PathElement::default() },
            Part::Item(at) => PathElement { index: Some(whole(*at)), ..PathElement::default() },
        };
        Location { path: self.0.iter().map(element).collect(), span }
    }
}

fn whole(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// Collects what the checks find in one document.
pub(super) struct Report<'a> {
    text: &'a str,
    findings: Vec<ValidatePolicyFinding>,
}

impl<'a> Report<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, findings: Vec::new() }
    }

    pub(super) fn error(&mut self, code: &str, details: impl Into<String>, at: &Path) {
        self.add(Type::Error, code, details.into(), std::slice::from_ref(at));
    }

    pub(super) fn warning(&mut self, code: &str, details: impl Into<String>, at: &Path) {
        self.add(Type::Warning, code, details.into(), std::slice::from_ref(at));
    }

    pub(super) fn security(&mut self, code: &str, details: impl Into<String>, at: &Path) {
        self.add(Type::SecurityWarning, code, details.into(), std::slice::from_ref(at));
    }

    pub(super) fn suggestion(&mut self, code: &str, details: impl Into<String>, at: &Path) {
        self.add(Type::Suggestion, code, details.into(), std::slice::from_ref(at));
    }

    /// A finding that concerns several places at once.
    pub(super) fn add(&mut self, kind: Type, code: &str, details: String, at: &[Path]) {
        let group = match kind {
            Type::SecurityWarning => "security-warning",
            Type::Suggestion => "suggestion",
            Type::Warning => "general-warning",
            _ => "error",
        };
        let anchor = code.to_lowercase().replace('_', "-");
        self.findings.push(ValidatePolicyFinding {
            finding_details: details,
            finding_type: Some(kind),
            issue_code: code.to_owned(),
            learn_more_link: format!("{REFERENCE}#access-analyzer-reference-policy-checks-{group}-{anchor}"),
            locations: at.iter().map(|path| path.located(self.text)).collect(),
        });
    }

    /// A text that is no JSON, at a line and column from 1.
    pub(super) fn syntax(&mut self, line: usize, column: usize) {
        let before: usize =
            self.text.lines().take(line.saturating_sub(1)).map(|l| l.chars().count() + 1).sum();
        let (column, offset) = (column.saturating_sub(1), before + column.saturating_sub(1));
        let details = format!("Fix the JSON syntax error at index {offset} line {line} column {column}.");
        self.error("JSON_SYNTAX_ERROR", details, &Path::default());
        let at = Position { line: whole(line), column: whole(column), offset: whole(offset) };
        let end = Position { column: at.column + 1, offset: at.offset + 1, ..at.clone() };
        if let Some(location) = self.findings.last_mut().and_then(|f| f.locations.first_mut()) {
            location.span = Span { start: at, end };
        }
    }

    /// All findings, from the document's beginning to its end.
    pub(super) fn finish(mut self) -> Vec<ValidatePolicyFinding> {
        let place = |finding: &ValidatePolicyFinding| {
            finding.locations.first().map_or(0, |location| location.span.start.offset)
        };
        self.findings.sort_by_key(place);
        self.findings
    }
}
