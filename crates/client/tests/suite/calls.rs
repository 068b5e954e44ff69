//! Operations over awsJson and awsQuery, errors, credentials, connections.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use mastic_api_glue::glue;
use mastic_api_iam::{iam, sts};
use mastic_client::{Client, ClientError, Config};
use mastic_core::Fault;
use mastic_shape::{Op, Service, Shape as _, Value};
use mastic_wire::{Received, decode_input, encode_fault, encode_output};
use tokio::net::TcpListener;

use crate::server::{Answer, Seen, Server, answer, credentials};

fn output<O: Op>(output: Value) -> Answer {
    answer(200, encode_output(O::service(), O::operation(), &output, "id-1").unwrap().body)
}

fn fault(service: &Service, fault: &Fault) -> Answer {
    answer(fault.status(), encode_fault(service, fault, "id-9").body)
}

fn texts<const N: usize>(members: [(&'static str, &str); N]) -> Value {
    Value::Map(members.map(|(name, value)| (name.into(), Value::Str(value.to_owned()))).into())
}

fn text(name: &'static str, value: &str) -> Value {
    texts([(name, value)])
}

/// A server that gives a table named as asked, with the caller's key as its owner.
fn tables(seen: Seen) -> Answer {
    assert_eq!(seen.headers.get("x-amz-target").unwrap(), "AWSGlue.GetTable");
    let operation = <glue::op::GetTable as Op>::operation();
    let input = decode_input(&glue::SERVICE, operation, Received::body(&seen.body)).unwrap();
    let name = input.get("Name").and_then(Value::as_str).unwrap();
    let signer = seen.signer.unwrap();
    assert_eq!((signer.scope.service.as_str(), signer.scope.region.as_str()), ("glue", "eu-west-1"));
    let table = texts([("Name", name), ("Owner", &signer.access_key_id)]);
    output::<glue::op::GetTable>(Value::Map(vec![("Table".into(), table)]))
}

fn get_table(name: &str) -> glue::types::GetTableRequest {
    glue::types::GetTableRequest::from_value(texts([("Name", name), ("DatabaseName", "db")])).unwrap()
}

async fn owner_of(client: &Client, name: &str) -> Result<String, ClientError> {
    let output = client.call::<glue::op::GetTable>(get_table(name)).await?.into_value();
    assert_eq!(output.at("Table.Name").and_then(Value::as_str), Some(name));
    Ok(output.at("Table.Owner").and_then(Value::as_str).unwrap().to_owned())
}

#[tokio::test]
async fn json_calls_over_one_connection_with_changing_credentials() {
    let server = Server::start(tables).await;
    let client = server.client();
    assert_eq!(owner_of(&client, "täble").await.unwrap(), "AKIDFIRST");
    client.clone().set_credentials(credentials("AKIDSECOND"));
    assert_eq!(owner_of(&client, "t").await.unwrap(), "AKIDSECOND");
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn query_calls() {
    let server = Server::start(|seen| {
        let signer = seen.signer.unwrap();
        let body = String::from_utf8(seen.body.to_vec()).unwrap();
        if signer.scope.service == "iam" {
            assert_eq!((signer.scope.region.as_str(), seen.target.as_str()), ("us-east-1", "/"));
            assert_eq!(body, "Action=DeleteUser&Version=2010-05-08&UserName=a%20b");
            return output::<iam::op::DeleteUser>(Value::empty());
        }
        assert_eq!(body, "Action=GetCallerIdentity&Version=2011-06-15");
        output::<sts::op::GetCallerIdentity>(text("Account", "111122223333"))
    })
    .await;
    let client = server.client();
    let input = iam::types::DeleteUserRequest::from_value(text("UserName", "a b")).unwrap();
    client.call::<iam::op::DeleteUser>(input).await.unwrap();
    let input = sts::types::GetCallerIdentityRequest::default();
    let identity = client.call::<sts::op::GetCallerIdentity>(input).await.unwrap().into_value();
    assert_eq!(identity, text("Account", "111122223333"));
}

#[tokio::test]
async fn errors_of_both_protocols() {
    let server = Server::start(|seen| {
        if seen.headers.contains_key("x-amz-target") {
            let mut answer = fault(&glue::SERVICE, &Fault::sender("EntityNotFoundException", "no table"));
            answer.headers_mut().insert("x-amzn-requestid", "id-7".parse().unwrap());
            return answer;
        }
        fault(&sts::SERVICE, &Fault::sender("AccessDenied", "not you").with_status(403))
    })
    .await;
    let client = server.client();
    let told = |error: ClientError| match error {
        ClientError::Service { code, message, status, request_id } => {
            (code, message, status, request_id.unwrap())
        }
        other => panic!("{other}"),
    };
    let glue = client.call::<glue::op::GetTable>(get_table("t")).await.unwrap_err();
    assert_eq!(glue.code(), Some("EntityNotFoundException"));
    assert_eq!(told(glue), ("EntityNotFoundException".into(), "no table".into(), 400, "id-7".into()));
    let input = sts::types::GetCallerIdentityRequest::default();
    let sts = client.call::<sts::op::GetCallerIdentity>(input).await.unwrap_err();
    assert_eq!(told(sts), ("AccessDenied".into(), "not you".into(), 403, "id-9".into()));
}

#[tokio::test]
async fn unsigned_requests_below_a_base_path() {
    let server = Server::start(|seen| {
        assert!(seen.signer.is_none());
        answer(200, format!("{} {}", seen.method, seen.target))
    })
    .await;
    let endpoint = format!("http://{}/base/", server.address);
    let client = Client::new(&endpoint, "eu-west-1", credentials("A")).unwrap();
    let reply =
        client.request(Method::GET, "/health?x=1", HeaderMap::new(), Bytes::new(), None).await.unwrap();
    assert_eq!((reply.status, &reply.body[..]), (200, &b"GET /base/health?x=1"[..]));
}

#[tokio::test]
async fn a_server_that_starts_late_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);

    let mut config = Config::new(format!("http://{address}"), "eu-west-1");
    config.patience = Duration::ZERO;
    let hasty = Client::with_config(config.clone(), credentials("A")).unwrap();
    let error = owner_of(&hasty, "t").await.unwrap_err();
    assert!(matches!(error, ClientError::Transport { unsent: true, .. }), "{error}");

    config.patience = Duration::from_secs(60);
    let patient = Client::with_config(config, credentials("A")).unwrap();
    let call = tokio::spawn(async move { owner_of(&patient, "t").await });
    tokio::task::yield_now().await;
    Server::on(TcpListener::bind(address).await.unwrap(), None, tables);
    assert_eq!(call.await.unwrap().unwrap(), "A");
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_the_call() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = Config::new(format!("http://{}", silent.local_addr().unwrap()), "eu-west-1");
    config.timeout = Duration::from_millis(20);
    let client = Client::with_config(config, credentials("A")).unwrap();
    let error = owner_of(&client, "t").await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
}

#[test]
fn endpoints_must_be_urls() {
    for endpoint in ["", "localhost:4566", "ftp://x", "http://x?y=1", "/x"] {
        assert!(Client::new(endpoint, "r", credentials("A")).is_err(), "{endpoint}");
    }
}
