"""Which way in is taken, for every combination of what is offered and what may be used, and why."""

from nocarrier import ns
from nocarrier.session.errors import AuthError
from nocarrier.session.features import BINDINGS, MECHANISMS, TOKENS, read, recalled
from nocarrier.session.ways import TOKEN_BINDINGS, WAYS, Means, choose, token_mechanism
from nocarrier.wire.element import Element
from nocarrier_emulator.stanzas import as_read

OPEN, TRUSTED, BARE_TLS = Means(None, False), Means(None, True), Means({}, False)


def bound_tls(*types, quick=False, token=""):
    return Means({name: b"data" for name in types}, False, quick, token)


def features(sasl=(), tls="", sasl2=None, inline=(), types=None, fast=()):
    """As a server says them."""
    children = [Element("mechanisms", ns.SASL, (), [Element("mechanism", ns.SASL, (), [m]) for m in sasl])]
    if sasl2 is not None:
        offered = [Element("mechanism", ns.SASL2, (), [m]) for m in sasl2]
        inline = list(inline)
        if fast:
            inline.append(Element("fast", ns.FAST, (), [Element("mechanism", ns.FAST, (), [m]) for m in fast]))
        children.append(Element("authentication", ns.SASL2, (), offered + [Element("inline", ns.SASL2, (), inline)]))
    if types is not None:
        listed = [Element("channel-binding", ns.SASL_CB, ("type", name)) for name in types]
        children.append(Element("sasl-channel-binding", ns.SASL_CB, (), listed))
    if tls:
        children.append(Element("starttls", ns.TLS, (), [Element("required", ns.TLS)] if tls == "required" else []))
    return read(as_read(Element("features", ns.STREAM, (), children)))


def taken(offers, means, before=None):
    """(profile, mechanism, binding), or the condition of the refusal."""
    try:
        profile, name, _, binding = choose(offers, means, before)
        return profile, name, binding
    except AuthError as error:
        return error.condition


def subsets(names):
    return [[names[i] for i in range(len(names)) if bits >> i & 1] for bits in range(1 << len(names))]


def by_words(sasl, sasl2, types, means):
    """What should be taken, reasoned in words rather than by a table; no tokens."""
    both = (ns.SASL2, sasl2), (ns.SASL, sasl)
    if means.tls is not None and types is None and [name for name in sasl2 if name.endswith("-PLUS")]:
        return "mechanism-too-weak"  # XEP-0440 §4: somebody has taken the list away
    if means.secret:  # the quickest, where the user allows it
        for profile, offered in both:
            if "PLAIN" in offered:
                return profile, "PLAIN", ""
    common = [name for name in BINDINGS if means.tls is not None and name in (types or ()) and name in means.tls]
    for name in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1"):
        for profile, offered in both:
            if name in offered and (common or not name.endswith("-PLUS")):
                return profile, name, common[0] if name.endswith("-PLUS") else ""
    if means.tls is not None:  # the server is who it is; better the password inside TLS than no login
        for profile, offered in both:
            if "PLAIN" in offered:
                return profile, "PLAIN", ""
    return "invalid-mechanism"


def test_every_combination_of_mechanisms_lines_and_channel_bindings():
    names = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "DIGEST-MD5")
    lines = [OPEN, TRUSTED, BARE_TLS, bound_tls("tls-exporter"), bound_tls("tls-server-end-point", quick=True)]
    seen = set()
    for sasl in subsets(names[2:]):
        for sasl2 in subsets(names[:5]):
            for types in (None, ["tls-unique"], ["tls-exporter", "tls-server-end-point"]):
                offers = features(sasl, "", sasl2, types=types)
                for means in lines:
                    got = taken(offers, means)
                    assert got == by_words(sasl, sasl2, types, means), (sasl, sasl2, types, lines.index(means))
                    seen.add(got[:2])
    # Every row has been taken, but those of tokens and of channel bindings in SASL1, which were not among the offers.
    rows = set([row[:2] for row in WAYS if row[1] not in TOKENS and not (row[0] == ns.SASL and "PLUS" in row[1])])
    assert rows - seen == set()


def test_channel_bindings_work_in_the_older_profile_too():
    for name in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"):
        offers = features([name, "SCRAM-SHA-256"], types=["tls-server-end-point"])
        assert taken(offers, bound_tls(*BINDINGS)) == (ns.SASL, name, "tls-server-end-point")
        assert taken(offers, TRUSTED) == (ns.SASL, "SCRAM-SHA-256", "")
        assert taken(features([name, "SCRAM-SHA-256"]), bound_tls(*BINDINGS)) == (ns.SASL, "SCRAM-SHA-256", "")


def test_every_combination_of_tokens():
    """A token only under verified TLS, for the mechanism it was made for, and with that one's channel binding."""
    for offered in subsets(TOKENS):
        offers = features([], "", ["SCRAM-SHA-256", "PLAIN"], fast=offered)
        for kept in ("",) + TOKENS:
            for types in subsets(BINDINGS):
                means = bound_tls(*types, token=kept)
                binding = dict(TOKEN_BINDINGS).get(kept, "")
                fits = kept in offered and (not binding or binding in types)
                wanted = (ns.SASL2, kept, binding) if fits else (ns.SASL2, "SCRAM-SHA-256", "")
                assert taken(offers, means) == wanted, (offered, kept, types)
                usable = [
                    name for name in offered if not dict(TOKEN_BINDINGS)[name] or dict(TOKEN_BINDINGS)[name] in types
                ]
                assert token_mechanism(offers, means) == (usable[0] if usable else "")
            for means in (Means(None, False, False, kept), Means(None, True, False, kept)):
                assert taken(offers, means)[1] not in TOKENS and token_mechanism(offers, means) == ""


