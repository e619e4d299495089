//! What errors tell, and to whom.

use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::shape::Shape;
use zkmargin_params::symbol::Symbol;

use super::*;

/// Errors that name an instrument, a direction or a number of positions.
fn telling() -> Vec<Error> {
    let path = || "a.age".to_owned();
    let symbol = || "ZZCOIN".parse::<Symbol>().unwrap();
    let market = [
        || MarketError::UnknownInstrument(InstrumentId::new(77_777)),
        || MarketError::DuplicatePosition(InstrumentId::new(77_777)),
        || MarketError::DirectionNotOffered {
            symbol: "ZZCOIN".parse().unwrap(),
            direction: "short",
        },
        || MarketError::NotionalTooLarge { symbol: "ZZCOIN".parse().unwrap() },
    ];
    let field = || "positions[77777].instrument".to_owned();
    let documents = [
        PortfolioFileError::UnknownInstrument {
            field: field(),
            symbol: symbol().to_string(),
            near: vec![symbol().to_string()],
        },
        PortfolioFileError::Duplicate { first: field(), second: field() },
        PortfolioFileError::NotWholeLots { field: field(), lot: "0.77777".to_owned() },
        PortfolioFileError::NotWholeUnits { field: field(), decimals: 6 },
        PortfolioFileError::OutOfRange { field: field(), allowed: "few" },
        PortfolioFileError::TooManyPositions { found: 77_777, allowed: 128 },
        PortfolioFileError::TooManyBuckets { found: 77_777 },
    ];
    let proving = [
        ProvingError::TooManyPositions { found: 77_777, shape: Shape::Small, allowed: 8 },
        ProvingError::TooManyExpiries { found: 77_777, shape: Shape::Small, allowed: 4 },
    ];
    let of_market = market.map(|error| Error::Market { path: path(), source: error() });
    let in_proof = market.map(|error| ProvingError::Market(error()));
    let proving = proving.into_iter().chain(in_proof);
    let proving = proving.map(|source| Error::Proving { path: path(), source });
    let documents = documents.map(|source| Error::Portfolio { path: path(), source });
    let imported = [
        ImportError::NoIsolatedCash { symbol: symbol(), field: "margin" },
        ImportError::Mark { symbol: symbol() },
        ImportError::Duplicate { symbol: symbol() },
    ];
    let imported = imported.map(|error| Error::account("a.age", error, "again"));
    of_market.into_iter().chain(documents).chain(proving).chain(imported).collect()
}

#[test]
fn a_quiet_run_does_not_tell_the_positions() {
    for error in telling() {
        let (owner, others) = (error.message(true), error.message(false));
        let tells = |text: &str| {
            ["ZZCOIN", "77777", "12fd1", "short"].iter().any(|word| text.contains(word))
        };
        assert!(tells(&owner), "{owner}");
        assert!(!tells(&others), "{others}");
        assert!(others.starts_with("a.age: "), "{others}");
    }
}
