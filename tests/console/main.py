"""Runs the scenarios, each in a browser context of its own, and says what came of them."""

import os
import sys
import time
import traceback

from playwright.sync_api import sync_playwright

import scenarios
from service import Service

# Three times what they take on two cores that have nothing else to do.
SECONDS_MAX = 600


def run(scenario, browser, service):
    visitors = []
    began = time.monotonic()
    try:
        scenario(scenarios.Stage(browser, service, scenario.__name__, visitors))
        return None, time.monotonic() - began
    except Exception:
        for index, visitor in enumerate(visitors):
            path = os.path.join(os.environ["SHOTS"], f"failed-{scenario.__name__}-{index}")
            try:
                visitor.page.screenshot(path=f"{path}.png")
                with open(f"{path}.html", "w") as kept:
                    kept.write(visitor.page.content())
            except Exception as lost:
                print(f"  no screenshot: {lost}")
        return traceback.format_exc(), time.monotonic() - began
    finally:
        for visitor in visitors:
            visitor.close()


def main():
    wanted = sys.argv[1:]
    chosen = [scenario for scenario in scenarios.ALL
              if not wanted or any(word in scenario.__name__ for word in wanted)]
    if not chosen:
        sys.exit(f"no scenario has one of {wanted} in its name")
    began = time.monotonic()
    service = Service()
    failed = []
    try:
        with sync_playwright() as playwright:
            options = ["--disable-gpu"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
            browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=options)
            print(f"Chromium {browser.version}, {len(chosen)} scenarios")
            for scenario in chosen:
                fault, seconds = run(scenario, browser, service)
                print(f"{'FAILED' if fault else 'ok':6} {seconds:5.1f} s  {scenario.__name__.replace('_', ' ')}")
                if fault:
                    failed.append(scenario.__name__)
                    print(fault)
            browser.close()
    finally:
        service.stop()
    seconds = time.monotonic() - began
    print(f"{len(chosen) - len(failed)} of {len(chosen)} scenarios in {seconds:.0f} s")
    if seconds > SECONDS_MAX and not wanted:
        sys.exit(f"longer than {SECONDS_MAX} s")
    if failed:
        sys.exit("failed: " + ", ".join(failed))


main()
