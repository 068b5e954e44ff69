use crate::document::{Effect, Part, Statement};

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

/// What rules a statement out at a glance. The screens of a document lie side by side, so that those
/// of many documents are seen through before the first statement is read.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    pub(crate) effect: Effect,
    pub(crate) gate: Gate,
    /// Whether what the statement says depends on the request's context.
    pub(crate) contextual: bool,
    /// Where, and with which eight bytes, the literal beginning of its only resource ends; 0 where
    /// there are more resources or none.
    end: usize,
    tail: [u8; 8],
}

impl Screen {
    pub(crate) fn of(statement: &Statement) -> Self {
        let gate = statement.action.as_ref().map(Gate::of_part).unwrap_or_default();
        let head = match &statement.resource {
            Some(Part { negated: false, patterns }) => match &**patterns {
                [only] => only.head().0,
                _ => "",
            },
            _ => "",
        };
        let (end, tail) = head.as_bytes().last_chunk().map_or((0, [0; 8]), |tail| (head.len(), *tail));
        Self { effect: statement.effect, gate, contextual: statement.is_contextual(), end, tail }
    }

    /// Whether the statement may apply to a request about an action of this gate and this resource.
    pub(crate) fn passes(&self, gate: Gate, resource: &str) -> bool {
        let tail = || resource.as_bytes().get(..self.end).and_then(<[u8]>::last_chunk);
        self.gate.meets(gate) && (self.end == 0 || tail() == Some(&self.tail))
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
        let screen = |element: &str| {
            let json = format!(r#"{{"Statement":{{"Effect":"Allow",{element}}}}}"#);
            Screen::of(&Document::parse(&json).unwrap().statements()[0])
        };
        let gate = |element: &str| screen(element).gate;
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

        for (resource, want) in [
            (r#""*""#, true),
            (r#""arn:aws:s3:::bucket/key""#, true),
            (r#""arn:aws:s3:::buck*""#, true),
            (r#""arn:aws:s3:::bucket/k?y""#, true),
            (r#""arn:aws:s3:::bucket/key/x""#, false),
            (r#""arn:aws:s3:::bulk*""#, false),
            (r#"["arn:aws:s3:::bulk*","*"]"#, true),
        ] {
            let screen = screen(&format!(r#""Action":"*","Resource":{resource}"#));
            assert_eq!(screen.passes(get, "arn:aws:s3:::bucket/key"), want, "{resource}");
        }
    }
}
