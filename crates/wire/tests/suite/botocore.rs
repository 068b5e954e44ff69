//! Messages that botocore made or has read (`tests/data/vectors.py`).

use mastic_api_glue::glue;
use mastic_api_iam::{accessanalyzer, iam, sts};
use mastic_api_watch::logs;
use mastic_shape::{Operation, Protocol, Service, Value};
use mastic_wire::{Received, decode_input, decode_output, encode_input, encode_output, json, query, rest};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    requests: Vec<Case>,
    answers: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    service: String,
    operation: String,
    value: String,
    body: String,
    target: Option<String>,
    /// Path with query string; restJson1 only.
    path: Option<String>,
    method: Option<String>,
}

impl Case {
    fn row(&self) -> (&'static Service, &'static Operation) {
        let service =
            [&glue::SERVICE, &iam::SERVICE, &sts::SERVICE, &logs::SERVICE, &accessanalyzer::SERVICE]
                .into_iter()
                .find(|service| service.id == self.service)
                .unwrap();
        (service, service.operation(&self.operation).unwrap())
    }

    fn value(&self, schema: &'static mastic_shape::Schema) -> Value {
        json::decode(self.value.as_bytes(), schema).unwrap()
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../data/wire.json")).unwrap()
}

/// What comes from path, query string and body is in the model's order, not in that of the request.
fn ordered(value: Value) -> Value {
    let Value::Map(mut entries) = value else { return value };
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::Map(entries)
}

fn json_of(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn requests_of_botocore_are_read_and_ours_are_the_same() {
    for case in vectors().requests {
        let (service, operation) = case.row();
        let value = case.value(operation.shapes.unwrap().0);
        let (path, query) =
            case.path.as_deref().map_or(("/", ""), |whole| whole.split_once('?').unwrap_or((whole, "")));
        let received = Received { path, query, body: case.body.as_bytes() };
        let read = decode_input(service, operation, received).unwrap();
        assert_eq!(ordered(read), ordered(value.clone()), "{}", case.operation);

        let made = encode_input(service, operation, &value).unwrap();
        assert_eq!(made.target, case.target);
        if let (Some(path), Some(method)) = (&case.path, &case.method) {
            assert_eq!((&made.path, made.method), (path, method.as_str()));
            let found = rest::operation(service, method, path.split('?').next().unwrap()).unwrap();
            assert_eq!(found.name, case.operation);
        }
        if service.protocol == Protocol::AwsQuery {
            let sorted = |body: &[u8]| {
                let form = query::Form::parse(body).unwrap();
                let mut pairs: Vec<(String, String)> =
                    form.pairs().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                pairs.sort();
                pairs
            };
            assert_eq!(sorted(&made.body), sorted(case.body.as_bytes()));
        } else if service.protocol == Protocol::RestJson1 {
            assert_eq!(made.body.is_empty(), case.body.is_empty());
            if !case.body.is_empty() {
                assert_eq!(json_of(&made.body), json_of(case.body.as_bytes()));
            }
        } else {
            assert_eq!(
                json::decode(&made.body, operation.shapes.unwrap().0).unwrap(),
                value,
                "{}",
                case.operation
            );
        }
    }
}

#[test]
fn answers_are_those_that_botocore_has_read() {
    for case in vectors().answers {
        let (service, operation) = case.row();
        let value = case.value(operation.shapes.unwrap().1);
        let made = encode_output(service, operation, &value, "id-1").unwrap();
        if service.protocol == Protocol::AwsQuery {
            assert_eq!(String::from_utf8(made.body).unwrap(), case.body);
        } else {
            assert_eq!(json_of(&made.body), json_of(case.body.as_bytes()));
        }
        let read = decode_output(service, operation, case.body.as_bytes()).unwrap();
        assert_eq!(read, value, "{}", case.operation);
    }
}

#[test]
fn operations_without_output_answer_with_nothing() {
    let operation = logs::SERVICE.operation("CreateLogGroup").unwrap();
    let made = encode_output(&logs::SERVICE, operation, &Value::empty(), "id-1").unwrap();
    assert!(made.body.is_empty());
    assert_eq!(decode_output(&logs::SERVICE, operation, b"").unwrap(), Value::empty());
}

#[test]
fn maps_travel_in_forms() {
    // None of the Query services implemented so far takes a map; Glue's shape stands in.
    let operation = glue::SERVICE.operation("StartJobRun").unwrap();
    let (schema, _) = operation.shapes.unwrap();
    let value = json::decode(br#"{"JobName":"j","Arguments":{"--a":"1","--b":""}}"#, schema).unwrap();
    let form = query::encode("StartJobRun", "1", &value, schema);
    assert_eq!(form.get("Arguments.entry.2.key"), Some("--b"));
    assert_eq!(query::decode(&form, schema).unwrap(), value);
    let xml = query::write("StartJobRun", "https://x.example/", &value, schema, "id");
    assert_eq!(query::read(xml.as_bytes(), "StartJobRun", schema).unwrap(), value);
}
