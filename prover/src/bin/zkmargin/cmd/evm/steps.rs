//! The steps of a deployment. Each is written down when it is done, and looked at
//! before it is done again.

use std::path::Path;

use alloy_sol_types::private::{Address, B256, U256};
use alloy_sol_types::{SolConstructor as _, SolValue as _};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginEscrows as escrows, MarginMarkets as markets,
    MarginOperators as operators, MarginProofGate as gate, MarginRoles as roles,
    MarginVerifier as verifier,
};
use zkmargin_evm::engine::{self as convert, LAST_TIME, Time};
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::{Kind, write_atomic};
use zkmargin_verifier::engine::{CommitteeId, PolicyParams};
use zkmargin_verifier::epoch::Signers;

use super::chain::Chain;
use super::circuits::time;
use super::deploy::{Args, Prepared};
use super::deployment::{Contracts, DeployedVerifier, Deployment};
use super::error::EvmError;
use super::roles::Role;
use crate::error::Error;

/// A deployment under way.
pub(super) struct Steps<'a> {
    pub(super) args: &'a Args,
    pub(super) rules: &'a PolicyParams,
    pub(super) signers: &'a Signers,
    pub(super) chain: &'a Chain,
    pub(super) from: Address,
    /// Where it is written down; nowhere when it is only planned.
    pub(super) path: Option<&'a Path>,
    pub(super) state: Deployment,
}

impl Steps<'_> {
    pub(super) fn run(mut self, prepared: Vec<Prepared>) -> Result<Deployment, Error> {
        let [admin_delay, model_notice, circuit_delay] =
            self.args.delays.resolved(self.state.insecure_dev_srs);
        let (admin_delay, model_notice, circuit_delay) =
            (time(admin_delay)?, time(model_notice)?, time(circuit_delay)?);
        let (admin, insecure) = (self.from, self.state.insecure_dev_srs);
        let roles = self.contract(
            |all| &mut all.roles,
            || {
                let arguments = roles::constructorCall { admin, adminDelay: admin_delay };
                code(&roles::BYTECODE, &arguments.abi_encode())
            },
        )?;
        let markets = self.contract(
            |all| &mut all.markets,
            || {
                let arguments = markets::constructorCall {
                    roles,
                    modelNotice: model_notice,
                    testDeployment: insecure,
                };
                code(&markets::BYTECODE, &arguments.abi_encode())
            },
        )?;
        let gate = self.contract(
            |all| &mut all.gate,
            || {
                let arguments = gate::constructorCall { markets, circuitDelay: circuit_delay };
                code(&gate::BYTECODE, &arguments.abi_encode())
            },
        )?;
        let operators = self.contract(|all| &mut all.operators, || operators::BYTECODE.to_vec())?;
        let registry = self.contract(
            |all| &mut all.registry,
            || {
                let arguments = registry::constructorCall { markets, gate, operators };
                code(&registry::BYTECODE, &arguments.abi_encode())
            },
        )?;
        if self.chain.is_plan() || self.chain.read(markets, &markets::gateCall {})?.is_zero() {
            self.chain.send(markets, &markets::setGateCall { newGate: gate })?;
        }
        let context = self.market(roles, markets)?;
        self.roles(roles, context)?;
        if let Some(committee) = self.rules.escrow {
            self.escrow([registry, markets, gate], context, committee)?;
        }
        for prepared in prepared {
            self.circuit(gate, context, prepared)?;
        }
        self.hand_over(roles, context)?;
        self.state.complete = true;
        self.save()?;
        Ok(self.state)
    }

    /// Has the market demand escrows to a committee. Before its circuits: from its first
    /// proof on, or never.
    fn escrow(
        &mut self,
        [registry, markets, gate]: [Address; 3],
        context: ContextId,
        committee: CommitteeId,
    ) -> Result<(), Error> {
        let keeper = self.contract(
            |all| &mut all.escrows,
            || {
                let arguments = escrows::constructorCall { registry, markets, gate };
                code(&escrows::BYTECODE, &arguments.abi_encode())
            },
        )?;
        let plan = self.chain.is_plan();
        if plan || self.chain.read(gate, &gate::escrowsCall {})?.is_zero() {
            self.chain.send(gate, &gate::setEscrowsCall { keeper })?;
        }
        let (context, committee) = (convert::context(context), convert::committee(committee));
        if plan || self.chain.read(gate, &gate::committeeOfCall { context })?.is_zero() {
            self.chain.send(gate, &gate::demandEscrowCall { context, committee })?;
        }
        let named = || self.chain.read(gate, &gate::committeeOfCall { context });
        match plan || named()? == committee {
            true => Ok(()),
            false => Err(EvmError::OtherRules.into()),
        }
    }

    /// Deploys a contract, unless it is there.
    fn contract(
        &mut self,
        slot: fn(&mut Contracts) -> &mut Option<Address>,
        code: impl FnOnce() -> Vec<u8>,
    ) -> Result<Address, Error> {
        if let Some(there) = *slot(&mut self.state.contracts) {
            return Ok(there);
        }
        let (address, block) = self.chain.create(code())?;
        *slot(&mut self.state.contracts) = Some(address);
        self.state.block.get_or_insert(block);
        self.save()?;
        Ok(address)
    }

    /// Creates the market, unless it is there; its rules must be those asked for.
    fn market(&mut self, roles: Address, markets: Address) -> Result<ContextId, Error> {
        self.grant(roles, Role::Governor.name(), self.from)?;
        let id = self.state.chain;
        let context = ContextId::derive(&self.args.protocol, id, markets.into_array());
        let policy = markets::policyOfCall { context: convert::context(context) };
        let there = match self.chain.is_plan() {
            true => false,
            false => match self.chain.read(markets, &policy) {
                Ok(policy) => policy._0.requiredLevel != 0,
                Err(error) if error.is_refusal() => false,
                Err(error) => return Err(error.into()),
            },
        };
        if !there {
            let params = convert::market(self.rules, &self.args.protocol, self.signers);
            self.chain.send(markets, &markets::createMarketCall { params })?;
        }
        if !self.chain.is_plan() {
            let found = self.chain.read(markets, &policy)?;
            let expected = (convert::terms(self.rules), convert::limits(self.rules));
            if (found._0, found._1).abi_encode() != expected.abi_encode() {
                return Err(EvmError::OtherRules.into());
            }
        }
        self.state.context = Some(context);
        self.save()?;
        Ok(context)
    }

    /// The deployer's role first: it adds the circuits.
    fn roles(&self, roles: Address, context: ContextId) -> Result<(), Error> {
        let context = convert::context(context);
        let RoleGrants { guardian, operator } = RoleGrants::of(self);
        self.grant(roles, Role::Governor.of(context), self.from)?;
        self.grant(roles, Role::Guardian.of(context), guardian)?;
        self.grant(roles, Role::Protocol.of(context), operator)
    }

    fn grant(&self, at: Address, role: B256, account: Address) -> Result<(), Error> {
        let has = || self.chain.read(at, &roles::hasRoleCall { role, account });
        if self.chain.is_plan() || !has()? {
            self.chain.send(at, &roles::grantRoleCall { role, account })?;
        }
        Ok(())
    }

    /// Deploys a verifier and proposes its circuit.
    fn circuit(
        &mut self,
        gate: Address,
        context: ContextId,
        prepared: Prepared,
    ) -> Result<(), Error> {
        let circuit = B256::from(*prepared.key.digest().as_bytes());
        let there = self.state.verifiers.iter().find(|known| known.circuit == circuit);
        let address = match there {
            Some(known) => known.address,
            None => {
                let deployed = deploy_verifier(self.chain, prepared)?;
                let address = deployed.address;
                self.state.verifiers.push(deployed);
                self.save()?;
                address
            }
        };
        let context = convert::context(context);
        let known = || self.chain.read(gate, &gate::circuitOfCall { context, circuit });
        if !self.chain.is_plan() && !known()?.verifier.is_zero() {
            return Ok(());
        }
        let hash = match self.chain.is_plan() {
            true => B256::ZERO,
            false => self.chain.code_hash(address)?,
        };
        self.chain.send(
            gate,
            &gate::addCircuitCall {
                context,
                verifier: address,
                codeHash: hash,
                gasLimit: self.args.verifier_gas,
                validUntil: Time::from(LAST_TIME),
            },
        )?;
        Ok(())
    }

    /// Gives the roles away, the deployer's own last. The administrator's waits to be
    /// accepted.
    fn hand_over(&self, at: Address, context: ContextId) -> Result<(), Error> {
        let from = self.from;
        let Some(governor) = self.args.roles.governor.filter(|governor| *governor != from) else {
            return Ok(());
        };
        let governing = [Role::Governor.name(), Role::Governor.of(convert::context(context))];
        for role in governing {
            self.grant(at, role, governor)?;
        }
        self.chain.send(at, &roles::beginDefaultAdminTransferCall { newAdmin: governor })?;
        for role in governing {
            let has = || self.chain.read(at, &roles::hasRoleCall { role, account: from });
            if self.chain.is_plan() || has()? {
                let renounce = roles::renounceRoleCall::from((role, from));
                self.chain.send(at, &renounce)?;
            }
        }
        Ok(())
    }

    /// Writes down what is done.
    fn save(&self) -> Result<(), Error> {
        let Some(path) = self.path else { return Ok(()) };
        let mut text = serde_json::to_string_pretty(&self.state).map_err(|_| Error::Output)?;
        text.push('\n');
        Ok(write_atomic(path, text.as_bytes(), Kind::Replace)?)
    }
}

