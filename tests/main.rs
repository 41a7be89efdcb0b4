//! The one integration binary: everything here runs against a real Postgres or real processes.

#![allow(clippy::unwrap_used, missing_debug_implementations)]

mod access;
mod api;
mod bench;
mod cluster;
mod commands;
mod console;
mod crash;
mod deploy;
mod docs;
mod dumps;
mod erasure_at_scale;
mod evidence;
mod failover;
mod flows;
mod interpreter;
mod picture;
mod process;
mod registry;
mod replicas;
mod repository;
mod secret_files;
mod standbys;
mod store;
mod support;
mod traces;
