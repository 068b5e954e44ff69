"""Terraform's jobs, of every kind and with every block."""

import botocore.exceptions
import pytest

KINDS = ("spark", "capacity", "streaming", "shell", "ray")


def test_jobs_of_every_kind(server, terraform):
    by = server.account("terraform-jobs")
    glue = server.client("glue", by)
    with terraform("jobs/main.tf", by, name="tf-jobs") as run:
        run.apply()
        found = {kind: glue.get_job(JobName=f"tf-jobs-{kind}")["Job"] for kind in KINDS}
        spark = found["spark"]
        assert spark["ExecutionProperty"] == {"MaxConcurrentRuns": 2}
        assert spark["NotificationProperty"] == {"NotifyDelayAfter": 10}
        assert spark["SourceControlDetails"]["LastCommitId"].startswith("356a")
        assert (spark["ExecutionClass"], spark["JobRunQueuingEnabled"]) == ("FLEX", True)
        assert spark["NonOverridableArguments"] == {"--fixed": "first"}
        assert (spark["MaxCapacity"], spark["SecurityConfiguration"]) == (2.0, "tf-jobs")
        assert spark["Connections"] == {"Connections": ["tf-jobs"]}
        assert (found["capacity"]["GlueVersion"], found["capacity"]["Timeout"]) == ("5.1", 480)
        assert found["streaming"]["MaintenanceWindow"] == "Sun:10"
        assert found["shell"]["MaxCapacity"] == 0.0625
        assert found["ray"]["Command"]["Runtime"] == "Ray2.4"
        with pytest.raises(botocore.exceptions.ClientError, match="does not run Ray jobs"):
            glue.start_job_run(JobName="tf-jobs-ray")
        changed = run.apply(comment="second")
        assert (changed.added, changed.changed, changed.destroyed) == (0, 5, 0), changed.text
        spark = glue.get_job(JobName="tf-jobs-spark")["Job"]
        assert (spark["WorkerType"], spark["NumberOfWorkers"], spark["MaxCapacity"]) == ("G.2X", 4, 8.0)
        assert (spark["JobRunQueuingEnabled"], spark["MaxRetries"], spark["Timeout"]) == (False, 2, 60)
        assert glue.get_tags(ResourceArn=f"arn:aws:glue:us-east-1:{by.account}:job/tf-jobs-spark")["Tags"]["comment"] == "second"
    assert glue.get_jobs()["Jobs"] == []
