//! Who attests epochs, by the chain's own recovery of signers.

use cosmwasm_std::{Api, Event, Storage};
use zkmargin_verifier::engine::EpochPost;
use zkmargin_verifier::epoch::{EpochDigest, Signature, SignatureError, Signer, Signers};

use crate::error::ContractError;
use crate::msg;
use crate::msg::convert;
use crate::state::{CONFIG, SIGNERS};

/// Says who attests epochs.
pub(crate) fn set_signers(
    storage: &mut dyn Storage,
    signers: &msg::Signers,
) -> Result<Event, ContractError> {
    let checked: Signers = convert("signers", signers)?;
    SIGNERS.save(storage, &checked)?;
    Ok(Event::new("zkmargin-signers-set")
        .add_attribute("threshold", checked.threshold().to_string())
        .add_attribute("signers", signers.signers.join(",")))
}

/// Refuses an epoch that too few signers attest, or anybody else.
pub(crate) fn require_signed(
    storage: &dyn Storage,
    api: &dyn Api,
    post: &EpochPost,
    signatures: &[String],
) -> Result<(), ContractError> {
    let digest = post.digest(CONFIG.load(storage)?.policy.params().context);
    let signatures: Vec<Signature> = convert("signatures", &signatures)?;
    let recover = |signature: &Signature| recover(api, &digest, signature);
    SIGNERS.load(storage)?.check_with(&signatures, recover)?;
    Ok(())
}

/// What [`Signature::signer`] says, by the host, whose recovery takes less gas and
/// also takes signatures of another spelling.
fn recover(
    api: &dyn Api,
    digest: &EpochDigest,
    signature: &Signature,
) -> Result<Signer, SignatureError> {
    let (rs, y_is_odd) = signature.parts()?;
    let key = api.secp256k1_recover_pubkey(digest.as_bytes(), &rs, y_is_odd.into());
    key.ok().and_then(|key| Signer::of_key(&key)).ok_or(SignatureError::NoKey)
}
