//! ORC's run length encodings, version 1.

/// The fewest equal steps that make a run, and the most.
const SHORTEST: usize = 3;
const LONGEST: usize = 130;
/// The most values that stand for themselves together.
const LITERALS: usize = 128;

/// Whole numbers: runs with a constant step, and others as they are.
#[derive(Debug, Default)]
pub(super) struct Integers {
    signed: bool,
    out: Vec<u8>,
    literals: Vec<i64>,
    run: Option<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    first: i64,
    last: i64,
    step: i8,
    length: usize,
}

impl Integers {
    /// Of numbers that may be negative, or may not.
    pub(super) fn new(signed: bool) -> Self {
        Self { signed, ..Self::default() }
    }

    /// From here on numbers may be negative.
    pub(super) fn sign(&mut self) {
        self.signed = true;
    }

    pub(super) fn memory(&self) -> usize {
        self.out.len() + self.literals.len() * 8
    }

    pub(super) fn push(&mut self, value: i64) {
        if let Some(run) = &mut self.run {
            if run.last.checked_add(i64::from(run.step)) == Some(value) && run.length < LONGEST {
                run.last = value;
                run.length += 1;
                return;
            }
            self.end_run();
        }
        self.literals.push(value);
        if let [.., first, second, third] = self.literals.as_slice()
            && let Some(step) = second.checked_sub(*first).and_then(|step| i8::try_from(step).ok())
            && second.checked_add(i64::from(step)) == Some(*third)
        {
            let run = Run { first: *first, last: *third, step, length: SHORTEST };
            self.literals.truncate(self.literals.len() - SHORTEST);
            self.end_literals();
            self.run = Some(run);
        } else if self.literals.len() == LITERALS {
            self.end_literals();
        }
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        self.out.push(u8::try_from(run.length - SHORTEST).unwrap_or(0));
        self.out.push(run.step.cast_unsigned());
        self.write(run.first);
    }

    fn end_literals(&mut self) {
        let literals = std::mem::take(&mut self.literals);
        if literals.is_empty() {
            return;
        }
        self.out.push(negative(literals.len()));
        for value in literals {
            self.write(value);
        }
    }

    fn write(&mut self, value: i64) {
        let value = if self.signed { (value << 1) ^ (value >> 63) } else { value };
        varint(&mut self.out, u128::from(value.cast_unsigned()));
    }

    /// The bytes; nothing is left.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.end_run();
        self.end_literals();
        std::mem::take(&mut self.out)
    }
}

fn negative(count: usize) -> u8 {
    u8::try_from(256 - count.clamp(1, LITERALS)).unwrap_or(0)
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Bytes: runs of equal ones, and others as they are.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    out: Vec<u8>,
    literals: Vec<u8>,
    run: Option<(u8, usize)>,
}

impl Bytes {
    pub(super) fn memory(&self) -> usize {
        self.out.len() + self.literals.len()
    }

    pub(super) fn push(&mut self, value: u8) {
        if let Some((byte, length)) = &mut self.run {
            if *byte == value && *length < LONGEST {
                *length += 1;
                return;
            }
            self.end_run();
        }
        self.literals.push(value);
        if let [.., first, second, third] = self.literals.as_slice()
            && first == second
            && second == third
        {
            self.literals.truncate(self.literals.len() - SHORTEST);
            self.end_literals();
            self.run = Some((value, SHORTEST));
        } else if self.literals.len() == LITERALS {
            self.end_literals();
        }
    }

    fn end_run(&mut self) {
        if let Some((byte, length)) = self.run.take() {
            self.out.push(u8::try_from(length - SHORTEST).unwrap_or(0));
            self.out.push(byte);
        }
    }

    fn end_literals(&mut self) {
        if !self.literals.is_empty() {
            self.out.push(negative(self.literals.len()));
            self.out.append(&mut self.literals);
        }
    }

    /// The bytes; nothing is left.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.end_run();
        self.end_literals();
        std::mem::take(&mut self.out)
    }
}

/// Truth values, eight a byte, the first in the highest bit.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Bytes,
    byte: u8,
    count: u8,
}

impl Bits {
    pub(super) fn memory(&self) -> usize {
        self.bytes.memory()
    }

    pub(super) fn push(&mut self, value: bool) {
        self.byte = self.byte << 1 | u8::from(value);
        self.count += 1;
        if self.count == 8 {
            self.bytes.push(self.byte);
            (self.byte, self.count) = (0, 0);
        }
    }

    /// The bytes; nothing is left.
    pub(super) fn take(&mut self) -> Vec<u8> {
        while self.count > 0 {
            self.push(false);
        }
        self.bytes.take()
    }
}
