//! Who is whose neighbour.
//!
//! Up to [`COMPLETE_UP_TO`] members everybody is. Beyond it members are placed at random on a ring
//! and everybody knows k/2 to either side (a Harary graph; Bell et al. 2020).
//!
//! The placement follows from the hash of the manifest, which the owner of the task signs, and the
//! hash of the roster, which every member's fresh keys go into. An aggregator that follows the
//! protocol can't steer it. One that does not can try rosters with other keys of devices of its own
//! until it likes a placement: `2^g` tries take `g` bits off the 40 of the parameters. Hence the
//! active mode, which does not trust the aggregator, insists on the complete graph.

mod hypergeometric;
mod parameters;

use chacha20::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;
use thiserror::Error;

pub use parameters::GraphParameters;
pub(crate) use parameters::Load;

/// Largest round on a complete graph. Beyond it the ring is cheaper: at 200 members its degree is
/// below 70 for a third corrupt.
pub const COMPLETE_UP_TO: u32 = 200;

/// Most neighbours of a member: the places of Shamir's scheme over GF(2^8).
pub const MAX_DEGREE: u32 = 255;

const SEED_DOMAIN: &[u8] = b"silhouette/v1|secagg|graph\0";

/// Why there is no graph.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum GraphError {
    /// A rate is not a rate.
    #[error("{field}: expected a number in [0, 1), found {found}")]
    Rate {
        /// Which.
        field: &'static str,
        /// What was found.
        found: f64,
    },
    /// No degree and threshold withstand so many corrupt members and dropouts.
    #[error("no degree and threshold serve {members} members under these rates")]
    Infeasible {
        /// Members of the round.
        members: u32,
    },
    /// The degree exceeds what the secret sharing can serve.
    #[error("degree: expected at most {MAX_DEGREE}, found {degree}")]
    Degree {
        /// The degree that would be needed.
        degree: u32,
    },
    /// The active mode needs the complete graph, which has a limit.
    #[error("members in the active mode: expected at most 256, found {members}")]
    TooManyForActive {
        /// Members of the round.
        members: u32,
    },
}

/// The neighbours of every member of one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    parameters: GraphParameters,
    members: u32,
    /// Empty on the complete graph.
    ring: Ring,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ring {
    /// The place of each member.
    place: Vec<u32>,
    /// The member at each place.
    member: Vec<u32>,
}

impl Graph {
    /// The graph with these parameters; complete if the degree says so.
    ///
    /// # Errors
    /// When the degree exceeds the places of the secret sharing.
    pub fn new(
        members: u32,
        parameters: GraphParameters,
        manifest: ContentHash,
        roster: ContentHash,
    ) -> Result<Self, GraphError> {
        if parameters.degree > MAX_DEGREE {
            return Err(GraphError::Degree { degree: parameters.degree });
        }
        let ring = if parameters.degree + 1 >= members {
            Ring::default()
        } else {
            Ring::random(members, &seed(manifest, roster))
        };
        Ok(Self { parameters, members, ring })
    }

    /// k and t.
    pub fn parameters(&self) -> GraphParameters {
        self.parameters
    }

    /// Members of the round.
    pub fn members(&self) -> u32 {
        self.members
    }

    /// Whether everybody is everybody's neighbour.
    pub fn is_complete(&self) -> bool {
        self.ring.place.is_empty()
    }

    /// The neighbours of a member, ascending. Empty for a member that does not exist.
    pub fn neighbours(&self, member: u32) -> Vec<u32> {
        if member >= self.members {
            return Vec::new();
        }
        if self.is_complete() {
            return (0..self.members).filter(|&other| other != member).collect();
        }
        let place = self.ring.place[member as usize];
        let mut found: Vec<u32> = (1..=self.parameters.degree / 2)
            .flat_map(|step| [(place + step) % self.members, (place + self.members - step) % self.members])
            .map(|place| self.ring.member[place as usize])
            .collect();
        found.sort_unstable();
        found
    }

    /// The x-coordinate at which `owner`'s secrets are evaluated for `holder`: its rank among
    /// `owner`'s neighbours, plus one. `None` if they are not neighbours.
    pub(crate) fn coordinate(&self, owner: u32, holder: u32) -> Option<u8> {
        let rank = self.neighbours(owner).binary_search(&holder).ok()?;
        u8::try_from(rank + 1).ok()
    }
}

