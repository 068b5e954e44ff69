"""PostgreSQL and MariaDB of Debian's packages for the tests, on loopback and with TLS; they end with the tests."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

import pytest

from harness import wait_for

PASSWORD = "not-to-be-seen-4711"
HOST = "127.0.0.1"


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A certificate authority of the tests' own, and what it signed."""

    def __init__(self, folder, name, key="rsa:2048"):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", *key.split(), "-nodes", "-days", "30", "-subj", f"/CN={name}",
                "-keyout", self.key, "-out", self.certificate)  # fmt: skip

    def sign(self, host, *names):
        """Certificate and key of a host that has these names."""
        stem = self.folder / f"{self.name}-{host}"
        key, request, made = (stem.with_suffix(end) for end in (".key", ".csr", ".pem"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", key, "-out", request)
        extensions = stem.with_suffix(".ext")
        extensions.write_text("subjectAltName=" + ",".join(names) + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", "30", "-extfile", extensions, "-out", made)  # fmt: skip
        return made, key


@dataclasses.dataclass
class Database:
    """A database server that runs: as who and where it is reached."""

    folder: pathlib.Path
    certificate: pathlib.Path | None = None
    key: pathlib.Path | None = None
    user: str = "glue"
    password: str = PASSWORD
    process: subprocess.Popen | None = None

    def __post_init__(self):
        self.port = free_port()
        # Database servers refuse to run as root.
        self.owner = "nobody" if os.geteuid() == 0 else None
        self.folder.mkdir()
        for file in filter(None, (self.certificate, self.key)):
            copy = self.folder / f"server{file.suffix}"
            shutil.copy(file, copy)
            copy.chmod(0o600)
        self._give()

    def _give(self):
        if self.owner:
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, self.owner)

    def _run(self, command):
        done = subprocess.run([str(part) for part in command], user=self.owner, cwd=self.folder, env=self._environment(),
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def _environment(self):
        return {"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    def _start(self, command):
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen([str(part) for part in command], user=self.owner, cwd=self.folder,
                                        env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip

        def answers():
            """the database answers"""
            assert self.process.poll() is None, (self.folder / "log").read_text()
            with contextlib.suppress(AssertionError):
                return self.sql("SELECT 1")

        try:
            wait_for(answers, timeout=60)
        except AssertionError as error:
            raise AssertionError((self.folder / "log").read_text()) from error
        return self

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def url(self):
        return f"jdbc:{self.engine}://{HOST}:{self.port}/{self.database}"

    def properties(self, **changed):
        """Properties of a connection to it; what is None is left out."""
        given = {"JDBC_CONNECTION_URL": self.url, "USERNAME": self.user, "PASSWORD": self.password} | changed
        return {key: value for key, value in given.items() if value is not None}

    def _sql(self, command, text, environment):
        done = subprocess.run(command, input=text, env=self._environment() | environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


class Postgres(Database):
    engine = "postgresql"
    database = "nyc"

    def start(self):
        binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._give()
        self._run([binaries / "initdb", "-D", self.folder / "data", "-U", self.user, "-A", "scram-sha-256", "-E", "UTF8",
                   "--pwfile", secret, "--no-sync"])  # fmt: skip
        self._begin(binaries)
        self.sql("CREATE DATABASE nyc", database="postgres")
        return self

    def _begin(self, binaries):
        self.database = "postgres"
        settings = ["listen_addresses=" + HOST, f"port={self.port}", "unix_socket_directories=", "fsync=off"]
        if self.certificate:
            at = self.folder / "server"
            settings += ["ssl=on", f"ssl_cert_file={at}.pem", f"ssl_key_file={at}.key"]
        self._start([binaries / "postgres", "-D", self.folder / "data", *(f"--{setting}" for setting in settings)])
        self.database = "nyc"

    def sql(self, text, database=None):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(self.port)]
        command += ["-U", self.user, "-d", database or self.database]
        return self._sql(command, text, {"PGPASSWORD": self.password})


class MariaDb(Database):
    engine = "mysql"
    database = "nyc"

    def start(self):
        data = self.folder / "data"
        self._run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal"])
        first = self.folder / "first.sql"
        # One statement a line.
        first.write_text(
            f"CREATE USER '{self.user}'@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO '{self.user}'@'%' WITH GRANT OPTION;\n"
            "CREATE DATABASE nyc;\n"
        )
        self._give()
        settings = [f"datadir={data}", f"port={self.port}", "bind-address=" + HOST, f"socket={self.folder}/socket"]
        settings += ["skip-log-bin", "innodb-flush-log-at-trx-commit=0", "innodb-buffer-pool-size=32M"]
        settings += [f"init-file={first}", "innodb-log-file-size=8M"]
        if self.certificate:
            at = self.folder / "server"
            settings += [f"ssl-cert={at}.pem", f"ssl-key={at}.key"]
        return self._start(["mariadbd", "--no-defaults", *(f"--{setting}" for setting in settings)])

    def sql(self, text, database=None):
        command = ["mariadb", "--no-defaults", "-h", HOST, "-P", str(self.port), "-u", self.user, "-N", "-B", "--skip-ssl",
                   "--default-character-set=utf8mb4"]  # fmt: skip
        return self._sql([*command, database or self.database], text, {"MYSQL_PWD": self.password})


@contextlib.contextmanager
def watched(database, marker=None, then=None, passes=False, connections=None):
    """A port that leads to the database, until a client says `marker`: then `then` is called, and what was said is not passed
    on unless `passes`. `connections` counts."""
    with socket.create_server((HOST, 0)) as listener:

        def carry(source, target, watch):
            with contextlib.suppress(OSError):
                while heard := source.recv(1 << 16):
                    if watch and marker and marker in heard:
                        if then:
                            then()
                        if not passes:
                            break
                    target.sendall(heard)
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    client, peer = listener.accept()
                    if connections is not None:
                        connections.append(peer)
                    server = socket.create_connection((HOST, database.port))
                    for arguments in ((client, server, True), (server, client, False)):
                        threading.Thread(target=carry, args=arguments, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.fixture(scope="session")
def folder():
    """A folder that other users may enter, unlike pytest's own."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="mastic-databases-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def authority(folder):
    return Authority(folder, "trusted")


@contextlib.contextmanager
def running(database):
    try:
        yield database.start()
    finally:
        database.kill()


@pytest.fixture(scope="session")
def postgres(folder, authority):
    made = authority.sign("localhost", "DNS:localhost", f"IP:{HOST}")
    with running(Postgres(folder / "postgres", *made)) as database:
        yield database


@pytest.fixture(scope="session")
def mariadb(folder, authority):
    made = authority.sign("localhost", "DNS:localhost", f"IP:{HOST}")
    with running(MariaDb(folder / "mariadb", *made)) as database:
        yield database
