//! The proofs of a venue, and where each is in the epoch's state tree.

use std::collections::{BTreeMap, BTreeSet};

use alloy_sol_types::private::{Address, B256, U256};
use zkmargin_evm::contracts::{MarginMarkets as markets, MarginVenueBatches as batches};
use zkmargin_evm::engine as convert;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::statement::venue::{SubtreeDepth, SubtreePath};
use zkmargin_prover::bulk;
use zkmargin_prover::files::Source;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::coverage::Coverage;
use zkmargin_verifier::proof::{MAX_BYTES, VenueFile, venue};

use super::super::deployment::Registry;
use super::super::error::EvmError;
use super::made_with::MadeWith;
use crate::cmd::verify::{not_covered, not_one_venue};
use crate::env::Env;
use crate::error::Error;
use crate::input::{SrsArgs, warn_of_insecure_srs};

/// All proofs of a venue, by the number of the subtree.
pub(super) struct Proofs {
    pub(super) depth: SubtreeDepth,
    pub(super) epoch: u64,
    files: BTreeMap<usize, VenueFile<Bn254Fr>>,
    /// What they say of the venue, verified by nobody.
    claimed: Coverage,
}

impl Proofs {
    /// Reads them: they are of one venue, under powers of tau that were asked for.
    pub(super) fn read(named: &[Source], srs: SrsArgs, env: Env) -> Result<Self, Error> {
        let sources = bulk::expand(named, &[])?;
        if srs.insecure_dev_srs {
            warn_of_insecure_srs();
        }
        let read = |source: &Source| read(source, srs, env);
        let files = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let claimed = Coverage::claimed_by(&files.iter().collect::<Vec<_>>())
            .map_err(|error| not_one_venue(&sources, error))?;
        // `Coverage` refuses no file at all.
        let depth = files.first().map(|file| file.subtree().depth);
        let depth = depth.ok_or(Error::Usage("no proof is named"))?;
        let epoch = claimed.epoch.get();
        let files = files.into_iter().map(|file| (file.subtree().index, file)).collect();
        Ok(Self { depth, epoch, files, claimed })
    }

    /// Refuses proofs of another deployment, or not of all subtrees of the epoch on record:
    /// what the roots hash up to shows where each subtree is.
    pub(super) fn belong_to(&self, on: &Registry) -> Result<(), Error> {
        if self.claimed.context != on.at.context {
            let (expected, found) = (on.at.context, self.claimed.context);
            return Err(EvmError::EpochContext { expected, found }.into());
        }
        let (context, epoch) = (on.context(), self.epoch);
        let record = on.market(&markets::epochOfCall { context, epoch })?;
        if record.stateRoot.is_zero() {
            return Err(EvmError::NoEpoch(epoch).into());
        }
        let found = self.claimed.state_root;
        if record.stateRoot.0 == *found.as_bytes() {
            return Ok(());
        }
        let expected = format!("{} of the epoch on record", record.stateRoot);
        Err(not_covered(&self.claimed, expected, found.to_string()))
    }

    /// What the proofs were made with, each kind once.
    pub(super) fn kinds(&self) -> BTreeSet<MadeWith> {
        self.files.values().filter_map(made_with).collect()
    }

    /// The first subtree with a proof of a kind.
    pub(super) fn first_of(&self, kind: MadeWith) -> Option<usize> {
        let mut files = self.files.iter();
        files.find(|(_, file)| made_with(file) == Some(kind)).map(|(index, _)| *index)
    }

    /// The subtrees' numbers, ascending.
    pub(super) fn indices(&self) -> impl Iterator<Item = usize> {
        self.files.keys().copied()
    }

    /// What the contract is sent of a subtree, to the circuit of its kind.
    pub(super) fn call(
        &self,
        circuits: &BTreeMap<MadeWith, B256>,
        index: usize,
    ) -> Option<batches::submitBatchCall> {
        let file = self.files.get(&index)?;
        let circuit = *circuits.get(&made_with(file)?)?;
        let root =
            |(index, file): (&usize, &VenueFile<Bn254Fr>)| (*index, file.instance().subtree_root);
        let roots = self.files.iter().map(root).collect();
        let path = SubtreePath::among(self.depth, index, roots)?;
        let rows = file.instance().to_field_elements();
        Some(batches::submitBatchCall {
            circuit,
            inputs: rows.map(|row| U256::from_be_bytes(row.to_be_bytes())),
            proof: file.proof().to_vec().into(),
            subtree: convert::subtree(&path, file.flagged()),
        })
    }

    /// The subtrees that are on record already.
    pub(super) fn on_record(&self, on: &Registry, at: Address) -> Result<Vec<usize>, EvmError> {
        use alloy_sol_types::SolEvent as _;

        let logs = on.chain.logs(&[at], on.at.block)?;
        let accepted = logs.iter().filter_map(|log| {
            batches::BatchAccepted::decode_raw_log(log.topics(), &log.data().data).ok()
        });
        let ours = accepted.filter(|event| {
            (event.context, event.epoch) == (on.context(), self.epoch)
                && event.depth == U256::from(self.depth.get())
        });
        Ok(ours.filter_map(|event| usize::try_from(event.index).ok()).collect())
    }
}

/// What a proof was made with; every one that was read is under powers of tau.
fn made_with(file: &VenueFile<Bn254Fr>) -> Option<MadeWith> {
    Some((file.circuit().into(), file.srs()?))
}

fn read(source: &Source, srs: SrsArgs, env: Env) -> Result<VenueFile<Bn254Fr>, Error> {
    let failed = |error: VerifyError| Error::Proof { path: source.to_string(), source: error };
    let bytes = source.read_at_most(MAX_BYTES)?;
    let (circuit, _) = venue::circuit_of(&bytes).map_err(|error| failed(error.into()))?;
    let wanted = Env { proof_system: Some(ProofSystem::Kzg), ..env };
    wanted.proof_system_of(source, circuit.proof_system)?;
    let file = VenueFile::<Bn254Fr>::parse(&bytes).map_err(|error| failed(error.into()))?;
    let mark = file.srs().ok_or_else(|| EvmError::NoMark(source.to_string()))?;
    match mark.insecure && !srs.insecure_dev_srs {
        true => Err(Error::InsecureSrs(source.to_string())),
        false => Ok(file),
    }
}
