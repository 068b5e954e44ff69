"""Starts the real server and talks to it with real clients."""

import dataclasses
import datetime
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

import boto3
import botocore.config

REGION = "us-east-1"
ROOT = pathlib.Path(__file__).resolve().parent.parent
READY = re.compile(r"Mastic listens on (https?)://([^\s:]+):(\d+)")
NAMES = itertools.count(1)


def wait_for(condition, timeout=10.0, interval=0.02):
    """The first true answer of `condition`; fails once `timeout` seconds have passed without one."""
    end = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not so after {timeout} s: {getattr(condition, '__doc__', None) or condition}")
        time.sleep(interval)


def name(stem="thing"):
    """A name that no other test has."""
    return f"{stem}-{os.getpid()}-{next(NAMES)}"


def statement(action, resource="*", effect="Allow", **more):
    """A policy of one statement."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}],
    }


def trust(**principal):
    """A trust policy that lets `principal` assume the role: `trust(Service="glue.amazonaws.com")`."""
    allow = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}


@dataclasses.dataclass(frozen=True)
class Credentials:
    """Who signs; `arn` where it is known."""

    account: str
    access_key_id: str
    secret_access_key: str = dataclasses.field(repr=False)
    session_token: str | None = dataclasses.field(default=None, repr=False)
    arn: str | None = None

    @property
    def name(self):
        """The last part of the ARN: a user's or role session's name."""
        return self.arn.rsplit("/", 1)[-1]

    def environment(self):
        """The variables by which every AWS tool finds these credentials."""
        found = {"AWS_ACCESS_KEY_ID": self.access_key_id, "AWS_SECRET_ACCESS_KEY": self.secret_access_key}
        if self.session_token:
            found["AWS_SESSION_TOKEN"] = self.session_token
        return found


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back over plain HTTP."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The error's code, in whichever dialect it came."""
        if self.body.lstrip().startswith(b"<"):
            return re.search(r"<Code>([^<]*)</Code>", self.body.decode())[1]
        return self.json()["__type"].rsplit("#", 1)[-1]

    @property
    def message(self):
        """The error's text: services spell the member either way."""
        return self.json().get("message") or self.json()["Message"]


