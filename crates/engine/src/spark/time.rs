//! Functions of dates and times.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::types::{Date32Type, TimestampMicrosecondType};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int32Array, Int64Array, PrimitiveArray,
    StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DataFusionError, Result};

use super::function::{Definition, always_text, argument, texts};
use super::pattern::{Moment, Pattern, last_day};
use crate::cast::cast_array;

const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// The functions of this part.
pub(super) fn functions() -> Vec<Definition> {
    fn date(_: &[DataType], _: &[Option<String>]) -> Result<DataType> {
        Ok(DataType::Date32)
    }
    fn time(_: &[DataType], _: &[Option<String>]) -> Result<DataType> {
        Ok(TIME)
    }
    fn number(_: &[DataType], _: &[Option<String>]) -> Result<DataType> {
        Ok(DataType::Int32)
    }
    vec![
        Definition {
            name: "spark_date",
            arguments: 1..=1,
            typed: date,
            evaluated: |args, _| Ok(cast_array(argument(args, 0)?, &DataType::Date32)?),
        },
        // Dates stay what they are: their parts are found without a time.
        Definition {
            name: "spark_time",
            arguments: 1..=1,
            typed: |types, _| {
                Ok(match types.first() {
                    Some(DataType::Date32) => DataType::Date32,
                    _ => TIME,
                })
            },
            evaluated: |args, of| Ok(cast_array(argument(args, 0)?, of)?),
        },
        Definition { name: "date_format", arguments: 2..=2, typed: always_text, evaluated: date_format },
        Definition { name: "spark_to_date", arguments: 1..=2, typed: date, evaluated: to_time },
        Definition { name: "spark_to_timestamp", arguments: 1..=2, typed: time, evaluated: to_time },
        Definition {
            name: "unix_timestamp",
            arguments: 1..=2,
            typed: |_, _| Ok(DataType::Int64),
            evaluated: |args, _| {
                let times = to_time(args, &TIME)?;
                let seconds = times.as_primitive::<TimestampMicrosecondType>();
                let seconds: Int64Array = seconds.unary(|micros| micros.div_euclid(1_000_000));
                Ok(Arc::new(seconds))
            },
        },
        Definition {
            name: "spark_from_unixtime",
            arguments: 1..=2,
            typed: always_text,
            evaluated: from_unixtime,
        },
        Definition {
            name: "months_between",
            arguments: 2..=3,
            typed: |_, _| Ok(DataType::Float64),
            evaluated: months_between,
        },
        Definition {
            name: "dayofweek",
            arguments: 1..=1,
            typed: number,
            evaluated: |args, _| weekday(args, |day| (day + 1) % 7 + 1),
        },
        Definition {
            name: "weekday",
            arguments: 1..=1,
            typed: number,
            evaluated: |args, _| weekday(args, |day| day),
        },
        Definition {
            name: "timestamp_seconds",
            arguments: 1..=1,
            typed: time,
            evaluated: |args, of| Ok(cast_array(argument(args, 0)?, of)?),
        },
        Definition {
            name: "timestamp_millis",
            arguments: 1..=1,
            typed: time,
            evaluated: |args, _| scaled(args, 1000),
        },
        Definition {
            name: "timestamp_micros",
            arguments: 1..=1,
            typed: time,
            evaluated: |args, _| scaled(args, 1),
        },
        Definition { name: "make_date", arguments: 3..=3, typed: date, evaluated: make_date },
    ]
}

/// Patterns that were read already.
#[derive(Default)]
struct Patterns(HashMap<String, Pattern>);

impl Patterns {
    fn of(&mut self, text: &str) -> Result<&Pattern> {
        if !self.0.contains_key(text) {
            let pattern = Pattern::parse(text).map_err(DataFusionError::Plan)?;
            self.0.insert(text.to_owned(), pattern);
        }
        self.0.get(text).ok_or_else(|| DataFusionError::Internal("a pattern is lost".to_owned()))
    }
}

/// An argument as moments, in microseconds since the epoch.
fn moments(args: &[ArrayRef], at: usize) -> Result<TimestampMicrosecondArray> {
    Ok(cast_array(argument(args, at)?, &TIME)?.as_primitive::<TimestampMicrosecondType>().clone())
}

