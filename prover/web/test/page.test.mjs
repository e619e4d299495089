// The page and the worker in Chromium. ZKMARGIN_BROWSER_PROOFS=1 also proves by the
// page's own button, in the transparent system, which needs no powers of tau.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { fixture, inputs, read, root } from "./inputs.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
// The packages are the verifier's page's.
const driver = new URL("../../verifier/web/node_modules/playwright-core/index.mjs", root);
const missing = existsSync(executablePath) ? "" : `no browser at ${executablePath}`;
const skip = missing || (existsSync(driver) ? false : "npm ci in verifier/web brings playwright-core");
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", wasm: "application/wasm" };
let server;
let browser;
let requests;

before(async () => {
  if (skip) return;
  const { chromium } = await import(driver);
  server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
    requests.push(`${request.method} ${path}`);
    const file = new URL(path, root);
    const body = existsSync(file) ? readFileSync(file) : undefined;
    response.writeHead(body ? 200 : 404, { "content-type": TYPES[path.split(".").pop()] ?? "" });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  browser = await chromium.launch({ executablePath, args });
});

after(async () => {
  await browser?.close();
  server?.close();
});

async function openPage(system, context) {
  requests = [];
  const page = await (context ?? browser).newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForSelector("html[data-ready]");
  for (const [id, name] of [
    ["portfolio", "portfolio.json"],
    ["market", `market-${system}.json`],
    ["place", `path-${system}.json`],
  ]) {
    await page.setInputFiles(`#${id}`, { name, buffer: fixture(name), mimeType: "" });
  }
  return page;
}

/** Only this page's own files were asked for, and nothing was sent. */
function nothingLeft(page) {
  const own = /^GET (index\.html|[a-z-]+\.(js|css)|prover_bg\.wasm)$/;
  assert.deepEqual(requests.filter((request) => !own.test(request)), []);
  assert.deepEqual(page.errors, []);
}

test("a worker of the tab proves, and nothing leaves the tab", { skip, timeout: 300_000 }, async () => {
  const page = await openPage("kzg");
  const told = Object.fromEntries(
    Object.entries(inputs("kzg")).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString() : value]),
  );
  const { stages, seconds, result } = await page.evaluate(async (told) => {
    const { prove } = await import("./index.js");
    const stages = [];
    const began = performance.now();
    const result = await prove(told, { onProgress: ({ stage }) => stages.push(stage) });
    return { stages, seconds: (performance.now() - began) / 1000, result };
  }, told);
  assert.deepEqual(stages, ["check", "parameters", "key", "proof"]);
  assert.equal(read(result.proof).circuit, "standard-small-kzg-wide");
  console.log(`Chromium, ${result.circuit}: ${seconds.toFixed(1)} s, ${(result.memory_bytes / 2 ** 20).toFixed(0)} MiB`);
  nothingLeft(page);
  await page.close();
});

test("the page says what is missing and what is false, before it computes", { skip }, async () => {
  const page = await openPage("kzg");
  const ended = async (state) => {
    // Not how it ended before.
    await page.evaluate(() => delete document.getElementById("result").dataset.state);
    await page.click("#prove");
    await page.waitForSelector(`#result[data-state="${state}"]`);
    return page.textContent("#result");
  };
  assert.match(await ended("failed"), /needs powers of tau of size 2\^13.*What to do: give the ceremony's/s);
  await page.selectOption("#layout", "wide");
  assert.match(await ended("failed"), /needs powers of tau of size 2\^12/);
  await page.setInputFiles("#srs", { name: "x.ptau", buffer: Buffer.from("no powers"), mimeType: "" });
  assert.match(await ended("failed"), /the powers of tau: /);
  const poor = fixture("portfolio.json").toString().replace("20417.77", "1");
  await page.setInputFiles("#portfolio", { name: "p.json", buffer: Buffer.from(poor), mimeType: "" });
  assert.match(await ended("failed"), /What to do: /);
  nothingLeft(page);
  await page.close();
});

test("what is cancelled leaves nothing", { skip, timeout: 300_000 }, async () => {
  const page = await openPage("ipa");
  await page.click("#prove");
  await page.waitForSelector("text=Checking or making public parameters");
  await page.click("#cancel");
  await page.waitForSelector('#result[data-state="cancelled"]');
  assert.equal(await page.isVisible("#save"), false);
  nothingLeft(page);
  await page.close();
});

const slow = skip || (process.env.ZKMARGIN_BROWSER_PROOFS ? false : "ZKMARGIN_BROWSER_PROOFS=1 proves by the page's button");

test("the page proves, and keeps the parameters for the next time", { skip: slow, timeout: 600_000 }, async () => {
  const context = await browser.newContext();
  for (const which of ["first", "then"]) {
    const page = await openPage("ipa", context);
    await page.selectOption("#claim", "at-least:initial");
    await page.click("#prove");
    await page.waitForSelector('#result[data-state="accepted"]', { timeout: 300_000 });
    const text = await page.textContent("#result");
    assert.match(text, /Proved0x[0-9a-f]{40} is at-least:initial: a proof file of \d+ bytes/);
    console.log(`Chromium, standard-small-ipa, ${which}: ${text.match(/in ([\d.]+ s and \d+ MiB)/)[1]}`);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    assert.equal(saved.suggestedFilename(), "proof.json");
    assert.equal(read(readFileSync(await saved.path(), "utf8")).circuit, "standard-small-ipa");
    nothingLeft(page);
    await page.close();
  }
});
