//! The gadgets behind one handle, so that a relation reads as equations.

use halo2_proofs::circuit::{AssignedCell, Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::{Domain, RATE};

use super::GadgetConfig;
use super::arithmetic::{Equation, PublicRows, Row};
use super::hash::LINK;
use super::hook;
use super::range::Ranged;

/// An assigned cell.
pub type Cell<F> = AssignedCell<F, F>;

/// Lays out a relation. Every method adds the constraints its name says, in
/// regions named `scope: name`; names are unique in a circuit and stable, and
/// tests address them.
pub struct Synthesizer<'c, F: MarginField, L: Layouter<F>> {
    config: &'c GadgetConfig<F>,
    layouter: L,
    /// What stands before every scope.
    prefix: String,
    scope: String,
    /// Equalities of this scope so far: they are named by number.
    equalities: usize,
    zero: Cell<F>,
    one: Cell<F>,
    /// The public inputs, where the arithmetic gate reads them.
    public: Option<PublicRows<F>>,
}

impl<'c, F: MarginField, L: Layouter<F>> Synthesizer<'c, F, L> {
    /// Loads the range table, so many public inputs and the constants.
    ///
    /// # Errors
    /// When the circuit is out of rows; so for every method.
    pub fn new(
        config: &'c GadgetConfig<F>,
        mut layouter: L,
        public_inputs: usize,
    ) -> Result<Self, Error> {
        config.range.load(&mut layouter)?;
        let arithmetic = &config.arithmetic;
        // Before all else: a public input's row is its row in the instance.
        let public = (config.gate_reads_instance && public_inputs > 0)
            .then(|| arithmetic.public_rows(&mut layouter, config.instance, public_inputs))
            .transpose()?;
        let zero = arithmetic.constant(&mut layouter, "zero", F::ZERO)?;
        if let Some(rows) = &public {
            arithmetic.empty_public_rows(&mut layouter, rows, &zero)?;
        }
        let one = arithmetic.constant(&mut layouter, "one", F::ONE)?;
        let (prefix, scope) = (String::new(), String::new());
        Ok(Self { config, layouter, prefix, scope, equalities: 0, zero, one, public })
    }

    /// Sets what stands before the scopes to come, where a part of a relation is
    /// laid out more than once.
    pub fn prefix(&mut self, prefix: impl Into<String>) {
        self.prefix = prefix.into();
    }

    /// Sets the prefix of the region names to come.
    pub fn scope(&mut self, scope: impl AsRef<str>) {
        self.scope = format!("{}{}", self.prefix, scope.as_ref());
        self.equalities = 0;
    }

    /// The constant zero.
    pub fn zero(&self) -> Cell<F> {
        self.zero.clone()
    }

    /// The constant one.
    pub fn one(&self) -> Cell<F> {
        self.one.clone()
    }

    fn name(&self, name: &str) -> String {
        format!("{}: {name}", self.scope)
    }

    /// The public input of a row.
    pub fn public_input(&mut self, name: &str, row: usize) -> Result<Cell<F>, Error> {
        let name = self.name(name);
        let at = (self.config.instance, row);
        let bound = match &self.public {
            Some(rows) => Some(rows.inputs.get(row).ok_or(Error::Synthesis)?),
            None if self.config.gate_reads_instance => return Err(Error::Synthesis),
            None => None,
        };
        self.config.arithmetic.public_input(&mut self.layouter, &name, at, bound)
    }

    /// A constant.
    pub fn constant(&mut self, name: &str, constant: F) -> Result<Cell<F>, Error> {
        let name = self.name(name);
        self.config.arithmetic.constant(&mut self.layouter, &name, constant)
    }

    /// A free witness.
    ///
    /// # Soundness
    /// The cell may hold anything until something constrains it.
    pub fn witness_unchecked(&mut self, name: &str, value: Value<F>) -> Result<Cell<F>, Error> {
        let name = self.name(name);
        self.config.arithmetic.witness_unchecked(&mut self.layouter, &name, value)
    }

