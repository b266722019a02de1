//! Signatures over a body as it was sent: a keyed hash in a header, compared in constant time, and the
//! moment of signing, which has to be near.

use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use hmac::Hmac;
use hmac::Mac;
use hmac::digest::KeyInit;
use hyper::HeaderMap;
use hyper::header::HeaderName;
use secrecy::ExposeSecret;
use secrecy::SecretSlice;
use sha1::Sha1;
use sha2::Sha256;
use sha2::Sha512;

use super::header::only;
use crate::config::HmacEncoding;
use crate::config::HmacForm;
use crate::config::HmacHash;
use crate::config::PushSecret;
use crate::time::EpochMs;

/// How far from now the moment of signing may be, both ways, in milliseconds.
const WINDOW_MS: u64 = 5 * 60 * 1_000;
/// Signatures of one request that are looked at: some senders give one for each of their keys.
const SIGNATURES_MAX: usize = 8;
/// Base64 with or without what fills it up.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the senders of an endpoint sign.
#[derive(Debug)]
pub(super) struct Signature {
    key: SecretSlice<u8>,
    hash: HmacHash,
    encoding: HmacEncoding,
    /// Where the signature is.
    header: HeaderName,
    /// What stands before it.
    prefix: String,
    /// Whether the header may hold several with spaces between them.
    is_list: bool,
    /// Where the moment of signing is.
    timestamp: Option<HeaderName>,
    signed: Vec<Piece>,
}

/// A piece of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Header(HeaderName),
    Body,
}

/// What the head of a post says of its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timeliness {
    /// There is one, of a moment that is near where it has to be.
    Timely,
    /// There is none.
    Unsigned,
    /// Its moment is missing, or too far from now.
    Stale,
}

impl Signature {
    /// Signatures of a form.
    pub(super) fn of(form: &HmacForm, secret: &PushSecret) -> Self {
        let timestamp = form.timestamp_header.as_deref().map(name);
        Self {
            key: secret.expose().as_bytes().to_vec().into(),
            hash: form.hash,
            encoding: form.encoding,
            header: name(&form.header),
            prefix: form.prefix.clone(),
            is_list: false,
            signed: pieces(&form.signed, timestamp.as_ref()),
            timestamp,
        }
    }

    /// Signatures of Standard Webhooks, under its names of headers and under the older ones.
    pub(super) fn standard(secret: &PushSecret) -> [Self; 2] {
        ["webhook", "svix"].map(|family| {
            let name = |what: &str| name(&format!("{family}-{what}"));
            let dot = || Piece::Text(".".to_owned());
            let Some(key) = secret.webhook_key() else {
                unreachable!("the settings hold secrets that stand for a key")
            };
            Self {
                key: key.into(),
                hash: HmacHash::Sha256,
                encoding: HmacEncoding::Base64,
                header: name("signature"),
                prefix: "v1,".to_owned(),
                is_list: true,
                timestamp: Some(name("timestamp")),
                signed: vec![
                    Piece::Header(name("id")),
                    dot(),
                    Piece::Header(name("timestamp")),
                    dot(),
                    Piece::Body,
                ],
            }
        })
    }

    /// Whether a post has a signature of this form, and when it was made.
    pub(super) fn timeliness(&self, headers: &HeaderMap, now: EpochMs) -> Timeliness {
        if only(headers, &self.header).is_none() {
            return Timeliness::Unsigned;
        }
        let Some(header) = &self.timestamp else {
            return Timeliness::Timely;
        };
        let at = only(headers, header).and_then(|value| moment(value.to_str().ok()?));
        match at {
            Some(at) if at.ms().abs_diff(now.ms()) <= WINDOW_MS => Timeliness::Timely,
            _ => Timeliness::Stale,
        }
    }

    /// Whether a body is signed, as it was sent.
    pub(super) fn signs(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        match self.hash {
            HmacHash::Sha1 => self.is_good::<Hmac<Sha1>>(headers, body),
            HmacHash::Sha256 => self.is_good::<Hmac<Sha256>>(headers, body),
            HmacHash::Sha512 => self.is_good::<Hmac<Sha512>>(headers, body),
        }
    }

