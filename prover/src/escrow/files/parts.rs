//! What the files are made of.

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;
use zkmargin_margin::escrow::{POINT_BYTES, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::ProofSystem;

use super::{EscrowFileError, VERSION};
use crate::json;

/// The first fields of every file.
pub(super) struct Head {
    pub(super) format: String,
    pub(super) version: u16,
    pub(super) field: String,
}

impl Head {
    pub(super) fn new<F: MarginField>(format: &str) -> Self {
        Self { format: format.to_owned(), version: VERSION, field: F::NAME.to_owned() }
    }
}

/// A file that begins with a [`Head`].
pub(super) trait File: DeserializeOwned {
    const FORMAT: &'static str;

    fn head(&self) -> Head;

    /// Reads a file of this format and field.
    fn read<F: MarginField>(bytes: &[u8]) -> Result<Self, EscrowFileError> {
        let file: Self =
            json::parse(bytes).map_err(|error| EscrowFileError::Json(Box::new(error)))?;
        let Head { format, version, field } = file.head();
        match () {
            () if format != Self::FORMAT => Err(EscrowFileError::Format(Self::FORMAT)),
            () if version != VERSION => Err(EscrowFileError::Version(version)),
            () if field != F::NAME => Err(EscrowFileError::OtherField(F::NAME)),
            () => Ok(file),
        }
    }
}

/// Formats of files with the fields of a [`Head`].
macro_rules! heads {
    ($($file:ident: $format:literal),+) => {$(
        impl File for $file {
            const FORMAT: &'static str = $format;

            fn head(&self) -> Head {
                let (format, field) = (self.format.clone(), self.field.clone());
                Head { format, version: self.version, field }
            }
        }
    )+};
}
pub(super) use heads;

pub(super) fn digits(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// `N` bytes by their digits.
pub(super) fn bytes<const N: usize>(
    field: &str,
    text: &str,
) -> Result<Zeroizing<[u8; N]>, EscrowFileError> {
    let mut bytes = Zeroizing::new([0; N]);
    text.strip_prefix("0x")
        .and_then(|digits| hex::decode_to_slice(digits, bytes.as_mut_slice()).ok())
        .ok_or_else(|| wrong(field, 2 * N))?;
    Ok(bytes)
}

pub(super) fn wrong(field: &str, digits: usize) -> EscrowFileError {
    EscrowFileError::Digits { field: field.to_owned(), digits }
}

pub(super) fn element<F: MarginField>(field: &str, text: &str) -> Result<F, EscrowFileError> {
    F::from_be_bytes(&*bytes::<32>(field, text)?).ok_or_else(|| wrong(field, 64))
}

pub(super) fn point<F: MarginField>(field: &str, text: &str) -> Result<Point<F>, EscrowFileError> {
    Point::from_bytes(&*bytes::<POINT_BYTES>(field, text)?)
        .map_err(|source| EscrowFileError::Point { field: field.to_owned(), source })
}

/// A scalar is big-endian in files, as everything there.
pub(super) fn scalar(field: &str, text: &str) -> Result<Zeroizing<[u8; 32]>, EscrowFileError> {
    let mut scalar = bytes::<32>(field, text)?;
    scalar.reverse();
    Ok(scalar)
}

pub(super) fn scalar_digits(little_endian: &[u8; 32]) -> String {
    let mut bytes = Zeroizing::new(*little_endian);
    bytes.reverse();
    digits(bytes.as_slice())
}

/// The proof system of a file with a [`Head`].
pub(super) fn system_of(bytes: &[u8]) -> Result<ProofSystem, EscrowFileError> {
    // What stands beside it is read by the file's own type, strictly.
    #[derive(serde::Deserialize)]
    struct Named {
        field: String,
    }
    let Named { field } =
        json::parse(bytes).map_err(|error| EscrowFileError::Json(Box::new(error)))?;
    ProofSystem::of_field(&field).ok_or(EscrowFileError::UnknownField)
}
