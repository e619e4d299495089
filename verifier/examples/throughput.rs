//! Transitions per second of the engine in memory and of the ledger on disk.
//!
//!     cargo run --release -p zkmargin-verifier --example throughput
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::time::Instant;

use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest, Timestamp};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::engine::{
    Action, ClaimData, Engine, EpochPost, Policy, PolicyParams, Root, VerifiedClaim,
};
use zkmargin_verifier::epoch::EpochDigest;

const ACCOUNTS: u32 = 100_000;

fn account(number: u32) -> AccountId {
    let mut bytes = [0; 20];
    // Spread over the keys as hashes are.
    bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b1).to_be_bytes());
    bytes[16..].copy_from_slice(&number.to_be_bytes());
    AccountId::new(bytes)
}

/// Epochs, each of which names the one before.
struct Epochs {
    context: ContextId,
    model: ModelDigest,
    previous: EpochDigest,
}

impl Epochs {
    fn post(&mut self, epoch: u64, now: u64) -> Action {
        let post = EpochPost {
            epoch: Epoch::new(epoch),
            state_root: Root::new([1; 32]),
            market_root: Root::new([2; 32]),
            model: self.model,
            market_timestamp: Timestamp::new(now),
            price_move_bps: 0,
            reference: Epoch::new(epoch - 1),
            previous: self.previous,
        };
        self.previous = post.digest(self.context);
        Action::PostEpoch(post)
    }
}

/// Every account registers, proves, is called, cures and is called by silence.
fn actions(context: ContextId, model: ModelDigest, accounts: u32) -> Vec<(u64, Action)> {
    let claim = |number, epoch, claim: &str| {
        VerifiedClaim::assume_verified_unchecked(ClaimData {
            context,
            epoch: Epoch::new(epoch),
            account: account(number),
            state_root: Root::new([1; 32]),
            market_root: Root::new([2; 32]),
            model,
            claim: claim.parse().expect("a claim"),
            disclosed: Shortfall::NONE,
            memo: Memo::NONE,
        })
    };
    let all = 0..accounts;
    let mut epochs = Epochs { context, model, previous: EpochDigest::NONE };
    let mut actions = vec![(0, epochs.post(1, 0))];
    actions.extend(all.clone().map(|n| (0, Action::Register { account: account(n) })));
    let proofs = all.clone().map(|n| claim(n, 1, "at-least:maintenance"));
    actions.extend(proofs.map(|claim| (1, Action::SubmitProof { claim })));
    actions.push((2, epochs.post(2, 2)));
    let breaches = all.clone().map(|n| claim(n, 2, "below:maintenance"));
    actions.extend(breaches.map(|claim| (2, Action::SubmitBreach { claim })));
    actions.push((3, epochs.post(3, 3)));
    let cures = all.clone().map(|n| claim(n, 3, "at-least:initial"));
    actions.extend(cures.map(|claim| (3, Action::Cure { claim })));
    // A proof holds for a day: a quarter of an hour apart, the clock never stops.
    for quarter in 1..=100 {
        actions.push((900 * quarter, epochs.post(3 + quarter, 900 * quarter)));
    }
    let now = 900 * 100;
    actions.extend(all.map(|n| (now, Action::CallOverdue { account: account(n) })));
    actions
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (context, model) = (ContextId::derive("throughput", 0, [0; 20]), ModelDigest::of(b"model"));
    let policy = Policy::new(PolicyParams::standard(context, ProofSystem::Kzg, model))?;

    let list = actions(context, model, ACCOUNTS);
    let mut engine = Engine::new(policy.clone(), 0);
    let start = Instant::now();
    for (now, action) in &list {
        engine.apply(*now, action)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = list.len();
    println!(
        "memory: {count} transitions, {ACCOUNTS} accounts, {seconds:.3} s: {:.0}/s",
        count as f64 / seconds
    );

    #[cfg(feature = "ledger")]
    {
        let directory = tempfile::tempdir_in(".")?;
        let ledger =
            zkmargin_verifier::Ledger::create(&directory.path().join("ledger"), policy, None, 0)?;
        let list = actions(context, model, 200);
        let start = Instant::now();
        for (now, action) in &list {
            ledger.apply(*now, action)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let count = list.len();
        println!(
            "ledger: {count} transitions, each synced, {seconds:.3} s: {:.0}/s",
            count as f64 / seconds
        );
    }
    Ok(())
}
