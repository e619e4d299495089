//! Verification of the on-chain proof system by the library that proves it
//! (feature `kzg`).
//!
//! The library leaves to its caller what that of the transparent proof system
//! does (see [`crate::ipa`]); the powers of tau are one more: a proof names
//! those it was made under, and must be of the verifier's.

use alloc::vec::Vec;

use halo2_axiom::plonk::Error;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::kzg::{KeyError, KzgParams, VerifyingKey};
#[cfg(feature = "export")]
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::Statement;

use crate::engine::VerifiedClaim;
use crate::error::VerifyError;
use crate::proof::{
    CircuitId, EscrowFile, HaircutFile, NettingFile, ProofFile, TransitionFile, VenueFile,
    VerifiedCuts, VerifiedEscrow, VerifiedNetting, VerifiedSubtree, VerifiedTransition,
};

/// Checks the proofs of one shape of a family.
#[derive(Debug)]
pub struct Verifier {
    params: KzgParams,
    srs: SrsMark,
    key: VerifyingKey,
}

impl Verifier {
    /// A verifier with the key of a shape of the family whose circuit is `C`,
    /// made from the powers of tau.
    ///
    /// # Errors
    /// When the powers of tau are of another size than the shape's.
    pub fn new<C: FamilyCircuit<Bn254Fr>>(
        params: KzgParams,
        srs: SrsMark,
        shape: Shape,
    ) -> Result<Self, KeyError> {
        let key = VerifyingKey::build::<C>(&params, shape)?;
        Ok(Self::with_key(params, srs, key))
    }

    /// A verifier with a key that was made under these powers of tau before.
    pub fn with_key(params: KzgParams, srs: SrsMark, key: VerifyingKey) -> Self {
        Self { params, srs, key }
    }

    /// The verifying key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The powers of tau under the key.
    pub fn srs(&self) -> SrsMark {
        self.srs
    }

    /// The key as those need it who have no proving library.
    ///
    /// # Errors
    /// When the circuit uses what exported keys do not know.
    #[cfg(feature = "export")]
    pub fn export(&self) -> Result<crate::bn254::VerifyingKey, crate::bn254::export::ExportError> {
        crate::bn254::export::export(&self.key, &self.params, self.srs.insecure)
    }

    /// The same whatever its statement, which an exported key does not say: for who knows
    /// it, as a contract does that asks for proofs of one statement alone.
    ///
    /// # Errors
    /// When the circuit uses what exported keys do not know.
    #[cfg(feature = "export")]
    pub fn export_any(
        &self,
    ) -> Result<crate::bn254::VerifyingKey, crate::bn254::export::ExportError> {
        let origin = crate::bn254::export::Origin {
            family: self.key.family(),
            shape: self.key.shape(),
            layout: self.key.columns(),
            public_inputs: self.key.statement().public_inputs(),
            insecure_srs: self.srs.insecure,
        };
        crate::bn254::export::export_any(self.key.inner(), &self.params, origin)
    }

    /// Verifies one proof.
    ///
    /// # Errors
    /// The proof is for another key or other powers of tau, has another length,
    /// is not an encoding of a proof, or is false.
    pub fn verify(&self, file: &ProofFile<Bn254Fr>) -> Result<VerifiedClaim, VerifyError> {
        self.check_form(file)?;
        self.key.verify(&self.params, file.instance(), file.proof()).map_err(refused)?;
        Ok(VerifiedClaim::assume_verified_unchecked(file.instance().into()))
    }

    /// Verifies many proofs, one by one: a proof takes milliseconds.
    pub fn verify_batch(
        &self,
        files: &[ProofFile<Bn254Fr>],
    ) -> Vec<Result<VerifiedClaim, VerifyError>> {
        files.iter().map(|file| self.verify(file)).collect()
    }

