//! Cases and laws of the comparison.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A canonical document with the members of `given` over the defaults.
fn document(given: &Value) -> Value {
    let mut document = json!({
        "formatVersion": 1, "name": "Onboarding", "description": null, "wabaId": null, "phoneNumberId": null,
        "triggerType": "MANUAL", "triggerConfig": {}, "variables": [], "steps": [], "settings": {},
        "interrupts": [], "translations": {}, "meta": {},
    });
    for (key, value) in given.as_object().unwrap() {
        document[key] = value.clone();
    }
    document
}

#[track_caller]
fn check(before: &Value, after: &Value, expected: &[&str]) {
    assert_eq!(changed_paths(&document(before), &document(after)), expected);
}

fn steps(ids: &str) -> Value {
    json!({"steps": ids.chars().map(|id| json!({"id": id, "type": "message", "text": "x"})).collect::<Vec<_>>()})
}

#[test]
fn members_of_the_document() {
    check(&json!({}), &json!({}), &[]);
    check(&json!({}), &json!({"name": "Alta", "phoneNumberId": "109"}), &["name", "phoneNumberId"]);
    check(&json!({}), &json!({"settings": {"retry": {"max": 3}}}), &["settings.retry"]);
    check(
        &json!({"settings": {"retry": {"max": 2}}}),
        &json!({"settings": {"retry": {"max": 3}}}),
        &["settings.retry.max"],
    );
    check(
        &json!({"triggerType": "KEYWORD", "triggerConfig": {"keywords": ["hola"]}}),
        &json!({"triggerType": "KEYWORD", "triggerConfig": {"keywords": ["hola", "alta"]}}),
        &["triggerConfig.keywords"],
    );
    check(
        &json!({"translations": {"en": {"plan": {"text": "Which plan?"}}}}),
        &json!({"translations": {"en": {"plan": {"text": "Which one?"}}}}),
        &["translations.en.plan.text"],
    );
}

#[test]
fn steps_by_id() {
    check(&steps("abc"), &steps("abcd"), &["steps.d added"]);
    check(&steps("abc"), &steps("xabc"), &["steps.x added"]);
    check(&steps("abc"), &steps("ac"), &["steps.b removed"]);
    check(&steps("abcde"), &steps("abdec"), &["steps.c moved from 3 to 5"]);
    check(&steps("rma"), &steps("am"), &["steps.r removed", "steps.a moved from 3 to 1"]);
    check(&steps("rba"), &steps("ab"), &["steps.r removed", "steps.a moved from 3 to 1"]);
}

#[test]
fn members_of_steps_and_variables() {
    let step = |text: &str, next: Option<&str>| json!({"steps": [{"id": "pago", "type": "message", "text": text, "next": next}]});
    check(&step("Paga", Some("fin")), &step("Pague", Some("$end")), &["steps.pago.next", "steps.pago.text"]);
    check(
        &json!({"variables": [{"name": "edad", "type": "integer"}]}),
        &json!({"variables": [{"name": "edad", "type": "integer", "default": 18}, {"name": "pais", "type": "string"}]}),
        &["variables.pais added", "variables.edad.default"],
    );
}

#[test]
fn lists_inside_a_step() {
    let plan = |options: Value| json!({"steps": [{"id": "plan", "type": "choice", "options": options}]});
    check(
        &plan(json!([{"id": "basico", "title": "Basico"}, {"id": "pro", "title": "Pro"}])),
        &plan(json!([{"id": "pro", "title": "Premium"}, {"id": "basico", "title": "Basico"}, {"id": "max"}])),
        &[
            "steps.plan.options.max added",
            "steps.plan.options.pro.title",
            "steps.plan.options.basico moved from 1 to 2",
        ],
    );
    // Two options of one id are a finding in a draft, not a reason to lose a change.
    check(
        &plan(json!([{"id": "a", "title": "1"}, {"id": "a", "title": "2"}])),
        &plan(json!([{"id": "a", "title": "1"}, {"id": "a", "title": "3"}])),
        &["steps.plan.options.a#2.title"],
    );
    let route = |cases: Value| json!({"steps": [{"id": "ruta", "type": "branch", "cases": cases}]});
    let (first, second) = (json!({"when": "a", "next": "x"}), json!({"when": "b", "next": "y"}));
    check(&route(json!([first])), &route(json!([second, first])), &["steps.ruta.cases.0 added"]);
    check(&route(json!([first, second])), &route(json!([first])), &["steps.ruta.cases.1 removed"]);
    check(
        &route(json!([first, second])),
        &route(json!([first, {"when": "c", "next": "y"}])),
        &["steps.ruta.cases.1.when"],
    );
}

