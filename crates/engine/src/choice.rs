//! Choices: fields whose values are of several types (DynamicFrame class, ResolveChoice class in the Developer Guide).
//!
//! The engine holds a choice as a struct with one field for each type, called by the type's name as Glue has it; the field of
//! the value's own type is set and all others are null. That is what `make_struct` answers, and what targets write.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, StructArray, UnionArray, new_null_array,
};
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{is_not_null, take};
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef, Fields, TimeUnit, UnionFields, UnionMode,
};
use datafusion::arrow::error::ArrowError;

use crate::cast::cast_array;

/// Marks the fields of a struct that is a choice.
const MARK: &str = "mastic.choice";

/// The choice of these types, by their names.
pub(crate) fn choice_type(members: impl IntoIterator<Item = (String, DataType)>) -> DataType {
    let mark = HashMap::from([(MARK.to_owned(), String::new())]);
    let field = |(name, of)| Field::new(name, of, true).with_metadata(mark.clone());
    DataType::Struct(members.into_iter().map(field).collect())
}

/// The types of a choice; nothing for other types.
pub(crate) fn members(of: &DataType) -> Option<&Fields> {
    match of {
        DataType::Struct(fields)
            if !fields.is_empty() && fields.iter().all(|field| field.metadata().contains_key(MARK)) =>
        {
            Some(fields)
        }
        _ => None,
    }
}

/// Whether there is a choice in the type, at any depth.
pub(crate) fn has_choice(of: &DataType) -> bool {
    members(of).is_some()
        || match of {
            DataType::Struct(fields) => fields.iter().any(|field| has_choice(field.data_type())),
            DataType::List(field) | DataType::Map(field, _) => has_choice(field.data_type()),
            _ => false,
        }
}

/// What Glue calls a type in a choice.
pub(crate) fn type_name(of: &DataType) -> &'static str {
    match of {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::UInt8 => "byte",
        DataType::Int16 | DataType::UInt16 => "short",
        DataType::Int32 | DataType::UInt32 => "int",
        DataType::Int64 | DataType::UInt64 => "long",
        DataType::Float16 | DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(..) => "timestamp",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "array",
        DataType::Map(..) => "map",
        DataType::Struct(_) => "struct",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary"
        }
        of if of.is_decimal() => "decimal",
        DataType::Dictionary(_, of) => type_name(of),
        _ => "string",
    }
}

/// The type that holds the values of both: one of them, a wider number, or a choice.
pub(crate) fn united(one: &DataType, other: &DataType) -> DataType {
    if one == other || other.is_null() {
        return one.clone();
    }
    if one.is_null() {
        return other.clone();
    }
    if let Some(common) = common(one, other) {
        return common;
    }
    match (members(one), members(other), one, other) {
        (None, None, DataType::Struct(mine), DataType::Struct(others)) => {
            DataType::Struct(united_fields(mine, others))
        }
        (None, None, DataType::List(mine), DataType::List(others)) => {
            let of = united(mine.data_type(), others.data_type());
            DataType::List(Arc::new(Field::new_list_field(of, true)))
        }
        _ => {
            let mut all: Vec<(String, DataType)> = Vec::new();
            for of in [one, other] {
                let own = [Arc::new(Field::new(type_name(of), of.clone(), true))];
                for field in members(of).map_or(own.as_slice(), |fields| fields) {
                    let same = |known: &DataType, name: &String| {
                        name == field.name() || common(known, field.data_type()).is_some()
                    };
                    match all.iter_mut().find(|(name, known)| same(known, name)) {
                        Some(known) => {
                            let of = united(&known.1, field.data_type());
                            *known = (type_name(&of).to_owned(), of);
                        }
                        None => all.push((field.name().clone(), field.data_type().clone())),
                    }
                }
            }
            choice_type(all)
        }
    }
}

/// The fields of both structs, by name.
pub(crate) fn united_fields(mine: &Fields, others: &Fields) -> Fields {
    let mut all: Vec<Field> = mine.iter().map(|field| field.as_ref().clone()).collect();
    for field in others {
        match all.iter_mut().find(|known| known.name() == field.name()) {
            Some(known) => {
                let of = united(known.data_type(), field.data_type());
                *known = Field::new(field.name(), of, true);
            }
            None => all.push(field.as_ref().clone().with_nullable(true)),
        }
    }
    all.into()
}

