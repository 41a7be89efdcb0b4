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
mod options;
mod origin;
mod set;
mod split;
mod wait;

use super::expression::Uncompilable;
use super::program::StepCompiler;
use super::run::{StepResult, Visit};
use crate::flow::document::StepKind;

#[derive(Debug)]
pub enum CompiledKind {
    Message(message::CompiledMessage),
    Ask(Box<ask::CompiledAsk>),
    Choice(Box<choice::CompiledChoice>),
    Set(set::CompiledSet),
    Branch(branch::CompiledBranch),
    Split(split::CompiledSplit),
    Http(Box<http::CompiledHttp>),
    Action(action::CompiledAction),
    Wait(wait::CompiledWait),
    Contact(contact::CompiledContact),
    Flow(flow::CompiledSubFlow),
    Handoff(handoff::CompiledHandoff),
    Goto(goto::CompiledGoto),
    End(end::CompiledEnd),
}

impl CompiledKind {
    pub fn compile(step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        Ok(match &step.step.kind {
            StepKind::Message(kind) => Self::Message(message::CompiledMessage::compile(kind, step)?),
            StepKind::Ask(kind) => Self::Ask(Box::new(ask::CompiledAsk::compile(kind, step)?)),
            StepKind::Choice(kind) => Self::Choice(Box::new(choice::CompiledChoice::compile(kind, step)?)),
            StepKind::Set(kind) => Self::Set(set::CompiledSet::compile(kind, step)?),
            StepKind::Branch(kind) => Self::Branch(branch::CompiledBranch::compile(kind, step)?),
            StepKind::Split(kind) => Self::Split(split::CompiledSplit::compile(kind, step)?),
            StepKind::Http(kind) => Self::Http(Box::new(http::CompiledHttp::compile(kind, step)?)),
            StepKind::Action(kind) => Self::Action(action::CompiledAction::compile(kind, step)?),
            StepKind::Wait(kind) => Self::Wait(wait::CompiledWait::compile(kind, step)?),
            StepKind::Contact(kind) => Self::Contact(contact::CompiledContact::compile(kind, step)?),
            StepKind::SubFlow(kind) => Self::Flow(flow::CompiledSubFlow::compile(kind, step)?),
            StepKind::Handoff(kind) => Self::Handoff(handoff::CompiledHandoff::compile(kind, step)?),
            StepKind::Goto(_) => Self::Goto(goto::CompiledGoto::compile(step)),
            StepKind::End(kind) => Self::End(end::CompiledEnd::compile(kind, step)?),
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
