#![doc = include_str!("README.md")]
#![no_std]

/// A recorded account of Hyperliquid, its address removed.
pub const ACCOUNT: &str = include_str!("hyperliquid/account.json");
/// Its prices.
pub const SNAPSHOT: &str = include_str!("hyperliquid/snapshot.json");
/// The same coins after a hypothetical move against the account.
pub const SNAPSHOT_DROP: &str = include_str!("hyperliquid/snapshot-drop.json");
/// The same coins once prices have come back.
pub const SNAPSHOT_RECOVERY: &str = include_str!("hyperliquid/snapshot-recovery.json");
/// A chain of Bitcoin options, 5 December 2025.
pub const CHAIN_BTC: &str = include_str!("deribit/btc-20251205.csv");
/// A chain of Ether options, 8 January 2024.
pub const CHAIN_ETH: &str = include_str!("deribit/eth-20240108.csv");
