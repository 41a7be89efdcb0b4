"""The service that is looked at: the real program with a private Postgres, and its API to seed it."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid

PATIENCE_S = 120


class Service:
    """A running service, with settings in its environment; `stop` ends it and removes what it kept."""

    def __init__(self, settings=None):
        # Where the account that Postgres runs as can reach it.
        self.directory = tempfile.mkdtemp(prefix="flow-registry-console.", dir="/tmp")
        os.chmod(self.directory, 0o755)
        arguments = [os.environ["SERVICE"], "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
                     "--data-dir", f"{self.directory}/data", "--log-format", "json"]
        printed = open(f"{self.directory}/printed", "w")
        log = open(f"{self.directory}/log", "w")
        self.process = subprocess.Popen(arguments, stdout=printed, stderr=log, env={**os.environ, **(settings or {})})
        self.address = self._wait_for_address()
        printed = open(f"{self.directory}/printed").read()
        self.organization = re.search(r"^organization +(\S+)", printed, re.M).group(1)
        self.key = re.search(r"^key +(\S+)", printed, re.M).group(1)

    def _wait_for_address(self):
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            for line in open(f"{self.directory}/log"):
                if '"listening"' in line:
                    return f"http://{json.loads(line)['address']}"
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(open(f"{self.directory}/log").read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def database_processes(self):
        """The postmaster of the private Postgres, to stop and continue it."""
        pid = open(f"{self.directory}/data/postgres/postmaster.pid").readline()
        return int(pid)

    def api(self, method, path, body=None, key=None, headers=None, organization=None):
        """The answer of the API; a refusal is raised."""
        organization = organization or self.organization
        url = f"{self.address}/organizations/{organization}/{path}"
        request = urllib.request.Request(url, method=method, headers={
            "Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json", **(headers or {})})
        data = None if body is None else json.dumps(body).encode()
        if method != "GET" and path != "api-keys":
            request.add_header("Idempotency-Key", str(uuid.uuid4()))
        try:
            with urllib.request.urlopen(request, data) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {refused.code} {refused.read().decode()}") from refused

    def create(self, document, by=None):
        headers = {"X-On-Behalf-Of": by} if by else None
        return self.api("POST", "bot/flows", document, headers=headers)["data"]

    def edit(self, flow, change, reason=None, by=None):
        headers = {"X-On-Behalf-Of": by} if by else {}
        if reason:
            headers["X-Reason"] = reason
        return self.api("PATCH", f"bot/flows/{flow['id']}", change, headers=headers)["data"]

    def edit_step(self, flow, step, change, reason="", by="Ana"):
        headers = {"X-On-Behalf-Of": by, **({"X-Reason": reason} if reason else {})}
        return self.api("PATCH", f"bot/flows/{flow['id']}/steps/{step}", change, headers=headers)["data"]

    def add_step(self, flow, step, by="Ana"):
        return self.api("POST", f"bot/flows/{flow['id']}/steps", {"step": step}, headers={"X-On-Behalf-Of": by})["data"]

    def publish(self, flow, by=None):
        headers = {"X-On-Behalf-Of": by} if by else None
        return self.api("POST", f"bot/flows/{flow['id']}/publish", {}, headers=headers)["data"]

    def new_key(self, name, **grant):
        return self.api("POST", "api-keys", {"name": name, **grant})["data"]
