//! Paths demanded on record, and signers replaced with notice.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::{Chain, holder, signing};
use cosmwasm_std::{Binary, Coin, Uint128, Uint256, coin, coins};
use cw_multi_test::{BankSudo, Executor as _, SudoMsg};
use zkmargin_cosmwasm::msg::{
    Delays, DemandAnswer, ExecuteMsg, NextSigners, PathMsg, PathTerms, PathsAnswer, QueryMsg,
    Signers, StandingAnswer,
};

const HEALTHY: &str = "small-healthy.json";

fn terms() -> PathTerms {
    PathTerms {
        venue: holder("venue").into(),
        demand_bond: coin(20, "atom"),
        stake: Uint256::from(50u128),
        answer_period: 60,
        notice: 60,
    }
}

/// A registry with an account that may demand its path, and 1,000 for all.
fn ready() -> Chain {
    let mut chain = Chain::with(HEALTHY, |msg| msg.paths = Some(terms())).ready();
    for name in ["owner", "venue", "anyone"] {
        let to_address = holder(name).to_string();
        let mint = BankSudo::Mint { to_address, amount: coins(1_000, "atom") };
        chain.app.sudo(SudoMsg::Bank(mint)).unwrap();
    }
    chain
}

fn send(
    chain: &mut Chain,
    sender: &str,
    msg: PathMsg,
    funds: &[Coin],
) -> Result<Vec<String>, String> {
    let (contract, msg) = (chain.contract.clone(), ExecuteMsg::Path(msg));
    let response = chain.app.execute_contract(holder(sender), contract, &msg, funds);
    let response = response.map_err(|error| format!("{error:?}"))?;
    let events = response.events.iter().map(|event| event.ty.clone());
    Ok(events.filter_map(|ty| ty.strip_prefix("wasm-zkmargin-").map(str::to_owned)).collect())
}

fn balance(chain: &Chain, name: &str) -> u128 {
    let amount = chain.app.wrap().query_balance(holder(name), "atom").unwrap().amount;
    Uint128::try_from(amount).unwrap().u128()
}

fn demand(chain: &Chain) -> PathMsg {
    PathMsg::Demand { account: chain.id(), key: Binary::new(vec![7; 32]) }
}

fn answer(chain: &Chain, epoch: u64) -> PathMsg {
    let sealed_path = Binary::new(b"sealed".to_vec());
    PathMsg::Answer { account: chain.id(), epoch, sealed_path }
}

fn forfeit(chain: &Chain, epoch: u64) -> PathMsg {
    PathMsg::Forfeit { account: chain.id(), epoch }
}

fn epoch(chain: &Chain) -> u64 {
    chain.state().meta.latest
}

fn standing(chain: &Chain) -> StandingAnswer {
    chain.query(&QueryMsg::Standing { account: chain.id() })
}

fn deposited(chain: &mut Chain) {
    send(chain, "venue", PathMsg::Deposit {}, &coins(200, "atom")).unwrap();
}

fn free(chain: &Chain) -> u128 {
    let answer: PathsAnswer = chain.query(&QueryMsg::Paths {});
    Uint128::try_from(answer.free).unwrap().u128()
}

#[test]
fn answered_in_time_the_bond_is_the_venues() {
    let mut chain = ready();
    deposited(&mut chain);
    let (asks, bond, epoch) = (demand(&chain), coins(20, "atom"), epoch(&chain));
    let refused = |chain: &mut Chain, sender: &str, msg: PathMsg, funds: &[Coin]| {
        send(chain, sender, msg, funds).unwrap_err()
    };
    assert!(refused(&mut chain, "anyone", asks.clone(), &bond).contains("only the owner"));
    for other in [vec![], coins(19, "atom"), coins(21, "atom")] {
        assert!(
            refused(&mut chain, "owner", asks.clone(), &other).contains("a demand costs 20atom")
        );
    }
    let short = PathMsg::Demand { account: chain.id(), key: Binary::new(vec![7; 31]) };
    assert!(refused(&mut chain, "owner", short, &bond).contains("key: 31 bytes"));
    let done = send(&mut chain, "owner", asks.clone(), &bond).unwrap();
    assert_eq!(done, ["path-requested", "path-demanded"]);
    assert_eq!((free(&chain), standing(&chain).waits_for.unwrap().epoch), (150, epoch));
    assert!(refused(&mut chain, "owner", asks, &bond).contains("path-requested: "));

    let clock = standing(&chain).clock;
    chain.wait(60);
    assert_eq!(standing(&chain).clock, clock, "it stands still");
    let by = |chain: &Chain| answer(chain, epoch);
    let msg = by(&chain);
    assert!(refused(&mut chain, "owner", msg.clone(), &[]).contains("only the venue"));
    let empty = Binary::default();
    let nothing = PathMsg::Answer { account: chain.id(), epoch, sealed_path: empty };
    assert!(refused(&mut chain, "venue", nothing, &[]).contains("sealed_path is empty"));
    let other = answer(&chain, epoch + 1);
    assert!(refused(&mut chain, "venue", other, &[]).contains("no such path was demanded"));
    let early = forfeit(&chain, epoch);
    assert!(refused(&mut chain, "anyone", early, &[]).contains("may still answer"));
    let done = send(&mut chain, "venue", msg.clone(), &[]).unwrap();
    assert_eq!(done, ["path-answered", "path-delivered"]);
    assert_eq!((free(&chain), standing(&chain).waits_for), (220, None));
    assert_eq!(standing(&chain).clock, clock + 60);
    assert!(refused(&mut chain, "venue", msg, &[]).contains("answered already"));
}