class Server:
    """A `mastic serve` process over a data directory, with fixed root credentials."""

    def __init__(self, folder, arguments=(), scheme="http", ca=None):
        self.root = Credentials(
            "111122223333",
            "AKIAMASTICTESTSROOT1",
            "mastic-tests-root-secret-access-key-0001",
            arn="arn:aws:iam::111122223333:root",
        )
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.scheme, self.ca = scheme, ca
        self.arguments = list(arguments)
        self.port = 0
        self.process = None
        self.ready_after = None
        self._session = boto3.Session(region_name=REGION)
        self._clients = {}

    # The process.

    @property
    def endpoint(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self):
        """Starts the server and waits until it says that it listens; the first port is kept over restarts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [binary(), "serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data)]
        if os.environ.get("MASTIC_RUNNER"):
            command += ["--runner", os.environ["MASTIC_RUNNER"]]
        begin = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command + self.arguments,
                env=self.bare_environment()
                | {
                    "MASTIC_ACCOUNT_ID": self.root.account,
                    "MASTIC_ROOT_ACCESS_KEY_ID": self.root.access_key_id,
                    "MASTIC_ROOT_SECRET_ACCESS_KEY": self.root.secret_access_key,
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        heard = []
        threading.Thread(target=self._listen, args=(self.process, heard), daemon=True).start()
        try:
            wait_for(lambda: heard or self.process.poll() is not None, timeout=30, interval=0.002)
            assert heard, f"the server ended with {self.process.poll()} before it was ready"
        except AssertionError:
            print(self.log.read_text(errors="replace"), file=sys.stderr)
            raise
        self.ready_after = time.monotonic() - begin
        self.port = heard[0]
        return self

    def _listen(self, process, heard):
        # Standard output is read to its end, or a full pipe would stop the server.
        with self.log.open("ab") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                ready = READY.search(line.decode(errors="replace"))
                if ready:
                    heard.append(int(ready[3]))

    def kill(self):
        """Ends the server as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self):
        """Asks the server to end, and tells how it did."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def restart(self):
        """Starts it again over the same data, on the same port."""
        if self.process.poll() is None:
            self.stop()
        return self.start()

    # Clients.

    def bare_environment(self):
        """This process's environment without what AWS tools would read from it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MASTIC_"))}
        return kept | {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A failing call fails at once, instead of after retries.
            "AWS_MAX_ATTEMPTS": "1",
        }

    def environment(self, credentials=None):
        """What a process needs so that its AWS tools use this server."""
        found = self.bare_environment() | (credentials or self.root).environment()
        found |= {"AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}
        if self.ca:
            found["AWS_CA_BUNDLE"] = str(self.ca)
        return found

    def client(self, service, credentials=None, **more):
        """A boto3 client that does not retry, as root unless credentials are given."""
        who = credentials or self.root
        key = (service, who, self.endpoint)
        if not more and key in self._clients:
            return self._clients[key]
        config = botocore.config.Config(retries={"total_max_attempts": 1}, max_pool_connections=50)
        if "config" in more:
            config = config.merge(more.pop("config"))
        made = self._session.client(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token,
            verify=str(self.ca) if self.ca else None,
            config=config,
            **more,
        )
        if not more:
            self._clients[key] = made
        return made

    def cli(self, *arguments, credentials=None, check=True):
        """Runs the AWS CLI: its answer, parsed if it is JSON, or the finished process if not `check`."""
        done = subprocess.run(
            [tool("aws"), *arguments],
            env=self.environment(credentials),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if not check:
            return done
        assert done.returncode == 0, f"aws {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    def mastic(self, *arguments, credentials=None, check=True, environment=None):
        """Runs the `mastic` command: the finished process."""
        done = subprocess.run(
            [binary(), *arguments],
            env=self.environment(credentials) if environment is None else environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert not check or done.returncode == 0, f"mastic {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done

    # Plain HTTP, for what clients refuse to send.

    def http(self, method, path, headers=None, body=b"", timeout=30):
        """One request on a connection of its own."""
        if self.scheme == "https":
            context = ssl.create_default_context(cafile=str(self.ca))
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def signed(self, service, method, path, headers=None, body=b"", credentials=None, when=None, **broken):
        """The headers of a request signed as AWS says; `when` and `broken` (secret, region, hash) make it wrong."""
        who = credentials or self.root
        when = when or datetime.datetime.now(datetime.timezone.utc)
        stamp, day = when.strftime("%Y%m%dT%H%M%SZ"), when.strftime("%Y%m%d")
        digest = broken.get("hash") or hashlib.sha256(body).hexdigest()
        all_headers = {k.lower(): v for k, v in (headers or {}).items()}
        all_headers |= {"host": f"127.0.0.1:{self.port}", "x-amz-date": stamp, "x-amz-content-sha256": digest}
        if who.session_token:
            all_headers["x-amz-security-token"] = who.session_token
        path, _, query = path.partition("?")
        query = "&".join(sorted(pair if "=" in pair else pair + "=" for pair in query.split("&") if pair))
        names = ";".join(sorted(all_headers))
        lines = "".join(f"{k}:{all_headers[k].strip()}\n" for k in sorted(all_headers))
        uri = path if service == "s3" else urllib.parse.quote(path)
        canonical = f"{method}\n{uri}\n{query}\n{lines}\n{names}\n{digest}"
        scope = f"{day}/{broken.get('region', REGION)}/{service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = ("AWS4" + broken.get("secret", who.secret_access_key)).encode()
        for part in [*scope.split("/"), text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        all_headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={who.access_key_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        )
        return all_headers

    def call(self, service, target, payload, credentials=None, **how):
        """One awsJson call: `call("glue", "AWSGlue.GetTable", {...})`; the body is sent as it is if it is bytes."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        return self.http("POST", "/", self.signed(service, "POST", "/", headers, body, credentials, **how), body)

    def form(self, service, payload, credentials=None, **how):
        """One awsQuery call: `form("iam", {"Action": "ListUsers"})`."""
        body = urllib.parse.urlencode(payload).encode()
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self.http("POST", "/", self.signed(service, "POST", "/", headers, body, credentials, **how), body)

    # People.

    def account(self, stem="account"):
        """A new account: its root credentials."""
        answer = self.call("mastic", "Mastic.CreateAccount", {"Name": name(stem)})
        assert answer.status == 200, answer.body
        made = answer.json()
        number, keys = made["Account"]["AccountId"], made["RootCredentials"]
        return Credentials(
            number, keys["AccessKeyId"], keys["SecretAccessKey"], arn=f"arn:aws:iam::{number}:root"
        )

    def user(self, policy=None, by=None):
        """A new IAM user with an access key and, if given, one inline policy."""
        iam, user = self.client("iam", by), name("user")
        arn = iam.create_user(UserName=user)["User"]["Arn"]
        if policy:
            iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return Credentials(arn.split(":")[4], key["AccessKeyId"], key["SecretAccessKey"], arn=arn)

    def role(self, policy=None, trusted=None, by=None, stem="role"):
        """A new role's ARN: Glue may assume it unless another trust policy is given."""
        iam, role = self.client("iam", by), name(stem)
        document = trusted or trust(Service="glue.amazonaws.com")
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
        if policy:
            iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=json.dumps(policy))
        return arn

    def assume(self, role, by=None, **more):
        """The credentials of a new session of a role."""
        more = {"RoleArn": role, "RoleSessionName": name("session")} | more
        made = self.client("sts", by).assume_role(**more)
        keys = made["Credentials"]
        return Credentials(
            role.split(":")[4],
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
            arn=made["AssumedRoleUser"]["Arn"],
        )


def target_directory():
    """Where cargo puts what it builds."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")


def binary():
    """The `mastic` binary under test."""
    found = os.environ.get("MASTIC_BINARY") or target_directory() / "debug" / "mastic"
    assert os.access(found, os.X_OK), f"{found} is not built; `make test` builds it"
    return str(found)


def tool(command):
    """A command of the Python environment that the tests run in."""
    beside = pathlib.Path(sys.executable).parent / command
    found = str(beside) if beside.exists() else shutil.which(command)
    assert found, f"{command} is not installed; `make test` installs it"
    return found
