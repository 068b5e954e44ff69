//! As much of Protocol Buffers' wire format as an ORC footer takes.

/// The bytes end early or contradict the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A field's value.
pub(super) enum Value<'a> {
    Number(u64),
    /// Text, bytes, another message or packed numbers.
    Bytes(&'a [u8]),
    /// Four or eight bytes, of which nothing is used here.
    Fixed,
}

pub(super) struct Message<'a> {
    rest: &'a [u8],
}

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Gives each field's number and value to `visit`.
    pub(super) fn fields(
        mut self,
        mut visit: impl FnMut(u64, Value<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        while !self.rest.is_empty() {
            let tag = self.varint()?;
            let value = match tag & 7 {
                0 => Value::Number(self.varint()?),
                1 => self.take(8).map(|_| Value::Fixed)?,
                2 => {
                    let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                    Value::Bytes(self.take(length)?)
                }
                5 => self.take(4).map(|_| Value::Fixed)?,
                _ => return Err(Malformed),
            };
            visit(tag >> 3, value)?;
        }
        Ok(())
    }

    /// Numbers one behind the other.
    pub(super) fn packed(mut self, mut visit: impl FnMut(u64)) -> Result<(), Malformed> {
        while !self.rest.is_empty() {
            visit(self.varint()?);
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Malformed)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }
}
