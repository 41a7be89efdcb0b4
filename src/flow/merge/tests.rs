//! Cases and laws of the merge.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::flow::finding::Finding;

fn document(given: &Value) -> Value {
    let mut document = json!({
        "name": "Alta", "description": null, "triggerType": "MANUAL", "triggerConfig": {}, "variables": [],
        "steps": [], "settings": {}, "interrupts": [], "translations": {}, "meta": {},
    });
    for (key, value) in given.as_object().unwrap() {
        document[key] = value.clone();
    }
    document
}

/// The merge of what is given over the defaults, and the conflicts as `pointer path`.
fn merged(base: &Value, draft: &Value, sent: &Value) -> (Value, Vec<String>) {
    let Merge { document, conflicts } = merge(&document(base), &document(draft), &document(sent));
    (document, conflicts.iter().map(|conflict| format!("{} {}", conflict.pointer, conflict.path)).collect())
}

#[track_caller]
fn check(base: &Value, draft: &Value, sent: &Value, expected: &Value) {
    assert_eq!(merged(base, draft, sent), (document(expected), Vec::new()));
}

#[track_caller]
fn check_conflicts(base: &Value, draft: &Value, sent: &Value, expected: &[&str]) {
    assert_eq!(merged(base, draft, sent).1, expected);
}

fn steps(ids: &str) -> Value {
    ids.chars().map(|id| json!({"id": id, "type": "message", "text": "x"})).collect()
}

#[test]
fn members_of_the_document_are_merged() {
    check(
        &json!({}),
        &json!({"name": "Alta 2", "settings": {"locale": "es"}}),
        &json!({"description": "D", "settings": {"timezone": "UTC"}}),
        &json!({"name": "Alta 2", "description": "D", "settings": {"locale": "es", "timezone": "UTC"}}),
    );
    check(
        &json!({"settings": {"locale": "es", "retry": {"max": 2}}}),
        &json!({"settings": {"retry": {"max": 2}}}),
        &json!({"settings": {"locale": "es"}}),
        &json!({}),
    );
    check_conflicts(&json!({}), &json!({"name": "A"}), &json!({"name": "B"}), &["/name name"]);
    check_conflicts(
        &json!({"settings": {"retry": {"max": 2}}}),
        &json!({"settings": {"retry": {"max": 3}}}),
        &json!({}),
        &["/settings/retry settings.retry"],
    );
    let translated = |en: Value| json!({"translations": {"en": en}});
    check(
        &json!({}),
        &translated(json!({"a": {"text": "A"}})),
        &translated(json!({"b": {"text": "B"}})),
        &translated(json!({"a": {"text": "A"}, "b": {"text": "B"}})),
    );
}

#[test]
fn steps_are_merged_by_id() {
    let (mut draft, mut sent, mut both) = (steps("abc"), steps("xabc"), steps("xabc"));
    draft[1]["text"] = json!("y");
    sent[2]["next"] = json!("$end");
    both[2] = json!({"id": "b", "type": "message", "text": "y", "next": "$end"});
    let of = |steps: Value| json!({"steps": steps});
    check(&of(steps("abc")), &of(draft.clone()), &of(sent.clone()), &of(both.clone()));
    check(&of(steps("abc")), &of(sent), &of(draft), &of(both));
    check(&of(steps("abc")), &of(steps("ab")), &of(steps("bc")), &of(steps("b")));
    check(&of(steps("abc")), &of(steps("ab")), &of(steps("ab")), &of(steps("ab")));
}

#[test]
fn changes_that_exclude_each_other_are_conflicts() {
    let of = |steps: Value| json!({"steps": steps});
    let changed = |text: &str| {
        let mut changed = steps("abc");
        changed[1]["text"] = json!(text);
        of(changed)
    };
    check_conflicts(&of(steps("abc")), &changed("1"), &changed("2"), &["/steps/1/text steps.b.text"]);
    check_conflicts(&of(steps("abc")), &changed("1"), &of(steps("ac")), &["/steps steps.b"]);
    check_conflicts(&of(steps("abc")), &of(steps("ac")), &changed("1"), &["/steps/1 steps.b"]);
    check_conflicts(&of(steps("abc")), &of(steps("cba")), &of(steps("bac")), &["/steps steps"]);
    check_conflicts(&of(steps("ab")), &of(steps("abx")), &of(steps("aby")), &["/steps/2 steps.y"]);
    let mut other = steps("abx");
    other[2]["text"] = json!("other");
    check_conflicts(&of(steps("ab")), &of(steps("abx")), &of(other), &["/steps/2 steps.x"]);
    let mut ended = steps("abc");
    ended[1] = json!({"id": "b", "type": "end"});
    check_conflicts(&of(steps("abc")), &of(ended), &changed("1"), &["/steps/1 steps.b"]);
    let conflict =
        &merge(&document(&of(steps("abc"))), &document(&changed("1")), &document(&of(steps("ac")))).conflicts
            [0];
    assert_eq!((conflict.base["text"].as_str(), conflict.draft["text"].as_str()), (Some("x"), Some("1")));
    assert_eq!(conflict.sent, Value::Null);
}

