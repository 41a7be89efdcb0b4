//! Pages of lists, and cursors, which say where the next page begins. A cursor is opaque to clients and bound to its
//! list: one that was changed, cut or brought from another organization or filter is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::problem::Problem;
use super::query::page::PageQuery;
use super::wire::CursorPage;
use crate::flow::digest::Digest;
use crate::flow::json::INTEGER_MAX;

const CHECK_LEN: usize = 8;

/// What a list is ordered by, as bytes in a cursor.
pub trait CursorKey: Sized {
    type Bytes: AsRef<[u8]> + for<'a> TryFrom<&'a [u8]>;

    fn bytes(&self) -> Self::Bytes;

    /// `None` where these are no bytes of such a key.
    fn from_bytes(bytes: Self::Bytes) -> Option<Self>;
}

/// A position of a log, or a version of a flow.
impl CursorKey for i64 {
    type Bytes = [u8; 8];

    fn bytes(&self) -> [u8; 8] {
        self.to_be_bytes()
    }

    fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes)).filter(|number| (0..=INTEGER_MAX).contains(number))
    }
}

/// An id whose order is the order of time.
impl CursorKey for Uuid {
    type Bytes = [u8; 16];

    fn bytes(&self) -> [u8; 16] {
        *self.as_bytes()
    }

    fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Some(Self::from_bytes(bytes))
    }
}

/// Where the log ended when the first page was read, and a position of the log.
impl CursorKey for (i64, i64) {
    type Bytes = [u8; 16];

    fn bytes(&self) -> [u8; 16] {
        let (begun_at, position) = (self.0.to_be_bytes(), self.1.to_be_bytes());
        std::array::from_fn(|index| if index < 8 { begun_at[index] } else { position[index - 8] })
    }

    fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let number = |begin: usize| i64::from_bytes(std::array::from_fn(|index| bytes[begin + index]));
        Some((number(0)?, number(8)?))
    }
}

/// Where the log ended when the first page was read, and a flow.
impl CursorKey for (i64, Uuid) {
    type Bytes = [u8; 24];

    fn bytes(&self) -> [u8; 24] {
        let (begun_at, flow) = (self.0.to_be_bytes(), self.1.as_bytes());
        std::array::from_fn(|index| if index < 8 { begun_at[index] } else { flow[index - 8] })
    }

    fn from_bytes(bytes: [u8; 24]) -> Option<Self> {
        let (begun_at, flow) = bytes.split_first_chunk()?;
        Some((i64::from_bytes(*begun_at)?, Uuid::from_slice(flow).ok()?))
    }
}

/// A folded name, and a flow of that name.
impl CursorKey for (String, Uuid) {
    type Bytes = Vec<u8>;

    fn bytes(&self) -> Vec<u8> {
        [self.1.as_bytes(), self.0.as_bytes()].concat()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let (flow, name) = bytes.split_first_chunk()?;
        let name = String::from_utf8(name.to_vec()).ok().filter(|name| !name.contains('\0'))?;
        Some((name, Uuid::from_bytes(*flow)))
    }
}

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

    /// A cursor behind the entry with this key.
    pub fn cursor<K: CursorKey>(&self, key: K) -> String {
        self.seal(key.bytes().as_ref())
    }

    /// The key of the entry behind which the page begins; `None` for the first page.
    pub fn behind<K: CursorKey>(&self, page: &PageQuery) -> Result<Option<K>, Problem> {
        page.cursor.as_deref().map(|cursor| self.key(cursor)).transpose()
    }

    /// The page of a list that is read with one entry more than the page has: that entry tells that there is a next
    /// page. `key` returns what the list is ordered by.
    pub fn page<T, K: CursorKey>(
        &self,
        mut entries: Vec<T>,
        page: &PageQuery,
        key: impl Fn(&T) -> K,
    ) -> CursorPage<T> {
        let limit = usize::try_from(page.limit).expect("limits are small and positive");
        let has_next_page = entries.len() > limit;
        entries.truncate(limit);
        let end_cursor = entries.last().map(|entry| self.cursor(key(entry)));
        CursorPage::new(entries, end_cursor, has_next_page)
    }

    fn key<K: CursorKey>(&self, cursor: &str) -> Result<K, Problem> {
        K::from_bytes(self.open(cursor)?).ok_or_else(broken)
    }

    fn seal(&self, key: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([key, &self.check(key)].concat())
    }

    fn open<B: AsRef<[u8]> + for<'a> TryFrom<&'a [u8]>>(&self, cursor: &str) -> Result<B, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| broken())?;
        let (key, check) = bytes.split_last_chunk::<CHECK_LEN>().ok_or_else(broken)?;
        if *check != self.check(key) {
            return Err(broken());
        }
        B::try_from(key).map_err(|_| broken())
    }

    fn check(&self, key: &[u8]) -> [u8; CHECK_LEN] {
        let bound = [b"flow-registry/cursor/1", &self.org_id.as_bytes()[..], key, self.filter.as_bytes()];
        let digest = Digest::of(&bound.concat());
        digest.as_bytes().first_chunk().copied().expect("a digest is longer than its beginning")
    }
}

pub fn broken() -> Problem {
    Problem::parameter("cursor", "is not a cursor of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_back_to_its_list_alone() {
        let list = List::new(Uuid::from_u128(1), "q=hola".to_owned());
        let cursor = list.cursor(41);
        let position = |list: &List, cursor: &str| list.key::<i64>(cursor);
        assert_eq!(position(&list, &cursor).unwrap(), 41);
        assert!(list.key::<Uuid>(&cursor).is_err(), "no id");
        let others =
            [List::new(Uuid::from_u128(2), "q=hola".into()), List::new(Uuid::from_u128(1), "q=hol".into())];
        for other in others {
            assert!(position(&other, &cursor).is_err());
        }
        for index in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert!(position(&list, std::str::from_utf8(&changed).unwrap()).is_err(), "at {index}");
        }
        let named = list.cursor(("ana".to_owned(), Uuid::from_u128(7)));
        assert_eq!(list.key(&named).ok(), Some(("ana".to_owned(), Uuid::from_u128(7))));
        let created = list.cursor((41, Uuid::from_u128(7)));
        assert_eq!(list.key(&created).ok(), Some((41, Uuid::from_u128(7))));
        let forged = list.seal(&[&[0; 16], &b"a\0"[..]].concat());
        assert!(list.key::<(String, Uuid)>(&forged).is_err(), "no text");
        for beyond in [-1, INTEGER_MAX + 1, i64::MAX, i64::MIN] {
            assert!(list.key::<i64>(&list.seal(&beyond.to_be_bytes())).is_err(), "no position");
        }
        for broken in ["", "x", "%", "AAAA", &cursor[1..]] {
            assert!(position(&list, broken).is_err(), "{broken}");
        }
    }
}
