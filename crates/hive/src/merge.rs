//! How a crawl joins the types that two records or two files give one column.

use std::collections::HashMap;

use crate::types::{HiveType, StructField};

/// The narrowest type that holds both: wider integers, `double` for integers with fractions,
/// the union of struct fields, element-wise for arrays and maps, and `string` for all else.
/// `void` gives way to anything. Commutative except for the order of struct fields.
#[must_use]
pub fn merge(a: &HiveType, b: &HiveType) -> HiveType {
    use HiveType::{Array, Decimal, Double, Float, Map, String, Struct, Union, Varchar, Void};
    if a == b {
        return a.clone();
    }
    match (a, b) {
        (Void, other) | (other, Void) => other.clone(),
        (Array(x), Array(y)) => Array(Box::new(merge(x, y))),
        (Map(k, v), Map(l, w)) => Map(Box::new(merge(k, l)), Box::new(merge(v, w))),
        (Struct(x), Struct(y)) => Struct(merge_fields(x, y)),
        (Union(x), Union(y)) => Union(merge_members(x, y)),
        (Varchar(x), Varchar(y)) => Varchar((*x).max(*y)),
        (Decimal { precision: p, scale: s }, Decimal { precision: q, scale: t }) => {
            widest_decimal(p.saturating_sub(*s).max(q.saturating_sub(*t)), (*s).max(*t))
        }
        _ => match (integer_digits(a), integer_digits(b)) {
            (Some(x), Some(y)) => {
                if x > y {
                    a.clone()
                } else {
                    b.clone()
                }
            }
            (Some(digits), None) => with_integer(b, digits),
            (None, Some(digits)) => with_integer(a, digits),
            (None, None) => match (a, b) {
                (Float | Double | Decimal { .. }, Float | Double | Decimal { .. }) => Double,
                _ => String,
            },
        },
    }
}

/// An integer type's largest number of digits.
fn integer_digits(ty: &HiveType) -> Option<u8> {
    match ty {
        HiveType::TinyInt => Some(3),
        HiveType::SmallInt => Some(5),
        HiveType::Int => Some(10),
        HiveType::BigInt => Some(19),
        _ => None,
    }
}

fn with_integer(other: &HiveType, digits: u8) -> HiveType {
    match other {
        HiveType::Float | HiveType::Double => HiveType::Double,
        HiveType::Decimal { precision, scale } => {
            widest_decimal(precision.saturating_sub(*scale).max(digits), *scale)
        }
        _ => HiveType::String,
    }
}

fn widest_decimal(whole: u8, scale: u8) -> HiveType {
    match whole.saturating_add(scale) {
        precision @ 1..=38 => HiveType::Decimal { precision, scale },
        _ => HiveType::Double,
    }
}

/// Fields are one when their names are one in lower case, as columns are; the first spelling stays.
fn merge_fields(a: &[StructField], b: &[StructField]) -> Vec<StructField> {
    let mut fields = a.to_vec();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, field) in a.iter().enumerate() {
        places.entry(field.name.to_ascii_lowercase()).or_insert(place);
    }
    for field in b {
        match places.get(&field.name.to_ascii_lowercase()).and_then(|place| fields.get_mut(*place)) {
            Some(known) => known.ty = merge(&known.ty, &field.ty),
            None => {
                places.insert(field.name.to_ascii_lowercase(), fields.len());
                fields.push(field.clone());
            }
        }
    }
    fields
}

fn merge_members(a: &[HiveType], b: &[HiveType]) -> Vec<HiveType> {
    let mut members = a.to_vec();
    for member in b {
        if !members.contains(member) {
            members.push(member.clone());
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::merge;
    use crate::types::{HiveType, tests::any_type};

    fn merged(a: &str, b: &str) -> String {
        merge(&a.parse().unwrap(), &b.parse().unwrap()).to_string()
    }

    #[test]
    fn widening() {
        for (a, b, both) in [
            ("int", "bigint", "bigint"),
            ("bigint", "tinyint", "bigint"),
            ("int", "double", "double"),
            ("float", "bigint", "double"),
            ("float", "double", "double"),
            ("boolean", "int", "string"),
            ("date", "timestamp", "string"),
            ("int", "string", "string"),
            ("decimal(5,2)", "decimal(4,3)", "decimal(6,3)"),
            ("decimal(5,2)", "int", "decimal(12,2)"),
            ("decimal(38,30)", "bigint", "double"),
            ("decimal(5,2)", "double", "double"),
            ("varchar(3)", "varchar(9)", "varchar(9)"),
            ("void", "array<int>", "array<int>"),
            ("array<int>", "array<double>", "array<double>"),
            ("array<int>", "int", "string"),
            ("struct<a:int,b:string>", "struct<A:bigint,c:date>", "struct<a:bigint,b:string,c:date>"),
            ("map<string,int>", "map<string,string>", "map<string,string>"),
            ("struct<a:struct<x:int>>", "struct<a:struct<y:int>>", "struct<a:struct<x:int,y:int>>"),
            ("uniontype<int,string>", "uniontype<string,date>", "uniontype<int,string,date>"),
        ] {
            assert_eq!(merged(a, b), both, "{a} + {b}");
        }
    }

    fn scalar(ty: &HiveType) -> bool {
        !matches!(ty, HiveType::Array(_) | HiveType::Map(..) | HiveType::Struct(_) | HiveType::Union(_))
    }

    proptest! {
        #[test]
        fn merging_is_idempotent_and_void_is_neutral(ty in any_type()) {
            prop_assert_eq!(merge(&ty, &ty), ty.clone());
            prop_assert_eq!(merge(&ty, &HiveType::Void), ty.clone());
            prop_assert_eq!(merge(&HiveType::Void, &ty), ty);
        }

        #[test]
        fn scalars_commute(a in any_type(), b in any_type()) {
            if scalar(&a) && scalar(&b) {
                prop_assert_eq!(merge(&a, &b), merge(&b, &a));
            }
        }
    }
}
