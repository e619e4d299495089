//! The transcript of on-chain proofs: Keccak-256, as an EVM verifier recomputes it.
//!
//! Points go in as two coordinates and scalars as they are, 32 bytes each,
//! big-endian. A challenge is the hash of all since the last one, behind that one's
//! hash, taken modulo the scalar field; where there is nothing new, a byte 1 stands in
//! for it. It is `snark-verifier`'s, whose generated contracts verify the proofs, and
//! a test holds both to the same bytes; that crate does not build for browsers.

use std::io::{self, Read, Write};

use halo2_axiom::halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2_axiom::halo2curves::ff::{FromUniformBytes as _, PrimeField};
use halo2_axiom::halo2curves::{Coordinates, CurveAffine as _};
use halo2_axiom::transcript::{
    EncodedChallenge, Transcript, TranscriptRead, TranscriptReadBuffer, TranscriptWrite,
    TranscriptWriterBuffer,
};
use sha3::{Digest as _, Keccak256};

/// Bytes of a hash, a coordinate and a scalar.
const WORD: usize = 32;

/// What was said so far, and the stream it is read from or written to.
#[derive(Debug)]
pub(crate) struct KeccakTranscript<S> {
    said: Vec<u8>,
    stream: S,
}

/// A hash as a scalar.
#[derive(Debug)]
pub(crate) struct Challenge(Fr);

impl EncodedChallenge<G1Affine> for Challenge {
    type Input = [u8; WORD];

    fn new(hash: &[u8; WORD]) -> Self {
        let mut wide = [0; 2 * WORD];
        for (to, from) in wide.iter_mut().zip(hash.iter().rev()) {
            *to = *from;
        }
        Self(Fr::from_uniform_bytes(&wide))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

/// Big-endian bytes.
fn word<F: PrimeField<Repr = [u8; WORD]>>(element: &F) -> [u8; WORD] {
    let mut bytes = element.to_repr();
    bytes.reverse();
    bytes
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The coordinates of a point. Those of the point at infinity are zeros, as the library
/// has them; the verifiers refuse proofs that hold it.
fn coordinates(point: &G1Affine) -> io::Result<[[u8; WORD]; 2]> {
    let found: Option<Coordinates<G1Affine>> = point.coordinates().into();
    let found = found.ok_or_else(|| invalid("a point is not on the curve"))?;
    Ok([word(found.x()), word(found.y())])
}

impl<S> Transcript<G1Affine, Challenge> for KeccakTranscript<S> {
    fn squeeze_challenge(&mut self) -> Challenge {
        if self.said.len() == WORD {
            self.said.push(1);
        }
        let hash: [u8; WORD] = Keccak256::digest(&self.said).into();
        self.said = hash.to_vec();
        Challenge::new(&hash)
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        for coordinate in coordinates(&point)? {
            self.said.extend(coordinate);
        }
        Ok(())
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.said.extend(word(&scalar));
        Ok(())
    }
}

impl<R: Read> KeccakTranscript<R> {
    /// A field element in its one encoding.
    fn element<F: PrimeField<Repr = [u8; WORD]>>(&mut self) -> io::Result<F> {
        let mut bytes = [0; WORD];
        self.stream.read_exact(&mut bytes)?;
        bytes.reverse();
        let element: Option<F> = F::from_repr(bytes).into();
        element.ok_or_else(|| invalid("a number is not below the modulus"))
    }
}

impl<R: Read> TranscriptRead<G1Affine, Challenge> for KeccakTranscript<R> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let (x, y) = (self.element::<Fq>()?, self.element::<Fq>()?);
        let point: Option<G1Affine> = G1Affine::from_xy(x, y).into();
        let point = point.ok_or_else(|| invalid("a point is not on the curve"))?;
        self.common_point(point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let scalar = self.element()?;
        self.common_scalar(scalar)?;
        Ok(scalar)
    }
}

impl<R: Read> TranscriptReadBuffer<R, G1Affine, Challenge> for KeccakTranscript<R> {
    fn init(stream: R) -> Self {
        Self { said: Vec::new(), stream }
    }
}

impl<W: Write> TranscriptWrite<G1Affine, Challenge> for KeccakTranscript<W> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.common_point(point)?;
        coordinates(&point)?.iter().try_for_each(|word| self.stream.write_all(word))
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.common_scalar(scalar)?;
        self.stream.write_all(&word(&scalar))
    }
}

impl<W: Write> TranscriptWriterBuffer<W, G1Affine, Challenge> for KeccakTranscript<W> {
    fn init(stream: W) -> Self {
        Self { said: Vec::new(), stream }
    }

    fn finalize(self) -> W {
        self.stream
    }
}

#[cfg(test)]
mod tests {
    use halo2_axiom::halo2curves::bn256::G1;
    use halo2_axiom::halo2curves::ff::Field as _;
    use halo2_axiom::halo2curves::group::{Curve as _, Group as _};
    use rand08::SeedableRng as _;
    use rand08::rngs::StdRng;
    use snark_verifier::loader::native::NativeLoader;
    use snark_verifier::system::halo2::transcript::evm::EvmTranscript;

