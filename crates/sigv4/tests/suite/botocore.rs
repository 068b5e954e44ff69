//! Signatures made by botocore (`tests/data/vectors.py`): ours are the same, and theirs verify.

use mastic_core::Secret;
use mastic_sigv4::{Credentials, Form, Payloads, Presented, RequestParts, Signer, Verifier, sha256};
use serde::Deserialize;

use crate::{at, headers};

#[derive(Deserialize)]
struct Vectors {
    access_key_id: String,
    secret: String,
    region: String,
    now: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    service: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    token: Option<String>,
}

#[test]
fn botocore_signs_as_we_do() {
    let vectors: Vectors = serde_json::from_str(include_str!("../data/sigv4.json")).unwrap();
    let verifier = Verifier::new();
    let now = at(&vectors.now);
    let mut presigned = 0;
    for case in &vectors.cases {
        let map = headers(case.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let request =
            RequestParts { method: &case.method, path: &case.path, query: &case.query, headers: &map };
        let presented = Presented::parse(&request).unwrap().unwrap();
        let secret = Secret::new(vectors.secret.clone());
        let body = sha256(case.body.as_bytes());
        assert_eq!(verifier.verify(&presented, &request, Some(&body), &secret, now), Ok(()), "{}", case.name);
        assert_eq!(presented.session_token.map(|t| t.reveal().clone()), case.token, "{}", case.name);
        assert_eq!(presented.scope.service, case.service);

        if matches!(presented.form, Form::Query { .. }) {
            presigned += 1;
            continue;
        }
        let credentials = Credentials {
            access_key_id: vectors.access_key_id.clone(),
            secret_access_key: secret,
            session_token: case.token.clone().map(Secret::new),
        };
        let signer =
            Signer { credentials: &credentials, region: &vectors.region, service: &case.service, at: now };
        let mut ours = headers(
            case.headers
                .iter()
                .filter(|(n, _)| presented.signed_headers.split(';').any(|name| name == n.as_str()))
                .map(|(n, v)| (n.as_str(), v.as_str())),
        );
        let payload = Payloads::Body(case.body.as_bytes());
        let signature = signer.sign(&case.method, &case.path, &case.query, &mut ours, payload).unwrap();
        assert_eq!(signature, presented.signature, "{}", case.name);
    }
    assert!(presigned > 0);
}
