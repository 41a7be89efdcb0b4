//! The example flows are sound.

use super::findings;
use crate::flow::document::Canonical;
use crate::flow::json;

#[test]
fn examples_can_be_published() {
    for name in ["onboarding", "appointment", "order-status", "nps-survey"] {
        let body = std::fs::read(format!("tests/flows/{name}.json")).unwrap();
        let flow = Canonical::create(json::parse(&body).unwrap()).unwrap();
        let errors: Vec<_> = findings(&flow).into_iter().filter(super::Finding::is_error).collect();
        assert_eq!(errors, [], "{name}");
    }
}
