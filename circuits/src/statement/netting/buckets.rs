//! Isolated buckets: each is one venue's (N4).

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use crate::figures::Boundary;
use crate::gadgets::{Cell, Synthesizer};

/// Whose the bucket of the last slot is.
pub(super) struct Buckets<F: MarginField> {
    last: Option<Last<F>>,
}

struct Last<F: MarginField> {
    /// One while all slots were in the cross bucket.
    cross: Cell<F>,
    /// The number of the venue, of an isolated bucket.
    owner: Cell<F>,
}

impl<F: MarginField> Buckets<F> {
    /// No slot yet.
    pub(super) const fn new() -> Self {
        Self { last: None }
    }

    /// Adds a slot: whether it continues the bucket, whether it is used, and which
    /// venues have it. Buckets ascend from the cross bucket, number 0, which stands
    /// before the first slot.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        boundary: &Boundary<F>,
        used: &Cell<F>,
        held: &[Cell<F>],
    ) -> Result<(), Error> {
        let same = &boundary.same;
        let last = self.last.take();
        let cross = match &last {
            None => same.clone(),
            Some(last) => s.mul("cross bucket", &last.cross, same)?,
        };
        let isolated = s.not("isolated", &cross)?;
        let zero = s.zero();
        let (mut count, mut owner) = (s.scale("holders less used", -F::ONE, used, F::ZERO)?, zero);
        for (venue, held) in (0..).zip(held) {
            count = s.add(&format!("holders to {venue}"), &count, held)?;
            let term = (F::from(venue), held);
            owner = s.add_scaled(&format!("holder to {venue}"), &owner, term, F::ZERO)?;
        }
        s.product_is_zero("N4 one venue of a position", &isolated, &count)?;
        if let Some(last) = &last {
            // The last slot is of the same isolated bucket, so one venue has it, and the
            // number says which.
            let continues = s.mul("isolated bucket continues", &isolated, same)?;
            let step = s.sub("other holder", &owner, &last.owner)?;
            let step = s.mul("other holder where used", used, &step)?;
            s.product_is_zero("N4 one venue of a bucket", &continues, &step)?;
        }
        self.last = Some(Last { cross, owner });
        Ok(())
    }
}
