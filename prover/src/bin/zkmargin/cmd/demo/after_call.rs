//! What follows a call that is not met by cash: an account that closes lots by itself, a
//! slice that is sold of another, and a third that a committee opens and another takes over.

use std::time::Instant;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::portfolio_file::PortfolioDocument;

use super::book::Book;
use super::example::{CONTEXT, EPOCH_SECONDS, Example, MODEL};
use super::sale::{Sale, mark, reduced};
use super::story::Story;
use super::{build_market, make_state, publish, publisher};
use crate::error::{Error, Exit};

const ALICE: Book = Book {
    name: "alice",
    about: "long ether; answers her calls",
    account: 0xd1,
    cash: "-46987.88",
    positions: &[("ETH", "40")],
};

const BOB: Book = Book {
    name: "bob",
    about: "long solana; silent, and the venue sells a slice",
    account: 0xd2,
    cash: "-40449",
    positions: &[("SOL", "3000")],
};

const CAROL: Book = Book {
    name: "carol",
    about: "long litecoin and BNB; silent to the end",
    account: 0xd3,
    cash: "-36869",
    positions: &[("LTC", "400"), ("BNB", "60")],
};

const DAVE: Book = Book {
    name: "dave",
    about: "a bonded liquidator",
    account: 0xd4,
    cash: "20000",
    positions: &[("BNB", "1")],
};

/// Dave with all that Carol had, positions and cash.
const BOTH: Book = Book { cash: "-16869", positions: &[("LTC", "400"), ("BNB", "61")], ..DAVE };

const BOOKS: [&Book; 4] = [&ALICE, &BOB, &CAROL, &DAVE];

/// Seconds for which prices are fresh: until the next epoch's are there.
const MAX_AGE: u64 = EPOCH_SECONDS + 100;
/// Seconds that a called account has: no less than twice that age.
const CURE_PERIOD: u64 = 2 * MAX_AGE;
/// Seconds after its snapshot at which an epoch is posted.
const DELAY: u64 = 30;

/// A part of the story, and what it took.
#[derive(Serialize)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) seconds: f64,
}

