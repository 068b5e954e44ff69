"""Terraform's resources for passwords, devices, keys and certificates."""

import harness
from people import sign_in

DATA = harness.ROOT / "crates/iam/src/people/testdata"


def test_people_by_terraform(server, terraform):
    root = server.account()
    iam = server.client("iam", root)
    with terraform("people/main.tf", root, data=DATA) as run:
        run.apply()
        # The password is right, but has to be changed at the first sign-in.
        answer = sign_in(server, run.name, run.name, run.output("password"))
        assert answer.code == "PasswordResetRequiredException"
        run.apply(changed="true")
        assert iam.list_account_aliases()["AccountAliases"] == [f"{run.name}-2"]
        assert iam.list_ssh_public_keys(UserName=run.name)["SSHPublicKeys"][0]["Status"] == "Inactive"
    summary = iam.get_account_summary()["SummaryMap"]
    assert [summary[kind] for kind in ("Users", "MFADevices", "ServerCertificates")] == [0, 0, 0]
    assert iam.list_account_aliases()["AccountAliases"] == []
