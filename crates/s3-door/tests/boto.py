"""What boto3 expects of S3, against the door on the port given as the first argument."""

import datetime
import hashlib
import io
import json
import socket
import sys
import urllib.error
import urllib.request

import boto3
import botocore
from botocore.config import Config

PORT = int(sys.argv[1])
MB = 1024 * 1024


def client(key="AKIAALICE", token=None, secret="secret", host="127.0.0.1", region="us-east-1", **config):
    config.setdefault("s3", {"addressing_style": "path"})
    config.setdefault("retries", {"total_max_attempts": 1})
    return boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{PORT}",
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(**config),
    )


def fails(call, code, status=None, text=None):
    try:
        call()
    except botocore.exceptions.ClientError as error:
        found = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert found[0] == code and status in (None, found[1]), (found, code, status, error)
        assert text is None or text in error.response["Error"]["Message"], error
        return error.response
    raise AssertionError(f"expected {code}")


s3 = client()
bob = client("AKIABOB")

# Buckets.
assert s3.create_bucket(Bucket="first")["Location"] == "/first"
s3.create_bucket(Bucket="other", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
fails(lambda: bob.create_bucket(Bucket="first"), "BucketAlreadyExists", 409)
fails(lambda: client(region="eu-west-1").create_bucket(Bucket="third"), "IllegalLocationConstraintException", 400)
assert s3.head_bucket(Bucket="other")["BucketRegion"] == "eu-central-1"
assert s3.get_bucket_location(Bucket="other")["LocationConstraint"] == "eu-central-1"
assert s3.get_bucket_location(Bucket="first")["LocationConstraint"] is None
assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["first", "other"]
assert bob.list_buckets()["Buckets"] == []
fails(lambda: s3.head_bucket(Bucket="nowhere"), "404", 404)
fails(lambda: s3.list_objects_v2(Bucket="nowhere"), "NoSuchBucket", 404)
fails(lambda: s3.head_bucket(Bucket="first", ExpectedBucketOwner="444455556666"), "403", 403)

# What is not configured.
for call, code in [
    ("get_bucket_policy", "NoSuchBucketPolicy"),
    ("get_bucket_tagging", "NoSuchTagSet"),
    ("get_bucket_cors", "NoSuchCORSConfiguration"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ("get_bucket_website", "NoSuchWebsiteConfiguration"),
    ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
]:
    fails(lambda: getattr(s3, call)(Bucket="first"), code, 404)
assert s3.get_bucket_request_payment(Bucket="first")["Payer"] == "BucketOwner"
assert "Status" not in s3.get_bucket_versioning(Bucket="first")
assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket="first")
assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="first")
assert s3.get_bucket_acl(Bucket="first")["Grants"][0]["Permission"] == "FULL_CONTROL"
rules = s3.get_bucket_ownership_controls(Bucket="first")["OwnershipControls"]["Rules"]
assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
fails(
    lambda: s3.put_bucket_versioning(Bucket="first", VersioningConfiguration={"Status": "Enabled"}),
    "NotImplemented",
    501,
    "PutBucketVersioning",
)
s3.put_bucket_tagging(Bucket="first", Tagging={"TagSet": [{"Key": "team", "Value": "data"}]})
assert s3.get_bucket_tagging(Bucket="first")["TagSet"] == [{"Key": "team", "Value": "data"}]
s3.delete_bucket_tagging(Bucket="first")

