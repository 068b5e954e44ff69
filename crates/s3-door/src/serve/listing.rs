use mastic_core::Fault;
use mastic_objects::{ListObjects, ListPage, ListUploads, ObjectRecord, fault};
use s3s::dto::*;

use super::Asked;
use crate::dto::{self, bucket_owner, count, encoded, etag, initiator, kind, length, time};

/// Whether keys are to be percent-encoded, as every SDK asks for.
fn url(encoding: Option<&EncodingType>) -> Result<bool, Fault> {
    match encoding.map(EncodingType::as_str) {
        None => Ok(false),
        Some("url") => Ok(true),
        Some(_) => Err(fault::invalid_argument("Invalid Encoding Method specified in Request")),
    }
}

fn object(key: &str, object: ObjectRecord, url: bool, owner: Option<Owner>) -> Object {
    let checksum = object.checksum;
    Object {
        key: Some(encoded(key, url)),
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(time(object.modified)),
        size: Some(length(object.size)),
        storage_class: Some(ObjectStorageClass::from(object.storage_class.unwrap_or("STANDARD".to_owned()))),
        checksum_algorithm: checksum.as_ref().map(|sum| vec![dto::algorithm(sum.algorithm)]),
        checksum_type: checksum.map(|sum| kind(sum.kind)),
        owner,
        restore_status: None,
    }
}

fn prefixes(found: &[String], url: bool) -> CommonPrefixList {
    found.iter().map(|prefix| CommonPrefix { prefix: Some(encoded(prefix, url)) }).collect()
}

pub(crate) async fn objects_v2(asked: Asked<ListObjectsV2Input>) -> Result<ListObjectsV2Output, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let url = url(input.encoding_type.as_ref())?;
    let token = input.continuation_token.as_deref().map(dto::read_token).transpose()?;
    let list = ListObjects {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        after: token.or_else(|| input.start_after.clone().filter(|after| !after.is_empty())),
        most: input.max_keys,
    };
    let owner = match input.fetch_owner {
        Some(true) => Some(bucket_owner(&objects, &ctx, &input.bucket)?),
        _ => None,
    };
    let page = objects.list(&ctx, &list)?;
    let text = |text: Option<String>| text.map(|text| encoded(&text, url));
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoded(&list.prefix, url)),
        max_keys: Some(count(page.most)),
        key_count: Some(count(page.objects.len() + page.prefixes.len())),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(dto::write_token),
        common_prefixes: Some(prefixes(&page.prefixes, url)),
        contents: Some(
            page.objects.into_iter().map(|(key, record)| object(&key, record, url, owner.clone())).collect(),
        ),
        delimiter: text(input.delimiter),
        encoding_type: input.encoding_type,
        start_after: text(input.start_after),
        request_charged: None,
    })
}

pub(crate) async fn objects(asked: Asked<ListObjectsInput>) -> Result<ListObjectsOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let url = url(input.encoding_type.as_ref())?;
    let list = ListObjects {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        after: input.marker.clone().filter(|marker| !marker.is_empty()),
        most: input.max_keys,
    };
    let page = objects.list(&ctx, &list)?;
    let owner = bucket_owner(&objects, &ctx, &input.bucket)?;
    let text = |text: Option<String>| text.map(|text| encoded(&text, url));
    // S3 names the marker only where it could not be told from the last key.
    let next = page.next.as_deref().filter(|_| list.delimiter.is_some()).map(|next| encoded(next, url));
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoded(&list.prefix, url)),
        marker: Some(text(input.marker).unwrap_or_default()),
        max_keys: Some(count(page.most)),
        is_truncated: Some(page.next.is_some()),
        next_marker: next,
        common_prefixes: Some(prefixes(&page.prefixes, url)),
        contents: Some(
            page.objects
                .into_iter()
                .map(|(key, record)| object(&key, record, url, Some(owner.clone())))
                .collect(),
        ),
        delimiter: text(input.delimiter),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

/// Without versioning every object is its own latest version, called `null`.
pub(crate) async fn versions(
    asked: Asked<ListObjectVersionsInput>,
) -> Result<ListObjectVersionsOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let url = url(input.encoding_type.as_ref())?;
    let list = ListObjects {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        after: input.key_marker.clone().filter(|marker| !marker.is_empty()),
        most: input.max_keys,
    };
    let page: ListPage = objects.list(&ctx, &list)?;
    let owner = bucket_owner(&objects, &ctx, &input.bucket)?;
    let version = |(key, record): (String, ObjectRecord)| {
        let shown = object(&key, record, url, Some(owner.clone()));
        ObjectVersion {
            checksum_algorithm: shown.checksum_algorithm,
            checksum_type: shown.checksum_type,
            e_tag: shown.e_tag,
            is_latest: Some(true),
            key: shown.key,
            last_modified: shown.last_modified,
            owner: shown.owner,
            restore_status: None,
            size: shown.size,
            storage_class: shown
                .storage_class
                .map(|class| ObjectVersionStorageClass::from(class.as_str().to_owned())),
            version_id: Some("null".to_owned()),
        }
    };
    let text = |text: Option<String>| text.map(|text| encoded(&text, url));
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(encoded(&list.prefix, url)),
        key_marker: Some(text(input.key_marker).unwrap_or_default()),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        max_keys: Some(count(page.most)),
        is_truncated: Some(page.next.is_some()),
        next_version_id_marker: page.next.as_ref().map(|_| "null".to_owned()),
        next_key_marker: page.next.as_deref().map(|next| encoded(next, url)),
        common_prefixes: Some(prefixes(&page.prefixes, url)),
        versions: Some(page.objects.into_iter().map(version).collect()),
        delete_markers: None,
        delimiter: text(input.delimiter),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

pub(crate) async fn uploads(
    asked: Asked<ListMultipartUploadsInput>,
) -> Result<ListMultipartUploadsOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let url = url(input.encoding_type.as_ref())?;
    let list = ListUploads {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        after_key: input.key_marker.clone(),
        after_id: input.upload_id_marker.clone(),
        most: input.max_uploads,
    };
    let page = objects.uploads(&ctx, &list)?;
    let owner = bucket_owner(&objects, &ctx, &input.bucket)?;
    let upload = |(key, id, upload): (String, String, mastic_objects::UploadRecord)| MultipartUpload {
        key: Some(encoded(&key, url)),
        upload_id: Some(id),
        initiated: Some(time(upload.initiated)),
        initiator: Some(initiator(upload.initiator.as_ref(), &upload.initiator_arn)),
        owner: Some(owner.clone()),
        storage_class: Some(StorageClass::from(upload.storage_class.unwrap_or("STANDARD".to_owned()))),
        checksum_algorithm: Some(dto::algorithm(upload.algorithm)),
        checksum_type: Some(kind(upload.kind)),
    };
    let text = |text: Option<String>| text.map(|text| encoded(&text, url));
    let truncated = page.next.is_some();
    let (next_key, next_id) = page.next.map(|(key, id)| (encoded(&key, url), id)).unzip();
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        key_marker: Some(text(input.key_marker).unwrap_or_default()),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: Some(next_key.unwrap_or_default()),
        next_upload_id_marker: Some(next_id.unwrap_or_default()),
        is_truncated: Some(truncated),
        max_uploads: Some(count(page.most)),
        prefix: text(input.prefix),
        delimiter: text(input.delimiter),
        encoding_type: input.encoding_type,
        common_prefixes: Some(prefixes(&page.prefixes, url)),
        uploads: Some(page.uploads.into_iter().map(upload).collect()),
        request_charged: None,
    })
}
