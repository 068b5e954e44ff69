"""Interactive sessions through boto3 and the command line: statements, what comes of them, and how sessions end."""

import json
import os

import botocore.exceptions
import pytest

from harness import REGION, statement, trust, wait_for
from pipeline import bucket, glue_role, reads, writes
from sessions import COMMAND, Session

BLOCK = "import threading; threading.Event().wait()"


def refused(call, **arguments):
    """Code and message of a refusal."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def shared(server):
    """A session for tests that leave it running."""
    session = Session(server, "shared")
    yield session
    session.stop()


def test_a_session_from_beginning_to_end(server, unique):
    id, role, tags = unique("session"), glue_role(server), {"team": unique("team")}
    session = Session(server, id, role, Description="mine", Tags=tags, GlueVersion="5.0", IdleTimeout=30,
                      Timeout=60, WorkerType="G.2X", NumberOfWorkers=2, RequestOrigin="tests", ready=False)
    created = session.created
    assert created["Status"] == "PROVISIONING" and created["Role"] == role
    assert (created["MaxCapacity"], created["IdleTimeout"], created["GlueVersion"]) == (4.0, 30, "5.0")
    ready = session.until("READY")
    assert ready["Description"] == "mine" and "CompletedOn" not in ready
    arn = f"arn:aws:glue:{REGION}:{server.root.account}:session/{id}"
    assert session.glue.get_tags(ResourceArn=arn)["Tags"] == tags
    for listed in (session.glue.list_sessions(Tags=tags), server.cli("glue", "list-sessions", "--tags", f"team={tags['team']}")):
        assert listed["Ids"] == [id] and listed["Sessions"][0]["Status"] == "READY"
    assert session.text("1 + 1") == "2"

    ended = session.stop()
    assert ended["CompletedOn"] >= ended["CreatedOn"] and ended["ExecutionTime"] > 0
    assert ended["DPUSeconds"] == pytest.approx(4 * ended["ExecutionTime"], abs=0.01)
    # What it has answered can still be read; nothing can be asked of it.
    assert session.statement(1)["Output"]["Data"]["TextPlain"] == "2"
    assert refused(session.glue.run_statement, SessionId=id, Code="1") == (
        "InvalidInputException", f"Session is not ready, session_id={id}, status=STOPPED")
    assert refused(session.glue.stop_session, Id=id) == ("IllegalSessionStateException", "Session is in STOPPED status")
    assert refused(session.glue.create_session, Id=id, Role=role, Command=COMMAND)[0] == "AlreadyExistsException"
    assert session.glue.delete_session(Id=id)["Id"] == id
    missing = ("EntityNotFoundException", f"Session {id} not found.")
    assert refused(session.glue.get_session, Id=id) == missing
    assert refused(session.glue.delete_session, Id=id) == missing
    assert refused(session.glue.list_statements, SessionId=id) == missing
    assert refused(session.glue.get_tags, ResourceArn=arn)[0] == "EntityNotFoundException"
    # Its id is free again, and the new one has nothing of the old.
    again = Session(server, id, role)
    assert again.glue.list_statements(SessionId=id)["Statements"] == []
    again.glue.delete_session(Id=id)


def test_what_statements_answer(shared):
    first = shared.run("x = 40\nprint('so far')\nx + 2")
    output = first["Output"]
    assert output["Data"]["TextPlain"] == "so far\n42"
    assert (output["Status"], output["ExecutionCount"], first["Progress"]) == ("ok", first["Id"], 1.0)
    assert first["Code"].startswith("x = 40")
    assert 0 < first["StartedOn"] <= first["CompletedOn"]
    assert shared.text("y = x") == ""
    error = shared.error("print('before')\ndef f():\n    return y / 0\nf()")
    assert (error["ErrorName"], error["ErrorValue"]) == ("ZeroDivisionError", "division by zero")
    assert error["Traceback"][0] == "Traceback (most recent call last):"
    assert error["Data"]["TextPlain"] == "before"
    assert shared.error("1 +")["ErrorName"] == "SyntaxError"
    assert shared.error("import sys; sys.exit()")["ErrorName"] == "SystemExit"
    assert shared.text("'☃'") == "'☃'"
    listed = shared.glue.list_statements(SessionId=shared.id)["Statements"]
    assert [one["Id"] for one in listed] == list(range(1, len(listed) + 1))
    assert refused(shared.glue.get_statement, SessionId=shared.id, Id=99_999)[0] == "EntityNotFoundException"
    answer = shared.server.cli("glue", "run-statement", "--session-id", shared.id, "--code", "'from the command line'")
    assert shared.end_of(answer["Id"])["Output"]["Data"]["TextPlain"] == "'from the command line'"


def test_spark_and_boto3_are_the_role(server, unique):
    own, other = bucket(server, {"in/a.csv": "id,n\n1,10\n2,20\n", "lib/mine.py": "answer = 42\n"}), bucket(server)
    role = glue_role(server, reads(own), writes(own))
    session = Session(server, unique("session"), role, DefaultArguments={
        "--extra-py-files": f"s3://{own}/lib/mine.py", "--mine": "1"})
    argument = "sys.argv[sys.argv.index('--{}') + 1]".format
    assert session.text(f"import mine, sys; mine.answer, {argument('mine')}, {argument('SESSION_ID')}") == (
        f"(42, '1', '{session.id}')")
    # As in Glue's sessions, `spark` is there before anybody has made it.
    assert session.text(f"spark.read.csv('s3://{own}/in/', header=True).selectExpr('sum(n) as n').show()") == (
        "+----+\n|   n|\n+----+\n|30.0|\n+----+")
    arn = session.text("import boto3\nboto3.client('sts').get_caller_identity()['Arn']")
    assert f":assumed-role/{role.rsplit('/', 1)[-1]}/GlueJobRunnerSession" in arn
    # What a statement writes is there when it has ended.
    session.text(f"boto3.client('s3').put_object(Bucket='{own}', Key='out/x', Body=b'seen')['ETag'] and None")
    assert server.client("s3").get_object(Bucket=own, Key="out/x")["Body"].read() == b"seen"
    denied = session.error(f"boto3.client('s3').put_object(Bucket='{other}', Key='x', Body=b'')")
    assert "AccessDenied" in denied["ErrorValue"]
    session.stop()


def test_statements_are_cancelled(shared):
    running, waiting = shared.begin(f"print('begun')\n{BLOCK}"), shared.begin("never = 1")
    shared.until_running(running)
    assert shared.statement(waiting)["State"] == "WAITING"
    shared.cancel(waiting)
    assert shared.statement(waiting)["State"] == "CANCELLED"
    shared.cancel(running)
    cancelled = shared.end_of(running)
    assert cancelled["State"] == "CANCELLED"
    assert cancelled["Output"]["ErrorName"] == "KeyboardInterrupt"
    assert cancelled["Output"]["Data"]["TextPlain"] == "begun"
    # Too late, and without effect.
    shared.cancel(running)
    assert shared.error("never")["ErrorName"] == "NameError"
    assert refused(shared.glue.cancel_statement, SessionId=shared.id, Id=99_999)[0] == "EntityNotFoundException"


def test_a_statement_that_goes_on_is_cancelled_again(shared):
    running = shared.begin("import threading\ncaught = 0\nwhile True:\n    try:\n        threading.Event().wait()\n"
                           "    except KeyboardInterrupt:\n        caught += 1\n        if caught == 2: raise")
    shared.until_running(running)

    def cancelled():
        shared.cancel(running)
        return shared.statement(running)["State"] == "CANCELLED"

    wait_for(cancelled)
    assert shared.text("caught") == "2"


def test_a_long_query_is_cancelled(shared):
    query = "select count(*) from range(1000000000) a join range(1000000000) b on a.id % 7 = b.id % 11"
    running = shared.begin(f"spark.sql('{query}').collect()")
    shared.until_running(running)
    shared.cancel(running)
    assert shared.end_of(running)["State"] == "CANCELLED"
    assert shared.text("spark.range(3).count()") == "3"


def test_statements_come_in_pages(server, unique):
    session = Session(server, unique("session"))
    ids = [session.begin(code) for code in [BLOCK, *["1"] * 100]]
    first = session.glue.list_statements(SessionId=session.id)
    assert len(first["Statements"]) == 100
    second = session.glue.list_statements(SessionId=session.id, NextToken=first["NextToken"])
    assert [one["Id"] for one in first["Statements"] + second["Statements"]] == ids
    assert refused(session.glue.list_statements, SessionId=session.id, NextToken="zz")[0] == "InvalidInputException"
    session.until_running(ids[0])
    session.cancel(ids[0])
    session.end_of(ids[-1])
    long = [session.run("print('x' * 900_000)")["Id"] for _ in range(6)]
    third = session.glue.list_statements(SessionId=session.id, NextToken=first["NextToken"])["NextToken"]
    rest = session.glue.list_statements(SessionId=session.id, NextToken=third)
    assert [one["Id"] for one in rest["Statements"]] == long[-1:] and "NextToken" not in rest
    ids += [session.begin(code) for code in (BLOCK, "1")]
    session.until_running(ids[-2])
    session.stop()
    lost = session.statement(ids[-2])
    assert lost["State"] == "ERROR" and lost["Output"]["ErrorValue"] == "The session was stopped."
    assert session.statement(ids[-1])["State"] == "CANCELLED"


def ended(session):
    """Waits until it has failed: why, and where its process was then."""
    wait_for(lambda: "CompletedOn" in session.get(), 60)
    found = session.get()
    assert found["Status"] == "FAILED"
    return found["ErrorMessage"]


def test_processes_that_die_fail_their_sessions(server, unique):
    for code, told in (
        ("import os; os._exit(3)", "The session's Python ended with exit code 3."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "Python was killed (signal 9)"),
    ):
        session = Session(server, unique("session"))
        id, behind = session.begin(code), session.begin("1")
        assert told in ended(session)
        assert told in session.end_of(id)["Output"]["ErrorValue"]
        assert session.end_of(behind)["State"] == "CANCELLED"


def test_a_session_has_a_limit_of_memory(server, unique):
    session = Session(server, unique("session"), DefaultArguments={"--run-memory": "300m"})
    assert session.text("'fits'") == "'fits'"
    session.begin("hog = bytearray(600 << 20)\nimport threading; threading.Event().wait()")
    message = ended(session)
    assert "its limit is 300 MB (--run-memory)" in message, message


def test_what_a_session_cannot_bring_along(server, unique):
    empty = bucket(server)
    role = glue_role(server, reads(empty))
    session = Session(server, unique("session"), role, ready=False,
                      DefaultArguments={"--extra-py-files": f"s3://{empty}/gone.py"})
    assert f"--extra-py-files s3://{empty}/gone.py" in ended(session)
    assert refused(session.glue.run_statement, SessionId=session.id, Code="1")[1].endswith("status=FAILED")


def test_logs(server, unique):
    session = Session(server, unique("session"))
    session.text("import sys; print('to the log', file=sys.stderr)")
    session.stop()
    events = server.client("logs").get_log_events(
        logGroupName="/aws-glue/sessions/error", logStreamName=session.id)["events"]
    assert [event["message"] for event in events] == ["to the log"]


# Who may do what.


def test_roles_must_be_passed_and_trust_glue(server, unique):
    role = glue_role(server)
    user = server.user(statement(["glue:CreateSession"]))
    glue = server.client("glue", user)
    code, message = refused(glue.create_session, Id=unique("session"), Role=role, Command=COMMAND)
    assert code == "AccessDeniedException" and "iam:PassRole" in message and role in message
    other = server.role(trusted=trust(Service="ec2.amazonaws.com"))
    code, message = refused(server.client("glue").create_session, Id=unique("session"), Role=other, Command=COMMAND)
    assert code == "InvalidInputException" and "assume role permissions for Glue" in message
    allowed = server.user({"Version": "2012-10-17", "Statement": [
        statement("glue:*")["Statement"][0],
        statement("iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}})["Statement"][0],
    ]})
    Session(server, unique("session"), role, by=allowed).stop()


def test_owners_have_their_own_sessions(server, unique):
    """AWS's managed policies for sessions tie them to their owner by the tag `owner`."""
    role, owner = glue_role(server), "${aws:userId}"
    policy = {"Version": "2012-10-17", "Statement": [
        statement("glue:CreateSession", "arn:aws:glue:*:*:session/*",
                  Condition={"StringEquals": {"aws:RequestTag/owner": owner}})["Statement"][0],
        statement(["glue:RunStatement", "glue:GetStatement", "glue:GetSession", "glue:StopSession"],
                  "arn:aws:glue:*:*:session/*",
                  Condition={"StringEquals": {"aws:ResourceTag/owner": owner}})["Statement"][0],
        statement("iam:PassRole", role)["Statement"][0],
    ]}
    mine, another = server.user(policy), server.user(policy)
    my_id = server.client("sts", mine).get_caller_identity()["UserId"]
    glue, id = server.client("glue", mine), unique("session")
    assert refused(glue.create_session, Id=id, Role=role, Command=COMMAND)[0] == "AccessDeniedException"
    session = Session(server, id, role, by=mine, Tags={"owner": my_id})
    assert session.text("1") == "1"
    for call, more in (("get_session", {"Id": id}), ("stop_session", {"Id": id}),
                       ("run_statement", {"SessionId": id, "Code": "1"}), ("get_statement", {"SessionId": id, "Id": 1})):
        code, message = refused(getattr(server.client("glue", another), call), **more)
        assert code == "AccessDeniedException" and f":session/{id}" in message
    session.stop()