#[test]
fn a_trigger_is_chosen_with_its_configuration() {
    let keyword = |word: &str| json!({"triggerType": "KEYWORD", "triggerConfig": {"keywords": [word]}});
    let with_mode =
        json!({"triggerType": "KEYWORD", "triggerConfig": {"keywords": ["a"], "matchMode": "exact"}});
    check(
        &json!({}),
        &keyword("a"),
        &json!({"name": "B"}),
        &json!({"name": "B", "triggerType": "KEYWORD",
        "triggerConfig": {"keywords": ["a"]}}),
    );
    check(&keyword("a"), &with_mode, &keyword("a"), &with_mode);
    check_conflicts(
        &keyword("a"),
        &keyword("b"),
        &keyword("c"),
        &["/triggerConfig/keywords triggerConfig.keywords"],
    );
    check_conflicts(&keyword("a"), &keyword("b"), &json!({}), &["/triggerType triggerType"]);
}

#[test]
fn lists_inside_are_merged_where_their_entries_can_be_told_apart() {
    let plan = |options: Value| json!({"steps": [{"id": "plan", "type": "choice", "options": options}]});
    let (a, b, c) = (json!({"id": "a", "title": "A"}), json!({"id": "b", "title": "B"}), json!({"id": "c"}));
    let other = json!({"id": "a", "title": "A2"});
    check(
        &plan(json!([a, b])),
        &plan(json!([other, b])),
        &plan(json!([a, b, c])),
        &plan(json!([other, b, c])),
    );
    let d = json!({"id": "d"});
    check(&plan(json!([a])), &plan(json!([a, c])), &plan(json!([a, d])), &plan(json!([a, c, d])));
    let route = |cases: Value| json!({"steps": [{"id": "r", "type": "branch", "cases": cases}]});
    let case = |when: &str, next: &str| json!({"when": when, "next": next});
    check(
        &route(json!([case("1", "x"), case("2", "y")])),
        &route(json!([case("1", "z"), case("2", "y")])),
        &route(json!([case("1", "x"), case("3", "y")])),
        &route(json!([case("1", "z"), case("3", "y")])),
    );
    check_conflicts(
        &route(json!([case("1", "x")])),
        &route(json!([case("1", "x"), case("2", "y")])),
        &route(json!([case("0", "x")])),
        &["/steps/0/cases steps.r.cases"],
    );
    // Two options of one id are a finding in a draft: nobody can tell which one is meant.
    check_conflicts(
        &plan(json!([a])),
        &plan(json!([a, a])),
        &plan(json!([b])),
        &["/steps/0/options steps.plan.options"],
    );
}

#[test]
fn data_of_editors_is_never_a_conflict() {
    let placed = |x: i32| json!({"meta": {"zoom": x}, "steps": [{"id": "a", "meta": {"x": x}}]});
    check(&placed(0), &placed(1), &placed(2), &placed(2));
    check(&placed(0), &placed(1), &placed(0), &placed(1));
    let body = |x: i32| json!({"steps": [{"id": "a", "body": {"meta": x}}]});
    check_conflicts(&body(0), &body(1), &body(2), &["/steps/0/body/meta steps.a.body.meta"]);
}

/// One edit of a document with steps `a` to `f`, which touches nothing that an edit of another number touches.
fn edit(document: &mut Value, number: usize) {
    let steps = document["steps"].as_array_mut().unwrap();
    let place = |steps: &[Value], id: &str| steps.iter().position(|step| step["id"] == id);
    match number {
        0 => steps.retain(|step| step["id"] != "a"),
        1 => {
            if let Some(b) = place(steps, "b") {
                steps[b]["text"] = json!("changed");
            }
        }
        2 => {
            if let Some(c) = place(steps, "c") {
                steps.insert(c + 1, json!({"id": "new", "type": "end"}));
            }
        }
        3 => {
            if let Some(d) = place(steps, "d") {
                steps[d]["next"] = json!("$end");
            }
        }
        4 => steps.retain(|step| step["id"] != "f"),
        5 => document["name"] = json!("renamed"),
        6 => document["settings"]["locale"] = json!("en"),
        7 => document["settings"]["timezone"] = json!("UTC"),
        8 => document["variables"] = json!([{"name": "edad", "type": "integer"}]),
        _ => document["triggerConfig"]["keywords"] = json!(["hola"]),
    }
}

