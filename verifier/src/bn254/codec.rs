//! Keys as bytes. Numbers are big-endian, every list begins with its length
//! in two bytes, every list's length is bounded before it is read.
//!
//! | | bytes |
//! |---|---|
//! | `zkmargin-vk`, version: 1 of the tall layout, 2 of another | 11 + 2 |
//! | names of family and shape, and of the layout in version 2 | each 1 and the name |
//! | 1 for insecure powers of tau, or 0 | 1 |
//! | `k`, degree, blinding factors, public inputs, advice and fixed columns | 2 each |
//! | queries of advice, of fixed columns: column, rotation | 4 each |
//! | values of the permutation's columns | 2 each |
//! | constants | 32 each |
//! | steps: 0 and two summands, 1 and two factors, 2 and a value to negate | 5 or 3 each |
//! | values of the gates | 2 each |
//! | lookups: inputs, table | 2 each |
//! | transcript | 32 |
//! | commitments of fixed columns, of the permutation's | 64 each |
//! | `tau` in the second group, imaginary parts first | 128 |

use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::fmt::Display;
use core::str::FromStr;

use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};

use super::error::KeyError;
use super::field::{
    point_bytes, point_or_identity, scalar, scalar_bytes, second_point, second_point_bytes,
};
use super::key::KeyParts;
use super::system::{Lookup, MAX_COUNT, MAX_STEPS, Program, Query, Step, System};

const MAGIC: &[u8; 11] = b"zkmargin-vk";
/// Version of the encoding of keys of the layout that all keys had at first, which
/// does not name it: those keep their bytes, and so their digests.
const VERSION: u16 = 1;
/// Version of the encoding of keys of another layout.
const NAMED_LAYOUT: u16 = 2;
/// The layout that is not named.
const UNNAMED: ColumnLayout = ProofSystem::Kzg.usual_layout();

/// Writes the parts of a checked key.
pub(super) fn write(parts: &KeyParts) -> Vec<u8> {
    let mut writer = Writer(Vec::new());
    let KeyParts { family, shape, layout, insecure_srs, system, .. } = parts;
    let KeyParts { transcript, fixed, permutation, tau, .. } = parts;
    let named = *layout != UNNAMED;
    writer.0.extend_from_slice(MAGIC);
    writer.number(if named { NAMED_LAYOUT } else { VERSION });
    writer.name(family);
    writer.name(shape);
    if named {
        writer.name(layout);
    }
    writer.0.push(u8::from(*insecure_srs));
    writer.system(system);
    writer.0.extend_from_slice(&scalar_bytes(transcript));
    for commitments in [fixed, permutation] {
        writer.list(commitments, |w, point| w.0.extend_from_slice(&point_bytes(point)));
    }
    writer.0.extend_from_slice(&second_point_bytes(tau));
    writer.0
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// A checked key has no larger counts.
    fn count(&mut self, count: usize) {
        self.number(u16::try_from(count).unwrap_or(u16::MAX));
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.count(items.len());
        items.iter().for_each(|item| each(self, item));
    }

    fn numbers(&mut self, numbers: &[u16]) {
        self.list(numbers, |w, number| w.number(*number));
    }

    fn name(&mut self, name: &impl Display) {
        let name = name.to_string();
        self.0.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(name.as_bytes());
    }

    fn system(&mut self, system: &System) {
        self.count(system.k as usize);
        let System { degree, blinding_factors, public_inputs, .. } = *system;
        let System { advice_columns, fixed_columns, .. } = *system;
        for count in [degree, blinding_factors, public_inputs, advice_columns, fixed_columns] {
            self.count(count);
        }
        for queries in [&system.advice_queries, &system.fixed_queries] {
            self.list(queries, |w, query| {
                w.number(query.column);
                w.0.extend_from_slice(&query.rotation.to_be_bytes());
            });
        }
        self.numbers(&system.permutation);
        let Program { constants, steps } = &system.program;
        self.list(constants, |w, constant| w.0.extend_from_slice(&scalar_bytes(constant)));
        self.list(steps, |w, step| {
            let (kind, values): (u8, &[u16]) = match step {
                Step::Add(left, right) => (0, &[*left, *right]),
                Step::Multiply(left, right) => (1, &[*left, *right]),
                Step::Negate(value) => (2, &[*value]),
            };
            w.0.push(kind);
            values.iter().for_each(|value| w.number(*value));
        });
        self.numbers(&system.gates);
        self.list(&system.lookups, |w, lookup| {
            w.numbers(&lookup.inputs);
            w.numbers(&lookup.table);
        });
    }
}

