//! The clauses of the statements, how a witness can fail them, and what a family
//! of margin models is.

use alloc::vec::Vec;
use core::fmt;

use crate::claim::{Level, Leverage, Multiplier};
use crate::field::MarginField;
use crate::ids::{BucketId, InstrumentId};
use crate::merkle::Path;
use crate::portfolio::Reserved;
use crate::shape::Family;
use crate::witness::{AccountWitness, Slot};

/// A clause of the statement. Its name stands in the [`Violation`], in the
/// circuit's constraint labels and in the names of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// The positions, cash and blinding open the portfolio commitment.
    M1,
    /// The account leaf is in `STATE_ROOT`.
    M2,
    /// Every row is in `MARKET_ROOT`; the header binds `EPOCH`, `MODEL` and the time.
    M3,
    /// Quantities, prices and sums are in range; positions are in canonical order.
    M4,
    /// Equity and requirements are computed exactly as the model says.
    M5,
    /// `CLAIM` is true of them.
    M6,
    /// `DISCLOSED` is zero or exactly the shortfall.
    M7,
    /// The portfolio afterwards opens `NEXT`.
    T2,
    /// Afterwards is before and the change, which `CHANGE` commits to.
    T3,
    /// The aim is reached.
    T4,
    /// Every leaf of `SUBTREE_ROOT` is empty, or an account's in `CONTEXT`.
    V1,
    /// An account is flagged exactly when it is below the level of `CLAIM`.
    V2,
    /// `FLAGGED` is the chain over the flagged accounts, in the order of leaves.
    V3,
    /// `COUNTS` are the accounts, and the flagged ones of them.
    V4,
    /// Every leaf of `SUBTREE_ROOT` is empty, or an account's in `CONTEXT`.
    F1,
    /// `RATIO` is of a loss, and of equity that covers it.
    F2,
    /// Each account is cut by its share of the loss, to one unit of rounding.
    F3,
    /// Every leaf of `SUBTREE_AFTER` is the same, with the cut less cash.
    F4,
    /// `SUMS` are the winners' equity, their cuts, and how many there are.
    F5,
    /// The escrow's nonce point is made from the nonce.
    E1,
    /// Its ciphertext is of what opens the portfolio commitment.
    E2,
    /// `ESCROW` is its digest.
    E3,
    /// What is held at each venue opens a leaf in the venue's state root.
    N1,
    /// Lots, cash and what is reserved are the sums over the venues.
    N2,
    /// No venue, state root or commitment counts twice; `VENUES` is the list's digest.
    N3,
    /// An isolated bucket is one venue's.
    N4,
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why a witness does not satisfy the margin relation. Indices count the
/// positions from zero; no private value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The commitment does not open to these positions.
    #[error("M1: the commitment does not open to these positions")]
    Opening,
    /// The account's leaf is not in the state root.
    #[error("M2: the account and commitment are not in the state root")]
    AccountNotInState,
    /// A row is not in the market root.
    #[error("M3: the row of position {0} is not in the market root")]
    RowNotInMarket(usize),
    /// The header does not hash to the market root, or is of another epoch or model.
    #[error("M3: the market header is not the one of this root, epoch and model")]
    Header,
    /// A row is another instrument's.
    #[error("M3: the row of position {0} belongs to another instrument")]
    WrongInstrument(usize),
    /// The market's terms are not the ones its header commits to.
    #[error("M3: the terms are not the ones of this market")]
    Terms,
    /// Two rows of one expiry do not agree on it: the market is malformed.
    #[error("M3: the row of position {0} gives its expiry other terms than an earlier one does")]
    Expiry(usize),
    /// The row is of an underlying that the market has no terms of, or the call and the
    /// put of a strike are of two: the market is malformed.
    #[error(
        "M3: the row of position {0} is of an underlying that the market does not have, or of another than its strike's"
    )]
    Underlying(usize),
    /// Strikes of an expiry that do not ascend as their identifiers do: the market is
    /// malformed.
    #[error("M3: the row of position {0} has a lower strike than the one before it")]
    Strike(usize),
    /// Positions are not strictly in order of bucket and instrument.
    #[error("M4: position {0} is out of order or a duplicate")]
    Order(usize),
    /// A notional or charge of 2^80 quote units or more.
    #[error("M4: position {0} is too large: its notional or margin is 2^80 quote units or more")]
    Range(usize),
    /// Portfolio margin has one bucket.
    #[error("M4: position {0} is not in bucket 0: portfolio margin has one bucket")]
    Bucket(usize),
    /// More lots than portfolio margin can count.
    #[error("M4: position {0} is too large: allowed are -2^32 to 2^32 - 1 lots")]
    Quantity(usize),
    /// More lots than margin by simulation can count.
    #[error("M4: position {0} is too large: allowed are -2^24 to 2^24 - 1 lots")]
    Lots(usize),
    /// A sum of the account that is too large: of 2^72 quote units or more, or
    /// 2^55 in margin by simulation.
    #[error("M4: the portfolio is too large: one of its sums is 2^72 quote units or more")]
    Sum,
    /// The row is for the other direction.
    #[error("M5: the row of position {0} is for the other direction (long or short)")]
    WrongDirection(usize),
    /// The notional is outside the row's tier.
    #[error("M5: the notional of position {0} is outside the row's tier")]
    WrongTier(usize),
    /// Many times the requirement is more than a circuit can count.
    #[error("M4: so many times the requirement is out of range: claim a smaller multiplier")]
    Multiplied,
    /// The claim is false.
    #[error("M6: the claim is not true of this account")]
    FalseClaim,
    /// The account is leveraged more than the claim allows.
    #[error("M6: the notional of the positions is more times the equity than is claimed")]
    Leverage,
    /// A bound on leverage in a family that has no notional.
    #[error("M6: portfolio margin has no notional, so nothing can be claimed about leverage")]
    NoNotional,
    /// The disclosed shortfall is neither zero nor the shortfall.
    #[error("M7: the disclosed shortfall is not the account's")]
    FalseDisclosure,
    /// The commitment afterwards is another.
    #[error("T2: the positions afterwards do not open the next commitment")]
    Next,
    /// A slot that neither portfolio has.
    #[error("T3: position {0} is in neither portfolio")]
    Idle(usize),
    /// A position that is left out afterwards although it is not empty.
    #[error("T3: position {0} is left out afterwards, but has lots or cash")]
    Closed(usize),
    /// A position that does not follow from the one before and the change.
    #[error("T3: position {0} is not what it was before and the change")]
    Change(usize),
    /// The portfolio before or the change has a position that is not listed.
    #[error("T3: a position of the portfolio before, or of the change, is not accounted for")]
    NotListed,
    /// The digest is another change's.
    #[error("T3: the digest is not that of the change")]
    ChangeDigest,
    /// An entry does what the aim does not allow.
    #[error(
        "T4: entry {0} of the change does not shrink its position, nor is it cash that comes with one of its bucket that does"
    )]
    Grows(usize),
    /// A position is opened or left out as nothing, and no entry says so.
    #[error("T4: position {0} is opened or left out, and no entry of the change says so")]
    Unsaid(usize),
    /// Equity over the requirement falls, or the requirement does not.
    #[error("T4: equity over the requirement falls in a bucket, or the requirement does not fall")]
    LessHealthy,
    /// There was nothing to cure.
    #[error("T4: the account was not below the level that is cured")]
    NotInBreach,
    /// The position with one lot taken back is missing or another one.
    #[error(
        "T4: the position with its last lot taken back is missing, or is not that of the change"
    )]
    TakenBack,
    /// A smaller change would do.
    #[error("T4: the change closes more than the target takes")]
    ClosesTooMuch,
    /// A number of leaves that no subtree has.
    #[error("V1: a venue's proof is over 4, 16, 64 or 256 leaves, not {0}")]
    Leaves(usize),
    /// Other leaves than those of the root.
    #[error("V1: the leaves do not hash to the subtree root")]
    Subtree,
    /// A claim that no venue's proof is of.
    #[error("V2: a venue's proof is of a claim at-least:LEVEL, and of no leverage")]
    VenueClaim,
    /// An account below the level that is not flagged.
    #[error("V2: the account of leaf {0} is below the level and not flagged")]
    Spared(usize),
    /// An account at the level that is flagged.
    #[error("V2: the account of leaf {0} is flagged and at least at the level")]
    FlaggedHealthy(usize),
    /// Another end of the chain.
    #[error("V3: the chain over the flagged accounts, in the order of leaves, is another")]
    FlaggedChain,
    /// Other numbers of accounts.
    #[error("V4: the numbers of accounts and of flagged ones are others")]
    Counts,
    /// A number of leaves that no subtree has.
    #[error("F1: a haircut's proof is over 4, 16, 64 or 256 leaves, not {0}")]
    HaircutLeaves(usize),
    /// Other leaves than those of the root.
    #[error("F1: the leaves do not hash to the subtree root")]
    HaircutSubtree,
    /// Equity of all winners that no circuit counts.
    #[error("F2: the equity of all winners is 2^104 quote units or more")]
    Ratio,
    /// Equity of an account that no circuit counts.
    #[error("F3: the equity of the account of leaf {0} is 2^80 quote units or more, either way")]
    Equity(usize),
    /// A cut that is not the account's share; that of a loser is nothing.
    #[error("F3: the cut of the account of leaf {0} is not its share of the loss")]
    Share(usize),
    /// An account that has no cash to be cut, in its first position.
    #[error(
        "F4: the cut takes the cash of the first position of the account of leaf {0} below -2^79 quote units, or there is no position"
    )]
    CashAfter(usize),
    /// Other leaves afterwards than those of the root.
    #[error("F4: the leaves afterwards do not hash to the subtree root afterwards")]
    SubtreeAfter,
    /// Other sums.
    #[error("F5: the winners' equity, their cuts or their number are others")]
    Sums,
    /// The nonce point is another nonce's.
    #[error("E1: the escrow's nonce point is not that of the nonce")]
    NoncePoint,
    /// The ciphertext is of something else, or of another number of slots.
    #[error("E2: the escrow's ciphertext is not of this portfolio, key, epoch and account")]
    Ciphertext,
    /// The digest is another escrow's.
    #[error("E3: the escrow's digest is not that of this key and ciphertext")]
    EscrowDigest,
    /// A commitment that does not open to what is said to be held at a venue.
    #[error("N1: the commitment at venue {0} does not open to these positions")]
    VenueOpening(usize),
    /// Positions at a venue that are not strictly in order.
    #[error("N1: the positions at venue {0} are out of order or have a duplicate")]
    VenueOrder(usize),
    /// A leaf that is not in the venue's state root.
    #[error("N1: the account and commitment are not in the state root of venue {0}")]
    NotAtVenue(usize),
    /// A position of the totals that no venue has.
    #[error("N2: position {0} of the totals is held at no venue")]
    HeldNowhere(usize),
    /// A position that is not the sum of the venues'.
    #[error("N2: position {0} of the totals is not the sum over the venues")]
    Total(usize),
    /// A position of a venue that the totals do not have.
    #[error("N2: a position of a venue is missing in the totals")]
    NotInTotal,
    /// Another sum of what is reserved.
    #[error("N2: what is reserved in all is not the sum over the venues")]
    TotalReserved,
    /// No venue, or too many.
    #[error("N3: a proof nets over 1 to 4 venues, not {0}")]
    Venues(usize),
    /// A context, state root or commitment for the second time.
    #[error("N3: venue {0} has the context, the state root or the commitment of an earlier one")]
    VenueTwice(usize),
    /// The digest is another list's.
    #[error("N3: the digest is not that of these venues, context and account")]
    VenuesDigest,
    /// An isolated bucket of two venues.
    #[error("N4: the bucket of position {0} is isolated, and two venues have it")]
    SharedBucket(usize),
}

