"""What tests at real servers share: a certificate authority, and servers that start when they are first asked for."""

import pytest

from nocarrier_emulator.servers.certificate import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def started():
    """started(name, make): the server of that name, which make() returns; it runs until the module has ended."""
    servers = {}

    def get(name, make):
        if name not in servers:
            servers[name] = make()
            servers[name].start()
        return servers[name]

    yield get
    for server in servers.values():
        server.remove()