/// Reads the parts of a key, not yet checked against each other.
pub(super) fn read(bytes: &[u8]) -> Result<KeyParts, KeyError> {
    let mut reader = Reader { bytes, offset: 0 };
    if reader.take().ok() != Some(MAGIC) {
        return Err(KeyError::Magic);
    }
    let named = match reader.number()? {
        VERSION => false,
        NAMED_LAYOUT => true,
        got => return Err(KeyError::Version { got, allowed: NAMED_LAYOUT }),
    };
    let (family, shape): (Family, Shape) = (reader.name("family")?, reader.name("shape")?);
    if !family.has(shape) {
        return Err(reader.unknown("shape", shape.to_string().len()));
    }
    let parts = KeyParts {
        family,
        shape,
        layout: if named { reader.named_layout()? } else { UNNAMED },
        insecure_srs: match reader.byte()? {
            0 => false,
            1 => true,
            _ => return Err(reader.unknown("mark of the powers of tau", 1)),
        },
        system: reader.system()?,
        transcript: reader.element("scalar", scalar)?,
        fixed: reader.list("fixed commitments", MAX_COUNT, Reader::commitment)?,
        permutation: reader.list("permutation commitments", MAX_COUNT, Reader::commitment)?,
        tau: reader.element("point", second_point)?,
    };
    match reader.offset == bytes.len() {
        true => Ok(parts),
        false => Err(KeyError::Trailing { offset: reader.offset }),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], KeyError> {
        let cut_off = KeyError::CutOff { offset: self.bytes.len() };
        let bytes = self.bytes.get(self.offset..self.offset + N);
        self.offset += N;
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(cut_off)
    }

    /// Something unknown in the bytes just read.
    fn unknown(&self, what: &'static str, size: usize) -> KeyError {
        KeyError::Unknown { what, offset: self.offset - size }
    }

    fn byte(&mut self) -> Result<u8, KeyError> {
        self.take::<1>().map(|[byte]| *byte)
    }

    fn number(&mut self) -> Result<u16, KeyError> {
        self.take().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn count(&mut self) -> Result<usize, KeyError> {
        self.number().map(usize::from)
    }

    fn element<const N: usize, T>(
        &mut self,
        what: &'static str,
        decode: impl Fn(&[u8; N]) -> Option<T>,
    ) -> Result<T, KeyError> {
        let offset = self.offset;
        decode(self.take()?).ok_or(KeyError::Element { what, offset })
    }

    fn commitment(&mut self) -> Result<ark_bn254::G1Affine, KeyError> {
        self.element("point", point_or_identity)
    }

    fn list<T>(
        &mut self,
        what: &'static str,
        most: usize,
        mut each: impl FnMut(&mut Self) -> Result<T, KeyError>,
    ) -> Result<Vec<T>, KeyError> {
        let got = self.count()?;
        if got > most {
            return Err(KeyError::Range { what, least: 0, most, got });
        }
        (0..got).map(|_| each(self)).collect()
    }

    /// Something by its name, spelt as it is written.
    fn name<T: FromStr + Display>(&mut self, what: &'static str) -> Result<T, KeyError> {
        let size = usize::from(self.byte()?);
        let mut name = Vec::with_capacity(size);
        for _ in 0..size {
            name.push(self.byte()?);
        }
        let unknown = self.unknown(what, size);
        let known: T =
            str::from_utf8(&name).ok().and_then(|name| name.parse().ok()).ok_or(unknown)?;
        if known.to_string().as_bytes() == name { Ok(known) } else { Err(unknown) }
    }

    /// A layout that must be named.
    fn named_layout(&mut self) -> Result<ColumnLayout, KeyError> {
        let offset = self.offset;
        match self.name("layout")? {
            UNNAMED => Err(KeyError::Unknown { what: "layout", offset }),
            layout => Ok(layout),
        }
    }

    fn queries(&mut self, what: &'static str) -> Result<Vec<Query>, KeyError> {
        self.list(what, MAX_COUNT, |r| {
            Ok(Query { column: r.number()?, rotation: i16::from_be_bytes(*r.take()?) })
        })
    }

    fn step(&mut self) -> Result<Step, KeyError> {
        Ok(match self.byte()? {
            0 => Step::Add(self.number()?, self.number()?),
            1 => Step::Multiply(self.number()?, self.number()?),
            2 => Step::Negate(self.number()?),
            _ => return Err(self.unknown("step", 1)),
        })
    }

    fn system(&mut self) -> Result<System, KeyError> {
        let k = self.number()?.into();
        Ok(System {
            k,
            degree: self.count()?,
            blinding_factors: self.count()?,
            public_inputs: self.count()?,
            advice_columns: self.count()?,
            fixed_columns: self.count()?,
            advice_queries: self.queries("advice_queries")?,
            fixed_queries: self.queries("fixed_queries")?,
            permutation: self.list("permutation", MAX_COUNT, Self::number)?,
            program: Program {
                constants: self.list("constants", MAX_COUNT, |r| r.element("scalar", scalar))?,
                steps: self.list("steps", MAX_STEPS, Self::step)?,
            },
            gates: self.list("gates", MAX_STEPS, Self::number)?,
            lookups: self.list("lookups", MAX_COUNT, |r| {
                let inputs = r.list("inputs", MAX_COUNT, Self::number)?;
                Ok(Lookup { inputs, table: r.list("table", MAX_COUNT, Self::number)? })
            })?,
        })
    }
}
