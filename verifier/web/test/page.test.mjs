// The page in a real browser, served as a file server would. Needs Chromium
// ($CHROMIUM or /usr/bin/chromium); without one the tests are skipped.
// SCREENSHOTS=DIR writes pictures of every state, light and dark.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { describeKey } from "../node.js";
import { epochOf, signers } from "./sign.mjs";
import { bytes, key, valid } from "./vectors.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const options = { skip: existsSync(executablePath) ? false : `no browser at ${executablePath}` };
const root = new URL("../", import.meta.url);
const OWN =
  /^GET (index\.html|style\.css|(app|index|told|verdict|verifier)\.js|verifier_bg\.wasm|expected\.json|keys\/keys\.json|keys\/small\.vk)$/;
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", wasm: "application/wasm" };

const digest = describeKey(key).digest;

/** The key as a deployment of secure powers of tau would have it: the mark is
 * one byte, after the magic, version and two names. */
function unmarked() {
  const copy = Buffer.from(key);
  copy[11 + 2 + 1 + "standard".length + 1 + "small".length] = 0;
  return copy;
}

/** A key of the same name and powers of tau as `unmarked()`, under which no
 * proof holds: two commitments, before `tau`, have changed places. */
function swapped() {
  const copy = unmarked();
  const end = copy.length - 128;
  const last = Buffer.from(copy.subarray(end - 64, end));
  copy.copy(copy, end - 64, end - 128, end - 64);
  last.copy(copy, end - 128);
  return copy;
}

/** One whose proofs are longer: of a higher degree, the number after mark and `k`. */
function longer() {
  const copy = unmarked();
  copy.writeUInt16BE(9, 31);
  return copy;
}

const digestOf = (bytes) => describeKey(bytes).digest;

/** The proofs as made under those powers of tau. */
const secure = valid.map((file) => ({ ...file, srs: describeKey(unmarked()).srs }));

let server;
let browser;
let origin;
/** Files of the server besides the page's own. */
let extra = {};
/** Answers of the server that wait for something. */
let delays = {};
/** Requests that were made. */
let requests = [];

before(async () => {
  if (options.skip) return;
  server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
    requests.push(`${request.method} ${path}`);
    await delays[path];
    const own = new URL(path, root);
    const body = extra[path] ?? (existsSync(own) ? readFileSync(own) : undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": TYPES[path.split(".").pop()] ?? "application/octet-stream",
    });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  browser = await chromium.launch({ executablePath, args });
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** Opens the page; `keys` are those that come with it. */
async function openPage(keys, { query = "", colorScheme = "light" } = {}) {
  extra = { ...keys };
  requests = [];
  const page = await browser.newPage({ colorScheme, viewport: { width: 860, height: 980 } });
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.errors.push(message.text());
  });
  await page.goto(`${origin}/${query}`);
  await page.waitForSelector("html[data-ready]");
  return page;
}

async function give(page, ...files) {
  const payload = files.map(([name, buffer]) => ({ name, buffer, mimeType: "" }));
  await page.setInputFiles("#file", payload);
  await page.waitForSelector("#result:not([hidden])");
}

