"""Attacks on signatures, sessions and the HTTP door: each is refused, and nothing has changed."""

import base64
import datetime
import hashlib
import http.client
import json
import socket
import time
import urllib.parse

import botocore.config
import pytest

import harness
from harness import statement, trust

CREATE = "AWSGlue.CreateDatabase"


def databases(server):
    return {found["Name"] for found in server.client("glue").get_databases(MaxResults=100)["DatabaseList"]}


@pytest.fixture
def name(server, unique):
    """A database that no attack may make."""
    name = unique("attack").replace("-", "_")
    yield name
    assert name not in databases(server)


def request(server, name, credentials=None, **how):
    """The headers and body of a signed CreateDatabase."""
    body = json.dumps({"DatabaseInput": {"Name": name}}).encode()
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": CREATE}
    return server.signed("glue", "POST", "/", headers, body, credentials, **how), body


def refused(answer, *codes, status=400):
    assert (answer.status, answer.code) in {(status, code) for code in codes}, (answer.status, answer.body)


# Signatures.


def test_every_part_of_a_signed_request_is_bound(server, name):
    headers, body = request(server, name)
    tampered = {
        "body": (headers, body.replace(b"attack", b"Attack")),
        "target": (headers | {"x-amz-target": "AWSGlue.DeleteDatabase"}, body),
        "date": (headers | {"x-amz-date": "20200101T000000Z"}, body),
        "host": (headers | {"host": "elsewhere"}, body),
        "hash": (headers | {"x-amz-content-sha256": hashlib.sha256(b"").hexdigest()}, body),
    }
    for what, (wrong, payload) in tampered.items():
        answer = server.http("POST", "/", wrong, payload)
        assert answer.status == 400 and "Signature" in answer.code, (what, answer.body)
    for path in ("/?x=1", "/x", "//x"):
        answer = server.http("POST", path, headers, body)
        assert answer.status == 400 and "Signature" in answer.code, (path, answer.body)


def test_parts_of_the_scope_are_bound(server, name):
    headers, body = request(server, name)
    signature = headers["authorization"]
    for old, new in (
        ("/us-east-1/", "/eu-west-1/"),
        ("/glue/", "/logs/"),
        ("aws4_request", "aws5_request"),
        ("AKIAMASTICTESTSROOT1", "AKIAMASTICTESTSROOT2"),
        (signature[-1], "0" if signature[-1] != "0" else "1"),
    ):
        wrong = signature[:-1] + new if old == signature[-1] else signature.replace(old, new)
        answer = server.http("POST", "/", headers | {"authorization": wrong}, body)
        assert answer.status == 400 and answer.json()["__type"] in {
            "InvalidSignatureException", "IncompleteSignatureException", "UnrecognizedClientException",
        }, (new, answer.body)  # fmt: skip


def test_truncated_and_odd_authorizations_are_refused(server, name):
    headers, body = request(server, name)
    whole = headers["authorization"]
    odd = [whole[:n] for n in (0, 5, 16, 17, 30, 60, len(whole) - 64, len(whole) - 1)]
    odd += [whole + "0", whole + ", Signature=" + "0" * 64, whole.replace("host;", ""), whole.replace("HMAC", "NONE")]
    odd += ["Basic cm9vdDpyb290", "Bearer x", "AWS AKIAMASTICTESTSROOT1:AAAA", whole.replace("=", "==")]
    for wrong in odd:
        answer = server.http("POST", "/", headers | {"authorization": wrong}, body)
        assert 400 <= answer.status < 500, (wrong, answer.status)


def test_a_header_that_is_not_signed_cannot_be_a_target(server, name):
    body = json.dumps({"DatabaseInput": {"Name": name}}).encode()
    headers = server.signed("glue", "POST", "/", {"content-type": "application/x-amz-json-1.1"}, body)
    answer = server.http("POST", "/", headers | {"x-amz-target": CREATE}, body)
    refused(answer, "InvalidSignatureException")


