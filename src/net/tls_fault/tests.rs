use rustls::CertRevocationListError;
use rustls::ContentType;
use rustls::EncryptedClientHelloError;
use rustls::ExtendedKeyPurpose;
use rustls::HandshakeType;
use rustls::InconsistentKeys;
use rustls::OtherError;
use rustls::PeerMisbehaved;
use rustls_pki_types::ServerName;

use super::*;

/// The text that a person sees.
fn text(error: &Error) -> String {
    match describe(error) {
        TlsFault::Certificate(fault) => fault.to_string(),
        TlsFault::Handshake(words) => words,
    }
}

/// An error whose `Display` is its `Debug` form, as those of the certificate verifier are.
#[derive(Debug)]
#[allow(dead_code, reason = "for its Debug form alone")]
enum Verifier {
    CaUsedAsEndEntity,
    MaximumPathBuildCallsExceeded,
    TrailingData(Inner),
    UnsupportedThing { oid: Vec<u8> },
}

#[derive(Debug)]
enum Inner {
    CertificateExtensions,
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Verifier {}

fn other(inner: Verifier) -> OtherError {
    OtherError(std::sync::Arc::new(inner))
}

fn certificate_errors() -> Vec<CertificateError> {
    use CertificateError as C;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_768_478_400));
    vec![
        C::BadEncoding,
        C::Expired,
        C::ExpiredContext {
            time,
            not_after: time,
        },
        C::NotValidYet,
        C::NotValidYetContext {
            time,
            not_before: time,
        },
        C::Revoked,
        C::UnhandledCriticalExtension,
        C::UnknownIssuer,
        C::UnknownRevocationStatus,
        C::ExpiredRevocationList,
        C::ExpiredRevocationListContext {
            time,
            next_update: time,
        },
        C::BadSignature,
        C::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![1, 2, 3],
            supported_algorithms: Vec::new(),
        },
        C::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: vec![1, 2, 3],
            public_key_algorithm_id: vec![4, 5, 6],
        },
        C::NotValidForName,
        C::NotValidForNameContext {
            expected: ServerName::try_from("a.example").unwrap(),
            presented: vec!["DnsName(\"b.example\")".to_owned(); 9],
        },
        C::InvalidPurpose,
        C::InvalidPurposeContext {
            required: ExtendedKeyPurpose::ServerAuth,
            presented: vec![ExtendedKeyPurpose::ClientAuth],
        },
        C::InvalidOcspResponse,
        C::ApplicationVerificationFailure,
        C::Other(other(Verifier::CaUsedAsEndEntity)),
        C::Other(other(Verifier::MaximumPathBuildCallsExceeded)),
        C::Other(other(Verifier::TrailingData(Inner::CertificateExtensions))),
        C::Other(other(Verifier::UnsupportedThing { oid: vec![1, 2] })),
    ]
}

fn alerts() -> impl Iterator<Item = Error> {
    (0..=u8::MAX).map(|number| Error::AlertReceived(AlertDescription::from(number)))
}

