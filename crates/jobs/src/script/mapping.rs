//! `GetMapping`: which field of a table goes where.

use std::collections::BTreeMap;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::Fault;
use mastic_hive::HiveType;
use mastic_kernel::{Ctx, Registry};

use super::invalid;
use crate::access;
use crate::draft::Draft;

/// How many fields of sinks an answer may have.
const MOST: usize = 100_000;

pub(super) fn register(registry: &mut Registry) {
    registry.on::<op::GetMapping, _, _>(
        |_, _| Ok(access::any("GetMapping")),
        |ctx, input| async move { map(&ctx, &input) },
    );
}

/// A field with its type in AWS Glue's words.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    path: String,
    ty: String,
}

fn map(ctx: &Ctx, input: &GetMappingRequest) -> Result<GetMappingResponse, Fault> {
    let draft = Draft::new(ctx)?;
    let source = &input.source;
    let fields = fields(&draft, source)?;
    let entry = |from: &Field, table: &str, to: &Field| MappingEntry {
        source_table: Some(source.table_name.clone()),
        source_path: Some(from.path.clone()),
        source_type: Some(from.ty.clone()),
        target_table: Some(table.to_owned()),
        target_path: Some(to.path.clone()),
        target_type: Some(to.ty.clone()),
    };
    let named: BTreeMap<String, &Field> =
        fields.iter().rev().map(|field| (field.path.to_lowercase(), field)).collect();
    let mut mapping = Vec::new();
    for sink in input.sinks.iter().flatten() {
        for to in self::fields(&draft, sink)? {
            let from = named.get(&to.path.to_lowercase());
            mapping.extend(from.map(|from| entry(from, &sink.table_name, &to)));
        }
        if mapping.len() > MOST {
            return Err(invalid(format!("The sinks have more than {MOST} fields together.")));
        }
    }
    // What goes elsewhere goes as it is.
    let elsewhere = input.location.as_ref().is_some_and(|location| *location != Location::default());
    if elsewhere || input.sinks.as_ref().is_none_or(Vec::is_empty) {
        mapping.extend(fields.iter().map(|field| entry(field, &source.table_name, field)));
    }
    Ok(GetMappingResponse { mapping })
}

/// The fields of a table: of structs those inside.
fn fields(draft: &Draft<'_>, table: &CatalogEntry) -> Result<Vec<Field>, Fault> {
    let (database, name) = (&table.database_name, &table.table_name);
    let facts = draft.facts(database, name)?.ok_or_else(|| {
        Fault::sender(
            "EntityNotFoundException",
            format!("Table {name} not found in the database {database}."),
        )
    })?;
    let mut fields = Vec::new();
    for (column, of) in &facts.columns {
        match of.parse::<HiveType>() {
            Ok(ty) => flatten(column.clone(), &ty, &mut fields),
            Err(_) => fields.push(Field { path: column.clone(), ty: of.clone() }),
        }
    }
    Ok(fields)
}

fn flatten(path: String, ty: &HiveType, out: &mut Vec<Field>) {
    let ty = match ty {
        HiveType::Struct(inner) if !inner.is_empty() => {
            inner.iter().for_each(|field| flatten(format!("{path}.{}", field.name), &field.ty, out));
            return;
        }
        HiveType::TinyInt => "byte".to_owned(),
        HiveType::SmallInt => "short".to_owned(),
        HiveType::BigInt => "long".to_owned(),
        HiveType::Char(_) | HiveType::Varchar(_) => "string".to_owned(),
        HiveType::Array(_) => "array".to_owned(),
        HiveType::Map(..) => "map".to_owned(),
        other => other.to_string(),
    };
    out.push(Field { path, ty });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_opened() {
        let mut fields = Vec::new();
        let ty: HiveType = "struct<a:bigint,b:struct<c:varchar(3),d:array<int>>>".parse().unwrap();
        flatten("x".to_owned(), &ty, &mut fields);
        let found: Vec<(&str, &str)> = fields.iter().map(|f| (f.path.as_str(), f.ty.as_str())).collect();
        assert_eq!(found, [("x.a", "long"), ("x.b.c", "string"), ("x.b.d", "array")]);
    }
}
