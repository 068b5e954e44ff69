use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, Method};
use mastic_sigv4::encode;
use mastic_wire::decode_fault;
use mastic_wire::query::Element;

use crate::s3::{S3, etag, object_path};
use crate::{ClientError, Reply};

/// An object written in parts; nothing of it is visible before [`Multipart::complete`].
///
/// One that is dropped unfinished stays on the server until it is aborted.
pub struct Multipart {
    s3: S3,
    target: String,
    upload_id: String,
    parts: Vec<String>,
}

impl S3 {
    /// Begins an object in parts.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn multipart(&self, bucket: &str, key: &str) -> Result<Multipart, ClientError> {
        let target = object_path(bucket, key);
        let begin = format!("{target}?uploads=");
        let reply = self.send(Method::POST, &begin, HeaderMap::new(), Bytes::new()).await?;
        let root = Element::parse(&reply.body)?;
        let id = root.child("UploadId").map(|id| id.text.clone());
        let upload_id =
            id.ok_or_else(|| mastic_wire::WireError::Xml("The answer has no UploadId.".into()))?;
        Ok(Multipart { s3: self.clone(), target, upload_id, parts: Vec::new() })
    }
}

impl Multipart {
    /// Writes the next part: of 5 MiB at least, unless it is the last.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn part(&mut self, body: Bytes) -> Result<(), ClientError> {
        let query = format!("partNumber={}&", self.parts.len() + 1);
        let reply = self.send(Method::PUT, &query, body).await?;
        self.parts.push(etag(&reply));
        Ok(())
    }

    /// Makes the object of its parts.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn complete(self) -> Result<(), ClientError> {
        let mut xml =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
        for (n, etag) in self.parts.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ =
                write!(xml, "<Part><PartNumber>{}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>", n + 1);
        }
        xml.push_str("</CompleteMultipartUpload>");
        let reply = self.send(Method::POST, "", xml.into()).await?;
        // The server answers 200 before it knows that it succeeds ("CompleteMultipartUpload").
        match Element::parse(&reply.body)?.name.as_str() {
            "Error" => Err(ClientError::service(decode_fault(None, &reply.body), reply.status, None)),
            _ => Ok(()),
        }
    }

    /// Drops what was written.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn abort(self) -> Result<(), ClientError> {
        self.send(Method::DELETE, "", Bytes::new()).await.map(drop)
    }

    async fn send(&self, method: Method, query: &str, body: Bytes) -> Result<Reply, ClientError> {
        let target = format!("{}?{query}uploadId={}", self.target, encode(&self.upload_id, true));
        self.s3.send(method, &target, HeaderMap::new(), body).await
    }
}
