use std::collections::BTreeMap;

use http::StatusCode;
use mastic_core::Fault;
use mastic_objects::{
    Algorithm, Attributes, CopyObject, Deletion, Found, GetObject, Headers, PutObject, fault,
};
use s3s::dto::*;

use super::Asked;
use crate::dto::{
    Sums, body, etag, expected, length, moment, one_tag, range, read_conditions, source, tag_set,
    tagging_header, tags, time, with_sums, write_conditions,
};

/// The most entries of one batch.
const MOST_DELETIONS: usize = 1000;

pub(crate) async fn put(asked: Asked<PutObjectInput>) -> Result<PutObjectOutput, Fault> {
    let expected = expected(&asked.headers)?;
    let Asked { objects, ctx, input, trailers, .. } = asked;
    let put = PutObject {
        attributes: Attributes {
            headers: Headers {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: encoding(input.content_encoding),
                content_language: input.content_language,
                expires: input.expires.map(moment),
                website_redirect: input.website_redirect_location,
                metadata: metadata(input.metadata),
            },
            tags: tagging_header(input.tagging.as_deref()),
            storage_class: input.storage_class.map(|class| class.as_str().to_owned()),
        },
        conditions: write_conditions(input.if_match.as_ref(), input.if_none_match.as_ref()),
        bucket: input.bucket,
        key: input.key,
        expected,
    };
    let body = body(input.body, trailers, input.content_length);
    let object = objects.put(&ctx, put, body).await?;
    let sums = Sums::stored(object.checksum.as_ref());
    let checksum_type = sums.kind.clone();
    Ok(with_sums!(
        sums,
        PutObjectOutput { e_tag: Some(etag(&object.etag)), checksum_type, ..PutObjectOutput::default() }
    ))
}

pub(crate) async fn get(asked: Asked<GetObjectInput>) -> Result<GetObjectOutput, Fault> {
    let input = &asked.input;
    let get = GetObject {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        version: input.version_id.clone(),
        range: input.range.map(range),
        part: part(input.part_number)?,
        conditions: read_conditions(
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.clone(),
            input.if_unmodified_since.clone(),
        ),
    };
    let found = asked.objects.get(&asked.ctx, &get)?;
    if found.unchanged {
        asked.answer_with(StatusCode::NOT_MODIFIED);
    }
    let bytes = (!found.unchanged).then(|| {
        let frames =
            futures::StreamExt::map(asked.objects.stream(&found), |read| read.map(http_body::Frame::data));
        StreamingBlob::from(s3s::Body::http_body_unsync(http_body_util::StreamBody::new(frames)))
    });
    let Shown { sums, content_length, content_range, parts_count } =
        Shown::of(&found, checksums(&asked.input.checksum_mode));
    let object = found.object;
    let checksum_type = sums.kind.clone();
    Ok(with_sums!(
        sums,
        GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: bytes,
            cache_control: object.headers.cache_control,
            checksum_type,
            content_disposition: object.headers.content_disposition,
            content_encoding: object.headers.content_encoding,
            content_language: object.headers.content_language,
            content_length,
            content_range,
            content_type: Some(object.headers.content_type.unwrap_or("binary/octet-stream".to_owned())),
            e_tag: Some(etag(&object.etag)),
            expires: object.headers.expires.map(time),
            last_modified: Some(time(object.modified)),
            metadata: Some(object.headers.metadata.into_iter().collect()),
            parts_count: parts_count.filter(|_| asked.input.part_number.is_some()),
            storage_class: object.storage_class.map(StorageClass::from),
            tag_count: i32::try_from(object.tags.len()).ok().filter(|count| *count > 0),
            website_redirect_location: object.headers.website_redirect,
            ..GetObjectOutput::default()
        }
    ))
}

