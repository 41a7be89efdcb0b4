//! Notes that somebody kept, of either kind, and exports that are held against them.

use flow_registry::evidence::TreeHead;
use flow_registry::flow::digest::Digest;

use super::cases::Cases;
use super::sample::{Log, keyring};

/// Every note that was kept counts, of either kind, where the export can be held against it.
#[test]
fn a_kept_tree_head_counts_like_a_checkpoint_and_more() {
    let log = Log::new(1);
    let mut cases = Cases::default();
    let note = |head: &TreeHead| head.sign(&keyring(1)).unwrap();
    let (seven, twelve) = (log.tree_head(7), log.tree_head(12));
    let (intact, altered) = ("intact up to position 12", "altered at position 7");
    cases.add("both", log.export(), intact).kept = vec![note(&twelve), note(&seven)];
    let flows_only = log.export_part(0, |event| event.event_type.starts_with("flow."));
    let part = log.export_part(3, |_| true);
    let of_part = "intact from position 4 to 12";
    for (name, head, of_hashes, of_part) in [
        ("events", TreeHead { event_root: Digest::of(b"x"), ..seven.clone() }, altered, of_part),
        // What streams there are is not shown by hashes alone.
        ("streams", TreeHead { map_root: Digest::of(b"x"), ..seven.clone() }, intact, of_part),
        ("chain", TreeHead { chain_hash: Digest::of(b"x"), ..seven.clone() }, altered, altered),
    ] {
        let kept = vec![note(&head), note(&twelve)];
        cases.add(format!("other {name}"), log.export(), altered).kept = kept.clone();
        cases.add(format!("other {name}, filtered"), flows_only.clone(), of_hashes).kept = kept.clone();
        cases.add(format!("other {name}, a part"), part.clone(), of_part).kept = kept;
    }
    let mut cut = log.clone();
    cut.events.truncate(8);
    cases.add("over more", cut.export(), "end not proven at position 8").kept = vec![note(&twelve)];
    let foreign = Log::new(2).tree_head(7);
    cases.add("of another log", log.export(), "altered at position 0").kept = vec![note(&foreign)];
    let from_behind = log.export_part(9, |_| true);
    cases.add("from before", from_behind, "end not proven at position 12").kept = vec![note(&seven)];
    cases.check();
}
