use std::sync::Arc;

use datafusion::arrow::array::builder::NullBufferBuilder;
use datafusion::arrow::array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, PrimitiveArray, StringArray, StringViewArray,
    StructArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::FormatOptions;

use super::parse;
use crate::choice;
use crate::types::is_text;

/// The array in another type; what does not fit is null.
///
/// # Errors
/// If no value of the one type can become one of the other (a struct a number).
pub(crate) fn cast_array(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type().is_nested() || to.is_nested() {
        match array.data_type() {
            from if from == to => return Ok(Arc::clone(array)),
            DataType::Union(fields, mode) => {
                return cast_array(&choice::of_union(array.as_union(), fields, *mode)?, to);
            }
            _ => {}
        }
        if let Some(cast) = choice::cast(array, to) {
            return cast;
        }
    }
    match (array.data_type(), to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (DataType::Null, to) => Ok(new_null_array(to, array.len())),
        (DataType::Utf8, to) if !is_text(to) => cast_text(array.as_string::<i32>().iter(), to),
        (DataType::LargeUtf8, to) if !is_text(to) => cast_text(array.as_string::<i64>().iter(), to),
        (DataType::Utf8View, to) if !is_text(to) => cast_text(array.as_string_view().iter(), to),
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let source = array.as_struct();
            let columns = fields
                .iter()
                .map(|field| match named(source, field.name()) {
                    Some(column) => cast_array(column, field.data_type()),
                    None => Ok(new_null_array(field.data_type(), array.len())),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let structs = StructArray::try_new_with_length(
                fields.clone(),
                columns,
                array.nulls().cloned(),
                array.len(),
            )?;
            Ok(Arc::new(structs))
        }
        (DataType::List(_), DataType::List(field)) => {
            let source = array.as_list::<i32>();
            let values = cast_array(source.values(), field.data_type())?;
            let lists = ListArray::try_new(
                Arc::clone(field),
                source.offsets().clone(),
                values,
                source.nulls().cloned(),
            )?;
            Ok(Arc::new(lists))
        }
        // A whole number of seconds, as Spark reads numbers as times.
        (from, DataType::Timestamp(TimeUnit::Microsecond, _)) if from.is_numeric() => {
            let seconds = cast_array(array, &DataType::Float64)?;
            let micros: PrimitiveArray<TimestampMicrosecondType> =
                seconds.as_primitive::<Float64Type>().unary(|seconds| (seconds * 1e6) as i64);
            cast_array(&(Arc::new(micros) as ArrayRef), to)
        }
        (DataType::Float64, to) if is_text(to) => {
            let numbers = array.as_primitive::<Float64Type>().iter();
            let text: StringViewArray =
                numbers.map(|value| value.map(|value| java(value, format!("{value:e}")))).collect();
            cast_array(&(Arc::new(text) as ArrayRef), to)
        }
        (DataType::Float32, to) if is_text(to) => {
            let numbers = array.as_primitive::<Float32Type>().iter();
            let text: StringViewArray =
                numbers.map(|value| value.map(|value| java(value.into(), format!("{value:e}")))).collect();
            cast_array(&(Arc::new(text) as ArrayRef), to)
        }
        (from, DataType::Boolean) if from.is_decimal() => {
            let wide = cast_with_options(array, &wide(from), &CastOptions::default())?;
            let values = wide.as_primitive::<Decimal128Type>().iter();
            Ok(Arc::new(values.map(|value| value.map(|value| value != 0)).collect::<BooleanArray>()))
        }
        (DataType::Boolean, DataType::Decimal128(precision, scale)) => {
            // There may be no digit before the point.
            let one = (*scale >= 0 && i16::from(*scale) < i16::from(*precision))
                .then(|| 10i128.checked_pow(u32::from(scale.unsigned_abs())))
                .flatten();
            let number = |truth| if truth { one } else { Some(0) };
            let numbers = array.as_boolean().iter().map(|value| value.and_then(number));
            let numbers: PrimitiveArray<Decimal128Type> = numbers.collect();
            Ok(Arc::new(numbers.with_precision_and_scale(*precision, *scale)?))
        }
        (from, to) if can_cast_types(from, to) => {
            let format = FormatOptions::default()
                .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
                .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f"));
            cast_with_options(array, to, &CastOptions { safe: true, format_options: format })
        }
        (from, to) => Err(ArrowError::CastError(format!("a value of type `{from}` cannot become `{to}`"))),
    }
}

/// The type of decimals that holds those of another one.
fn wide(decimal: &DataType) -> DataType {
    match decimal {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => DataType::Decimal128(38, *scale),
        other => other.clone(),
    }
}

/// A number as Java writes it, from its shortest digits as Rust does: `1.2E10` below a thousandth and from ten million on.
fn java(value: f64, scientific: String) -> String {
    if value.is_nan() || value.is_infinite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let point = |text: String| if text.contains('.') { text } else { text + ".0" };
    if value != 0.0 && !(-3..7).contains(&exponent) {
        return format!("{}E{exponent}", point(digits.to_owned()));
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let plain: String = digits.chars().filter(|digit| *digit != '.').collect();
    let before = usize::try_from(exponent + 1).unwrap_or(0);
    if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        return format!("{sign}0.{}{plain}", "0".repeat(zeros));
    }
    let (whole, fraction) = plain.split_at_checked(before).unwrap_or((&plain, ""));
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    format!("{sign}{whole:0<before$}.{fraction}")
}

fn named<'a>(structs: &'a StructArray, name: &str) -> Option<&'a ArrayRef> {
    let alike = || {
        let at = structs.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))?;
        structs.columns().get(at)
    };
    structs.column_by_name(name).or_else(alike)
}

