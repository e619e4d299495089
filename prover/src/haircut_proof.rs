//! From a venue's state, all its portfolios and a loss to the accounts afterwards, their
//! state, and proofs that the loss is shared fairly: one for each subtree that is not
//! empty.

use std::collections::BTreeMap;
use std::fmt;

use rand::TryRng as _;
use zeroize::Zeroizing;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_margin::claim::Side;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::haircut::{Haircut, cuts};
use zkmargin_margin::ids::{AccountId, Epoch, Memo};
use zkmargin_margin::portfolio::{Blinding, Portfolio};
use zkmargin_margin::relation::{Figures as _, MarginFamily as _};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::haircut::{
    HaircutInstance, HaircutLeaf, HaircutWitness, Ratio, check, cut_portfolio,
};
use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_verifier::proof::HaircutFile;
use zkmargin_verifier::proof::Subtree;

use crate::backend::Backend;
use crate::family::{FamilyMarket, MarketFamily};
use crate::portfolio_file::{NoRandomness, PortfolioDocument};
use crate::proving::{Prover, ProvingError};
use crate::venue::{Entry, State};
use crate::venue_proof::VenueProofError;
use crate::whole::Accounts;

/// What is to be shared and proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedHaircut {
    /// The loss, in quote units.
    pub loss: u128,
    /// What else the proofs say.
    pub memo: Memo,
    /// The shape of every account; when `None`, by subtree the smallest that all of its
    /// accounts fit.
    pub shape: Option<Shape>,
    /// The size of subtrees.
    pub depth: SubtreeDepth,
}

/// An account afterwards.
#[derive(Clone)]
pub struct Cut {
    /// What it is cut by, in quote units; nothing of a loser.
    pub cut: u128,
    /// Its portfolio, under a fresh blinding.
    pub after: Portfolio,
}

/// Secret: shows nothing.
impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cut(..)")
    }
}

/// A venue whose winners bear a loss: every account before and afterwards.
pub struct WholeHaircut<'a, F, M> {
    accounts: Accounts<'a, F, M>,
    wanted: WantedHaircut,
    ratio: Ratio,
    winners: usize,
    /// In the order of leaves.
    after: Vec<Cut>,
}

/// Secret: shows the shapes alone.
impl<F, M> fmt::Debug for WholeHaircut<'_, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WholeHaircut").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

impl<'a, F: MarginField, M: FamilyMarket<F>> WholeHaircut<'a, F, M> {
    /// Puts state and portfolios together, as for a venue's proofs, and shares the loss:
    /// the running sum of equities, in the order of accounts, is cut by its share rounded
    /// down ([`zkmargin_margin::haircut`]). Every account has a fresh blinding.
    ///
    /// # Errors
    /// When an account does not fit, nobody has equity or less than the loss, or a cut
    /// takes the cash of a first position out of range.
    pub fn new(
        market: &'a M,
        state: &'a State<F>,
        portfolios: &'a BTreeMap<AccountId, Portfolio>,
        wanted: WantedHaircut,
    ) -> Result<Self, VenueProofError> {
        let accounts = Accounts::new(market, state, portfolios, (wanted.shape, wanted.depth))?;
        let equity = |entry: &Entry<F>| equity(&accounts, entry);
        let equities: Vec<i128> =
            accounts.entries().iter().map(equity).collect::<Result<_, _>>()?;
        let haircut = Haircut::over(equities.iter().copied(), wanted.loss)?;
        let cuts = cuts(&equities, wanted.loss)?;
        let after = accounts.entries().iter().zip(cuts).map(|(Entry { account, .. }, cut)| {
            let before = accounts.portfolio(*account)?;
            let after = cut_portfolio(before, cut, fresh()?);
            Ok(Cut { cut, after: after.ok_or(VenueProofError::CashAfter(*account))? })
        });
        let after = after.collect::<Result<_, VenueProofError>>()?;
        let winners = equities.iter().filter(|equity| **equity > 0).count();
        Ok(Self { accounts, wanted, ratio: Ratio::new(haircut)?, winners, after })
    }

    /// The shape of each subtree that has accounts, by number from 0: all are proved.
    pub fn shapes(&self) -> &[Shape] {
        self.accounts.shapes()
    }

    /// The loss and the equity that it is shared over.
    pub fn haircut(&self) -> Haircut {
        self.ratio.haircut()
    }

    /// How many accounts have equity.
    pub fn winners(&self) -> usize {
        self.winners
    }

    /// The accounts afterwards, in the order of leaves.
    pub fn after(&self) -> impl Iterator<Item = (AccountId, &Cut)> {
        self.accounts.entries().iter().map(|entry| entry.account).zip(&self.after)
    }

