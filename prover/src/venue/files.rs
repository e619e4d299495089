//! Lists, state files and path files. They are read without knowing the field,
//! say of which proof system they are, and become typed for that one.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::shape::ProofSystem;

use super::{Entry, Membership, State, VenueError};
use crate::json;

/// Version of state and path files. The first did not say its epoch.
pub(super) const VERSION: u16 = 2;

/// A field element as `0x` and 64 hexadecimal digits, most significant first;
/// of which field, the place it stands in says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldHex([u8; 32]);

impl FieldHex {
    /// An element's digits.
    pub fn of<F: MarginField>(element: &F) -> Self {
        Self(element.to_be_bytes())
    }

    /// The element; `None` when it is not below the field's modulus.
    pub fn element<F: MarginField>(&self) -> Option<F> {
        F::from_be_bytes(&self.0)
    }

    /// The element that stands in a place of a file.
    fn at<F: MarginField>(&self, place: impl FnOnce() -> String) -> Result<F, VenueError> {
        self.element().ok_or_else(|| VenueError::NotCanonical { place: place(), field: F::NAME })
    }
}

impl fmt::Display for FieldHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

/// A text that is no field element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 0x and 64 hexadecimal digits")]
pub struct ParseFieldError;

impl FromStr for FieldHex {
    type Err = ParseFieldError;

    fn from_str(text: &str) -> Result<Self, ParseFieldError> {
        let mut bytes = [0; 32];
        text.strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .map(|()| Self(bytes))
            .ok_or(ParseFieldError)
    }
}

impl Serialize for FieldHex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldHex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The proof system of a field's name.
fn system_of(field: &str) -> Result<ProofSystem, VenueError> {
    ProofSystem::of_field(field)
        .ok_or_else(|| VenueError::UnknownField(field.chars().take(32).collect()))
}

/// Checks that a file is of the field it is to be read in.
fn check_field<F: MarginField>(found: ProofSystem) -> Result<(), VenueError> {
    match ProofSystem::of_field(F::NAME) {
        Some(expected) if expected != found => {
            Err(VenueError::OtherProofSystem { found, expected })
        }
        _ => Ok(()),
    }
}

/// An entry of a list. Lists made by other software may leave the field out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    /// The account.
    pub account: AccountId,
    /// Its portfolio's commitment.
    pub commitment: FieldHex,
    /// The field the commitment is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl<F: MarginField> From<&Entry<F>> for ListEntry {
    fn from(entry: &Entry<F>) -> Self {
        Self {
            account: entry.account,
            commitment: FieldHex::of(&entry.commitment),
            field: Some(F::NAME.to_owned()),
        }
    }
}

/// A list of accounts with their commitments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountList(Vec<ListEntry>);

impl AccountList {
    /// Reads a list: a JSON array of `{account, commitment}`, or one such
    /// object a line.
    ///
    /// # Errors
    /// The first entry that is not the schema.
    pub fn parse(bytes: &[u8]) -> Result<Self, VenueError> {
        if bytes.trim_ascii_start().starts_with(b"[") {
            return json::parse(bytes).map(Self).map_err(|error| json_error(None, error));
        }
        bytes
            .split(|byte| *byte == b'\n')
            .enumerate()
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(index, line)| {
                json::parse(line).map_err(|error| json_error(Some(index + 1), error))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The proof system of the entries; `None` when none says it.
    ///
    /// # Errors
    /// When entries are of unknown or of both proof systems.
    pub fn proof_system(&self) -> Result<Option<ProofSystem>, VenueError> {
        let mut found = None;
        for name in self.0.iter().filter_map(|entry| entry.field.as_deref()) {
            let system = system_of(name)?;
            match *found.get_or_insert(system) {
                first if first == system => {}
                first => return Err(VenueError::MixedFields(first, system)),
            }
        }
        Ok(found)
    }

    /// The entries over a field.
    ///
    /// # Errors
    /// When they are of another proof system, or not below the modulus.
    pub fn entries<F: MarginField>(&self) -> Result<Vec<Entry<F>>, VenueError> {
        if let Some(system) = self.proof_system()? {
            check_field::<F>(system)?;
        }
        let entry = |entry: &ListEntry| {
            let place = || format!("commitment of {}", entry.account);
            Ok(Entry { account: entry.account, commitment: entry.commitment.at(place)? })
        };
        self.0.iter().map(entry).collect()
    }
}

fn json_error(line: Option<usize>, error: json::JsonError) -> VenueError {
    VenueError::Json { line, source: Box::new(error) }
}

/// What tells a file of another version from one that is damaged.
#[derive(Deserialize)]
struct Versioned {
    version: u16,
}

/// Reads a file of this version. Another one is refused as such, whatever else
/// it holds.
fn parse_versioned<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, VenueError> {
    match json::parse::<Versioned>(bytes) {
        Ok(Versioned { version }) if version != VERSION => Err(VenueError::Version(version)),
        _ => json::parse(bytes).map_err(|error| json_error(None, error)),
    }
}

/// A state tree on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateFile {
    version: u16,
    field: String,
    context: ContextId,
    epoch: Epoch,
    state_root: FieldHex,
    accounts: Vec<StateEntry>,
    /// Inner nodes, the level above the leaves first.
    nodes: Vec<Vec<FieldHex>>,
}

/// An account of a state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateEntry {
    account: AccountId,
    commitment: FieldHex,
}

