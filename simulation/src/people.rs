//! The people whose devices train.

use std::ops::Deref;

use silhouette_model::{Examples, TextVector};

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
    fn make(&self, number: usize) -> User;
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

    /// One more, behind those in memory; people who are made are not added to.
    pub(crate) fn add(&mut self, user: User) {
        if let Self::Kept(users) = self {
            users.push(user);
        }
    }

    /// Person `number`, from 0. There has to be one.
    pub(crate) fn person(&self, number: usize) -> Person<'_> {
        match self {
            Self::Kept(users) => Person::Kept(&users[number]),
            Self::Made(maker) => Person::Made(Box::new(maker.make(number))),
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
