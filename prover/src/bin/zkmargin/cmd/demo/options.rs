//! The options chapters: three portfolios on a real chain.

use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::import::deribit::option_chain;

use super::book::Book;
use super::story::Story;
use crate::error::{Error, Exit};

/// Options on BTC of Deribit, 5 December 2025.
const CHAIN: &str = zkmargin_examples::CHAIN_BTC;
/// The parameter set.
const MODEL: &str = "deribit-btc-approx";
/// The deployment: a ledger of its own.
const CONTEXT: &str = "zkmargin-demo-options";

const COVERED: Book = Book {
    name: "covered-call",
    about: "a covered call: one coin, and a call sold on it",
    account: 0xc1,
    cash: "0",
    positions: &[("BTC", "1"), ("BTC-26DEC25-100000-C", "-1")],
};

const CONDOR: Book = Book {
    name: "iron-condor",
    about: "an iron condor: a put spread and a call spread sold, both wings bought",
    account: 0xc2,
    cash: "6500",
    positions: &[
        ("BTC-26DEC25-80000-P", "1"),
        ("BTC-26DEC25-84000-P", "-1"),
        ("BTC-26DEC25-100000-C", "-1"),
        ("BTC-26DEC25-104000-C", "1"),
    ],
};

const STRANGLE: Book = Book {
    name: "strangle",
    about: "a naked short strangle: a put and a call sold, nothing bought",
    account: 0xc3,
    cash: "14000",
    positions: &[("BTC-26DEC25-84000-P", "-1"), ("BTC-26DEC25-102000-C", "-1")],
};

const BOOKS: [&Book; 3] = [&COVERED, &CONDOR, &STRANGLE];

/// The options chapters, from number 10 on.
pub(super) fn options(story: &mut Story) -> Result<(), Error> {
    let chain = option_chain(CHAIN).map_err(Box::new)?;
    market(story)?;
    accounts(story)?;
    figures(story)?;
    proofs(story)?;
    call(story, chain.timestamp.get() + 60)
}

fn market(story: &mut Story) -> Result<(), Error> {
    story.chapter("10. Options: the publisher makes a market from a real chain")?;
    story.tell("Options on BTC in three expiries, as Deribit marked them on 5 December 2025.")?;
    story.write("chain.csv", CHAIN.as_bytes())?;
    story.run(&["import", "deribit", "options", "@chain.csv", "-o", "@chain.json"], Exit::Done)?;
    let mut line =
        vec!["market", "build", "-s", "@chain.json", "-m", MODEL, "-e", "1", "-o", "@options.json"];
    let system = story.proof_system().to_string();
    if story.proof_system() != ProofSystem::Ipa {
        line.extend(["--proof-system", &system]);
    }
    story.run(&line, Exit::Done)
}

fn accounts(story: &mut Story) -> Result<(), Error> {
    story.chapter("11. A trader encrypts three portfolios, and the venue commits to them")?;
    let mut commit = vec!["venue".to_owned(), "commit".to_owned()];
    for book in BOOKS {
        story.tell(&format!("{}: {}.", book.account(), book.about))?;
        let file = format!("{}.age", book.name);
        story.encrypt(book.document(), &file)?;
        commit.push(format!("@{file}"));
    }
    let rest = ["-m", "@options.json", "-i", "@venue.key", "-o", "@options.jsonl"];
    commit.extend(rest.map(str::to_owned));
    let words: Vec<&str> = commit.iter().map(String::as_str).collect();
    story.run(&words, Exit::Done)?;
    let files = ["-m", "@options.json", "-o", "@options-state.json"];
    let line = ["venue", "root", "@options.jsonl", "--context", CONTEXT];
    story.run(&[&line[..], &files].concat(), Exit::Done)
}

fn figures(story: &mut Story) -> Result<(), Error> {
    story.chapter("12. What a trader sees: scenarios, greeks, and where the call would come")?;
    let mine = ["-m", "@options.json", "-i", "@trader.key"];
    let with = |words: &[&'static str]| [words, &mine].concat();
    story.run(&with(&["margin", "@iron-condor.age", "--plot", "@iron-condor.svg"]), Exit::Done)?;
    story.run(&with(&["stress", "@iron-condor.age"]), Exit::Done)
}

fn proofs(story: &mut Story) -> Result<(), Error> {
    story.chapter("13. What is true is proved")?;
    for book in [&COVERED, &CONDOR] {
        prove(story, book, "@trader.key", &["--claim", "at-least:initial"], Exit::Done)?;
    }
    story.tell("The naked strangle is short of margin, and there is no proof that it is not:")?;
    prove(story, &STRANGLE, "@trader.key", &["--claim", "at-least:maintenance"], Exit::False)?;
    story.detail("Its owner sees what would cure it.")?;
    story.run_detail(&["margin", "@strangle.age", "-m", "@options.json", "-i", "@trader.key"])
}

fn call(story: &mut Story, now: u64) -> Result<(), Error> {
    story.chapter("14. The venue proves the breach: a margin call on options")?;
    let breach = ["--claim", "below:maintenance", "--disclose"];
    prove(story, &STRANGLE, "@venue.key", &breach, Exit::Done)?;
    story.use_ledger("options.redb");
    let files = ["-m", "@options.json", "-s", "@options-state.json", "-o", "@options-epoch.json"];
    story.run(&[&["epoch", "make", "--first"][..], &files].concat(), Exit::Done)?;
    let key = ["--key-file", "@publisher-evm.key"];
    story.run(&[&["epoch", "sign", "@options-epoch.json"][..], &key].concat(), Exit::Done)?;
    super::init(story, now, CONTEXT, MODEL, "@signers.json")?;
    story.ledger(now, &["post", "@options-epoch.json"])?;
    for book in BOOKS {
        story.ledger(now, &["register", "-a", &book.account().to_string()])?;
        let (submit, proof) = ("submit", format!("@{}.proof.json", book.name));
        match book.name == STRANGLE.name {
            true => story.ledger(now, &[submit, &proof])?,
            false => story.ledger_detail(now, &[submit, &proof], Exit::Done)?,
        }
    }
    story.ledger(now, &["status", "-a", &CONDOR.account().to_string()])?;
    story.ledger_ending(now, &["status", "-a", &STRANGLE.account().to_string()], Exit::MarginCall)
}

fn prove(
    story: &mut Story,
    book: &Book,
    key: &str,
    claim: &[&str],
    expected: Exit,
) -> Result<(), Error> {
    let (portfolio, proof) = (format!("@{}.age", book.name), format!("@{}.proof.json", book.name));
    let mut line = vec!["prove", &portfolio, "-m", "@options.json", "-s", "@options-state.json"];
    line.extend(["-i", key]);
    line.extend(claim);
    line.extend(["-o", &proof]);
    story.run(&line, expected)
}
