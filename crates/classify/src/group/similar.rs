//! Whether files or folders are alike enough to be one table.

use std::collections::HashMap;

use mastic_hive::HiveType;

use super::Kind;
use crate::classified::Column;

/// Schemas are of one cluster above this similarity, and things are one table when more than this
/// share of them is of one cluster.
pub const THRESHOLD: f64 = 0.7;
/// More clusters than this are never one table.
const MAX_CLUSTERS: usize = 5;

pub(super) enum Judgement {
    Alike { kind: Kind, why: String },
    Unlike(String),
}

/// Judges named things by their kinds and schemas; with `combine`, by their kinds alone.
pub(super) fn judge(items: &[(&str, Kind, &[Column])], combine: bool) -> Judgement {
    let Some((first_name, kind, first_columns)) = items.first() else {
        return Judgement::Unlike("there are none".to_owned());
    };
    if let Some((other_name, other, _)) = items.iter().find(|(_, other, _)| other != kind) {
        let why = format!("`{first_name}` is {}, `{other_name}` is {}", kind_text(kind), kind_text(other));
        return Judgement::Unlike(why);
    }
    let what = kind_text(kind);
    if combine {
        return Judgement::Alike {
            kind: kind.clone(),
            why: format!("all {what}; schemas are combined as configured"),
        };
    }
    let mut clusters: Vec<(&str, &[Column], usize)> = vec![(first_name, first_columns, 0)];
    for (name, _, columns) in items {
        let found = clusters.len();
        match clusters.iter_mut().find(|(_, model, _)| similarity(model, columns) > THRESHOLD) {
            Some((_, _, count)) => *count += 1,
            None if found == MAX_CLUSTERS => {
                return Judgement::Unlike(format!("they have more than {MAX_CLUSTERS} different schemas"));
            }
            None => clusters.push((name, columns, 1)),
        }
    }
    let largest = clusters.iter().map(|(_, _, count)| *count).max().unwrap_or_default();
    let share = largest as f64 / items.len() as f64;
    match clusters.as_slice() {
        [_] => Judgement::Alike { kind: kind.clone(), why: format!("all {what}, with similar schemas") },
        _ if share > THRESHOLD => Judgement::Alike {
            kind: kind.clone(),
            why: format!("all {what}; {largest} of {} have similar schemas", items.len()),
        },
        [(a, model, _), (b, other, _), ..] => Judgement::Unlike(format!(
            "the schemas of `{a}` and `{b}` are {:.0}% similar, and no more than 70% of all are alike",
            similarity(model, other) * 100.0
        )),
        [] => Judgement::Unlike("there are none".to_owned()),
    }
}

fn kind_text((classification, compression, delimiter): &Kind) -> String {
    let mut text = classification.clone().into_owned();
    if *compression != crate::compression::Compression::None {
        text = format!("{text} in {}", compression.name());
    }
    if let Some(delimiter) = delimiter.filter(|delimiter| *delimiter != ',') {
        text = format!("{text} with delimiter {delimiter:?}");
    }
    text
}

/// How much of all columns two schemas share, 0 to 1. A column counts whole when its name and sort
/// of type are shared and half when only its name is. AWS does not tell its own measure.
pub fn similarity(a: &[Column], b: &[Column]) -> f64 {
    if a == b {
        return 1.0;
    }
    let types: HashMap<&str, u8> = a.iter().map(|column| (column.name.as_str(), sort(&column.ty))).collect();
    let (mut shared, mut score) = (0usize, 0.0);
    for column in b {
        if let Some(known) = types.get(column.name.as_str()) {
            shared += 1;
            score += if *known == sort(&column.ty) { 1.0 } else { 0.5 };
        }
    }
    score / (a.len() + b.len() - shared) as f64
}

/// Types of one sort widen into each other.
fn sort(ty: &HiveType) -> u8 {
    match ty {
        HiveType::TinyInt
        | HiveType::SmallInt
        | HiveType::Int
        | HiveType::BigInt
        | HiveType::Float
        | HiveType::Double
        | HiveType::Decimal { .. } => 0,
        HiveType::Void | HiveType::String | HiveType::Char(_) | HiveType::Varchar(_) => 1,
        HiveType::Boolean => 2,
        HiveType::Binary => 3,
        HiveType::Date
        | HiveType::Timestamp
        | HiveType::TimestampLocal
        | HiveType::IntervalYearMonth
        | HiveType::IntervalDayTime => 4,
        HiveType::Array(_) => 5,
        HiveType::Map(..) => 6,
        HiveType::Struct(_) => 7,
        HiveType::Union(_) => 8,
    }
}
