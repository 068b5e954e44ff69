use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::catalog::MemoryCatalogProviderList;
use datafusion::common::{DataFusionError, TableReference};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{Query, SelectItem, SetExpr, TableFactor, Visit, VisitMut, Visitor};

use super::fields::exact;
use super::wrong;
use crate::cast::glue_cast;
use crate::plan::SqlQuery;
use crate::spark::{Rewrite, SparkDialect, with_functions};
use crate::types::arrow_type;

/// SparkSQL: runs the query over the inputs under their aliases.
pub(super) async fn apply(
    context: &SessionContext,
    ids: &[String],
    inputs: Vec<DataFrame>,
    query: &SqlQuery,
) -> Result<DataFrame, DataFusionError> {
    // Aliases of one query must not be seen by the next: each has its own catalog.
    let mut state = SessionStateBuilder::new_from_existing(context.state())
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
        .with_default_features();
    state = with_functions(state);
    if let Some(config) = state.config() {
        config.options_mut().catalog.create_default_catalog_and_schema = true;
        // Nothing is the least of all, as in Spark.
        "nulls_min".clone_into(&mut config.options_mut().sql_parser.default_null_ordering);
    }
    let own = SessionContext::new_with_state(state.build());
    let mut known = BTreeSet::new();
    for (id, frame) in ids.iter().zip(inputs) {
        all_names(frame.schema().inner().fields(), &mut known);
        let aliases: Vec<&String> =
            query.aliases.iter().filter(|(from, _)| from == id).map(|(_, alias)| alias).collect();
        if aliases.is_empty() {
            return Err(wrong(format!("its input `{id}` has no SQL alias")));
        }
        for alias in aliases {
            known.insert(alias.clone());
            own.register_table(TableReference::bare(alias.as_str()), frame.clone().into_view())?;
        }
    }
    let text = query.query.trim().trim_end_matches(';');
    let state = own.state();
    let mut statements =
        DFParserBuilder::new(text).with_dialect(&SparkDialect).build()?.parse_statements()?;
    let (Some(mut statement), None) = (statements.pop_front(), statements.pop_front()) else {
        return Err(wrong("the query is not one statement"));
    };
    let Statement::Statement(inner) = &mut statement else {
        return Err(wrong("the query is not a SELECT"));
    };
    let _: ControlFlow<()> = Visit::visit(inner.as_ref(), &mut Aliases(&mut known));
    let mut rewrite = Rewrite { known, missing: None };
    let _: ControlFlow<()> = VisitMut::visit(inner.as_mut(), &mut rewrite);
    if let Some(what) = rewrite.missing {
        return Err(wrong(format!("the query: {what} is not supported")));
    }
    let plan = state.statement_to_plan(statement).await.map_err(said)?;
    if matches!(
        plan,
        LogicalPlan::Ddl(_) | LogicalPlan::Dml(_) | LogicalPlan::Copy(_) | LogicalPlan::Statement(_)
    ) {
        return Err(wrong("the query is not a SELECT"));
    }
    let frame = own.execute_logical_plan(plan).await?;
    let frame = unqualified(frame)?;
    match &query.schema {
        Some(schema) => declared(frame, schema),
        None => Ok(frame),
    }
}

fn unqualified(frame: DataFrame) -> Result<DataFrame, DataFusionError> {
    let mut seen = BTreeSet::new();
    let out: Vec<Expr> = frame
        .schema()
        .columns()
        .into_iter()
        .map(|column| {
            let name = column.name.clone();
            if seen.insert(name.clone()) {
                Ok(Expr::Column(column).alias(name))
            } else {
                Err(wrong(format!("the query's answer has two columns `{name}`: give one an alias")))
            }
        })
        .collect::<Result<_, _>>()?;
    frame.select(out)
}

/// Columns that the author declared take their declared types; the others stay.
fn declared(frame: DataFrame, schema: &[(String, String)]) -> Result<DataFrame, DataFusionError> {
    let out: Vec<Expr> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let name = field.name();
            match schema.iter().find(|(declared, _)| declared.eq_ignore_ascii_case(name)) {
                None => Ok(exact(name)),
                Some((_, of)) => {
                    let to = arrow_type(of).map_err(wrong)?;
                    let same = to == *field.data_type();
                    Ok(if same { exact(name) } else { glue_cast(exact(name), &to).alias(name) })
                }
            }
        })
        .collect::<Result<_, DataFusionError>>()?;
    frame.select(out)
}

/// The names of columns and of the fields in them.
fn all_names(fields: &Fields, known: &mut BTreeSet<String>) {
    for field in fields {
        known.insert(field.name().clone());
        let mut of = field.data_type();
        while let DataType::List(element) = of {
            of = element.data_type();
        }
        if let DataType::Struct(fields) = of {
            all_names(fields, known);
        }
    }
}

/// The names that a query itself gives: of columns, tables and subqueries.
struct Aliases<'a>(&'a mut BTreeSet<String>);

impl Visitor for Aliases<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.0.extend(with.cte_tables.iter().map(|table| table.alias.name.value.clone()));
        }
        let mut open = vec![query.body.as_ref()];
        while let Some(body) = open.pop() {
            match body {
                SetExpr::Select(select) => {
                    for item in &select.projection {
                        if let SelectItem::ExprWithAlias { alias, .. } = item {
                            self.0.insert(alias.value.clone());
                        }
                    }
                    for view in &select.lateral_views {
                        self.0.extend(view.lateral_col_alias.iter().map(|alias| alias.value.clone()));
                    }
                }
                SetExpr::SetOperation { left, right, .. } => open.extend([left.as_ref(), right.as_ref()]),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. } = factor
        {
            self.0.insert(alias.name.value.clone());
        }
        ControlFlow::Continue(())
    }
}

/// What the planner says, in Spark's words where it names what is missing.
fn said(error: DataFusionError) -> DataFusionError {
    let text = error.strip_backtrace();
    if let Some((_, rest)) = text.split_once("Invalid function '")
        && let Some((name, _)) = rest.split_once('\'')
    {
        return wrong(format!("the SQL function `{}` is not supported", name.trim_start_matches("spark_")));
    }
    match error {
        DataFusionError::NotImplemented(what) => wrong(format!("the query: {what} is not supported")),
        error => error,
    }
}
