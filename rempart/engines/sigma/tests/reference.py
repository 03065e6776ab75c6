"""Sigma as the specification tells it, one rule and one event at a time: slow and obvious.

Nothing here comes from the engine: documents go in as YAML made them, and Python's own ``re`` and
``ipaddress`` compare. The choices that the specification leaves open are those of docs/sigma-semantics.md.
"""

import base64
import ipaddress
import itertools
import re
from datetime import datetime
from fnmatch import fnmatchcase

DASHES = "-/\u2013\u2014\u2015"
MANY, ONE = object(), object()
ABSENT = object()


def matches(detection, event, placeholders=None):
    """Whether the detection section holds of the event."""
    names = {name: body for name, body in detection.items() if name != "condition"}
    conditions = detection["condition"]
    return any(
        Condition(text, lambda name: search(names[name], event, placeholders or {}), list(names)).value()
        for text in (conditions if isinstance(conditions, list) else [conditions])
    )


class Condition:
    """Recursive descent over words; every operand is worked out."""

    def __init__(self, text, truth, names):
        self.words = re.findall(r"[()]|[^\s()]+", text)
        self.truth, self.names = truth, names

    def value(self):
        result = self.alternatives()
        assert not self.words
        return result

    def ahead(self):
        return self.words[0].lower() if self.words else None

    def alternatives(self):
        values = [self.all_of()]
        while self.ahead() == "or":
            self.words.pop(0)
            values.append(self.all_of())
        return any(values)

    def all_of(self):
        values = [self.negation()]
        while self.ahead() == "and":
            self.words.pop(0)
            values.append(self.negation())
        return all(values)

    def negation(self):
        if self.ahead() == "not":
            self.words.pop(0)
            return not self.negation()
        word = self.words.pop(0)
        if word == "(":
            value = self.alternatives()
            assert self.words.pop(0) == ")"
            return value
        if word.lower() in ("1", "any", "all") and self.ahead() == "of":
            self.words.pop(0)
            pattern = self.words.pop(0)
            if pattern == "them":
                chosen = [name for name in self.names if not name.startswith("_")]
            else:
                chosen = [name for name in self.names if fnmatchcase(name, pattern)]
                if not pattern.startswith("_"):
                    chosen = [name for name in chosen if not name.startswith("_")]
            assert chosen
            return (all if word.lower() == "all" else any)([self.truth(name) for name in chosen])
        return self.truth(word)


def search(body, event, placeholders):
    if isinstance(body, dict):
        return all(item(key, value, event, placeholders) for key, value in body.items())
    results = []
    for each in body if isinstance(body, list) else [body]:
        if isinstance(each, dict | list):
            results.append(search(each, event, placeholders))
        else:
            results.append(item("", each, event, placeholders))
    return any(results)


def item(key, values, event, placeholders):
    field, *modifiers = key.split("|")
    results = [
        any(test(form, event, field, modifiers) for form in forms_of(value, modifiers, field, placeholders))
        for value in (values if isinstance(values, list) else [values])
    ]
    result = all(results) if "all" in modifiers else any(results)
    return not result if "neq" in modifiers else result


# What the event holds


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def walk(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each)
    elif value is not None:
        yield text(value)


def get(value, path):
    """The value under a dotted name; the longest key that fits is taken first."""
    if not path:
        return value
    if isinstance(value, list):
        found = [each for each in (get(each, path) for each in value) if each is not ABSENT]
        # Null in every item, the field is null, and there.
        return [each for each in found if each is not None] or None if found else ABSENT
    if not isinstance(value, dict):
        return ABSENT
    whole = ".".join(path)
    if whole in value:
        return value[whole]
    # A key with dots of its own may hold an object; at the root, the reader has put it where its path leads.
    size = 1 if path[0] in value else next((n for n in range(2, len(path)) if ".".join(path[:n]) in value), 0)
    return get(value[".".join(path[:size])], path[size:]) if size else ABSENT


def field_of(event, name):
    """The value of a field of an event."""
    if name in event:
        return event[name]
    path = name.split(".")
    return get(event, path) if path[0] in event else ABSENT


# What a value of the rule becomes


def forms_of(value, modifiers, field, placeholders):
    if value is None or "exists" in modifiers:
        return [value]
    if "re" in modifiers or "fieldref" in modifiers:
        return [value]
    if isinstance(value, str):
        raws = [value]
        if "expand" in modifiers:
            names = re.findall(r"(?<!\\)%(\w+)%", value)
            raws = []
            for chosen in itertools.product(*[placeholders[name] for name in names]):
                made = iter(chosen)
                raws.append(re.sub(r"(?<!\\)%(\w+)%", lambda _, made=made: next(made), value))
        forms = [symbols(raw.replace(r"\%", "%") if "expand" in modifiers else raw) for raw in raws]
    else:
        forms = [list(text(value))]
    for modifier in modifiers:
        forms = [made for form in forms for made in transformed(modifier, form)]
    if not field and not {"startswith", "endswith"} & set(modifiers):
        forms = [[MANY, *form, MANY] for form in forms]
    return [[chr(each) if isinstance(each, int) else each for each in form] for form in forms]


