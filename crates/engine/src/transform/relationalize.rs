use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DataFusionError, Result, UnnestOptions};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, lit, when,
};
use datafusion::prelude::{DataFrame, SessionContext};

use super::fields::exact;
use crate::share::share;

/// The number of a row while its arrays are taken out.
const ROW: &str = "__row";
/// The position of an element while it is taken out.
const AT: &str = "__at";

/// Relationalize: tables without nested values (AWS Glue developer guide: "Relationalize class"). Fields of structs
/// become columns, their names joined with dots. An array becomes a number in its row, and a table of its own with
/// the elements by that number (`id`) and their place (`index`). Each table comes with its name, the root first.
///
/// All tables are made from one pass over the rows.
///
/// # Errors
/// If two columns would have the same name.
pub(super) fn apply(
    context: &SessionContext,
    node: &str,
    frame: DataFrame,
    root: &str,
) -> Result<Vec<(String, DataFrame)>> {
    let columns = frame.schema().fields().iter();
    let columns: Vec<Leaf> = columns
        .map(|field| Leaf {
            name: field.name().clone(),
            value: exact(field.name()),
            of: field.data_type().clone(),
        })
        .collect();
    let mut tables = Vec::new();
    take_apart(context, node, frame, columns, Vec::new(), root, "_", &mut tables)?;
    Ok(tables)
}

/// Fields of structs as columns, down to so many levels: `address.city`.
pub(super) fn flattened(frame: &DataFrame, joint: &str, levels: usize) -> Vec<(String, Expr)> {
    fn flatten(
        name: String,
        value: Expr,
        of: &DataType,
        joint: &str,
        levels: usize,
        out: &mut Vec<(String, Expr)>,
    ) {
        match of {
            DataType::Struct(fields) if levels > 0 => {
                for field in fields {
                    let inner = value.clone().field(field.name().as_str());
                    flatten(
                        format!("{name}{joint}{}", field.name()),
                        inner,
                        field.data_type(),
                        joint,
                        levels - 1,
                        out,
                    );
                }
            }
            _ => out.push((name, value)),
        }
    }
    let mut out = Vec::new();
    for field in frame.schema().fields() {
        flatten(field.name().clone(), exact(field.name()), field.data_type(), joint, levels, &mut out);
    }
    out
}

struct Leaf {
    name: String,
    value: Expr,
    of: DataType,
}

impl Leaf {
    fn flatten(self, out: &mut Vec<Self>) {
        let DataType::Struct(fields) = &self.of else { return out.push(self) };
        for field in fields {
            let leaf = Self {
                name: format!("{}.{}", self.name, field.name()),
                value: self.value.clone().field(field.name().as_str()),
                of: field.data_type().clone(),
            };
            leaf.flatten(out);
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one step of one recursion; a struct would only name them again"
)]
fn take_apart(
    context: &SessionContext,
    node: &str,
    frame: DataFrame,
    columns: Vec<Leaf>,
    mut own: Vec<Expr>,
    table: &str,
    joint: &str,
    tables: &mut Vec<(String, DataFrame)>,
) -> Result<()> {
    let mut leaves = Vec::new();
    columns.into_iter().for_each(|column| column.flatten(&mut leaves));
    let arrays: Vec<(String, DataType)> = leaves
        .iter()
        .filter(|leaf| element(&leaf.of).is_some())
        .map(|leaf| (leaf.name.clone(), leaf.of.clone()))
        .collect();
    if arrays.is_empty() {
        own.extend(leaves.into_iter().map(|leaf| leaf.value.alias(leaf.name)));
        tables.push((table.to_owned(), frame.select(own)?));
        return Ok(());
    }
    let mut numbered = own.clone();
    // As on AWS, 1 is the first.
    numbered.push((row_number() + lit(1i64)).alias(ROW));
    numbered.extend(leaves.iter().map(|leaf| leaf.value.clone().alias(&leaf.name)));
    let numbered = share(context, node, frame.select(numbered)?)?;
    let mut flat: Vec<Expr> = own.into_iter().map(named).collect();
    for leaf in leaves {
        let value = exact(&leaf.name);
        flat.push(if element(&leaf.of).is_some() {
            when(value.is_not_null(), exact(ROW)).end()?.alias(leaf.name)
        } else {
            value
        });
    }
    tables.push((table.to_owned(), numbered.clone().select(flat)?));
    for (name, of) in arrays {
        let Some(element) = element(&of) else { continue };
        let value = format!("{name}.val");
        let elements = numbered.clone().select(vec![
            exact(ROW).alias("id"),
            places().call(vec![exact(&name)]).alias(AT),
            as_list(exact(&name), &of).alias(&value),
        ])?;
        let unnested = unnest(context, elements, &[AT, &value])?;
        let own = vec![exact("id"), exact(AT).alias("index")];
        let leaf = Leaf { name: value.clone(), value: exact(&value), of: element };
        take_apart(context, node, unnested, vec![leaf], own, &format!("{table}{joint}{name}"), ".", tables)?;
    }
    Ok(())
}

/// A column by the name that the expression gave it.
fn named(expr: Expr) -> Expr {
    match expr {
        Expr::Alias(alias) => exact(&alias.name),
        expr => expr,
    }
}

/// The type of the elements, if values of the type have some.
fn element(of: &DataType) -> Option<DataType> {
    match of {
        DataType::List(field) | DataType::Map(field, _) => Some(field.data_type().clone()),
        _ => None,
    }
}

/// A map as the list of its entries.
fn as_list(value: Expr, of: &DataType) -> Expr {
    if matches!(of, DataType::Map(..)) { entries().call(vec![value]) } else { value }
}

/// One row for each element of the lists in `columns`, which are taken out side by side.
///
/// # Errors
/// If a column holds no lists.
pub(super) fn unnest(context: &SessionContext, frame: DataFrame, columns: &[&str]) -> Result<DataFrame> {
    let options = UnnestOptions::new().with_preserve_nulls(false);
    let columns = columns.iter().map(|name| Column::new_unqualified(*name)).collect();
    let plan = LogicalPlanBuilder::from(frame.logical_plan().clone())
        .unnest_columns_with_options(columns, options)?
        .build()?;
    Ok(DataFrame::new(context.state(), plan))
}

/// A number that no other row has.
pub(super) fn row_number() -> Expr {
    let next = Arc::new(AtomicI64::new(0));
    ScalarUDF::new_from_impl(RowNumber { signature: Signature::nullary(Volatility::Volatile), next })
        .call(vec![])
}

#[derive(Debug)]
struct RowNumber {
    signature: Signature,
    next: Arc<AtomicI64>,
}

impl PartialEq for RowNumber {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.next, &other.next)
    }
}