/// The whole story; its parts and their seconds.
pub(super) fn after_call(story: &mut Story, example: &Example) -> Result<Vec<Part>, Error> {
    type Chapter = fn(&mut Story, &Example) -> Result<(), Error>;
    let chapters: [(&'static str, Chapter); 6] = [
        ("the accounts, one of them in escrow", accounts),
        ("three breaches and calls", calls),
        ("self-deleveraging", deleveraged),
        ("the slice", slice),
        ("both calls met", met),
        ("opening and takeover", takeover),
    ];
    let mut parts = Vec::new();
    for (name, chapter) in chapters {
        let start = Instant::now();
        chapter(story, example)?;
        parts.push(Part { name, seconds: start.elapsed().as_secs_f64() });
    }
    Ok(parts)
}

fn accounts(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("1. A market whose committee can open what is proved")?;
    story.tell(
        "Two of three members open together; every proof of health carries an escrow to them.",
    )?;
    story.run(&["keygen", "-o", "@venue.key"], Exit::Done)?;
    let system = story.proof_system().to_string();
    let mut line = vec!["committee", "new", "-t", "2", "-n", "3", "-o", "@committee"];
    if story.proof_system() != ProofSystem::Ipa {
        line.extend(["--proof-system", &system]);
    }
    story.run(&line, Exit::Done)?;
    for book in BOOKS {
        story.tell(&format!("{}: {}.", book.name, book.about))?;
        story.run(&["keygen", "-o", &format!("@{}.key", book.name)], Exit::Done)?;
        encrypt(story, book, book.document(), "1")?;
    }
    story.write("snapshot-1.json", example.recorded().to_json().as_bytes())?;
    publisher(story, "publisher-evm.key", "signers.json")?;
    epoch(story, 1, &["alice-1", "bob-1", "carol-1", "dave-1"])?;
    let now = posted(example, 1);
    let (age, period) = (MAX_AGE.to_string(), CURE_PERIOD.to_string());
    let rules = ["init", "--context", CONTEXT, "-m", MODEL, "--signers", "@signers.json"];
    let times = ["--max-snapshot-age", &age, "--cure-period", &period, "--no-breaker"];
    let more = ["--change-epochs", "2", "--escrow", "@committee/committee.json"];
    story.ledger(now, &[&rules[..], &times, &more].concat())?;
    story.ledger(now, &["post", "@epoch-1.json"])?;
    for book in BOOKS {
        story.ledger(now, &["register", "-a", &book.account().to_string()])?;
    }
    path(story, &CAROL, 1)?;
    in_escrow(story, &CAROL, (1, "1"), "at-least:maintenance", now)
}

fn calls(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("2. Prices fall by 30 %, and the venue proves three breaches")?;
    story.write("snapshot-2.json", example.moved(1)?.to_json().as_bytes())?;
    epoch(story, 2, &["alice-1", "bob-1", "carol-1", "dave-1"])?;
    let now = posted(example, 2);
    story.ledger(now, &["post", "@epoch-2.json"])?;
    for book in [&ALICE, &BOB, &CAROL] {
        let (portfolio, proof) = (file(book, "1"), format!("@{}-breach.json", book.name));
        let claim = ["--claim", "below:maintenance", "--disclose", "-o", &proof];
        let from = ["prove", &portfolio, "-m", "@market-2.json", "-s", "@state-2.json"];
        story.run_detail(&[&from[..], &["-i", "@venue.key"], &claim].concat())?;
        story.ledger(now, &["submit", &proof])?;
    }
    Ok(())
}

fn deleveraged(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("3. Alice closes lots by herself, in the first half of her time")?;
    let sale = Sale { symbol: "ETH", lot: Decimal::new(1, 4), price: mark(example, "ETH")? };
    let mine = ["@alice-1.age", "-m", "@market-2.json", "-i", "@alice.key"];
    let asked = ["--trade", "ETH=-1", "--size-to", "initial"];
    story.run_detail(&[&["whatif"][..], &mine, &asked].concat())?;
    let (sold, left) = reduced(story, &ALICE, &sale)?;
    encrypt(story, &ALICE, left, "2")?;
    story.tell(&format!(
        "She sells {sold} of her 40 ETH at the mark, and no lot more than it takes:"
    ))?;
    path(story, &ALICE, 2)?;
    let cures = ["--cures", "maintenance:initial", "-p", "@alice-path-2.json"];
    let to =
        ["@alice-2.age", "-m", "@market-2.json", "-i", "@alice.key", "-o", "@alice-change.json"];
    story.run(&[&["prove-change", "@alice-1.age"][..], &to, &cures].concat(), Exit::Done)?;
    story.ledger(posted(example, 2) + 600, &["change", "@alice-change.json"])
}

fn slice(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("4. Bob is silent: the venue sells a slice of his")?;
    let bid = mark(example, "SOL")? - Decimal::new(83, 3);
    story.tell(&format!(
        "A Dutch auction falls from the mark of {} USDC; the first bid is {}.",
        mark(example, "SOL")?.normalize(),
        bid.normalize()
    ))?;
    let (sold, left) =
        reduced(story, &BOB, &Sale { symbol: "SOL", lot: Decimal::new(1, 2), price: bid })?;
    encrypt(story, &BOB, left, "2")?;
    story.tell(&format!(
        "At that price it takes {sold} SOL. The bidder is shown the slice, and nothing else:"
    ))?;
    let aim = ["--cures", "maintenance:initial", "-s", "@state-2.json"];
    let to = ["@bob-2.age", "-m", "@market-2.json", "-i", "@venue.key", "-o", "@bob-change.json"];
    let shown = ["--opening", "@bob-slice.json"];
    story.run(&[&["prove-change", "@bob-1.age"][..], &to, &aim, &shown].concat(), Exit::Done)?;
    let pins = ["--epoch", "@epoch-2.json", "--signers", "@signers.json", "--any-age"];
    let expected = ["--cures", "maintenance:initial", "--opening", "@bob-slice.json"];
    story.run(&[&["verify", "@bob-change.json"][..], &pins, &expected].concat(), Exit::Done)
}

fn met(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("5. The next epoch holds both, and both calls are met")?;
    story.write("snapshot-3.json", example.moved(2)?.to_json().as_bytes())?;
    epoch(story, 3, &["alice-2", "bob-2", "carol-1", "dave-1"])?;
    let now = posted(example, 3);
    story.ledger(now, &["post", "@epoch-3.json"])?;
    show(story, &ALICE, ("2", 3), now)?;
    in_escrow(story, &ALICE, (3, "2"), "at-least:initial", now)?;
    path(story, &BOB, 3)?;
    in_escrow(story, &BOB, (3, "2"), "at-least:initial", now)
}

fn takeover(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("6. Carol's time is over: the committee opens her portfolio to Dave alone")?;
    story.write("snapshot-4.json", example.moved(3)?.to_json().as_bytes())?;
    epoch(story, 4, &["alice-2", "bob-2", "carol-1", "dave-1"])?;
    let now = posted(example, 4);
    story.ledger(now, &["post", "@epoch-4.json"])?;
    let late = posted(example, 2) + CURE_PERIOD + 60;
    let carol = CAROL.account().to_string();
    story.ledger(late, &["liquidate", "-a", &carol])?;
    opening(story)?;
    story.chapter("7. Dave takes all of it over, and meets initial margin with it")?;
    encrypt(story, &DAVE, BOTH.document(), "2")?;
    path(story, &DAVE, 4)?;
    let to = ["@dave-2.age", "-m", "@market-4.json", "-i", "@dave.key", "-o", "@dave-change.json"];
    let aim = ["--meets", "initial", "-p", "@dave-path-4.json"];
    story.run(&[&["prove-change", "@dave-1.age"][..], &to, &aim].concat(), Exit::Done)?;
    story.ledger(late, &["change", "@dave-change.json"])?;
    story.write("snapshot-5.json", example.moved(4)?.to_json().as_bytes())?;
    epoch(story, 5, &["alice-2", "bob-2", "dave-2"])?;
    let now = posted(example, 5);
    story.ledger(now, &["post", "@epoch-5.json"])?;
    show(story, &DAVE, ("2", 5), now)?;
    story.ledger(now, &["close", "-a", &carol])?;
    story.ledger_detail(now, &["status"], Exit::Done)?;
    story.ledger(now, &["audit"])
}

/// Two members give their parts, encrypted to Dave, who opens.
fn opening(story: &mut Story) -> Result<(), Error> {
    let of = ["--committee", "@committee/committee.json", "--ciphertext", "@carol-1.sealed"];
    let proof = ["--proof", "@carol-1.json"];
    for member in ["1", "3"] {
        let (from, to) =
            (format!("@committee/member-{member}.json"), format!("@part-{member}.age"));
        let line = ["committee", "share", &from, "-R", "@dave.key", "-o", &to];
        story.run(&[&line[..], &of, &proof].concat(), Exit::Done)?;
    }
    let parts = ["committee", "open", "@part-1.age", "@part-3.age", "-i", "@dave.key"];
    let to = ["-R", "@dave.key", "-o", "@carol-opened.age"];
    story.run(&[&parts[..], &to, &of, &proof].concat(), Exit::Done)
}

/// The venue's epoch over these portfolios, signed by the publisher.
fn epoch(story: &mut Story, number: u64, portfolios: &[&str]) -> Result<(), Error> {
    let epoch = number.to_string();
    build_market(story, &epoch)?;
    let files: Vec<String> = portfolios.iter().map(|name| format!("@{name}.age")).collect();
    let (market, list) = (format!("@market-{epoch}.json"), format!("@accounts-{epoch}.jsonl"));
    let mut line = vec!["venue", "commit"];
    line.extend(files.iter().map(String::as_str));
    line.extend(["-m", &market, "-i", "@venue.key", "-o", &list]);
    story.run(&line, Exit::Done)?;
    make_state(story, &epoch, &epoch)?;
    let before = number - 1;
    publish(story, &epoch, (before > 0).then(|| before.to_string()).as_deref())
}

/// When an epoch is posted.
fn posted(example: &Example, epoch: u64) -> u64 {
    example.start() + (epoch - 1) * EPOCH_SECONDS + DELAY
}

/// A portfolio's file.
fn file(book: &Book, state: &str) -> String {
    format!("@{}-{state}.age", book.name)
}

fn encrypt(
    story: &mut Story,
    book: &Book,
    document: PortfolioDocument,
    state: &str,
) -> Result<(), Error> {
    story.encrypt_to(&format!("{}.key", book.name), document, &file(book, state)[1..])
}

/// The account's path in an epoch, from the venue.
fn path(story: &mut Story, book: &Book, epoch: u64) -> Result<(), Error> {
    let (state, output) =
        (format!("@state-{epoch}.json"), format!("@{}-path-{epoch}.json", book.name));
    let account = book.account().to_string();
    story.run(&["venue", "path", &state, "-a", &account, "-o", &output], Exit::Done)
}

/// A proof with an escrow to the committee, on the ledger; the path is there.
fn in_escrow(
    story: &mut Story,
    book: &Book,
    (epoch, state): (u64, &str),
    claim: &str,
    now: u64,
) -> Result<(), Error> {
    let name = book.name;
    let (portfolio, market) = (file(book, state), format!("@market-{epoch}.json"));
    let (proof, sealed) = (format!("@{name}-{epoch}.json"), format!("@{name}-{epoch}.sealed"));
    let (key, path_file) = (format!("@{name}.key"), format!("@{name}-path-{epoch}.json"));
    let from = ["prove", &portfolio, "-m", &market, "-p", &path_file, "-i", &key];
    let to = ["--claim", claim, "--escrow", "@committee/committee.json", "--ciphertext", &sealed];
    let line = [&from[..], &to, &["-o", &proof]].concat();
    // Once is enough to see how.
    match epoch {
        1 => story.run(&line, Exit::Done)?,
        _ => story.run_detail(&line)?,
    }
    story.ledger(now, &["submit-escrowed", &proof, "--ciphertext", &sealed])
}

/// A change of nothing, which shows that an epoch holds what was said.
fn show(
    story: &mut Story,
    book: &Book,
    (state, epoch): (&str, u64),
    now: u64,
) -> Result<(), Error> {
    let name = book.name;
    path(story, book, epoch)?;
    let (portfolio, market) = (file(book, state), format!("@market-{epoch}.json"));
    let (key, proof) = (format!("@{name}.key"), format!("@{name}-shown.json"));
    let path_file = format!("@{name}-path-{epoch}.json");
    let from = ["prove-change", &portfolio, "--unchanged", "-m", &market, "-p", &path_file];
    story.run_detail(&[&from[..], &["-i", &key, "-o", &proof]].concat())?;
    story.ledger(now, &["show-change", &proof])
}
