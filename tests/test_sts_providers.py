"""Roles for those whom an identity provider vouches for: OpenID Connect and SAML."""

import json
import re

import botocore
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import harness
import idp
from harness import statement
from plugin_coverage import cover


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    running = idp.Issuer(tmp_path_factory.mktemp("issuer"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def saml(tmp_path_factory):
    return idp.SamlProvider(tmp_path_factory.mktemp("saml"))


@pytest.fixture
def world(server):
    return server.account("federation")


def unsigned(server):
    """A client of STS without credentials."""
    config = Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("sts", endpoint_url=server.endpoint, region_name=harness.REGION, config=config)


def failure(call, **arguments):
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


def recorded(server, world, metadata, operation):
    """The call of a stranger is in the trail of the role's account."""
    answer = server.call("mastic", "Mastic.ExplainRequest", {"RequestId": metadata["RequestId"]}, world)
    assert answer.status == 200 and answer.json()["EventName"] == operation, answer.body
    cover("audit", "sts", operation)


def trusting(provider, action, conditions=None, also=()):
    allow = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": [action, *also]}
    if conditions:
        allow["Condition"] = conditions
    return {"Version": "2012-10-17", "Statement": [allow]}


def credentials(account, answer):
    keys = answer["Credentials"]
    return harness.Credentials(
        account, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], arn=answer["AssumedRoleUser"]["Arn"]
    )


# OpenID Connect.


def test_an_openid_connect_provider_lives(server, world, unique):
    iam = server.client("iam", world)
    url = f"https://{unique('id')}.example.com/path"
    made = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["one"], ThumbprintList=["a" * 40], Tags=[{"Key": "team", "Value": "etl"}]
    )
    arn = made["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{world.account}:oidc-provider/{url.removeprefix('https://')}"
    here = {"OpenIDConnectProviderArn": arn}
    code, text = failure(iam.create_open_id_connect_provider, Url=url)
    assert (code, text) == ("EntityAlreadyExists", f"Provider with url {url} already exists.")
    iam.add_client_id_to_open_id_connect_provider(**here, ClientID="two")
    iam.add_client_id_to_open_id_connect_provider(**here, ClientID="two")
    iam.remove_client_id_from_open_id_connect_provider(**here, ClientID="one")
    iam.update_open_id_connect_provider_thumbprint(**here, ThumbprintList=["b" * 40])
    iam.tag_open_id_connect_provider(**here, Tags=[{"Key": "stage", "Value": "test"}])
    iam.untag_open_id_connect_provider(**here, TagKeys=["team"])
    assert iam.list_open_id_connect_provider_tags(**here)["Tags"] == [{"Key": "stage", "Value": "test"}]
    shown = iam.get_open_id_connect_provider(**here)
    assert shown["Url"] == url.removeprefix("https://")
    assert (shown["ClientIDList"], shown["ThumbprintList"]) == (["two"], ["b" * 40])
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    for bad in ("http://id.example.com", "https://id.example.com:8443", "https://id.example.com?a=b"):
        assert failure(iam.create_open_id_connect_provider, Url=bad)[0] == "ValidationError"
    assert failure(iam.update_open_id_connect_provider_thumbprint, **here, ThumbprintList=["c" * 40] * 6)[0] == "InvalidInput"
    iam.delete_open_id_connect_provider(**here)
    code, text = failure(iam.get_open_id_connect_provider, **here)
    assert (code, text) == ("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")


@pytest.fixture
def web(server, world, issuer):
    """A role for tokens of the issuer, and how to assume it."""
    iam = server.client("iam", world)
    provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["mastic"])["OpenIDConnectProviderArn"]
    conditions = {"StringEquals": {f"{issuer.host}:sub": "worker-1", f"{issuer.host}:aud": "mastic"}}
    document = trusting(provider, "sts:AssumeRoleWithWebIdentity", conditions, also=("sts:TagSession", "sts:SetSourceIdentity"))
    role = server.role(statement("glue:GetDatabases"), document, by=world, stem="web")
    sts = unsigned(server)

    def assume(token=None, **more):
        arguments = {"RoleArn": role, "RoleSessionName": "job", "WebIdentityToken": token or issuer.token()} | more
        return sts.assume_role_with_web_identity(**arguments)

    assume.role, assume.provider = role, provider
    return assume


