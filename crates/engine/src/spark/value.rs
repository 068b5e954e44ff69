//! Operators and functions whose answers differ between Spark and the engine.

use std::sync::Arc;

use datafusion::arrow::array::types::Float64Type;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, new_empty_array, new_null_array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::compute::{interleave, nullif};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DataFusionError, Result};

use super::function::{Definition, argument, whole};
use crate::cast::{cast_array, decimal};
use crate::types::arrow_type;

/// The functions of this part.
pub(super) fn functions() -> Vec<Definition> {
    fn integer(_: &[DataType], _: &[Option<String>]) -> Result<DataType> {
        Ok(DataType::Int64)
    }
    vec![
        Definition {
            name: "spark_cast",
            arguments: 2..=2,
            typed: cast_type,
            evaluated: |args, to| Ok(cast_array(argument(args, 0)?, to)?),
        },
        Definition { name: "spark_divide", arguments: 2..=2, typed: divided_type, evaluated: divided },
        Definition { name: "spark_mod", arguments: 2..=2, typed: rest_type, evaluated: rest },
        Definition {
            name: "spark_div",
            arguments: 2..=2,
            typed: integer,
            evaluated: |args, _| {
                let (left, right) = (whole(args, 0)?, whole(args, 1)?);
                let out = left.into_iter().zip(right).map(|(left, right)| left?.checked_div(right?));
                Ok(Arc::new(out.collect::<Int64Array>()))
            },
        },
        Definition {
            name: "spark_ceil",
            arguments: 1..=1,
            typed: integer,
            evaluated: |args, _| to_whole(args, f64::ceil),
        },
        Definition {
            name: "spark_floor",
            arguments: 1..=1,
            typed: integer,
            evaluated: |args, _| to_whole(args, f64::floor),
        },
        Definition {
            name: "spark_round",
            arguments: 1..=2,
            typed: round_type,
            evaluated: |args, to| round(args, to, false),
        },
        Definition {
            name: "bround",
            arguments: 1..=2,
            typed: round_type,
            evaluated: |args, to| round(args, to, true),
        },
        Definition {
            name: "spark_item",
            arguments: 2..=2,
            typed: item_type,
            evaluated: |args, to| item(args, to, 0),
        },
        Definition {
            name: "spark_element_at",
            arguments: 2..=2,
            typed: item_type,
            evaluated: |args, to| item(args, to, 1),
        },
        Definition { name: "spark_outer", arguments: 1..=1, typed: outer_type, evaluated: outer },
        Definition {
            name: "spark_elements",
            arguments: 1..=1,
            typed: same_type,
            evaluated: |args, _| Ok(Arc::clone(argument(args, 0)?)),
        },
        Definition {
            name: "typeof",
            arguments: 1..=1,
            typed: super::function::always_text,
            evaluated: |args, _| {
                let value = argument(args, 0)?;
                let name =
                    crate::types::glue_type(value.data_type()).map_err(DataFusionError::Plan)?.to_string();
                let rows = std::iter::repeat_n(Some(name), value.len());
                Ok(Arc::new(rows.collect::<datafusion::arrow::array::StringViewArray>()))
            },
        },
    ]
}

fn same_type(types: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    types.first().cloned().ok_or_else(|| DataFusionError::Plan("an argument is missing".to_owned()))
}

/// A list whose elements may be null; what a file calls its elements counts for nothing.
fn outer_type(types: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    match types.first() {
        Some(DataType::List(field)) => {
            Ok(DataType::List(Arc::new(Field::new_list_field(field.data_type().clone(), true))))
        }
        _ => Err(DataFusionError::Plan("explode_outer needs an array".to_owned())),
    }
}

fn cast_type(_: &[DataType], constants: &[Option<String>]) -> Result<DataType> {
    let of = constants.get(1).and_then(Option::as_deref).unwrap_or_default();
    arrow_type(of).map_err(|error| DataFusionError::Plan(format!("CAST: {error}")))
}

/// Integers that meet decimals are decimals without a fraction.
fn as_decimal(of: &DataType) -> DataType {
    match of {
        DataType::Decimal128(..) => of.clone(),
        DataType::Int64 | DataType::UInt64 => DataType::Decimal128(20, 0),
        _ => DataType::Decimal128(10, 0),
    }
}

/// In which type two values are divided: decimals among decimals and integers, else double precision.
fn decimals(types: &[DataType]) -> Option<(DataType, DataType)> {
    let [left, right] = types else { return None };
    let is = |of: &DataType| matches!(of, DataType::Decimal128(..));
    let exact = (is(left) || left.is_integer()) && (is(right) || right.is_integer());
    (exact && (is(left) || is(right))).then(|| (as_decimal(left), as_decimal(right)))
}

fn divided_type(types: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    if types.iter().any(|of| of.is_nested() || of.is_temporal() || *of == DataType::Boolean) {
        return Err(DataFusionError::Plan("`/` needs numbers".to_owned()));
    }
    match decimals(types) {
        Some((left, right)) => {
            Ok(numeric::div(&new_empty_array(&left), &new_empty_array(&right))?.data_type().clone())
        }
        None => Ok(DataType::Float64),
    }
}

