//! Signers, approvals, paths and bonds: what the contracts can do beside margin calls.

use std::fs;

use alloy_sol_types::private::{Address, I256, U256};
use alloy_sol_types::{SolCall as _, sol};
use serde_json::{Value, json};

use super::stage::{DEPLOY, HOUR, OTHER, OWNER, START, Stage, account};
use crate::common::run;

/// The third account, whose transactions the node signs itself.
const FEEDER: &str = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc";

sol! {
    function say(int256 answer, uint256 startedAt, uint256 updatedAt);
}

#[test]
fn what_surrounds_margin_calls() {
    let Some(stage) = Stage::new() else { return };
    stage.deploy();
    stage.send("post signed-1.json");
    stage.send("register");
    stage.replaces_signers();
    stage.approves_by_signature();
    stage.demands_its_path();
    stage.pays_keepers();
    stage.compares_prices();
}

/// What is listed at a leverage has a row of its own, and its instrument's price: the feed
/// that is named for the instrument is what both are held to.
#[test]
fn a_price_at_a_leverage_is_held_to_the_instruments_feed() {
    let Some(stage) = Stage::new() else { return };
    let dir = stage.dir.path();
    run(dir, "market model -q hyperliquid --leverage ETH=10 -n leveraged -o leverages.json");
    run(
        dir,
        "market build -q -s snapshot.json -m leverages.json -e 1 -o leverage-kzg.json --proof-system kzg",
    );
    let deploy = DEPLOY.replace("-m hyperliquid", "-m leverages.json");
    stage.ending(0, &format!("{deploy} -o deployment.json --key-file sender.key"));
    stage.state("leverage-kzg.json");
    stage.sign(1, "leverage-kzg.json", "--first");
    stage.send("post signed-1.json");
    let price = stage.price("ETH", "leverage-kzg.json");
    let same = stage.feed(&[(price, START - 30)]);
    let above = stage.feed(&[(price / 100 * 102, START - 30)]);

    let deployed = stage.owner("prices deploy --notice 1h");
    let contract = deployed["contract"].as_str().unwrap();
    let on = |line: &str| format!("prices {line} -m leverage-kzg.json --prices {contract}");
    stage.owner(&format!("roles grant -r guardian -a {contract}"));
    stage.owner_is_refused(&on("check ETH@10x"), "no feed is named");
    let refer = |symbol: &str, feed: &str| {
        let line = on(&format!("refer {symbol} --feed {feed} --deviation 100 --max-age 1h"));
        stage.owner(&line).as_array().unwrap().len()
    };
    assert_eq!(refer("ETH", &same), 2, "the instrument, and at a leverage of 10");
    for symbol in ["ETH", "ETH@10x"] {
        assert_eq!(stage.other(&on(&format!("check {symbol}")))["agrees"], true, "{symbol}");
    }
    // A feed of its own leaves the instrument's as it is.
    assert_eq!(refer("ETH@10x", &above), 1);
    assert_eq!(stage.other(&on("check ETH"))["agrees"], true);
    // And one that is named for the instrument takes its place.
    refer("ETH", &same);
    assert_eq!(stage.other(&on("check ETH@10x"))["agrees"], true);
    refer("ETH", &above);
    let compared = stage.other(&on("check ETH@10x"));
    assert_eq!((&compared["agrees"], &compared["symbol"]), (&json!(false), &json!("ETH@10x")));
    stage.owner_is_refused(&on("check ETH"), "rejected already");
}

impl Stage {
    fn replaces_signers(&self) {
        let set = self.ending(0, "signers show");
        assert_eq!((&set["threshold"], &set["announced"]), (&json!(2), &json!(null)));
        let one = json!({"threshold": 1, "signers": [OTHER]}).to_string();
        fs::write(self.dir.path().join("one.json"), one).unwrap();
        self.owner_is_refused("signers activate", "announced first");
        self.owner_is_refused("signers cancel", "announced first");
        // A deployment for tests has no notice.
        self.owner("signers announce one.json");
        let set = self.ending(0, "signers show");
        assert_eq!((&set["threshold"], &set["announced"]), (&json!(1), &json!(null)));
        self.owner("signers announce signers.json");
        assert_eq!(self.ending(0, "signers show")["threshold"], 2);
    }

