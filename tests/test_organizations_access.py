"""What service control and resource control policies do to calls."""

import json

import pytest
from botocore.exceptions import ClientError

import harness
from harness import statement
from organization import Organization

SCP = "service control policy"
RCP = "resource control policy"
EVERYTHING = {"Principal": "*"}


@pytest.fixture
def organization(server):
    return Organization(server)


def denial(call, **arguments):
    """The text of a call's denial."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied"), caught.value
    return caught.value.response["Error"]["Message"]


def explanation(server, credentials):
    answer = server.call("mastic", "Mastic.ExplainRequest", {}, credentials)
    assert answer.status == 200, answer.body
    return answer.json()["Text"]


def test_a_denied_action_is_denied_at_once_and_explained(server, organization):
    unit = organization.unit("analytics")
    account = organization.account()
    organization.move(account, unit)
    inside = organization.inside(account)
    glue = server.client("glue", inside)
    glue.get_databases()
    organization.enable()
    glue.get_databases()
    policy = organization.policy(statement("glue:GetDatabases", effect="Deny", Sid="NoListing"), unit)
    text = denial(glue.get_databases)
    assert text == (
        f"User: {inside.arn} is not authorized to perform: glue:GetDatabases on resource: "
        f"arn:aws:glue:us-east-1:{account}:catalog with an explicit deny in a {SCP}: "
        f"arn:aws:organizations::{organization.management.account}:policy/{organization.id}/service_control_policy/"
        f"{policy}"
    )
    # What the policy says is the management account's to see; where it stands, the member's, too.
    told = explanation(server, inside)
    assert f"on organizational unit {unit}" in told and policy in told and "statement 1" in told, told
    assert organization.management.account in told and "NoListing" not in told, told
    organization.client.detach_policy(PolicyId=policy, TargetId=unit)
    glue.get_databases()
    # A change of the document counts at once, too.
    organization.client.attach_policy(PolicyId=policy, TargetId=account)
    denial(glue.get_databases)
    organization.client.update_policy(PolicyId=policy, Content=json.dumps(statement("s3:*", effect="Deny")))
    glue.get_databases()
    # Without the type there are no policies.
    organization.client.update_policy(PolicyId=policy, Content=json.dumps(statement("glue:*", effect="Deny")))
    denial(glue.get_databases)
    organization.client.disable_policy_type(RootId=organization.root, PolicyType="SERVICE_CONTROL_POLICY")
    glue.get_databases()


def test_every_level_must_allow(server, organization):
    outer = organization.unit("outer")
    inner = organization.unit("inner", outer)
    account = organization.account()
    organization.move(account, inner)
    inside = organization.inside(account)
    glue, logs = server.client("glue", inside), server.client("logs", inside)
    organization.enable()
    ours = ["logs:*", "organizations:DescribePolicy"]
    for target, allowed in ((outer, ["glue:*", *ours]), (inner, ["glue:Get*", *ours])):
        organization.policy(statement(allowed), target)
        organization.client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=target)
    glue.get_databases()
    logs.describe_log_groups()
    text = denial(glue.create_database, DatabaseInput={"Name": "d"})
    assert text.endswith(f"because no {SCP} allows the glue:CreateDatabase action"), text
    told = explanation(server, inside)
    assert f"organizational unit {inner}" in told, told
    assert '"logs:*"' not in told
    # Who may read the policy is told what it would have to be.
    reader = statement("organizations:DescribePolicy", Principal={"AWS": account})
    organization.client.put_resource_policy(Content=json.dumps(reader))
    told = explanation(server, inside)
    assert '"logs:*"' in told and '"glue:CreateDatabase"' in told, told
    # The account alone may not outvote its unit.
    organization.policy(statement("glue:*"), account)
    denial(glue.create_database, DatabaseInput={"Name": "d"})
    organization.move(account, outer)
    glue.create_database(DatabaseInput={"Name": "d"})
    denial(server.client("s3", inside).list_buckets)
    organization.move(account, organization.root)
    server.client("s3", inside).list_buckets()


def test_an_organization_s_policies_bind_the_root_user_and_not_the_management_account(server, organization):
    member = organization.root_of(server.account("member"))
    organization.enable()
    organization.policy(statement("glue:*", effect="Deny"), organization.root)
    text = denial(server.client("glue", member).get_databases)
    assert text.startswith(f"User: arn:aws:iam::{member.account}:root is not authorized to perform")
    assert f"with an explicit deny in a {SCP}" in text
    server.client("glue", organization.management).get_databases()
    # Who leaves is free.
    server.client("organizations", member).leave_organization()
    server.client("glue", member).get_databases()


def test_what_is_allowed_by_the_organization_alone_is_not_allowed(server, organization):
    member = organization.root_of(server.account("member"))
    organization.enable()
    nobody = server.user(by=member)
    assert "no identity-based policy allows" in denial(server.client("glue", nobody).get_databases)


def test_a_job_of_a_member_account_is_bound(server, organization):
    account = organization.account()
    inside = organization.inside(account)
    s3 = server.client("s3", inside)
    bucket = harness.name("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="in/rows.csv", Body=b"a,b\n1,2\n")
    role = server.role(statement(["s3:*", "glue:*", "logs:*"]), by=inside)
    organization.enable()
    organization.policy(statement("s3:GetObject", effect="Deny"), account)
    glue = server.client("glue", inside)
    glue.create_database(DatabaseInput={"Name": "raw"})
    glue.create_crawler(
        Name="crawl", Role=role, DatabaseName="raw", Targets={"S3Targets": [{"Path": f"s3://{bucket}/in/"}]}
    )
    glue.start_crawler(Name="crawl")

    def finished():
        crawler = glue.get_crawler(Name="crawl")["Crawler"]
        return crawler if crawler["State"] == "READY" and crawler.get("LastCrawl") else None

    last = harness.wait_for(finished, timeout=120, interval=0.2)["LastCrawl"]
    assert last["Status"] == "FAILED" and f"explicit deny in a {SCP}" in last["ErrorMessage"], last


def bucket_of(server, credentials, document=None):
    s3 = server.client("s3", credentials)
    bucket = harness.name("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    if document:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document(bucket)))
    return bucket


def open_to_all(bucket):
    return statement("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"], **EVERYTHING)


def test_a_data_perimeter(server, organization):
    account, other = organization.account(), organization.account()
    bucket = bucket_of(server, organization.inside(account), open_to_all)
    colleague = server.client("s3", organization.inside(other))
    stranger = server.user(statement(["s3:*", "mastic:*"]), by=server.account("stranger"))
    outside = server.client("s3", stranger)
    for s3 in (colleague, outside):
        s3.get_object(Bucket=bucket, Key="k")
    organization.enable("RESOURCE_CONTROL_POLICY")
    perimeter = statement(
        "s3:*",
        effect="Deny",
        Condition={
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
        **EVERYTHING,
    )
    policy = organization.policy(perimeter, organization.root, "RESOURCE_CONTROL_POLICY")
    colleague.get_object(Bucket=bucket, Key="k")
    text = denial(outside.get_object, Bucket=bucket, Key="k")
    assert text.endswith(f"with an explicit deny in a {RCP}"), text
    # Its account asks for the explanation, and is told of the other side's policy.
    assert policy in explanation(server, stranger)
    # The resources of the management account are free.
    free = bucket_of(server, organization.management, open_to_all)
    outside.get_object(Bucket=free, Key="k")
    # Other services are not guarded.
    server.client("glue", organization.inside(account)).get_databases()


def test_roles_are_resources(server, organization):
    account = organization.account()
    inside = organization.inside(account)
    stranger = server.user(statement("sts:AssumeRole"), by=server.account("stranger"))
    role = server.role(trusted=harness.trust(AWS=stranger.arn), by=inside)
    server.assume(role, by=stranger)
    organization.enable("RESOURCE_CONTROL_POLICY")
    condition = {"StringNotEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}
    document = statement("sts:AssumeRole", effect="Deny", Condition=condition, **EVERYTHING)
    organization.policy(document, account, "RESOURCE_CONTROL_POLICY")
    with pytest.raises(ClientError) as caught:
        server.assume(role, by=stranger)
    assert caught.value.response["Error"]["Message"].endswith(f"with an explicit deny in a {RCP}")
    organization.inside(account)


@pytest.mark.parametrize(
    "key, value", [("aws:PrincipalOrgID", "{id}"), ("aws:PrincipalOrgPaths", "{id}/{root}/{unit}/*")]
)
def test_bucket_policies_can_ask_for_the_organization(server, organization, key, value):
    unit = organization.unit("lake")
    account = organization.account()
    wanted = value.format(id=organization.id, root=organization.root, unit=unit)
    operator = "ForAnyValue:StringLike" if key.endswith("Paths") else "StringEquals"

    def admitted(bucket):
        return statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Condition={operator: {key: wanted}}, **EVERYTHING)

    bucket = bucket_of(server, server.account("owner"), admitted)
    inside = server.client("s3", organization.inside(account))
    if key.endswith("Paths"):
        denial(inside.get_object, Bucket=bucket, Key="k")
        organization.move(account, unit)
    inside.get_object(Bucket=bucket, Key="k")
    outside = server.client("s3", server.user(statement("s3:*"), by=server.account("stranger")))
    denial(outside.get_object, Bucket=bucket, Key="k")


def test_a_closed_account_s_credentials_are_refused(server, organization):
    member = organization.root_of(server.account("member"))
    made = organization.account()
    inside = organization.inside(made)
    user = server.user(statement("*"), by=inside)
    for credentials in (inside, user, member):
        server.client("glue", credentials).get_databases()
    for account in (made, member.account):
        organization.client.close_account(AccountId=account)
        shown = organization.client.describe_account(AccountId=account)["Account"]
        assert (shown["Status"], shown["State"]) == ("SUSPENDED", "CLOSED")
    for credentials in (inside, user, member):
        with pytest.raises(ClientError) as caught:
            server.client("glue", credentials).get_databases()
        assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    with pytest.raises(ClientError) as caught:
        organization.inside(made)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    listed = server.mastic("account", "list").stdout
    line = next(line for line in listed.splitlines() if line.startswith(made))
    assert "closed" in line and organization.id in line
