//! `--trusted-proxy`: addresses from which what is said of a request's way is believed.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv6Addr;

/// An address, or all that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address. One of IPv4 inside IPv6 is one of IPv4.
    first: IpAddr,
    /// 1 <= bits <= 32 or 128.
    bits: u8,
}

impl Network {
    /// Reads `10.0.0.7`, `10.0.0.0/8`, `::1` or `fd00::/8`.
    ///
    /// # Errors
    /// One reason that says what to write.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str =
            "not an IP address or network; write one such as 10.0.0.7 or 10.0.0.0/8";
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let bare = address
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let address: IpAddr = bare.unwrap_or(address).parse().map_err(|_| SHAPE)?;
        let bits_max: u8 = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| SHAPE)?
            }
            Some(_) => return Err(SHAPE),
            None => bits_max,
        };
        if bits > bits_max {
            return Err("has more bits than an address; write at most /32, with IPv6 /128");
        }
        if bits == 0 {
            return Err("would believe everybody; name the addresses of the proxies");
        }
        let (first, bits) = match (address.to_canonical(), bits.checked_sub(96)) {
            (first @ IpAddr::V4(_), Some(inner)) if address.is_ipv6() && inner > 0 => {
                (first, inner)
            }
            (IpAddr::V4(_), _) if address.is_ipv6() => {
                return Err("would believe every IPv4 address; name the addresses of the proxies");
            }
            (first, _) => (first, bits),
        };
        let network = Self { first, bits };
        if network.masked(first) != number(first) {
            return Err("has bits set behind its length; write the first address of the network");
        }
        Ok(network)
    }

    /// Whether an address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && self.masked(address) == number(self.first)
    }

    fn masked(&self, address: IpAddr) -> u128 {
        number(address) & (u128::MAX << (128 - u32::from(self.bits)))
    }
}

/// The bits of an address, the first one highest.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_by_their_first_bits() {
        let check = |network: &str, address: &str, expected: bool| {
            let network = Network::parse(network).expect(network);
            let is_in = network.contains(address.parse().unwrap());
            assert_eq!(is_in, expected, "{network} {address}");
        };
        check("10.0.0.7", "10.0.0.7", true);
        check("10.0.0.7", "10.0.0.8", false);
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("172.16.0.0/12", "172.31.255.255", true);
        check("172.16.0.0/12", "172.32.0.0", false);
        check("::ffff:10.0.0.0/104", "10.9.9.9", true);
        check("::ffff:10.0.0.0/104", "11.9.9.9", false);
        check("::ffff:127.0.0.1", "127.0.0.1", true);
        check("::1", "::1", true);
        check("[::1]", "::1", true);
        check("::1", "127.0.0.1", false);
        check("fd00::/8", "fdab::1", true);
        check("fd00::/8", "fe80::1", false);
        check("fd00::/8", "253.0.0.1", false);
    }

    #[test]
    fn what_is_none_is_refused_in_words() {
        for (text, part) in [
            ("", "not an IP address"),
            ("localhost", "not an IP address"),
            ("10.0.0", "not an IP address"),
            ("10.0.0.0/", "not an IP address"),
            ("10.0.0.0/+8", "not an IP address"),
            ("10.0.0.0/255.0.0.0", "not an IP address"),
            ("127.0.0.1:80", "not an IP address"),
            ("unix:", "not an IP address"),
            ("10.0.0.0/33", "more bits"),
            ("::/129", "more bits"),
            ("10.0.0.0/999", "not an IP address"),
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
            ("::ffff:0.0.0.0/96", "every IPv4 address"),
            ("10.0.0.1/8", "behind its length"),
            ("fd00::1/8", "behind its length"),
        ] {
            let why = Network::parse(text).expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