    fn approves_by_signature(&self) {
        let until = START + 100 * HOUR;
        let sign = format!("approval sign --operator {OTHER} --until {until} --deadline {until}");
        let approval = self.owner(&sign);
        fs::write(self.dir.path().join("approval.json"), approval.to_string()).unwrap();
        let register = format!("register --owner 0x{OWNER} --sub 2");
        let message = self.refused(1, &format!("{register} --key-file other.secret"));
        assert!(message.contains("neither"), "{message}");
        self.other("approval send approval.json");
        assert_eq!(self.other(&register)[0]["events"][0]["type"], "registered");
        self.owner_is_refused("approval send approval.json", "was used");
        // One that was signed and is voided counts no more.
        let approval = self.owner(&sign);
        fs::write(self.dir.path().join("approval.json"), approval.to_string()).unwrap();
        self.owner("approval void");
        self.owner_is_refused("approval send approval.json", "voided");
    }

    fn demands_its_path(&self) {
        let (dir, trader) = (self.dir.path(), account(0));
        let check = self.ending(0, "check healthy.json --insecure-dev-srs");
        assert_eq!((&check["counts"], &check["account"]), (&json!(true), &json!(trader)));
        let check = self.ending(1, "check proof-kzg.json --insecure-dev-srs");
        assert!(check["reason"].as_str().unwrap().contains("another context"), "{check}");

        let message = self.refused(2, &format!("paths show -a {trader}"));
        assert!(message.contains("no contract keeps demands"), "{message}");
        let terms = "--demand-bond 1000 --stake 5000 --answer-period 1h --notice 2h";
        self.owner(&format!("paths deploy {terms} --venue {OTHER}"));
        let again = format!("paths deploy {terms} --key-file sender.key");
        assert!(self.refused(2, &again).contains("has a contract"));
        self.owner("paths deposit --wei 20000");
        run(dir, "keygen -q -o id.key");
        let identity = fs::read_to_string(dir.join("id.key")).unwrap();
        let recipient = identity.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
        assert_eq!(self.send(&format!("paths demand -r {recipient}")), "path-requested");
        assert_eq!(self.status(0, &trader)["waits"], true);
        self.owner_is_refused(&format!("paths demand -r {recipient}"), "already");
        let shown = self.ending(0, &format!("paths show -a {trader}"));
        assert_eq!((&shown["epoch"], &shown["waits"]), (&json!(1), &json!(true)));
        assert_eq!(shown["venue_bond"], 15_000);
        self.owner_is_refused(&format!("paths forfeit -a {trader}"), "may still answer");

        fs::write(dir.join("path.txt"), "the path").unwrap();
        let answer = format!("paths answer path.txt -a {trader}");
        self.owner_is_refused(&answer, "not the market's venue");
        assert_eq!(self.other(&answer)[0]["events"][0]["type"], "path-answered");
        assert_eq!(self.status(0, &trader)["waits"], json!(null));
        self.ending(0, &format!("paths fetch -a {trader} -o got.txt -i id.key"));
        assert_eq!(fs::read_to_string(dir.join("got.txt")).unwrap(), "the path");
        let shown = self.ending(0, &format!("paths show -a {trader}"));
        assert_eq!((&shown["venue_bond"], &shown["answered"]), (&json!(21_000), &json!(true)));
        self.owner_is_refused("paths collect", "nothing is owed");
    }

    /// A feed of the tests' own: its address.
    fn feed(&self, answers: &[(i64, u64)]) -> String {
        let from: Address = FEEDER.parse().unwrap();
        let sent = self.rpc("eth_getTransactionCount", &json!([FEEDER, "latest"]));
        let sent = u64::from_str_radix(sent.as_str().unwrap().trim_start_matches("0x"), 16);
        let artifact = include_str!("../../../../verifier/contracts/artifacts/MockFeed.json");
        let artifact: Value = serde_json::from_str(artifact).unwrap();
        self.transact(&json!({"from": FEEDER, "data": artifact["bytecode"]}));
        let feed = from.create(sent.unwrap()).to_string();
        for (answer, at) in answers {
            let call = sayCall {
                answer: I256::try_from(*answer).unwrap(),
                startedAt: U256::from(*at),
                updatedAt: U256::from(*at),
            };
            let data = format!("0x{}", hex::encode(call.abi_encode()));
            self.transact(&json!({"from": FEEDER, "to": feed, "data": data}));
        }
        feed
    }

