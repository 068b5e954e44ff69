//! Rows that are merged into a table ("MERGE INTO" in Iceberg's documentation for Spark).

use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::array::types::Int64Type;
use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::compute::is_null;
use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DataFusionError, JoinType, Result};
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, lit,
};
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;

use crate::error::NodeError;
use crate::transform::exact;

/// How many rows that are merged have the same keys.
const ROWS: &str = "__mastic_rows";

/// A merge of a frame's rows into those that are there.
pub(super) struct Merge<'a> {
    /// The target's name.
    pub(super) node: &'a str,
    /// The table, for people.
    pub(super) table: &'a str,
    /// The rows that are there.
    pub(super) present: &'a Arc<dyn TableProvider>,
    /// The columns by which rows are the same.
    pub(super) keys: &'a [String],
    /// The table's columns that come in, each with the frame's.
    pub(super) columns: Vec<(&'a str, &'a str)>,
}

impl Merge<'_> {
    /// All rows of the table as it will be: those of the frame, and those that are there and have keys of none of them.
    /// It fails where several rows of the frame have the keys of one that is there.
    ///
    /// # Errors
    /// The planner's.
    pub(super) fn of(&self, frame: DataFrame) -> Result<DataFrame> {
        let (state, plan) = frame.into_parts();
        let named = self.columns.iter().map(|(name, column)| exact(column).alias(*name));
        let incoming = LogicalPlanBuilder::from(plan).project(named)?.alias("incoming")?.build()?;
        let stay = self.stay(&incoming)?;
        let new = self.columns.iter().map(|(name, _)| qualified("incoming", name).alias(*name));
        let new = LogicalPlanBuilder::from(incoming).project(new)?.build()?;
        Ok(DataFrame::new(state, LogicalPlanBuilder::from(stay).union(new)?.build()?))
    }

    fn stay(&self, incoming: &LogicalPlan) -> Result<LogicalPlan> {
        let mut keys: Vec<&str> = self.keys.iter().map(|key| self.named(key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let by = keys.iter().map(|key| qualified("incoming", key));
        let counted = LogicalPlanBuilder::from(incoming.clone())
            .aggregate(by, [count(lit(1)).alias(ROWS)])?
            .alias("counted")?;
        let source = provider_as_source(Arc::clone(self.present));
        let present = LogicalPlanBuilder::scan("present", source, None)?.build()?;
        let on = keys.iter().map(|key| qualified("present", key).eq(qualified("counted", key)));
        let mut arguments = vec![qualified("counted", ROWS)];
        arguments.extend(keys.iter().map(|key| qualified("present", key)));
        let stays = ScalarUDF::new_from_impl(Stays {
            signature: Signature::variadic_any(Volatility::Volatile),
            node: self.node.to_owned(),
            table: self.table.to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        });
        let there = self.present.schema();
        let kept = self.columns.iter().map(|(name, _)| match there.field_with_name(name) {
            Ok(_) => qualified("present", name).alias(*name),
            Err(_) => {
                let of = incoming.schema().field_with_unqualified_name(name).map(|f| f.data_type().clone());
                let null = of.ok().and_then(|of| ScalarValue::try_from(&of).ok());
                lit(null.unwrap_or(ScalarValue::Null)).alias(*name)
            }
        });
        // The side that is held in memory comes first.
        counted.join_on(present, JoinType::Right, on)?.filter(stays.call(arguments))?.project(kept)?.build()
    }

    /// A key as the table names it.
    fn named<'k>(&'k self, key: &'k str) -> &'k str {
        let named = self.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        named.map_or(key, |(name, _)| name)
    }
}

fn qualified(relation: &str, name: &str) -> Expr {
    Expr::Column(Column::new(Some(relation), name))
}

/// Whether a row stays, by the number of those that are merged and have its keys, and by its keys.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Stays {
    signature: Signature,
    node: String,
    table: String,
    keys: Vec<String>,
}

impl Stays {
    fn several(&self, rows: i64, at: usize, values: &[ArrayRef]) -> DataFusionError {
        let told = self.keys.iter().zip(values).map(|(key, values)| {
            let value = ScalarValue::try_from_array(values, at).map(|value| value.to_string());
            format!("`{key}` = {}", value.unwrap_or_default())
        });
        let told = told.collect::<Vec<_>>().join(", ");
        let text = format!(
            "table `{}`: {rows} of the rows to merge have {told}, as a row of the table has: one at most may",
            self.table
        );
        NodeError::new(&self.node, text).into()
    }
}

impl ScalarUDFImpl for Stays {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn name(&self) -> &'static str {
        "stays"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some((rows, keys)) = arrays.split_first() else {
            return Err(DataFusionError::Internal("a merge is without its counts".to_owned()));
        };
        let counts = rows.as_primitive::<Int64Type>();
        let several =
            counts.iter().enumerate().find_map(|(at, rows)| Some((at, rows.filter(|rows| *rows > 1)?)));
        if let Some((at, rows)) = several {
            return Err(self.several(rows, at, keys));
        }
        let stays: BooleanArray = is_null(rows)?;
        Ok(ColumnarValue::Array(Arc::new(stays)))
    }
}