/// Who gets what besides governing.
struct RoleGrants {
    guardian: Address,
    operator: Address,
}

impl RoleGrants {
    fn of(steps: &Steps<'_>) -> Self {
        let roles = &steps.args.roles;
        Self {
            guardian: roles.guardian.unwrap_or(steps.from),
            operator: roles.operator.unwrap_or(steps.from),
        }
    }
}

/// The contract says which key it is of: it must be the circuit's. Whether its
/// code is what the generator makes of the key is for whoever compiled it.
fn deploy_verifier(chain: &Chain, prepared: Prepared) -> Result<DeployedVerifier, EvmError> {
    let Prepared { circuit, key, code } = prepared;
    let (address, _) = chain.create(code)?;
    let expected = B256::from(*key.digest().as_bytes());
    if !chain.is_plan() {
        let found = chain.read(address, &verifier::CIRCUITCall {})?;
        let length = chain.read(address, &verifier::PROOF_LENGTHCall {})?;
        let insecure = chain.read(address, &verifier::INSECURE_DEV_SRSCall {})?;
        let same = found == expected
            && length == U256::from(key.proof_size())
            && insecure == key.is_insecure();
        if !same {
            return Err(EvmError::WrongVerifier { circuit, expected, found });
        }
    }
    Ok(DeployedVerifier {
        family: circuit.family,
        shape: circuit.shape,
        layout: circuit.layout,
        circuit: expected,
        srs: key.srs().to_string(),
        address,
    })
}

/// A contract's code and its constructor's arguments.
fn code(bytecode: &[u8], arguments: &[u8]) -> Vec<u8> {
    [bytecode, arguments].concat()
}
