//! Submissions: reading and verifying them, one or many.

use cosmwasm_std::{Event, Storage};
use zkmargin_margin::escrow::{Ciphertext, POINT_BYTES, Point};
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{LEN, MarginInstance};
use zkmargin_margin::statement::escrow::EscrowInstance;
use zkmargin_margin::statement::transition::TransitionInstance;
use zkmargin_verifier::bn254::{self, Verifier};
use zkmargin_verifier::engine::{
    Action, ActionRecord, ChangeData, ClaimData, CommitteeId, EscrowedData, Root,
};
use zkmargin_verifier::proof::TransitionData;

use crate::apply::{apply, decide};
use crate::circuits::{self, Statement};
use crate::error::ContractError;
use crate::msg::{BatchedProof, EscrowedSubmission, MAX_BATCH, ProofBatch, Submission};
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
        require_accepted(storage, self.circuit, moment, Statement::Margin)?;
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
    change: ChangeData,
}

impl<'a> ReadChange<'a> {
    /// Reads the public inputs, of a change that meets a level or cures.
    pub(crate) fn new(submission: &'a Submission) -> Result<Self, ContractError> {
        let Submission { circuit, public_inputs, proof } = submission;
        let instance = TransitionInstance::from_bytes(public_inputs)?;
        let change = ChangeData::try_from(&TransitionData::from(&instance))?;
        Ok(Self { circuit, proof, instance, change })
    }

    /// What the proof is said to prove.
    pub(crate) fn change(&self) -> ChangeData {
        self.change
    }

    /// Verifies the proof under the key of a circuit of changes that is accepted now.
    pub(crate) fn verify(
        &self,
        storage: &dyn Storage,
        moment: &Moment,
    ) -> Result<(), ContractError> {
        require_accepted(storage, self.circuit, moment, Statement::Change)?;
        let verifier = Verifier::new(circuits::load(storage, self.circuit)?);
        let rows = self.instance.to_field_elements().map(|row| row.to_be_bytes());
        let (public_inputs, proof) = (&rows[..], self.proof);
        Ok(verifier.verify_raw(bn254::Submission { public_inputs, proof })?)
    }
}

/// A submitted proof with an escrow, whose ciphertext is the proof's; not verified.
pub(crate) struct ReadEscrowed<'a> {
    circuit: &'a str,
    proof: &'a [u8],
    instance: EscrowInstance<Bn254Fr>,
    committee: CommitteeId,
}

impl<'a> ReadEscrowed<'a> {
    /// Reads public inputs and ciphertext, whose digest the proof must show.
    pub(crate) fn new(submission: &'a EscrowedSubmission) -> Result<Self, ContractError> {
        let EscrowedSubmission { circuit, public_inputs, proof, key, nonce_point, elements } =
            submission;
        let instance = EscrowInstance::<Bn254Fr>::from_bytes(public_inputs)?;
        let key = point("key", key)?;
        let ciphertext = ciphertext(point("nonce_point", nonce_point)?, elements)?;
        if ciphertext.digest(&key) != instance.escrow {
            return Err(wrong("the proof shows another digest"));
        }
        Ok(Self { circuit, proof, instance, committee: CommitteeId::of(&key) })
    }

    /// What the proof is said to prove, and who can open it.
    pub(crate) fn escrowed(&self) -> EscrowedData {
        let claim = ClaimData::from(&self.instance.account);
        EscrowedData::new(claim, Root::from_field(&self.instance.escrow), self.committee)
    }

    /// Verifies the proof under the key of a circuit of escrows that is accepted now.
    pub(crate) fn verify(
        &self,
        storage: &dyn Storage,
        moment: &Moment,
    ) -> Result<(), ContractError> {
        require_accepted(storage, self.circuit, moment, Statement::Escrow)?;
        let verifier = Verifier::new(circuits::load(storage, self.circuit)?);
        let rows = self.instance.to_field_elements().map(|row| row.to_be_bytes());
        let (public_inputs, proof) = (&rows[..], self.proof);
        Ok(verifier.verify_raw(bn254::Submission { public_inputs, proof })?)
    }
}

fn wrong(what: impl ToString) -> ContractError {
    ContractError::Ciphertext { what: what.to_string() }
}

fn point(field: &str, bytes: &[u8]) -> Result<Point<Bn254Fr>, ContractError> {
    let bytes: &[u8; POINT_BYTES] =
        bytes.try_into().map_err(|_| wrong(format!("{field} is not {POINT_BYTES} bytes")))?;
    Point::from_bytes(bytes).map_err(|error| wrong(format!("{field}: {error}")))
}

fn ciphertext(
    nonce_point: Point<Bn254Fr>,
    bytes: &[u8],
) -> Result<Ciphertext<Bn254Fr>, ContractError> {
    let (words, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(wrong("elements are of 32 bytes each"));
    }
    let element = |word| {
        Bn254Fr::from_be_bytes(word).ok_or_else(|| wrong("an element is not below the modulus"))
    };
    let elements = words.iter().map(element).collect::<Result<_, _>>()?;
    Ciphertext::new(nonce_point, elements).map_err(wrong)
}

/// Refuses a circuit that is not accepted now, and every one on a chain that split off.
fn require_accepted(
    storage: &dyn Storage,
    circuit: &str,
    moment: &Moment,
    statement: Statement,
) -> Result<(), ContractError> {
    let chain = CONFIG.load(storage)?.chain;
    if chain != moment.chain {
        return Err(ContractError::OtherChain { chain });
    }
    circuits::require_accepted(storage, circuit, moment.now, statement)
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
    require_accepted(storage, circuit, moment, Statement::Margin)?;
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

#[cfg(test)]
mod tests {
    use cosmwasm_std::Binary;
    use zkmargin_margin::claim::Level;
    use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
    use zkmargin_margin::instance::Shortfall;
    use zkmargin_verifier::engine::NotTaken;

    use super::*;

    /// A submission whose public inputs have an aim.
    fn submission(aim: &str) -> Submission {
        let (aim, claim) = TransitionInstance::<Bn254Fr>::parse_claim(aim).unwrap();
        let element = Bn254Fr::from(7);
        let account = MarginInstance {
            context: ContextId::derive("test", 1, [0; 20]),
            epoch: Epoch::new(3),
            account: AccountId::new([5; 20]),
            state_root: element,
            market_root: element,
            model: ModelDigest::of(b"model"),
            claim,
            disclosed: Shortfall::NONE,
            memo: Memo::NONE,
        };
        let instance = TransitionInstance::new(account, aim, element, element).unwrap();
        let rows = instance.to_field_elements().map(|row| row.to_be_bytes());
        Submission {
            circuit: String::new(),
            public_inputs: Binary::new(rows.concat()),
            proof: Binary::default(),
        }
    }

    #[test]
    fn changes_that_meet_and_that_cure_are_read_and_no_others() {
        let read = |aim: &str| {
            let submission = submission(aim);
            ReadChange::new(&submission).map(|read| read.change().cures())
        };
        assert_eq!(read("meets:initial").unwrap(), None);
        assert_eq!(read("cures:maintenance:initial").unwrap(), Some(Level::Maintenance));
        let refused = read("healthier:maintenance").unwrap_err();
        assert!(matches!(refused, ContractError::NotTaken(NotTaken { .. })), "{refused}");
    }
}
