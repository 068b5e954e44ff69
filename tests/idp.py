"""Identity providers for tests: one that gives OpenID Connect tokens, and one that signs SAML assertions."""

import base64
import datetime
import hashlib
import http.server
import json
import re
import ssl
import subprocess
import threading
import time
import uuid
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape, quoteattr

AWS = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = "https://signin.aws.amazon.com/saml"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def _openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def _url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """An RSA key with a certificate of its own."""

    def __init__(self, folder, name="key"):
        self.file, self.certificate_file = folder / f"{name}.pem", folder / f"{name}.crt"
        self.id = name
        _openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            *("-keyout", str(self.file), "-out", str(self.certificate_file)),
        )

    def issue(self, name):
        """Another key, whose certificate this one signs; the file of it holds both certificates."""
        key = Key(self.file.parent, name)
        extensions = self.file.parent / f"{name}.ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
        request = _openssl("req", "-new", "-key", str(key.file), "-subj", "/CN=issued")
        own = ("-CA", str(self.certificate_file), "-CAkey", str(self.file), "-CAcreateserial")
        made = _openssl("x509", "-req", *own, "-days", "2", "-extfile", str(extensions), data=request)
        key.certificate_file.write_bytes(made + self.certificate_file.read_bytes())
        return key

    def sign(self, data):
        return _openssl("dgst", "-sha256", "-sign", str(self.file), data=data)

    @property
    def certificate(self):
        """Base64 of the certificate, without lines."""
        return "".join(self.certificate_file.read_text().split("-----")[2].split())

    @property
    def thumbprint(self):
        return hashlib.sha1(base64.b64decode(self.certificate)).hexdigest()

    @property
    def jwk(self):
        told = _openssl("rsa", "-in", str(self.file), "-noout", "-modulus").decode()
        modulus = bytes.fromhex(told.strip().split("=")[1])
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": _url64(modulus), "e": "AQAB"}


class Issuer:
    """An OpenID Connect issuer on this machine; with TLS if a key is given for it."""

    def __init__(self, folder, secure=None):
        self.key = Key(folder, "issuer")
        self.keys = [self.key]
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = issuer.documents().get(self.path)
                body = json.dumps(found or {}).encode()
                self.send_response(200 if found else 404)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(secure.certificate_file, secure.file)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"{'https' if secure else 'http'}://{self.host}"

    def documents(self):
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": self.key_set(),
        }

    def key_set(self):
        return {"keys": [key.jwk for key in self.keys]}

    def token(self, key=None, header=None, **claims):
        key, now = key or self.key, int(time.time())
        claims = {"iss": self.url, "sub": "worker-1", "aud": "mastic", "iat": now, "exp": now + 600} | claims
        claims = {name: value for name, value in claims.items() if value is not None}
        head = {"alg": "RS256", "typ": "JWT", "kid": key.id} | (header or {})
        signed = f"{_url64(json.dumps(head).encode())}.{_url64(json.dumps(claims).encode())}"
        return f"{signed}.{_url64(key.sign(signed.encode()))}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def instant(seconds=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class SamlProvider:
    """A SAML identity provider."""

    entity = "https://idp.example.com/saml2"

    def __init__(self, folder):
        self.key = Key(folder, "idp")

    @property
    def metadata(self):
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:X509Data><ds:X509Certificate>{self.key.certificate}</ds:X509Certificate></ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{self.entity}/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"""

    def assertion(self, role, provider, **changes):
        """An unsigned assertion; `changes` replace parts of it."""
        part = {
            "issuer": self.entity,
            "subject": "carla@example.com",
            "recipient": SIGN_IN,
            "audience": "urn:amazon:webservices",
            "issued": instant(),
            "until": instant(300),
            "session": "",
            "attributes": {},
        } | changes
        attributes = {f"{AWS}Role": [f"{role},{provider}"], f"{AWS}RoleSessionName": ["carla"]} | part["attributes"]
        shown = "".join(
            f"<saml:Attribute Name={quoteattr(name)}>"
            + "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
            + "</saml:Attribute>"
            for name, values in attributes.items()
        )
        return (
            f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{uuid.uuid4().hex}" '
            f'IssueInstant="{part["issued"]}" Version="2.0"><saml:Issuer>{part["issuer"]}</saml:Issuer>'
            f'<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">'
            f"{part['subject']}</saml:NameID>"
            f'<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{part["until"]}" Recipient="{part["recipient"]}"/>'
            f"</saml:SubjectConfirmation></saml:Subject>"
            f'<saml:Conditions NotBefore="{instant(-30)}" NotOnOrAfter="{part["until"]}"><saml:AudienceRestriction>'
            f"<saml:Audience>{part['audience']}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{part["issued"]}"{part["session"]}/>'
            f"<saml:AttributeStatement>{shown}</saml:AttributeStatement></saml:Assertion>"
        )

    def signed(self, element, key=None):
        """The element with an enveloped signature after its issuer."""
        key = key or self.key
        name = re.search(r'ID="([^"]*)"', element)[1]
        digest = base64.b64encode(hashlib.sha256(xml.canonicalize(element).encode()).digest()).decode()
        info = (
            f'<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
            f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod>'
            '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
            f'<ds:Reference URI="#{name}"><ds:Transforms>'
            '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>'
            f'<ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform></ds:Transforms>'
            '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
            f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        )
        value = base64.b64encode(key.sign(xml.canonicalize(info).encode())).decode()
        signature = (
            f'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{info}'
            f"<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
        )
        return element.replace("</saml:Issuer>", f"</saml:Issuer>{signature}", 1)

    def wrapped(self, *assertions):
        """The response around assertions."""
        return (
            '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
            f'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{uuid.uuid4().hex}" Version="2.0" '
            f'IssueInstant="{instant()}" Destination="{SIGN_IN}"><saml:Issuer>{self.entity}</saml:Issuer>'
            '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
            f"{''.join(assertions)}</samlp:Response>"
        )

    def response(self, role, provider, **changes):
        """What the provider would have a browser carry."""
        return encoded(self.wrapped(self.signed(self.assertion(role, provider, **changes))))


def encoded(response):
    return base64.b64encode(response.encode()).decode()
