"""One boto3 lifecycle, side by side: against `kubeproof simulate` and against moto's server.

    python side_by_side.py KUBEPROOF MOTO_SERVER [ROUNDS]

Both run alternately in one invocation, so that changes in the machine's speed affect both. The client is the same
script, without its own pauses; its time is measured from the first call to the last, without imports. The servers'
CPU time is measured (user and system, from /proc). cold: the first lifecycle of a fresh server; warm: a further one in the same
account; reset: one after the server's own reset. Only ratios mean anything elsewhere.
"""

import os
import re
import runpy
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "harness/testdata/clients/boto3_lifecycle.py"
TICKS = os.sysconf("SC_CLK_TCK")
# A ten-minute cluster takes 20 ms: this compares work, not waiting.
SCALE = "30000"


def client():
    """Runs one lifecycle without pauses in a separate process; prints its duration and number of calls."""
    import boto3

    calls = []
    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("before-send", lambda **_: calls.append(1) and None)
    real = time.sleep
    time.sleep = lambda seconds: real(min(seconds, 0.002))
    script = runpy.run_path(str(SCRIPT))
    began = time.monotonic()
    script["up"]()
    script["down"]()
    print(time.monotonic() - began, len(calls))


class Server:
    def cpu(self):
        """Seconds of CPU that the process has used; the name in /proc/PID/stat may hold blanks."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def post(self, path):
        urllib.request.urlopen(urllib.request.Request(self.url + path, method="POST"), timeout=60).read()

    def lifecycle(self):
        environment = {**os.environ, **self.environment, "NO_PROXY": "127.0.0.1"}
        before = self.cpu()
        done = subprocess.run([sys.executable, __file__, "--client"], env=environment, check=True,
                              stdout=subprocess.PIPE, text=True)
        seconds, calls = done.stdout.split()
        return float(seconds), self.cpu() - before, int(calls)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Kubeproof(Server):
    name = "kubeproof"

    def __init__(self, program, folder):
        began, file = time.monotonic(), f"{folder}/env"
        self.process = subprocess.Popen(
            [program, "simulate", "--quiet", "--cloud", "aws", "--time-scale", SCALE, "--env-file", file],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not Path(file).exists():
            time.sleep(0.005)
        time.sleep(0.05)
        self.environment = dict(re.findall(r"^export (\w+)='(.*?)' #", Path(file).read_text(), re.M))
        self.url, self.started = self.environment["AWS_ENDPOINT_URL"], time.monotonic() - began

    def reset(self):
        self.post("/_kubeproof/reset")


class Moto(Server):
    name = "moto"

    def __init__(self, program, folder):
        began = time.monotonic()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL,
                                        env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"})
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.005)
        self.url, self.started = f"http://127.0.0.1:{port}", time.monotonic() - began
        self.environment = {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
                            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
                            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}

    def reset(self):
        self.post("/moto-api/reset")


def main(kubeproof, moto, rounds=5):
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        servers = [Kubeproof(kubeproof, folder), Moto(moto, folder)]
        try:
            for phase in ["cold"] + ["warm"] * rounds + ["reset"] * rounds:
                for server in servers:
                    if phase == "reset":
                        server.reset()
                    found.setdefault((server.name, phase), []).append(server.lifecycle())
            for server in servers:
                print(f"{server.name}: listens after {server.started:.2f} s, most memory {server.memory():.0f} MB")
        finally:
            for server in servers:
                server.stop()
    for phase in ["cold", "warm", "reset"]:
        ours, theirs = ([statistics.median(part) for part in zip(*found[name, phase])] for name in ["kubeproof", "moto"])
        print(f"{phase:6} wall {ours[0]:.3f} s against {theirs[0]:.3f} s, ratio {theirs[0] / ours[0]:.2f}; server CPU "
              f"{ours[1]:.3f} s against {theirs[1]:.3f} s, ratio {theirs[1] / max(ours[1], 1 / TICKS):.1f}; "
              f"{ours[2]:.0f} calls against {theirs[2]:.0f}")


if sys.argv[1:] == ["--client"]:
    client()
else:
    main(*sys.argv[1:3], *map(int, sys.argv[3:4]))
