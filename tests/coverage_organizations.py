"""The organization of the account in `test_coverage.py`, and what calls about it name."""

import json

from harness import name, statement

SERVICE = "config.amazonaws.com"
DENY = statement("glue:DeleteDatabase", effect="Deny")


class Things:
    """An organization with one of everything."""

    def __init__(self, server, root):
        self.client = server.client("organizations", root)
        self.id = self.client.create_organization()["Organization"]["Id"]
        self.root = self.client.list_roots()["Roots"][0]["Id"]
        self.client.enable_policy_type(RootId=self.root, PolicyType="SERVICE_CONTROL_POLICY")
        made = self.client.create_organizational_unit(ParentId=self.root, Name="unit")
        self.unit = made["OrganizationalUnit"]["Id"]
        self.creation = self.client.create_account(Email=f"{name()}@example.com", AccountName="member")[
            "CreateAccountStatus"
        ]["Id"]
        done = self.client.describe_create_account_status(CreateAccountRequestId=self.creation)
        self.account = done["CreateAccountStatus"]["AccountId"]
        made = self.client.create_policy(
            Name="policy", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(DENY)
        )
        self.policy = made["Policy"]["PolicySummary"]["Id"]
        self.client.enable_aws_service_access(ServicePrincipal=SERVICE)
        self.client.register_delegated_administrator(AccountId=self.account, ServicePrincipal=SERVICE)
        self.guest = {"Id": server.account("guest").account, "Type": "ACCOUNT"}
        self.handshake = self.client.invite_account_to_organization(Target=self.guest)["Handshake"]["Id"]
        delegation = statement("organizations:ListPolicies", Principal={"AWS": self.account})
        self.client.put_resource_policy(Content=json.dumps(delegation))

    def member(self, name):
        """A value for a member of an input."""
        return {
            "AccountId": self.account,
            "ChildId": self.account,
            "Content": json.dumps(DENY),
            "CreateAccountRequestId": self.creation,
            "DestinationParentId": self.unit,
            "Email": "coverage@example.com",
            "HandshakeId": self.handshake,
            "OrganizationalUnitId": self.unit,
            "ParentId": self.unit,
            "PolicyId": self.policy,
            "ResourceId": self.unit,
            "RootId": self.root,
            "ServicePrincipal": SERVICE,
            "SourceParentId": self.root,
            "Target": self.guest,
            "TargetId": self.unit,
        }.get(name)

    def looks(self):
        """Calls that together show all that the service's calls could have changed."""
        client = self.client
        return [
            (client.describe_organization, {}),
            (client.list_roots, {}),
            (client.list_accounts, {}),
            (client.list_create_account_status, {}),
            (client.list_organizational_units_for_parent, {"ParentId": self.root}),
            (client.list_organizational_units_for_parent, {"ParentId": self.unit}),
            (client.list_policies, {"Filter": "SERVICE_CONTROL_POLICY"}),
            (client.describe_policy, {"PolicyId": self.policy}),
            (client.list_policies_for_target, {"TargetId": self.unit, "Filter": "SERVICE_CONTROL_POLICY"}),
            (client.list_handshakes_for_organization, {}),
            (client.list_aws_service_access_for_organization, {}),
            (client.list_delegated_services_for_account, {"AccountId": self.account}),
            (client.describe_resource_policy, {}),
            (client.list_tags_for_resource, {"ResourceId": self.unit}),
        ]
