//! Public parameters, of either proof system, from bytes or made here.

use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_params::cache::{compute_ipa_params, decode_ipa_params, encode_ipa_params};
use zkmargin_params::srs::{self, DevSrs};
use zkmargin_prover::backend::{Backend, Ipa, Kzg, MarkedParams};

use crate::request::Unprepared;

/// A proof system whose parameters come to a browser.
pub(crate) trait Parameters: Backend {
    /// Parameters of size `2^k` from bytes, which are not trusted.
    fn read(bytes: &[u8], k: u32, dev: DevSrs) -> Result<Self::Params, Unprepared>;

    /// Parameters that are made here, and bytes that spare it the next time.
    fn make(k: u32, dev: DevSrs) -> Result<(Self::Params, Option<Vec<u8>>), Unprepared>;
}

/// Hashed to the curve: the same for everyone, and worth keeping.
impl Parameters for Ipa {
    fn read(bytes: &[u8], k: u32, _: DevSrs) -> Result<Self::Params, Unprepared> {
        decode_ipa_params(bytes, k).map_err(Unprepared::Kept)
    }

    fn make(k: u32, _: DevSrs) -> Result<(Self::Params, Option<Vec<u8>>), Unprepared> {
        let params = compute_ipa_params(k).map_err(|error| Unprepared::Setup(error.into()))?;
        // Into memory: nothing that can fail.
        let bytes = encode_ipa_params(&params, k).ok();
        Ok((params, bytes))
    }
}

/// Powers of tau: given, or for tests made of a secret that everybody knows.
impl<L: Columns> Parameters for Kzg<L> {
    fn read(bytes: &[u8], k: u32, dev: DevSrs) -> Result<Self::Params, Unprepared> {
        let srs = srs::from_bytes(bytes, k, "").map_err(Unprepared::Srs)?;
        MarkedParams::new(&srs, dev).map_err(Unprepared::Srs)
    }

    fn make(k: u32, dev: DevSrs) -> Result<(Self::Params, Option<Vec<u8>>), Unprepared> {
        if dev == DevSrs::Refuse {
            return Err(Unprepared::NoSrs { k });
        }
        let srs = srs::dev(k, 0).map_err(Unprepared::Srs)?;
        let params = MarkedParams::new(&srs, dev).map_err(Unprepared::Srs)?;
        Ok((params, None))
    }
}
