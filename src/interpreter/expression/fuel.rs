//! Fuel: what evaluations may cost, one by one and in a whole run.

use crate::interpreter::error::{StepError, code};

/// What one evaluation may burn.
pub const FUEL_MAX: u64 = 20_000;

/// What is left of the fuel of a whole run.
#[derive(Debug)]
pub struct Fuel {
    left: u64,
}

impl Fuel {
    pub const RUN_MAX: u64 = 5_000_000;

    pub fn new(units: u64) -> Self {
        Self { left: units }
    }

    /// Takes fuel for an evaluation; the run is over when there is none left.
    pub fn burn(&mut self, units: u64) -> Result<(), StepError> {
        self.left = self.left.saturating_sub(units);
        if self.left == 0 {
            let message = format!("The run has used up its {} units of fuel.", Self::RUN_MAX);
            return Err(StepError::new(code::FUEL_BUDGET, message));
        }
        Ok(())
    }
}

impl Default for Fuel {
    fn default() -> Self {
        Self::new(Self::RUN_MAX)
    }
}
