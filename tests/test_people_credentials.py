"""Keys and certificates of users, aliases, summary and credential report, through boto3."""

import csv
import io
import pathlib

import pytest

import harness
from people import PASSWORD, Phone
from test_people import code_of

DATA = pathlib.Path(__file__).parent.parent / "crates/iam/src/people/testdata"
CONFLICT = ("DeleteConflict", 409, "Cannot delete entity, must remove referenced objects first.")


def text(name):
    return (DATA / name).read_text()


@pytest.fixture(scope="module")
def root(server):
    return server.account("keyring")


@pytest.fixture(scope="module")
def iam(server, root):
    return server.client("iam", root)


@pytest.fixture
def user(iam, unique):
    name = unique("person")
    iam.create_user(UserName=name)
    return name


def test_ssh_keys(iam, user):
    made = iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=text("rsa.pub"))["SSHPublicKey"]
    assert made["Fingerprint"] == text("rsa.md5").strip() and made["Status"] == "Active"
    key = {"UserName": user, "SSHPublicKeyId": made["SSHPublicKeyId"]}
    pem = iam.get_ssh_public_key(**key, Encoding="PEM")["SSHPublicKey"]["SSHPublicKeyBody"]
    assert pem == text("rsa.pem").strip()
    line = iam.get_ssh_public_key(**key, Encoding="SSH")["SSHPublicKey"]["SSHPublicKeyBody"]
    assert line.split()[:2] == text("rsa.pub").split()[:2]
    assert code_of(iam.upload_ssh_public_key, UserName=user, SSHPublicKeyBody=pem)[0] == "DuplicateSSHPublicKey"
    assert code_of(iam.upload_ssh_public_key, UserName=user, SSHPublicKeyBody="ssh-rsa AAAA")[0] == "InvalidPublicKey"
    iam.update_ssh_public_key(**key, Status="Inactive")
    assert iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"][0]["Status"] == "Inactive"
    assert code_of(iam.delete_user, UserName=user) == CONFLICT
    iam.delete_ssh_public_key(**key)
    gone = ("NoSuchEntity", 404, f"The Public Key with id {made['SSHPublicKeyId']} cannot be found.")
    assert code_of(iam.delete_ssh_public_key, **key) == gone
    iam.delete_user(UserName=user)


def test_server_certificates(server, root, iam, unique):
    name = unique("www")
    given = {
        "ServerCertificateName": name,
        "Path": "/web/",
        "CertificateBody": text("server.pem"),
        "PrivateKey": text("server.key"),
        "CertificateChain": text("ca.pem"),
    }
    swapped = given | {"PrivateKey": text("ec.key")}
    assert code_of(iam.upload_server_certificate, **swapped)[:2] == ("KeyPairMismatch", 400)
    for wrong in ({"CertificateBody": "nonsense"}, {"PrivateKey": "nonsense"}, {"CertificateChain": text("ec.pem")}):
        assert code_of(iam.upload_server_certificate, **given | wrong)[:2] == ("MalformedCertificate", 400)
    made = iam.upload_server_certificate(**given, Tags=[{"Key": "k", "Value": "v"}])["ServerCertificateMetadata"]
    assert made["Arn"] == f"arn:aws:iam::{root.account}:server-certificate/web/{name}"
    assert made["Expiration"].year > 2100
    assert code_of(iam.upload_server_certificate, **given)[:2] == ("EntityAlreadyExists", 409)
    key = {"ServerCertificateName": name}
    found = iam.get_server_certificate(**key)["ServerCertificate"]
    assert found["CertificateBody"] == text("server.pem").strip()
    assert found["CertificateChain"] == text("ca.pem").strip()
    assert "PrivateKey" not in str(found)
    iam.tag_server_certificate(**key, Tags=[{"Key": "l", "Value": "w"}])
    iam.untag_server_certificate(**key, TagKeys=["k"])
    assert iam.list_server_certificate_tags(**key)["Tags"] == [{"Key": "l", "Value": "w"}]
    person = server.user(harness.statement("iam:GetServerCertificate", made["Arn"]), by=root)
    assert server.client("iam", person).get_server_certificate(**key)
    iam.update_server_certificate(**key, NewServerCertificateName=f"{name}-2", NewPath="/")
    listed = iam.list_server_certificates(PathPrefix="/")["ServerCertificateMetadataList"]
    assert [row["ServerCertificateName"] for row in listed] == [f"{name}-2"]
    missing = ("NoSuchEntity", 404, f"The Server Certificate with name {name} cannot be found.")
    assert code_of(iam.get_server_certificate, **key) == missing
    iam.delete_server_certificate(ServerCertificateName=f"{name}-2")
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []


