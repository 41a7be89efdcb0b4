//! The list of flows: whole or in pages, in one of three orders, under a tag that stays while the list does.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use uuid::Uuid;

use super::answer::ListForm;
use super::call::{FlowsRead, Read};
use super::problem::{HandlerResult, Problem};
use super::query::lists::{ListOrder, ListQuery};
use super::query::page::PageQuery;
use super::state::App;
use super::wire::{PageInfo, Tombstones, View};
use super::{answer, cursor, etag, position};
use crate::registry::{FlowList, FlowReads, FlowWalk, ListPage, LogHead, LogMoment};

type ListCall = Read<FlowsRead, (), ListQuery>;

pub async fn list(State(app): State<App>, call: ListCall) -> HandlerResult {
    let call = &call;
    position::ask(&app, call, named(call), |reads| async move { listed(&reads.flows, call).await }).await
}

/// The position that a request is about; `None` where only the primary knows. Who has a list of a position, or a cursor of
/// one, is shown none of before.
fn named(call: &ListCall) -> Option<i64> {
    let known = call.conditions.latest_of_list().unwrap_or(0);
    if let Some((moment, page)) = &call.query.changes {
        let told: Option<i64> = list_of_changes(call).behind(page).ok()?;
        return moment.position().map(|position| position.max(told.unwrap_or(0)).max(known));
    }
    let of_moment = call.query.as_of.map_or(Some(0), LogMoment::position)?;
    // A whole list takes as long as its reader: its later parts are not to be missing because a standby is.
    let page = call.query.page.as_ref()?;
    let list = list_of(call);
    let begun_at = match call.query.order {
        ListOrder::Updated => list.behind::<(i64, i64)>(page).ok()?.map(|(begun_at, _)| begun_at),
        ListOrder::Created => list.behind::<(i64, Uuid)>(page).ok()?.map(|(begun_at, _)| begun_at),
        ListOrder::Name => None,
    };
    Some(of_moment.max(begun_at.unwrap_or(0)).max(known))
}

/// The list of changes that cursors belong to.
fn list_of_changes(call: &ListCall) -> cursor::List {
    let of = if call.query.filter.in_force { "what is in force" } else { "flows" };
    cursor::List::new(call.caller.org_id, format!("changes of {of}"))
}

/// The list that cursors belong to.
fn list_of(call: &ListCall) -> cursor::List {
    let is_as_of = if call.query.as_of.is_some() { "asOf&" } else { "" };
    cursor::List::new(call.caller.org_id, format!("flows?{is_as_of}{}", call.query.written))
}

