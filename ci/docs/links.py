#!/usr/bin/env python3
"""Checks that each link of a built book leads to a page and a place in it. Links to other sites are not followed.

    python3 ci/docs/links.py FOLDER
"""
import html.parser
import pathlib
import sys
import urllib.parse


class Links(html.parser.HTMLParser):
    """The links and the places of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.places.add(attributes["id"])
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])


folder = pathlib.Path(sys.argv[1]).resolve()
pages = {path: Links(path.read_text()) for path in folder.rglob("*.html")}
count, broken = 0, []
for path, page in pages.items():
    # These two repeat other pages, with links as those have them.
    if path.name in ("print.html", "toc.html", "404.html"):
        continue
    for link in page.links:
        url = urllib.parse.urlsplit(link)
        if url.scheme or url.netloc:
            continue
        count += 1
        to = (path.parent / urllib.parse.unquote(url.path)).resolve() if url.path else path
        if not to.is_file() or (url.fragment and to in pages and urllib.parse.unquote(url.fragment) not in pages[to].places):
            broken.append(f"{path.relative_to(folder)}: {link}")
if broken or not count:
    sys.exit("links that lead nowhere:\n" + "\n".join(broken) if broken else "no links were found")
print(f"  {count} links of {len(pages)} pages lead somewhere")