fn peer_errors() -> Vec<Error> {
    vec![
        PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported.into(),
        PeerMisbehaved::BadCertChainExtensions.into(),
        PeerMisbehaved::CipherSuiteDifferedOnRetry.into(),
        PeerMisbehaved::DisallowedEncryptedExtension.into(),
        PeerMisbehaved::DuplicateClientHelloExtensions.into(),
        PeerMisbehaved::DuplicateEncryptedExtensions.into(),
        PeerMisbehaved::DuplicateHelloRetryRequestExtensions.into(),
        PeerMisbehaved::DuplicateNewSessionTicketExtensions.into(),
        PeerMisbehaved::DuplicateServerHelloExtensions.into(),
        PeerMisbehaved::DuplicateServerNameTypes.into(),
        PeerMisbehaved::EarlyDataAttemptedInSecondClientHello.into(),
        PeerMisbehaved::EarlyDataExtensionWithoutResumption.into(),
        PeerMisbehaved::EarlyDataOfferedWithVariedCipherSuite.into(),
        PeerMisbehaved::EchAcceptanceVariedAfterRetry.into(),
        PeerMisbehaved::HandshakeHashVariedAfterRetry.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithEmptyCookie.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithNoChanges.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithOfferedGroup.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithUnofferedCipherSuite.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithUnofferedNamedGroup.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithUnsupportedVersion.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithWrongSessionId.into(),
        PeerMisbehaved::IllegalHelloRetryRequestWithInvalidEch.into(),
        PeerMisbehaved::IllegalMiddleboxChangeCipherSpec.into(),
        PeerMisbehaved::IllegalTlsInnerPlaintext.into(),
        PeerMisbehaved::IncorrectBinder.into(),
        PeerMisbehaved::InvalidCertCompression.into(),
        PeerMisbehaved::InvalidMaxEarlyDataSize.into(),
        PeerMisbehaved::InvalidKeyShare.into(),
        PeerMisbehaved::KeyEpochWithPendingFragment.into(),
        PeerMisbehaved::KeyUpdateReceivedInQuicConnection.into(),
        PeerMisbehaved::MessageInterleavedWithHandshakeMessage.into(),
        PeerMisbehaved::MissingBinderInPskExtension.into(),
        PeerMisbehaved::MissingKeyShare.into(),
        PeerMisbehaved::MissingPskExtensionInSecondClientHello.into(),
        PeerMisbehaved::MissingPskModesExtension.into(),
        PeerMisbehaved::MissingQuicTransportParameters.into(),
        PeerMisbehaved::OfferedDuplicateCertificateCompressions.into(),
        PeerMisbehaved::OfferedDuplicateKeyShares.into(),
        PeerMisbehaved::OfferedEarlyDataWithOldProtocolVersion.into(),
        PeerMisbehaved::OfferedEmptyApplicationProtocol.into(),
        PeerMisbehaved::OfferedIncorrectCompressions.into(),
        PeerMisbehaved::PskExtensionMustBeLast.into(),
        PeerMisbehaved::PskExtensionWithMismatchedIdsAndBinders.into(),
        PeerMisbehaved::RefusedToFollowHelloRetryRequest.into(),
        PeerMisbehaved::RejectedEarlyDataInterleavedWithHandshakeMessage.into(),
        PeerMisbehaved::ResumptionAttemptedWithVariedEms.into(),
        PeerMisbehaved::ResumptionOfferedWithVariedCipherSuite.into(),
        PeerMisbehaved::ResumptionOfferedWithVariedEms.into(),
        PeerMisbehaved::ResumptionOfferedWithIncompatibleCipherSuite.into(),
        PeerMisbehaved::SelectedDifferentCipherSuiteAfterRetry.into(),
        PeerMisbehaved::SelectedInvalidPsk.into(),
        PeerMisbehaved::SelectedTls12UsingTls13VersionExtension.into(),
        PeerMisbehaved::SelectedUnofferedApplicationProtocol.into(),
        PeerMisbehaved::SelectedUnofferedCertCompression.into(),
        PeerMisbehaved::SelectedUnofferedCipherSuite.into(),
        PeerMisbehaved::SelectedUnofferedCompression.into(),
        PeerMisbehaved::SelectedUnofferedKxGroup.into(),
        PeerMisbehaved::SelectedUnofferedPsk.into(),
        PeerMisbehaved::SelectedUnusableCipherSuiteForVersion.into(),
        PeerMisbehaved::ServerEchoedCompatibilitySessionId.into(),
        PeerMisbehaved::ServerHelloMustOfferUncompressedEcPoints.into(),
        PeerMisbehaved::ServerNameDifferedOnRetry.into(),
        PeerMisbehaved::ServerNameMustContainOneHostName.into(),
        PeerMisbehaved::SignedKxWithWrongAlgorithm.into(),
        PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into(),
        PeerMisbehaved::TooManyEmptyFragments.into(),
        PeerMisbehaved::TooManyKeyUpdateRequests.into(),
        PeerMisbehaved::TooManyRenegotiationRequests.into(),
        PeerMisbehaved::TooManyWarningAlertsReceived.into(),
        PeerMisbehaved::TooMuchEarlyDataReceived.into(),
        PeerMisbehaved::UnexpectedCleartextExtension.into(),
        PeerMisbehaved::UnsolicitedCertExtension.into(),
        PeerMisbehaved::UnsolicitedEncryptedExtension.into(),
        PeerMisbehaved::UnsolicitedSctList.into(),
        PeerMisbehaved::UnsolicitedServerHelloExtension.into(),
        PeerMisbehaved::WrongGroupForKeyShare.into(),
        PeerMisbehaved::UnsolicitedEchExtension.into(),
        PeerIncompatible::EcPointsExtensionRequired.into(),
        PeerIncompatible::ExtendedMasterSecretExtensionRequired.into(),
        PeerIncompatible::IncorrectCertificateTypeExtension.into(),
        PeerIncompatible::KeyShareExtensionRequired.into(),
        PeerIncompatible::NamedGroupsExtensionRequired.into(),
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon.into(),
        PeerIncompatible::NoCipherSuitesInCommon.into(),
        PeerIncompatible::NoEcPointFormatsInCommon.into(),
        PeerIncompatible::NoKxGroupsInCommon.into(),
        PeerIncompatible::NoSignatureSchemesInCommon.into(),
        PeerIncompatible::NullCompressionRequired.into(),
        PeerIncompatible::ServerDoesNotSupportTls12Or13.into(),
        PeerIncompatible::ServerSentHelloRetryRequestWithUnknownExtension.into(),
        PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into(),
        PeerIncompatible::SignatureAlgorithmsExtensionRequired.into(),
        PeerIncompatible::SupportedVersionsExtensionRequired.into(),
        PeerIncompatible::Tls12NotOffered.into(),
        PeerIncompatible::Tls12NotOfferedOrEnabled.into(),
        PeerIncompatible::Tls13RequiredForQuic.into(),
        PeerIncompatible::UncompressedEcPointsRequired.into(),
        PeerIncompatible::UnsolicitedCertificateTypeExtension.into(),
        PeerIncompatible::ServerRejectedEncryptedClientHello(None).into(),
        InvalidMessage::CertificatePayloadTooLarge.into(),
        InvalidMessage::HandshakePayloadTooLarge.into(),
        InvalidMessage::InvalidCcs.into(),
        InvalidMessage::InvalidContentType.into(),
        InvalidMessage::InvalidCertificateStatusType.into(),
        InvalidMessage::InvalidCertRequest.into(),
        InvalidMessage::InvalidDhParams.into(),
        InvalidMessage::InvalidEmptyPayload.into(),
        InvalidMessage::InvalidKeyUpdate.into(),
        InvalidMessage::InvalidServerName.into(),
        InvalidMessage::MessageTooLarge.into(),
        InvalidMessage::MessageTooShort.into(),
        InvalidMessage::MissingKeyExchange.into(),
        InvalidMessage::NoSignatureSchemes.into(),
        InvalidMessage::UnknownProtocolVersion.into(),
        InvalidMessage::UnsupportedCompression.into(),
        InvalidMessage::UnsupportedCurveType.into(),
        InvalidMessage::EmptyTicketValue.into(),
        InvalidMessage::IllegalEmptyValue.into(),
        InvalidMessage::PreSharedKeyIsNotFinalExtension.into(),
        InvalidMessage::UnknownHelloRetryRequestExtension.into(),
        InvalidMessage::UnknownCertificateExtension.into(),
        InvalidMessage::MissingData("Server \"Name\"").into(),
        InvalidMessage::TrailingData("KeyShareEntry").into(),
        InvalidMessage::UnexpectedMessage("ServerHello").into(),
        InvalidMessage::IllegalEmptyList("CipherSuites").into(),
        InvalidMessage::DuplicateExtension(7).into(),
    ]
}

