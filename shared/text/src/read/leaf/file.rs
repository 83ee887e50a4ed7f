//! One LEAF file, user by user.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{
    MAX_SAMPLES, MAX_USER_BYTES, MAX_USERS, Split,
    agree::Agreement,
    scanner::{Scanner, Text, kind_of, wrong},
};
use crate::{
    event::{Event, RowRules, event_from_row},
    read::{ReadOptions, RowError, RowReason, source::Input},
};

/// What Sent140's `x` has its text as: the fifth of its parts, after id, date, query and name.
const TEXT_PART: usize = 4;

/// A file that is being read.
#[derive(Debug)]
pub(in crate::read) struct LeafFile {
    scanner: Scanner,
    file: PathBuf,
    split: Option<Split>,
    agreement: Agreement,
    state: State,
    /// Whether nothing of the object that is open has been read.
    first: bool,
    has_data: bool,
    /// Of the user read last.
    rows: VecDeque<Row>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Start,
    /// Among the keys of the file.
    Keys,
    /// Among the users of `user_data`.
    Users,
    Done,
}

/// One sample, and where its text ends.
#[derive(Debug)]
struct Row {
    user: String,
    byte: u64,
    text: Result<String, RowReason>,
    label: Value,
}

/// A text, and the byte where it ends.
type Placed = (u64, Result<String, RowReason>);

impl LeafFile {
    pub(in crate::read) fn new(input: Input, file: &Path, split: Option<Split>, options: &ReadOptions) -> Self {
        Self {
            scanner: Scanner::new(input, options),
            file: file.to_owned(),
            split,
            agreement: Agreement::default(),
            state: State::Start,
            first: true,
            has_data: false,
            rows: VecDeque::new(),
        }
    }

