use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::config::Environment;
use crate::config::Flags;
use crate::config::Loaded;
use crate::config::Setting;
use crate::config::ShownValue;
use crate::config::load;
use crate::metric::Metric;

/// Loads a file of that text; flags may follow.
fn load_file(text: &str, given: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    fs::write(&path, text).unwrap();
    let mut flags = Flags::default();
    let config = ("config", path.to_str().unwrap());
    for (name, text) in given.iter().chain([&config]) {
        flags.set(Setting::by_name(name).unwrap(), (*text).to_owned());
    }
    let environment: Environment = [
        ("GENESYS_CLIENT_ID", "id-1"),
        ("GENESYS_CLIENT_SECRET", "s3cret"),
    ]
    .into_iter()
    .collect();
    load(&flags, &environment)
}

/// The faults of a file, from the line on.
fn faults(text: &str) -> Vec<String> {
    let loaded = load_file(text, &[]);
    let error = loaded.settings.err().unwrap_or_default();
    let lines = error.lines().iter();
    lines
        .map(|line| {
            let (_, rest) = line.split_once("a.toml:").unwrap();
            rest.to_owned()
        })
        .collect()
}

#[test]
fn every_form_of_a_rule_is_read_and_shown() {
    let loaded = load_file(
        "window = \"30s\"\n\
         [[alert]]\nname = \"flood\"\nmetric = \"messagesPerMinute\"\nabove = 1_000\n\
         [[alert]]\nname = \"Ruhe \\\"1\\\"\"\nmetric = \"messagesPerMinute\"\nqueue = \"a b\"\n\
         below = 1.5\nfor = \"2m\"\nhysteresis = 0.5\n\
         [[alert]]\nname = \"slow\"\nmetric = \"durationP99Ms\"\nwindow = \"1h\"\n\
         deployment = \"d\"\nabove = 60000\n\
         [[alert]]\nname = \"full\"\nmetric = \"ringFill\"\nabove = 0.5\n\
         [[alert]]\nname = \"in\"\nmetric = \"messagesPerMinute\"\nwindow = \"10s\"\n\
         direction = \"inbound\"\nbelow = 1\n",
        &[],
    );
    let shown: Vec<String> = loaded
        .alerts
        .iter()
        .map(|(rule, origin)| {
            let origin = origin.to_string();
            let (_, line) = origin.rsplit_once(':').unwrap();
            format!("{line} {}: {rule}", rule.name)
        })
        .collect();
    let expected = [
        "2 flood: messagesPerMinute over 30s above 1000",
        "6 Ruhe \"1\": messagesPerMinute over 1m of queue \"a b\" below 1.5 for 2m, until 2",
        "13 slow: durationP99Ms over 1h of deployment \"d\" above 60000",
        "19 full: ringFill above 0.5",
        "23 in: messagesPerMinute over 10s of direction \"inbound\" below 1",
    ];
    assert_eq!(shown, expected);
    assert_eq!(loaded.settings.unwrap().engine.alerts.len(), 5);
}

#[test]
fn a_rule_says_which_of_two_groups_of_one_name_it_means() {
    let text = |kind: &str| {
        format!(
            "[[alert]]\nname = \"a\"\nmetric = \"openSessions\"\nabove = 1\nqueue = \"(none)\"\n{kind}"
        )
    };
    for (kind, expected) in [
        ("", "openSessions of queue \"(none)\" above 1"),
        (
            "kind = \"unnamed\"",
            "openSessions of queue \"(none)\" (unnamed) above 1",
        ),
        (
            "kind = \"named\"",
            "openSessions of queue \"(none)\" (named) above 1",
        ),
    ] {
        assert_eq!(faults(&text(kind)), [""; 0]);
        let loaded = load_file(&text(kind), &[]);
        let rule = &loaded.alerts[0].0;
        assert_eq!(rule.to_string(), expected);
    }
}

