"""The audit's corpus against other cleaners: seeds a served simulated AWS account and runs each cleaner on it, dry.

`ci/bakeoff.sh` installs the cleaners and calls this. The table goes to standard output. A resource type whose list the
simulator answers with 501 is not comparable, and is never counted as a cleaner's miss.
"""

import http.client
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KUBEPROOF, JANITOR, CUSTODIAN = sys.argv[1:4]
ROOT = Path(__file__).resolve().parent.parent
CORPUS = yaml.safe_load((ROOT / "harness/testdata/leaks/aws.yaml").read_text())
REGION = "us-east-1"
# Simulated seconds for each real second.
SCALE = 300
SIGNED = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing"}
# Custodian's names of the corpus' resource types; the other types it does not have.
TYPES = {"vpc": "vpc", "subnet": "subnet", "route_table": "route-table", "network_acl": "network-acl",
         "internet_gateway": "internet-gateway", "nat_gateway": "nat-gateway", "elastic_ip": "network-addr",
         "security_group": "security-group", "network_interface": "eni", "vpc_endpoint": "vpc-endpoint",
         "ebs_volume": "ebs", "launch_template": "launch-template-version", "elb_classic": "elb",
         "elbv2_load_balancer": "app-elb", "elbv2_target_group": "app-elb-target-group", "iam_role": "iam-role",
         "iam_instance_profile": "iam-profile", "iam_policy_customer": "iam-policy", "iam_oidc_provider": "iam-oidc-provider",
         "kms_key": "kms-key", "kms_alias": "kms", "cloudwatch_log_group": "log-group", "eks_cluster": "eks",
         "eks_nodegroup": "eks-nodegroup", "flow_log": "flow-log"}
# A served account has AWS's quotas (five VPCs, five internet gateways): what does not fit is left out, and told.
LEFT_OUT = {"vpc-untagged"}
# The list that shows volumes, and what goes wrong with it, for ever.
LIST = "ec2:DescribeVolumes"
LIMIT = 10  # The longest that one run may take, seconds.
FAULTS = ["throttle", "reject", "server-error-before", "credentials-expire", "garbled", "repeated-page"]


