//! The interests of one dimension as a tree, in the order in which they are read.

use crate::profile::{Interest, Origin, ProfileDocument};

use super::View;

/// Deepest level that is told apart; what lies deeper stands there too.
const DEEPEST: usize = 6;

/// The mixture of one dimension.
pub(super) struct Topic<'d> {
    pub(super) name: String,
    /// Who says so of most of its lines.
    pub(super) origin: Origin,
    pub(super) lines: Vec<Line<'d>>,
}

/// One line of it.
pub(super) struct Line<'d> {
    pub(super) depth: usize,
    /// From the level above this line down to its own: several where a level has nothing else in it.
    pub(super) path: Vec<String>,
    /// Its share, and of all that is below it where it is no label itself.
    pub(super) share: f64,
    pub(super) recent: f64,
    /// None for a level that is only there for what is below it.
    pub(super) interest: Option<&'d Interest>,
}

#[derive(Default)]
struct Node<'d> {
    name: &'d str,
    interest: Option<&'d Interest>,
    share: f64,
    recent: f64,
    said: bool,
    below: Vec<Node<'d>>,
}

/// The dimensions in the order of the document.
pub(super) fn topics<'d>(view: &View<'d>) -> Vec<Topic<'d>> {
    let document: &'d ProfileDocument = view.document;
    let mut heads: Vec<&str> = Vec::new();
    for interest in &document.interests {
        if !heads.contains(&interest.head.as_str()) {
            heads.push(&interest.head);
        }
    }
    heads.into_iter().filter_map(|head| topic(view, head)).collect()
}

fn topic<'d>(view: &View<'d>, head: &'d str) -> Option<Topic<'d>> {
    let of_head = || view.document.interests.iter().filter(move |i| i.head == head);
    let first = of_head().next()?;
    let mut root = Node::default();
    for interest in of_head() {
        root.insert(interest);
    }
    let mut lines = Vec::new();
    root.sort();
    for node in root.below {
        node.flatten(view, head, 0, &mut lines);
    }
    let origins: Vec<Origin> = of_head().map(|i| i.origin).collect();
    let count = |o: &Origin| origins.iter().filter(|other| *other == o).count();
    let origin = origins.iter().rev().max_by_key(|o| count(o)).copied().unwrap_or(first.origin);
    let name = view.names.dimension(head, Some(&first.shown));
    Some(Topic { name, origin, lines })
}

impl<'d> Node<'d> {
    fn insert(&mut self, interest: &'d Interest) {
        let (share, recent) = (finite(interest.share), finite(interest.recent));
        let above = interest.path.split_last().map_or(&[][..], |(_, above)| above);
        let mut at = self;
        for name in above.iter().take(DEEPEST - 1).map(String::as_str).chain([interest.label.as_str()]) {
            let place = at.below.iter().position(|node| node.name == name).unwrap_or_else(|| {
                at.below.push(Node { name, ..Node::default() });
                at.below.len() - 1
            });
            at = &mut at.below[place];
            at.share += share;
            at.recent += recent;
            at.said |= matches!(interest.origin, Origin::Declared | Origin::Corrected);
        }
        at.interest = Some(interest);
    }

    /// What the owner said first, then the largest.
    fn sort(&mut self) {
        self.below.sort_by(|a, b| b.said.cmp(&a.said).then(b.share.total_cmp(&a.share)));
        self.below.iter_mut().for_each(Node::sort);
    }

    fn flatten(self, view: &View<'d>, head: &str, depth: usize, lines: &mut Vec<Line<'d>>) {
        let name = |node: &Node<'d>| view.names.label(head, node.name, node.interest.map(|i| &i.shown));
        let mut path = vec![name(&self)];
        let mut node = self;
        // A level that holds one thing and is nothing itself needs no line of its own.
        while node.interest.is_none() && node.below.len() == 1 {
            let Some(only) = node.below.pop() else { break };
            path.push(name(&only));
            node = only;
        }
        let (share, recent) = match node.interest {
            Some(interest) => (finite(interest.share), finite(interest.recent)),
            None => (node.share, node.recent),
        };
        lines.push(Line { depth, path, share, recent, interest: node.interest });
        for below in node.below {
            below.flatten(view, head, depth + 1, lines);
        }
    }
}

fn finite(share: f64) -> f64 {
    if share.is_finite() { share } else { 0.0 }
}
