//! Verification of the transparent proof system (feature `ipa`).
//!
//! `halo2_proofs` leaves three things to its caller, and they are done here:
//! the proof's exact length (its verifier stops reading where it is satisfied,
//! so a padded proof would pass), the match of proof and key, and the
//! difference between bytes that encode no proof and a proof that is false (of
//! the opening argument, at the proof's end, the library does not say which).

mod batch;

use alloc::vec::Vec;

use halo2_proofs::plonk::{Error, SingleVerifier, verify_proof};
use halo2_proofs::transcript::{Blake2bRead, Challenge255};
use pasta_curves::{Fp, vesta};
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::ipa::{IpaParams, KeyError, VerifyingKey};
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::statement::Statement;

use crate::engine::{ClaimData, VerifiedClaim};
use crate::error::VerifyError;
use crate::proof::{
    CircuitId, EscrowFile, HaircutFile, NettingFile, ProofFile, TransitionFile, VenueFile,
    VerifiedCuts, VerifiedEscrow, VerifiedNetting, VerifiedSubtree, VerifiedTransition,
};

/// Checks the proofs of one shape of a family.
#[derive(Debug)]
pub struct Verifier {
    params: IpaParams,
    key: VerifyingKey,
}

impl Verifier {
    /// A verifier with the key of a shape of the family whose circuit is `C`, made from the parameters.
    ///
    /// # Errors
    /// When the parameters are of another size than the shape's.
    pub fn new<C: FamilyCircuit<Fp>>(params: IpaParams, shape: Shape) -> Result<Self, KeyError> {
        let key = VerifyingKey::build::<C>(&params, shape)?;
        Ok(Self { params, key })
    }

    /// The verifying key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Verifies one proof.
    ///
    /// # Errors
    /// The proof is for another key, has another length, is not an encoding of
    /// a proof, or is false.
    pub fn verify(&self, file: &ProofFile<Fp>) -> Result<VerifiedClaim, VerifyError> {
        self.check_form(file)?;
        self.check_proof(&file.instance().to_field_elements(), file.proof())?;
        Ok(verified(file))
    }

    /// Verifies many proofs, in less time than one by one: the expensive last
    /// step is done once for a random combination of all. When the combination
    /// is wrong, it is halved until the false ones are found, so every result is
    /// its own and a false proof does not make the others dear.
    pub fn verify_batch(&self, files: &[ProofFile<Fp>]) -> Vec<Result<VerifiedClaim, VerifyError>> {
        let mut results: Vec<_> = files.iter().map(|file| self.check_form(file)).collect();
        let formed: Vec<_> = (files.iter().enumerate().zip(&results))
            .filter_map(|(placed, result)| result.is_ok().then_some(placed))
            .collect();
        if !batch::all_valid(self, &formed) {
            batch::find_invalid(self, &formed, &mut |index, error| results[index] = Err(error));
        }
        files.iter().zip(results).map(|(file, result)| result.map(|()| verified(file))).collect()
    }

    /// Verifies one proof of a transition.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_transition(
        &self,
        file: &TransitionFile<Fp>,
    ) -> Result<VerifiedTransition, VerifyError> {
        let circuit = self.circuit(file.instance().aim().statement())?;
        file.check_key((circuit, None), self.key.proof_size())?;
        self.check_proof(&file.instance().to_field_elements(), file.proof())?;
        Ok(VerifiedTransition::of(file))
    }

    /// Verifies proofs of a venue's subtrees, one by one: most of the time is for the
    /// size of the circuit.
    pub fn verify_venue(
        &self,
        files: &[VenueFile<Fp>],
    ) -> Vec<Result<VerifiedSubtree<Fp>, VerifyError>> {
        files.iter().map(|file| self.verify_subtree(file)).collect()
    }

    fn verify_subtree(&self, file: &VenueFile<Fp>) -> Result<VerifiedSubtree<Fp>, VerifyError> {
        let circuit = self.circuit(Statement::Venue(file.subtree().depth))?;
        file.check_key((circuit, None), self.key.proof_size())?;
        self.check_proof(&file.instance().to_field_elements(), file.proof())?;
        Ok(VerifiedSubtree::of(file))
    }

    /// Verifies proofs of a haircut's subtrees, one by one.
    pub fn verify_haircut(
        &self,
        files: &[HaircutFile<Fp>],
    ) -> Vec<Result<VerifiedCuts<Fp>, VerifyError>> {
        files.iter().map(|file| self.verify_cuts(file)).collect()
    }

    fn verify_cuts(&self, file: &HaircutFile<Fp>) -> Result<VerifiedCuts<Fp>, VerifyError> {
        let circuit = self.circuit(Statement::Haircut(file.subtree().depth))?;
        file.check_key((circuit, None), self.key.proof_size())?;
        self.check_proof(&file.instance().to_field_elements(), file.proof())?;
        Ok(VerifiedCuts::of(file))
    }

    /// Verifies one margin proof with an escrow.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_escrow(&self, file: &EscrowFile<Fp>) -> Result<VerifiedEscrow, VerifyError> {
        file.check_key((self.circuit(Statement::Escrow)?, None), self.key.proof_size())?;
        self.check_proof(&file.instance().to_field_elements(), file.proof())?;
        Ok(VerifiedEscrow::of(file))
    }

    /// Verifies one proof over several venues.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_netting(&self, file: &NettingFile<Fp>) -> Result<VerifiedNetting, VerifyError> {
        file.check_key((self.circuit(Statement::Netting)?, None), self.key.proof_size())?;
        self.check_proof(&file.instance().to_field_elements(), file.proof())?;
        Ok(VerifiedNetting::of(file))
    }

    /// Whether one proof is true of public inputs.
    fn check_proof(&self, rows: &[Fp], proof: &[u8]) -> Result<(), VerifyError> {
        let mut transcript = Blake2bRead::<_, vesta::Affine, Challenge255<_>>::init(proof);
        let strategy = SingleVerifier::new(&self.params);
        verify_proof(&self.params, self.key.inner(), strategy, &[&[rows]], &mut transcript)
            .map_err(|error| refused(&error))
    }

    /// Whether the proof is one this key could verify.
    fn check_form(&self, file: &ProofFile<Fp>) -> Result<(), VerifyError> {
        file.check_key((self.circuit(Statement::Margin)?, None), self.key.proof_size())
    }

    /// The circuit of the key, which must be of the statement that is asked for: a
    /// margin proof says nothing about rows that its circuit does not have.
    fn circuit(&self, proof: Statement) -> Result<CircuitId, VerifyError> {
        match self.key.statement() {
            key if key == proof => Ok(CircuitId {
                family: self.key.family(),
                shape: self.key.shape(),
                proof_system: ProofSystem::Ipa,
                layout: self.key.columns(),
            }),
            key => Err(VerifyError::WrongStatement { key, proof }),
        }
    }
}

/// What an error of the library says of a proof.
fn refused(error: &Error) -> VerifyError {
    match error {
        Error::Transcript(_) => VerifyError::Encoding,
        _ => VerifyError::Invalid,
    }
}

/// The claim of a proof that has just been verified.
fn verified(file: &ProofFile<Fp>) -> VerifiedClaim {
    VerifiedClaim::assume_verified_unchecked(ClaimData::from(file.instance()))
}
