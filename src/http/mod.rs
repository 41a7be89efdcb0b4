//! The HTTP room: the API of `registry` as requests and answers. `routes` is its one page of contents.
//! A request walks: `observe` → route → `call` (every check, in one order) → handler → registry → `answer`.
//! It knows no SQL and no rule of flows.

mod answer;
mod api_keys;
mod audit;
mod body;
mod call;
mod checkpoint;
mod connection;
mod cors;
mod credentials;
mod cursor;
mod door;
mod endpoint;
mod env;
mod erasure;
mod etag;
mod export;
mod feed;
mod flows;
mod framing;
mod guesses;
mod headers;
mod history;
mod load;
mod media;
mod observe;
mod observed;
mod openapi;
mod operations;
mod orders;
mod path;
mod percent;
mod problem;
mod proxies;
mod query;
mod restore;
mod routes;
mod runs;
mod serve;
mod state;
mod unread;
mod validate;
mod wire;

pub use body::BodyBudget;
pub use connection::Patience;
pub use cors::allow_origins;
pub use door::TURNED_AWAY_MAX;
pub use endpoint::{Access, Endpoint};
pub use feed::slots::Feeds;
pub use guesses::Guesses;
pub use load::Load;
pub use proxies::TrustedProxies;
pub use routes::{description, endpoints, operators_router, router};
pub use serve::{Limits, serve};
pub use state::AppState;
