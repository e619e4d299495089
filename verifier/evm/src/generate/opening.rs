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
use zkmargin_verifier::bn254::opening::{Member, Plan, Set, Source, rotate};

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

        writer.comment("The sum of points: first the proof's own.");
        self.begin(writer);
        let members = self.members(&factors, &powers);
        for (source, factor) in &members {
            self.member(writer, *source, factor);
        }
        let (first, second) = (self.layout.quotient.end, self.layout.quotient.end + 1);
        self.proof_point(writer, first);
        self.add(writer, &inside.negated());
        self.proof_point(writer, second);
        self.add(writer, u);

        let of_key = members.into_iter().filter_map(|(source, factor)| {
            key_point(self.key, source).map(|point| (point, factor))
        });
        let shared: Vec<_> = of_key.chain([(G1Affine::generator(), generator.negated())]).collect();
        self.answer(writer, &shared);
        writer.comment("The key's.");
        for (point, factor) in &shared {
            constant_point(writer, self.sum + POINT, point);
            self.add(writer, factor);
        }
        let from = self.calldata.point(second, self.layout.scalars);
        pairing(writer, self.sum, &self.key.parts().tau, |writer, to| {
            writer.line(format!("calldatacopy({to:#x}, {from:#x}, 0x40)"));
        });
    }

    /// All commitments with their factors.
    fn members(&self, factors: &[Value], powers: &[Value]) -> Vec<(Source, Value)> {
        let of_set = |(set, factor): (&Set, &Value)| {
            let members = set.members.iter().zip(powers);
            let member = |(member, power): (&Member, &Value)| (member.source, factor.times(power));
            members.map(member).collect::<Vec<_>>()
        };
        self.plan.sets.iter().zip(factors).flat_map(of_set).collect()
    }

    /// To a batch: no yes, but the proof's sum and the factors of the key's points.
    fn answer(&self, writer: &mut Writer, shared: &[(G1Affine, Value)]) {
        let words = 1 + POINT / WORD + shared.len();
        let answer = writer.allocate(words);
        writer.comment("Asked by `verifyBatch`, which goes on from here.");
        writer.line("if eq(caller(), address())");
        writer.block(|writer| {
            writer.line(format!("mstore({answer:#x}, 0)"));
            for word in [0, WORD] {
                writer.store(answer + WORD + word, &Value::memory(self.sum + word));
            }
            for (index, (_, factor)) in shared.iter().enumerate() {
                let at = answer + WORD + POINT + index * WORD;
                writer.store(at, &factor.reduced(1));
            }
            writer.line(format!("return({answer:#x}, {:#x})", words * WORD));
        });
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

    /// Adds what is of the proof.
    fn member(&self, writer: &mut Writer, source: Source, factor: &Value) {
        match source {
            // A factor of one is the first member's: there is no sum yet.
            Source::Proof(index) if factor.is_one() => {
                let from = self.calldata.point(index, self.layout.scalars);
                writer.line(format!("calldatacopy({:#x}, {from:#x}, 0x40)", self.sum));
            }
            Source::Proof(index) => {
                self.proof_point(writer, index);
                self.add(writer, factor);
            }
            Source::Key(_) => {}
            Source::Quotient => {
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

    /// Adds the point there times a factor to the sum.
    fn add(&self, writer: &mut Writer, factor: &Value) {
        writer.line(format!("add_times({})", factor.code()));
    }
}

/// The key's points that proofs have factors of, in the order of the factors.
pub(super) fn key_points(key: &VerifyingKey, plan: &Plan) -> Vec<G1Affine> {
    let members = plan.sets.iter().flat_map(|set| &set.members);
    let points = members.filter_map(|member| key_point(key, member.source));
    points.chain([G1Affine::generator()]).collect()
}

/// The point of a commitment of the key; a column of zeros adds nothing.
fn key_point(key: &VerifyingKey, source: Source) -> Option<G1Affine> {
    let Source::Key(index) = source else { return None };
    let parts = key.parts();
    let commitment = parts.fixed.iter().chain(&parts.permutation).nth(index).copied();
    commitment.filter(|commitment| !commitment.is_zero())
}

/// Stores a constant point.
pub(super) fn constant_point(writer: &mut Writer, at: usize, point: &G1Affine) {
    words(writer, at, &point_bytes(point));
}

/// Returns whether `e(sum, -G2) e(left, tau G2) = 1`, with `left` stored by the
/// caller.
pub(super) fn pairing(
    writer: &mut Writer,
    sum: usize,
    tau: &G2Affine,
    left: impl FnOnce(&mut Writer, usize),
) {
    writer.comment("e(sum, -G2) e(W', tau G2) = 1");
    let input = sum + POINT;
    words(writer, input, &second_point_bytes(&-G2Affine::generator()));
    left(writer, input + 2 * POINT);
    words(writer, input + 3 * POINT, &second_point_bytes(tau));
    let size = 6 * POINT;
    writer.line(format!(
        "if iszero(staticcall(gas(), 8, {sum:#x}, {size:#x}, 0, 0x20)) {{ refuse() }}"
    ));
    writer.line("return(0, 0x20)");
}

/// Stores constant words.
fn words(writer: &mut Writer, at: usize, bytes: &[u8]) {
    for (index, word) in bytes.chunks(WORD).enumerate() {
        writer.line(format!("mstore({:#x}, 0x{})", at + index * WORD, hex::encode(word)));
    }
}
