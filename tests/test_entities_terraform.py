"""Terraform's resources and data sources for users, groups, roles, policies and instance profiles."""


def test_users_groups_roles_and_policies(server, terraform):
    account = server.account()
    with terraform("iam/main.tf", account) as run:
        run.apply()
        seen = run.output("seen")
        assert seen["allowed"] == {f"arn:aws:s3:::{run.name}/a": "allowed", "arn:aws:s3:::other/a": "implicitDeny"}
        assert seen["glue"] == "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
        assert (seen["keys"], seen["members"], seen["people"]) == (1, 2, 1)
        assert (len(seen["profiles"]), len(seen["roles"])) == (1, 1)
        # The provider makes access keys and memberships of renamed users and groups anew.
        assert run.apply(comment="changed", action="s3:ListBucket").destroyed == 2
    iam = server.client("iam", account)
    assert iam.list_users()["Users"] == iam.list_groups()["Groups"] == iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
