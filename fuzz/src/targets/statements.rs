//! Decoders of the statements beside the margin statement, and of what came with them.

use pasta_curves::Fp;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::statement::escrow::EscrowInstance;
use zkmargin_margin::statement::haircut::HaircutInstance;
use zkmargin_margin::statement::netting::NettingInstance;
use zkmargin_margin::statement::transition::TransitionInstance;
use zkmargin_margin::statement::venue::VenueInstance;
use zkmargin_params::simulation::backtest::book::Book;
use zkmargin_params::simulation::history::History;
use zkmargin_params::simulation::model::SimulationModel;
use zkmargin_params::simulation::snapshot::SimulationSnapshot;
use zkmargin_prover::escrow::{
    CiphertextFile, CommitteeFile, EscrowGroup, MemberFile, PartFile, ViewingKeyFile,
};
use zkmargin_prover::transition::Opening;
use zkmargin_verifier::proof::{EscrowFile, HaircutFile, NettingFile, TransitionFile, VenueFile};

/// The public inputs of every statement, as the EVM reads them: one encoding each.
pub fn public_inputs(bytes: &[u8]) {
    if let Ok(instance) = MarginInstance::<Bn254Fr>::from_bytes(bytes) {
        assert_eq!(instance.to_bytes().as_slice(), bytes);
    }
    if let Ok(instance) = EscrowInstance::<Bn254Fr>::from_bytes(bytes) {
        assert_eq!(instance.to_bytes().as_slice(), bytes);
    }
    if let Ok(instance) = TransitionInstance::<Bn254Fr>::from_bytes(bytes) {
        assert_eq!(instance.to_bytes().as_slice(), bytes);
    }
    if let Ok(instance) = NettingInstance::<Bn254Fr>::from_bytes(bytes) {
        assert_eq!(instance.to_bytes().as_slice(), bytes);
    }
    if let Ok(instance) = VenueInstance::<Bn254Fr>::from_bytes(bytes) {
        assert_eq!(instance.to_bytes().as_slice(), bytes);
    }
    if let Ok(instance) = HaircutInstance::<Bn254Fr>::from_bytes(bytes) {
        assert_eq!(instance.to_bytes().as_slice(), bytes);
    }
}

/// A proof file of an escrow, a transition, a venue, a haircut or over several venues, of
/// either proof system.
pub fn statement_file(bytes: &[u8]) {
    fn read<F: MarginField>(bytes: &[u8]) {
        if let Ok(file) = EscrowFile::<F>::parse(bytes) {
            assert_eq!(EscrowFile::parse(file.to_json().as_bytes()).as_ref(), Ok(&file));
        }
        if let Ok(file) = TransitionFile::<F>::parse(bytes) {
            assert_eq!(TransitionFile::parse(file.to_json().as_bytes()).as_ref(), Ok(&file));
        }
        if let Ok(file) = VenueFile::<F>::parse(bytes) {
            assert_eq!(VenueFile::parse(file.to_json().as_bytes()).as_ref(), Ok(&file));
        }
        if let Ok(file) = HaircutFile::<F>::parse(bytes) {
            assert_eq!(HaircutFile::parse(file.to_json().as_bytes()).as_ref(), Ok(&file));
        }
        if let Ok(file) = NettingFile::<F>::parse(bytes) {
            assert_eq!(NettingFile::parse(file.to_json().as_bytes()).as_ref(), Ok(&file));
        }
    }
    read::<Fp>(bytes);
    read::<Bn254Fr>(bytes);
}

/// A committee, a ciphertext, and what opens one: what is read is written again as it
/// was, so a point or an element has one encoding.
pub fn escrow_file(bytes: &[u8]) {
    fn read<F: EscrowGroup>(bytes: &[u8]) {
        if let Ok(committee) = CommitteeFile::parse::<F>(bytes) {
            let text = CommitteeFile::of(&committee).to_json();
            let again = CommitteeFile::parse::<F>(&text).expect("a committee of our own");
            assert_eq!(CommitteeFile::of(&again).to_json(), text);
        }
        if let Ok((key, binding, ciphertext)) = CiphertextFile::parse::<F>(bytes) {
            let text = CiphertextFile::of(&key, &binding, &ciphertext).to_json();
            let again = CiphertextFile::parse::<F>(&text).expect("a ciphertext of our own");
            assert_eq!(CiphertextFile::of(&again.0, &again.1, &again.2).to_json(), text);
        }
        if let Ok(part) = PartFile::parse::<F>(bytes) {
            assert!(PartFile::parse::<F>(&PartFile::of(&part).to_json()).is_ok());
        }
        if let Ok(member) = MemberFile::parse::<F>(bytes) {
            assert!(MemberFile::parse::<F>(&MemberFile::of(&member).to_json()).is_ok());
        }
        if let Ok((escrow, nonce)) = ViewingKeyFile::parse::<F>(bytes) {
            let text = ViewingKeyFile::of(&escrow, &nonce).to_json();
            assert!(ViewingKeyFile::parse::<F>(&text).is_ok());
        }
    }
    read::<Fp>(bytes);
    read::<Bn254Fr>(bytes);
}

/// What opens the digest of a change.
pub fn opening(bytes: &[u8]) {
    let _ = Opening::parse(bytes);
}

/// A report of any oracle. What it was signed by is recovered while it is read.
pub fn oracle_report(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok((_, observations)) = zkmargin_oracle::format::read(text) {
        assert!(observations.iter().all(|seen| seen.price > rust_decimal::Decimal::ZERO));
    }
}

/// A model, a snapshot, a book and a history of prices of the simulation family; after a
/// zero byte, an account and its rows.
pub fn simulation(bytes: &[u8]) {
    if let [0, account @ ..] = bytes {
        return super::account::assess(account);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(model) = SimulationModel::from_text(text) {
        let again = SimulationModel::from_text(&model.to_canonical_json());
        assert_eq!(again.expect("a model of our own").digest(), model.digest());
    }
    if let Ok(snapshot) = SimulationSnapshot::from_json(text) {
        assert!(SimulationSnapshot::new(snapshot.spec().clone()).is_ok());
    }
    if let Ok((history, _)) = History::from_csv(text, &[]) {
        let symbols = history.symbols().len();
        assert!(history.closes().iter().all(|closes| closes.len() == symbols));
    }
    let _ = Book::from_json(text);
}
