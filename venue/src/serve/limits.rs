//! Rates and numbers of connections, by address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// How often one address may ask.
#[derive(Debug)]
pub(super) struct Rate {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Rate {
    /// So many a second, and as many at once; `None` for zero.
    pub(super) fn per_second(requests: u32) -> Option<Self> {
        let quota = Quota::per_second(NonZeroU32::new(requests)?);
        Some(Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() })
    }

    /// Counts one request; the seconds to wait where it is one too many.
    pub(super) fn count(&self, address: IpAddr) -> Result<(), u32> {
        self.limiter.check_key(&network(address)).map_err(|early| {
            let wait = early.wait_time_from(self.clock.now());
            u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
        })
    }

    /// Forgets addresses that were silent for long enough.
    pub(super) fn forget_silent(&self) {
        self.limiter.retain_recent();
    }
}

/// What one stranger has: an address of IPv4, a /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// Open connections by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Connections,
    address: IpAddr,
}

impl Connections {
    /// Takes one more connection of an address, if it has fewer than allowed.
    pub(super) fn open(&self, address: IpAddr, most: usize) -> Option<Connection> {
        let address = network(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Connection { all: self.clone(), address })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_their_own_limits() {
        let rate = Rate::per_second(2).unwrap();
        let [one, other]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|a| a.parse().unwrap());
        assert_eq!((rate.count(one), rate.count(one)), (Ok(()), Ok(())));
        assert_eq!((rate.count(one), rate.count(other)), (Err(1), Ok(())));
        assert!(Rate::per_second(0).is_none());
        let v6 = |text: &str| network(text.parse().unwrap());
        assert_eq!(v6("2001:db8::1"), v6("2001:db8::ffff:2"));
        assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
        assert_eq!(v6("::ffff:10.0.0.1"), one);
    }

    #[test]
    fn connections_are_counted_while_they_are_open() {
        let all = Connections::default();
        let address = "10.0.0.1".parse().unwrap();
        let first = all.open(address, 2).unwrap();
        let _second = all.open(address, 2).unwrap();
        assert!(all.open(address, 2).is_none());
        drop(first);
        assert!(all.open(address, 2).is_some());
    }
}
