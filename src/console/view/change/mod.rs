//! Pages that change a flow: each first shows what would happen, and a button does that. The use cases are those of the
//! API, with its own rehearsals; no rule is decided here.

mod action;
mod conflict;
pub mod create;
pub mod done;
mod example;
mod proposal;
mod send;
mod shown;
mod unknown;

use axum::routing::{MethodRouter, get};

pub use self::action::ChangeAction;
use super::of_flow::OfFlow;
use crate::console::failure::PageResult;
use crate::console::form::{AddressParameters, Change};
use crate::console::session::Session;
use crate::console::state::Console;

/// The page of an action, and its form.
pub fn routes(action: ChangeAction) -> MethodRouter<Console> {
    let show = async move |session: Session,
                           flow: OfFlow,
                           AddressParameters(fields): AddressParameters|
                -> PageResult { shown::asked(&session, action, flow.0, &fields).await };
    let send =
        async move |flow: OfFlow, change: Change| -> PageResult { send::send(action, flow.0, &change).await };
    get(show).post(send)
}
