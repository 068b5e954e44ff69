use mastic_api_glue::glue::types as api;

use super::sources::schema;
use super::{Parts, required};
use crate::error::NodeError;
use crate::plan::{
    Aggregate, AggregateFunction, Comparison, Condition, Filter, Join, JoinKind, Kind, Mapping, NullRules,
    Operand, SqlQuery, UnionType,
};

/// The transform that the node is, if it is one.
pub(super) fn transform(node: &api::CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    let done = |name: &str, kind, inputs: &[String]| Some(Ok((name.to_owned(), kind, inputs.to_vec())));
    let tried = |name: &str, kind: Result<Kind, NodeError>, inputs: &[String]| {
        Some(kind.map(|kind| (name.to_owned(), kind, inputs.to_vec())))
    };
    if let Some(found) = &node.apply_mapping {
        let mappings: Result<Vec<_>, _> = found.mapping.iter().map(|one| mapping(&found.name, one)).collect();
        return tried(&found.name, mappings.map(Kind::ApplyMapping), &found.inputs);
    }
    if let Some(found) = &node.select_fields {
        return done(&found.name, Kind::SelectFields(found.paths.clone()), &found.inputs);
    }
    if let Some(found) = &node.drop_fields {
        return done(&found.name, Kind::DropFields(found.paths.clone()), &found.inputs);
    }
    if let Some(found) = &node.rename_field {
        let kind = Kind::RenameField { from: found.source_path.clone(), to: found.target_path.clone() };
        return done(&found.name, kind, &found.inputs);
    }
    if let Some(found) = &node.filter {
        return tried(&found.name, filter(found).map(Kind::Filter), &found.inputs);
    }
    if let Some(found) = &node.join {
        return tried(&found.name, join(found).map(Kind::Join), &found.inputs);
    }
    if let Some(found) = &node.aggregate {
        return tried(&found.name, aggregate(found).map(Kind::Aggregate), &found.inputs);
    }
    if let Some(found) = &node.drop_duplicates {
        return done(
            &found.name,
            Kind::DropDuplicates(found.columns.clone().unwrap_or_default()),
            &found.inputs,
        );
    }
    if let Some(found) = &node.union {
        let kind = required(&found.name, "UnionType", found.union_type).map(|kind| match kind {
            api::UnionType::All => Kind::Union(UnionType::All),
            api::UnionType::Distinct => Kind::Union(UnionType::Distinct),
        });
        return tried(&found.name, kind, &found.inputs);
    }
    if let Some(found) = &node.spark_sql {
        let aliases =
            found.sql_aliases.iter().map(|alias| (alias.from.clone(), alias.alias.clone())).collect();
        let schema = schema(found.output_schemas.as_deref());
        let kind = Kind::Sql(SqlQuery { query: found.sql_query.clone(), aliases, schema });
        return done(&found.name, kind, &found.inputs);
    }
    if let Some(found) = &node.fill_missing_values {
        let filled = found.filled_path.clone().filter(|path| !path.is_empty());
        let kind = Kind::FillMissingValues { imputed: vec![found.imputed_path.clone()], filled };
        return done(&found.name, kind, &found.inputs);
    }
    if let Some(found) = &node.drop_null_fields {
        return done(&found.name, Kind::DropNullFields(null_rules(found)), &found.inputs);
    }
    super::rows::transform(node)
}

fn mapping(node: &str, found: &api::Mapping) -> Result<Mapping, NodeError> {
    let dropped = found.dropped.unwrap_or(false);
    let from = found.from_path.clone().unwrap_or_default();
    let to = found.to_key.clone().or_else(|| from.last().cloned()).unwrap_or_default();
    if !dropped && (from.is_empty() || to.is_empty()) {
        return Err(NodeError::new(node, "a mapping needs `FromPath` and `ToKey`"));
    }
    let children = found.children.as_deref().unwrap_or_default().iter();
    Ok(Mapping {
        from,
        to,
        to_type: found.to_type.clone().filter(|of| !of.is_empty()),
        dropped,
        children: children.map(|child| mapping(node, child)).collect::<Result<_, _>>()?,
    })
}

fn filter(found: &api::Filter) -> Result<Filter, NodeError> {
    conditions(&found.name, found.logical_operator, &found.filters)
}

