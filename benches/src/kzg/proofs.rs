//! The proofs that are measured.

use std::borrow::Borrow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use zkmargin_circuits::family::{FamilyCircuit, Witness, family_of};
use zkmargin_circuits::kzg;
use zkmargin_circuits::lowering::shape::LoweredShape;
use zkmargin_circuits::lowering::{advice, lower};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{MarginInstance, PublicInputs as _};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::srs::SrsMark;
use zkmargin_params::srs::{self, DevSrs, KzgParams};
use zkmargin_verifier::bn254;
use zkmargin_verifier::proof::{CircuitId, ProofFile};

use crate::Account;
use crate::options::Options;

/// Where the insecure powers of tau come from.
const SEED: u64 = 0;

/// Keys of a circuit.
pub(crate) struct Bench<C: FamilyCircuit<Bn254Fr> + 'static> {
    params: KzgParams,
    mark: SrsMark,
    /// The same powers of tau on a card, where proofs are made on one.
    #[cfg(feature = "cuda")]
    card: Option<kzg::cuda::CudaParams>,
    key: kzg::ProvingKey<C>,
    points: kzg::VerifyingKey,
    verifier: bn254::Verifier,
    lowered: LoweredShape,
}

impl<C> Bench<C>
where
    C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>> + 'static,
{
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let srs = srs::dev(C::k(options.shape), SEED)?;
        let (params, mark) = (srs.params(DevSrs::AllowInsecure)?.clone(), srs.mark());
        #[cfg(not(feature = "cuda"))]
        ensure!(!options.gpu, "--device gpu: build with --features cuda");
        #[cfg(feature = "cuda")]
        let card = options.gpu.then(|| kzg::cuda::CudaParams::new(&params)).transpose()?;
        let setup = kzg::Setup::<C>::new(&params, options.shape)?;
        let (key, points) = (setup.proving_key(&params)?, setup.verifying_key(&params)?);
        let verifier = bn254::Verifier::new(bn254::export::export(&points, &params, true)?);
        let lowered = lower(C::k(options.shape), &C::blank(options.shape))?;
        Ok(Self {
            params,
            mark,
            #[cfg(feature = "cuda")]
            card,
            key,
            points,
            verifier,
            lowered,
        })
    }

    pub(crate) fn prove(&self, account: &Account<C>) -> Result<ProofFile<Bn254Fr>> {
        let circuit = CircuitId {
            family: family_of::<Bn254Fr, C>(),
            shape: self.key.shape(),
            proof_system: ProofSystem::Kzg,
            layout: C::layout(),
        };
        let proof = self.bytes(account)?;
        Ok(ProofFile::under_srs(circuit, self.mark, account.0, proof)?)
    }

    fn bytes(&self, (instance, witness): &Account<C>) -> Result<Vec<u8>> {
        #[cfg(feature = "cuda")]
        if let Some(card) = &self.card {
            return Ok(kzg::cuda::prove(card, &self.key, instance, witness)?);
        }
        Ok(kzg::prove(&self.params, &self.key, instance, witness)?)
    }

    /// What the processor does before a card can begin.
    pub(crate) fn record(&self, (instance, witness): &Account<C>) -> Result<()> {
        let circuit = C::checked(self.key.shape(), instance, witness)?;
        advice(&self.lowered, &circuit, &instance.to_rows())?;
        Ok(())
    }

    /// Where the time of a card goes in one proof, where it is asked for.
    pub(crate) fn profile(&self, options: &Options, account: &Account<C>) -> Result<()> {
        if !options.profile {
            return Ok(());
        }
        self.prove(account)?;
        #[cfg(feature = "cuda")]
        for line in crate::profile::profile(|| self.prove(account).map(drop))? {
            println!("{line}");
        }
        #[cfg(not(feature = "cuda"))]
        println!("--profile: of a card only, in a build with --features cuda");
        Ok(())
    }

    /// Proves accounts with so many threads, in any order.
    pub(crate) fn prove_all<A: Borrow<Account<C>> + Sync>(
        &self,
        accounts: &[A],
        threads: usize,
    ) -> Result<Vec<ProofFile<Bn254Fr>>>
    where
        Witness<Bn254Fr, C>: Sync,
    {
        let next = AtomicUsize::new(0);
        let made = Mutex::new(Vec::with_capacity(accounts.len()));
        let work = || -> Result<()> {
            while let Some(account) = accounts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let file = self.prove(account.borrow())?;
                made.lock().map_err(|_| anyhow::anyhow!("a thread stopped"))?.push(file);
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().ok().context("a thread")?)
        })?;
        made.into_inner().ok().context("a thread stopped")
    }

    /// Verifies all.
    pub(crate) fn verify(&self, files: &[ProofFile<Bn254Fr>]) -> Result<()> {
        let results = self.verifier.verify_batch(files);
        ensure!(results.len() == files.len(), "not every proof was looked at");
        for result in results {
            result.context("a proof does not verify")?;
        }
        Ok(())
    }

    /// Whether two proofs of one statement have no commitment in common, as blinding
    /// has it. The one exception says nothing: the random polynomial of a card is the
    /// constant one, and its commitment the generator.
    pub(crate) fn check_hidden(&self, account: &Account<C>) -> Result<()> {
        let (one, two) = (self.prove(account)?, self.prove(account)?);
        let mut generator = [0; 64];
        (generator[31], generator[63]) = (1, 2);
        let pairs: Vec<_> =
            self.points.points(one.proof()).zip(self.points.points(two.proof())).collect();
        let same: Vec<_> = pairs.iter().filter(|(one, two)| one == two).collect();
        let constant = same.iter().filter(|(one, _)| *one == generator).count();
        ensure!(
            same.len() == constant && constant <= 1,
            "{} commitments of two proofs of one statement are the same: they do not hide it",
            same.len()
        );
        println!(
            "hidden: {} of {} points of two proofs of one statement differ, {constant} is the \
             generator in both",
            pairs.len() - same.len(),
            pairs.len(),
        );
        Ok(())
    }
}
