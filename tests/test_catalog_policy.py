"""The catalog's resource policy: another account reads what both sides allow, and only that."""

import json

import botocore.exceptions
import pytest

import harness
from harness import REGION, statement


def refusal(call, **arguments):
    """Code and text of a call that must fail."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


class Accounts:
    """An account with a catalog, and an analyst of another who may read every catalog there is."""

    def __init__(self, server):
        self.owner, reader = server.account("catalog-owner"), server.account("catalog-reader")
        self.glue = server.client("glue", self.owner)
        self.glue.create_database(DatabaseInput={"Name": "sales"})
        for table in ("orders", "salaries"):
            self.glue.create_table(DatabaseName="sales", TableInput={"Name": table})
        self.analyst = server.user(statement("glue:Get*", "*"), by=reader)
        self.theirs = server.client("glue", self.analyst)

    def arn(self, resource):
        return f"arn:aws:glue:{REGION}:{self.owner.account}:{resource}"

    def policy(self, *resources, effect="Allow", action="glue:Get*", principal=None):
        principal = {"AWS": principal or self.analyst.arn}
        found = statement(action, [self.arn(r) for r in resources], Effect=effect, Principal=principal)
        return json.dumps(found)

    def read(self, table="orders"):
        return self.theirs.get_table(CatalogId=self.owner.account, DatabaseName="sales", Name=table)


@pytest.fixture
def accounts(server):
    return Accounts(server)


def test_both_sides_must_allow(accounts, server):
    code, text = refusal(accounts.read)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: glue:GetTable on resource: {accounts.arn('catalog')}" in text
    assert "because no resource-based policy allows the glue:GetTable action" in text

    accounts.glue.put_resource_policy(
        PolicyInJson=accounts.policy("catalog", "database/sales", "table/sales/orders")
    )
    assert accounts.read()["Table"]["CatalogId"] == accounts.owner.account
    code, text = refusal(accounts.read, table="salaries")
    assert accounts.arn("table/sales/salaries") in text

    # Without a policy of its own a user of that account reads nothing, whatever the catalog says.
    nobody = server.user(by=server.account("catalog-stranger"))
    accounts.glue.put_resource_policy(
        PolicyInJson=accounts.policy("catalog", "database/*", "table/*", principal=nobody.arn)
    )
    theirs = server.client("glue", nobody)
    code, text = refusal(theirs.get_table, CatalogId=accounts.owner.account, DatabaseName="sales", Name="orders")
    assert "no identity-based policy allows" in text
    assert refusal(accounts.read)[0] == "AccessDeniedException"


def test_the_policy_restricts_its_own_account(accounts, server):
    mine = server.user(statement("glue:*", "*"), by=accounts.owner)
    glue = server.client("glue", mine)
    glue.get_table(DatabaseName="sales", Name="salaries")
    secret = accounts.policy("table/sales/salaries", effect="Deny", action="glue:GetTable", principal=mine.arn)
    accounts.glue.put_resource_policy(PolicyInJson=secret)
    code, text = refusal(glue.get_table, DatabaseName="sales", Name="salaries")
    assert code == "AccessDeniedException" and "with an explicit deny in a resource-based policy" in text
    glue.get_table(DatabaseName="sales", Name="orders")
    accounts.glue.delete_resource_policy()
    glue.get_table(DatabaseName="sales", Name="salaries")


def test_a_policy_lets_a_user_of_the_same_account_in_by_itself(accounts, server):
    nobody = server.user(by=accounts.owner)
    glue = server.client("glue", nobody)
    assert refusal(glue.get_database, Name="sales")[0] == "AccessDeniedException"
    allowed = accounts.policy("catalog", "database/sales", action="glue:GetDatabase", principal=nobody.arn)
    accounts.glue.put_resource_policy(PolicyInJson=allowed)
    assert glue.get_database(Name="sales")["Database"]["Name"] == "sales"


def test_conditions_on_what_was_there_before(accounts):
    glue, policy = accounts.glue, accounts.policy("catalog")
    missing = ("EntityNotFoundException", "Policy not found")
    assert refusal(glue.get_resource_policy) == missing
    assert refusal(glue.delete_resource_policy) == missing
    assert glue.get_resource_policies()["GetResourcePoliciesResponseList"] == []
    unmet = "ConditionCheckFailureException"
    assert refusal(glue.put_resource_policy, PolicyInJson=policy, PolicyExistsCondition="MUST_EXIST")[0] == unmet
    assert refusal(glue.put_resource_policy, PolicyInJson=policy, PolicyHashCondition="x")[0] == unmet

    first = glue.put_resource_policy(PolicyInJson=policy, PolicyExistsCondition="NOT_EXIST")["PolicyHash"]
    assert refusal(glue.put_resource_policy, PolicyInJson=policy, PolicyExistsCondition="NOT_EXIST")[0] == unmet
    other = accounts.policy("catalog", "database/*")
    second = glue.put_resource_policy(PolicyInJson=other, PolicyHashCondition=first)["PolicyHash"]
    assert first != second
    assert refusal(glue.put_resource_policy, PolicyInJson=policy, PolicyHashCondition=first)[0] == unmet
    found = glue.get_resource_policy()
    assert (found["PolicyInJson"], found["PolicyHash"]) == (other, second)
    assert found["UpdateTime"] >= found["CreateTime"]
    listed = glue.get_resource_policies()["GetResourcePoliciesResponseList"]
    assert [entry["PolicyHash"] for entry in listed] == [second]
    assert refusal(glue.delete_resource_policy, PolicyHashCondition=first)[0] == unmet
    glue.delete_resource_policy(PolicyHashCondition=second)
    assert refusal(glue.get_resource_policy) == missing


def test_what_is_no_policy_of_this_catalog_is_refused(accounts):
    glue = accounts.glue
    bare = {"Principal": {"AWS": accounts.analyst.arn}}
    other = f"arn:aws:glue:{REGION}:{accounts.analyst.account}:catalog"
    for policy, told in (
        ("{{", "Policy is not valid"),
        (json.dumps(statement("glue:*", accounts.arn("catalog"))), "Policy is not valid"),
        (json.dumps(statement("glue:*", "*", **bare)), "a resource that is not of this catalog"),
        (json.dumps(statement("glue:*", other, **bare)), "a resource that is not of this catalog"),
        (json.dumps(statement("s3:*", accounts.arn("catalog"), **bare)), "an action that is not Glue's: s3:*"),
        (accounts.policy("catalog", principal=f"arn:aws:iam::{accounts.owner.account}:user/*"), "Invalid principal"),
        (accounts.policy("catalog", effect="Deny", action="glue:*", principal="*"), "to its own author"),
    ):
        code, text = refusal(glue.put_resource_policy, PolicyInJson=policy)
        assert code == "InvalidInputException" and told in text, (policy, text)
    code, text = refusal(glue.get_resource_policy, ResourceArn=accounts.arn("catalog"))
    assert text == "Glue resource level policy is not currently supported"
    assert refusal(glue.get_resource_policy)[0] == "EntityNotFoundException"


def test_the_policy_is_one_region_s(accounts, server):
    accounts.glue.put_resource_policy(PolicyInJson=accounts.policy("catalog"))
    other = next(region for region in ("eu-west-1", "us-west-2") if region != REGION)
    elsewhere = server.client("glue", accounts.owner, region_name=other)
    assert refusal(elsewhere.get_resource_policy)[0] == "EntityNotFoundException"