fn types_of(args: &[ArrayRef]) -> Vec<DataType> {
    args.iter().map(|array| array.data_type().clone()).collect()
}

/// Division by nothing is null.
fn divided(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    if let Some((left, right)) = decimals(&types_of(args)) {
        let (left, right) = (cast_array(argument(args, 0)?, &left)?, cast_array(argument(args, 1)?, &right)?);
        let right = without_zero(&right)?;
        return Ok(numeric::div(&left, &right)?);
    }
    let (left, right) = floats(args)?;
    let rows = left.iter().zip(&right).map(|(left, right)| {
        let (left, right) = (left?, right?);
        (right != 0.0).then(|| left / right)
    });
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn floats(args: &[ArrayRef]) -> Result<(Float64Array, Float64Array)> {
    let float = |at| -> Result<Float64Array> {
        Ok(cast_array(argument(args, at)?, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    };
    Ok((float(0)?, float(1)?))
}

fn without_zero(array: &ArrayRef) -> Result<ArrayRef> {
    use datafusion::arrow::compute::kernels::cmp::eq;
    let zero: ArrayRef = Arc::new(Int64Array::from(vec![0]));
    let zero = cast_array(&zero, array.data_type())?;
    let zero = datafusion::arrow::array::Scalar::new(zero);
    Ok(nullif(array, &eq(array, &zero)?)?)
}

fn rest_type(types: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    if types.iter().all(DataType::is_integer) {
        let wide = types.iter().any(|of| matches!(of, DataType::Int64 | DataType::UInt64 | DataType::UInt32));
        return Ok(if wide { DataType::Int64 } else { DataType::Int32 });
    }
    match decimals(types) {
        Some((left, right)) => {
            Ok(numeric::rem(&new_empty_array(&left), &new_empty_array(&right))?.data_type().clone())
        }
        None => Ok(DataType::Float64),
    }
}

fn rest(args: &[ArrayRef], to: &DataType) -> Result<ArrayRef> {
    if to.is_integer() {
        let rows = whole(args, 0)?.into_iter().zip(whole(args, 1)?);
        let rows: Int64Array = rows.map(|(left, right)| left?.checked_rem(right?)).collect();
        return Ok(cast_array(&(Arc::new(rows) as ArrayRef), to)?);
    }
    if let Some((left, right)) = decimals(&types_of(args)) {
        let (left, right) = (cast_array(argument(args, 0)?, &left)?, cast_array(argument(args, 1)?, &right)?);
        return Ok(numeric::rem(&left, &without_zero(&right)?)?);
    }
    let (left, right) = floats(args)?;
    let rows = left.iter().zip(&right).map(|(left, right)| {
        let (left, right) = (left?, right?);
        (right != 0.0).then(|| left % right)
    });
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn to_whole(args: &[ArrayRef], work: fn(f64) -> f64) -> Result<ArrayRef> {
    let value = argument(args, 0)?;
    if value.data_type().is_integer() {
        return Ok(cast_array(value, &DataType::Int64)?);
    }
    let value = cast_array(value, &DataType::Float64)?;
    let whole: Int64Array = value.as_primitive::<Float64Type>().unary(|value| work(value) as i64);
    Ok(Arc::new(whole))
}

fn round_type(types: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    Ok(match types.first() {
        Some(of) if of.is_integer() || matches!(of, DataType::Float32 | DataType::Decimal128(..)) => {
            of.clone()
        }
        _ => DataType::Float64,
    })
}

/// Rounds the decimal form of a number, half up as people do, or half to the even digit.
fn round(args: &[ArrayRef], to: &DataType, even: bool) -> Result<ArrayRef> {
    let value = argument(args, 0)?;
    let scales = if args.len() > 1 { whole(args, 1)? } else { vec![Some(0); value.len()] };
    let text = cast_array(value, &DataType::Utf8View)?;
    let text = text.as_string_view();
    let rows = text.iter().zip(scales).map(|(text, scale)| {
        let (text, scale) = (text?, i32::try_from(scale?).ok()?);
        rounded(text, scale, even)
    });
    let rows: datafusion::arrow::array::StringViewArray = rows.collect();
    Ok(cast_array(&(Arc::new(rows) as ArrayRef), to)?)
}

fn rounded(text: &str, scale: i32, even: bool) -> Option<String> {
    // One digit more than is wanted shows whether it lies in the middle.
    let digits = i8::try_from(scale.max(0)).ok()?;
    let unit = 10i128.checked_pow(u32::try_from((-scale).max(0)).ok()?)?;
    let Some(exact) = decimal(text, 38, digits) else { return Some(text.to_owned()) };
    let mut value = if unit == 1 {
        exact
    } else {
        let below = exact.div_euclid(unit);
        let rest = exact.rem_euclid(unit);
        let up = if exact < 0 { rest * 2 > unit } else { rest * 2 >= unit };
        (below + i128::from(up)) * unit
    };
    if even && unit == 1 {
        let finer = decimal(text, 38, digits + 3)?;
        if finer.abs() % 1000 == 500 && value % 2 != 0 {
            value -= value.signum();
        }
    }
    let sign = if value < 0 { "-" } else { "" };
    let power = 10i128.checked_pow(u32::try_from(digits).ok()?)?;
    let (whole, fraction) = (value.abs() / power, value.abs() % power);
    let width = usize::try_from(digits).ok()?;
    Some(if width == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:0width$}") })
}

fn item_type(types: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    match types.first() {
        Some(DataType::List(field)) => Ok(field.data_type().clone()),
        Some(DataType::Map(entries, _)) => match entries.data_type() {
            DataType::Struct(pair) => pair
                .get(1)
                .map(|value| value.data_type().clone())
                .ok_or_else(|| DataFusionError::Internal("a map has no values".to_owned())),
            _ => Err(DataFusionError::Internal("a map has no entries".to_owned())),
        },
        Some(other) => Err(DataFusionError::Plan(format!("a value of type `{other}` has no elements"))),
        None => Err(DataFusionError::Plan("an argument is missing".to_owned())),
    }
}

/// An element of a list by its place, counted from `first` (if that is 1, also from the end), or of a map by its key.
fn item(args: &[ArrayRef], to: &DataType, first: i64) -> Result<ArrayRef> {
    let container = argument(args, 0)?;
    let nothing = new_null_array(to, 1);
    if let DataType::Map(..) = container.data_type() {
        let map = container.as_map();
        let keys = cast_array(map.keys(), &DataType::Utf8View)?;
        let (keys, wanted) = (keys.as_string_view(), super::function::texts(args, 1)?);
        let places: Vec<(usize, usize)> = (0..map.len())
            .map(|row| {
                let bounds = map.value_offsets().get(row).zip(map.value_offsets().get(row + 1));
                let (Some((from, to)), false) = (bounds, map.is_null(row) || wanted.is_null(row)) else {
                    return (1, 0);
                };
                let mut range = usize::try_from(*from).unwrap_or(0)..usize::try_from(*to).unwrap_or(0);
                range.find(|at| keys.value(*at) == wanted.value(row)).map_or((1, 0), |at| (0, at))
            })
            .collect();
        return Ok(interleave(&[map.values().as_ref(), nothing.as_ref()], &places)?);
    }
    let list = container.as_list::<i32>();
    let places: Vec<(usize, usize)> = whole(args, 1)?
        .into_iter()
        .enumerate()
        .map(|(row, index)| {
            let bounds = list.value_offsets().get(row).zip(list.value_offsets().get(row + 1));
            let (Some((from, to)), Some(index), false) = (bounds, index, list.is_null(row)) else {
                return (1, 0);
            };
            let (from, to) = (i64::from(*from), i64::from(*to));
            let at = if first == 1 && index < 0 { to + index } else { from + index - first };
            if (from..to).contains(&at) { (0, usize::try_from(at).unwrap_or(0)) } else { (1, 0) }
        })
        .collect();
    Ok(interleave(&[list.values().as_ref(), nothing.as_ref()], &places)?)
}

/// Lists in which none is empty: what is empty or null has one element that is null.
fn outer(args: &[ArrayRef], to: &DataType) -> Result<ArrayRef> {
    let container = argument(args, 0)?;
    let DataType::List(field) = to else {
        return Err(DataFusionError::Plan("explode_outer needs an array".to_owned()));
    };
    let list = container.as_list::<i32>();
    let nothing = new_null_array(field.data_type(), 1);
    let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(list.len()));
    for row in 0..list.len() {
        let length = if list.is_null(row) { 0 } else { usize::try_from(list.value_length(row)).unwrap_or(0) };
        let from = list.value_offsets().get(row).and_then(|from| usize::try_from(*from).ok()).unwrap_or(0);
        if length == 0 {
            places.push((1, 0));
        } else {
            places.extend((from..from + length).map(|at| (0, at)));
        }
        lengths.push(length.max(1));
    }
    let values = interleave(&[list.values().as_ref(), nothing.as_ref()], &places)?;
    let field = Arc::new(Field::new_list_field(field.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_as_spark_does() {
        for (text, scale, up, even) in [
            ("2.5", 0, "3", "2"),
            ("3.5", 0, "4", "4"),
            ("-2.5", 0, "-3", "-2"),
            ("2.675", 2, "2.68", "2.68"),
            ("2.665", 2, "2.67", "2.66"),
            ("1250", -2, "1300", "1300"),
            ("-1250", -2, "-1300", "-1300"),
            ("NaN", 1, "NaN", "NaN"),
        ] {
            assert_eq!(rounded(text, scale, false).unwrap(), up, "{text}");
            assert_eq!(rounded(text, scale, true).unwrap(), even, "{text}");
        }
    }
}
