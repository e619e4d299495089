//! The opening argument as code: one sum of points, one pairing.
//!
//! With the vanishing polynomials of sets by that of the first one, the
//! members of a set have the factors `f mu^j`, where `f` is one for the first
//! set: its first member costs no multiplication.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::bn254::field::{point_bytes, second_point_bytes};
use zkmargin_verifier::bn254::layout::Layout;
use zkmargin_verifier::bn254::opening::{Plan, Set, Source, rotate};

use super::domain::Domain;
use super::frame::{Calldata, Challenges, POINT};
use super::value::{Value, inverse};
use super::writer::{WORD, Writer};

pub(super) struct Opening<'a> {
    pub(super) key: &'a VerifyingKey,
    pub(super) layout: &'a Layout,
    pub(super) plan: &'a Plan,
    pub(super) root: Fr,
    pub(super) calldata: &'a Calldata,
    pub(super) challenges: &'a Challenges,
    pub(super) domain: &'a Domain,
    pub(super) quotient: Value,
    /// Where the sum of points is, and behind it a point and its factor: what
    /// the precompiles read and write.
    pub(super) sum: usize,
}

impl Opening<'_> {
    pub(super) fn verify(&self, writer: &mut Writer) {
        writer.comment("Openings: powers of mu, and a factor for each set.");
        let Challenges { mu, nu, u, .. } = self.challenges;
        let most = self.plan.sets.iter().map(|set| set.members.len()).max().unwrap_or(1);
        let mut powers = vec![Value::constant(Fr::from(1)), mu.clone()];
        while powers.len() < most {
            let next = powers[powers.len() - 1].times(mu);
            powers.push(writer.keep(&next));
        }
        let Some(first_set) = self.plan.sets.first() else { return };
        let inside = first_set.rows.iter().map(|row| &self.domain.differences[*row]);
        let inside = inside.fold(Value::constant(Fr::from(1)), |product, difference| {
            writer.product(&product, difference)
        });
        let inside = writer.keep(&inside.reduced(1));

        let mut of_set = inside.clone();
        let mut factors = Vec::new();
        let mut generator = Value::constant(Fr::from(0));
        let generator_at = writer.allocate(1);
        for (index, set) in self.plan.sets.iter().enumerate() {
            if index > 0 {
                of_set = writer.keep(&of_set.times(nu));
            }
            let value = self.opened(writer, set, &of_set);
            let total = generator.plus(&value).reduced(4);
            writer.store(generator_at, &total);
            generator = Value::memory_within(generator_at, total.bound());
            factors.push(self.factor(writer, index, set, &of_set));
        }

        writer.comment("The sum of points.");
        self.begin(writer);
        let mut started = false;
        for (set, factor) in self.plan.sets.iter().zip(&factors) {
            for (member, power) in set.members.iter().zip(&powers) {
                let factor = factor.times(power);
                self.member(writer, member.source, &factor, &mut started);
            }
        }
        let (first, second) = (self.layout.quotient.end, self.layout.quotient.end + 1);
        self.proof_point(writer, first);
        self.add(writer, &inside.negated());
        self.proof_point(writer, second);
        self.add(writer, u);
        self.constant_point(writer, &G1Affine::generator());
        self.add(writer, &generator.negated());
        self.pairing(writer, second);
    }

    /// What the openings of a set add to the generator's factor: the
    /// polynomials through them, at `u`.
    fn opened(&self, writer: &mut Writer, set: &Set, of_set: &Value) -> Value {
        let rotations: Vec<Fr> =
            set.rows.iter().map(|row| rotate(self.root, self.plan.rotations[*row])).collect();
        let sum_at = writer.allocate(1);
        let mut sum = Value::constant(Fr::from(0));
        for (index, row) in set.rows.iter().enumerate() {
            // The members' openings in this row, combined by mu.
            let combined =
                set.members.iter().rev().fold(None, |combined: Option<Value>, member| {
                    let value = match member.openings[index] {
                        opening if opening == self.layout.scalars => self.quotient.clone(),
                        opening => Value::calldata(self.calldata.scalar(opening)),
                    };
                    Some(match combined {
                        None => value,
                        Some(combined) => {
                            let combined = writer.product(&combined, &self.challenges.mu);
                            writer.sum(&combined, &value)
                        }
                    })
                });
            let combined = combined.unwrap_or_else(|| Value::constant(Fr::from(0)));
            let others = (0..rotations.len()).filter(|other| *other != index);
            let between: Fr = others.map(|other| rotations[index] - rotations[other]).product();
            let weight = Value::constant(inverse(between));
            let weight = weight.times(&self.domain.difference_inverses[*row]);
            let combined = writer.keep(&combined);
            let next = sum.plus(&combined.times(&weight)).reduced(4);
            writer.store(sum_at, &next);
            sum = Value::memory_within(sum_at, next.bound());
        }
        // x to the number of rows less one, in the denominator.
        (1..set.rows.len())
            .fold(sum.times(of_set), |value, _| writer.product(&value, &self.domain.x_inverse))
    }

    /// The factor of a set's commitments.
    fn factor(&self, writer: &mut Writer, index: usize, set: &Set, of_set: &Value) -> Value {
        if index == 0 {
            return Value::constant(Fr::from(1));
        }
        let factor = set.rows.iter().fold(of_set.clone(), |factor, row| {
            writer.product(&factor, &self.domain.difference_inverses[*row])
        });
        writer.keep(&factor)
    }

    fn begin(&self, writer: &mut Writer) {
        // Zeros: the identity.
        writer.line(format!("mstore({:#x}, 0)", self.sum));
        writer.line(format!("mstore({:#x}, 0)", self.sum + WORD));
    }

    fn member(&self, writer: &mut Writer, source: Source, factor: &Value, started: &mut bool) {
        match source {
            Source::Proof(index) => {
                if !std::mem::replace(started, true) {
                    // The first member's factor is one.
                    let from = self.calldata.point(index, self.layout.scalars);
                    writer.line(format!("calldatacopy({:#x}, {from:#x}, 0x40)", self.sum));
                    return;
                }
                self.proof_point(writer, index);
                self.add(writer, factor);
            }
            Source::Key(index) => {
                *started = true;
                let parts = self.key.parts();
                let commitments = parts.fixed.iter().chain(&parts.permutation);
                let commitment = commitments.copied().nth(index).unwrap_or_default();
                // A column of zeros adds nothing.
                if !commitment.is_zero() {
                    self.constant_point(writer, &commitment);
                    self.add(writer, factor);
                }
            }
            Source::Quotient => {
                *started = true;
                let at = writer.allocate(1);
                writer.store(at, factor);
                let factor = Value::memory_within(at, factor.bound());
                for (index, piece) in self.layout.quotient.clone().enumerate() {
                    if index > 0 {
                        writer.store(at, &factor.times(&self.domain.x_n));
                    }
                    self.proof_point(writer, piece);
                    self.add(writer, &factor);
                }
            }
        }
    }

    fn proof_point(&self, writer: &mut Writer, index: usize) {
        let from = self.calldata.point(index, self.layout.scalars);
        writer.line(format!("calldatacopy({:#x}, {from:#x}, 0x40)", self.sum + POINT));
    }

    fn constant_point(&self, writer: &mut Writer, point: &G1Affine) {
        let bytes = point_bytes(point);
        words(writer, self.sum + POINT, &bytes);
    }

    /// Adds the point there times a factor to the sum.
    fn add(&self, writer: &mut Writer, factor: &Value) {
        writer.line(format!("add_times({})", factor.code()));
    }

    /// `e(sum, -G2) e(second, tau G2) = 1`.
    fn pairing(&self, writer: &mut Writer, second: usize) {
        writer.comment("e(sum, -G2) e(W', tau G2) = 1");
        let input = self.sum + POINT;
        words(writer, input, &second_point_bytes(&-G2Affine::generator()));
        let from = self.calldata.point(second, self.layout.scalars);
        writer.line(format!("calldatacopy({:#x}, {from:#x}, 0x40)", input + 2 * POINT));
        words(writer, input + 3 * POINT, &second_point_bytes(&self.key.parts().tau));
        let (from, size) = (self.sum, 6 * POINT);
        writer.line(format!(
            "if iszero(staticcall(gas(), 8, {from:#x}, {size:#x}, 0, 0x20)) {{ refuse() }}"
        ));
        writer.line("return(0, 0x20)");
    }
}

/// Stores constant words.
fn words(writer: &mut Writer, at: usize, bytes: &[u8]) {
    for (index, word) in bytes.chunks(WORD).enumerate() {
        writer.line(format!("mstore({:#x}, 0x{})", at + index * WORD, hex::encode(word)));
    }
}