class Between(http.server.BaseHTTPRequestHandler):
    """Between aws-janitor and the account: what is not simulated is answered as empty, because the janitor asks for a page
    without an answer again, without a limit. All else passes unchanged, signature included."""

    protocol_version = "HTTP/1.1"
    place = ("127.0.0.1", 0)
    unknown = set()

    def passed(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = http.client.HTTPConnection(*self.place, timeout=LIMIT)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        status, headers, text = answer.status, answer.getheaders(), answer.read()
        if status == 501:
            action = urllib.parse.parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
            found = re.search(r"does not know (?:the service )?([\w:]+)", text.decode(errors="replace"))
            self.unknown.add(f"{found[1] if found else self.path}")
            empty = f"<{action}Response><{action}Result/></{action}Response>" if action else "{}"
            status, headers, text = 200, [("content-type", "text/xml" if action else "application/json")], empty.encode()
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = passed

    def log_message(self, *_):
        pass


class Quota(Exception):
    """A quota of the account refuses something."""


class Account:
    """A served account."""

    def __init__(self, folder):
        self.env_file = Path(folder) / "env"
        self.server = subprocess.Popen(
            [KUBEPROOF, "simulate", "--cloud", "aws", "--time-scale", str(SCALE), "--env-file", str(self.env_file)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if self.env_file.exists():
                break
            time.sleep(0.1)
        time.sleep(0.5)
        shown = subprocess.run(["bash", "-c", f". {self.env_file} && env -0"], capture_output=True, check=True).stdout
        self.environment = dict(pair.split("=", 1) for pair in shown.decode().split("\0") if "=" in pair)
        self.url = self.environment["AWS_ENDPOINT_URL"].rstrip("/")
        place = urllib.parse.urlsplit(self.url)
        Between.place = (place.hostname, place.port)
        between = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
        threading.Thread(target=between.serve_forever, daemon=True).start()
        self.between = f"http://127.0.0.1:{between.server_port}"
        self.control = self.environment["KUBEPROOF_CONTROL_AWS"].rstrip("/")
        self.variables = dict(CORPUS["variables"])
        self.variables.update(RUN="r1", NAME="kp-r1", OWNER="tests", EXPIRES="2030-01-01T00:00:00Z", OTHER_RUN="r2",
                              OTHER_NAME="kp-r2", OTHER_OWNER="others", OTHER_EXPIRES="2030-01-01T00:00:00Z",
                              KEY=self.environment["AWS_ACCESS_KEY_ID"], SECRET=self.environment["AWS_SECRET_ACCESS_KEY"], TOKEN="")
        self.entries = {one["id"]: one for one in CORPUS["leaks"] + CORPUS["bystanders"]}
        self.made = set()

    def end(self):
        self.server.terminate()
        self.server.wait(60)

    def controlled(self, route, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.control}/{route}", data)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def filled(self, value):
        if isinstance(value, str):
            return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: self.variables[found[1] or found[2]], value)
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if isinstance(value, dict):
            return {self.filled(key): self.filled(one) for key, one in value.items()}
        return value

    def call(self, name, operation=None, arguments=None, captures=None):
        if name == "wait":
            time.sleep(operation / SCALE)
            return
        service, arguments = CORPUS["services"][name], self.filled(arguments or {})
        method, path, headers = "POST", "/", {}
        if service["form"] == "query":
            headers["content-type"] = "application/x-www-form-urlencoded"
            pairs = {"Action": operation, "Version": service["version"], **flat("", arguments)}
            body = urllib.parse.urlencode(pairs)
        elif service["form"] == "target":
            headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"{service['version']}.{operation}"}
            body = json.dumps(arguments)
        else:
            method, path = self.filled(operation).split(" ")
            headers["content-type"] = "application/json"
            body = json.dumps(arguments) if arguments else ""
        request = AWSRequest(method, self.url + path, data=body, headers=headers)
        credentials = Credentials(self.variables["KEY"], self.variables["SECRET"], self.variables["TOKEN"] or None)
        SigV4Auth(credentials, SIGNED.get(name, name), REGION).add_auth(request)
        sent = urllib.request.Request(self.url + path, body.encode(), dict(request.headers.items()), method=method)
        time.sleep(13 / SCALE)
        try:
            with urllib.request.urlopen(sent) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            said = error.read().decode()
            if "LimitExceeded" in said:
                raise Quota from error
            raise SystemExit(f"{name} {operation}: {error.code} {said[:400]}") from error
        for variable, place in (captures or {}).items():
            self.variables[variable] = found_at(text, place)

    def add(self, entry, by_others):
        if entry["id"] in self.made | LEFT_OUT:
            return
        self.made.add(entry["id"])
        for other in entry.get("needs", []):
            self.add(self.entries[other], by_others)
        own = {}
        if by_others and "THEIR_ROLE_READY" in self.made:
            for call in CORPUS["login_of_others"]:
                self.call(*call)
            theirs = {name[6:]: value for name, value in self.variables.items() if name.startswith("THEIR_")}
            own = {name: self.variables[name] for name in theirs if name in self.variables}
            self.variables.update(theirs)
        try:
            for call in entry["calls"]:
                self.call(*call)
        except Quota:
            LEFT_OUT.add(entry["id"])
        self.variables.update(own)

    def seed(self):
        for call in CORPUS["setup"]:
            self.call(*call)
        self.made.add("THEIR_ROLE_READY")
        during = [one for one in CORPUS["bystanders"] if one.get("during")]
        for entry in [one for one in CORPUS["bystanders"] if not one.get("during")]:
            self.add(entry, True)
        for entry in CORPUS["leaks"] + [one for one in during if one.get("by_run")]:
            self.add(entry, False)
        for entry in [one for one in during if not one.get("by_run")]:
            self.add(entry, True)
        time.sleep(1200 / SCALE)


def flat(prefix, value):
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = ((str(number), one) for number, one in enumerate(value, 1))
    else:
        return {prefix: {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value}
    found = {}
    for name, one in pairs:
        found.update(flat(f"{prefix}.{name}" if prefix else name, one))
    return found


def found_at(text, place):
    if place.startswith("/"):
        value = json.loads(text)
        for part in place[1:].split("/"):
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value
    return text.split(f"<{place}>", 1)[1].split("</", 1)[0]


def names(text, identifier):
    """Whether a text names this very thing."""
    return re.search(rf"(?<![\w-]){re.escape(identifier)}(?![\w-])", text, re.I) is not None


class Run:
    """One run of a cleaner: what it would delete, by its own words."""

    def __init__(self, account, command, said_of, **more):
        before = len(account.controlled("journal")["calls"])
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(command, env={**account.environment, **more}, stdout=output, stderr=subprocess.STDOUT)
            try:
                self.code = process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.code = None
            output.seek(0)
            self.output = output.read()
        self.seconds = time.monotonic() - began
        calls = account.controlled("journal")["calls"][before:]
        self.calls = len(calls)
        self.unknown = sorted({said(one) for one in calls if one.get("status") == 501})
        self.said = said_of(self)

    def of(self, account, entry):
        return names(self.said, account.filled(entry["is"]))


def said(call):
    signature = call["signature"]
    return signature if isinstance(signature, str) else f"{signature['service']}:{signature['operation']}"


def janitor(account, *more):
    """Lines that say what would be deleted."""
    def lines(run):
        told = (json.loads(line).get("msg", "") for line in run.output.splitlines() if line.startswith("{"))
        return "\n".join(one for one in told if "deleting" in one)
    command = [JANITOR, "-all", "-dry-run", "-ttl", "0s", "-region", REGION, "-enable-target-group-clean",
               "-enable-vpc-endpoints-clean", *more]
    return Run(account, command, lines, AWS_ENDPOINT_URL=account.between)


def custodian(account, folder, filters, only=None):
    policies = [{"name": ours, "resource": f"aws.{theirs}", "filters": filters}
                for ours, theirs in TYPES.items() if only in (None, ours)]
    file, out = Path(folder) / "policies.yaml", Path(tempfile.mkdtemp(dir=folder))
    file.write_text(yaml.safe_dump({"policies": policies}))
    def resources(_):
        return "\n".join(one.read_text() for one in out.glob("*/resources.json"))
    return Run(account, [CUSTODIAN, "run", "--dryrun", "--cache-period", "0", "-r", REGION, "-s", str(out), str(file)], resources)


def false_cleans(account, cleaner):
    """The faults under which a cleaner ends with 0 and names no volume, though one of the run's is there."""
    volume, wrong, refused = account.entries["volume"], [], []
    for effect in FAULTS:
        try:
            account.controlled("faults", {"faults": [f"{LIST}*100000={effect}"]})
            run = cleaner()
            if run.code == 0 and not run.of(account, volume):
                wrong.append(effect)
        except urllib.error.HTTPError as error:
            # The simulator refuses what cannot happen to this call.
            print(f"{effect}: not injected: {error.read().decode()[:200]}", file=sys.stderr)
            refused.append(effect)
        finally:
            account.controlled("faults", {"faults": []})
    return wrong, len(FAULTS) - len(refused)


def row(account, name, run, wrong):
    leaks = [one for one in CORPUS["leaks"] if one["id"] not in LEFT_OUT]
    others = [one for one in CORPUS["bystanders"] if one["id"] not in LEFT_OUT]
    found = [one["id"] for one in leaks if run.of(account, one)]
    taken = [one["id"] for one in others if run.of(account, one)]
    faults = "not run" if wrong is None else f"{len(wrong[0])} of {wrong[1]} faults"
    print(f"| {name} | {len(found)} of {len(leaks)} | {len(taken)} of {len(others)} | "
          f"{faults} | {run.calls} | {run.seconds:.0f} | "
          f"{'did not end' if run.code is None else run.code} |", flush=True)
    if wrong:
        print(f"{name}: false clean under {wrong[0]}", file=sys.stderr)
    print(f"{name}: missed {sorted({one['id'] for one in leaks} - set(found))}; would delete of others {taken}; "
          f"not comparable (501): {sorted({*run.unknown, *Between.unknown})}", file=sys.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        account = Account(folder)
        try:
            account.seed()
            print(f"left out, over a quota: {sorted(LEFT_OUT)}", file=sys.stderr)
            tagged = [{"tag:kubeproof:run": "r1"}]
            print("| cleaner | leaks found | of others | false clean | calls | seconds | exit code |\n|---|---|---|---|---|---|---|")
            runs = [
                ("aws-janitor, by tag", by_tag := lambda: janitor(account, "-include-tags", "kubeproof:run=r1"), by_tag),
                ("aws-janitor, all", lambda: janitor(account), None),
                ("Custodian, by tag", lambda: custodian(account, folder, tagged),
                 lambda: custodian(account, folder, tagged, "ebs_volume")),
            ]
            for name, cleaner, narrow in runs:
                row(account, name, cleaner(), false_cleans(account, narrow) if narrow else None)
        finally:
            account.end()


main()
