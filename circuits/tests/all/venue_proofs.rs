//! What a venue's proof takes for an account, against the account's own proof: on
//! Linux, in one run, and only when asked to.
//!
//! ```sh
//! cargo test -p zkmargin-circuits --test all venue_proofs:: -- --ignored --nocapture
//! ```

use crate::common::haircut::{self, StandardHaircut};
use crate::common::venue::{StandardVenue, of_equity, standard};
use crate::common::{Market, claim, healthy};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::kzg;
use zkmargin_circuits::standard::{StandardCircuit, StandardFigures};
use zkmargin_circuits::statement::haircut::HaircutCircuit;
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::SubtreeDepth;

/// CPU time of this process so far, in seconds; of a clock of 100 Hz.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name in parentheses: state, then eleven fields, then user and system.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

/// Proves `times` times under insecure powers of tau, checks the last proof, and
/// tells the CPU seconds of one.
fn proved<C: FamilyCircuit<Bn254Fr>>(
    instance: &C::Instance,
    witness: &Witness<Bn254Fr, C>,
    times: u32,
) -> f64 {
    let params = ParamsKZG::setup(C::k(Shape::Small), StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<C>::build(&params, Shape::Small).unwrap();
    let verifying = kzg::VerifyingKey::build::<C>(&params, Shape::Small).unwrap();
    let begin = cpu_seconds();
    let proofs = (0..times).map(|_| kzg::prove(&params, &proving, instance, witness).unwrap());
    let last = proofs.last().unwrap();
    let taken = (cpu_seconds() - begin) / f64::from(times);
    verifying.verify(&params, instance, &last).unwrap();
    taken
}

#[test]
#[ignore = "a measurement, of minutes"]
fn an_account_in_a_venue_costs_less_than_its_own_proof() {
    let level = "at-least:maintenance";
    let own = Market::<Bn254Fr>::over_field().case(&healthy(), claim(level), 0);
    type Own = StandardCircuit<Bn254Fr, Wide>;
    let own = proved::<Own>(&own.instance, &own.witness, 3);
    let poor = || Some(of_equity(4_000));
    let leaves: Vec<_> =
        (0..16).map(|i| if i % 5 == 4 { poor() } else { Some(healthy()) }).collect();
    let case: StandardVenue<Bn254Fr, 2> = standard(level, &leaves);
    type Venue = VenueCircuit<Bn254Fr, StandardFigures<Bn254Fr>, 2, Wide>;
    assert_eq!(Venue::DEPTH, SubtreeDepth::new(2).unwrap());
    let venue = proved::<Venue>(&case.instance, &case.witness, 1);
    let each = venue / 16.0;
    println!(
        "own proof: {own:.2} CPU s; 16 accounts: {venue:.2}, {each:.2} each: {:.2} of it",
        each / own
    );
    assert!(each < own);
}

/// The same accounts in a haircut's proof, against a venue's, four to a proof.
#[test]
#[ignore = "a measurement, of a minute"]
fn a_haircut_takes_more_than_a_venue() {
    let leaves: Vec<_> = (0..4).map(|_| Some(healthy())).collect();
    let case: StandardVenue<Bn254Fr> = standard("at-least:maintenance", &leaves);
    type Venue = VenueCircuit<Bn254Fr, StandardFigures<Bn254Fr>, 1, Wide>;
    let venue = proved::<Venue>(&case.instance, &case.witness, 1);
    let case: StandardHaircut<Bn254Fr> = haircut::standard(1_000, &leaves);
    type Cuts = HaircutCircuit<Bn254Fr, StandardFigures<Bn254Fr>, 1, Wide>;
    let cuts = proved::<Cuts>(&case.instance, &case.witness, 1);
    println!(
        "4 accounts: {venue:.2} CPU s in a venue's proof, {cuts:.2} in a haircut's: {:.2} times",
        cuts / venue
    );
    assert!(cuts > venue);
}
