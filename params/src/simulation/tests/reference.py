"""Figures of params/src/simulation/tests, by other code in another language.

Needs nothing but Python: python3 params/src/simulation/tests/reference.py
"""
import csv, math, os, statistics, struct

HERE = os.path.dirname(os.path.abspath(__file__))


def closes():
    with open(os.path.join(HERE, "../../../fixtures/closes_btc_eth.csv")) as file:
        rows = list(csv.DictReader(file))
    return [(float(r["btc_close_usd"]), float(r["eth_close_usd"])) for r in rows]


def returns(prices):
    return [math.log(b / a) for a, b in zip(prices, prices[1:])]


def plain(losses, p):
    s = sorted(losses)
    place = (len(s) - 1) * p
    i = int(place)
    var = s[i] + (place - i) * (s[min(i + 1, len(s) - 1)] - s[i])
    above = [x for x in s if x > var]
    return var, math.fsum(above) / len(above)


def age(losses, p, lam):
    n = len(losses)
    pairs = sorted((x, lam ** (n - 1 - i) * (1 - lam) / (1 - lam**n)) for i, x in enumerate(losses))
    total, last = 0.0, None
    for x, w in pairs:
        if total + w >= p:
            var = x if last is None else last + (p - total) / w * (x - last)
            break
        total, last = total + w, x
    above = [(x, w) for x, w in pairs if x > var]
    return var, math.fsum(x * w for x, w in above) / math.fsum(w for _, w in above)


def scaled(r, lam):
    variances = [statistics.variance(r)]
    for x in r[:-1]:
        variances.append(lam * variances[-1] + (1 - lam) * x * x)
    s = [math.sqrt(v) for v in variances]
    return [x * s[-1] / y for x, y in zip(r, s)]


def chacha(seed, words):
    """The key stream of ChaCha20 with a zero nonce, as 64-bit numbers."""
    def rotate(x, n):
        return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF

    def quarter(s, a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], n)

    stream = []
    for block in range((words * 8 + 63) // 64):
        start = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", seed))
        start += [block, 0, 0, 0]
        s = list(start)
        for _ in range(10):
            for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
                quarter(s, *q)
            for q in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(s, *q)
        stream += [(a + b) & 0xFFFFFFFF for a, b in zip(s, start)]
    return [stream[2 * i] | stream[2 * i + 1] << 32 for i in range(words)]


def normals(seed, count):
    inverse = statistics.NormalDist().inv_cdf
    return [inverse(((x >> 12) + 0.5) / 2**52) for x in chacha(seed, count)]


def monte_carlo(seed, cholesky, horizon, degrees, count):
    draws = iter(normals(seed, count * (len(cholesky) + (degrees or 0))))
    for _ in range(count):
        z = [next(draws) for _ in cholesky]
        tail = 1.0
        if degrees:
            tail = math.sqrt((degrees - 2) / sum(next(draws) ** 2 for _ in range(degrees)))
        yield [math.exp(sum(a * b for a, b in zip(row, z)) * tail * math.sqrt(horizon)) for row in cholesky]


def quantile_weights(moves, count, lam):
    """Systematic resampling: where the cumulated weights pass (i + 1/2) / N."""
    n = len(moves)
    weights = [lam**a * (1 - lam) / (1 - lam**n) for a in range(n)]
    chosen = []
    for i in range(count):
        total, a = 0.0, 0
        while a < n - 1 and total + weights[a] <= (i + 0.5) / count:
            total += weights[a]
            a += 1
        chosen.append(a)
    return chosen


if __name__ == "__main__":
    prices = closes()
    for place, name in enumerate(("BTC", "ETH")):
        r = returns([row[place] for row in prices])
        for window, p in ((250, 0.975), (500, 0.99)):
            losses = [-x for x in r[-window:]]
            filtered = [-x for x in scaled(r[-window:], 0.94)]
            for method, risk in (
                ("Equal", plain(losses, p)),
                ("Age", age(losses, p, 0.98)),
                ("Filtered", plain(filtered, p)),
            ):
                print(f'("{name}", {window}, {p}, {method}, {risk[0]!r}, {risk[1]!r}),')
    seed = bytes(range(32))
    print([f"{x!r}" for x in normals(seed, 4)])
    for degrees in (None, 4):
        for factors in list(monte_carlo(seed, [[0.03], [0.035, 0.02]], 2, degrees, 3)):
            print(degrees, factors)
    print(quantile_weights(list(range(40)), 10, 0.9))
    r = returns([row[0] for row in prices])
    breaches = {}
    for method in ("Equal", "Age", "Filtered"):
        out = []
        for t in range(len(prices) - 300, len(prices)):
            # The loss in money of one coin, from the close before.
            window = returns([row[0] for row in prices[t - 1 - 250 : t]])
            moves = scaled(window, 0.94) if method == "Filtered" else window
            losses = [-prices[t - 1][0] * (math.exp(x) - 1) for x in moves]
            var, es = age(losses, 0.975, 0.94) if method == "Age" else plain(losses, 0.975)
            loss = prices[t - 1][0] - prices[t][0]
            out.append((loss > var, loss > es, loss, es))
        breaches[method] = (sum(x[0] for x in out), sum(x[1] for x in out))
        hits = [x[0] for x in out]
        n, x, p = len(hits), sum(hits), 0.025
        ll = lambda a, b, q: (a * math.log(1 - q) if a else 0) + (b * math.log(q) if b else 0)
        uc = -2 * (ll(n - x, x, p) - ll(n - x, x, x / n))
        pairs = list(zip(hits, hits[1:]))
        c = lambda a, b: pairs.count((a, b))
        n00, n01, n10, n11 = c(False, False), c(False, True), c(True, False), c(True, True)
        ind = -2 * (
            ll(n00 + n10, n01 + n11, (n01 + n11) / len(pairs))
            - ll(n00, n01, n01 / (n00 + n01))
            - (ll(n10, n11, n11 / (n10 + n11)) if n10 + n11 else 0)
        )
        score = 1 - sum(loss / es for hit, _, loss, es in out if hit) / (n * p)
        print(method, breaches[method], (n00, n01, n10, n11), repr(uc), repr(math.erfc(math.sqrt(uc / 2))), repr(ind), repr(math.exp(-(uc + ind) / 2)), repr(score))