fn seed(manifest: ContentHash, roster: ContentHash) -> [u8; 32] {
    Sha256::new().chain_update(SEED_DOMAIN).chain_update(manifest.0).chain_update(roster.0).finalize().into()
}

impl Ring {
    /// Fisher-Yates from the last place down; part of the protocol, so it is spelled out here and
    /// not left to a library that may change it.
    fn random(members: u32, seed: &[u8; 32]) -> Self {
        let mut stream = ChaCha20Rng::from_seed(*seed);
        let mut member: Vec<u32> = (0..members).collect();
        for last in (1..members).rev() {
            member.swap(last as usize, below(&mut stream, last + 1) as usize);
        }
        let mut place = vec![0; member.len()];
        for (at, &member) in (0..).zip(&member) {
            place[member as usize] = at;
        }
        Self { place, member }
    }
}

/// Uniform in `0..bound`: words of the stream (little-endian), those of the last incomplete
/// interval thrown away.
fn below(stream: &mut ChaCha20Rng, bound: u32) -> u32 {
    let usable = u32::MAX - u32::MAX % bound;
    loop {
        let word = stream.next_u32();
        if word < usable {
            return word % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn graph(members: u32, degree: u32, roster: u8) -> Graph {
        let parameters = GraphParameters { degree, threshold: 2 };
        Graph::new(members, parameters, ContentHash([1; 32]), ContentHash([roster; 32])).unwrap()
    }

    #[test]
    fn neighbourhood_is_mutual_and_of_the_given_degree() {
        for (members, degree) in [(3, 2), (30, 4), (31, 10), (1000, 30), (200, 199), (256, 255)] {
            let graph = graph(members, degree, 2);
            for member in 0..members {
                let found = graph.neighbours(member);
                assert_eq!(found.len(), degree as usize);
                assert!(found.is_sorted_by(|a, b| a < b) && !found.contains(&member));
                assert!(found.iter().all(|&other| graph.neighbours(other).contains(&member)));
            }
        }
        assert!(graph(30, 4, 2).neighbours(30).is_empty());
    }

    #[test]
    fn placement_follows_from_manifest_and_roster() {
        assert_eq!(graph(500, 10, 2), graph(500, 10, 2));
        assert_ne!(graph(500, 10, 2).ring, graph(500, 10, 3).ring);
        let parameters = GraphParameters { degree: 10, threshold: 2 };
        let other = Graph::new(500, parameters, ContentHash([9; 32]), ContentHash([2; 32])).unwrap();
        assert_ne!(graph(500, 10, 2).ring, other.ring);
        // Pinned, as part of the protocol; computed by an independent ChaCha20 and SHA-256.
        assert_eq!(graph(20, 4, 2).ring.member, [12, 13, 0, 2, 3, 16, 1, 11, 14, 15, 17, 18, 10, 19, 8, 7, 9, 5, 4, 6]);
    }

    #[test]
    fn placement_is_uniform() {
        // How often member 0 stands at each of 8 places over 8000 rings: chi-square with 7 degrees
        // of freedom exceeds 45 with probability 1e-7.
        let mut counts = [0_f64; 8];
        for i in 0..8000_u32 {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&i.to_le_bytes());
            counts[Ring::random(8, &seed).place[0] as usize] += 1.0;
        }
        let chi: f64 = counts.iter().map(|count| (count - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 45.0, "{chi}");
    }

    #[test]
    fn coordinates_are_ranks() {
        let graph = graph(30, 4, 2);
        let neighbours = graph.neighbours(7);
        let found: BTreeSet<u8> = neighbours.iter().filter_map(|&holder| graph.coordinate(7, holder)).collect();
        assert_eq!(found, BTreeSet::from([1, 2, 3, 4]));
        assert_eq!(graph.coordinate(7, 7), None);
    }

    #[test]
    fn a_degree_beyond_the_secret_sharing_is_refused() {
        let parameters = GraphParameters { degree: 398, threshold: 223 };
        let found = Graph::new(1000, parameters, ContentHash([1; 32]), ContentHash([2; 32]));
        assert_eq!(found, Err(GraphError::Degree { degree: 398 }));
    }
}
