//! What an identity provider asserts of a person, once its signature holds.

use mastic_core::Timestamp;

use super::metadata::Metadata;
use super::tree::{Element, parse};
use super::{PROTOCOL, SAML, signature};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// A signed assertion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assertion {
    pub(crate) issuer: String,
    pub(crate) issued: Timestamp,
    pub(crate) subject: String,
    /// The format of the subject's name, as a URI.
    pub(crate) format: Option<String>,
    /// Where a bearer may present it, and until when: of each confirmation.
    pub(crate) recipients: Vec<(String, Timestamp)>,
    pub(crate) audiences: Vec<String>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_on_or_after: Option<Timestamp>,
    /// When the person's session at the provider ends.
    pub(crate) session_ends: Option<Timestamp>,
    pub(crate) attributes: Vec<(String, Vec<String>)>,
}

/// Why an answer of an identity provider is not believed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distrust {
    /// It is no answer, or one of another shape than this reader takes.
    Malformed(String),
    /// No signature of the provider's holds.
    Signature,
}

impl Assertion {
    /// Reads the one assertion of a response; the response or the assertion must be signed.
    pub(crate) fn read(response: &str, provider: &Metadata) -> Result<Self, Distrust> {
        let malformed = |text: &str| Distrust::Malformed(text.to_owned());
        let root = parse(response).map_err(Distrust::Malformed)?;
        if !root.is(PROTOCOL, "Response") {
            return Err(malformed("its root is no Response"));
        }
        if !unambiguous(&root) {
            return Err(malformed("it does not hold exactly one assertion, or uses an ID twice"));
        }
        if root.all(SAML, "EncryptedAssertion").next().is_some() {
            return Err(malformed("Mastic does not decrypt assertions"));
        }
        let status = root.one(PROTOCOL, "Status").and_then(|status| status.one(PROTOCOL, "StatusCode"));
        if status.and_then(|code| code.attribute("Value")) != Some(SUCCESS) {
            return Err(malformed("its status is not Success"));
        }
        let assertion = root.one(SAML, "Assertion").ok_or_else(|| malformed("it has no assertion"))?;
        // Whatever is signed must be signed rightly; one of the two must be.
        let mut signed = [&root, assertion].into_iter().filter(|part| signature::is_signed(part)).peekable();
        let any = signed.peek().is_some();
        if !any || !signed.all(|part| signature::is_valid(part, &provider.certificates)) {
            return Err(Distrust::Signature);
        }
        content(assertion).ok_or_else(|| malformed("it lacks what every assertion has"))
    }

    /// The values of an attribute.
    pub(crate) fn values(&self, name: &str) -> &[String] {
        self.attributes.iter().find(|(own, _)| own == name).map_or(&[], |(_, values)| values)
    }
}

/// Whether there is one assertion in the whole document and every ID is that of one element.
fn unambiguous(root: &Element) -> bool {
    let (mut ids, mut assertions, mut twice) = (std::collections::HashSet::new(), 0, false);
    root.visit(&mut |element| {
        if element.is(SAML, "Assertion") || element.is(SAML, "EncryptedAssertion") {
            assertions += 1;
        }
        for attribute in element.attributes.iter().filter(|a| a.local.eq_ignore_ascii_case("id")) {
            twice |= !ids.insert(attribute.value.clone());
        }
    });
    assertions == 1 && !twice
}

fn moment(element: &Element, name: &str) -> Option<Option<Timestamp>> {
    match element.attribute(name) {
        None => Some(None),
        Some(text) => Timestamp::parse(text).map(Some),
    }
}

fn content(assertion: &Element) -> Option<Assertion> {
    let subject = assertion.one(SAML, "Subject")?;
    let name = subject.one(SAML, "NameID")?;
    let mut recipients = Vec::new();
    for confirmation in subject.all(SAML, "SubjectConfirmation") {
        if confirmation.attribute("Method") != Some(BEARER) {
            continue;
        }
        let data = confirmation.one(SAML, "SubjectConfirmationData")?;
        let until = Timestamp::parse(data.attribute("NotOnOrAfter")?)?;
        recipients.push((data.attribute("Recipient")?.to_owned(), until));
    }
    let conditions = assertion.one(SAML, "Conditions");
    let audiences = conditions
        .iter()
        .flat_map(|conditions| conditions.all(SAML, "AudienceRestriction"))
        .flat_map(|restriction| restriction.all(SAML, "Audience"))
        .map(Element::text)
        .collect();
    let session_ends = match assertion.all(SAML, "AuthnStatement").next() {
        Some(statement) => moment(statement, "SessionNotOnOrAfter")?,
        None => None,
    };
    let attributes = assertion
        .all(SAML, "AttributeStatement")
        .flat_map(|statement| statement.all(SAML, "Attribute"))
        .filter_map(|attribute| {
            let values = attribute.all(SAML, "AttributeValue").map(Element::text).collect();
            Some((attribute.attribute("Name")?.to_owned(), values))
        })
        .collect();
    Some(Assertion {
        issuer: assertion.one(SAML, "Issuer")?.text(),
        issued: Timestamp::parse(assertion.attribute("IssueInstant")?)?,
        subject: name.text(),
        format: name.attribute("Format").map(str::to_owned),
        recipients,
        audiences,
        not_before: conditions.map_or(Some(None), |c| moment(c, "NotBefore"))?,
        not_on_or_after: conditions.map_or(Some(None), |c| moment(c, "NotOnOrAfter"))?,
        session_ends,
        attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signed by another implementation (signxml, on libxml2), one the assertion, one the whole response.
    const SIGNED: [&str; 2] = [include_str!("fixtures/assertion.xml"), include_str!("fixtures/response.xml")];

    fn provider() -> Metadata {
        Metadata::parse(include_str!("fixtures/metadata.xml")).unwrap()
    }

    #[test]
    fn signatures_of_others_hold() {
        for response in SIGNED {
            let assertion = Assertion::read(response, &provider()).unwrap();
            assert_eq!(assertion.subject, "carla@example.com");
            assert_eq!(assertion.values("x"), ["a<b&c\"d'>", "t\tn\nü"]);
            assert_eq!(assertion.recipients.len(), 1);
        }
    }

    #[test]
    fn what_is_changed_after_signing_does_not_hold() {
        for response in SIGNED {
            for (from, to) in [
                ("carla@", "eve@"),
                ("urn:amazon:webservices", "urn:other"),
                ("</saml:AttributeStatement>", " </saml:AttributeStatement>"),
                ("xml:lang=\"de\"", "xml:lang=\"en\""),
                ("#sha", "#md"),
            ] {
                let changed = response.replacen(from, to, 1);
                assert_ne!(changed, response, "{from}");
                assert!(Assertion::read(&changed, &provider()).is_err(), "{from}");
            }
        }
    }

    #[test]
    fn comments_and_references_are_no_way_around() {
        let hidden = SIGNED[0].replace("carla@example.com<", "carla@example.com<!-- x --><");
        assert_eq!(Assertion::read(&hidden, &provider()).unwrap().subject, "carla@example.com");
        let longer = SIGNED[0].replace("carla@example.com<", "carla@example.com<!-- x -->.org<");
        assert_eq!(Assertion::read(&longer, &provider()), Err(Distrust::Signature));
    }
}
