"""Organizations: the tree, its accounts and its policies."""

import json

import pytest
from botocore.exceptions import ClientError

import harness
from harness import statement
from organization import Organization

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
DENY = statement("glue:DeleteDatabase", effect="Deny")


@pytest.fixture
def organization(server):
    return Organization(server)


def error(call, **arguments):
    """Code and reason of a call's error."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Message"]
    return answer["Error"]["Code"], answer.get("Reason")


def test_an_organization_from_birth_to_death(server):
    founder = server.account("founder")
    client = server.client("organizations", founder)
    assert error(client.describe_organization)[0] == "AWSOrganizationsNotInUseException"
    made = client.create_organization()["Organization"]
    number = founder.account
    assert made["Arn"] == f"arn:aws:organizations::{number}:organization/{made['Id']}"
    assert made["MasterAccountArn"] == f"arn:aws:organizations::{number}:account/{made['Id']}/{number}"
    assert (made["FeatureSet"], made["MasterAccountId"]) == ("ALL", number)
    assert client.describe_organization()["Organization"] == made
    assert error(client.create_organization)[0] == "AlreadyInOrganizationException"
    [root] = client.list_roots()["Roots"]
    assert root["Arn"] == f"arn:aws:organizations::{number}:root/{made['Id']}/{root['Id']}"
    assert (root["Name"], root["PolicyTypes"]) == ("Root", [])
    [account] = client.list_accounts()["Accounts"]
    assert (account["Id"], account["Status"], account["JoinedMethod"]) == (number, "ACTIVE", "INVITED")
    assert account["Paths"] == [f"{made['Id']}/{root['Id']}/{number}/"]
    assert error(client.leave_organization)[0] == "MasterCannotLeaveOrganizationException"
    client.delete_organization()
    assert error(client.list_roots)[0] == "AWSOrganizationsNotInUseException"


def test_units(organization):
    client, root = organization.client, organization.root
    made = client.create_organizational_unit(ParentId=root, Name="data", Tags=[{"Key": "a", "Value": "b"}])
    unit = made["OrganizationalUnit"]
    assert unit["Id"].startswith(f"ou-{root[2:]}-")
    assert unit["Path"] == f"{organization.id}/{root}/{unit['Id']}/"
    again = client.describe_organizational_unit(OrganizationalUnitId=unit["Id"])["OrganizationalUnit"]
    assert again == unit
    twice = error(client.create_organizational_unit, ParentId=root, Name="data")
    assert twice[0] == "DuplicateOrganizationalUnitException"
    missing = f"ou-{root[2:]}-00000000"
    assert error(client.create_organizational_unit, ParentId=missing, Name="x")[0] == "ParentNotFoundException"
    gone = error(client.describe_organizational_unit, OrganizationalUnitId=missing)
    assert gone[0] == "OrganizationalUnitNotFoundException"
    parent, chain = unit["Id"], [unit["Id"]]
    for level in range(2, 6):
        parent = organization.unit(f"level {level}", parent)
        chain.append(parent)
    deep = error(client.create_organizational_unit, ParentId=parent, Name="too deep")
    assert deep == ("ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED")
    full = error(client.delete_organizational_unit, OrganizationalUnitId=unit["Id"])
    assert full[0] == "OrganizationalUnitNotEmptyException"
    assert client.list_parents(ChildId=chain[1])["Parents"] == [{"Id": chain[0], "Type": "ORGANIZATIONAL_UNIT"}]
    assert client.list_parents(ChildId=chain[0])["Parents"] == [{"Id": root, "Type": "ROOT"}]
    assert error(client.list_parents, ChildId=missing)[0] == "ChildNotFoundException"
    renamed = client.update_organizational_unit(OrganizationalUnitId=chain[0], Name="lake")["OrganizationalUnit"]
    assert renamed["Name"] == "lake"
    listed = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert listed == [renamed]
    children = client.list_children(ParentId=chain[0], ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert children == [{"Id": chain[1], "Type": "ORGANIZATIONAL_UNIT"}]
    for unit in reversed(chain):
        client.delete_organizational_unit(OrganizationalUnitId=unit)
    assert client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"] == []


def test_pages(organization):
    made = {organization.unit(f"unit {place}") for place in range(5)}
    pages = organization.client.get_paginator("list_organizational_units_for_parent")
    seen = [
        [unit["Id"] for unit in page["OrganizationalUnits"]]
        for page in pages.paginate(ParentId=organization.root, PaginationConfig={"PageSize": 2})
    ]
    assert [len(page) for page in seen] == [2, 2, 1]
    assert set().union(*seen) == made
    wrong = error(organization.client.list_accounts, NextToken="no token")
    assert wrong == ("InvalidInputException", "INVALID_NEXT_TOKEN")


def test_accounts(server, organization):
    client, root = organization.client, organization.root
    email = f"{harness.name('lake')}@example.com"
    tags = [{"Key": "stage", "Value": "test"}]
    status = client.create_account(Email=email, AccountName="lake", RoleName="Keeper", Tags=tags)
    status = status["CreateAccountStatus"]
    assert (status["State"], status["AccountName"]) == ("IN_PROGRESS", "lake")
    done = client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    assert done["State"] == "SUCCEEDED"
    number = done["AccountId"]
    account = client.describe_account(AccountId=number)["Account"]
    assert (account["Email"], account["Name"], account["JoinedMethod"]) == (email, "lake", "CREATED")
    assert client.list_tags_for_resource(ResourceId=number)["Tags"] == tags
    who = server.client("sts", organization.inside(number, "Keeper")).get_caller_identity()
    assert who["Account"] == number
    second = client.create_account(Email=email.upper(), AccountName="again")["CreateAccountStatus"]["Id"]
    failed = client.describe_create_account_status(CreateAccountRequestId=second)["CreateAccountStatus"]
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    [listed] = client.list_create_account_status(States=["FAILED"])["CreateAccountStatuses"]
    assert listed == failed
    unknown = error(client.describe_create_account_status, CreateAccountRequestId="car-00000000")
    assert unknown[0] == "CreateAccountStatusNotFoundException"
    reserved = error(client.create_account, Email="x@example.com", AccountName="x", RoleName="AWSServiceRoleForX")
    assert reserved == ("InvalidInputException", "INVALID_ROLE_NAME")

    unit = organization.unit("unit")
    wrong = error(client.move_account, AccountId=number, SourceParentId=unit, DestinationParentId=root)
    assert wrong[0] == "SourceParentNotFoundException"
    same = error(client.move_account, AccountId=number, SourceParentId=root, DestinationParentId=root)
    assert same[0] == "DuplicateAccountException"
    organization.move(number, unit)
    [here] = client.list_accounts_for_parent(ParentId=unit)["Accounts"]
    assert here["Id"] == number and here["Paths"] == [f"{organization.id}/{root}/{unit}/{number}/"]
    full = error(client.delete_organizational_unit, OrganizationalUnitId=unit)
    assert full[0] == "OrganizationalUnitNotEmptyException"
    assert error(client.delete_organization)[0] == "OrganizationNotEmptyException"
    management = organization.management.account
    assert error(client.close_account, AccountId=management) == (
        "ConstraintViolationException",
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
    )
    client.close_account(AccountId=number)
    assert error(client.close_account, AccountId=number)[0] == "AccountAlreadyClosedException"
    kept = error(client.remove_account_from_organization, AccountId=management)
    assert kept[0] == "MasterCannotLeaveOrganizationException"
    client.remove_account_from_organization(AccountId=number)
    assert error(client.describe_account, AccountId=number)[0] == "AccountNotFoundException"


def test_invitations(server, organization):
    client = organization.client
    guest = server.account("guest")
    theirs = server.client("organizations", guest)
    target = {"Id": guest.account, "Type": "ACCOUNT"}
    tags = [{"Key": "from", "Value": "outside"}]
    invitation = client.invite_account_to_organization(Target=target, Notes="Do join", Tags=tags)["Handshake"]
    number = organization.management.account
    assert invitation["Arn"] == (
        f"arn:aws:organizations::{number}:handshake/{organization.id}/invite/{invitation['Id']}"
    )
    assert (invitation["Action"], invitation["State"]) == ("INVITE", "OPEN")
    assert (invitation["ExpirationTimestamp"] - invitation["RequestedTimestamp"]).days == 15
    assert {(party["Type"], party["Id"]) for party in invitation["Parties"]} == {
        ("ORGANIZATION", organization.id),
        ("ACCOUNT", guest.account),
    }
    assert error(client.invite_account_to_organization, Target=target)[0] == "DuplicateHandshakeException"
    assert theirs.describe_handshake(HandshakeId=invitation["Id"])["Handshake"] == invitation
    assert theirs.list_handshakes_for_account()["Handshakes"] == [invitation]
    assert client.list_handshakes_for_organization(Filter={"ActionType": "INVITE"})["Handshakes"] == [invitation]
    assert error(client.accept_handshake, HandshakeId=invitation["Id"])[0] == "AccessDeniedException"
    client.cancel_handshake(HandshakeId=invitation["Id"])
    late = error(theirs.accept_handshake, HandshakeId=invitation["Id"])
    assert late[0] == "InvalidHandshakeTransitionException"
    again = error(client.cancel_handshake, HandshakeId=invitation["Id"])
    assert again[0] == "HandshakeAlreadyInStateException"

    email = client.describe_organization()["Organization"]["MasterAccountEmail"]
    home = error(client.invite_account_to_organization, Target={"Id": email, "Type": "EMAIL"})
    assert home == ("HandshakeConstraintViolationException", "ALREADY_IN_AN_ORGANIZATION")
    nobody = error(client.invite_account_to_organization, Target={"Id": "nobody@example.com", "Type": "EMAIL"})
    assert nobody == ("InvalidInputException", "INVALID_EMAIL_ADDRESS_TARGET")

    second = client.invite_account_to_organization(Target=target, Tags=tags)["Handshake"]["Id"]
    assert theirs.decline_handshake(HandshakeId=second)["Handshake"]["State"] == "DECLINED"
    third = client.invite_account_to_organization(Target=target, Tags=tags)["Handshake"]["Id"]
    assert theirs.accept_handshake(HandshakeId=third)["Handshake"]["State"] == "ACCEPTED"
    assert theirs.describe_organization()["Organization"]["Id"] == organization.id
    joined = client.describe_account(AccountId=guest.account)["Account"]
    assert joined["JoinedMethod"] == "INVITED"
    assert client.list_tags_for_resource(ResourceId=guest.account)["Tags"] == tags
    stranger = server.client("organizations", server.account("stranger"))
    assert error(stranger.describe_handshake, HandshakeId=third)[0] == "HandshakeNotFoundException"
    theirs.leave_organization()
    assert error(theirs.describe_organization)[0] == "AWSOrganizationsNotInUseException"


def test_all_features_need_everybody_s_consent(server):
    organization = Organization(server, "CONSOLIDATED_BILLING")
    client = organization.client
    plain = error(client.enable_policy_type, RootId=organization.root, PolicyType=SCP)
    assert plain[0] == "PolicyTypeNotAvailableForOrganizationException"
    guest = organization.root_of(server.account("guest"))
    whole = client.enable_all_features()["Handshake"]
    assert (whole["Action"], whole["State"]) == ("ENABLE_ALL_FEATURES", "REQUESTED")
    assert error(client.enable_all_features) == (
        "HandshakeConstraintViolationException",
        "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION",
    )
    early = error(client.accept_handshake, HandshakeId=whole["Id"])
    assert early[0] == "InvalidHandshakeTransitionException"
    theirs = server.client("organizations", guest)
    [part] = theirs.list_handshakes_for_account(Filter={"ActionType": "APPROVE_ALL_FEATURES"})["Handshakes"]
    theirs.accept_handshake(HandshakeId=part["Id"])
    client.accept_handshake(HandshakeId=whole["Id"])
    assert client.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    assert error(client.enable_all_features)[1] == "ORGANIZATION_ALREADY_HAS_ALL_FEATURES"
    organization.enable()


def test_policies(organization):
    client = organization.client
    given = {"Name": "no deletion", "Description": "Keeps data.", "Type": SCP, "Content": json.dumps(DENY)}
    made = client.create_policy(**given)["Policy"]
    summary, number = made["PolicySummary"], organization.management.account
    assert summary["Arn"] == (
        f"arn:aws:organizations::{number}:policy/{organization.id}/service_control_policy/{summary['Id']}"
    )
    assert (summary["AwsManaged"], made["Content"]) == (False, given["Content"])
    assert error(client.create_policy, **given)[0] == "DuplicatePolicyException"
    for content in ("{", json.dumps(statement("s3:*", Principal="*")), json.dumps(statement("nothing"))):
        wrong = error(client.create_policy, **(given | {"Name": "wrong", "Content": content}))
        assert wrong[0] == "MalformedPolicyDocumentException"
    allowing = json.dumps(statement("s3:*", Principal="*"))
    wrong = error(client.create_policy, Name="r", Description="", Type=RCP, Content=allowing)
    assert wrong[0] == "MalformedPolicyDocumentException"
    long = given | {"Name": "long", "Content": given["Content"] + " " * 5120}
    assert error(client.create_policy, **long) == ("ConstraintViolationException", "POLICY_CONTENT_LIMIT_EXCEEDED")
    for kind in ("TAG_POLICY", "BACKUP_POLICY"):
        other = error(client.create_policy, **(given | {"Name": "other", "Type": kind}))
        assert other[0] == "PolicyTypeNotAvailableForOrganizationException"
    updated = client.update_policy(PolicyId=summary["Id"], Name="kept", Description="Still.")["Policy"]
    assert updated["PolicySummary"] == summary | {"Name": "kept", "Description": "Still."}
    assert client.describe_policy(PolicyId=summary["Id"])["Policy"] == updated
    aws, own = client.list_policies(Filter=SCP)["Policies"]
    assert (aws["Id"], aws["Arn"]) == (
        "p-FullAWSAccess",
        "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
    )
    assert own == updated["PolicySummary"]
    [aws] = client.list_policies(Filter=RCP)["Policies"]
    content = json.loads(client.describe_policy(PolicyId=aws["Id"])["Policy"]["Content"])
    assert content == statement("*", Principal="*")
    for call in (client.update_policy, client.delete_policy):
        assert error(call, PolicyId=aws["Id"]) == ("InvalidInputException", "IMMUTABLE_POLICY")
    client.delete_policy(PolicyId=summary["Id"])
    assert error(client.describe_policy, PolicyId=summary["Id"])[0] == "PolicyNotFoundException"


def test_attachments(organization):
    client, root = organization.client, organization.root
    unit, account = organization.unit("unit"), organization.account()
    policy = organization.policy(DENY)
    off = error(client.attach_policy, PolicyId=policy, TargetId=root)
    assert off[0] == "PolicyTypeNotEnabledException"
    organization.enable()
    enabled = client.list_roots()["Roots"][0]["PolicyTypes"]
    assert enabled == [{"Type": SCP, "Status": "ENABLED"}]
    twice = error(client.enable_policy_type, RootId=root, PolicyType=SCP)
    assert twice[0] == "PolicyTypeAlreadyEnabledException"
    late = organization.unit("late")

    def at(target, kind=SCP):
        return {policy["Id"] for policy in client.list_policies_for_target(TargetId=target, Filter=kind)["Policies"]}

    for target in (root, unit, account, late, organization.management.account):
        assert at(target) == {"p-FullAWSAccess"}
    client.attach_policy(PolicyId=policy, TargetId=unit)
    assert at(unit) == {"p-FullAWSAccess", policy}
    assert error(client.attach_policy, PolicyId=policy, TargetId=unit)[0] == "DuplicatePolicyAttachmentException"
    [target] = client.list_targets_for_policy(PolicyId=policy)["Targets"]
    assert (target["TargetId"], target["Type"], target["Name"]) == (unit, "ORGANIZATIONAL_UNIT", "unit")
    assert error(client.delete_policy, PolicyId=policy)[0] == "PolicyInUseException"
    for _ in range(3):
        organization.policy(DENY, unit)
    full = error(client.attach_policy, PolicyId=organization.policy(DENY), TargetId=unit)
    assert full == ("ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    last = error(client.detach_policy, PolicyId="p-FullAWSAccess", TargetId=root)
    assert last == ("ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    client.detach_policy(PolicyId=policy, TargetId=unit)
    gone = error(client.detach_policy, PolicyId=policy, TargetId=unit)
    assert gone[0] == "PolicyNotAttachedException"
    assert error(client.attach_policy, PolicyId=policy, TargetId="123456789012")[0] == "TargetNotFoundException"
    organization.enable(RCP)
    assert at(account, RCP) == {"p-RCPFullAWSAccess"}
    stuck = error(client.detach_policy, PolicyId="p-RCPFullAWSAccess", TargetId=account)
    assert stuck == ("InvalidInputException", "NON_DETACHABLE_POLICY")
    client.disable_policy_type(RootId=root, PolicyType=SCP)
    organization.enable()
    assert at(unit) == {"p-FullAWSAccess"}


def test_tags(organization):
    client = organization.client
    unit, account, policy = organization.unit("unit"), organization.account(), organization.policy(DENY)
    for resource in (organization.root, unit, account, policy):
        client.tag_resource(ResourceId=resource, Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
        client.untag_resource(ResourceId=resource, TagKeys=["b"])
        assert client.list_tags_for_resource(ResourceId=resource)["Tags"] == [{"Key": "a", "Value": "2"}]
    own = error(client.tag_resource, ResourceId=unit, Tags=[{"Key": "aws:x", "Value": ""}])
    assert own == ("InvalidInputException", "INVALID_SYSTEM_TAGS_PARAMETER")
    many = [{"Key": str(key), "Value": ""} for key in range(50)]
    assert error(client.tag_resource, ResourceId=unit, Tags=many)[1] == "MAX_TAG_LIMIT_EXCEEDED"
    missing = error(client.list_tags_for_resource, ResourceId="123456789012")
    assert missing[0] == "TargetNotFoundException"


def test_who_may_look(server, organization):
    account = organization.account()
    inside = server.client("organizations", organization.inside(account))
    assert inside.describe_organization()["Organization"]["Id"] == organization.id
    for call in (inside.list_accounts, inside.list_roots):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"] == {
            "Code": "AccessDeniedException",
            "Message": "You don't have permissions to access this resource.",
        }
    client, service = organization.client, "config.amazonaws.com"
    register = {"AccountId": account, "ServicePrincipal": service}
    early = error(client.register_delegated_administrator, **register)
    assert early == ("ConstraintViolationException", "SERVICE_ACCESS_NOT_ENABLED")
    unknown = error(client.enable_aws_service_access, ServicePrincipal="config")
    assert unknown == ("InvalidInputException", "UNRECOGNIZED_SERVICE_PRINCIPAL")
    client.enable_aws_service_access(ServicePrincipal=service)
    [enabled] = client.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert enabled["ServicePrincipal"] == service
    master = register | {"AccountId": organization.management.account}
    assert error(client.register_delegated_administrator, **master)[1] == (
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    )
    client.register_delegated_administrator(**register)
    again = error(client.register_delegated_administrator, **register)
    assert again[0] == "AccountAlreadyRegisteredException"
    [administrator] = client.list_delegated_administrators(ServicePrincipal=service)["DelegatedAdministrators"]
    assert administrator["Id"] == account
    [delegated] = client.list_delegated_services_for_account(AccountId=account)["DelegatedServices"]
    assert delegated["ServicePrincipal"] == service
    assert len(inside.list_accounts()["Accounts"]) == 2
    assert error(inside.create_organizational_unit, ParentId=organization.root, Name="x")[0] == (
        "AccessDeniedException"
    )
    held = error(client.remove_account_from_organization, AccountId=account)
    assert held[1] == "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    client.deregister_delegated_administrator(**register)
    assert error(client.list_delegated_services_for_account, AccountId=account)[0] == "AccountNotRegisteredException"
    assert error(inside.list_accounts)[0] == "AccessDeniedException"
    client.disable_aws_service_access(ServicePrincipal=service)
    assert client.list_aws_service_access_for_organization()["EnabledServicePrincipals"] == []


def test_the_resource_policy_delegates(server, organization):
    client, account = organization.client, organization.account()
    inside = server.client("organizations", organization.inside(account))
    assert error(client.describe_resource_policy)[0] == "ResourcePolicyNotFoundException"
    actions = ["organizations:ListPolicies", "organizations:CreatePolicy", "organizations:DescribePolicy"]
    document = statement(actions, Principal={"AWS": f"arn:aws:iam::{account}:root"})
    wrong = json.dumps(statement("s3:*", Principal="*"))
    assert error(client.put_resource_policy, Content=wrong)[1] == "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"
    assert error(client.put_resource_policy, Content="{")[1] == "INVALID_RESOURCE_POLICY_JSON"
    put = client.put_resource_policy(Content=json.dumps(document), Tags=[{"Key": "a", "Value": "b"}])
    policy = put["ResourcePolicy"]
    assert policy["ResourcePolicySummary"]["Arn"].endswith(f"/{policy['ResourcePolicySummary']['Id']}")
    assert client.describe_resource_policy()["ResourcePolicy"] == policy
    identifier = policy["ResourcePolicySummary"]["Id"]
    assert client.list_tags_for_resource(ResourceId=identifier)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert len(inside.list_policies(Filter=SCP)["Policies"]) == 1
    content = json.dumps(DENY)
    made = inside.create_policy(Name="theirs", Description="", Type=SCP, Content=content)["Policy"]["PolicySummary"]
    inside.describe_policy(PolicyId=made["Id"])
    # Neither what the policy does not name, nor what cannot be delegated.
    assert error(inside.delete_policy, PolicyId=made["Id"])[0] == "AccessDeniedException"
    everything = document | {"Statement": [document["Statement"][0] | {"Action": "organizations:*"}]}
    client.put_resource_policy(Content=json.dumps(everything))
    inside.delete_policy(PolicyId=made["Id"])
    assert error(inside.close_account, AccountId=account)[0] == "AccessDeniedException"
    client.delete_resource_policy()
    assert error(inside.list_policies, Filter=SCP)[0] == "AccessDeniedException"


def test_iam_decides_on_exact_arns(server, organization):
    unit, other = organization.unit("mine"), organization.unit("theirs")
    number = organization.management.account
    arn = f"arn:aws:organizations::{number}:ou/{organization.id}/"
    user = server.user(statement("organizations:*", arn + unit), by=organization.management)
    client = server.client("organizations", user)
    client.update_organizational_unit(OrganizationalUnitId=unit, Name="renamed")
    with pytest.raises(ClientError) as caught:
        client.update_organizational_unit(OrganizationalUnitId=other, Name="renamed")
    assert caught.value.response["Error"]["Message"] == (
        f"User: {user.arn} is not authorized to perform: organizations:UpdateOrganizationalUnit on resource: "
        f"{arn}{other} because no identity-based policy allows the organizations:UpdateOrganizationalUnit action"
    )


def test_the_command_line(server):
    management = server.account("management")
    made = server.cli("organizations", "create-organization", credentials=management)["Organization"]
    root = server.cli("organizations", "list-roots", credentials=management)["Roots"][0]["Id"]
    enable = ["enable-policy-type", "--root-id", root, "--policy-type", SCP]
    server.cli("organizations", *enable, credentials=management)
    unit = ["create-organizational-unit", "--parent-id", root, "--name", "cli"]
    unit = server.cli("organizations", *unit, credentials=management)["OrganizationalUnit"]
    assert unit["Arn"].split("/")[1] == made["Id"]
    refused = ["detach-policy", "--policy-id", "p-FullAWSAccess", "--target-id", root]
    refused = server.cli("organizations", *refused, credentials=management, check=False)
    assert "(ConstraintViolationException)" in refused.stderr


def test_organizations_outlive_the_server(own_server):
    server = own_server.start()
    organization = Organization(server)
    account = organization.account()
    inside = organization.inside(account)
    organization.enable()
    organization.policy(statement("glue:*", effect="Deny"), account)
    server.restart()
    assert error(server.client("glue", inside).get_databases)[0] == "AccessDeniedException"
    accounts = server.client("organizations", organization.management).list_accounts()["Accounts"]
    assert {found["Id"] for found in accounts} == {account, organization.management.account}
