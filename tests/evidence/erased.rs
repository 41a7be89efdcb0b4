//! What is absent from exports, and the records that excuse it, given to both verifiers.

use flow_registry::evidence::EventRecord;
use flow_registry::flow::event::EventType;

use super::cases::Cases;
use super::sample::{Log, keyring};

/// Content of three events and a document goes, and the thirteenth event says so.
pub(super) fn erased_on_record(log: &Log) -> Log {
    let mut erased = log.clone();
    let document = erased.at(2).state.document.unwrap();
    erased.record_erasure(&[6], &[3, 4], &[document]);
    (erased.at(3).payload, erased.at(4).payload, erased.at(6).context) = (None, None, None);
    erased.documents.insert(document, None);
    erased
}

/// Who blanks, and signs what is left, is found all the same.
#[test]
fn what_nobody_erased_on_record_is_altered() {
    let log = Log::new(1);
    let mut cases = Cases::default();
    type Blank = fn(&mut Log);
    let blanks: [(&str, Blank, i64); 4] = [
        ("payload", |log| log.at(3).payload = None, 3),
        ("context", |log| log.at(7).context = None, 7),
        (
            "document",
            |log| {
                let document = log.at(6).state.document.unwrap();
                log.documents.insert(document, None);
            },
            6,
        ),
        ("all contexts", |log| log.events.iter_mut().for_each(|event| event.context = None), 1),
    ];
    for (name, blank, position) in blanks {
        let altered = format!("altered at position {position}");
        let mut blanked = log.clone();
        blank(&mut blanked);
        cases.add(format!("{name} blanked"), blanked.export(), &altered);
        blanked.sign(12, &keyring(1));
        cases.add(format!("{name} blanked, and signed again"), blanked.export(), &altered);
        let mut beside = erased_on_record(&log);
        blank(&mut beside);
        let name = format!("{name} blanked beside what was erased");
        match name.starts_with("payload") {
            true => cases.add(name, beside.export(), "intact up to position 13"),
            false => cases.add(name, beside.export(), &altered),
        };
    }
    let mut forged = erased_on_record(&log);
    forged.at(13).payload = None;
    cases.add("the record itself is blanked", forged.export(), "altered at position 2");
    let mut without = erased_on_record(&log);
    without.events.truncate(12);
    without.checkpoints.remove(&13);
    cases.add("the record is cut off", without.export(), "altered at position 2");
    cases.check();
}

/// What was written again behind its erasure has to be there, whatever was erased before.
#[test]
fn an_erasure_excuses_what_is_before_it() {
    use EventType::{FlowDeleted, FlowPublished, FlowRestored, FlowUnpublished, FlowUpdated};
    let mut cases = Cases::default();
    let document = Log::new(1).at(2).state.document.unwrap();
    let erased = erased_on_record(&Log::new(1));
    for event_type in [FlowUnpublished, FlowDeleted, FlowRestored, FlowPublished] {
        let mut carried_on = erased.clone();
        carried_on.refer_again(event_type, 2);
        cases.add(format!("{event_type:?} behind it"), carried_on.export(), "intact up to position 14");
        // The record is not in a part that begins behind it.
        let part = carried_on.export_part(13, |_| true);
        cases.add(format!("{event_type:?} in a part"), part, "intact from position 14 to 14");
        let mut blanked = Log::new(1);
        blanked.refer_again(event_type, 2);
        blanked.documents.insert(document, None);
        cases.add(format!("{event_type:?}, and nothing erased"), blanked.export(), "altered at position 2");
    }
    // What later releases record is taken to write no document.
    let of_unknown_type = |log: &Log| {
        let (mut log, position) = (log.clone(), log.events.len() as i64 + 1);
        log.refer_again(FlowUnpublished, 2);
        log.at(position).event_type = "flow.moved".into();
        log.chain_from(position);
        log.sign(position, &keyring(1));
        log
    };
    cases.add("a later type behind it", of_unknown_type(&erased).export(), "intact up to position 14");
    let mut blanked = of_unknown_type(&Log::new(1));
    blanked.documents.insert(document, None);
    cases.add("a later type, and nothing erased", blanked.export(), "altered at position 2");
    let mut again = erased;
    again.refer_again(FlowUpdated, 2);
    cases.add("written again, and blanked", again.export(), "altered at position 14");
    let behind = again.export_part(13, |_| true);
    cases.add("the part behind the erasure", behind, "altered at position 14");
    again.refer_again(FlowUnpublished, 2);
    cases.add("carried on after that", again.export(), "altered at position 14");
    let mut twice = again.clone();
    twice.record_erasure(&[], &[], &[document]);
    cases.add("erased again", twice.export(), "intact up to position 16");
    let record = |event: &EventRecord<'_>| event.position != 13;
    cases.add("the first record left out", twice.export_part(0, record), "altered at position 3");
    let records = |event: &EventRecord<'_>| event.position < 13;
    cases.add("both records left out", twice.export_part(0, records), "altered at position 2");
    again.documents.extend(Log::new(1).documents);
    cases.add("written again, and there", again.export(), "intact up to position 15");
    // An event cannot say that its own content was erased, nor that of a later one.
    let mut ahead = Log::new(1);
    ahead.record_erasure(&[13, 14], &[14], &[]);
    ahead.refer_again(FlowUpdated, 12);
    ahead.at(13).context = None;
    cases.add("a record that excuses itself", ahead.export(), "altered at position 13");
    ahead.at(13).context = Log::new(1).at(12).context.clone();
    ahead.chain_from(13);
    ahead.sign(13, &keyring(1));
    ahead.sign(14, &keyring(1));
    (ahead.at(14).payload, ahead.at(14).context) = (None, None);
    cases.add("a record of what is to come", ahead.export(), "altered at position 14");
    cases.check();
}
