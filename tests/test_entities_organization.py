"""What IAM does for an organization: central management of root users, reports on access, simulations under SCPs."""

import botocore.exceptions
import pytest

from harness import statement
from organization import Organization


@pytest.fixture
def organization(server):
    return Organization(server)


def code(call, **named):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**named)
    return caught.value.response["Error"]["Code"]


def test_root_access_is_managed_by_the_management_account(server, organization):
    iam = server.client("iam", organization.management)
    assert code(server.client("iam", server.account()).list_organizations_features) == "OrganizationNotFoundException"
    assert code(iam.enable_organizations_root_sessions) == "ServiceAccessNotEnabledException"
    organization.client.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    assert iam.list_organizations_features()["EnabledFeatures"] == []
    told = iam.enable_organizations_root_credentials_management()
    assert (told["OrganizationId"], told["EnabledFeatures"]) == (organization.id, ["RootCredentialsManagement"])
    both = ["RootCredentialsManagement", "RootSessions"]
    assert iam.enable_organizations_root_sessions()["EnabledFeatures"] == both
    assert iam.list_organizations_features()["EnabledFeatures"] == both
    assert iam.disable_organizations_root_credentials_management()["EnabledFeatures"] == ["RootSessions"]
    assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == []
    member = server.client("iam", organization.root_of(server.account()))
    refused = "AccountNotManagementOrDelegatedAdministratorException"
    assert code(member.enable_organizations_root_sessions) == refused
    assert code(of_bills(server).enable_organizations_root_sessions) == "OrganizationNotInAllFeaturesModeException"


def of_bills(server):
    """IAM as the root user of an organization that shares its bill alone."""
    return server.client("iam", Organization(server, "CONSOLIDATED_BILLING").management)


def test_a_report_tells_what_the_accounts_below_a_path_used(server, organization):
    member = organization.root_of(server.account())
    user = server.user(statement("glue:GetDatabases"), by=member)
    server.client("glue", user).get_databases()
    iam, path = server.client("iam", organization.management), f"{organization.id}/{organization.root}"
    report = iam.get_organizations_access_report(
        JobId=iam.generate_organizations_access_report(EntityPath=path)["JobId"],
        SortKey="LAST_AUTHENTICATED_TIME_DESCENDING",
    )
    assert report["JobStatus"] == "COMPLETED"
    accessible, idle = report["NumberOfServicesAccessible"], report["NumberOfServicesNotAccessed"]
    assert accessible > 300 and idle < accessible
    used = {detail["ServiceNamespace"]: detail for detail in report["AccessDetails"] if "LastAuthenticatedTime" in detail}
    assert used["glue"]["EntityPath"] == f"{path}/{member.account}"
    assert used["glue"]["TotalAuthenticatedEntities"] == 1
    # A list of what may be used leaves the rest out.
    organization.enable()
    policy = organization.policy(statement(["glue:*", "s3:*"]), member.account)
    report = iam.get_organizations_access_report(
        JobId=iam.generate_organizations_access_report(EntityPath=path, OrganizationsPolicyId=policy)["JobId"]
    )
    assert [detail["ServiceNamespace"] for detail in report["AccessDetails"]] == ["glue", "s3"]
    elsewhere = "o-aaaaaaaaaa/r-aaaa"
    assert code(iam.generate_organizations_access_report, EntityPath=elsewhere) == "InvalidInput"
    own = server.client("iam", member)
    assert code(own.generate_organizations_access_report, EntityPath=path) == "InvalidInput"


def test_a_simulation_knows_the_service_control_policies(server, organization):
    member = organization.root_of(server.account())
    user = server.user(statement("*"), by=member)
    organization.enable()
    organization.policy(statement("glue:DeleteDatabase", effect="Deny"), member.account)
    told = server.client("iam", member).simulate_principal_policy(
        PolicySourceArn=user.arn, ActionNames=["glue:GetDatabase", "glue:DeleteDatabase"]
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in told] == ["allowed", "explicitDeny"]
    allowed = [result["OrganizationsDecisionDetail"]["AllowedByOrganizations"] for result in told]
    assert allowed == [True, False] and told[1]["MatchedStatements"] == []