impl<F: MarginField> From<&State<F>> for StateFile {
    fn from(state: &State<F>) -> Self {
        let entry = |entry: &Entry<F>| StateEntry {
            account: entry.account,
            commitment: FieldHex::of(&entry.commitment),
        };
        Self {
            version: VERSION,
            field: F::NAME.to_owned(),
            context: state.context,
            epoch: state.epoch,
            state_root: FieldHex::of(&state.root),
            accounts: state.entries.iter().map(entry).collect(),
            nodes: state
                .nodes
                .iter()
                .map(|level| level.iter().map(FieldHex::of).collect())
                .collect(),
        }
    }
}

impl StateFile {
    /// Reads a state file.
    ///
    /// # Errors
    /// When it is not the schema, or accounts are not in order.
    pub fn parse(bytes: &[u8]) -> Result<Self, VenueError> {
        let file: Self = parse_versioned(bytes)?;
        if file.accounts.windows(2).any(|pair| pair[0].account >= pair[1].account) {
            return Err(VenueError::Damaged);
        }
        Ok(file)
    }

    /// The proof system its root is of.
    ///
    /// # Errors
    /// When the field is unknown.
    pub fn proof_system(&self) -> Result<ProofSystem, VenueError> {
        system_of(&self.field)
    }

    /// The epoch it is of.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The state. Its nodes are checked where they are used: a path that does
    /// not lead to the root is refused.
    ///
    /// # Errors
    /// When it is of another proof system, or an element is not canonical.
    pub fn state<F: MarginField>(&self) -> Result<State<F>, VenueError> {
        check_field::<F>(self.proof_system()?)?;
        let entry = |entry: &StateEntry| {
            let place = || format!("commitment of {}", entry.account);
            Ok(Entry { account: entry.account, commitment: entry.commitment.at(place)? })
        };
        let level = |level: &Vec<FieldHex>| {
            level.iter().map(|node| node.at(|| "nodes".to_owned())).collect()
        };
        Ok(State {
            context: self.context,
            epoch: self.epoch,
            root: self.state_root.at(|| "state_root".to_owned())?,
            entries: self.accounts.iter().map(entry).collect::<Result<_, VenueError>>()?,
            nodes: self.nodes.iter().map(level).collect::<Result<_, VenueError>>()?,
        })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        to_line(self)
    }
}

/// An account's membership in a state, as the venue hands it to the trader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathFile {
    version: u16,
    field: String,
    account: AccountId,
    commitment: FieldHex,
    context: ContextId,
    epoch: Epoch,
    state_root: FieldHex,
    path: Vec<[FieldHex; ARITY]>,
}

impl<F: MarginField> From<&Membership<F>> for PathFile {
    fn from(membership: &Membership<F>) -> Self {
        let levels = membership.path.children().iter();
        Self {
            version: VERSION,
            field: F::NAME.to_owned(),
            account: membership.account,
            commitment: FieldHex::of(&membership.commitment),
            context: membership.context,
            epoch: membership.epoch,
            state_root: FieldHex::of(&membership.state_root),
            path: levels.map(|level| level.map(|node| FieldHex::of(&node))).collect(),
        }
    }
}

impl PathFile {
    /// Reads a path file.
    ///
    /// # Errors
    /// When it is not the schema.
    pub fn parse(bytes: &[u8]) -> Result<Self, VenueError> {
        parse_versioned(bytes)
    }

    /// The proof system its root is of.
    ///
    /// # Errors
    /// When the field is unknown.
    pub fn proof_system(&self) -> Result<ProofSystem, VenueError> {
        system_of(&self.field)
    }

    /// The membership, checked against the file's own root.
    ///
    /// # Errors
    /// When it is of another proof system, an element is not canonical, or the
    /// path does not lead to its root.
    pub fn membership<F: MarginField>(&self) -> Result<Membership<F>, VenueError> {
        check_field::<F>(self.proof_system()?)?;
        let mut children = Vec::with_capacity(self.path.len());
        for level in &self.path {
            let mut nodes = [F::ZERO; ARITY];
            for (node, hex) in nodes.iter_mut().zip(level) {
                *node = hex.at(|| "path".to_owned())?;
            }
            children.push(nodes);
        }
        let commitment = self.commitment.at(|| "commitment".to_owned())?;
        let state_root = self.state_root.at(|| "state_root".to_owned())?;
        let path = Path::from_parts(Domain::StateNode, children);
        let leaf = state_leaf(self.account, commitment, self.context);
        if path.children().len() != STATE_DEPTH || path.root(leaf) != Some(state_root) {
            return Err(VenueError::Damaged);
        }
        let (account, context, epoch) = (self.account, self.context, self.epoch);
        Ok(Membership { account, commitment, context, epoch, state_root, path })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        to_line(self)
    }
}

