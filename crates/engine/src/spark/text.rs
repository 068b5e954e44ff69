//! Functions of text, with Java's regular expressions.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListBuilder, StringBuilder, StringViewArray,
};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DataFusionError, Result};
use regex::Regex;

use super::function::{Definition, always_bool, always_text, any_null, argument, map_text, texts, whole};
use crate::cast::cast_array;

/// The functions of this part.
pub(super) fn functions() -> Vec<Definition> {
    let list = |_: &[DataType], _: &[Option<String>]| {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))))
    };
    vec![
        Definition { name: "rlike", arguments: 2..=2, typed: always_bool, evaluated: rlike },
        Definition { name: "spark_regexp_replace", arguments: 3..=3, typed: always_text, evaluated: replace },
        Definition { name: "regexp_extract", arguments: 2..=3, typed: always_text, evaluated: extract },
        Definition { name: "regexp_extract_all", arguments: 2..=3, typed: list, evaluated: extract_all },
        Definition { name: "split", arguments: 2..=3, typed: list, evaluated: split },
        Definition { name: "spark_initcap", arguments: 1..=1, typed: always_text, evaluated: initcap },
        Definition { name: "spark_concat_ws", arguments: 1..=999, typed: always_text, evaluated: concat_ws },
        Definition { name: "format_number", arguments: 2..=2, typed: always_text, evaluated: format_number },
        Definition {
            name: "soundex",
            arguments: 1..=1,
            typed: always_text,
            evaluated: |args, _| {
                let found = map_text(&texts(args, 0)?, |_, text| Ok(Some(soundex(text))))?;
                Ok(Arc::new(found.into_iter().collect::<StringViewArray>()))
            },
        },
        Definition {
            name: "regexp_count",
            arguments: 2..=2,
            typed: |_, _| Ok(DataType::Int32),
            evaluated: |args, _| {
                let mut patterns = Patterns::default();
                let (values, with) = (texts(args, 0)?, texts(args, 1)?);
                let counts = values.iter().zip(&with).map(|(value, pattern)| match (value, pattern) {
                    (Some(value), Some(pattern)) => Ok(Some(
                        i32::try_from(patterns.of(pattern)?.find_iter(value).count()).unwrap_or(i32::MAX),
                    )),
                    _ => Ok(None),
                });
                Ok(Arc::new(counts.collect::<Result<Int32Array>>()?))
            },
        },
    ]
}

/// Compiled patterns.
#[derive(Default)]
pub(super) struct Patterns(HashMap<String, Regex>);

impl Patterns {
    /// The pattern, compiled once.
    ///
    /// # Errors
    /// Names the pattern that is none, or that has what Java has and we have not (looking ahead or back).
    pub(super) fn of(&mut self, pattern: &str) -> Result<&Regex> {
        if !self.0.contains_key(pattern) {
            self.0.insert(pattern.to_owned(), compiled(pattern)?);
        }
        self.0.get(pattern).ok_or_else(|| DataFusionError::Internal("a pattern is lost".to_owned()))
    }
}

/// A regular expression in Java's syntax.
///
/// # Errors
/// Names the pattern.
pub(crate) fn compiled(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|error| {
        let cause = error.to_string();
        let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        DataFusionError::Plan(format!("the regular expression `{pattern}` is not understood: {cause}"))
    })
}

fn rlike(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, with, mut patterns) = (texts(args, 0)?, texts(args, 1)?, Patterns::default());
    let found = values.iter().zip(&with).map(|(value, pattern)| match (value, pattern) {
        (Some(value), Some(pattern)) => Ok(Some(patterns.of(pattern)?.is_match(value))),
        _ => Ok(None),
    });
    Ok(Arc::new(found.collect::<Result<BooleanArray>>()?))
}

fn replace(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, with, by) = (texts(args, 0)?, texts(args, 1)?, texts(args, 2)?);
    let mut patterns = Patterns::default();
    let rows = values.iter().zip(&with).zip(&by).map(|((value, pattern), by)| match (value, pattern, by) {
        (Some(value), Some(pattern), Some(by)) => {
            Ok(Some(patterns.of(pattern)?.replace_all(value, replacement(by)).into_owned()))
        }
        _ => Ok(None),
    });
    Ok(Arc::new(rows.collect::<Result<StringViewArray>>()?))
}

/// Java's `$1` and `\$` in our crate's words.
fn replacement(java: &str) -> String {
    let mut out = String::with_capacity(java.len());
    let mut rest = java.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('$') => out.push_str("$$"),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            '$' => {
                let mut group = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    group.push(digit);
                }
                if group.is_empty() { out.push_str("$$") } else { out.push_str(&format!("${{{group}}}")) }
            }
            other => out.push(other),
        }
    }
    out
}

fn groups(args: &[ArrayRef]) -> Result<Vec<Option<i64>>> {
    if args.len() > 2 { whole(args, 2) } else { Ok(vec![Some(1); argument(args, 0)?.len()]) }
}

fn extract(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, with, groups) = (texts(args, 0)?, texts(args, 1)?, groups(args)?);
    let mut patterns = Patterns::default();
    let rows = values.iter().zip(&with).zip(groups).map(|((value, pattern), group)| {
        let (Some(value), Some(pattern), Some(group)) = (value, pattern, group) else { return Ok(None) };
        let regex = patterns.of(pattern)?;
        let group = checked_group(regex, group)?;
        let found = regex.captures(value).and_then(|found| found.get(group).map(|found| found.as_str()));
        Ok(Some(found.unwrap_or_default().to_owned()))
    });
    Ok(Arc::new(rows.collect::<Result<StringViewArray>>()?))
}

