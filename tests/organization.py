"""Organizations for tests: each has a management account of its own on the shared server."""

import functools
import json

import harness


class Organization:
    """An organization that a new account of the server has founded."""

    def __init__(self, server, features="ALL"):
        self.server = server
        self.management = server.account("management")
        self.client = server.client("organizations", self.management)
        self.described = self.client.create_organization(FeatureSet=features)["Organization"]
        self.id = self.described["Id"]
        self.root = self.client.list_roots()["Roots"][0]["Id"]

    def account(self, **more):
        """A new member account's number."""
        stem = harness.name("member")
        given = {"Email": f"{stem}@example.com", "AccountName": stem} | more
        status = self.client.create_account(**given)["CreateAccountStatus"]
        found = self.client.describe_create_account_status(CreateAccountRequestId=status["Id"])
        return found["CreateAccountStatus"]["AccountId"]

    @functools.cached_property
    def _administrator(self):
        return self.server.user(harness.statement("*"), by=self.management)

    def inside(self, account, role="OrganizationAccountAccessRole"):
        """Administrator's credentials in a member account."""
        return self.server.assume(f"arn:aws:iam::{account}:role/{role}", by=self._administrator)

    def root_of(self, account):
        """The root user's credentials of an existing account that joins the organization."""
        invited = self.client.invite_account_to_organization(Target={"Id": account.account, "Type": "ACCOUNT"})
        theirs = self.server.client("organizations", account)
        theirs.accept_handshake(HandshakeId=invited["Handshake"]["Id"])
        return account

    def unit(self, name, parent=None):
        made = self.client.create_organizational_unit(ParentId=parent or self.root, Name=name)
        return made["OrganizationalUnit"]["Id"]

    def move(self, account, to):
        source = self.client.list_parents(ChildId=account)["Parents"][0]["Id"]
        self.client.move_account(AccountId=account, SourceParentId=source, DestinationParentId=to)

    def enable(self, kind="SERVICE_CONTROL_POLICY"):
        self.client.enable_policy_type(RootId=self.root, PolicyType=kind)

    def policy(self, document, target=None, kind="SERVICE_CONTROL_POLICY"):
        """A new policy's id, attached if there is a target."""
        made = self.client.create_policy(
            Name=harness.name("policy"), Description="", Type=kind, Content=json.dumps(document)
        )
        identifier = made["Policy"]["PolicySummary"]["Id"]
        if target:
            self.client.attach_policy(PolicyId=identifier, TargetId=target)
        return identifier
