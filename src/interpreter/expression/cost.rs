//! What the engine does not charge for by itself: walking into nested values. A value may share its parts
//! (`[x, x, x]`), so that a few instructions can build one whose walk would take for ever; whoever walks
//! pays by the node, before the walk.

use minijinja::value::ValueKind;
use minijinja::{Error, State};

use crate::interpreter::value::{self, Value};

/// Units in one fuel, as the engine counts them: a byte is one unit.
pub const UNITS_PER_FUEL: u64 = 64;
const NODE_UNITS: u64 = 32;

/// Charges for visiting every node of a value once. Scalars are free: the engine has charged for them.
pub fn pay_for_walk(state: &State, value: &Value) -> Result<(), Error> {
    pay_for_walks(state, value, 1)
}

/// Charges for visiting every node of a value this many times.
pub fn pay_for_walks(state: &State, value: &Value, times: u64) -> Result<(), Error> {
    if !is_container(value) {
        return Ok(());
    }
    let mut meter = Meter { state, units: 0, times };
    meter.walk(value)?;
    meter.pay()
}

/// Charges for work that is linear in a text, `weight` times as dear as copying it.
pub fn pay_for_text(state: &State, text: &str, weight: u64) -> Result<(), Error> {
    state.consume_fuel((text.len() as u64).saturating_mul(weight) / UNITS_PER_FUEL)
}

pub fn is_container(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}

struct Meter<'a, 'state, 'env> {
    state: &'a State<'state, 'env>,
    units: u64,
    times: u64,
}

impl Meter<'_, '_, '_> {
    fn walk(&mut self, value: &Value) -> Result<(), Error> {
        self.units += (NODE_UNITS + value.as_str().map_or(0, |text| text.len() as u64)) * self.times;
        if self.units >= 64 * UNITS_PER_FUEL {
            self.pay()?;
        }
        if let Some(members) = value::members(value) {
            return members.iter().try_for_each(|(_, member)| self.walk(member));
        }
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter()? {
                    self.walk(&item)?;
                }
            }
            ValueKind::Map => {
                for key in value.try_iter()? {
                    let member = value.get_item(&key)?;
                    self.walk(&member)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn pay(&mut self) -> Result<(), Error> {
        let fuel = self.units.div_ceil(UNITS_PER_FUEL);
        self.units = 0;
        self.state.consume_fuel(fuel)
    }
}
