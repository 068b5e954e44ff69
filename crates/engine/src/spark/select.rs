use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, LateralView, ObjectName, Query,
    Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor, TableWithJoins,
    WildcardAdditionalOptions,
};

use super::rewrite::call;

/// Rewrites what is about a whole SELECT: rows made of arrays, and the names of columns without one.
///
/// # Errors
/// What the engine does not have, in Spark's words.
pub(super) fn rewrite(select: &mut Select) -> Result<(), String> {
    for view in std::mem::take(&mut select.lateral_views) {
        lateral_view(select, view)?;
    }
    let mut items = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        match item {
            SelectItem::UnnamedExpr(expr) => match generator(&expr) {
                Some(made) => items.extend(generated(&made, &[])?),
                None => items.push(match name_of(&expr) {
                    Some(name) => SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', name) },
                    None => SelectItem::UnnamedExpr(expr),
                }),
            },
            SelectItem::ExprWithAlias { expr, alias } => match generator(&expr) {
                Some(made) => items.extend(generated(&made, &[alias])?),
                None => items.push(SelectItem::ExprWithAlias { expr, alias }),
            },
            other => items.push(other),
        }
    }
    select.projection = items;
    Ok(())
}

/// Spark's name for an expression without one; nothing if the planner gives the same.
fn name_of(expr: &Expr) -> Option<String> {
    Some(match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Wildcard(_) => return None,
        Expr::Cast { expr, .. } => match expr.as_ref() {
            Expr::Identifier(ident) => ident.value.clone(),
            Expr::CompoundIdentifier(parts) => parts.last()?.value.clone(),
            _ => plain(&expr.to_string()),
        },
        Expr::Nested(inner) => return name_of(inner).or_else(|| Some(inner.to_string())),
        Expr::BinaryOp { .. } => format!("({})", plain(&expr.to_string())),
        Expr::Function(function) => {
            let text = expr.to_string();
            let name = function.name.to_string();
            let rest = text.strip_prefix(name.as_str()).unwrap_or(&text);
            let rest = if rest == "(*)" { "(1)" } else { rest };
            plain(&format!("{}{rest}", name.to_ascii_lowercase()))
        }
        other => plain(&other.to_string()),
    })
}

fn plain(text: &str) -> String {
    text.replace(['`', '\''], "")
}

/// A function that makes several rows of one.
struct Generator {
    value: Expr,
    position: bool,
    outer: bool,
    fields: bool,
}

fn generator(expr: &Expr) -> Option<Generator> {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else {
        return None;
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = list.args.as_slice() else { return None };
    let name = name.to_string().to_ascii_lowercase();
    let (base, outer) = match name.strip_suffix("_outer") {
        Some(base) => (base, true),
        None => (name.as_str(), false),
    };
    let (position, fields) = match base {
        "explode" => (false, false),
        "posexplode" => (true, false),
        "inline" => (false, true),
        _ => return None,
    };
    Some(Generator { value: value.clone(), position, outer, fields })
}

/// The columns that a generator makes.
fn generated(made: &Generator, names: &[Ident]) -> Result<Vec<SelectItem>, String> {
    if made.fields {
        return Err("inline".to_owned());
    }
    let value = if made.outer { call("spark_outer", vec![made.value.clone()]) } else { made.value.clone() };
    let named = |expr: Expr, name: Ident| SelectItem::ExprWithAlias { expr, alias: name };
    let unnest = |expr: Expr| call("unnest", vec![expr]);
    let names = match (made.position, names) {
        (false, []) => vec![Ident::new("col")],
        (true, []) => vec![Ident::new("pos"), Ident::new("col")],
        (_, names) => names.to_vec(),
    };
    match (made.position, names.as_slice()) {
        (false, [name]) => Ok(vec![named(unnest(call("spark_elements", vec![value])), name.clone())]),
        (false, [key, entry]) => Ok(vec![
            named(unnest(call("map_keys", vec![value.clone()])), key.clone()),
            named(unnest(call("map_values", vec![value])), entry.clone()),
        ]),
        (true, [position, name]) => Ok(vec![
            named(unnest(call("glue_places", vec![value.clone()])), position.clone()),
            named(unnest(call("spark_elements", vec![value])), name.clone()),
        ]),
        (_, names) => Err(format!("explode into {} columns", names.len())),
    }
}

/// `FROM t LATERAL VIEW explode(x) v AS c` becomes a query of t's columns and the elements.
fn lateral_view(select: &mut Select, view: LateralView) -> Result<(), String> {
    let [TableWithJoins { relation, joins }] = select.from.as_mut_slice() else {
        return Err("LATERAL VIEW over several tables".to_owned());
    };
    if !joins.is_empty() {
        return Err("LATERAL VIEW over a join: join in a subquery first".to_owned());
    }
    let alias = match &*relation {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            alias.name.clone()
        }
        TableFactor::Table { name, .. } => Ident::with_quote('`', plain(&name.to_string())),
        _ => return Err("LATERAL VIEW over such a source".to_owned()),
    };
    let Some(mut made) = generator(&view.lateral_view) else {
        return Err(format!("LATERAL VIEW {}", view.lateral_view));
    };
    made.outer |= view.outer;
    let all = SelectItem::QualifiedWildcard(
        SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![alias.clone()])),
        WildcardAdditionalOptions::default(),
    );
    let mut inner = Select { projection: vec![all], ..bare(select) };
    inner.projection.extend(generated(&made, &view.lateral_col_alias)?);
    inner.from = std::mem::take(&mut select.from);
    let alias = TableAlias { explicit: true, name: alias, columns: vec![] };
    let relation = TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query(SetExpr::Select(Box::new(inner)))),
        alias: Some(alias.clone()),
        sample: None,
    };
    select.from = vec![TableWithJoins { relation, joins: vec![] }];
    requalify(select, &view.lateral_view_name, &alias.name);
    Ok(())
}

/// A SELECT that does nothing yet.
fn bare(like: &Select) -> Select {
    Select {
        distinct: None,
        top: None,
        projection: vec![],
        into: None,
        from: vec![],
        lateral_views: vec![],
        prewhere: None,
        selection: None,
        connect_by: vec![],
        group_by: datafusion::sql::sqlparser::ast::GroupByExpr::Expressions(vec![], vec![]),
        cluster_by: vec![],
        distribute_by: vec![],
        sort_by: vec![],
        having: None,
        named_window: vec![],
        qualify: None,
        ..like.clone()
    }
}

fn query(body: SetExpr) -> Query {
    Query {
        with: None,
        body: Box::new(body),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: vec![],
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: vec![],
    }
}

/// References to the view's own name become references to the table that has its columns now.
fn requalify(select: &mut Select, view: &ObjectName, table: &Ident) {
    use std::ops::ControlFlow;

    use datafusion::sql::sqlparser::ast::visit_expressions_mut;
    let view = view.to_string();
    let _: ControlFlow<()> = visit_expressions_mut(select, |expr| {
        if let Expr::CompoundIdentifier(parts) = expr
            && let Some(first) = parts.first_mut()
            && first.value.eq_ignore_ascii_case(view.trim_matches('`'))
        {
            *first = table.clone();
        }
        ControlFlow::Continue(())
    });
}
