//! The engine's story: a deployment, proofs, calls, and a cure.

use serde_json::{Value, json};

use super::stage::{HOUR, OTHER, START, SUBMIT, Stage, account};

#[test]
fn from_a_deployment_to_a_cure() {
    let Some(stage) = Stage::new() else { return };
    stage.deploy();
    let (trader, poor) = (account(0), account(1));
    assert_eq!(stage.send("post signed-1.json"), "epoch-posted");
    assert_eq!(stage.send("register"), "registered");
    stage.ending(0, "subscribe --key-file sender.key");
    assert_eq!(stage.status(0, &trader)["state"], "unproven");
    assert_eq!(stage.send(SUBMIT), "proof-accepted");
    let status = stage.status(0, &trader);
    assert_eq!((&status["state"], &status["overdue"]), (&json!("current"), &json!(false)));
    let again = stage.ending(0, &format!("{SUBMIT} --key-file sender.key"));
    assert_eq!(again[0]["outcome"], "unchanged");
    let message = stage.refused(1, &format!("call -a {trader} --key-file sender.key"));
    assert!(message.contains("next proof is due at"), "{message}");

    // A breach of another account, proved by the venue.
    assert_eq!(stage.send("register --sub 1"), "registered");
    stage.ending(0, "subscribe --sub 1 --key-file sender.key");
    stage.prove("poor.json", "market-kzg.json", "below:maintenance --disclose", "breach.json");
    // Several proofs, of which one is of no deployment.
    let several = "submit proof-kzg.json breach.json --insecure-dev-srs --key-file sender.key";
    let lines = stage.ending(1, several);
    assert_eq!(
        (&lines[0]["outcome"], &lines[1]["outcome"]),
        (&json!("refused"), &json!("not-tried"))
    );
    let lines = stage.ending(1, &format!("{several} --keep-going"));
    assert_eq!(
        (&lines[0]["outcome"], &lines[1]["outcome"]),
        (&json!("refused"), &json!("applied"))
    );
    assert_eq!(lines[1]["events"][0]["type"], "called");
    let status = stage.status(3, &poor);
    assert_eq!((&status["state"], &status["reason"]), (&json!("called"), &json!("breach")));
    assert!(status["shortfall"].as_str().unwrap().parse::<u128>().unwrap() > 0, "{status}");

    // Silence, and an answer to the call.
    stage.epoch(2);
    stage.epoch(3);
    stage.set_time(START + 2 * HOUR + 1_800);
    assert_eq!(stage.status(0, &trader)["overdue"], true);
    // A keeper calls who is silent, and records whose deadline has passed.
    let kept = stage.ending(0, "keep --key-file sender.key");
    let done: Vec<_> = kept
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["account"].as_str().unwrap(), line["sent"]["events"][0]["type"].as_str()))
        .collect();
    let expected = [(trader.as_str(), Some("called")), (poor.as_str(), Some("liquidatable"))];
    assert_eq!(done, expected, "{kept}");
    assert_eq!(stage.ending(0, "keep --key-file sender.key"), json!([]));
    assert_eq!(stage.status(3, &trader)["reason"], "overdue");
    stage.prove("portfolio.json", "market-3-kzg.json", "at-least:initial", "cure.json");
    assert_eq!(stage.send("cure cure.json --insecure-dev-srs"), "cured");
    assert_eq!(stage.status(0, &trader)["level"], "initial");

    let types = |history: &Value| -> Vec<String> {
        let events = history.as_array().unwrap().iter();
        events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let history = stage.ending(0, &format!("history -a {trader}"));
    assert_eq!(types(&history), ["registered", "proof-accepted", "called", "cured"]);
    let history = types(&stage.ending(0, "history"));
    assert_eq!(history.iter().filter(|event| *event == "epoch-posted").count(), 3);
    // Without a name, all accounts.
    let all = stage.ending(3, "status");
    assert_eq!(all["accounts"].as_array().unwrap().len(), 2);

    stage.what_the_roles_may(&poor);
}

impl Stage {
    /// What the protocol, the guardian and the governor do; the first account is
    /// current, the other was to be liquidated.
    fn what_the_roles_may(&self, other: &str) {
        assert_eq!(self.send(&format!("reinstate -a {other}")), "reinstated");
        assert_eq!(self.status(0, other)["state"], "unproven");
        assert_eq!(self.send(&format!("close -a {other}")), "closed");
        assert_eq!(self.status(0, other)["state"], "closed");

        assert_eq!(self.send("pause --for 10m"), "halted");
        let status = self.ending(0, "status");
        assert_eq!(
            (&status["halted"], &status["standstill"]),
            (&json!("paused"), &json!("paused"))
        );
        let refused = |line: &str, expected: &str| {
            let message = self.refused(1, &format!("{line} --key-file sender.key"));
            assert!(message.contains(expected), "evm {line}: {message}");
        };
        refused(&format!("call -a {}", account(0)), "halt");
        let standing = format!("standing -a {} --at-least initial --max-age 2h", account(0));
        assert_eq!(self.ending(1, &standing)["may_increase_risk"], false);
        let root = status["market_root"].as_str().unwrap();
        refused(&format!("resume -e 2 --market-root {root}"), "3");
        assert_eq!(self.send(&format!("resume -e 3 --market-root {root}")), "resumed");
        assert_eq!(self.ending(0, &standing)["may_increase_risk"], true);

        let circuits = self.ending(0, "circuits list");
        assert_eq!(circuits[0]["name"], "standard-small");
        let circuit = circuits[0]["circuit"].as_str().unwrap();
        assert_eq!(self.send(&format!("circuits freeze -c {circuit}")), "circuits-changed");
        assert_eq!(self.ending(0, "status")["standstill"], "circuits");
        assert_eq!(self.send(&format!("circuits unfreeze -c {circuit}")), "circuits-changed");

        assert_eq!(self.send("models revoke -m hyperliquid"), "model-revoked");
        assert_eq!(self.ending(0, "status")["standstill"], "model-revoked");

        let show = format!("roles show -a {OTHER}");
        assert_eq!(self.ending(0, &show)["roles"], json!([]));
        let sent = |line: &str| self.ending(0, &format!("{line} --key-file sender.key"));
        sent(&format!("roles grant -r guardian -a {OTHER}"));
        assert_eq!(self.ending(0, &show)["roles"], json!(["guardian"]));
        let reject = format!("reject -e 3 --market-root {root} --key-file other.secret");
        let rejected = self.ending(0, &reject);
        assert_eq!(rejected[0]["events"][0]["type"], "epoch-rejected");
        assert_eq!(self.status(0, &account(0))["state"], "unproven");
        sent(&format!("roles hand-over --to {OTHER}"));
        let pending = self.ending(0, "roles show");
        assert_eq!(pending["handed_over_to"].as_str().unwrap().to_lowercase(), OTHER);
        self.accept_roles();
        let admin = self.ending(0, "roles show");
        assert_eq!(admin["admin"].as_str().unwrap().to_lowercase(), OTHER);
    }
}
