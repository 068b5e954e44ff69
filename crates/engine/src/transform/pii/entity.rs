use std::ops::Range;

use datafusion::common::Result;
use regex::Regex;

use crate::spark::compiled;

/// A kind of personal data: its form, what else must hold, and the words by which it is told from other things of
/// the same form.
pub(super) struct Entity {
    pub(super) name: &'static str,
    form: Regex,
    holds: fn(&str) -> bool,
    words: &'static [&'static str],
}

/// A place in a text that holds personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Find {
    pub(super) entity: &'static str,
    pub(super) place: Range<usize>,
}

type Row = (&'static str, &'static str, fn(&str) -> bool, &'static [&'static str]);

/// Names, forms, further checks, and words of which one must be near if the form alone says little.
const ENTITIES: &[Row] = &[
    (
        "EMAIL",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
        any,
        &[],
    ),
    (
        "CREDIT_CARD",
        r"\b[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}\b|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b",
        card,
        &[],
    ),
    (
        "IP_ADDRESS",
        r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b|(?i:\b(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}\b)",
        address,
        &[],
    ),
    ("MAC_ADDRESS", r"(?i:\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b)", any, &[]),
    (
        "PHONE_NUMBER",
        r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|\b[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}\b|\+[1-9]\d{0,2}[ .-]?\d{2,4}(?:[ .-]?\d{2,4}){2,3}\b",
        any,
        &[],
    ),
    ("USA_SSN", r"\b\d{3}-\d{2}-\d{4}\b", social, &[]),
    ("USA_ITIN", r"\b9\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-2]|9[4-9])-\d{4}\b", any, &[]),
    ("USA_ATIN", r"\b9\d{2}-93-\d{4}\b", any, &[]),
    ("USA_PTIN", r"\bP\d{8}\b", any, &["ptin", "preparer"]),
    ("USA_PASSPORT_NUMBER", r"\b[A-Z0-9]\d{8}\b", any, &["passport", "travel document"]),
    (
        "USA_DRIVING_LICENSE",
        r"\b[A-Z]{1,2}\d{5,12}\b|\b\d{7,9}\b",
        any,
        &["driver", "driving", "license", "licence", "dl"],
    ),
    (
        "BANK_ACCOUNT",
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b|\b\d{8,17}\b",
        bank,
        &["account", "acct", "bank", "iban"],
    ),
    ("USA_NATIONAL_PROVIDER_IDENTIFIER", r"\b[12]\d{9}\b", provider, &["npi", "provider", "hipaa"]),
    ("USA_DEA_NUMBER", r"\b[A-Z][A-Z9]\d{7}\b", dea, &["dea", "drug enforcement"]),
    (
        "USA_MEDICARE_BENEFICIARY_IDENTIFIER",
        r"\b[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}\b",
        any,
        &[],
    ),
    (
        "USA_HEALTH_INSURANCE_CLAIM_NUMBER",
        r"\b\d{3}-?\d{2}-?\d{4}-?[A-Z]\d?\b",
        any,
        &["hicn", "claim", "medicare"],
    ),
    ("USA_CPT_CODE", r"\b\d{4}[0-9FTU]\b", any, &["cpt", "procedure"]),
    ("USA_HCPCS_CODE", r"\b[A-V]\d{4}\b", any, &["hcpcs", "procedure", "code"]),
    ("USA_NATIONAL_DRUG_CODE", r"\b\d{4,5}-\d{3,4}-\d{1,2}\b", any, &["ndc", "drug"]),
    ("DATE", r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{4}\b", any, &[]),
    (
        "GENDER",
        r"(?i:\b(?:male|female|man|woman|non-binary|transgender)\b)|\b[MF]\b",
        any,
        &["gender", "sex"],
    ),
    (
        "PERSON_NAME",
        r"\b\p{Lu}[\p{Ll}'’-]+(?: \p{Lu}\.)?(?: \p{Lu}[\p{L}'’-]+){1,2}\b|^\p{Lu}[\p{Ll}'’-]+$",
        any,
        &["name", "customer", "person", "contact", "mr", "mrs", "ms", "dr"],
    ),
];

/// The entity of that name.
///
/// # Errors
/// If its form is broken.
pub(super) fn entity(name: &str) -> Result<Option<Entity>> {
    // The API's own list writes it so.
    let name = if name == "USA_SNN" { "USA_SSN" } else { name };
    ENTITIES
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(name, form, holds, words)| Ok(Entity { name, form: compiled(form)?, holds: *holds, words }))
        .transpose()
}