/// Conditions and how they are joined.
pub(super) fn conditions(
    node: &str,
    operator: Option<api::FilterLogicalOperator>,
    filters: &[api::FilterExpression],
) -> Result<Filter, NodeError> {
    let any = required(node, "LogicalOperator", operator)? == api::FilterLogicalOperator::Or;
    let conditions = filters.iter().map(|one| condition(node, one)).collect::<Result<_, _>>()?;
    Ok(Filter { any, conditions })
}

fn condition(node: &str, found: &api::FilterExpression) -> Result<Condition, NodeError> {
    let operation = match required(node, "Operation", found.operation)? {
        api::FilterOperation::Eq => Comparison::Equal,
        api::FilterOperation::Lt => Comparison::Less,
        api::FilterOperation::Gt => Comparison::Greater,
        api::FilterOperation::Lte => Comparison::LessOrEqual,
        api::FilterOperation::Gte => Comparison::GreaterOrEqual,
        api::FilterOperation::Regex => Comparison::Regex,
        api::FilterOperation::Isnull => Comparison::IsNull,
    };
    let operands = found
        .values
        .iter()
        .map(|value| match required(node, "Type", value.r#type)? {
            api::FilterValueType::Columnextracted => Ok(Operand::Field(value.value.clone())),
            api::FilterValueType::Constant => match value.value.as_slice() {
                [text] => Ok(Operand::Constant(text.clone())),
                _ => Err(NodeError::new(node, "a constant is one value")),
            },
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Condition { operation, negated: found.negated.unwrap_or(false), operands })
}

fn join(found: &api::Join) -> Result<Join, NodeError> {
    let kind = match required(&found.name, "JoinType", found.join_type)? {
        api::JoinType::Equijoin => JoinKind::Inner,
        api::JoinType::Left => JoinKind::Left,
        api::JoinType::Right => JoinKind::Right,
        api::JoinType::Outer => JoinKind::Outer,
        api::JoinType::Leftsemi => JoinKind::LeftSemi,
        api::JoinType::Leftanti => JoinKind::LeftAnti,
    };
    let [left, right] = found.inputs.as_slice() else {
        return Err(NodeError::new(&found.name, format!("it needs 2 inputs and has {}", found.inputs.len())));
    };
    let of = |nth: usize, input: &str| {
        // An input joined with itself has both its keys under one id.
        let same = usize::from(left == right) * nth;
        let column = found.columns.iter().filter(|column| column.from == input).nth(same);
        required(&found.name, &format!("Columns of the input {input}"), column)
            .map(|column| column.keys.clone())
    };
    Ok(Join { kind, left: of(0, left)?, right: of(1, right)? })
}

fn aggregate(found: &api::Aggregate) -> Result<Aggregate, NodeError> {
    use AggregateFunction as To;
    use api::AggFunction as From;
    let aggregates = found
        .aggs
        .iter()
        .map(|one| {
            let function = match required(&found.name, "AggFunc", one.agg_func)? {
                From::Avg => To::Avg,
                From::CountDistinct => To::CountDistinct,
                From::Count => To::Count,
                From::First => To::First,
                From::Last => To::Last,
                From::Kurtosis => To::Kurtosis,
                From::Max => To::Max,
                From::Min => To::Min,
                From::Skewness => To::Skewness,
                From::StddevSamp => To::StddevSamp,
                From::StddevPop => To::StddevPop,
                From::Sum => To::Sum,
                From::SumDistinct => To::SumDistinct,
                From::VarSamp => To::VarSamp,
                From::VarPop => To::VarPop,
            };
            Ok((one.column.clone(), function))
        })
        .collect::<Result<_, NodeError>>()?;
    Ok(Aggregate { groups: found.groups.clone(), aggregates })
}

fn null_rules(found: &api::DropNullFields) -> NullRules {
    let boxes = found.null_check_box_list.clone().unwrap_or_default();
    let values = found.null_text_list.as_deref().unwrap_or_default().iter();
    NullRules {
        empty: boxes.is_empty.unwrap_or(false),
        null_text: boxes.is_null_string.unwrap_or(false),
        minus_one: boxes.is_neg_one.unwrap_or(false),
        values: values.map(|value| (value.value.clone(), value.datatype.id.clone())).collect(),
    }
}
