//! Pictures of margin on a real chain: both forms are what they say they are.

use std::path::Path;

use rust_decimal::Decimal;
use zkmargin_margin::claim::Level;
use zkmargin_params::calibration::inputs::Observation;
use zkmargin_params::calibration::replay::{Plan, Replay, WINDOWS, Window};
use zkmargin_params::import::deribit::option_chain;
use zkmargin_params::presets;
use zkmargin_params::scenario::{
    Position, RiskTable, Scan, ScenarioPortfolio, StressTest, Stressable, parameters, report,
};
use zkmargin_params::simulation::history::{Column, History};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::plot::{DENSITY, Format, HEIGHT, Picture, Replays, Upper, WIDTH};
use zkmargin_prover::scenario::StressReport;

const CHAIN: &str = zkmargin_examples::CHAIN_BTC;

/// A picture of margin; with factors on spot and volatility, of a stress test.
fn render(model: &str, cash: f64, book: &[(&str, f64)], format: Format) -> Vec<u8> {
    draw(model, cash, book, format, None)
}

fn draw(
    model: &str,
    cash: f64,
    book: &[(&str, f64)],
    format: Format,
    stress: Option<(&[f64], &[f64])>,
) -> Vec<u8> {
    let market = option_chain(CHAIN).unwrap().market().unwrap();
    let model = parameters::by_name(model).unwrap().model().unwrap();
    let position = |&(name, quantity): &(&str, f64)| Position {
        instrument: Symbol::new(name).unwrap(),
        quantity,
        unrealised: 0.0,
    };
    let portfolio =
        ScenarioPortfolio { cash, positions: book.iter().map(position).collect(), reserved: 0.0 };
    let test = StressTest::new(&model, &market, &portfolio).unwrap();
    let scan = Scan { least: 0.6, most: 1.4, step: 0.01, vol: 1.0 };
    let levels = [Level::Initial, Level::Maintenance];
    let (thresholds, curve) = test.thresholds(&scan, &levels).unwrap();
    let table = RiskTable::new(&model, &market).unwrap();
    let report = report(&table, &portfolio.resolve(&table).unwrap());
    let grid =
        stress.map(|(spots, vols)| StressReport::new(&test, None, scan, (spots, vols)).unwrap().0);
    let picture = Picture {
        title: "Margin of the account",
        subtitle: "deribit-btc-approx & <others>, BTC at 92,579.83",
        quote: "USDC",
        upper: Some(match &grid {
            Some(stress) => Upper::Stress(&stress.grid),
            None => Upper::Scenarios(&report),
        }),
        axis: "the price of the underlying",
        curve: &curve,
        thresholds: &thresholds,
    };
    assert_eq!(format!("{picture:?}"), "Picture(..)");
    picture.render(format).unwrap()
}

const STRANGLE: [(&str, f64); 2] = [("BTC-12DEC25-80000-P", -1.0), ("BTC-12DEC25-100000-C", -1.0)];

#[test]
fn svg_is_well_formed_and_says_its_size_and_figures() {
    let svg = String::from_utf8(render("derive-test", 40_000.0, &STRANGLE, Format::Svg)).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(root.attribute("width"), Some((WIDTH / DENSITY).to_string().as_str()));
    assert_eq!(root.attribute("height"), Some((HEIGHT / DENSITY).to_string().as_str()));
    assert_eq!(root.attribute("viewBox"), Some(format!("0 0 {WIDTH} {HEIGHT}").as_str()));
    let texts: Vec<&str> =
        document.descendants().filter_map(|node| node.text()).map(str::trim).collect();
    for expected in ["Margin of the account", "skew, linear", "volatility up", "-66 %", "equity"] {
        assert!(texts.contains(&expected), "{expected}: {texts:?}");
    }
    // One field for each of 29 moves, two skews, basis and minimum charge, and more.
    let fields = document.descendants().filter(|node| node.tag_name().name() == "rect").count();
    assert!(fields >= 33, "{fields}");
    if let Ok(dir) = std::env::var("ZKMARGIN_PICTURES") {
        std::fs::write(Path::new(&dir).join("strangle.svg"), svg).unwrap();
    }
}

#[test]
fn png_decodes_to_its_size_and_is_not_blank() {
    for (name, model, cash, book) in [
        ("strangle", "derive-test", 40_000.0, &STRANGLE[..]),
        ("short", "deribit-btc-approx", 14_000.0, &STRANGLE[..]),
        ("cash", "span-16", 100.0, &[][..]),
        ("covered", "scan", 0.0, &[("BTC", 1.0), ("BTC-26DEC25-100000-C", -1.0)][..]),
    ] {
        let bytes = render(model, cash, book, Format::Png);
        if let Ok(dir) = std::env::var("ZKMARGIN_PICTURES") {
            std::fs::write(Path::new(&dir).join(format!("{name}.png")), &bytes).unwrap();
        }
        let decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (WIDTH, HEIGHT), "{name}");
        let painted = pixels.chunks(3).filter(|pixel| *pixel != [255; 3]).count();
        assert!(painted > 160_000, "{name}: {painted}");
    }
}

