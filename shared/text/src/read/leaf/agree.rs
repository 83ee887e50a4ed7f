//! Whether `users`, `num_samples` and `user_data` say the same.

use std::collections::HashMap;

use super::scanner::wrong;
use crate::read::RowReason;

/// What the lists say, in whatever order they come.
#[derive(Debug, Default)]
pub(super) struct Agreement {
    users: Option<Vec<String>>,
    samples: Option<Vec<u64>>,
    /// Samples of each listed user who is still to come, once both lists are known.
    to_come: Option<HashMap<String, u64>>,
    /// Users found before that.
    early: Vec<(String, u64)>,
}

impl Agreement {
    pub(super) fn users(&mut self, users: Vec<String>) -> Result<(), RowReason> {
        if self.users.is_some() || self.to_come.is_some() {
            return Err(wrong("users", "one such list", "two"));
        }
        self.users = Some(users);
        self.join()
    }

    pub(super) fn samples(&mut self, samples: Vec<u64>) -> Result<(), RowReason> {
        if self.samples.is_some() || self.to_come.is_some() {
            return Err(wrong("num_samples", "one such list", "two"));
        }
        self.samples = Some(samples);
        self.join()
    }

    /// Somebody under `user_data` with so many samples.
    pub(super) fn found(&mut self, user: String, samples: u64) -> Result<(), RowReason> {
        let Some(to_come) = &mut self.to_come else {
            self.early.push((user, samples));
            return Ok(());
        };
        match to_come.remove(&user) {
            Some(listed) if listed == samples => Ok(()),
            Some(listed) => {
                Err(wrong("user_data", format!("{listed} samples as num_samples says"), samples.to_string()))
            }
            None => Err(wrong("user_data", "each of the listed users once", "somebody else, or the same again")),
        }
    }

    /// At the end of the file.
    pub(super) fn finish(&self) -> Result<(), RowReason> {
        let Some(to_come) = &self.to_come else {
            let field = if self.users.is_none() { "users" } else { "num_samples" };
            return Err(wrong(field, "such a list", "none"));
        };
        match to_come.len() {
            0 => Ok(()),
            missing => Err(wrong("user_data", "each of the listed users", format!("{missing} of them missing"))),
        }
    }

    fn join(&mut self) -> Result<(), RowReason> {
        let (Some(users), Some(samples)) = (&self.users, &self.samples) else { return Ok(()) };
        let (named, counted) = (users.len(), samples.len());
        if named != counted {
            return Err(wrong("num_samples", format!("{named} numbers, one for each user"), counted.to_string()));
        }
        let (users, samples) = (self.users.take(), self.samples.take());
        let pairs = users.into_iter().flatten().zip(samples.into_iter().flatten());
        let to_come: HashMap<String, u64> = pairs.collect();
        if to_come.len() != named {
            let found = format!("{} of them again", named - to_come.len());
            return Err(wrong("users", "each user once", found));
        }
        self.to_come = Some(to_come);
        let early = std::mem::take(&mut self.early);
        early.into_iter().try_for_each(|(user, samples)| self.found(user, samples))
    }
}