/// The plain type that holds all values of both. Types that Glue calls by one name always have one: a choice could not
/// tell them apart.
fn common(one: &DataType, other: &DataType) -> Option<DataType> {
    const ORDER: [DataType; 4] = [DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64];
    let (one, other) = (&signed(one), &signed(other));
    let whole = |of: &DataType| ORDER.iter().position(|known| known == of);
    match (whole(one), whole(other)) {
        (Some(mine), Some(others)) => return ORDER.get(mine.max(others)).cloned(),
        (None, Some(_)) if one.is_floating() => return Some(DataType::Float64),
        (Some(_), None) if other.is_floating() => return Some(DataType::Float64),
        (None, None) if one.is_floating() && other.is_floating() => return Some(DataType::Float64),
        _ => {}
    }
    if type_name(one) != type_name(other) {
        return None;
    }
    match (one, other) {
        (DataType::Struct(_), _) | (DataType::List(_), DataType::List(_)) => None,
        (DataType::Timestamp(_, mine), DataType::Timestamp(_, others)) => {
            Some(DataType::Timestamp(TimeUnit::Microsecond, mine.clone().or(others.clone())))
        }
        (DataType::Map(mine, sorted), DataType::Map(others, _)) => {
            Some(DataType::Map(united_entries(mine, others), *sorted))
        }
        _ => match type_name(one) {
            "decimal" => digits(one).zip(digits(other)).map(|(mine, others)| decimal_of(mine, others)),
            "date" => Some(DataType::Date32),
            "binary" => Some(DataType::BinaryView),
            "array" => item(one).zip(item(other)).map(|(mine, others)| {
                DataType::List(Arc::new(Field::new_list_field(united(mine, others), true)))
            }),
            _ => Some(DataType::Utf8View),
        },
    }
}

/// The type in which values of an unsigned or a dictionary type are written.
fn signed(of: &DataType) -> DataType {
    match of {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Dictionary(_, of) => signed(of),
        other => other.clone(),
    }
}

fn item(of: &DataType) -> Option<&DataType> {
    match of {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// The digits of a decimal type before and behind the point.
fn digits(of: &DataType) -> Option<(i32, i32)> {
    match of {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            Some((i32::from(*precision) - i32::from(*scale), i32::from(*scale)))
        }
        _ => None,
    }
}

/// The decimal type with the digits of both; those behind the point give way where there is no room, as in Spark.
fn decimal_of((mine, mine_behind): (i32, i32), (others, others_behind): (i32, i32)) -> DataType {
    let most = i32::from(DECIMAL128_MAX_PRECISION);
    let before = mine.max(others).clamp(0, most);
    let behind = mine_behind.max(others_behind).clamp(0, most - before);
    let precision = u8::try_from((before + behind).max(1)).unwrap_or(DECIMAL128_MAX_PRECISION);
    DataType::Decimal128(precision, i8::try_from(behind).unwrap_or_default())
}

/// The entries of a map with the values of both; keys stay as they are in the first.
fn united_entries(mine: &FieldRef, others: &FieldRef) -> FieldRef {
    let (DataType::Struct(own), DataType::Struct(theirs)) = (mine.data_type(), others.data_type()) else {
        return Arc::clone(mine);
    };
    let ([key, value], [_, other]) = (own.as_ref(), theirs.as_ref()) else { return Arc::clone(mine) };
    let of = united(value.data_type(), other.data_type());
    let value = Arc::new(Field::new(value.name(), of, true));
    let entries = DataType::Struct(Fields::from(vec![Arc::clone(key), value]));
    Arc::new(mine.as_ref().clone().with_data_type(entries))
}

/// The values of a choice as values of one type; what cannot become one is null.
pub(crate) fn projected(choice: &StructArray, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let mut out = new_null_array(to, choice.len());
    for member in choice.columns() {
        let Ok(cast) = cast_array(member, to) else { continue };
        out = zip(&is_not_null(&out)?, &out, &cast)?;
    }
    Ok(out)
}

/// Values of one type as values of a choice.
pub(crate) fn chosen(array: &ArrayRef, fields: &Fields) -> Result<ArrayRef, ArrowError> {
    let name = type_name(array.data_type());
    let fits =
        |field: &Field| common(field.data_type(), array.data_type()).as_ref() == Some(field.data_type());
    let at = fields
        .iter()
        .position(|field| field.name() == name)
        .or_else(|| fields.iter().position(|field| fits(field)));
    let columns = fields.iter().enumerate().map(|(number, field)| {
        if Some(number) == at {
            cast_array(array, field.data_type())
        } else {
            Ok(new_null_array(field.data_type(), array.len()))
        }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let nulls = array.logical_nulls();
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, array.len())?))
}