    /// A witness below `2^bits`.
    pub fn witness_ranged(
        &mut self,
        name: &str,
        value: Value<F>,
        bits: u32,
    ) -> Result<Ranged<F>, Error> {
        let name = self.name(name);
        self.config.range.witness(&mut self.layouter, &name, value, bits, &self.zero)
    }

    /// A witness that is zero or one.
    pub fn witness_bit(&mut self, name: &str, value: Value<F>) -> Result<Cell<F>, Error> {
        let bit = self.witness_unchecked(name, value)?;
        let name = format!("{name} is a bit");
        let square = self.mul(&name, &bit, &bit)?;
        self.equal_as(&name, &square, &bit)?;
        Ok(bit)
    }

    /// A witness that is one or minus one.
    pub fn witness_sign(&mut self, name: &str, value: Value<F>) -> Result<Cell<F>, Error> {
        let (zero, one) = (self.zero(), self.one());
        let square = Equation { b: None, term: (F::ZERO, &zero), constant: F::ZERO, d: &one };
        let name = self.name(name);
        self.config.arithmetic.solve(&mut self.layouter, &name, value, square)
    }

    /// A witness `x` with `x divisor + factor c = d`.
    ///
    /// # Soundness
    /// It is the only one where the divisor is not zero. Where it is, `factor c = d` is
    /// constrained and `x` may be anything.
    pub fn quotient(
        &mut self,
        name: &str,
        value: Value<F>,
        divisor: &Cell<F>,
        term: (F, &Cell<F>),
        d: &Cell<F>,
    ) -> Result<Cell<F>, Error> {
        let equation = Equation { b: Some(divisor), term, constant: F::ZERO, d };
        let name = self.name(name);
        self.config.arithmetic.solve(&mut self.layouter, &name, value, equation)
    }

    /// Constrains `cell < 2^bits`.
    pub fn range_check(
        &mut self,
        name: &str,
        cell: &Cell<F>,
        bits: u32,
    ) -> Result<Ranged<F>, Error> {
        let name = self.name(name);
        self.config.range.check(&mut self.layouter, &name, cell, bits, &self.zero)
    }

    /// Constrains two cells to be equal.
    pub fn equal(&mut self, left: &Cell<F>, right: &Cell<F>) -> Result<(), Error> {
        self.equalities += 1;
        let name = format!("equality {}", self.equalities);
        self.equal_as(&name, left, right)
    }

    /// The same under a name.
    pub fn equal_as(&mut self, name: &str, left: &Cell<F>, right: &Cell<F>) -> Result<(), Error> {
        let name = self.name(&format!("{name}: equal"));
        if hook::dropped(&name, || "copy".to_owned()) {
            return Ok(());
        }
        self.layouter
            .assign_region(|| &name, |mut region| region.constrain_equal(left.cell(), right.cell()))
    }

    /// `a * b + factor * c + constant`.
    pub fn mul_add(
        &mut self,
        name: &str,
        product: (&Cell<F>, &Cell<F>),
        term: (F, &Cell<F>),
        constant: F,
    ) -> Result<Cell<F>, Error> {
        let name = self.name(name);
        let row = Row { product, term, constant };
        self.config.arithmetic.assign(&mut self.layouter, &name, row)
    }

    /// `a * b`.
    pub fn mul(&mut self, name: &str, a: &Cell<F>, b: &Cell<F>) -> Result<Cell<F>, Error> {
        let zero = self.zero();
        self.mul_add(name, (a, b), (F::ZERO, &zero), F::ZERO)
    }

    /// Constrains `a * b = 0`.
    pub fn product_is_zero(&mut self, name: &str, a: &Cell<F>, b: &Cell<F>) -> Result<(), Error> {
        let product = self.mul(name, a, b)?;
        let zero = self.zero();
        self.equal_as(name, &product, &zero)
    }

    /// `a + factor * c + constant`.
    pub fn add_scaled(
        &mut self,
        name: &str,
        a: &Cell<F>,
        term: (F, &Cell<F>),
        constant: F,
    ) -> Result<Cell<F>, Error> {
        let one = self.one();
        self.mul_add(name, (a, &one), term, constant)
    }

    /// `a + c`.
    pub fn add(&mut self, name: &str, a: &Cell<F>, c: &Cell<F>) -> Result<Cell<F>, Error> {
        self.add_scaled(name, a, (F::ONE, c), F::ZERO)
    }