def test_a_token_gives_a_session_of_the_role(server, world, web):
    answer = web()
    recorded(server, world, answer["ResponseMetadata"], "AssumeRoleWithWebIdentity")
    assert answer["SubjectFromWebIdentityToken"] == "worker-1"
    assert (answer["Audience"], answer["Provider"]) == ("mastic", web.provider)
    who = credentials(world.account, answer)
    assert server.client("sts", who).get_caller_identity()["Arn"] == who.arn
    server.client("glue", who).get_databases()
    assert failure(server.client("glue", who).get_tables, DatabaseName="x")[0] == "AccessDeniedException"


def test_tokens_that_prove_nothing(issuer, web, tmp_path, unique):
    other = idp.Key(tmp_path, "other")
    expired = re.escape("Token expired: current date/time ")
    for token, code, text in [
        ("not.a.token", "InvalidIdentityToken", "The ID Token provided is not a valid JWT"),
        (issuer.token(aud="somebody"), "InvalidIdentityToken", "Incorrect token audience"),
        (issuer.token(exp=1700000000), "ExpiredTokenException", expired),
        (issuer.token(nbf=4000000000), "InvalidIdentityToken", "not valid yet"),
        (issuer.token(exp=None), "InvalidIdentityToken", "Missing a required claim: exp"),
        (issuer.token(iss="https://nobody.example.com"), "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://nobody"),
        (issuer.token(key=other), "InvalidIdentityToken", "Couldn't retrieve verification key"),
        (issuer.token(key=other, header={"kid": "issuer"}), "InvalidIdentityToken", "signature"),
        (issuer.token(header={"alg": "none"}), "InvalidIdentityToken", "verification key"),
        (issuer.token(sub="worker-2"), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    ]:
        told = failure(web, token=token)
        assert told[0] == code and re.search(text, told[1]), (told, code, text)
    cover("denial", "sts", "AssumeRoleWithWebIdentity")
    missing = web.role + unique("x")
    assert failure(web, RoleArn=missing) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert failure(web, ProviderId="www.amazon.com")[0] == "ValidationError"


def test_a_token_brings_tags_and_a_source_identity(server, world, issuer, web):
    iam = server.client("iam", world)
    name = web.role.rsplit("/", 1)[1]
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "etl", "aws:SourceIdentity": "carla", f"{issuer.host}:sub": "worker-1"}}
    tagged["StringEquals"]["aws:FederatedProvider"] = web.provider
    document = statement("logs:DescribeLogGroups", Condition=tagged)
    iam.put_role_policy(RoleName=name, PolicyName="tagged", PolicyDocument=json.dumps(document))
    claims = {
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["etl"]}, "transitive_tag_keys": ["team"]},
        "https://aws.amazon.com/source_identity": "carla",
    }
    answer = web(token=issuer.token(**claims))
    assert answer["SourceIdentity"] == "carla" and answer["PackedPolicySize"] > 0
    server.client("logs", credentials(world.account, answer)).describe_log_groups()
    plain = credentials(world.account, web())
    assert failure(server.client("logs", plain).describe_log_groups)[0] == "AccessDeniedException"


def test_an_issuer_may_change_its_keys(server, world, web, issuer, tmp_path):
    web()
    new = idp.Key(tmp_path, "new")
    issuer.keys = [issuer.key, new]
    try:
        # Keys just fetched are not asked for again for ten seconds, whatever a token names.
        harness.wait_for(lambda: accepted(web, issuer.token(key=new)), timeout=30, interval=0.5)
    finally:
        issuer.keys = [issuer.key]


def accepted(web, token):
    """The token is taken once the keys have been fetched again."""
    try:
        return web(token=token)
    except ClientError:
        return None


def test_an_issuer_that_cannot_be_reached(server, world, unique):
    iam = server.client("iam", world)
    url = "http://127.0.0.1:1"
    provider = iam.create_open_id_connect_provider(Url=url, ClientIDList=["mastic"])["OpenIDConnectProviderArn"]
    role = server.role(trusted=trusting(provider, "sts:AssumeRoleWithWebIdentity"), by=world)
    parts = [idp._url64(json.dumps(part).encode()) for part in ({"alg": "RS256"}, {"iss": url, "sub": "a"})]
    code, text = failure(
        unsigned(server).assume_role_with_web_identity,
        RoleArn=role, RoleSessionName="job", WebIdentityToken=".".join([*parts, "AAAA"]),
    )
    assert code == "IDPCommunicationError" and "127.0.0.1:1" in text


