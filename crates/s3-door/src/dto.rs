//! Between s3s's types and the object service's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::StreamExt as _;
use http::HeaderMap;
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_objects::{
    Algorithm, Body, ByteRange, ChecksumKind, Expected, GetObject, ReadConditions, StoredChecksum, Tag,
    TagMatch, WriteConditions, canonical_id, fault,
};
use s3s::TrailingHeaders;
use s3s::dto;

use crate::query;

pub(crate) fn time(time: Timestamp) -> dto::Timestamp {
    dto::Timestamp::from(time.civil())
}

pub(crate) fn moment(time: dto::Timestamp) -> Timestamp {
    Timestamp::from_secs(time::OffsetDateTime::from(time).unix_timestamp())
}

pub(crate) fn etag(text: &str) -> dto::ETag {
    dto::ETag::Strong(text.to_owned())
}

fn tag_match(condition: &dto::ETagCondition) -> TagMatch {
    match condition {
        dto::ETagCondition::Any => TagMatch::Any,
        dto::ETagCondition::ETag(tag) => TagMatch::Tag(tag.value().to_owned()),
    }
}

pub(crate) fn one_tag(tag: &dto::ETag) -> TagMatch {
    TagMatch::Tag(tag.value().to_owned())
}

pub(crate) fn write_conditions(
    if_match: Option<&dto::ETagCondition>,
    if_none_match: Option<&dto::ETagCondition>,
) -> WriteConditions {
    WriteConditions { if_match: if_match.map(tag_match), if_none_match: if_none_match.map(tag_match) }
}

pub(crate) fn read_conditions(
    if_match: Option<&dto::ETagCondition>,
    if_none_match: Option<&dto::ETagCondition>,
    if_modified_since: Option<dto::Timestamp>,
    if_unmodified_since: Option<dto::Timestamp>,
) -> ReadConditions {
    ReadConditions {
        if_match: if_match.map(tag_match),
        if_none_match: if_none_match.map(tag_match),
        if_modified_since: if_modified_since.map(moment),
        if_unmodified_since: if_unmodified_since.map(moment),
    }
}

pub(crate) fn range(range: dto::Range) -> ByteRange {
    match range {
        dto::Range::Int { first, last } => ByteRange::From(first, last),
        dto::Range::Suffix { length } => ByteRange::Last(length),
    }
}

/// What a copy reads.
pub(crate) fn source(source: dto::CopySource, conditions: ReadConditions) -> Result<GetObject, Fault> {
    match source {
        dto::CopySource::Bucket { bucket, key, version_id } => Ok(GetObject {
            bucket: bucket.into(),
            key: key.into(),
            version: version_id.map(Into::into),
            conditions,
            ..GetObject::default()
        }),
        _ => Err(fault::not_implemented("access points as a copy source")),
    }
}

pub(crate) fn tags(tags: dto::TagSet) -> Result<Vec<Tag>, Fault> {
    let tag = |tag: dto::Tag| match (tag.key, tag.value) {
        (Some(key), Some(value)) => Ok(Tag { key, value }),
        _ => Err(fault::malformed_xml()),
    };
    tags.into_iter().map(tag).collect()
}

pub(crate) fn tag_set(tags: Vec<Tag>) -> dto::TagSet {
    tags.into_iter().map(|tag| dto::Tag { key: Some(tag.key), value: Some(tag.value) }).collect()
}

/// `x-amz-tagging`: tags in the form of a query string.
pub(crate) fn tagging_header(text: Option<&str>) -> Vec<Tag> {
    query::parameters(text).into_iter().map(|(key, value)| Tag { key, value }).collect()
}

pub(crate) fn owner(account: &AccountId) -> dto::Owner {
    dto::Owner { id: Some(canonical_id(account)), display_name: None }
}

pub(crate) fn initiator(account: Option<&AccountId>, arn: &str) -> dto::Initiator {
    let id = account.map_or_else(|| arn.to_owned(), canonical_id);
    dto::Initiator { id: Some(id), display_name: None }
}

/// The length of something as S3's numbers have it.
pub(crate) fn length(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A count as S3's numbers have it.
pub(crate) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Text of a listing, percent-encoded where the client asked for that.
pub(crate) fn encoded(text: &str, url: bool) -> String {
    if url { mastic_sigv4::encode(text, false).into_owned() } else { text.to_owned() }
}

/// A checksum in its place among the five.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) crc32: Option<String>,
    pub(crate) crc32c: Option<String>,
    pub(crate) crc64nvme: Option<String>,
    pub(crate) sha1: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) kind: Option<dto::ChecksumType>,
}

impl Sums {
    pub(crate) fn of(algorithm: Algorithm, value: &str) -> Self {
        let mut sums = Self::default();
        let place = match algorithm {
            Algorithm::Crc32 => &mut sums.crc32,
            Algorithm::Crc32c => &mut sums.crc32c,
            Algorithm::Crc64Nvme => &mut sums.crc64nvme,
            Algorithm::Sha1 => &mut sums.sha1,
            Algorithm::Sha256 => &mut sums.sha256,
        };
        *place = Some(value.to_owned());
        sums
    }

