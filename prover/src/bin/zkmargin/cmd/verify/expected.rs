//! The options that say what a proof must be about.

mod of_page;

use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo};
use zkmargin_margin::statement::transition::Aim;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::freshness::{Freshness, parse_period};
use zkmargin_prover::transition::Opening;
use zkmargin_prover::venue::{FieldHex, StateFile};
use zkmargin_prover::with_backend;
use zkmargin_verifier::pins::{Assurance, ClaimRule, Figure, Pins, Told};

use super::netting::{At, parse_at};
use crate::cmd::epoch::{load_epoch, load_signers};
use crate::cmd::market::load_model;
use crate::env::Env;
use crate::error::Error;
use crate::input::{
    PublishedMarket, now, parse_context, parse_cures, parse_epoch, parse_healthier, parse_level,
    parse_memo, parse_source, with_market,
};

/// What proofs must be about.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Expected of every proof")]
pub(crate) struct Expected {
    /// Epoch file: the context, roots, model and time it must have
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    epoch: Option<Source>,
    /// Who must have signed that file: {"threshold": 2, "signers": ["0x...", ...]}
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "epoch")]
    signers: Option<Source>,
    /// Level it must claim at least: margin-call, maintenance, initial
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, conflicts_with = "claim", group = "level")]
    at_least: Option<Level>,
    /// How many times that level's requirement it must claim to meet at least: 1.25
    #[arg(long, value_name = "TIMES", requires = "level")]
    multiplier: Option<Multiplier>,
    /// Leverage it must claim at most: 10
    #[arg(long, value_name = "TIMES", requires = "level")]
    max_leverage: Option<Leverage>,
    /// Claim it must make, exactly
    #[arg(long, value_name = "SIDE:LEVEL")]
    claim: Option<Claim>,
    /// Level that the account must meet after a change (`prove-change`): such a
    /// proof says nothing of the account as it is
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, conflicts_with = "claim", group = "level")]
    meets: Option<Level>,
    /// Level whose requirement equity has no less of after a change that closes lots
    /// or pays cash in (`prove-change --healthier`)
    #[arg(long, value_name = "LEVEL", value_parser = parse_healthier, conflicts_with_all = ["claim", "multiplier", "max_leverage"], group = "level")]
    healthier: Option<Aim>,
    /// Level that the account was below, and level that it meets after a change that
    /// closes no lot more than that takes (`prove-change --cures`), times the
    /// multiplier exactly
    #[arg(long, value_name = "BREACH:TARGET", value_parser = parse_cures, conflicts_with_all = ["claim", "max_leverage"], group = "level")]
    cures: Option<Aim>,
    /// Commitment that the account must have after the change
    #[arg(long, value_name = "0x...")]
    next: Option<FieldHex>,
    /// State root the venue posts after a haircut, or its state file
    #[arg(long, value_name = "ROOT|FILE", value_parser = parse_source, requires = "haircut")]
    state_after: Option<Source>,
    /// Digest of the change
    #[arg(long, value_name = "0x...", conflicts_with = "opening")]
    change: Option<FieldHex>,
    /// What opens the digest of the change: the entries that it must be of
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    opening: Option<Source>,
    /// Venue that a proof over several (`prove-netted`) must be over: its epoch file, who
    /// must have signed that, and the account there; once for each, and all of them
    #[arg(long, value_name = "EPOCH,SIGNERS,0x...", value_parser = parse_at)]
    at: Vec<At>,
    /// Largest age of the prices, as the epoch file or the market says it: 15m, 900s
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    max_age: Option<u64>,
    /// How far ahead of this machine's clock the time of the prices may lie
    #[arg(long, value_name = "PERIOD", value_parser = parse_period, default_value = "15s")]
    max_clock_skew: u64,
    /// Market whose root, model, epoch and time it must have
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Option<Source>,
    /// Deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: Option<ContextId>,
    /// State root the venue posted
    #[arg(long, value_name = "0x...")]
    state_root: Option<FieldHex>,
    /// Market root
    #[arg(long, value_name = "0x...")]
    market_root: Option<FieldHex>,
    /// Margin model: the name of a shipped one, or a JSON file
    #[arg(long, value_name = "NAME|FILE")]
    model: Option<String>,
    /// Epoch's number
    #[arg(long, value_name = "NUMBER", value_parser = parse_epoch)]
    epoch_number: Option<Epoch>,
    /// Account
    #[arg(long, value_name = "0x...")]
    account: Option<AccountId>,
    /// Memo: 0x and at most 62 digits
    #[arg(long, value_name = "0x...", value_parser = parse_memo)]
    memo: Option<Memo>,
    #[command(flatten)]
    waived: Waived,
}

/// What need not be told. What is told counts all the same.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Not expected: the verdict then says so")]
struct Waived {
    /// Whoever signed the epoch file, or nobody
    #[arg(long)]
    any_signers: bool,
    /// Of whatever deployment
    #[arg(long)]
    any_context: bool,
    /// Under whatever state root: whoever made the proof may have made that up
    #[arg(long)]
    any_state_root: bool,
    /// With whatever state root after a haircut
    #[arg(long, requires = "haircut")]
    any_state_after: bool,
    /// Under whatever market root: whatever prices
    #[arg(long)]
    any_market_root: bool,
    /// Under whatever margin model
    #[arg(long)]
    any_model: bool,
    /// Whatever is claimed
    #[arg(long)]
    any_claim: bool,
    /// With prices of whatever age
    #[arg(long)]
    any_age: bool,
}

