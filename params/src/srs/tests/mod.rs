//! Tests of the SRS: the fixtures are made by snarkjs
//! (`fixtures/srs/make.sh`), damaged files are made of them.

mod accept;
mod damage;
mod elements;
mod stored;

use halo2_axiom::halo2curves::bn256::{Fr, G1, G1Affine, G2, G2Affine};
use halo2_axiom::halo2curves::ff::Field;
use halo2_axiom::halo2curves::group::prime::PrimeCurveAffine;
use halo2_axiom::halo2curves::group::{Curve, Group};
use halo2_axiom::halo2curves::serde::SerdeObject;

use super::*;

pub(super) const POT5: &[u8] = include_bytes!("../../../fixtures/srs/pot5.ptau");
pub(super) const POT5_FINAL: &[u8] = include_bytes!("../../../fixtures/srs/pot5_final.ptau");
pub(super) const BLS12381: &[u8] = include_bytes!("../../../fixtures/srs/bls12381_pot3.ptau");

/// A `.ptau` file taken apart.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) version: u32,
    pub(super) sections: Vec<(u32, Vec<u8>)>,
}

impl Parts {
    pub(super) fn of(file: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let mut sections = Vec::new();
        let mut at = 12;
        while at < file.len() {
            let length = u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap());
            let end = at + 12 + usize::try_from(length).unwrap();
            sections.push((word(at), file[at + 12..end].to_vec()));
            at = end;
        }
        assert_eq!(word(8) as usize, sections.len());
        Self { version: word(4), sections }
    }

    pub(super) fn file(&self) -> Vec<u8> {
        let mut file = b"ptau".to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend(u32::try_from(self.sections.len()).unwrap().to_le_bytes());
        for (id, content) in &self.sections {
            file.extend(id.to_le_bytes());
            file.extend((content.len() as u64).to_le_bytes());
            file.extend(content);
        }
        file
    }

    pub(super) fn section(&mut self, id: u32) -> &mut Vec<u8> {
        &mut self.sections.iter_mut().find(|(section, _)| *section == id).unwrap().1
    }

    pub(super) fn set_g1(&mut self, index: usize, point: &G1Affine) {
        self.section(2)[index * 64..][..64].copy_from_slice(&point.to_raw_bytes());
    }

    pub(super) fn set_g2(&mut self, index: usize, point: &G2Affine) {
        self.section(3)[index * 128..][..128].copy_from_slice(&point.to_raw_bytes());
    }

    pub(super) fn g1(&mut self, index: usize) -> G1Affine {
        G1Affine::from_raw_bytes(&self.section(2)[index * 64..][..64]).unwrap()
    }

    /// A file of a chosen secret.
    pub(super) fn forged(secret: Fr, power: u32) -> Self {
        let mut header = Self::of(POT5).section(1).clone();
        header[36..40].copy_from_slice(&power.to_le_bytes());
        header[40..44].copy_from_slice(&power.to_le_bytes());
        let mut parts =
            Self { version: 1, sections: vec![(1, header), (2, Vec::new()), (3, Vec::new())] };
        let mut scalar = Fr::ONE;
        for index in 0..(2 << power) - 1 {
            let point = (G1::generator() * scalar).to_affine();
            parts.section(2).extend(point.to_raw_bytes());
            if index < 1 << power {
                let point = (G2::generator() * scalar).to_affine();
                parts.section(3).extend(point.to_raw_bytes());
            }
            scalar *= secret;
        }
        parts
    }
}

pub(super) fn read(file: &[u8], k: u32) -> Result<Srs, SrsError> {
    import(file, k, "test.ptau")
}

pub(super) fn malformed(file: &[u8], k: u32) -> Malformed {
    match read(file, k) {
        Err(SrsError::Malformed(malformed)) => malformed,
        other => panic!("{other:?}"),
    }
}

pub(super) fn invalid(file: &[u8], k: u32) -> Invalid {
    match read(file, k) {
        Err(SrsError::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    }
}

/// As halo2 writes it.
pub(super) fn bare(srs: &Srs) -> Vec<u8> {
    let mut bytes = Vec::new();
    srs.raw().write(&mut bytes).unwrap();
    bytes
}