#[test]
fn editor_data_is_one_remark() {
    let placed = |x: i32| json!({"steps": [{"id": "a", "meta": {"position": {"x": x, "y": 0}}}, {"id": "b", "meta": {"x": x}}], "meta": {"zoom": x}});
    check(&placed(1), &placed(2), &["layout"]);
    let diff = diff(&document(&placed(1)), &document(&placed(2)));
    assert!(diff.layout && diff.steps == ListDiff::default() && !diff.is_empty());
}

#[test]
fn unreadable_or_endless_paths_stop_above() {
    let config = |key: &str, n: i32| json!({"triggerConfig": {"origen": {key: n}}});
    check(&config("línea 1", 1), &config("línea 1", 2), &["triggerConfig.origen.línea 1"]);
    check(&config("a\nb", 1), &config("a\nb", 2), &["triggerConfig.origen"]);
    check(&config("", 1), &config("", 2), &["triggerConfig.origen"]);
    check(&config(&"k".repeat(300), 1), &config(&"k".repeat(300), 2), &["triggerConfig.origen"]);
}

#[test]
fn a_diff_carries_both_values() {
    let before = document(&json!({"steps": [{"id": "a", "text": "x"}, {"id": "b"}], "name": "Alta"}));
    let after =
        document(&json!({"steps": [{"id": "b", "next": "a"}, {"id": "a"}, {"id": "c"}], "name": "Alta 2"}));
    let expected = json!({
        "document": [{"kind": "changed", "path": "name", "before": "Alta", "after": "Alta 2"}],
        "trigger": [],
        "variables": {"added": [], "removed": [], "moved": [], "changed": []},
        "steps": {
            "added": [{"id": "c", "position": 3, "value": {"id": "c"}}],
            "removed": [],
            "moved": [{"id": "a", "from": 1, "to": 2}],
            "changed": [
                {"id": "b", "changes": [{"kind": "changed", "path": "steps.b.next", "before": null, "after": "a"}]},
                {"id": "a", "changes": [{"kind": "changed", "path": "steps.a.text", "before": "x", "after": null}]},
            ],
        },
        "settings": [], "interrupts": [], "translations": [], "layout": false,
    });
    let diff = diff(&before, &after);
    assert_eq!(serde_json::to_value(&diff).unwrap(), expected);
    assert_eq!(serde_json::from_value::<Diff>(expected).unwrap(), diff);
}

#[test]
fn a_patch_inserts_and_moves_by_id() {
    let (before, after) = (document(&steps("abcde")), document(&steps("xabdec")));
    let expected = json!([
        {"op": "add", "path": "/steps/0", "value": {"id": "x", "type": "message", "text": "x"}},
        {"op": "move", "from": "/steps/3", "path": "/steps/5"},
    ]);
    assert_eq!(serde_json::to_value(json_patch(&before, &after)).unwrap(), expected);
}

/// Differences seen from the other side are the differences of the sides exchanged.
fn mirrored(diff: &Diff) -> Diff {
    let changes = |changes: &[ValueChange]| changes.iter().cloned().map(mirrored_change).collect::<Vec<_>>();
    let list = |list: &ListDiff| ListDiff {
        added: list.removed.clone(),
        removed: list.added.clone(),
        moved: list
            .moved
            .iter()
            .map(|step| Move { id: step.id.clone(), from: step.to, to: step.from })
            .collect(),
        changed: (list.changed.iter())
            .map(|entry| EntryChanges { id: entry.id.clone(), changes: changes(&entry.changes) })
            .collect(),
    };
    Diff {
        document: changes(&diff.document),
        trigger: changes(&diff.trigger),
        variables: list(&diff.variables),
        steps: list(&diff.steps),
        settings: changes(&diff.settings),
        interrupts: changes(&diff.interrupts),
        translations: changes(&diff.translations),
        layout: diff.layout,
    }
}

fn mirrored_change(change: ValueChange) -> ValueChange {
    match change {
        ValueChange::Changed { path, before, after } => {
            ValueChange::Changed { path, before: after, after: before }
        }
        ValueChange::Added { path, after } => ValueChange::Removed { path, before: after },
        ValueChange::Removed { path, before } => ValueChange::Added { path, after: before },
        ValueChange::Moved { path, from, to } => ValueChange::Moved { path, from: to, to: from },
    }
}