def test_signing_certificates(iam, user):
    made = iam.upload_signing_certificate(UserName=user, CertificateBody=text("ec.pem"))["Certificate"]
    assert (made["UserName"], made["Status"]) == (user, "Active")
    twice = code_of(iam.upload_signing_certificate, UserName=user, CertificateBody=text("ec.pem"))
    assert twice[:2] == ("DuplicateCertificate", 409)
    wrong = code_of(iam.upload_signing_certificate, UserName=user, CertificateBody=text("ec.key"))
    assert wrong[:2] == ("MalformedCertificate", 400)
    iam.upload_signing_certificate(UserName=user, CertificateBody=text("ca.pem"))
    third = code_of(iam.upload_signing_certificate, UserName=user, CertificateBody=text("server.pem"))
    assert third == ("LimitExceeded", 409, "Cannot exceed quota for CertificatesPerUser: 2")
    iam.update_signing_certificate(UserName=user, CertificateId=made["CertificateId"], Status="Inactive")
    listed = iam.list_signing_certificates(UserName=user)["Certificates"]
    assert sorted(row["Status"] for row in listed) == ["Active", "Inactive"]
    first = iam.list_signing_certificates(UserName=user, MaxItems=1)
    assert first["IsTruncated"] and len(first["Certificates"]) == 1
    text_of = "Cannot delete entity, must delete certificates first."
    assert code_of(iam.delete_user, UserName=user) == ("DeleteConflict", 409, text_of)
    for row in listed:
        iam.delete_signing_certificate(UserName=user, CertificateId=row["CertificateId"])
    gone = code_of(iam.delete_signing_certificate, UserName=user, CertificateId=made["CertificateId"])
    assert gone[2] == f"The Certificate with id {made['CertificateId']} cannot be found."


def test_service_specific_credentials(server, root, iam, user):
    create = iam.create_service_specific_credential
    unknown = code_of(create, UserName=user, ServiceName="glue.amazonaws.com")
    assert unknown == (
        "NoSuchEntity",
        404,
        "No such service glue.amazonaws.com is supported for Service Specific Credentials",
    )
    git = "codecommit.amazonaws.com"
    made = create(UserName=user, ServiceName=git)["ServiceSpecificCredential"]
    assert made["ServiceUserName"] == f"{user}-at-{root.account}" and len(made["ServicePassword"]) == 60
    second = create(UserName=user, ServiceName=git)["ServiceSpecificCredential"]
    assert second["ServiceUserName"] != made["ServiceUserName"]
    assert code_of(create, UserName=user, ServiceName=git)[0] == "LimitExceeded"
    assert code_of(create, UserName=user, ServiceName=git, CredentialAgeDays=3)[0] == "ValidationError"
    api = create(UserName=user, ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30)["ServiceSpecificCredential"]
    assert api["ServiceCredentialSecret"].startswith("ABSK") and api["ExpirationDate"]
    assert "ServicePassword" not in api

    key = {"UserName": user, "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    again = iam.reset_service_specific_credential(**key)["ServiceSpecificCredential"]
    assert again["ServicePassword"] != made["ServicePassword"]
    iam.update_service_specific_credential(**key, Status="Inactive")
    listed = iam.list_service_specific_credentials(UserName=user, ServiceName=git)["ServiceSpecificCredentials"]
    assert sorted(row["Status"] for row in listed) == ["Active", "Inactive"]
    assert all("ServicePassword" not in row for row in listed)
    everybody = iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]
    assert len(everybody) == 3
    only_bedrock = harness.statement(
        "iam:*ServiceSpecificCredential*",
        Condition={"StringEquals": {"iam:ServiceSpecificCredentialServiceName": "bedrock.amazonaws.com"}},
    )
    limited = server.client("iam", server.user(only_bedrock, by=root))
    assert code_of(limited.delete_service_specific_credential, **key)[0] == "AccessDenied"
    assert code_of(limited.create_service_specific_credential, UserName=user, ServiceName=git)[0] == "AccessDenied"
    limited.delete_service_specific_credential(
        UserName=user, ServiceSpecificCredentialId=api["ServiceSpecificCredentialId"]
    )
    assert code_of(iam.delete_user, UserName=user) == CONFLICT
    for row in listed:
        key["ServiceSpecificCredentialId"] = row["ServiceSpecificCredentialId"]
        iam.delete_service_specific_credential(**key)
    missing = code_of(iam.delete_service_specific_credential, **key)
    assert missing[2] == f"No such credential {key['ServiceSpecificCredentialId']} exists"
    iam.delete_user(UserName=user)


