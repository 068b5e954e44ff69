"""Spark outside a run: a Sail cluster of several processes, and Apache Spark's Connect server."""

import functools
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import venv

import harness

# The version of the client in the Python environment of scripts.
SPARK = "pyspark==4.2.0"


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def answers(port):
    """somebody listens"""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


# What makes a Sail server the driver of a cluster.
SETTINGS = {
    "SAIL_MODE": "kubernetes-cluster",
    "SAIL_KUBERNETES__NAMESPACE": "default",
    "SAIL_KUBERNETES__DRIVER_POD_NAME": "",
    "SAIL_CLUSTER__DRIVER_LISTEN_HOST": "127.0.0.1",
    "SAIL_CLUSTER__DRIVER_EXTERNAL_HOST": "127.0.0.1",
    "SAIL_CLUSTER__WORKER_INITIAL_COUNT": "2",
    "SAIL_CLUSTER__WORKER_TASK_SLOTS": "2",
}


class Kubernetes(http.server.ThreadingHTTPServer):
    """As much of Kubernetes as Sail asks of it: a pod that it makes is a process here."""

    def __init__(self, environment):
        super().__init__(("127.0.0.1", 0), Answers)
        self.environment, self.pods = environment, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def pod(self, spec):
        container = spec["containers"][0]
        own = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
        own |= {"SAIL_CLUSTER__WORKER_LISTEN_HOST": "127.0.0.1", "SAIL_CLUSTER__WORKER_EXTERNAL_HOST": "127.0.0.1"}
        self.pods.append(subprocess.Popen([harness.tool("sail"), *container["args"]], env=self.environment | own))

    def configuration(self):
        """What a kubeconfig file says."""
        cluster = {"server": f"http://127.0.0.1:{self.server_port}"}
        return {
            "apiVersion": "v1", "kind": "Config", "current-context": "it", "users": [{"name": "me", "user": {}}],
            "clusters": [{"name": "it", "cluster": cluster}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me", "namespace": "default"}}],
        }


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path.partition("?")[0] == "/api/v1/namespaces/default/pods", self.path
        self.server.pod(wanted["spec"])
        body = json.dumps(wanted).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class SailCluster:
    """A Sail server whose workers are processes of their own; its data is that of a Mastic server."""

    def __init__(self, server, folder, credentials):
        catalog = f'type="glue", name="spark_catalog", region="{harness.REGION}", endpoint_url="{server.endpoint}"'
        environment = server.environment(credentials) | {
            "AWS_ENDPOINT": server.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
            "SAIL_CATALOG__LIST": f"[{{{catalog}}}]",
            "SAIL_CATALOG__DEFAULT_CATALOG": "spark_catalog",
            "RUST_LOG": "error",
        }
        self.kubernetes = Kubernetes(environment)
        file = pathlib.Path(folder) / "kubeconfig"
        file.write_text(json.dumps(self.kubernetes.configuration()))
        port = free_port()
        self.url = f"sc://127.0.0.1:{port}"
        command = [harness.tool("sail"), "spark", "server", "--port", str(port)]
        self.process = subprocess.Popen(command, env=environment | SETTINGS | {"KUBECONFIG": str(file)})
        harness.wait_for(lambda: answers(port), 60)

    def stop(self):
        for process in [self.process, *self.kubernetes.pods]:
            process.terminate()
            process.wait(30)
        self.kubernetes.shutdown()


class ApacheSpark:
    """Apache Spark with its Connect server, on two cores of this machine."""

    def __init__(self, folder):
        home, port = spark_home(), free_port()
        self.url = f"sc://127.0.0.1:{port}"
        settings = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(port),
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(folder),
        }
        command = [str(home / "bin/spark-submit"), "--master", "local[2]", "--class",
                   "org.apache.spark.sql.connect.service.SparkConnectServer"]
        command += [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        # Python functions run in workers of Spark's, which want what scripts find installed.
        environment = os.environ | {"SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        with open(pathlib.Path(folder) / "spark.log", "wb") as log:
            self.process = subprocess.Popen([*command, "spark-internal"], env=environment, cwd=folder, stdout=log,
                                            stderr=log)
        harness.wait_for(lambda: answers(port), 120)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@functools.cache
def spark_home():
    """Where Apache Spark is, from PyPI, in an environment of its own that is kept; Java comes from Debian."""
    if not shutil.which("java"):
        root = [] if os.getuid() == 0 else ["sudo"]
        install = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq default-jre-headless"
        subprocess.run([*root, "sh", "-c", install], check=True, stdout=subprocess.DEVNULL)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "mastic" / SPARK.replace("==", "-")
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", SPARK]
        subprocess.run(pip, check=True)
        (folder / "complete").touch()
    return next(folder.glob("lib/python*/site-packages/pyspark"))