fn edited(base: &Value, numbers: &[usize]) -> Value {
    let mut document = base.clone();
    numbers.iter().for_each(|number| edit(&mut document, *number));
    document
}

proptest! {
    #[test]
    fn what_one_side_left_alone_is_the_other_sides(numbers in prop::collection::vec(0..10usize, 0..6)) {
        let base = document(&json!({"steps": steps("abcdef")}));
        let changed = edited(&base, &numbers);
        let whole = |document: Value| Merge { document, conflicts: Vec::new() };
        prop_assert_eq!(merge(&base, &changed, &base), whole(changed.clone()));
        prop_assert_eq!(merge(&base, &base, &changed), whole(changed.clone()));
        prop_assert_eq!(merge(&base, &changed, &changed), whole(changed));
    }

    #[test]
    fn edits_apart_are_merged_in_either_order(sides in prop::collection::vec(0..3u8, 10)) {
        let base = document(&json!({"steps": steps("abcdef")}));
        let of = |side: u8| (0..10).filter(|n| sides[*n] == side).collect::<Vec<usize>>();
        let (draft, sent) = (edited(&base, &of(0)), edited(&base, &of(1)));
        let all = edited(&base, &[of(0), of(1)].concat());
        let merged = merge(&base, &draft, &sent);
        prop_assert_eq!(&merged, &Merge { document: all, conflicts: Vec::new() });
        prop_assert_eq!(&merged, &merge(&base, &sent, &draft));
    }

    #[test]
    fn any_three_documents_are_merged_or_told_apart(texts in prop::collection::vec((0..3u8, 0..3u8, 0..3u8), 6)) {
        let of = |pick: fn(&(u8, u8, u8)) -> u8| {
            let steps = texts.iter().zip("abcdef".chars()).filter(|(texts, _)| pick(texts) > 0);
            let steps = steps.map(|(texts, id)| json!({"id": id, "text": pick(texts)}));
            document(&json!({"steps": steps.collect::<Value>()}))
        };
        let (base, draft, sent) = (of(|it| it.0), of(|it| it.1), of(|it| it.2));
        let merge = merge(&base, &draft, &sent);
        for conflict in &merge.conflicts {
            prop_assert!(sent.pointer(&conflict.pointer).is_some(), "{}", conflict.pointer);
            prop_assert!(conflict.draft != conflict.sent, "{:?}", conflict);
        }
        for id in "abcdef".chars().map(|id| id.to_string()) {
            let [b, d, s, m] = [&base, &draft, &sent, &merge.document].map(|document| {
                document["steps"].as_array().unwrap().iter().find(|step| step["id"] == *id)
            });
            let is_told = merge.conflicts.iter().any(|conflict| conflict.path.starts_with(&format!("steps.{id}")));
            match (b == d, b == s) {
                (_, true) => prop_assert_eq!(m, d),
                (true, false) => prop_assert_eq!(m, s),
                (false, false) => prop_assert!(is_told || d == s, "{}", id),
            }
        }
    }
}

#[test]
fn a_fault_of_both_changes_is_a_conflict() {
    let menu = |first: &str, options: &[&str]| {
        let options: Value = options.iter().map(|id| json!({"id": id, "title": id})).collect();
        json!({"steps": [{"id": first, "type": "end"}, {"id": "m", "type": "choice", "options": options}]})
    };
    let fault = Finding::error("LIMIT_EXCEEDED", "/steps/1/options/0", "must be there").in_step("m");
    let mut sent = menu("a", &["y"]);
    sent["steps"].as_array_mut().unwrap().reverse();
    let conflict = together(&fault, &menu("a", &["x", "y"]), &json!({"steps": []}), &sent);
    assert_eq!(
        (conflict.pointer.as_str(), conflict.path.as_str()),
        ("/steps/0/options/0", "steps.m.options.0")
    );
    assert_eq!(conflict.base, json!({"id": "x", "title": "x"}));
    assert_eq!(conflict.draft, Value::Null, "the draft has no such step");
    assert_eq!(conflict.sent, json!({"id": "y", "title": "y"}));
    let fault = Finding::error("LIMIT_EXCEEDED", "/settings/locale", "must be there");
    let lacking = together(&fault, &json!({}), &json!({}), &json!({"settings": {}}));
    assert_eq!(lacking.pointer, "/settings", "what is around the place");
}
