use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::MemoryCatalogProviderList;
use datafusion::common::{DataFusionError, TableReference};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    DateTimeField, Expr as SqlExpr, ExtractSyntax, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, ObjectName, ObjectNamePart, VisitMut, VisitorMut,
};

use super::fields::{exact, names};
use super::wrong;
use crate::cast::glue_cast;
use crate::plan::SqlQuery;
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
    if let Some(config) = state.config() {
        config.options_mut().catalog.create_default_catalog_and_schema = true;
    }
    let own = SessionContext::new_with_state(state.build());
    let mut known = BTreeSet::new();
    for (id, frame) in ids.iter().zip(inputs) {
        known.extend(names(&frame));
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
    let dialect = state.config().options().sql_parser.dialect;
    let mut statement = state.sql_to_statement(text, &dialect)?;
    let Statement::Statement(inner) = &mut statement else {
        return Err(wrong("the query is not a SELECT"));
    };
    let mut names_of = Names { known, unsupported: None };
    let _: ControlFlow<()> = inner.visit(&mut names_of);
    if let Some(function) = names_of.unsupported {
        return Err(wrong(format!("the SQL function `{function}` is not supported")));
    }
    let plan = state.statement_to_plan(statement).await?;
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

/// Finds columns and tables in any case, as Spark does, and gives Spark's functions their other names.
struct Names {
    known: BTreeSet<String>,
    unsupported: Option<String>,
}

impl Names {
    fn resolve(&self, ident: &mut Ident) {
        if !self.known.contains(&ident.value)
            && let Some(found) = self.known.iter().find(|name| name.eq_ignore_ascii_case(&ident.value))
        {
            ident.value.clone_from(found);
        }
    }
}

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        for part in &mut relation.0 {
            if let ObjectNamePart::Identifier(ident) = part {
                self.resolve(ident);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        match expr {
            SqlExpr::Identifier(ident) => self.resolve(ident),
            SqlExpr::CompoundIdentifier(parts) => parts.iter_mut().for_each(|part| self.resolve(part)),
            SqlExpr::Function(function) => {
                let name = function.name.to_string().to_ascii_lowercase();
                // These take Java's patterns in Spark: other letters than the engine's.
                if matches!(name.as_str(), "date_format" | "to_char") {
                    self.unsupported = Some(name.clone());
                }
                if let (Some(field), Some(argument)) = (date_part(&name), only_argument(function)) {
                    *expr = SqlExpr::Extract { field, syntax: ExtractSyntax::From, expr: Box::new(argument) };
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn date_part(function: &str) -> Option<DateTimeField> {
    Some(match function {
        "year" => DateTimeField::Year,
        "quarter" => DateTimeField::Quarter,
        "month" => DateTimeField::Month,
        "weekofyear" => DateTimeField::Week(None),
        "day" | "dayofmonth" => DateTimeField::Day,
        "dayofyear" => DateTimeField::DayOfYear,
        "hour" => DateTimeField::Hour,
        "minute" => DateTimeField::Minute,
        "second" => DateTimeField::Second,
        _ => return None,
    })
}

fn only_argument(function: &Function) -> Option<SqlExpr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] => Some(expr.clone()),
        _ => None,
    }
}