@pytest.mark.parametrize("minutes", [-16, -60 * 24, 16, 60 * 24])
def test_a_replay_outside_the_window_is_refused(server, name, minutes):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    headers, body = request(server, name, when=when)
    refused(server.http("POST", "/", headers, body), "InvalidSignatureException")
    path = f"/{name.replace('_', '-')}"
    signed = server.signed("s3", "PUT", path, when=when)
    refused(server.http("PUT", path, signed), "RequestTimeTooSkewed", status=403)
    assert server.http("HEAD", path, server.signed("s3", "HEAD", path)).status == 404


def test_an_expired_presigned_url_is_refused(server, unique):
    bucket = unique("expiry")
    server.client("s3").create_bucket(Bucket=bucket)
    server.client("s3").put_object(Bucket=bucket, Key="k", Body=b"secret")
    s3 = server.client("s3", config=botocore.config.Config(signature_version="s3v4"))
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=1)
    path = url.removeprefix(server.endpoint)
    assert server.http("GET", path).body == b"secret"
    longer = server.http("GET", path.replace("X-Amz-Expires=1&", "X-Amz-Expires=3600&"))
    refused(longer, "SignatureDoesNotMatch", status=403)
    twice = server.http("GET", path + "&X-Amz-Expires=3600")
    assert 400 <= twice.status < 500 and b"secret" not in twice.body
    harness.wait_for(lambda: server.http("GET", path).status == 403)
    # As another method it was never signed.
    assert server.http("DELETE", path).status == 403
    assert server.client("s3").head_object(Bucket=bucket, Key="k")


def test_a_presigned_get_cannot_carry_another_action_in_its_body(server):
    """A URL for GetCallerIdentity is proof of identity for others; it must not be worth more."""
    user = server.user(statement("sts:*"))
    role = server.role(statement("*"), trusted=trust(AWS=user.arn))
    sts = server.client("sts", user)
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET").removeprefix(server.endpoint)
    assert user.arn in server.http("GET", url).body.decode()
    assume = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": "stolen"}
    body = urllib.parse.urlencode(assume).encode()
    form = {"content-type": "application/x-www-form-urlencoded"}
    for method in ("GET", "POST"):
        answer = server.http(method, url, form, body)
        assert answer.status == 403 and b"AccessKeyId" not in answer.body, (method, answer.body)
    answer = server.http("GET", url.replace("Action=GetCallerIdentity", "Action=GetSessionToken"))
    assert answer.status == 403
    answer = server.http("GET", "/?Action=GetSessionToken&Version=2011-06-15&" + url.split("?")[1])
    assert answer.status == 403 and b"AccessKeyId" not in answer.body


