//! Which of the servers of a cluster is its primary, by what each says of itself.

use std::fmt::Write as _;
use std::sync::Arc;

use super::StoreError;
use super::error::MAJOR_MIN;
use super::server::{Sighting, Timeline};

/// A server by name, and what came of looking at it.
pub(super) type Looked = (Arc<str>, Result<Sighting, sqlx::Error>);

/// Refuses servers that are no copies of one cluster: a change would go to one of them, and be missing in the other.
pub(super) fn of_one_cluster(looked: &[Looked]) -> Result<(), StoreError> {
    let mut seen = answers(looked).map(|(_, name, sighting)| (name, sighting.timeline.system_identifier));
    let Some((first, cluster)) = seen.next() else { return Ok(()) };
    match seen.find(|(_, other)| *other != cluster) {
        None => Ok(()),
        Some((other, _)) => {
            Err(StoreError::OtherCluster { one: first.to_string(), other: other.to_string() })
        }
    }
}

/// The server that takes writes on the newest timeline that is known of. `used` is the one that was used until now,
/// `newest` the timeline on which that was; servers of another cluster do not count beside it.
pub(super) fn primary(
    mut looked: Vec<Looked>,
    used: Option<usize>,
    newest: Option<Timeline>,
) -> Result<(usize, Sighting), StoreError> {
    // Of a single server its own error says most.
    let is_one = looked.len() == 1;
    if let Some((_, Err(error))) = looked.pop_if(|(_, answer)| is_one && answer.is_err()) {
        return Err(StoreError::of_first_look(error));
    }
    let is_ours = |sighting: &Sighting| {
        newest.is_none_or(|newest| newest.system_identifier == sighting.timeline.system_identifier)
    };
    let known = answers(&looked).filter(|(_, _, sighting)| is_ours(sighting));
    let newest = known
        .map(|(_, _, sighting)| sighting.timeline.number)
        .chain(newest.map(|newest| newest.number))
        .max();
    let takers = answers(&looked).filter(|(_, _, sighting)| is_ours(sighting) && !sighting.is_standby);
    let Some(last) = takers.clone().map(|(_, _, sighting)| sighting.timeline.number).max() else {
        return Err(nobody(&looked));
    };
    let mut takers = takers.filter(|(_, _, sighting)| sighting.timeline.number == last);
    let (index, name, sighting) = takers
        .clone()
        .find(|(index, ..)| Some(*index) == used)
        .or(takers.clone().next())
        .ok_or_else(|| nobody(&looked))?;
    if sighting.major < MAJOR_MIN {
        return Err(StoreError::TooOld { major: sighting.major });
    }
    if Some(last) < newest {
        let newest = newest.unwrap_or(last);
        return Err(StoreError::StalePrimary { server: name.to_string(), timeline: last, newest });
    }
    match takers.find(|(_, _, other)| other.started_at != sighting.started_at) {
        None => Ok((index, sighting.clone())),
        Some((_, other, _)) => {
            let (one, other) = (name.to_string(), other.to_string());
            Err(StoreError::TwoPrimaries { one, other, timeline: last })
        }
    }
}

fn answers(looked: &[Looked]) -> impl Iterator<Item = (usize, &str, &Sighting)> + Clone {
    let answers = looked.iter().enumerate();
    answers.filter_map(|(index, (name, answer))| Some((index, &**name, answer.as_ref().ok()?)))
}

