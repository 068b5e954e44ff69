//! What a malformed, early, late or incomplete request is told.

use mastic_core::Secret;
use mastic_sigv4::{Family, Presented, RequestParts, SigError, Verifier, sha256};

use crate::headers;

const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/glue/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";

fn parse(query: &str, pairs: &[(&str, &str)]) -> Result<Option<Presented>, SigError> {
    let map = headers(pairs.iter().copied());
    Presented::parse(&RequestParts { method: "POST", path: "/", query, headers: &map })
}

fn text(query: &str, pairs: &[(&str, &str)]) -> String {
    let fault = parse(query, pairs).unwrap_err().fault(Family::Query);
    format!("{}: {}", fault.code(), fault.message())
}

#[test]
fn no_signature_is_anonymous() {
    assert!(parse("", &[("host", "h")]).unwrap().is_none());
    assert!(parse("Action=X", &[]).unwrap().is_none());
}

#[test]
fn separators_are_free() {
    let auth = "AWS4-HMAC-SHA256  Signature=00,SignedHeaders=X-Amz-Date;host ,  Credential=AKID/20260101/us-east-1/glue/aws4_request";
    let presented =
        parse("", &[("authorization", auth), ("x-amz-date", "20260101T000000Z")]).unwrap().unwrap();
    assert_eq!(presented.signed_headers, "host;x-amz-date");
    assert_eq!((presented.signature.as_str(), presented.scope.region.as_str()), ("00", "us-east-1"));
}

#[test]
fn what_is_missing_is_named() {
    let all = text("", &[("authorization", "AWS4-HMAC-SHA256")]);
    assert!(all.starts_with(
        "IncompleteSignature: Authorization header requires 'Credential' parameter. \
         Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. \
         Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
    ));
    assert!(text("", &[("authorization", "Bearer x")]).contains("Unsupported AWS 'algorithm': 'Bearer'"));
    assert!(text("", &[("authorization", "AWS4-HMAC-SHA256 x")]).contains("missing equal-sign"));
    let short = GOOD.replace("/glue", "");
    assert!(
        text("", &[("authorization", &short), ("x-amz-date", "20260101T000000Z")])
            .contains("Credential must have exactly 5 slash-delimited elements")
    );
    assert!(
        text("", &[("authorization", GOOD), ("x-amz-date", "2026-01-01")])
            .contains("Date must be in ISO-8601 'basic format'")
    );
    let term = GOOD.replace("aws4_request", "aws5");
    assert!(
        text("", &[("authorization", &term), ("x-amz-date", "20260101T000000Z")])
            .starts_with("SignatureDoesNotMatch: Credential should be scoped with a valid terminator")
    );
    assert_eq!(parse("X-Amz-Algorithm=a", &[("authorization", GOOD)]).unwrap_err(), SigError::TwoForms);
    assert!(text("X-Amz-Algorithm=AWS4-HMAC-SHA256", &[]).contains("must include 'X-Amz-Credential'"));
}

#[test]
fn presigned_lifetimes_are_bounded() {
    let query = |expires: &str| {
        format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00{expires}"
        )
    };
    assert!(parse(&query("&X-Amz-Expires=604800"), &[]).is_ok());
    for (expires, word) in [
        ("&X-Amz-Expires=604801", "less than a week"),
        ("&X-Amz-Expires=-1", "non-negative"),
        ("&X-Amz-Expires=x", "should be a number"),
        ("", "must include 'X-Amz-Expires'"),
    ] {
        assert!(text(&query(expires), &[]).contains(word), "{expires}");
    }
}

fn verify(auth: &str, date: &str, extra: &[(&str, &str)], now: &str) -> String {
    let pairs = [("host", "h"), ("authorization", auth), ("x-amz-date", date)];
    let map = headers(pairs.into_iter().chain(extra.iter().copied()));
    let request = RequestParts { method: "POST", path: "/", query: "", headers: &map };
    let presented = Presented::parse(&request).unwrap().unwrap();
    let secret = Secret::new("secret".to_owned());
    Verifier::new()
        .verify(&presented, &request, Some(&sha256(b"")), &secret, crate::at(now))
        .unwrap_err()
        .fault(Family::Json)
        .message()
        .to_owned()
}

#[test]
fn clocks_may_differ_by_minutes_only() {
    let late = verify(GOOD, "20260101T000000Z", &[], "20260101T001000Z");
    assert_eq!(
        late,
        "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)"
    );
    let early = verify(GOOD, "20260101T000600Z", &[], "20260101T000000Z");
    assert_eq!(
        early,
        "Signature not yet current: 20260101T000600Z is still later than 20260101T000500Z (20260101T000000Z + 5 min.)"
    );
    assert!(verify(GOOD, "20260101T000000Z", &[], "20260101T000459Z").contains("Canonical String"));
    let day = verify(GOOD, "20260102T000000Z", &[], "20260102T000000Z");
    assert!(day.contains("'20260101' != '20260102', from '20260102T000000Z'."), "{day}");
}

#[test]
fn what_must_be_signed_must_be() {
    let hostless = GOOD.replace("host;", "");
    assert!(verify(&hostless, "20260101T000000Z", &[], "20260101T000000Z").contains("'Host'"));
    let target = verify(GOOD, "20260101T000000Z", &[("x-amz-target", "T")], "20260101T000000Z");
    assert_eq!(target, "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
}

#[test]
fn the_declared_hash_must_be_the_bodys() {
    let credentials = crate::credentials("AKID", "secret");
    let now = crate::at("20260101T000000Z");
    let signer = mastic_sigv4::Signer { credentials: &credentials, region: "r", service: "s3", at: now };
    let mut map = headers([("host", "h")]);
    signer.sign("PUT", "/k", "", &mut map, mastic_sigv4::Payloads::Body(b"right")).unwrap();
    let request = RequestParts { method: "PUT", path: "/k", query: "", headers: &map };
    let presented = Presented::parse(&request).unwrap().unwrap();
    let check = |body: &[u8]| {
        Verifier::new().verify(&presented, &request, Some(&sha256(body)), &credentials.secret_access_key, now)
    };
    assert_eq!(check(b"right"), Ok(()));
    assert_eq!(check(b"wrong"), Err(SigError::PayloadHash));
}
