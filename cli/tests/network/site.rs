//! Processes of the real program: an aggregator and its devices, in one folder.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// No step takes this long; a test that waits longer hangs and shall say what it waited for.
const PATIENCE: Duration = Duration::from_secs(90);

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silhouette"));
    command.args(arguments).current_dir(folder);
    command
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

/// The standard output of a command that has to succeed.
pub(crate) fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A process at work, with what it tells as JSON. It is killed when this value goes.
pub(crate) struct Process {
    name: String,
    child: Child,
    lines: Receiver<Value>,
    /// Everything it told so far.
    pub(crate) told: Vec<Value>,
}

impl Process {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = program(folder, arguments).arg("--json").stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines() {
                // A process that is killed may leave half a line.
                let Ok(line) = line else { return };
                let told = serde_json::from_str(&line).unwrap_or_else(|e| panic!("not JSON ({e}): {line}"));
                if sender.send(told).is_err() {
                    return;
                }
            }
        });
        Self { name: arguments.join(" "), child, lines, told: Vec::new() }
    }

    /// Waits for an event of this name and gives it.
    pub(crate) fn until(&mut self, event: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(told) => {
                    self.told.push(told.clone());
                    if told["event"] == event {
                        return told;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("{}: no {event} after {:#?}", self.name, self.told),
                Err(RecvTimeoutError::Disconnected) => panic!("{}: ended without {event}: {:#?}", self.name, self.told),
            }
        }
    }

    /// Those of what it told so far that have this name.
    pub(crate) fn all(&self, event: &str) -> Vec<&Value> {
        self.told.iter().filter(|told| told["event"] == event).collect()
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.told.extend(self.lines.iter());
                return status;
            }
            assert!(Instant::now() < until, "{}: does not end; it told {:#?}", self.name, self.told);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An aggregator at work.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) aggregator: Process,
    devices: String,
    enrolment: String,
    admin: String,
    tokens: Vec<String>,
}

impl Site {
    /// Starts an aggregator on free ports, on the sample for `devices` devices with some keys
    /// changed, and makes people up.
    pub(crate) fn start(folder: &Path, devices: usize, changes: &[(&str, &str)]) -> Self {
        Self::configure(folder, devices, changes);
        Self::serve(folder, devices, &[])
    }

    /// Makes people up and writes `task.toml`.
    pub(crate) fn configure(folder: &Path, devices: usize, changes: &[(&str, &str)]) {
        succeeds(folder, &["synth", "--users", "10", "--out", "people.jsonl"]);
        let mut sample = succeeds(folder, &["serve", "--sample", "--devices", &devices.to_string()]);
        for (key, value) in changes {
            let line = |line: &str| match line.strip_prefix(key).is_some_and(|rest| rest.starts_with(" = ")) {
                true => format!("{key} = {value}\n"),
                false => format!("{line}\n"),
            };
            let changed: String = sample.lines().map(line).collect();
            assert_ne!(changed, sample, "the sample has no {key}, or this value already");
            sample = changed;
        }
        std::fs::write(folder.join("task.toml"), sample).unwrap();
    }

    /// Starts an aggregator on free ports, on `task.toml`.
    pub(crate) fn serve(folder: &Path, devices: usize, more: &[&str]) -> Self {
        let any = "127.0.0.1:0";
        let tokens = devices.to_string();
        let serve = ["serve", "--config", "task.toml", "--tokens", &tokens];
        let mut aggregator =
            Process::start(folder, &[&serve[..], &["--listen", any, "--enroll", any, "--admin", any], more].concat());
        let serving = aggregator.until("serving");
        let text = |key: &str| serving[key].as_str().unwrap().to_owned();
        let tokens = serving["tokens"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect();
        let (devices, enrolment, admin) = (text("devices"), text("enrolment"), text("admin"));
        Self { folder: folder.to_owned(), aggregator, devices, enrolment, admin, tokens }
    }

    /// Enrols a device in the folder `device`.
    pub(crate) fn enrol(&mut self, device: &str) {
        let token = self.tokens.pop().unwrap();
        let output = self.enrol_with(device, &token, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Tries to enrol a device with a token.
    pub(crate) fn enrol_with(&self, device: &str, token: &str, more: &[&str]) -> Output {
        let enroll = ["enroll", "--device", device, "--server", &self.enrolment, "--token", token, "--json"];
        run(&self.folder, &[&enroll[..], &["--authority", "aggregator/authority/ca.pem"], more].concat())
    }

    /// A token that was not used yet.
    pub(crate) fn token(&mut self) -> String {
        self.tokens.pop().unwrap()
    }

    /// Lets the device in the folder `device` take part with the texts of `user`.
    pub(crate) fn join(&self, device: &str, user: &str) -> Process {
        let join = ["join", "--device", device, "--server", &self.devices, "--data", "people.jsonl", "--user", user];
        Process::start(&self.folder, &[&join[..], &["--consent", "--backend", "native"]].concat())
    }

    /// Waits until so many check-ins are held by the aggregator, as its metrics tell.
    pub(crate) fn until_waiting(&self, devices: usize) {
        let until = Instant::now() + PATIENCE;
        let found = |metrics: &str| metrics.lines().any(|l| l.ends_with(&format!("devices_waiting {devices}")));
        loop {
            let mut connection = TcpStream::connect(&self.admin).unwrap();
            connection.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
            let mut metrics = String::new();
            connection.read_to_string(&mut metrics).unwrap();
            if found(&metrics) {
                return;
            }
            assert!(Instant::now() < until, "never {devices} devices waiting:\n{metrics}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
