use std::borrow::Cow;

use http::request::Parts;
use mastic_shape::{Operation, Protocol, Service};
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
    Route::Other
}

fn json_target(services: &[&'static Service], target: &str) -> Option<Route> {
    let (prefix, name) = target.rsplit_once('.')?;
    let service = services.iter().find(|s| s.protocol != Protocol::AwsQuery && s.target_prefix == prefix)?;
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
    use mastic_shape::AccessLevel;

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

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn requests_find_their_door() {
        let services: &[&'static Service] = &[&JSON];
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        for (request, wanted) in [
            (parts("GET", "/health", &[]), "Health"),
            (parts("GET", "/health", &[("authorization", "AWS4-HMAC-SHA256 ...")]), "Other"),
            (parts("POST", "/", &[("x-amz-target", "AWSThing.GetThing")]), "Json"),
            (parts("POST", "/", &[("x-amz-target", "AWSThing.Nothing")]), "UnknownTarget"),
            (parts("POST", "/", &[form]), "Query"),
            (parts("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", &[]), "Query"),
            (parts("GET", "/bucket/key", &[]), "Other"),
            (parts("POST", "/bucket?delete", &[form]), "Other"),
        ] {
            let found = format!("{:?}", route(services, &request));
            assert!(found.starts_with(wanted), "{request:?}: {found}");
        }
    }
}