    /// A price of a market in a feed's eight decimals.
    fn price(&self, symbol: &str, market: &str) -> i64 {
        let market = fs::read_to_string(self.dir.path().join(market)).unwrap();
        let market: Value = serde_json::from_str(&market).unwrap();
        let price = market["snapshot"]["prices"][symbol]["price"].as_str().unwrap();
        let price: rust_decimal::Decimal = price.parse().unwrap();
        i64::try_from((price * rust_decimal::Decimal::from(100_000_000)).trunc().mantissa())
            .unwrap()
    }

    /// The last: an epoch whose price is off is rejected.
    fn compares_prices(&self) {
        // Two percent above.
        let off = self.price("ETH", "market-kzg.json") / 100 * 102;
        let feed = self.feed(&[(off, START - 30), (off, START + 30)]);
        let deployed = self.owner("prices deploy --notice 1h");
        let contract = deployed["contract"].as_str().unwrap();
        let on = |line: &str| format!("prices {line} --prices {contract}");
        let check = on("check ETH -m market-kzg.json");
        self.owner_is_refused(&check, "no feed is named");
        self.owner(&on(&format!(
            "refer ETH -m market-kzg.json --feed {feed} --deviation 100 --max-age 1h"
        )));
        self.owner(&on("stake --wei 100"));
        self.owner(&on("reward --wei 60"));
        // It can reject nothing yet.
        self.owner_is_refused(&check, "does not have the role");
        self.owner(&format!("roles grant -r guardian -a {contract}"));
        self.owner_is_refused(&format!("{check} --round 2"), "no answer for the time");
        let compared = self.other(&check);
        assert_eq!((&compared["agrees"], &compared["epoch"]), (&json!(false), &json!(1)));
        self.owner_is_refused(&check, "rejected already");
        self.other(&on("collect"));
        self.owner_is_refused(&on("collect"), "nothing is owed");
    }

    fn pays_keepers(&self) {
        let poor = account(1);
        assert_eq!(self.send("register --sub 1"), "registered");
        self.prove("poor.json", "market-kzg.json", "below:maintenance", "breach.json");
        let rules = "--min-reward 1000 --max-reward 9000 --max-gas-price 1 --notice 1h";
        let deployed = self.owner(&format!("bonds deploy {rules}"));
        let on = |line: &str| {
            let bonds = deployed["contract"].as_str().unwrap();
            format!("bonds {line} --bonds {bonds}")
        };
        self.owner(&on(&format!("deposit -a {poor} --wei 5000")));
        let show = on(&format!("show -a {poor} --keeper {OTHER}"));
        let shown = self.ending(0, &show);
        assert_eq!((&shown["wei"], &shown["owed"]), (&json!(5_000), &json!("0")));
        let show_breach =
            |proof: &str| on(&format!("breach {proof} --insecure-dev-srs --key-file other.secret"));
        let nobody = self.refused(1, &show_breach("breach.json"));
        assert!(nobody.contains("names no address to pay"), "{nobody}");
        let said = format!("below:maintenance --memo {OTHER}");
        self.prove("poor.json", "market-kzg.json", &said, "paid.json");
        assert_eq!(self.ending(0, &show_breach("paid.json"))[0]["events"][0]["type"], "called");
        let shown = self.ending(0, &show);
        assert_eq!((&shown["wei"], &shown["owed"]), (&json!(0), &json!("5000")));
        self.other(&on("collect"));
        assert_eq!(self.ending(0, &show)["owed"], "0");
        self.owner(&on("announce --sub 1"));
        self.owner_is_refused(&on("withdraw --sub 1"), "withdrawal must be announced");
        self.set_time(START + HOUR + 1_000);
        self.owner_is_refused(&on("withdraw --sub 1"), "its bond stays");
    }
}
