//! Assigns permutations end to end: the message cells, the states and the
//! auxiliary cells.

use halo2_proofs::circuit::{AssignedCell, Layouter, Region, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::{Domain, RATE, WIDTH, mat_mul};

use super::super::{copy_into, hook};
use super::schedule::{Gate, sbox};
use super::{DIGEST, HashConfig, LINK, PARTIAL_PER_ROW, PERMUTATION_STEPS};

/// The advice part of a row: the state before it, and the auxiliary cells.
#[derive(Clone, Debug)]
struct TraceRow<F> {
    state: [F; WIDTH],
    aux: [F; WIDTH],
}

/// Where the message of a permutation comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inputs<'a, F: MarginField> {
    /// Four cells.
    First(&'a [AssignedCell<F, F>; RATE]),
    /// The digest so far and three cells.
    Link(&'a [AssignedCell<F, F>; LINK]),
    /// Free children, of which the digest so far is one.
    Children,
}

impl<F: MarginField> Inputs<'_, F> {
    /// The name of a message cell of block `index`; `is_linked` where `link` hands the
    /// first one on.
    fn label(&self, i: usize, index: usize, is_linked: bool) -> String {
        match self {
            Self::Link(_) if is_linked && i == 0 => format!("link of block {index}"),
            Self::First(_) | Self::Link(_) => format!("message {i} of block {index}"),
            Self::Children => format!("child {i} of block {index}"),
        }
    }
}

/// One permutation with its values.
pub(super) struct Block<'a, F: MarginField> {
    inputs: Inputs<'a, F>,
    domain: Domain,
    message: Value<[F; RATE]>,
    trace: Value<(Vec<TraceRow<F>>, F)>,
}

impl<F: MarginField> Block<'_, F> {
    fn digest(&self) -> Value<F> {
        self.trace.as_ref().map(|(_, digest)| *digest)
    }
}