    pub(super) fn next_row(&mut self, rules: &RowRules) -> Option<Result<Event, RowError>> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Some(self.event(row, rules));
            }
            match self.advance() {
                Ok(()) if matches!(self.state, State::Done) => return None,
                Ok(()) => {}
                Err(reason) => {
                    self.state = State::Done;
                    return Some(Err(self.scanner.error(&self.file, reason)));
                }
            }
        }
    }

    fn event(&self, row: Row, rules: &RowRules) -> Result<Event, RowError> {
        let byte = row.byte;
        let build = || {
            let mut columns = Map::new();
            columns.insert("user".to_owned(), Value::String(row.user));
            columns.insert("text".to_owned(), Value::String(row.text?));
            columns.insert("y".to_owned(), row.label);
            if let Some(split) = self.split {
                columns.insert(split.column.to_owned(), split.value.into());
            }
            Ok(event_from_row(columns, rules)?)
        };
        build().map_err(|reason| self.scanner.error(&self.file, reason).at_byte(byte))
    }

    /// Reads one key of the file, or one user.
    fn advance(&mut self) -> Result<(), RowReason> {
        match self.state {
            State::Start => {
                self.scanner.take(b'{', "file", "an object")?;
                self.state = State::Keys;
            }
            State::Keys if self.scanner.more(&mut self.first, b'}')? => self.key()?,
            State::Keys => {
                if let Some(byte) = self.scanner.next_byte()? {
                    return Err(wrong("file", "nothing after its one object", kind_of(byte)));
                }
                self.agreement.finish()?;
                self.state = State::Done;
            }
            State::Users if self.scanner.more(&mut self.first, b'}')? => self.user()?,
            State::Users => (self.state, self.first) = (State::Keys, false),
            State::Done => {}
        }
        Ok(())
    }

    fn key(&mut self) -> Result<(), RowReason> {
        let key = self.scanner.name("file")?;
        self.scanner.take(b':', "file", "a colon after a key")?;
        match key.as_str() {
            "users" => {
                let mut users = Vec::new();
                self.scanner.names(&mut |name| users.push(name))?;
                self.agreement.users(users)
            }
            "num_samples" => {
                let samples = self.counts()?;
                self.agreement.samples(samples)
            }
            "user_data" if self.has_data => Err(wrong("user_data", "one such object", "two")),
            "user_data" => {
                self.scanner.take(b'{', "user_data", "an object")?;
                (self.state, self.first, self.has_data) = (State::Users, true, true);
                Ok(())
            }
            // `hierarchies`, and whatever else there may be.
            _ => self.scanner.skip(),
        }
    }

    fn counts(&mut self) -> Result<Vec<u64>, RowReason> {
        self.scanner.take(b'[', "num_samples", "a list")?;
        let (mut counts, mut first) = (Vec::new(), true);
        while self.scanner.more(&mut first, b']')? {
            let value = self.scanner.scalar("num_samples")?;
            let count = value.as_u64().ok_or_else(|| wrong("num_samples", "whole numbers", "something else"))?;
            if counts.len() == MAX_USERS {
                return Err(wrong("num_samples", "up to 4194304 numbers", "more"));
            }
            counts.push(count);
        }
        Ok(counts)
    }

    /// Reads somebody's samples.
    fn user(&mut self) -> Result<(), RowReason> {
        let user = self.scanner.name("user_data")?;
        self.scanner.take(b':', "user_data", "a colon after a user")?;
        self.scanner.take(b'{', "user_data", "an object with x and y for each user")?;
        let (mut texts, mut labels, mut first) = (None, None, true);
        while self.scanner.more(&mut first, b'}')? {
            let key = self.scanner.name("user_data")?;
            self.scanner.take(b':', "user_data", "a colon after a key")?;
            match key.as_str() {
                "x" if texts.is_none() => texts = Some(self.texts()?),
                "y" if labels.is_none() => labels = Some(self.labels()?),
                "x" | "y" => return Err(wrong("user_data", "x and y once for each user", "one of them again")),
                _ => self.scanner.skip()?,
            }
        }
        let texts = texts.ok_or_else(|| wrong("x", "a list for each user", "none"))?;
        let labels = labels.ok_or_else(|| wrong("y", "a list for each user", "none"))?;
        if texts.len() != labels.len() {
            return Err(wrong("y", format!("{} labels, one for each x", texts.len()), labels.len().to_string()));
        }
        self.agreement.found(user.clone(), texts.len() as u64)?;
        let rows = texts.into_iter().zip(labels);
        self.rows.extend(rows.map(|((byte, text), label)| Row { user: user.clone(), byte, text, label }));
        Ok(())
    }

    /// The texts, each with the place where it ends.
    fn texts(&mut self) -> Result<Vec<Placed>, RowReason> {
        self.scanner.take(b'[', "x", "a list")?;
        let (mut texts, mut bytes, mut first) = (Vec::new(), 0, true);
        while self.scanner.more(&mut first, b']')? {
            let text = match self.sample()? {
                Text::Whole(text) => {
                    bytes += text.len();
                    Ok(text)
                }
                Text::TooLong(found) => Err(RowReason::TooLong { limit: self.scanner.max_text, found }),
            };
            bounded("x", texts.len(), bytes)?;
            texts.push((self.scanner.byte, text));
        }
        Ok(texts)
    }

    /// The text of one `x`.
    fn sample(&mut self) -> Result<Text, RowReason> {
        let expected = "text, or a list of parts whose fifth is text";
        match self.scanner.peek("x", expected)? {
            b'"' => self.scanner.text("x", self.scanner.max_text),
            b'[' => self.part(expected),
            other => Err(wrong("x", expected, kind_of(other))),
        }
    }

    fn part(&mut self, expected: &'static str) -> Result<Text, RowReason> {
        self.scanner.take(b'[', "x", expected)?;
        let (mut parts, mut kept, mut first) = (0, None, true);
        while self.scanner.more(&mut first, b']')? {
            match self.scanner.peek("x", expected)? {
                b'"' if parts == TEXT_PART => kept = Some(self.scanner.text("x", self.scanner.max_text)?),
                b'"' => drop(self.scanner.text("x", 0)?),
                b'[' | b'{' => return Err(wrong("x", expected, "a list of lists or objects")),
                _ if parts == TEXT_PART => return Err(wrong("x", expected, "a list of numbers")),
                _ => drop(self.scanner.scalar("x")?),
            }
            parts += 1;
        }
        kept.ok_or_else(|| wrong("x", expected, format!("a list of {parts} parts")))
    }

    fn labels(&mut self) -> Result<Vec<Value>, RowReason> {
        self.scanner.take(b'[', "y", "a list")?;
        let (mut labels, mut bytes, mut first) = (Vec::new(), 0, true);
        while self.scanner.more(&mut first, b']')? {
            let label = self.scanner.scalar("y")?;
            bytes += label.as_str().map_or(0, str::len);
            bounded("y", labels.len(), bytes)?;
            labels.push(label);
        }
        Ok(labels)
    }
}

/// Before one more is kept of a user.
fn bounded(field: &'static str, kept: usize, bytes: usize) -> Result<(), RowReason> {
    if kept < MAX_SAMPLES && bytes <= MAX_USER_BYTES {
        return Ok(());
    }
    Err(wrong(field, "up to 1048576 samples of 67108864 bytes for each user", "more"))
}
