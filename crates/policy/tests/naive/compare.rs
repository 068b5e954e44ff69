//! "IAM JSON policy elements: Condition operators", "Multivalued context keys", "Variables and
//! tags".

use std::net::IpAddr;

use mastic_policy::Context;
use serde_json::Value;

use super::{list, text};

/// One place of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Symbol {
    /// A character of the policy.
    Own(char),
    /// A character of a policy variable's value: never special.
    Value(char),
    One,
    Many,
}

pub fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// A pattern with its variables replaced, if there is a context to look them up; nothing where one
/// has no value.
pub fn expand(pattern: &str, wildcards: bool, context: Option<&Context>) -> Option<Vec<Symbol>> {
    let mut symbols = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let inner = rest.strip_prefix("${").and_then(|rest| rest.split_once('}'));
        if let (Some(context), Some((inner, after))) = (context, inner) {
            let (key, default) = match inner.split_once(',') {
                Some((key, default)) => (key.trim(), Some(default.trim())),
                None => (inner.trim(), None),
            };
            let quoted = default.map(|d| d.strip_prefix('\'').and_then(|d| d.strip_suffix('\'')));
            if ["*", "?", "$"].contains(&inner) {
                symbols.push(Symbol::Value(inner.chars().next().unwrap()));
                rest = after;
                continue;
            } else if !key.is_empty() && quoted != Some(None) {
                let value = match context.get(key) {
                    [value] => value.as_str(),
                    _ => quoted.flatten()?,
                };
                symbols.extend(value.chars().map(Symbol::Value));
                rest = after;
                continue;
            }
        }
        symbols.push(match c {
            '*' if wildcards => Symbol::Many,
            '?' if wildcards => Symbol::One,
            c => Symbol::Own(c),
        });
        rest = &rest[c.len_utf8()..];
    }
    Some(symbols)
}

/// Whether the text fits: each row tells which beginnings of the text the pattern so far fits.
pub fn glob(pattern: &[Symbol], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut fits = vec![false; text.len() + 1];
    fits[0] = true;
    for symbol in pattern {
        let before = fits;
        fits = (0..=text.len())
            .map(|n| match symbol {
                Symbol::Many => before[..=n].contains(&true),
                Symbol::One => n > 0 && before[n - 1],
                Symbol::Own(c) | Symbol::Value(c) => n > 0 && before[n - 1] && text[n - 1] == *c,
            })
            .collect();
    }
    fits[text.len()]
}

/// Whether every condition of a `Condition` element is true.
pub fn conditions(element: &Value, context: &Context, variables: bool) -> bool {
    let Value::Object(operators) = element else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, wanted)| {
            let wanted: Vec<String> = list(wanted).into_iter().map(text).collect();
            holds(operator, &wanted, context.get(key), variables.then_some(context))
        })
    })
}

fn holds(operator: &str, wanted: &[String], actual: &[String], context: Option<&Context>) -> bool {
    if operator == "Null" {
        return wanted.iter().any(|wanted| (wanted.to_lowercase() == "true") == actual.is_empty());
    }
    let (set, operator) = match operator.split_once(':') {
        Some((set, operator)) => (Some(set), operator),
        None => (None, operator),
    };
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let negated = operator.contains("Not");
    let operator = operator.replace("Not", "");
    if actual.is_empty() {
        return if_exists || set == Some("ForAllValues") || set.is_none() && negated;
    }
    if set.is_some() && actual.iter().all(String::is_empty) {
        return set == Some("ForAllValues");
    }
    let fits =
        |actual: &String| wanted.iter().any(|wanted| compares(&operator, wanted, actual, context)) != negated;
    let every = match set {
        Some(set) => set == "ForAllValues",
        None => negated,
    };
    if every { actual.iter().all(fits) } else { actual.iter().any(fits) }
}