# Objects: the default checksum travels in a trailer.
put = s3.put_object(
    Bucket="first",
    Key="dir/a b+ü.txt",
    Body=io.BytesIO(b"0123456789"),
    ContentType="text/plain",
    CacheControl="no-cache",
    Metadata={"colour": "blue", "city": "Zurich"},
    Tagging="kind=test&x=a%20b",
)
assert put["ETag"] == '"%s"' % hashlib.md5(b"0123456789").hexdigest()
assert put["ChecksumCRC32"] and put["ChecksumType"] == "FULL_OBJECT", put
got = s3.get_object(Bucket="first", Key="dir/a b+ü.txt", ChecksumMode="ENABLED")
assert got["Body"].read() == b"0123456789"
assert (got["ContentType"], got["CacheControl"], got["TagCount"]) == ("text/plain", "no-cache", 2)
assert got["Metadata"] == {"colour": "blue", "city": "Zurich"}, got["Metadata"]
assert got["ChecksumCRC32"] == put["ChecksumCRC32"] and got["AcceptRanges"] == "bytes"
assert "ContentEncoding" not in got, got
tags = s3.get_object_tagging(Bucket="first", Key="dir/a b+ü.txt")["TagSet"]
assert {t["Key"]: t["Value"] for t in tags} == {"kind": "test", "x": "a b"}
head = s3.head_object(Bucket="first", Key="dir/a b+ü.txt")
assert head["ContentLength"] == 10 and head["ETag"] == put["ETag"]
key = {"Bucket": "first", "Key": "dir/a b+ü.txt"}
for wanted, body, shown in [
    ("bytes=2-4", b"234", "bytes 2-4/10"),
    ("bytes=7-", b"789", "bytes 7-9/10"),
    ("bytes=-2", b"89", "bytes 8-9/10"),
]:
    part = s3.get_object(Range=wanted, **key)
    assert (part["Body"].read(), part["ContentRange"]) == (body, shown)
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
fails(lambda: s3.get_object(Range="bytes=10-", **key), "InvalidRange", 416)
shown = s3.get_object(ResponseContentType="x/y", ResponseContentDisposition="attachment", **key)
assert (shown["ContentType"], shown["ContentDisposition"]) == ("x/y", "attachment")
error = fails(lambda: s3.get_object(Bucket="first", Key="none"), "NoSuchKey", 404)
assert error["ResponseMetadata"]["RequestId"] and error["ResponseMetadata"]["HostId"], error
fails(lambda: s3.head_object(Bucket="first", Key="none"), "404", 404)

# Checksums of every kind, in header and trailer.
for name in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]:
    try:
        given = s3.put_object(Bucket="first", Key="sum", Body=b"abc" * 9000, ChecksumAlgorithm=name)
        streamed = s3.put_object(Bucket="first", Key="sum", Body=io.BytesIO(b"abc" * 9000), ChecksumAlgorithm=name)
    except botocore.exceptions.MissingDependencyException:
        continue  # needs the awscrt package
    assert given[f"Checksum{name}"] == streamed[f"Checksum{name}"]
    shown = s3.head_object(Bucket="first", Key="sum", ChecksumMode="ENABLED")
    assert shown[f"Checksum{name}"] == given[f"Checksum{name}"]
