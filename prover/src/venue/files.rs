//! Lists, state files and path files.

use std::fmt;
use std::str::FromStr;

use pasta_curves::Fp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::poseidon::Domain;

use super::{Entry, State, VenueError};
use crate::json;

/// Version of state and path files.
const VERSION: u16 = 1;

/// A field element as `0x` and 64 hexadecimal digits, most significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldHex(pub Fp);

impl From<Fp> for FieldHex {
    fn from(element: Fp) -> Self {
        Self(element)
    }
}

impl fmt::Display for FieldHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0.to_be_bytes()))
    }
}

/// A text that is no field element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 0x and 64 hexadecimal digits of a number below the field's modulus")]
pub struct ParseFieldError;

impl FromStr for FieldHex {
    type Err = ParseFieldError;

    fn from_str(text: &str) -> Result<Self, ParseFieldError> {
        let mut bytes = [0; 32];
        text.strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .and_then(|()| Fp::from_be_bytes(&bytes))
            .map(Self)
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

/// Reads a list of accounts: a JSON array of `{account, commitment}`, or one
/// such object a line.
///
/// # Errors
/// The first entry that is not the schema.
pub fn parse_list(bytes: &[u8]) -> Result<Vec<Entry>, VenueError> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return json::parse(bytes).map_err(|error| json_error(None, error));
    }
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(index, line)| json::parse(line).map_err(|error| json_error(Some(index + 1), error)))
        .collect()
}

fn json_error(line: Option<usize>, error: json::JsonError) -> VenueError {
    VenueError::Json { line, source: Box::new(error) }
}

/// A state tree on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateFile {
    version: u16,
    context: ContextId,
    state_root: FieldHex,
    accounts: Vec<Entry>,
    /// Inner nodes, the level above the leaves first.
    nodes: Vec<Vec<FieldHex>>,
}

impl From<&State> for StateFile {
    fn from(state: &State) -> Self {
        Self {
            version: VERSION,
            context: state.context,
            state_root: state.root.into(),
            accounts: state.entries.clone(),
            nodes: state
                .nodes
                .iter()
                .map(|level| level.iter().copied().map(FieldHex).collect())
                .collect(),
        }
    }
}

impl StateFile {
    /// Reads a state file. Its nodes are checked where they are used: a path
    /// that does not lead to the root is refused.
    ///
    /// # Errors
    /// When it is not the schema, or accounts are not in order.
    pub fn parse(bytes: &[u8]) -> Result<State, VenueError> {
        let file: Self = json::parse(bytes).map_err(|error| json_error(None, error))?;
        if file.version != VERSION {
            return Err(VenueError::Version(file.version));
        }
        if file.accounts.windows(2).any(|pair| pair[0].account >= pair[1].account) {
            return Err(VenueError::Damaged);
        }
        Ok(State {
            context: file.context,
            root: file.state_root.0,
            entries: file.accounts,
            nodes: file
                .nodes
                .into_iter()
                .map(|level| level.into_iter().map(|node| node.0).collect())
                .collect(),
        })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        to_line(self)
    }
}

/// An account's membership in a state, as the venue hands it to the trader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFile {
    /// The account.
    pub account: AccountId,
    /// Its portfolio's commitment.
    pub commitment: FieldHex,
    /// The deployment.
    pub context: ContextId,
    /// The root.
    pub state_root: FieldHex,
    /// The path from the leaf to the root.
    pub path: Path<Fp>,
}

/// The text form of [`PathFile`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathText {
    version: u16,
    account: AccountId,
    commitment: FieldHex,
    context: ContextId,
    state_root: FieldHex,
    path: Vec<[FieldHex; ARITY]>,
}

impl PathFile {
    /// Reads a path file and checks it against its own root.
    ///
    /// # Errors
    /// When it is not the schema, or does not lead to its root.
    pub fn parse(bytes: &[u8]) -> Result<Self, VenueError> {
        let text: PathText = json::parse(bytes).map_err(|error| json_error(None, error))?;
        if text.version != VERSION {
            return Err(VenueError::Version(text.version));
        }
        let children = text.path.into_iter().map(|level| level.map(|node| node.0)).collect();
        let path = Path::from_parts(Domain::StateNode, children);
        let leaf = state_leaf(text.account, text.commitment.0, text.context);
        if path.children().len() != STATE_DEPTH || path.root(leaf) != Some(text.state_root.0) {
            return Err(VenueError::Damaged);
        }
        Ok(Self {
            account: text.account,
            commitment: text.commitment,
            context: text.context,
            state_root: text.state_root,
            path,
        })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        to_line(&PathText {
            version: VERSION,
            account: self.account,
            commitment: self.commitment,
            context: self.context,
            state_root: self.state_root,
            path: self.path.children().iter().map(|level| level.map(FieldHex)).collect(),
        })
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
    use super::super::tests::{context, entries};
    use super::*;

    #[test]
    fn files_round_trip_and_damage_is_found() {
        let state = State::build(context(), entries(9)).unwrap();
        let bytes = StateFile::from(&state).to_json();
        assert_eq!(StateFile::parse(&bytes).unwrap(), state);
        let path = state.path(entries(9)[4].account).unwrap();
        assert_eq!(PathFile::parse(&path.to_json()).unwrap(), path);

        let other = FieldHex(Fp::from(7)).to_string();
        let root = FieldHex(state.root()).to_string();
        let swap = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replacen(&root, &other, 1);
        assert_eq!(PathFile::parse(swap(path.to_json()).as_bytes()), Err(VenueError::Damaged));
        let damaged = StateFile::parse(swap(bytes).as_bytes()).unwrap();
        assert_eq!(damaged.path(entries(9)[4].account), Err(VenueError::Damaged));
    }

    #[test]
    fn lists_come_as_lines_or_as_an_array() {
        let lines: Vec<String> =
            entries(3).iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        assert_eq!(parse_list(lines.join("\n").as_bytes()).unwrap(), entries(3));
        assert_eq!(parse_list(format!("[{}]", lines.join(",")).as_bytes()).unwrap(), entries(3));
        let error = parse_list(format!("{}\n\n{{}}", lines[0]).as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("line 3: "), "{error}");
        let modulus = "0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001";
        assert!(modulus.parse::<FieldHex>().is_err());
    }
}
