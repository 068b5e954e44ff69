//! What is unlike between a table as it is and as it will be.

use std::collections::{BTreeMap, BTreeSet};

use mastic_api_glue::glue::types::{Column, StorageDescriptor, TableInput};
use mastic_api_mastic::mastic::types::Difference;

use crate::describe::RUN_ID;

/// Everything that is unlike, in words; what only a crawl's id tells apart is alike.
pub(crate) fn differences(before: &TableInput, after: &TableInput) -> Vec<Difference> {
    let (before, after) = (said(before), said(after));
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    all.into_iter()
        .filter(|what| before.get(*what) != after.get(*what))
        .map(|what| Difference {
            what: what.split_once(' ').map_or(what.as_str(), |(_, what)| what).to_owned(),
            before: before.get(what).cloned(),
            after: after.get(what).cloned(),
        })
        .collect()
}

/// What a table says, by what it says it of; a number before each keeps them in order.
fn said(table: &TableInput) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut put = |what: String, text: Option<&String>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            all.insert(what, text.clone());
        }
    };
    put("1 description".to_owned(), table.description.as_ref());
    put("7 table type".to_owned(), table.table_type.as_ref());
    let descriptor = table.storage_descriptor.clone().unwrap_or_default();
    columns(descriptor.columns.iter().flatten(), "3 column", &mut put);
    columns(table.partition_keys.iter().flatten(), "4 partition key", &mut put);
    let names: Vec<&str> = descriptor.columns.iter().flatten().map(|column| column.name.as_str()).collect();
    put("5 order of columns".to_owned(), Some(&names.join(", ")));
    layout(&descriptor, &mut put);
    for (key, text) in table.parameters.iter().flatten().filter(|(key, _)| *key != RUN_ID) {
        put(format!("8 parameter {key}"), Some(text));
    }
    let own = |key: &String, text: &String| {
        table.parameters.as_ref().and_then(|all| all.get(key)).is_none_or(|known| known != text)
    };
    for (key, text) in descriptor.parameters.iter().flatten() {
        // Those that the table has too are told once.
        if key != RUN_ID && own(key, text) {
            put(format!("9 parameter {key} of the descriptor"), Some(text));
        }
    }
    all
}

fn columns<'a>(
    columns: impl Iterator<Item = &'a Column>,
    what: &str,
    put: &mut impl FnMut(String, Option<&String>),
) {
    for column in columns {
        put(format!("{what} {}", column.name), column.r#type.as_ref());
        put(format!("{what} {}, comment", column.name), column.comment.as_ref());
        for (key, text) in column.parameters.iter().flatten() {
            put(format!("{what} {}, parameter {key}", column.name), Some(text));
        }
    }
}

fn layout(descriptor: &StorageDescriptor, put: &mut impl FnMut(String, Option<&String>)) {
    put("2 location".to_owned(), descriptor.location.as_ref());
    put("6 input format".to_owned(), descriptor.input_format.as_ref());
    put("6 output format".to_owned(), descriptor.output_format.as_ref());
    let Some(serde) = &descriptor.serde_info else { return };
    put("6 SerDe".to_owned(), serde.serialization_library.as_ref());
    for (key, text) in serde.parameters.iter().flatten() {
        put(format!("6 SerDe parameter {key}"), Some(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, &str)], parameters: &[(&str, &str)]) -> TableInput {
        let parameters: BTreeMap<String, String> =
            parameters.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        let column = |(name, ty): &(&str, &str)| Column {
            name: (*name).to_owned(),
            r#type: Some((*ty).to_owned()),
            ..Column::default()
        };
        TableInput {
            parameters: Some(parameters.clone()),
            storage_descriptor: Some(StorageDescriptor {
                columns: Some(columns.iter().map(column).collect()),
                parameters: Some(parameters),
                ..StorageDescriptor::default()
            }),
            ..TableInput::default()
        }
    }

    #[test]
    fn differences_are_told_once_and_in_order() {
        let before = table(&[("a", "int"), ("b", "int")], &[("objectCount", "1"), (RUN_ID, "x")]);
        let after = table(&[("a", "bigint"), ("c", "int")], &[("objectCount", "2"), (RUN_ID, "y")]);
        let told: Vec<String> = differences(&before, &after)
            .into_iter()
            .map(|d| format!("{}: {:?} {:?}", d.what, d.before, d.after))
            .collect();
        assert_eq!(
            told,
            [
                r#"column a: Some("int") Some("bigint")"#,
                r#"column b: Some("int") None"#,
                r#"column c: None Some("int")"#,
                r#"order of columns: Some("a, b") Some("a, c")"#,
                r#"parameter objectCount: Some("1") Some("2")"#,
            ]
        );
        assert_eq!(differences(&before, &before), []);
    }
}
