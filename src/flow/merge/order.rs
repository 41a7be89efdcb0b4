//! The order of a list that two sides changed: that of the side that moved entries, with what the other side added behind
//! the entries it stood behind.

use std::collections::{HashMap, HashSet};

/// The order of a merged list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MergedOrder<'k> {
    pub(super) merged: Vec<&'k str>,
    /// Whether both sides moved entries that both kept, in different ways. The order is then the draft's.
    pub(super) is_contradictory: bool,
    /// Entries that both sides added at one place, the draft's and the sent one. The draft's is first.
    pub(super) contested: Vec<(&'k str, &'k str)>,
}

/// Orders the entries of both lists that stay. All keys of a list are distinct.
pub(super) fn merged_order<'k>(
    base: &[&'k str],
    draft: &[&'k str],
    sent: &[&'k str],
    stays: impl Fn(&str) -> bool,
) -> MergedOrder<'k> {
    let [of_base, of_draft, of_sent] =
        [base, draft, sent].map(|list| list.iter().copied().collect::<HashSet<&str>>());
    let kept = |list: &[&'k str]| -> Vec<&'k str> {
        let is_kept = |key: &&str| of_base.contains(key) && of_draft.contains(key) && of_sent.contains(key);
        list.iter().copied().filter(is_kept).collect()
    };
    let (kept_base, kept_draft, kept_sent) = (kept(base), kept(draft), kept(sent));
    let is_by_sent = kept_draft == kept_base && kept_sent != kept_base;
    let is_contradictory = !is_by_sent && kept_sent != kept_base && kept_sent != kept_draft;
    let (first, second) = if is_by_sent { (sent, draft) } else { (draft, sent) };
    let is_own = |key: &str| !of_base.contains(key) && (of_draft.contains(key) != of_sent.contains(key));
    let first: Vec<&str> = first.iter().copied().filter(|key| stays(key)).collect();
    let mut added = additions(&first, second.iter().copied().filter(|key| stays(key)));
    let (mut merged, mut contested) = (Vec::with_capacity(first.len()), Vec::new());
    // What the second side added behind the entry that was placed last.
    let mut waiting = added.remove(&None).unwrap_or_default();
    let mut is_contested = false;
    for key in first {
        match (is_own(key), waiting.first()) {
            (true, Some(&other)) if !is_contested => {
                is_contested = true;
                contested.push(if is_by_sent { (other, key) } else { (key, other) });
                if is_by_sent {
                    merged.append(&mut waiting);
                }
            }
            (true, _) => {}
            (false, _) => {
                is_contested = false;
                merged.append(&mut waiting);
            }
        }
        merged.push(key);
        waiting.extend(added.remove(&Some(key)).unwrap_or_default());
    }
    merged.append(&mut waiting);
    MergedOrder { merged, is_contradictory, contested }
}

/// What a side has beyond the entries of another, by the entry of the other that it stands behind.
fn additions<'k>(
    others: &[&'k str],
    side: impl Iterator<Item = &'k str>,
) -> HashMap<Option<&'k str>, Vec<&'k str>> {
    let others: HashSet<&str> = others.iter().copied().collect();
    let mut added: HashMap<Option<&str>, Vec<&str>> = HashMap::new();
    let mut behind = None;
    for key in side {
        match others.contains(key) {
            true => behind = Some(key),
            false => added.entry(behind).or_default().push(key),
        }
    }
    added
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(letters: &str) -> Vec<&str> {
        letters.split("").filter(|letter| !letter.is_empty()).collect()
    }

    /// Lists are written as letters; those that one side lacks are removed, and capitals are added.
    #[track_caller]
    fn check(base: &str, draft: &str, sent: &str, expected: &str) {
        let (of_base, of_draft, of_sent) = (keys(base), keys(draft), keys(sent));
        let stays = |key: &str| !base.contains(key) || (draft.contains(key) && sent.contains(key));
        let order = merged_order(&of_base, &of_draft, &of_sent, stays);
        let contested: Vec<String> =
            order.contested.iter().map(|(one, other)| format!("{one}{other}")).collect();
        let mark = if order.is_contradictory { "!" } else { "" };
        let found = format!("{}{mark} {}", order.merged.concat(), contested.join(" "));
        assert_eq!(found.trim_end(), expected, "{base} {draft} {sent}");
    }

    #[test]
    fn additions_stand_where_they_were_added() {
        check("abc", "aXbc", "abcY", "aXbcY");
        check("abc", "abcY", "aXbc", "aXbcY");
        check("abc", "XYabc", "abZc", "XYabZc");
        check("", "X", "", "X");
        check("abc", "ac", "abXc", "aXc");
        check("abc", "ac", "ab", "a");
    }

    #[test]
    fn the_side_that_moved_entries_decides() {
        check("abc", "cab", "abXc", "cabX");
        check("abc", "abXc", "cab", "cabX");
        check("abc", "cab", "cab", "cab");
        check("abc", "cba", "bac", "cba!");
    }

    #[test]
    fn two_additions_at_one_place_are_contested() {
        check("ab", "abX", "abY", "abXY XY");
        check("ab", "XWab", "YZab", "XWYZab XY");
        check("abc", "abX", "abcY", "abXY XY");
        check("ab", "aXb", "bYa", "bYaX");
        check("ab", "abX", "baY", "bXaY");
        check("ab", "aXb", "aYXb", "aYXb");
    }
}
