//! Who attests epochs, by the chain's own recovery of signers.

use cosmwasm_std::{Api, Event, StdResult, Storage};
use zkmargin_verifier::engine::EpochPost;
use zkmargin_verifier::epoch::{EpochDigest, Signature, SignatureError, Signer, Signers};

use crate::error::ContractError;
use crate::msg;
use crate::msg::convert;
use crate::state::{CONFIG, Moment, NEXT_SIGNERS, SIGNERS};

/// Says who attests epochs from now on.
pub(crate) fn set_signers(
    storage: &mut dyn Storage,
    signers: &msg::Signers,
) -> Result<Event, ContractError> {
    let checked: Signers = convert("signers", signers)?;
    SIGNERS.save(storage, &checked)?;
    Ok(told("set", &checked)?)
}

/// Announces who will; without a notice they do at once.
pub(crate) fn announce_signers(
    storage: &mut dyn Storage,
    moment: &Moment,
    signers: &msg::Signers,
) -> Result<Event, ContractError> {
    let notice = CONFIG.load(storage)?.delays.models;
    if notice == 0 {
        NEXT_SIGNERS.remove(storage);
        return set_signers(storage, signers);
    }
    let checked: Signers = convert("signers", signers)?;
    let from = moment.now.checked_add(notice).ok_or(ContractError::Time)?;
    let event = told("announced", &checked)?.add_attribute("from", from.to_string());
    NEXT_SIGNERS.save(storage, &(checked, from))?;
    Ok(event)
}

/// Has announced signers attest from now on.
pub(crate) fn activate_signers(
    storage: &mut dyn Storage,
    moment: &Moment,
) -> Result<Event, ContractError> {
    let next = NEXT_SIGNERS.may_load(storage)?;
    let from = next.as_ref().map(|(_, from)| *from);
    let Some((signers, _)) = next.filter(|(_, from)| *from <= moment.now) else {
        return Err(ContractError::SignersNotAnnounced { from });
    };
    NEXT_SIGNERS.remove(storage);
    SIGNERS.save(storage, &signers)?;
    Ok(told("set", &signers)?)
}

/// Withdraws announced signers.
pub(crate) fn cancel_signers(storage: &mut dyn Storage) -> Result<Event, ContractError> {
    let Some((signers, _)) = NEXT_SIGNERS.may_load(storage)? else {
        return Err(ContractError::SignersNotAnnounced { from: None });
    };
    NEXT_SIGNERS.remove(storage);
    Ok(told("withdrawn", &signers)?)
}

/// Who was announced.
pub(crate) fn next_signers(
    storage: &dyn Storage,
) -> Result<Option<msg::NextSigners>, ContractError> {
    let Some((signers, from)) = NEXT_SIGNERS.may_load(storage)? else { return Ok(None) };
    Ok(Some(msg::NextSigners { signers: convert("signers", &signers)?, from }))
}

fn told(what: &str, signers: &Signers) -> StdResult<Event> {
    let shown: msg::Signers = convert("signers", signers)?;
    Ok(Event::new(format!("zkmargin-signers-{what}"))
        .add_attribute("threshold", shown.threshold.to_string())
        .add_attribute("signers", shown.signers.join(",")))
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

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockApi;
    use k256::ecdsa::SigningKey;

    use super::*;

    /// A digest and a signature of it.
    fn signed(number: u8) -> (EpochDigest, [u8; 65]) {
        let digest = EpochDigest::new([number.wrapping_mul(37); 32]);
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        let (signature, recovery) = key.sign_prehash_recoverable(digest.as_bytes()).unwrap();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + recovery.to_byte();
        (digest, bytes)
    }

    fn with_high_s(bytes: &[u8; 65]) -> [u8; 65] {
        let low = k256::ecdsa::Signature::from_slice(&bytes[..64]).unwrap();
        let (r, s) = low.split_scalars();
        let high = k256::ecdsa::Signature::from_scalars(r, -s).unwrap();
        let mut other = *bytes;
        other[..64].copy_from_slice(&high.to_bytes());
        other[64] = 27 + 28 - bytes[64];
        other
    }

    /// The host's recovery alone would take another spelling, and more.
    #[test]
    fn the_host_recovers_whom_the_engine_does_and_nobody_else() {
        let api = MockApi::default();
        for number in 1..=20 {
            let (digest, bytes) = signed(number);
            let edit = |at: usize, with: &[u8]| {
                let mut edited = bytes;
                edited[at..at + with.len()].copy_from_slice(with);
                edited
            };
            let cases = [
                (bytes, None),
                (edit(64, &[55 - bytes[64]]), None),
                (edit(3, &[bytes[3] ^ 1]), None),
                (
                    edit(64, &[bytes[64] - 27]),
                    Some(SignatureError::Recovery { got: bytes[64] - 27 }),
                ),
                (edit(0, &[0; 32]), Some(SignatureError::Range)),
                (edit(32, &[0; 32]), Some(SignatureError::Range)),
                (edit(0, &[0xff; 32]), Some(SignatureError::Range)),
                (with_high_s(&bytes), Some(SignatureError::HighS)),
            ];
            for (bytes, refused) in cases {
                let signature = Signature::new(bytes);
                let found = recover(&api, &digest, &signature);
                assert_eq!(found, signature.signer(&digest), "{signature}");
                assert!(refused.is_none_or(|refused| found == Err(refused)), "{found:?}");
            }
        }
    }
}
