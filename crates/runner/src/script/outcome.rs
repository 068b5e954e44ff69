//! How a script ended, and why.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use mastic_handoff::Category;
use serde::Deserialize;

use crate::failure::Failure;

/// What `mastic_host` notes of a script that failed.
#[derive(Debug, Default, Deserialize)]
struct Note {
    /// The class of the exception.
    r#type: String,
    /// That and its bases.
    bases: Vec<String>,
    message: String,
    /// The line of the script that was at work.
    line: Option<u32>,
    /// The script's file name.
    script: String,
    /// Where in another module of the user's it happened.
    inner: Option<String>,
    /// The sort that the exception itself names.
    category: Option<String>,
}

/// How Python ended, and what it noted.
pub(super) fn of(status: ExitStatus, note: &Path) -> Result<(), Failure> {
    match std::fs::read_to_string(note).ok().and_then(|text| serde_json::from_str::<Option<Note>>(&text).ok())
    {
        Some(None) => Ok(()),
        Some(Some(note)) => Err(told(note)),
        // Whatever ends Python from within leaves no note.
        None => Err(match (status.code(), status.signal()) {
            (_, Some(9)) => Failure::of(
                Category::OutOfMemory,
                "Python was killed (signal 9): the machine may have run out of memory, or the script killed itself.",
            ),
            (_, Some(signal)) => Failure::new(format!("Python crashed with signal {signal}.")),
            (Some(code), _) => {
                Failure::of(Category::SystemExit, format!("Command failed with exit code {code}"))
            }
            _ => Failure::new("Python ended."),
        }),
    }
}

fn told(note: Note) -> Failure {
    let said = Failure::of_text(&note.message);
    let category = note.category.as_deref().and_then(Category::parse).or_else(|| sort(&note.bases));
    let what = match note.message.is_empty() {
        true => note.r#type,
        false => format!("{}: {said}", note.r#type),
    };
    let line = note.line.map(|line| format!("Failed Line Number: {line}; ")).unwrap_or_default();
    let place = match (note.inner, note.line) {
        (Some(inner), Some(line)) => format!(" ({inner}, called in {}, line {line})", note.script),
        (Some(inner), None) => format!(" ({inner})"),
        (None, Some(line)) => format!(" ({}, line {line})", note.script),
        (None, None) => String::new(),
    };
    // A denial that a library tells is a denial, whatever the class of its exception.
    said.or(category).told_as(format!("{line}{what}{place}"))
}

/// The sort of an exception of Python's or PySpark's.
fn sort(bases: &[String]) -> Option<Category> {
    let known = |name: &String| {
        Some(match name.as_str() {
            "MemoryError" => Category::OutOfMemory,
            "ImportError" => Category::Import,
            "SyntaxError" => Category::Syntax,
            "SystemExit" => Category::SystemExit,
            "FileNotFoundError" => Category::ResourceNotFound,
            "NotImplementedError" | "UnsupportedOperationException" => Category::UnsupportedOperation,
            "AnalysisException" | "ParseException" => Category::Query,
            "GlueArgumentError" => Category::InvalidArgument,
            "ConnectionError" | "EndpointConnectionError" => Category::Connection,
            _ => return None,
        })
    };
    bases.iter().find_map(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        told(serde_json::from_str(text).unwrap()).cause().message()
    }

    #[test]
    fn the_last_line_and_where_it_happened() {
        let plain = r#"{"type":"ValueError","bases":["ValueError","Exception"],"message":"bad","line":7,"script":"s.py"}"#;
        assert_eq!(
            message(plain),
            "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 7; ValueError: bad (s.py, line 7)"
        );
        let inner = r#"{"type":"KeyError","bases":["KeyError"],"message":"'x'","line":3,"script":"s.py",
            "inner":"helpers.py, line 9"}"#;
        assert!(message(inner).ends_with("KeyError: 'x' (helpers.py, line 9, called in s.py, line 3)"));
        let import = r#"{"type":"ModuleNotFoundError","bases":["ModuleNotFoundError","ImportError"],
            "message":"No module named 'x'","line":1,"script":"s.py"}"#;
        assert!(
            message(import)
                .starts_with("Error Category: IMPORT_ERROR; Failed Line Number: 1; ModuleNotFoundError")
        );
    }

    #[test]
    fn a_denial_is_one_whoever_tells_it() {
        let text = r#"{"type":"ClientError","bases":["ClientError"],"line":2,"script":"s.py","message":
            "An error occurred (AccessDenied) when calling the GetObject operation: User: arn is not authorized to perform: s3:GetObject"}"#;
        assert!(
            message(text).starts_with(
                "Error Category: PERMISSION_ERROR; Failed Line Number: 2; ClientError: An error"
            )
        );
        let spark = r#"{"type":"AnalysisException","bases":["AnalysisException"],"line":2,"script":"s.py","message":
            "Generic S3 error: Server returned <Error><Code>AccessDenied</Code><Message>User: a is not authorized to perform: s3:ListBucket</Message></Error>"}"#;
        let told = message(spark);
        assert!(
            told.starts_with("Error Category: PERMISSION_ERROR; ") && !told.contains("<Error>"),
            "{told}"
        );
    }

    #[test]
    fn ends_without_a_note() {
        let nowhere = Path::new("/nonexistent/outcome.json");
        let end = |raw: i32| of(ExitStatus::from_raw(raw), nowhere).unwrap_err().cause().message();
        assert_eq!(end(3 << 8), "Error Category: SYSTEM_EXIT_ERROR; Command failed with exit code 3");
        assert!(end(11).contains("crashed with signal 11"));
        assert!(end(9).contains("OUT_OF_MEMORY_ERROR"));
    }
}
