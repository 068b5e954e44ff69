//! The S3 part against a bucket in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Method;
use mastic_client::ClientError;

use crate::server::{Answer, Seen, Server, answer};

/// Objects by their raw target; lists two keys a page.
#[derive(Default)]
struct Bucket(Mutex<BTreeMap<String, Bytes>>);

impl Bucket {
    fn serve(&self, seen: &Seen) -> Answer {
        assert_eq!(seen.signer.as_ref().unwrap().scope.service, "s3");
        let mut objects = self.0.lock().unwrap();
        if seen.target.starts_with("/data?list-type=2") {
            return list(&objects, &seen.target);
        }
        match seen.method {
            Method::PUT => {
                let body = match seen.headers.get("x-amz-copy-source") {
                    Some(source) => objects.get(source.to_str().unwrap()).cloned(),
                    None => Some(seen.body.clone()),
                };
                let Some(body) = body else { return answer(200, "<Error><Code>NoSuchKey</Code></Error>") };
                objects.insert(seen.target.clone(), body);
                let mut answer = answer(200, "<CopyObjectResult/>");
                answer.headers_mut().insert("etag", "\"abc\"".parse().unwrap());
                answer
            }
            Method::DELETE => {
                objects.remove(&seen.target);
                answer(204, "")
            }
            _ => match (objects.get(&seen.target), seen.headers.get("range")) {
                (None, _) if seen.method == Method::HEAD => answer(404, ""),
                (None, _) => answer(404, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"),
                (Some(body), Some(range)) => {
                    assert_eq!(range, "bytes=1-2");
                    answer(206, body.slice(1..3))
                }
                (Some(body), None) => answer(200, body.clone()),
            },
        }
    }
}

fn list(objects: &BTreeMap<String, Bytes>, target: &str) -> Answer {
    let after = target.split_once("&continuation-token=").map_or(0, |(_, token)| token.parse().unwrap());
    let mut xml = "<?xml version=\"1.0\"?>\n<ListBucketResult>".to_owned();
    for (target, body) in objects.iter().skip(after).take(2) {
        let key = target.trim_start_matches("/data/").replace("%20", " ").replace("%26", "&amp;");
        xml.push_str(&format!(
            "<Contents><Key>{key}</Key><Size>{}</Size><ETag>&quot;abc&quot;</ETag>\
             <LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>",
            body.len()
        ));
    }
    if objects.len() > after + 2 {
        xml.push_str(&format!("<NextContinuationToken>{}</NextContinuationToken>", after + 2));
    }
    xml.push_str("<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>");
    answer(200, xml)
}

#[tokio::test]
async fn objects_come_and_go() {
    let bucket = Bucket::default();
    let server = Server::start(move |seen| bucket.serve(&seen)).await;
    let s3 = server.client().s3();
    for key in ["a b&c/x=1", "b", "c"] {
        assert_eq!(s3.put_object("data", key, Bytes::from_static(b"12345")).await.unwrap(), "abc");
    }
    assert_eq!(s3.get_object("data", "a b&c/x=1").await.unwrap(), "12345");
    assert_eq!(s3.get_range("data", "b", 1..3).await.unwrap(), "23");
    assert_eq!(s3.get_range("data", "b", 3..3).await.unwrap(), "");
    assert_eq!(s3.head_object("data", "b").await.unwrap().size, 5);
    s3.copy_object(("data", "b"), ("data", "d")).await.unwrap();
    let error = s3.copy_object(("data", "none"), ("data", "d")).await.unwrap_err();
    assert_eq!(error.code(), Some("NoSuchKey"));

    let listing = s3.list("data", "", None).await.unwrap();
    let keys: Vec<&str> = listing.objects.iter().map(|o| o.key.as_str()).collect();
    assert_eq!(keys, ["a b&c/x%3D1", "b", "c", "d"]);
    assert_eq!(listing.prefixes, ["p/", "p/"]);
    assert_eq!((listing.objects[0].size, listing.objects[0].etag.as_str()), (5, "abc"));
    assert_eq!(listing.objects[0].last_modified.unwrap().iso8601(), "2026-01-02T03:04:05Z");

    s3.delete_object("data", "b").await.unwrap();
    assert_eq!(s3.get_object("data", "b").await.unwrap_err().code(), Some("NoSuchKey"));
    let gone = s3.head_object("data", "b").await.unwrap_err();
    assert!(matches!(gone, ClientError::Service { status: 404, .. }));
}

#[tokio::test]
async fn buckets_are_made_in_the_region() {
    let server = Server::start(|seen| {
        let body = String::from_utf8(seen.body.to_vec()).unwrap();
        match seen.target.as_str() {
            "/data" => assert!(body.contains("<LocationConstraint>eu-west-1</LocationConstraint>")),
            target => assert_eq!((target, body.as_str()), ("/data?policy=", "{}")),
        }
        answer(200, "")
    })
    .await;
    let s3 = server.client().s3();
    s3.create_bucket("data").await.unwrap();
    s3.put_bucket_policy("data", "{}").await.unwrap();
}

#[tokio::test]
async fn objects_are_made_of_parts() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen_by_server = log.clone();
    let server = Server::start(move |seen| {
        let body = String::from_utf8(seen.body.to_vec()).unwrap();
        seen_by_server.lock().unwrap().push(format!("{} {} {body}", seen.method, seen.target));
        if seen.target.ends_with("?uploads=") {
            return answer(
                200,
                "<InitiateMultipartUploadResult><UploadId>u/1</UploadId></InitiateMultipartUploadResult>",
            );
        }
        if body.contains("PartNumber>2") {
            return answer(200, "<Error><Code>InvalidPart</Code></Error>");
        }
        let mut answer = answer(200, "<CompleteMultipartUploadResult/>");
        answer.headers_mut().insert("etag", "\"e\"".parse().unwrap());
        answer
    })
    .await;
    let s3 = server.client().s3();
    let mut upload = s3.multipart("data", "k").await.unwrap();
    upload.part(Bytes::from_static(b"one")).await.unwrap();
    upload.complete().await.unwrap();
    let mut upload = s3.multipart("data", "k").await.unwrap();
    upload.part(Bytes::from_static(b"one")).await.unwrap();
    upload.part(Bytes::from_static(b"two")).await.unwrap();
    assert_eq!(upload.complete().await.unwrap_err().code(), Some("InvalidPart"));
    s3.multipart("data", "k").await.unwrap().abort().await.unwrap();

    let log = log.lock().unwrap();
    assert_eq!(log[1], "PUT /data/k?partNumber=1&uploadId=u%2F1 one");
    assert!(log[2].starts_with("POST /data/k?uploadId=u%2F1 <CompleteMultipartUpload"), "{}", log[2]);
    assert!(log[2].contains("<Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag></Part>"));
    assert_eq!(log[8], "DELETE /data/k?uploadId=u%2F1 ");
}