fn nobody(looked: &[Looked]) -> StoreError {
    if looked.iter().all(|(_, answer)| answer.is_ok()) {
        return StoreError::OnlyStandbys;
    }
    let mut servers = String::new();
    for (name, answer) in looked {
        let separator = if servers.is_empty() { "" } else { "; " };
        let _ = match answer {
            Ok(sighting) if sighting.is_standby => write!(servers, "{separator}{name} is a standby"),
            Ok(_) => write!(servers, "{separator}{name} is of another cluster"),
            Err(error) => write!(servers, "{separator}{name} does not answer ({error})"),
        };
    }
    StoreError::NoPrimary { servers }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(
        cluster: i64,
        timeline: u32,
        is_standby: bool,
        started_at: &str,
    ) -> Result<Sighting, sqlx::Error> {
        let timeline = Timeline { system_identifier: cluster, number: timeline };
        Ok(Sighting { is_standby, major: 15, timeline, started_at: started_at.to_owned(), written: 0 })
    }

    fn primary_on(timeline: u32) -> Result<Sighting, sqlx::Error> {
        seen(1, timeline, false, &format!("of timeline {timeline}"))
    }

    fn standby_on(timeline: u32) -> Result<Sighting, sqlx::Error> {
        seen(1, timeline, true, "a standby")
    }

    fn dead() -> Result<Sighting, sqlx::Error> {
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
    }

    /// The choice among servers named a, b, c: its name, or the error.
    fn check(
        servers: Vec<Result<Sighting, sqlx::Error>>,
        used: Option<usize>,
        newest: Option<u32>,
        expected: &str,
    ) {
        let names = ["a", "b", "c"];
        let looked: Vec<Looked> =
            names.iter().zip(servers).map(|(name, answer)| (Arc::from(*name), answer)).collect();
        let newest = newest.map(|number| Timeline { system_identifier: 1, number });
        let chosen = of_one_cluster(&looked).and_then(|()| primary(looked, used, newest));
        let said = chosen.map_or_else(|error| error.to_string(), |(index, _)| names[index].to_owned());
        assert!(
            said == expected || (expected.len() > 1 && said.contains(expected)),
            "{said:?}, not {expected:?}"
        );
    }

    #[test]
    fn the_primary_on_the_newest_timeline_is_chosen() {
        check(vec![primary_on(1)], None, None, "a");
        check(vec![standby_on(1), primary_on(1)], None, None, "b");
        check(vec![dead(), primary_on(1)], None, None, "b");
        check(vec![primary_on(1), primary_on(2)], None, None, "b");
        check(vec![primary_on(1), primary_on(2)], Some(0), Some(1), "b");
        check(vec![standby_on(2), primary_on(2), primary_on(1)], Some(2), Some(1), "b");
    }

    #[test]
    fn a_stale_primary_is_not_chosen() {
        check(vec![primary_on(1), dead()], None, None, "a");
        check(
            vec![primary_on(1), dead()],
            None,
            Some(2),
            "a takes writes on timeline 1, and timeline 2 is known of",
        );
        check(vec![primary_on(1), standby_on(2)], None, None, "timeline 2 is known of");
    }

    #[test]
    fn one_server_by_two_names_is_one() {
        check(vec![primary_on(1), primary_on(1)], None, None, "a");
        check(vec![primary_on(1), primary_on(1)], Some(1), Some(1), "b");
    }

    #[test]
    fn what_cannot_be_chosen_from_is_said() {
        let other = || seen(1, 2, false, "of another timeline 2");
        check(vec![primary_on(2), other()], None, None, "a and b both take writes on timeline 2");
        check(vec![primary_on(2), other()], Some(0), Some(2), "a and b both take writes on timeline 2");
        check(vec![standby_on(1), standby_on(1)], None, None, "all are standbys");
        check(vec![dead(), standby_on(1)], None, None, "a does not answer (");
        check(vec![dead(), standby_on(1)], None, None, "; b is a standby");
        check(vec![dead(), dead()], None, None, "b does not answer (");
        check(
            vec![primary_on(1), seen(2, 1, false, "elsewhere")],
            None,
            None,
            "a and b are no copies of one cluster",
        );
        let old = Sighting { major: 14, ..primary_on(1).unwrap_or_else(|_| unreachable!()) };
        check(vec![Ok(old)], None, None, "PostgreSQL 14");
    }

    #[test]
    fn another_cluster_does_not_count_beside_the_one_in_use() {
        let looked = vec![(Arc::from("a"), dead()), (Arc::from("b"), seen(2, 9, false, "elsewhere"))];
        let refused =
            primary(looked, Some(0), Some(Timeline { system_identifier: 1, number: 1 })).unwrap_err();
        assert!(refused.to_string().contains("b is of another cluster"), "{refused}");
    }
}
