//! The one use of chance: a draw that depends on the seed, the place and the visit, and on nothing that
//! happened elsewhere in the run.

use sha2::{Digest, Sha256};

/// A number below `total`, which is above zero. `flow_path` is the ids of the flows on the call stack.
pub fn draw(seed: &str, flow_path: &[&str], step_id: &str, visit: u32, total: u64) -> u64 {
    let place = format!("flow/1|{seed}|{}|{step_id}|{visit}", flow_path.join("/"));
    let hash = Sha256::digest(place.as_bytes());
    let (first, _) = hash.split_first_chunk::<8>().expect("a digest has 32 bytes");
    u64::from_be_bytes(*first) % total
}

/// The index of the weighted path that a drawn number falls on.
pub fn walk(weights: impl IntoIterator<Item = u32>, mut drawn: u64) -> Option<usize> {
    weights.into_iter().position(|weight| match drawn.checked_sub(u64::from(weight)) {
        Some(rest) => {
            drawn = rest;
            false
        }
        None => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'flow/1|1|f/g|ab|2' | sha256sum` begins with these bytes.
    #[test]
    fn the_draw_is_the_digest_of_its_place() {
        assert_eq!(draw("1", &["f", "g"], "ab", 2, u64::MAX), 0xb3ba_b4ae_d631_fa46);
    }

    #[test]
    fn paths_are_walked_in_order() {
        for (drawn, path) in [(0, 0), (49, 0), (50, 1), (79, 1), (80, 2), (99, 2)] {
            assert_eq!(walk([50, 30, 20], drawn), Some(path), "{drawn}");
        }
        assert_eq!(walk([50, 30, 20], 100), None);
    }
}
