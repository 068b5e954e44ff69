use crate::document::Part;

/// Which actions can matter to a statement or document, or which one a request is about, as bits:
/// where two gates share none of either kind, they have nothing to do with each other. Different
/// names may share a bit, so the reverse does not follow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gate {
    services: u64,
    actions: u64,
}

impl Gate {
    const OPEN: Self = Self { services: u64::MAX, actions: u64::MAX };

    /// Of one action in lower case.
    pub(crate) fn of(action: &str) -> Self {
        let service = action.split(':').next().unwrap_or_default();
        Self { services: bit(service), actions: bit(action) }
    }

    /// Of an `Action` or `NotAction` element.
    pub(crate) fn of_part(part: &Part) -> Self {
        if part.negated {
            return Self::OPEN;
        }
        let one = |(head, exact): (&str, bool)| match head.split_once(':') {
            _ if exact => Self::of(head),
            Some((service, _)) => Self { services: bit(service), actions: u64::MAX },
            None => Self::OPEN,
        };
        part.patterns.iter().map(|pattern| one(pattern.head())).fold(Self::default(), Self::or)
    }

    /// What matters to either.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { services: self.services | other.services, actions: self.actions | other.actions }
    }

    /// Whether the two may have to do with each other.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.services & other.services != 0 && self.actions & other.actions != 0
    }
}

/// One of 64 bits for a name: FNV-1a's upper bits.
fn bit(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    1 << (hash >> 58)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    #[test]
    fn a_gate_never_shuts_out_what_matters() {
        let gate = |element: &str| {
            let json = format!(r#"{{"Statement":{{"Effect":"Allow",{element},"Resource":"*"}}}}"#);
            let document = Document::parse(&json).unwrap();
            Gate::of_part(document.statements()[0].action.as_ref().unwrap())
        };
        let get = Gate::of("glue:gettable");
        for element in [
            r#""Action":"*""#,
            r#""Action":"GLUE:GetTable""#,
            r#""Action":"glue:*""#,
            r#""Action":["s3:*","glue:Get?able"]"#,
            r#""Action":"*:GetTable""#,
            r#""NotAction":"s3:*""#,
        ] {
            assert!(gate(element).meets(get), "{element}");
        }
        assert!(!gate(r#""Action":"s3:*""#).meets(get));
        assert!(!gate(r#""Action":"glue:DeleteTable""#).meets(get));
    }
}