fn further_errors() -> Vec<Error> {
    vec![
        Error::InappropriateMessage {
            expect_types: vec![ContentType::Handshake],
            got_type: ContentType::ApplicationData,
        },
        Error::InappropriateMessage {
            expect_types: vec![ContentType::Handshake],
            got_type: ContentType::Unknown(72),
        },
        Error::InappropriateHandshakeMessage {
            expect_types: vec![HandshakeType::ServerHello],
            got_type: HandshakeType::CertificateRequest,
        },
        Error::InvalidEncryptedClientHello(EncryptedClientHelloError::InvalidConfigList),
        Error::NoCertificatesPresented,
        Error::UnsupportedNameType,
        Error::DecryptError,
        Error::EncryptError,
        Error::InvalidCertRevocationList(CertRevocationListError::BadSignature),
        Error::General("a library\nsays { so }".to_owned()),
        Error::FailedToGetCurrentTime,
        Error::FailedToGetRandomBytes,
        Error::HandshakeNotComplete,
        Error::PeerSentOversizedRecord,
        Error::NoApplicationProtocol,
        Error::BadMaxFragmentSize,
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch),
        Error::Other(other(Verifier::UnsupportedThing { oid: vec![1] })),
    ]
}

#[test]
fn no_error_shows_a_form_for_programmers() {
    let certificates = certificate_errors()
        .into_iter()
        .map(Error::InvalidCertificate);
    let all = certificates
        .chain(alerts())
        .chain(peer_errors())
        .chain(further_errors());
    for error in all {
        let text = text(&error);
        assert!(text.len() > 10, "{error:?} says {text:?}");
        // `serverAuth` and the like are names of their own.
        let names = ["serverAuth", "ChaCha20", "Poly1305", "/1.1"];
        let bare = names
            .iter()
            .fold(text.clone(), |text, name| text.replace(name, ""));
        let letters: Vec<char> = bare.chars().collect();
        let is_camel = letters
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        let has_form = bare.contains(['{', '[', '\n']) && !matches!(error, Error::General(_));
        assert!(
            !is_camel && !has_form && !bare.contains("::"),
            "{error:?} says {text:?}"
        );
        assert!(!text.contains('\n'), "{text:?}");
    }
}

