//! Finding any of three bytes in a text.

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Where the bytes are, one after the other. Other than `memchr`'s it looks at a block of bytes at a time and keeps
/// what it has found there: the fields of most texts are shorter than what a vector holds.
#[derive(Clone)]
pub(super) struct Finds<'a> {
    bytes: &'a [u8],
    needles: [u8; 3],
    /// Where the block is in whose bits `found` is.
    block: usize,
    found: u64,
    /// Where the next block begins.
    next: usize,
}

impl<'a> Finds<'a> {
    /// Looks for the needles from `start` on.
    pub(super) fn new(bytes: &'a [u8], start: usize, needles: [u8; 3]) -> Self {
        Self { bytes, needles, block: start, found: 0, next: start }
    }

    /// The next one: where, and which.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(usize, u8)> {
        while self.found == 0 {
            self.look()?;
        }
        let at = self.block + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some((at, self.bytes.get(at).copied()?))
    }

    /// Passes over what is before `at`.
    #[inline]
    pub(super) fn skip_to(&mut self, at: usize) {
        if at >= self.next {
            (self.found, self.next) = (0, at);
        } else {
            self.found &= u64::MAX << at.saturating_sub(self.block);
        }
    }

    fn look(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
        self.found = match rest.first_chunk() {
            Some(block) => marks(block, self.needles),
            None => {
                let mut block = [0; BLOCK];
                for (to, from) in block.iter_mut().zip(rest) {
                    *to = *from;
                }
                marks(&block, self.needles) & !(u64::MAX << rest.len())
            }
        };
        (self.block, self.next) = (self.next, self.next + BLOCK);
        Some(())
    }
}

/// A bit for each byte that is a needle, the first byte's lowest.
#[inline]
fn marks(block: &[u8; BLOCK], [a, b, c]: [u8; 3]) -> u64 {
    let hits = block.map(|byte| u8::from(byte == a) | u8::from(byte == b) | u8::from(byte == c));
    let eights = hits.chunks_exact(8).enumerate();
    eights.fold(0, |marks, (at, eight)| {
        let hits = eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        // The lowest bits of eight bytes come together in the highest byte.
        marks | (hits.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_found_wherever_blocks_end() {
        let text: Vec<u8> = (0..1000u32).map(|n| b"abc,\n\"\x00\xff"[(n * n % 97 % 8) as usize]).collect();
        for (start, end) in [(0, 1000), (1, 64), (3, 67), (63, 65), (500, 500), (999, 1000), (0, 128)] {
            let text = &text[..end];
            let is = |byte: &u8| b",\n\"".contains(byte);
            let known = (start..end).filter(|at| is(&text[*at])).map(|at| (at, text[at]));
            let mut finds = Finds::new(text, start, *b",\n\"");
            let found: Vec<_> = std::iter::from_fn(|| finds.next()).collect();
            assert_eq!(found, known.collect::<Vec<_>>(), "{start}..{end}");
            for to in start..end {
                let mut finds = Finds::new(text, start, *b",\n\"");
                let first = finds.next();
                if first.is_some_and(|(at, _)| at < to) {
                    finds.skip_to(to);
                    let known = (to..end).find(|at| is(&text[*at]));
                    assert_eq!(finds.next().map(|(at, _)| at), known, "{start}..{end} to {to}");
                }
            }
        }
    }
}
