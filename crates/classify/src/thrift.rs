//! As much of Thrift's compact protocol as a Parquet footer takes: reading, bounded by the bytes
//! at hand and by a depth.

/// The bytes end early or contradict the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// How deep structures may nest.
const MAX_DEPTH: u8 = 32;

/// A field's or an element's wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Bool(bool),
    Byte,
    /// 16, 32 and 64 bits alike.
    Int,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

impl Wire {
    fn of(code: u8) -> Result<Self, Malformed> {
        Ok(match code {
            1 => Self::Bool(true),
            2 => Self::Bool(false),
            3 => Self::Byte,
            4..=6 => Self::Int,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            _ => return Err(Malformed),
        })
    }
}

pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Malformed)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.bytes.split_first().ok_or(Malformed)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// A signed integer of any width.
    pub(crate) fn int(&mut self) -> Result<i64, Malformed> {
        let raw = self.varint()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    pub(crate) fn binary(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        self.take(length)
    }

    /// A list's length and the type of its elements. An element takes a byte at least, so the
    /// length cannot exceed the bytes left.
    pub(crate) fn list(&mut self) -> Result<(usize, Wire), Malformed> {
        let header = self.byte()?;
        let length = match header >> 4 {
            15 => usize::try_from(self.varint()?).map_err(|_| Malformed)?,
            short => usize::from(short),
        };
        if length > self.bytes.len() {
            return Err(Malformed);
        }
        Ok((length, Wire::of(header & 0x0f)?))
    }

    /// Gives each field of a struct to `visit`, which reads it or answers `false` to have it skipped.
    pub(crate) fn fields(
        &mut self,
        mut visit: impl FnMut(&mut Self, i64, Wire) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        let mut id = 0i64;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Ok(());
            }
            id = match header >> 4 {
                0 => self.int()?,
                delta => id.checked_add(i64::from(delta)).ok_or(Malformed)?,
            };
            let wire = Wire::of(header & 0x0f)?;
            if !visit(self, id, wire)? {
                self.skip(wire, MAX_DEPTH)?;
            }
        }
    }

    fn skip(&mut self, wire: Wire, depth: u8) -> Result<(), Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed)?;
        match wire {
            Wire::Bool(_) => Ok(()),
            Wire::Byte => self.byte().map(drop),
            Wire::Int => self.varint().map(drop),
            Wire::Double => self.take(8).map(drop),
            Wire::Binary => self.binary().map(drop),
            Wire::List => {
                let (length, element) = self.list()?;
                (0..length).try_for_each(|_| self.skip_element(element, depth))
            }
            Wire::Map => {
                let length = self.varint()?;
                if length == 0 {
                    return Ok(());
                }
                let types = self.byte()?;
                let (key, value) = (Wire::of(types >> 4)?, Wire::of(types & 0x0f)?);
                (0..length).try_for_each(|_| {
                    self.skip_element(key, depth)?;
                    self.skip_element(value, depth)
                })
            }
            Wire::Struct => loop {
                let header = self.byte()?;
                if header == 0 {
                    return Ok(());
                }
                if header >> 4 == 0 {
                    self.int()?;
                }
                self.skip(Wire::of(header & 0x0f)?, depth)?;
            },
        }
    }

    /// Inside a list or map a bool is a byte of its own.
    fn skip_element(&mut self, wire: Wire, depth: u8) -> Result<(), Malformed> {
        match wire {
            Wire::Bool(_) => self.byte().map(drop),
            other => self.skip(other, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Malformed, Reader, Wire};

    #[test]
    fn integers_are_zigzag() {
        for (bytes, value) in [(&[0u8][..], 0), (&[1], -1), (&[2], 1), (&[0xac, 0x02], 150)] {
            assert_eq!(Reader::new(bytes).int(), Ok(value));
        }
        assert_eq!(Reader::new(&[0x80; 11]).int(), Err(Malformed));
    }

    #[test]
    fn fields_are_visited_or_skipped() {
        // 1: i32 = 1, 2: list<bool> of 2 (skipped), 20: binary "ab", stop.
        let bytes = [0x15, 0x02, 0x19, 0x21, 0x01, 0x02, 0x08, 0x28, 0x02, b'a', b'b', 0x00];
        let mut seen = Vec::new();
        Reader::new(&bytes)
            .fields(|reader, id, wire| match wire {
                Wire::Int => reader.int().map(|n| seen.push((id, n.to_string()))).map(|()| true),
                Wire::Binary => {
                    let text = String::from_utf8_lossy(reader.binary()?).into_owned();
                    seen.push((id, text));
                    Ok(true)
                }
                _ => Ok(false),
            })
            .unwrap();
        assert_eq!(seen, [(1, "1".to_owned()), (20, "ab".to_owned())]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_run_away(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Reader::new(&bytes).fields(|_, _, _| Ok(false));
        }
    }
}
