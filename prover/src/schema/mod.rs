//! JSON Schemas of the files that are read and written.
//!
//! A schema says what a file looks like; the readers say the rest (sums, orders,
//! roots, signatures). A test holds the two together: whatever a reader takes, its
//! schema takes, and a field that is missing, unknown or of another type neither does.

/// A file's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its name on the command line.
    pub name: &'static str,
    /// Which file it is of.
    pub about: &'static str,
    json: &'static str,
}

macro_rules! schemas {
    ($($name:literal: $about:literal,)+) => {
        /// All schemas, by name.
        pub const ALL: &[Schema] = &[$(Schema {
            name: $name,
            about: $about,
            json: include_str!(concat!("../../schemas/", $name, ".schema.json")),
        }),+];
    };
}

schemas! {
    "account": "a line of a list of accounts with their commitments",
    "announced": "listings that were announced (`epoch make --announced`)",
    "committee": "a committee in public",
    "epoch": "an epoch with its signatures",
    "escrow": "a portfolio that is encrypted to a committee",
    "escrow-part": "a member's part of the decryption of an escrow",
    "limits": "limits of price moves (`epoch make --limits`)",
    "market": "a published market, of any family",
    "model": "a margin model of the standard family",
    "model-scenario": "a margin model of the scenario family",
    "model-simulation": "a margin model of the simulation family",
    "opening": "what opens the digest of a change",
    "path": "a membership path",
    "portfolio": "a portfolio, before it is encrypted",
    "proof": "a proof of an account's margin",
    "proof-of-change": "a proof of a change of a portfolio",
    "proof-of-haircut": "a proof that winners of a subtree bear a loss fairly",
    "proof-of-venue": "a proof of all accounts of a subtree",
    "proof-with-escrow": "a proof of an account's margin with an escrow",
    "report-error": "what every command writes with --json when it fails",
    "report-margin": "`margin --json`",
    "report-prove": "`prove --json`",
    "report-verify": "`verify --json`",
    "report-watch": "a line of `watch --json`",
    "signers": "who must have signed an epoch",
    "snapshot": "prices of a standard market",
    "snapshot-joint": "a snapshot of a market that simulates",
    "snapshot-options": "a snapshot of an options market",
    "state": "a venue's account tree",
}

/// What names of schemas begin with in references.
const URN: &str = "urn:zkmargin:schema:";

/// The schema of a name.
pub fn by_name(name: &str) -> Option<&'static Schema> {
    ALL.iter().find(|schema| schema.name == name)
}

impl Schema {
    /// The schema as one document: those that it refers to are in its `$defs`.
    pub fn document(&self) -> String {
        let others: Vec<&Schema> = ALL.iter().filter(|other| self.refers_to(other)).collect();
        if others.is_empty() {
            return self.json.to_owned();
        }
        let Some(mut schema) = self.object() else { return self.json.to_owned() };
        let mut defs = serde_json::Map::new();
        for other in others {
            defs.extend(other.object().map(|object| (other.name.to_owned(), object.into())));
        }
        schema.insert("$defs".to_owned(), defs.into());
        // Texts, numbers, lists and objects: cannot fail.
        let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        text.push('\n');
        text
    }

    fn refers_to(&self, other: &Self) -> bool {
        self.name != other.name && self.json.contains(&format!("\"$ref\": \"{URN}{}\"", other.name))
    }

    fn object(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        serde_json::from_str(self.json).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_json_and_names_itself() {
        for schema in ALL {
            let object = schema.object().unwrap_or_else(|| panic!("{}: no object", schema.name));
            assert_eq!(object["$id"], format!("{URN}{}", schema.name));
            assert!(object["description"].is_string(), "{}", schema.name);
            assert_eq!(by_name(schema.name), Some(schema));
        }
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert_eq!(by_name("nothing"), None);
    }

    #[test]
    fn a_document_has_what_it_refers_to() {
        let market = by_name("market").unwrap().document();
        let market: serde_json::Value = serde_json::from_str(&market).unwrap();
        let defs = market["$defs"].as_object().unwrap();
        assert_eq!(defs.len(), 6, "three families of snapshots and models");
        assert_eq!(defs["snapshot"]["$id"], "urn:zkmargin:schema:snapshot");
    }
}
