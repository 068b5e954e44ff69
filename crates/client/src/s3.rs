use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, RANGE};
use mastic_core::Timestamp;
use mastic_sigv4::encode;
use mastic_wire::decode_fault;
use mastic_wire::query::Element;

use crate::{Client, ClientError, Reply};

/// The S3 part of a client: whole objects, path-style addresses.
#[derive(Clone)]
pub struct S3(Client);

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    /// The key.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The ETag, without its quotes.
    pub etag: String,
    /// When it was last written.
    pub last_modified: Option<Timestamp>,
}

/// What is under a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects, in the order of their keys.
    pub objects: Vec<ObjectEntry>,
    /// The prefixes that the delimiter rolled up.
    pub prefixes: Vec<String>,
}

impl S3 {
    pub(crate) fn new(client: Client) -> Self {
        Self(client)
    }

    /// Creates a bucket in the client's region.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_bucket(&self, bucket: &str) -> Result<(), ClientError> {
        let region = self.0.region();
        // S3 takes the region of its oldest buckets as no constraint at all, and refuses its name.
        let body = if region == "us-east-1" {
            String::new()
        } else {
            format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            )
        };
        self.send(Method::PUT, &bucket_path(bucket), HeaderMap::new(), body.into()).await.map(drop)
    }

    /// Sets a bucket's policy, a JSON document.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_bucket_policy(&self, bucket: &str, policy: &str) -> Result<(), ClientError> {
        let target = format!("{}?policy=", bucket_path(bucket));
        let body = Bytes::copy_from_slice(policy.as_bytes());
        self.send(Method::PUT, &target, HeaderMap::new(), body).await.map(drop)
    }

    /// Writes an object; gives its ETag, without its quotes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_object(&self, bucket: &str, key: &str, body: Bytes) -> Result<String, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let reply = self.send(Method::PUT, &object_path(bucket, key), headers, body).await?;
        Ok(etag(&reply))
    }

    /// Reads a whole object.
    ///
    /// # Errors
    /// See [`ClientError`]; `NoSuchKey` where there is none.
    pub async fn get_object(&self, bucket: &str, key: &str) -> Result<Bytes, ClientError> {
        let target = object_path(bucket, key);
        Ok(self.send(Method::GET, &target, HeaderMap::new(), Bytes::new()).await?.body)
    }

    /// Reads a range of an object's bytes; shorter where the object ends first.
    ///
    /// # Errors
    /// See [`ClientError`]; `InvalidRange` where the range begins past the end.
    pub async fn get_range(&self, bucket: &str, key: &str, range: Range<u64>) -> Result<Bytes, ClientError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let mut headers = HeaderMap::new();
        let text = format!("bytes={}-{}", range.start, range.end - 1);
        headers.insert(RANGE, header(&text)?);
        Ok(self.send(Method::GET, &object_path(bucket, key), headers, Bytes::new()).await?.body)
    }

    /// What is known of an object without reading it; the code of a missing one is `404`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn head_object(&self, bucket: &str, key: &str) -> Result<ObjectEntry, ClientError> {
        let target = object_path(bucket, key);
        let reply = self.send(Method::HEAD, &target, HeaderMap::new(), Bytes::new()).await?;
        let size = reply.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        Ok(ObjectEntry {
            key: key.to_owned(),
            size: size.unwrap_or(0),
            etag: etag(&reply),
            last_modified: None,
        })
    }

    /// Copies an object within the server.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn copy_object(&self, from: (&str, &str), to: (&str, &str)) -> Result<(), ClientError> {
        let mut headers = HeaderMap::new();
        let source = object_path(from.0, from.1);
        headers.insert(HeaderName::from_static("x-amz-copy-source"), header(&source)?);
        let reply = self.send(Method::PUT, &object_path(to.0, to.1), headers, Bytes::new()).await?;
        // A copy that fails on the way has already answered 200 ("CopyObject").
        match Element::parse(&reply.body)?.name.as_str() {
            "Error" => Err(ClientError::service(decode_fault(None, &reply.body), reply.status, None)),
            _ => Ok(()),
        }
    }

    /// Deletes an object; that there was none is no error.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_object(&self, bucket: &str, key: &str) -> Result<(), ClientError> {
        let target = object_path(bucket, key);
        self.send(Method::DELETE, &target, HeaderMap::new(), Bytes::new()).await.map(drop)
    }

    /// Lists everything under a prefix, page by page; with a delimiter, what lies behind its next
    /// occurrence is rolled up.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
    ) -> Result<Listing, ClientError> {
        let mut all = Listing::default();
        let mut next: Option<String> = None;
        loop {
            let (page, token) = self.list_page(bucket, prefix, delimiter, next.as_deref(), None).await?;
            all.objects.extend(page.objects);
            all.prefixes.extend(page.prefixes);
            next = token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// Lists one page of what is under a prefix, of `most` entries (1 to 1,000, the most if it is missing), and
    /// gives the token of the next page, if there is one.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        token: Option<&str>,
        most: Option<u32>,
    ) -> Result<(Listing, Option<String>), ClientError> {
        let mut target = format!("{}?list-type=2&prefix={}", bucket_path(bucket), encode(prefix, true));
        let most = most.map(|most| most.to_string());
        let options =
            [("delimiter", delimiter), ("continuation-token", token), ("max-keys", most.as_deref())];
        for (name, text) in options {
            if let Some(text) = text {
                // Writing to a string cannot fail.
                let _ = write!(target, "&{name}={}", encode(text, true));
            }
        }
        let reply = self.send(Method::GET, &target, HeaderMap::new(), Bytes::new()).await?;
        let mut listing = Listing::default();
        let next = page(&Element::parse(&reply.body)?, &mut listing);
        Ok((listing, next))
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Reply, ClientError> {
        self.0.request(method, target, headers, body, Some("s3")).await
    }
}

/// Adds a page of a listing; gives the token of the next.
fn page(root: &Element, all: &mut Listing) -> Option<String> {
    for child in &root.children {
        let text = |name: &str| child.child(name).map(|found| found.text.clone());
        match child.name.as_str() {
            "Contents" => all.objects.push(ObjectEntry {
                key: text("Key").unwrap_or_default(),
                size: text("Size").and_then(|size| size.parse().ok()).unwrap_or(0),
                etag: text("ETag").unwrap_or_default().trim_matches('"').to_owned(),
                last_modified: text("LastModified").and_then(|at| Timestamp::parse(&at)),
            }),
            "CommonPrefixes" => all.prefixes.extend(text("Prefix")),
            _ => {}
        }
    }
    root.child("NextContinuationToken").map(|token| token.text.clone())
}

fn bucket_path(bucket: &str) -> String {
    format!("/{}", encode(bucket, true))
}

pub(crate) fn object_path(bucket: &str, key: &str) -> String {
    format!("/{}/{}", encode(bucket, true), encode(key, false))
}

pub(crate) fn etag(reply: &Reply) -> String {
    let value = reply.headers.get(ETAG).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim_matches('"').to_owned()
}

fn header(text: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(text).map_err(|_| ClientError::Config(format!("`{text}` is no header's value")))
}