impl Waived {
    /// The names of what is waived.
    fn names(&self) -> Vec<&'static str> {
        let needed = [Figure::Signers].into_iter().chain(Figure::NEEDED);
        needed.filter(|figure| self.has(*figure)).map(Figure::key).collect()
    }

    fn has(&self, figure: Figure) -> bool {
        match figure {
            Figure::Signers => self.any_signers,
            Figure::Context => self.any_context,
            Figure::StateRoot => self.any_state_root,
            Figure::StateAfter => self.any_state_after,
            Figure::MarketRoot => self.any_market_root,
            Figure::Model => self.any_model,
            Figure::Claim => self.any_claim,
            Figure::Age => self.any_age,
            Figure::Epoch | Figure::Account | Figure::Memo | Figure::Next | Figure::Change => true,
            Figure::Venues => false,
        }
    }
}

impl Expected {
    /// What proofs are held to.
    pub(super) fn pins(&self, needed: &[Figure], env: Env) -> Result<Pins, Error> {
        let mut told = Told::default();
        self.tell_epoch(&mut told)?;
        self.tell_market(&mut told, env)?;
        self.tell_single(&mut told)?;
        self.at.iter().try_for_each(|venue| venue.tell(&mut told))?;
        let age = self.age(&told)?;
        let times = self.multiplier.unwrap_or(Multiplier::ONE);
        let leverage = self.max_leverage;
        let claim = match (self.at_least, self.claim, self.meets, self.healthier.or(self.cures)) {
            (Some(level), ..) => ClaimRule::AtLeast { level, times, leverage },
            (None, Some(claim), ..) => ClaimRule::Exactly(claim),
            (None, None, Some(level), _) => ClaimRule::Meets { level, times, leverage },
            (None, None, None, Some(aim)) => ClaimRule::Reaches { aim, times },
            (None, None, None, None) => ClaimRule::Any,
        };
        Ok(told.pins_needing(needed, claim, age, |figure| self.waived.has(figure)))
    }

    fn tell_epoch(&self, told: &mut Told) -> Result<(), Error> {
        let Some(source) = &self.epoch else { return Ok(()) };
        let epoch = load_epoch(source)?;
        let signers = self.signers.as_ref().map(load_signers).transpose()?;
        told.epoch(source, &epoch, signers.as_ref())
            .map_err(|error| Error::not_signed(source, error))
    }

    fn tell_market(&self, told: &mut Told, env: Env) -> Result<(), Error> {
        let Some(source) = &self.market else { return Ok(()) };
        let published = PublishedMarket::load(source)?;
        let (root, header) = with_market!(&published, env, B, market => {
            let header = market.header();
            (FieldHex::of(&market.root()), (header.model, header.epoch, header.timestamp))
        });
        let (model, epoch, time) = header;
        let by = Assurance::Recomputed;
        told.rule(Figure::MarketRoot, root, by);
        told.rule(Figure::Model, model, by);
        told.rule(Figure::Epoch, epoch.get(), by);
        told.time(source, time, by);
        Ok(())
    }

    fn tell_single(&self, told: &mut Told) -> Result<(), Error> {
        let texts = [
            (Figure::Context, self.context.map(|context| context.to_string())),
            (Figure::StateRoot, self.state_root.map(|root| root.to_string())),
            (Figure::MarketRoot, self.market_root.map(|root| root.to_string())),
            (Figure::Epoch, self.epoch_number.map(|epoch| epoch.get().to_string())),
            (Figure::Account, self.account.map(|account| account.to_string())),
            (Figure::StateAfter, self.state_after.as_ref().map(root_of).transpose()?),
            (Figure::Next, self.next.map(|next| next.to_string())),
            (Figure::Change, self.change.map(|change| change.to_string())),
            (Figure::Memo, self.memo.map(|memo| memo.to_string())),
        ];
        for (figure, text) in texts {
            if let Some(text) = text {
                told.rule(figure, text, Assurance::Given);
            }
        }
        if let Some(source) = &self.opening {
            let opening = Opening::parse(&source.read_secret()?)
                .map_err(|error| Error::Opening { path: source.to_string(), source: error })?;
            told.rule(Figure::Account, opening.account(), Assurance::Given);
            told.rule(Figure::Change, opening.change(), Assurance::Given);
        }
        if let Some(model) = &self.model {
            told.rule(Figure::Model, load_model(model)?.digest(), Assurance::Given);
        }
        Ok(())
    }

    /// The age of the prices, once every time told is recent enough.
    fn age(&self, told: &Told) -> Result<Option<(u64, Assurance)>, Error> {
        const NO_TIME: &str =
            "--max-age needs --epoch or --market: a proof does not say the time of its prices";
        let Some(max_age) = self.max_age else { return Ok(None) };
        let rule = Freshness { max_age, max_ahead: self.max_clock_skew };
        let age = told
            .age(rule, now()?)
            .map_err(|error| Error::NotFresh { path: error.place, source: error.source })?;
        age.map(Some).ok_or(Error::Usage(NO_TIME))
    }
}

/// A state root, as its digits or in a state file, whose accounts must hash to it.
fn root_of(given: &Source) -> Result<String, Error> {
    let text = given.to_string();
    if text.starts_with("0x") {
        let root: Result<FieldHex, _> = text.parse();
        let root = root.map_err(|_| Error::Usage("--state-after is 0x and 64 digits, or a file"));
        return root.map(|root| root.to_string());
    }
    let failed = |error| Error::venue(given, error);
    let file = StateFile::parse(&given.read()?).map_err(failed)?;
    let system = file.proof_system().map_err(failed)?;
    with_backend!(system, B => {
        let state = file.state::<<B as Backend>::Field>().map_err(failed)?;
        Ok(FieldHex::of(&state.root()).to_string())
    })
}
