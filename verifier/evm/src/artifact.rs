//! Compiled contracts, as compilers write them.

use serde_json::Value;

/// Why a file is no compiled contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// Not JSON.
    #[error("not valid JSON (line {line}, column {column})")]
    Json {
        /// Line, from one.
        line: usize,
        /// Column, from one.
        column: usize,
    },
    /// There is no code.
    #[error("field `bytecode` must be the contract's code in hexadecimal digits after 0x")]
    NoCode,
    /// The code has places for libraries.
    #[error("the code is to be linked with libraries, which generated verifiers never are")]
    Unlinked,
}

/// The creation code in an artifact of `npm run build`, of Hardhat (`bytecode`)
/// or of Foundry (`bytecode.object`).
///
/// # Errors
/// When there is none.
pub fn creation_code(json: &[u8]) -> Result<Vec<u8>, ArtifactError> {
    let artifact: Value = serde_json::from_slice(json)
        .map_err(|error| ArtifactError::Json { line: error.line(), column: error.column() })?;
    let bytecode = &artifact["bytecode"];
    let text = bytecode.as_str().or_else(|| bytecode["object"].as_str());
    let digits = text.and_then(|text| text.strip_prefix("0x")).ok_or(ArtifactError::NoCode)?;
    if digits.contains("__") {
        return Err(ArtifactError::Unlinked);
    }
    let code = hex::decode(digits).map_err(|_| ArtifactError::NoCode)?;
    if code.is_empty() { Err(ArtifactError::NoCode) } else { Ok(code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_of_several_compilers_are_read() {
        for json in [r#"{"bytecode":"0x6001"}"#, r#"{"bytecode":{"object":"0x6001"}}"#] {
            assert_eq!(creation_code(json.as_bytes()).unwrap(), [0x60, 1]);
        }
        let bad = [r#"{"bytecode":"6001"}"#, r#"{"bytecode":"0x"}"#, r#"{"bytecode":"0x6"}"#, "[]"];
        for json in bad {
            let error = creation_code(json.as_bytes()).unwrap_err();
            assert!(matches!(error, ArtifactError::NoCode), "{json}: {error}");
        }
        let error = creation_code(br#"{"bytecode":"0x60__$abc$__"}"#).unwrap_err();
        assert!(matches!(error, ArtifactError::Unlinked));
        assert!(matches!(creation_code(b"{"), Err(ArtifactError::Json { line: 1, .. })));
    }
}
