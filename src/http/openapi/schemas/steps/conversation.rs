//! Schemas of the steps that talk to the person: messages, questions and menus.

use serde_json::Value;

use super::super::build::{
    Direction, Member, always, any, boolean, integer_of, list_of, maybe, number, pattern, reference, text_of,
};
use super::super::document::degrees;
use super::super::values::{TEMPLATE_LENGTH_MAX, expression, target, template};
use super::common::{save_to, waiting};

pub fn message(direction: Direction) -> Vec<Member> {
    let cta = direction.object(
        "A button that opens a link.",
        vec![
            always("label", template(), "At most 20 characters."),
            always("url", text_of(1, TEMPLATE_LENGTH_MAX), "An https address, or a template that gives one."),
        ],
    );
    let location = direction.object(
        "A place.",
        vec![
            always("latitude", degrees(90), "A number, or a template that gives one."),
            always("longitude", degrees(180), "A number, or a template that gives one."),
            maybe("name", template(), "The name of the place."),
            maybe("address", template(), "Its address."),
        ],
    );
    let card = direction.object(
        "The card of a person.",
        vec![
            always("name", template(), "The name."),
            maybe("phone", template(), "The phone number."),
            maybe("email", template(), "The e-mail address."),
            maybe("organization", template(), "The organization."),
        ],
    );
    vec![
        maybe("text", template(), "At most 4,096 characters once rendered, 1,024 with `cta`."),
        maybe("cta", cta, "Goes with `text`."),
        maybe("header", template(), "Goes with `text`; at most 60 characters."),
        maybe("footer", template(), "Goes with `text`; at most 60 characters."),
        maybe("media", direction.reference("Media"), "A medium."),
        maybe("location", location, "A place."),
        maybe("contacts", list_of(card, 1, 10), "Cards of people."),
        maybe("template", direction.reference("TemplateMessage"), "A message the platform has approved."),
        maybe("preview", boolean(), "False turns the link preview off. Default true."),
    ]
}

pub fn template_message(direction: Direction) -> Value {
    let header = direction.object(
        "The header's parameter. One of both.",
        vec![
            maybe("media", direction.reference("Media"), "A medium."),
            maybe("text", template(), "A text, at most 60 characters."),
        ],
    );
    let button = direction.object(
        "The parameter of a button.",
        vec![
            always("index", integer_of(0, 9), "Which button, from 0."),
            always("payload", template(), "What the button carries."),
        ],
    );
    direction.object(
        "A message the platform has approved, with its parameters.",
        vec![
            always("name", pattern("^[a-z0-9_]{1,512}$"), "Its name on the platform."),
            always("language", pattern("^[A-Za-z0-9_]{1,16}$"), "Its language, such as `es_MX`."),
            maybe("header", header, "The parameter of the header."),
            maybe("body", list_of(template(), 0, 20), "The parameters of the body, in order."),
            maybe("buttons", list_of(button, 0, 10), "The parameters of the buttons."),
        ],
    )
}

pub fn ask(direction: Direction) -> Vec<Member> {
    let rule = direction.object(
        "A condition for a value.",
        vec![
            always("rule", expression(), "Over `value`; where it is false the value is rejected."),
            maybe("message", template(), "Sent for the rejected input."),
        ],
    );
    let form = direction.object(
        "A form of the platform.",
        vec![
            always("flowId", text_of(1, 128), "The form's id on the platform."),
            always("cta", template(), "The button that opens it, at most 20 characters."),
            maybe("screen", text_of(1, 128), "The screen it opens at."),
        ],
    );
    let own = vec![
        maybe(
            "text",
            template(),
            "The prompt, as in `message`. At most one of `text`, `media` and `template`.",
        ),
        maybe("media", direction.reference("Media"), "The prompt as a medium."),
        maybe("template", direction.reference("TemplateMessage"), "The prompt as an approved message."),
        maybe("input", reference("AnswerKind"), "What is accepted. Default `text`."),
        save_to("The variable that gets the value."),
        maybe("validation", list_of(rule, 0, 10), "Conditions in order; the first that is false rejects."),
        maybe("minLength", integer_of(0, 4096), "The least characters of a text."),
        maybe("maxLength", integer_of(0, 4096), "The most characters of a text."),
        maybe("min", number(), "The least number."),
        maybe("max", number(), "The greatest number."),
        maybe("pattern", text_of(1, 256), "A regular expression that must match somewhere in the value."),
        maybe("entity", text_of(1, 64), "The entity of a message that fills the step without asking."),
        maybe("form", form, "Needed with `input` `form`, and not allowed otherwise."),
    ];
    own.into_iter().chain(waiting(direction)).collect()
}

pub fn choice(direction: Direction) -> Vec<Member> {
    let own = vec![
        always("text", template(), "The prompt, at most 1,024 characters."),
        maybe("header", template(), "At most 60 characters."),
        maybe("footer", template(), "At most 60 characters."),
        maybe("headerMedia", direction.reference("Media"), "A medium in place of `header`."),
        maybe("display", reference("MenuDisplay"), "How the menu is shown. Default `auto`."),
        maybe("options", list_of(option(direction), 1, 30), "The options."),
        maybe("optionsFrom", options_from(direction), "Options made of a list when the step runs."),
        maybe("emptyNext", target(), "Where the run goes when there is no option to show."),
        maybe("buttonLabel", template(), "What opens a list, at most 20 characters."),
        save_to("The variable that gets the chosen option's `value`, else its `id`."),
        maybe("multiple", multiple(direction), "Several options may be chosen."),
    ];
    own.into_iter().chain(waiting(direction)).collect()
}

fn option(direction: Direction) -> Value {
    direction.object(
        "An option of a menu.",
        vec![
            always("id", reference("ExitId"), "Unique in the menu."),
            always("title", template(), "What is shown; how long it may be depends on `display`."),
            maybe("description", template(), "A line below the title."),
            maybe("section", template(), "The section of a list it belongs to."),
            maybe("media", direction.reference("Media"), "The picture of a card."),
            maybe("value", any(), "What is saved when it is chosen: literal JSON."),
            maybe("match", list_of(text_of(1, 80), 0, 50), "Further texts that choose it."),
            maybe("next", target(), "Where the run goes when it is chosen. Not with `multiple`."),
            maybe("when", expression(), "Where it is false the option is not shown."),
        ],
    )
}

fn options_from(direction: Direction) -> Value {
    direction.object(
        "How options are made of a list. `item` and `loop.index` exist in its templates.",
        vec![
            always("list", expression(), "The list."),
            always("id", template(), "The id of an option."),
            always("title", template(), "What is shown; cut to what the display takes."),
            maybe("description", template(), "A line below the title."),
            maybe("media", direction.reference("Media"), "The picture of a card."),
            maybe("value", expression(), "What is saved when it is chosen."),
            maybe("limit", integer_of(1, 30), "How many items are used. Default 10."),
        ],
    )
}

fn multiple(direction: Direction) -> Value {
    direction.object(
        "How many options may be chosen.",
        vec![
            maybe("min", integer_of(1, 30), "At least. Default 1."),
            maybe("max", integer_of(1, 30), "At most. Default: all."),
        ],
    )
}