#[test]
fn every_fault_of_every_rule_is_told_with_its_line() {
    let found = faults(
        "[[alert]]\n\
         metric = \"messages\"\n\
         above = 1\n\
         [[alert]]\n\
         name = \"two\"\n\
         metric = \"openSessions\"\n\
         window = \"1m\"\n\
         queue = \"a\"\n\
         deployment = \"b\"\n\
         above = \"9\"\n\
         below = 3\n\
         for = \"soon\"\n\
         hysteresis = -1\n\
         sound = true\n\
         [[alert]]\n\
         name = \"three\"\n\
         metric = \"lagMs\"\n\
         queue = \"\"\n",
    );
    let metrics: Vec<&str> = Metric::of_alerts().map(Metric::label).collect();
    assert!(metrics.len() >= 14 && metrics.contains(&"lagMs"));
    let unknown = format!(
        "2: alert 1: metric: \"messages\": unknown; choose {}",
        metrics.join(" or ")
    );
    let expected = [
        "1: alert 1: name: missing; give the alert a name",
        &unknown,
        "7: alert \"two\": window: openSessions is taken over no window; remove it",
        "9: alert \"two\": deployment: a second group; keep one",
        "10: alert \"two\": above: of the wrong type, string; write a number",
        "11: alert \"two\": below: beside above; keep one, or write two alerts",
        "12: alert \"two\": for: \"soon\": not a length of time; write a number and a unit, such as 100ms, 60s or 5m",
        "13: alert \"two\": hysteresis: below 0; it is how far back the value must come",
        "14: alert \"two\": \"sound\": unknown; there are name, metric, window, queue, deployment, direction, kind, above, below, for, hysteresis",
        "15: alert \"three\": above or below: missing; say what is too much or too little",
        "18: alert \"three\": queue: is empty; give a name",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_one_rule_cannot_tell_alone_is_checked_too() {
    let rule = |name: &str, rest: &str| {
        format!("[[alert]]\nname = \"{name}\"\nmetric = \"messagesPerMinute\"\nabove = 1\n{rest}\n")
    };
    let check = |text: &str, expected: &str| {
        let found = faults(text);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].contains(expected), "{found:#?}");
    };
    check(
        &rule("a", "window = \"2m\""),
        "alert \"a\": window: 2m is none of its windows; choose 1m or 10s or 5m or 1h",
    );
    check(
        &format!(
            "windows = [\"2m\"]\n{}",
            rule("a", "queue = \"q\"\nwindow = \"2m\"")
        ),
        "2m is none of its windows; choose 10s or 1m or 5m or 1h",
    );
    check(
        &(rule("a", "") + &rule("a", "")),
        "6: alert \"a\": the name is taken by line 1; choose another",
    );
    check(&rule("a\\u0007", ""), "a control character");
    check(&rule("a", "hysteresis = nan"), "no number to compare with");
    check(
        &rule("a", "for = \"2d\""),
        "out of range; choose 0s to 1day",
    );
    check(
        &rule("a", "direction = \"inbound\"").replace("messagesPerMinute", "activeSessions"),
        "a direction has messagesPerMinute alone",
    );
    check(
        &rule("a", "queue = \"q\"\nwindow = \"5m\"").replace("messagesPerMinute", "durationP50Ms"),
        "durationP50Ms of a group is kept for some windows; choose 1m or 1h",
    );
    check(
        &rule("a", "queue = \"q\"").replace("messagesPerMinute", "lagMs"),
        "lagMs is of no group",
    );
    // Numbers of legs are of a queue, or of all, over the windows of the settings.
    let of_legs = |rest: &str| rule("a", rest).replace("messagesPerMinute", "offered");
    for other in ["deployment", "direction"] {
        check(
            &of_legs(&format!("{other} = \"inbound\"")),
            "offered is of a queue, or of all; name a queue",
        );
    }
    let in_two_minutes = of_legs("queue = \"q\"\nwindow = \"2m\"");
    check(
        &in_two_minutes,
        "2m is none of its windows; choose 1m or 10s or 5m or 1h",
    );
    let known = format!("windows = [\"2m\"]\n{in_two_minutes}");
    assert_eq!(faults(&known), [""; 0]);
    check(
        &of_legs("queue = \"q\"\nwindow = \"1m\"").replace("offered", "waiting"),
        "waiting is taken over no window; remove it",
    );
    check(
        &rule("a", "kind = \"named\""),
        "kind: of no group; name a queue",
    );
    check(
        &rule("a", "queue = \"q\"\nkind = \"nobody\""),
        "kind: \"nobody\": unknown; choose named or unnamed or other",
    );
    check(
        &rule("a", "queue = \"q\"\nkind = \"unnamed\""),
        "kind: unnamed is shown as \"(none)\"; name that group, or remove it",
    );
    check("alert = 3", "write each rule as a table under [[alert]]");
    check("alert = [3]", "alert 1: no table");
    let many: String = (0..=super::ALERTS_MAX)
        .map(|n| rule(&n.to_string(), ""))
        .collect();
    check(&many, "alert: 101 rules over 100; remove some");
    let most: String = (0..super::ALERTS_MAX)
        .map(|n| rule(&n.to_string(), ""))
        .collect();
    assert_eq!(faults(&most), [""; 0]);
}

#[test]
fn a_webhooks_path_and_token_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "s3cret\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let token = token.to_str().unwrap();
    let url = "https://hooks.example.com:8443/services/s3cret?key=s3cret";
    let loaded = load_file("", &[("webhook-url", url), ("webhook-token-file", token)]);
    let (_, shown) = loaded
        .shown
        .iter()
        .find(|(setting, _)| setting.name == "webhook-url")
        .unwrap();
    let host = "https://hooks.example.com:8443/(hidden)";
    assert_eq!(shown.value, ShownValue::Text(host.to_owned()));
    let webhook = loaded.settings.unwrap().engine.webhook.unwrap();
    assert!(webhook.token.is_some());
    assert!(!format!("{webhook:?}").contains("s3cret"));

    let check = |given: &[(&str, &str)], expected: &str| {
        let error = load_file("", given).settings.unwrap_err();
        assert_eq!(error.lines().len(), 1, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    };
    check(
        &[("webhook-token-file", token)],
        "no webhook-url to send it to",
    );
    check(
        &[("webhook-url", "http://example.com/s3cret")],
        "http is not encrypted",
    );
    check(
        &[("webhook-url", "https://u:s3cret@example.com/")],
        "user name or password",
    );
    fs::set_permissions(token, fs::Permissions::from_mode(0o646)).unwrap();
    check(
        &[("webhook-url", url), ("webhook-token-file", token)],
        "run chmod o-rwx",
    );
}
