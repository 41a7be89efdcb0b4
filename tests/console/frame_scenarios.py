"""Signing in and out, the list of flows, and what all pages have in common."""

import base64
import hmac
import json
import os
import signal
import time
import uuid

from playwright.sync_api import expect

from service import Service
from stage import EACH, Stage, named, onboarding, scenario


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
def a_token_signs_in(stage):
    """With a token of an issuer the name is the token's own, and the session ends no later than the token."""
    secret, issuer = "an-example-of-a-secret-that-is-long-enough", "https://issuer.example"
    service = Service({"JWT_KEY": f"HS256={secret}", "JWT_AUDIENCE": "flows", "JWT_ISSUER": issuer})
    try:
        there = Stage(stage.browser, service, stage.name, stage.visitors)
        claims = {"sub": "ana@example.com", "name": "Ana", "org_id": service.organization, "aud": "flows", "iss": issuer,
                  "scope": "flows:read", "iat": int(time.time()), "exp": int(time.time()) + 600}
        visitor = there.signed_in(key=token(claims, secret), person="")
        visitor.check().says("Ana").shot("token")
        for wrong in (token(claims, secret + "x"), token({**claims, "exp": int(time.time()) - 600}, secret)):
            other = there.visitor()
            other.allowed.add(401)
            other.page.goto(other.url("/console/session"))
            other.page.fill("[name=organization]", service.organization)
            other.page.fill("[name=credential]", wrong)
            other.page.click("main button.primary")
            other.page.wait_for_selector("[role=alert]")
            other.check().lacks(wrong)
    finally:
        for visitor in stage.visitors:
            visitor.close()
        service.stop()


def token(claims, secret):
    """A token signed with a shared secret, as RFC 7519 has it."""
    def part(text):
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    signed = ".".join(part(json.dumps(one).encode()) for one in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{part(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


@scenario
def a_session_ends_while_somebody_writes(stage):
    flow = stage.service.create(onboarding("A medias"))
    key = stage.service.new_key("De turno", scopes=["flows:read", "flows:write", "flows:publish"])
    visitor, other = stage.signed_in(key=key["secret"]), stage.signed_in()
    page = visitor.page
    visitor.go(f"flows/{flow['id']}/publish")
    page.fill("[name=label]", "de verano")
    page.fill("[name=reason]", "lo pidió ventas")
    other.go("keys")
    other.page.click(f"tr:has-text('{key['prefix']}') form button")
    other.page.wait_for_load_state()
    visitor.allowed.add(401)
    page.click("button.primary")
    page.wait_for_selector("[name=credential]")
    visitor.check().says("was not done").shot("signed-out")
    page.fill("[name=credential]", key["secret"])
    page.fill("[name=name]", "Ana Pérez")
    page.click("main button.primary")
    page.wait_for_url("**/publish")
    expect(page.locator("[name=label]")).to_have_value("de verano")
    expect(page.locator("[name=reason]")).to_have_value("lo pidió ventas")
    visitor.check().shot("typed-text-is-back")
    page.click("button.primary")
    page.wait_for_url("**done=*")
    visitor.check().says("lo pidió ventas")
    visitor.go(f"flows/{flow['id']}/duplicate")
    expect(page.locator("[name=reason]")).to_have_value("")
    page.fill("[name=reason]", "es de Ana")
    visitor.context.clear_cookies()
    page.click("button.primary")
    page.wait_for_selector("[name=credential]")
    page.fill("[name=credential]", key["secret"])
    page.fill("[name=name]", "Luis")
    page.click("main button.primary")
    page.wait_for_url("**/duplicate")
    expect(page.locator("[name=reason]")).to_have_value("")


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
