//! Submissions: reading and verifying them, one or many.

use cosmwasm_std::{Event, Storage};
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{LEN, MarginInstance};
use zkmargin_margin::statement::transition::{Aim, TransitionInstance};
use zkmargin_verifier::bn254::{self, Verifier};
use zkmargin_verifier::engine::{Action, ActionRecord, ChangeData, ClaimData, Root};

use crate::apply::{apply, decide};
use crate::circuits;
use crate::error::ContractError;
use crate::msg::{BatchedProof, MAX_BATCH, ProofBatch, Submission};
use crate::state::{CONFIG, Moment};

/// A submission with canonical public inputs, not verified.
pub(crate) struct Read<'a> {
    circuit: &'a str,
    proof: &'a [u8],
    instance: MarginInstance<Bn254Fr>,
}

impl<'a> Read<'a> {
    /// Reads the public inputs.
    pub(crate) fn new(submission: &'a Submission) -> Result<Self, ContractError> {
        let Submission { circuit, public_inputs, proof } = submission;
        let instance = MarginInstance::from_bytes(public_inputs)?;
        Ok(Self { circuit, proof, instance })
    }

    /// What the proof is said to prove.
    pub(crate) fn claim(&self) -> ClaimData {
        ClaimData::from(&self.instance)
    }

    /// Verifies the proof under the key of a circuit that is accepted now.
    pub(crate) fn verify(
        &self,
        storage: &dyn Storage,
        moment: &Moment,
    ) -> Result<(), ContractError> {
        require_accepted(storage, self.circuit, moment, false)?;
        self.verify_alone(storage)
    }

    /// Verifies the proof under the circuit's key, whatever else.
    pub(crate) fn verify_alone(&self, storage: &dyn Storage) -> Result<(), ContractError> {
        let verifier = Verifier::new(circuits::load(storage, self.circuit)?);
        let (public_inputs, proof) = (self.rows(), self.proof);
        Ok(verifier.verify_raw(bn254::Submission { public_inputs: &public_inputs, proof })?)
    }

    fn rows(&self) -> [[u8; 32]; LEN] {
        self.instance.to_field_elements().map(|row| row.to_be_bytes())
    }
}

/// A submitted change with canonical public inputs, not verified.
pub(crate) struct ReadChange<'a> {
    circuit: &'a str,
    proof: &'a [u8],
    instance: TransitionInstance<Bn254Fr>,
}

impl<'a> ReadChange<'a> {
    /// Reads the public inputs, of a change that meets a level.
    pub(crate) fn new(submission: &'a Submission) -> Result<Self, ContractError> {
        let Submission { circuit, public_inputs, proof } = submission;
        let instance = TransitionInstance::from_bytes(public_inputs)?;
        match instance.aim() {
            Aim::Meets(_) => Ok(Self { circuit, proof, instance }),
            aim => Err(ContractError::NotMeets { aim }),
        }
    }

    /// What the proof is said to prove.
    pub(crate) fn change(&self) -> ChangeData {
        let afterwards = ClaimData::from(self.instance.account());
        let root = |element: &Bn254Fr| Root::from_field(element);
        ChangeData::new(afterwards, root(&self.instance.next()), root(&self.instance.change()))
    }

    /// Verifies the proof under the key of a circuit of changes that is accepted now.
    pub(crate) fn verify(
        &self,
        storage: &dyn Storage,
        moment: &Moment,
    ) -> Result<(), ContractError> {
        require_accepted(storage, self.circuit, moment, true)?;
        let verifier = Verifier::new(circuits::load(storage, self.circuit)?);
        let rows = self.instance.to_field_elements().map(|row| row.to_be_bytes());
        let (public_inputs, proof) = (&rows[..], self.proof);
        Ok(verifier.verify_raw(bn254::Submission { public_inputs, proof })?)
    }
}

/// Refuses a circuit that is not accepted now, and every one on a chain that split off.
fn require_accepted(
    storage: &dyn Storage,
    circuit: &str,
    moment: &Moment,
    changes: bool,
) -> Result<(), ContractError> {
    let chain = CONFIG.load(storage)?.chain;
    if chain != moment.chain {
        return Err(ContractError::OtherChain { chain });
    }
    circuits::require_accepted(storage, circuit, moment.now, changes)
}

/// Submits the proofs of a batch. All must verify but those that are on record
/// already; then each is taken or refused for itself.
pub(crate) fn submit_batch(
    storage: &mut dyn Storage,
    moment: &Moment,
    batch: &ProofBatch,
) -> Result<Vec<Event>, ContractError> {
    let got = batch.proofs.len();
    if !(1..=MAX_BATCH).contains(&got) {
        return Err(ContractError::BatchSize { got });
    }
    let mut open = Vec::new();
    for (index, proof) in batch.proofs.iter().enumerate() {
        let (place, read) = (index + 1, read_batched(&batch.circuit, proof)?);
        match decide(storage, moment, action(&read)) {
            Ok(None) => {}
            // A refused proof is verified as well: what is announced of it is of an
            // account that somebody proved something of.
            Ok(Some(_)) | Err(ContractError::Refused { .. }) => open.push((place, read)),
            Err(error) => return Err(error),
        }
    }
    verify_batch(storage, moment, &batch.circuit, &open)?;
    let mut events = Vec::new();
    for (_, read) in &open {
        match apply(storage, moment, action(read)) {
            Ok(announced) => events.extend(announced),
            Err(ContractError::Refused { refusal }) => events.push(
                Event::new("zkmargin-proof-refused")
                    .add_attribute("account", read.instance.account.to_string())
                    .add_attribute("epoch", read.instance.epoch.get().to_string())
                    .add_attribute("code", refusal.code())
                    .add_attribute("reason", refusal.to_string()),
            ),
            Err(error) => return Err(error),
        }
    }
    Ok(events)
}

fn read_batched<'a>(
    circuit: &'a str,
    batched: &'a BatchedProof,
) -> Result<Read<'a>, ContractError> {
    let instance = MarginInstance::from_bytes(&batched.public_inputs)?;
    Ok(Read { circuit, proof: &batched.proof, instance })
}

fn action(read: &Read<'_>) -> ActionRecord {
    Action::SubmitProof { claim: read.claim() }
}

/// Verifies proofs of one circuit by one pairing, with their places in the batch.
fn verify_batch(
    storage: &dyn Storage,
    moment: &Moment,
    circuit: &str,
    open: &[(usize, Read<'_>)],
) -> Result<(), ContractError> {
    require_accepted(storage, circuit, moment, false)?;
    let verifier = Verifier::new(circuits::load(storage, circuit)?);
    let rows: Vec<_> = open.iter().map(|(_, read)| read.rows()).collect();
    let submissions: Vec<_> = open
        .iter()
        .zip(&rows)
        .map(|((_, read), rows)| bn254::Submission { public_inputs: rows, proof: read.proof })
        .collect();
    for ((place, _), result) in open.iter().zip(verifier.verify_raw_batch(&submissions)) {
        result.map_err(|source| ContractError::BatchedProof { place: *place, source })?;
    }
    Ok(())
}