/// An array of type `to` from text; what does not fit is null.
///
/// # Errors
/// If text can become no value of that type.
pub(crate) fn cast_text<'a>(
    values: impl Iterator<Item = Option<&'a str>>,
    to: &DataType,
) -> Result<ArrayRef, ArrowError> {
    Ok(match to {
        DataType::Utf8View => Arc::new(values.collect::<StringViewArray>()),
        DataType::Utf8 => Arc::new(values.collect::<StringArray>()),
        DataType::Int64 => primitive::<Int64Type>(values, parse::integer),
        DataType::Int32 => primitive::<Int32Type>(values, |text| parse::integer(text)?.try_into().ok()),
        DataType::Int16 => primitive::<Int16Type>(values, |text| parse::integer(text)?.try_into().ok()),
        DataType::Int8 => primitive::<Int8Type>(values, |text| parse::integer(text)?.try_into().ok()),
        DataType::Float64 => primitive::<Float64Type>(values, parse::float),
        DataType::Float32 => primitive::<Float32Type>(values, |text| text.trim_ascii().parse().ok()),
        DataType::Date32 => primitive::<Date32Type>(values, parse::date),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let array: PrimitiveArray<TimestampMicrosecondType> =
                values.map(|value| value.and_then(parse::timestamp)).collect();
            Arc::new(array.with_timezone_opt(zone.clone()))
        }
        DataType::Decimal128(precision, scale) => {
            let array: PrimitiveArray<Decimal128Type> =
                values.map(|value| value.and_then(|text| parse::decimal(text, *precision, *scale))).collect();
            Arc::new(array.with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Boolean => {
            Arc::new(values.map(|value| value.and_then(parse::boolean)).collect::<BooleanArray>())
        }
        // Text is not taken apart into structs or lists: such a value does not fit.
        other if other.is_nested() => new_null_array(other, values.count()),
        other if can_cast_types(&DataType::Utf8View, other) => {
            let text: StringViewArray = values.map(|value| value.map(str::trim_ascii)).collect();
            cast_with_options(&text, other, &CastOptions { safe: true, ..CastOptions::default() })?
        }
        other => return Err(ArrowError::CastError(format!("text cannot become `{other}`"))),
    })
}

fn primitive<'a, T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<&'a str>>,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> ArrayRef {
    let most = values.size_hint().0;
    let (mut parsed, mut nulls) = (Vec::with_capacity(most), NullBufferBuilder::new(most));
    for value in values {
        let value = value.and_then(&parse);
        nulls.append(value.is_some());
        parsed.push(value.unwrap_or_default());
    }
    Arc::new(PrimitiveArray::<T>::new(parsed.into(), nulls.finish()))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Float64Array, Int64Array, StringArray};

    use super::*;
    use crate::types::arrow_type;

    fn cast(array: impl Array + 'static, to: &str) -> ArrayRef {
        cast_array(&(Arc::new(array) as ArrayRef), &arrow_type(to).unwrap()).unwrap()
    }

    #[test]
    fn na_becomes_null() {
        let text = || StringArray::from(vec![Some("5"), Some("NA"), None, Some("7.5")]);
        assert_eq!(
            cast(text(), "bigint").as_primitive::<Int64Type>(),
            &Int64Array::from(vec![Some(5), None, None, Some(7)])
        );
        assert_eq!(
            cast(text(), "double").as_primitive::<Float64Type>(),
            &Float64Array::from(vec![Some(5.0), None, None, Some(7.5)])
        );
        assert_eq!(cast(text(), "tinyint").null_count(), 2);
        assert_eq!(cast(text(), "decimal(4,1)").null_count(), 2);
        assert_eq!(cast(text(), "array<int>").null_count(), 4);
    }

    #[test]
    fn numbers_that_do_not_fit_become_null() {
        assert_eq!(cast(Int64Array::from(vec![300, 5]), "tinyint").null_count(), 1);
        assert_eq!(cast(Float64Array::from(vec![1.9]), "int").as_primitive::<Int32Type>().value(0), 1);
    }

    #[test]
    fn numbers_as_text_are_java_s() {
        for (value, text) in [
            (0.0, "0.0"),
            (2.5, "2.5"),
            (-100.0, "-100.0"),
            (0.001, "0.001"),
            (0.000_12, "1.2E-4"),
            (1e7, "1.0E7"),
            (1_234_567.25, "1234567.25"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(cast(Float64Array::from(vec![value]), "string").as_string_view().value(0), text);
        }
    }

    #[test]
    fn decimals_are_true_unless_they_are_zero() {
        let text = StringArray::from(vec![Some("0.00"), Some("-0.01"), None, Some("12.50")]);
        let truth = cast_array(&cast(text, "decimal(12,2)"), &DataType::Boolean).unwrap();
        assert_eq!(truth.as_boolean(), &BooleanArray::from(vec![Some(false), Some(true), None, Some(true)]));
        let flags = || BooleanArray::from(vec![Some(true), Some(false), None]);
        let numbers = cast(flags(), "decimal(10,2)");
        assert_eq!(
            numbers.as_primitive::<Decimal128Type>().values().iter().take(2).collect::<Vec<_>>(),
            [&100, &0]
        );
        // 1 does not fit.
        assert_eq!(cast(flags(), "decimal(2,2)").null_count(), 2);
    }

    #[test]
    fn times_as_text_are_spark_s() {
        let time = cast(StringArray::from(vec!["2013-01-01T05:06:07Z"]), "timestamp");
        let text = cast_array(&time, &DataType::Utf8).unwrap();
        assert_eq!(text.as_string::<i32>().value(0), "2013-01-01 05:06:07");
    }
}
