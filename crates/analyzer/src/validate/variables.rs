//! Policy variables: where they may stand and how they are written.

use super::finding::{Path, Report};
use super::statement::Statement;

pub(super) fn check(report: &mut Report<'_>, statement: &Statement<'_>, old_version: bool) {
    let here =
        statement.actions.iter().flat_map(|actions| actions.texts.iter().map(|(t, p)| (*t, p.clone())));
    let principals = statement.principals().into_iter().map(|(_, text, path)| (text, path));
    for (text, path) in here.chain(principals) {
        if let Some(variable) = first(text) {
            let text = format!(
                "Policy variables are supported in the Resource and Condition elements. Remove the policy variable \
                 {variable} from this element."
            );
            report.error("VARIABLE_UNSUPPORTED_IN_ELEMENT", text, &path);
        }
    }
    for (text, path) in statement.resources.iter().flat_map(|resources| &resources.texts) {
        written(report, text, path, old_version);
    }
    for condition in &statement.conditions {
        let texts = condition.operator.contains("String") || condition.operator.contains("Arn");
        for (value, path) in &condition.values {
            written(report, value, path, old_version);
            if !texts && first(value).is_some() {
                let text = "Policy variables can only be used with String and ARN operators.";
                report.error("INVALID_VARIABLE_FOR_OPERATOR", text, path);
            }
        }
    }
}

/// The first variable of a text, as written.
fn first(text: &str) -> Option<&str> {
    let start = text.find("${")?;
    let rest = text.get(start..)?;
    let end = rest.find('}')?;
    let variable = rest.get(..=end)?;
    (!matches!(variable, "${*}" | "${?}" | "${$}")).then_some(variable)
}

fn written(report: &mut Report<'_>, text: &str, path: &Path, old_version: bool) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((inner, behind)) = after.split_once('}') else {
            let text = "The policy variable is missing a closing curly brace. Add } after the variable text.";
            report.error("MISSING_BRACE_IN_VARIABLE", text, path);
            return;
        };
        rest = behind;
        if matches!(inner, "*" | "?" | "$") {
            continue;
        }
        let (name, default) = match inner.split_once(',') {
            Some((name, default)) => (name, Some(default.trim())),
            None => (inner, None),
        };
        if name.trim().is_empty() {
            let text = "Empty policy variable. Remove the ${ } variable structure or provide a variable within the structure.";
            report.error("EMPTY_VARIABLE", text, path);
            continue;
        }
        if name.contains(' ') {
            let text = "A space is not supported within the policy variable text. Remove the space.";
            report.error("UNSUPPORTED_SPACE_IN_VARIABLE", text, path);
        }
        let quoted = |text: &str| text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
        if default.is_some_and(|default| !quoted(default)) {
            let text = "The policy variable default value must begin and end with a single quote. Add the missing quote.";
            report.error("MISSING_QUOTE_IN_VARIABLE", text, path);
        }
        if old_version {
            let text = "To include variables in your policy, use the policy version 2012-10-17 or later.";
            report.error("VARIABLE_UNSUPPORTED_IN_VERSION", text, path);
        }
    }
}