pub(crate) async fn head(asked: Asked<HeadObjectInput>) -> Result<HeadObjectOutput, Fault> {
    let input = &asked.input;
    let get = GetObject {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        version: input.version_id.clone(),
        range: input.range.map(range),
        part: part(input.part_number)?,
        conditions: read_conditions(
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.clone(),
            input.if_unmodified_since.clone(),
        ),
    };
    let found = asked.objects.get(&asked.ctx, &get)?;
    if found.unchanged {
        asked.answer_with(StatusCode::NOT_MODIFIED);
    } else if found.span.is_some() {
        asked.answer_with(StatusCode::PARTIAL_CONTENT);
    }
    let Shown { sums, content_length, content_range, parts_count } =
        Shown::of(&found, checksums(&asked.input.checksum_mode));
    let object = found.object;
    let checksum_type = sums.kind.clone();
    let input = asked.input;
    Ok(with_sums!(
        sums,
        HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: input.response_cache_control.or(object.headers.cache_control),
            checksum_type,
            content_disposition: input.response_content_disposition.or(object.headers.content_disposition),
            content_encoding: input.response_content_encoding.or(object.headers.content_encoding),
            content_language: input.response_content_language.or(object.headers.content_language),
            content_length,
            content_range,
            content_type: input
                .response_content_type
                .or(object.headers.content_type)
                .or(Some("binary/octet-stream".to_owned())),
            e_tag: Some(etag(&object.etag)),
            expires: input.response_expires.or(object.headers.expires.map(time)),
            last_modified: Some(time(object.modified)),
            metadata: Some(object.headers.metadata.into_iter().collect()),
            parts_count: parts_count.filter(|_| input.part_number.is_some()),
            storage_class: object.storage_class.map(StorageClass::from),
            website_redirect_location: object.headers.website_redirect,
            ..HeadObjectOutput::default()
        }
    ))
}

/// What an answer shows of the bytes found.
struct Shown {
    sums: Sums,
    content_length: Option<i64>,
    content_range: Option<String>,
    parts_count: Option<i32>,
}

impl Shown {
    fn of(found: &Found, with_checksums: bool) -> Self {
        let object = &found.object;
        let span = found.span.clone();
        let bytes = span.clone().map_or(object.size, |span| span.end - span.start);
        // A checksum of the whole says nothing of a part.
        let whole = span.as_ref().is_none_or(|span| *span == (0..object.size));
        let shown = object.checksum.as_ref().filter(|_| with_checksums && whole && !found.unchanged);
        Self {
            sums: Sums::stored(shown),
            content_length: (!found.unchanged).then(|| length(bytes)),
            content_range: span
                .filter(|span| span.start < span.end)
                .map(|span| format!("bytes {}-{}/{}", span.start, span.end - 1, object.size)),
            parts_count: object.parts.and_then(|count| i32::try_from(count).ok()),
        }
    }
}

fn checksums(mode: &Option<ChecksumMode>) -> bool {
    mode.as_ref().is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

fn part(number: Option<i32>) -> Result<Option<u32>, Fault> {
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    let legal = |number: i32| u32::try_from(number).ok().filter(|number| (1..=10_000).contains(number));
    number.map(|number| legal(number).ok_or_else(|| fault::invalid_argument(message))).transpose()
}

/// The transfer's own encoding is none of the object's.
pub(super) fn encoding(text: Option<String>) -> Option<String> {
    let kept: Vec<String> = text?
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty() && !one.eq_ignore_ascii_case("aws-chunked"))
        .map(str::to_owned)
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

pub(super) fn metadata(metadata: Option<Metadata>) -> BTreeMap<String, String> {
    metadata.unwrap_or_default().into_iter().collect()
}

pub(crate) async fn copy(asked: Asked<CopyObjectInput>) -> Result<CopyObjectOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let conditions = read_conditions(
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
        input.copy_source_if_modified_since,
        input.copy_source_if_unmodified_since,
    );
    let replaced = |directive: Option<&str>, name: &str| match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(fault::invalid_argument(format!("Unknown {name} directive."))),
    };
    let copy = CopyObject {
        source: source(input.copy_source, conditions)?,
        replace_headers: replaced(
            input.metadata_directive.as_ref().map(MetadataDirective::as_str),
            "metadata",
        )?,
        replace_tags: replaced(input.tagging_directive.as_ref().map(TaggingDirective::as_str), "tagging")?,
        algorithm: input.checksum_algorithm.map(|name| Algorithm::parse(name.as_str())).transpose()?,
        attributes: Attributes {
            headers: Headers {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: encoding(input.content_encoding),
                content_language: input.content_language,
                expires: input.expires.map(moment),
                website_redirect: input.website_redirect_location,
                metadata: metadata(input.metadata),
            },
            tags: tagging_header(input.tagging.as_deref()),
            storage_class: input.storage_class.map(|class| class.as_str().to_owned()),
        },
        bucket: input.bucket,
        key: input.key,
    };
    let object = objects.copy(&ctx, copy).await?;
    let sums = Sums::stored(object.checksum.as_ref());
    let checksum_type = sums.kind.clone();
    let result = with_sums!(
        sums,
        CopyObjectResult {
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(time(object.modified)),
            checksum_type,
        }
    );
    Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
}