    fn is_good<M: Mac + KeyInit + Clone>(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let Ok(mut mac) = <M as Mac>::new_from_slice(self.key.expose_secret()) else {
            unreachable!("a key has any length")
        };
        for piece in &self.signed {
            match piece {
                Piece::Text(text) => mac.update(text.as_bytes()),
                Piece::Body => mac.update(body),
                Piece::Header(name) => match only(headers, name) {
                    Some(value) => mac.update(value.as_bytes()),
                    None => return false,
                },
            }
        }
        let offered = self.offered(headers);
        // Each is compared in constant time.
        offered
            .iter()
            .any(|signature| mac.clone().verify_slice(signature).is_ok())
    }

    /// The signatures of a post, decoded.
    fn offered(&self, headers: &HeaderMap) -> Vec<Vec<u8>> {
        let value = only(headers, &self.header).and_then(|value| value.to_str().ok());
        let text = value.unwrap_or_default();
        let each: Vec<&str> = match self.is_list {
            true => text.split(' ').take(SIGNATURES_MAX).collect(),
            false => vec![text],
        };
        let decoded = each.into_iter().filter_map(|text| {
            let digits = text.strip_prefix(self.prefix.as_str())?;
            match self.encoding {
                HmacEncoding::Hex => unhex(digits),
                HmacEncoding::Base64 => BASE64.decode(digits).ok(),
            }
        });
        decoded.collect()
    }
}

fn name(text: &str) -> HeaderName {
    match HeaderName::try_from(text) {
        Ok(name) => name,
        Err(_) => unreachable!("the settings hold names of headers"),
    }
}

/// The pieces of what is signed.
fn pieces(signed: &str, timestamp: Option<&HeaderName>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = signed;
    while !rest.is_empty() {
        let marks = [HmacForm::BODY, HmacForm::TIMESTAMP];
        let next = marks
            .iter()
            .filter_map(|mark| Some((rest.find(mark)?, *mark)));
        let (at, mark) = next.min().unwrap_or((rest.len(), ""));
        if at > 0 {
            pieces.push(Piece::Text(rest[..at].to_owned()));
        }
        match (mark, timestamp) {
            (HmacForm::BODY, _) => pieces.push(Piece::Body),
            (HmacForm::TIMESTAMP, Some(name)) => pieces.push(Piece::Header(name.clone())),
            _ => {}
        }
        rest = &rest[at + mark.len()..];
    }
    pieces
}

