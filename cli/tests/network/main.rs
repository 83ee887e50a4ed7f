//! The README's way with the real program: an aggregator and its devices as processes, over QUIC.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

mod site;

use serde_json::Value;

use site::{Process, Site, run, succeeds};

/// People of `synth` who are not held out.
const PEOPLE: [&str; 5] = ["u00000", "u00001", "u00003", "u00004", "u00006"];

/// Right answers on a device's own texts, of `before` or `after`.
fn right(finished: &Value, when: &str) -> u64 {
    finished["own_texts"][when]["heads"][0]["right"].as_u64().unwrap()
}

fn ledger(site: &Site, device: &str) -> Vec<Value> {
    serde_json::from_str(&succeeds(&site.folder, &["ledger", "--device", device, "--json"])).unwrap()
}

#[test]
fn five_devices_improve_the_model_although_one_is_killed_within_a_masked_round() {
    let place = tempfile::tempdir().unwrap();
    let mut site = Site::start(place.path(), 5, &[("deadline_ms", "12000")]);
    PEOPLE.iter().for_each(|device| site.enrol(device));

    // The last device is asked to a round that it never hears of: it is held still while it waits
    // for an answer, and killed once the round is open.
    let frozen = site.join(PEOPLE[4], PEOPLE[4]);
    site.until_waiting(1);
    frozen.signal("STOP");
    let mut devices: Vec<Process> = PEOPLE[..4].iter().map(|person| site.join(person, person)).collect();
    let opened = site.aggregator.until("round_opened");
    assert_eq!((&opened["round"], &opened["invited"]), (&1.into(), &5.into()));
    drop(frozen);
    let closed = site.aggregator.until("round_closed");
    assert_eq!((&closed["round"], &closed["reports"]), (&1.into(), &4.into()));
    assert!(ledger(&site, PEOPLE[4]).is_empty());

    // The same command goes on.
    devices.push(site.join(PEOPLE[4], PEOPLE[4]));
    // Anybody may look at a ledger while its device is at work.
    devices[4].until("charged");
    assert!(!ledger(&site, PEOPLE[4]).is_empty());
    let finished: Vec<Value> = devices.iter_mut().map(|device| device.until("finished")).collect();
    devices.iter_mut().for_each(|device| assert_eq!(device.ended().code(), Some(0)));

    let over = site.aggregator.until("finished");
    assert!(site.aggregator.all("round_abandoned").is_empty(), "{:#?}", site.aggregator.told);
    assert_eq!(site.aggregator.all("round_closed").len(), 10);
    finished.iter().for_each(|f| assert_eq!(f["model"], over["model"]));
    // Before: the one answer of a model of zeros. The noise is real, so no run is like another.
    // Texts that are neither are labelled "neutral", which this task does not know: no reason to decline.
    finished.iter().for_each(|f| assert!(f["own_texts"]["after"]["unknown_labels"].as_u64().unwrap() > 0));
    let sum = |when: &str| finished.iter().map(|f| right(f, when)).sum::<u64>();
    assert!(sum("after") > sum("before"), "{} before, {} after", sum("before"), sum("after"));

    let promised = succeeds(place.path(), &["plan", "--delta", "1e-5", "--epsilon", "8", "--json"]);
    let most = serde_json::from_str::<Value>(&promised).unwrap()["rho_total"].as_f64().unwrap();
    for (device, rounds) in PEOPLE.iter().zip([10, 10, 10, 10, 9]) {
        let records = ledger(&site, device);
        assert!(records.len() <= rounds && !records.is_empty());
        let spent: f64 = records.iter().map(|r| r["rho"].as_f64().unwrap()).sum();
        // Each charge is rounded up to billionths.
        assert!(spent <= most + 1e-8, "{device}: {spent} of {most}");
        assert!(!succeeds(place.path(), &["profile", "--device", device, "--backend", "native"]).is_empty());
    }

    site.aggregator.signal("INT");
    assert_eq!(site.aggregator.ended().code(), Some(0));
    assert_eq!(site.aggregator.told.last().unwrap()["event"], "stopped");
}

