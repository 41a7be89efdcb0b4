//! The door: who of those that connect is served, and whose place goes to another when there is none left. Nobody is
//! kept waiting in the kernel, where nothing could tell a client that asks for the health from one that is silent.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::Progress;
use crate::registry::access::counted_as;

/// Connections beyond those that are served: each is told so, or about the health, and closed.
pub const TURNED_AWAY_MAX: usize = 64;
/// A request that waits for its client for less is not given up for another one.
const SLOW_AFTER: Duration = Duration::from_secs(1);

/// Clones are one door.
#[derive(Debug, Clone)]
pub struct Door {
    guests: Arc<Mutex<Guests>>,
    places: usize,
    of_one_address: usize,
}

#[derive(Debug, Default)]
struct Guests {
    next: u64,
    served: HashMap<u64, Guest>,
    /// By age.
    turned_away: BTreeMap<u64, Guest>,
    /// How many of the served come from each address that has a budget.
    of_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Guest {
    /// `None`: a trusted proxy's, which has no budget.
    address: Option<IpAddr>,
    progress: Progress,
    leave: CancellationToken,
}

/// A connection's stay; its place is free when this is dropped.
#[derive(Debug)]
pub struct Stay {
    id: u64,
    door: Door,
    /// Whether its requests are carried out. Else it is told that there is no room.
    pub is_served: bool,
    /// Cancelled when the place goes to another.
    pub leave: CancellationToken,
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.door.guests().remove(self.id);
    }
}

impl Door {
    pub fn new(places: usize, of_one_address: usize) -> Self {
        Self { guests: Arc::default(), places: places.max(1), of_one_address: of_one_address.max(1) }
    }

    /// Lets a connection in. Where its address has used up its budget, or all places are taken, the one that has kept
    /// us waiting makes room; where nobody has, the newcomer is turned away.
    pub fn enter(&self, address: IpAddr, has_budget: bool, progress: Progress) -> Stay {
        let address = has_budget.then(|| counted_as(address));
        let leave = CancellationToken::new();
        let mut guests = self.guests();
        let id = guests.next;
        guests.next += 1;
        let is_served = guests.make_room(address, self.places, self.of_one_address);
        let guest = Guest { address, progress, leave: leave.clone() };
        match is_served {
            true => guests.add(id, guest),
            false => guests.turn_away(id, guest),
        }
        drop(guests);
        Stay { id, door: self.clone(), is_served, leave }
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    fn make_room(&mut self, address: Option<IpAddr>, places: usize, of_one_address: usize) -> bool {
        let now = Instant::now();
        let is_over_budget = address.is_some_and(|address| self.count(Some(address)) >= of_one_address);
        if is_over_budget && !self.send_away(now, |guest| guest.address == address) {
            return false;
        }
        self.served.len() < places || self.send_away(now, |_| true)
    }

    /// Takes the place of one that waits for its client, and says whether there was one: first of those that never
    /// asked for anything, of the address with the most connections, the one that has waited longest.
    fn send_away(&mut self, now: Instant, among: impl Fn(&Guest) -> bool) -> bool {
        let candidates = self.served.iter().filter(|(_, guest)| among(guest)).filter_map(|(id, guest)| {
            let waiting = guest.progress.waiting()?;
            let is_slow = !waiting.in_request || now.duration_since(waiting.since) >= SLOW_AFTER;
            let rank = (waiting.has_asked, Reverse(self.count(guest.address)), waiting.since);
            is_slow.then_some((rank, *id))
        });
        let Some((_, id)) = candidates.min() else { return false };
        if let Some(guest) = self.remove(id) {
            guest.leave.cancel();
        }
        true
    }

    fn count(&self, address: Option<IpAddr>) -> usize {
        address.and_then(|address| self.of_address.get(&address)).copied().unwrap_or(0)
    }

    fn add(&mut self, id: u64, guest: Guest) {
        if let Some(address) = guest.address {
            *self.of_address.entry(address).or_default() += 1;
        }
        self.served.insert(id, guest);
    }

    fn turn_away(&mut self, id: u64, guest: Guest) {
        if self.turned_away.len() >= TURNED_AWAY_MAX
            && let Some((_, oldest)) = self.turned_away.pop_first()
        {
            oldest.leave.cancel();
        }
        self.turned_away.insert(id, guest);
    }

    fn remove(&mut self, id: u64) -> Option<Guest> {
        let Some(guest) = self.served.remove(&id) else { return self.turned_away.remove(&id) };
        if let Some(address) = guest.address
            && let Some(count) = self.of_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.of_address.remove(&address);
            }
        }
        Some(guest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(door: &Door, address: &str, progress: &Progress) -> Stay {
        door.enter(address.parse().unwrap(), true, progress.clone())
    }

    /// A connection with a request under way.
    fn busy() -> Progress {
        let progress = Progress::new();
        progress.request_began(Some(0));
        progress
    }

    #[test]
    fn a_silent_connection_makes_room() {
        let door = Door::new(2, 2);
        let first = enter(&door, "192.0.2.1", &Progress::new());
        let second = enter(&door, "192.0.2.2", &busy());
        let third = enter(&door, "192.0.2.3", &busy());
        assert!(first.leave.is_cancelled() && !second.leave.is_cancelled() && third.is_served);
        let fourth = enter(&door, "192.0.2.4", &Progress::new());
        assert!(!fourth.is_served && !fourth.leave.is_cancelled());
        drop(second);
        assert!(enter(&door, "192.0.2.4", &Progress::new()).is_served);
    }

    #[test]
    fn an_address_has_a_budget_and_a_trusted_proxy_none() {
        let door = Door::new(9, 1);
        let first = enter(&door, "2001:db8::1", &busy());
        assert!(first.is_served && !enter(&door, "2001:db8::2", &busy()).is_served);
        assert!(enter(&door, "2001:db8:0:1::1", &busy()).is_served);
        let stays: Vec<Stay> =
            (0..3).map(|_| door.enter("192.0.2.1".parse().unwrap(), false, busy())).collect();
        assert!(stays.iter().all(|stay| stay.is_served));
    }

    /// Who has many connections loses one before who has few, and who has asked keeps it longest.
    #[test]
    fn the_place_of_whoever_has_most_goes_first() {
        let door = Door::new(3, 9);
        let asked = Progress::new();
        asked.request_began(Some(0));
        asked.request_ended();
        let _known = enter(&door, "192.0.2.1", &asked);
        let lone = enter(&door, "192.0.2.2", &Progress::new());
        let stays = ["192.0.2.3"; 2].map(|address| enter(&door, address, &Progress::new()));
        assert!(lone.leave.is_cancelled(), "all had one connection, and this one waited longest");
        let _next = enter(&door, "192.0.2.4", &Progress::new());
        assert!(stays[0].leave.is_cancelled() && !stays[1].leave.is_cancelled());
    }

    #[test]
    fn of_those_turned_away_the_oldest_goes() {
        let door = Door::new(1, 9);
        let _busy = enter(&door, "192.0.2.1", &busy());
        let away: Vec<Stay> =
            (0..=TURNED_AWAY_MAX).map(|_| enter(&door, "192.0.2.2", &Progress::new())).collect();
        assert!(away.iter().all(|stay| !stay.is_served));
        assert!(away[0].leave.is_cancelled() && !away[1].leave.is_cancelled());
    }
}
