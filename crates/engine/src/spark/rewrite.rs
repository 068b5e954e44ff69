//! From Spark's SQL to what the planner knows: other names, other operators, Spark's answers.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, DateTimeField, DuplicateTreatment, Expr, ExtractSyntax, Function,
    FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, ObjectNamePart, OrderByExpr, OrderByOptions, Query, SetExpr, Subscript, TableFactor,
    UnaryOperator, Value, VisitorMut,
};

use super::select;

/// Rewrites a query, its inner expressions first.
pub(crate) struct Rewrite {
    /// Names of columns, fields, tables and aliases, as they are written where they are defined.
    pub(crate) known: BTreeSet<String>,
    /// What the engine does not have, by Spark's name.
    pub(crate) missing: Option<String>,
}

impl Rewrite {
    fn resolve(&self, ident: &mut Ident) {
        if !self.known.contains(&ident.value)
            && let Some(found) = self.known.iter().find(|name| name.eq_ignore_ascii_case(&ident.value))
        {
            ident.value.clone_from(found);
        }
    }

    fn lack(&mut self, what: impl Into<String>) {
        self.missing.get_or_insert(what.into());
    }

    fn body(&mut self, body: &mut SetExpr) {
        match body {
            SetExpr::Select(select) => {
                if let Err(what) = select::rewrite(select) {
                    self.lack(what);
                }
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            _ => {}
        }
    }
}

impl VisitorMut for Rewrite {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.body(&mut query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        for part in &mut relation.0 {
            if let ObjectNamePart::Identifier(ident) = part {
                self.resolve(ident);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Pivot { .. } => self.lack("PIVOT"),
            TableFactor::Unpivot { .. } => self.lack("UNPIVOT"),
            TableFactor::Table { args: Some(_), name, .. } => self.lack(name.to_string()),
            TableFactor::Table { sample: Some(_), .. } => self.lack("TABLESAMPLE"),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(value) = expr
            && let Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) = &mut value.value
            && text.contains('\\')
        {
            *text = unescaped(text);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.resolve(ident),
            Expr::CompoundIdentifier(parts) => parts.iter_mut().for_each(|part| self.resolve(part)),
            Expr::Lambda(_) => self.lack("lambda expressions"),
            _ => {
                if let Some(other) = rewritten(expr) {
                    *expr = other;
                } else if let Expr::Function(function) = expr {
                    match of_function(function) {
                        Ok(Some(other)) => *expr = other,
                        Ok(None) => {}
                        Err(what) => self.lack(what),
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// A literal's text without its escapes (Spark: "Literals", string literals). What LIKE escapes stays for it.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('0') => out.push('\0'),
            Some(kept @ ('%' | '_')) => out.extend(['\\', kept]),
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

/// A call of a function.
pub(super) fn call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}

/// Text as a literal.
pub(super) fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.to_owned()).into())
}

fn number(value: i64) -> Expr {
    Expr::Value(Value::Number(value.to_string(), false).into())
}

fn cast(expr: Expr, to: &DataType) -> Expr {
    call("spark_cast", vec![expr, text(&type_name(to))])
}

/// A type in Hive's words.
fn type_name(of: &DataType) -> String {
    let written = of.to_string().to_ascii_lowercase();
    match written.as_str() {
        "integer" => "int".to_owned(),
        "long" => "bigint".to_owned(),
        "short" => "smallint".to_owned(),
        "byte" => "tinyint".to_owned(),
        "real" => "float".to_owned(),
        "decimal" | "dec" | "numeric" => "decimal(10,0)".to_owned(),
        "timestamp_ntz" | "timestamp_ltz" => "timestamp".to_owned(),
        "text" | "varchar" => "string".to_owned(),
        _ => written.strip_prefix("numeric").map_or(written.clone(), |rest| format!("decimal{rest}")),
    }
}

fn rewritten(expr: &mut Expr) -> Option<Expr> {
    let take = |expr: &mut Box<Expr>| std::mem::replace(expr.as_mut(), Expr::Value(Value::Null.into()));
    Some(match expr {
        Expr::BinaryOp { left, op, right } => {
            let function = match op {
                BinaryOperator::Divide => "spark_divide",
                BinaryOperator::Modulo => "spark_mod",
                BinaryOperator::MyIntegerDivide => "spark_div",
                _ => return None,
            };
            call(function, vec![take(left), take(right)])
        }
        Expr::RLike { negated, expr, pattern, .. } => {
            let found = call("rlike", vec![take(expr), take(pattern)]);
            if *negated { not(found) } else { found }
        }
        Expr::Cast { expr, data_type, .. } => cast(take(expr), data_type),
        Expr::TypedString(typed) => {
            let value = typed.value.value.clone().into_string()?;
            cast(text(&value), &typed.data_type)
        }
        Expr::Extract { field, expr, .. } => {
            let expr = call("spark_time", vec![take(expr)]);
            Expr::Extract { field: field.clone(), syntax: ExtractSyntax::From, expr: Box::new(expr) }
        }
        Expr::Ceil { expr, .. } => call("spark_ceil", vec![take(expr)]),
        Expr::Floor { expr, .. } => call("spark_floor", vec![take(expr)]),
        Expr::Position { expr, r#in } => call("strpos", vec![take(r#in), take(expr)]),
        Expr::CompoundFieldAccess { root, access_chain } => {
            let mut value = take(root);
            for access in std::mem::take(access_chain) {
                value = match access {
                    AccessExpr::Subscript(Subscript::Index { index }) => {
                        call("spark_item", vec![value, index])
                    }
                    AccessExpr::Dot(Expr::Identifier(field)) => {
                        call("get_field", vec![value, text(&field.value)])
                    }
                    other => Expr::CompoundFieldAccess { root: Box::new(value), access_chain: vec![other] },
                };
            }
            value
        }
        _ => return None,
    })
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(expr))) }
}

/// The arguments, if they are plain expressions; `*` counts as none.
fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else { return Some(vec![]) };
    list.args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect()
}

fn rename(function: &mut Function, name: &str) {
    function.name = ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]);
}

