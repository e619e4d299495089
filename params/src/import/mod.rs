//! Venues' own formats.
