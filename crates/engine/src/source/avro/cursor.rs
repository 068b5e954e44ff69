/// Bytes that are read from their beginning; nothing is answered where they end too early.
pub(super) struct Bytes<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    pub(super) fn long(&mut self) -> Result<Option<i64>, String> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let Some([byte]) = self.take(1) else { return Ok(None) };
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed()));
            }
        }
        Err("a number has too many bytes".to_owned())
    }

    /// How many records a block says that it has, and how many bytes.
    pub(super) fn sizes(&mut self) -> Result<Option<(i64, usize)>, String> {
        let Some(count) = self.long()? else { return Ok(None) };
        let Some(size) = self.long()? else { return Ok(None) };
        let size = usize::try_from(size).map_err(|_| format!("it says that it has {size} bytes"))?;
        Ok(Some((count, size)))
    }

    /// Bytes with their length before them.
    pub(super) fn value(&mut self) -> Result<Option<&'a [u8]>, String> {
        let Some(size) = self.long()? else { return Ok(None) };
        let size = usize::try_from(size).map_err(|_| format!("a value says that it has {size} bytes"))?;
        Ok(self.take(size))
    }
}
