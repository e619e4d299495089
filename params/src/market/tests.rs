use super::*;
use crate::presets;
use pasta_curves::Fp;

#[test]
fn smoke() {
    for p in presets::all() {
        let m = p.model().unwrap();
        println!("{} {}", p.name, m.digest());
    }
    let _ = Market::<Fp>::build;
}
