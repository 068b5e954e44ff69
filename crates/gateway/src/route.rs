use std::borrow::Cow;

use http::request::Parts;
use mastic_shape::{Operation, Protocol, Service};
use mastic_sigv4::{Presented, RequestParts};
use mastic_wire::rest;
use percent_encoding::percent_decode_str;

/// What a request asks for, as far as headers and target tell.
#[derive(Debug)]
pub(crate) enum Route {
    /// `GET /health`.
    Health,
    /// awsJson: the target is known.
    Json(&'static Service, &'static Operation),
    /// awsJson with a target that no model knows.
    UnknownTarget(String),
    /// restJson1: signed for the service, method and path are the operation's.
    Rest(&'static Service, &'static Operation),
    /// restJson1: signed for the service, but method and path are none of its model's.
    UnknownPath(&'static Service),
    /// awsQuery: the action is in the body, or in the query string of a `GET`.
    Query,
    /// Anything else: S3.
    Other,
}

pub(crate) fn route(services: &[&'static Service], request: &Parts) -> Route {
    if request.uri.path() == "/health" && request.headers.get(http::header::AUTHORIZATION).is_none() {
        return Route::Health;
    }
    if let Some(target) = request.headers.get("x-amz-target") {
        let target = String::from_utf8_lossy(target.as_bytes());
        return json_target(services, &target).unwrap_or_else(|| Route::UnknownTarget(target.into_owned()));
    }
    let form = request
        .headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let query_action =
        request.uri.path() == "/" && parameter(request.uri.query().unwrap_or(""), "Action").is_some();
    if (request.method == http::Method::POST && form && request.uri.path() == "/") || query_action {
        return Route::Query;
    }
    // Only the signature tells a path of restJson1 from a bucket's name.
    let rest = services.iter().filter(|s| s.protocol == Protocol::RestJson1);
    if let Some(signed_for) = signed_for(request)
        && let Some(service) = rest.copied().find(|s| s.id == signed_for)
    {
        return match rest::operation(service, request.method.as_str(), request.uri.path()) {
            Some(operation) => Route::Rest(service, operation),
            None => Route::UnknownPath(service),
        };
    }
    Route::Other
}

/// The service that the request says it is signed for.
pub(crate) fn signed_for(parts: &Parts) -> Option<String> {
    let request = RequestParts::new(&parts.method, &parts.uri, &parts.headers);
    Presented::parse(&request).ok().flatten().map(|presented| presented.scope.service)
}

fn json_target(services: &[&'static Service], target: &str) -> Option<Route> {
    let (prefix, name) = target.rsplit_once('.')?;
    let json = |s: &Service| matches!(s.protocol, Protocol::AwsJson10 | Protocol::AwsJson11);
    let service = services.iter().find(|s| json(s) && s.target_prefix == prefix)?;
    Some(Route::Json(service, service.operation(name)?))
}

/// The Query operation of this action: the signing name decides between services that share one.
pub(crate) fn query_operation(
    services: &[&'static Service],
    signed_for: Option<&str>,
    action: &str,
) -> Option<(&'static Service, &'static Operation)> {
    services
        .iter()
        .filter(|s| s.protocol == Protocol::AwsQuery && signed_for.is_none_or(|id| id == s.id))
        .find_map(|service| Some((*service, service.operation(action)?)))
}

/// The first value of a form parameter.
pub(crate) fn parameter<'a>(form: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| percent_decode_str(value).decode_utf8().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use mastic_shape::{AccessLevel, Http};

    use super::*;

    static OPERATIONS: [Operation; 1] = [Operation {
        name: "GetThing",
        action: "x:GetThing",
        access: AccessLevel::Read,
        resources: &[],
        condition_keys: &[],
        http: None,
        unsigned: false,
        shapes: None,
    }];
    static JSON: Service = Service {
        id: "x",
        protocol: Protocol::AwsJson11,
        target_prefix: "AWSThing",
        version: "1",
        xml_namespace: "",
        message_member: "Message",
        operations: &OPERATIONS,
    };

    static REST: Service = Service {
        id: "rest",
        protocol: Protocol::RestJson1,
        target_prefix: "",
        version: "1",
        xml_namespace: "",
        message_member: "message",
        operations: &[Operation {
            name: "GetThing",
            action: "rest:GetThing",
            access: AccessLevel::Read,
            resources: &[],
            condition_keys: &[],
            http: Some(Http { method: "GET", path: "/thing/{name}", query: &[] }),
            unsigned: false,
            shapes: None,
        }],
    };

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn requests_find_their_door() {
        let services: &[&'static Service] = &[&JSON, &REST];
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/{service}/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={}",
                "0".repeat(64)
            )
        };
        let (for_rest, for_s3) = (signed("rest"), signed("s3"));
        let date = ("x-amz-date", "20260102T030405Z");
        let (for_rest, for_s3) = (("authorization", for_rest.as_str()), ("authorization", for_s3.as_str()));
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        for (request, wanted) in [
            (parts("GET", "/health", &[]), "Health"),
            (parts("GET", "/health", &[("authorization", "AWS4-HMAC-SHA256 ...")]), "Other"),
            (parts("POST", "/", &[("x-amz-target", "AWSThing.GetThing")]), "Json"),
            (parts("POST", "/", &[("x-amz-target", "AWSThing.Nothing")]), "UnknownTarget"),
            (parts("POST", "/", &[form]), "Query"),
            (parts("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", &[]), "Query"),
            (parts("GET", "/thing/1%2F2", &[for_rest, date]), "Rest"),
            (parts("PUT", "/thing/1", &[for_rest, date]), "UnknownPath"),
            (parts("GET", "/thing/1/2", &[for_rest, date]), "UnknownPath"),
            (parts("GET", "/thing/1", &[for_s3, date]), "Other"),
            (parts("GET", "/thing/1", &[]), "Other"),
            (parts("GET", "/bucket/key", &[]), "Other"),
            (parts("POST", "/bucket?delete", &[form]), "Other"),
        ] {
            let found = format!("{:?}", route(services, &request));
            assert!(found.starts_with(wanted), "{request:?}: {found}");
        }
    }
}
