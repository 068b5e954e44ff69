//! The door on a port of its own, with boto3 as the client.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mastic_core::{AccountId, Fault, Region, Secret, SystemClock, SystemEntropy, Timestamp};
use mastic_kernel::ports::{KeyMaterial, Keys, ResourcePolicies};
use mastic_kernel::{Authorizer, Call, Caller, Explanation, Identity, Kernel, Need, Outcome, Seams, Verdict};
use mastic_objects::{Objects, Settings};
use mastic_store::Store;
use tokio::net::TcpListener;

use crate::S3Door;

const ALICE: &str = "111122223333";
const BOB: &str = "444455556666";

/// Two root users, and credentials that have ended.
struct Ring;

impl Keys for Ring {
    fn key(&self, id: &str) -> Result<Option<Arc<KeyMaterial>>, Fault> {
        let (account, token, expires, active) = match id {
            "AKIAALICE" => (ALICE, None, None, true),
            "AKIABOB" => (BOB, None, None, true),
            "AKIAOFF" => (ALICE, None, None, false),
            "ASIASESSION" => (ALICE, Some("token"), Some(9_999_999_999), true),
            "ASIAOVER" => (ALICE, Some("token"), Some(1_000), true),
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(KeyMaterial {
            secret: Secret::new("secret".to_owned()),
            session_token: token.map(|token| Secret::new(token.to_owned())),
            expires: expires.map(Timestamp::from_secs),
            active,
            caller: Arc::new(Caller {
                account: account.parse::<AccountId>().ok(),
                identity: Identity::Root,
                access_key_id: Some(id.to_owned()),
                token: None,
            }),
        })))
    }

    fn used(&self, _: &str, _: &str, _: &Region, _: Timestamp) {}
}

/// The owner may do everything but what begins with `forbidden`; others what the bucket's policy says in its text.
struct Judge {
    objects: Arc<Objects>,
}

impl Authorizer for Judge {
    fn decide(&self, call: &Call, need: &Need) -> Result<Verdict, Fault> {
        let policy = self.objects.policy(&need.resource)?;
        let document = policy.and_then(|policy| policy.document).unwrap_or_default();
        let account = call.caller.account.as_ref().map_or("nobody", AccountId::as_str);
        let own = need.owner.is_none() || need.owner == call.caller.account;
        let named = document.contains(account) || document.contains(r#""Principal":"*""#);
        let granted = named && document.contains(&need.action);
        let forbidden = need.resource.contains("/forbidden");
        let text = format!(
            "User: {} is not authorized to perform: {} on resource: {} because no resource-based policy allows the {} action",
            call.caller.arn(),
            need.action,
            need.resource,
            need.action
        );
        Ok(Verdict {
            allowed: (own && call.caller.account.is_some() && !forbidden) || granted,
            text,
            explanation: None,
        })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

async fn serve(door: S3Door, kernel: Kernel, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let (door, kernel) = (door.clone(), kernel.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (door, id) = (door.clone(), kernel.request_id());
                async move {
                    Ok::<_, std::convert::Infallible>(
                        door.handle(request, IpAddr::V4(Ipv4Addr::LOCALHOST), false, id).await,
                    )
                }
            });
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client may close as it likes.
            let _ = connection.await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_finds_s3() {
    let store = Store::memory().unwrap();
    let seams = Seams { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy::new()) };
    let kernel = Kernel::new(store, seams);
    let directory = tempfile::tempdir().unwrap();
    let objects = Objects::open(&kernel, directory.path(), &Settings::default()).unwrap();
    kernel.connect_authorizer(Arc::new(Judge { objects: objects.clone() }));
    let region = "us-east-1".parse().unwrap();
    let door = S3Door::new(kernel.clone(), Arc::new(Ring), objects, &[], region);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(serve(door, kernel.clone(), listener));

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boto.py");
    let output = tokio::process::Command::new("python3")
        .args([script, &port.to_string()])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    server.abort();

    // The script ends with the ids of a call that was denied and one that was served.
    let ids: Vec<&str> = said.lines().last().unwrap_or_default().split_whitespace().collect();
    let account = ALICE.parse().unwrap();
    let record = |id: &str| {
        let (kernel, account, id) = (kernel.clone(), AccountId::clone(&account), id.to_owned());
        async move { kernel.audit_record(Some(&account), &id).await.unwrap().unwrap() }
    };
    let denied = record(ids[0]).await;
    assert_eq!((denied.service.as_str(), denied.operation.as_str()), ("s3", "GetObject"));
    assert!(
        matches!(denied.outcome, Outcome::Failed { ref code, .. } if code == "AccessDenied"),
        "{denied:?}"
    );
    assert_eq!(denied.input_members()["key"], "forbidden/x");
    let served = record(ids[1]).await;
    assert_eq!((served.operation.as_str(), served.outcome.clone()), ("PutObject", Outcome::Served));
    assert_eq!(served.decisions.len(), 1);
}
