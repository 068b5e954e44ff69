"""Writes sigv4.json beside this file: requests signed by botocore, fixed in time.

Run once, by hand: `python3 vectors.py`. Needs botocore.
"""

import datetime
import json
import pathlib
import random

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

botocore.auth.get_current_datetime = lambda *a, **k: NOW.replace(tzinfo=None)


def request(method, url, headers, body):
    return AWSRequest(method=method, url=url, headers=headers, data=body.encode())


def case(name, signer, service, req, token):
    creds = Credentials(KEY, SECRET, token)
    args = {"expires": 900} if "Query" in signer else {}
    getattr(botocore.auth, signer)(creds, service, "eu-west-1", **args).add_auth(req)
    prepared = req.prepare()
    rest = prepared.url.split("://", 1)[1]
    host, _, target = rest.partition("/")
    path, _, query = ("/" + target).partition("?")
    headers = [[k.lower(), v.decode() if isinstance(v, bytes) else v] for k, v in prepared.headers.items()]
    headers = [h for h in headers if h[0] != "content-length"]
    if not any(k == "host" for k, _ in headers):
        headers.append(["host", host])
    body = prepared.body or b""
    return {
        "name": name, "service": service, "method": req.method, "path": path, "query": query,
        "headers": headers, "body": body.decode(), "token": token,
    }


def main():
    rng = random.Random(7)
    out = []
    for token in (None, "FwoGZXIvYXdzEXAMPLE//token+=="):
        tag = "token" if token else "plain"
        json_headers = {"X-Amz-Target": "AWSGlue.GetTable", "Content-Type": "application/x-amz-json-1.1",
                        "X-Amz-Meta-Spaces": "  a   b  c "}
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        out.append(case(f"json {tag}", "SigV4Auth", "glue",
                        request("POST", "http://127.0.0.1:4566/", dict(json_headers), '{"Name":"t"}'), token))
        out.append(case(f"query {tag}", "SigV4Auth", "sts",
                        request("POST", "https://sts.eu-west-1.amazonaws.com/", dict(form),
                                "Action=GetCallerIdentity&Version=2011-06-15"), token))
        out.append(case(f"presigned query {tag}", "SigV4QueryAuth", "sts",
                        request("GET", "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
                                {}, ""), token))
        out.append(case(f"rest path {tag}", "SigV4Auth", "lambda",
                        request("GET", "https://h.example/2015/a%20b/./c/..//f%3Ag?x=1&a=%2F&A=b&a=", {}, ""), token))
        for n in range(12):
            alphabet = "abcXYZ019-_.~ /=()'!*,;:@&+$#?%é漢"
            key = "".join(rng.choice(alphabet) for _ in range(rng.randint(1, 30))).lstrip("/") or "k"
            from urllib.parse import quote
            url = f"http://127.0.0.1:4566/bucket/{quote(key, safe='/~')}"
            signer = "S3SigV4Auth" if n % 2 else "S3SigV4QueryAuth"
            body = "x" * n if n % 2 else ""
            method = "PUT" if n % 2 else "GET"
            query = "?prefix=" + quote(key, safe="-_.~") + "&list-type=2" if n % 3 == 0 else ""
            out.append(case(f"s3 {n} {tag}", signer, "s3", request(method, url + query, {}, body), token))
    data = {"access_key_id": KEY, "secret": SECRET, "region": "eu-west-1", "now": "20260102T030405Z", "cases": out}
    path = pathlib.Path(__file__).with_name("sigv4.json")
    path.write_text(json.dumps(data, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
