"""The module as a user has it: `python -m unittest discover python/tests`, with the
module on the path (`pip install ./python`, or tools/python-test.sh)."""

import json
import tempfile
import time
import unittest
from decimal import Decimal

import zkmargin

ACCOUNT = "0x00000000000000000000000000000000000000a1"


def snapshot(btc="26961.2", taken=None):
    return json.dumps(
        {
            "timestamp": int(time.time()) if taken is None else taken,
            "source": "a test",
            "quote": "USDC",
            "prices": {"BTC": {"price": btc}, "ETH": {"price": "1724.3"}},
        }
    )


def portfolio(quantity="-0.005", balance="1000"):
    return zkmargin.Portfolio.from_json(
        json.dumps(
            {
                "version": 1,
                "account": ACCOUNT,
                "balance": balance,
                "positions": [
                    {"instrument": "BTC", "quantity": quantity, "entry_price": "27100"}
                ],
            }
        )
    )


class Figures(unittest.TestCase):
    def setUp(self):
        self.market = zkmargin.Market.build("hyperliquid", snapshot(), 1)

    def test_a_market_is_its_file(self):
        again = zkmargin.Market.from_json(self.market.to_json())
        self.assertEqual(again.root, self.market.root)
        self.assertEqual((again.family, again.proof_system, again.epoch), ("standard", "ipa", 1))
        wrong = self.market.to_json().replace("26961.2", "36961.2")
        with self.assertRaisesRegex(zkmargin.ZkMarginError, "market_root"):
            zkmargin.Market.from_json(wrong)

    def test_margin_is_exact(self):
        margin = self.market.margin(portfolio())
        # 1000 + 0.005 * (27100 - 26961.2)
        self.assertEqual(Decimal(margin["equity"]), Decimal("1000.694"))
        # 0.005 * 26961.2 / 40
        self.assertEqual(Decimal(margin["initial_requirement"]), Decimal("3.37015"))
        self.assertEqual(margin["level"], "initial")

    def test_what_if(self):
        found = self.market.what_if(portfolio(), "BTC", "0.005", cash=Decimal("-10"))
        before, after = found["before"], found["after"]
        self.assertEqual(Decimal(before["equity"]) - Decimal(after["equity"]), 10)
        self.assertEqual(Decimal(after["maintenance_requirement"]), 0)
        with self.assertRaisesRegex(zkmargin.ZkMarginError, "does not list"):
            self.market.what_if(portfolio(), "NONE", 1)
        with self.assertRaisesRegex(zkmargin.ZkMarginError, "symbol and a quantity"):
            self.market.what_if(portfolio(), "BTC")

    def test_stress_loses_on_a_rise_what_a_short_loses(self):
        points = self.market.stress(portfolio(), [0.5, "1", Decimal("1.5")])
        equity = [Decimal(point["equity"]) for point in points]
        self.assertEqual([point["factor"] for point in points], ["0.5", "1", "1.5"])
        self.assertEqual(equity[1] - equity[2], Decimal("0.005") * Decimal("26961.2") / 2)
        self.assertEqual(equity[0] + equity[2], 2 * equity[1])

    def test_what_is_wrong_shows_no_figures(self):
        with self.assertRaises(zkmargin.ZkMarginError) as caught:
            zkmargin.Portfolio.from_json('{"version": 1, "account": "%s", "cash": 12345}' % ACCOUNT)
        self.assertNotIn("12345", str(caught.exception))
        self.assertNotIn("1000", repr(portfolio()))


class Proofs(unittest.TestCase):
    def test_a_claim_is_proved_and_verified_and_a_false_one_is_not(self):
        with tempfile.TemporaryDirectory() as cache:
            market = zkmargin.Market.build("hyperliquid", snapshot(), 1)
            rich = portfolio()
            venue = zkmargin.Venue("my-protocol")
            self.assertEqual(venue.commit(market, rich), market.commitment(rich))
            state = venue.state(1)
            prover = zkmargin.Prover(cache=cache)
            proof = prover.prove(market, state, rich, "at-least:initial")
            verifier = zkmargin.Verifier(cache=cache)
            told = {"market": market, "state": state, "max_age": 900}
            verdict = verifier.verify_own(proof, at_least="maintenance", account=ACCOUNT, **told)
            self.assertEqual(verdict["claim"]["claim"], "at-least:initial")
            self.assertLess(verdict["age"], 900)

            with self.assertRaises(zkmargin.FalseClaim):
                prover.prove(market, state, rich, "below:maintenance")
            with self.assertRaisesRegex(zkmargin.ZkMarginError, "account is"):
                other = "0x" + "00" * 19 + "a2"
                verifier.verify_own(proof, at_least="maintenance", account=other, **told)
            cut = json.loads(proof)
            cut["instance"]["epoch"] = 2
            with self.assertRaises(zkmargin.ZkMarginError):
                verifier.verify_own(json.dumps(cut), at_least="maintenance", **told)
            old = zkmargin.Market.build("hyperliquid", snapshot(taken=1679940322), 1)
            with self.assertRaisesRegex(zkmargin.ZkMarginError, "old"):
                verifier.verify_own(
                    proof, market=old, state=state, max_age=900, at_least="maintenance"
                )

    def test_layouts_are_those_of_the_proof_system(self):
        with self.assertRaisesRegex(zkmargin.ZkMarginError, "wide, tall"):
            zkmargin.Prover(layout="square")
        market = zkmargin.Market.build("hyperliquid", snapshot(), 1)
        rich = portfolio()
        venue = zkmargin.Venue("my-protocol")
        venue.commit(market, rich)
        prover = zkmargin.Prover(layout="tall")
        with self.assertRaisesRegex(zkmargin.ZkMarginError, "wide layout alone"):
            prover.prove(market, venue.state(1), rich, "at-least:initial")


if __name__ == "__main__":
    unittest.main()