def test_account_aliases(server, iam, unique):
    alias, other = unique("team"), unique("team")
    iam.create_account_alias(AccountAlias=alias)
    taken = code_of(server.client("iam").create_account_alias, AccountAlias=alias)
    assert taken == ("EntityAlreadyExists", 409, f"The account alias {alias} already exists.")
    iam.create_account_alias(AccountAlias=other)
    assert iam.list_account_aliases()["AccountAliases"] == [other]
    # The one that was replaced is free again.
    server.client("iam").create_account_alias(AccountAlias=alias)
    server.client("iam").delete_account_alias(AccountAlias=alias)
    assert code_of(iam.create_account_alias, AccountAlias="two--dashes")[0] == "ValidationError"
    assert code_of(iam.create_account_alias, AccountAlias="123456789012")[0] == "ValidationError"
    iam.delete_account_alias(AccountAlias=other)
    assert code_of(iam.delete_account_alias, AccountAlias=other)[0] == "NoSuchEntity"
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_summary_and_report(server, unique):
    root = server.account(unique("counted"))
    iam = server.client("iam", root)
    assert code_of(iam.get_credential_report)[:2] == ("ReportNotPresent", 410)
    person = server.user(by=root)
    iam.create_login_profile(UserName=person.name, Password=PASSWORD)
    Phone(iam, "phone").enable(iam, person.name)
    Phone(iam, "spare")
    iam.update_account_password_policy(MaxPasswordAge=30)
    iam.upload_signing_certificate(UserName=person.name, CertificateBody=text("ec.pem"))
    summary = iam.get_account_summary()["SummaryMap"]
    counted = {"Users": 1, "MFADevices": 2, "MFADevicesInUse": 1, "AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1}
    assert counted.items() <= summary.items()
    assert summary["UsersQuota"] == 5000 and summary["AccountPasswordPresent"] == 0

    started = iam.generate_credential_report()
    assert started["State"] == "STARTED" and "Starting a new report" in started["Description"]
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv" and report["GeneratedTime"]
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", person.name]
    assert len(rows[0]) == 22
    first, second = rows
    assert first["password_enabled"] == "not_supported" and first["access_key_1_active"] == "true"
    assert first["access_key_1_last_used_service"] == "iam" and first["mfa_active"] == "false"
    assert second["arn"] == person.arn and second["mfa_active"] == "true"
    assert second["password_enabled"] == "true" and second["password_last_used"] == "no_information"
    assert second["password_next_rotation"] > second["password_last_changed"].replace("+00:00", "")
    assert (second["cert_1_active"], second["cert_2_active"]) == ("true", "false")
    assert second["access_key_2_last_rotated"] == "N/A"
