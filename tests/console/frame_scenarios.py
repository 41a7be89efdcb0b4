"""Signing in and out, the list of flows, and what all pages have in common."""

import os
import signal
import time
import uuid

from playwright.sync_api import expect

from stage import named, onboarding, scenario

EACH = [(language, theme) for language in ("es", "en") for theme in ("light", "dark")]


@scenario
def people_sign_in(stage):
    for language, theme in EACH:
        visitor = stage.visitor(language=language, theme=theme)
        visitor.go("/console/session").shot(f"sign-in-{language}-{theme}")
    page = visitor.page
    for status, key, person in [(401, stage.service.key[:-1] + "x", "Ana"), (422, "", "Ana"), (422, stage.service.key, " ")]:
        visitor.allowed.add(status)
        page.goto(visitor.url("/console/session"))
        # The browser would not send a form without a credential.
        page.eval_on_selector_all("main [required]", "all => all.forEach((field) => { field.required = false; })")
        page.fill("[name=organization]", stage.service.organization)
        page.fill("[name=credential]", key)
        page.fill("[name=name]", person)
        with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            page.click("main button.primary")
        assert answered.value.status == status, f"{status}: {answered.value.status}"
        page.wait_for_load_state()
        visitor.check()
        assert stage.service.key not in page.content(), "the credential does not come back"
    visitor.sign_in().check()


@scenario
def the_list_is_searched_and_filtered(stage):
    names = [named(name) for name in ("Alta", "Encuesta")]
    for name in names:
        stage.service.create({**onboarding("x"), "name": name}, by="Luis")
    for language, theme in EACH:
        visitor = stage.signed_in(language=language, theme=theme)
        visitor.check().says(*names).shot(f"list-{language}-{theme}")
    page = visitor.page
    page.fill("main [name=q]", names[0])
    page.click("main form.filter button")
    page.wait_for_url("**q=*")
    page.wait_for_function("name => !document.querySelector('#list').textContent.includes(name)", arg=names[1])
    visitor.check().says(names[0])
    visitor.go("flows?q=nada-de-nada").shot("no-match")


@scenario
def a_session_ends_and_back_shows_nothing(stage):
    name = stage.service.create(onboarding("Secreto"))["name"]
    visitor = stage.signed_in()
    visitor.go("flows").says(name)
    page = visitor.page
    page.click("details.menu summary")
    page.click("details.menu form button")
    page.wait_for_url("**/session*")
    visitor.check().shot("signed-out")
    visitor.allowed.add(401)
    page.go_back()
    page.wait_for_load_state()
    assert name not in page.inner_text("body"), "the page of before is shown again"
    visitor.go("flows", status=401)


@scenario
def nobody_sees_another_organization(stage):
    visitor = stage.signed_in()
    for path in ("flows", "keys", f"flows/{uuid.uuid4()}"):
        visitor.go(f"/console/{uuid.uuid4()}/{path}", status=403)
    visitor.go(f"flows/{uuid.uuid4()}", status=404).go("nothing/here", status=404).shot("not-found")


@scenario
def a_key_is_revoked_while_somebody_looks(stage):
    key = stage.service.new_key("Efímera", scopes=["flows:read"])
    visitor = stage.signed_in(key=key["secret"])
    visitor.check()
    visitor.go("keys", status=403).shot("lacks-scope")
    stage.service.api("DELETE", f"api-keys/{key['id']}")
    visitor.allowed.update({401, 403})
    give_up = time.monotonic() + 8
    while visitor.page.goto(visitor.url("flows")).status == 200:
        assert time.monotonic() < give_up, "a revoked key still opens pages"
        time.sleep(0.3)
    visitor.check().shot("revoked")


@scenario
def the_keyboard_is_enough(stage):
    visitor = stage.visitor()
    page = visitor.page
    page.goto(visitor.url("/console/session"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first stop skips the frame"
    page.evaluate("window.kept = true")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("[name=organization]")).to_be_focused()
    assert page.evaluate("window.kept"), "a link within the page does not load it anew"
    for text in (stage.service.organization, stage.service.key, "Ana"):
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/flows*")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("nada")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=nada*")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_have_attribute("open", "")
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url(lambda url: url.endswith("/flows"))
    visitor.check()


@scenario
def pages_are_whole_without_script(stage):
    name = stage.service.create(onboarding("Sin guion"))["name"]
    visitor = stage.signed_in(script=False)
    visitor.go("flows").says(name)
    visitor.page.fill("main [name=q]", name)
    visitor.page.click("main form.filter button")
    visitor.page.wait_for_load_state()
    visitor.check().says(name).shot("list")


@scenario
def pages_are_narrow_on_a_narrow_window(stage):
    stage.service.create(onboarding("Estrecho con un nombre bastante más largo de lo que cabe"))
    visitor = stage.signed_in(width=320, height=640)
    for path in ("flows", "keys", "flows?q=zzz", "/console/session"):
        visitor.go(path)
    visitor.go("flows").shot("list")


@scenario
def colours_are_those_of_the_system_where_it_insists(stage):
    visitor = stage.signed_in(forced_colors="active")
    visitor.go("flows").shot("list")


@scenario
def the_database_goes_away_and_comes_back(stage):
    visitor = stage.signed_in()
    visitor.allowed.update({503, 500})
    os.kill(stage.service.database_processes(), signal.SIGKILL)
    seen = set()
    give_up = time.monotonic() + 60
    while True:
        status = visitor.page.goto(visitor.url("flows")).status
        seen.add(status)
        assert visitor.page.locator("h1").count() == 1, f"{status} is no page"
        if status == 200:
            break
        assert time.monotonic() < give_up, f"it does not come back: {seen}"
        if status == 503:
            visitor.check().shot("unavailable")
        time.sleep(0.2)
    assert seen <= {200, 503}, seen
    visitor.check()
