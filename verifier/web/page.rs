//! The page's files, for programs that serve it: `zkmargin verify --open` does.
#![no_std]

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type and bytes of each file. `tools/wasm/build-page.sh` makes the last
/// two, the verifier.
pub const FILES: [(&str, &str, &[u8]); 8] = [
    ("/", "text/html; charset=utf-8", include_bytes!("index.html")),
    ("/style.css", "text/css; charset=utf-8", include_bytes!("style.css")),
    ("/app.js", SCRIPT, include_bytes!("app.js")),
    ("/told.js", SCRIPT, include_bytes!("told.js")),
    ("/verdict.js", SCRIPT, include_bytes!("verdict.js")),
    ("/index.js", SCRIPT, include_bytes!("index.js")),
    ("/verifier.js", SCRIPT, include_bytes!("verifier.js")),
    ("/verifier_bg.wasm", "application/wasm", include_bytes!("verifier_bg.wasm")),
];