/// A union, as Avro has them, as a choice.
pub(crate) fn of_union(
    array: &UnionArray,
    fields: &UnionFields,
    mode: UnionMode,
) -> Result<ArrayRef, ArrowError> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (id, _) in fields.iter() {
        let child = array.child(id);
        let own: BooleanArray = array.type_ids().iter().map(|of| Some(*of == id)).collect();
        let values = match (mode, array.offsets()) {
            (UnionMode::Dense, Some(offsets)) => {
                let at = offsets.iter().zip(array.type_ids()).map(|(at, of)| (*of == id).then_some(*at));
                take(child, &at.collect::<datafusion::arrow::array::Int32Array>(), None)?
            }
            _ => zip(&own, child, &new_null_array(child.data_type(), child.len()))?,
        };
        if !values.data_type().is_null() {
            columns.push((type_name(values.data_type()).to_owned(), values));
        }
    }
    let of = choice_type(columns.iter().map(|(name, values)| (name.clone(), values.data_type().clone())));
    let DataType::Struct(fields) = of else { return Ok(new_null_array(&DataType::Null, array.len())) };
    let columns = columns.into_iter().map(|(_, values)| values).collect();
    Ok(Arc::new(StructArray::try_new_with_length(fields, columns, None, array.len())?))
}

/// The choice as a struct like any other.
pub(crate) fn plain(of: &DataType) -> DataType {
    match of {
        DataType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| Field::new(field.name(), plain(field.data_type()), true))
                .collect::<Fields>(),
        ),
        DataType::List(field) => {
            DataType::List(Arc::new(Field::new_list_field(plain(field.data_type()), true)))
        }
        other => other.clone(),
    }
}

