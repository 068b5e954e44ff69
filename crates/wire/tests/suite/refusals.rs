//! What is not a message of the protocol, and what is passed over.

use mastic_api_glue::glue;
use mastic_api_iam::{iam, sts};
use mastic_shape::{Operation, Service, Value};
use mastic_wire::{Received, WireError, json};

fn decode_input(service: &Service, operation: &Operation, body: &[u8]) -> Result<Value, WireError> {
    mastic_wire::decode_input(service, operation, Received::body(body))
}

fn create_table(body: &str) -> Result<Value, WireError> {
    decode_input(&glue::SERVICE, glue::SERVICE.operation("CreateTable").unwrap(), body.as_bytes())
}

fn told(body: &str) -> String {
    let fault = create_table(body).unwrap_err().fault();
    assert_eq!((fault.code(), fault.status()), ("SerializationException", 400));
    fault.message().to_owned()
}

#[test]
fn wrong_kinds_are_named_as_aws_names_them() {
    let input = |member: &str| format!(r#"{{"TableInput":{{"Name":"t",{member}}}}}"#);
    for (body, text) in [
        (input(r#""Retention":"3""#), "STRING_VALUE can not be converted to an Integer"),
        (input(r#""Retention":3.5"#), "NUMBER_VALUE can not be converted to an Integer"),
        (input(r#""Retention":4294967296"#), "NUMBER_VALUE can not be converted to an Integer"),
        (input(r#""Description":3"#), "NUMBER_VALUE can not be converted to a String"),
        (input(r#""Description":true"#), "TRUE_VALUE can not be converted to a String"),
        (input(r#""Description":{}"#), "Start of structure or map found where not expected."),
        (input(r#""Description":[]"#), "Start of list found where not expected"),
        (input(r#""PartitionKeys":"x""#), "Expected list or null"),
        (input(r#""Parameters":1"#), "Expected map or null"),
        (input(r#""PartitionKeys":[null]"#), "Null value found in a list"),
        (r#"{"TableInput":"x"}"#.to_owned(), "Expected structure or null"),
        ("[]".to_owned(), "Start of list found where not expected"),
    ] {
        assert_eq!(told(&body), text, "{body}");
    }
}

#[test]
fn malformed_json_is_refused() {
    for body in ["{", "{} x", "{\"a\":1,}", "nul", "{\"DatabaseName\":\"\u{1}\"}", "\"x", "{\"a\":tru}"] {
        assert!(told(body).len() > 10, "{body}");
    }
    let nested = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let field = format!(r#"{{"Id":1,"Name":"n","Required":true,"Type":{nested}}}"#);
    let input = format!(r#"{{"CreateIcebergTableInput":{{"Schema":{{"Fields":[{field}]}}}}}}"#);
    told(&format!(r#"{{"OpenTableFormatInput":{{"IcebergInput":{input}}}}}"#));
    assert_eq!(create_table(&format!(r#"{{"Unknown":{nested}}}"#)), Ok(Value::empty()));
    assert!(
        decode_input(&glue::SERVICE, glue::SERVICE.operation("GetTable").unwrap(), b"{\"Name\":\"\xff\"}")
            .is_err()
    );
}

#[test]
fn the_unknown_is_passed_over_and_null_is_absent() {
    let value =
        create_table(r#"{"X":{"y":[1]},"DatabaseName":null,"TableInput":{"Name":"a","Name":"b"}}"#).unwrap();
    assert_eq!(value.get("DatabaseName"), None);
    assert_eq!(value.at("TableInput.Name").and_then(Value::as_str), Some("b"));
    assert_eq!(value.get("X"), None);
    assert_eq!(create_table("").unwrap(), Value::empty());
    let value = create_table(r#"{"TableInput":{"Parameters":{"a":"1","a":"2","b":null}}}"#).unwrap();
    let parameters = value.at("TableInput.Parameters").unwrap();
    assert_eq!(parameters, &Value::Map(vec![("a".into(), Value::Str("2".into()))]));
}

#[test]
fn a_later_null_takes_a_member_back() {
    let value = create_table(r#"{"DatabaseName":"d","DatabaseName":null}"#).unwrap();
    assert_eq!(value, Value::empty());
}

#[test]
fn forms_with_wrong_kinds_are_refused() {
    let assume = sts::SERVICE.operation("AssumeRole").unwrap();
    let told = |body: &str| {
        decode_input(&sts::SERVICE, assume, body.as_bytes()).map_err(|e| e.fault().message().to_owned())
    };
    assert_eq!(
        told("Action=AssumeRole&DurationSeconds=abc"),
        Err("The value 'abc' of DurationSeconds is not a valid integer.".to_owned())
    );
    let value =
        told("Action=AssumeRole&TransitiveTagKeys.member.10=c&TransitiveTagKeys.member.2=b&Other=1").unwrap();
    let keys = value.get("TransitiveTagKeys").unwrap();
    assert_eq!(keys, &Value::List(vec![Value::Str("b".into()), Value::Str("c".into())]));
    assert!(told(&format!("{}=1", "a.".repeat(5000))).is_err());
    let list = iam::SERVICE.operation("ListRoles").unwrap();
    assert!(decode_input(&iam::SERVICE, list, b"MaxItems=%ff").is_err());
}

#[test]
fn unimplemented_operations_are_named() {
    let row = glue::SERVICE.operations.iter().find(|row| !row.implemented()).unwrap();
    let error = decode_input(&glue::SERVICE, row, b"{}").unwrap_err();
    assert!(error.to_string().contains(row.name));
}

#[test]
fn json_moments_keep_milliseconds() {
    let (_, schema) = glue::SERVICE.operation("GetJobRun").unwrap().shapes.unwrap();
    let value = json::decode(br#"{"JobRun":{"StartedOn":1767323045.123}}"#, schema).unwrap();
    let mut out = Vec::new();
    json::encode(&value, schema, &mut out);
    assert_eq!(out, br#"{"JobRun":{"StartedOn":1767323045.123}}"#);
}
