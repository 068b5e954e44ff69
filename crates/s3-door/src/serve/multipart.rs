use mastic_core::Fault;
use mastic_objects::{
    Algorithm, Attributes, ByteRange, ChecksumKind, CompleteUpload, Headers, ListedPart, UploadKey, fault,
};
use s3s::dto::*;

use super::Asked;
use super::objects::{encoding, metadata};
use crate::dto::{
    self, Sums, body, etag, expected, kind, moment, read_conditions, source, sums_of, tagging_header, time,
    with_sums, write_conditions,
};

pub(crate) async fn create(
    asked: Asked<CreateMultipartUploadInput>,
) -> Result<CreateMultipartUploadOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let algorithm =
        input.checksum_algorithm.as_ref().map(|name| Algorithm::parse(name.as_str())).transpose()?;
    let wanted = input.checksum_type.as_ref().map(|name| ChecksumKind::parse(name.as_str())).transpose()?;
    let attributes = Attributes {
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
    };
    let (id, upload) =
        objects.create_upload(&ctx, &input.bucket, &input.key, attributes, algorithm, wanted).await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: algorithm.map(dto::algorithm),
        checksum_type: algorithm.map(|_| kind(upload.kind)),
        ..CreateMultipartUploadOutput::default()
    })
}

pub(crate) async fn part(asked: Asked<UploadPartInput>) -> Result<UploadPartOutput, Fault> {
    let expected = expected(&asked.headers)?;
    let Asked { objects, ctx, input, trailers, .. } = asked;
    let upload = UploadKey { bucket: input.bucket, key: input.key, id: input.upload_id };
    let body = body(input.body, trailers, input.content_length);
    let (part, algorithm) = objects.upload_part(&ctx, upload, input.part_number, expected, body).await?;
    Ok(with_sums!(
        Sums::of(algorithm, &part.checksum),
        UploadPartOutput { e_tag: Some(etag(&part.etag)), ..UploadPartOutput::default() }
    ))
}

pub(crate) async fn part_copy(asked: Asked<UploadPartCopyInput>) -> Result<UploadPartCopyOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let conditions = read_conditions(
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
        input.copy_source_if_modified_since,
        input.copy_source_if_unmodified_since,
    );
    let mut source = source(input.copy_source, conditions)?;
    if let Some(text) = &input.copy_source_range {
        let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy";
        let range = ByteRange::parse_closed(text).ok_or_else(|| fault::invalid_argument(message))?;
        source.range = Some(range);
    }
    let upload = UploadKey { bucket: input.bucket, key: input.key, id: input.upload_id };
    let (part, algorithm) = objects.upload_part_copy(&ctx, upload, input.part_number, &source).await?;
    let result = with_sums!(
        Sums::of(algorithm, &part.checksum),
        CopyPartResult { e_tag: Some(etag(&part.etag)), last_modified: Some(time(part.modified)) }
    );
    Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
}

pub(crate) async fn complete(
    asked: Asked<CompleteMultipartUploadInput>,
) -> Result<CompleteMultipartUploadOutput, Fault> {
    let host = asked.header("host").unwrap_or("localhost").to_owned();
    let Asked { objects, ctx, input, .. } = asked;
    let listed = |part: CompletedPart| {
        let number = part.part_number.and_then(|number| u32::try_from(number).ok());
        Ok(ListedPart {
            number: number.ok_or_else(fault::malformed_xml)?,
            etag: part.e_tag.as_ref().ok_or_else(fault::malformed_xml)?.value().to_owned(),
            checksum: sums_of!(part).given(),
        })
    };
    let parts = input.multipart_upload.clone().unwrap_or_default().parts.unwrap_or_default();
    let complete = CompleteUpload {
        upload: UploadKey {
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            id: input.upload_id.clone(),
        },
        parts: parts.into_iter().map(listed).collect::<Result<_, Fault>>()?,
        checksum: sums_of!(input).given(),
        kind: input.checksum_type.as_ref().map(|name| ChecksumKind::parse(name.as_str())).transpose()?,
        size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
        conditions: write_conditions(input.if_match.as_ref(), input.if_none_match.as_ref()),
    };
    let object = objects.complete_upload(&ctx, complete).await?;
    let sums = Sums::stored(object.checksum.as_ref());
    let checksum_type = sums.kind.clone();
    let location = format!("http://{host}/{}/{}", input.bucket, mastic_sigv4::encode(&input.key, false));
    Ok(with_sums!(
        sums,
        CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            location: Some(location),
            e_tag: Some(etag(&object.etag)),
            checksum_type,
            ..CompleteMultipartUploadOutput::default()
        }
    ))
}

pub(crate) async fn abort(
    asked: Asked<AbortMultipartUploadInput>,
) -> Result<AbortMultipartUploadOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let upload = UploadKey { bucket: input.bucket, key: input.key, id: input.upload_id };
    objects.abort_upload(&ctx, upload).await?;
    Ok(AbortMultipartUploadOutput::default())
}