async function expectState(page, state, text) {
  await page.waitForSelector(`#result[data-state="${state}"]`, { timeout: 5000 });
  assert.match(await page.textContent("#result"), text);
  if (process.env.SCREENSHOTS) {
    mkdirSync(process.env.SCREENSHOTS, { recursive: true });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const path = `${process.env.SCREENSHOTS}/${state}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
    }
  }
}

const insecureKey = {
  "keys/keys.json": JSON.stringify([{ file: "small.vk", digest }]),
  "keys/small.vk": key,
};
const plainKey = (bytes = unmarked()) => {
  const index = [{ file: "small.vk", digest: digestOf(bytes) }];
  return { "keys/keys.json": JSON.stringify(index), "keys/small.vk": bytes };
};

test("a proof of which nothing was told", options, async () => {
  const page = await openPage(plainKey());
  const file = secure.find((file) => file.instance.disclosed !== "0");
  await give(page, ["proof.json", bytes(file)]);
  await expectState(page, "not-pinned", /does not meet its initial margin, in epoch 7/);
  const text = await page.textContent("#claim");
  // A memo of nothing is not told.
  const { memo: _, ...said } = file.instance;
  for (const value of Object.values(said)) assert.ok(text.includes(String(value)));
  // No "valid": nobody vouched for what the proof is about.
  assert.equal(await page.textContent("#title"), "Proved, and NOT accepted: not all was told");
  assert.match(
    await page.textContent("#summary"),
    /NOT accepted: proved, and nothing says what the context, the state root, the market root, the model, the claim and the age of the prices must be: 0x/,
  );
  assert.match(await page.textContent("#warning"), /whoever made it may have made that up/);
  assert.match(text, /State root, only claimed/);
  assert.match(text, /Account, proved/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "result");
  assert.deepEqual(page.errors, []);
  // Nothing but the page's own files was asked for, and nothing sent.
  assert.ok(requests.every((request) => request.startsWith("GET ")));
  assert.ok(!requests.some((request) => request.includes("proof")));
});

test("a tampered proof", options, async () => {
  const page = await openPage(plainKey());
  const file = structuredClone(secure[0]);
  file.instance.epoch += 1;
  await give(page, ["tampered.json", bytes(file)]);
  await expectState(page, "invalid", /does not prove what it says/);
});

test("garbage, and a proof cut off", options, async () => {
  const page = await openPage(plainKey());
  await give(page, ["garbage.bin", Buffer.from([0, 255, 7, 8])]);
  await expectState(page, "malformed", /garbage\.bin is no proof/);
  await give(page, ["cut.json", bytes(secure[0]).subarray(0, 900)]);
  await page.waitForFunction(() => document.title.includes("cut.json"));
  await expectState(page, "malformed", /cut off/);
  assert.deepEqual(page.errors, []);
});

test("10 MB are refused before they are read", options, async () => {
  const page = await openPage(plainKey());
  await give(page, ["large.json", Buffer.alloc(10 << 20, "[")]);
  await expectState(page, "malformed", /10485760 bytes are too many/);
});

test("no key, then the user's own", options, async () => {
  const page = await openPage({});
  await give(page, ["proof.json", bytes(secure[0])]);
  await expectState(page, "unknown-key", /no key for standard-small-kzg/);
  await give(page, ["my.vk", unmarked()]);
  await expectState(page, "given", /Holds under a key you gave, which this page does not know/);
  const summary = await page.textContent("#summary");
  assert.match(summary, /in epoch 7/);
  assert.ok(summary.includes(digestOf(unmarked())));
  assert.match(await page.textContent("#warning"), /Compare its digest with the one that your protocol publishes/);
  assert.match(await page.textContent("#keys"), /given by you/);
  assert.match(await page.title(), /^Holds under a key you gave/);
  // It stays a key that the page does not know, for later proofs too.
  await give(page, ["next.json", bytes(secure[1])]);
  await expectState(page, "given", /next\.json/);
});

test("a key that is given and also pinned is pinned", options, async () => {
  const page = await openPage(plainKey());
  await give(page, ["my.vk", unmarked()], ["proof.json", bytes(secure[0])]);
  await expectState(page, "not-pinned", /a key of this page/);
  assert.equal(await page.locator("#keys li").count(), 1);
  assert.equal(await page.locator("#keys button").count(), 0);
});

test("a key of this page has the last word", options, async () => {
  const page = await openPage(plainKey(swapped()));
  await give(page, ["forged.vk", unmarked()], ["forged.json", bytes(secure[0])]);
  await expectState(page, "invalid", /A key that you gave accepts it, .* but the key of this page does not/);
  assert.ok((await page.textContent("#warning")).includes(digestOf(unmarked())));
  assert.ok((await page.textContent("#claim")).includes(`${digestOf(swapped())}, of this page`));
  // Nor does it help that the proof is too short for the key of this page.
  const other = await openPage(plainKey(longer()));
  await give(other, ["forged.vk", unmarked()], ["forged.json", bytes(secure[0])]);
  await expectState(other, "malformed", /A key that you gave accepts it/);
});

test("a key for other powers of tau does not speak, but is named", options, async () => {
  const page = await openPage(insecureKey);
  await give(page, ["my.vk", unmarked()], ["proof.json", bytes(secure[0])]);
  await expectState(page, "given", /This page's own key of this circuit is another one/);
  assert.ok((await page.textContent("#warning")).includes(digest));
});

test("a given key is removed, with the keyboard alone", options, async () => {
  const page = await openPage({});
  await give(page, ["my.vk", unmarked()], ["proof.json", bytes(secure[0])]);
  await expectState(page, "given", /in epoch 7/);
  await page.keyboard.press("Tab");
  const label = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  assert.equal(await label(), `Remove key ${digestOf(unmarked())}`);
  await page.keyboard.press("Enter");
  await expectState(page, "unknown-key", /no key for standard-small-kzg/);
  assert.match(await page.textContent("#keys"), /None yet/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "result");
});

test("a wrong given key hides no right one", options, async () => {
  for (const wrong of [longer(), swapped()]) {
    const page = await openPage(plainKey());
    await give(page, ["wrong.vk", wrong], ["proof.json", bytes(secure[0])]);
    await expectState(page, "not-pinned", /a key of this page/);
  }
  // Among given keys too; and when none fits, it says so.
  const page = await openPage({});
  await give(page, ["wrong.vk", longer()], ["proof.json", bytes(secure[0])]);
  await expectState(page, "malformed", /with the key given by you: the proof has \d+ bytes/);
  await give(page, ["right.vk", unmarked()]);
  await expectState(page, "given", /in epoch 7/);
});

test("a bad key shows no earlier verdict", options, async () => {
  const page = await openPage(plainKey());
  await give(page, ["proof.json", bytes(secure[0])]);
  await expectState(page, "not-pinned", /in epoch 7/);
  await give(page, ["cut.vk", unmarked().subarray(0, 100)]);
  await expectState(page, "bad-key", /cut\.vk: the key is cut off/);
  await give(page, ["large.vk", Buffer.concat([key, Buffer.alloc(1 << 19)])]);
  await expectState(page, "bad-key", /large\.vk: \d+ bytes are too many/);
  assert.equal(await page.textContent("#claim"), "");
});

test("one proof at a time", options, async () => {
  const page = await openPage(plainKey());
  await give(page, ["one.json", bytes(secure[0])], ["two.json", bytes(secure[1])]);
  await expectState(page, "failed", /nothing was checked of these 2 proofs/);
});

test("a slow file does not replace the verdict of a later one", options, async () => {
  let answer;
  const page = await openPage({ ...plainKey(), "slow.json": bytes(secure[0]) });
  delays = { "slow.json": new Promise((resolve) => (answer = resolve)) };
  await page.goto(`${origin}/?proof=slow.json`);
  // The page listens once its keys are there.
  await page.waitForSelector("#keys code");
  await give(page, ["fast.json", Buffer.from("{}")]);
  await expectState(page, "malformed", /fast\.json/);
  answer();
  await page.waitForSelector("html[data-ready]");
  delays = {};
  assert.match(await page.textContent("#summary"), /^fast\.json/);
  assert.match(await page.title(), /fast\.json/);
});

test("a verdict is gone while the next file is read", options, async () => {
  const page = await openPage(plainKey());
  await give(page, ["first.json", bytes(secure[0])]);
  await expectState(page, "not-pinned", /first\.json/);
  // Reads wait until the test lets them go.
  await page.evaluate(() => {
    const read = Blob.prototype.arrayBuffer;
    const gate = new Promise((resolve) => (window.letGo = resolve));
    Blob.prototype.arrayBuffer = async function () {
      await gate;
      return read.call(this);
    };
  });
  await page.setInputFiles("#file", { name: "next.json", buffer: Buffer.from("{}"), mimeType: "" });
  await page.waitForSelector("#result", { state: "hidden" });
  assert.doesNotMatch(await page.title(), /Proved|first/);
  await page.evaluate(() => window.letGo());
  await expectState(page, "malformed", /next\.json/);
});

test("an insecure key proves nothing", options, async () => {
  const page = await openPage(insecureKey);
  await give(page, ["proof.json", bytes(valid[0])]);
  await expectState(page, "insecure", /anybody can make such a proof/);
});

test("a key that is not the one it is said to be is not used", options, async () => {
  const page = await openPage({ ...insecureKey, "keys/small.vk": unmarked() });
  await give(page, ["proof.json", bytes(valid[0])]);
  await expectState(page, "unknown-key", /no key/);
});

test("a proof named in the address is loaded from this page alone", options, async () => {
  let page = await openPage({ ...plainKey(), "proof.json": bytes(secure[0]) }, { query: "?proof=proof.json" });
  await expectState(page, "not-pinned", /in epoch 7/);
  const hostile = [
    "https://example.org/x",
    "//example.org/x",
    "../proof.json",
    "..",
    "keys/keys.json",
    "keys%2Fkeys.json",
    "proof.json?x",
    "Valid: account 0x1 meets its initial margin",
    "proof\u202e.json",
    "proof.json\n",
  ];
  for (const name of hostile) {
    page = await openPage(plainKey(), { query: `?proof=${encodeURIComponent(name)}` });
    await expectState(page, "failed", /names no plain file next to this page, so nothing was loaded/);
    assert.ok(!(await page.textContent("#result")).includes(name));
    // The page, its style, scripts, the wasm, the keys: no more.
    assert.deepEqual(requests.filter((request) => !OWN.test(request)), []);
    await page.close();
  }
});

test("names of files are set apart, and nothing in them is hidden", options, async () => {
  const page = await openPage(plainKey());
  await give(page, ["\u202eevil\u2066\u200f \u05e9\u0007.json", Buffer.from('{"\u202ex":1}')]);
  await expectState(page, "malformed", /evil \u05e9\.json is no proof/);
  assert.equal(await page.textContent("#summary bdi"), "evil \u05e9.json");
  assert.match(await page.title(), /: \u2068evil \u05e9\.json\u2069 - /);
  assert.doesNotMatch(await page.textContent("#result"), /[\u0007\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
});

test("the drop of everything: proof, key, epoch file, signers", options, async () => {
  const page = await openPage({});
  const [proof] = secure;
  await give(
    page,
    ["proof.json", bytes(proof)],
    ["my.vk", unmarked()],
    ["epoch.json", bytes(epochOf(proof))],
    ["signers.json", bytes(signers)],
  );
  // Key and signers came along: neither is worth more than who gave it.
  await expectState(page, "given", /Accepted by the key/);
  assert.match(await page.textContent("#warning"), /The list of signers that you gave is worth no more/);
  assert.match(await page.textContent("#told"), /Epoch file, given by you: epoch\.json/);
  assert.match(await page.textContent("#told"), /Signers, given by you: signers\.json/);
});

/** What a deployment's own page tells. */
const deployment = (proof, { epoch = epochOf(proof), list = signers, ...others } = {}) => ({
  ...plainKey(),
  "expected.json": bytes({ epoch: "epoch.json", signers: "signers.json", max_age: "15m", ...others }),
  "epoch.json": bytes(epoch),
  "signers.json": bytes(list),
});
const healthy = secure.find((file) => file.instance.claim.startsWith("at-least"));
const breach = secure.find((file) => file.instance.claim.startsWith("below"));
const level = (file) => file.instance.claim.split(":")[1];

test("what is signed, of a level and fresh is valid", options, async () => {
  const page = await openPage(deployment(healthy, { at_least: level(healthy) }));
  await give(page, ["proof.json", bytes(healthy)]);
  await expectState(page, "accepted", /: valid: 0x[0-9a-f]{40} is at-least:/);
  const text = await page.textContent("#claim");
  assert.match(text, /the context, the state root, the market root and the model signed by 2 of 3; prices 1m[ \ds]* old \(signed by 2 of 3\)/);
  assert.match(text, /State root, signed by 2 of 3/);
  assert.match(text, /Claim, proved/);
  assert.equal(await page.textContent("#warning"), "");
  assert.deepEqual(requests.filter((request) => !OWN.test(request) && !/(epoch|signers)\.json$/.test(request)), []);
  // The reader asks for something else, and for nothing.
  await page.selectOption("#at-least", "");
  await expectState(page, "not-pinned", /nothing says what the claim must be/);
  await page.fill("#max-age", "1s");
  await page.keyboard.press("Tab");
  await expectState(page, "bad-expected", /are 1m[ \ds]* old: allowed are 1s/);
  assert.equal(await page.textContent("#title"), "The prices are not fresh");
  await page.fill("#max-age", "15");
  await page.keyboard.press("Tab");
  await expectState(page, "bad-expected", /allowed are whole seconds with a unit/);
  assert.deepEqual(page.errors, []);
});

test("an account below a level is told to be", options, async () => {
  const page = await openPage(deployment(breach, { at_least: "maintenance" }));
  await give(page, ["proof.json", bytes(breach)]);
  await expectState(page, "below", /valid: BELOW: 0x/);
});

test("the epoch file is chosen, or linked", options, async () => {
  const { "epoch.json": epoch, ...others } = deployment(healthy, { epoch: epochOf(healthy) });
  const expected = { signers: "signers.json", max_age: "15m", at_least: level(healthy) };
  const files = { ...others, "expected.json": bytes(expected), "e7.json": epoch };
  let page = await openPage(files);
  await give(page, ["proof.json", bytes(healthy)]);
  await expectState(page, "not-pinned", /nothing says what the context/);
  await give(page, ["e7.json", epoch]);
  await expectState(page, "accepted", /valid: /);
  await page.click("#told button");
  await expectState(page, "not-pinned", /nothing says/);
  page = await openPage({ ...files, "p.json": bytes(healthy) }, { query: "?proof=p.json&epoch=e7.json" });
  await expectState(page, "accepted", /valid: /);
  assert.match(await page.textContent("#told"), /Epoch file, given by you: e7\.json/);
  // Whoever made the link does not choose who must have signed.
  const sent = { ...files, "expected.json": bytes({}), "p.json": bytes(healthy) };
  page = await openPage(sent, { query: "?proof=p.json&epoch=signers.json" });
  await expectState(page, "failed", /names signers\.json, which is no epoch and no proof file/);
  assert.match(await page.textContent("#told"), /No epoch file and no signers yet/);
});

test("an epoch that its signers did not sign is none", options, async () => {
  const page = await openPage(deployment(healthy, { at_least: level(healthy) }));
  const proof = ["proof.json", bytes(healthy)];
  const refused = async (epoch, why) => {
    await give(page, ["epoch.json", bytes(epoch)], proof);
    await expectState(page, "bad-expected", why);
    assert.match(await page.textContent("#title"), /epoch file cannot be relied on/);
  };
  await refused(epochOf(healthy, { signed: 1 }), /signed by 1 of 3 signers: 2 are needed/);
  await refused({ ...epochOf(healthy), price_move_bps: 1 }, /or the epoch was changed after it was signed/);
  await refused({ ...epochOf(healthy), version: 2 }, /version 2 of the file format is unknown/);
  await give(page, ["epoch.json", bytes(epochOf(healthy, { time: 1_600_000_000 }))], proof);
  await expectState(page, "bad-expected", /2020-09-13 .* old: allowed are 15m/);
  // Of another state: signed, and not the proof's.
  await give(page, ["epoch.json", bytes(epochOf(healthy, { state_root: `0x${"00".repeat(31)}07` }))], proof);
  await expectState(page, "mismatch", /state_root is 0x[0-9a-f]{64}, expected 0x0+7/);
});

test("signers of this page have the last word", options, async () => {
  const page = await openPage(deployment(healthy, { at_least: level(healthy) }));
  const others = { threshold: 1, signers: signers.signers.slice(0, 1) };
  await give(page, ["mine.json", bytes(others)], ["proof.json", bytes(healthy)]);
  await expectState(page, "bad-expected", /this page comes with a list of signers, which counts/);
  await give(page, ["same.json", Buffer.from(JSON.stringify(signers, null, 2))]);
  await expectState(page, "accepted", /valid: /);
});

test("signers that the reader gave are worth who gave them", options, async () => {
  const page = await openPage({ ...plainKey(), "expected.json": bytes({ max_age: "15m", at_least: level(healthy) }) });
  await give(page, ["proof.json", bytes(healthy)], ["epoch.json", bytes(epochOf(healthy))]);
  await expectState(page, "not-pinned", /nothing says what the epoch file's signers must be/);
  await give(page, ["signers.json", bytes(signers)]);
  await expectState(page, "given-signers", /whom this page does not know/);
  assert.match(await page.textContent("#warning"), /Compare the addresses with those that your protocol publishes/);
  assert.doesNotMatch(await page.textContent("#result"), /valid/i);
  assert.ok((await page.textContent("#told")).includes(`2 of ${signers.signers.join(", ")}`));
  await give(page, ["two.json", bytes(signers)], ["three.json", bytes(signers)]);
  await expectState(page, "failed", /which of these 2 counts/);
  await give(page, ["signers.json", bytes({ threshold: 4, signers: signers.signers })]);
  await expectState(page, "bad-expected", /threshold 4: allowed are 1 to 3/);
});

test("a page cannot be told to accept keys for tests", options, async () => {
  const files = { ...insecureKey, "expected.json": bytes({ insecure_dev_srs: true }) };
  extra = files;
  const page = await browser.newPage();
  await page.goto(`${origin}/`);
  await expectState(page, "failed", /insecure_dev_srs, which is not a page's to say/);
});

test("a transparent proof, and one of a change, cannot be checked here", options, async () => {
  const page = await openPage(plainKey());
  const ipa = readFileSync(new URL("../golden/standard-small-ipa.proof.json", root));
  await give(page, ["ipa.json", ipa]);
  await expectState(page, "unsupported", /of the transparent system \(standard-small-ipa\), which `zkmargin verify` checks.*nothing was checked/);
  await give(page, ["change.json", Buffer.from('{"format":"zkmargin-transition"}')]);
  await expectState(page, "unsupported", /a proof of a transition, of a venue or with an escrow, which `zkmargin verify` checks/);
});

test("keyboard alone, and texts that are no HTML", options, async () => {
  const page = await openPage(plainKey());
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "file");
  await give(page, ["<img src=x onerror=alert(1)>.json", Buffer.from("<script>")]);
  await expectState(page, "malformed", /<img/);
  assert.equal(await page.locator("#result img").count(), 0);
});

/** WCAG 2: the ratio of luminances. */
function contrast(one, other) {
  const luminance = (rgb) => {
    const [r, g, b] = rgb.match(/[\d.]+/g).map((value) => {
      const part = Number(value) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

test("texts have contrast, light and dark", options, async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await openPage(insecureKey, { colorScheme });
    await give(page, ["my.vk", swapped()], ["proof.json", bytes(valid[0])]);
    await page.waitForSelector('#result[data-state="insecure"]');
    for (const state of ["accepted", "below", "given-signers", "given", "insecure", "mismatch", "invalid", "unsupported"]) {
      const colours = await page.evaluate((state) => {
        document.getElementById("result").dataset.state = state;
        const panel = getComputedStyle(document.getElementById("result")).backgroundColor;
        const body = getComputedStyle(document.body).backgroundColor;
        const texts = ["#result h2", "#summary", "#warning", "dt", "dd", "#drop strong", ".hint", "#keys button"];
        const of = (query) => getComputedStyle(document.querySelector(query)).color;
        return [
          ...texts.map((query) => [query, of(query), panel]),
          ...["header p", "#about p", "#expected label"].map((query) => [query, of(query), body]),
        ];
      }, state);
      for (const [query, text, ground] of colours) {
        const ratio = contrast(text, ground);
        assert.ok(ratio >= 4.5, `${colorScheme} ${state} ${query}: ${ratio.toFixed(2)}`);
      }
    }
  }
});
