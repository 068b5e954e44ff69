"""Instance profiles, service-linked roles, managed policies and the account's details, through boto3."""

import json
import time

import botocore.exceptions
import pytest

import harness
from harness import statement, trust

ECS = "AWSServiceRoleForECS"


def refused(call, *arguments, **more):
    """Code, text and status of a call that must fail."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **more)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def iam(server):
    """IAM as the root user of an account of its own."""
    return server.client("iam", server.account())


def role(iam, name, service="ec2.amazonaws.com"):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust(Service=service)))["Role"]


def test_an_instance_profile_holds_a_role(iam):
    role(iam, "machine")
    made = iam.create_instance_profile(
        InstanceProfileName="web", Path="/fleet/", Tags=[{"Key": "team", "Value": "web"}]
    )["InstanceProfile"]
    assert made["InstanceProfileId"].startswith("AIPA") and made["Arn"].endswith(":instance-profile/fleet/web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="machine")
    found = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    assert found["Roles"][0]["RoleName"] == "machine" and found["Tags"] == [{"Key": "team", "Value": "web"}]
    assert [p["Arn"] for p in iam.list_instance_profiles()["InstanceProfiles"]] == [made["Arn"]]
    assert iam.list_instance_profiles(PathPrefix="/other/")["InstanceProfiles"] == []
    assert len(iam.list_instance_profiles_for_role(RoleName="machine")["InstanceProfiles"]) == 1
    iam.tag_instance_profile(InstanceProfileName="web", Tags=[{"Key": "cost", "Value": "1"}])
    iam.untag_instance_profile(InstanceProfileName="web", TagKeys=["team"])
    assert iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"] == [{"Key": "cost", "Value": "1"}]
    conflict = ("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", 409)
    assert refused(iam.delete_instance_profile, InstanceProfileName="web") == conflict
    assert refused(iam.delete_role, RoleName="machine") == conflict
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="machine")
    iam.delete_instance_profile(InstanceProfileName="web")
    missing = ("NoSuchEntity", "Instance Profile web cannot be found.", 404)
    assert refused(iam.get_instance_profile, InstanceProfileName="web") == missing


def test_a_service_linked_role_is_its_services(server, iam):
    made = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com", Description="for tasks")["Role"]
    assert made["Path"] == "/aws-service-role/ecs.amazonaws.com/" and made["RoleName"] == ECS
    assert made["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ecs.amazonaws.com"}
    attached = iam.list_attached_role_policies(RoleName=ECS)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AmazonECSServiceRolePolicy"]
    protected = f"Cannot perform the operation on the protected role '{ECS}' - this role is only modifiable by AWS"
    assert refused(iam.delete_role, RoleName=ECS) == ("UnmodifiableEntity", protected, 400)
    policy = json.dumps(statement("s3:*"))
    code = refused(iam.put_role_policy, RoleName=ECS, PolicyName="p", PolicyDocument=policy)
    assert code == ("UnmodifiableEntity", protected, 400)
    task = iam.delete_service_linked_role(RoleName=ECS)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/ecs.amazonaws.com/{ECS}/")
    harness.wait_for(
        lambda: iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    )
    assert refused(iam.get_role, RoleName=ECS)[0] == "NoSuchEntity"


def test_who_makes_a_service_linked_role_may_be_held_to_a_service(server):
    condition = {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}
    account = server.account()
    user = server.user(statement("iam:CreateServiceLinkedRole", Condition=condition), by=account)
    iam = server.client("iam", user)
    code, text, status = refused(iam.create_service_linked_role, AWSServiceName="autoscaling.amazonaws.com")
    arn = f"arn:aws:iam::{account.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    assert (code, status) == ("AccessDenied", 403) and f"on resource: {arn} because" in text
    assert iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]["RoleName"] == ECS


MANAGED = """AdministratorAccess ReadOnlyAccess PowerUserAccess service-role/AWSGlueServiceRole AWSGlueConsoleFullAccess
service-role/AWSGlueServiceNotebookRole AWSGlueConsoleSageMakerNotebookFullAccess AmazonS3FullAccess
AmazonS3ReadOnlyAccess CloudWatchFullAccess CloudWatchLogsFullAccess CloudWatchReadOnlyAccess AmazonAthenaFullAccess
SecretsManagerReadWrite AmazonEC2ContainerRegistryReadOnly IAMFullAccess IAMReadOnlyAccess AWSCloudTrail_FullAccess
job-function/Billing job-function/DatabaseAdministrator job-function/DataScientist job-function/NetworkAdministrator
job-function/SupportUser job-function/SystemAdministrator job-function/ViewOnlyAccess SecurityAudit""".split()


@pytest.mark.parametrize("name", MANAGED)
def test_a4_aws_s_policies_are_there(server, name):
    iam, arn = server.client("iam"), f"arn:aws:iam::aws:policy/{name}"
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert policy["Arn"] == arn and policy["Path"] == "/" + name.rpartition("/")[0] + ("/" if "/" in name else "")
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["IsDefaultVersion"] and version["Document"]["Version"] == "2012-10-17"


def test_all_of_aws_s_policies_are_listed(server):
    pages = server.client("iam").get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 500})
    arns = [policy["Arn"] for page in pages for policy in page["Policies"]]
    assert len(arns) == len(set(arns)) > 1400
    outside = ("AccessDenied", "Policy is outside your own account.", 403)
    document = json.dumps(statement("*"))
    assert refused(server.client("iam").create_policy_version, PolicyArn=arns[0], PolicyDocument=document) == outside


def test_details_of_an_account(iam):
    role(iam, "worker", "glue.amazonaws.com")
    arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    iam.create_group(GroupName="people")
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="people", UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps(statement("s3:ListAllMyBuckets")))
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1}))
    assert len(pages) == 4
    user = next(page["UserDetailList"][0] for page in pages if page["UserDetailList"])
    assert user["GroupList"] == ["people"]
    assert user["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "s3:ListAllMyBuckets"
    details = iam.get_account_authorization_details(Filter=["Role", "AWSManagedPolicy"])
    assert details["UserDetailList"] == [] and details["RoleDetailList"][0]["RoleName"] == "worker"
    assert [policy["Arn"] for policy in details["Policies"]] == [arn]


def test_a_new_name_takes_everything_along(server):
    account = server.account()
    iam = server.client("iam", account)
    user = server.user(statement("glue:GetDatabases"), by=account)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName=user.name)
    session = server.client("sts", user).get_session_token()["Credentials"]
    session = harness.Credentials(
        account.account, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    )
    iam.update_user(UserName=user.name, NewUserName="renamed", NewPath="/new/")
    arn = f"arn:aws:iam::{account.account}:user/new/renamed"
    for who in (user, session):
        assert server.client("sts", who).get_caller_identity()["Arn"] == arn
        assert server.client("glue", who).get_databases()["DatabaseList"] == []
    assert [u["UserName"] for u in iam.get_group(GroupName="g")["Users"]] == ["renamed"]
    assert len(iam.list_access_keys(UserName="renamed")["AccessKeyMetadata"]) == 1


def test_quotas_have_aws_s_texts(iam):
    role(iam, "r")
    iam.create_user(UserName="u")
    document = json.dumps(statement("s3:GetObject"))
    arns = [iam.create_policy(PolicyName=f"p{n}", PolicyDocument=document)["Policy"]["Arn"] for n in range(11)]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    limit = lambda text: ("LimitExceeded", text, 409)
    more = refused(iam.attach_role_policy, RoleName="r", PolicyArn=arns[10])
    assert more == limit("Cannot exceed quota for PoliciesPerRole: 10")
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=document)
    more = refused(iam.create_policy_version, PolicyArn=arns[0], PolicyDocument=document)
    assert more == limit(
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    )
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{number}", UserName="u")
    more = refused(iam.add_user_to_group, GroupName="g10", UserName="u")
    assert more == limit("Cannot exceed quota for GroupsPerUser: 10")
    long = json.dumps(statement("s3:GetObject", ["arn:aws:s3:::" + "b" * 60 + f"/{n}" for n in range(80)]))
    more = refused(iam.put_user_policy, UserName="u", PolicyName="long", PolicyDocument=long)
    assert more == limit("Maximum policy size of 2048 bytes exceeded for user u")


def test_the_root_user_s_use_is_visible_and_no_policy_binds_it(server):
    """A1: nothing of the account's own restricts its root user, who is no user that could be deleted."""
    account = server.account()
    iam = server.client("iam", account)
    assert refused(iam.delete_user, UserName="root")[0] == "NoSuchEntity"
    document = json.dumps(statement("*", effect="Deny"))
    assert refused(iam.put_user_policy, UserName="root", PolicyName="p", PolicyDocument=document)[0] == "NoSuchEntity"
    assert iam.get_user()["User"]["Arn"] == account.arn
    answer = iam.create_user(UserName="made-by-root")
    explained = server.call(
        "mastic", "Mastic.ExplainRequest", {"RequestId": answer["ResponseMetadata"]["RequestId"]}, account
    ).json()
    assert explained["Principal"] == account.arn and explained["EventName"] == "CreateUser"
    assert time.time() - explained["EventTime"] < 600
