"""Drives by hand what no management client has: Microsoft Graph, the authority, the instance metadata.

No package holds models of Graph, so its replies are held against the members that az and terraform read.
"""

import json
import urllib.error
import urllib.parse
import urllib.request

from azure_calls import BASE, CLOUD, COUNT, CREDENTIAL, DRIVEN, OBJECTIONS, REFUSED, SUBSCRIPTION, TENANT, metadata

GRAPH = CLOUD["microsoftGraphResourceId"].rstrip("/")
APPLICATION = {"id": str, "appId": str, "displayName": str, "tags": list, "createdDateTime": str, "passwordCredentials": list,
               "keyCredentials": list, "identifierUris": list, "signInAudience": str}
PRINCIPAL = {"id": str, "appId": str, "displayName": str, "servicePrincipalType": str, "tags": list, "accountEnabled": bool,
             "appDisplayName": str, "servicePrincipalNames": list}
PRICE = {"currencyCode": str, "retailPrice": float, "unitPrice": float, "armRegionName": str, "meterName": str, "skuName": str,
         "productName": str, "serviceName": str, "unitOfMeasure": str, "type": str, "effectiveStartDate": str}
SECRET = {"keyId": str, "displayName": str, "secretText": str, "hint": str, "endDateTime": str, "startDateTime": str}


def send(name, method, url, body=None, headers=None, expected=(200,)):
    """A call by hand; it counts as driven when it has the expected status."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method, headers={"content-type": "application/json", **(headers or {})})
    COUNT[0] += 1
    try:
        with urllib.request.urlopen(request) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    if status not in expected:
        REFUSED.append(f"{name}: {status} {text[:200]}")
        raise AssertionError(f"{name}: {status} {text[:200]}")
    DRIVEN.add(tuple(name.split(" ", 1)))
    return json.loads(text) if text else None


def lacks(name, value, wanted):
    OBJECTIONS.extend(f"{name}: {member} is no {kind.__name__}: {value.get(member)!r:.50}"
                      for member, kind in wanted.items() if not isinstance(value.get(member), kind))
    return value


def graph(operation, method, path, body=None, expected=(200,), wanted=None):
    token = CREDENTIAL.get_token(GRAPH + "/.default").token
    name, headers = f"graph {operation}", {"authorization": f"Bearer {token}"}
    # The versions of Graph are below its own address, which may have a path here.
    found = send(name, method, f"{CLOUD['graph'].rstrip('/')}/v1.0{path}", body, headers, expected)
    if isinstance(found, dict) and "value" in found:
        if not str(found.get("@odata.context", "")).startswith("https://"):
            OBJECTIONS.append(f"{name}: the list has no context")
        for one in found["value"]:
            lacks(name, one, wanted or {})
    elif found is not None:
        lacks(name, found, wanted or {})
    return found


def drive_directory():
    drive_applications()
    drive_tokens()
    drive_others()


def drive_applications():
    made = graph("applications.create", "POST", "/applications", {"displayName": "judge", "tags": ["a"]}, (201,), APPLICATION)
    place = f"/applications/{made['id']}"
    graph("applications.get", "GET", place, wanted=APPLICATION)
    named = urllib.parse.quote("startswith(displayName,'judge')")
    listed = graph("applications.list", "GET", f"/applications?$filter={named}", wanted=APPLICATION)
    assert [one["id"] for one in listed["value"]] == [made["id"]], listed
    secret = graph("applications.addPassword", "POST", place + "/addPassword",
                   {"passwordCredential": {"displayName": "judge"}}, wanted=SECRET)
    principal = graph("servicePrincipals.create", "POST", "/servicePrincipals", {"appId": made["appId"]}, (201,), PRINCIPAL)
    graph("servicePrincipals.get", "GET", f"/servicePrincipals/{principal['id']}", wanted=PRINCIPAL)
    by_application = urllib.parse.quote(f"appId eq '{made['appId']}'")
    listed = graph("servicePrincipals.list", "GET", f"/servicePrincipals?$filter={by_application}", wanted=PRINCIPAL)
    assert [one["id"] for one in listed["value"]] == [principal["id"]], listed
    graph("applications.removePassword", "POST", place + "/removePassword", {"keyId": secret["keyId"]}, (204,))
    graph("servicePrincipals.delete", "DELETE", f"/servicePrincipals/{principal['id']}", expected=(204,))
    deleted = graph("deletedItems.listServicePrincipals", "GET", "/directory/deletedItems/microsoft.graph.servicePrincipal",
                    wanted=PRINCIPAL)
    assert [one["id"] for one in deleted["value"]] == [principal["id"]], deleted
    graph("deletedItems.restore", "POST", f"/directory/deletedItems/{principal['id']}/restore")
    # Its principal goes with it.
    graph("applications.delete", "DELETE", place, expected=(204,))
    deleted = graph("deletedItems.listApplications", "GET", "/directory/deletedItems/microsoft.graph.application",
                    wanted=APPLICATION)
    assert [one["id"] for one in deleted["value"]] == [made["id"]], deleted
    for one in [principal["id"], made["id"]]:
        graph("deletedItems.delete", "DELETE", f"/directory/deletedItems/{one}", expected=(204,))


def drive_tokens():
    authority = CLOUD["authentication"]["loginEndpoint"].rstrip("/")
    known = send("authority openidConfiguration", "GET", f"{authority}/{TENANT}/v2.0/.well-known/openid-configuration")
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": "none", "client_secret": "none",
                                   "scope": BASE + "/.default"}).encode()
    refused = send("authority token", "POST", known["token_endpoint"], form,
                   {"content-type": "application/x-www-form-urlencoded"}, (400, 401))
    assert refused["error"] in ("invalid_client", "unauthorized_client"), refused
    found = send("authority discoverInstance", "GET", f"{authority}/common/discovery/instance?api-version=1.1"
                 f"&authorization_endpoint={authority}/common/oauth2/authorize")
    assert found["metadata"], found
    machine = send("imds token", "GET", f"{BASE}/metadata/identity/oauth2/token?api-version=2018-02-01"
                   "&resource=https://management.azure.com/", headers={"metadata": "true"})
    assert machine["token_type"] == "Bearer" and machine["expires_in"].isdigit(), machine
    assert metadata()["authentication"]["tenant"]
    DRIVEN.add(("metadata", "endpoints"))


def drive_others():
    """Lists that the packages here do not have, and prices, which need no token."""
    headers = {"authorization": f"Bearer {CREDENTIAL.get_token(BASE + '/.default').token}"}
    here = f"{BASE}/subscriptions/{SUBSCRIPTION}/providers"
    for name, path in [
            ("alertsmanagement prometheusRuleGroups.listAll", "Microsoft.AlertsManagement/prometheusRuleGroups?api-version=2023-03-01"),
            ("insights diagnosticSettings.list", "Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview")]:
        assert send(name, "GET", f"{here}/{path}", headers=headers) == {"value": []}, name
    which = urllib.parse.quote("armRegionName eq 'eastus' and armSkuName eq 'Standard_D2s_v3'")
    prices = send("retail prices.list", "GET", f"{BASE}/api/retail/prices?$filter={which}")
    for one in prices["Items"]:
        lacks("retail prices.list", one, PRICE)
    assert prices["Items"] and prices["Count"] == len(prices["Items"]), prices
