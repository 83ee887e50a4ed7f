//! Processes that can really be killed: the test program started again, at one of its ignored tests.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// What a line for the parent begins with: the test harness prints lines of its own.
const MARK: &str = "\u{1}";

/// A process; it is killed when this is dropped.
pub struct Victim {
    child: Child,
    lines: BufReader<ChildStdout>,
}

/// Tells the parent process something, in one line.
pub fn tell(line: &str) {
    println!("\n{MARK}{line}");
}

impl Victim {
    /// Starts the ignored test `name` of this test program.
    pub fn start<V: AsRef<OsStr>>(name: &str, variables: &[(&str, V)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name, "--ignored", "--nocapture"]).stdout(Stdio::piped());
        variables.iter().for_each(|(key, value)| {
            command.env(key, value);
        });
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The rest of the next line told that begins with `start`. Blocks.
    pub fn until(&mut self, start: &str) -> String {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            let told = line.trim_end().strip_prefix(MARK).and_then(|told| told.strip_prefix(start));
            if let Some(rest) = told {
                return rest.trim().to_owned();
            }
            line.clear();
        }
        panic!("the process ended before it said {start}");
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
