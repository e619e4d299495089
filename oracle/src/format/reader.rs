//! Bytes from the front or from the back, each asked for by the name of what
//! they are.

use super::FormatError;

/// What is left of a report.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next bytes.
    pub(super) fn take(
        &mut self,
        length: usize,
        what: &'static str,
    ) -> Result<&'a [u8], FormatError> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(FormatError::Short(what))?;
        self.0 = tail;
        Ok(head)
    }

    /// The last bytes.
    pub(super) fn take_back(
        &mut self,
        length: usize,
        what: &'static str,
    ) -> Result<&'a [u8], FormatError> {
        let start = self.0.len().checked_sub(length).ok_or(FormatError::Short(what))?;
        let (head, tail) = self.0.split_at(start);
        self.0 = head;
        Ok(tail)
    }

    /// The next bytes, as many as the array holds.
    pub(super) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], FormatError> {
        self.take(N, what)?.try_into().map_err(|_| FormatError::Short(what))
    }

    /// The next byte.
    pub(super) fn byte(&mut self, what: &'static str) -> Result<u8, FormatError> {
        Ok(self.array::<1>(what)?[0])
    }

    /// A big-endian number in the last bytes, at most eight.
    pub(super) fn number_back(
        &mut self,
        length: usize,
        what: &'static str,
    ) -> Result<u64, FormatError> {
        let bytes = self.take_back(length, what)?;
        Ok(bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    /// Nothing is left.
    pub(super) fn end(&self) -> Result<(), FormatError> {
        if self.0.is_empty() { Ok(()) } else { Err(FormatError::Trailing(self.0.len())) }
    }
}