/// All finds in a text, in their order; where two overlap the longer one counts.
pub(super) fn finds(entities: &[Entity], column: &str, text: &str, strict: bool) -> Vec<Find> {
    let mut all: Vec<Find> = Vec::new();
    for entity in entities {
        if strict && !entity.words.is_empty() && !near(entity.words, column) && !near(entity.words, text) {
            continue;
        }
        let held = entity.form.find_iter(text).filter(|found| (entity.holds)(found.as_str()));
        all.extend(held.map(|found| Find { entity: entity.name, place: found.range() }));
    }
    all.sort_by_key(|find| (find.place.start, std::cmp::Reverse(find.place.end)));
    let mut end = 0;
    all.retain(|find| {
        let apart = find.place.start >= end;
        if apart {
            end = find.place.end;
        }
        apart
    });
    all
}

fn near(words: &[&str], text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(|letter: char| !letter.is_alphanumeric());
    words.iter().any(|word| text.contains(word) && word.len() > 3) || parts.any(|part| words.contains(&part))
}

fn any(_: &str) -> bool {
    true
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|letter| letter.to_digit(10)).collect()
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

fn card(text: &str) -> bool {
    let digits = digits(text);
    (13..=19).contains(&digits.len()) && luhn(&digits)
}

fn provider(text: &str) -> bool {
    let mut all = vec![8, 0, 8, 4, 0];
    all.extend(digits(text));
    luhn(&all)
}

fn address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

fn social(text: &str) -> bool {
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [area, group, serial] => {
            *area != "000" && *area != "666" && !area.starts_with('9') && *group != "00" && *serial != "0000"
        }
        _ => false,
    }
}

fn dea(text: &str) -> bool {
    match digits(text).as_slice() {
        [a, b, c, d, e, f, check] => (a + c + e + 2 * (b + d + f)) % 10 == *check,
        // The second letter may be a 9.
        [_, rest @ ..] if rest.len() == 7 => match rest {
            [a, b, c, d, e, f, check] => (a + c + e + 2 * (b + d + f)) % 10 == *check,
            _ => false,
        },
        _ => false,
    }
}

/// An IBAN whose check digits are right, or a plain number.
fn bank(text: &str) -> bool {
    let plain: String = text.chars().filter(|letter| *letter != ' ').collect();
    if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let Some((head, rest)) = plain.split_at_checked(4) else { return false };
    let rest = rest.chars().chain(head.chars()).filter_map(|letter| letter.to_digit(36));
    rest.fold(0, |rest, digit| (rest * if digit > 9 { 100 } else { 10 } + digit) % 97) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, column: &str, text: &str) -> Vec<String> {
        let entities = [entity(name).unwrap().unwrap()];
        let finds = finds(&entities, column, text, true);
        finds.into_iter().map(|find| text.get(find.place).unwrap().to_owned()).collect()
    }

    #[test]
    fn every_form_compiles_and_check_digits_count() {
        for (name, ..) in ENTITIES {
            assert!(entity(name).unwrap().is_some(), "{name}");
        }
        assert!(entity("SHOE_SIZE").unwrap().is_none());
        for (name, column, text, expected) in [
            ("EMAIL", "c", "write to ann.lee+x@mail.example.com, soon", &["ann.lee+x@mail.example.com"][..]),
            ("CREDIT_CARD", "c", "4111 1111 1111 1111 and 4111 1111 1111 1112", &["4111 1111 1111 1111"]),
            ("CREDIT_CARD", "c", "378282246310005", &["378282246310005"]),
            ("IP_ADDRESS", "c", "10.0.0.1 999.1.1.1 2001:db8::1", &["10.0.0.1", "2001:db8::1"]),
            ("MAC_ADDRESS", "c", "00:1A:2b:3C:4d:5E", &["00:1A:2b:3C:4d:5E"]),
            ("PHONE_NUMBER", "c", "call (212) 555-0123 or 212-555-0123", &["(212) 555-0123", "212-555-0123"]),
            ("USA_SSN", "c", "123-45-6789 000-45-6789", &["123-45-6789"]),
            ("USA_PASSPORT_NUMBER", "c", "123456789", &[]),
            ("USA_PASSPORT_NUMBER", "passport_no", "123456789", &["123456789"]),
            ("BANK_ACCOUNT", "iban", "GB82 WEST 1234 5698 7654 32", &["GB82 WEST 1234 5698 7654 32"]),
            ("USA_NATIONAL_PROVIDER_IDENTIFIER", "npi", "1234567893 1234567890", &["1234567893"]),
            ("USA_DEA_NUMBER", "dea", "AB1234563 AB1234564", &["AB1234563"]),
            ("PERSON_NAME", "customer_name", "Ann Lee", &["Ann Lee"]),
            ("PERSON_NAME", "city", "New York", &[]),
        ] {
            assert_eq!(found(name, column, text), expected, "{name} {text}");
        }
    }
}
