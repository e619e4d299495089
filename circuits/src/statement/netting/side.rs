//! One venue: whether it is there, and what it attests (N1, N3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::STATE_DEPTH;
use zkmargin_margin::portfolio::RESERVED_BITS;
use zkmargin_margin::poseidon::Domain;

use super::chain::Chain;
use super::hints::SideHints;
use crate::gadgets::{Cell, Synthesizer};

/// A venue whose slots are still to come.
pub(super) struct OpenSide<F: MarginField> {
    /// One for a venue that is there: the first always is.
    pub(super) present: Cell<F>,
    /// Its complement; `None` for the first.
    absent: Option<Cell<F>>,
    context: Cell<F>,
    account: Cell<F>,
    /// What is reserved for open orders.
    pub(super) reserved: Cell<F>,
    /// The commitment's chain.
    pub(super) chain: Chain<F>,
}

/// A venue: zeros for one that is not there, the commitment aside.
pub(super) struct SideCells<F: MarginField> {
    pub(super) present: Cell<F>,
    pub(super) context: Cell<F>,
    pub(super) account: Cell<F>,
    pub(super) state_root: Cell<F>,
    pub(super) commitment: Cell<F>,
}

impl<F: MarginField> OpenSide<F> {
    /// Assigns venue `index`, behind the previous one: those that are there come first.
    pub(super) fn assign<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        previous: Option<&Self>,
        hints: Value<&SideHints<F>>,
    ) -> Result<Self, Error> {
        s.scope(format!("venue {index}"));
        let context = s.witness_unchecked("N3 context", hints.map(|h| h.context))?;
        let account = s.witness_unchecked("N3 account", hints.map(|h| h.account))?;
        let (present, absent) = match previous {
            None => (s.one(), None),
            Some(previous) => {
                let present = s.witness_bit("N3 present", hints.map(|h| h.present))?;
                let absent = s.not("absent", &present)?;
                if let Some(none) = &previous.absent {
                    s.product_is_zero("N3 present come first", none, &present)?;
                }
                s.product_is_zero("N3 absent has no context", &absent, &context)?;
                s.product_is_zero("N3 absent has no account", &absent, &account)?;
                (present, Some(absent))
            }
        };
        // In range, so that no digest of a chain can be taken for it, and a chain be
        // cut at its head.
        let reserved = hints.map(|h| h.reserved);
        let reserved = s.witness_ranged("M4 reserved", reserved, RESERVED_BITS)?.cell().clone();
        let chain = Chain::new(&reserved, &s.zero());
        Ok(Self { present, absent, context, account, reserved, chain })
    }

    /// Constrains the chain, closed with the blinding, to be in the leaf of the account
    /// in the venue's state root. A venue that is not there runs every constraint, and
    /// its root is zero whatever comes out.
    pub(super) fn open<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        hints: Value<&SideHints<F>>,
    ) -> Result<SideCells<F>, Error> {
        s.scope(format!("venue {index} opening"));
        let Self { present, absent, context, account, chain, .. } = self;
        let chain = chain.finish(s)?;
        if let Some(absent) = &absent {
            // A chain of no positions ends where it starts, at nothing reserved; no
            // chain of some ends at zero.
            s.product_is_zero("N2 absent holds nothing", absent, &chain)?;
        }
        let blinding = s.witness_unchecked("N1 blinding", hints.map(|h| h.blinding))?;
        let message = [chain, blinding, s.zero(), s.zero()];
        let commitment = s.hash("N1 commitment", Domain::Portfolio, &message)?;
        let leaf = [account.clone(), commitment.clone(), context.clone(), s.zero()];
        let root = s.membership(
            "N1 account",
            (Domain::StateLeaf, Domain::StateLeaf, Domain::StateNode),
            &leaf,
            STATE_DEPTH,
            hints.map(|h| h.path.as_slice()),
        )?;
        let state_root = match absent {
            None => root,
            Some(_) => s.mul("N1 root where present", &present, &root)?,
        };
        Ok(SideCells { present, context, account, state_root, commitment })
    }
}