impl Violation {
    /// The clause that is violated.
    pub const fn clause(&self) -> Clause {
        match self {
            Self::Opening => Clause::M1,
            Self::AccountNotInState => Clause::M2,
            Self::RowNotInMarket(_)
            | Self::Header
            | Self::WrongInstrument(_)
            | Self::Terms
            | Self::Expiry(_)
            | Self::Underlying(_)
            | Self::Strike(_) => Clause::M3,
            Self::Order(_)
            | Self::Range(_)
            | Self::Bucket(_)
            | Self::Quantity(_)
            | Self::Lots(_)
            | Self::Sum
            | Self::Multiplied => Clause::M4,
            Self::WrongDirection(_) | Self::WrongTier(_) => Clause::M5,
            Self::FalseClaim | Self::Leverage | Self::NoNotional => Clause::M6,
            Self::FalseDisclosure => Clause::M7,
            Self::Next => Clause::T2,
            Self::Idle(_)
            | Self::Closed(_)
            | Self::Change(_)
            | Self::NotListed
            | Self::ChangeDigest => Clause::T3,
            Self::Grows(_)
            | Self::Unsaid(_)
            | Self::LessHealthy
            | Self::NotInBreach
            | Self::TakenBack
            | Self::ClosesTooMuch => Clause::T4,
            Self::Leaves(_) | Self::Subtree => Clause::V1,
            Self::VenueClaim | Self::Spared(_) | Self::FlaggedHealthy(_) => Clause::V2,
            Self::FlaggedChain => Clause::V3,
            Self::Counts => Clause::V4,
            Self::HaircutLeaves(_) | Self::HaircutSubtree => Clause::F1,
            Self::Ratio => Clause::F2,
            Self::Equity(_) | Self::Share(_) => Clause::F3,
            Self::CashAfter(_) | Self::SubtreeAfter => Clause::F4,
            Self::Sums => Clause::F5,
            Self::NoncePoint => Clause::E1,
            Self::Ciphertext => Clause::E2,
            Self::EscrowDigest => Clause::E3,
            Self::VenueOpening(_) | Self::VenueOrder(_) | Self::NotAtVenue(_) => Clause::N1,
            Self::HeldNowhere(_) | Self::Total(_) | Self::NotInTotal | Self::TotalReserved => {
                Clause::N2
            }
            Self::Venues(_) | Self::VenueTwice(_) | Self::VenuesDigest => Clause::N3,
            Self::SharedBucket(_) => Clause::N4,
        }
    }
}

