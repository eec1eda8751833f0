"""`hf`, the program: who it is, endpoints, jobs with their logs, hardware."""

import os
import subprocess
import sys

HF = os.path.join(os.path.dirname(sys.executable), "hf")


def hf(*words, fails=False):
    ran = subprocess.run([HF, *words], capture_output=True, text=True, timeout=120)
    assert (ran.returncode != 0) == fails, (words, ran.returncode, ran.stdout, ran.stderr)
    return ran.stdout + ran.stderr


assert "kubeproof-rehearsal" in hf("auth", "whoami")
listed = hf("endpoints", "ls", "--format", "json")
assert "kp-legacy-chat" in listed, listed
assert "nvidia-l4" in hf("endpoints", "hardware")
assert "cpu-basic" in hf("jobs", "hardware")
said = hf("jobs", "run", "python:3.12", "echo", "nonce-11")
assert "nonce-11" in said, said
assert "nothing" not in hf("jobs", "ps", "-a")
hf("endpoints", "deploy", "e", "--repo", "gpt2", "--framework", "pytorch", "--accelerator", "cpu", "--vendor", "aws",
   "--region", "us-east-1", "--instance-type", "intel-spr", "--instance-size", "x1")
described = hf("endpoints", "describe", "e")
assert '"pending"' in described or '"initializing"' in described, described
hf("endpoints", "pause", "e")
hf("endpoints", "delete", "e", "--yes")
hf("endpoints", "describe", "e", fails=True)
print("hf ran")
