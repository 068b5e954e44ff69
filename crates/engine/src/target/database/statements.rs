//! Statements that bring rows from a staging table into the table that they are for.

use mastic_jdbc::{Engine, Insert};

use crate::plan::{Action, MergeHow, Relation, TableMerge};
use crate::source::database::relation;

/// A table that holds rows until all are there.
pub(super) struct Staged {
    /// The table as SQL names it.
    pub(super) table: String,
    /// How it is made.
    pub(super) made: String,
    /// What becomes of its rows, and of it.
    pub(super) last: Vec<String>,
}

/// The name of a table beside another one.
pub(super) fn beside(name: &[String], id: &str) -> Vec<String> {
    let mut name = name.to_vec();
    if let Some(last) = name.last_mut() {
        *last = new_name(id);
    }
    name
}

fn new_name(id: &str) -> String {
    format!("mastic_{}", id.replace('-', ""))
}

/// A table takes another one's place.
pub(super) fn replace(engine: Engine, table: &str, name: &Relation, by: &str) -> Vec<String> {
    let last = match name {
        Relation::Named(parts) => parts.last().map_or("", String::as_str),
        _ => "",
    };
    vec![
        format!("DROP TABLE IF EXISTS {table}"),
        format!("ALTER TABLE {by} RENAME TO {}", engine.quoted(last)),
    ]
}

/// Where rows wait, for an action that does not take them at once.
///
/// # Errors
/// A key is no column of the rows.
pub(super) fn staged(
    engine: Engine,
    action: &Action,
    name: &Relation,
    insert: &Insert,
    id: &str,
) -> Result<Option<Staged>, String> {
    let merge = match action {
        Action::Upsert(_) => &TableMerge { staging: None, how: MergeHow::Clause(String::new()) },
        Action::Merge(merge) => merge,
        Action::Append | Action::Truncate | Action::Replace => return Ok(None),
    };
    let columns = engine.list(insert.columns.iter().map(|column| column.name.as_str()));
    let into = &insert.table;
    let (staging, kind) = match (&merge.staging, name) {
        (Some(staging), _) => (staging.clone(), "TABLE"),
        (None, _) => (vec![new_name(id)], "TEMP TABLE"),
    };
    let staging = relation(engine, &Relation::Named(staging));
    let taken = if kind == "TABLE" { format!("DROP TABLE IF EXISTS {staging}; ") } else { String::new() };
    let made = format!("{taken}CREATE {kind} {staging} AS SELECT {columns} FROM {into} WHERE 1 = 0");
    let mut last = match (action, &merge.how) {
        (Action::Upsert(keys), _) => vec![
            format!("DELETE FROM {into} USING {staging} WHERE {}", equal(engine, keys, insert, &staging)?),
            format!("INSERT INTO {into} ({columns}) SELECT {columns} FROM {staging}"),
        ],
        (_, MergeHow::Clause(clause)) => vec![clause.trim().trim_end_matches(';').to_owned()],
        (_, MergeHow::Keys { keys, delete, insert: add }) => {
            merged(engine, keys, *delete, *add, insert, &staging)?
        }
    };
    last.push(format!("DROP TABLE {staging}"));
    Ok(Some(Staged { table: staging, made, last }))
}

fn merged(
    engine: Engine,
    keys: &[String],
    delete: bool,
    add: bool,
    insert: &Insert,
    staging: &str,
) -> Result<Vec<String>, String> {
    let into = &insert.table;
    let on = equal(engine, keys, insert, staging)?;
    let names: Vec<String> = insert.columns.iter().map(|column| engine.quoted(&column.name)).collect();
    let set: Vec<String> = names.iter().map(|name| format!("{name} = {staging}.{name}")).collect();
    let values: Vec<String> = names.iter().map(|name| format!("{staging}.{name}")).collect();
    Ok(vec![match (delete, add) {
        (true, false) => format!("DELETE FROM {into} USING {staging} WHERE {on}"),
        (false, false) => format!("UPDATE {into} SET {} FROM {staging} WHERE {on}", set.join(", ")),
        (_, true) => {
            let matched = if delete { "DELETE".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
            format!(
                "MERGE INTO {into} USING {staging} ON {on} WHEN MATCHED THEN {matched} \
                 WHEN NOT MATCHED THEN INSERT ({}) VALUES ({})",
                names.join(", "),
                values.join(", ")
            )
        }
    }])
}

/// That the keys of a row and of a new one are the same.
fn equal(engine: Engine, keys: &[String], insert: &Insert, staging: &str) -> Result<String, String> {
    let conditions = keys.iter().map(|key| {
        let column = insert.columns.iter().find(|column| column.name.eq_ignore_ascii_case(key));
        let column = column.ok_or_else(|| format!("the key `{key}` is no column of the rows"))?;
        let name = engine.quoted(&column.name);
        Ok(format!("{}.{name} = {staging}.{name}", insert.table))
    });
    let conditions = conditions.collect::<Result<Vec<_>, String>>()?;
    if conditions.is_empty() {
        return Err("no keys are named by which rows are matched".to_owned());
    }
    Ok(conditions.join(" AND "))
}