pub(crate) async fn delete(asked: Asked<DeleteObjectInput>) -> Result<DeleteObjectOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(fault::not_implemented("deletion under a condition on size or time (directory buckets)"));
    }
    let conditions = write_conditions(input.if_match.as_ref(), None);
    let deletion = Deletion { key: input.key, version: input.version_id.clone(), etag: conditions.if_match };
    objects.delete(&ctx, &input.bucket, deletion).await?;
    Ok(DeleteObjectOutput { version_id: input.version_id, ..DeleteObjectOutput::default() })
}

pub(crate) async fn delete_many(asked: Asked<DeleteObjectsInput>) -> Result<DeleteObjectsOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let quiet = input.delete.quiet.unwrap_or_default();
    if input.delete.objects.is_empty() || input.delete.objects.len() > MOST_DELETIONS {
        return Err(fault::malformed_xml());
    }
    let deletions = input.delete.objects.into_iter().map(|entry| {
        if entry.last_modified_time.is_some() || entry.size.is_some() {
            return Err(fault::not_implemented(
                "deletion under a condition on size or time (directory buckets)",
            ));
        }
        Ok(Deletion { key: entry.key, version: entry.version_id, etag: entry.e_tag.as_ref().map(one_tag) })
    });
    let deletions = deletions.collect::<Result<Vec<_>, Fault>>()?;
    let mut output =
        DeleteObjectsOutput { deleted: Some(Vec::new()), errors: Some(Vec::new()), request_charged: None };
    for (deletion, outcome) in objects.delete_many(&ctx, &input.bucket, deletions).await? {
        match outcome {
            Ok(()) if quiet => {}
            Ok(()) => output.deleted.get_or_insert_default().push(DeletedObject {
                key: Some(deletion.key),
                version_id: deletion.version,
                ..DeletedObject::default()
            }),
            Err(failed) => output.errors.get_or_insert_default().push(Error {
                code: Some(failed.code().to_owned()),
                key: Some(deletion.key),
                message: Some(failed.message().to_owned()),
                version_id: deletion.version,
            }),
        }
    }
    Ok(output)
}

pub(crate) async fn tagging(asked: Asked<GetObjectTaggingInput>) -> Result<GetObjectTaggingOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let get =
        GetObject { bucket: input.bucket, key: input.key, version: input.version_id, ..GetObject::default() };
    Ok(GetObjectTaggingOutput { tag_set: tag_set(objects.object_tags(&ctx, &get)?), version_id: get.version })
}

pub(crate) async fn put_tagging(
    asked: Asked<PutObjectTaggingInput>,
) -> Result<PutObjectTaggingOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let object = Deletion { key: input.key, version: input.version_id, etag: None };
    objects.put_object_tags(&ctx, &input.bucket, object, tags(input.tagging.tag_set)?).await?;
    Ok(PutObjectTaggingOutput::default())
}

pub(crate) async fn delete_tagging(
    asked: Asked<DeleteObjectTaggingInput>,
) -> Result<DeleteObjectTaggingOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let object = Deletion { key: input.key, version: input.version_id, etag: None };
    objects.put_object_tags(&ctx, &input.bucket, object, Vec::new()).await?;
    Ok(DeleteObjectTaggingOutput::default())
}