#[test]
fn the_usual_faults_say_what_to_do() {
    let check = |error: Error, parts: &[&str]| {
        let text = text(&error);
        for part in parts {
            assert!(text.contains(part), "{error:?} says {text:?}, not {part:?}");
        }
    };
    let of = |error: CertificateError| Error::InvalidCertificate(error);
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_768_478_400));
    check(
        of(CertificateError::ExpiredContext {
            time,
            not_after: time,
        }),
        &["expired on 2026-01-15T12:00:00.000Z", "renew it"],
    );
    check(
        of(CertificateError::NotValidYetContext {
            time,
            not_before: time,
        }),
        &["before 2026-01-15T12:00:00.000Z", "clock"],
    );
    check(
        of(CertificateError::Other(other(Verifier::CaUsedAsEndEntity))),
        &["certificate of an authority"],
    );
    check(
        of(CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("a.example").unwrap(),
            presented: vec!["DnsName(\"b.example\")".to_owned()],
        }),
        &["another host (b.example)", "check the url"],
    );
    check(
        of(CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: Vec::new(),
            supported_algorithms: Vec::new(),
        }),
        &["curve", "not supported"],
    );
    check(of(CertificateError::UnknownIssuer), &["--ca-file"]);
    check(
        PeerIncompatible::NoKxGroupsInCommon.into(),
        &["curve in common"],
    );
    check(
        PeerIncompatible::NoCipherSuitesInCommon.into(),
        &["cipher suite in common"],
    );
    check(
        PeerIncompatible::ServerDoesNotSupportTls12Or13.into(),
        &["TLS 1.2"],
    );
    check(
        Error::AlertReceived(AlertDescription::ProtocolVersion),
        &["TLS 1.2"],
    );
    check(
        Error::AlertReceived(AlertDescription::CertificateRequired),
        &["client certificate"],
    );
    check(
        Error::AlertReceived(AlertDescription::HandshakeFailure),
        &["cipher suites"],
    );
    check(
        Error::AlertReceived(AlertDescription::UnrecognisedName),
        &["host name"],
    );
    check(
        InvalidMessage::InvalidContentType.into(),
        &["does not speak TLS", "plain HTTP"],
    );
}
