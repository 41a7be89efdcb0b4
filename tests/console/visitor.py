"""A browser as a person uses it, that holds every page against the same rules."""

import os
import re

from axe_playwright_python.sync_playwright import Axe

AXE = Axe()
AXE_OPTIONS = {"resultTypes": ["violations"],
               "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WATCH = """
window.reports = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.reports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
window.tasks = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((task) => task.duration)))
  .observe({ type: "longtask", buffered: true });
"""

# What makes a page wider than its window.
WIDE = """(() => {
  if (document.documentElement.scrollWidth <= innerWidth) return "";
  const ends = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
  return ends.slice(0, 5).map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`).join(" | ");
})()"""


class Visitor:
    """A page in a context of its own: a language, a theme, a size of the window, with or without script."""

    def __init__(self, browser, service, name, language="en", theme="light", width=1280, height=900, script=True,
                 forced_colors=None):
        self.service = service
        self.name = name
        self.shots = 0
        self.allowed = set()
        self.faults = []
        self.has_script = script
        self.context = browser.new_context(
            locale=language, color_scheme=theme, viewport={"width": width, "height": height},
            java_script_enabled=script, forced_colors=forced_colors, timezone_id="America/Mexico_City",
            accept_downloads=True)
        self.context.set_default_timeout(10_000)
        if script:
            self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"an error in a script: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message):
        # A status is told as an error too; scenarios that mean one allow it.
        status = re.search(r"the server responded with a status of (\d+)", message.text)
        if message.type == "error" and not (status and int(status.group(1)) in self.allowed):
            self.faults.append(f"the console said: {message.text}")

    def _asked(self, request):
        if not request.url.startswith((self.service.address, "data:", "blob:", "about:")):
            self.faults.append(f"asked another origin: {request.url}")

    def url(self, path):
        if path.startswith("/"):
            return self.service.address + path
        return f"{self.service.address}/console/{self.service.organization}/{path}"

    def sign_in(self, key=None, person="Ana Pérez"):
        self.page.goto(self.url("/console/session"))
        self.page.fill("[name=organization]", self.service.organization)
        self.page.fill("[name=credential]", key or self.service.key)
        self.page.fill("[name=name]", person)
        self.page.click("main button.primary")
        self.page.wait_for_url("**/flows*")
        return self

    def go(self, path, status=200, check=True):
        """Opens a page and holds it against the rules."""
        if status >= 400:
            self.allowed.add(status)
        answer = self.page.goto(self.url(path))
        assert answer.status == status, f"{path}: {answer.status}, not {status}"
        if check:
            self.check()
        return self

    def says(self, *texts):
        said = self.page.inner_text("body")
        for text in texts:
            assert text in said, f"{self.page.url} does not say {text!r}:\n{said[:2000]}"
        return self

    def lacks(self, *texts):
        said = self.page.content()
        for text in texts:
            assert text not in said, f"{self.page.url} says {text!r}"
        return self

    def check(self, axe=True):
        """The rules of every page: no report, no error, nothing from elsewhere, no wider than the window, accessible."""
        page = self.page
        if self.has_script:
            page.wait_for_load_state("load")
            reports = page.evaluate("window.reports")
            assert not reports, f"{page.url}: the policy was violated: {reports}"
            assert page.evaluate("window.pwned === undefined"), f"{page.url}: a script of somebody ran"
            wide = page.evaluate(WIDE)
            assert not wide, f"{page.url} is wider than its window: {wide}"
            if axe:
                self._accessible()
        assert not self.faults, f"{page.url}: " + "; ".join(self.faults)
        return self

    def _accessible(self):
        violations = AXE.run(self.page, options=AXE_OPTIONS).response["violations"]
        told = [f"{found['id']}: {found['help']}: {node['html'][:200]} {node.get('failureSummary', '')}"
                for found in violations for node in found["nodes"][:3]]
        assert not told, f"{self.page.url} is not accessible:\n" + "\n".join(told)

    def shot(self, title, whole=True):
        self.shots += 1
        path = os.path.join(os.environ["SHOTS"], f"{self.name}-{self.shots:02}-{title}.png")
        self.page.screenshot(path=path, full_page=whole)
        return self

    def close(self):
        self.context.close()