def test_what_no_session_can_be(server, unique):
    glue, role = server.client("glue"), glue_role(server)
    for more, said in (
        ({"Command": {"Name": "glueray", "PythonVersion": "3.9"}}, "Ray sessions"),
        ({"Command": {"Name": "pythonshell"}}, "There is no session Command pythonshell"),
        ({"DefaultArguments": {"--session-language": "scala"}}, "--session-language scala is not supported"),
        ({"GlueVersion": "1.0"}, "2.0 or later"),
        ({"MaxCapacity": 2.0, "WorkerType": "G.1X", "NumberOfWorkers": 2}, "do not set Max Capacity"),
        ({"Connections": {"Connections": ["gone"]}}, "Connection gone not found"),
        ({"SecurityConfiguration": "gone"}, "Security configuration with name gone does not exist"),
    ):
        code, message = refused(glue.create_session, Id=unique("session"), Role=role, **({"Command": COMMAND} | more))
        assert code == "InvalidInputException" and said in message, message


def test_usage_profiles(server, unique):
    profile = unique("profile")
    glue, iam = server.client("glue"), server.client("iam")
    glue.create_usage_profile(Name=profile, Configuration={"SessionConfiguration": {
        "numberOfWorkers": {"DefaultValue": "3", "MaxValue": "4"}, "idleTimeout": {"DefaultValue": "7", "MaxValue": "9"}}})
    user = server.user({"Version": "2012-10-17", "Statement": [statement(["glue:*", "iam:PassRole"])["Statement"][0]]})
    iam.tag_user(UserName=user.name, Tags=[{"Key": "glue:UsageProfile", "Value": profile}])
    role = glue_role(server)
    made = Session(server, unique("session"), role, by=user)
    assert (made.created["NumberOfWorkers"], made.created["IdleTimeout"]) == (3, 7)
    assert made.created["ProfileName"] == profile
    made.stop()
    for more in ({"NumberOfWorkers": 5, "WorkerType": "G.1X"}, {"IdleTimeout": 10}):
        code, message = refused(made.glue.create_session, Id=unique("session"), Role=role, Command=COMMAND, **more)
        assert code == "InvalidInputException" and profile in message


