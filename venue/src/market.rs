//! Markets of either family, in the venue's field.

/// Runs code for a market file, of whatever family and proof system: its root is
/// recomputed. The code's errors must come `From` those of market files.
#[macro_export]
macro_rules! with_market {
    ($system:expr, $file:expr, $backend:ident, $market:ident => $body:expr) => {
        ::zkmargin_prover::with_backend!($system, $backend => {
            type Field = <$backend as ::zkmargin_prover::backend::Backend>::Field;
            match $file {
                ::zkmargin_params::market::AnyMarketFile::Standard(file) => {
                    let $market = file.market::<Field>()?;
                    $body
                }
                ::zkmargin_params::market::AnyMarketFile::Scenario(file) => {
                    let $market = file.market::<Field>()?;
                    $body
                }
                ::zkmargin_params::market::AnyMarketFile::Simulation(file) => {
                    let $market = file.market::<Field>()?;
                    $body
                }
                ::zkmargin_params::market::AnyMarketFile::Settlement(file) => {
                    let $market = file.market::<Field>()?;
                    $body
                }
            }
        })
    };
}