def test_an_issuer_proves_itself_by_its_thumbprint(server, world, tmp_path):
    authority = idp.Key(tmp_path, "authority")
    issuer = idp.Issuer(tmp_path, secure=authority.issue("server"))
    try:
        iam = server.client("iam", world)
        made = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["mastic"], ThumbprintList=["a" * 40])
        provider = made["OpenIDConnectProviderArn"]
        role = server.role(trusted=trusting(provider, "sts:AssumeRoleWithWebIdentity"), by=world)
        asked = {"RoleArn": role, "RoleSessionName": "job", "WebIdentityToken": issuer.token()}
        sts = unsigned(server)
        code, text = failure(sts.assume_role_with_web_identity, **asked)
        assert code == "IDPCommunicationError" and "certificate" in text
        iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=provider, ThumbprintList=[authority.thumbprint.upper()]
        )
        assert sts.assume_role_with_web_identity(**asked)["Credentials"]
    finally:
        issuer.close()


def test_keys_of_an_issuer_that_the_server_cannot_reach(own_server, tmp_path):
    issuer = idp.Issuer(tmp_path)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(issuer.key_set()))
    issuer.close()
    issuer.url = "https://id.example.com/eu"
    own_server.arguments = ["--oidc-issuer", f"{issuer.url}={keys}"]
    own_server.start()
    iam = own_server.client("iam")
    provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["mastic"])["OpenIDConnectProviderArn"]
    role = own_server.role(trusted=trusting(provider, "sts:AssumeRoleWithWebIdentity"))
    made = unsigned(own_server).assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="job", WebIdentityToken=issuer.token()
    )
    assert made["AssumedRoleUser"]["Arn"].endswith("/job")


# SAML.


@pytest.fixture
def federated(server, world, saml, unique):
    """A role for assertions of the provider, and how to assume it."""
    iam, name = server.client("iam", world), unique("idp")
    provider = iam.create_saml_provider(SAMLMetadataDocument=saml.metadata, Name=name)["SAMLProviderArn"]
    conditions = {"StringEquals": {"saml:aud": idp.SIGN_IN, "saml:iss": saml.entity}}
    document = trusting(provider, "sts:AssumeRoleWithSAML", conditions, also=("sts:TagSession",))
    role = server.role(statement("glue:GetDatabases"), document, by=world, stem="saml")
    sts = unsigned(server)

    def assume(response=None, **changes):
        response = response or saml.response(role, provider, **changes)
        return sts.assume_role_with_saml(RoleArn=role, PrincipalArn=provider, SAMLAssertion=response)

    assume.role, assume.provider = role, provider
    return assume


def test_a_saml_provider_lives(server, world, saml, unique):
    iam, name = server.client("iam", world), unique("idp")
    made = iam.create_saml_provider(
        SAMLMetadataDocument=saml.metadata, Name=name, Tags=[{"Key": "team", "Value": "etl"}]
    )
    here = {"SAMLProviderArn": made["SAMLProviderArn"]}
    assert here["SAMLProviderArn"] == f"arn:aws:iam::{world.account}:saml-provider/{name}"
    code, _ = failure(iam.create_saml_provider, SAMLMetadataDocument=saml.metadata, Name=name)
    assert code == "EntityAlreadyExists"
    iam.update_saml_provider(**here, SAMLMetadataDocument=saml.metadata + " ")
    iam.tag_saml_provider(**here, Tags=[{"Key": "stage", "Value": "test"}])
    iam.untag_saml_provider(**here, TagKeys=["team"])
    assert iam.list_saml_provider_tags(**here)["Tags"] == [{"Key": "stage", "Value": "test"}]
    shown = iam.get_saml_provider(**here)
    assert shown["SAMLMetadataDocument"] == saml.metadata + " " and shown["ValidUntil"] > shown["CreateDate"]
    assert here["SAMLProviderArn"] in [one["Arn"] for one in iam.list_saml_providers()["SAMLProviderList"]]
    for bad in (saml.metadata.replace("IDPSSODescriptor", "SPSSODescriptor"), "x" * 1000):
        assert failure(iam.create_saml_provider, SAMLMetadataDocument=bad, Name=unique("idp"))[0] == "InvalidInput"
    assert failure(iam.update_saml_provider, **here, AddPrivateKey="k" * 22)[0] == "ValidationError"
    iam.delete_saml_provider(**here)
    assert failure(iam.get_saml_provider, **here)[0] == "NoSuchEntity"


def test_an_assertion_gives_a_session_of_the_role(server, world, saml, federated):
    answer = federated()
    recorded(server, world, answer["ResponseMetadata"], "AssumeRoleWithSAML")
    assert (answer["Subject"], answer["SubjectType"]) == ("carla@example.com", "persistent")
    assert (answer["Issuer"], answer["Audience"]) == (saml.entity, idp.SIGN_IN)
    assert answer["NameQualifier"]
    who = credentials(world.account, answer)
    assert who.arn.endswith("/carla")
    server.client("glue", who).get_databases()
    # The signature may be that of the whole response as well.
    whole = saml.signed(saml.wrapped(saml.assertion(federated.role, federated.provider)))
    federated(response=idp.encoded(whole))


