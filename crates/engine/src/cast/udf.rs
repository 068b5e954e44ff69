use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::cast_array;

/// `expr` as a value of type `to` by Glue's rules.
pub(crate) fn glue_cast(expr: Expr, to: &DataType) -> Expr {
    call(expr, Work::Cast(to.clone()))
}

/// `expr`, a struct or an array of structs, with its fields picked, renamed and cast.
pub(crate) fn reshape(expr: Expr, fields: Vec<Reshape>) -> Expr {
    call(expr, Work::Reshape(fields))
}

fn call(expr: Expr, work: Work) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(GlueFunction { signature, work }).call(vec![expr])
}

/// What becomes of one field of a struct.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reshape {
    /// The field read, by its path inside the struct.
    pub(crate) from: Vec<String>,
    /// Its new name.
    pub(crate) to: String,
    /// Its new type.
    pub(crate) cast: Option<DataType>,
    /// The fields inside it, if it is taken apart in turn.
    pub(crate) children: Vec<Reshape>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GlueFunction {
    signature: Signature,
    work: Work,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Work {
    Cast(DataType),
    Reshape(Vec<Reshape>),
}

impl ScalarUDFImpl for GlueFunction {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn name(&self) -> &str {
        match self.work {
            Work::Cast(_) => "glue_cast",
            Work::Reshape(_) => "glue_reshape",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match &self.work {
            Work::Cast(to) => Ok(to.clone()),
            Work::Reshape(fields) => {
                let from = arguments.first().unwrap_or(&DataType::Null);
                reshaped_type(from, fields).map_err(DataFusionError::from)
            }
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let array = arrays
            .first()
            .ok_or_else(|| DataFusionError::Internal("a cast was called without its value".to_owned()))?;
        let out = match &self.work {
            Work::Cast(to) => cast_array(array, to)?,
            Work::Reshape(fields) => reshaped(array, fields)?,
        };
        Ok(ColumnarValue::Array(out))
    }
}

fn no_fields(from: &DataType) -> ArrowError {
    ArrowError::SchemaError(format!("a value of type `{from}` has no fields to map"))
}

fn child_type<'a>(from: &'a DataType, path: &[String]) -> Result<&'a DataType, ArrowError> {
    path.iter().try_fold(from, |from, name| match from {
        DataType::Struct(fields) => fields
            .find(name)
            .map(|(_, field)| field.data_type())
            .ok_or_else(|| ArrowError::SchemaError(format!("there is no field `{name}`"))),
        other => Err(no_fields(other)),
    })
}

fn reshaped_type(from: &DataType, plan: &[Reshape]) -> Result<DataType, ArrowError> {
    match from {
        DataType::Struct(_) => {
            let fields = plan
                .iter()
                .map(|step| {
                    let found = child_type(from, &step.from)?;
                    let to = match (&step.cast, step.children.as_slice()) {
                        (_, children @ [_, ..]) => reshaped_type(found, children)?,
                        (Some(to), []) => to.clone(),
                        (None, []) => found.clone(),
                    };
                    Ok(Field::new(&step.to, to, true))
                })
                .collect::<Result<Fields, ArrowError>>()?;
            Ok(DataType::Struct(fields))
        }
        DataType::List(element) => {
            let element = reshaped_type(element.data_type(), plan)?;
            Ok(DataType::List(Arc::new(Field::new_list_field(element, true))))
        }
        other => Err(no_fields(other)),
    }
}

fn reshaped(array: &ArrayRef, plan: &[Reshape]) -> Result<ArrayRef, ArrowError> {
    let to = reshaped_type(array.data_type(), plan)?;
    match (array.data_type(), &to) {
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let columns = plan
                .iter()
                .zip(fields)
                .map(|(step, field)| {
                    let found = child(array, &step.from)?;
                    if step.children.is_empty() {
                        cast_array(&found, field.data_type())
                    } else {
                        reshaped(&found, &step.children)
                    }
                })
                .collect::<Result<Vec<_>, _>>()?;
            let nulls = array.nulls().cloned();
            Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, array.len())?))
        }
        (DataType::List(_), DataType::List(field)) => {
            let lists = array.as_list::<i32>();
            let values = reshaped(lists.values(), plan)?;
            let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?))
        }
        (other, _) => Err(no_fields(other)),
    }
}

fn child(array: &ArrayRef, path: &[String]) -> Result<ArrayRef, ArrowError> {
    path.iter().try_fold(Arc::clone(array), |array, name| {
        let structs = array.as_struct_opt().ok_or_else(|| no_fields(array.data_type()))?;
        structs
            .column_by_name(name)
            .cloned()
            .ok_or_else(|| ArrowError::SchemaError(format!("there is no field `{name}`")))
    })
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::types::Int64Type;
    use datafusion::arrow::array::{Int32Array, StringArray};
    use datafusion::arrow::buffer::OffsetBuffer;

    use super::*;

    #[test]
    fn structs_in_arrays_are_mapped() {
        let fields = Fields::from(vec![
            Field::new("sku", DataType::Utf8, true),
            Field::new("n", DataType::Utf8, true),
        ]);
        let structs = StructArray::new(
            fields.clone(),
            vec![Arc::new(StringArray::from(vec!["a", "b"])), Arc::new(StringArray::from(vec!["1", "x"]))],
            None,
        );
        let field = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
        let lists: ArrayRef =
            Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([2]), Arc::new(structs), None));
        let plan = [Reshape {
            from: vec!["n".to_owned()],
            to: "count".to_owned(),
            cast: Some(DataType::Int64),
            children: vec![],
        }];
        let out = reshaped(&lists, &plan).unwrap();
        let values = out.as_list::<i32>().values().clone();
        let counts = values.as_struct().column_by_name("count").unwrap().clone();
        assert_eq!(counts.as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(1), None]);
    }

    #[test]
    fn a_number_has_no_fields() {
        let array: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        assert!(reshaped(&array, &[]).unwrap_err().to_string().contains("no fields"));
    }
}
