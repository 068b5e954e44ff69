use mastic_core::Fault;
use mastic_objects::{GetObject, ObjectPart as FoundPart, StoredChecksum, UploadKey, fault};
use s3s::dto::*;

use super::Asked;
use crate::dto::{self, Sums, bucket_owner, count, etag, initiator, kind, length, time, with_sums};

/// The most parts of one page of attributes.
const MOST: usize = 1000;

pub(crate) async fn list(asked: Asked<ListPartsInput>) -> Result<ListPartsOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let upload =
        UploadKey { bucket: input.bucket.clone(), key: input.key.clone(), id: input.upload_id.clone() };
    let page = objects.parts(&ctx, &upload, input.part_number_marker, input.max_parts)?;
    let record = page.upload;
    let part = |(number, part): (u32, mastic_objects::PartRecord)| {
        with_sums!(
            Sums::of(record.algorithm, &part.checksum),
            Part {
                part_number: i32::try_from(number).ok(),
                e_tag: Some(etag(&part.etag)),
                last_modified: Some(time(part.modified)),
                size: Some(length(part.size)),
            }
        )
    };
    let last = page.parts.last().map_or(0, |(number, _)| *number);
    Ok(ListPartsOutput {
        owner: Some(bucket_owner(&objects, &ctx, &input.bucket)?),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        initiator: Some(initiator(record.initiator.as_ref(), &record.initiator_arn)),
        storage_class: Some(StorageClass::from(
            record.storage_class.clone().unwrap_or("STANDARD".to_owned()),
        )),
        checksum_algorithm: Some(dto::algorithm(record.algorithm)),
        checksum_type: Some(kind(record.kind)),
        is_truncated: Some(page.next.is_some()),
        max_parts: Some(count(page.most)),
        part_number_marker: Some(input.part_number_marker.unwrap_or_default()),
        next_part_number_marker: i32::try_from(last).ok(),
        parts: Some(page.parts.into_iter().map(part).collect()),
        abort_date: None,
        abort_rule_id: None,
        request_charged: None,
    })
}

pub(crate) async fn attributes(
    asked: Asked<GetObjectAttributesInput>,
) -> Result<GetObjectAttributesOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    // s3s leaves several names in one header as they are.
    let names: Vec<&str> =
        input.object_attributes.iter().flat_map(|header| header.as_str().split(',')).map(str::trim).collect();
    let wanted = |name: &str| names.contains(&name);
    let known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];
    if names.iter().any(|name| !known.contains(name)) {
        return Err(fault::invalid_argument("Invalid attribute name specified."));
    }
    let get = GetObject {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        version: input.version_id.clone(),
        ..GetObject::default()
    };
    let (object, parts) = objects.attributes(&ctx, &get)?;
    let sums = Sums::stored(object.checksum.as_ref());
    let checksum_type = sums.kind.clone();
    let checksum = with_sums!(sums, Checksum { checksum_type });
    let object_parts = match (object.parts, wanted("ObjectParts")) {
        (Some(total), true) => Some(page(total, parts, object.checksum.as_ref(), &input)?),
        _ => None,
    };
    Ok(GetObjectAttributesOutput {
        checksum: wanted("Checksum").then_some(checksum),
        e_tag: wanted("ETag").then(|| etag(&object.etag)),
        last_modified: Some(time(object.modified)),
        object_parts,
        object_size: wanted("ObjectSize").then(|| length(object.size)),
        storage_class: wanted("StorageClass")
            .then(|| StorageClass::from(object.storage_class.unwrap_or("STANDARD".to_owned()))),
        ..GetObjectAttributesOutput::default()
    })
}

fn page(
    total: u32,
    parts: Vec<FoundPart>,
    checksum: Option<&StoredChecksum>,
    input: &GetObjectAttributesInput,
) -> Result<GetObjectAttributesParts, Fault> {
    let invalid = |name: &str| fault::invalid_argument(format!("Argument {name} must be a positive integer"));
    let after = u32::try_from(input.part_number_marker.unwrap_or_default());
    let after = after.map_err(|_| invalid("part-number-marker"))?;
    let most = usize::try_from(input.max_parts.unwrap_or(1000)).map_err(|_| invalid("max-parts"))?.min(MOST);
    let mut rest = parts.into_iter().filter(|part| part.number > after).peekable();
    let shown: Vec<FoundPart> = rest.by_ref().take(most).collect();
    let last = shown.last().map_or(after, |part| part.number);
    let part = |part: FoundPart| {
        let sums = match (checksum, &part.checksum) {
            (Some(stored), Some(value)) => Sums::of(stored.algorithm, value),
            _ => Sums::default(),
        };
        with_sums!(
            sums,
            ObjectPart { part_number: i32::try_from(part.number).ok(), size: Some(length(part.size)) }
        )
    };
    // S3 lists the parts of objects with a composite checksum only.
    let listed = shown.iter().any(|part| part.checksum.is_some());
    Ok(GetObjectAttributesParts {
        is_truncated: Some(rest.peek().is_some()),
        max_parts: Some(count(most)),
        next_part_number_marker: i32::try_from(last).ok(),
        part_number_marker: i32::try_from(after).ok(),
        parts: listed.then(|| shown.into_iter().map(part).collect()),
        total_parts_count: i32::try_from(total).ok(),
    })
}
