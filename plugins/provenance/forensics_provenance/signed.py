"""The sentences about content credentials. What a state does and does not mean stands beside it."""

from collections.abc import Iterator

from . import declarations
from .credentials import FAILURE, SUCCESS, UNTRUSTED, Credentials, State
from .declarations import AI_SOURCES, Manifest
from .quoting import listed, quoted
from .trust import VARIABLE, TrustList

SUBJECT = "Content credentials (C2PA)"
MOST_INGREDIENTS = 8
ABSENT = "Absent means nothing: most files never had any, and platforms strip them."
EDITED = "Edited is normal in a newsroom and means nothing."
DECLARED = "This is a declaration of the signer; nothing here checks it."


def statements(credentials: Credentials, trust: TrustList | None) -> Iterator[str]:
    """Yield what is to be said of credentials; `trust` is the list that they were held against."""
    yield state(credentials, trust)
    for number, manifest in enumerate(credentials.manifests):
        if number > MOST_INGREDIENTS:
            more = len(credentials.manifests) - number
            yield f"{SUBJECT}: {more} more manifests of earlier material are not told."
            break
        where = "manifest in force" if number == 0 else f"manifest {number} of earlier material"
        yield from declared(f"{SUBJECT}, {where}", manifest, credentials.state)


def state(credentials: Credentials, trust: TrustList | None) -> str:
    """Return the sentence with the state and what it rests on."""
    if credentials.state is State.ABSENT:
        return absent(credentials)
    if credentials.state is State.INVALID:
        return invalid(credentials)
    sentence = (
        f"{SUBJECT}: {credentials.state}. The content is what was signed by {signer(credentials)}. "
    )
    if credentials.state is State.UNTRUSTED:
        return f"{sentence}{untrusted(trust)} {revocation(credentials)}"
    return f"{sentence}{held_against(trust)} {revocation(credentials)}"


def absent(credentials: Credentials) -> str:
    """Return the sentence for a file that carries none."""
    why = f" ({credentials.why})" if credentials.why else ""
    remote = (
        f" The file names some at {quoted(credentials.remote)}; nothing is fetched over the network."
        if credentials.remote
        else ""
    )
    return f"{SUBJECT}: {credentials.state}{why}.{remote} {ABSENT}"


def invalid(credentials: Credentials) -> str:
    """Return the sentence for credentials that do not fit the file."""
    failures = [code for kind, code in credentials.codes if kind == FAILURE and code != UNTRUSTED]
    why = listed(failures) if failures else credentials.why or "no reason was given"
    return (
        f"{SUBJECT}: {credentials.state}: {why}. The file was changed after it was signed, or is damaged, or its "
        "credentials never were in order; what they declare is nobody's word."
    )


def untrusted(trust: TrustList | None) -> str:
    """Return why a valid signature is not trusted."""
    if trust is None:
        return (
            f"No trust list was given ({VARIABLE}), and anybody can make a certificate of any name."
        )
    return (
        f"The signer is not on the {described(trust)}; anybody can make a certificate of any name."
    )


def held_against(trust: TrustList | None) -> str:
    """Return what a trusted signature was held against."""
    return f"The signer is on the {described(trust)}." if trust else ""


def described(trust: TrustList) -> str:
    """Name a trust list so that another can find the same one."""
    return f"trust list {quoted(trust.name)} (file of {trust.date}, SHA-256 {trust.sha256[:12]})"


def signer(credentials: Credentials) -> str:
    """Name the signer of the manifest in force, by the certificate's words, and the time stamped on it."""
    who = declarations.signer(credentials.manifests[0] if credentials.manifests else {})
    stamped = f", time-stamped {quoted(who.time, 40)}" if who.time else ""
    return f"{quoted(who.name or 'nobody named')} of {quoted(who.organisation or 'no organisation')}{stamped}"


def revocation(credentials: Credentials) -> str:
    """Return whether the certificate's revocation was checked."""
    if credentials.has_code(SUCCESS, "signingCredential.ocsp.notRevoked"):
        return "Revocation was checked by the answer stapled to the signature: not revoked then."
    return "Revocation was not checked: that takes the network."


def declared(where: str, manifest: Manifest, reached: State) -> Iterator[str]:
    """Yield what one manifest declares; each sentence says where it stands and whose word it is."""
    whose = (
        ""
        if reached is not State.INVALID
        else " The credentials are invalid: this is nobody's word."
    )
    if made_by := declarations.generators(manifest):
        yield f"{where}, claim_generator: {listed(made_by)}.{whose}"
    if done := declarations.actions(manifest):
        names = listed([str(action.get("action") or "unnamed") for action in done])
        agents = [name for action in done if (name := declarations.agent(action))]
        by = f", by {listed(agents)}" if agents else ""
        yield f"{where}, c2pa.actions: {names}{by}. {EDITED}{whose}"
    yield from source_types(where, manifest, whose)


def source_types(where: str, manifest: Manifest, whose: str) -> Iterator[str]:
    """Yield the kinds of source that a manifest declares, AI generation in a sentence of its own."""
    terms = declarations.sources(manifest)
    for term in (name for name in terms if name in AI_SOURCES):
        yield f"{where}, digitalSourceType {term}: declared as {AI_SOURCES[term]}. {DECLARED}{whose}"
    if others := [name for name in terms if name not in AI_SOURCES]:
        yield f"{where}, digitalSourceType: {listed(others)}. {DECLARED}{whose}"