#[test]
fn not_answered_in_time_the_stake_is_the_requesters() {
    let mut chain = ready();
    deposited(&mut chain);
    let (asks, epoch) = (demand(&chain), epoch(&chain));
    send(&mut chain, "owner", asks, &coins(20, "atom")).unwrap();
    assert_eq!(balance(&chain, "owner"), 980);
    chain.wait(61);
    let late = forfeit(&chain, epoch);
    let done = send(&mut chain, "anyone", late.clone(), &[]).unwrap();
    assert_eq!(done, ["path-stake-forfeited"]);
    assert_eq!(balance(&chain, "owner"), 1_050);
    assert!(send(&mut chain, "anyone", late, &[]).unwrap_err().contains("settled"));
    assert!(standing(&chain).waits_for.is_some(), "it waits on");
    // A late answer lets the clock run, and pays nobody again.
    let msg = answer(&chain, epoch);
    send(&mut chain, "venue", msg, &[]).unwrap();
    assert_eq!((balance(&chain, "owner"), free(&chain)), (1_050, 150));
    assert_eq!(standing(&chain).waits_for, None);
    let asked = QueryMsg::Demand { account: chain.id(), epoch };
    let kept: Option<DemandAnswer> = chain.query(&asked);
    assert!(kept.is_some_and(|demand| demand.answered && demand.settled));
}

#[test]
fn a_late_answer_forfeits_too() {
    let mut chain = ready();
    let (asks, epoch) = (demand(&chain), epoch(&chain));
    // Nothing is at stake: the requester has its own back.
    send(&mut chain, "owner", asks, &coins(20, "atom")).unwrap();
    chain.wait(61);
    let msg = answer(&chain, epoch);
    send(&mut chain, "venue", msg, &[]).unwrap();
    assert_eq!((balance(&chain, "owner"), standing(&chain).waits_for), (1_000, None));
}

#[test]
fn the_venue_leaves_after_a_notice() {
    let mut chain = ready();
    deposited(&mut chain);
    let other = send(&mut chain, "anyone", PathMsg::Deposit {}, &[]).unwrap_err();
    assert!(other.contains("one coin of atom"), "{other}");
    let withdraw = PathMsg::Withdraw { to: holder("venue").into() };
    let early = send(&mut chain, "venue", withdraw.clone(), &[]).unwrap_err();
    assert!(early.contains("must be announced first"), "{early}");
    let announce = PathMsg::AnnounceWithdrawal {};
    assert!(send(&mut chain, "owner", announce.clone(), &[]).unwrap_err().contains("the venue"));
    send(&mut chain, "venue", announce, &[]).unwrap();
    chain.wait(59);
    assert!(send(&mut chain, "venue", withdraw.clone(), &[]).is_err());
    chain.wait(1);
    let coins_sent = send(&mut chain, "venue", withdraw.clone(), &coins(1, "atom")).unwrap_err();
    assert!(coins_sent.contains("takes no coins"), "{coins_sent}");
    send(&mut chain, "venue", withdraw.clone(), &[]).unwrap();
    assert_eq!((balance(&chain, "venue"), free(&chain)), (1_000, 0));
    assert!(send(&mut chain, "venue", withdraw, &[]).is_err());
}

#[test]
fn without_terms_nobody_demands() {
    let mut chain = Chain::new(HEALTHY).ready();
    let asks = demand(&chain);
    let error = send(&mut chain, "owner", asks, &[]).unwrap_err();
    assert!(error.contains("begun without `paths`"), "{error}");
    let begun = |change: fn(&mut PathTerms)| {
        let mut terms = terms();
        change(&mut terms);
        std::panic::catch_unwind(|| Chain::with(HEALTHY, |msg| msg.paths = Some(terms)))
    };
    assert!(begun(|_| {}).is_ok());
    assert!(begun(|terms| terms.answer_period = 0).is_err());
    assert!(begun(|terms| terms.notice = 59).is_err());
    assert!(begun(|terms| terms.venue = "nobody".to_owned()).is_err());
}

#[test]
fn signers_are_announced_first() {
    let mut chain = Chain::with(HEALTHY, |msg| msg.delays = Delays { circuits: 60, models: 600 });
    let one = Signers { threshold: 1, signers: signing::two_of_three().signers };
    let announce = ExecuteMsg::SetSigners { signers: one.clone() };
    let (activate, cancel) = (ExecuteMsg::ActivateSigners {}, ExecuteMsg::CancelSigners {});
    let next = |chain: &Chain| chain.query::<Option<NextSigners>>(&QueryMsg::NextSigners {});
    for msg in [&activate, &cancel] {
        let error = chain.execute("guardian", msg).unwrap_err();
        assert!(error.contains("signers must be announced first"), "{error}");
    }
    assert_eq!(chain.execute("governor", &announce).unwrap(), ["signers-announced"]);
    let from = chain.now() + 600;
    assert_eq!(next(&chain), Some(NextSigners { signers: one.clone(), from }));
    assert!(chain.execute("anyone", &cancel).unwrap_err().contains("only the"));
    assert_eq!(chain.execute("guardian", &cancel).unwrap(), ["signers-withdrawn"]);
    assert_eq!(next(&chain), None);

    chain.execute("governor", &announce).unwrap();
    chain.wait(599);
    let early = chain.execute("anyone", &activate).unwrap_err();
    assert!(early.contains("can be activated from"), "{early}");
    chain.wait(1);
    assert_eq!(chain.query::<Signers>(&QueryMsg::Signers {}), signing::two_of_three());
    assert_eq!(chain.execute("anyone", &activate).unwrap(), ["signers-set"]);
    assert_eq!(chain.query::<Signers>(&QueryMsg::Signers {}), one);
    assert_eq!(next(&chain), None);
}
