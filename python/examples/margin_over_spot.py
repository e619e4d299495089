"""Draws equity and margin of an account over the price of everything it holds, before
and after a trade: `python margin_over_spot.py > margin.svg`."""

import json
import sys
import time
from decimal import Decimal

import zkmargin

# %% A market: prices and a shipped margin model.
prices = {"BTC": {"price": "26961.2"}, "ETH": {"price": "1724.3"}}
snapshot = {"timestamp": int(time.time()), "source": "example", "quote": "USDC", "prices": prices}
market = zkmargin.Market.build("hyperliquid", json.dumps(snapshot), epoch=1)

# %% An account: 2,000 USDC, long half a bitcoin. An encrypted one is
# zkmargin.Portfolio.open(file, identity).
account = {
    "version": 1,
    "account": "0x00000000000000000000000000000000000000a1",
    "balance": "2000",
    "positions": [{"instrument": "BTC", "quantity": "0.5", "entry_price": "27100"}],
}
portfolio = zkmargin.Portfolio.from_json(json.dumps(account))
after = market.what_if(portfolio, "BTC", "-0.25")["after"]
print(f"level now {market.margin(portfolio)['level']}", file=sys.stderr)
print(f"level after half is sold {after['level']}", file=sys.stderr)

# %% Equity, initial margin and maintenance with all prices moved.
factors = [Decimal(n) / 100 for n in range(85, 116)]
points = market.stress(portfolio, factors)
call = next((p for p in reversed(points) if p["level"] in ("margin-call", "bankrupt")), None)
if call:
    print(f"a margin call from a factor of {call['factor']} downwards", file=sys.stderr)

# %% The picture, by hand: nothing has to be installed.
WIDTH, HEIGHT, EDGE = 640, 360, 40
LINES = {
    "equity": "#1f77b4",
    "initial_requirement": "#ff7f0e",
    "maintenance_requirement": "#d62728",
}
values = [float(point[name]) for point in points for name in LINES]
low, high = min(values), max(values)


def place(factor, value):
    across = (factor - float(factors[0])) / float(factors[-1] - factors[0])
    up = (value - low) / (high - low)
    return EDGE + across * (WIDTH - 2 * EDGE), HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE)


print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12">')
for row, (name, colour) in enumerate(LINES.items()):
    path = " ".join("%.1f,%.1f" % place(float(p["factor"]), float(p[name])) for p in points)
    print(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    label = name.replace("_", " ")
    print(f'<text x="{EDGE}" y="{EDGE + 16 * row}" fill="{colour}">{label}, {market.quote}</text>')
for factor in (factors[0], Decimal(1), factors[-1]):
    x, _ = place(float(factor), low)
    print(f'<text x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{factor}</text>')
print("</svg>")
