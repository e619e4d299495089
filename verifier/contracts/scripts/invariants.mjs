// Runs the invariant campaign with forge, which npm brings. FOUNDRY_INVARIANT_RUNS
// and FOUNDRY_INVARIANT_DEPTH make it longer; other arguments go to forge.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fail, root } from "./solc.mjs";

const forge = join(root, "node_modules/@foundry-rs/forge-linux-amd64/bin/forge");
if (!existsSync(forge)) fail("forge is not there: npm ci brings it on Linux x86-64");
const shim = join(root, "scripts/solc-shim.mjs");
const args = ["test", "--use", shim, "--offline", ...process.argv.slice(2)];
const { status, error } = spawnSync(forge, args, { cwd: root, stdio: "inherit" });
if (error) fail(error.message);
process.exit(status ?? 1);
