//! The step types, one file each: how it is compiled, and what a visit of it does.

mod action;
mod ask;
mod body;
mod branch;
mod choice;
mod contact;
mod end;
mod flow;
mod goto;
mod handoff;
mod http;
mod menu;
mod message;
mod set;
mod split;
mod wait;

use super::expression::Uncompilable;
use super::program::StepCompiler;
use super::run::{StepResult, Visit};
use crate::flow::document::StepKind;

#[derive(Debug)]
pub enum Kind {
    Message(message::Message),
    Ask(Box<ask::Ask>),
    Choice(Box<choice::Choice>),
    Set(set::Set),
    Branch(branch::Branch),
    Split(split::Split),
    Http(Box<http::Http>),
    Action(action::Action),
    Wait(wait::Wait),
    Contact(contact::Contact),
    Flow(flow::SubFlow),
    Handoff(handoff::Handoff),
    Goto(goto::Goto),
    End(end::End),
}

impl Kind {
    pub fn compile(step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        Ok(match &step.step.kind {
            StepKind::Message(kind) => Self::Message(message::Message::compile(kind, step)?),
            StepKind::Ask(kind) => Self::Ask(Box::new(ask::Ask::compile(kind, step)?)),
            StepKind::Choice(kind) => Self::Choice(Box::new(choice::Choice::compile(kind, step)?)),
            StepKind::Set(kind) => Self::Set(set::Set::compile(kind, step)?),
            StepKind::Branch(kind) => Self::Branch(branch::Branch::compile(kind, step)?),
            StepKind::Split(kind) => Self::Split(split::Split::compile(kind, step)?),
            StepKind::Http(kind) => Self::Http(Box::new(http::Http::compile(kind, step)?)),
            StepKind::Action(kind) => Self::Action(action::Action::compile(kind, step)?),
            StepKind::Wait(kind) => Self::Wait(wait::Wait::compile(kind, step)?),
            StepKind::Contact(kind) => Self::Contact(contact::Contact::compile(kind, step)?),
            StepKind::Flow(kind) => Self::Flow(flow::SubFlow::compile(kind, step)?),
            StepKind::Handoff(kind) => Self::Handoff(handoff::Handoff::compile(kind, step)?),
            StepKind::Goto => Self::Goto(goto::Goto::compile(step)),
            StepKind::End(kind) => Self::End(end::End::compile(kind, step)?),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        match self {
            Self::Message(kind) => kind.run(visit),
            Self::Ask(kind) => kind.run(visit),
            Self::Choice(kind) => kind.run(visit),
            Self::Set(kind) => kind.run(visit),
            Self::Branch(kind) => kind.run(visit),
            Self::Split(kind) => kind.run(visit),
            Self::Http(kind) => kind.run(visit),
            Self::Action(kind) => kind.run(visit),
            Self::Wait(kind) => kind.run(visit),
            Self::Contact(kind) => kind.run(visit),
            Self::Flow(kind) => kind.run(visit),
            Self::Handoff(kind) => kind.run(visit),
            Self::Goto(kind) => kind.run(visit),
            Self::End(kind) => kind.run(visit),
        }
    }
}
