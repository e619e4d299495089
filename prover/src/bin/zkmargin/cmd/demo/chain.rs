//! The story on a chain: the same account, judged by contracts.

use super::example::{EPOCH_SECONDS, Example, MODEL};
use super::node::{FUNDED_KEY, Node, TRADER_KEY};
use super::story::Story;
use super::{build_market, commit, make_state, prove, publish, publisher};
use crate::cmd::evm;
use crate::error::{Error, Exit};

/// The circuit that the account fits.
const CIRCUIT: &str = "standard-medium";
/// Powers of tau that it needs.
const POWERS: &str = "15";
/// How long a proof keeps the account current, and how long it has to cure.
const WINDOW: &str = "7200";
/// How old prices may be: an epoch's hour.
const AGE: &str = "3600";

/// The chapters on a chain. The node ends with them.
pub(super) fn chain(story: &mut Story, example: &Example) -> Result<(), Error> {
    let node = Node::start(example.start() + 60, story.env())?;
    let mut told = OnChain { story, example, node: &node };
    told.deploy()?;
    told.healthy()?;
    told.silent()?;
    told.called()?;
    told.cured()
}

struct OnChain<'a> {
    story: &'a mut Story,
    example: &'a Example,
    node: &'a Node,
}

impl OnChain<'_> {
    /// A command on the deployment.
    fn run(&mut self, words: &[&str], expected: Exit) -> Result<(), Error> {
        let mut line = vec!["evm"];
        line.extend(words);
        line.extend(["-d", "@deployment.json", "--rpc-url", self.node.url()]);
        self.story.run(&line, expected)
    }

    /// A command that sends a transaction.
    fn send(&mut self, words: &[&str]) -> Result<(), Error> {
        self.run(&[words, &["--key-file", "@deployer.key"]].concat(), Exit::Done)
    }

    /// A command that the trader sends.
    fn send_as_trader(&mut self, words: &[&str]) -> Result<(), Error> {
        self.run(&[words, &["--key-file", "@trader-evm.key"]].concat(), Exit::Done)
    }

    /// Moves the node's clock to so many seconds after the recorded prices.
    fn travel(&self, seconds: u64, why: &str) -> Result<(), Error> {
        self.story.tell(&format!("({why})"))?;
        evm::set_time(self.node.url(), self.example.start() + seconds)
    }

    fn deploy(&mut self) -> Result<(), Error> {
        self.story.chapter("1. A protocol deploys the contracts")?;
        self.story.tell(&format!(
            "A chain of its own at {}, for as long as the demo takes.",
            self.node.url()
        ))?;
        self.story.tell("The powers of tau are insecure ones, for tests:")?;
        self.story.run(&["srs", "dev", "-k", POWERS], Exit::Done)?;
        self.story.write_secret("deployer.key", FUNDED_KEY.as_bytes())?;
        self.story.write_secret("trader-evm.key", TRADER_KEY.as_bytes())?;
        self.story.tell("Its epochs count when this publisher has signed them:")?;
        publisher(self.story, "publisher-evm.key", "signers.json")?;
        let rules = ["-m", MODEL, "--proof-window", WINDOW, "--cure-period", WINDOW];
        let ages = ["--max-snapshot-age", AGE, "--signers", "@signers.json"];
        let place = ["--rpc-url", self.node.url(), "--key-file", "@deployer.key"];
        let line = [
            ["evm", "deploy", "--protocol", "zkmargin-demo"].as_slice(),
            &["--circuit", CIRCUIT, "--insecure-dev-srs", "-o", "@deployment.json"],
            &rules,
            &ages,
            &place,
        ];
        self.story.run(&line.concat(), Exit::Done)?;
        let context = evm::context_in(&self.story.source("deployment.json"))?;
        self.story.use_context(&context.to_string());
        Ok(())
    }

    fn healthy(&mut self) -> Result<(), Error> {
        self.story.chapter("2. A trader encrypts a portfolio, the venue commits to it")?;
        self.story.run(&["keygen", "-o", "@trader.key"], Exit::Done)?;
        self.story.run(&["keygen", "-o", "@venue.key"], Exit::Done)?;
        self.story.encrypt(self.example.portfolio(0), "portfolio-1.age")?;
        self.story.write("snapshot-1.json", self.example.recorded().to_json().as_bytes())?;
        build_market(self.story, "1")?;
        commit(self.story, "1", "portfolio-1.age")?;
        self.story.chapter("3. The signed roots go on chain, and the trader registers")?;
        publish(self.story, "1", None)?;
        self.send(&["post", "@epoch-1.json"])?;
        self.send_as_trader(&["register"])?;
        self.story.chapter("4. The trader proves its health, and a contract verifies it")?;
        prove(self.story, "1", "portfolio-1.age", "at-least:maintenance", Exit::Done)?;
        self.send(&["submit", "@proof-1.json"])?;
        self.run(&["status"], Exit::Done)?;
        self.story.tell("The same proof again changes nothing:")?;
        self.send(&["submit", "@proof-1.json"])?;
        self.story.tell("May the account take more risk? A protocol asks the same on chain:")?;
        let trader = Example::trader().to_string();
        let asked = ["standing", "-a", &trader, "--at-least", "maintenance", "--max-age", "1h"];
        self.run(&asked, Exit::Done)
    }

    /// Epochs 2 and 3 pass without a proof.
    fn silent(&mut self) -> Result<(), Error> {
        self.story.chapter("5. Two epochs pass, and the trader stays silent")?;
        for epoch in 2..=3 {
            let name = epoch.to_string();
            let snapshot = self.example.later(epoch - 1)?;
            self.story.write(&format!("snapshot-{name}.json"), snapshot.to_json().as_bytes())?;
            build_market(self.story, &name)?;
            match epoch {
                2 => make_state(self.story, "1", &name)?,
                _ => commit(self.story, &name, "portfolio-1.age")?,
            }
            self.travel((epoch - 1) * EPOCH_SECONDS + 60, "an hour passes")?;
            publish(self.story, &name, Some(&(epoch - 1).to_string()))?;
            self.send(&["post", &format!("@epoch-{name}.json")])?;
        }
        Ok(())
    }

    fn called(&mut self) -> Result<(), Error> {
        self.story.chapter("6. The account is overdue: anyone may call it")?;
        self.travel(2 * EPOCH_SECONDS + 1_800, "half an hour passes")?;
        self.run(&["status"], Exit::Done)?;
        let trader = Example::trader().to_string();
        self.send(&["call", "-a", &trader])?;
        self.run(&["status"], Exit::MarginCall)
    }

    fn cured(&mut self) -> Result<(), Error> {
        self.story.chapter("7. The trader answers with a proof of initial margin")?;
        prove(self.story, "3", "portfolio-1.age", "at-least:initial", Exit::Done)?;
        self.send(&["cure", "@proof-3.json"])?;
        self.run(&["status"], Exit::Done)?;
        self.story.chapter("8. What the registry announced")?;
        self.run(&["history"], Exit::Done)
    }
}
