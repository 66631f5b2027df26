"""SCRAM against the published vectors, and a server that lies."""

from binascii import hexlify

from nocarrier.errors import UsageError
from nocarrier.session.errors import AuthError
from nocarrier.session.pbkdf2 import Pbkdf2, hmac
from nocarrier.session.scram import Scram, prepared

# RFC 5802 §5 and RFC 7677 §3: hash, client nonce, server-first, client-final, server-final.
VECTORS = (
    (
        "SHA-1",
        "fyko+d2lbbFgONRv9qkxdawL",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    (
        "SHA-256",
        "rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
)


def derived(name, nonce, challenge, slice_of=1000, password="pencil"):
    scram = Scram(name, "user", password, nonce)
    assert scram.first() == "n,,n=user,r=" + nonce
    scram.challenge(challenge)
    turns = 1
    while not scram.work(slice_of):
        turns += 1
    return scram, turns


def test_published_vectors():
    for name, nonce, challenge, final, proof in VECTORS:
        scram, turns = derived(name, nonce, challenge)
        assert turns == 5 and scram.final() == final
        scram.check(proof)


def test_a_kept_key_spares_the_derivation_and_fits_only_where_it_was_made():
    for k in range(len(VECTORS)):
        name, nonce, challenge, final, proof = VECTORS[k]
        key = derived(name, nonce, challenge)[0].key()
        again = Scram(name, "user", "pencil", nonce, known=key)
        again.challenge(challenge)
        assert again.recalled and again.work(0) and again.final() == final and again.key() == key
        again.check(proof)
        for other in (
            challenge.replace("s=Q", "s=R").replace("s=W", "s=X"),
            challenge.replace("i=4096", "i=4097"),
        ):
            stranger = Scram(name, "user", "pencil", nonce, known=key)
            stranger.challenge(other)
            assert not stranger.recalled and not stranger.work(1) and stranger.key() == ""
        long_salt = Scram(name, "user", "pencil", nonce)
        long_salt.challenge(challenge.replace("s=", "s=" + "QUJD" * 40))
        assert long_salt.work(5000) and long_salt.key() == ""
        foreign = Scram(name, "user", "pencil", nonce, known=key.replace(name, "SHA-512"))
        foreign.challenge(challenge)
        assert not foreign.recalled


def test_a_server_that_does_not_know_the_password_is_found_out():
    name, nonce, challenge, _, proof = VECTORS[1]
    for lie in ("", "v=", "v=AAAA", "e=other-error", "x=" + proof[2:], proof[:-5] + "AAA=", proof.lower()):
        scram, _ = derived(name, nonce, challenge)
        scram.final()
        try:
            scram.check(lie)
            assert False, lie
        except AuthError:
            pass


def test_the_signature_of_an_exchange_that_did_not_happen_is_worth_nothing():
    name, nonce, _, _, proof = VECTORS[1]
    try:
        Scram(name, "user", "pencil", nonce).check("v=")
        assert False, "accepted"
    except AuthError:
        pass


def test_bad_challenges():
    nonce = "abc"
    for challenge in (
        "",
        "r=abc,s=QQ==,i=4096",  # not extended
        "r=xyz1,s=QQ==,i=4096",
        "r=abcd,s=QQ==,i=4095",  # RFC 7677 §4
        "r=abcd,s=QQ==,i=1",
        "r=abcd,s=QQ==,i=100001",
        "r=abcd,s=QQ==,i=1000000000",
        "r=abcd,s=QQ==,i=-4096",
        "r=abcd,s=QQ==,i=",
        "r=abcd,s=QQ==",
        "r=abcd,i=4096,s=*",
        "m=ext,r=abcd,s=QQ==,i=4096",
    ):
        try:
            Scram("SHA-256", "user", "pencil", nonce).challenge(challenge)
            assert False, challenge
        except AuthError:
            pass


def test_the_iteration_bounds_are_the_callers():
    scram = Scram("SHA-256", "user", "pencil", "abc", (10, 20))
    scram.challenge("r=abcd,s=QQ==,i=15")
    assert scram.work(14) and scram.final().startswith("c=biws,r=abcd,p=")


def test_user_names_are_escaped_and_control_characters_refused():
    assert Scram("SHA-1", "a=b,c", "x", "n").first() == "n,,n=a=3Db=2Cc,r=n"
    for text in ("a\x00", "\n", "\x7f"):
        try:
            prepared(text)
            assert False, "accepted"
        except UsageError:
            pass


def test_hmac_of_rfc_4231_and_2202():
    for name, key, data, digest in (
        ("SHA-256", b"\x0b" * 20, b"Hi There", b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            "SHA-256",
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            b"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        ("SHA-1", b"Jefe", b"what do ya want for nothing?", b"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    ):
        assert hexlify(hmac(name, key, data)) == digest


def test_pbkdf2_of_rfc_6070_in_any_slices():
    for slices in ((4095,), (1, 4094), (1000, 1000, 1000, 1000, 1000)):
        pbkdf2 = Pbkdf2("SHA-1", b"password", b"salt", 4096)
        assert [pbkdf2.work(count) for count in slices][-1]
        assert hexlify(pbkdf2.key()) == b"4b007901b765489abead49d926f721d065a429c1"