/// A text of a picture with the room that it takes, as a box: left, top, right,
/// bottom. Digits of the font are 0.64 of its size wide, other letters less.
fn boxes(svg: &str) -> Vec<(String, [f64; 4])> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.tag_name().name() == "text");
    let place = |node: roxmltree::Node<'_, '_>| {
        let number = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let size = node.attribute("font-size").unwrap().trim_end_matches("px");
        let (x, y, size) = (number("x"), number("y"), size.parse::<f64>().unwrap());
        let text = node.text().unwrap().trim().to_owned();
        let width = 0.6 * size * text.chars().count() as f64;
        let left = match node.attribute("text-anchor") {
            Some("end") => x - width,
            Some("middle") => x - width / 2.0,
            _ => x,
        };
        (text, [left, y - size / 2.0, left + width, y + size / 2.0])
    };
    texts.map(place).collect()
}

fn assert_apart(name: &str, boxes: &[(String, [f64; 4])]) {
    for (index, (a, first)) in boxes.iter().enumerate() {
        for (b, second) in &boxes[..index] {
            let apart = first[2] <= second[0]
                || second[2] <= first[0]
                || first[3] <= second[1]
                || second[3] <= first[1];
            assert!(apart, "{name}: `{a}` and `{b}`");
        }
    }
}

#[test]
fn no_label_stands_on_another() {
    let many: Vec<f64> = (0..31).map(|step| 0.7 + 0.02 * f64::from(step)).collect();
    let vols: Vec<f64> = (0..12).map(|step| 0.5 + 0.1 * f64::from(step)).collect();
    let few = [0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3];
    type Case<'a> = (&'a str, Option<(&'a [f64], &'a [f64])>);
    let cases: [Case<'_>; 3] = [
        ("margin", None),
        ("stress", Some((&few, &[0.75, 1.0, 1.5]))),
        ("stress-many", Some((&many, &vols))),
    ];
    for (name, stress) in cases {
        let svg = draw("derive-test", 40_000.0, &STRANGLE, Format::Svg, stress);
        let svg = String::from_utf8(svg).unwrap();
        if let Ok(dir) = std::env::var("ZKMARGIN_PICTURES") {
            let png = draw("derive-test", 40_000.0, &STRANGLE, Format::Png, stress);
            std::fs::write(Path::new(&dir).join(format!("{name}.png")), png).unwrap();
        }
        let boxes = boxes(&svg);
        assert!(boxes.len() > 20, "{name}: {}", boxes.len());
        assert_apart(name, &boxes);
        // A stress test shows its own figures, and not those of the model's scenarios.
        let has = |text: &str| boxes.iter().any(|(found, _)| found == text);
        assert_eq!(has("skew, linear"), stress.is_none(), "{name}");
        assert_eq!(has("volatility +50 %"), stress.is_some(), "{name}");
    }
}

/// Replays of both coins over two windows, with what they are called.
fn replays() -> Vec<(String, Replay)> {
    let columns = ["BTC=btc_close_usd", "ETH=eth_close_usd"];
    let columns = columns.map(|text| Column::parse(text).unwrap());
    let csv = include_str!("../../../params/fixtures/closes_btc_eth.csv");
    let (history, _) = History::from_csv(csv, &columns).unwrap();
    let model = presets::by_name("dynamic").unwrap().model().unwrap();
    let seen = Observation {
        implied_volatility: None,
        spread: Decimal::ZERO,
        depth: Decimal::ZERO,
        daily_volume: Decimal::ZERO,
    };
    let replay = |name: &str, window: &Window| {
        let symbol = Symbol::new(name).unwrap();
        let plan = Plan {
            rule: model.calibration().unwrap(),
            denominator: model.denominator(),
            symbol: &symbol,
            instrument: model.instruments()[&symbol].calibrated.as_ref().unwrap(),
            seen,
            fixed: None,
        };
        let days = [window.from, window.to].map(|day| day.parse().unwrap());
        (format!("{name}, {}", window.about), plan.run(&history, days[0], days[1]).unwrap())
    };
    WINDOWS[..2].iter().flat_map(|window| ["BTC", "ETH"].map(|name| replay(name, window))).collect()
}

#[test]
fn replays_are_drawn_with_their_breaches() {
    let all = replays();
    for panels in [&all[..], &all[..2], &all[..1]] {
        let picture = Replays { title: "Initial margin", subtitle: "first tier", panels };
        let svg = String::from_utf8(picture.render(Format::Svg).unwrap()).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let texts = boxes(&svg);
        assert_apart("replays", &texts);
        let has = |text: &str| texts.iter().any(|(found, _)| found == text);
        assert!(panels.iter().all(|(name, _)| has(name)), "{texts:?}");
        let circles = document.descendants().filter(|node| node.tag_name().name() == "circle");
        // One in each legend.
        let breaches: usize = panels.iter().map(|(_, replay)| replay.rule.breaches + 1).sum();
        assert_eq!(circles.count(), breaches);
        let bytes = picture.render(Format::Png).unwrap();
        if let Ok(dir) = std::env::var("ZKMARGIN_PICTURES") {
            let name = format!("replays-{}.png", panels.len());
            std::fs::write(Path::new(&dir).join(name), &bytes).unwrap();
        }
        let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (WIDTH, HEIGHT));
    }
}

#[test]
fn names_say_the_form() {
    for (name, format) in [
        ("a.svg", Some(Format::Svg)),
        ("b/c.PNG", Some(Format::Png)),
        ("d.pdf", None),
        ("svg", None),
    ] {
        assert_eq!(Format::of(Path::new(name)), format, "{name}");
    }
}
