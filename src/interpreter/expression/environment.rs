//! The engine's environment. It starts empty: what is registered here is all a flow can call.

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior};

use super::failure::no_text;
use super::filters::{ONE_SEGMENT, percent_encoded};
use super::fuel::FUEL_MAX;
use super::pattern::Pattern;
use super::text::write_text;
use super::{filters, functions, operators};
use crate::expression::Literals;
use crate::interpreter::moment::Moment;
use crate::interpreter::value::Value;

/// Depth of the engine's own stack. Loops are nested less deeply than this when they are compiled.
const RECURSION_MAX: usize = 32;

/// Shared by all programs: it holds functions, never templates.
pub static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_fuel(Some(FUEL_MAX));
    env.set_recursion_limit(RECURSION_MAX);
    // Errors then name the undefined value and carry a position; nothing else follows from it.
    env.set_debug(true);
    env.set_formatter(|out, _, value| write_text(out, value).map_err(no_text));
    operators::register(&mut env);
    filters::register(&mut env);
    functions::register(&mut env);
    env
});

/// What literals are made into when a source is compiled for this environment.
pub const LITERALS: Literals = Literals {
    pattern: |source| Pattern::new(source).map(Value::from_object).map_err(|error| error.to_string()),
    is_datetime: |text| Moment::parse_datetime(text).is_some(),
    encoded: |text| percent_encoded(text, ONE_SEGMENT),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::language::{FILTERS, FUNCTIONS, TESTS};

    /// Runs a source in the environment and says whether the name in it is known.
    fn is_known(source: &str) -> bool {
        use minijinja::ErrorKind as K;
        let unknown = [K::UnknownFilter, K::UnknownTest, K::UnknownFunction];
        !ENVIRONMENT.render_str(source, ()).is_err_and(|error| unknown.contains(&error.kind()))
    }

    #[test]
    fn every_name_of_the_language_is_registered_and_the_engines_own_are_not() {
        for name in FILTERS {
            assert!(is_known(&format!("{{{{ x | {name} }}}}")), "{name}");
        }
        for name in TESTS {
            assert!(is_known(&format!("{{{{ x is {name} }}}}")), "{name}");
        }
        for name in FUNCTIONS {
            assert!(is_known(&format!("{{{{ {name}() }}}}")), "{name}");
        }
        for source in [
            "{{ x | pprint }}",
            "{{ x | attr('a') }}",
            "{{ x is sameas(x) }}",
            "{{ debug() }}",
            "{{ dict() }}",
        ] {
            assert!(!is_known(source), "{source}");
        }
    }
}
