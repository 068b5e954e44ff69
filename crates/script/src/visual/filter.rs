//! Conditions on rows, as Python over a record.

use super::Outcome;
use super::columns::Columns;
use super::frame::{item, steps};
use super::helpers::Helper;
use super::node::Settings;
use super::writer::{Import, Writer};
use crate::python::{Py, quoted};

/// `lambda row: ...`, true where the conditions hold.
pub(super) fn lambda(writer: &mut Writer, columns: &Columns, filters: &Settings) -> Outcome<Py> {
    let (word, conditions) = conditions(writer, columns, filters)?;
    Ok(Py::Where(word, conditions))
}

/// The conditions of a filter, or of a group of a route, and the word that joins them.
pub(super) fn conditions(
    writer: &mut Writer,
    columns: &Columns,
    filters: &Settings,
) -> Outcome<(&'static str, Vec<String>)> {
    let word = match filters.required("LogicalOperator")? {
        "OR" => "or",
        _ => "and",
    };
    let all = filters.items("Filters");
    let all: Vec<String> = all.iter().map(|one| condition(writer, columns, one)).collect::<Outcome<_>>()?;
    match all.is_empty() {
        true => Err("It has no condition.".to_owned()),
        false => Ok((word, all)),
    }
}

/// One side of a comparison.
enum Operand {
    Field(Vec<String>),
    Constant(String),
}

impl Operand {
    fn of(settings: &Settings) -> Outcome<Self> {
        let value = settings.texts("Value");
        match (settings.required("Type")?, value.as_slice()) {
            ("COLUMNEXTRACTED", [_, ..]) => Ok(Self::Field(value)),
            ("COLUMNEXTRACTED", []) => Err("A field's path is empty.".to_owned()),
            (_, [constant]) => Ok(Self::Constant(constant.clone())),
            _ => Err("A constant is one value.".to_owned()),
        }
    }
}

/// Nothing compares with nothing: a comparison with a null is false, and so is its opposite, but for EQ, whose
/// opposite holds there.
fn condition(writer: &mut Writer, columns: &Columns, one: &Settings) -> Outcome<String> {
    let operation = one.required("Operation")?;
    let negated = one.is("Negated");
    let operands = one.items("Values").iter().map(Operand::of).collect::<Outcome<Vec<_>>>()?;
    if operation == "ISNULL" {
        let [Operand::Field(path)] = operands.as_slice() else {
            return Err("ISNULL needs one field.".to_owned());
        };
        let (word, join) = if negated { ("is not None", " and ") } else { ("is None", " or ") };
        let tests: Vec<String> =
            parents(columns, path).iter().map(|field| format!("{field} {word}")).collect();
        return Ok(format!("({})", tests.join(join)));
    }
    let [left, right] = operands.as_slice() else {
        return Err("A comparison needs two values.".to_owned());
    };
    let compared = if operation == "REGEX" {
        let (Operand::Field(path), Operand::Constant(pattern)) = (left, right) else {
            return Err("REGEX needs a field and a pattern.".to_owned());
        };
        writer.import(Import::Regex);
        let field = item("row", &located(columns, path));
        let text = if kind_of(columns, path) == Some("string") { field } else { format!("str({field})") };
        format!("bool(re.match({}, {text}))", quoted(pattern))
    } else {
        let operator = match operation {
            "EQ" => "==",
            "LT" => "<",
            "GT" => ">",
            "LTE" => "<=",
            "GTE" => ">=",
            other => return Err(format!("The operation {other} is not known.")),
        };
        let (left, right) = (side(writer, columns, left, right), side(writer, columns, right, left));
        format!("{left} {operator} {right}")
    };
    let guards: Vec<String> = [left, right]
        .into_iter()
        .filter_map(|operand| match operand {
            Operand::Field(path) => Some(parents(columns, path)),
            Operand::Constant(_) => None,
        })
        .flatten()
        .map(|field| format!("{field} is not None"))
        .collect();
    let alone = matches!((left, right), (Operand::Field(path), Operand::Constant(_)) | (Operand::Constant(_), Operand::Field(path)) if located(columns, path).len() == 1);
    Ok(match (operation, negated) {
        // A null equals no constant, without being asked.
        ("EQ", false) if alone => format!("({compared})"),
        ("EQ", true) if alone => format!("(not ({compared}))"),
        ("EQ", true) => match guards.as_slice() {
            [] => format!("(not ({compared}))"),
            _ => distinct(columns, left, right, &guards, &compared),
        },
        (_, false) => format!("({})", all(&guards, &compared)),
        (_, true) => format!("({})", all(&guards, &format!("not ({compared})"))),
    })
}

