//! Which attributes of assertions conditions may ask for ("Available keys for SAML-based AWS STS federation").

/// Names of attributes, and the key that stands for each, after `saml:`.
const KNOWN: [(&str, &str); 28] = [
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "edupersonaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "edupersonnickname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "edupersonorgdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", "edupersonorgunitdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", "edupersonprimaryaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "edupersonprincipalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "edupersonentitlement"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.8", "edupersonprimaryorgunitdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "edupersonscopedaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "edupersontargetedid"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "edupersonassurance"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "eduorghomepageuri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.3", "eduorgidentityauthnpolicyuri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "eduorglegalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "eduorgsuperioruri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", "eduorgwhitepagesuri"),
    ("urn:oid:2.5.4.3", "cn"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "name"),
    ("http://schemas.xmlsoap.org/claims/CommonName", "commonName"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "givenName"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "surname"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "mail"),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "primaryGroupSID"),
    ("urn:oid:0.9.2342.19200300.100.1.1", "uid"),
    ("urn:oid:0.9.2342.19200300.100.1.3", "mail"),
    ("urn:oid:0.9.2342.19200300.100.1.45", "organizationStatus"),
    ("urn:oid:2.5.4.45", "x500UniqueIdentifier"),
    ("urn:oid:2.5.4.42", "givenName"),
];

/// The key of an attribute, if conditions may ask for it.
pub(super) fn known(attribute: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(name, _)| *name == attribute).map(|(_, key)| *key)
}