/// Lists follow the order after, which is another one on the way back.
fn without_order(mut diff: Diff) -> Diff {
    let sort = |changes: &mut Vec<ValueChange>| changes.sort_by_key(|change| format!("{change:?}"));
    for list in [&mut diff.steps, &mut diff.variables] {
        list.moved.sort_by(|one, other| one.id.cmp(&other.id));
        list.changed.sort_by(|one, other| one.id.cmp(&other.id));
        list.changed.iter_mut().for_each(|entry| sort(&mut entry.changes));
    }
    let sections = [&mut diff.document, &mut diff.trigger, &mut diff.settings];
    sections.into_iter().chain([&mut diff.interrupts, &mut diff.translations]).for_each(sort);
    diff
}

/// The fewest entries that must move: all common ones less a longest common subsequence, by the textbook.
fn fewest_moves(before: &Value, after: &Value) -> usize {
    let ids = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap().to_owned()).collect()
    };
    let (before, after) = (ids(before), ids(after));
    let mut lengths = vec![vec![0; after.len() + 1]; before.len() + 1];
    for (i, old) in before.iter().enumerate() {
        for (j, new) in after.iter().enumerate() {
            lengths[i + 1][j + 1] =
                if old == new { lengths[i][j] + 1 } else { lengths[i][j + 1].max(lengths[i + 1][j]) };
        }
    }
    before.iter().filter(|id| after.contains(id)).count() - lengths[before.len()][after.len()]
}

proptest! {
    #[test]
    fn no_paths_exactly_when_equal((before, after) in documents()) {
        prop_assert_eq!(changed_paths(&before, &after).is_empty(), before == after);
        prop_assert_eq!(diff(&before, &after).is_empty(), before == after);
        prop_assert!(diff(&before, &before).is_empty());
    }

    #[test]
    fn a_patch_applied_gives_the_other_document((before, after) in documents()) {
        let mut patched = before.clone();
        json_patch::patch(&mut patched, &json_patch(&before, &after)).unwrap();
        prop_assert_eq!(patched, after);
    }

    #[test]
    fn the_way_back_is_the_mirror((before, after) in documents()) {
        let back = diff(&after, &before);
        prop_assert_eq!(without_order(back), without_order(mirrored(&diff(&before, &after))));
    }

    #[test]
    fn moves_are_the_fewest((before, after) in documents()) {
        let moved = diff(&before, &after).steps.moved;
        prop_assert_eq!(moved.len(), fewest_moves(&before["steps"], &after["steps"]));
        let operations = serde_json::to_value(json_patch(&before, &after)).unwrap();
        let moves = operations.as_array().unwrap().iter();
        let moves = moves.filter(|operation| operation["op"] == "move" && operation["path"].as_str().unwrap().starts_with("/steps"));
        prop_assert!(moves.count() <= moved.len());
    }
}

/// Pairs of documents that share much, as the versions of a flow do.
fn documents() -> impl Strategy<Value = (Value, Value)> {
    (any_document(), any_document(), prop::collection::vec(any::<bool>(), 13)).prop_map(
        |(before, other, takes)| {
            let mut after = before.clone();
            let members = after.as_object_mut().unwrap();
            for ((_, value), (taken, new)) in
                members.iter_mut().zip(takes.iter().zip(other.as_object().unwrap().values()))
            {
                if *taken {
                    *value = new.clone();
                }
            }
            (before, after)
        },
    )
}

fn any_document() -> impl Strategy<Value = Value> {
    let text = || prop::sample::select(vec!["", "hola", "adiós"]);
    (named("id"), named("name"), literal(), literal(), literal(), text(), (literal(), literal())).prop_map(
        |(steps, variables, settings, interrupts, config, name, (translations, meta))| {
            document(&json!({
                "name": name, "steps": steps, "variables": variables, "settings": settings,
                "interrupts": [interrupts], "triggerConfig": config, "translations": translations, "meta": meta,
            }))
        },
    )
}

/// A list of distinct entries in any order, with a few members each.
fn named(key: &'static str) -> impl Strategy<Value = Vec<Value>> {
    let ids = prop::sample::subsequence(vec!["a", "b", "c", "d", "e", "f", "g"], 0..=7).prop_shuffle();
    (ids, prop::collection::vec((0..3u8, literal(), prop::option::of(0..2u8)), 7)).prop_map(
        move |(ids, bodies)| {
            let entry = |(id, (n, body, place)): (&str, (u8, Value, Option<u8>))| {
                let mut entry = json!({key: id, "text": n.to_string(), "body": body});
                if let Some(place) = place {
                    entry["meta"] = json!({"x": place});
                }
                entry
            };
            ids.into_iter().zip(bodies).map(entry).collect()
        },
    )
}

/// Any small JSON value, with the shapes that lists take.
fn literal() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3i64).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "b"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop::sample::select(vec!["id", "name", "x", "y", ""]).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}