    pub(crate) fn stored(checksum: Option<&StoredChecksum>) -> Self {
        checksum.map_or_else(Self::default, |checksum| Self {
            kind: Some(kind(checksum.kind)),
            ..Self::of(checksum.algorithm, &checksum.value)
        })
    }

    /// The one that is given.
    pub(crate) fn given(self) -> Option<(Algorithm, String)> {
        let given = [
            (Algorithm::Crc32, self.crc32),
            (Algorithm::Crc32c, self.crc32c),
            (Algorithm::Crc64Nvme, self.crc64nvme),
            (Algorithm::Sha1, self.sha1),
            (Algorithm::Sha256, self.sha256),
        ];
        given.into_iter().find_map(|(algorithm, value)| Some((algorithm, value?)))
    }
}

/// Sets the five checksum members of a structure of s3s's from [`Sums`].
macro_rules! with_sums {
    ($sums:expr, $type:path { $($rest:tt)* }) => {{
        let sums = $sums;
        $type {
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            $($rest)*
        }
    }};
}
pub(crate) use with_sums;

/// Takes the five checksum members of a structure of s3s's.
macro_rules! sums_of {
    ($from:expr) => {
        $crate::dto::Sums {
            crc32: $from.checksum_crc32.clone(),
            crc32c: $from.checksum_crc32c.clone(),
            crc64nvme: $from.checksum_crc64nvme.clone(),
            sha1: $from.checksum_sha1.clone(),
            sha256: $from.checksum_sha256.clone(),
            kind: None,
        }
    };
}
pub(crate) use sums_of;

pub(crate) fn kind(kind: ChecksumKind) -> dto::ChecksumType {
    dto::ChecksumType::from_static(kind.name())
}

pub(crate) fn algorithm(algorithm: Algorithm) -> dto::ChecksumAlgorithm {
    dto::ChecksumAlgorithm::from_static(algorithm.name())
}

/// What the headers say of a body's digests.
pub(crate) fn expected(headers: &HeaderMap) -> Result<Expected, Fault> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut given =
        Algorithm::ALL.into_iter().filter_map(|one| Some((one, header(one.header())?.to_owned())));
    let checksum = given.next();
    if given.next().is_some() {
        return Err(fault::invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    let announced = header("x-amz-trailer").unwrap_or_default();
    let trailer = Algorithm::ALL
        .into_iter()
        .find(|one| announced.split(',').any(|name| name.trim().eq_ignore_ascii_case(one.header())));
    let named = header("x-amz-sdk-checksum-algorithm").map(Algorithm::parse).transpose()?;
    if named.is_some() && checksum.is_none() && trailer.is_none() {
        return Err(fault::invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
        ));
    }
    let md5 = header("content-md5").map(str::to_owned);
    Ok(Expected { md5, checksum, trailer, algorithm: None })
}

/// A body on its way in.
pub(crate) fn body(
    bytes: Option<dto::StreamingBlob>,
    trailers: Option<TrailingHeaders>,
    length: Option<i64>,
) -> Body {
    let length = length.and_then(|length| u64::try_from(length).ok());
    let Some(bytes) = bytes else {
        return Body::whole(Vec::new());
    };
    let bytes = bytes.map(|chunk| chunk.map_err(|error| broken(&*error))).boxed();
    let trailer = trailers.map(|trailers| {
        let ask = move |name: &str| {
            trailers
                .read(|values| values.get(name)?.to_str().ok().map(|value| value.trim().to_owned()))
                .flatten()
        };
        Box::new(ask) as mastic_objects::Trailer
    });
    Body { bytes, trailer, length }
}

/// s3s keeps the types of these errors to itself; their texts name the variant.
fn broken(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Fault {
    let text = error.to_string();
    let has = |word: &str| text.contains(word);
    let (code, status, message) = if has("Sha256Mismatch") {
        (
            "XAmzContentSHA256Mismatch",
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if has("SignatureMismatch") {
        (
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        )
    } else if has("Trailer") {
        (
            "MalformedTrailerError",
            400,
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        )
    } else {
        (
            "IncompleteBody",
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        )
    };
    Fault::sender(code, message).with_status(status).with_cause(text)
}

/// A document whose digest the client gives.
pub(crate) fn check_document(headers: &HeaderMap, document: &[u8]) -> Result<(), Fault> {
    mastic_objects::check_digests(&expected(headers)?, document)
}

/// The owner of a bucket as listings show it.
pub(crate) fn bucket_owner(
    objects: &mastic_objects::Objects,
    ctx: &Ctx,
    bucket: &str,
) -> Result<dto::Owner, Fault> {
    Ok(owner(&objects.head_bucket(ctx, bucket)?.owner))
}

/// An opaque page token.
pub(crate) fn write_token(after: &str) -> String {
    URL_SAFE_NO_PAD.encode(after)
}

/// What a page token stands for.
pub(crate) fn read_token(token: &str) -> Result<String, Fault> {
    let after = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    after.ok_or_else(|| fault::invalid_argument("The continuation token provided is incorrect"))
}