def test_what_was_offered_can_be_kept():
    sm = [Element("sm", ns.SM)]
    offers = features(["PLAIN", "X-ODD/ ONE", "SCRAM-SHA-1"], "", ["SCRAM-SHA-256", "PLAIN"], sm, BINDINGS, TOKENS)
    again = recalled(offers.text())
    assert again.offered == {
        ns.SASL2: ["SCRAM-SHA-256", "PLAIN"], ns.SASL: ["SCRAM-SHA-1", "PLAIN"],
        ns.FAST: list(TOKENS), ns.SASL_CB: list(BINDINGS),
    }  # fmt: skip
    assert again.inline_sm and again.binds and not again.inline_bind and again.text() == offers.text()
    assert recalled("inline_fast 3:PLAIN " + offers.text()).text() == offers.text()


def test_what_comes_behind_a_login_is_kept_with_what_came_before():
    first, behind = features(["PLAIN"]), features()
    first.remember(None, False)
    assert first.sm and not first.pipelines  # nearly every server has stream management
    behind.sm = behind.pipelines = True
    first.behind(behind)
    assert first.sm and first.pipelines and not first.one_step
    second, again, other = features(["PLAIN"]), features(["PLAIN"]), features(["SCRAM-SHA-1"])
    second.remember(first, True)
    assert second.sm and second.pipelines and second.one_step  # this server takes nothing ahead of time
    again.remember(second, False)
    other.remember(second, False)
    assert again.one_step and not other.one_step  # one that has changed is given another chance
    again.behind(features())
    assert not again.sm and not again.one_step  # it was stream management that it did not take


def test_servers_that_take_a_whole_login_in_one_write():
    prosody, limits = Element("c", ns.CAPS, ("node", "http://prosody.im")), Element("limits", ns.LIMITS)
    for children, pipelines in (
        ([Element("pipelining", ns.PIPELINING)], True),
        ([prosody, limits], False),  # it only seems so (tests/interop/test_segments.py)
        ([Element("c", ns.CAPS, ("node", "http://www.process-one.net/en/ejabberd/")), limits], False),
        ([Element("c", ns.CAPS), limits], False),
        ([Element("pipelining", ns.CLIENT)], False),
    ):
        assert read(as_read(Element("features", ns.STREAM, (), children))).pipelines == pipelines


def test_a_better_mechanism_must_not_disappear():
    """Downgrades: somebody in between may have taken it away, to get at the password."""
    for i in range(len(MECHANISMS)):
        for k in range(len(MECHANISMS)):
            now = features([MECHANISMS[k]], types=BINDINGS)
            for before in (features([MECHANISMS[i]]), features([], "", [MECHANISMS[i]])):
                got = taken(now, bound_tls(*BINDINGS), before)
                assert got == "mechanism-too-weak" if k > i else got[1] == MECHANISMS[k], (i, k)


def test_a_line_without_channel_bindings_misses_none():
    """Servers offer them under TLS only; the same account may call by a trusted line as well."""
    before = features(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], types=BINDINGS)
    for means in (OPEN, TRUSTED, BARE_TLS):
        assert taken(features(["SCRAM-SHA-256"]), means, before) == (ns.SASL, "SCRAM-SHA-256", "")


def test_a_mechanism_that_this_device_cannot_do_has_not_disappeared():
    offers, means = features(["SCRAM-SHA-256", "SCRAM-SHA-1"]), Means(None, False)
    means.has_hash = lambda name: name == "SHA-1"
    assert taken(offers, means, offers)[1] == "SCRAM-SHA-1"


def test_tls_that_is_demanded_is_not_done_without():
    for means in (OPEN, TRUSTED):
        assert taken(features(["SCRAM-SHA-1"], "offered"), means)[1] == "SCRAM-SHA-1"
        assert taken(features(["SCRAM-SHA-1", "PLAIN"], "required", ["SCRAM-SHA-256"]), means) == "encryption-required"
    assert taken(features(["SCRAM-SHA-1"], "required"), BARE_TLS)[1] == "SCRAM-SHA-1"


def test_what_may_ride_along_with_a_login():
    sm = Element("sm", ns.SM)
    bind = Element("bind", ns.BIND2)
    enable = Element("feature", ns.BIND2, ("var", ns.SM))
    bind_and_enable = Element("bind", ns.BIND2, (), [Element("inline", ns.BIND2, (), [enable])])
    for inline, found in (
        ([], (False, False, False)),
        ([sm], (True, False, False)),
        ([bind], (False, True, False)),
        ([sm, bind_and_enable], (True, True, True)),
    ):
        offers = features([], "", ["PLAIN"], inline)
        assert (offers.inline_sm, offers.inline_bind, offers.inline_enable) == found