/// A family of margin models: how positions, and the rows of a market, become
/// figures. What is claimed of the figures is a statement's: [`crate::statement`].
pub trait MarginFamily {
    /// Which one it is, in proof files and keys.
    const FAMILY: Family;
    /// The field of commitments and roots.
    type Field: MarginField;
    /// What a market says of one instrument.
    type Row: Clone;
    /// What the prover knows of an account and its market.
    type Witness: Clone;
    /// An account's figures.
    type Figures: Figures;

    /// The part of a witness that is the same in every family.
    fn account(witness: &Self::Witness) -> &AccountWitness<Self::Field, Self::Row>;

    /// The same witness of an account with other slots.
    fn with_slots(
        witness: &Self::Witness,
        slots: Vec<Slot<Self::Field, Self::Row>>,
    ) -> Self::Witness;

    /// M3: what counts for a whole account is what the market's header says.
    ///
    /// # Errors
    /// When it is not.
    fn check_terms(witness: &Self::Witness) -> Result<(), Violation>;

    /// The instrument of a row, and the leaf it is in the market tree.
    fn leaf(row: &Self::Row) -> (InstrumentId, Self::Field);

    /// The figures of positions in canonical order (ranges of M4, and M5), and of
    /// what is reserved for open orders.
    ///
    /// # Errors
    /// The first position that its row does not apply to, or what is out of range.
    fn assess<'a>(
        witness: &Self::Witness,
        slots: impl Iterator<Item = &'a Slot<Self::Field, Self::Row>>,
        reserved: &Reserved,
    ) -> Result<Self::Figures, Violation>
    where
        Self: 'a;

    /// Whether a row fills a slot that no position uses: it is in the market and
    /// applies to zero lots. No statement depends on it, a proof in a circuit with
    /// unused slots does.
    fn is_padding(witness: &Self::Witness, row: &Self::Row, path: &Path<Self::Field>) -> bool;
}

