//! Merkle trees as RFC 6962 (section 2.1) hashes them: their root, and for chosen leaves the path that proves that they
//! are in it. Leaves are handed in one by one and not kept, so a tree of any size takes little memory.

use crate::flow::digest::Digest;

/// What the hash of a leaf, or of two subtrees, begins with: neither can be taken for the other.
const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The proof that a leaf is in a tree: the hashes beside its way to the root, from the leaf on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionPath {
    /// Counts leaves from 0.
    pub index: u64,
    pub hashes: Vec<Digest>,
}

/// A tree that grows leaf by leaf.
#[derive(Debug, Default)]
pub struct TreeBuilder {
    size: u64,
    /// Whole subtrees from the left, each larger than the next.
    subtrees: Vec<Subtree>,
    paths: Vec<InclusionPath>,
}

#[derive(Debug)]
struct Subtree {
    leaves: u64,
    hash: Digest,
    /// Which of the paths begin in it.
    proven: Vec<usize>,
}

impl TreeBuilder {
    pub fn push(&mut self, leaf: &[u8]) {
        self.grow(leaf, Vec::new());
    }

    /// Adds a leaf whose path is wanted.
    pub fn push_proven(&mut self, leaf: &[u8]) {
        let proven = vec![self.paths.len()];
        self.paths.push(InclusionPath { index: self.size, hashes: Vec::new() });
        self.grow(leaf, proven);
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    fn grow(&mut self, leaf: &[u8], proven: Vec<usize>) {
        self.size += 1;
        let mut last = Subtree { leaves: 1, hash: leaf_hash(leaf), proven };
        while let Some(left) = self.subtrees.pop_if(|left| left.leaves == last.leaves) {
            last = join(&mut self.paths, left, last);
        }
        self.subtrees.push(last);
    }

    /// The root of the tree as it is now.
    pub fn root(&self) -> Digest {
        let mut subtrees = self.subtrees.iter().rev().map(|subtree| subtree.hash);
        let Some(last) = subtrees.next() else { return Digest::of(b"") };
        subtrees.fold(last, |right, left| node_hash(&left, &right))
    }

    /// The root, and the paths of the leaves they were wanted of, in their order.
    pub fn finish(self) -> (Digest, Vec<InclusionPath>) {
        let Self { mut subtrees, mut paths, .. } = self;
        let Some(mut last) = subtrees.pop() else { return (Digest::of(b""), paths) };
        while let Some(left) = subtrees.pop() {
            last = join(&mut paths, left, last);
        }
        (last.hash, paths)
    }
}

fn join(paths: &mut [InclusionPath], left: Subtree, mut right: Subtree) -> Subtree {
    for &path in &left.proven {
        paths[path].hashes.push(right.hash);
    }
    for &path in &right.proven {
        paths[path].hashes.push(left.hash);
    }
    let mut proven = left.proven;
    proven.append(&mut right.proven);
    Subtree { leaves: left.leaves + right.leaves, hash: node_hash(&left.hash, &right.hash), proven }
}

fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of(&[&[LEAF], leaf].concat())
}

fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of(&[&[NODE][..], left.as_bytes(), right.as_bytes()].concat())
}

impl InclusionPath {
    /// The root that the path leads to from a leaf, in a tree of that many (RFC 9162, section 2.1.3.2); `None` where
    /// there is no such leaf, or the path has another length than its place asks for.
    pub fn root(&self, leaf: &[u8], size: u64) -> Option<Digest> {
        if self.index >= size {
            return None;
        }
        let (mut at, mut last, mut hash) = (self.index, size - 1, leaf_hash(leaf));
        for beside in &self.hashes {
            if last == 0 {
                return None;
            }
            if at % 2 == 1 || at == last {
                hash = node_hash(beside, &hash);
                while at % 2 == 0 && at != 0 {
                    (at, last) = (at / 2, last / 2);
                }
            } else {
                hash = node_hash(&hash, beside);
            }
            (at, last) = (at / 2, last / 2);
        }
        (last == 0).then_some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(size: u64) -> Vec<Vec<u8>> {
        (0..size).map(|leaf| leaf.to_be_bytes().to_vec()).collect()
    }

    /// The definition, word for word.
    fn root(leaves: &[Vec<u8>]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [leaf] => leaf_hash(leaf),
            leaves => {
                let split = (leaves.len().next_power_of_two()) / 2;
                node_hash(&root(&leaves[..split]), &root(&leaves[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition_and_each_path_leads_there() {
        for size in 0..70 {
            let leaves = leaves(size);
            let mut tree = TreeBuilder::default();
            leaves.iter().for_each(|leaf| tree.push_proven(leaf));
            assert_eq!(tree.root(), root(&leaves), "{size}");
            let (found, paths) = tree.finish();
            assert_eq!(found, root(&leaves), "{size}");
            for (leaf, path) in leaves.iter().zip(&paths) {
                assert_eq!(path.root(leaf, size), Some(found));
                assert_ne!(path.root(b"another", size), Some(found));
                let elsewhere = InclusionPath { index: path.index + 1, ..path.clone() };
                assert_ne!(elsewhere.root(leaf, size), Some(found));
            }
        }
    }

    /// The vectors that implementations of RFC 6962 share.
    #[test]
    fn known_roots() {
        let leaves: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let known = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (size, known) in (1..).zip(known) {
            let mut tree = TreeBuilder::default();
            leaves[..size].iter().for_each(|leaf| tree.push(leaf));
            assert_eq!(tree.finish().0.to_string(), format!("sha256:{known}"));
        }
    }
}