impl<F: MarginField> HashConfig<F> {
    /// The permutations over a message.
    pub(super) fn message_blocks<'a>(
        &self,
        name: &str,
        (first, next): (Domain, Domain),
        message: &'a [AssignedCell<F, F>],
    ) -> Result<Vec<Block<'a, F>>, Error> {
        let (head, tail) = message.split_first_chunk::<RATE>().ok_or(Error::Synthesis)?;
        let mut blocks = vec![self.block((name, 0), Inputs::First(head), first, values(head))];
        let (links, []) = tail.as_chunks::<LINK>() else { return Err(Error::Synthesis) };
        for link in links {
            let digest = blocks.last().map_or_else(Value::unknown, Block::digest);
            let [a, b, c] = link.each_ref().map(|cell| cell.value().copied());
            let message = digest.zip(a).zip(b.zip(c)).map(|((h, a), (b, c))| [h, a, b, c]);
            blocks.push(self.block((name, blocks.len()), Inputs::Link(link), next, message));
        }
        Ok(blocks)
    }

    pub(super) fn block<'a>(
        &self,
        at: (&str, usize),
        inputs: Inputs<'a, F>,
        domain: Domain,
        message: Value<[F; RATE]>,
    ) -> Block<'a, F> {
        let is_linked = self.link.is_some();
        let message = message.map(|message| hooked_message(at, &inputs, message, is_linked));
        let trace = message.map(|message| self.trace(at, domain, message));
        Block { inputs, domain, message, trace }
    }

    /// Assigns permutations end to end, in one region.
    pub(super) fn assign_blocks(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        blocks: &[Block<'_, F>],
    ) -> Result<AssignedCell<F, F>, Error> {
        layouter.assign_region(
            || name,
            |mut region| {
                let mut digest = None;
                for (index, block) in blocks.iter().enumerate() {
                    let at = (name, index);
                    self.assign_inputs(&mut region, at, block, digest.as_ref())?;
                    digest = Some(self.permutation(&mut region, at, block.domain, &block.trace)?);
                }
                digest.ok_or(Error::Synthesis)
            },
        )
    }

    /// Assigns the message cells of a permutation; `digest` is the previous
    /// one's, in `s4` of the same row.
    fn assign_inputs(
        &self,
        region: &mut Region<'_, F>,
        (name, index): (&str, usize),
        block: &Block<'_, F>,
        digest: Option<&AssignedCell<F, F>>,
    ) -> Result<(), Error> {
        let start = index * PERMUTATION_STEPS * self.step;
        let is_linked = self.link.is_some();
        let label = |i| block.inputs.label(i, index, is_linked);
        let value = |i: usize| block.message.map(|message| message[i]);
        let place = |i: usize| (self.message[i].0, start + self.message[i].1);
        let before = (self.state[DIGEST], start);
        match block.inputs {
            Inputs::First(cells) => {
                let handed_on = if is_linked { 1 } else { 0 };
                for (i, cell) in cells.iter().enumerate().skip(handed_on) {
                    copy_into(region, name, &label(i), cell, value(i), place(i))?;
                }
                if is_linked {
                    copy_into(region, name, &label(0), &cells[0], value(0), before)?;
                    self.assign_link(region, (name, index), value(0))?;
                } else {
                    let (column, row) = before;
                    region.assign_advice(|| "no digest before", column, row, || value(0))?;
                }
            }
            Inputs::Link(cells) => {
                let digest = digest.ok_or(Error::Synthesis)?;
                if is_linked {
                    self.assign_link(region, (name, index), value(0))?;
                } else {
                    copy_into(region, name, &label(0), digest, value(0), place(0))?;
                }
                for (i, cell) in cells.iter().enumerate().map(|(i, cell)| (i + 1, cell)) {
                    copy_into(region, name, &label(i), cell, value(i), place(i))?;
                }
            }
            Inputs::Children => {
                for i in 0..ARITY {
                    let (column, row) = place(i);
                    region.assign_advice(|| label(i), column, row, || value(i))?;
                }
                if let Some(link) = self.link {
                    region.assign_fixed(|| "no link", link, start, || Value::known(F::ZERO))?;
                }
            }
        }
        Ok(())
    }

    /// With few copies: the first message cell of a block, and the switch that makes it what the
    /// digest's cell holds.
    fn assign_link(
        &self,
        region: &mut Region<'_, F>,
        (name, index): (&str, usize),
        value: Value<F>,
    ) -> Result<(), Error> {
        let start = index * PERMUTATION_STEPS * self.step;
        let (column, row) = self.message[0];
        region.assign_advice(|| format!("link of block {index}"), column, start + row, || value)?;
        if let Some(link) = self.link
            && !hook::dropped(name, || format!("link of block {index}"))
        {
            region.assign_fixed(|| "link", link, start, || Value::known(F::ONE))?;
        }
        Ok(())
    }

    /// Assigns one permutation, all but the message cells of its first row.
    fn permutation(
        &self,
        region: &mut Region<'_, F>,
        (name, index): (&str, usize),
        domain: Domain,
        trace: &Value<(Vec<TraceRow<F>>, F)>,
    ) -> Result<AssignedCell<F, F>, Error> {
        for (i, row) in self.schedule.iter().enumerate() {
            let step = index * PERMUTATION_STEPS + i;
            let offset = step * self.step;
            let switch = match row.gate {
                Gate::First => &self.q_first,
                Gate::Full => &self.q_full,
                Gate::Partial => &self.q_partial,
                Gate::Last => &self.q_last,
            };
            if !hook::dropped(name, || format!("gate of step {step}")) {
                switch.enable(region, offset)?;
            }
            // With few copies a first step has no cell for the capacity's square.
            let is_bare = row.gate == Gate::First && self.link.is_some();
            for (j, column) in self.constants.into_iter().enumerate() {
                let constant = row.constant(j, domain);
                let constant = if is_bare && j == DIGEST { sbox(constant) } else { constant };
                region.assign_fixed(
                    || format!("constant {j}"),
                    column,
                    offset,
                    || Value::known(constant),
                )?;
            }
            for j in 0..WIDTH {
                if i > 0 {
                    let state = trace.as_ref().map(|(rows, _)| rows[i].state[j]);
                    region.assign_advice(
                        || format!("state {j} of step {step}"),
                        self.state[j],
                        offset,
                        || state,
                    )?;
                }
                if is_bare && j == DIGEST {
                    continue;
                }
                let aux = trace.as_ref().map(|(rows, _)| rows[i].aux[j]);
                let below = offset + self.step - 1;
                let label = || format!("aux {j} of step {step}");
                region.assign_advice(label, self.aux[j], below, || aux)?;
            }
        }
        let digest = trace.as_ref().map(|(_, digest)| *digest);
        let end = (index + 1) * PERMUTATION_STEPS * self.step;
        let label = || format!("digest of block {index}");
        region.assign_advice(label, self.state[DIGEST], end, || digest)
    }

    /// The advice cells of a permutation and its digest.
    fn trace(
        &self,
        (name, block): (&str, usize),
        domain: Domain,
        message: [F; RATE],
    ) -> (Vec<TraceRow<F>>, F) {
        let changed = |cell: &str, lane: usize, step: usize, element: F| {
            let step = block * PERMUTATION_STEPS + step;
            hook::element(name, || format!("{cell} {lane} of step {step}"), element)
        };
        let mds = &F::poseidon().mds;
        let mut state: [F; WIDTH] =
            std::array::from_fn(|i| message.get(i).copied().unwrap_or(F::ZERO));
        let rows = self
            .schedule
            .iter()
            .enumerate()
            .map(|(index, row)| {
                if index > 0 {
                    state = std::array::from_fn(|i| changed("state", i, index, state[i]));
                }
                let before = state;
                let constants: [F; WIDTH] = std::array::from_fn(|i| row.constant(i, domain));
                let mut aux = [F::ZERO; WIDTH];
                if row.gate == Gate::Partial {
                    for (round, constant) in constants.iter().take(PARTIAL_PER_ROW).enumerate() {
                        let x = state[0] + constant;
                        let square = changed("aux", 2 * round, index, x.square());
                        aux[2 * round] = square;
                        state[0] = square.square() * x;
                        if round + 1 < PARTIAL_PER_ROW {
                            state[0] = changed("aux", 2 * round + 1, index, state[0]);
                            aux[2 * round + 1] = state[0];
                        }
                        state = mat_mul(mds, state);
                    }
                } else {
                    let x: [F; WIDTH] = std::array::from_fn(|i| state[i] + constants[i]);
                    aux = std::array::from_fn(|i| changed("aux", i, index, x[i].square()));
                    state = mat_mul(mds, std::array::from_fn(|i| aux[i].square() * x[i]));
                }
                TraceRow { state: before, aux }
            })
            .collect();
        (rows, hook::element(name, || format!("digest of block {block}"), state[0]))
    }
}

/// A message as tests may have changed it.
fn hooked_message<F: MarginField>(
    (name, block): (&str, usize),
    inputs: &Inputs<'_, F>,
    mut message: [F; RATE],
    is_linked: bool,
) -> [F; RATE] {
    for (i, element) in message.iter_mut().enumerate() {
        *element = hook::element(name, || inputs.label(i, block, is_linked), *element);
    }
    message
}

/// The values of four cells, known together or not at all.
fn values<F: MarginField>(cells: &[AssignedCell<F, F>; RATE]) -> Value<[F; RATE]> {
    let [a, b, c, d] = cells.each_ref().map(|cell| cell.value().copied());
    a.zip(b).zip(c.zip(d)).map(|((a, b), (c, d))| [a, b, c, d])
}
