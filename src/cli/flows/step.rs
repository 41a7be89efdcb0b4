//! One step of an outline: what it is, what it says, where it leads.

use serde_json::Value;

use super::line::{leads, words};
use crate::cli::screen::{NAME, indented, paint, plain};
use crate::flow::document::{
    Ask, Choice, ChoiceOptions, Contact, Coordinate, Document, Edge, Exit, FlowVersion, Http, Media,
    MediaSource, Message, MessageBody, Prompt, Set, Step, StepKind, SubFlow, Target, TemplateMessage, Wait,
    WaitFor, WaitTime,
};

const INDENT: &str = "      ";

/// The step at that index, with what follows it in mind.
pub fn outline(document: &Document, index: usize) -> String {
    let step = &document.steps[index];
    let following = document.steps.get(index + 1);
    let mut text = format!("{:>3}  {}  {}\n", index + 1, paint(NAME, plain(&step.id)), plain(&title(step)));
    for line in said(step) {
        text += &indented(INDENT, &line);
    }
    for exit in step.exits() {
        text += &leads(&label(step, exit), target(&exit.target, following));
    }
    text
}

fn target<'t>(target: &'t Target, following: Option<&'t Step>) -> &'t str {
    match target {
        Target::Next => following.map_or("$end", |step| &step.id),
        target => target.as_str(),
    }
}

/// The type with what matters most of it, the label, the condition.
fn title(step: &Step) -> String {
    let mut words = vec![step.kind.as_str().to_owned()];
    words.extend(match &step.kind {
        StepKind::Ask(ask) => Some(ask.input.as_str().to_owned()),
        StepKind::Http(http) => Some(format!("{} {}", http.method.as_str(), http.url)),
        StepKind::Action(action) => Some(action.action.clone()),
        StepKind::SubFlow(call) => Some(called(call)),
        StepKind::Handoff(handoff) => handoff.queue.clone(),
        StepKind::End(end) => Some(end.outcome.clone()),
        StepKind::Wait(wait) => Some(waited(wait)),
        _ => None,
    });
    let saved = step.writes().iter().find(|write| &*write.place == "/saveTo");
    words.extend(saved.map(|saved| format!("saves {}", saved.variable)));
    words.extend(step.name.as_ref().map(|name| format!("({name})")));
    words.extend(step.when.as_ref().map(|when| format!("only when {when}")));
    words.join("  ")
}

fn called(call: &SubFlow) -> String {
    let version = match call.version {
        FlowVersion::Published => "published".to_owned(),
        FlowVersion::Number(number) => format!("version {number}"),
    };
    format!("{} {} {version}", call.mode.as_str(), call.flow_id)
}

fn waited(wait: &Wait) -> String {
    match &wait.until {
        WaitFor::Duration(WaitTime::Fixed(duration)) => duration.to_string(),
        WaitFor::Duration(WaitTime::Template(template)) => template.clone(),
        WaitFor::Until(moment) => format!("until {moment}"),
        WaitFor::Event { event, .. } => format!("for {event}"),
    }
}