/// What stands for a call of one of Spark's functions; nothing if it may stay as it is.
fn of_function(function: &mut Function) -> Result<Option<Expr>, String> {
    let name = function.name.to_string().trim_matches('`').to_ascii_lowercase();
    if let Some(other) = other_name(&name) {
        rename(function, other);
        return Ok(None);
    }
    let Some(args) = arguments(function) else { return Ok(None) };
    if let Some(field) = date_part(&name)
        && let [time] = args.as_slice()
    {
        let expr = Box::new(call("spark_time", vec![time.clone()]));
        return Ok(Some(Expr::Extract { field, syntax: ExtractSyntax::From, expr }));
    }
    let wants = |what: &str| Err(format!("{name} with other arguments than {what}"));
    Ok(Some(match (name.as_str(), args.as_slice()) {
        (
            "string" | "bigint" | "int" | "smallint" | "tinyint" | "double" | "float" | "boolean" | "date"
            | "timestamp" | "binary",
            [value],
        ) => call("spark_cast", vec![value.clone(), text(&name)]),
        ("decimal", [value]) => call("spark_cast", vec![value.clone(), text("decimal(10,0)")]),
        ("isnull", [value]) => Expr::IsNull(Box::new(value.clone())),
        ("isnotnull", [value]) => Expr::IsNotNull(Box::new(value.clone())),
        ("date_add" | "date_sub" | "add_months", [day, count]) => {
            let count = call("spark_cast", vec![count.clone(), text("int")]);
            call(&name, vec![call("spark_date", vec![day.clone()]), count])
        }
        ("next_day" | "trunc", [day, rest]) => {
            call(&name, vec![call("spark_date", vec![day.clone()]), rest.clone()])
        }
        ("factorial", [value]) => {
            call("factorial", vec![call("spark_cast", vec![value.clone(), text("int")])])
        }
        ("last_day", [day]) => call("last_day", vec![call("spark_date", vec![day.clone()])]),
        ("datediff" | "date_diff", [end, start]) => call(
            "date_diff",
            vec![call("spark_date", vec![end.clone()]), call("spark_date", vec![start.clone()])],
        ),
        ("date_trunc", [unit, time]) => {
            call("date_trunc", vec![unit.clone(), call("spark_time", vec![time.clone()])])
        }
        ("locate" | "position", [part, whole]) => call("strpos", vec![whole.clone(), part.clone()]),
        ("locate" | "position", [..]) => return wants("two"),
        ("map", pairs) if !pairs.is_empty() && pairs.len() % 2 == 0 && !is_array(pairs) => {
            let every = |at: usize| pairs.iter().skip(at).step_by(2).cloned().collect();
            call("map", vec![call("make_array", every(0)), call("make_array", every(1))])
        }
        ("decode", [value, rest @ ..]) if rest.len() >= 2 => decoded(value, rest),
        ("count_if", [condition]) => {
            let when = Expr::Case {
                case_token: none(),
                end_token: none(),
                operand: None,
                conditions: vec![datafusion::sql::sqlparser::ast::CaseWhen {
                    condition: condition.clone(),
                    result: number(1),
                }],
                else_result: None,
            };
            set_arguments(function, vec![when]);
            rename(function, "count");
            return Ok(None);
        }
        ("max_by" | "min_by", [value, by]) => {
            let asc = name == "min_by";
            let order = OrderByExpr {
                expr: by.clone(),
                options: OrderByOptions { asc: Some(asc), nulls_first: Some(false) },
                with_fill: None,
            };
            set_arguments(function, vec![value.clone()]);
            if let FunctionArguments::List(list) = &mut function.args {
                list.clauses = vec![FunctionArgumentClause::OrderBy(vec![order])];
            }
            rename(function, "first_value");
            return Ok(None);
        }
        ("array_position", [list, value]) => {
            call("coalesce", vec![call("array_position", vec![list.clone(), value.clone()]), number(0)])
        }
        ("sort_array", [list]) => call("array_sort", vec![list.clone(), text("ASC"), text("NULLS FIRST")]),
        ("sort_array", [list, Expr::Value(up)]) => {
            let (order, nulls) = match &up.value {
                Value::Boolean(false) => ("DESC", "NULLS LAST"),
                _ => ("ASC", "NULLS FIRST"),
            };
            call("array_sort", vec![list.clone(), text(order), text(nulls)])
        }
        ("array_sort", [list]) => call("array_sort", vec![list.clone(), text("ASC"), text("NULLS LAST")]),
        ("map_contains_key", [map, key]) => {
            call("array_has", vec![call("map_keys", vec![map.clone()]), key.clone()])
        }
        ("log", [base, value]) => call("log", vec![base.clone(), value.clone()]),
        ("log", [value]) => call("ln", vec![value.clone()]),
        ("unix_timestamp" | "to_unix_timestamp", []) => call("unix_timestamp", vec![call("now", vec![])]),
        (
            "transform" | "filter" | "exists" | "aggregate" | "reduce" | "zip_with" | "forall" | "map_filter",
            [_, ..],
        ) => {
            return Err(name);
        }
        ("explode" | "explode_outer" | "posexplode" | "posexplode_outer" | "inline" | "stack", _) => {
            return Err(format!("{name} inside an expression"));
        }
        _ => return Ok(None),
    }))
}

