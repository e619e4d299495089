//! A stream that is hashed and counted while it is read, in bounded memory.

use std::io::{self, Read};

use blake2::{Blake2b512, Digest};
use halo2_axiom::halo2curves::bn256::{G1Affine, G2Affine};
use rayon::prelude::*;

use crate::srs::check::{G1_BYTES, G2_BYTES, decode_g1, decode_g2};
use crate::srs::{Element, Malformed, SrsError};

/// Points decoded at a time.
const CHUNK: u64 = 4096;
/// Bytes skipped at a time.
const SKIP: usize = 1 << 18;

/// Reads from a stream.
pub(crate) struct Source<R> {
    inner: R,
    hasher: Blake2b512,
    position: u64,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, hasher: Blake2b512::new(), position: 0 }
    }

    /// Fills the buffer.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), SrsError> {
        let wanted = buffer.len() as u64;
        self.inner.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Malformed::Truncated { at: self.position, wanted }.into()
            }
            _ => SrsError::Io(error),
        })?;
        self.hasher.update(&*buffer);
        self.position += wanted;
        Ok(())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], SrsError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SrsError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, SrsError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads, and hashes, what is not used.
    pub(crate) fn skip(&mut self, length: u64) -> Result<(), SrsError> {
        let size = usize::try_from(length).map_or(SKIP, |length| length.min(SKIP));
        let mut buffer = vec![0; size];
        let mut left = length;
        while left > 0 {
            let step = usize::try_from(left).map_or(size, |left| left.min(size));
            self.fill(&mut buffer[..step])?;
            left -= step as u64;
        }
        Ok(())
    }

    /// Reads so many elements of the first group. What is allocated follows
    /// what was read, not what was claimed.
    pub(crate) fn g1(
        &mut self,
        count: u64,
        name: impl Fn(u64) -> Element + Sync,
    ) -> Result<Vec<G1Affine>, SrsError> {
        let mut points = Vec::new();
        let mut buffer = Vec::new();
        let mut done = 0;
        while done < count {
            let step = CHUNK.min(count - done);
            // At most CHUNK: fits everywhere.
            buffer.resize(usize::try_from(step).unwrap_or(0) * G1_BYTES, 0);
            self.fill(&mut buffer)?;
            // Collected first: the error is that of the first bad element.
            let chunk: Vec<_> = buffer
                .par_chunks_exact(G1_BYTES)
                .enumerate()
                .map(|(index, bytes)| decode_g1(bytes, name(done + index as u64)))
                .collect();
            for point in chunk {
                points.push(point?);
            }
            done += step;
        }
        Ok(points)
    }

    /// Reads the generator of the second group and the first power.
    pub(crate) fn g2_pair(&mut self) -> Result<[G2Affine; 2], SrsError> {
        let first = self.array::<G2_BYTES>()?;
        let second = self.array::<G2_BYTES>()?;
        Ok([decode_g2(&first, Element::G2(0))?, decode_g2(&second, Element::G2(1))?])
    }

    /// Requires the end here.
    pub(crate) fn end(&mut self) -> Result<(), SrsError> {
        match self.inner.read_exact(&mut [0]) {
            Ok(()) => Err(Malformed::Trailing { at: self.position }.into()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(SrsError::Io(error)),
        }
    }

    /// Forgets what was hashed.
    pub(crate) fn restart_digest(&mut self) {
        self.hasher.reset();
    }

    /// BLAKE2b-512 of what was read since the start, or since
    /// [`Source::restart_digest`].
    pub(crate) fn digest(self) -> [u8; 64] {
        self.hasher.finalize().into()
    }
}
