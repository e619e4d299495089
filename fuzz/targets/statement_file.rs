#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zkmargin_fuzz::targets::statement_file(bytes));