#[test]
fn signals_stop_aggregator_and_device_in_order() {
    for signal in ["INT", "TERM"] {
        let place = tempfile::tempdir().unwrap();
        let mut site = Site::start(place.path(), 3, &[]);
        site.enrol("a");
        site.enrol("b");
        let (mut a, mut b) = (site.join("a", PEOPLE[0]), site.join("b", PEOPLE[1]));
        a.until("checked_in");
        a.signal(signal);
        assert_eq!(a.ended().code(), Some(0), "{signal}");
        assert_eq!(a.told.last().unwrap()["event"], "stopped");
        // A device that waits for an answer does not hold up the aggregator.
        b.until("checked_in");
        site.aggregator.signal(signal);
        assert_eq!(site.aggregator.ended().code(), Some(0), "{signal}");
        assert_eq!(site.aggregator.told.last().unwrap()["event"], "stopped");
        // The folder is free for the next start.
        let serve = ["serve", "--config", "task.toml", "--listen", "127.0.0.1:0", "--enroll", "127.0.0.1:0"];
        let mut next = Process::start(place.path(), &[&serve[..], &["--admin", "127.0.0.1:0"]].concat());
        next.until("serving");
        next.signal(signal);
        assert_eq!(next.ended().code(), Some(0), "{signal}");
    }
}

#[test]
fn a_token_that_is_not_one_enrols_nobody() {
    let place = tempfile::tempdir().unwrap();
    let mut site = Site::start(place.path(), 3, &[]);
    site.enrol("a");
    let refused = site.enrol_with("b", "no-token", &[]);
    assert_eq!(refused.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert!(error["error"].as_str().unwrap().contains("enrolling"), "{error}");
    // Nor does a device take part that was not let in.
    let join = ["join", "--device", "b", "--server", "127.0.0.1:1", "--consent", "--backend", "native"];
    let output = run(place.path(), &join);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not enrolled"));
}

#[test]
fn an_owner_away_from_the_aggregator_signs_and_devices_pin_it() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    Site::configure(folder, 3, &[("rounds", "2")]);
    let round_key = succeeds(folder, &["task", "round-key"]);
    let sign = ["task", "sign", "--config", "task.toml", "--owner", "elsewhere.key", "--round-key", round_key.trim()];
    let signed: Value = serde_json::from_str(&succeeds(folder, &[&sign[..], &["--json"]].concat())).unwrap();
    let owner = signed["owner"].as_str().unwrap().to_owned();
    let mut site = Site::serve(folder, 3, &["--task", "task.signed"]);
    assert_eq!(site.aggregator.told[0]["owner"], owner.as_str());
    assert!(!folder.join("aggregator/owner.key").exists());

    // Somebody else's task is none of this person's business, whatever the server says; the token stays good.
    let token = site.token();
    let stranger = "a9".repeat(32);
    let refused = site.enrol_with("a", &token, &["--owner", &stranger]);
    let error: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert!(error["error"].as_str().unwrap().contains(&format!("the server names {owner}")), "{error}");
    assert!(!folder.join("a/identity/device.pem").exists());
    for (device, token) in [("a", token), ("b", site.token()), ("c", site.token())] {
        assert!(site.enrol_with(device, &token, &["--owner", &owner]).status.success());
    }
    let mut devices = [("a", 0), ("b", 1), ("c", 2)].map(|(device, person)| site.join(device, PEOPLE[person]));
    devices.iter_mut().for_each(|device| {
        device.until("finished");
        assert_eq!(device.ended().code(), Some(0));
    });
    assert_eq!((ledger(&site, "a").len(), ledger(&site, "b").len()), (2, 2));
    site.aggregator.signal("INT");
    assert_eq!(site.aggregator.ended().code(), Some(0));

    // A third round is not what the owner signed, and the folder remembers what it did sign.
    let config = std::fs::read_to_string(folder.join("task.toml")).unwrap();
    std::fs::write(folder.join("longer.toml"), config.replace("rounds = 2\n", "rounds = 3\n")).unwrap();
    let longer = run(folder, &["serve", "--config", "longer.toml"]);
    assert!(String::from_utf8_lossy(&longer.stderr).contains("not what the task's owner signed"), "{longer:?}");
    let again = Site::serve(folder, 0, &[]);
    assert_eq!(again.aggregator.told[0]["owner"], owner.as_str());
}
