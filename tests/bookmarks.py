"""What tests of job bookmarks share: a job that copies what is new, and a look at what it wrote."""

import json

from harness import statement, wait_for
from pipeline import bucket, ended, keys, reads, run, writes

ENABLE = {"--job-bookmark-option": "job-bookmark-enable"}
PAUSE = {"--job-bookmark-option": "job-bookmark-pause"}
DISABLE = {"--job-bookmark-option": "job-bookmark-disable"}
CONTEXT = "in_nodein"


def rows(*ids):
    """A CSV file with these ids."""
    return "id,town\n" + "".join(f"{n},t{n}\n" for n in ids)


class Copying:
    """A job from `in/` of one bucket to `out/` of another; its role may do nothing but that, and write logs."""

    def __init__(self, server, unique, files=None, query="select id, town from t", by=None, source=None, **more):
        self.server, self.by, self.unique = server, by, unique
        self.glue, self.s3 = server.client("glue", by), server.client("s3", by)
        self.source = bucket(server, files, by=by)
        self.out = bucket(server, by=by, stem="out")
        logs = statement("logs:*")["Statement"][0]
        statements = [reads(self.source), writes(self.out), logs, *more.pop("statements", [])]
        self.role = server.role({"Version": "2012-10-17", "Statement": statements}, by=by)
        self.nodes = {
            "in": source or {"S3CsvSource": {"Name": "in", "Paths": [f"s3://{self.source}/in/"], "Separator": "comma",
                                             "QuoteChar": "quote", "WithHeader": True, **more.pop("options", {})}},
            "sql": {"SparkSQL": {"Name": "sql", "Inputs": ["in"], "SqlQuery": query,
                                 "SqlAliases": [{"From": "in", "Alias": "t"}]}},
            "out": {"S3DirectTarget": {"Name": "out", "Inputs": ["sql"], "Path": f"s3://{self.out}/out/",
                                       "Format": "json"}},
        }
        self.job = unique("job")
        arguments = more.pop("DefaultArguments", ENABLE)
        self.glue.create_job(Name=self.job, Role=self.role, Command={"Name": "glueetl"},
                             CodeGenConfigurationNodes=self.nodes, DefaultArguments=arguments, **more)

    def put(self, key, text):
        self.s3.put_object(Bucket=self.source, Key=key, Body=text)

    def run(self, arguments=None, state="SUCCEEDED"):
        done = run(self.server, self.job, by=self.by, Arguments=arguments or {})
        assert done["JobRunState"] == state, done
        return done

    def written(self):
        """The ids that have been written, sorted; duplicates stay."""
        found = []
        for key in keys(self.server, self.out, "out/", by=self.by):
            text = self.s3.get_object(Bucket=self.out, Key=key)["Body"].read().decode()
            found += [int(json.loads(line)["id"]) for line in text.splitlines()]
        return sorted(found)

    def clear(self):
        """Forgets what was written."""
        for key in keys(self.server, self.out, by=self.by):
            self.s3.delete_object(Bucket=self.out, Key=key)

    def reads(self, arguments=None):
        """Runs the job: the ids that this run alone wrote."""
        self.clear()
        self.run(arguments)
        return self.written()

    def change(self, options):
        """Gives the source other settings."""
        [(kind, settings)] = self.nodes["in"].items()
        self.glue.update_job(JobName=self.job, JobUpdate={
            "Role": self.role, "Command": {"Name": "glueetl"}, "DefaultArguments": ENABLE,
            "CodeGenConfigurationNodes": self.nodes | {"in": {kind: settings | options}}})

    def ledger(self):
        """The keys of the files that are known as read."""
        answer = self.server.call("mastic", "Mastic.ListJobBookmarkFiles", {"JobName": self.job})
        return [file["Key"] for file in answer.json()["Files"]]

    def bookmark(self, **more):
        return self.glue.get_job_bookmark(JobName=self.job, **more)["JobBookmarkEntry"]

    def start(self, **arguments):
        return self.glue.start_job_run(JobName=self.job, Arguments=arguments)["JobRunId"]

    def ended(self, run_id):
        return ended(self.server, self.job, run_id, by=self.by)

    def until(self, run_id, state):
        def there():
            return self.glue.get_job_run(JobName=self.job, RunId=run_id)["JobRun"]["JobRunState"] == state

        wait_for(there, 30)