plain = client(request_checksum_calculation="when_required")
assert plain.put_object(Bucket="first", Key="sum", Body=b"abc")["ChecksumCRC64NVME"]
bad = dict(Bucket="first", Key="bad", Body=b"abc")
fails(lambda: s3.put_object(ChecksumCRC32="AAAAAA==", **bad), "BadDigest", 400, "CRC32")
fails(lambda: s3.put_object(ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==", **bad), "BadDigest", 400, "Content-MD5")
fails(lambda: s3.put_object(ContentMD5="nonsense", **bad), "InvalidDigest", 400)
fails(lambda: s3.head_object(Bucket="first", Key="bad"), "404")
fails(lambda: s3.put_object(ServerSideEncryption="AES256", **bad), "NotImplemented", 501, "encryption")
fails(lambda: s3.put_object(ACL="public-read", **bad), "AccessControlListNotSupported", 400)

# Conditions.
fails(lambda: s3.put_object(IfNoneMatch="*", Body=b"", **key), "PreconditionFailed", 412)
fails(lambda: s3.put_object(IfMatch='"x"', Body=b"", **key), "PreconditionFailed", 412)
fails(lambda: s3.get_object(IfMatch='"x"', **key), "PreconditionFailed", 412)
unchanged = fails(lambda: s3.get_object(IfNoneMatch=put["ETag"], **key), "304", 304)
assert unchanged["ResponseMetadata"]["HTTPHeaders"]["etag"] == put["ETag"]
later = datetime.datetime(2100, 1, 1)
fails(lambda: s3.get_object(IfModifiedSince=later, **key), "304", 304)
assert s3.put_object(Bucket="first", Key="new", Body=b"", IfNoneMatch="*")

# Copies.
s3.copy_object(Bucket="other", Key="copy", CopySource=key)
assert s3.get_object(Bucket="other", Key="copy")["Metadata"]["city"] == "Zurich"
made = s3.copy_object(
    Bucket="other", Key="copy", CopySource=key, MetadataDirective="REPLACE", Metadata={"a": "b"}, TaggingDirective="REPLACE"
)
assert made["CopyObjectResult"]["ETag"] == put["ETag"]
assert s3.get_object(Bucket="other", Key="copy")["Metadata"] == {"a": "b"}
assert s3.get_object_tagging(Bucket="other", Key="copy")["TagSet"] == []
fails(lambda: s3.copy_object(Bucket="other", Key="c", CopySource=key, CopySourceIfMatch="x"), "PreconditionFailed", 412)
fails(lambda: s3.copy_object(CopySource=key, **key), "InvalidRequest", 400)
s3.put_object_tagging(Bucket="other", Key="copy", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
assert len(s3.get_object_tagging(Bucket="other", Key="copy")["TagSet"]) == 1
s3.delete_object_tagging(Bucket="other", Key="copy")

# Parts, by the transfer manager and by hand.
big = bytes(range(256)) * (4096 * 20)
s3.upload_fileobj(io.BytesIO(big), "first", "big", Config=boto3.s3.transfer.TransferConfig(multipart_chunksize=8 * MB))
head = s3.head_object(Bucket="first", Key="big", ChecksumMode="ENABLED")
assert head["ETag"].endswith('-3"') and head["ContentLength"] == len(big), head
assert head["ChecksumCRC32"], head
assert s3.get_object(Bucket="first", Key="big")["Body"].read() == big
across = s3.get_object(Bucket="first", Key="big", Range=f"bytes={8 * MB - 5}-{16 * MB + 4}")["Body"].read()
assert across == big[8 * MB - 5 : 16 * MB + 5]
part = s3.get_object(Bucket="first", Key="big", PartNumber=3)
assert part["PartsCount"] == 3 and part["Body"].read() == big[16 * MB :]
details = s3.get_object_attributes(Bucket="first", Key="big", ObjectAttributes=["ETag", "ObjectParts", "ObjectSize", "Checksum"])
assert details["ObjectSize"] == len(big) and details["ObjectParts"]["TotalPartsCount"] == 3, details
upload = {"Bucket": "first", "Key": "hand"}
upload["UploadId"] = s3.create_multipart_upload(ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT", **upload)["UploadId"]
one = s3.upload_part(PartNumber=1, Body=big[: 5 * MB], **upload)
two = s3.upload_part_copy(
    PartNumber=2, CopySource={"Bucket": "first", "Key": "big"}, CopySourceRange=f"bytes={5 * MB}-{5 * MB + 9}", **upload
)
assert [p["PartNumber"] for p in s3.list_parts(**upload)["Parts"]] == [1, 2]
assert s3.list_multipart_uploads(Bucket="first")["Uploads"][0]["Key"] == "hand"
parts = [{"PartNumber": 1, "ETag": one["ETag"]}, {"PartNumber": 2, "ETag": two["CopyPartResult"]["ETag"]}]
fails(lambda: s3.complete_multipart_upload(MultipartUpload={"Parts": parts[::-1]}, **upload), "InvalidPartOrder")
done = s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)
assert done["ETag"].endswith('-2"') and done["ChecksumType"] == "FULL_OBJECT", done
assert s3.get_object(Bucket="first", Key="hand")["Body"].read() == big[: 5 * MB + 10]
upload["UploadId"] = s3.create_multipart_upload(Bucket="first", Key="hand")["UploadId"]
s3.abort_multipart_upload(**upload)
fails(lambda: s3.list_parts(**upload), "NoSuchUpload", 404)

# Listings.
for name in ["l/a/1", "l/a/2", "l/b", "l/c d/1", "l/z"]:
    s3.put_object(Bucket="first", Key=name, Body=b"")
keys, prefixes = [], []
for page in s3.get_paginator("list_objects_v2").paginate(
    Bucket="first", Prefix="l/", Delimiter="/", PaginationConfig={"PageSize": 1}
):
    keys += [o["Key"] for o in page.get("Contents", [])]
    prefixes += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
assert (keys, prefixes) == (["l/b", "l/z"], ["l/a/", "l/c d/"])
page = s3.list_objects_v2(Bucket="first", Prefix="l/", StartAfter="l/b", FetchOwner=True)
assert [o["Key"] for o in page["Contents"]] == ["l/c d/1", "l/z"] and page["KeyCount"] == 2
assert page["Contents"][0]["Owner"]["ID"]
assert s3.list_objects(Bucket="first", Prefix="l/", Marker="l/c d/1")["Contents"][0]["Key"] == "l/z"
pages = s3.get_paginator("list_objects").paginate(Bucket="first", Prefix="l/", PaginationConfig={"PageSize": 2})
assert sum(len(page["Contents"]) for page in pages) == 5
assert s3.list_object_versions(Bucket="first", Prefix="l/b")["Versions"][0]["VersionId"] == "null"
fails(lambda: s3.list_objects_v2(Bucket="first", ContinuationToken="%%%"), "InvalidArgument", 400)

# Deletions.
batch = {"Objects": [{"Key": "l/a/1"}, {"Key": "forbidden/x"}, {"Key": "never"}]}
answer = s3.delete_objects(Bucket="first", Delete=batch)
assert [d["Key"] for d in answer["Deleted"]] == ["l/a/1", "never"]
assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("forbidden/x", "AccessDenied")]
assert "Deleted" not in s3.delete_objects(Bucket="first", Delete={"Objects": [{"Key": "l/a/2"}], "Quiet": True})
s3.delete_object(Bucket="first", Key="l/b")
s3.delete_object(Bucket="first", Key="l/b")
fails(lambda: s3.delete_bucket(Bucket="first"), "BucketNotEmpty", 409)

# Presigned URLs, and requests without a signature.
session = client("ASIASESSION", "token")
for config in [{}, {"signature_version": "s3v4"}]:
    for signer in [client(**config), client("ASIASESSION", "token", **config)]:
        url = signer.generate_presigned_url("get_object", Params={"ResponseContentType": "a/b", **key}, ExpiresIn=60)
        answer = urllib.request.urlopen(url)
        assert (answer.read(), answer.headers["Content-Type"]) == (b"0123456789", "a/b"), url
        params = {"Bucket": "first", "Key": "signed", "ContentType": "text/x", "Metadata": {"a": "b"}}
        url = signer.generate_presigned_url("put_object", Params=params, ExpiresIn=60)
        sent = {"Content-Type": "text/x", "x-amz-meta-a": "b"}
        urllib.request.urlopen(urllib.request.Request(url, data=b"by url", method="PUT", headers=sent))
        got = s3.get_object(Bucket="first", Key="signed")
        assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"by url", "text/x", {"a": "b"})
old = client(signature_version="s3").generate_presigned_url("get_object", Params=key, ExpiresIn=60)
assert "AWSAccessKeyId" in old


def plain_get(path, headers=None, method="GET", data=None):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers=headers or {}, method=method, data=data)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