def test_doubled_headers_and_parameters_do_not_pass(server, name):
    headers, body = request(server, name)
    for doubled in ("x-amz-target", "x-amz-date", "authorization", "x-amz-content-sha256", "host"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.putrequest("POST", "/", skip_host=True, skip_accept_encoding=True)
        for key, value in headers.items():
            connection.putheader(key, value)
            if key == doubled:
                other = value.replace("CreateDatabase", "DeleteDatabase") if key == "x-amz-target" else value + "1"
                connection.putheader(key, other)
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        assert 400 <= answer.status < 500, (doubled, answer.status)
        connection.close()


def test_both_forms_of_a_signature_at_once_are_refused(server, unique):
    bucket = unique("twice")
    server.client("s3").create_bucket(Bucket=bucket)
    s3 = server.client("s3", config=botocore.config.Config(signature_version="s3v4"))
    url = s3.generate_presigned_url("list_objects_v2", {"Bucket": bucket}).removeprefix(server.endpoint)
    path, query = url.split("?")
    signed = server.signed("s3", "GET", f"{path}?{query}")
    refused(server.http("GET", url, signed), "InvalidArgument")


# Payloads.


def test_the_unsigned_payload_is_for_s3_only(server, name):
    headers, body = request(server, name, hash="UNSIGNED-PAYLOAD")
    assert server.http("POST", "/", headers, body).status == 400
    headers, body = request(server, name, hash="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert server.http("POST", "/", headers, body).status == 400


def test_a_body_other_than_its_hash_is_refused(server, unique):
    bucket = unique("hash")
    server.client("s3").create_bucket(Bucket=bucket)
    path = f"/{bucket}/k"
    headers = server.signed("s3", "PUT", path, body=b"good")
    refused(server.http("PUT", path, headers, b"evil"), "XAmzContentSHA256Mismatch")
    chunk = server.signed("s3", "PUT", path, {"x-amz-decoded-content-length": "4", "content-encoding": "aws-chunked"},
                          hash="STREAMING-AWS4-HMAC-SHA256-PAYLOAD")  # fmt: skip
    forged = b"4;chunk-signature=" + b"0" * 64 + b"\r\nevil\r\n0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n"
    assert server.http("PUT", path, chunk, forged).status in (400, 403)
    assert "Contents" not in server.client("s3").list_objects_v2(Bucket=bucket)


# Sessions and keys.


def test_tokens_are_bound_to_their_keys(server, name):
    user = server.user(statement("sts:AssumeRole"))
    role = server.role(statement("glue:*"), trusted=trust(AWS=user.arn))
    one, two = server.assume(role, by=user), server.assume(role, by=user)

    def as_(key, secret, token):
        return harness.Credentials(one.account, key, secret, token)

    token = one.session_token
    for wrong in (
        as_(one.access_key_id, one.secret_access_key, two.session_token),
        as_(one.access_key_id, one.secret_access_key, None),
        as_(one.access_key_id, one.secret_access_key, token[:-4] + "AAAA"),
        as_(one.access_key_id, one.secret_access_key, token[: len(token) // 2]),
        as_(one.access_key_id, one.secret_access_key, ""),
        as_(user.access_key_id, user.secret_access_key, token),
        as_(server.root.access_key_id, one.secret_access_key, token),
        as_(one.access_key_id, two.secret_access_key, token),
    ):
        headers, body = request(server, name, wrong)
        answer = server.http("POST", "/", headers, body)
        refused(answer, "UnrecognizedClientException", "InvalidSignatureException")
    # A token that is sent but not signed is no token.
    headers, body = request(server, name, as_(one.access_key_id, one.secret_access_key, None))
    answer = server.http("POST", "/", headers | {"x-amz-security-token": token}, body)
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")


def test_keys_that_are_no_more_open_nothing(server, name):
    iam = server.client("iam")
    user = server.user(statement("*"))
    session = server.client("sts", user).get_session_token()["Credentials"]
    temporary = harness.Credentials(
        user.account, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    )
    assert server.client("glue", temporary).get_databases()
    iam.update_access_key(UserName=user.name, AccessKeyId=user.access_key_id, Status="Inactive")
    headers, body = request(server, name, user)
    refused(server.http("POST", "/", headers, body), "UnrecognizedClientException")
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.access_key_id)
    headers, body = request(server, name, user)
    refused(server.http("POST", "/", headers, body), "UnrecognizedClientException")
    iam.delete_user_policy(UserName=user.name, PolicyName="own")
    iam.delete_user(UserName=user.name)
    headers, body = request(server, name, temporary)
    assert server.http("POST", "/", headers, body).status == 400


# The HTTP door.


def raw(server, data, timeout=10):
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


def head(headers):
    return "".join(f"{key}: {value}\r\n" for key, value in headers.items()).encode()


def test_no_request_hides_in_another(server, name):
    """Content-Length beside Transfer-Encoding, doubled lengths, odd codings: one answer at most, or none."""
    hidden_headers, hidden_body = request(server, name)
    hidden_headers |= {"content-length": str(len(hidden_body) + 1)}
    hidden = b"POST / HTTP/1.1\r\n" + head(hidden_headers)[:-1]
    for lines in (
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        b"Content-Length: 6\r\nContent-Length: 0\r\n",
        b"Content-Length: +6\r\n",
        b"Content-Length: 6, 0\r\n",
        b"Transfer-Encoding: identity\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b" Transfer-Encoding: chunked\r\n",
    ):
        answer = raw(server, b"POST / HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n0\r\n\r\n" + hidden)
        assert b"HTTP/1.1 200" not in answer, (lines, answer)
    for broken in (b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01"):
        assert b" 200 " not in raw(server, broken)
    assert server.http("GET", "/health").status == 200


def test_bombs_are_refused_in_time_and_memory(server, name):
    deep = b"[" * 100_000 + b"]" * 100_000
    huge = b'{"DatabaseInput":{"Name":"%s","Parameters":{"n":%s}}}' % (name.encode(), b"9" * 1_000_000)
    many = b'{"DatabaseInput":{"Name":"%s","Parameters":{%s}}}' % (
        name.encode(), b",".join(b'"k":{}' for _ in range(100_000)),
    )  # fmt: skip
    for body in (b'{"DatabaseInput":%s}' % deep, deep, huge, many, b'{"a":' * 50_000, b'{"DatabaseInput":{"Name":1e999999}}'):
        start = time.monotonic()
        answer = server.call("glue", CREATE, body)
        assert 400 <= answer.status < 500, answer.body[:200]
        assert time.monotonic() - start < 10
    dotted = {"Action": "CreateUser", "Version": "2010-05-08", "UserName": "x" + "." * 10, "a" + ".b" * 100_000: "1"}
    assert 400 <= server.form("iam", dotted).status < 500
    indices = {"Action": "CreateUser", "Version": "2010-05-08", "UserName": "a/b",
               **{f"Tags.member.{n}.Key": "k" for n in (1, 999_999_999, 4_294_967_295)}}  # fmt: skip
    assert 400 <= server.form("iam", indices).status < 500


def test_xml_bombs_are_refused(server, unique):
    bucket = unique("bomb")
    server.client("s3").create_bucket(Bucket=bucket)
    server.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<!DOCTYPE x [<!ENTITY e0 "lol">{entities}]><Delete><Object><Key>&e9;</Key></Object></Delete>'
    outside = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&e;</Key></Object></Delete>'
    nested = "<Delete>" + "<Object>" * 100_000 + "</Object>" * 100_000 + "</Delete>"
    for document in (laughs, outside, nested, "<Delete>" + "<a" * 1000, "<Delete></Wrong>"):
        body, path = document.encode(), f"/{bucket}?delete="
        checksum = {"content-md5": base64.b64encode(hashlib.md5(body).digest()).decode()}
        start = time.monotonic()
        answer = server.http("POST", path, server.signed("s3", "POST", path, checksum, body), body)
        assert 400 <= answer.status < 500, (document[:80], answer.status, answer.body[:200])
        assert b"root:" not in answer.body and time.monotonic() - start < 10
    assert server.client("s3").head_object(Bucket=bucket, Key="k")


def test_keys_stay_in_their_bucket(server, unique):
    one, two = unique("one"), unique("two")
    s3 = server.client("s3")
    for bucket in (one, two):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=two, Key="k", Body=b"secret")
    user = server.user(statement("s3:*", [f"arn:aws:s3:::{one}/*", f"arn:aws:s3:::{one}"]))
    for key in (f"../{two}/k", f"..%2f{two}/k", f"%2e%2e/{two}/k", f"a/../../{two}/k", "/etc/passwd", "..", "."):
        path = f"/{one}/{key}"
        answer = server.http("GET", path, server.signed("s3", "GET", path, credentials=user))
        assert answer.status in (400, 403, 404) and b"secret" not in answer.body, (key, answer.status)
    for path in (f"/{one}/../{two}/k", f"//{two}/k", f"/{one}%2f..%2f{two}/k", f"/{two}/k"):
        answer = server.http("GET", path, server.signed("s3", "GET", path, credentials=user))
        assert answer.status in (400, 403, 404) and b"secret" not in answer.body, (path, answer.status)
