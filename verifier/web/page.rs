//! The page's files, for programs that serve it: `zkmargin verify --open` does.
#![no_std]

/// `index.html`.
pub const INDEX: &[u8] = include_bytes!("index.html");
/// `style.css`.
pub const STYLE: &[u8] = include_bytes!("style.css");
/// `app.js`, the page's own code.
pub const APP: &[u8] = include_bytes!("app.js");
/// `verifier.js`, which loads the verifier.
pub const VERIFIER: &[u8] = include_bytes!("verifier.js");
/// `verifier_bg.wasm`, the verifier: `tools/wasm/build-page.sh` makes it.
pub const WASM: &[u8] = include_bytes!("verifier_bg.wasm");
