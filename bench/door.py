"""GetTable through the front door: requests a second and p99, beside moto's server under the same load."""

import json
import re
import statistics
import subprocess
import tempfile

import boto3
import botocore.exceptions

import measure
from measure import harness

CONNECTIONS, SECONDS, ROUNDS = 32, 5, 3
COLUMNS = [{"Name": f"column_{number}", "Type": "bigint"} for number in range(10)]
BODY = json.dumps({"DatabaseName": "bench", "Name": "orders"}).encode()
HEADERS = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSGlue.GetTable"}


def fill(glue):
    glue.create_database(DatabaseInput={"Name": "bench"})
    storage = {"Columns": COLUMNS, "Location": "s3://bench/orders/"}
    glue.create_table(DatabaseName="bench", TableInput={"Name": "orders", "StorageDescriptor": storage})


def load(endpoint, headers):
    """wrk replays one signed request, which is good for five minutes: requests a second, p50 and p99 in ms."""
    # wrk sends the same host header of its own.
    sent = {name: value for name, value in headers.items() if name != "host"}
    lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in sent.items()]
    script = "\n".join(['wrk.method = "POST"', f"wrk.body = {json.dumps(BODY.decode())}", *lines])
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        told = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", "-s", file.name, endpoint + "/"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert "Non-2xx" not in told and "Socket errors" not in told, told

    def milliseconds(percent):
        number, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", told).groups()
        return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]), milliseconds(50), milliseconds(99)


def main():
    port = measure.free_port()
    peer = subprocess.Popen(
        [harness.tool("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with measure.server() as server:
            fill(server.client("glue"))
            moto = boto3.client(
                "glue",
                endpoint_url=f"http://127.0.0.1:{port}",
                region_name=harness.REGION,
                aws_access_key_id="x",
                aws_secret_access_key="x",
            )
            harness.wait_for(lambda: filled(moto), timeout=60)
            found = {"mastic": [], "moto": []}
            for _ in range(ROUNDS):
                signed = server.signed("glue", "POST", "/", HEADERS, BODY)
                found["mastic"].append(load(server.endpoint, signed))
                found["moto"].append(load(f"http://127.0.0.1:{port}", signed))
    finally:
        peer.terminate()
        peer.wait(30)
    print(f"\nGetTable, {CONNECTIONS} connections, median of {ROUNDS} x {SECONDS} s (wrk on the same machine)")
    print(f"{'':8} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for name, runs in found.items():
        rate, half, most = (statistics.median(column) for column in zip(*runs))
        print(f"{name:8} {rate:8.0f} {half:8.2f} {most:8.2f}")
    ratios = [ours[0] / theirs[0] for ours, theirs in zip(found["mastic"], found["moto"])]
    print(f"ratio    {statistics.median(ratios):8.1f}")


def filled(moto):
    try:
        fill(moto)
        return True
    except botocore.exceptions.EndpointConnectionError:
        return False


if __name__ == "__main__":
    main()
