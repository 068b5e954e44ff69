"""Operations that no other test calls with success: each does what AWS says it does.

`lists/no-conformance-case.txt` names what is still missing.
"""

import json

import botocore.exceptions
import pytest

import harness
from harness import statement


def fails(code, call, **input):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**input)
    assert caught.value.response["Error"]["Code"] == code


@pytest.fixture
def iam(server):
    return server.client("iam")


@pytest.fixture
def policy(iam, unique):
    made = iam.create_policy(PolicyName=unique("policy"), PolicyDocument=json.dumps(statement("s3:GetObject")))
    return made["Policy"]["Arn"]


@pytest.fixture
def bucket(server, unique):
    name = unique("bucket")
    server.client("s3").create_bucket(Bucket=name)
    return name


def tags(**named):
    return [{"Key": key, "Value": value} for key, value in named.items()]


# IAM.


def test_the_life_of_a_user(iam, policy, unique):
    old, name, group = unique("user"), unique("user"), unique("group")
    iam.create_user(UserName=old, Path="/a/")
    iam.update_user(UserName=old, NewUserName=name, NewPath="/b/")
    assert iam.get_user(UserName=name)["User"]["Arn"].endswith(f":user/b/{name}")
    user = {"UserName": name}
    iam.tag_user(**user, Tags=tags(team="a", stage="b"))
    iam.untag_user(**user, TagKeys=["stage"])
    assert iam.list_user_tags(**user)["Tags"] == tags(team="a")
    iam.put_user_permissions_boundary(**user, PermissionsBoundary=policy)
    assert iam.get_user(**user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy
    iam.delete_user_permissions_boundary(**user)
    assert "PermissionsBoundary" not in iam.get_user(**user)["User"]
    iam.create_group(GroupName=group)
    iam.add_user_to_group(**user, GroupName=group)
    assert [g["GroupName"] for g in iam.list_groups_for_user(**user)["Groups"]] == [group]
    iam.put_user_policy(**user, PolicyName="own", PolicyDocument=json.dumps(statement("s3:*")))
    iam.attach_user_policy(**user, PolicyArn=policy)
    fails("DeleteConflict", iam.delete_user, **user)
    iam.delete_user_policy(**user, PolicyName="own")
    iam.detach_user_policy(**user, PolicyArn=policy)
    iam.remove_user_from_group(**user, GroupName=group)
    iam.delete_user(**user)
    fails("NoSuchEntity", iam.get_user, **user)


def test_the_life_of_a_group(iam, policy, unique):
    old, name = unique("group"), unique("group")
    iam.create_group(GroupName=old)
    iam.update_group(GroupName=old, NewGroupName=name)
    group = {"GroupName": name}
    iam.attach_group_policy(**group, PolicyArn=policy)
    iam.put_group_policy(**group, PolicyName="own", PolicyDocument=json.dumps(statement("s3:*")))
    assert iam.list_entities_for_policy(PolicyArn=policy)["PolicyGroups"][0]["GroupName"] == name
    fails("DeleteConflict", iam.delete_group, **group)
    iam.delete_group_policy(**group, PolicyName="own")
    iam.detach_group_policy(**group, PolicyArn=policy)
    iam.delete_group(**group)
    fails("NoSuchEntity", iam.get_group, **group)


def test_the_life_of_a_role(server, iam, policy):
    name = server.role().rpartition("/")[2]
    role = {"RoleName": name}
    iam.tag_role(**role, Tags=tags(team="a", stage="b"))
    iam.untag_role(**role, TagKeys=["stage"])
    assert iam.list_role_tags(**role)["Tags"] == tags(team="a")
    iam.update_role(**role, Description="first", MaxSessionDuration=7200)
    assert iam.update_role_description(**role, Description="second")["Role"]["Description"] == "second"
    assert iam.get_role(**role)["Role"]["MaxSessionDuration"] == 7200
    iam.put_role_permissions_boundary(**role, PermissionsBoundary=policy)
    assert iam.get_role(**role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy
    iam.delete_role_permissions_boundary(**role)
    assert iam.list_instance_profiles_for_role(**role)["InstanceProfiles"] == []
    iam.attach_role_policy(**role, PolicyArn=policy)
    fails("DeleteConflict", iam.delete_role, **role)
    iam.detach_role_policy(**role, PolicyArn=policy)
    iam.delete_role(**role)
    fails("NoSuchEntity", iam.get_role, **role)


def test_the_life_of_a_policy(iam, policy):
    arn = {"PolicyArn": policy}
    iam.tag_policy(**arn, Tags=tags(team="a", stage="b"))
    iam.untag_policy(**arn, TagKeys=["stage"])
    assert iam.list_policy_tags(**arn)["Tags"] == tags(team="a")
    document = json.dumps(statement("s3:PutObject"))
    assert iam.create_policy_version(**arn, PolicyDocument=document)["PolicyVersion"]["VersionId"] == "v2"
    iam.set_default_policy_version(**arn, VersionId="v2")
    assert iam.get_policy(**arn)["Policy"]["DefaultVersionId"] == "v2"
    fails("DeleteConflict", iam.delete_policy_version, **arn, VersionId="v2")
    fails("DeleteConflict", iam.delete_policy, **arn)
    iam.delete_policy_version(**arn, VersionId="v1")
    iam.delete_policy(**arn)
    fails("NoSuchEntity", iam.get_policy, **arn)


# S3.


def test_an_upload_in_parts(server, bucket):
    s3, key = server.client("s3"), {"Bucket": bucket, "Key": "big"}
    source, least = b"s" * (6 << 20), 5 << 20
    s3.put_object(Bucket=bucket, Key="source", Body=source)
    upload = key | {"UploadId": s3.create_multipart_upload(**key, Metadata={"a": "b"})["UploadId"]}
    first = s3.upload_part(**upload, PartNumber=1, Body=b"f" * least)["ETag"]
    copied = s3.upload_part_copy(
        **upload, PartNumber=2, CopySource=f"{bucket}/source", CopySourceRange=f"bytes=0-{least - 1}"
    )
    assert [p["PartNumber"] for p in s3.list_parts(**upload)["Parts"]] == [1, 2]
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": copied["CopyPartResult"]["ETag"]}]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    head = s3.head_object(**key)
    assert (head["ContentLength"], head["ETag"], head["Metadata"]) == (2 * least, done["ETag"], {"a": "b"})
    assert s3.get_object(**key)["Body"].read() == b"f" * least + source[:least]
    attributes = s3.get_object_attributes(**key, ObjectAttributes=["ETag", "ObjectSize", "ObjectParts"])
    assert (attributes["ObjectSize"], attributes["ObjectParts"]["TotalPartsCount"]) == (2 * least, 2)


def test_an_upload_that_is_given_up(server, bucket):
    s3, key = server.client("s3"), {"Bucket": bucket, "Key": "big"}
    upload = key | {"UploadId": s3.create_multipart_upload(**key)["UploadId"]}
    s3.upload_part(**upload, PartNumber=1, Body=b"part")
    s3.abort_multipart_upload(**upload)
    fails("NoSuchUpload", s3.list_parts, **upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    fails("NoSuchKey", s3.get_object, **key)


def test_objects(server, bucket):
    s3, place = server.client("s3"), {"Bucket": bucket}
    s3.put_object(**place, Key="a", Body=b"body", Tagging="team=a")
    copied = s3.copy_object(**place, Key="b", CopySource=f"{bucket}/a")["CopyObjectResult"]["ETag"]
    assert s3.head_object(**place, Key="b")["ETag"] == copied
    assert s3.get_object_tagging(**place, Key="b")["TagSet"] == tags(team="a")
    s3.delete_object_tagging(**place, Key="b")
    assert s3.get_object_tagging(**place, Key="b")["TagSet"] == []
    assert [o["Key"] for o in s3.list_objects(**place)["Contents"]] == ["a", "b"]
    versions = s3.list_object_versions(**place)["Versions"]
    assert [(v["Key"], v["VersionId"], v["IsLatest"]) for v in versions] == [("a", "null", True), ("b", "null", True)]
    owner = s3.get_object_acl(**place, Key="a")["Grants"]
    assert [grant["Permission"] for grant in owner] == ["FULL_CONTROL"]


def test_buckets(server, bucket):
    s3, place = server.client("s3"), {"Bucket": bucket}
    s3.head_bucket(**place)
    assert s3.get_bucket_location(**place)["LocationConstraint"] is None
    s3.put_bucket_tagging(**place, Tagging={"TagSet": tags(team="a")})
    s3.delete_bucket_tagging(**place)
    fails("NoSuchTagSet", s3.get_bucket_tagging, **place)
    everybody = statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    s3.put_bucket_policy(**place, Policy=json.dumps(everybody))
    assert s3.get_bucket_policy_status(**place)["PolicyStatus"]["IsPublic"] is True
    s3.delete_bucket_policy(**place)
    fails("NoSuchBucketPolicy", s3.get_bucket_policy, **place)
    s3.put_object(**place, Key="a")
    fails("BucketNotEmpty", s3.delete_bucket, **place)
    s3.delete_object(**place, Key="a")
    s3.delete_bucket(**place)
    fails("404", s3.head_bucket, **place)


def test_what_a_new_bucket_has(server, bucket):
    s3, place = server.client("s3"), {"Bucket": bucket}
    assert [grant["Permission"] for grant in s3.get_bucket_acl(**place)["Grants"]] == ["FULL_CONTROL"]
    controls = s3.get_bucket_ownership_controls(**place)["OwnershipControls"]["Rules"]
    assert controls == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_request_payment(**place)["Payer"] == "BucketOwner"
    assert "Status" not in s3.get_bucket_versioning(**place)
    assert "Status" not in s3.get_bucket_accelerate_configuration(**place)
    assert "LoggingEnabled" not in s3.get_bucket_logging(**place)
    assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(**place)
    # Public policies are not blocked and nothing is encrypted yet; the answers do not claim it.
    fails("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, **place)
    fails("ServerSideEncryptionConfigurationNotFoundError", s3.get_bucket_encryption, **place)
    fails("NoSuchCORSConfiguration", s3.get_bucket_cors, **place)
    fails("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, **place)
    fails("ReplicationConfigurationNotFoundError", s3.get_bucket_replication, **place)
    fails("NoSuchWebsiteConfiguration", s3.get_bucket_website, **place)
    fails("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration, **place)


# Glue and Logs.


def test_a_table_is_deleted(server, unique):
    glue, database = server.client("glue"), unique("database")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    glue.delete_table(DatabaseName=database, Name="t")
    fails("EntityNotFoundException", glue.get_table, DatabaseName=database, Name="t")
    fails("EntityNotFoundException", glue.delete_table, DatabaseName=database, Name="t")


def test_a_log_stream_is_deleted(server, unique):
    logs, group = server.client("logs"), unique("group")
    logs.create_log_group(logGroupName=group)
    stream = {"logGroupName": group, "logStreamName": "s"}
    logs.create_log_stream(**stream)
    logs.delete_log_stream(**stream)
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []
    fails("ResourceNotFoundException", logs.delete_log_stream, **stream)
