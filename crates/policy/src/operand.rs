use std::net::IpAddr;

use mastic_core::Timestamp;

/// A finite decimal number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite())
}

/// A moment: epoch seconds, or one of the ISO 8601 forms of W3C's "Date and Time Formats" from
/// `2026` down to fractions of a second. Four digits alone are a year; without a zone it is UTC.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() != 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Timestamp::from_secs);
    }
    let text = text.to_ascii_uppercase();
    let (day, clock) = text.split_once('T').unwrap_or((&text, "00:00:00Z"));
    let day = match day.len() {
        4 => format!("{day}-01-01"),
        7 => format!("{day}-01"),
        _ => day.to_owned(),
    };
    let (clock, zone) = match clock.find(['Z', '+', '-']).and_then(|at| clock.split_at_checked(at)) {
        Some(parts) => parts,
        None => (clock, "Z"),
    };
    let seconds = if clock.matches(':').count() == 1 { ":00" } else { "" };
    Timestamp::parse(&format!("{day}T{clock}{seconds}{zone}")).or_else(|| Timestamp::parse(&text))
}

/// A range of addresses in CIDR form; an address alone is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// Whether every address of `other` is in this range.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.prefix <= other.prefix
            && self.contains(other.address)
    }

    /// How many leading bits are fixed, and whether the addresses are of IPv4.
    pub(crate) fn width(self) -> (u32, bool) {
        (self.prefix, self.address.is_ipv4())
    }

    /// Whether the range holds `address`; an IPv4 address in IPv6 clothes is an IPv4 address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_date() {
        let at = |text| date(text).map(Timestamp::secs);
        assert_eq!(at("1770000000"), Some(1_770_000_000));
        for text in [
            "2026-02-02T02:40:00Z",
            "2026-02-02T02:40Z",
            "2026-02-02t02:40:00z",
            "2026-02-02T03:40:00+01:00",
            "2026-02-02T03:40+01:00",
            "2026-02-02T01:40:00.000-01:00",
            "2026-02-02T02:40:00",
            "20260202T024000Z",
        ] {
            assert_eq!(at(text), Some(1_770_000_000), "{text}");
        }
        assert_eq!(at("2026"), at("2026-01-01T00:00:00Z"));
        assert_eq!(at("2026-02"), at("2026-02-01"));
        for text in ["", "soon", "2026-13", "2026-02-02T25:00Z", "T", "ü-02-02"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_of_addresses() {
        let holds = |range, address: &str| Network::parse(range).unwrap().contains(address.parse().unwrap());
        assert!(holds("203.0.113.0/24", "203.0.113.255"));
        assert!(!holds("203.0.113.0/24", "203.0.114.0"));
        assert!(holds("203.0.113.9", "203.0.113.9"));
        assert!(!holds("203.0.113.9", "203.0.113.8"));
        assert!(holds("0.0.0.0/0", "1.2.3.4"));
        assert!(holds("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1"));
        assert!(!holds("2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(!holds("::/0", "1.2.3.4"));
        assert!(holds("1.2.3.0/24", "::ffff:1.2.3.4"));
        for text in ["", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/x", "1.2.3.4/-1"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