/// A cast in which a choice has part; nothing where none has.
pub(crate) fn cast(array: &ArrayRef, to: &DataType) -> Option<Result<ArrayRef, ArrowError>> {
    match (members(array.data_type()), members(to)) {
        (Some(_), Some(_)) => None,
        (Some(own), None) => {
            // `make_struct`: the same fields without the mark.
            let same = match to {
                DataType::Struct(fields) => {
                    fields.len() == own.len()
                        && fields.iter().zip(own).all(|(field, own)| field.name() == own.name())
                }
                _ => false,
            };
            (!same).then(|| projected(array.as_struct(), to))
        }
        (None, Some(fields)) => {
            let unmarked = match array.data_type() {
                DataType::Struct(own) => own.iter().all(|own| fields.find(own.name()).is_some()),
                of => of.is_null(),
            };
            (!unmarked).then(|| chosen(array, fields))
        }
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::types::{Float64Type, Int64Type};
    use datafusion::arrow::array::{Int32Array, Int64Array, StringArray};
    use datafusion::arrow::buffer::ScalarBuffer;

    use super::*;

    fn choice() -> ArrayRef {
        let of = choice_type([("long".to_owned(), DataType::Int64), ("string".to_owned(), DataType::Utf8)]);
        let DataType::Struct(fields) = of else { panic!("a struct") };
        let numbers = Int64Array::from(vec![Some(5), None, None]);
        let words = StringArray::from(vec![None, Some("7"), Some("x")]);
        Arc::new(StructArray::new(fields, vec![Arc::new(numbers), Arc::new(words)], None))
    }

    #[test]
    fn a_choice_becomes_one_type() {
        let numbers = cast_array(&choice(), &DataType::Int64).unwrap();
        assert_eq!(numbers.as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(5), Some(7), None]);
        let words = cast_array(&choice(), &DataType::Utf8).unwrap();
        assert_eq!(words.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["5", "7", "x"]);
        assert!(members(cast_array(&choice(), &plain(choice().data_type())).unwrap().data_type()).is_none());
    }

    #[test]
    fn one_type_becomes_a_choice() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
        let made = cast_array(&numbers, choice().data_type()).unwrap();
        assert_eq!(made.null_count(), 1);
        let made = made.as_struct().column_by_name("long").unwrap().clone();
        assert_eq!(made.as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(1), None]);
    }

    #[test]
    fn types_are_united() {
        assert_eq!(united(&DataType::Int32, &DataType::Int64), DataType::Int64);
        assert_eq!(united(&DataType::Int64, &DataType::Float32), DataType::Float64);
        let both = united(&DataType::Int64, &DataType::Utf8View);
        let names: Vec<&String> = members(&both).unwrap().iter().map(|field| field.name()).collect();
        assert_eq!(names, ["long", "string"]);
        assert_eq!(united(&both, &DataType::Int32), both);
        assert_eq!(members(&united(&both, &DataType::Boolean)).unwrap().len(), 3);
    }

    #[test]
    fn types_of_one_name_have_one_in_common() {
        let decimal = |precision, scale| DataType::Decimal128(precision, scale);
        let stamp = |unit, zone: Option<&str>| DataType::Timestamp(unit, zone.map(Into::into));
        let map = |of: DataType| {
            let fields = vec![Field::new("keys", DataType::Utf8, false), Field::new("values", of, true)];
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(fields.into()), false)), false)
        };
        let of = |of: DataType| Arc::new(Field::new_list_field(of, true));
        for (one, other, expected) in [
            (decimal(10, 2), decimal(12, 4), decimal(12, 4)),
            (decimal(38, 0), decimal(38, 10), decimal(38, 0)),
            (
                stamp(TimeUnit::Millisecond, None),
                stamp(TimeUnit::Nanosecond, Some("UTC")),
                stamp(TimeUnit::Microsecond, Some("UTC")),
            ),
            (DataType::Int32, DataType::UInt32, DataType::Int64),
            (DataType::UInt64, DataType::Int64, DataType::Int64),
            (map(DataType::Int32), map(DataType::Int64), map(DataType::Int64)),
            (DataType::FixedSizeBinary(4), DataType::BinaryView, DataType::BinaryView),
            (DataType::Utf8, DataType::Utf8View, DataType::Utf8View),
            (DataType::Date32, DataType::Date64, DataType::Date32),
            (
                DataType::LargeList(of(DataType::Int32)),
                DataType::List(of(DataType::Int64)),
                DataType::List(of(DataType::Int64)),
            ),
        ] {
            assert_eq!(united(&one, &other), expected);
        }
        let choice = united(&decimal(10, 2), &DataType::Utf8View);
        let wider = united(&choice, &decimal(12, 4));
        assert_eq!(members(&wider).unwrap()[0].data_type(), &decimal(12, 4));
    }

    #[test]
    fn unions_are_choices() {
        let fields = UnionFields::try_new(
            [0, 1],
            [Field::new("a", DataType::Float64, true), Field::new("b", DataType::Utf8, true)],
        )
        .unwrap();
        let numbers: ArrayRef = Arc::new(datafusion::arrow::array::Float64Array::from(vec![1.5, 2.5]));
        let words: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let ids = ScalarBuffer::from(vec![0i8, 1, 0]);
        let offsets = ScalarBuffer::from(vec![0i32, 0, 1]);
        let union = UnionArray::try_new(fields.clone(), ids, Some(offsets), vec![numbers, words]).unwrap();
        let made = of_union(&union, &fields, UnionMode::Dense).unwrap();
        let numbers = cast_array(&made, &DataType::Float64).unwrap();
        assert_eq!(
            numbers.as_primitive::<Float64Type>().iter().collect::<Vec<_>>(),
            [Some(1.5), None, Some(2.5)]
        );
    }
}