    /// `a - c`.
    pub fn sub(&mut self, name: &str, a: &Cell<F>, c: &Cell<F>) -> Result<Cell<F>, Error> {
        self.add_scaled(name, a, (-F::ONE, c), F::ZERO)
    }

    /// `factor * c + constant`.
    pub fn scale(
        &mut self,
        name: &str,
        factor: F,
        c: &Cell<F>,
        constant: F,
    ) -> Result<Cell<F>, Error> {
        let zero = self.zero();
        self.mul_add(name, (&zero, &zero), (factor, c), constant)
    }

    /// `1 - bit`.
    pub fn not(&mut self, name: &str, bit: &Cell<F>) -> Result<Cell<F>, Error> {
        self.scale(name, -F::ONE, bit, F::ONE)
    }

    /// Packs fields at ascending bit offsets, the first at zero: each must end
    /// before the next begins, which the fields' ranges guarantee.
    ///
    /// # Errors
    /// When a field would overlap the next one.
    pub fn pack(&mut self, name: &str, fields: &[(u32, &Ranged<F>)]) -> Result<Cell<F>, Error> {
        let ends = fields.iter().map(|(offset, field)| offset + field.bits());
        let starts = fields.iter().skip(1).map(|(offset, _)| *offset);
        if starts.zip(ends).any(|(start, end)| end > start) {
            return Err(Error::Synthesis);
        }
        let cells: Vec<_> = fields.iter().map(|(offset, field)| (*offset, field.cell())).collect();
        self.pack_unchecked(name, &cells)
    }

    /// [`Synthesizer::pack`] of cells whose ranges are not known to the type
    /// system.
    ///
    /// # Soundness
    /// The caller must have constrained every cell to fit between its offset
    /// and the next: otherwise other fields give the same packed element.
    ///
    /// # Errors
    /// When there are no fields, or the first is not at offset 0.
    pub fn pack_unchecked(
        &mut self,
        name: &str,
        fields: &[(u32, &Cell<F>)],
    ) -> Result<Cell<F>, Error> {
        let Some(((0, first), rest)) = fields.split_first() else {
            return Err(Error::Synthesis);
        };
        let mut packed = (*first).clone();
        for (i, (offset, cell)) in rest.iter().enumerate() {
            let factor = F::from(2).pow_vartime([u64::from(*offset)]);
            packed =
                self.add_scaled(&format!("{name} {}", i + 1), &packed, (factor, cell), F::ZERO)?;
        }
        Ok(packed)
    }

    /// The digest of four cells.
    pub fn hash(
        &mut self,
        name: &str,
        domain: Domain,
        message: &[Cell<F>; RATE],
    ) -> Result<Cell<F>, Error> {
        self.hash_chain(name, (domain, domain), message)
    }

    /// The digest of four or more cells, see
    /// [`zkmargin_margin::poseidon::hash_chain`].
    pub fn hash_chain(
        &mut self,
        name: &str,
        domains: (Domain, Domain),
        message: &[Cell<F>],
    ) -> Result<Cell<F>, Error> {
        let name = self.name(name);
        let message = self.padded(message);
        self.config.hash.digest(&mut self.layouter, &name, domains, &message)
    }

    /// The root that the digest of four or more cells opens to; see
    /// [`super::hash::HashConfig::membership`].
    pub fn membership(
        &mut self,
        name: &str,
        domains: (Domain, Domain, Domain),
        leaf: &[Cell<F>],
        depth: usize,
        path: Value<&[[F; ARITY]]>,
    ) -> Result<Cell<F>, Error> {
        let name = self.name(name);
        let leaf = self.padded(leaf);
        self.config.hash.membership(&mut self.layouter, &name, domains, &leaf, depth, path)
    }

    /// A message with zeros up to the end of its last permutation.
    fn padded(&self, message: &[Cell<F>]) -> Vec<Cell<F>> {
        let links = message.len().saturating_sub(RATE).div_ceil(LINK);
        let mut padded = message.to_vec();
        padded.resize(RATE + links * LINK, self.zero());
        padded
    }
}