async fn listed(reads: &FlowReads, call: &ListCall) -> HandlerResult {
    let head = reads.head(&call.caller).await?;
    let tag = tag(call, head);
    if call.conditions.know_tag(&tag) {
        return Ok(answer::unchanged(tag));
    }
    if let Some((moment, page)) = &call.query.changes {
        let mut response = changed(reads, call, head, *moment, page).await?;
        response.headers_mut().insert(header::ETAG, tag);
        return Ok(response);
    }
    let as_of = match call.query.as_of {
        Some(moment) => Some(reads.position_at(&call.caller, moment).await?),
        None => None,
    };
    let mut response = match &call.query.page {
        Some(page) => paged(reads, call, head, as_of, page).await?,
        None => {
            let list = whole(reads, call, as_of.unwrap_or(head.position));
            answer::list(list, ListForm::of(call.query.view, None)).await?
        }
    };
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// Who may see a flow is decided by the number of its draft, so for who is confined to numbers every change counts.
fn tag(call: &ListCall, head: LogHead) -> HeaderValue {
    let numbers = &call.caller.phone_number_ids;
    let position = match numbers.is_empty() && call.query.is_of_what_is_in_force() {
        true => head.in_force_position,
        false => head.position,
    };
    etag::of_list(&call.query.asked, numbers, position, head.repairs)
}

fn whole(reads: &FlowReads, call: &ListCall, position: i64) -> FlowList {
    let filter = call.query.filter.clone();
    match call.query.order {
        ListOrder::Updated => reads.list_at(&call.caller, position, filter),
        ListOrder::Created => reads.walked(&call.caller, filter, FlowWalk::Created { position, below: None }),
        ListOrder::Name => reads.walked(&call.caller, filter, FlowWalk::Named { behind: None }),
    }
}

/// A page, and the way to the next one in `pageInfo` and `Link`.
async fn paged(
    reads: &FlowReads,
    call: &ListCall,
    head: LogHead,
    as_of: Option<i64>,
    page: &PageQuery,
) -> Result<Response, Problem> {
    // Named in the link too, so that a person can read it there.
    let as_of_written = as_of.map(|position| format!("asOf=position:{position}"));
    let filter = as_of_written.iter().chain([&call.query.written]).filter(|part| !part.is_empty());
    let filter = filter.map(String::as_str).collect::<Vec<_>>().join("&");
    let list = list_of(call);
    let (flows, next) = match call.query.order {
        ListOrder::Updated => updated(reads, call, head, as_of, page, &list).await?,
        ListOrder::Created | ListOrder::Name => {
            let walk = walk(call, as_of, head, page, &list)?;
            let found = reads.walked_page(&call.caller, call.query.filter.clone(), walk, page.limit).await?;
            (found.list, found.next.and_then(|walk| walk_cursor(&list, walk)))
        }
    };
    let link = next.as_deref().map(|cursor| next_link(call, &filter, page.limit, cursor));
    let mut response = answer::list(flows, ListForm::of(call.query.view, next.as_deref())).await?;
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// A page of the list by last change, and the cursor behind it.
async fn updated(
    reads: &FlowReads,
    call: &ListCall,
    head: LogHead,
    as_of: Option<i64>,
    page: &PageQuery,
    list: &cursor::List,
) -> Result<(FlowList, Option<String>), Problem> {
    let begun: Option<(i64, i64)> = list.behind(page)?;
    let wanted = ListPage { limit: page.limit, before: begun.map(|(_, before)| before) };
    let filter = call.query.filter.clone();
    let found = match (as_of, begun) {
        (Some(position), begun) => {
            let position = begun_at(position, head, begun.map(|(begun_at, _)| begun_at))?;
            reads.list_page_at(&call.caller, position, filter, wanted).await?
        }
        (None, Some((begun_at, _))) => {
            reads.list_page_on(&call.caller, head, begun_at, filter, wanted).await?
        }
        (None, None) => reads.list_page(&call.caller, head, filter, wanted).await?,
    };
    Ok((found.list, found.next.map(|next| list.cursor((found.at, next)))))
}

/// The position that a list as of a moment is of. A moment that has not come yet when the first page is read, such as
/// `now`, is another position with each page: the first one counts.
fn begun_at(position: i64, head: LogHead, begun_at: Option<i64>) -> Result<i64, Problem> {
    match begun_at {
        None => Ok(position),
        Some(begun_at) if begun_at == position || (position == head.position && begun_at < position) => {
            Ok(begun_at)
        }
        Some(_) => Err(cursor::broken()),
    }
}

/// The walk that a page is a part of: one that begins now, or goes on behind a cursor.
fn walk(
    call: &ListCall,
    as_of: Option<i64>,
    head: LogHead,
    page: &PageQuery,
    list: &cursor::List,
) -> Result<FlowWalk, Problem> {
    if call.query.order == ListOrder::Name {
        return Ok(FlowWalk::Named { behind: list.behind(page)? });
    }
    let begun: Option<(i64, Uuid)> = list.behind(page)?;
    let (first, below) = begun.unzip();
    let position = match as_of {
        Some(position) => begun_at(position, head, first)?,
        None => first.unwrap_or(head.position),
    };
    Ok(FlowWalk::Created { position, below })
}

/// `None` for a walk that has not begun, behind which there is no page.
fn walk_cursor(list: &cursor::List, walk: FlowWalk) -> Option<String> {
    match walk {
        FlowWalk::Created { position, below } => Some(list.cursor((position, below?))),
        FlowWalk::Named { behind } => Some(list.cursor(behind?)),
    }
}

/// What changed behind a moment, or behind what an earlier page told.
async fn changed(
    reads: &FlowReads,
    call: &ListCall,
    head: LogHead,
    moment: LogMoment,
    page: &PageQuery,
) -> Result<Response, Problem> {
    let in_force = call.query.filter.in_force;
    let list = list_of_changes(call);
    let after = match list.behind(page)? {
        Some(position) => position,
        None => reads.position_at(&call.caller, moment).await?,
    };
    let found = reads.changed(&call.caller, head, in_force, after, page.limit).await?;
    let cursor = list.cursor(found.up_to);
    let link = answer::next_link(&call.uri, &cursor);
    let form = ListForm {
        view: call.query.view,
        tombstones: if in_force { Tombstones::NotInForce } else { Tombstones::Deleted },
        page: PageInfo::of_changes(cursor, found.has_more),
    };
    let mut response = answer::list(found.list, form).await?;
    if found.has_more {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn next_link(call: &ListCall, filter: &str, limit: i64, cursor: &str) -> HeaderValue {
    let filter = if filter.is_empty() { String::new() } else { format!("{filter}&") };
    let view = if call.query.view == View::Summary { "view=summary&" } else { "" };
    let org_id = call.caller.org_id;
    let link = format!(
        "</organizations/{org_id}/bot/flows?{filter}{view}limit={limit}&cursor={cursor}>; rel=\"next\""
    );
    HeaderValue::try_from(link).expect("what is percent-encoded is header text")
}
