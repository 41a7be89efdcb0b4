//! Runs code under fuel.

use std::sync::Arc;

use super::environment::ENVIRONMENT;
use super::failure::{Evaluated, EvaluationFailure};
use super::fuel::{FUEL_MAX, Fuel};
use super::operators::NullsRendered;
use super::scope::EvaluationScope;
use super::text::TEXT_BYTES_MAX;
use crate::expression::Code;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::value::Value;

/// A rendered text as a value, unless it is too long.
pub fn rendered(text: String) -> Result<Value, StepError> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("The text is longer than {TEXT_BYTES_MAX} bytes.");
        return Err(StepError::new(code::EXPR_LIMIT, message));
    }
    Ok(Value::from(text))
}

impl Code {
    /// Evaluates an expression to its value.
    pub fn value(
        &self,
        scope: &Arc<EvaluationScope>,
        fuel: &mut Fuel,
    ) -> Result<Evaluated, EvaluationFailure> {
        let mut nothing = String::new();
        self.evaluate(scope, fuel, &mut nothing)
    }

    /// Renders a template.
    pub fn text(
        &self,
        scope: &Arc<EvaluationScope>,
        fuel: &mut Fuel,
    ) -> Result<Evaluated, EvaluationFailure> {
        let mut text = String::new();
        let evaluated = self.evaluate(scope, fuel, &mut text)?;
        Ok(Evaluated { value: rendered(text)?, ..evaluated })
    }

    fn evaluate(
        &self,
        scope: &Arc<EvaluationScope>,
        fuel: &mut Fuel,
        out: &mut String,
    ) -> Result<Evaluated, EvaluationFailure> {
        if self.is_too_deep {
            return Err(StepError::new(code::EXPR_LIMIT, "Loops are nested deeper than 31.").into());
        }
        let root = Value::from_dyn_object(scope.clone());
        let ended = self.run(&ENVIRONMENT, root, out, |value, state| {
            let nulls_rendered =
                state.get_extension::<NullsRendered>().map(|nulls| nulls.0.clone()).unwrap_or_default();
            (state.fuel_levels().map_or(0, |(consumed, _)| consumed), Evaluated { value, nulls_rendered })
        });
        match ended {
            Ok((consumed, evaluated)) => {
                fuel.burn(consumed)?;
                Ok(evaluated)
            }
            // How much a failed evaluation has burnt is not known: it is charged in full.
            Err(error) => {
                fuel.burn(FUEL_MAX)?;
                Err(EvaluationFailure::of(&error))
            }
        }
    }
}
