"""A server that is killed while it works, and started again."""

import threading

import botocore.exceptions

from harness import Credentials, wait_for

WRITERS = 8


def storm(server, write):
    """Writes from many threads until the server is killed; what was acknowledged, and what was under way."""
    acknowledged, under_way, lock = [], [], threading.Lock()

    def run(writer):
        for number in range(1_000_000):
            key = f"w{writer}-{number:06}"
            try:
                write(key)
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
                # Only the kill may end a writer.
                assert not isinstance(error, botocore.exceptions.ClientError), error
                with lock:
                    under_way.append(key)
                return
            with lock:
                acknowledged.append(key)

    threads = [threading.Thread(target=run, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(acknowledged) > 300, timeout=60)
    server.kill()
    for thread in threads:
        thread.join(30)
    assert len(under_way) == WRITERS, "a writer failed before the kill"
    return set(acknowledged), set(under_way)


def test_every_acknowledged_table_survives_a_kill(own_server):
    own_server.start()
    glue = own_server.client("glue")
    glue.create_database(DatabaseInput={"Name": "storm"})
    columns = [{"Name": f"c{i}", "Type": "bigint"} for i in range(20)]

    def write(key):
        storage = {"Columns": columns, "Location": f"s3://storm/{key}"}
        glue.create_table(DatabaseName="storm", TableInput={"Name": key, "StorageDescriptor": storage})

    acknowledged, under_way = storm(own_server, write)
    own_server.restart()
    glue = own_server.client("glue")
    pages = glue.get_paginator("get_tables").paginate(DatabaseName="storm")
    found = {table["Name"]: table for page in pages for table in page["TableList"]}
    assert acknowledged <= found.keys() <= acknowledged | under_way
    for key, table in found.items():
        assert table["StorageDescriptor"]["Columns"] == columns, key
        versions = glue.get_table_versions(DatabaseName="storm", TableName=key)["TableVersions"]
        assert [version["VersionId"] for version in versions] == [table["VersionId"]]
    glue.create_table(DatabaseName="storm", TableInput={"Name": "after"})


def test_every_acknowledged_object_survives_a_kill(own_server):
    own_server.start()
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="storm")

    def body(key):
        return key.encode() * 500

    acknowledged, under_way = storm(own_server, lambda key: s3.put_object(Bucket="storm", Key=key, Body=body(key)))
    own_server.restart()
    s3 = own_server.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="storm")
    found = {entry["Key"] for page in pages for entry in page["Contents"]}
    assert acknowledged <= found <= acknowledged | under_way
    for key in found:
        assert s3.get_object(Bucket="storm", Key=key)["Body"].read() == body(key), key


def test_identities_and_sessions_survive_a_kill(own_server):
    own_server.start()
    user = own_server.user()
    session = own_server.client("sts").get_session_token()["Credentials"]
    own_server.kill()
    own_server.restart()
    assert own_server.client("sts", user).get_caller_identity()["Arn"] == user.arn
    kept = Credentials(
        user.account, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    )
    assert own_server.client("sts", kept).get_caller_identity()["Account"] == user.account
