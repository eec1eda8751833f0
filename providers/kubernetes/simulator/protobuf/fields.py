"""Writes fields.txt: the fields of the Kubernetes messages that typed commands of kubectl send.

Usage: python3 fields.py K8S_PB K8S_OPENAPI > fields.txt, with the unpacked sources of the crates k8s-pb
(tags and types, made from Kubernetes' generated.proto) and k8s-openapi (the names in JSON, which protobuf
bindings lose: podIP becomes pod_ip). A field whose members stand in its parent in JSON (an embedded Go
structure) is written with the name `~`; other fields that the JSON form does not have are left out.
"""

import re
import sys
from pathlib import Path

PB, OPENAPI = Path(sys.argv[1]) / "src", Path(sys.argv[2]) / "src"
VERSION = sorted(path.name for path in OPENAPI.glob("v1_*") if path.is_dir())[-1]
META = "apimachinery.pkg.apis.meta.v1"
ROOTS = [f"api.core.v1.{kind}" for kind in (
    "ConfigMap Endpoints Event Namespace Node PersistentVolumeClaim PersistentVolume Pod Secret "
    "ServiceAccount Service").split()] + [
    "api.apps.v1.ControllerRevision", "api.apps.v1.DaemonSet", "api.apps.v1.Deployment", "api.apps.v1.ReplicaSet",
    "api.apps.v1.StatefulSet", "api.batch.v1.CronJob", "api.batch.v1.Job", "api.authentication.v1.TokenRequest",
    "api.autoscaling.v1.Scale", "api.coordination.v1.Lease", "api.policy.v1.Eviction",
    "api.policy.v1.PodDisruptionBudget", "api.networking.v1.Ingress", "api.networking.v1.IngressClass",
    "api.networking.v1.NetworkPolicy", "api.storage.v1.CSIDriver", "api.storage.v1.CSINode",
    "api.storage.v1.StorageClass",
    "api.authorization.v1.SelfSubjectAccessReview", "api.authentication.v1.SelfSubjectReview",
    f"{META}.DeleteOptions"]
# Read by hand in the decoder: their JSON form is not an object with their members.
EMBEDDED = {f"api.core.v1.{name}" for name in (
    "PersistentVolumeSource VolumeSource EphemeralContainerCommon ProbeHandler LocalObjectReference").split()}
SPECIAL = {
    "apimachinery.pkg.api.resource.Quantity", "apimachinery.pkg.util.intstr.IntOrString",
    f"{META}.Time", f"{META}.MicroTime", f"{META}.FieldsV1", "apimachinery.pkg.runtime.RawExtension",
}


def structs(package):
    """name -> [(tag, rust field, kind, repeated, map value)]"""
    text = (PB / package.replace(".", "/") / "mod.rs").read_text()
    found = {}
    for match in re.finditer(r"pub struct (\w+) \{(.*?)\n\}", text, re.S):
        fields = []
        for options, name, rust in re.findall(
                r"#\[prost\(([^\]]*?)\)\]\s*pub (?:r#)?(\w+):\s+(.*?),\n(?=    /|    #|\Z)", match[2] + "\n", re.S):
            tag = int(re.search(r'tag = "(\d+)"', options)[1])
            fields.append((tag, name, " ".join(options.split()), rust))
        found[match[1]] = fields
    return found


def resolve(package, rust):
    """The full name of the message in a Rust type."""
    path = re.sub(r"^.*?<|>.*$", "", rust) if "<" in rust else rust
    parts, here = path.replace("::prost::alloc::boxed::Box", "").strip("<> ").split("::"), package.split(".")
    while parts and parts[0] == "super":
        parts, here = parts[1:], here[:-1]
    return ".".join(here + parts)


def snake(name):
    return re.sub(r"\W", "", name).lower().replace("_", "")


def json_names(message):
    package, name = message.rsplit(".", 1)
    # k8s-openapi keeps one file a type, and calls some packages otherwise.
    folder = OPENAPI / VERSION / package.replace(".", "/")
    file = folder / (re.sub(r"(?<!^)(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() + ".rs")
    candidates = [file] if file.exists() else [
        path for path in folder.glob("*.rs") if path.stem.replace("_", "") == name.lower()]
    if not candidates:
        return None
    text = candidates[0].read_text()
    names = re.findall(r'serialize_field\(&mut state, "([^"]+)"', text)
    return {snake(one): one for one in names}


def kind_of(package, options, rust):
    first = options.split(",")[0].strip()
    if first.startswith("btree_map") or first.startswith("map") or "map =" in options:
        value = re.search(r'map\s*=\s*"string,\s*(\w+)"', options)[1]
        if value == "message":
            inner = re.search(r"String\s*,\s*(.*?),?\s*>\s*$", rust, re.S)[1]
            return "%" + resolve(package, inner)
        return "%" + value
    repeated = "*" if "repeated" in options else ""
    if first == "message":
        inner = rust[rust.index("<") + 1:rust.rindex(">")].strip(" ,\n")
        inner = re.sub(r"^::prost::alloc::boxed::Box<(.*)>$", r"\1", inner)
        return repeated + resolve(package, inner)
    if first.startswith("bytes"):
        return repeated + "bytes"
    if first in ("int32", "int64", "uint32"):
        return repeated + "int"
    return repeated + first


def main():
    print("# Made by fields.py from k8s-pb and k8s-openapi; see there. Message, then: tag, name in JSON, kind.")
    seen, queue, packages = set(), list(ROOTS), {}
    while queue:
        message = queue.pop(0)
        if message in seen or message in SPECIAL:
            continue
        seen.add(message)
        package, name = message.rsplit(".", 1)
        if package not in packages:
            packages[package] = structs(package)
        known = json_names(message)
        print(message)
        for tag, field, options, rust in packages[package][name]:
            kind = kind_of(package, options, rust)
            bare = kind.lstrip("*%")
            if known is None:
                # No such type in JSON: a list in a message of its own (ExtraValue), or embedded.
                label = "[]" if field == "items" else re.sub(r"_(\w)", lambda m: m[1].upper(), field)
            else:
                label = known.get(snake(field), "~")
            if label == "~" and bare not in EMBEDDED:
                continue
            print(f"\t{tag}\t{label}\t{kind}")
            if "." in bare:
                queue.append(bare)


main()
