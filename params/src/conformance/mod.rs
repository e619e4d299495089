//! Published cases, run through the same code as markets.