fn date_format(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (times, with, mut patterns) = (moments(args, 0)?, texts(args, 1)?, Patterns::default());
    let rows = times.iter().zip(&with).map(|(time, pattern)| match (time, pattern) {
        (Some(time), Some(pattern)) => Ok(Some(patterns.of(pattern)?.format(time))),
        _ => Ok(None),
    });
    Ok(Arc::new(rows.collect::<Result<StringViewArray>>()?))
}

/// Text as dates or times, by a pattern if there is one.
fn to_time(args: &[ArrayRef], of: &DataType) -> Result<ArrayRef> {
    let value = argument(args, 0)?;
    if args.len() == 1 || !crate::types::is_text(value.data_type()) {
        return Ok(cast_array(value, of)?);
    }
    let (values, with, mut patterns) = (texts(args, 0)?, texts(args, 1)?, Patterns::default());
    let times = values.iter().zip(&with).map(|(value, pattern)| match (value, pattern) {
        (Some(value), Some(pattern)) => Ok(patterns.of(pattern)?.read(value)),
        _ => Ok(None),
    });
    let times: ArrayRef = Arc::new(times.collect::<Result<TimestampMicrosecondArray>>()?);
    Ok(cast_array(&times, of)?)
}

fn from_unixtime(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let seconds = super::function::whole(args, 0)?;
    let with = if args.len() > 1 { Some(texts(args, 1)?) } else { None };
    let mut patterns = Patterns::default();
    let rows = seconds.into_iter().enumerate().map(|(row, seconds)| {
        let pattern = match &with {
            Some(with) if with.is_null(row) => return Ok(None),
            Some(with) => with.value(row),
            None => "yyyy-MM-dd HH:mm:ss",
        };
        let Some(micros) = seconds.and_then(|seconds| seconds.checked_mul(1_000_000)) else {
            return Ok(None);
        };
        Ok(Some(patterns.of(pattern)?.format(micros)))
    });
    Ok(Arc::new(rows.collect::<Result<StringViewArray>>()?))
}

/// Whole months if the days are equal or both the last; else a day counts for the 31st part of one.
fn months_between(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (ends, starts) = (moments(args, 0)?, moments(args, 1)?);
    let rounded = match args.get(2) {
        Some(flag) => {
            cast_array(flag, &DataType::Boolean)?.as_boolean().iter().next().flatten() != Some(false)
        }
        None => true,
    };
    let rows = ends.iter().zip(&starts).map(|(end, start)| {
        let (end, start) = (Moment::of(end?), Moment::of(start?));
        let months = ((end.year - start.year) * 12 + end.month - start.month) as f64;
        let is_last = |moment: Moment| moment.day == last_day(moment.year, moment.month);
        if end.day == start.day || (is_last(end) && is_last(start)) {
            return Some(months);
        }
        let seconds = |moment: Moment| {
            (moment.day * 86_400 + moment.hour * 3600 + moment.minute * 60 + moment.second) as f64
        };
        let exact = months + (seconds(end) - seconds(start)) / (31.0 * 86_400.0);
        Some(if rounded { (exact * 1e8).round() / 1e8 } else { exact })
    });
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn weekday(args: &[ArrayRef], number: fn(i64) -> i64) -> Result<ArrayRef> {
    let days = cast_array(argument(args, 0)?, &DataType::Date32)?;
    let days = days.as_primitive::<Date32Type>();
    let out: Int32Array = days.unary(|day| {
        let monday = (i64::from(day) + 3).rem_euclid(7);
        i32::try_from(number(monday)).unwrap_or_default()
    });
    Ok(Arc::new(out))
}

fn scaled(args: &[ArrayRef], by: i64) -> Result<ArrayRef> {
    let numbers = super::function::whole(args, 0)?;
    let times: PrimitiveArray<TimestampMicrosecondType> =
        numbers.into_iter().map(|number| number.and_then(|number| number.checked_mul(by))).collect();
    Ok(Arc::new(times))
}

fn make_date(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    use super::function::whole;
    let rows = whole(args, 0)?.into_iter().zip(whole(args, 1)?).zip(whole(args, 2)?);
    let days = rows.map(|((year, month), day)| {
        let moment = Moment { year: year?, month: month?, day: day?, ..Moment::of(0) };
        i32::try_from(moment.days()?).ok()
    });
    Ok(Arc::new(days.collect::<Date32Array>()))
}
