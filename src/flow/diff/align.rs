//! How the entries of two lists correspond by key, and the fewest of them that must be said to have moved.

use std::collections::HashMap;
use std::hash::Hash;

/// The correspondence of a list before and after; all places are indices from 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Alignment {
    /// Places after, in order.
    pub added: Vec<usize>,
    /// Places before, in order.
    pub removed: Vec<usize>,
    /// Entries of both lists, in the order after.
    pub kept: Vec<Kept>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub before: usize,
    pub after: usize,
    pub moved: bool,
}

/// Aligns two lists of distinct keys.
///
/// Entries that can stay put are a longest common subsequence, so an insertion moves nothing and one
/// entry carried elsewhere is one move. The choice between equally long ones is made in a direction
/// that both orders of the arguments agree on: the way back moves the same entries.
pub(super) fn align<K: Eq + Hash + Ord>(before: &[K], after: &[K]) -> Alignment {
    let places: HashMap<&K, usize> = before.iter().enumerate().map(|(place, key)| (key, place)).collect();
    let mut still_there = vec![false; before.len()];
    let mut alignment = Alignment::default();
    for (place, key) in after.iter().enumerate() {
        match places.get(key) {
            Some(&origin) => {
                still_there[origin] = true;
                alignment.kept.push(Kept { before: origin, after: place, moved: true });
            }
            None => alignment.added.push(place),
        }
    }
    alignment.removed = (0..before.len()).filter(|&place| !still_there[place]).collect();
    settle(&mut alignment.kept, before, after);
    alignment
}

/// Takes the mark `moved` off every entry that can stay.
fn settle<K: Ord>(kept: &mut [Kept], before: &[K], after: &[K]) {
    let mut in_order_before: Vec<usize> = (0..kept.len()).collect();
    in_order_before.sort_by_key(|&index| kept[index].before);
    let keys_before = in_order_before.iter().map(|&index| &before[kept[index].before]);
    let keys_after = kept.iter().map(|entry| &after[entry.after]);
    if keys_after.cmp(keys_before).is_le() {
        let places: Vec<usize> = kept.iter().map(|entry| entry.before).collect();
        for index in longest_increasing(&places) {
            kept[index].moved = false;
        }
    } else {
        let places: Vec<usize> = in_order_before.iter().map(|&index| kept[index].after).collect();
        for index in longest_increasing(&places) {
            kept[in_order_before[index]].moved = false;
        }
    }
}

/// Indices of a longest strictly increasing subsequence, last one first (patience sorting, O(n log n)).
fn longest_increasing(values: &[usize]) -> Vec<usize> {
    // tails[n]: index of the smallest value that ends an increasing run of n + 1 values.
    let mut tails: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; values.len()];
    for (index, value) in values.iter().enumerate() {
        let length = tails.partition_point(|&tail| values[tail] < *value);
        previous[index] = length.checked_sub(1).map(|shorter| tails[shorter]);
        if length == tails.len() {
            tails.push(index);
        } else {
            tails[length] = index;
        }
    }
    std::iter::successors(tails.last().copied(), |&index| previous[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists are written as letters; `expected` names the moved entries in the order after.
    #[track_caller]
    fn check(before: &str, after: &str, expected: &str) {
        let (before, after): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
        let moved = |alignment: Alignment, list: &[char]| -> String {
            alignment.kept.iter().filter(|kept| kept.moved).map(|kept| list[kept.after]).collect()
        };
        assert_eq!(moved(align(&before, &after), &after), expected);
    }

    #[test]
    fn only_what_was_carried_elsewhere_moves() {
        check("abcde", "abcde", "");
        check("abcde", "xabcde", "");
        check("abcde", "bde", "");
        check("abcde", "abdec", "c");
        check("abcde", "eabcd", "e");
        check("abcde", "xeaycd", "e");
        check("", "abc", "");
        check("abc", "", "");
    }

    #[test]
    fn there_and_back_move_the_same_entry() {
        check("ab", "ba", "a");
        check("ba", "ab", "a");
        check("abcd", "cdab", "ab");
        check("cdab", "abcd", "ab");
    }
}
