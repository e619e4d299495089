"""Figures of params/src/calibration/tests, by other code in another language.

Needs nothing but Python: python3 params/src/calibration/tests/reference.py
"""
import csv, math, os, statistics
from fractions import Fraction as F

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = 10_000
DAYS = (1, 2, 4)


def closes(name, column):
    with open(os.path.join(HERE, "../../../fixtures", name)) as file:
        return [(r["date"], float(r[column])) for r in csv.DictReader(file)]


def volatilities(prices, window, lam):
    r = [math.log(b / a) for a, b in zip(prices, prices[1:])][-window:]
    variance = statistics.variance(r)
    for x in r:
        variance = lam * variance + (1 - lam) * x * x
    return math.sqrt(variance), statistics.stdev(r)


def rise(x, days):
    return math.exp(x * math.sqrt(days)) - 1


def asked(prices, tool, stress, implied, spread, window=250, lam=0.97, z=3):
    """The three rates before steps, floor and cap."""
    current, level = volatilities(prices, window, lam)
    if implied:
        current = max(current, implied / math.sqrt(365))
    rates = []
    for days in DAYS:
        bare, calm = rise(z * current, days), rise(z * level, days)
        if tool == "buffer":
            held = max(bare, min(1.25 * bare, 1.25 * calm))
        elif tool == "stress":
            held = max(bare, 0.75 * bare + 0.25 * rise(stress, days))
        else:
            held = max(bare, calm)
        rates.append(held + spread / 2)
    return rates


def units(rate):
    return math.ceil(F(rate) * UNITS)


def step(asked, before, floor, cap, up=F(15, 100), down=F(5, 100)):
    n = units(asked)
    if before is not None:
        n = min(max(n, math.ceil(before * (1 - down))), math.ceil(before * (1 + up)))
    return min(max(n, floor), cap)


def replay(name, column, stress, floor, cap, first, last):
    rows = closes(name, column)
    before, rates, bares, moves = None, [], [], []
    for i, (day, price) in enumerate(rows):
        if not first <= day <= last:
            continue
        prices = [p for _, p in rows[i - 251 : i]]
        before = step(asked(prices, "stress", stress, None, 0)[0], before, floor, cap)
        rates.append(before / UNITS)
        bares.append(rise(3 * volatilities(prices, 250, 0.97)[0], 1))
        moves.append(abs(price / rows[i - 1][1] - 1))

    def figures(series):
        rises = {n: max([0] + [b - a for a, b in zip(series, series[n:])]) for n in (1, 5, 30)}
        short = [m - r for m, r in zip(moves, series)]
        return (
            min(series), max(series), max(series) / min(series), rises,
            sum(s > 0 for s in short), max([0] + short),
        )

    print(name, column, len(rates))
    for what, series in (("rule", rates), ("bare", bares), ("fixed", [rates[0]] * len(rates))):
        print(" ", what, figures(series))


if __name__ == "__main__":
    for column, stress in (("btc_close_usd", 0.4647), ("eth_close_usd", 0.5507)):
        prices = [p for _, p in closes("closes_btc_eth.csv", column)]
        print(column, [repr(x) for x in volatilities(prices, 250, 0.97)])
        for tool in ("stress", "buffer", "level"):
            for implied in (None, 1.25):
                rates = asked(prices, tool, stress, implied, 0.0004)
                print(" ", tool, implied, [repr(x) for x in rates], [units(x) for x in rates])
    btc, eth = (
        [p for _, p in closes("closes_btc_eth.csv", c)] for c in ("btc_close_usd", "eth_close_usd")
    )
    # A set's series: volatilities as another coin's closes, expiries as the ratio of both.
    print("series", repr(asked(eth, "stress", 0.6, None, 0)[0]))
    print("ratio", repr(asked([b / a for a, b in zip(btc, eth)], "stress", 0.03, None, 0)[0]))
    for arguments in (
        ("closes_btc_eth.csv", "btc_close_usd", 0.4647, 1000, 9000, "2020-02-15", "2020-05-15"),
        ("closes_btc_eth.csv", "eth_close_usd", 0.5507, 1200, 9000, "2020-02-15", "2020-05-15"),
        ("closes_btc_eth.csv", "btc_close_usd", 0.4647, 1000, 9000, "2021-04-15", "2021-06-30"),
        ("closes_btc_eth.csv", "eth_close_usd", 0.5507, 1200, 9000, "2021-04-15", "2021-06-30"),
        ("closes_btc_eth_2022.csv", "btc_close_usd", 0.4647, 1000, 9000, "2022-10-15", "2022-12-31"),
        ("closes_btc_eth_2022.csv", "eth_close_usd", 0.5507, 1200, 9000, "2022-10-15", "2022-12-31"),
        ("closes_btc_2025.csv", "btc_close_usd", 0.4647, 1000, 9000, "2025-09-15", "2025-11-30"),
    ):
        replay(*arguments)
