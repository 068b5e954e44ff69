//! What is signed verifies; what was changed does not; nothing panics.

use http::header::{HeaderMap, HeaderValue};
use mastic_core::{Secret, Timestamp};
use mastic_sigv4::{
    ChunkDecoder, Credentials, Payloads, Presented, RequestParts, Signer, Verifier, encode, sha256,
};
use proptest::prelude::*;

use crate::headers;

fn request() -> impl Strategy<Value = (String, String, Vec<u8>, String, bool, Option<String>)> {
    (
        "(/[ -~éß]{0,8}){1,4}".prop_map(|path| encode(&path, false).into_owned()),
        proptest::collection::vec(("[ -~]{1,6}", "[ -~]{0,6}"), 0..4).prop_map(|pairs| {
            let encoded: Vec<String> =
                pairs.iter().map(|(n, v)| format!("q{}={}", encode(n, true), encode(v, true))).collect();
            encoded.join("&")
        }),
        proptest::collection::vec(any::<u8>(), 0..40),
        "[!-~][ -~]{0,12}[!-~]",
        any::<bool>(),
        proptest::option::of("[A-Za-z0-9+/=]{10,20}"),
    )
}

proptest! {
    #[test]
    fn signed_requests_verify_and_tampered_ones_do_not(
        (path, query, body, value, s3, token) in request(),
        tamper in 0usize..6,
    ) {
        let now = Timestamp::from_secs(1_770_000_000);
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("secret".into()),
            session_token: token.map(Secret::new),
        };
        let service = if s3 { "s3" } else { "glue" };
        let signer = Signer { credentials: &credentials, region: "eu-west-1", service, at: now };
        let mut map = headers([("host", "localhost"), ("x-amz-meta-x", value.as_str())]);
        signer.sign("PUT", &path, &query, &mut map, Payloads::Body(&body)).unwrap();

        let verifier = Verifier::new();
        let check = |method: &str, path: &str, query: &str, map: &HeaderMap, body: &[u8], secret: &str| {
            let request = RequestParts { method, path, query, headers: map };
            let presented = Presented::parse(&request)?.unwrap();
            verifier.verify(&presented, &request, Some(&sha256(body)), &Secret::new(secret.to_owned()), now)
        };
        prop_assert_eq!(check("PUT", &path, &query, &map, &body, "secret"), Ok(()));

        let changed = match tamper {
            0 => check("POST", &path, &query, &map, &body, "secret"),
            1 => check("PUT", &format!("{path}/x"), &query, &map, &body, "secret"),
            2 => check("PUT", &path, &format!("{query}&zz=1"), &map, &body, "secret"),
            3 => {
                let mut map = map.clone();
                map.insert("x-amz-meta-x", HeaderValue::from_str(&format!("{value}!")).unwrap());
                check("PUT", &path, &query, &map, &body, "secret")
            }
            4 => {
                let mut body = body.clone();
                body.push(0);
                check("PUT", &path, &query, &map, &body, "secret")
            }
            _ => check("PUT", &path, &query, &map, &body, "other"),
        };
        prop_assert!(changed.is_err());
    }

    #[test]
    fn the_parser_never_panics(
        auth in "(AWS4-HMAC-SHA256)?[ -~]{0,80}",
        date in "[ -~]{0,30}",
        query in "(X-Amz-(Algorithm|Credential|Date|Expires|Signature|SignedHeaders)=[ -~]{0,20}&?){0,6}",
        with_header in any::<bool>(),
    ) {
        let mut map = HeaderMap::new();
        if with_header {
            map.insert("authorization", HeaderValue::from_str(&auth).unwrap());
            map.insert("x-amz-date", HeaderValue::from_str(&date).unwrap());
        }
        let request = RequestParts { method: "GET", path: "/", query: &query, headers: &map };
        if let Ok(Some(presented)) = Presented::parse(&request) {
            let secret = Secret::new("s".to_owned());
            let _ = Verifier::new().verify(&presented, &request, None, &secret, Timestamp::from_secs(0));
        }
    }

    #[test]
    fn the_chunk_decoder_never_panics(body in "[0-9a-f;\r\n:x ]{0,60}", piece in 1usize..8) {
        let mut decoder = ChunkDecoder::new(None, None);
        let mut out = Vec::new();
        let fine = body.as_bytes().chunks(piece).try_for_each(|part| decoder.push(part, &mut out));
        if fine.is_ok() {
            let _ = decoder.finish();
        }
    }

    #[test]
    fn unsigned_chunks_decode_to_what_was_sent(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..6),
        piece in 1usize..20,
    ) {
        let mut body = Vec::new();
        for part in &parts {
            body.extend_from_slice(format!("{:X}\r\n", part.len()).as_bytes());
            body.extend_from_slice(part);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n\r\n");
        let whole = parts.concat();
        let mut decoder = ChunkDecoder::new(None, Some(whole.len() as u64));
        let mut out = Vec::new();
        for part in body.chunks(piece) {
            decoder.push(part, &mut out).unwrap();
        }
        prop_assert_eq!(decoder.finish(), Ok(vec![]));
        prop_assert_eq!(out, whole);
    }
}
