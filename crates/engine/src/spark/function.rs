use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::cast::cast_array;

/// The type of an answer, from the types of the arguments and the text of those that are constant.
pub(super) type Typed = fn(&[DataType], &[Option<String>]) -> Result<DataType>;
/// An answer, from the arguments and the type that was promised.
pub(super) type Evaluated = fn(&[ArrayRef], &DataType) -> Result<ArrayRef>;

/// A function over whole arrays that are all of one length.
pub(super) struct Definition {
    /// Its name.
    pub(super) name: &'static str,
    /// How many arguments it takes.
    pub(super) arguments: std::ops::RangeInclusive<usize>,
    /// The type of its answer.
    pub(super) typed: Typed,
    /// Its answer.
    pub(super) evaluated: Evaluated,
}

impl Definition {
    /// The function as the planner knows it.
    pub(super) fn udf(self) -> ScalarUDF {
        let signature = if *self.arguments.end() == 0 {
            Signature::nullary(Volatility::Immutable)
        } else {
            Signature::variadic_any(Volatility::Immutable)
        };
        ScalarUDF::new_from_impl(Defined { signature, definition: self })
    }
}

struct Defined {
    signature: Signature,
    definition: Definition,
}

impl std::fmt::Debug for Defined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Defined").field("name", &self.definition.name).finish_non_exhaustive()
    }
}

impl PartialEq for Defined {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for Defined {}

impl Hash for Defined {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl ScalarUDFImpl for Defined {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        (self.definition.typed)(arguments, &vec![None; arguments.len()])
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let wanted = &self.definition.arguments;
        if !wanted.contains(&types.len()) {
            let name = self.definition.name.trim_start_matches("spark_");
            return Err(DataFusionError::Plan(format!("`{name}` does not take {} arguments", types.len())));
        }
        let constants: Vec<Option<String>> = args
            .scalar_arguments
            .iter()
            .map(|value| value.and_then(|value| value.try_as_str().flatten().map(str::to_owned)))
            .collect();
        Ok(Arc::new(Field::new(self.name(), (self.definition.typed)(&types, &constants)?, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays =
            args.args.iter().map(|value| value.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        (self.definition.evaluated)(&arrays, args.return_field.data_type()).map(ColumnarValue::Array)
    }
}

/// The argument with this number.
pub(super) fn argument(arrays: &[ArrayRef], at: usize) -> Result<&ArrayRef> {
    arrays.get(at).ok_or_else(|| DataFusionError::Internal(format!("argument {at} is missing")))
}

/// An argument as text.
pub(super) fn texts(arrays: &[ArrayRef], at: usize) -> Result<StringViewArray> {
    let text = cast_array(argument(arrays, at)?, &DataType::Utf8View)?;
    Ok(text.as_string_view().clone())
}

/// An argument as whole numbers.
pub(super) fn whole(arrays: &[ArrayRef], at: usize) -> Result<Vec<Option<i64>>> {
    use datafusion::arrow::array::types::Int64Type;
    let array = cast_array(argument(arrays, at)?, &DataType::Int64)?;
    Ok(array.as_primitive::<Int64Type>().iter().collect())
}

/// Text from text, row by row.
pub(super) fn map_text<T>(
    values: &StringViewArray,
    answer: impl Fn(usize, &str) -> Result<Option<T>>,
) -> Result<Vec<Option<T>>> {
    values
        .iter()
        .enumerate()
        .map(|(row, value)| match value {
            Some(value) => answer(row, value),
            None => Ok(None),
        })
        .collect()
}

/// Whether the row of any argument is null.
pub(super) fn any_null(arrays: &[ArrayRef], row: usize) -> bool {
    arrays.iter().any(|array| array.is_null(row))
}

/// Always this type.
pub(super) fn always_text(_: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    Ok(DataType::Utf8View)
}

/// Always a truth value.
pub(super) fn always_bool(_: &[DataType], _: &[Option<String>]) -> Result<DataType> {
    Ok(DataType::Boolean)
}
