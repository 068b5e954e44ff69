"""Secrets at rest: nobody's are in the data directory or the log, and they open with the master key only."""

import shutil

from harness import statement, trust


def files(server):
    """Every file that the server leaves, the one that is meant to hold root's keys left out."""
    found = [path for path in server.data.rglob("*") if path.is_file() and path != server.data / "credentials"]
    return [*found, server.log]


def refusal(server, *arguments):
    """What a start says that is refused."""
    serve = ("serve", "--listen", "127.0.0.1:0", "--data", str(server.data), *arguments)
    done = server.mastic(*serve, check=False, environment=server.bare_environment())
    assert done.returncode == 1 and not done.stdout, done.stdout + done.stderr
    return done.stderr


def test_no_file_shows_a_secret(own_server):
    own_server.start()
    other = own_server.account()
    user = own_server.user(statement("*"))
    foreigner = own_server.user(statement("*"), by=other)
    session = own_server.assume(own_server.role(statement("*"), trusted=trust(AWS=user.arn)), by=user)
    made = own_server.client("sts", foreigner).get_session_token()["Credentials"]
    people = [own_server.root, other, user, foreigner, session]
    for person in people:
        own_server.client("glue", person).get_databases()
        own_server.client("s3", person).list_buckets()
    secrets = [person.secret_access_key for person in people]
    secrets += [session.session_token, made["SecretAccessKey"], made["SessionToken"]]
    assert own_server.stop() == 0

    contents = {path: path.read_bytes() for path in files(own_server)}
    assert any(session.access_key_id.encode() in content for content in contents.values())
    for path, content in contents.items():
        for secret in secrets:
            assert secret.encode() not in content, path

    # The secrets themselves have survived.
    own_server.start()
    for person in people:
        assert own_server.client("sts", person).get_caller_identity()["Arn"] == person.arn


def test_a_missing_or_foreign_master_key_is_refused(own_server, tmp_path):
    own_server.start()
    user = own_server.user(statement("*"))
    assert own_server.stop() == 0
    key, kept = own_server.data / "master.key", tmp_path / "kept"
    assert key.stat().st_mode & 0o777 == 0o600

    shutil.move(key, kept)
    assert f"the master key is missing: put {key} back" in refusal(own_server)
    assert not key.exists(), "a start that is refused makes no key"
    key.write_text("07" * 32)
    assert f"the master key in {key} does not fit this data directory" in refusal(own_server)
    key.write_text("mine")
    assert f"{key}: a master key is 64 hexadecimal digits" in refusal(own_server)

    # Kept elsewhere it is as good.
    own_server.arguments = ["--master-key-file", str(kept)]
    own_server.start()
    assert own_server.client("sts", user).get_caller_identity()["Arn"] == user.arn


def test_the_master_key_can_be_made_elsewhere(own_server, tmp_path):
    key = tmp_path / "elsewhere.key"
    own_server.arguments = ["--master-key-file", str(key)]
    own_server.start()
    assert len(key.read_text().strip()) == 64
    assert key.stat().st_mode & 0o777 == 0o600
    assert not (own_server.data / "master.key").exists()
    own_server.restart()
    assert own_server.stop() == 0
    assert "the master key is missing" in refusal(own_server)