/// Compact JSON and a line end. These types always serialise.
fn to_line(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;
    use zkmargin_margin::field::bn254::Bn254Fr;

    use super::super::tests::{EPOCH, context, entries};
    use super::*;

    fn files_round_trip<F: MarginField>() {
        let state = State::<F>::build(context(), EPOCH, entries(9)).unwrap();
        let bytes = StateFile::from(&state).to_json();
        assert_eq!(StateFile::parse(&bytes).unwrap().state(), Ok(state.clone()));
        let account = state.entries()[4].account;
        let path = state.path(account).unwrap();
        let file = PathFile::from(&path);
        assert_eq!(PathFile::parse(&file.to_json()), Ok(file.clone()));
        assert_eq!(file.membership(), Ok(path));

        let other = FieldHex::of(&F::from(7)).to_string();
        let root = FieldHex::of(&state.root()).to_string();
        let swap = |bytes: Vec<u8>, other: &str| {
            String::from_utf8(bytes).unwrap().replacen(&root, other, 1).into_bytes()
        };
        let damaged = PathFile::parse(&swap(file.to_json(), &other)).unwrap();
        assert_eq!(damaged.membership::<F>(), Err(VenueError::Damaged));
        let damaged = StateFile::parse(&swap(bytes.clone(), &other)).unwrap();
        assert_eq!(damaged.state::<F>().unwrap().path(account), Err(VenueError::Damaged));
        let large = format!("0x{}", "ff".repeat(32));
        let error = StateFile::parse(&swap(bytes, &large)).unwrap().state::<F>().unwrap_err();
        assert!(matches!(error, VenueError::NotCanonical { .. }), "{error}");
    }

    #[test]
    fn files_round_trip_and_damage_is_found() {
        files_round_trip::<Fp>();
        files_round_trip::<Bn254Fr>();
    }

    #[test]
    fn proof_systems_do_not_mix() {
        let state = State::<Fp>::build(context(), EPOCH, entries(3)).unwrap();
        let error =
            VenueError::OtherProofSystem { found: ProofSystem::Ipa, expected: ProofSystem::Kzg };
        assert_eq!(StateFile::from(&state).state::<Bn254Fr>(), Err(error.clone()));
        let path = state.path(state.entries()[0].account).unwrap();
        assert_eq!(PathFile::from(&path).membership::<Bn254Fr>(), Err(error.clone()));
        let mut list = AccountList(entries::<Fp>(2).iter().map(ListEntry::from).collect());
        assert_eq!(list.proof_system(), Ok(Some(ProofSystem::Ipa)));
        assert_eq!(list.entries::<Bn254Fr>(), Err(error));
        list.0.push(ListEntry::from(&entries::<Bn254Fr>(3)[2]));
        let mixed = VenueError::MixedFields(ProofSystem::Ipa, ProofSystem::Kzg);
        assert_eq!(list.entries::<Fp>(), Err(mixed));
        list.0[0].field = Some("goldilocks".to_owned());
        assert_eq!(list.proof_system(), Err(VenueError::UnknownField("goldilocks".to_owned())));
    }

    #[test]
    fn files_that_do_not_say_their_epoch_are_of_another_version() {
        let state = State::<Fp>::build(context(), EPOCH, entries(3)).unwrap();
        let path = PathFile::from(&state.path(state.entries()[0].account).unwrap()).to_json();
        let old = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap().replace("\"epoch\":7,", "");
            text.replace("\"version\":2", "\"version\":1").into_bytes()
        };
        assert_eq!(PathFile::parse(&old(path.clone())), Err(VenueError::Version(1)));
        let file = StateFile::from(&state).to_json();
        assert_eq!(StateFile::parse(&old(file.clone())), Err(VenueError::Version(1)));
        assert_eq!(StateFile::parse(&file).unwrap().epoch(), EPOCH);
        assert_eq!(PathFile::parse(&path).unwrap().membership::<Fp>().unwrap().epoch, EPOCH);
        let without = String::from_utf8(path).unwrap().replace("\"epoch\":7,", "");
        let error = PathFile::parse(without.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("epoch"), "{error}");
    }

    #[test]
    fn lists_come_as_lines_or_as_an_array() {
        let lines: Vec<String> = entries::<Fp>(3)
            .iter()
            .map(|entry| serde_json::to_string(&ListEntry::from(entry)).unwrap())
            .collect();
        let read = |text: &str| AccountList::parse(text.as_bytes()).unwrap().entries::<Fp>();
        assert_eq!(read(&lines.join("\n")), Ok(entries(3)));
        assert_eq!(read(&format!("[{}]", lines.join(","))), Ok(entries(3)));
        // A list of other software, which does not say the field.
        let plain = lines.join("\n").replace(",\"field\":\"pasta-fp\"", "");
        assert_eq!(read(&plain), Ok(entries(3)));
        assert_eq!(AccountList::parse(plain.as_bytes()).unwrap().proof_system(), Ok(None));
        let error = AccountList::parse(format!("{}\n\n{{}}", lines[0]).as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("line 3: "), "{error}");
        let modulus = "0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001";
        assert_eq!(modulus.parse::<FieldHex>().unwrap().element::<Fp>(), None);
    }
}
