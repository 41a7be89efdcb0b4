"""Runs the samples of the guides against a running service: for each page and language, all of them as one program.

    python3 samples.py GUIDES WORK LANGUAGE...
"""

import re
import subprocess
import sys
from pathlib import Path

# How the program of a language is run, and what it begins with.
RUN = {
    "sh": ("sh", ["bash"], "set -euo pipefail\n"),
    "js": ("mjs", ["node"], ""),
    "python": ("py", [sys.executable], ""),
    "php": ("php", ["php"], ""),
}
BLOCK = re.compile(r"^```(\w+) sample( as=client)?\n(.*?)^```$", re.M | re.S)


def samples(page: Path, language: str, is_client: bool) -> list[str]:
    found = BLOCK.findall(page.read_text())
    return [text for of, client, text in found if of == language and bool(client) == is_client]


def main() -> None:
    guides, work = Path(sys.argv[1]), Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    ran = 0
    for language in sys.argv[3:]:
        ending, command, head = RUN[language]
        client = "\n".join(samples(guides / "start.md", language, True))
        for page in sorted(guides.glob("*.md")):
            own = samples(page, language, False)
            if not own:
                continue
            program = work / f"{page.stem}.{ending}"
            program.write_text("\n".join([head + client, *own]))
            done = subprocess.run([*command, program.name], cwd=work, capture_output=True, text=True, timeout=60)
            if done.returncode:
                sys.exit(f"{page.name}, {language}, ended with {done.returncode}\n{done.stdout}{done.stderr}")
            if any(f'"status":{status},' in done.stdout for status in (401, 403, 404, 415, 422, 500, 503)):
                sys.exit(f"{page.name}, {language}, was refused\n{done.stdout}")
            ran += 1
    if ran < 8 * len(sys.argv[3:]):
        sys.exit(f"only {ran} programs of samples were found")
    print(f"{ran} programs of samples ran")


main()
