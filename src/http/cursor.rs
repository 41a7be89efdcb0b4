//! Cursors: where the next page of a list begins. Opaque to clients, and bound to the list they came from:
//! a cursor that was changed, cut or brought from another organization or filter is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::problem::Problem;
use crate::flow::digest::Digest;

const CHECK_LEN: usize = 8;

/// The list a cursor belongs to.
#[derive(Debug, Clone)]
pub struct List {
    org_id: Uuid,
    /// Which list it is, with everything that decides what is in it.
    filter: String,
}

impl List {
    pub fn new(org_id: Uuid, filter: String) -> Self {
        Self { org_id, filter }
    }

    /// A cursor behind the entry at this position of the log.
    pub fn cursor(&self, position: i64) -> String {
        self.seal(&position.to_be_bytes())
    }

    /// The position a cursor stands behind.
    pub fn position(&self, cursor: &str) -> Result<i64, Problem> {
        self.open(cursor).map(i64::from_be_bytes)
    }

    /// A cursor into the list as it was when the log ended at a position, behind the entry at another one.
    pub fn cursor_at(&self, begun_at: i64, position: i64) -> String {
        self.seal(&[begun_at.to_be_bytes(), position.to_be_bytes()].concat())
    }

    /// Which list a cursor leads into, by where the log ended, and the position it stands behind.
    pub fn position_at(&self, cursor: &str) -> Result<(i64, i64), Problem> {
        let place = self.open::<16>(cursor)?;
        let number = |begin: usize| i64::from_be_bytes(std::array::from_fn(|n| place[begin + n]));
        Ok((number(0), number(8)))
    }

    /// A cursor behind the entry with this id.
    pub fn cursor_behind(&self, id: Uuid) -> String {
        self.seal(id.as_bytes())
    }

    /// The id a cursor stands behind.
    pub fn id(&self, cursor: &str) -> Result<Uuid, Problem> {
        self.open(cursor).map(Uuid::from_bytes)
    }

    fn seal(&self, place: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([place, &self.check(place)].concat())
    }

    fn open<const N: usize>(&self, cursor: &str) -> Result<[u8; N], Problem> {
        let broken = || Problem::parameter("cursor", "is not a cursor of this list");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| broken())?;
        let (place, check) = bytes.split_first_chunk::<N>().ok_or_else(broken)?;
        if *check != self.check(place) {
            return Err(broken());
        }
        Ok(*place)
    }

    fn check(&self, place: &[u8]) -> [u8; CHECK_LEN] {
        let bound = [b"flow-registry/cursor/1", &self.org_id.as_bytes()[..], place, self.filter.as_bytes()];
        let digest = Digest::of(&bound.concat());
        digest.as_bytes().first_chunk().copied().expect("a digest is longer than its beginning")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_back_to_its_list_alone() {
        let list = List::new(Uuid::from_u128(1), "q=hola".to_owned());
        let cursor = list.cursor(41);
        assert_eq!(list.position(&cursor).unwrap(), 41);
        let others =
            [List::new(Uuid::from_u128(2), "q=hola".into()), List::new(Uuid::from_u128(1), "q=hol".into())];
        for other in others {
            assert!(other.position(&cursor).is_err());
        }
        for index in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert!(list.position(std::str::from_utf8(&changed).unwrap()).is_err(), "at {index}");
        }
        for broken in ["", "x", "%", "AAAA", &cursor[1..]] {
            assert!(list.position(broken).is_err(), "{broken}");
        }
    }
}
