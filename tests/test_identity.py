"""People, roles and accounts: who may do what, and how one finds out why not."""

import email.utils
import json
import os
import stat
import subprocess

import botocore.exceptions
import pytest

import harness
from harness import statement, trust


CALLER_IDENTITY = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}


def denied(call, *arguments, **more):
    """The error of a call that must be denied."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(*arguments, **more)
    error = refused.value.response
    assert error["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), error
    return error


def request_id(answer):
    return answer["ResponseMetadata"]["RequestId"]


# The first start.


def test_the_first_start_makes_root_keys_for_the_owner_only(server):
    found = server.data / "credentials"
    assert stat.S_IMODE(os.stat(found).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(server.data).st_mode) & 0o077 == 0
    assert server.root.secret_access_key in found.read_text()
    assert server.root.secret_access_key not in server.log.read_text()


def test_env_points_every_tool_at_the_server(server):
    told = server.mastic("env", "--data", str(server.data), environment=server.bare_environment()).stdout
    lines = [line.removeprefix("export ").split("=", 1) for line in told.splitlines() if line.startswith("export ")]
    found = {name: value.strip("'") for name, value in lines}
    assert found["AWS_ENDPOINT_URL"] == server.endpoint
    assert found["AWS_ACCESS_KEY_ID"] == server.root.access_key_id
    assert found["AWS_SECRET_ACCESS_KEY"] == server.root.secret_access_key
    assert found["AWS_DEFAULT_REGION"] == harness.REGION
    script = f'eval "$({harness.binary()} env --data {server.data})"; {harness.tool("aws")} sts get-caller-identity'
    done = subprocess.run(
        ["sh", "-c", script], env=server.bare_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == server.root.arn


def test_a_server_without_given_keys_makes_its_own(own_server):
    own_server.start()
    own_server.stop()
    data = own_server.folder / "fresh"
    process = subprocess.Popen(
        [harness.binary(), "serve", "--listen", "127.0.0.1:0", "--data", str(data)],
        env=own_server.bare_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        first = process.stdout.readline()
        assert harness.READY.search(first), first
        told = own_server.mastic("account", "list", "--data", str(data), environment=own_server.bare_environment())
        number = told.stdout.split()[0]
        assert len(number) == 12 and number.isdigit() and number != "111122223333"
        kept = (data / "credentials").read_text().splitlines()
        secrets = [line.split("=", 1)[1].strip() for line in kept if "secret" in line]
        assert len(secrets) == 1 and len(secrets[0]) == 40
    finally:
        process.terminate()
        shown = process.communicate(timeout=30)[0]
    assert secrets[0] not in first + shown


def test_accounts_are_made_and_listed(server):
    made = server.mastic("account", "create", "--data", str(server.data), "Analytics").stdout
    number = made.split()[0]
    assert len(number) == 12 and number.isdigit()
    listed = server.mastic("account", "list").stdout
    assert any(line.split()[0] == number and "Analytics" in line for line in listed.splitlines())
    assert any(line.split()[:2] == [server.root.account, "management"] for line in listed.splitlines())
    bare = server.bare_environment()
    told = server.mastic("env", "--data", str(server.data), "--account", number, environment=bare).stdout
    keys = dict(line.removeprefix("export ").split("=", 1) for line in told.splitlines() if "=" in line)
    theirs = harness.Credentials(number, keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"].strip("'"))
    assert server.client("sts", theirs).get_caller_identity()["Arn"] == f"arn:aws:iam::{number}:root"


def test_an_account_id_can_be_chosen_once(server):
    server.mastic("account", "create", "--data", str(server.data), "--id", "999900001111", "Chosen")
    again = server.mastic("account", "create", "--data", str(server.data), "--id", "999900001111", "Again", check=False)
    assert again.returncode != 0 and "999900001111" in again.stderr


def test_only_the_management_account_makes_accounts(server):
    member = server.account()
    refused = server.mastic("account", "create", "Nested", credentials=member, check=False)
    assert refused.returncode != 0 and "AccessDenied" in refused.stderr, refused.stderr


def test_accounts_do_not_see_each_other(server, unique):
    member, database = server.account(), unique("mine")
    server.client("glue").create_database(DatabaseInput={"Name": database})
    assert server.client("glue", member).get_databases()["DatabaseList"] == []
    server.client("glue", member).create_database(DatabaseInput={"Name": database})
    assert server.client("iam", member).list_users()["Users"] == []


# A2: the administrator.


def test_an_administrator_gets_everything_by_group(server, unique):
    account = server.account()
    iam = server.client("iam", account)
    iam.create_group(GroupName="Administrators")
    iam.attach_group_policy(
        GroupName="Administrators", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    user = iam.create_user(UserName="Administrator", Tags=[{"Key": "team", "Value": "data"}])["User"]
    key = iam.create_access_key(UserName="Administrator")["AccessKey"]
    admin = harness.Credentials(account.account, key["AccessKeyId"], key["SecretAccessKey"], arn=user["Arn"])
    denied(server.client("iam", admin).list_users)
    iam.add_user_to_group(GroupName="Administrators", UserName="Administrator")
    assert [u["UserName"] for u in server.client("iam", admin).list_users()["Users"]] == ["Administrator"]
    server.client("glue", admin).create_database(DatabaseInput={"Name": unique("db")})
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert used["ServiceName"] in ("iam", "glue")
    assert iam.list_user_tags(UserName="Administrator")["Tags"] == [{"Key": "team", "Value": "data"}]
    iam.remove_user_from_group(GroupName="Administrators", UserName="Administrator")
    denied(server.client("iam", admin).list_users)


def test_a_user_with_one_table_gets_it_and_only_it(server, unique):
    glue, database = server.client("glue"), unique("shop")
    glue.create_database(DatabaseInput={"Name": database})
    for table in ("orders", "payments"):
        glue.create_table(DatabaseName=database, TableInput={"Name": table})
    catalog = f"arn:aws:glue:{harness.REGION}:{server.root.account}:"
    allowed = [catalog + "catalog", f"{catalog}database/{database}", f"{catalog}table/{database}/orders"]
    reader = server.user(statement("glue:GetTable", allowed))
    theirs = server.client("glue", reader)
    assert theirs.get_table(DatabaseName=database, Name="orders")["Table"]["Name"] == "orders"
    error = denied(theirs.get_table, DatabaseName=database, Name="payments")
    assert error["Error"]["Message"] == (
        f"User: {reader.arn} is not authorized to perform: glue:GetTable on resource: "
        f"{catalog}table/{database}/payments because no identity-based policy allows the glue:GetTable action"
    )
    denied(theirs.get_database, Name=database)
    denied(theirs.delete_table, DatabaseName=database, Name="orders")


def test_an_explicit_deny_wins_and_says_so(server, unique):
    both = statement("glue:*")
    both["Statement"].append({"Effect": "Deny", "Action": "glue:CreateDatabase", "Resource": "*"})
    user = server.user(both)
    assert "DatabaseList" in server.client("glue", user).get_databases()
    error = denied(server.client("glue", user).create_database, DatabaseInput={"Name": unique("no")})
    assert error["Error"]["Message"].endswith("with an explicit deny in an identity-based policy")


def test_a_permissions_boundary_narrows(server):
    user = server.user(statement("*"))
    document = json.dumps(statement("glue:*"))
    iam = server.client("iam")
    boundary = iam.create_policy(PolicyName=harness.name("boundary"), PolicyDocument=document)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    assert "DatabaseList" in server.client("glue", user).get_databases()
    error = denied(server.client("iam", user).list_users)
    assert error["Error"]["Message"].endswith("because no permissions boundary allows the iam:ListUsers action")


def test_an_inactive_or_deleted_key_is_no_key(server):
    user = server.user(statement("*"))
    iam, keys = server.client("iam"), {"UserName": user.name, "AccessKeyId": user.access_key_id}
    iam.update_access_key(**keys, Status="Inactive")
    assert server.form("sts", CALLER_IDENTITY, user).code == "InvalidClientTokenId"
    iam.update_access_key(**keys, Status="Active")
    assert server.client("sts", user).get_caller_identity()["Arn"] == user.arn
    iam.delete_access_key(**keys)
    assert server.form("sts", CALLER_IDENTITY, user).code == "InvalidClientTokenId"


# B1, B2: Glue's roles.


def job(role):
    return {
        "Name": harness.name("job"),
        "Role": role,
        "Command": {"Name": "glueetl", "ScriptLocation": "s3://nowhere/x.py", "PythonVersion": "3"},
    }


def test_b1_glue_may_assume_its_service_role_and_people_may_not(server):
    iam = server.client("iam")
    arn = server.role(stem="AWSGlueServiceRole")
    name = arn.rsplit("/", 1)[-1]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole")
    iam.put_role_policy(
        RoleName=name, PolicyName="data", PolicyDocument=json.dumps(statement("s3:GetObject", "arn:aws:s3:::data/*"))
    )
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AWSGlueServiceRole"]
    found = iam.get_policy(PolicyArn=attached[0]["PolicyArn"])["Policy"]
    version = iam.get_policy_version(PolicyArn=found["Arn"], VersionId=found["DefaultVersionId"])
    assert "glue:*" in json.dumps(version["PolicyVersion"]["Document"])
    error = denied(server.client("sts").assume_role, RoleArn=arn, RoleSessionName="me")
    assert "sts:AssumeRole" in error["Error"]["Message"]


def test_b2_who_makes_a_job_must_be_allowed_to_pass_its_role(server, unique):
    role = server.role()
    maker = server.user(statement(["glue:CreateJob", "glue:CreateCrawler"]))
    error = denied(server.client("glue", maker).create_job, **job(role))
    assert f"is not authorized to perform: iam:PassRole on resource: {role}" in error["Error"]["Message"]
    bucket = unique("raw")
    server.client("s3").create_bucket(Bucket=bucket)
    target = {"S3Targets": [{"Path": f"s3://{bucket}/raw"}]}
    crawler = {"Name": harness.name("crawler"), "Role": role, "DatabaseName": "raw", "Targets": target}
    assert "iam:PassRole" in denied(server.client("glue", maker).create_crawler, **crawler)["Error"]["Message"]

    def may_pass(service):
        condition = {"StringEquals": {"iam:PassedToService": service}}
        server.client("iam").put_user_policy(
            UserName=maker.name,
            PolicyName="pass",
            PolicyDocument=json.dumps(statement("iam:PassRole", role, Condition=condition)),
        )

    may_pass("lambda.amazonaws.com")
    denied(server.client("glue", maker).create_job, **job(role))
    may_pass("glue.amazonaws.com")
    made = server.client("glue", maker).create_job(**job(role))
    assert made["Name"]
    server.client("glue", maker).create_crawler(**crawler)


def test_b2_the_console_policy_passes_roles_of_the_service_role_name(server):
    user = server.user()
    server.client("iam").attach_user_policy(
        UserName=user.name, PolicyArn="arn:aws:iam::aws:policy/AWSGlueConsoleFullAccess"
    )
    theirs = server.client("glue", user)
    theirs.create_job(**job(server.role(stem="AWSGlueServiceRole-x")))
    assert "iam:PassRole" in denied(theirs.create_job, **job(server.role(stem="Other")))["Error"]["Message"]


# Sessions.


def test_a_role_in_another_account_needs_both_sides(server):
    owner, guest = server.account(), server.account()
    user = server.user(by=guest)
    role = server.role(statement("glue:GetDatabases"), trust(AWS=f"arn:aws:iam::{guest.account}:root"), by=owner)
    error = denied(server.assume, role, by=user)
    assert error["Error"]["Message"] == (
        f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {role} "
        "because no identity-based policy allows the sts:AssumeRole action"
    )
    server.client("iam", guest).put_user_policy(
        UserName=user.name, PolicyName="go", PolicyDocument=json.dumps(statement("sts:AssumeRole", role))
    )
    session = server.assume(role, by=user, RoleSessionName="visit")
    assert session.arn == f"arn:aws:sts::{owner.account}:assumed-role/{role.rsplit('/', 1)[-1]}/visit"
    assert server.client("sts", session).get_caller_identity()["Arn"] == session.arn
    assert "DatabaseList" in server.client("glue", session).get_databases()
    error = denied(server.client("glue", session).create_database, DatabaseInput={"Name": "no"})
    text = f"User: {session.arn} is not authorized to perform: glue:CreateDatabase"
    assert error["Error"]["Message"].startswith(text)
    server.client("iam", owner).update_assume_role_policy(
        RoleName=role.rsplit("/", 1)[-1], PolicyDocument=json.dumps(trust(AWS=f"arn:aws:iam::{owner.account}:root"))
    )
    denied(server.assume, role, by=user)


def test_an_external_id_is_demanded(server):
    document = trust(AWS=server.root.account)
    document["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "secret-handshake"}}
    role, user = server.role(trusted=document), server.user(statement("sts:AssumeRole"))
    denied(server.assume, role, by=user)
    denied(server.assume, role, by=user, ExternalId="guess")
    assert server.assume(role, by=user, ExternalId="secret-handshake").session_token


def test_a_session_policy_narrows(server):
    user = server.user(statement("sts:AssumeRole"))
    role = server.role(statement("*"), trust(AWS=user.arn))
    session = server.assume(role, by=user, Policy=json.dumps(statement("glue:GetDatabases")))
    assert "DatabaseList" in server.client("glue", session).get_databases()
    error = denied(server.client("iam", session).list_users)
    assert error["Error"]["Message"].endswith("because no session policy allows the iam:ListUsers action")


def test_a_session_lasts_as_long_as_asked_within_the_roles_limit(server):
    user = server.user(statement("sts:AssumeRole"))
    role = server.role(trusted=trust(AWS=user.arn))
    sts = server.client("sts", user)
    for seconds in (900, 3600):
        made = sts.assume_role(RoleArn=role, RoleSessionName="short", DurationSeconds=seconds)
        left = made["Credentials"]["Expiration"].timestamp() - made_at(made)
        assert seconds - 5 <= left <= seconds + 5
    with pytest.raises(botocore.exceptions.ClientError, match="MaxSessionDuration") as refused:
        sts.assume_role(RoleArn=role, RoleSessionName="short", DurationSeconds=7200)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def made_at(answer):
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return email.utils.parsedate_to_datetime(date).timestamp()


def test_a_deleted_role_ends_its_sessions(server):
    user = server.user(statement("sts:AssumeRole"))
    role = server.role(statement("glue:*"), trust(AWS=user.arn))
    session = server.assume(role, by=user)
    assert "DatabaseList" in server.client("glue", session).get_databases()
    name = role.rsplit("/", 1)[-1]
    iam = server.client("iam")
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    iam.delete_role(RoleName=name)
    with pytest.raises(botocore.exceptions.ClientError):
        server.client("glue", session).get_databases()


# Finding out why.


def test_explain_tells_what_to_add_and_where(server, unique):
    user, database = server.user(statement("glue:GetTables")), unique("db")
    error = denied(server.client("glue", user).get_database, Name=database)
    told = server.mastic("explain", request_id(error)).stdout
    assert user.arn in told and "glue:GetDatabase" in told
    arn = f"arn:aws:glue:{harness.REGION}:{server.root.account}:database/{database}"
    assert arn in told
    [patch] = json.loads(server.mastic("explain", "--json", request_id(error)).stdout)["Patches"]
    advice = [json.loads(statement) for statement in patch["Statements"]]
    assert any(arn in statement["Resource"] for statement in advice)
    # What explain says is tried: with the statements it names, the call is allowed.
    server.client("iam").put_user_policy(
        UserName=user.name,
        PolicyName="as-explained",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": advice}),
    )
    with pytest.raises(botocore.exceptions.ClientError) as missing:
        server.client("glue", user).get_database(Name=database)
    assert missing.value.response["Error"]["Code"] == "EntityNotFoundException"


def test_explain_tells_which_statement_allowed(server):
    user = server.user(statement("glue:GetDatabases", Sid="LetThemRead"))
    answer = server.client("glue", user).get_databases()
    told = server.mastic("explain", request_id(answer)).stdout
    assert "LetThemRead" in told and user.arn in told and "allow" in told.lower()


def test_explain_names_the_statement_that_denies(server):
    both = statement("*")
    both["Statement"].append({"Sid": "NotThat", "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"})
    user = server.user(both)
    error = denied(server.client("iam", user).list_users)
    assert "NotThat" in server.mastic("explain", request_id(error)).stdout


def test_explain_without_a_request_tells_of_the_last_denial(server):
    member = server.account()
    none = server.mastic("explain", credentials=member, check=False)
    assert none.returncode != 0 and "No call of this account was denied." in none.stderr
    user = server.user(by=member)
    error = denied(server.client("glue", user).get_databases)
    server.client("glue", member).get_databases()
    assert f"Request {request_id(error)}" in server.mastic("explain", credentials=member).stdout


def test_explain_says_that_it_knows_no_such_request(server):
    told = server.mastic("explain", "00000000-0000-0000-0000-000000000000", check=False)
    assert told.returncode != 0 and "00000000-0000-0000-0000-000000000000" in told.stderr


def test_explain_shows_an_account_its_own_calls_only(server):
    member = server.account()
    own = server.client("sts").get_caller_identity()
    refused = server.mastic("explain", request_id(own), credentials=member, check=False)
    assert refused.returncode != 0