    /// An account's portfolio document afterwards, of its document before: the cut is
    /// taken off cash or balance of the bucket of its first position.
    ///
    /// # Errors
    /// When the document is not that of the account's portfolio.
    pub fn document_after(
        &self,
        document: &PortfolioDocument,
    ) -> Result<PortfolioDocument, VenueProofError> {
        let account = document.account;
        let place = self.accounts.entries().binary_search_by_key(&account, |e| e.account);
        let place = place.map_err(|_| VenueProofError::NotInState(account))?;
        let Cut { cut, after } = &self.after[place];
        let listings = self.accounts.market().listings();
        let failed = |source| VenueProofError::After { account, source: Box::new(source) };
        listings.cut(document, *cut, after).map_err(failed)
    }

    /// The state afterwards, that of the next epoch.
    ///
    /// # Errors
    /// As of every state.
    pub fn state_after(&self) -> Result<State<F>, VenueProofError> {
        let entry = |(account, cut): (AccountId, &Cut)| Entry {
            account,
            commitment: cut.after.commitment(),
        };
        let epoch = Epoch::new(self.accounts.epoch().get() + 1);
        let entries = self.after().map(entry).collect();
        Ok(State::build(self.accounts.context(), epoch, entries)?)
    }

    /// The statement about a subtree, with its witness. It is checked natively.
    ///
    /// # Errors
    /// When there is no such subtree, or an account does not fit the market.
    pub fn prepare(&self, index: usize) -> Result<PreparedCuts<F, M>, VenueProofError> {
        let WantedHaircut { memo, depth, .. } = self.wanted;
        let leaf = |place: usize, entry: &Entry<F>| {
            let Cut { cut, after } = &self.after[place];
            let before = self.accounts.portfolio(entry.account)?;
            Ok(HaircutLeaf {
                account: entry.account,
                witness: self.accounts.witness(before, entry)?,
                cut: *cut,
                blinding: after.blinding().clone(),
            })
        };
        let leaves = self.accounts.leaves(index, leaf)?;
        let witness = HaircutWitness { empty: self.accounts.empty()?, leaves };
        let instance = HaircutInstance::new(self.accounts.context(), self.ratio, memo, &witness)
            .map_err(VenueProofError::False)?;
        check(&instance, &witness).map_err(VenueProofError::False)?;
        Ok(PreparedCuts { subtree: Subtree { depth, index }, instance, witness })
    }
}

/// What an account has, in quote units.
fn equity<F: MarginField, M: FamilyMarket<F>>(
    accounts: &Accounts<'_, F, M>,
    entry: &Entry<F>,
) -> Result<i128, VenueProofError> {
    type Of<F, M> = MarketFamily<F, M>;
    let witness = accounts.witness(accounts.portfolio(entry.account)?, entry)?;
    let account = Of::<F, M>::account(&witness);
    let figures = Of::<F, M>::assess(&witness, account.slots.iter(), &account.reserved);
    let figures = figures.map_err(|violation| {
        let source = ProvingError::False { violation, side: Side::AtLeast, gap: None };
        VenueProofError::of(entry.account, source)
    })?;
    Ok(figures.equity_of_all())
}

/// A fresh blinding.
fn fresh() -> Result<Blinding, NoRandomness> {
    let mut bytes = Zeroizing::new([0; 31]);
    rand::rngs::SysRng.try_fill_bytes(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(Blinding::new(*bytes))
}

/// A true statement about a subtree with its witness, ready to prove.
pub struct PreparedCuts<F: MarginField, M: FamilyMarket<F>> {
    subtree: Subtree,
    instance: HaircutInstance<F>,
    witness: HaircutWitness<MarketFamily<F, M>>,
}

/// Secret: shows the subtree alone.
impl<F: MarginField, M: FamilyMarket<F>> fmt::Debug for PreparedCuts<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedCuts").field("subtree", &self.subtree).finish_non_exhaustive()
    }
}

impl<F: MarginField, M: FamilyMarket<F>> PreparedCuts<F, M> {
    /// Which subtree it is.
    pub fn subtree(&self) -> Subtree {
        self.subtree
    }

    /// The public inputs.
    pub fn instance(&self) -> &HaircutInstance<F> {
        &self.instance
    }
}

impl<B, C> Prover<B, C>
where
    B: Backend,
    C: FamilyCircuit<B::Field, Instance = HaircutInstance<B::Field>> + 'static,
{
    /// Proves a subtree of a haircut.
    ///
    /// # Errors
    /// When an account does not fit the prover's shape, the subtree is of another size,
    /// or the proof system fails.
    pub fn prove_cuts<M>(
        &self,
        prepared: &PreparedCuts<B::Field, M>,
    ) -> Result<HaircutFile<B::Field>, VenueProofError>
    where
        M: FamilyMarket<B::Field>,
        C: FamilyCircuit<B::Field, Witness = HaircutWitness<MarketFamily<B::Field, M>>>,
    {
        let (params, key) = self.parts();
        let PreparedCuts { subtree, instance, witness } = prepared;
        B::prove_cuts::<C>(params, key, (*subtree, instance), witness)
            .map_err(|error| VenueProofError::Prove(Box::new(error)))
    }
}