/// What a person reads, and what is written down about them.
fn said(step: &Step) -> Vec<String> {
    match &step.kind {
        StepKind::Message(message) => message_lines(message),
        StepKind::Ask(ask) => ask_lines(ask),
        StepKind::Choice(choice) => choice_lines(choice),
        StepKind::Set(set) => set_lines(set),
        StepKind::Http(http) => http_lines(http),
        StepKind::Action(action) if !action.args.is_empty() => {
            vec![Value::from(action.args.clone()).to_string()]
        }
        StepKind::Contact(contact) => contact_lines(contact),
        StepKind::SubFlow(call) => {
            let inputs = call.inputs.iter().map(|(name, value)| format!("{name} = {}", words(value)));
            inputs
                .chain(call.outputs.iter().map(|output| format!("{} = {}", output.to, output.from)))
                .collect()
        }
        StepKind::Handoff(handoff) => {
            let note = handoff.note.iter().map(|note| format!("note: {note}"));
            handoff.text.iter().cloned().chain(note).collect()
        }
        StepKind::End(end) => end.text.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

fn message_lines(message: &Message) -> Vec<String> {
    let mut lines: Vec<String> = message.header.iter().cloned().collect();
    lines.push(match &message.body {
        MessageBody::Text(text) => text.clone(),
        MessageBody::Media(media) => media_line(media),
        MessageBody::Location(place) => {
            let named = place.name.iter().chain(&place.address).map(|text| format!(" {text}"));
            let (latitude, longitude) = (degrees(&place.latitude), degrees(&place.longitude));
            format!("[location] {latitude}, {longitude}{}", named.collect::<String>())
        }
        MessageBody::Contacts(cards) => {
            format!("[contacts] {}", cards.iter().map(|card| &*card.name).collect::<Vec<_>>().join(", "))
        }
        MessageBody::Template(template) => template_line(template),
    });
    lines.extend(message.footer.iter().cloned());
    lines.extend(message.cta.iter().map(|cta| format!("[{}] {}", cta.label, cta.url)));
    lines
}

fn degrees(coordinate: &Coordinate) -> String {
    match coordinate {
        Coordinate::Degrees(degrees) => degrees.to_string(),
        Coordinate::Template(template) => template.clone(),
    }
}

fn media_line(media: &Media) -> String {
    let (MediaSource::Url(source) | MediaSource::Id(source)) = &media.source;
    let caption = media.caption.as_ref().map(|caption| format!(" {caption}")).unwrap_or_default();
    format!("[{}] {source}{caption}", media.kind.as_str())
}

fn template_line(template: &TemplateMessage) -> String {
    format!("[template {} {}] {}", template.name, template.language, template.body.join(" | "))
}

fn ask_lines(ask: &Ask) -> Vec<String> {
    let prompt = ask.prompt.as_ref().map(|prompt| match prompt {
        Prompt::Text(text) => text.clone(),
        Prompt::Media(media) => media_line(media),
        Prompt::Template(template) => template_line(template),
    });
    let shortcuts = [
        ask.min_length.map(|least| format!("at least {least} characters")),
        ask.max_length.map(|most| format!("at most {most} characters")),
        ask.min.map(|least| format!("at least {least}")),
        ask.max.map(|most| format!("at most {most}")),
        ask.pattern.as_ref().map(|pattern| format!("matches {pattern}")),
    ];
    let rules = ask.validation.iter().map(|rule| rule.rule.clone());
    let accepted: Vec<_> = shortcuts.into_iter().flatten().chain(rules).collect();
    let accepted = (!accepted.is_empty()).then(|| format!("accepts: {}", accepted.join("; ")));
    prompt.into_iter().chain(accepted).collect()
}

/// Options that have an exit of their own are said there.
fn choice_lines(choice: &Choice) -> Vec<String> {
    let mut lines: Vec<String> =
        choice.header.iter().chain([&choice.text]).chain(&choice.footer).cloned().collect();
    match &choice.options {
        ChoiceOptions::From(options) => {
            lines.push(format!("options from {}: {}", options.list, options.title))
        }
        ChoiceOptions::Fixed(options) if choice.multiple.is_some() => {
            lines.extend(options.iter().map(|option| format!("[{}] {}", option.title, option.id)));
        }
        ChoiceOptions::Fixed(_) => {}
    }
    lines
}

fn set_lines(set: &Set) -> Vec<String> {
    let line = |assignment: &crate::flow::document::Assignment| {
        let value = assignment.value.as_ref().map(|value| format!(" {}", words(value))).unwrap_or_default();
        match assignment.op.as_str() {
            "set" => format!("{} ={value}", assignment.variable),
            op => format!("{op} {}{value}", assignment.variable),
        }
    };
    set.assign.iter().map(line).collect()
}

fn http_lines(http: &Http) -> Vec<String> {
    let query = http.query.iter().map(|(name, value)| format!("?{name}={value}"));
    let extract = http.extract.iter().map(|extract| format!("{} = {}", extract.variable, extract.value));
    query.chain(extract).collect()
}

fn contact_lines(contact: &Contact) -> Vec<String> {
    let tags = contact.add_tags.iter().map(|tag| format!("+{tag}"));
    let tags = tags.chain(contact.remove_tags.iter().map(|tag| format!("-{tag}")));
    let attribute = |name: &str, value: &str| format!("{name} = {value}");
    let attributes = contact.attributes.iter().map(|given| attribute(&given.name, &words(&given.value)));
    let name = contact.name.iter().map(|name| attribute("name", name));
    let language = contact.language.iter().map(|language| attribute("language", language));
    tags.chain(attributes).chain(name).chain(language).collect()
}

/// When an exit is taken, in the author's words.
fn label(step: &Step, exit: &Exit) -> String {
    match (&exit.edge, &step.kind) {
        (Edge::Next | Edge::End, _) => String::new(),
        (Edge::Option(id), StepKind::Choice(Choice { options: ChoiceOptions::Fixed(options), .. })) => {
            let title = options.iter().find(|option| option.id == *id).map_or("", |option| &option.title);
            format!("[{title}] {id}")
        }
        (Edge::Case(index), StepKind::Branch(branch)) => {
            let case = &branch.cases[*index];
            let label = case.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
            format!("when {}{label}", case.when)
        }
        (Edge::Path(id), StepKind::Split(split)) => {
            let weight = split.paths.iter().find(|path| path.id == *id).map_or(0, |path| path.weight);
            format!("{id}, weight {weight}")
        }
        (Edge::Timeout, _) => match step.timeout() {
            Some(timeout) => format!("after {}", timeout.after),
            None => "timeout".to_owned(),
        },
        (Edge::RetriesExhausted, _) => "retries exhausted".to_owned(),
        (Edge::Skip, _) => "else".to_owned(),
        (edge, _) => edge.to_string().replace(':', " "),
    }
}