fn checked_group(regex: &Regex, group: i64) -> Result<usize> {
    usize::try_from(group).ok().filter(|group| *group < regex.captures_len()).ok_or_else(|| {
        let count = regex.captures_len() - 1;
        DataFusionError::Execution(format!(
            "the regular expression `{regex}` has {count} groups, and group {group} is asked for"
        ))
    })
}

fn extract_all(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, with, groups) = (texts(args, 0)?, texts(args, 1)?, groups(args)?);
    let mut patterns = Patterns::default();
    let mut out = ListBuilder::new(StringBuilder::new());
    for ((value, pattern), group) in values.iter().zip(&with).zip(groups) {
        let (Some(value), Some(pattern), Some(group)) = (value, pattern, group) else {
            out.append_null();
            continue;
        };
        let regex = patterns.of(pattern)?;
        let group = checked_group(regex, group)?;
        for found in regex.captures_iter(value) {
            out.values().append_value(found.get(group).map_or("", |found| found.as_str()));
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

fn split(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, with) = (texts(args, 0)?, texts(args, 1)?);
    let limits = if args.len() > 2 { whole(args, 2)? } else { vec![Some(-1); values.len()] };
    let mut patterns = Patterns::default();
    let mut out = ListBuilder::new(StringBuilder::new());
    for ((value, pattern), limit) in values.iter().zip(&with).zip(limits) {
        let (Some(value), Some(pattern), Some(limit)) = (value, pattern, limit) else {
            out.append_null();
            continue;
        };
        if pattern.is_empty() {
            value.chars().for_each(|letter| out.values().append_value(letter.to_string()));
        } else {
            let regex = patterns.of(pattern)?;
            match usize::try_from(limit) {
                Ok(limit) if limit > 0 => {
                    regex.splitn(value, limit).for_each(|part| out.values().append_value(part));
                }
                _ => regex.split(value).for_each(|part| out.values().append_value(part)),
            }
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

fn initcap(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let out = map_text(&texts(args, 0)?, |_, text| {
        let words = text.split(' ').map(capitalized);
        Ok(Some(words.collect::<Vec<_>>().join(" ")))
    })?;
    Ok(Arc::new(out.into_iter().collect::<StringViewArray>()))
}

/// The first letter large, the others small.
fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + &letters.as_str().to_lowercase()
}

fn concat_ws(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let separators = texts(args, 0)?;
    let of_text = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let parts: Vec<ArrayRef> = args
        .iter()
        .skip(1)
        .map(|array| match array.data_type() {
            DataType::List(_) => cast_array(array, &of_text),
            _ => cast_array(array, &DataType::Utf8),
        })
        .collect::<std::result::Result<_, _>>()?;
    let rows = separators.iter().enumerate().map(|(row, separator)| {
        let separator = separator?;
        let mut found: Vec<String> = Vec::new();
        for part in parts.iter().filter(|part| part.is_valid(row)) {
            match part.as_list_opt::<i32>() {
                Some(list) => {
                    found.extend(list.value(row).as_string::<i32>().iter().flatten().map(str::to_owned));
                }
                None => found.push(part.as_string::<i32>().value(row).to_owned()),
            }
        }
        Some(found.join(separator))
    });
    Ok(Arc::new(rows.collect::<StringViewArray>()))
}

fn format_number(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    use datafusion::arrow::array::types::Float64Type;
    let numbers = cast_array(argument(args, 0)?, &DataType::Float64)?;
    let (numbers, digits) = (numbers.as_primitive::<Float64Type>(), whole(args, 1)?);
    let rows = (0..numbers.len()).map(|row| {
        let digits = usize::try_from(digits.get(row).copied().flatten()?).ok()?;
        (!any_null(args, row)).then(|| grouped(numbers.value(row), digits))
    });
    Ok(Arc::new(rows.collect::<StringViewArray>()))
}

/// A number with so many digits after the point and commas between thousands.
fn grouped(number: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", number.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let sign = if number < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { "-" } else { "" };
    match fraction {
        Some(fraction) => format!("{sign}{out}.{fraction}"),
        None => format!("{sign}{out}"),
    }
}

fn soundex(text: &str) -> String {
    let code = |letter: char| match letter.to_ascii_uppercase() {
        'B' | 'F' | 'P' | 'V' => Some('1'),
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => Some('2'),
        'D' | 'T' => Some('3'),
        'L' => Some('4'),
        'M' | 'N' => Some('5'),
        'R' => Some('6'),
        _ => None,
    };
    let mut letters = text.chars();
    let Some(first) = letters.next().filter(char::is_ascii_alphabetic) else { return text.to_owned() };
    let (mut out, mut last) = (String::from(first.to_ascii_uppercase()), code(first));
    for letter in letters {
        let next = code(letter);
        if let Some(digit) = next
            && next != last
            && out.len() < 4
        {
            out.push(digit);
        }
        if !matches!(letter.to_ascii_uppercase(), 'H' | 'W') {
            last = next;
        }
    }
    format!("{out:0<4}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_java_s() {
        assert_eq!(replacement("$2-$1 \\$ \\\\"), "${2}-${1} $$ \\");
        assert_eq!(Regex::new("(a)(b)").unwrap().replace_all("ab", replacement("$2$1x")), "bax");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(grouped(-999.0, 0), "-999");
    }

    #[test]
    fn words_that_sound_alike() {
        assert_eq!(soundex("Robert"), "R163");
        assert_eq!(soundex("Miller"), "M460");
    }
}