status, text = plain_get(url.split(str(PORT), 1)[1].replace("signed?", "other?"), method="PUT", data=b"x")
assert status == 403 and "<Code>SignatureDoesNotMatch</Code>" in text, text
path = old.split(str(PORT), 1)[1]
assert plain_get(path)[0] == 200
assert plain_get(path.replace("dir/a", "dir/b"))[0] == 403
assert plain_get(path + "&acl")[0] == 400
assert plain_get(path.replace("Expires=", "Expires=1&x="))[0] == 400
status, text = plain_get("/first/signed")
assert status == 403 and "<Message>Access Denied</Message>" in text and "<HostId>" in text, text
assert plain_get("/nowhere/x")[0] == 404
status, text = plain_get("/first?abac")
assert status == 501 and "GetBucketAbac" in text, text
status, text = plain_get("/first", {"Content-Type": "multipart/form-data; boundary=x"}, "POST", b"--x--")
assert status == 501 and "PostObject" in text, text
status, text = plain_get("/first", {"Authorization": "AWS AKIAALICE:abc"})
assert status == 400 and "AWS4-HMAC-SHA256" in text, text

# Keys.
fails(lambda: client("AKIAGONE").list_buckets(), "InvalidAccessKeyId", 403)
fails(lambda: client("AKIAOFF").list_buckets(), "InvalidAccessKeyId", 403)
fails(lambda: client(secret="wrong").list_buckets(), "SignatureDoesNotMatch", 403)
fails(lambda: client("ASIAOVER", "token").list_buckets(), "ExpiredToken", 400)
fails(lambda: client("ASIASESSION", "forged").list_buckets(), "InvalidToken", 400)
fails(lambda: client("ASIASESSION").list_buckets(), "InvalidAccessKeyId", 403)
assert client("ASIASESSION", "token").list_buckets()["Buckets"]

