// The same in node, where a file cannot be fetched: loaded when it is imported.

import { readFileSync } from "node:fs";

import { initSync } from "./verifier.js";

initSync({ module: readFileSync(new URL("./verifier_bg.wasm", import.meta.url)) });

export * from "./index.js";