fn compares(operator: &str, wanted: &str, actual: &str, context: Option<&Context>) -> bool {
    let order = |name: &str, order: Option<std::cmp::Ordering>| {
        order.is_some_and(|order| match name {
            "Equals" => order.is_eq(),
            "LessThan" => order.is_lt(),
            "LessThanEquals" => order.is_le(),
            "GreaterThan" => order.is_gt(),
            "GreaterThanEquals" => order.is_ge(),
            other => panic!("{other}"),
        })
    };
    match operator {
        "StringEquals" => expand(wanted, false, context).is_some_and(|wanted| glob(&wanted, actual)),
        "StringLike" => expand(wanted, true, context).is_some_and(|wanted| glob(&wanted, actual)),
        "StringEqualsIgnoreCase" => expand(wanted, false, context).is_some_and(|wanted| {
            let folded: String = wanted
                .iter()
                .map(|symbol| match symbol {
                    Symbol::Own(c) | Symbol::Value(c) => *c,
                    other => panic!("{other:?}"),
                })
                .collect();
            lower(&folded) == lower(actual)
        }),
        "Bool" => wanted.eq_ignore_ascii_case(actual),
        "BinaryEquals" => wanted == actual,
        "ArnEquals" | "ArnLike" => expand(wanted, true, context).is_some_and(|wanted| arn(&wanted, actual)),
        "IpAddress" => address(wanted, actual),
        _ => {
            if let Some(name) = operator.strip_prefix("Numeric") {
                let number = |text: &str| text.trim().parse::<f64>().ok();
                order(name, number(actual).and_then(|actual| actual.partial_cmp(&number(wanted)?)))
            } else {
                let name = operator.strip_prefix("Date").unwrap();
                order(name, moment(actual).and_then(|actual| Some(actual.cmp(&moment(wanted)?))))
            }
        }
    }
}

/// Each of the six parts by itself; a star at the end stands for the parts that are left out.
fn arn(wanted: &[Symbol], actual: &str) -> bool {
    let mut parts: Vec<Vec<Symbol>> =
        wanted.splitn(6, |symbol| *symbol == Symbol::Own(':')).map(<[_]>::to_vec).collect();
    while parts.len() < 6 && wanted.last() == Some(&Symbol::Many) {
        parts.push(vec![Symbol::Many]);
    }
    let actual: Vec<&str> = actual.splitn(6, ':').collect();
    parts.len() == actual.len() && parts.iter().zip(actual).all(|(part, actual)| glob(part, actual))
}

fn address(wanted: &str, actual: &str) -> bool {
    let (network, length) = wanted.split_once('/').unwrap_or((wanted, "128"));
    let (Ok(network), Ok(actual)) = (network.parse::<IpAddr>(), actual.parse::<IpAddr>()) else {
        return false;
    };
    let bits = |address: IpAddr| -> String {
        match address {
            IpAddr::V4(own) => own.octets().iter().map(|byte| format!("{byte:08b}")).collect(),
            IpAddr::V6(own) => own.octets().iter().map(|byte| format!("{byte:08b}")).collect(),
        }
    };
    let (network, actual) = (bits(network), bits(actual.to_canonical()));
    let length = length.parse::<usize>().unwrap().min(network.len());
    network.len() == actual.len() && network[..length] == actual[..length]
}

/// Nanoseconds since 1970 of the forms that W3C's "Date and Time Formats" has, or epoch seconds.
fn moment(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    if text.len() != 4 && text.chars().all(|c| c.is_ascii_digit()) {
        return text.parse::<i128>().ok().map(|seconds| seconds * SECOND);
    }
    let (day, clock) = text.split_once('T').unwrap_or((text, "00:00Z"));
    let mut numbers = day.split('-').map(|part| part.parse::<i128>().ok());
    let year = numbers.next()??;
    let month = numbers.next().unwrap_or(Some(1))?;
    let day = numbers.next().unwrap_or(Some(1))?;
    let leap = |year: i128| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = |year| [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if !(1..=12).contains(&month) || day < 1 || day > lengths(year)[month as usize - 1] {
        return None;
    }
    let days = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum::<i128>()
        + lengths(year)[..month as usize - 1].iter().sum::<i128>()
        + day
        - 1;
    let (clock, zone) = match clock.find(['Z', '+', '-']) {
        Some(at) => clock.split_at(at),
        None => (clock, "Z"),
    };
    let mut parts = clock.split(':');
    let hours = parts.next()?.parse::<i128>().ok()?;
    let minutes = parts.next()?.parse::<i128>().ok()?;
    let (seconds, fraction) =
        parts.next().map_or(("0", ""), |part| part.split_once('.').unwrap_or((part, "")));
    let nanoseconds = format!("{fraction:0<9}").parse::<i128>().ok()?;
    let ahead = match zone.strip_prefix('Z') {
        Some(_) => 0,
        None => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let minutes = hours.parse::<i128>().ok()? * 60 + minutes.parse::<i128>().ok()?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
    };
    let seconds = days * 86_400 + hours * 3_600 + (minutes - ahead) * 60 + seconds.parse::<i128>().ok()?;
    Some(seconds * SECOND + nanoseconds)
}
