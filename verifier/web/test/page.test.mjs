// The page in a real browser, served as a file server would. Needs Chromium
// ($CHROMIUM or /usr/bin/chromium); without one the tests are skipped.
// SCREENSHOTS=DIR writes pictures of every state, light and dark.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { describeKey, initSync } from "../verifier.js";
import { bytes, key, valid } from "./vectors.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const options = { skip: existsSync(executablePath) ? false : `no browser at ${executablePath}` };
const root = new URL("../", import.meta.url);
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", wasm: "application/wasm" };

initSync({ module: readFileSync(new URL("verifier_bg.wasm", root)) });
const digest = JSON.parse(describeKey(key)).digest;

/** The key as a deployment of secure powers of tau would have it: the mark is
 * one byte, after the magic, version and two names. */
function unmarked() {
  const copy = Buffer.from(key);
  copy[11 + 2 + 1 + "standard".length + 1 + "small".length] = 0;
  return copy;
}

/** The proofs as made under those powers of tau. */
const secure = valid.map((file) => ({ ...file, srs: JSON.parse(describeKey(unmarked())).srs }));

let server;
let browser;
let origin;
/** Files of the server besides the page's own. */
let extra = {};
/** Requests that were made. */
let requests = [];

before(async () => {
  if (options.skip) return;
  server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
    requests.push(`${request.method} ${path}`);
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
const plainKey = () => {
  const bytes = unmarked();
  const index = [{ file: "small.vk", digest: JSON.parse(describeKey(bytes)).digest }];
  return { "keys/keys.json": JSON.stringify(index), "keys/small.vk": bytes };
};

test("a valid proof", options, async () => {
  const page = await openPage(plainKey());
  const file = secure.find((file) => file.instance.disclosed !== "0");
  await give(page, ["proof.json", bytes(file)]);
  await expectState(page, "valid", /does not meet its initial margin, in epoch 7/);
  const text = await page.textContent("#claim");
  for (const value of Object.values(file.instance)) assert.ok(text.includes(String(value)));
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
  await expectState(page, "valid", /in epoch 7/);
  assert.match(await page.textContent("#keys"), /given by you/);
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
  await expectState(page, "valid", /in epoch 7/);
  page = await openPage(plainKey(), { query: "?proof=https://example.org/x" });
  await expectState(page, "failed", /only files of this page/);
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
    await give(page, ["proof.json", bytes(valid[0])]);
    await page.waitForSelector('#result[data-state="insecure"]');
    for (const state of ["valid", "insecure", "invalid", "malformed", "unknown-key"]) {
      const colours = await page.evaluate((state) => {
        document.getElementById("result").dataset.state = state;
        const panel = getComputedStyle(document.getElementById("result")).backgroundColor;
        const body = getComputedStyle(document.body).backgroundColor;
        const texts = ["#result h2", "#summary", "#warning", "dt", "dd", "#drop strong", ".hint"];
        const of = (query) => getComputedStyle(document.querySelector(query)).color;
        return [
          ...texts.map((query) => [query, of(query), panel]),
          ...["header p", "#about p"].map((query) => [query, of(query), body]),
        ];
      }, state);
      for (const [query, text, ground] of colours) {
        const ratio = contrast(text, ground);
        assert.ok(ratio >= 4.5, `${colorScheme} ${state} ${query}: ${ratio.toFixed(2)}`);
      }
    }
  }
});