# Policies and other accounts.
expected = (
    "User: arn:aws:iam::444455556666:root is not authorized to perform: s3:GetObject on resource: "
    '"arn:aws:s3:::first/signed" because no resource-based policy allows the s3:GetObject action'
)
denied = fails(lambda: bob.get_object(Bucket="first", Key="signed"), "AccessDenied", 403)
assert denied["Error"]["Message"] == expected, denied
fails(lambda: bob.copy_object(Bucket="first", Key="x", CopySource="first/signed"), "AccessDenied", 403, "s3:GetObject")


def policy(principal, resource="arn:aws:s3:::first/*"):
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["s3:GetObject"], "Resource": [resource]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


fails(lambda: s3.put_bucket_policy(Bucket="first", Policy="{}"), "MalformedPolicy", 400)
wrong = policy("*", "arn:aws:s3:::other/*")
fails(lambda: s3.put_bucket_policy(Bucket="first", Policy=wrong), "MalformedPolicy", 400, "invalid resource")
s3.put_bucket_policy(Bucket="first", Policy=policy({"AWS": "444455556666"}))
assert bob.get_object(Bucket="first", Key="signed")["Body"].read() == b"by url"
fails(lambda: bob.get_object(Bucket="first", Key="missing"), "AccessDenied", 403, "s3:ListBucket")
assert s3.get_bucket_policy_status(Bucket="first")["PolicyStatus"]["IsPublic"] is False
s3.put_bucket_policy(Bucket="first", Policy=policy("*"))
assert plain_get("/first/signed") == (200, "by url")
assert s3.get_bucket_policy_status(Bucket="first")["PolicyStatus"]["IsPublic"] is True
s3.delete_bucket_policy(Bucket="first")

# Bucket in the host name. Not every resolver knows the names under localhost.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve("127.0.0.1" if "localhost" in host else host, *rest, **more)
virtual = client(host="s3.localhost", s3={"addressing_style": "virtual"})
assert virtual.get_object(Bucket="first", Key="signed")["Body"].read() == b"by url"
assert virtual.list_objects_v2(Bucket="first", Prefix="l/")["KeyCount"] == 2
for config in [{}, {"signature_version": "s3v4"}]:
    signer = client(host="s3.localhost", s3={"addressing_style": "virtual"}, **config)
    url = signer.generate_presigned_url("get_object", Params=key, ExpiresIn=60)
    assert "//first.s3.localhost" in url and urllib.request.urlopen(url).read() == b"0123456789"

denied = fails(lambda: s3.get_object(Bucket="first", Key="forbidden/x"), "AccessDenied", 403)
served = s3.put_object(Bucket="first", Key="last", Body=b"x" * (3 * MB))
print(denied["ResponseMetadata"]["RequestId"], served["ResponseMetadata"]["RequestId"])
