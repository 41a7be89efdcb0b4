//! A page of a list, with the cursor of the next one.

use serde::Serialize;

/// `{data, pageInfo: {endCursor, hasNextPage}}`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CursorPage<T> {
    data: Vec<T>,
    page_info: PageInfo,
}

/// Where a page ends.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// The cursor behind the last entry; null on a page without entries, and where the list has one page only.
    end_cursor: Option<String>,
    has_next_page: bool,
}

impl PageInfo {
    /// Of a list that goes on behind a cursor when there is more, now or later.
    pub fn of_changes(end_cursor: String, has_next_page: bool) -> Self {
        Self { end_cursor: Some(end_cursor), has_next_page }
    }

    /// Of a page whose list goes on behind a cursor, or ends with it.
    pub fn of_list(next: Option<&str>) -> Self {
        Self { end_cursor: next.map(str::to_owned), has_next_page: next.is_some() }
    }
}

impl<T> CursorPage<T> {
    pub fn new(data: Vec<T>, end_cursor: Option<String>, has_next_page: bool) -> Self {
        Self { data, page_info: PageInfo { end_cursor, has_next_page } }
    }

    /// The cursor of the next page, if there is one.
    pub fn next(&self) -> Option<&str> {
        self.page_info.end_cursor.as_deref().filter(|_| self.page_info.has_next_page)
    }

    /// A list that is whole on one page.
    pub fn only(data: Vec<T>) -> Self {
        Self::new(data, None, false)
    }

    /// This page with each entry in another form.
    pub fn shown<'p, U>(&'p self, shown: impl Fn(&'p T) -> U) -> CursorPage<U> {
        CursorPage { data: self.data.iter().map(shown).collect(), page_info: self.page_info.clone() }
    }
}
