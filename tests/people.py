"""People for tests: telephones that show codes, and sign-in over plain HTTP."""

import base64
import hashlib
import hmac
import json
import subprocess
import time

import harness

PASSWORD = "Correct-horse-7"


class Phone:
    """A virtual MFA device with its seed."""

    def __init__(self, iam, name):
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        self.serial = made["SerialNumber"]
        self.seed = made["Base32StringSeed"]
        self.image = made["QRCodePNG"]

    def code(self, off=0):
        """The code `off` half minutes from now (RFC 6238)."""
        step = int(time.time()) // 30 + off
        tag = hmac.new(base64.b32decode(self.seed), step.to_bytes(8, "big"), hashlib.sha1).digest()
        at = tag[-1] & 15
        return f"{(int.from_bytes(tag[at:at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"

    def enable(self, iam, user):
        """Belongs to the user from now on; codes of the past are used, so that the present one is good."""
        iam.enable_mfa_device(
            UserName=user,
            SerialNumber=self.serial,
            AuthenticationCode1=self.code(-3),
            AuthenticationCode2=self.code(-2),
        )
        return self


def sign_in(server, account, user, password=PASSWORD, **more):
    """What the server answers to an attempt."""
    given = {"Account": account, "UserName": user, "Password": password} | more
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Mastic.SignIn"}
    return server.http("POST", "/", headers, json.dumps(given).encode())


def credentials(answer):
    """The credentials in a successful answer."""
    assert answer.status == 200, answer.body
    found = answer.json()
    keys = found["Credentials"]
    return harness.Credentials(
        found["AccountId"], keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], arn=found["Arn"]
    )


def command(server, *arguments, lines):
    """`mastic sign-in` with these lines on standard input: the finished process."""
    environment = {k: v for k, v in server.environment().items() if not k.startswith("AWS_ACCESS")}
    return subprocess.run(
        [harness.binary(), "sign-in", *arguments],
        env=environment,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
    )
