// Size, speed and memory of the wasm in Chromium:
//
//     npm run bench:browser --prefix verifier/web

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

import { chromium } from "playwright-core";

import { bytes, key, valid } from "./vectors.mjs";

const root = new URL("../", import.meta.url);
const TYPES = { html: "text/html", js: "text/javascript", wasm: "application/wasm" };
const server = createServer((request, response) => {
  const path = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
  const file = new URL(path, root);
  response.writeHead(existsSync(file) ? 200 : 404, { "content-type": TYPES[path.split(".").pop()] ?? "" });
  response.end(existsSync(file) ? readFileSync(file) : undefined);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath, args });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const measured = await page.evaluate(
    async ([file, key]) => {
      const module = await import("/verifier.js");
      const wasm = await module.default();
      const [proof, vk] = [Uint8Array.from(file), Uint8Array.from(key)];
      const times = Array.from({ length: 40 }, () => {
        const start = performance.now();
        const { state } = JSON.parse(module.verify(proof, vk));
        // It holds, under powers of tau for tests.
        if (state !== "insecure") throw new Error(state);
        return performance.now() - start;
      }).sort((a, b) => a - b);
      return { milliseconds: times[times.length >> 1], memory_bytes: wasm.memory.buffer.byteLength };
    },
    [[...bytes(valid[0])], [...key]],
  );
  const code_bytes = readFileSync(new URL("verifier_bg.wasm", root)).length;
  const place = `Chromium ${browser.version()}`;
  console.log(JSON.stringify({ place, ...measured, code_bytes }));
} finally {
  await browser.close();
  server.close();
}