    use super::*;

    type Theirs<S> = EvmTranscript<G1Affine, NativeLoader, S, Vec<u8>>;

    /// Challenges of a conversation, of which the prover's side writes.
    fn write<E, T>(mut transcript: T, steps: &[Step]) -> (Vec<Fr>, Vec<u8>)
    where
        E: EncodedChallenge<G1Affine>,
        T: TranscriptWriterBuffer<Vec<u8>, G1Affine, E>,
    {
        let mut challenges = Vec::new();
        for step in steps {
            match step {
                Step::Point(point) => transcript.write_point(*point).unwrap(),
                Step::Scalar(scalar) => transcript.write_scalar(*scalar).unwrap(),
                Step::Common(point, scalar) => {
                    transcript.common_point(*point).unwrap();
                    transcript.common_scalar(*scalar).unwrap();
                }
                Step::Squeeze => challenges.push(transcript.squeeze_challenge().get_scalar()),
            }
        }
        (challenges, transcript.finalize())
    }

    /// The same, read.
    fn read<E, T>(mut transcript: T, steps: &[Step]) -> Vec<Fr>
    where
        E: EncodedChallenge<G1Affine>,
        T: TranscriptRead<G1Affine, E>,
    {
        let mut challenges = Vec::new();
        for step in steps {
            match step {
                Step::Point(point) => assert_eq!(transcript.read_point().unwrap(), *point),
                Step::Scalar(scalar) => assert_eq!(transcript.read_scalar().unwrap(), *scalar),
                Step::Common(point, scalar) => {
                    transcript.common_point(*point).unwrap();
                    transcript.common_scalar(*scalar).unwrap();
                }
                Step::Squeeze => challenges.push(transcript.squeeze_challenge().get_scalar()),
            }
        }
        challenges
    }

    enum Step {
        Point(G1Affine),
        Scalar(Fr),
        Common(G1Affine, Fr),
        Squeeze,
    }

    /// Conversations with challenges first, twice in a row and last.
    fn steps(seed: u64) -> Vec<Step> {
        let mut rng = StdRng::seed_from_u64(seed);
        let point = |rng: &mut StdRng| (G1Affine::generator() * Fr::random(rng)).to_affine();
        let mut steps = vec![Step::Squeeze, Step::Squeeze];
        for index in 0..40 {
            steps.push(match (seed + index) % 5 {
                0 => Step::Point(point(&mut rng)),
                1 => Step::Scalar(Fr::random(&mut rng)),
                2 => Step::Common(point(&mut rng), Fr::random(&mut rng)),
                _ => Step::Squeeze,
            });
        }
        let infinity = G1::identity().to_affine();
        steps.extend([Step::Point(infinity), Step::Common(infinity, Fr::ONE), Step::Squeeze]);
        steps.extend([
            Step::Scalar(-Fr::ONE),
            Step::Squeeze,
            Step::Scalar(Fr::ZERO),
            Step::Squeeze,
        ]);
        steps
    }

    /// What the verifiers that contracts are generated from would recompute.
    #[test]
    fn it_is_snark_verifiers() {
        for seed in 0..8 {
            let steps = steps(seed);
            let ours = KeccakTranscript { said: Vec::new(), stream: Vec::new() };
            let ours = write(ours, &steps);
            let theirs =
                write(<Theirs<_> as TranscriptWriterBuffer<_, _, _>>::init(Vec::new()), &steps);
            assert_eq!(ours, theirs);
            let bytes = ours.1.as_slice();
            let reader = <KeccakTranscript<_> as TranscriptReadBuffer<_, _, _>>::init(bytes);
            assert_eq!(read(reader, &steps), ours.0);
        }
    }

    /// Every number and point has one encoding, and there is no more to a proof than
    /// its bytes.
    #[test]
    fn what_is_not_canonical_is_refused() {
        let reader =
            |bytes: Vec<u8>| KeccakTranscript { said: Vec::new(), stream: io::Cursor::new(bytes) };
        let modulus = |lowest: [u8; WORD]| {
            // The modulus is one more than the largest element.
            let mut bytes = lowest;
            let last = bytes.last_mut().unwrap();
            *last += 1;
            bytes.to_vec()
        };
        assert!(reader(modulus(word(&-Fr::ONE))).read_scalar().is_err());
        assert_eq!(reader(word(&-Fr::ONE).to_vec()).read_scalar().unwrap(), -Fr::ONE);
        assert!(reader(word(&Fr::ONE)[1..].to_vec()).read_scalar().is_err());
        let [x, y] = coordinates(&G1Affine::generator()).unwrap();
        assert!(reader([x, y].concat()).read_point().is_ok());
        assert!(reader([x, x].concat()).read_point().is_err());
        assert!(reader([x.to_vec(), modulus(word(&-Fq::ONE))].concat()).read_point().is_err());
        assert!(reader(x.to_vec()).read_point().is_err());
    }
}
