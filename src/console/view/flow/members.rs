//! Members of a step as a part of a page, down to the innermost, with what is wrong at each place.

use std::collections::HashMap;

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::FlowAddress;
use super::fault::FaultPart;
use crate::console::found::FoundFault;
use crate::console::session::Session;
use crate::console::texts::flow::{EN, ES, FlowTexts};
use crate::outline::member::{DescribedMember, Holds, Label};

/// What is wrong, by the place where a page says it.
pub type PlacedFaults = HashMap<String, Vec<FaultPart>>;

#[derive(Template)]
#[template(path = "members.html")]
pub struct MembersPart<'m> {
    t: &'static FlowTexts,
    members: &'m [DescribedMember],
    faults: &'m PlacedFaults,
}

impl HtmlSafe for MembersPart<'_> {}

impl<'m> MembersPart<'m> {
    pub fn new(session: &Session, members: &'m [DescribedMember], faults: &'m PlacedFaults) -> Self {
        Self { t: session.texts(&ES, &EN), members, faults }
    }

    /// The members of a member.
    fn within(&self, members: &'m [DescribedMember]) -> Self {
        Self { members, ..*self }
    }

    fn faults_at(&self, member: &DescribedMember) -> &[FaultPart] {
        self.faults.get(&member.pointer).map_or(&[], Vec::as_slice)
    }
}

/// Findings at the innermost member that each is about; those about none of them, such as a member that is missing, apart.
pub fn placed(
    session: &Session,
    address: &FlowAddress,
    members: &[DescribedMember],
    faults: impl IntoIterator<Item = FoundFault>,
) -> (PlacedFaults, Vec<FaultPart>) {
    let (mut placed, mut rest) = (PlacedFaults::new(), Vec::new());
    for fault in faults {
        let place = innermost(members, &fault.pointer).map(str::to_owned);
        let part = FaultPart::new(session, address, fault);
        match place {
            Some(place) => placed.entry(place).or_default().push(part),
            None => rest.push(part),
        }
    }
    (placed, rest)
}

fn innermost<'m>(members: &'m [DescribedMember], pointer: &str) -> Option<&'m str> {
    let holds = |member: &&DescribedMember| {
        pointer.strip_prefix(&member.pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let member = members.iter().find(holds)?;
    match &member.holds {
        Holds::Members(members) => innermost(members, pointer).or(Some(&member.pointer)),
        _ => Some(&member.pointer),
    }
}
