/// Makes a top-level array a row of records: its brackets and commas become white space.
#[derive(Debug, Default)]
pub(super) struct ArrayScan {
    depth: usize,
    text: bool,
    escaped: bool,
}

impl ArrayScan {
    /// Goes on with the next bytes of the file.
    ///
    /// # Errors
    /// If brackets close that were not opened.
    pub(super) fn open(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        for byte in bytes {
            if self.text {
                match (*byte, std::mem::take(&mut self.escaped)) {
                    (b'\\', false) => self.escaped = true,
                    (b'"', false) => self.text = false,
                    _ => {}
                }
                continue;
            }
            match *byte {
                b'"' => self.text = true,
                b'[' | b'{' => {
                    if self.depth == 0 {
                        *byte = b' ';
                    }
                    self.depth += 1;
                }
                b']' | b'}' => {
                    self.depth = self.depth.checked_sub(1).ok_or("a bracket closes that was not opened")?;
                    if self.depth == 0 {
                        *byte = b' ';
                    }
                }
                b',' if self.depth == 1 => *byte = b' ',
                _ => {}
            }
        }
        Ok(())
    }
}