    /// Verifies one proof of a transition.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_transition(
        &self,
        file: &TransitionFile<Bn254Fr>,
    ) -> Result<VerifiedTransition, VerifyError> {
        let circuit = self.circuit(file.instance().aim().statement())?;
        file.check_key((circuit, Some(self.srs)), self.key.proof_size())?;
        self.check_points(file.proof())?;
        self.key.verify(&self.params, file.instance(), file.proof()).map_err(refused)?;
        Ok(VerifiedTransition::of(file))
    }

    /// Verifies proofs of a venue's subtrees, one by one.
    pub fn verify_venue(
        &self,
        files: &[VenueFile<Bn254Fr>],
    ) -> Vec<Result<VerifiedSubtree<Bn254Fr>, VerifyError>> {
        files.iter().map(|file| self.verify_subtree(file)).collect()
    }

    fn verify_subtree(
        &self,
        file: &VenueFile<Bn254Fr>,
    ) -> Result<VerifiedSubtree<Bn254Fr>, VerifyError> {
        self.check_subtree(file)?;
        self.key.verify(&self.params, file.instance(), file.proof()).map_err(refused)?;
        Ok(VerifiedSubtree::of(file))
    }

    /// The same with one pairing for all of them, by the verifier that shares no code
    /// with the proving library.
    ///
    /// # Errors
    /// When the circuit uses what exported keys do not know.
    #[cfg(feature = "export")]
    pub fn verify_venue_batch(
        &self,
        files: &[VenueFile<Bn254Fr>],
    ) -> Result<Vec<Result<VerifiedSubtree<Bn254Fr>, VerifyError>>, crate::bn254::export::ExportError>
    {
        use crate::bn254::{self, Submission};

        let key = self.export_any()?;

        let rows = |file: &VenueFile<Bn254Fr>| {
            file.instance().to_field_elements().map(|row| row.to_be_bytes())
        };
        let rows: Vec<_> = files.iter().map(rows).collect();
        let submissions: Vec<_> = files
            .iter()
            .zip(&rows)
            .map(|(file, rows)| Submission { public_inputs: rows, proof: file.proof() })
            .collect();
        let results = bn254::Verifier::new(key).verify_raw_batch(&submissions);
        let one = |(file, result): (&VenueFile<Bn254Fr>, Result<(), _>)| {
            self.check_subtree(file)?;
            result?;
            Ok(VerifiedSubtree::of(file))
        };
        Ok(files.iter().zip(results).map(one).collect())
    }

    /// Whether a proof is one that this key could verify.
    fn check_subtree(&self, file: &VenueFile<Bn254Fr>) -> Result<(), VerifyError> {
        let circuit = self.circuit(Statement::Venue(file.subtree().depth))?;
        file.check_key((circuit, Some(self.srs)), self.key.proof_size())?;
        self.check_points(file.proof())
    }

    /// Verifies proofs of a haircut's subtrees, one by one.
    pub fn verify_haircut(
        &self,
        files: &[HaircutFile<Bn254Fr>],
    ) -> Vec<Result<VerifiedCuts<Bn254Fr>, VerifyError>> {
        files.iter().map(|file| self.verify_cuts(file)).collect()
    }

    fn verify_cuts(
        &self,
        file: &HaircutFile<Bn254Fr>,
    ) -> Result<VerifiedCuts<Bn254Fr>, VerifyError> {
        let circuit = self.circuit(Statement::Haircut(file.subtree().depth))?;
        file.check_key((circuit, Some(self.srs)), self.key.proof_size())?;
        self.check_points(file.proof())?;
        self.key.verify(&self.params, file.instance(), file.proof()).map_err(refused)?;
        Ok(VerifiedCuts::of(file))
    }

    /// Verifies one margin proof with an escrow.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_escrow(&self, file: &EscrowFile<Bn254Fr>) -> Result<VerifiedEscrow, VerifyError> {
        let circuit = self.circuit(Statement::Escrow)?;
        file.check_key((circuit, Some(self.srs)), self.key.proof_size())?;
        self.check_points(file.proof())?;
        self.key.verify(&self.params, &file.instance(), file.proof()).map_err(refused)?;
        Ok(VerifiedEscrow::of(file))
    }

    /// Verifies one proof over several venues.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_netting(
        &self,
        file: &NettingFile<Bn254Fr>,
    ) -> Result<VerifiedNetting, VerifyError> {
        let circuit = self.circuit(Statement::Netting)?;
        file.check_key((circuit, Some(self.srs)), self.key.proof_size())?;
        self.check_points(file.proof())?;
        self.key.verify(&self.params, file.instance(), file.proof()).map_err(refused)?;
        Ok(VerifiedNetting::of(file))
    }

    /// Whether the proof is one this key could verify.
    fn check_form(&self, file: &ProofFile<Bn254Fr>) -> Result<(), VerifyError> {
        let circuit = self.circuit(Statement::Margin)?;
        file.check_key((circuit, Some(self.srs)), self.key.proof_size())?;
        self.check_points(file.proof())
    }

    /// The circuit of the key, which must be of the statement that is asked for: a
    /// margin proof says nothing about rows that its circuit does not have.
    fn circuit(&self, proof: Statement) -> Result<CircuitId, VerifyError> {
        match self.key.statement() {
            key if key == proof => Ok(CircuitId {
                family: self.key.family(),
                shape: self.key.shape(),
                proof_system: ProofSystem::Kzg,
                layout: self.key.columns(),
            }),
            key => Err(VerifyError::WrongStatement { key, proof }),
        }
    }

    /// The library reads zeros as the identity; contracts refuse it, and no honest
    /// proof holds it.
    fn check_points(&self, proof: &[u8]) -> Result<(), VerifyError> {
        match self.key.points(proof).any(|point| point.iter().all(|byte| *byte == 0)) {
            true => Err(VerifyError::Encoding),
            false => Ok(()),
        }
    }
}

/// What an error of the library says of a proof.
fn refused(error: Error) -> VerifyError {
    match error {
        Error::Transcript(_) => VerifyError::Encoding,
        _ => VerifyError::Invalid,
    }
}