def test_an_assertion_brings_tags_and_a_duration(server, world, federated):
    iam, name = server.client("iam", world), federated.role.rsplit("/", 1)[1]
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "etl", "saml:sub": "carla@example.com", "saml:mail": "c@example.com"}}
    document = statement("logs:DescribeLogGroups", Condition=tagged)
    iam.put_role_policy(RoleName=name, PolicyName="tagged", PolicyDocument=json.dumps(document))
    attributes = {
        f"{idp.AWS}PrincipalTag:team": ["etl"],
        f"{idp.AWS}SessionDuration": ["900"],
        "urn:oid:0.9.2342.19200300.100.1.3": ["c@example.com"],
    }
    answer = federated(attributes=attributes)
    server.client("logs", credentials(world.account, answer)).describe_log_groups()
    now = answer["ResponseMetadata"]["HTTPHeaders"]["date"] if "date" in answer["ResponseMetadata"]["HTTPHeaders"] else None
    assert now is None or answer["Credentials"]["Expiration"]
    ends = federated(session=f' SessionNotOnOrAfter="{idp.instant(100)}"')["Credentials"]["Expiration"]
    assert ends < federated()["Credentials"]["Expiration"]


def test_assertions_that_prove_nothing(server, world, saml, federated, tmp_path):
    role, provider = federated.role, federated.provider
    good = saml.signed(saml.assertion(role, provider))
    evil = saml.assertion(role, provider, subject="eve@example.com")
    other = idp.Key(tmp_path, "other")
    invalid, refused = "InvalidIdentityToken", "Response signature invalid"
    for response, code, text in [
        ("not base64!", invalid, "Invalid base64 SAMLResponse"),
        (idp.encoded("<a/>"), invalid, "Invalid SAML response"),
        (idp.encoded(saml.wrapped(evil)), invalid, refused),
        (idp.encoded(saml.wrapped(saml.signed(evil, key=other))), invalid, refused),
        (idp.encoded(saml.wrapped(good.replace("carla@", "eve@"))), invalid, refused),
        # A comment does not shorten a name.
        (idp.encoded(saml.wrapped(good.replace("carla@example.com", "carla@example.com<!-- -->.evil.org"))), invalid, refused),
        # Signature wrapping: a signed assertion beside, around or within a forged one.
        (idp.encoded(saml.wrapped(evil, good)), invalid, "exactly one"),
        (idp.encoded(saml.wrapped(evil.replace("</saml:Issuer>", f"</saml:Issuer>{good}", 1))), invalid, "exactly one"),
        (idp.encoded("<!DOCTYPE a>" + saml.wrapped(good)), invalid, "document types"),
        (saml.response(role, provider, issuer="https://else.example.com"), invalid, "Issuer not present"),
        (saml.response(role, provider, recipient="https://evil.example.com/saml"), invalid, "recipient"),
        (saml.response(role, provider, audience="urn:other"), invalid, "audience"),
        (saml.response(role, provider, issued=idp.instant(-301)), "ExpiredTokenException", "within 5 minutes"),
        (saml.response(role, provider, until=idp.instant(-1)), "ExpiredTokenException", "expired"),
        (saml.response(role, provider, attributes={f"{idp.AWS}RoleSessionName": []}), invalid, "RoleSessionName is required"),
        (saml.response(role, provider, attributes={f"{idp.AWS}RoleSessionName": ["a b"]}), invalid, "must match"),
        (saml.response(role + "x", provider), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML"),
    ]:
        told = failure(federated, response=response)
        assert told[0] == code and text in told[1], (told, code, text)
    cover("denial", "sts", "AssumeRoleWithSAML")
    # A signature taken from one assertion proves nothing of another.
    moved = re.search(r"<ds:Signature .*</ds:Signature>", good)[0]
    told = failure(federated, response=idp.encoded(saml.wrapped(evil.replace("</saml:Issuer>", f"</saml:Issuer>{moved}", 1))))
    assert told == (invalid, refused)


def test_a_provider_that_is_gone_vouches_for_nobody(server, world, federated):
    federated()
    server.client("iam", world).delete_saml_provider(SAMLProviderArn=federated.provider)
    code, text = failure(federated)
    assert code == "InvalidIdentityToken" and text.startswith("Specified provider doesn't exist")
