//! Every value of a schema survives every encoding; no bytes make a decoder panic.

use mastic_api_glue::glue;
use mastic_api_iam::accessanalyzer;
use mastic_core::Timestamp;
use mastic_shape::{Kind, Name, Operation, Schema, Value};
use mastic_wire::{Received, decode_fault, decode_input, encode_input, json, query, rest};
use proptest::prelude::*;
use proptest::strategy::Union;

/// Any value of a schema, a few levels deep.
fn of(schema: &'static Schema, depth: u32) -> BoxedStrategy<Value> {
    match &schema.kind {
        Kind::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Integer(_) => any::<i32>().prop_map(|n| Value::Int(n.into())).boxed(),
        Kind::Long(_) => any::<i64>().prop_map(Value::Int).boxed(),
        Kind::Double(_) => {
            any::<f64>().prop_filter("a number", |n| n.is_finite()).prop_map(Value::Float).boxed()
        }
        Kind::String { .. } | Kind::Document => {
            "[ -~éß漢\n\t\"\\\\<&>\u{1f600}]{0,8}".prop_map(Value::Str).boxed()
        }
        Kind::Blob(_) => proptest::collection::vec(any::<u8>(), 0..8).prop_map(Value::Blob).boxed(),
        Kind::Timestamp | Kind::Iso8601 => {
            (0..4_000_000_000i64).prop_map(|s| Value::Time(Timestamp::from_secs(s))).boxed()
        }
        Kind::List { member, .. } => {
            proptest::collection::vec(of(member, depth), 0..3).prop_map(Value::List).boxed()
        }
        Kind::Map { value, .. } => proptest::collection::btree_map("[ -~]{1,6}", of(value, depth), 0..3)
            .prop_map(|entries| Value::Map(entries.into_iter().map(|(n, v)| (Name::Owned(n), v)).collect()))
            .boxed(),
        Kind::Structure(members) => {
            let members = members.iter().filter(|_| depth > 0).map(|member| {
                let name = Name::Borrowed(member.name);
                proptest::option::of(of(member.schema, depth.saturating_sub(1)))
                    .prop_map(move |value| value.map(|v| (name.clone(), v)))
            });
            members
                .collect::<Vec<_>>()
                .prop_map(|found| Value::Map(found.into_iter().flatten().collect()))
                .boxed()
        }
    }
}

fn pairs() -> impl Strategy<Value = (&'static Schema, Value)> {
    let schemas = ["GetTable", "GetPartitions", "GetCrawler", "GetJobRun"].into_iter().map(|name| {
        let (_, schema) = glue::SERVICE.operation(name).unwrap().shapes.unwrap();
        of(schema, 4).prop_map(move |value| (schema, value)).boxed()
    });
    Union::new(schemas)
}

/// Any operation of a restJson1 service with any input; what stands in the path is there and not empty.
fn rest_inputs() -> impl Strategy<Value = ((&'static Operation, &'static Schema), Value)> {
    let rows = accessanalyzer::SERVICE.operations.iter().filter_map(|row| Some((row, row.shapes?.0)));
    Union::new(rows.map(|(row, schema)| {
        let labels: Vec<&'static str> = row.http.unwrap().path.split('/').filter_map(label).collect();
        (of(schema, 3), proptest::collection::vec("[!-~é漢/%+{} ]{1,9}", labels.len()))
            .prop_map(move |(value, texts)| {
                let Value::Map(mut entries) = value else { return ((row, schema), value) };
                entries.retain(|(name, _)| !labels.contains(&name.as_ref()));
                let given = labels.iter().zip(texts);
                entries.extend(given.map(|(name, text)| (Name::Borrowed(*name), Value::Str(text))));
                ((row, schema), Value::Map(entries))
            })
            .boxed()
    }))
}

fn label(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_comes_back((schema, value) in pairs()) {
        let mut out = Vec::new();
        json::encode(&value, schema, &mut out);
        prop_assert_eq!(json::decode(&out, schema).unwrap(), value);
    }

    #[test]
    fn xml_comes_back((schema, value) in pairs()) {
        let xml = query::write("Op", "https://x.example/", &value, schema, "id");
        prop_assert_eq!(query::read(xml.as_bytes(), "Op", schema).unwrap(), value);
    }

    #[test]
    fn rest_requests_find_their_operation_and_come_back((row, value) in rest_inputs()) {
        let (operation, schema) = row;
        let made = encode_input(&accessanalyzer::SERVICE, operation, &value).unwrap();
        let (path, query) = made.path.split_once('?').unwrap_or((&made.path, ""));
        let found = rest::operation(&accessanalyzer::SERVICE, made.method, path).unwrap();
        prop_assert_eq!(found.name, operation.name);
        let received = Received { path, query, body: &made.body };
        let read = decode_input(&accessanalyzer::SERVICE, operation, received).unwrap();
        for member in schema.members() {
            // An empty list in a query string is not there.
            let given = value.get(member.name).filter(|v| v.as_list() != Some(&[]) || !made.body.is_empty());
            prop_assert_eq!(read.get(member.name), given);
        }
    }

    #[test]
    fn garbage_never_panics(bytes in "[\\[\\]{}\",:<>/&;=.%a-e0-9T ]{0,60}") {
        let (schema, _) = glue::SERVICE.operation("CreateTable").unwrap().shapes.unwrap();
        let _ = json::decode(bytes.as_bytes(), schema);
        let _ = query::read(bytes.as_bytes(), "Op", schema);
        let _ = query::Form::parse(bytes.as_bytes()).map(|form| query::decode(&form, schema));
        let _ = decode_fault(None, bytes.as_bytes());
    }
}