/// What a family makes of an account, in quote units.
pub trait Figures {
    /// Cash that would lift every bucket to so many times what a level requires,
    /// rounded up; zero when all are there. `None` when that is out of range, as it
    /// can be of a multiplied requirement alone.
    fn shortfall(&self, level: Level, times: Multiplier) -> Option<u128>;

    /// Whether the notional of all positions is at most so many times the equity;
    /// `None` in a family that has no notional.
    fn is_within(&self, leverage: Leverage) -> Option<bool>;

    /// Equity of every bucket and so many times what a level requires of it,
    /// ascending; nothing is required to be bankrupt.
    fn buckets(&self, level: Level, times: Multiplier) -> Vec<BucketFigures>;

    /// Equity of the whole account: values or marks, and cash, of all buckets; nothing
    /// of margin, charges or what is reserved is taken off. Below `2^88` either way, of
    /// as many positions as a shape holds.
    fn equity_of_all(&self) -> i128 {
        let buckets = self.buckets(Level::MarginCall, Multiplier::ONE);
        buckets.iter().map(|bucket| bucket.equity).sum()
    }
}

/// A bucket's equity, and what is required of it, in quote units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BucketFigures {
    /// The bucket.
    pub bucket: BucketId,
    /// Sum of values and cash.
    pub equity: i128,
    /// What equity must reach, rounded up. Negative where charges are credits.
    pub requirement: i128,
}

redacted_debug!(BucketFigures);
