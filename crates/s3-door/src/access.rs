//! The choke point of S3: every operation is allowed here or not at all.

use std::sync::Arc;

use http::HeaderMap;
use mastic_core::Fault;
use mastic_kernel::{Access, Call, Identity, Kernel, Need};
use mastic_objects::{BucketRecord, Objects, bucket_arn, fault, object_arn, owner_differs};
use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::CopySource;
use s3s::path::S3Path;
use s3s::{S3Error, S3Result};

use crate::answer::error_of;
use crate::slot::Slot;
use crate::table::{On, of_version, row};
use crate::{query, refuse};

pub(crate) struct Guard {
    pub(crate) kernel: Kernel,
    pub(crate) objects: Arc<Objects>,
}

/// A request as far as access depends on it.
struct Asked<'a> {
    operation: &'a str,
    bucket: Option<&'a str>,
    key: Option<&'a str>,
    headers: &'a HeaderMap,
    parameters: Vec<(String, String)>,
}

#[async_trait::async_trait]
impl S3Access for Guard {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let slot = cx.extensions_mut().get::<Slot>().cloned();
        let slot = slot.ok_or_else(|| error_of(&Fault::internal("a request that passed no gate")))?;
        let (bucket, key) = match cx.s3_path() {
            S3Path::Root => (None, None),
            S3Path::Bucket { bucket } => (Some(&**bucket), None),
            S3Path::Object { bucket, key } => (Some(&**bucket), Some(&**key)),
        };
        let parameters = query::parameters(cx.uri().query());
        let asked = Asked { operation: cx.s3_op().name(), bucket, key, headers: cx.headers(), parameters };
        slot.operation(asked.operation, asked.summary());
        let outcome = self.admit(&slot, &asked).and_then(|()| refuse::headers(asked.headers));
        outcome.map_err(|refused| refusal(&slot, refused))
    }
}

fn refusal(slot: &Slot, refused: Fault) -> S3Error {
    let error = error_of(&refused);
    slot.fail(refused);
    error
}

impl Guard {
    fn admit(&self, slot: &Slot, asked: &Asked<'_>) -> Result<(), Fault> {
        let call = slot.call();
        let bucket = asked.bucket.map(|name| self.objects.bucket(name)).transpose()?.flatten();
        let access = self.access(&call, asked, bucket.as_deref())?;
        let anonymous = call.caller.identity == Identity::Anonymous;
        let (ctx, admitted) = self.kernel.admit(call, &access);
        slot.admit(ctx);
        if anonymous && asked.bucket.is_some() && bucket.is_none() {
            return Err(fault::no_such_bucket());
        }
        admitted.map_err(fault::denied)?;
        let expected = asked.header("x-amz-expected-bucket-owner");
        if bucket.is_some_and(|bucket| owner_differs(&bucket.owner, expected)) {
            return Err(fault::access_denied());
        }
        Ok(())
    }

    /// What the operation needs, the main action first.
    fn access(&self, call: &Call, asked: &Asked<'_>, bucket: Option<&BucketRecord>) -> Result<Access, Fault> {
        let (action, on) = row(asked.operation)
            .ok_or_else(|| fault::not_implemented(&format!("the operation {}", asked.operation)))?;
        // A bucket to be made is the caller's, whosever the name may be already.
        let bucket = bucket.filter(|_| asked.operation != "CreateBucket");
        let owner = bucket.map(|bucket| bucket.owner.clone()).or_else(|| call.caller.account.clone());
        let name = asked.bucket.unwrap_or_default();
        let resource = match on {
            On::Entries => return Ok(Access::PerEntry),
            On::Service => "*".to_owned(),
            On::Bucket => bucket_arn(name),
            On::Object => object_arn(name, asked.key.unwrap_or_default()),
        };
        let mut context = asked.context(call);
        if let (On::Object, Some(key)) = (on, asked.key) {
            for tag in self.objects.existing_tags(name, key)? {
                context.push((format!("s3:ExistingObjectTag/{}", tag.key), vec![tag.value]));
            }
        }
        let need = |action: &str| Need {
            action: match query::value(&asked.parameters, "versionId") {
                Some(_) if on == On::Object => of_version(action).to_owned(),
                _ => action.to_owned(),
            },
            resource: resource.clone(),
            owner: owner.clone(),
            context: context.clone(),
            pattern: false,
        };
        let mut needs = vec![need(action)];
        needs.extend(asked.further_actions().into_iter().map(need));
        if let Some(source) = asked.header("x-amz-copy-source").filter(|_| asked.copies()) {
            needs.insert(0, self.source_need(call, asked, source)?);
        }
        Ok(Access::All(needs))
    }