def symbols(raw):
    r"""``\*`` ``\?`` ``\\`` are characters; ``*`` and ``?`` are wildcards; another backslash is itself."""
    result = []
    while raw:
        if re.match(r"\\[\\*?]", raw):
            result.append(raw[1])
            raw = raw[2:]
        else:
            result.append({"*": MANY, "?": ONE}.get(raw[0], raw[0]))
            raw = raw[1:]
    return result


def octets(form):
    return bytes(form) if form and isinstance(form[0], int) else "".join(form).encode()


def transformed(modifier, form):
    if modifier == "contains":
        return [[MANY, *form, MANY]]
    if modifier == "startswith":
        return [[*form, MANY]]
    if modifier == "endswith":
        return [[MANY, *form]]
    if modifier in ("wide", "utf16le"):
        return [list("".join(form).encode("utf-16-le"))]
    if modifier == "utf16be":
        return [list("".join(form).encode("utf-16-be"))]
    if modifier == "utf16":
        return [list(b"\xff\xfe" + "".join(form).encode("utf-16-le"))]
    if modifier == "base64":
        return [list(base64.b64encode(octets(form)).decode())]
    if modifier == "base64offset":
        return [list(unchanging(octets(form), offset)) for offset in range(3)]
    if modifier == "windash":
        return dashed(form)
    return [form]


def unchanging(data, offset):
    """The characters of a Base64 text that do not depend on what is before and after ``data``."""
    encodings = {
        base64.b64encode(bytes([before]) * offset + data + bytes([after]) * 3).decode()
        for before in (0, 0x55, 0xAA, 0xFF)
        for after in (0, 0x55, 0xAA, 0xFF)
    }
    columns = list(zip(*encodings, strict=True))
    first = (offset * 8 + 5) // 6
    last = (offset + len(data)) * 8 // 6
    result = "".join(column[0] for column in columns[first:last])
    assert all(len(set(column)) == 1 for column in columns[first:last])
    return result


def dashed(form):
    """Each dash that begins a word and follows none stands for every other dash."""
    choices = []
    for place, each in enumerate(form):
        before = form[place - 1] if place else " "
        after = form[place + 1] if place + 1 < len(form) else " "

        def wordy(symbol):
            return isinstance(symbol, str) and bool(re.match(r"\w", symbol))

        flag = isinstance(each, str) and each in DASHES and not wordy(before) and wordy(after)
        choices.append(DASHES if flag else [each])
    return [list(each) for each in itertools.product(*choices)]


# How both compare


def test(form, event, field, modifiers):
    value = field_of(event, field) if field else ABSENT
    if "exists" in modifiers:
        return (value is not ABSENT) == form
    if form is None:
        return value is ABSENT or value is None
    if field:
        texts = [] if value is ABSENT else list(walk(value))
    else:
        texts = list(walk({k: v for k, v in event.items() if k not in ("_logsource", "_time")}))
    return any(compares(form, each, event, modifiers) for each in texts)


def compares(form, found, event, modifiers):
    cased = "cased" in modifiers
    if "re" in modifiers:
        flags = re.ASCII if not {"i", "ignorecase"} & set(modifiers) else re.IGNORECASE
        flags |= re.MULTILINE if {"m", "multiline"} & set(modifiers) else 0
        flags |= re.DOTALL if {"s", "dotall"} & set(modifiers) else 0
        pattern = form.replace(r"\z", r"\Z")
        if "m" not in modifiers:
            pattern = re.sub(r"(?<!\\)\$", r"\\Z", pattern)  # the end of the value, newline or not
        return re.search(pattern, found, flags) is not None
    if "cidr" in modifiers:
        try:
            address = ipaddress.ip_address(found.strip())
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return address in ipaddress.ip_network("".join(form), strict=False)
    if "fieldref" in modifiers:
        other = field_of(event, form)
        return any(refers(found, each, modifiers, cased) for each in walk(None if other is ABSENT else other))
    parts = {"minute", "hour", "day", "week", "month", "year"} & set(modifiers)
    orders = {"lt", "lte", "gt", "gte"} & set(modifiers)
    if parts or orders:
        number = part(found, parts.pop()) if parts else decimal(found)
        wanted = float("".join(form))
        if number is None:
            return False
        return {
            "lt": number < wanted,
            "lte": number <= wanted,
            "gt": number > wanted,
            "gte": number >= wanted,
            "eq": number == wanted,
        }[orders.pop() if orders else "eq"]
    return like(form, found, cased)


def refers(found, other, modifiers, cased):
    if not cased:
        found, other = found.casefold(), other.casefold()
    if "startswith" in modifiers:
        return found.startswith(other)
    if "endswith" in modifiers:
        return found.endswith(other)
    if "contains" in modifiers:
        return other in found
    return found == other


def like(form, found, cased):
    if not cased:
        form = [symbol if symbol in (MANY, ONE) else symbol.casefold() for symbol in form]
        found = found.casefold()
    pattern = "".join(".*" if s is MANY else "." if s is ONE else re.escape(s) for s in form)
    return re.fullmatch(pattern, found, re.DOTALL) is not None


def decimal(found):
    return (
        float(found)
        if re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", found, re.ASCII)
        else None
    )


def part(found, name):
    try:
        moment = datetime.fromisoformat(found.strip().replace(" ", "T", 1))
    except ValueError:
        return None
    return moment.isocalendar().week if name == "week" else getattr(moment, name)
