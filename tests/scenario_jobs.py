"""Waiting for a scenario that a server computes in the background."""

from __future__ import annotations

import time

from fastapi.testclient import TestClient


def wait_for_job(client: TestClient, job: str) -> dict:
    """The job when it no longer runs."""
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        found = client.get(f"/api/scenarios/jobs/{job}").json()
        if found["status"] != "running":
            return found
        time.sleep(0.1)
    raise AssertionError("the scenario did not end")
