//! What a key may be given: never more than whoever gives it has. Pure.

use super::order::{KeyChange, NewKey};
use super::text::KeyMode;
use crate::flow::event::ActorKind;
use crate::flow::finding::Finding;
use crate::registry::RegistryError;
use crate::registry::caller::{Caller, Scope, Scopes};

/// The part of a key that changes replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) name: String,
    pub(super) scopes: Scopes,
    /// Ascending, without repetitions; empty: all.
    pub(super) phone_number_ids: Vec<String>,
}

/// The terms of a new key.
pub(super) fn grant(caller: &Caller, order: NewKey) -> Result<Terms, RegistryError> {
    let terms = Terms {
        name: order.name,
        scopes: order
            .scopes
            .unwrap_or(caller.scopes.intersection(order.mode.scopes()).intersection(Scopes::all())),
        phone_number_ids: or_own(order.phone_number_ids, caller),
    };
    check_mode(&terms, order.mode)?;
    check_authority(&terms, caller)?;
    Ok(terms)
}

/// The terms of a key after a change. One that only takes away needs no more than the right to change keys; one that
/// gives anything must leave a key that the caller could have made.
pub(super) fn regrant(
    caller: &Caller,
    mode: KeyMode,
    before: &Terms,
    change: &KeyChange,
) -> Result<Terms, RegistryError> {
    let numbers = change.phone_number_ids.clone().map(|numbers| or_own(numbers, caller));
    let terms = Terms {
        name: change.name.clone().unwrap_or_else(|| before.name.clone()),
        scopes: change.scopes.unwrap_or(before.scopes),
        phone_number_ids: numbers.unwrap_or_else(|| before.phone_number_ids.clone()),
    };
    let only_narrows = before.scopes.includes(terms.scopes)
        && outside(&terms.phone_number_ids, &before.phone_number_ids).is_none();
    if !only_narrows {
        check_mode(&terms, mode)?;
        check_authority(&terms, caller)?;
    }
    Ok(terms)
}

/// The numbers a new key is confined to: those asked for or, where none are, those its maker is confined to.
fn or_own(numbers: Vec<String>, caller: &Caller) -> Vec<String> {
    if numbers.is_empty() { caller.phone_number_ids.to_vec() } else { numbers }
}

fn check_mode(terms: &Terms, mode: KeyMode) -> Result<(), RegistryError> {
    if mode.scopes().includes(terms.scopes) {
        return Ok(());
    }
    let allowed: Vec<_> = mode.scopes().iter().map(Scope::as_str).collect();
    let message = format!("a test key can have only {}", allowed.join(", "));
    Err(RegistryError::Invalid(vec![Finding::error("INVALID_VALUE", "/scopes", message)]))
}

fn check_authority(terms: &Terms, caller: &Caller) -> Result<(), RegistryError> {
    if let Some(lacking) = terms.scopes.iter().find(|scope| !caller.scopes.contains(*scope)) {
        return Err(RegistryError::InsufficientScope(lacking));
    }
    // Who may erase is said at the machine, or by who issues tokens.
    if terms.scopes.contains(Scope::AuditErase) && caller.actor.kind != ActorKind::Operator {
        return Err(RegistryError::InsufficientScope(Scope::AuditErase));
    }
    match outside(&terms.phone_number_ids, &caller.phone_number_ids) {
        None => Ok(()),
        Some(outside) => {
            let message = match outside {
                Outside::All => "must name numbers: this credential is confined to some".to_owned(),
                Outside::Number(number) => {
                    format!("this credential is confined to numbers other than {number}")
                }
            };
            Err(RegistryError::Invalid(vec![Finding::error("INVALID_VALUE", "/phoneNumberIds", message)]))
        }
    }
}

/// What of a confinement reaches beyond another one.
enum Outside<'a> {
    /// It is none at all.
    All,
    Number(&'a str),
}