/// The opposite of equality: two nulls are not unlike.
fn distinct(columns: &Columns, left: &Operand, right: &Operand, guards: &[String], compared: &str) -> String {
    let either = format!("not ({})", all(guards, compared));
    match (left, right) {
        (Operand::Field(left), Operand::Field(right)) => {
            let none = |path: &[String]| {
                let tests = parents(columns, path);
                format!(
                    "({})",
                    tests.iter().map(|field| format!("{field} is None")).collect::<Vec<_>>().join(" or ")
                )
            };
            format!("({either} and not ({} and {}))", none(left), none(right))
        }
        _ => format!("({either})"),
    }
}

fn all(guards: &[String], compared: &str) -> String {
    guards.iter().map(String::as_str).chain([compared]).collect::<Vec<_>>().join(" and ")
}

/// The path of a field. One text is a column if such a column is known, else dots in it lead deeper.
fn located(columns: &Columns, path: &[String]) -> Vec<String> {
    match path {
        [only] if columns.has(only) => vec![only.clone()],
        path => steps(path),
    }
}

/// A field after all that it is nested in.
fn parents(columns: &Columns, path: &[String]) -> Vec<String> {
    let path = located(columns, path);
    (1..=path.len()).filter_map(|depth| path.get(..depth)).map(|steps| item("row", steps)).collect()
}

/// The type of a field's column, as far as it is known.
fn kind_of<'a>(columns: &'a Columns, path: &[String]) -> Option<&'a str> {
    match path {
        [only] => columns.of(only),
        _ => None,
    }
}

/// A side as Python: constants take the type of the field on the other side.
fn side(writer: &mut Writer, columns: &Columns, one: &Operand, other: &Operand) -> String {
    match (one, other) {
        (Operand::Field(path), _) => item("row", &located(columns, path)),
        (Operand::Constant(text), Operand::Constant(_)) => quoted(text),
        (Operand::Constant(text), Operand::Field(path)) => {
            let known = constant(writer, text, kind_of(columns, path));
            known.unwrap_or_else(|| {
                writer.helper(Helper::Typed);
                format!("typed({}, {})", quoted(text), item("row", &located(columns, path)))
            })
        }
    }
}

/// A constant as a value of a column's type; nothing where only the data tells what value it is.
fn constant(writer: &mut Writer, text: &str, of: Option<&str>) -> Option<String> {
    let trimmed = text.trim();
    match of {
        Some("string" | "char" | "varchar") => Some(quoted(text)),
        Some("boolean") if trimmed.eq_ignore_ascii_case("true") => Some("True".to_owned()),
        Some("boolean") if trimmed.eq_ignore_ascii_case("false") => Some("False".to_owned()),
        Some("date") if day(trimmed) => {
            writer.import(Import::Datetime);
            Some(format!("datetime.date.fromisoformat({})", quoted(trimmed)))
        }
        Some("timestamp") if day(trimmed) => {
            writer.import(Import::Datetime);
            Some(format!("datetime.datetime.fromisoformat({})", quoted(trimmed)))
        }
        Some(of) if WHOLE.contains(&of) || REAL.contains(&of) => number(trimmed),
        // Nothing but text is compared with such a constant.
        None if !ambiguous(trimmed) => Some(quoted(text)),
        _ => None,
    }
}

const WHOLE: [&str; 8] = ["tinyint", "smallint", "int", "bigint", "byte", "short", "integer", "long"];
const REAL: [&str; 2] = ["float", "double"];

/// Whether a text is a day as ISO 8601 writes it.
fn day(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut digits = |count| parts.next().is_some_and(|part| part.len() == count && all_digits(part));
    digits(4) && digits(2) && digits(2) && parts.next().is_none()
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text may stand for a number, a time or a truth value: then the field's type says what it is.
fn ambiguous(text: &str) -> bool {
    let truth = ["true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"];
    let year = text.get(..4).is_some_and(all_digits);
    year || text.parse::<f64>().is_ok() || truth.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A number as Python writes it.
pub(super) fn number(text: &str) -> Option<String> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.to_string());
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| format!("{number:?}"))
}