    /// A copy reads its source.
    fn source_need(&self, call: &Call, asked: &Asked<'_>, source: &str) -> Result<Need, Fault> {
        let invalid = || {
            fault::invalid_argument(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            )
        };
        let Ok(CopySource::Bucket { bucket, key, version_id }) = CopySource::parse(source) else {
            return Err(invalid());
        };
        let record = self.objects.bucket(&bucket)?;
        let expected = asked.header("x-amz-source-expected-bucket-owner");
        if record.as_ref().is_some_and(|record| owner_differs(&record.owner, expected)) {
            return Err(fault::access_denied());
        }
        let action = if version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        let mut need = Need::new(action, object_arn(&bucket, &key));
        need.owner = record.map(|record| record.owner.clone()).or_else(|| call.caller.account.clone());
        for tag in self.objects.existing_tags(&bucket, &key)? {
            need = need.with(format!("s3:ExistingObjectTag/{}", tag.key), [tag.value]);
        }
        Ok(need)
    }
}

impl Asked<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn copies(&self) -> bool {
        matches!(self.operation, "CopyObject" | "UploadPartCopy")
    }

    /// Actions besides the main one, on the same resource.
    fn further_actions(&self) -> Vec<&'static str> {
        let writes = matches!(self.operation, "PutObject" | "CopyObject" | "CreateMultipartUpload");
        let mut further = Vec::new();
        if self.operation == "GetObjectAttributes" {
            further.push("s3:GetObjectAttributes");
        }
        if writes && self.header("x-amz-tagging").is_some() {
            further.push("s3:PutObjectTagging");
        }
        if writes && self.header("x-amz-acl").is_some() {
            further.push("s3:PutObjectAcl");
        }
        further
    }

    /// S3's own condition keys.
    fn context(&self, call: &Call) -> Vec<(String, Vec<String>)> {
        let mut context: Vec<(String, Vec<String>)> = Vec::new();
        let mut set = |name: &str, value: &str| context.push((format!("s3:{name}"), vec![value.to_owned()]));
        if call.caller.identity != Identity::Anonymous {
            let in_query = query::value(&self.parameters, "X-Amz-Signature").is_some();
            set("authType", if in_query { "REST-QUERY-STRING" } else { "REST-HEADER" });
            set("signatureversion", "AWS4-HMAC-SHA256");
        }
        if self.key.is_none() {
            for name in ["prefix", "delimiter", "max-keys"] {
                if let Some(value) = query::value(&self.parameters, name) {
                    set(name, value);
                }
            }
        }
        if let Some(version) = query::value(&self.parameters, "versionId") {
            set("VersionId", version);
        }
        for name in [
            "x-amz-acl",
            "x-amz-content-sha256",
            "x-amz-copy-source",
            "x-amz-metadata-directive",
            "x-amz-storage-class",
            "if-match",
            "if-none-match",
        ] {
            if let Some(value) = self.header(name) {
                set(name, value);
            }
        }
        if let Some(tagging) = self.header("x-amz-tagging") {
            let tags = query::parameters(Some(tagging));
            for (key, value) in &tags {
                set(&format!("RequestObjectTag/{key}"), value);
            }
            context
                .push(("s3:RequestObjectTagKeys".to_owned(), tags.into_iter().map(|(key, _)| key).collect()));
        }
        context
    }

    /// What the audit record shows of the input: no body, no signature.
    fn summary(&self) -> Option<String> {
        let mut shown = serde_json::Map::new();
        let mut show = |name: &str, value: &str| shown.insert(name.to_owned(), value.into());
        for (name, value) in [("bucketName", self.bucket), ("key", self.key)] {
            if let Some(value) = value {
                show(name, value);
            }
        }
        for (name, value) in self.parameters.iter().filter(|(name, _)| !name.starts_with("X-Amz-")) {
            show(name, value);
        }
        for name in ["x-amz-acl", "x-amz-copy-source", "x-amz-storage-class", "range", "content-length"] {
            if let Some(value) = self.header(name) {
                show(name, value);
            }
        }
        serde_json::to_string(&shown).ok()
    }
}
