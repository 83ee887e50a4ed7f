//! The people whose devices train.

use std::ops::Deref;

use silhouette_model::{Examples, TextVector};
use thiserror::Error;

/// One person: labelled texts as numbers.
#[derive(Default)]
pub struct User {
    /// The user id of the file.
    pub id: String,
    /// The examples.
    pub examples: Examples,
    /// Texts whose label no training user has; always empty for training users.
    pub unseen: Vec<Unseen>,
}

/// A held-out text that can't be predicted right: its label is none of the task's.
pub struct Unseen {
    /// The text as numbers.
    pub vector: TextVector,
    /// Its label.
    pub label: String,
}

/// Makes people when their turn comes.
pub trait MakePeople: Send + Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Person `number`, from 0: the same one every time.
    ///
    /// # Errors
    /// When that person can't be made, or read.
    fn make(&self, number: usize) -> Result<User, PersonError>;

    /// How many examples person `number` has, where that is known without making them: the longest work is begun
    /// first.
    fn weight(&self, _number: usize) -> Option<usize> {
        None
    }

    /// What tells these people from others, such as a hash of where they come from: parts of a round are only merged
    /// if they are of the same people.
    fn fingerprint(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Where they come from, for those who start a run.
    fn whence(&self) -> &'static str {
        "made when their turn comes"
    }
}

/// A person who could not be made.
#[derive(Debug, Error)]
#[error("person {number}: {source}")]
pub struct PersonError {
    /// Who, from 0.
    pub number: usize,
    /// Why.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl PersonError {
    /// Person `number` could not be made.
    pub fn new(number: usize, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { number, source: source.into() }
    }
}

/// People who are kept in memory, or made anew whenever they take part: a population of millions then costs what
/// one round of it needs.
pub enum People {
    /// Kept.
    Kept(Vec<User>),
    /// Made.
    Made(Box<dyn MakePeople>),
}

impl People {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Kept(users) => users.len(),
            Self::Made(maker) => maker.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those in memory: all, or none.
    pub fn kept(&self) -> &[User] {
        match self {
            Self::Kept(users) => users,
            Self::Made(_) => &[],
        }
    }

    /// Examples of person `number`, where they are known without making anybody.
    pub(crate) fn weight(&self, number: usize) -> Option<usize> {
        match self {
            Self::Kept(users) => users.get(number).map(|user| user.examples.len()),
            Self::Made(maker) => maker.weight(number),
        }
    }

    /// Examples of person `number`, who is made for that if need be; 0 if that fails, which is told when they train.
    pub(crate) fn examples_of(&self, number: usize) -> usize {
        let count = || self.person(number).map_or(0, |person| person.examples.len());
        self.weight(number).unwrap_or_else(count)
    }

    /// Examples of all of them, as far as they are known.
    pub fn examples(&self) -> usize {
        (0..self.len()).filter_map(|number| self.weight(number)).sum()
    }

    /// One more, behind those in memory; people who are made are not added to.
    pub(crate) fn add(&mut self, user: User) {
        if let Self::Kept(users) = self {
            users.push(user);
        }
    }

    /// Person `number`, from 0. There has to be one.
    pub(crate) fn person(&self, number: usize) -> Result<Person<'_>, PersonError> {
        match self {
            Self::Kept(users) => Ok(Person::Kept(&users[number])),
            Self::Made(maker) => maker.make(number).map(|user| Person::Made(Box::new(user))),
        }
    }
}

impl From<Vec<User>> for People {
    fn from(users: Vec<User>) -> Self {
        Self::Kept(users)
    }
}

/// Somebody whose turn it is.
pub(crate) enum Person<'a> {
    Kept(&'a User),
    Made(Box<User>),
}

impl Deref for Person<'_> {
    type Target = User;

    fn deref(&self) -> &User {
        match self {
            Self::Kept(user) => user,
            Self::Made(user) => user,
        }
    }
}
