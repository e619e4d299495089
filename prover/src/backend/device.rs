//! What computes proofs: the processor, or a card of a build with `cuda`.

use std::fmt;
use std::str::FromStr;

use zkmargin_margin::shape::ProofSystem;

/// What computes proofs. Keys, proofs and verifiers are the same either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA card, or an error.
    Gpu,
    /// A card where the circuit is large enough for it to pay, and there is one,
    /// else the processor.
    Auto,
}

impl Device {
    /// All, as they are named.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Gpu, Self::Auto];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Auto => "auto",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed are cpu, gpu, auto")]
pub struct NoDevice;

impl FromStr for Device {
    type Err = NoDevice;

    fn from_str(text: &str) -> Result<Self, NoDevice> {
        Self::ALL.into_iter().find(|device| device.name() == text).ok_or(NoDevice)
    }
}

/// Why a card was asked for and is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// This build knows no card.
    #[error(
        "this program was built without GPU support: use --device cpu, or build it with \
         --features cuda (benches/README.md says how)"
    )]
    NotBuilt,
    /// Only one proof system has a prover for cards.
    #[error("proofs of {0} are made on the CPU only: use --device cpu or auto")]
    ProofSystem(ProofSystem),
    /// The card.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Cuda(#[from] zkmargin_circuits::kzg::cuda::CudaError),
}

#[cfg(test)]
mod tests {
    #[cfg(not(feature = "cuda"))]
    use zkmargin_params::srs::{DevSrs, dev};

    use super::*;
    #[cfg(not(feature = "cuda"))]
    use crate::backend::{Backend, Ipa, Kzg, MarkedParams, Stores};

    #[test]
    fn devices_are_named_and_others_refused() {
        for device in Device::ALL {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert_eq!("GPU".parse::<Device>(), Err(NoDevice));
        assert_eq!(Device::default(), Device::Cpu);
    }

    /// Asked for by name, a card is never silently replaced.
    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_card_that_cannot_be_used_is_refused() {
        let srs = dev(4, 0).unwrap();
        let params = MarkedParams::new(&srs, DevSrs::AllowInsecure).unwrap();
        assert!(matches!(params.clone().on(Device::Gpu), Err(DeviceError::NotBuilt)));
        assert!(!<Kzg as Backend>::on_card(&params.on(Device::Auto).unwrap()));
        let stores = Stores { cache: None, srs: None, dev: DevSrs::Refuse, device: Device::Gpu };
        let refused = <Ipa as Backend>::params(4, &stores).unwrap_err();
        assert!(refused.to_string().contains("use --device cpu or auto"), "{refused}");
    }
}