def test_development_endpoints_name_the_way_to_sessions(server):
    glue, role = server.client("glue"), glue_role(server)
    for call, more in (
        ("create_dev_endpoint", {"EndpointName": "e", "RoleArn": role}),
        ("get_dev_endpoint", {"EndpointName": "e"}),
        ("get_dev_endpoints", {}),
        ("list_dev_endpoints", {}),
        ("batch_get_dev_endpoints", {"DevEndpointNames": ["e"]}),
        ("update_dev_endpoint", {"EndpointName": "e"}),
        ("delete_dev_endpoint", {"EndpointName": "e"}),
    ):
        code, message = refused(getattr(glue, call), **more)
        assert code == "InvalidInputException" and "CreateSession" in message and "aws-glue-sessions" in message


# Many, and after the server's end.


def test_twenty_sessions_at_once(server, unique):
    role = glue_role(server)
    sessions = [Session(server, unique("session"), role, ready=False) for _ in range(20)]
    for session in sessions:
        session.until("READY")
    ids = [session.begin(f"mine = {number}\nmine") for number, session in enumerate(sessions)]
    texts = [session.end_of(id)["Output"]["Data"]["TextPlain"] for session, id in zip(sessions, ids)]
    assert texts == [str(number) for number in range(20)]
    for session in sessions:
        session.glue.delete_session(Id=session.id)


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_that_is_killed_leaves_no_session_behind(own_server, unique):
    server = own_server.start()
    session, done = Session(server, "cut"), Session(server, "done")
    done.stop()
    process = int(session.text("import os; os.getpid()"))
    running, waiting = session.begin(BLOCK), session.begin("1")
    session.until_running(running)
    server.kill()
    wait_for(lambda: not alive(process))
    server.restart()
    found = session.get()
    assert found["Status"] == "FAILED" and found["ErrorMessage"].startswith("The server stopped"), found
    assert session.statement(running)["State"] == "ERROR"
    assert session.statement(waiting)["State"] == "CANCELLED"
    assert done.get()["Status"] == "STOPPED"
    session.glue.delete_session(Id="cut")
    assert Session(server, "cut").text("1") == "1"


def test_the_helper_of_dbt(shared):
    """dbt's adapter sends a class before each query and reads what it prints as JSON."""
    helper = (
        "import json\n"
        "class Wrapper:\n"
        "    @classmethod\n"
        "    def execute(cls, sql):\n"
        "        frame = spark.sql(sql)\n"
        "        rows = [{'type': 'record', 'data': {f.name: r[f.name] for f in frame.schema}} for r in frame.rdd.collect()]\n"
        "        print(json.dumps({'type': 'results', 'rowcount': frame.count(), 'results': rows,\n"
        "                          'description': [{'name': f.name, 'type': str(f.dataType)} for f in frame.schema]}))\n"
    )
    for _ in range(2):
        assert shared.text(helper) == ""
        answer = json.loads(shared.text("Wrapper.execute('''select 1 as a, 'x' as b''')"))
        assert answer["results"] == [{"type": "record", "data": {"a": 1, "b": "x"}}]
        assert answer["description"][0] == {"name": "a", "type": "IntegerType()"}