impl Eq for RowNumber {}

impl Hash for RowNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.next).hash(state);
    }
}

impl ScalarUDFImpl for RowNumber {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn name(&self) -> &'static str {
        "glue_row_number"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let count = i64::try_from(args.number_rows)
            .map_err(|_| DataFusionError::Execution("a batch has too many rows".to_owned()))?;
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let numbers: Int64Array = (first..first + count).collect();
        Ok(ColumnarValue::Array(Arc::new(numbers)))
    }
}

/// Of each list the places of its elements, counted from 0.
pub(crate) fn places() -> ScalarUDF {
    list_function(
        "glue_places",
        |_| DataType::Int32,
        |lists| {
            let numbers = lists.offsets().windows(2).flat_map(|ends| match ends {
                [from, to] => 0..to - from,
                _ => 0..0,
            });
            let skipped = lists.offsets().first().copied().unwrap_or_default();
            let numbers: Int32Array =
                std::iter::repeat_n(0, usize::try_from(skipped).unwrap_or(0)).chain(numbers).collect();
            Arc::new(numbers)
        },
    )
}

/// Of each map the list of its entries.
pub(super) fn entries() -> ScalarUDF {
    list_function("glue_entries", Clone::clone, |lists| Arc::clone(lists.values()))
}

fn list_function(
    name: &'static str,
    element: fn(&DataType) -> DataType,
    values: fn(&ListArray) -> ArrayRef,
) -> ScalarUDF {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(ListFunction { name, signature, element, values })
}

#[derive(Debug)]
struct ListFunction {
    name: &'static str,
    signature: Signature,
    element: fn(&DataType) -> DataType,
    values: fn(&ListArray) -> ArrayRef,
}

impl PartialEq for ListFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ListFunction {}

impl Hash for ListFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for ListFunction {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let of = arguments.first().and_then(element);
        let of = of.ok_or_else(|| DataFusionError::Plan(format!("{} needs a list", self.name)))?;
        Ok(DataType::List(Arc::new(Field::new_list_field((self.element)(&of), true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let array =
            arrays.first().ok_or_else(|| DataFusionError::Internal(format!("{} needs a list", self.name)))?;
        let lists = match array.data_type() {
            DataType::Map(entries, _) => {
                let map = array.as_map();
                let values: ArrayRef = Arc::new(map.entries().clone());
                ListArray::try_new(Arc::clone(entries), map.offsets().clone(), values, map.nulls().cloned())?
            }
            _ => array.as_list::<i32>().clone(),
        };
        let values = (self.values)(&lists);
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let out = ListArray::try_new(field, lists.offsets().clone(), values, lists.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(out)))
    }
}
