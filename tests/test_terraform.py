"""Terraform: the resources of a job, with its bucket, role, database and table."""


def test_a_job_and_all_it_needs(server, terraform, unique):
    with terraform("main.tf", name=unique("terraform").replace("-", "_")) as run:
        run.apply()
        changed = run.apply(comment="changed")
        assert (changed.added, changed.destroyed) == (0, 0), changed.text
    left = server.client("glue").get_databases()["DatabaseList"]
    assert not [database for database in left if database["Name"].startswith("terraform")]
