//! `zkmargin verify --open`: the page that verifies, with the proof.

use serde::Serialize;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::files::Source;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::proof::{CircuitId, MAX_BYTES, ProofFile};

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::SrsArgs;
use crate::params::exported_key;
use crate::serve::{Server, Shown};

use super::expected::Expected;

#[derive(Serialize)]
struct Opened {
    address: String,
}

/// Whether the page is for it: a proof of something else than what was expected is
/// refused here, and what is no proof might be a secret.
pub(super) fn may_be_shown(ended: &Result<Exit, Error>) -> bool {
    match ended {
        Ok(exit) => matches!(exit, Exit::Done | Exit::Below),
        Err(Error::Proof { source, .. }) => !matches!(source, VerifyError::Malformed(_)),
        Err(error) => matches!(error, Error::InsecureSrs(_) | Error::NotPinned(_)),
    }
}

/// Serves the page with a proof, its key and what is expected of it, until the
/// process is ended. A proof of another system than the on-chain one is shown
/// without a key: the page says what it is.
pub(super) fn show_page(
    source: &Source,
    expected: &Expected,
    srs: SrsArgs,
    env: Env,
) -> Result<(), Error> {
    let proof = source.read_at_most(MAX_BYTES)?;
    let key = match ProofFile::<Bn254Fr>::parse(&proof) {
        Ok(file) => {
            let dev = match file.srs().is_some_and(|mark| mark.insecure) {
                true => srs.dev(),
                false => DevSrs::Refuse,
            };
            let CircuitId { family, shape, layout, .. } = file.circuit();
            let key = exported_key((family, shape, layout), dev, env)?;
            Some((key.digest().to_string(), key.to_bytes()))
        }
        Err(_) => None,
    };
    let (epoch, signers) = expected.files()?;
    let expected = expected.of_page()?.into_bytes();
    let shown = Shown { proof, key, epoch, signers, expected };
    let server = Server::bind(shown).map_err(Error::Serve)?;
    let address = server.address();
    env.out.result(&Opened { address: address.clone() }, |opened| vec![opened.address.clone()])?;
    if open::that_detached(&address).is_err() {
        env.out.note("no browser could be opened: open the address yourself");
    }
    env.out.note("serving it to this machine alone; Ctrl-C ends");
    server.run();
    Ok(())
}
