"""What Microsoft's management clients say of themselves: the operations in their generated code.

Each has a method and a path, the statuses that the client accepts, the headers that it reads with each of them, and the
models of request, reply and error. All of it stands in the source of the packages, and no call is made to find it.
"""

import collections
import functools
import importlib
import inspect
import os
import re

# The packages: the module of each, and its client. Of packages with several versions of their models it is the newest one
# that has what is simulated.
PACKAGES = {
    "authorization": ("azure.mgmt.authorization.v2022_04_01", "AuthorizationManagementClient"),
    "compute": ("azure.mgmt.compute", "ComputeManagementClient"),
    "containerservice": ("azure.mgmt.containerservice", "ContainerServiceClient"),
    "costmanagement": ("azure.mgmt.costmanagement", "CostManagementClient"),
    "deployments": ("azure.mgmt.resource.deployments", "DeploymentsMgmtClient"),
    "keyvault": ("azure.mgmt.keyvault", "KeyVaultManagementClient"),
    "locks": ("azure.mgmt.resource.locks", "ManagementLockClient"),
    "loganalytics": ("azure.mgmt.loganalytics", "LogAnalyticsManagementClient"),
    "monitor": ("azure.mgmt.monitor", "MonitorManagementClient"),
    "msi": ("azure.mgmt.msi.v2024_11_30", "ManagedServiceIdentityClient"),
    "network": ("azure.mgmt.network", "NetworkManagementClient"),
    "privatedns": ("azure.mgmt.privatedns", "PrivateDnsManagementClient"),
    "quota": ("azure.mgmt.quota", "QuotaMgmtClient"),
    "resource": ("azure.mgmt.resource.resources", "ResourceManagementClient"),
    "resourcegraph": ("azure.mgmt.resourcegraph", "ResourceGraphClient"),
    "storage": ("azure.mgmt.storage", "StorageManagementClient"),
    "subscriptions": ("azure.mgmt.resource.subscriptions", "SubscriptionClient"),
}

Operation = collections.namedtuple(
    "Operation", "package name method path version statuses headers request reply error items is_long")


@functools.cache
def module(package):
    return importlib.import_module(PACKAGES[package][0])


@functools.cache
def models(package):
    return importlib.import_module(PACKAGES[package][0] + ".models")


def make_client(package, credential, subscription, **options):
    kind = getattr(module(package), PACKAGES[package][1])
    wants = "subscription_id" in inspect.signature(kind.__init__).parameters
    return kind(credential, subscription, **options) if wants else kind(credential, **options)


def sources(package):
    """The files with operations, as text."""
    folder = os.path.join(os.path.dirname(module(package).__file__), "operations")
    for name in sorted(os.listdir(folder)):
        if name.endswith("_operations.py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield file.read()


def blocks(text, beginning):
    """The parts of a text that begin so, each with what was matched first."""
    found = list(re.finditer(beginning, text, re.MULTILINE))
    for one, after in zip(found, found[1:] + [None]):
        yield one.group(1), text[one.start():after.start() if after else len(text)]


def first(pattern, text, otherwise=None):
    found = re.search(pattern, text)
    return found.group(1) if found else otherwise


def built(text):
    """The request that a builder makes: method, path and version."""
    path = first(r'_url = \(?\s*(?:kwargs\.pop\(\s*"template_url",\s*)?"([^"]+)"', text)
    version = first(r'"api-version", (?:self\._api_version or )?"([^"]+)"', text)
    return first(r'HttpRequest\(\s*method="([A-Z]+)"', text), "/" + path.lstrip("/"), version


def headers_read(text):
    """The headers that a method reads of replies, by status; those of any status are under 0."""
    found, status = collections.defaultdict(set), 0
    for line in text.splitlines():
        named = re.search(r"if response\.status_code == (\d+):", line)
        status = int(named.group(1)) if named else status
        header = re.search(r'response_headers\["([\w-]+)"\]', line)
        if header:
            is_within = line.startswith(" " * 12)
            found[status if is_within else 0].add(header.group(1))
    return dict(found)


def told(text):
    """What the body of a method tells: statuses, headers, and the names of models."""
    statuses = first(r"status_code not in \[([\d, ]+)\]", text, "")
    reply = first(r"(?:_deserialize|deserialize)\(\s*((?:List\[|list\[)?_models\.(?:_models\.)?\w+\]?)", after_error(text))
    if reply is None:
        reply = first(r'deserialized = self\._deserialize\(\s*"([^"]+)"', text)
    return {
        "statuses": tuple(int(one) for one in statuses.split(",")) if statuses else (),
        "headers": headers_read(text),
        "reply": reply,
        "request": first(r'self\._serialize\.body\([^,]+, "(\w+)"\)', text)
        or first(r"\w+: (?:Optional\[)?Union\[_models\.(?:_models\.)?(\w+)", signature(text)),
        "error": first(r"failsafe_deserialize\(\s*_models\.(?:_models\.)?(\w+)", text),
        "items": first(r'_deserialize\(\s*List\[[^\]]+\],\s*deserialized\.get\("(\w+)"', text),
    }


def after_error(text):
    """A method's text without the reading of errors, which names models too."""
    return re.sub(r"_?failsafe_deserialize\([^)]*\)", "", text)


def signature(text):
    return text[:text.find(") ->")]


@functools.cache
def operations(package):
    """The operations of a package by the names that its client has them by: `managed_clusters.begin_delete`."""
    groups = attributes(package)
    found = {}
    for text in sources(package):
        functions = dict(blocks(text, r"^def (build_\w+)\("))
        requests = {name: built(block) for name, block in functions.items()}
        for kind, block in blocks(text, r"^class (\w+)[:(]"):
            methods = dict(blocks(block, r"^    def (\w+)\("))  # Of overloads the last one is whole.
            for name, body in methods.items():
                one = operation(package, name, body, methods, requests)
                if one and kind in groups:
                    full = f"{groups[kind]}.{name}".lstrip(".")
                    found[full] = one._replace(name=full)
    return found


def operation(package, name, body, methods, requests):
    if name.startswith("_"):
        return None
    initial = first(r"self\.(_\w+_initial)\(", body)
    own, sent = told(body), methods.get(initial, body)
    request = first(r"\b(build_\w+_request)\(", sent)
    if request not in requests:
        return None
    method, path, version = requests[request]
    what = told(sent)
    return Operation(package, name, method, path, version, what["statuses"], what["headers"],
                     what["request"] or own["request"], own["reply"], what["error"], own["items"], initial is not None)


def attributes(package):
    """The classes of operations, by the attribute of the client that has them; the client's own have none."""
    client = getattr(module(package), PACKAGES[package][1])
    with open(inspect.getsourcefile(client), encoding="utf-8") as file:
        text = file.read()
    found = {kind: name for name, kind in re.findall(r"self\.(\w+) = (\w+)\(\s*self\._client", text)}
    for base in client.__mro__[1:]:
        found[base.__name__] = ""
    return found