fn outside<'a>(inner: &'a [String], outer: &[String]) -> Option<Outside<'a>> {
    match (inner, outer) {
        (_, []) => None,
        ([], _) => Some(Outside::All),
        _ => inner.iter().find(|number| !outer.contains(number)).map(|number| Outside::Number(number)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::flow::event::{Actor, ActorKind};

    fn caller(scopes: Scopes, numbers: &[&str]) -> Caller {
        Caller {
            org_id: Uuid::nil(),
            actor: Actor { kind: ActorKind::ApiKey, id: "k".to_owned(), name: None },
            key_prefix: None,
            token_id: None,
            scopes,
            phone_number_ids: numbers.iter().map(|number| (*number).to_owned()).collect(),
        }
    }

    fn order(mode: KeyMode, scopes: Option<Scopes>, numbers: &[&str]) -> NewKey {
        let phone_number_ids = numbers.iter().map(|number| (*number).to_owned()).collect();
        NewKey { mode, name: "CI".to_owned(), scopes, phone_number_ids, expires_at: None }
    }

    /// The terms in short, or the refusal.
    fn say(result: Result<Terms, RegistryError>) -> String {
        match result {
            Ok(terms) => format!("{:?} {:?}", terms.scopes, terms.phone_number_ids),
            Err(RegistryError::InsufficientScope(scope)) => format!("lacks {scope}"),
            Err(RegistryError::Invalid(findings)) => {
                format!("{}: {}", findings[0].pointer, findings[0].message)
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn new_keys_get_no_more_than_their_creator_has() {
        use KeyMode::{Live, Test};
        let admin = caller(Scopes::all(), &[]);
        let reader: Scopes = [Scope::FlowsRead, Scope::KeysManage].into_iter().collect();
        let confined = caller(reader, &["1", "2"]);
        let check = |caller: &Caller, mode, scopes: Option<&[Scope]>, numbers: &[&str], expected: &str| {
            let scopes = scopes.map(|scopes| scopes.iter().copied().collect());
            assert_eq!(say(grant(caller, order(mode, scopes, numbers))), expected);
        };
        check(&admin, Live, Some(&[Scope::FlowsRead]), &["7"], r#"{"flows:read"} ["7"]"#);
        check(&admin, Test, None, &[], r#"{"flows:read", "flows:test"} []"#);
        let refused = "/scopes: a test key can have only flows:read, flows:test";
        check(&admin, Test, Some(&[Scope::FlowsRead, Scope::FlowsWrite]), &[], refused);
        check(&confined, Live, None, &[], r#"{"flows:read", "keys:manage"} ["1", "2"]"#);
        check(&confined, Live, Some(&[Scope::FlowsRead]), &["2"], r#"{"flows:read"} ["2"]"#);
        check(&confined, Live, Some(&[Scope::FlowsRead, Scope::AuditRead]), &["2"], "lacks audit:read");
        let refused = "/phoneNumberIds: this credential is confined to numbers other than 3";
        check(&confined, Live, None, &["1", "3"], refused);
    }

    #[test]
    fn changes_give_no_more_than_their_author_has() {
        let read: Scopes = [Scope::FlowsRead].into_iter().collect();
        let write = read.with(Scope::FlowsWrite);
        let terms = |scopes, numbers: &[&str]| Terms {
            name: "CI".to_owned(),
            scopes,
            phone_number_ids: numbers.iter().map(|number| (*number).to_owned()).collect(),
        };
        let check = |caller: &Caller, before: &Terms, scopes, numbers: Option<&[&str]>, expected: &str| {
            let numbers = numbers.map(|numbers| numbers.iter().map(|number| (*number).to_owned()).collect());
            let change = KeyChange { name: None, scopes, phone_number_ids: numbers };
            assert_eq!(say(regrant(caller, KeyMode::Live, before, &change)), expected);
        };
        let clerk = caller(read.with(Scope::KeysManage), &["1", "2"]);
        // Taking away, and leaving alone, what the clerk does not have.
        check(&clerk, &terms(Scopes::all(), &[]), Some(read), None, r#"{"flows:read"} []"#);
        check(&clerk, &terms(write, &[]), None, Some(&["9"]), r#"{"flows:read", "flows:write"} ["9"]"#);
        check(&clerk, &terms(write, &["9"]), Some(write), None, r#"{"flows:read", "flows:write"} ["9"]"#);
        // Giving.
        check(&clerk, &terms(read, &["1"]), Some(write), None, "lacks flows:write");
        check(&clerk, &terms(read, &["1"]), None, Some(&[]), r#"{"flows:read"} ["1", "2"]"#);
        let refused = "/phoneNumberIds: this credential is confined to numbers other than 3";
        check(&clerk, &terms(read, &["1"]), None, Some(&["1", "3"]), refused);
        // A number more for a key that may do more than the clerk.
        check(&clerk, &terms(write, &["1"]), None, Some(&["1", "2"]), "lacks flows:write");
        // A scope more for a key that reaches further than the clerk.
        let manage = read.with(Scope::KeysManage);
        let refused = "/phoneNumberIds: must name numbers: this credential is confined to some";
        check(&clerk, &terms(read, &[]), Some(manage), None, refused);
    }

    #[test]
    fn a_test_key_stays_one() {
        let read: Scopes = [Scope::FlowsRead].into_iter().collect();
        let before = Terms { name: "CI".to_owned(), scopes: read, phone_number_ids: vec![] };
        let change = KeyChange { scopes: Some(Scopes::all()), ..KeyChange::default() };
        let refused = say(regrant(&caller(Scopes::all(), &[]), KeyMode::Test, &before, &change));
        assert_eq!(refused, "/scopes: a test key can have only flows:read, flows:test");
    }

    fn scopes() -> impl Strategy<Value = Scopes> {
        vec(prop::sample::select(Scope::ALL), 0..7).prop_map(|scopes| scopes.into_iter().collect())
    }

    fn numbers() -> impl Strategy<Value = Vec<String>> {
        btree_set("[1-4]", 0..4).prop_map(|numbers| numbers.into_iter().collect())
    }

    /// Every power is a scope over a number; a key without numbers has its scopes over all, "other" stands for those
    /// nobody names.
    fn powers(scopes: Scopes, numbers: &[String]) -> Vec<(Scope, &str)> {
        let over = |number: &&str| numbers.is_empty() || numbers.iter().any(|own| own == number);
        let all = ["1", "2", "3", "4", "other"];
        scopes
            .iter()
            .flat_map(|scope| all.into_iter().filter(over).map(move |number| (scope, number)))
            .collect()
    }

    proptest! {
        #[test]
        fn no_power_comes_from_nowhere(
            own in scopes(), own_numbers in numbers(), had in scopes(), had_numbers in numbers(),
            scopes in prop::option::of(scopes()), phone_number_ids in prop::option::of(numbers()),
        ) {
            let numbers: Vec<_> = own_numbers.iter().map(String::as_str).collect();
            let caller = caller(own, &numbers);
            let before = Terms { name: "CI".to_owned(), scopes: had, phone_number_ids: had_numbers.clone() };
            let change = KeyChange { name: None, scopes, phone_number_ids };
            if let Ok(after) = regrant(&caller, KeyMode::Live, &before, &change) {
                let given = [powers(own, &own_numbers), powers(had, &had_numbers)].concat();
                for power in powers(after.scopes, &after.phone_number_ids) {
                    prop_assert!(given.contains(&power), "{power:?}");
                }
            }
        }
    }
}
