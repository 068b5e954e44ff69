//! The S3 examples of "Authenticating Requests (AWS Signature Version 4)" and the classic IAM example.

use std::time::Duration;

use mastic_core::Secret;
use mastic_sigv4::{Credentials, Form, Payloads, Presented, RequestParts, Signer, Verifier, sha256};

use crate::{at, credentials, headers};

const DAY: &str = "20130524T000000Z";

pub(crate) fn example() -> Credentials {
    credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
}

fn s3(credentials: &Credentials) -> Signer<'_> {
    Signer { credentials, region: "us-east-1", service: "s3", at: at(DAY) }
}

fn signs(method: &str, path: &str, query: &str, extra: &[(&str, &str)], body: &[u8], signature: &str) {
    let credentials = example();
    let host = [("host", "examplebucket.s3.amazonaws.com")];
    let mut map = headers(host.into_iter().chain(extra.iter().copied()));
    let made = s3(&credentials).sign(method, path, query, &mut map, Payloads::Body(body)).unwrap();
    assert_eq!(made, signature);

    let request = RequestParts { method, path, query, headers: &map };
    let presented = Presented::parse(&request).unwrap().unwrap();
    assert_eq!(presented.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(presented.scope.to_string(), "20130524/us-east-1/s3/aws4_request");
    Verifier::new()
        .verify(&presented, &request, Some(&sha256(body)), &credentials.secret_access_key, at(DAY))
        .unwrap();
}

#[test]
fn get_object() {
    let signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    signs("GET", "/test.txt", "", &[("range", "bytes=0-9")], b"", signature);
}

#[test]
fn put_object() {
    signs(
        "PUT",
        "/test%24file.text",
        "",
        &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        b"Welcome to Amazon S3.",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
}

#[test]
fn get_bucket_lifecycle() {
    let signature = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543";
    signs("GET", "/", "lifecycle", &[], b"", signature);
}

#[test]
fn list_objects() {
    let signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
    signs("GET", "/", "max-keys=2&prefix=J", &[], b"", signature);
}

#[test]
fn presigned_get() {
    let credentials = example();
    let map = headers([("host", "examplebucket.s3.amazonaws.com")]);
    let query = s3(&credentials).presign("GET", "/test.txt", "", &map, Duration::from_secs(86400));
    assert!(
        query.ends_with("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
        "{query}"
    );
    let request = RequestParts { method: "GET", path: "/test.txt", query: &query, headers: &map };
    let presented = Presented::parse(&request).unwrap().unwrap();
    assert_eq!(presented.form, Form::Query { expires: Some(Duration::from_secs(86400)) });
    let verify = |moment: &str| {
        Verifier::new().verify(&presented, &request, None, &credentials.secret_access_key, at(moment))
    };
    assert_eq!(verify("20130524T235959Z"), Ok(()));
    assert!(verify("20130525T000001Z").is_err());
}

#[test]
fn iam_list_users() {
    let map = headers([
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("host", "iam.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
    ]);
    let query = "Action=ListUsers&Version=2010-05-08";
    let request = RequestParts { method: "GET", path: "/", query, headers: &map };
    let presented = Presented::parse(&request).unwrap().unwrap();
    let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
    let verifier = Verifier::new();
    let now = at("20150830T123600Z");
    assert_eq!(verifier.verify(&presented, &request, Some(&sha256(b"")), &secret, now), Ok(()));
    assert!(verifier.verify(&presented, &request, Some(&sha256(b"x")), &secret, now).is_err());
    presented.require_scope("iam", Some("us-east-1")).unwrap();
    assert!(presented.require_scope("sts", None).is_err());
}

#[test]
fn get_vanilla_of_the_test_suite() {
    let credentials = credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let signer = Signer {
        credentials: &credentials,
        region: "us-east-1",
        service: "service",
        at: at("20150830T123600Z"),
    };
    let mut map = headers([("host", "example.amazonaws.com")]);
    let made = signer.sign("GET", "/", "", &mut map, Payloads::Body(b"")).unwrap();
    assert_eq!(made, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}