fn none() -> datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken {
    datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken::empty()
}

fn set_arguments(function: &mut Function, args: Vec<Expr>) {
    let unique = match &function.args {
        FunctionArguments::List(list) => list.duplicate_treatment,
        _ => None::<DuplicateTreatment>,
    };
    if let Expr::Function(made) = call("x", args) {
        function.args = made.args;
    }
    if let FunctionArguments::List(list) = &mut function.args {
        list.duplicate_treatment = unique;
    }
}

fn is_call(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Function(function) if function.name.to_string() == name)
}

/// Whether the arguments are already lists of keys and values.
fn is_array(args: &[Expr]) -> bool {
    args.first().is_some_and(|first| is_call(first, "make_array"))
}

fn decoded(value: &Expr, rest: &[Expr]) -> Expr {
    let (mut conditions, mut otherwise) = (Vec::new(), None);
    for pair in rest.chunks(2) {
        match pair {
            [search, result] => conditions.push(datafusion::sql::sqlparser::ast::CaseWhen {
                condition: Expr::IsNotDistinctFrom(Box::new(value.clone()), Box::new(search.clone())),
                result: result.clone(),
            }),
            [last] => otherwise = Some(Box::new(last.clone())),
            _ => {}
        }
    }
    Expr::Case { case_token: none(), end_token: none(), operand: None, conditions, else_result: otherwise }
}

/// The engine's name for a function of Spark's that does the same.
fn other_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "ucase" => "upper",
        "lcase" => "lower",
        "char_length" | "character_length" | "len" => "length",
        "instr" => "strpos",
        "startswith" => "starts_with",
        "endswith" => "ends_with",
        "substr" => "substring",
        "substring_index" => "substr_index",
        "ceil" | "ceiling" => "spark_ceil",
        "floor" => "spark_floor",
        "round" => "spark_round",
        "pow" => "power",
        "sign" => "signum",
        "rand" => "random",
        "initcap" => "spark_initcap",
        "regexp_replace" => "spark_regexp_replace",
        "regexp" | "regexp_like" => "rlike",
        "to_date" => "spark_to_date",
        "to_timestamp" => "spark_to_timestamp",
        "concat_ws" => "spark_concat_ws",
        "from_unixtime" => "spark_from_unixtime",
        "first" | "any_value" => "first_value",
        "last" => "last_value",
        "std" | "stddev" => "stddev_samp",
        "variance" => "var_samp",
        "approx_count_distinct" => "approx_distinct",
        "percentile_approx" | "approx_percentile" => "approx_percentile_cont",
        "percentile" => "percentile_cont",
        "every" => "bool_and",
        "any" | "some" => "bool_or",
        "sequence" => "generate_series",
        "array_join" => "array_to_string",
        "array_remove" => "array_remove_all",
        "arrays_overlap" => "array_has_any",
        "element_at" => "spark_element_at",
        "cardinality" => "size",
        "getdate" => "now",
        "current_timestamp" | "localtimestamp" => "now",
        "curdate" => "current_date",
        "minus" => "except",
        "sha" => "sha1",
        _ => return None,
    })
}

fn date_part(function: &str) -> Option<DateTimeField> {
    Some(match function {
        "year" => DateTimeField::Year,
        "quarter" => DateTimeField::Quarter,
        "month" => DateTimeField::Month,
        "weekofyear" => DateTimeField::Week(None),
        "day" | "dayofmonth" => DateTimeField::Day,
        "dayofyear" => DateTimeField::Doy,
        "hour" => DateTimeField::Hour,
        "minute" => DateTimeField::Minute,
        "second" => DateTimeField::Second,
        _ => return None,
    })
}
