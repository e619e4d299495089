//! The stored keys of circuits under the **insecure** powers of tau of `zkmargin srs
//! dev`, for tests: everybody can forge what they verify.

/// Of the small standard circuit.
pub const STANDARD_SMALL: &[u8] = include_bytes!("../../vectors/kzg/standard-small.vk");
/// Of the medium standard circuit.
pub const STANDARD_MEDIUM: &[u8] = include_bytes!("../../vectors/kzg/standard-medium.vk");
/// Of the large standard circuit.
pub const STANDARD_LARGE: &[u8] = include_bytes!("../../vectors/kzg/standard-large.vk");
/// Of the small scenario circuit.
pub const SCENARIO_SMALL: &[u8] = include_bytes!("../../vectors/kzg/scenario-small.vk");
/// Of the medium scenario circuit.
pub const SCENARIO_MEDIUM: &[u8] = include_bytes!("../../vectors/kzg/scenario-medium.vk");
/// Of the large scenario circuit.
pub const SCENARIO_LARGE: &[u8] = include_bytes!("../../vectors/kzg/scenario-large.vk");
/// Of the small simulation circuit.
pub const SIMULATION_SMALL: &[u8] = include_bytes!("../../vectors/kzg/simulation-small.vk");