/// Seconds or milliseconds since 1970, or RFC 3339 in UTC.
fn moment(text: &str) -> Option<EpochMs> {
    /// Seconds beyond this would lie after the year 5000, milliseconds below it before 1974.
    const SECONDS_MAX: i64 = 100_000_000_000;
    let ms = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        match number < SECONDS_MAX {
            true => number * 1_000,
            false => number,
        }
    } else {
        let at = humantime::parse_rfc3339(text).ok()?;
        i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?
    };
    Some(EpochMs::from_ms(ms))
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok());
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use secrecy::SecretString;

    use super::*;

    const NOW: EpochMs = EpochMs::from_ms(1_614_265_330_000);

    fn headers(of: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (key, value) in of {
            map.append(name(key), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn form(hash: HmacHash, encoding: HmacEncoding) -> HmacForm {
        HmacForm {
            header: "x-sig".to_owned(),
            hash,
            encoding,
            prefix: String::new(),
            timestamp_header: None,
            signed: HmacForm::BODY.to_owned(),
        }
    }

    fn secret(text: &str) -> PushSecret {
        SecretString::from(text).into()
    }

    /// RFC 2202 and RFC 4231, the second case of each.
    #[test]
    fn hashes_are_those_of_the_standards() {
        let check = |hash, encoding, signature: &str, expected: bool| {
            let body = b"what do ya want for nothing?";
            let signs = Signature::of(&form(hash, encoding), &secret("Jefe"));
            let signed = signs.signs(&headers(&[("x-sig", signature)]), body);
            assert_eq!(signed, expected, "{signature}");
        };
        use HmacEncoding::*;
        use HmacHash::*;
        check(Sha1, Hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", true);
        check(Sha1, Hex, "EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79", true);
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        check(Sha256, Hex, sha256, true);
        let base64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM";
        check(Sha256, Base64, base64, true);
        check(Sha256, Base64, &format!("{base64}="), true);
        check(
            Sha512,
            Hex,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            true,
        );
        // A digit, a half, an end, another hash, another writing, none.
        check(Sha256, Hex, &sha256.replace("5b", "5c"), false);
        check(Sha256, Hex, &sha256[..32], false);
        check(Sha256, Hex, &sha256[..63], false);
        check(Sha256, Hex, &format!("{sha256}00"), false);
        check(Sha1, Hex, sha256, false);
        check(Sha256, Base64, sha256, false);
        check(Sha256, Hex, "", false);
        check(Sha256, Hex, &format!("sha256={sha256}"), false);
    }

    #[test]
    fn what_is_signed_is_put_together_as_the_settings_say() {
        let at = name("x-at");
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(
            pieces("v0:{timestamp}:{body}!", Some(&at)),
            [
                text("v0:"),
                Piece::Header(at.clone()),
                text(":"),
                Piece::Body,
                text("!")
            ]
        );
        assert_eq!(
            pieces("{timestamp}{body}", Some(&at)),
            [Piece::Header(at), Piece::Body]
        );
        assert_eq!(pieces("{body}", None), [Piece::Body]);
    }

    #[test]
    fn a_signature_is_of_the_latest_five_minutes_and_covers_its_moment() {
        let mut form = form(HmacHash::Sha256, HmacEncoding::Hex);
        form.timestamp_header = Some("x-at".to_owned());
        form.signed = "{timestamp}{body}".to_owned();
        let signs = Signature::of(&form, &secret("k"));
        let check = |of: &[(&str, &str)], expected: Timeliness| {
            assert_eq!(signs.timeliness(&headers(of), NOW), expected, "{of:?}");
        };
        let sig = ("x-sig", "00");
        for (at, expected) in [
            ("1614265330", Timeliness::Timely),
            ("1614265330000", Timeliness::Timely),
            ("2021-02-25T15:02:10Z", Timeliness::Timely),
            ("2021-02-25T15:02:10.123Z", Timeliness::Timely),
            ("1614265030", Timeliness::Timely),
            ("1614265630", Timeliness::Timely),
            ("1614265029", Timeliness::Stale),
            ("1614265631", Timeliness::Stale),
            ("", Timeliness::Stale),
            ("-1", Timeliness::Stale),
            ("99999999999999999999", Timeliness::Stale),
            ("yesterday", Timeliness::Stale),
        ] {
            check(&[sig, ("x-at", at)], expected);
        }
        check(&[sig], Timeliness::Stale);
        let at = ("x-at", "1614265330");
        check(&[sig, at, at], Timeliness::Stale);
        check(&[at], Timeliness::Unsigned);
        check(&[sig, sig, at], Timeliness::Unsigned);
        // printf %s '1614265330{}' | openssl dgst -sha256 -hmac k
        let good = "11bcf1e5c37f9127893491127bb05a2507c28972e790a73b17ef2a26658e3c53";
        assert!(signs.signs(&headers(&[("x-sig", good), at]), b"{}"));
        let later = ("x-at", "1614265331");
        assert!(!signs.signs(&headers(&[("x-sig", good), later]), b"{}"));
        assert!(!signs.signs(&headers(&[("x-sig", good)]), b"{}"));
    }

    #[test]
    fn standard_webhooks_give_several_signatures() {
        let signs = Signature::standard(&secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let check = |family: usize, name: &str, signature: &str, id: &str, expected: bool| {
            let of = [
                (format!("{name}-signature"), signature),
                (format!("{name}-id"), id),
                (format!("{name}-timestamp"), "1614265330"),
            ];
            let of: Vec<(&str, &str)> = of.iter().map(|(key, value)| (&**key, *value)).collect();
            let signed = signs[family].signs(&headers(&of), b"{\"test\": 2432232314}");
            assert_eq!(signed, expected, "{name} {signature} {id}");
        };
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        check(0, "webhook", good, id, true);
        check(1, "svix", good, id, true);
        check(0, "webhook", &format!("v1,AAAA v1a,x {good}"), id, true);
        check(0, "webhook", &format!("v1,AAAA {good}x"), id, false);
        check(0, "webhook", good, "msg_other", false);
        check(0, "svix", good, id, false);
        check(0, "webhook", &good.replace("v1,", "v2,"), id, false);
        check(
            0,
            "webhook",
            &[&"v1,AA ".repeat(8), good].concat(),
            id,
            false,
        );
    }
}
